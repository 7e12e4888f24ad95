"""What enters the archive, and where: positions, same records, people, races between judgement and lock."""

import base64
import concurrent.futures
import hashlib
import hmac
import multiprocessing
import threading
import uuid
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from recordsvc import anchor, schema
from recordsvc.archive import bundle, confirm, errors, formats, held, receipts, tables
from recordsvc.archive.append import Accepted, Batch
from recordsvc.archive.held import Releaser
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.reading import Reader
from recordsvc.archive.status import Confirmation, Life
from recordsvc.fsck import fsck
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.privileges import erasing
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people import tables as people_tables
from recordsvc.submit import sign
from recordsvc.translog.proofs import LogProof
from recordsvc.translog.tree import leaf_hash
from tests.archive.support import (
    MODES,
    STATER,
    Centre,
    id_of,
    in_another_process,
    person,
    shown,
    state,
    told,
)
from tests.archive.support import receipts as receipts_of
from tests.faults.region import release


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


def statuses(answer: Any) -> list[str]:
    return [row.status for row in answer.rows]


def size(house: House) -> int:
    with house.db.read() as conn:
        return house.log.newest(conn).size


def everything_holds(house: House) -> bool:
    report = fsck(house, offline=True)
    assert report.finding is None, report.finding
    return True


def archive_of(house: House, worker: dict[str, Any]) -> Any:
    worker_id = house.people.find(worker["document"], worker["number"])
    assert worker_id is not None
    return Reader(house).archive(worker_id)


