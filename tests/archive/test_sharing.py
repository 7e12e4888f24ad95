"""Sharing: the chosen records and no others leave, each opening is noted first, ending holds at once."""

import json
import uuid
from dataclasses import replace

import pytest

from recordsvc import anchor, fsck
from recordsvc.access import consents, looked
from recordsvc.access.consents import Consent, Ended, Wanted
from recordsvc.access.errors import AccessEnded, CodePaced, CodeWanted
from recordsvc.access.grants import ANYONE, Actor, Kind
from recordsvc.archive import erasing, noticeboard, sharing
from recordsvc.archive.verify import verify_bundle
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.archive.restricted import lift, seal
from tests.archive.support import Centre, id_of, person

EMPLOYER = Actor(
    Kind.CLIENT, "employer-1", institution="91640100MA76TEST0X", scopes=frozenset({"shared:read"})
)
OFFICER = Actor(Kind.OFFICIAL, "dora", roles=frozenset({"data-officer"}))
DAY = 24 * 3_600_000


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def records(centre: Centre) -> tuple[bytes, bytes]:
    """Two records of one worker, the first corrected."""
    first = centre.completion(person(1))
    second = centre.completion(person(1), **{"class": {"code": "C2"}})
    centre.enter(first, second)
    centre.enter(centre.correction(person(1), first))
    return first, second


@pytest.fixture
def worker(centre: Centre, records: tuple[bytes, bytes]) -> bytes:
    return centre.worker_id(person(1))


def raw_id(record: bytes) -> bytes:
    return uuid.UUID(id_of(record)).bytes


def give(house: House, worker: bytes, record: bytes, **changes) -> tuple[consents.Given, Consent]:
    base = Wanted(
        "link", (raw_id(record),), "job-application", "share-1", house.clock.now_ms() + 9 * DAY, None
    )
    made = house.db.write(
        lambda turn: consents.give(
            turn, house.log, house.random, lambda data: house.keys.hmac("login", data), worker,
            replace(base, **changes), "session-1",
        )
    )  # fmt: skip
    with house.db.read() as conn:
        mine = consents.of_workers(conn, [worker])
    return made, next(one for one in mine if one.consent_id == made.consent_id)


def opened(house: House, found: Consent, who: Actor = ANYONE, code: str = "") -> dict:
    return json.loads(sharing.open_shared(house, found, who, code, "request1", bytes))


def looks(house: House, worker: bytes) -> list[looked.Seen]:
    with house.db.read() as conn:
        return looked.of_worker(conn, worker)


def notices(house: House, worker: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(house, conn, [worker]) if "consent" in one.kind]


def test_the_chosen_record_leaves_with_its_correction_and_no_other(house: House, worker: bytes, records):
    told = opened(house, give(house, worker, records[0])[1])
    kinds = [(entry["kind"], "record" in entry) for entry in told["entries"]]
    assert [kind for kind, there in kinds if there] == ["issue", "correct"]
    assert id_of(records[1]) not in json.dumps(told)


def test_a_shared_record_that_is_restricted_leaves_as_restricted(house: House, worker: bytes, records):
    """A consent to others, too, goes on; what it opens proves which is sealed, and says nothing of it."""
    _made, given = give(house, worker, records[0], records=tuple(map(raw_id, records)))
    index = seal(house, worker, raw_id(records[0]))
    told = opened(house, given)
    disclosed = [one["index"] for one in told["entries"] if "record" in one]
    assert disclosed == [3, index]
    report = verify_bundle(json.dumps(told).encode(), [anchor.log_key(house)])
    assert report.outcome.name == "PROVEN"
    assert [one.life for one in report.records] == ["restricted", "active"]


def test_a_consent_to_nothing_but_restricted_records_ends_and_its_receiver_learns_it(
    house: House, worker: bytes, records
):
    """With the last of its records, in the receiver's own sequence, behind what the log held then."""
    employer = f"institution:{EMPLOYER.institution}"
    both = give(house, worker, records[0], receiver=employer, records=tuple(map(raw_id, records)))[1]
    one = give(house, worker, records[0], receiver=employer)[1]

    def ended() -> list[tuple[bytes, str, int]]:
        with house.db.read() as conn:
            found = consents.events_of(conn, employer)
        return [(bytes(one.consent_id), one.why, one.log_size) for one in found if one.event == "end"]

    first = seal(house, worker, raw_id(records[0]))
    assert ended() == [(one.consent_id, "restricted", first + 1)]
    second = seal(house, worker, raw_id(records[1]))
    assert ended()[1:] == [(both.consent_id, "restricted", second + 1)]
    for given in (one, both):
        with pytest.raises(AccessEnded):
            opened(house, given, EMPLOYER)
    lift(house, worker, raw_id(records[0]))
    assert len(ended()) == 2
    assert fsck.fsck(house).finding is None


