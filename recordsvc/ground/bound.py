"""Rows that nobody may change unseen (受约束的行): a hash chain over each state they lawfully had.

    row    = SHA-256("row/v1" ‖ each column that has a value: name, value)   what of the row is asked for
    chain₀ = 32 zero bytes
    chainₙ = SHA-256("bound/v1" ‖ chainₙ₋₁ ‖ table ‖ key ‖ fixed ‖ data)

Names and values stand after their length.

A table is bound by `info["bound"]`. Whoever writes a row of it says so (`touch`); at the end of the turn the
row is read as it then is and a link is added: `fixed` over the columns that never change, `data` over all.
A row that is gone has a link of zeros. What is personal carries a `salt` in its row: with the row the salt is
gone, and the links that are left tell nothing. Rooms above state the chain where it is seen from outside.

The head row is locked last of all in a turn, so that two processes never wait for each other.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import BIG_KEY, metadata
from recordsvc.ground.missing import insert_missing

INFO: Final = "bound"
START: Final = bytes(32)
GONE: Final = bytes(32)
PORTION: Final = 200
Link = tuple[str, str, bytes, bytes]
"""Table, key, `fixed`, `data`."""

bound_row = sa.Table(
    "bound_row",
    metadata,
    sa.Column("idx", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("bound", sa.String(40), nullable=False),
    sa.Column("key", sa.String(300), nullable=False),
    sa.Column("fixed", sa.LargeBinary(32), nullable=False),
    sa.Column("data", sa.LargeBinary(32), nullable=False),
    sa.Index(None, "bound", "key"),
    info={"kind": "append-only"},
    comment="Links of the chain over rows that nobody may change unseen: table, key, hash of what never "
    "changes, hash of the whole row as it was written (zeros: taken away lawfully)",
)

bound_head = sa.Table(
    "bound_head",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("chain", sa.LargeBinary(32), nullable=False),
    sa.CheckConstraint("id = 1", name="single"),
    info={"kind": "head"},
    comment="The one row every link locks: how many there are, and the hash of the last",
)

bound_statement = sa.Table(
    "bound_statement",
    metadata,
    sa.Column("size", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    info={"kind": "append-only"},
    comment="Where the archive's log speaks for the chain up to a size; idx is the entry, ms its time",
)


@dataclass(frozen=True, slots=True)
class Bound:
    """How rows of a table are bound."""

    changes: tuple[str, ...] = ()
    """Columns that may change lawfully; every change is a link."""
    most: int | None = 1
    """So many links a row has at most; None: any number."""
    key: tuple[str, ...] = ()
    """What names a row, if more than its primary key must be known of a row that is gone."""


class _Links:
    """The links of one turn, written after everything else."""

    last = True

    def __init__(self, turn: Turn) -> None:
        self._conn = turn.conn
        self._touched: dict[tuple[sa.Table, tuple[Any, ...]], None] = {}
        self._written: list[Link] = []

    def add(self, table: sa.Table, keys: Iterable[Sequence[Any]]) -> None:
        self._touched.update(dict.fromkeys((table, tuple(key)) for key in keys))

    def take(self, table: sa.Table, row: Mapping[str, Any]) -> None:
        key = key_text(row[column.name] for column in key_columns(table))
        self._written.append((table.name, key, *digests(table, row)))

    def before_commit(self) -> None:
        """Read what was touched, add a link for each row, advance the head."""
        links = self._written
        for table in dict.fromkeys(table for table, _key in self._touched):
            links += _read(self._conn, table, [key for one, key in self._touched if one is table])
        if links:
            append(self._conn, links)


def touch(turn: Turn, table: sa.Table, *keys: Sequence[Any]) -> None:
    """Say that rows of a bound table are written or taken away in this turn, by the values of their keys."""
    turn.part(_Links, lambda: _Links(turn)).add(table, keys)


def wrote(turn: Turn, table: sa.Table, *rows: Mapping[str, Any]) -> None:
    """Say that these rows, with all columns, were put into an append-only table: none is read again."""
    links = turn.part(_Links, lambda: _Links(turn))
    for row in rows:
        links.take(table, row)


def tables() -> list[sa.Table]:
    """Return the bound tables, by name."""
    return sorted((one for one in metadata.tables.values() if INFO in one.info), key=lambda one: one.name)


def key_columns(table: sa.Table) -> list[sa.Column[Any]]:
    """Return what names a row of a bound table."""
    names = table.info[INFO].key
    return [table.c[name] for name in names] if names else list(table.primary_key.columns)


def key_text(key: Iterable[Any]) -> str:
    """Return a key as it stands in a link: JSON, binary values as hexadecimal digits."""
    return json.dumps([one.hex() if isinstance(one, bytes) else one for one in key], separators=(",", ":"))


def key_values(table: sa.Table, key: str) -> tuple[Any, ...]:
    """Return the values of a key's text. Raises `ValueError` when it is none of this table."""
    values, columns = json.loads(key), key_columns(table)
    if not isinstance(values, list) or len(values) != len(columns):
        raise ValueError(key)
    return tuple(
        bytes.fromhex(value) if isinstance(column.type, sa.LargeBinary) else value
        for column, value in zip(columns, values, strict=True)
    )


