"""Ways in (登录方式): passkeys, PIN with printed codes, password with TOTP; of workers, staff and officials.

A worker's stand in tables that lead with the worker and go with the archive; everybody else's in a table by
kind and id. Archives that are read as one since a merge are one person's, and so are their ways in.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.credential_tables import (
    account_credential,
    account_name,
    activation,
    worker_account,
    worker_code,
    worker_credential,
    worker_device,
)
from recordsvc.access.grants import Actor, Kind, Way
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.people import tables as people_tables

PASSKEY: Final = "passkey"
PIN: Final = "pin"
PASSWORD: Final = "password"  # noqa: S105 - the name of a way to sign in
WAYS: Final = {
    Kind.WORKER: (PASSKEY, PIN, PASSWORD),
    Kind.STAFF: (PASSKEY, PASSWORD),
    # Two factors, one of them cryptographic (GB/T 22239-2019, 8.1.4.1).
    Kind.OFFICIAL: (PASSKEY,),
}
"""Which ways each kind of person may set up."""
MOST_PASSKEYS: Final = 10


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose ways in these are: `Kind.WORKER`, `STAFF` or `OFFICIAL`, and the id that actors carry."""

    kind: Kind
    id: str

    @property
    def reference(self) -> str:
        """Return kind and id as one text."""
        return f"{self.kind}:{self.id}"

    @property
    def worker_id(self) -> bytes:
        """Return a worker's 16 bytes."""
        return uuid.UUID(self.id).bytes


@dataclass(frozen=True, slots=True)
class Credential:
    """One way in, as stored (tables.py says what each column holds)."""

    credential_id: bytes
    kind: str
    secret: bytes = field(repr=False)
    device: str
    made_ms: int
    external: bytes | None = None
    sealed: bytes | None = field(default=None, repr=False)
    counter: int = 0
    used_ms: int | None = None


def worker(worker_id: bytes) -> Holder:
    """Return the holder that a worker is."""
    return Holder(Kind.WORKER, str(uuid.UUID(bytes=worker_id)))


def sitting(who: Actor) -> Holder:
    """Return who sits at a session: the person themselves, or whoever acts in a worker's place."""
    if who.through is None:
        return Holder(who.kind, who.id)
    return Holder(Kind.OFFICIAL if who.through.way is Way.WINDOW else Kind.WORKER, who.through.id)


def holders(conn: Connection, holder: Holder) -> list[Holder]:
    """Return everybody this person is here: a worker and the archives that are read as theirs."""
    found = [holder]
    if holder.kind is not Kind.WORKER:
        return found
    table = people_tables.worker
    for one in found:
        merged = sa.select(table.c.worker_id).where(table.c.merged_into == one.worker_id)
        found += [worker(bytes(row)) for row in conn.scalars(merged.order_by(table.c.worker_id))]
    return found


def of(conn: Connection, holder: Holder, kind: str | None = None) -> list[Credential]:
    """Return the ways in of one holder, the oldest first; of one kind only, if given."""
    table = _table(holder)
    names = [table.c[name] for name in Credential.__slots__]
    wanted = sa.select(*names).where(*_mine(holder))
    if kind is not None:
        wanted = wanted.where(table.c.kind == kind)
    return [Credential(*row) for row in conn.execute(wanted.order_by(table.c.credential_id))]


def of_person(conn: Connection, holder: Holder) -> list[Credential]:
    """Return the ways in of a person, those of merged archives among them."""
    return [found for one in holders(conn, holder) for found in of(conn, one)]


def add(turn: Turn, holder: Holder, made: Credential) -> None:
    """Keep a new way in. A PIN or password takes the place of the earlier one."""
    if made.kind != PASSKEY:
        for earlier in of(turn.conn, holder, made.kind):
            end(turn, holder, earlier.credential_id)
    row = {name: getattr(made, name) for name in Credential.__slots__}
    turn.conn.execute(_table(holder).insert().values(**_key(holder), **row))


def used(turn: Turn, holder: Holder, credential_id: bytes) -> None:
    """Note that a way in was used."""
    table = _table(holder)
    mine = (*_mine(holder), table.c.credential_id == credential_id)
    turn.conn.execute(table.update().where(*mine).values(used_ms=turn.now_ms))


