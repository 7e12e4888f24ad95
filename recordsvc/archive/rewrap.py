"""Data keys under a new wrapping key (重新封装): every wrapped key there is, in portions, never a record.

What is re-wrapped is written only if it still is what was read: an erasure in between destroys it, and
nothing brings it back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import credential_tables
from recordsvc.archive import tables
from recordsvc.archive.pack_tables import audit_pack
from recordsvc.archive.paper_rows import owner_bytes
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import metadata
from recordsvc.people import tables as people_tables
from recordsvc.vault import passes
from recordsvc.vault.envelope import SealError, rewrap
from recordsvc.vault.keystore import VERSIONED_WRAP, version_of

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "rewrap"
INFO: Final = "wrapped"
"""How a table says where a wrapped data key lies: (column, master), the key before what it seals."""
_KEY_ID: Final = 4
"""Bytes of a data key's own id, before its wrapped form."""
_WRAPPED: Final = _KEY_ID + VERSIONED_WRAP


@dataclass(frozen=True, slots=True)
class Place:
    """Where wrapped data keys lie: bare in a column, or before what they seal with their length (u8)."""

    table: sa.Table
    column: str
    master: str
    bare: bool
    owner: Callable[[Any], bytes] = bytes
    by: str = ""
    """Column that names a row, and whose key it is; empty: the primary key's one column."""

    @property
    def key(self) -> sa.Column[Any]:
        """The column that names a row."""
        return self.table.c[self.by] if self.by else next(iter(self.table.primary_key.columns))

    def older(self, version: int) -> sa.ColumnElement[bool]:
        """Whether a row's data key is under another version than this, which is 2 or later."""
        column, prefix = self.table.c[self.column], 0 if self.bare else 1
        length = sa.func.length(column) == _WRAPPED
        if not self.bare:
            length = sa.func.substr(column, 1, 1) == bytes([_WRAPPED])
        under = sa.func.substr(column, prefix + _KEY_ID + 1, 2) == version.to_bytes(2)
        return sa.and_(column.is_not(None), ~sa.and_(length, under))


PLACES: Final = (
    Place(people_tables.worker_key, "wrapped", "master", bare=True),
    Place(tables.institution_key, "wrapped", "master", bare=True, owner=owner_bytes),
    Place(tables.import_run, "wrapped", "holding", bare=True),
    Place(audit_pack, "wrapped", "holding", bare=True),
    Place(tables.held, "sealed", "holding", bare=False),
    Place(people_tables.card_fact, "sealed", "holding", bare=False),
    Place(people_tables.kept_number, "sealed", "holding", bare=False),
    Place(credential_tables.account_credential, "sealed", "master", bare=False, by="credential_id"),
)


def _places() -> list[Place]:
    """Return all of them: those of rooms above say it of a column in their table (`info["wrapped"]`)."""
    told = [(table, *table.info[INFO]) for table in metadata.sorted_tables if INFO in table.info]
    return [*PLACES, *(Place(table, column, master, bare=False) for table, column, master in told)]


def run(house: "House") -> bool:
    """Handle one portion under the newest keys, if there are older ones; whether there is more to do."""
    live = house.keys.versions("master")
    if len(live) == 1:
        return False
    target = version_of(live[-1])
    stages = [_stage(house, place, target) for place in _places()]
    return passes.advance(house.db, NAME, target, stages)


def needing(conn: Connection, version: int) -> dict[str, int]:
    """Return how many data keys in which tables are not under this version yet; only where there are any."""
    counts = {
        place.table.name: conn.scalar(
            sa.select(sa.func.count()).select_from(place.table).where(place.older(version))
        )
        for place in _places()
    }
    return {name: int(count) for name, count in counts.items() if count}


def _stage(house: "House", place: Place, target: int) -> passes.Stage:
    text = isinstance(place.key.type, sa.String)

    def portion(turn: Turn, after: bytes) -> tuple[int, bytes | None]:
        column, behind = place.table.c[place.column], after.decode() if text else after
        query = sa.select(place.key, column).where(place.key > behind, place.older(target))
        rows = turn.conn.execute(query.order_by(place.key).limit(passes.PORTION)).all()
        for key, stored in rows:
            own = place.table.update().where(place.key == key, column == stored)
            try:
                fresh = _rewrapped(house, place, key, bytes(stored))
            except SealError:
                # One damaged row keeps no other waiting; the older key stays until somebody looked at it.
                observe.log("rewrap-row-damaged")
                continue
            turn.conn.execute(own.values({place.column: fresh}))
        if not rows:
            return 0, None
        last = rows[-1][0]
        return len(rows), last.encode() if text else bytes(last)

    return portion


def _rewrapped(house: "House", place: Place, key: Any, stored: bytes) -> bytes:
    if place.bare:
        return rewrap(house.keys, place.owner(key), stored, place.master)
    size = 1 + stored[0]
    wrapped = rewrap(house.keys, place.owner(key), stored[1:size], place.master)
    return bytes([len(wrapped)]) + wrapped + stored[size:]
