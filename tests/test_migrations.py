"""Migrations are linear, reversible and complete, on both databases."""

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from recordsvc import schema
from recordsvc.archive.fsck_bound import BoundCheck
from recordsvc.ground import bound
from recordsvc.ground.database import Database, metadata
from recordsvc.ground.finding import Snapshot
from tests.conftest import Addresses


def test_migrations_form_one_line_numbered_from_0001() -> None:
    script = ScriptDirectory.from_config(schema.config())

    revisions = [step.revision for step in script.walk_revisions()][::-1]

    assert revisions == [f"{number:04d}" for number in range(1, len(revisions) + 1)]
    assert len(script.get_heads()) == 1


def test_an_upgraded_database_has_exactly_the_declared_tables(database: Database) -> None:
    with database.read() as conn:
        context = MigrationContext.configure(conn, opts={"compare_type": True})

        assert compare_metadata(context, schema.load_tables()) == []
        assert schema.is_current(conn)


@pytest.mark.long
@pytest.mark.beside
def test_every_step_can_be_taken_back_and_applied_again(empty_database: Addresses) -> None:
    steps = [step.revision for step in ScriptDirectory.from_config(schema.config()).walk_revisions()][::-1]
    for down, up in zip(["base", *steps], steps, strict=False):
        schema.upgrade(empty_database.owner, up)
        schema.downgrade(empty_database.owner, down)
        schema.upgrade(empty_database.owner, up)

    schema.downgrade(empty_database.owner, "base")

    database = Database(empty_database.owner)
    with database.engine.connect() as conn:
        assert sa.inspect(conn).get_table_names() == ["alembic_version"]
    database.close()


def test_what_was_entered_before_there_were_notices_is_not_told(empty_database: Addresses) -> None:
    schema.upgrade(empty_database.owner, "0002")
    database = Database(empty_database.owner)
    with database.engine.begin() as conn:
        for idx in (3, 7):
            row = {"idx": idx, "worker_id": b"\x01" * 16, "seq": idx}
            conn.execute(schema.load_tables().tables["place"].insert().values(row))
    schema.upgrade(empty_database.owner)

    with database.engine.connect() as conn:
        position = conn.scalar(sa.text("SELECT position FROM follower WHERE name = 'notices'"))
    database.close()
    assert position == 7


def test_upgrading_twice_changes_nothing(addresses: Addresses) -> None:
    schema.upgrade(addresses.owner)

    database = Database(addresses.application)
    with database.read() as conn:
        assert schema.current(conn) == schema.head()
    database.close()


def test_what_was_looked_at_before_gets_places_in_the_order_of_time(empty_database: Addresses) -> None:
    schema.upgrade(empty_database.owner, "0009")
    database = Database(empty_database.owner)
    said = {"actor_kind": "official", "actor_id": "ann", "role": "handler", "purpose": "audit"}
    with database.engine.begin() as conn:
        for n, at_ms in enumerate((30, 10, 20)):
            row = {"worker_id": bytes([n]) * 16, "id": bytes([n]) * 16, "at_ms": at_ms, **said}
            row |= {"fields": "records", "case_ref": f"K-{n}", "request_id": "r"}
            names = ", ".join(row)
            marks = ", ".join(f":{name}" for name in row)
            conn.execute(sa.text(f"INSERT INTO looked ({names}) VALUES ({marks})"), row)
    schema.upgrade(empty_database.owner)
    schema.downgrade(empty_database.owner, "0009")
    schema.upgrade(empty_database.owner)

    with database.engine.connect() as conn:
        query = "SELECT d.case_ref FROM looked_place p JOIN looked_detail d ON d.id = p.id ORDER BY p.idx"
        cases = list(conn.scalars(sa.text(query)))
        size = conn.scalar(sa.text("SELECT size FROM looked_head"))
    database.close()
    assert (cases, size) == (["K-1", "K-2", "K-0"], 3)


