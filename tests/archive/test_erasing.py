"""Restrict, then erase: who may still read, what stands against it, and that nothing is left to be read."""

import dataclasses
import datetime as dt
import hashlib
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import anchor, erasures, fsck, schema, starting
from recordsvc.access import activating, areas, consents, credentials, names, proving
from recordsvc.access.consents import Wanted
from recordsvc.access.credential_tables import activation
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.tables import consent, consent_link
from recordsvc.archive import (
    bound_statements,
    bundle,
    closing,
    erasing,
    feed,
    noticeboard,
    persons,
    receipts,
    tables,
)
from recordsvc.archive.announcing import announcer
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.erasing import Why
from recordsvc.archive.errors import ArchiveRestricted, ErasureBlocked, RecordErased
from recordsvc.archive.retention import Blocker
from recordsvc.archive.states import Life
from recordsvc.archive.verify import verify_bundle
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.ground.privileges import Kind as TableKind
from recordsvc.ground.privileges import kind_of
from recordsvc.ground.problems import NotFound
from recordsvc.house import House
from recordsvc.people import contacts, standing, synthetic
from recordsvc.people import tables as people_tables
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from tests.archive.paperfiles import png
from tests.archive.restricted import seal
from tests.archive.support import Centre, id_of, person, told
from tests.archive.support import receipts as receipts_of
from tests.archive.test_merging import decided, merge

OFFICER = Actor(Kind.OFFICIAL, "li", roles=frozenset({"data-officer"}))
DIED = closing.Death("death-certificate", "2025-01-02", "死亡证明", ["ab" * 32])
UNLAWFUL = Why("unlawful", "个人信息保护法第四十七条")
ENDED = Why("retention-ended", "保存期满")


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def worker(centre: Centre) -> bytes:
    """A worker with two records."""
    centre.enter(centre.completion(person(1)), centre.completion(person(1)))
    return centre.worker_id(person(1))


def restrict(house: House, worker_id: bytes) -> None:
    erasing.restrict(house, worker_id, "erasure-requested", "本人申请删除", OFFICER)


def propose(house: House, worker_id: bytes, why: Why = UNLAWFUL) -> Any:
    return lambda turn: erasing.propose_erasure(turn, house, worker_id, why, "official:first")


def decide_erasure(house: House, worker_id: bytes, why: Why = UNLAWFUL) -> None:
    proposal = house.db.write(propose(house, worker_id, why))
    house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:second", approve=True, reason="符合", role="data-officer", tools=house
        )
    )


# -- restricting


def test_a_restricted_archive_is_not_read_by_anybody(house: House, worker: bytes) -> None:
    restrict(house, worker)

    for reading in (
        lambda: persons.read(house, worker),
        lambda: bundle.make(house, worker),
    ):
        with pytest.raises(ArchiveRestricted):
            reading()
    items, _position = feed.entries(house, -1, 100)
    assert [(one["restricted"], one["erased"], one["record"]) for one in items] == [(True, False, None)] * 3
    assert fsck.fsck(house).finding is None


def test_what_arrives_for_a_restricted_archive_waits(house: House, centre: Centre, worker: bytes) -> None:
    first = centre.completion(person(1))
    centre.enter(first)
    restrict(house, worker)

    new, act = centre.completion(person(1)), centre.correction(person(1), first, score="99.0")
    assert told(centre.send([new])) == ["worker-restricted"]
    assert told(centre.send([act])) == ["worker-restricted"]


def test_a_restriction_is_lifted_by_two(house: House, worker: bytes) -> None:
    restrict(house, worker)
    with pytest.raises(standing.StandingRefused):
        restrict(house, worker)
    proposal = house.db.write(
        lambda turn: erasing.propose_lift(turn, worker, "request-withdrawn", "本人撤回", "official:first")
    )
    with pytest.raises(two_person.SamePerson):
        house.db.write(
            lambda turn: two_person.decide(turn, proposal, "official:first", True, "同意", tools=house)
        )
    house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:second", True, "同意", role="data-officer", tools=house
        )
    )
    assert persons.read(house, worker) is not None
    restrict(house, worker)  # again, as another act
    assert fsck.fsck(house).finding is None


# -- what stands against it


def test_an_archive_is_restricted_before_it_is_erased(house: House, worker: bytes) -> None:
    with pytest.raises(standing.StandingRefused):
        house.db.write(propose(house, worker))