def count_on(turn: Turn, holder: Holder, credential_id: bytes, before: int, after: int) -> bool:
    """Move a counter; False when somebody else moved it since it was read, or it would not move on."""
    table = _table(holder)
    mine = (*_mine(holder), table.c.credential_id == credential_id, table.c.counter == before)
    return (
        before < after and turn.conn.execute(table.update().where(*mine).values(counter=after)).rowcount == 1
    )


def end(turn: Turn, holder: Holder, credential_id: bytes) -> bool:
    """End one way in of a person (a lost phone); tells whether it was theirs."""
    for one in holders(turn.conn, holder):
        table = _table(one)
        if one.kind is Kind.WORKER:
            own = (worker_code.c.worker_id == one.worker_id, worker_code.c.credential_id == credential_id)
            turn.conn.execute(worker_code.delete().where(*own))
        gone = table.delete().where(*_mine(one), table.c.credential_id == credential_id)
        if turn.conn.execute(gone).rowcount == 1:
            return True
    return False


def end_all(turn: Turn, holder: Holder) -> int:
    """End every way in of a person; returns how many there were. Activation codes end, too."""
    ended = 0
    for one in holders(turn.conn, holder):
        if one.kind is Kind.WORKER:
            turn.conn.execute(worker_code.delete().where(worker_code.c.worker_id == one.worker_id))
        ended += turn.conn.execute(_table(one).delete().where(*_mine(one))).rowcount
        mine = (activation.c.actor_kind == one.kind, activation.c.actor_id == one.id)
        turn.conn.execute(activation.delete().where(*mine))
    return ended


def end_since(turn: Turn, worker_id: bytes, since_ms: int) -> None:
    """End the ways in that a worker set up since an instant (UTC ms), and activation codes."""
    holder = worker(worker_id)
    for made in of(turn.conn, holder):
        if made.made_ms >= since_ms:
            end(turn, holder, made.credential_id)
    mine = (activation.c.actor_kind == holder.kind, activation.c.actor_id == holder.id)
    turn.conn.execute(activation.delete().where(*mine))


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove all by which a worker signs in; part of the worker's erasure."""
    end_all(turn, worker(worker_id))
    for table in (worker_device, worker_account, account_name):
        turn.conn.execute(table.delete().where(table.c.worker_id == worker_id))


def device_seen(turn: Turn, worker_id: bytes, device: str) -> bool:
    """Note from what kind of device a worker signs in; tells whether it is a new one, and not the first."""
    mine = worker_device.c.worker_id == worker_id
    known = set(turn.conn.scalars(sa.select(worker_device.c.device).where(mine)))
    if device in known:
        return False
    row = {"worker_id": worker_id, "device": device, "first_ms": turn.now_ms}
    insert_missing(turn.conn, worker_device, [row])
    return bool(known)


def put_codes(turn: Turn, worker_id: bytes, credential_id: bytes, digests: Sequence[bytes]) -> None:
    """Keep a sheet of codes in place of the earlier one."""
    own = (worker_code.c.worker_id == worker_id, worker_code.c.credential_id == credential_id)
    turn.conn.execute(worker_code.delete().where(*own))
    rows = [{"worker_id": worker_id, "credential_id": credential_id, "digest": one} for one in digests]
    turn.conn.execute(worker_code.insert(), rows)


def spend_code(turn: Turn, worker_id: bytes, credential_id: bytes, digest: bytes) -> bool:
    """Use a printed code; True exactly once per code."""
    own = (worker_code.c.worker_id == worker_id, worker_code.c.credential_id == credential_id)
    return turn.conn.execute(worker_code.delete().where(*own, worker_code.c.digest == digest)).rowcount == 1


def codes_left(conn: Connection, worker_id: bytes) -> int:
    """Return how many printed codes are still good."""
    wanted = sa.select(sa.func.count()).where(worker_code.c.worker_id == worker_id)
    return int(conn.scalar(wanted) or 0)


def _table(holder: Holder) -> sa.Table:
    return worker_credential if holder.kind is Kind.WORKER else account_credential


def _key(holder: Holder) -> dict[str, Any]:
    if holder.kind is Kind.WORKER:
        return {"worker_id": holder.worker_id}
    return {"actor_kind": holder.kind, "actor_id": holder.id}


def _mine(holder: Holder) -> tuple[sa.ColumnElement[bool], ...]:
    table = _table(holder)
    return tuple(table.c[name] == value for name, value in _key(holder).items())
