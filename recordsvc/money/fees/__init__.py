"""Fees (缴费): what an institution charges for a class or exam, who ordered and paid, what goes back."""