def test_the_archive_of_one_who_died_is_restricted_first_too(house: House, worker: bytes) -> None:
    decided(house, lambda turn: closing.propose_closure(turn, house, worker, DIED, "official:first"))
    with pytest.raises(standing.StandingRefused):
        house.db.write(propose(house, worker))
    restrict(house, worker)
    with house.db.read() as conn:
        told = [one.kind for one in noticeboard.of_workers(house, conn, [worker])]
    assert "archive-restricted" not in told, "nobody is left to be told"
    assert fsck.fsck(house).finding is None
    decide_erasure(house, worker)
    assert persons.read(house, worker, sealed=True) is None
    assert fsck.fsck(house).finding is None


def test_lifted_the_archive_of_one_who_died_is_closed_again(
    house: House, centre: Centre, worker: bytes
) -> None:
    decided(house, lambda turn: closing.propose_closure(turn, house, worker, DIED, "official:first"))
    restrict(house, worker)
    lift = ("request-withdrawn", "撤回申请", "official:first")
    decided(house, lambda turn: erasing.propose_lift(turn, worker, *lift))
    assert told(centre.send([centre.completion(person(1))])) == ["worker-closed"]
    assert fsck.fsck(house).finding is None
    decided(house, lambda turn: closing.propose_reopening(turn, worker, "误关", "official:first"))
    restrict(house, worker)
    decided(house, lambda turn: erasing.propose_lift(turn, worker, *lift))
    centre.enter(centre.completion(person(1)))
    assert fsck.fsck(house).finding is None


def test_retention_is_named_and_keeps_the_archive(house: House, worker: bytes, clock: FixedClock) -> None:
    restrict(house, worker)
    with pytest.raises(ErasureBlocked) as blocked:
        house.db.write(propose(house, worker, ENDED))
    (rule,) = blocked.value.to_dict()["errors"]
    ended = beijing_date(clock.now_ms()) - dt.timedelta(days=10)
    assert (rule["code"], rule["until"]) == (
        "retention/training-completion",
        ended.replace(year=ended.year + 10).isoformat(),
    )
    for words in (rule["detail"], rule["detail_en"]):
        assert rule["code"] in words
        assert rule["until"] in words
    assert persons.read(house, worker, sealed=True) is not None


def test_open_money_keeps_the_archive(house: House, worker: bytes) -> None:
    claim = Blocker("claim/open", None, "有未结的补贴申请", "a claim is open")
    house.erasure_blockers.append(lambda _house, _conn, one: [claim] if one == worker else [])
    restrict(house, worker)
    with pytest.raises(ErasureBlocked) as blocked:
        house.db.write(propose(house, worker))
    assert [one["code"] for one in blocked.value.to_dict()["errors"]] == ["claim/open"]


def test_what_blocks_is_judged_again_at_the_decision(house: House, worker: bytes) -> None:
    restrict(house, worker)
    proposal = house.db.write(propose(house, worker))
    house.erasure_blockers.append(lambda *_: [Blocker("claim/open", None, "有未结申请", "open")])
    with pytest.raises(ErasureBlocked):
        house.db.write(
            lambda turn: two_person.decide(turn, proposal, "official:second", True, "同意", tools=house)
        )
    assert persons.read(house, worker, sealed=True) is not None


# -- erasing


def test_an_erased_person_is_gone_and_all_earlier_proofs_still_verify(
    house: House, centre: Centre, worker: bytes
) -> None:
    (receipt,) = receipts_of(centre.send([centre.completion(person(1))]))
    proven = bundle.make(house, worker)
    assert proven is not None
    restrict(house, worker)
    decide_erasure(house, worker)

    assert persons.read(house, worker) is None
    assert house.people.find("resident-id", person(1)["number"]) is None
    with house.db.read() as conn:
        verdict = compare(house.log, anchor.log_key(house), conn, receipt.encode()).verdict
    assert verdict is Verdict.CONTINUED
    assert verify_bundle(proven, [anchor.log_key(house)]).outcome.name == "PROVEN"
    assert fsck.fsck(house).finding is None