def test_who_held_roles_before_stands_on_the_sides_of_the_bar_between_two_persons(
    empty_database: Addresses,
) -> None:
    """Who holds both sides since before stands on none, until one of the roles is ended."""
    schema.upgrade(empty_database.owner, "0021")
    database = Database(empty_database.owner)
    held = [
        ("ann", "registrar", None),
        ("ann", "reviewer", 1),
        ("bob", "reviewer", None),
        ("cleo", "data-officer", None),
        ("dan", "handler", None),
        ("dan", "registrar", None),
        ("eve", "handler", None),
        ("eve", "reviewer", None),
        ("fay", "auditor", None),
    ]
    with database.engine.begin() as conn:
        for n, (account, role, until_ms) in enumerate(held):
            row = {"official_id": account, "n": n, "role": role, "area": "64", "from_ms": 0}
            row |= {"until_ms": until_ms, "granted_by": "command:test"}
            conn.execute(schema.load_tables().tables["official_role"].insert().values(row))
        conn.execute(sa.text("INSERT INTO official_bar VALUES ('bob', 'pay', 'check')"))
    schema.upgrade(empty_database.owner)

    with database.engine.connect() as conn:
        query = "SELECT official_id, bar, side FROM official_bar ORDER BY official_id, bar"
        found = [tuple(row) for row in conn.execute(sa.text(query))]
    database.close()
    assert found == [
        ("ann", "word", "first"),
        ("bob", "pay", "check"),
        ("bob", "word", "review"),
        ("cleo", "word", "data"),
        ("dan", "pay", "check"),
        ("dan", "word", "first"),
        ("eve", "pay", "check"),
    ]


def test_what_was_done_before_rows_were_bound_is_bound(empty_database: Addresses) -> None:
    schema.upgrade(empty_database.owner, "0021")
    database = Database(empty_database.owner)
    with database.engine.begin() as conn:
        there = set(sa.inspect(conn).get_table_names())
        bound_tables = [table for table in bound.tables() if table.name in there]
        for table in bound_tables:
            known = {column["name"] for column in sa.inspect(conn).get_columns(table.name)}
            row = {one.name: filled(one) for one in table.columns if one.name in known}
            names = ", ".join(row)
            conn.execute(sa.text(f"INSERT INTO {table.name} ({names}) VALUES (:{', :'.join(row)})"), row)
    schema.upgrade(empty_database.owner)

    with database.engine.begin() as conn, Snapshot(conn) as snapshot:
        BoundCheck(snapshot)._rows()
        links = conn.execute(sa.select(bound.bound_row).order_by(bound.bound_row.c.idx)).all()
        chain = bound.START
        for _idx, *link in links:
            chain = bound.following(chain, *link)
        head = conn.execute(sa.select(bound.bound_head.c.size, bound.bound_head.c.chain)).one()
    database.close()
    assert [link.bound for link in links] == [table.name for table in bound_tables]
    assert tuple(head) == (len(links), chain)


def filled(column: sa.Column) -> object:
    """A value that a column of a bound table takes, and that its checks let in."""
    said = {"event": "start", "state": "open", "ended_ms": None, "ended_by": None, "uses": 0, "max_uses": 1}
    if column.name in said:
        return said[column.name]
    if column.nullable:
        return None
    if isinstance(column.type, sa.LargeBinary):
        return bytes(range(column.type.length))
    return 7 if isinstance(column.type, sa.Integer) else "甲"


