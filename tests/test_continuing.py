"""The database is lost, the newest backup older than what was given out: the log goes on under another name.

backup → more records → erasures → database destroyed → restore → two officials → open. Nothing that was
erased is readable again, everything that was given out stays true, and posting goes on.
"""

import dataclasses
import functools
import hashlib
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from recordsvc import anchor, backup, continuing, create_app, erasures, fsck, genesis, restrictions, starting
from recordsvc.access import officials
from recordsvc.access.grants import Kind
from recordsvc.access.services import open_access
from recordsvc.access.sessions import Entering, Method
from recordsvc.access.tables import session
from recordsvc.anchor import DatabaseBehind
from recordsvc.archive import bundle, erasing, lost_erasures, persons
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.declare import declare
from recordsvc.archive.errors import ArchiveRestricted, RecordErased
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.statements import Stater
from recordsvc.archive.states import Life
from recordsvc.archive.verify import verify_bundle
from recordsvc.cli import main
from recordsvc.ground import follower, two_person
from recordsvc.ground.database import Database
from recordsvc.ground.problems import FormRefused
from recordsvc.house import House, open_house
from recordsvc.settings import Settings
from recordsvc.translog import tables as log_tables
from recordsvc.translog.continuations import listed
from recordsvc.witnesses import Witnesses
from tests.archive.paperfiles import png
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, id_of, person, told
from tests.archive.support import receipts as receipts_of
from tests.archive.test_erasing import OFFICER, UNLAWFUL, decide_erasure, files_of, restrict, secrets_of
from tests.archive.test_importing import loaded, old_row, papers, written
from tests.archive.test_merging import decided
from tests.faults.owner import owning
from tests.postgresql import installed_programs
from tests.test_backup import elsewhere
from tests.witness.process import WitnessProcess
from witness.__main__ import add_log, init

__all__ = ["elsewhere"]
NEW = "log-2.example.test/records"
STATER = Stater("worker:self", "worker", "page")
WHY = "数据库所在磁盘损坏，最新备份早于丢失的条目"


@dataclasses.dataclass
class Past:
    """What was given out before the disaster."""

    erased: bytes
    kept: bytes
    gone: bytes
    """The record of `kept` that was erased after the backup."""
    first: str
    """A receipt of before the backup, and one of after it."""
    late: str
    secrets: list[bytes]
    proven: bytes
    size: int
    """Entries in the backup."""
    paper: Path
    lost: bytes
    unknown: list[bytes]
    """Entered and erased after the backup: of `kept`, of `erased`, of somebody who came after it."""
    words: dict[str, Any]
    """A statement of `kept` that was made and erased after the backup."""
    centre: Centre
    folder: Path


