"""The tables that ground's mechanisms declare beside their code, gathered for `schema.load_tables`."""

from recordsvc.ground.follower import follower
from recordsvc.ground.idempotency import idempotency
from recordsvc.ground.lease import lease
from recordsvc.ground.outbox import outbox
from recordsvc.ground.two_person import proposal
from recordsvc.ground.versions import register_version

__all__ = ["follower", "idempotency", "lease", "outbox", "proposal", "register_version"]