def test_a_receiver_learns_in_order_that_one_of_several_records_is_restricted_and_lifted(
    house: House, worker: bytes, records
):
    """Behind the entry that did it; a consent that names other records, or has ended, hears nothing."""
    employer = f"institution:{EMPLOYER.institution}"
    both = give(house, worker, records[0], receiver=employer, records=tuple(map(raw_id, records)))[1]
    give(house, worker, records[1], receiver=employer)
    over = give(house, worker, records[0], receiver=employer, records=tuple(map(raw_id, records)))[1]
    house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER, over.consent_id))
    sealed = seal(house, worker, raw_id(records[0]))
    again = lift(house, worker, raw_id(records[0]))
    with house.db.read() as conn:
        told = consents.events_of(conn, employer)[4:]
    assert [(bytes(one.consent_id), one.event, one.log_size, one.n) for one in told] == [
        (both.consent_id, "restricted", sealed + 1, 5),
        (both.consent_id, "lifted", again + 1, 6),
    ]
    assert fsck.fsck(house).finding is None


def test_each_opening_leaves_a_look_and_one_notice_a_day(
    house: House, worker: bytes, records, clock: FixedClock
):
    found = give(house, worker, records[0], receiver=f"institution:{EMPLOYER.institution}")[1]
    for _ in range(3):
        opened(house, found, EMPLOYER)
    assert notices(house, worker) == ["consent-used"]
    clock.advance(DAY)
    opened(house, found, EMPLOYER)
    assert notices(house, worker) == ["consent-used"] * 2
    seen = looks(house, worker)
    assert {(one.actor_id, one.purpose) for one in seen} == {("employer-1", "job-application")}
    assert (len(seen), seen[0].case_ref.startswith(looked.BY_CONSENT)) == (4, True)


def test_what_is_refused_leaves_no_look_and_no_notice(house: House, worker: bytes, records):
    found = give(house, worker, records[0], with_code=True)[1]
    with pytest.raises(CodeWanted):
        opened(house, found, code="no")
    assert (looks(house, worker), notices(house, worker)) == ([], [])


def test_a_code_typed_too_soon_is_told_to_wait_and_is_not_judged(
    house: House, worker: bytes, records, clock: FixedClock
):
    given, found = give(house, worker, records[0], with_code=True)
    for _ in range(2):
        with pytest.raises(CodeWanted):
            opened(house, found, code="no")
    told = []
    for code in ("no", given.code):
        with pytest.raises(CodePaced) as paced:
            opened(house, found, code=code)
        told.append((paced.value.headers["Retry-After"], paced.value.detail))
    assert told == [("1", "请在 1 秒后再试。")] * 2
    clock.advance(1_000)
    assert opened(house, found, code=given.code)["entries"]


def test_the_code_opens(house: House, worker: bytes, records):
    given, found = give(house, worker, records[0], with_code=True)
    assert opened(house, found, code=given.code)["entries"]


@pytest.mark.parametrize("how", ["ended", "expired", "used up"])
def test_a_link_that_is_over_says_the_same_whatever_ended_it(
    house: House, worker: bytes, records, clock: FixedClock, how: str
):
    found = give(house, worker, records[0], max_uses=1)[1]
    if how == "ended":
        house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER))
    elif how == "expired":
        clock.advance(9 * DAY)
    else:
        opened(house, found)
    before = len(looks(house, worker))
    with pytest.raises(AccessEnded) as refused:
        opened(house, found)
    assert refused.value.to_dict() == AccessEnded().to_dict()
    assert len(looks(house, worker)) == before


def test_restricting_an_archive_ends_what_it_shares(house: House, worker: bytes, records):
    found = give(house, worker, records[0])[1]
    erasing.restrict(house, worker, "erasure-requested", "本人申请", OFFICER)
    with pytest.raises(AccessEnded):
        opened(house, found)
    with house.db.read() as conn:
        assert consents.events_of(conn, "link")[-1].why == "restricted"


def test_an_employer_is_given_what_is_for_it_or_its_institution_only():
    assert sharing.receivers_of(EMPLOYER) == ["client:employer-1", "institution:91640100MA76TEST0X"]
    assert sharing.receivers_of(replace(EMPLOYER, institution=None)) == ["client:employer-1"]
