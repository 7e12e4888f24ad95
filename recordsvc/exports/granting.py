"""On what ground a receiver is told something (授予依据): consents now; what employers agree, later.

A source of grants is a port: it says which records of a chain a receiver is given, and counts each use.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import consents
from recordsvc.access.consents import Consent
from recordsvc.access.grants import Actor
from recordsvc.access.tables import consent
from recordsvc.archive import extracts, sharing
from recordsvc.exports.receivers import Receiver
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Grant:
    """What one consent gives: ids of records of one chain, and of each the members."""

    key: bytes
    worker_id: bytes
    records: frozenset[bytes]
    members: frozenset[str]
    consent: Consent


class Granting(Protocol):
    """A source of grants."""

    def of(
        self, conn: Connection, receiver: Receiver, workers: Collection[bytes], now_ms: int
    ) -> list[Grant]:
        """Return what runs for a receiver over these chains at an instant, the oldest first."""
        ...

    def basis(self, conn: Connection, workers: Collection[bytes]) -> dict[bytes, tuple[object, ...]]:
        """Return, by chain, what tells whether any grant changed since."""
        ...

    def chains(self, conn: Connection, receiver: Receiver, after: bytes, limit: int) -> list[bytes]:
        """Return chains behind `after`, in order, over which anything runs for a receiver."""
        ...

    def use(self, turn: Turn, house: "House", grant: Grant, who: Actor, request_id: str) -> bool:
        """Count one use and leave its traces; False when it ended, and nothing was written."""
        ...


class Consents:
    """What workers agreed to, without a code to ask them for."""

    def of(
        self, conn: Connection, receiver: Receiver, workers: Collection[bytes], now_ms: int
    ) -> list[Grant]:
        """As `Granting`."""
        profile = receiver.profile
        if profile is None or not workers:
            return []
        day = beijing_date(now_ms).isoformat()
        found = sorted(consents.of_workers(conn, workers), key=lambda one: one.consent_id)
        return [
            Grant(
                one.consent_id,
                one.worker_id,
                frozenset(one.records),
                _members(one, profile.members, day),
                one,
            )
            for one in found
            if one.receiver in receiver.names
            and one.purpose in profile.purposes
            and not one.has_code
            and one.runs(now_ms)
        ]

    def basis(self, conn: Connection, workers: Collection[bytes]) -> dict[bytes, tuple[object, ...]]:
        """As `Granting`: which consents are not ended."""
        own = consent.c
        query = sa.select(own.worker_id, own.consent_id).where(
            own.worker_id.in_(list(workers)), own.ended_ms.is_(None)
        )
        found: dict[bytes, tuple[object, ...]] = {}
        for row in conn.execute(query.order_by(own.worker_id, own.consent_id)):
            worker_id = bytes(row.worker_id)
            found[worker_id] = (*found.get(worker_id, ()), bytes(row.consent_id))
        return found

    def chains(self, conn: Connection, receiver: Receiver, after: bytes, limit: int) -> list[bytes]:
        """As `Granting`."""
        own = consent.c
        where = (own.receiver.in_(receiver.names), own.ended_ms.is_(None), own.worker_id > after)
        query = sa.select(own.worker_id).where(*where).distinct().order_by(own.worker_id).limit(limit)
        return [bytes(one) for one in conn.scalars(query)]

    def use(self, turn: Turn, house: "House", grant: Grant, who: Actor, request_id: str) -> bool:
        """As `Granting`: use, event, row of who looked and notice."""
        return sharing.use_in(turn, house, grant.consent, who, "records", request_id)


def _members(found: Consent, may: Sequence[str], day: str) -> frozenset[str]:
    """Return what both the receiver may have and the worker gave."""
    if found.fields is None:
        return frozenset(may)
    return frozenset(extracts.members_of(found.fields, day)) & frozenset(may)