def test_no_table_keeps_anything_erasable_of_an_erased_person(
    house: House, centre: Centre, worker: bytes
) -> None:
    """Whatever a room registers as erasable goes with the worker; so do notices and the phone."""
    card = synthetic.card_number(1)
    facts = [
        CardFact(
            *(person(1)[one] for one in ("document", "number", "name")),
            card,
            "extract:2025-10-01",
            events=(("issued", "2020-01-02", ""),),
        )
    ]
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts))
    house.db.write(lambda turn: contacts.set_phone(turn, house.people, worker, "13800000000", "self"))
    house.papers.keep(worker, png(), "commitment-letter", "承诺书", OFFICER)
    announcer(house).run()
    own = credentials.worker(worker)
    way = credentials.Credential(b"\x01" * 16, "pin", b"kept", "", 0)

    def sign_in(turn) -> None:
        credentials.add(turn, own, way)
        proving.sheet(house, turn, own, way.credential_id)
        names.given(turn, house, worker)
        activating.make(turn, house, own, "official:test")
        credentials.device_seen(turn, worker, "iPhone")

    house.db.write(sign_in)
    before = {name for name, rows in _rows_of(house, worker).items() if rows}
    restrict(house, worker)
    decide_erasure(house, worker)

    gone = {"worker_key", "identifier", "card", "card_event", "paper", "contact", "notice"}
    ways_in = {"worker_credential", "worker_code", "worker_account", "account_name", "worker_device"}
    assert gone | ways_in <= before
    left = {name for name, rows in _rows_of(house, worker).items() if rows}
    assert left == {"worker", "erasure"}
    with house.db.read() as conn:
        assert conn.execute(activation.select()).all() == []
    with pytest.raises(NotFound):
        house.papers.of(worker)


def _rows_of(house: House, worker: bytes) -> dict[str, int]:
    """Return how many rows of each table that may change or go name the worker."""
    with house.db.read() as conn:
        return {
            table.name: int(
                conn.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.worker_id == worker))
                or 0
            )
            for table in schema.load_tables().sorted_tables
            if "worker_id" in table.c and kind_of(table) in (TableKind.ERASABLE, TableKind.STATE)
        }


def test_papers_of_a_restricted_archive_are_shown_to_nobody(house: House, worker: bytes) -> None:
    house.papers.keep(worker, png(), "commitment-letter", "承诺书", OFFICER)
    restrict(house, worker)

    with pytest.raises(ArchiveRestricted):
        house.papers.of(worker)


def test_the_same_record_again_is_told_that_it_was_erased(
    house: House, centre: Centre, worker: bytes
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    restrict(house, worker)
    decide_erasure(house, worker)

    assert told(centre.send([record])) == ["erased"]
    centre.enter(centre.completion(person(1)))
    assert centre.worker_id(person(1)) != worker, "who comes again begins a new archive"
    assert fsck.fsck(house).finding is None


def test_archives_read_as_one_are_erased_as_one(house: House, centre: Centre, worker: bytes) -> None:
    centre.enter(centre.completion(person(2)))
    other = centre.worker_id(person(2))
    merge(house, other, worker)
    restrict(house, worker)
    decide_erasure(house, worker)

    for one in (worker, other):
        assert persons.read(house, one, sealed=True) is None
    assert house.people.find("resident-id", person(2)["number"]) is None
    assert fsck.fsck(house).finding is None


def test_one_record_is_erased_and_the_others_stay(house: House, centre: Centre, worker: bytes) -> None:
    record = centre.completion(person(1), **{"class": {"code": "C2"}})
    centre.enter(record)
    record_id = uuid.UUID(id_of(record)).bytes
    seal(house, worker, record_id)
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker, record_id, UNLAWFUL, "official:first"
        ),
    )
    archive = persons.read(house, worker).own
    assert [one.life for one in archive.state.records] == [Life.ACTIVE, Life.ACTIVE, Life.ERASED]
    with (
        house.db.read() as conn,
        house.db.read_raw() as cursor,
        pytest.raises(RecordErased),
    ):
        receipts.of_stored(house, conn, cursor, worker, 2)
    assert fsck.fsck(house).finding is None


def test_with_a_record_goes_what_corrected_and_revoked_it(
    house: House, centre: Centre, worker: bytes
) -> None:
    """Each of them says again what the record said, and of whom."""
    record = centre.completion(person(1), **{"class": {"code": "C2"}})
    centre.enter(record)
    centre.enter(centre.correction(person(1), record))
    centre.enter(centre.revocation(person(1), record))
    record_id = uuid.UUID(id_of(record)).bytes
    seal(house, worker, record_id)
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker, record_id, UNLAWFUL, "official:first"
        ),
    )
    archive = persons.read(house, worker).own
    assert [entry.record is None for entry in archive.entries[2:]] == [True] * 3 + [False] * 4
    assert [entry.stored.target for entry in archive.entries[-3:]] == [2, 3, 4]
    assert archive.state.of(2).life is Life.ERASED
    assert archive.state.oddities == ()
    assert erasures.keep(house) == 3
    assert fsck.fsck(house).finding is None


# -- nothing is left


