"""What a submission is told before and after a person is looked for; what waits, and how much of it."""

from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.archive import errors, reading, salts, tables
from recordsvc.archive.keyevents import KeyAction
from recordsvc.archive.reading import Reader
from recordsvc.bodies import institutions
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.people import tables as people_tables
from tests.archive.support import Centre, id_of, person, told
from tests.archive.support import receipts as receipts_of
from tests.faults.region import release

LATE: dict[str, Any] = {
    "started_on": "2019-03-04",
    "ended_on": "2019-04-02",
    "attended_on": [f"2019-03-{day:02}" for day in range(4, 14)],
}


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


def statuses(answer: Any) -> list[str]:
    return [row.status for row in answer.rows]


def traces(house: House) -> tuple[int, int, int]:
    """How many held records, entries and workers there are."""
    with house.db.read() as conn:
        counts = [
            conn.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (tables.held, tables.entry, people_tables.worker)
        ]
    return counts[0], counts[1], counts[2]


def corrected_whole(centre: Centre, worker: dict[str, Any], record: bytes, **changes: Any) -> bytes:
    whole = orjson.loads(centre.completion(worker, **changes))["body"]
    body = {"corrects": id_of(record), "reason": "登记有误", "whole": whole}
    return centre.record("correction", worker, body)


def with_salt(record: bytes, salt: bytes) -> bytes:
    return canonical({**orjson.loads(record), "salt": b64u(salt)})


# -- what a correction makes is judged like a record --


