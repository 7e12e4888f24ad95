"""Records that were erased in a log that was lost (接续前已删除的记录): what must not be entered anew.

A backup may end before a record came. If that record was erased later, the restored database knows neither:
sent again, it would be new. The erasure journal holds a mark of every record that was erased, and a log that
goes on keeps those that it does not know itself:

    mark = first 16 bytes of HMAC(dedupe key, "erased/v1" ‖ issuer ‖ record id)

A record id may follow from a number, if an issuer made it so: whoever has the journal alone, or the database
without the keys, tries ids in vain. Rows are written with the continuation that needs them, and never else.
"""

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.errors import RecordErased
from recordsvc.archive.tables import dedupe, lost_erasure
from recordsvc.ground.commit import Turn
from recordsvc.ground.readers import Cursor
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

_LABEL: Final = b"erased/v1"
_AT_ONCE: Final = 500


def mark(keys: KeyStore, key: bytes) -> bytes:
    """Return the mark of a record, from its key in `dedupe`."""
    return keys.hmac("dedupe", _LABEL + key)[:16]


def among(house: "House", cursor: Cursor, keys: Iterable[bytes]) -> set[bytes]:
    """Return those of these keys whose records were erased in a log that was lost."""
    if not house.log.former:  # the log was never continued
        return set()
    wanted = {mark(house.keys, key): key for key in keys}
    found: set[bytes] = set()
    marks = list(wanted)
    for start in range(0, len(marks), _AT_ONCE):
        portion = marks[start : start + _AT_ONCE]
        places = ", ".join("?" * len(portion))
        cursor.execute(
            house.db.sql(f"SELECT mark FROM lost_erasure WHERE mark IN ({places})"),  # noqa: S608 - question marks
            tuple(portion),
        )
        found |= {wanted[bytes(row[0])] for row in cursor.fetchall()}
    return found


def check(house: "House", cursor: Cursor, key: bytes) -> None:
    """Refuse a record that was erased in a log that was lost. Raises `RecordErased`."""
    if among(house, cursor, [key]):
        raise RecordErased


def marks_of(house: "House", conn: Connection, workers: Iterable[bytes]) -> dict[tuple[bytes, int], bytes]:
    """Return the mark of every entry (worker_id, seq) of these workers.

    The table is read whole for each portion: erasures are rare, and nobody waits for their journal.
    """
    wanted, own, found = sorted(set(workers)), dedupe.c, {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = sa.select(own.key, own.worker_id, own.seq).where(
            own.worker_id.in_(wanted[start : start + _AT_ONCE])
        )
        for key, worker_id, seq in conn.execute(query):
            found[bytes(worker_id), int(seq)] = mark(house.keys, bytes(key))
    return found


def keep(turn: Turn, marks: Iterable[bytes], size: int) -> None:
    """Write the marks that a log begun at this size has to know; those it knows already stay as they are."""
    own = lost_erasure
    known = set(turn.conn.execute(sa.select(own.c.mark)).scalars())
    rows = [{"mark": one, "size": size} for one in sorted(set(marks) - known)]
    if rows:
        turn.conn.execute(own.insert(), rows)


def stated(marks: Iterable[bytes]) -> dict[str, Any]:
    """Return what a continuation states of the marks it was written with: how many, and a digest of all."""
    ordered = sorted(marks)
    return {"count": len(ordered), "sha256": hashlib.sha256(b"".join(ordered)).hexdigest()}