def digests(table: sa.Table, row: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """Return (`fixed`, `data`) of a row, by column name."""
    changes = table.info[INFO].changes
    names = table.columns.keys()
    data = _digest(names, row)
    # Of an append-only row all is fixed: it is hashed once.
    return _digest([name for name in names if name not in changes], row) if changes else data, data


def following(chain: bytes, bound: str, key: str, fixed: bytes, data: bytes) -> bytes:
    """Return the hash of the link behind `chain`, 32 bytes."""
    said = b"".join(map(_long, (bound.encode(), key.encode(), fixed, data)))
    return hashlib.sha256(b"bound/v1" + chain + said).digest()


def append(conn: Connection, links: Sequence[Link]) -> None:
    """Add links (table, key, fixed, data) under the head's lock."""
    own = bound_head.c
    query = sa.select(own.size, own.chain).where(own.id == 1).with_for_update()
    head = conn.execute(query).one_or_none()
    if head is None:
        insert_missing(conn, bound_head, [{"id": 1, "size": 0, "chain": START}])
        head = conn.execute(query).one()
    size, chain = head.size, bytes(head.chain)
    rows = []
    for bound, key, fixed, data in links:
        rows.append({"idx": size, "bound": bound, "key": key, "fixed": fixed, "data": data})
        chain = following(chain, bound, key, fixed, data)
        size += 1
    conn.execute(bound_row.insert(), rows)
    conn.execute(bound_head.update().where(own.id == 1).values(size=size, chain=chain))


def _read(conn: Connection, table: sa.Table, keys: Sequence[tuple[Any, ...]]) -> list[Link]:
    columns = key_columns(table)
    found: dict[str, tuple[bytes, bytes]] = {}
    for start in range(0, len(keys), PORTION):
        some = keyed(columns, keys[start : start + PORTION])
        for row in conn.execute(sa.select(table).where(some)).mappings():
            found[key_text(row[column.name] for column in columns)] = digests(table, dict(row))
    texts = map(key_text, keys)
    return [(table.name, text, *found.get(text, (GONE, GONE))) for text in texts]


def keyed(columns: Sequence[sa.Column[Any]], keys: Sequence[tuple[Any, ...]]) -> sa.ColumnElement[bool]:
    """Return the condition that selects the rows of these keys."""
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.tuple_(*columns).in_(keys)


def _digest(names: Iterable[str], row: Mapping[str, Any]) -> bytes:
    hashing = hashlib.sha256(b"row/v1")
    # In the order of names, which no order of a table's columns moves.
    for name in sorted(names):
        value = row[name]
        # What is not there says nothing: a column that a later version adds leaves older links good.
        if value is None:
            continue
        hashing.update(_long(name.encode()))
        if isinstance(value, int):
            hashing.update(b"i" + _long(str(int(value)).encode()))
        elif isinstance(value, str):
            hashing.update(b"s" + _long(value.encode("utf-8", "surrogateescape")))
        else:
            hashing.update(b"b" + _long(bytes(value)))
    return hashing.digest()


def _long(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value
