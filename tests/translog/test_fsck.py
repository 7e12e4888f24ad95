"""What `fsck` finds that no single changed value shows, and how the command tells it."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from recordsvc import anchor, schema
from recordsvc.archive import formats, tables
from recordsvc.archive.keyevents import KeyAction
from recordsvc.fsck import fsck
from recordsvc.ground import bound
from recordsvc.ground.finding import Finding
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.privileges import erasing
from recordsvc.house import House
from recordsvc.logcommands import log as log_command
from recordsvc.people import tables as people_tables
from recordsvc.translog import tables as log_tables
from recordsvc.translog.note import NoteKey
from tests.archive.support import Centre, id_of, person, state
from tests.faults.processes import ROOT
from tests.faults.region import erase


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


def finding(house: House) -> Finding:
    found = fsck(house, offline=True).finding
    assert found is not None
    return found


def remove(house: House, table: sa.Table, worker_id: bytes, *where: sa.ColumnElement[bool]) -> None:
    """Delete erasable rows, as the erasure role may."""

    def act(turn: Any) -> None:
        with erasing(turn.conn):
            turn.conn.execute(table.delete().where(table.c.worker_id == worker_id, *where))

    house.db.write(act)


# -- all is well --


def test_an_empty_log_is_well(house: House) -> None:
    report = fsck(house)
    assert report.finding is None
    assert report.counts["entries"] == 1
    assert report.counts["key events"] == 1
    assert report.notes == ("the checkpoint kept outside the database is not there: not compared",)


def test_progress_is_told(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    told: list[tuple[str, int]] = []
    fsck(house, lambda stage, done: told.append((stage, done)))
    assert ("log", 3) in told


def test_commits_in_one_millisecond_and_a_clock_that_goes_back_are_well(
    house: House, centre: Centre, clock: FixedClock
) -> None:
    centre.enter(centre.completion(person(1)))
    centre.enter(centre.completion(person(1)))
    clock.advance(-5_000)
    centre.enter(centre.completion(person(1)))
    clock.advance(10_000)
    centre.enter(centre.completion(person(2)))
    assert fsck(house).finding is None


def test_entries_of_a_key_that_ended_later_are_well(house: House, centre: Centre, clock: FixedClock) -> None:
    centre.enter(centre.completion(person(1)))
    for action in (KeyAction.SUSPEND, KeyAction.LIFT, KeyAction.REVOKE):
        clock.advance(1)
        centre.act(action)
    assert fsck(house).finding is None


def test_service_statements_are_well_and_unknown_entries_are_not(house: House) -> None:
    """A statement of a kind that no room here makes is some later room's; other entries are nobody's."""
    house.db.write(lambda turn: house.log.turn(turn).append(formats.service_statement(99, bytes(32))))
    assert fsck(house).finding is None
    house.db.write(lambda turn: house.log.turn(turn).append(b"\x09" + bytes(33)))
    assert finding(house).where.startswith("log_entry idx=2")


# -- erasure --


def test_an_erased_record_is_well_and_one_that_only_vanished_is_named(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record, centre.completion(person(1)))
    worker_id = centre.worker_id(person(1))
    erase(house, worker_id, id_of(record), 0, 1)
    assert fsck(house).finding is None

    remove(house, tables.ciphertext, worker_id, tables.ciphertext.c.seq == 1)
    found = finding(house)
    assert found.where.startswith("record_ciphertext")
    assert "seq=1" in found.where
    assert "no entry says that it was erased" in found.what_en


def test_an_erased_record_whose_content_is_still_there_is_named(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    worker_id = centre.worker_id(person(1))
    content = tables.ciphertext
    with house.db.read() as conn:
        kept = dict(conn.execute(sa.select(content).where(content.c.seq == 0)).one()._mapping)
    erase(house, worker_id, id_of(record), 0, 1)
    house.db.write(lambda turn: turn.conn.execute(content.insert().values(kept)))

    assert "still there" in finding(house).what_en


def test_a_worker_erased_whole_is_well_and_what_was_left_behind_is_named(
    house: House, centre: Centre
) -> None:
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    worker_id = centre.worker_id(person(1))
    decision = {
        "decided_by": "official:2",
        "proposal": "0199c0de-0000-7000-8000-000000000001",
        "proposed_by": "official:1",
    }
    body = {"decision": decision, "ground": "unlawful", "scope": "worker", "text": "依法删除"}
    state(house, worker_id, "erasure", body, formats.NO_TARGET)
    own = people_tables.worker
    assert "erasure entries" in finding(house).what_en, "the state does not say so yet"
    house.db.write(
        lambda turn: turn.conn.execute(
            own.update().where(own.c.worker_id == worker_id).values(state="erased")
        )
    )
    for table in (people_tables.identifier, people_tables.blind_index, people_tables.worker_key):
        assert "still there" in finding(house).what_en
        remove(house, table, worker_id)
    assert fsck(house).finding is None


# -- pointing to another --


def test_a_number_that_leads_to_another_worker_is_named(house: House, centre: Centre) -> None:
    """Index row and identifier moved together: the records still say whose number it is."""
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    one, two = centre.worker_id(person(1)), centre.worker_id(person(2))
    index = people_tables.blind_index

    def move(turn: Any) -> None:
        with erasing(turn.conn):
            turn.conn.execute(index.update().where(index.c.worker_id == one).values(worker_id=two))

    house.db.write(move)
    assert "blind_index" in finding(house).where


def test_a_number_sealed_for_another_worker_is_named_by_the_records(house: House, centre: Centre) -> None:
    """The operator moves a number properly, with keys and all; only the signed record contradicts."""
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    one, two = centre.worker_id(person(1)), centre.worker_id(person(2))
    own, index = people_tables.identifier, people_tables.blind_index
    number = sa.and_(own.c.worker_id == one, own.c.kind == "resident-id")
    with house.db.read() as conn, house.db.read_raw() as cursor:
        row = conn.execute(sa.select(own).where(number)).one()
        taker = house.people.load(cursor, two)
    moved = house.people.identifier_row(
        taker, row.identifier_id, row.kind, person(1)["number"], "verified", row.source
    )

    def move(turn: Any) -> None:
        with erasing(turn.conn):
            turn.conn.execute(own.delete().where(number))
            turn.conn.execute(
                index.update().where(index.c.identifier_id == row.identifier_id).values(worker_id=two)
            )
        house.db.bulk(turn.conn, own, [moved])

    house.db.write(move)
    found = finding(house)
    assert found.where.startswith("blind_index")
    assert "another worker" in found.what_en


# -- outside --


def test_an_outside_checkpoint_of_another_log_is_named(house: House) -> None:
    anchor.keep(house)
    house.settings.anchor_path.write_text("nonsense", "utf-8")
    assert "kept outside" in finding(house).where


def test_a_stage_that_failed_leaves_no_cursor_open(house: House, centre: Centre) -> None:
    """Rows are streamed; a finding in mid-stream closes what streams."""
    centre.enter(*(centre.completion(person(n)) for n in range(5)))
    remove(house, people_tables.worker_key, centre.worker_id(person(3)))
    for _ in range(40):  # more than the pool holds
        assert "worker_key" in finding(house).where


# -- the command --


@pytest.fixture
def run(house: House, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings = house.settings
    for name in ("environment", "data_dir", "log_origin", "audience", "region", "issuer_url", "public_url"):
        monkeypatch.setenv(f"RECORDSVC_{name.upper()}", str(getattr(settings, name)))

    def invoke(*arguments: str) -> Result:
        return CliRunner().invoke(log_command, list(arguments))

    return invoke


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_command_names_a_row_changed_with_sqlite3(house: House, centre: Centre, run: Any) -> None:
    centre.enter(centre.completion(person(1)))
    assert run("fsck").exit_code == 0
    path: str = house.db.url.database
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DROP TRIGGER entry_no_update")
        connection.execute("UPDATE entry SET leaf = 'x' || substr(leaf, 2)")

    result = run("fsck")

    assert result.exit_code == 1
    assert "WRONG  entry" in result.output
    assert "column leaf" in result.output


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_the_command_says_when_it_could_not_run(
    house: House, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with contextlib.closing(sqlite3.connect(house.db.url.database)) as connection, connection:
        connection.execute("DROP TABLE place")
    assert run("fsck").exit_code == 2
    monkeypatch.setenv("RECORDSVC_DATA_DIR", str(tmp_path / "nowhere"))
    result = run("fsck")
    assert result.exit_code == 2
    assert "could not run" in result.output


@pytest.mark.parametrize("dialect", ["sqlite"], indirect=True)
def test_checkpoint_and_key_are_printed(house: House, run: Any) -> None:
    vkey = run("key").output.strip()
    assert NoteKey.parse(vkey) == anchor.log_key(house)
    with house.db.read() as conn:
        assert run("checkpoint").output == house.log.newest(conn).note


def test_a_value_of_the_wrong_type_is_named(house: House) -> None:
    if house.db.dialect != "sqlite":
        pytest.skip("PostgreSQL keeps types")
    with contextlib.closing(sqlite3.connect(house.db.url.database)) as connection, connection:
        connection.execute("DROP TRIGGER log_checkpoint_no_update")
        connection.execute("UPDATE log_checkpoint SET root = 12 WHERE size = 1")
    found = finding(house)
    assert found.where == f"{log_tables.checkpoint.name} size=1 column root"
    assert "type or length" in found.what_en


_EVERY_TABLE = """
from recordsvc.fsck import fsck
from recordsvc.ground import bound

class Opened(Exception):
    pass

class Nowhere:
    @property
    def db(self):
        raise Opened

try:
    fsck(Nowhere())
except Opened:
    print(*sorted(table.name for table in bound.tables()))
"""


def test_a_process_that_used_no_other_room_knows_every_bound_table() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _EVERY_TABLE], capture_output=True, text=True, check=True, cwd=ROOT
    )
    schema.load_tables()
    assert told.stdout.split() == sorted(table.name for table in bound.tables())