def between(house: House, monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Let `act` commit once, after the next submission was judged and before it takes its turn."""
    honest, due = house.admission.append, [act]

    def late(*arguments: Any) -> Any:
        if due:
            due.pop()()
        return honest(*arguments)

    monkeypatch.setattr(house.admission, "append", late)


# -- entering --


@pytest.mark.parametrize("mode", MODES)
def test_a_record_enters_with_a_receipt_that_proves_it(house: House, centre: Centre, mode: str) -> None:
    answer = centre.send([centre.completion(person(1))], mode)

    assert statuses(answer) == ["accepted"], told(answer)
    proof = LogProof.parse(receipts_of(answer)[0])
    leaf, open_key = formats.unpack_opening(proof.extra)
    proof.verify(leaf_hash(formats.record_entry(leaf)), anchor.log_key(house))
    row = answer.rows[0]
    assert formats.unpack_leaf(leaf).commitment == formats.commitment(
        open_key, row.item.raw, row.item.evidence
    )
    assert everything_holds(house)


def test_the_same_record_again_is_the_same_entry(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    first = centre.send([record])
    before = size(house)

    for mode in MODES:
        again = centre.send([record], mode)
        assert statuses(again) == ["duplicate"]
        assert (again.rows[0].outcome.worker_id, again.rows[0].outcome.seq) == (
            first.rows[0].outcome.worker_id,
            first.rows[0].outcome.seq,
        )
    with house.db.read() as conn, house.db.read_raw() as cursor:
        stored = receipts.of_stored(house, conn, cursor, first.rows[0].outcome.worker_id, 0)
    assert [str(stored)] == receipts_of(first)
    assert size(house) == before


def test_the_same_record_twice_in_a_batch_is_one_entry(house: House, centre: Centre) -> None:
    record, other = centre.completion(person(1)), centre.completion(person(2))
    answer = centre.send([record, other, record], "each")

    assert statuses(answer) == ["accepted", "accepted", "duplicate"]
    assert answer.rows[2].outcome == answer.rows[0].outcome


def test_other_content_under_a_known_id_is_refused(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    other = centre.completion(person(1), record_id=id_of(record), score="99.0")
    both = [centre.completion(person(2), record_id=(fresh := id_of(centre.completion(person(2)))))]
    both.append(centre.completion(person(2), record_id=fresh, score="99.0"))

    assert told(centre.send([other])) == ["duplicate-id-other-content"]
    assert told(centre.send(both)) == ["accepted", "duplicate-id-other-content"]
    assert everything_holds(house)


def test_good_rows_stand_and_all_or_nothing_takes_none(house: House, centre: Centre) -> None:
    good, bad = centre.completion(person(1)), centre.completion(person(2), ended_on="2031-01-01")
    before = size(house)

    whole = centre.send([good, bad], all_or_nothing=True)
    assert statuses(whole) == ["not-taken", "rejected"]
    assert size(house) == before
    assert house.people.find("resident-id", person(1)["number"]) is None
    assert statuses(centre.send([good, bad])) == ["accepted", "rejected"]


def test_all_or_nothing_waits_whole_for_one_doubtful_person(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    unlike = centre.completion({**person(1), "name": "丁不同"})

    answer = centre.send([centre.completion(person(2)), unlike], all_or_nothing=True)

    assert statuses(answer) == ["held", "held"], "taking none of it would tell of the person without a trace"
    with house.db.read() as conn:
        assert {one.reason for one in held.waiting(conn)} == {"with-its-batch", "name-differs"}
    assert house.people.find("resident-id", person(2)["number"]) is None


# -- many at once --


def test_threads_get_positions_without_gaps(house: House, centre: Centre) -> None:
    first = size(house)
    signed = [centre.signed([centre.completion(person(n * 10 + k)) for k in range(5)]) for n in range(12)]
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: house.admission.submit(centre.uscc, one), signed))

    indices = sorted(row.outcome.index for answer in answers for row in answer.rows)
    assert indices == list(range(first, first + 60))
    assert everything_holds(house)


@pytest.mark.long
def test_processes_get_positions_without_gaps(house: House, centre: Centre, clock: FixedClock) -> None:
    """Three processes, people they share, and one submission that all three send."""
    first = size(house)
    shared = centre.completion(person(1))
    work = [
        [_ndjson(centre, [shared])]
        + [_ndjson(centre, [centre.completion(person(k)) for k in range(4)]) for _ in range(4)]
        for _ in range(3)
    ]
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as pool:
        futures = [
            pool.submit(in_another_process, house.settings, clock.now_ms(), centre.uscc, bodies)
            for bodies in work
        ]
        rows = [row for future in futures for row in future.result()]

    entered = [index for status, index in rows if status == "accepted"]
    assert sorted(entered) == list(range(first, first + 49))
    assert [status for status, _index in rows].count("duplicate") == 2
    with house.db.read() as conn:
        assert conn.execute(sa.select(sa.func.count()).select_from(people_tables.worker)).scalar_one() == 4
    assert everything_holds(house)


def _ndjson(centre: Centre, records: list[bytes]) -> bytes:
    batch_id = sign.new_record_id(centre.house.clock, centre.house.random)
    return sign.make_batch(centre.key, centre.to, records, batch_id=batch_id).ndjson()


def test_two_submissions_that_create_one_person_create_one(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Centre(house, 2)
    mine, theirs = centre.completion(person(1)), other.completion(person(1))
    between(house, monkeypatch, lambda: other.enter(theirs))

    answer = centre.send([mine])

    assert statuses(answer) == ["accepted"]
    assert [entry.record["issuer"] for entry in archive_of(house, person(1)).entries] == [
        other.uscc,
        centre.uscc,
    ]
    assert everything_holds(house)


def test_a_person_created_by_many_threads_at_once_is_one(house: House, centre: Centre) -> None:
    signed = [centre.signed([centre.completion(person(1))], "single") for _ in range(8)]
    gate = threading.Barrier(8)

    def submit(one: Any) -> Any:
        gate.wait()
        return house.admission.submit(centre.uscc, one)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(submit, signed))

    assert {answer.rows[0].outcome.worker_id for answer in answers} == {centre.worker_id(person(1))}
    assert sorted(answer.rows[0].outcome.seq for answer in answers) == list(range(8))
    assert everything_holds(house)


# -- between judgement and lock --


@pytest.mark.parametrize("action", [KeyAction.REVOKE, KeyAction.SUSPEND], ids=lambda action: action.name)
def test_a_key_stopped_between_check_and_commit_signs_nothing(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch, action: KeyAction
) -> None:
    before = size(house)
    between(house, monkeypatch, lambda: centre.act(action))

    assert told(centre.send([centre.completion(person(1))], "each")) == ["key-not-in-force"]
    with pytest.raises(errors.KeyNotInForce):
        centre.send([centre.completion(person(2))])
    assert size(house) == before + 1, "the key event, and nothing else"
    assert everything_holds(house)


def test_a_key_that_ends_between_check_and_commit_signs_nothing(
    house: House, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    centre = Centre(house, register=False)
    centre.register(not_after_ms=clock.now_ms() + 100)
    before = size(house)
    between(house, monkeypatch, lambda: clock.advance(100))

    assert told(centre.send([centre.completion(person(1))], "each")) == ["key-not-in-force"]
    assert size(house) == before


def test_another_key_registered_meanwhile_does_no_harm(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    between(house, monkeypatch, lambda: centre.act(KeyAction.SUSPECT, 1))

    assert told(centre.send([centre.completion(person(1))])) == ["accepted"]


@pytest.mark.parametrize("state", ["closed", "restricted"])
def test_a_worker_who_changed_between_check_and_commit_gets_no_entry(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    centre.enter(centre.completion(person(1)))
    worker_id, before = centre.worker_id(person(1)), size(house)
    worker = people_tables.worker

    def change() -> None:
        house.db.write(
            lambda turn: turn.conn.execute(
                worker.update()
                .where(worker.c.worker_id == worker_id)
                .values(state=state, version=worker.c.version + 1)
            )
        )

    between(house, monkeypatch, change)
    answer = centre.send([centre.completion(person(1))])

    assert [(row.status, row.held) for row in answer.rows] == [("held", f"worker-{state}")]
    assert size(house) == before


# -- acting on records --


def test_an_issuer_acts_on_its_own_records(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    centre.enter(centre.correction(person(1), record, score="90.0"))
    state = archive_of(house, person(1)).state.of(0)
    assert state.body["score"] == "90.0"

    centre.enter(centre.revocation(person(1), record))
    assert archive_of(house, person(1)).state.of(0).life is Life.REVOKED
    centre.enter(centre.restoration(person(1), record))
    assert archive_of(house, person(1)).state.of(0).life is Life.ACTIVE
    assert everything_holds(house)


def test_foreign_and_missing_targets_are_answered_alike(house: House, centre: Centre) -> None:
    other = Centre(house, 2)
    own, theirs, elsewhere = (
        centre.completion(person(1)),
        other.completion(person(1)),
        centre.completion(person(2)),
    )
    centre.enter(own, elsewhere)
    other.enter(theirs)
    unknown = id_of(centre.completion(person(1)))
    before = size(house)

    for make in (centre.correction, centre.revocation, centre.restoration):
        for target in (theirs, unknown):
            assert told(centre.send([make(person(1), target)])) == ["target-unknown"], make.__name__
        # What is not revoked cannot be restored, whoever is named.
        wanted = "nothing-to-restore" if make == centre.restoration else "target-of-another"
        assert told(centre.send([make(person(1), elsewhere)])) == [wanted], make.__name__
    assert size(house) == before


def test_a_correction_must_leave_a_valid_record(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)

    assert told(centre.send([centre.correction(person(1), record, result="perhaps")])) == ["schema"]
    assert told(centre.send([centre.correction(person(1), record, nothing=None)])) == ["target-unfit"]


def test_the_worker_confirms_and_contests(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record, centre.completion(person(2)))
    worker_id, record_id = centre.worker_id(person(1)), _id_bytes(record)
    assert archive_of(house, person(1)).state.of(0).confirmation is Confirmation.UNCONFIRMED

    before = shown(house, worker_id, record_id)
    first = confirm.confirm(house, worker_id, before, "page", STATER)
    again = confirm.confirm(house, worker_id, before, "page", STATER)
    assert first == again
    assert archive_of(house, person(1)).state.of(0).confirmation is Confirmation.CONFIRMED
    with pytest.raises(errors.ChangedSinceSeen):
        confirm.contest(house, worker_id, before, "window", STATER, "wrong-hours")
    now = shown(house, worker_id, record_id)
    contested = confirm.contest(house, worker_id, now, "window", STATER, "wrong-hours")
    assert contested > first
    assert archive_of(house, person(1)).state.of(0).confirmation is Confirmation.CONTESTED
    now = shown(house, worker_id, record_id)
    assert confirm.confirm(house, worker_id, now, "page", STATER) > contested
    with pytest.raises(errors.TargetUnknown):
        confirm.confirm(house, centre.worker_id(person(2)), now, "page", STATER)
    assert everything_holds(house)


def test_a_revoked_record_cannot_be_confirmed(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    centre.enter(centre.revocation(person(1), record))

    owner = centre.worker_id(person(1))
    with pytest.raises(errors.TargetUnfit):
        confirm.confirm(house, owner, shown(house, owner, _id_bytes(record)), "page", STATER)


def test_a_word_holds_for_what_was_seen_also_under_the_lock(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A correction that enters between the judgement of a word and its turn refuses the word."""
    record = centre.completion(person(1))
    centre.enter(record)
    owner = centre.worker_id(person(1))
    seen = shown(house, owner, _id_bytes(record))
    append = house.admission.append

    def late(batch: Batch) -> object:
        monkeypatch.setattr(house.admission, "append", append)
        centre.enter(centre.correction(person(1), record, score="61"))
        return append(batch)

    monkeypatch.setattr(house.admission, "append", late)
    with pytest.raises(errors.ChangedSinceSeen):
        confirm.confirm(house, owner, seen, "page", STATER)
    assert archive_of(house, person(1)).state.of(0).confirmation is Confirmation.UNCONFIRMED


def test_what_the_region_revoked_its_issuer_cannot_restore(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    body = {"reason": "entered-in-error", "revokes": id_of(record)}
    state(house, centre.worker_id(person(1)), "revocation", body, 0)

    assert told(centre.send([centre.restoration(person(1), record)])) == ["target-unfit"]
    assert archive_of(house, person(1)).state.of(0).life is Life.REVOKED


def _id_bytes(record: bytes) -> bytes:
    return uuid.UUID(id_of(record)).bytes


# -- the holding --


@pytest.fixture
def unlike(centre: Centre) -> bytes:
    """A record whose name is not that of the number's owner."""
    centre.enter(centre.completion(person(1)))
    return centre.completion({**person(1), "name": "丁不同"})


def test_what_is_not_certain_is_held_and_committed(house: House, centre: Centre, unlike: bytes) -> None:
    before = size(house)
    assert [(row.status, row.held) for row in centre.send([unlike]).rows] == [("held", "name-differs")]
    assert statuses(centre.send([unlike])) == ["held"], "the same record again waits only once"

    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)
    assert (waiting.issuer, waiting.reason, waiting.state) == (centre.uscc, "name-differs", "held")
    assert held.open_held(house, waiting.held_id) == orjson.loads(unlike)
    assert size(house) == before
    assert everything_holds(house)


def test_two_people_release_a_held_record(house: House, centre: Centre, unlike: bytes) -> None:
    centre.send([unlike])
    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)
    worker_id = centre.worker_id(person(1))

    assert release(house, waiting.held_id, worker_id) == 1

    entries = archive_of(house, person(1)).entries
    assert [entry.record["type"] for entry in entries] == [
        "training-completion",
        "training-completion",
        "release",
    ]
    assert entries[1].opened.raw == unlike
    assert (entries[2].stored.target, entries[2].record["body"]["releases"]) == (1, id_of(unlike))
    assert entries[2].record["body"]["decision"]["decided_by"] == "official:2"
    assert statuses(centre.send([unlike])) == ["duplicate"]
    with house.db.read() as conn:
        assert conn.execute(sa.select(tables.held.c.sealed)).scalars().all() == [None]
    assert Releaser(house).run() == 0
    assert everything_holds(house)