def test_a_correction_to_years_ago_waits_and_is_released_by_two(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    correction = corrected_whole(centre, person(1), record, **LATE)

    assert told(centre.send([correction])) == ["late"]
    archive = Reader(house).archive(centre.worker_id(person(1)))
    assert archive is not None
    assert archive.state.of(0).body["ended_on"] != LATE["ended_on"]

    with house.db.read() as conn:
        held_id = conn.execute(sa.select(tables.held.c.held_id)).scalar_one()
    assert release(house, held_id, None) == 1
    archive = Reader(house).archive(centre.worker_id(person(1)))
    assert archive is not None
    assert archive.state.of(0).body["ended_on"] == LATE["ended_on"]


def test_corrections_of_a_closed_institution_wait(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    today = orjson.loads(record)["issued_on"]
    house.clock.advance(2 * 24 * 3_600_000)
    house.db.write(
        lambda turn: institutions.state(turn, centre.uscc, "closed", today, "", "test", "official:1")
    )

    assert told(centre.send([centre.correction(person(1), record, score="100")])) == ["institution-closed"]


def test_a_correction_cannot_make_a_child_of_the_worker(house: House, centre: Centre) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    child = {"started_on": "1975-03-04", "ended_on": "1975-04-02"}

    answer = centre.send([corrected_whole(centre, person(1), record, **child)])

    assert told(answer) == ["content"]
    assert "too-young" in {one["code"] for one in answer.rows[0].problem.errors}


def test_corrections_of_one_submission_are_judged_together(house: House, centre: Centre) -> None:
    """Start and end are moved by one correction each: together they make a course that never was."""
    record = centre.completion(person(1))
    centre.enter(record)
    body = orjson.loads(record)["body"]
    days = body["attended_on"]
    earlier_end = centre.correction(person(1), record, ended_on=days[-1])
    later_start = centre.correction(person(1), record, started_on=body["ended_on"])

    assert told(centre.send([earlier_end, later_start]))[1] == "content"


def test_a_batch_of_corrections_opens_each_archive_once(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = [centre.completion(person(n % 2)) for n in range(8)]
    centre.enter(*records)
    opened: list[bytes] = []
    honest = reading.Reader.archive

    def counted(self: Reader, worker_id: bytes, cursor: Any = None) -> Any:
        opened.append(worker_id)
        return honest(self, worker_id, cursor)

    monkeypatch.setattr(reading.Reader, "archive", counted)
    centre.enter(*[centre.correction(person(n % 2), record) for n, record in enumerate(records)])
    assert len(opened) == 2


# -- no asking who is known --


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("act", ["correction", "revocation", "restoration"])
def test_an_act_on_nothing_is_answered_alike_whoever_is_named(
    house: House, centre: Centre, act: str, whole: bool
) -> None:
    other = Centre(house, 2)
    other.enter(other.completion(person(1)))
    nothing = id_of(centre.completion(person(3)))
    make = getattr(centre, act)
    known, stranger = person(1), person(2)
    named = [known, {**known, "name": "丁不同"}, stranger]
    before = traces(house)

    for one in named:
        assert told(centre.send([make(one, nothing)], all_or_nothing=whole)) == ["target-unknown"]
    assert (
        told(centre.send([make(one, nothing) for one in named], all_or_nothing=whole))
        == ["target-unknown"] * 3
    )
    assert traces(house) == before


@pytest.mark.parametrize("whole", [False, True])
def test_an_act_that_names_anybody_but_its_targets_worker_is_held(
    house: House, centre: Centre, whole: bool
) -> None:
    record = centre.completion(person(1))
    centre.enter(record, centre.completion(person(2)))
    named = [person(2), {**person(2), "name": "丁不同"}, person(3), {**person(1), "name": "丁不同"}]

    for n, one in enumerate(named):
        answer = centre.send([centre.revocation(one, record)], all_or_nothing=whole)
        assert statuses(answer) == ["held"]
        assert traces(house) == (n + 1, 2, 2), "held, and nobody drafted"


@pytest.mark.parametrize("whole", [False, True])
def test_what_is_unfit_is_refused_before_anybody_is_looked_for(
    house: House, centre: Centre, whole: bool
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    before = traces(house)

    for one in (person(1), person(2), {**person(1), "name": "丁不同"}):
        unfit = centre.correction(one, record, nothing=None)
        assert told(centre.send([unfit], all_or_nothing=whole)) == ["target-unfit"]
    assert traces(house) == before


def test_a_doubtful_person_beside_a_bad_row_is_not_looked_for(house: House, centre: Centre) -> None:
    centre.enter(centre.completion(person(1)))
    bad = centre.completion(person(4), ended_on="2031-01-01")
    before = traces(house)

    for one in (person(1), {**person(1), "name": "丁不同"}, person(2)):
        assert statuses(centre.send([centre.completion(one), bad], all_or_nothing=True)) == [
            "not-taken",
            "rejected",
        ]
    assert traces(house) == before


# -- all or nothing --


def test_all_or_nothing_counts_what_is_held_or_returned_already(house: House, centre: Centre) -> None:
    late = centre.completion(person(1), **LATE)
    centre.send([late])
    before = traces(house)
    assert statuses(centre.send([late, centre.completion(person(2))], all_or_nothing=True)) == [
        "not-taken",
        "not-taken",
    ]

    house.db.write(lambda turn: turn.conn.execute(tables.held.update().values(state="returned", sealed=None)))
    assert statuses(centre.send([late, centre.completion(person(2))], all_or_nothing=True)) == [
        "rejected",
        "not-taken",
    ]
    assert traces(house) == before


def test_all_or_nothing_holds_also_against_what_enters_meanwhile(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = centre.completion(person(1))
    theirs = centre.completion(person(1), record_id=id_of(mine), score="61")
    honest, due = house.admission.append, [theirs]

    def late(batch: Any) -> Any:
        if due:
            centre.enter(due.pop())
        return honest(batch)

    monkeypatch.setattr(house.admission, "append", late)
    answer = centre.send([centre.completion(person(2)), mine], all_or_nothing=True)

    assert statuses(answer) == ["not-taken", "rejected"]
    assert told(answer)[1] == "duplicate-id-other-content"
    assert house.people.find("resident-id", person(2)["number"]) is None


# -- salts --


@pytest.mark.parametrize(
    "salt", [bytes(16), b"\xff" * 16, bytes(range(16)), bytes(range(16, 0, -1)), b"abcdefg" * 2 + b"ab"]
)
def test_a_salt_no_random_source_makes_is_refused(centre: Centre, salt: bytes) -> None:
    assert told(centre.send([with_salt(centre.completion(person(1)), salt)])) == ["salt"]


def test_one_salt_serves_one_record(house: House, centre: Centre) -> None:
    salt = house.random.bytes(16)
    one, other = (with_salt(centre.completion(person(n)), salt) for n in (1, 2))

    assert told(centre.send([one, other, one])) == ["accepted", "salt", "duplicate"]


def test_random_salts_are_not_weak(house: House) -> None:
    assert not any(salts.is_weak(b64u(house.random.bytes(16))) for _ in range(5_000))


# -- known records, and keys that ended --


@pytest.mark.parametrize("mode", ["single", "each", "batch"])
def test_the_same_record_keeps_its_receipt_when_its_key_is_suspended(
    house: House, centre: Centre, mode: str
) -> None:
    record = centre.completion(person(1))
    first = centre.send([record], mode)
    assert receipts_of(first)
    again, new = centre.signed([record], mode), centre.completion(person(2))
    centre.act(KeyAction.SUSPEND)

    assert statuses(house.admission.submit(centre.uscc, again)) == ["duplicate"]
    if mode == "each":
        assert told(centre.send([record, new], mode)) == ["duplicate", "key-not-in-force"]
    if mode == "batch":
        assert told(centre.send([record, new], mode)) == ["duplicate", "key-not-in-force"]
        with pytest.raises(errors.KeyNotInForce):
            centre.send([new], mode)


# -- how much may wait --


def test_from_the_limit_on_nothing_of_the_issuer_is_looked_at(
    house: House, centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = dated.rule

    def small(table: str, code: str, on: str) -> Any:
        return {"value": 2} if table == "waiting_limits" else honest(table, code, on)

    monkeypatch.setattr(dated, "rule", small)
    stands = centre.completion(person(1))
    centre.enter(stands)
    late = [centre.completion(person(n), **LATE) for n in (2, 3)]
    assert statuses(centre.send(late)) == ["held", "held"]
    before = traces(house)

    for record in (
        centre.completion(person(1)),
        centre.completion(person(9)),
        centre.completion(person(2), **LATE),
    ):
        with pytest.raises(errors.TooManyHeld) as refused:
            centre.send([record])
        assert refused.value.headers["Retry-After"] == "3600"
    assert traces(house) == before
    assert statuses(centre.send([stands, late[0]])) == ["duplicate", "held"], "what stands is answered"
    other = Centre(house, 2)
    assert statuses(other.send([other.completion(person(1))])) == ["accepted"]
