"""The tables of all rooms of money, so that whoever loads a room's tables loads these."""

from recordsvc.money.bank import tables as bank

__all__ = ["bank"]
