"""Lines of a feed, and cursors into it (行与游标): what a receiver can check by itself.

    head    {at_ms, digest, log_size, n, op, receiver, ref, version, why}, canonical JSON
    leaf    SHA-256(0x00 ‖ head)                                  root: RFC 6962 over the leaves of a batch
    line    head, and where the item is the newest of its record: `content` and `salt` (base64url)
    cursor  base64url(u8 1 ‖ u64 n ‖ first 16 bytes of the leaf of item n); before the first item the leaf is
            SHA-256(0x00 ‖ "recordsvc-feed/1 " ‖ receiver)

A cursor needs no key and does not age: it is held against the item it names.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.exports.errors import FeedCursorAhead, FeedCursorUnknown
from recordsvc.exports.tables import export_item, export_receiver, export_state
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.strictjson import canonical
from recordsvc.translog.tree import Frontier, leaf_hash

FORMAT: Final = "recordsvc-feed/1"
SNAPSHOT: Final = "recordsvc-snapshot/1"
_VERSION: Final = b"\x01"
_TAG: Final = 16
_PORTION: Final = 2_000


@dataclass(frozen=True, slots=True)
class Item:
    """One item as it stands."""

    receiver: str
    n: int
    worker_id: bytes
    ref: bytes
    version: int
    op: str
    why: str
    log_size: int
    at_ms: int
    digest: bytes | None

    def head(self) -> dict[str, Any]:
        """Return what its leaf is made of."""
        return {
            "at_ms": self.at_ms,
            "digest": None if self.digest is None else self.digest.hex(),
            "log_size": self.log_size,
            "n": self.n,
            "op": self.op,
            "receiver": self.receiver,
            "ref": self.ref.hex(),
            "version": self.version,
            "why": self.why,
        }

    def leaf(self) -> bytes:
        """Return its leaf hash."""
        return leaf_hash(canonical(self.head()))


def items(conn: Connection, receiver: str, after: int, to: int, limit: int = _PORTION) -> list[Item]:
    """Return up to `limit` items behind number `after` up to number `to`, in order."""
    own = export_item.c
    query = sa.select(export_item).where(own.receiver == receiver, own.n > after, own.n <= to)
    return [item(row) for row in conn.execute(query.order_by(own.n).limit(limit))]


def walk(conn: Connection, receiver: str, after: int, to: int) -> Iterator[Item]:
    """Yield all of them, few in memory at once."""
    while after < to:
        found = items(conn, receiver, after, to)
        if not found:
            return
        yield from found
        after = found[-1].n


def standing(conn: Connection, receiver: str, after: int, to: int, limit: int = _PORTION) -> list[Item]:
    """Return of the same items those that stand now: the newest of their record, and not withdrawn."""
    own, kept = export_item.c, export_state.c
    same = sa.and_(kept.receiver == own.receiver, kept.n == own.n)
    query = sa.select(export_item).join(export_state, same)
    where = (own.receiver == receiver, own.n > after, own.n <= to, kept.digest.is_not(None))
    return [item(row) for row in conn.execute(query.where(*where).order_by(own.n).limit(limit))]


def count_standing(conn: Connection, receiver: str) -> int:
    """Return how many items stand now."""
    kept = export_state.c
    query = sa.select(sa.func.count()).select_from(export_state)
    return conn.scalar(query.where(kept.receiver == receiver, kept.digest.is_not(None))) or 0


def root(conn: Connection, receiver: str, after: int, to: int) -> tuple[int, bytes]:
    """Return how many items stand behind `after` up to `to`, and the root over their leaves."""
    edge = Frontier()
    for one in walk(conn, receiver, after, to):
        edge.append(one.leaf())
    return edge.size, edge.root()


def newest(conn: Connection, receiver: str) -> int:
    """Return the number of a receiver's newest item; 0: it has none."""
    own = export_receiver.c
    return conn.scalar(sa.select(own.newest).where(own.receiver == receiver)) or 0


def cursor(conn: Connection, receiver: str, n: int) -> str:
    """Return the cursor behind item `n`, which stands."""
    return b64u(_VERSION + n.to_bytes(8) + _tag(conn, receiver, n))


def read(conn: Connection, receiver: str, text: str | None) -> int:
    """Return the number a cursor names; nothing is the start.

    Raises `FeedCursorUnknown`, `FeedCursorAhead`.
    """
    if not text:
        return 0
    try:
        raw = unb64u(text)
    except ValueError:
        raise FeedCursorUnknown from None
    if len(raw) != 9 + _TAG or raw[:1] != _VERSION:
        raise FeedCursorUnknown
    n = int.from_bytes(raw[1:9])
    if n > newest(conn, receiver):
        raise FeedCursorAhead
    if raw[9:] != _tag(conn, receiver, n):
        raise FeedCursorUnknown
    return n


def _tag(conn: Connection, receiver: str, n: int) -> bytes:
    if n == 0:
        return hashlib.sha256(b"\0" + f"{FORMAT} {receiver}".encode()).digest()[:_TAG]
    return items(conn, receiver, n - 1, n)[0].leaf()[:_TAG]


def item(row: Any) -> Item:
    """Return the item that a row of `export_item` holds."""
    digest = None if row.digest is None else bytes(row.digest)
    place = (row.receiver, row.n, bytes(row.worker_id), bytes(row.ref), row.version)
    return Item(*place, row.op, row.why, row.log_size, row.at_ms, digest)
