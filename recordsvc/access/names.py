"""Account names of workers (登录账号): given, opaque, sealed; found by their HMAC.

Given and not chosen: nobody's name or number gets into one, and none can be "already taken", which would tell
who has an account.
"""

from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import codes
from recordsvc.access.credential_tables import account_name, worker_account
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.people.workers import Worker
from recordsvc.vault.envelope import field_aad
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

_LETTERS: Final = 8
"""40 bits: 10^6 workers leave a million names free for each one taken."""


def given(turn: Turn, house: "House", worker_id: bytes) -> str:
    """Return a worker's account name, made at the first call. Raises `NotFound` for nobody."""
    own = _worker(house, turn.conn, worker_id)
    found = _open(turn.conn, own)
    if found is not None:
        return found
    name = codes.letters(house.random, _LETTERS).lower()
    row = {"tag": tag(house.keys, name), "worker_id": worker_id}
    turn.conn.execute(account_name.insert().values(**row))
    sealed = own.key.seal(name.encode(), _aad(worker_id))
    turn.conn.execute(worker_account.insert().values(worker_id=worker_id, sealed=sealed))
    return name


def of(house: "House", conn: Connection, worker_id: bytes) -> str | None:
    """Return a worker's account name, if one was given."""
    return _open(conn, _worker(house, conn, worker_id))


def whose(conn: Connection, keys: KeyStore, name: str) -> bytes | None:
    """Return the worker who was given this name; None: nobody."""
    found = conn.scalar(sa.select(account_name.c.worker_id).where(account_name.c.tag == tag(keys, name)))
    return None if found is None else bytes(found)


def tag(keys: KeyStore, name: str) -> bytes:
    """Return by what a name is found, however it is typed."""
    return keys.hmac("login", b"account/1\0" + codes.normal(name).encode())


def _worker(house: "House", conn: Connection, worker_id: bytes) -> Worker:
    found = house.people.load(house.db.cursor(conn), worker_id)
    if found is None:
        raise NotFound
    return found


def _open(conn: Connection, own: Worker) -> str | None:
    mine = sa.select(worker_account.c.sealed).where(worker_account.c.worker_id == own.worker_id)
    sealed = conn.scalar(mine)
    return None if sealed is None else own.key.open(bytes(sealed), _aad(own.worker_id)).decode()


def _aad(worker_id: bytes) -> bytes:
    return field_aad("worker_account", "sealed", worker_id, b"name", 1)
