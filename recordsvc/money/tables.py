"""The tables of all rooms of money, so that whoever loads a room's tables loads these."""

from recordsvc.money.bank import tables as bank
from recordsvc.money.claims import agency_tables as agencies
from recordsvc.money.claims import apprentice_tables as apprentices
from recordsvc.money.claims import project_tables as projects
from recordsvc.money.claims import tables as claims
from recordsvc.money.fees import tables as fees
from recordsvc.money.funds import tables as funds
from recordsvc.money.ledger import tables as ledger
from recordsvc.money.recovery import tables as recovery
from recordsvc.money.rules import tables as rules

__all__ = [
    "agencies",
    "apprentices",
    "bank",
    "claims",
    "fees",
    "funds",
    "ledger",
    "projects",
    "recovery",
    "rules",
]