def test_refusals_of_before_get_the_words_that_their_steps_show(empty_database: Addresses) -> None:
    schema.upgrade(empty_database.owner, "0058")
    database = Database(empty_database.owner)
    tables = schema.load_tables().tables
    steps = {
        1: (("propose-refusal", "official:h1"), ("refuse", "official:r1")),
        2: (("refuse", "official:h1"),),
    }
    with database.engine.begin() as conn:
        for n, taken in steps.items():
            key = {"worker_id": bytes([n]) * 16, "claim_id": bytes([n]) * 16}
            same = {"kind": "TRAIN", "certificate": "c"}
            filed = {"payee": "worker:1", "region": "640100", "told": "{}", "filed_by": "w", "filed_ms": 1}
            conn.execute(tables["claim"].insert().values(key | same | filed))
            decided = {"n": 1, "salt": b"s" * 16, "rule": "R", "sha256": "0" * 64, "verdict": "GRANT"}
            decided |= {"amount_fen": 100, "log_size": 1, "document": b"{}", "decided_ms": 1}
            conn.execute(tables["claim_decision"].insert().values(key | decided))
            state = {"state": "REFUSED", "version": 3, "live": 0, "purpose": "p", "amount_fen": 100}
            state |= {"decision": 1, "payee_version": 0, "round": 1, "needed": 4, "hold": "", "payment": ""}
            state |= {"waits": "", "owner": "", "changed_ms": 1_760_000_000_000}
            conn.execute(tables["claim_state"].insert().values(key | same | state))
            for at, (event, actor) in enumerate(taken, 2):
                told = {"source": "CHECKED", "target": "REFUSED", "role": "x", "reason": "不实"}
                told |= {"n": at, "event": event, "actor": actor, "at_ms": 1_760_000_000_000}
                conn.execute(tables["claim_event"].insert().values(key | told))
    schema.upgrade(empty_database.owner)

    with database.engine.connect() as conn:
        own, state = tables["claim_refusal"].c, tables["claim_state"].c
        query = sa.select(own.worker_id, own.n, own.before, own.actor, own.found, own.found_on)
        rows = [tuple(row)[1:] for row in conn.execute(query.order_by(own.worker_id, own.n))]
        refusals = list(conn.scalars(sa.select(state.refusal).order_by(state.worker_id)))
        links = conn.scalar(sa.select(sa.func.count()).select_from(bound.bound_row))
    database.close()
    assert rows == [
        (2, None, "official:h1", "不实", "2025-10-09"),
        (3, 2, "official:r1", "不实", "2025-10-09"),
        (2, None, "official:h1", "不实", "2025-10-09"),
        (3, 2, "system:before-two-people", "本系统升级前由一人作出", "2025-10-09"),
    ]
    assert (refusals, links) == ([2, 2], 6)


BUNDLE = {
    "bundle_id": b"\x07" * 16,
    "institution": "甲",
    "kind": "TRAIN",
    "paid_to": "worker",
    "lines": 1,
    "filed_by": "test",
    "filed_ms": 1,
}
LINE = {"bundle_id": b"\x07" * 16, "n": 1, "claim_id": None, "code": "x", "detail": "甲"}


def test_a_table_is_altered_under_rows_that_others_refer_to(addresses: Addresses) -> None:
    database = Database(addresses.owner)
    with database.engine.begin() as conn:
        conn.execute(sa.insert(metadata.tables["claim_bundle"]).values(BUNDLE))
        conn.execute(sa.insert(metadata.tables["claim_bundle_line"]).values(LINE))

    with schema.altering(database) as conn:
        operations = Operations(MigrationContext.configure(conn, opts={"target_metadata": metadata}))
        with operations.batch_alter_table("claim_bundle", recreate="auto") as batch:
            batch.drop_constraint(operations.f("ck_claim_bundle_lines"), type_="check")
            batch.create_check_constraint(operations.f("ck_claim_bundle_lines"), "lines >= 0")

    with database.engine.begin() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM claim_bundle_line")) == 1
        with pytest.raises(sa.exc.IntegrityError):
            conn.execute(sa.text("DELETE FROM claim_bundle"))
    database.close()


def test_an_alteration_that_would_leave_rows_without_what_they_refer_to_is_taken_back(
    addresses: Addresses,
) -> None:
    database = Database(addresses.owner)
    with database.engine.begin() as conn:
        conn.execute(sa.insert(metadata.tables["claim_bundle"]).values(BUNDLE))
    stray = sa.insert(metadata.tables["claim_bundle_line"]).values(LINE | {"bundle_id": b"\x08" * 16})

    # SQLite is asked before the commit; PostgreSQL refuses by itself.
    refused = RuntimeError if database.dialect == "sqlite" else sa.exc.IntegrityError
    with pytest.raises(refused), schema.altering(database) as conn:
        conn.execute(stray)

    with database.engine.begin() as conn:
        assert conn.scalar(sa.text("SELECT count(*) FROM claim_bundle_line")) == 0
    with pytest.raises(sa.exc.IntegrityError), database.engine.begin() as conn:
        conn.execute(stray)  # references are held again afterwards
    database.close()
