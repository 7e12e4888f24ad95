"""The ledger: two books, accounts, transfers that nobody changes, and a seal over every day."""