def test_a_key_revoked_while_a_record_waits_does_not_become_valid_by_waiting(
    house: House, centre: Centre, unlike: bytes
) -> None:
    centre.send([unlike])
    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)
    centre.act(KeyAction.REVOKE)

    assert release(house, waiting.held_id, centre.worker_id(person(1))) == 0
    assert len(archive_of(house, person(1)).entries) == 1
    with house.db.read() as conn:
        assert conn.execute(sa.select(tables.held.c.state)).scalars().all() == ["returned"]
    assert everything_holds(house)


def test_a_returned_record_stays_returned(house: House, centre: Centre, unlike: bytes) -> None:
    centre.send([unlike])
    with house.db.read() as conn:
        (waiting,) = held.waiting(conn)
    house.db.write(lambda turn: held.give_back(turn, waiting.held_id, "查无此人"))

    answer = centre.send([unlike])

    assert statuses(answer) == ["returned"]
    assert answer.rows[0].problem.detail == "查无此人"
    with pytest.raises(errors.HeldNotHere):
        house.db.write(lambda turn: held.give_back(turn, waiting.held_id, "again"))
    assert everything_holds(house)


def test_a_card_of_another_person_is_held(house: House, centre: Centre) -> None:
    card = synthetic.card_number(7)
    centre.enter(centre.completion(person(1, number=card)), centre.completion(person(2)))

    answer = centre.send([centre.completion(person(2, number=card))])

    assert [(row.status, row.held) for row in answer.rows] == [("held", "card-of-another")]


