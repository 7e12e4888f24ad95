"""Funds: who may pay what out of which budget, how much is left, and how budgets move."""
