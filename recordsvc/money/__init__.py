"""Money (资金): rules, ledger, funds, bank, claims, fees."""