def test_a_chip_of_another_person_is_held(house: House, centre: Centre) -> None:
    """Also beside a card of one's own, and also within one submission."""
    theirs = {"number": synthetic.card_number(1), "chip": synthetic.chip_code(1)}
    centre.enter(centre.completion(person(1, **theirs)), centre.completion(person(2)))
    before = size(house)

    known = {"number": synthetic.card_number(2), "chip": theirs["chip"]}
    new = {"number": synthetic.card_number(3), "chip": theirs["chip"]}
    answer = centre.send([centre.completion(person(2, **known)), centre.completion(person(3, **new))])

    assert [row.held for row in answer.rows] == ["card-of-another", "number-unknown-for-card"]
    assert size(house) == before
    chip = {"chip": synthetic.chip_code(4)}
    both = [person(n, number=synthetic.card_number(n), **chip) for n in (4, 5)]
    assert told(centre.send([centre.completion(one) for one in both])) == [
        "accepted",
        "number-unknown-for-card",
    ]


# -- guessing --


def test_nothing_is_left_to_guess_against(house: House, centre: Centre) -> None:
    """The issuer's guess attack: all of the record is known but its salt; the worker's key is gone.

    In hand: every row of the database, tiles and checkpoints among them, the receipt with its opening key,
    the bundle that discloses nothing, and the bundle of another worker of the same batch, whose evidence
    carries the neighbour's leaf. The true salt confirms: the attack is real. Without it nothing does.
    """
    record, neighbour = centre.completion(person(1)), centre.completion(person(2))
    answer = centre.send([record, neighbour])
    row = answer.rows[0]
    assert isinstance(row.outcome, Accepted)
    worker_id = row.outcome.worker_id
    known = bundle.make(house, worker_id, disclosed=())
    others = bundle.make(house, centre.worker_id(person(2)))
    destroy(house, worker_id)
    view = b"\n".join([*dump(house), known, others, receipts_of(answer)[0].encode()])
    open_key = row.outcome.open_key

    guess = {**orjson.loads(record), "salt": b64u(bytes(16))}
    assert confirmations(record, row.item.evidence, open_key, view) == {"batch leaf", "commitment"}
    assert confirmations(canonical(guess), row.item.evidence, open_key, view) == set()
    for secret in (person(1)["number"], person(1)["name"]):
        assert secret.encode() not in view
        for value in plain_hashes(secret):
            assert not seen(value, view)


