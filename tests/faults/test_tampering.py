"""Every column of every table that must not change, changed by raw SQL: `fsck` names the table.

Whoever does this owns the database: triggers, privileges, constraints and foreign keys do not stop them.
Tables and columns are taken from the metadata, so that a new one is covered the day it is declared.
"""

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import schema
from recordsvc.access import looked_tables
from recordsvc.access.tables import consent, official_act
from recordsvc.archive import tables as archive_tables
from recordsvc.exports import tables as export_tables
from recordsvc.fsck import UNPROTECTED, Report, fsck, unprotected
from recordsvc.ground import bound, two_person
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.privileges import Kind, kind_of
from recordsvc.money.ledger import tables as ledger_tables
from recordsvc.oversight.tables import draw_inspector, draw_seat
from recordsvc.people import tables as people_tables
from recordsvc.people.resolve import UNINDEXED
from recordsvc.translog import tables as log_tables
from recordsvc.vault.objects import LocalObjects, StoreUnavailable
from tests.faults.owner import owning
from tests.faults.region import Filled, filled

schema.load_tables()
ROOMS = (log_tables, archive_tables, people_tables, looked_tables, bound, ledger_tables, export_tables)
KEPT = (Kind.APPEND_ONLY, Kind.HEAD, Kind.ERASABLE)
ELSEWHERE = (log_tables.continuation, archive_tables.lost_erasure)
"""Without a row until a log goes on under another name: attacked in `tests/test_continuing.py`."""
TABLES = [
    table
    for room in ROOMS
    for table in vars(room).values()
    if isinstance(table, sa.Table)
    and kind_of(table) in KEPT
    and bound.INFO not in table.info
    and table not in ELSEWHERE
] + [*bound.tables(), archive_tables.restricted_entry]
COLUMNS = [column for table in TABLES for column in table.columns] + [
    # Working state, as far as something repeats it.
    *(
        archive_tables.held.c[name]
        for name in ("held_id", "key", "digest", "issuer", "received_ms", "sealed")
    ),
    *(people_tables.worker.c[name] for name in ("worker_id", "names")),
    *people_tables.card_fact.columns,
    *(
        archive_tables.dispute.c[name]
        for name in ("worker_id", "dispute_id", "seq", "contest_seq", "messages")
    ),
]

NOT_THESE = {
    log_tables.checkpoint: log_tables.checkpoint.c.size > 0,
    people_tables.identifier: people_tables.identifier.c.kind.not_in(UNINDEXED),
    archive_tables.held: archive_tables.held.c.sealed.is_not(None),
}
"""Which rows of a table are tampered with; the others are covered by a reason in `fsck.UNPROTECTED`."""

LONE = {
    log_tables.head,
    log_tables.tile,
    log_tables.tile_root,
    looked_tables.looked_head,
    bound.bound_head,
    ledger_tables.book,
}
"""Tables without a second row to change places with,"""
TAKEN = {draw_inspector, draw_seat}
"""or in which what a row says is unique in its draw, so that two of different draws cannot."""

BORROWED = [
    column
    for column in COLUMNS
    if column.table not in (LONE - {log_tables.tile, log_tables.tile_root}) | {people_tables.card_fact}
    and list(column.table.primary_key.columns) != [column]
]
"""Columns in which a row may have another row's value."""


# What is checked is the same on both databases: the second round of 2,000 changes is for the long tests.
LONG = (pytest.mark.long, pytest.mark.beside)


