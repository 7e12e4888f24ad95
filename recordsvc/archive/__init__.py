"""Archive (培训档案): the spine. Records, issuers' keys, writer, receipts, feed, bundles, verification."""
