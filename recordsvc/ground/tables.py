"""The tables that ground's mechanisms declare beside their code, gathered for `schema.load_tables`."""

from recordsvc.ground.bound import bound_head, bound_row, bound_statement
from recordsvc.ground.follower import follower
from recordsvc.ground.idempotency import idempotency
from recordsvc.ground.lease import lease
from recordsvc.ground.outbox import outbox
from recordsvc.ground.two_person import proposal
from recordsvc.ground.versions import register_version

__all__ = [
    "bound_head",
    "bound_row",
    "bound_statement",
    "follower",
    "idempotency",
    "lease",
    "outbox",
    "proposal",
    "register_version",
]