@pytest.fixture
def past(house: House, dialect: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Past:
    """A service with a backup, and a day of work behind it."""
    if dialect == "postgresql":
        monkeypatch.setenv("PATH", str(installed_programs()), prepend=os.pathsep)
    centre = Centre(house, 1)
    gone = centre.completion(person(2))
    answer = centre.send([centre.completion(person(1)), gone, of_class(centre, 2, "C2")])
    erased, kept = centre.worker_id(person(1)), centre.worker_id(person(2))
    house.papers.keep(erased, png(), "commitment-letter", "承诺书", OFFICER)
    (paper,) = [one for one in house.settings.objects_dir.rglob("*") if one.is_file()]
    # What waits: for who is erased, and to tell again what is erased of `kept`.
    centre.send([centre.completion({**person(n), "name": "丁不同"}) for n in (1, 2)])
    loaded(house, papers(house, written(tmp_path / "old.csv", [old_row(1), old_row(3)])))
    proven = bundle.make(house, kept)
    secrets = secrets_of(house, erased)
    folder = backup.make(house, tmp_path / "out")
    size = backup.read(folder)["size"]

    house.clock.advance(3_600_000)
    lost = of_class(centre, 2, "C7")
    late = centre.send([lost, centre.completion(person(4))])
    unknown = [of_class(centre, 2, "C3"), *(centre.completion(person(n)) for n in (1, 6))]
    assert told(centre.send(unknown)) == ["accepted"] * 3
    words = {"channel": "window", "matter": "work", "text": "在工地干过三年", "title": "工作经历"}
    said, _idx = declare(house, kept, words, STATER)
    for worker_id in (erased, centre.worker_id(person(6))):
        restrict(house, worker_id)
        decide_erasure(house, worker_id)
    for record_id in (uuid.UUID(id_of(gone)).bytes, uuid.UUID(id_of(unknown[0])).bytes, said):
        seal(house, kept, record_id)
        decided(
            house,
            functools.partial(
                erasing.propose_record_erasure,
                house=house,
                worker_id=kept,
                record_id=record_id,
                why=UNLAWFUL,
                by="official:first",
            ),
        )
    assert erasures.keep(house) == 5
    anchor.keep(house)
    assert proven is not None
    first, last = receipts_of(answer)[1], receipts_of(late)[0]
    return Past(
        *(erased, kept, gone, first, last, secrets, proven, size, paper, lost, unknown, words, centre, folder)
    )


@pytest.fixture
def restored(house: House, past: Past, elsewhere: Settings) -> Iterator[House]:
    """The backup on another machine, with the keys, the checkpoint kept outside and the erasure journal."""
    for mine, theirs in (
        (house.settings.anchor_path, elsewhere.anchor_path),
        (house.settings.erasure_journal_path, elsewhere.erasure_journal_path),
        (house.settings.restriction_journal_path, elsewhere.restriction_journal_path),
    ):
        theirs.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if mine.exists():
            shutil.copy(mine, theirs)
    manifest = backup.restore(elsewhere, past.folder)
    opened = open_house(elsewhere, house.clock, house.random)
    backup.compare(opened, manifest)
    yield opened
    opened.close()


def propose(house: House, origin: str = NEW, text: str = WHY) -> bytes:
    found = continuing.seen(house)
    return house.db.write(lambda turn: continuing.propose(turn, house, origin, text, found, "official:first"))


def go_on(house: House, proposal: bytes, origin: str = NEW) -> House:
    """Decide as the second official, and open the service under the new name."""
    settings = dataclasses.replace(house.settings, log_origin=origin)
    deciding = open_house(settings, house.clock, house.random)
    try:
        deciding.db.write(
            lambda turn: two_person.decide(
                turn, proposal, "official:second", True, "属实", role="data-officer", tools=deciding
            )
        )
    finally:
        deciding.close()
    opened = open_house(settings, house.clock, house.random)
    if opened.db.dialect == "postgresql":
        owner = Database(settings.owner_database)
        list(erasures.rewrite(opened, owner))
        owner.close()
    continuing.finish(opened)
    return opened


@pytest.fixture
def new(restored: House) -> Iterator[House]:
    """The service that goes on."""
    opened = go_on(restored, propose(restored))
    yield opened
    opened.close()


def _files(house: House, request: pytest.FixtureRequest) -> list[Path]:
    """The files of this one database: on the same server the lost one lies beside it."""
    if house.db.dialect == "sqlite":
        return files_of(house, None)
    server = request.getfixturevalue("postgresql")
    server.execute("CHECKPOINT")
    with house.db.read() as conn:
        own = conn.exec_driver_sql("SELECT oid FROM pg_database WHERE datname = current_database()").scalar()
    return [one for one in (Path(server.folder) / "data" / "base" / str(own)).rglob("*") if one.is_file()]


# -- before


def test_an_older_copy_does_not_open_and_says_why(restored: House) -> None:
    with pytest.raises(DatabaseBehind):
        starting.check(restored)
    with pytest.raises(erasures.ErasureUndone, match="recordsvc continuation"):
        erasures.check(restored)
    with pytest.raises(erasures.ErasureUndone, match="older than 2 erasures"):
        erasures.replay(restored)
    assert fsck.fsck(restored).finding is not None


def test_a_database_that_lost_nothing_is_not_continued(house: House, past: Past) -> None:
    with pytest.raises(continuing.NotBehind):
        propose(house)


@pytest.mark.parametrize(
    ("origin", "text", "pointer"),
    [
        ("log.example.test/records", WHY, "/origin"),
        ("", WHY, "/origin"),
        ("a b", WHY, "/origin"),
        (NEW, "", "/text"),
        (NEW, "两\n行", "/text"),
    ],
)
def test_name_and_words_are_judged(restored: House, origin: str, text: str, pointer: str) -> None:
    with pytest.raises(FormRefused) as refused:
        propose(restored, origin, text)
    assert [one["pointer"] for one in refused.value.errors] == [pointer]


def test_no_running_service_can_decide_it(restored: House, past: Past) -> None:
    proposal = propose(restored)
    with pytest.raises(two_person.StaleProposal):
        restored.db.write(
            lambda turn: two_person.decide(turn, proposal, "official:second", True, "属实", tools=restored)
        )
    with restored.db.read() as conn:
        assert restored.log.newest(conn).size == past.size


# -- after


def test_it_opens_and_what_was_erased_is_nowhere_readable(
    new: House, past: Past, request: pytest.FixtureRequest
) -> None:
    starting.check(new)
    assert fsck.fsck(new).finding is None
    assert persons.read(new, past.erased, sealed=True) is None
    assert new.people.find("resident-id", person(1)["number"]) is None
    archive = persons.read(new, past.kept).own
    assert [one.life for one in archive.state.records] == [Life.ERASED, Life.ACTIVE]
    files = _files(new, request)
    assert files
    left = [path.name for path in files for one in past.secrets if one[:24] in path.read_bytes()]
    assert left == []
    new.clock.advance(30 * 86_400_000)
    new.papers.sweep()
    assert not list(new.settings.objects_dir.rglob(past.paper.name))


def test_what_was_restricted_after_the_backup_is_restricted_when_it_opens(
    house: House, past: Past, request: pytest.FixtureRequest
) -> None:
    """An archive, and one record of it; what was lifted again before the loss is not in the journal's end."""
    centre, kept = past.centre, past.kept
    own = persons.read(house, kept).own
    one = next(it.seq for it in own.state.records if it.life is Life.ACTIVE)
    record_id = own.entries[one].stored.record_id
    worker = centre.worker_id(person(4))  # came after the backup: nobody of the copy
    restrict(house, worker)
    seal(house, kept, record_id)
    lift(house, kept, record_id)
    restrictions.journal(house).run()
    journalled = {(it.worker_id, it.seq) for it in restrictions.standing(house)}
    assert ((worker, -1) in journalled, (kept, one) in journalled) == (True, False)
    seal(house, kept, record_id)
    house.db.write(lambda turn: turn.conn.execute(sa.delete(follower.follower)))
    restrict(house, kept)
    restrictions.journal(house).run()
    again = {(it.worker_id, it.seq) for it in restrictions.standing(house)}
    assert again == journalled | {(kept, one), (kept, -1)}, "written twice, it is one"
    anchor.keep(house)

    copy = request.getfixturevalue("restored")
    opened = go_on(copy, propose(copy))
    try:
        with pytest.raises(ArchiveRestricted):
            persons.read(opened, kept)
        archive = persons.read(opened, kept, sealed=True).own
        (state,) = [it for it in archive.state.records if it.life is Life.RESTRICTED]
        assert state.seq == one
        said = [
            it.record["body"] for it in archive.entries if it.record and it.record["type"] == "restriction"
        ]
        assert [(it["ground"], "restricts" in it) for it in said] == [("replayed", True), ("replayed", False)]
        assert fsck.fsck(opened).finding is None
        starting.check(opened)
    finally:
        opened.close()


def test_what_waited_for_what_is_erased_again_goes_too(new: House) -> None:
    """Held records and rows of an import wait again in the copy; another's row stays."""
    held, row = archive_tables.held.c, archive_tables.import_row.c
    with new.db.read() as conn:
        left = conn.execute(sa.select(held.state, held.sealed)).all()
        rows = conn.execute(sa.select(row.state, row.code, row.sealed).order_by(row.row)).all()
    assert [tuple(one) for one in left] == [("returned", None)] * 2
    assert [(one.state, one.code, one.sealed is None) for one in rows] == [
        ("refused", "needs-officials", True),
        ("ready", None, False),
    ]


def test_what_was_given_out_stays_true(new: House, past: Past) -> None:
    """Receipts and bundles of before verify, and what was lost is named as lost, not as fraud."""
    with new.db.read() as conn:
        first = compare(new.log, new.log.every_key(), conn, past.first.encode())
        late = compare(new.log, new.log.every_key(), conn, past.late.encode())
    assert (first.verdict, late.verdict) == (Verdict.CONTINUED, Verdict.LOST)
    assert "重新报送" in late.told[0]
    old = new.log.verifier_keys("log.example.test/records")
    assert verify_bundle(past.proven, old).outcome.name == "PROVEN"
    made = bundle.make(new, past.kept)
    assert made is not None
    assert orjson.loads(made)["origin"] == NEW
    assert verify_bundle(made, [anchor.log_key(new)]).outcome.name == "PROVEN"
    assert verify_bundle(made, old).outcome.name != "PROVEN", "the former log signs no more"


def of_class(centre: Centre, number: int, code: str) -> bytes:
    """A record of a class of its own: of the one that was erased, no other record is entered."""
    return centre.completion(person(number), **{"class": {"code": code}})


def test_posting_goes_on_and_what_was_lost_is_sent_again(new: House, past: Past) -> None:
    centre = past.centre
    centre.house = new
    answer = centre.send([past.lost, past.gone, centre.completion(person(4)), of_class(centre, 1, "C8")])
    assert told(answer) == ["accepted", "erased", "accepted", "accepted"]
    assert answer.rows[0].outcome.index > past.size
    with new.db.read() as conn:
        for receipt in receipts_of(answer):
            assert compare(new.log, anchor.log_keys(new), conn, receipt.encode()).verdict is Verdict.CONTINUED
    assert centre.worker_id(person(1)) != past.erased
    # The place of the record erased after the backup, in the chain of before, is another record's now.
    assert erasures.read(new)
    starting.check(new)
    assert anchor.keep(new)
    assert fsck.fsck(new).finding is None


def test_what_was_entered_and_erased_after_the_backup_is_not_entered_anew(new: House, past: Past) -> None:
    """Of whom the copy knows, of whom it erased again, of whom it never heard; other content, too."""
    centre = past.centre
    centre.house = new
    assert told(centre.send(past.unknown)) == ["erased"] * 3
    for number in (person(1)["number"], person(6)["number"]):
        assert new.people.find("resident-id", number) is None
    changed = centre.completion(person(6), record_id=id_of(past.unknown[2]))
    asked = [centre.completion(person(2)), of_class(centre, 2, "C9")]
    # The class of an erased record waits for officials under another id, as it did before the loss.
    assert told(centre.send([changed, *asked])) == ["erased", "retold-erased", "accepted"]
    with pytest.raises(RecordErased):
        declare(new, past.kept, past.words, STATER)
    assert declare(new, past.kept, past.words | {"text": "别的"}, STATER)
    with new.db.read() as conn:
        (said,) = listed(conn)
        marks = [bytes(one) for one in conn.scalars(sa.select(archive_tables.lost_erasure.c.mark))]
    assert orjson.loads(said.text)["erased_since"] == lost_erasures.stated(marks)
    assert fsck.fsck(new).finding is None
    # A later disaster, from the same old copy or a newer one: the journal still has them.
    assert {one for line in erasures.read(new) for one in line.records} >= set(marks)


def test_the_journal_confirms_no_record(house: House, past: Past) -> None:
    """Whoever has the journal, and every record that there ever was, learns nothing of which were erased."""
    text = house.settings.erasure_journal_path.read_text()
    for record in (past.gone, *past.unknown):
        key = dedupe_key(past.centre.uscc, id_of(record))
        tries = (key, key[8:], record, record[:16], hashlib.sha256(record).digest())
        tries += tuple(hashlib.sha256(label + key).digest()[:16] for label in (b"", b"erased/v1"))
        assert [one for one in tries if one.hex() in text] == []
        assert id_of(record) not in text
    assert person(6)["number"] not in text


def test_the_statement_says_what_was_lost_and_who_decided(new: House, past: Past, house: House) -> None:
    with new.db.read() as conn, house.db.read() as before:
        (said,) = listed(conn)
        largest = house.log.newest(before).size
        entry = conn.execute(
            sa.select(log_tables.entry.c.data).where(log_tables.entry.c.idx == past.size)
        ).scalar_one()
    told_ = orjson.loads(said.text)
    assert bytes(entry)[:2] == b"\x04\x06"
    assert (told_["kept"], told_["continues"], told_["origin"]) == (past.size, house.log.origin, NEW)
    assert {one["where"] for one in told_["seen"]} == {"checkpoint kept outside", "erasure journal"}
    assert max(one["size"] for one in told_["seen"]) == largest == said.seen
    assert (told_["decision"]["proposed_by"], told_["decision"]["decided_by"]) == (
        "official:first",
        "official:second",
    )
    answer = (
        create_app(new.settings, new).test_client().get("/log/continuations", base_url="http://localhost")
    )
    assert answer.text == said.text + "\n"


def test_settings_with_the_former_name_do_not_open_it(new: House) -> None:
    former = dataclasses.replace(new.settings, log_origin="log.example.test/records")
    opened = open_house(former, new.clock)
    try:
        with pytest.raises(genesis.NotThisInstallation, match=NEW):
            starting.check(opened)
        assert fsck.fsck(opened).finding is not None
    finally:
        opened.close()


def test_a_crash_before_the_new_checkpoint_is_kept_outside_does_not_lock_it(
    restored: House, house: House
) -> None:
    """The kept one is of the former name, and no larger than the statement says: it is replaced."""
    opened = go_on(restored, propose(restored))
    try:
        shutil.copy(house.settings.anchor_path, opened.settings.anchor_path)
        starting.check(opened)
        assert anchor.keep(opened)
        assert anchor.read(opened).checkpoint.origin == NEW
        # A larger one was seen by nobody who decided: it is not passed over.
        Centre(house, 7)
        anchor.keep(house)
        shutil.copy(house.settings.anchor_path, opened.settings.anchor_path)
        with pytest.raises(anchor.AnchorForeign):
            starting.check(opened)
    finally:
        opened.close()


def test_a_proposal_is_stale_once_anything_was_entered(restored: House) -> None:
    proposal = propose(restored)
    Centre(restored, 17)
    with pytest.raises(two_person.StaleProposal):
        go_on(restored, proposal)


def test_a_second_continuation_names_the_first(new: House, past: Past) -> None:
    """The next disaster: the anchor of the second log is larger than its restored copy, too."""
    anchor_path = new.settings.anchor_path
    note = anchor_path.read_text()
    with new.db.read() as conn:
        size = new.log.newest(conn).size
    third = go_on(new, _forced(new), "log-3.example.test/records")
    try:
        assert anchor_path.read_text() != note
        assert [one.name for one in third.log.former] == ["log.example.test/records", NEW]
        assert third.log.begun == size
        starting.check(third)
        assert fsck.fsck(third).finding is None
    finally:
        third.close()


def _forced(house: House) -> bytes:
    found = [continuing.Seen("witness w", 10_000)]
    return house.db.write(
        lambda turn: continuing.propose(
            turn, house, "log-3.example.test/records", WHY, found, "official:first"
        )
    )


def test_a_witness_tells_of_the_loss_and_follows_the_new_name(
    house: House, past: Past, elsewhere: Settings, tmp_path: Path
) -> None:
    """The checkpoint kept outside was lost, too: the witness alone knows how large the log was."""
    store = tmp_path / "witness"
    vkey = init(store, "witness.example/w1").vkey
    add_log(store, house.log.live_keys()[0].vkey(), None)
    process = WitnessProcess(store).start()
    watched = {"witness_urls": (process.url,), "witness_keys": (vkey,)}
    try:
        assert Witnesses(dataclasses.replace(house, settings=_with(house.settings, watched))).cosign() == 1
        with house.db.read() as conn:
            size = house.log.newest(conn).size
        backup.restore(_with(elsewhere, watched), past.folder)
        restored = open_house(_with(elsewhere, watched), house.clock, house.random)
        with pytest.raises(DatabaseBehind, match="the witness"):
            starting.check(restored)
        assert [(one.where, one.size) for one in continuing.seen(restored)] == [
            ("witness witness.example/w1", size)
        ]
        opened = go_on(restored, propose(restored))
        restored.close()
        starting.check(opened)  # the witness does not know the new name, and has not forgotten it either
        add_log(store, opened.log.live_keys()[0].vkey(), None)
        assert Witnesses(opened).cosign() == 1
        starting.check(opened)
        assert fsck.fsck(opened).finding is None
        made = bundle.make(opened, past.kept)
        opened.close()
        report = verify_bundle(made, [anchor.log_key(opened)], [vkey], 1)
        assert report.outcome.name == "PROVEN", report.text()
    finally:
        process.kill()


def _with(settings: Settings, changes: dict[str, Any]) -> Settings:
    return dataclasses.replace(settings, **changes)


def test_everybody_is_signed_out(restored: House, past: Past) -> None:
    """A session that was ended since the backup must not be good again."""
    entering = Entering(Kind.WORKER, str(uuid.UUID(bytes=past.kept)), Method.PIN)
    sessions = open_access(restored).sessions
    restored.db.write(lambda turn: sessions.begin(turn, entering))
    count = sa.select(sa.func.count()).select_from(session)
    with restored.db.read() as conn:
        assert conn.execute(count).scalar() == 1
    opened = go_on(restored, propose(restored))
    with opened.db.read() as conn:
        left = conn.execute(count).scalar()
    opened.close()
    assert left == 0


@pytest.mark.parametrize(
    "column", ["size", "before", "origin", "text", "row", "mark", "mark.size", "mark.row", "mark.more"]
)
def test_a_changed_statement_is_found(
    new: House, past: Past, column: str, dialect: str, request: pytest.FixtureRequest
) -> None:
    own = log_tables.continuation
    values = {"size": past.size + 1, "before": "x", "origin": "y", "text": "{}"}
    marks = archive_tables.lost_erasure
    with new.db.read() as conn:
        one = marks.c.mark == conn.execute(sa.select(marks.c.mark).limit(1)).scalar_one()
    change: Any = {
        "row": sa.delete(own),
        "mark": marks.update().where(one).values(mark=bytes(16)),
        "mark.size": marks.update().where(one).values(size=past.size + 1),
        "mark.row": marks.delete().where(one),
        "mark.more": marks.insert().values(mark=bytes(16), size=past.size + 1),
    }.get(column)
    if change is None:
        change = own.update().values({column: values[column]})
    address = new.settings.database
    if dialect == "postgresql":
        address = request.getfixturevalue("postgresql").url(sa.make_url(address).database)
    almighty = Database(address, pool_size=1)
    with owning(almighty, keep=True) as conn:
        conn.execute(change)
    almighty.close()
    again = open_house(new.settings, new.clock)
    try:
        finding = fsck.fsck(again, offline=True).finding
    finally:
        again.close()
    assert finding is not None


# -- the command


def test_the_commands(restored: House, past: Past, monkeypatch: pytest.MonkeyPatch) -> None:
    def act(turn: Any) -> None:
        for name, role in (("anna", "registrar"), ("bela", "data-officer"), ("cora", "handler")):
            officials.add(turn, name, f"工作人员{name}")
            officials.grant(turn, name, role, "64", by="system:test")

    restored.db.write(act)
    settings = restored.settings
    monkeypatch.setattr("recordsvc.serving.load_settings", lambda: settings)
    monkeypatch.setattr("recordsvc.settings.Settings.load", lambda *_a, **_k: settings)
    run = CliRunner()

    def code(name: str) -> str:
        return run.invoke(main, ["official", "code", name]).output

    asked = ["continuation", "propose", "--origin", NEW, "--text", WHY, "--official"]
    refused = run.invoke(main, [*asked, "cora"], input=code("cora"))
    assert (refused.exit_code, "没有办理此事的岗位" in refused.output) == (1, True), refused.output
    made = run.invoke(main, [*asked, "anna"], input=code("anna"))
    assert made.exit_code == 0, made.output
    proposal = made.output.split()[-1]
    decide = ["continuation", "decide", proposal, "--reason", "属实", "--official"]
    own = run.invoke(main, [*decide, "anna"], input=code("anna"))
    assert own.exit_code == 1, own.output
    done = run.invoke(main, [*decide, "bela"], input=code("bela"))
    assert done.exit_code == 0, done.output
    assert f'log_origin = "{NEW}"' in done.output
    assert f"{NEW}+" in done.output
    settings = dataclasses.replace(settings, log_origin=NEW)
    checked = run.invoke(main, ["log", "fsck", "--offline", "--quiet"])
    assert (checked.exit_code, "一切相符" in checked.output) == (0, True), checked.output
    shown = run.invoke(main, ["continuation", "show"])
    assert orjson.loads(shown.output)["kept"] == past.size
    keys = run.invoke(main, ["log", "key"])
    assert [line.partition("+")[0] for line in keys.output.splitlines()] == [NEW, "log.example.test/records"]
