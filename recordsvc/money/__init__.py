"""Money: what is owed, by which rule, out of which fund, and what the bank did with it."""