def canonical(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def destroy(house: House, worker_id: bytes) -> None:
    """Erase the worker: key, index rows and identifiers."""

    def erase(turn: Any) -> None:
        with erasing(turn.conn):
            for table in (people_tables.worker_key, people_tables.blind_index, people_tables.identifier):
                turn.conn.execute(table.delete().where(table.c.worker_id == worker_id))

    house.db.write(erase)


def dump(house: House) -> list[bytes]:
    """Every value of every table."""
    values = []
    with house.db.read() as conn:
        for table in schema.load_tables().sorted_tables:
            for row in conn.execute(sa.select(table)):
                values += [value if isinstance(value, bytes) else str(value).encode() for value in row]
    return values


def confirmations(record: bytes, evidence: bytes, open_key: bytes, view: bytes) -> set[str]:
    """What in view agrees with a guess of R: each way in which this service derives from R, and more."""
    said = orjson.loads(record)
    derived = {
        "batch leaf": [formats.batch_leaf(record)],
        "commitment": [formats.commitment(open_key, record, evidence)],
        "digest": [hashlib.sha256(record).digest(), hashlib.sha256(b"record/v1" + record).digest()],
        "keyed by the opening": [hmac.digest(open_key, record, "sha256")],
        "person": [hashlib.sha256(canonical(said["worker"])).digest()],
        "body": [hashlib.sha256(canonical(said["body"])).digest()],
        "itself": [record],
    }
    return {name for name, values in derived.items() if any(seen(value, view) for value in values)}


def plain_hashes(secret: str) -> list[bytes]:
    texts = [secret, f"resident-id\0{secret}", f"name\0{secret}"]
    return [hashlib.new(name, text.encode()).digest() for name in ("sha256", "sha1", "md5") for text in texts]


def seen(value: bytes, view: bytes) -> bool:
    """Whether a value stands in view, raw or in one of the usual spellings, or half of a hash."""
    written = (value, value.hex().encode(), base64.b64encode(value), b64u(value).encode())
    return any(one in view for one in written) or (len(value) == 32 and value[:16] in view)
