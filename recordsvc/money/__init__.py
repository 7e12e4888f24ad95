"""Money (资金): what rules grant, one ledger that pays it, and the bank that carries it."""
