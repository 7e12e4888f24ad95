"""The transparency log's mechanisms: hashes in, proofs out; no word of the domain."""