def secrets_of(house: House, worker_id: bytes) -> list[bytes]:
    """What would still open something: the wrapped key and sealed values of a worker."""
    with house.db.read() as conn:
        found = []
        for table, column in (
            (people_tables.worker_key, people_tables.worker_key.c.wrapped),
            (people_tables.identifier, people_tables.identifier.c.sealed),
            (people_tables.blind_index, people_tables.blind_index.c.tag),
            (tables.ciphertext, tables.ciphertext.c.sealed),
        ):
            found += conn.execute(sa.select(column).where(table.c.worker_id == worker_id)).scalars().all()
    return [bytes(one) for one in found]


def files_of(house: House, postgresql_folder: Path | None) -> list[Path]:
    """The files of this test's own database: others on the server hold the same person, of the same seed.

    Without PostgreSQL's write-ahead log, which all databases of a server share and which the server recycles.
    """
    if house.db.dialect == "sqlite":
        path = Path(str(house.db.url.database))
        return [one for one in path.parent.glob(path.name + "*") if one.is_file()]
    assert postgresql_folder is not None
    with house.db.read() as conn:
        own = conn.exec_driver_sql(
            "SELECT oid FROM pg_database WHERE datname = current_database()"
        ).scalar_one()
    return [one for one in (postgresql_folder / "data" / "base" / str(own)).rglob("*") if one.is_file()]


def test_nothing_of_the_person_is_left_in_the_files(
    house: House, centre: Centre, worker: bytes, addresses: Any, request: pytest.FixtureRequest
) -> None:
    secrets = secrets_of(house, worker)
    assert len(secrets) >= 6
    planned(house, addresses)
    restrict(house, worker)
    decide_erasure(house, worker)
    assert erasures.keep(house) == 1
    folder = scrubbed(house, addresses, request)
    left = [
        (path.name, n)
        for path in files_of(house, folder)
        for n, secret in enumerate(secrets)
        if secret[:24] in bytes_of(path)
    ]
    assert left == []


def planned(house: House, addresses: Any) -> None:
    """Let PostgreSQL's planner look at every table, as it does by itself when rows have changed."""
    if house.db.dialect == "postgresql":
        owner = Database(addresses.owner)
        with owner.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
            conn.exec_driver_sql("ANALYZE")
        owner.close()


