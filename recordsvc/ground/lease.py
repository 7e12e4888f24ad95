"""Leases: at most one process does a job at a time, and another takes over when it dies."""

from typing import Final

import sqlalchemy as sa

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.ports import Clock

LIFE_MS: Final = 5_000

lease = sa.Table(
    "lease",
    metadata,
    sa.Column("name", sa.String(40), primary_key=True),
    sa.Column("holder", sa.String(40), nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    info={"kind": "state"},
    comment="Who does a job that only one process may do, and until when unless renewed",
)


class Lease:
    """One process's claim on one job."""

    def __init__(self, db: Database, clock: Clock, name: str, holder: str) -> None:
        """Claim the job `name` as `holder`, which must be unique among processes."""
        self._db = db
        self._clock = clock
        self._name = name
        self._holder = holder

    def hold(self) -> bool:
        """Take or renew the lease; False while another process has it."""
        now_ms = self._clock.now_ms()
        with self._db.read() as conn:
            row = conn.execute(sa.select(lease).where(lease.c.name == self._name)).one_or_none()
        if row is not None and row.until_ms > now_ms:
            if row.holder != self._holder:
                return False
            if row.until_ms - now_ms > LIFE_MS // 2:
                return True
        return bool(self._db.write(self._take))

    def _take(self, turn: Turn) -> bool:
        values = {"holder": self._holder, "until_ms": turn.now_ms + LIFE_MS}
        free = sa.or_(lease.c.holder == self._holder, lease.c.until_ms <= turn.now_ms)
        moved = turn.conn.execute(lease.update().where(lease.c.name == self._name, free).values(**values))
        if moved.rowcount:
            return True
        there = turn.conn.execute(sa.select(lease.c.name).where(lease.c.name == self._name)).first()
        if there is None:
            turn.conn.execute(lease.insert().values(name=self._name, **values))
        return there is None
