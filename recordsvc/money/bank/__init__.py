"""The bank (银行往来): whom to pay on which account, batches, files out and in, reconciliation."""