@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=LONG)])
def region(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    yield from filled(request.param, request, tmp_path_factory.mktemp("tampered"))


@pytest.fixture(scope="module")
def owner(region: Filled) -> Iterator[Database]:
    opened = Database(region.owner, pool_size=1)
    yield opened
    opened.close()


def on_both(columns: list[sa.Column[Any]]) -> list[Any]:
    """Every column on SQLite; on PostgreSQL each table's first one of each type of value.

    What is checked is one code: a database can differ in how it keeps and orders values of a type alone.
    """
    first = {(column.table, type(column.type)): column for column in reversed(columns)}
    pairs = [("sqlite", column) for column in columns]
    pairs += [("postgresql", column) for column in columns if column in first.values()]
    return [pytest.param(*pair, id=f"{pair[0]}-{pair[1]}") for pair in pairs]


class OneConnection:
    """Stands in for the database: whoever reads, reads inside the tamperer's open transaction."""

    def __init__(self, conn: Connection, dialect: str) -> None:
        self._conn = conn
        self.dialect = dialect

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        yield self._conn


def check(region: Filled, conn: Connection) -> Report:
    """Run fsck on what the transaction sees."""
    house = dataclasses.replace(region.house, db=OneConnection(conn, region.house.db.dialect))
    return fsck(house, offline=True)


def assert_names(report: Report, table: sa.Table) -> None:
    assert report.finding is not None, f"nobody noticed a change of {table.name}"
    assert table.name in report.finding.where.replace("/", " ").split(), report.finding


# -- the changes --


def rows_of(conn: Connection, table: sa.Table) -> list[dict[str, Any]]:
    query = sa.select(table).order_by(*table.primary_key.columns)
    if table in NOT_THESE:
        query = query.where(NOT_THESE[table])
    return [dict(row._mapping) for row in conn.execute(query)]


def this_row(table: sa.Table, row: dict[str, Any]) -> sa.ColumnElement[bool]:
    return sa.and_(*(column == row[column.name] for column in table.primary_key.columns))


def altered(column: sa.Column[Any], value: Any, taken: set[Any]) -> Any:
    """Another value of the same type and length that no row has; one that fits where there is none."""
    if value is None or value == "":
        return (
            1
            if isinstance(column.type, sa.Integer)
            else b"\1"
            if isinstance(column.type, sa.LargeBinary)
            else "y"
        )
    if isinstance(value, int):
        return next(n for n in range(value + 1, value + 1_000_000) if n not in taken)
    if isinstance(value, bytes):
        if not value:
            return b"\0"
        at = len(value) // 2
        return next(
            changed
            for bit in range(8)
            if (changed := value[:at] + bytes([value[at] ^ 1 << bit]) + value[at + 1 :]) not in taken
        )
    return value[:-1] + ("y" if value[-1] != "y" else "z")


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize(("region", "column"), on_both(COLUMNS), indirect=["region"], scope="module")
def test_a_changed_value_is_named(region: Filled, owner: Database, column: sa.Column[Any]) -> None:
    table = column.table
    with owning(owner) as conn:
        rows = rows_of(conn, table)
        row = rows[len(rows) // 2]
        new = altered(column, row[column.name], {one[column.name] for one in rows})
        conn.execute(table.update().where(this_row(table, row)).values({column: new}))
        assert_names(check(region, conn), table)


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize(("region", "column"), on_both(BORROWED), indirect=["region"], scope="module")
def test_a_value_of_another_row_is_named(region: Filled, owner: Database, column: sa.Column[Any]) -> None:
    """A value that is plausible, because it is right elsewhere."""
    table = column.table
    with owning(owner) as conn:
        if not borrow(conn, column):
            pytest.skip("all rows have one value, or no row may have another's")
        assert_names(check(region, conn), table)


def borrow(conn: Connection, column: sa.Column[Any]) -> bool:
    """Give some row another row's value; False when that is impossible."""
    table = column.table
    rows = rows_of(conn, table)
    for row in (rows[len(rows) // 2], *rows[::-1]):
        for new in {one[column.name] for one in rows} - {row[column.name]}:
            key = {own.name: row[own.name] for own in table.primary_key.columns} | {column.name: new}
            if column.primary_key and any(key.items() <= one.items() for one in rows):
                continue
            with contextlib.suppress(sa.exc.IntegrityError), conn.begin_nested():
                conn.execute(table.update().where(this_row(table, row)).values({column: new}))
                return True
    return False


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_a_deleted_row_is_named(region: Filled, owner: Database, table: sa.Table) -> None:
    reasons = [reason for column, reason in unprotected(table) if column == "row" and "same ms" not in reason]
    with owning(owner) as conn:
        rows = rows_of(conn, table)
        conn.execute(table.delete().where(this_row(table, rows[len(rows) // 2])))
        if reasons:
            pytest.skip(f"nothing repeats it: {reasons[0]}")
        assert_names(check(region, conn), table)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_the_newest_row_deleted_is_named(region: Filled, owner: Database, table: sa.Table) -> None:
    if any(column == "row" and "same ms" not in reason for column, reason in unprotected(table)):
        pytest.skip("nothing repeats the row")
    with owning(owner) as conn:
        rows = rows_of(conn, table)
        conn.execute(table.delete().where(this_row(table, rows[-1])))
        assert_names(check(region, conn), table)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_an_extra_row_is_named(region: Filled, owner: Database, table: sa.Table) -> None:
    with owning(owner) as conn:
        rows = rows_of(conn, table)
        row = dict(rows[len(rows) // 2])
        last = list(table.primary_key.columns)[-1]
        row[last.name] = altered(last, max(one[last.name] for one in rows), {one[last.name] for one in rows})
        for *_others, column in unique_besides(table):
            row[column.name] = altered(column, row[column.name], {one[column.name] for one in rows})
        conn.execute(table.insert().values(row))
        assert_names(check(region, conn), table)


def unique_besides(table: sa.Table) -> list[list[sa.Column[Any]]]:
    """The columns, besides the key's, of each thing that no two rows may have alike."""
    constraints = [one for one in table.constraints if isinstance(one, sa.UniqueConstraint)]
    indexes = [index for index in table.indexes if index.unique]
    free = [[column for column in one.columns if not column.primary_key] for one in (*constraints, *indexes)]
    return [columns for columns in free if columns]


@pytest.mark.parametrize(
    "table", [table for table in TABLES if table not in LONE | TAKEN], ids=lambda table: table.name
)
def test_two_swapped_rows_are_named(region: Filled, owner: Database, table: sa.Table) -> None:
    """What two rows say changes places; their keys stay."""
    with owning(owner) as conn:
        rows = rows_of(conn, table)
        kept = [column for columns in unique_besides(table) for column in columns]
        rest = [column for column in table.columns if not column.primary_key and column not in kept]
        middle = len(rows) // 2
        one, other = next(
            (one, row)
            for one in rows[middle:] + rows[:middle]
            for row in rows
            if row is not one and (not rest or any(row[column.name] != one[column.name] for column in rest))
        )
        for here, there in ((one, other), (other, one)):
            values = {column: there[column.name] for column in rest}
            if values:
                conn.execute(table.update().where(this_row(table, here)).values(values))
        assert_names(check(region, conn), table)


def test_nothing_is_wrong_before(region: Filled, owner: Database) -> None:
    with owning(owner) as conn:
        report = check(region, conn)
    assert report.finding is None
    assert report.counts["cosignatures"] == 2
    assert report.counts["tiles"] >= 2
    assert report.counts["held"] == 1
    assert report.counts["papers"] == 8


@pytest.mark.parametrize("owned", ["paper", "institution_paper"])
@pytest.mark.parametrize("how", ["missing", "changed", "swapped"])
def test_a_file_that_is_not_the_one_filed_is_named(
    region: Filled, owner: Database, owned: str, how: str
) -> None:
    table, store = archive_tables.metadata.tables[owned], region.house.objects
    with owning(owner) as conn:
        names = [row["object"] for row in rows_of(conn, table)]
        kept = {name: store.get(name) for name in names[:2]}
        try:
            store.delete(names[0])
            if how != "missing":
                data = kept[names[1]] if how == "swapped" else kept[names[0]][:-1] + b"?"
                store.put(names[0], data)
            assert_names(check(region, conn), table)
        finally:
            for name, data in kept.items():
                store.delete(name)
                store.put(name, data)


def test_a_store_out_of_reach_is_a_note(
    region: Filled, owner: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_arguments: object) -> bytes:
        raise StoreUnavailable

    monkeypatch.setattr(LocalObjects, "get", away)
    with owning(owner) as conn:
        report = check(region, conn)
    assert report.finding is None
    assert "8 papers unchecked: the object store is out of reach" in report.notes


# -- whoever knows how the chain over bound rows is made


def linked(conn: Connection, table: sa.Table, row: dict[str, Any], *, gone: bool = False) -> None:
    """Add a link for a row as it now is, as the service itself would; keys are not needed for that."""
    key = bound.key_text(row[column.name] for column in bound.key_columns(table))
    digests = (bound.GONE, bound.GONE) if gone else bound.digests(table, row)
    bound.append(conn, [(table.name, key, *digests)])


def test_links_made_anew_contradict_what_the_log_states(region: Filled, owner: Database) -> None:
    table, links, head = official_act, bound.bound_row, bound.bound_head
    with owning(owner) as conn:
        row = rows_of(conn, table)[0] | {"subject": "another"}
        conn.execute(table.update().where(this_row(table, row)).values(row))
        fixed, data = bound.digests(table, row)
        mine = sa.and_(links.c.bound == table.name, links.c.key == bound.key_text([row["id"]]))
        conn.execute(links.update().where(mine).values(fixed=fixed, data=data))
        chain = bound.START
        for _idx, *link in conn.execute(sa.select(links).order_by(links.c.idx)).all():
            chain = bound.following(chain, *link)
        conn.execute(head.update().values(chain=chain))
        report = check(region, conn)
    assert report.finding is not None
    assert "bound_statement" in report.finding.where


@pytest.mark.parametrize("table", bound.tables(), ids=lambda table: table.name)
def test_a_link_more_does_not_make_a_change_lawful(region: Filled, owner: Database, table: sa.Table) -> None:
    changes = table.info[bound.INFO].changes
    keys = {column.name for column in bound.key_columns(table)} | {c.name for c in table.primary_key}
    fixed = [column for column in table.columns if column.name not in keys and column.name not in changes]
    with owning(owner) as conn:
        rows = rows_of(conn, table)
        was = rows[0]
        others = [
            was | {column.name: altered(column, was[column.name], {one[column.name] for one in rows})}
            for column in fixed
        ]
        assert bound.digests(table, was)[0] not in {bound.digests(table, row)[0] for row in others}
        if others:
            row = others[len(others) // 2]
            conn.execute(table.update().where(this_row(table, row)).values(row))
            linked(conn, table, row)
            assert_names(check(region, conn), table)


@pytest.mark.parametrize("table", bound.tables(), ids=lambda table: table.name)
def test_a_row_is_taken_away_by_the_erasure_of_its_worker_alone(
    region: Filled, owner: Database, table: sa.Table
) -> None:
    with owning(owner) as conn:
        row = rows_of(conn, table)[0]
        conn.execute(table.delete().where(this_row(table, row)))
        linked(conn, table, row, gone=True)
        assert_names(check(region, conn), table)


@pytest.mark.parametrize("name", ["uses", "used_ms", "ended_ms", "ended_by"])
def test_what_a_consent_counts_is_held_against_its_events(region: Filled, owner: Database, name: str) -> None:
    with owning(owner) as conn:
        rows = rows_of(conn, consent)
        row = next(one for one in rows if one["ended_ms"] is not None)
        row |= {name: altered(consent.c[name], row[name], {one[name] for one in rows})}
        conn.execute(consent.update().where(this_row(consent, row)).values(row))
        linked(conn, consent, row)
        assert_names(check(region, conn), consent)


def test_a_decision_is_not_made_again(region: Filled, owner: Database) -> None:
    with owning(owner) as conn:
        row = next(one for one in rows_of(conn, two_person.proposal) if one["state"] == "refused")
        row |= {"state": "done"}
        conn.execute(two_person.proposal.update().where(this_row(two_person.proposal, row)).values(row))
        linked(conn, two_person.proposal, row)
        assert_names(check(region, conn), two_person.proposal)


def test_the_tables_are_those_of_the_metadata() -> None:
    """No table of these rooms hides from the tests above."""
    prefixes = tuple(f"{room.__name__.rpartition('.')[0]}." for room in ROOMS)
    assert prefixes
    assert {table.name for table in TABLES} <= set(metadata.tables)
    assert len(TABLES) >= 14
    assert {table.name for table in bound.tables()} <= {table.name for table in TABLES}


def test_what_nothing_protects_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        for table, column, reason in UNPROTECTED:
            sys.stdout.write(f"\n  unprotected: {table}.{column}: {reason}")
    assert all(table in metadata.tables and reason for table, _column, reason in UNPROTECTED)