def bytes_of(path: Path) -> bytes:
    """What stands in a file; nothing in one that the server removed since it was listed."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def scrubbed(house: House, addresses: Any, request: pytest.FixtureRequest) -> Path | None:
    """Take the deleted bytes out of the files; the folder of the PostgreSQL server, if it is one."""
    if house.db.dialect == "sqlite":
        assert erasures.scrub(house) == 1
        return None
    server, owner = request.getfixturevalue("postgresql"), Database(addresses.owner)
    list(erasures.rewrite(house, owner))
    owner.close()
    server.execute("CHECKPOINT")
    return Path(server.folder)


def _values(house: House) -> set[bytes]:
    """Every binary value of every table."""
    found: set[bytes] = set()
    with house.db.read() as conn:
        for table in schema.load_tables().sorted_tables:
            for row in conn.execute(sa.select(table)):
                found |= {bytes(one) for one in row if isinstance(one, bytes | memoryview)}
    return found


GUESSES = 1_000_000


@pytest.mark.long
@pytest.mark.beside
def test_a_search_over_all_numbers_confirms_nothing(
    house: House, centre: Centre, worker: bytes, addresses: Any, request: pytest.FixtureRequest
) -> None:
    """With database, log, peppers and all public keys no guess of the number fits, nor the right one.

    Every value of the database is looked through for what a guess would give: the number, its hashes plain
    and under the look-up pepper, and the keyed digest of a record with that number but without its salt.
    """
    record = centre.completion(person(1))
    centre.enter(record)
    right = person(1)["number"]
    assert house.people.tags("resident-id", right)[0] in _values(house), "before, the search confirms it"
    restrict(house, worker)
    decide_erasure(house, worker)
    erasures.keep(house)
    folder = scrubbed(house, addresses, request)

    held = b"".join(bytes_of(path) for path in files_of(house, folder))
    values = _values(house)
    sha256 = hashlib.sha256
    confirmed = []
    for n in range(GUESSES):
        guess = right if n == GUESSES // 2 else f"{n:018d}"
        data = guess.encode()
        plain, tag = sha256(data).digest(), house.people.tags("resident-id", guess)[0]
        if plain in values or plain[:16] in values or tag in values:
            confirmed.append(guess)
    assert confirmed == []
    assert right.encode() not in held
    assert person(1)["name"].encode() not in held
    assert house.admission.sealer.digest(record.replace(b'"salt":"', b'"salt":"A')) not in values


# -- what waits


def test_what_waits_for_the_person_is_returned_and_gone(house: House, centre: Centre, worker: bytes) -> None:
    other = {**person(1), "name": "丁不同"}
    restrict(house, worker)
    (sealed_off,) = centre.send([centre.completion(person(1))]).rows
    (doubtful,) = centre.send([centre.completion(other)]).rows
    (stranger,) = centre.send([centre.completion({**person(2), "name": "丁不同"})]).rows
    assert {sealed_off.status, doubtful.status} == {"held"}
    enough = 2 if stranger.status == "held" else 1
    decide_erasure(house, worker)

    with house.db.read() as conn:
        rows = conn.execute(sa.select(tables.held)).all()
    mine = [one for one in rows if one.state == "returned"]
    assert len(mine) == 2
    assert all(one.sealed is None and one.note == "本人档案已删除，不再收录" for one in mine)
    assert len(rows) - len(mine) == enough - 1
    assert house.people.find("resident-id", person(1)["number"]) is None


def test_a_restriction_and_its_lifting_are_told(house: House, centre: Centre, worker: bytes) -> None:
    restrict(house, worker)
    proposal = house.db.write(
        lambda turn: erasing.propose_lift(turn, worker, "request-withdrawn", "本人撤回", "official:1")
    )
    house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:2", True, "属实", role="data-officer", tools=house
        )
    )
    with house.db.read() as conn:
        kinds = [one.kind for one in noticeboard.of_workers(house, conn, [worker])]
    assert {"archive-lifted", "archive-restricted"} <= set(kinds)


# -- a restored copy


def test_a_restored_copy_does_not_open_before_the_journal_was_replayed(
    house: House, centre: Centre, worker: bytes
) -> None:
    with house.db.read() as conn:
        key = conn.execute(
            sa.select(people_tables.worker_key).where(people_tables.worker_key.c.worker_id == worker)
        ).one()
    restrict(house, worker)
    decide_erasure(house, worker)
    erasures.keep(house)
    erasures.check(house)

    # Somebody brings the key back, and where the worker lives, as a copy from before would.
    def back(turn: Turn) -> None:
        turn.conn.execute(people_tables.worker_key.insert().values(**key._mapping))
        areas.place_worker(turn, worker, "640104", "test")

    house.db.write(back)
    with pytest.raises(erasures.ErasureUndone, match="erasure replay"):
        starting.check(house)
    assert erasures.replay(house) == 1
    with house.db.read() as conn:
        assert areas.person(conn, worker).area == ""
    starting.check(house)
    assert erasures.replay(house) == 0


def test_the_journal_survives_a_line_that_was_cut_short(house: House, centre: Centre, worker: bytes) -> None:
    restrict(house, worker)
    decide_erasure(house, worker)
    path = house.settings.erasure_journal_path
    path.write_text('{"worker":"00', "utf-8")
    assert erasures.read(house) == []
    assert erasures.keep(house) == 1
    (line,) = erasures.read(house)
    assert (line.worker_id, line.seq) == (worker, erasing.WHOLE)
    assert erasures.keep(house) == 0
    path.write_text("nonsense\n" + path.read_text("utf-8"), "utf-8")
    with pytest.raises(erasures.ErasureUndone, match="damaged"):
        erasures.check(house)


def test_the_journal_holds_opaque_ids_alone(house: House, centre: Centre, worker: bytes) -> None:
    restrict(house, worker)
    decide_erasure(house, worker)
    erasures.keep(house)
    text = house.settings.erasure_journal_path.read_text("utf-8")
    for secret in (person(1)["number"], person(1)["name"], centre.uscc):
        assert secret not in text
    elsewhere = dataclasses.replace(house.settings, erasure_journal="/srv/journal.jsonl")
    assert elsewhere.erasure_journal_path == Path("/srv/journal.jsonl")


def test_what_was_shared_goes_and_the_chain_over_it_still_agrees(house: House, worker: bytes) -> None:
    wanted = Wanted("link", (b"r" * 16,), "job-application", "share-1", house.clock.now_ms() + 9_000_000, 3)
    house.db.write(
        lambda turn: consents.give(turn, house.log, house.random, lambda data: data, worker, wanted, "s")
    )
    assert bound_statements.keep(house, now=True)
    assert fsck.fsck(house).counts["bound rows"] > 0
    restrict(house, worker)
    decide_erasure(house, worker)

    report = fsck.fsck(house)
    with house.db.read() as conn:
        kept = [conn.scalar(sa.select(sa.func.count()).select_from(one)) for one in (consent, consent_link)]
    assert (kept, report.finding) == ([0, 0], None)
