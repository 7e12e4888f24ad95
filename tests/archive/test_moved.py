"""A record that was moved away is sealed where it was struck, and goes with whom it was moved to."""

import json
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import anchor, erasures, fsck
from recordsvc.access.acts import Act
from recordsvc.access.tables import official_act
from recordsvc.archive import bundle, erasing, moved_before, moving, persons, restricting
from recordsvc.archive.errors import ErasureBlocked, TargetUnfit
from recordsvc.archive.moving import Moving
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.restricting import LIFT
from recordsvc.archive.retention import Blocker
from recordsvc.archive.states import Life
from recordsvc.archive.verify import verify_bundle
from recordsvc.archive.views import archive_json
from recordsvc.house import House
from tests.archive.restricted import asking, seal
from tests.archive.support import Centre, id_of, person, told
from tests.archive.test_erasing import OFFICER, UNLAWFUL, decide_erasure, restrict
from tests.archive.test_merging import decided

CLASS = "2026-HJ-77"


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def three(centre: Centre) -> tuple[bytes, bytes, bytes]:
    """Three people, each with a record of their own."""
    for n in (1, 2, 3):
        centre.enter(centre.completion(person(n), **{"class": {"code": f"OWN-{n}"}}))
    first, second, third = (centre.worker_id(person(n)) for n in (1, 2, 3))
    return first, second, third


@pytest.fixture
def record(centre: Centre, three: tuple[bytes, bytes, bytes]) -> bytes:
    """What is the second person's, or the third's, and was entered for the first."""
    one = centre.completion(person(1), **{"class": {"code": CLASS}})
    centre.enter(one)
    centre.enter(centre.correction(person(1), one, score="88.0"))
    return one


def move(house: House, wrong: bytes, record_id: bytes, right: bytes) -> bytes:
    """Two officials move a record; its id where it stands now."""
    asked = Moving(wrong, record_id, right, "同名误记")
    decided(house, lambda turn: moving.propose_move(turn, house, asked, "official:first"))
    found = archive(house, right).entries[-1].stored.record_id
    assert found is not None
    return found


def archive(house: House, worker_id: bytes) -> Archive:
    found = Reader(house, sealed=True).archive(worker_id)
    assert found is not None
    return found


def bytes_of(record: bytes) -> bytes:
    return uuid.UUID(id_of(record)).bytes


def test_nobody_reads_it_where_it_was_struck_and_the_place_says_why(
    house: House, centre: Centre, three: tuple[bytes, bytes, bytes], record: bytes
) -> None:
    before = json.dumps(json.loads(bundle.make(house, three[0])))
    move(house, three[0], bytes_of(record), three[1])
    read = Reader(house).archive(three[0])
    assert read is not None
    made = bundle.make(house, three[0])
    (told_,) = [one for one in json.loads(archive_json(read))["records"] if one["life"] == "restricted"]
    assert told_["revocation"]["reason"] == "wrong-worker"
    for text in (archive_json(read), made):
        assert CLASS.encode() not in text
        assert b'"88.0"' not in text
    for one in (made, before.encode()):
        assert verify_bundle(one, [anchor.log_key(house)]).holds
    again = centre.correction(person(1), record, score="89.0")
    assert told(centre.send([again])) == ["target-unfit"]
    with pytest.raises(TargetUnfit):
        house.db.write(asking(house, LIFT, three[0], bytes_of(record)))
    assert fsck.fsck(house).finding is None


def test_the_same_class_of_ones_own_is_not_held_up_by_what_was_moved_away(
    house: House, centre: Centre, three: tuple[bytes, bytes, bytes], record: bytes
) -> None:
    move(house, three[0], bytes_of(record), three[1])
    own = centre.completion(person(1), **{"class": {"code": CLASS}})
    centre.enter(own)
    seal(house, three[0], bytes_of(own))
    decided(house, asking(house, LIFT, three[0], bytes_of(own)))
    lives = [one.life for one in archive(house, three[0]).state.records]
    assert lives == [Life.ACTIVE, Life.RESTRICTED, Life.ACTIVE]


@pytest.mark.parametrize("whole", [False, True], ids=["record", "person"])
def test_erased_with_whom_it_was_moved_to_over_any_number_of_moves(
    house: House, three: tuple[bytes, bytes, bytes], record: bytes, whole: bool
) -> None:
    there = move(house, three[0], bytes_of(record), three[1])
    last = move(house, three[1], there, three[2])
    if whole:
        restrict(house, three[2])
        decide_erasure(house, three[2])
    else:
        seal(house, three[2], last)
        decided(
            house,
            lambda turn: erasing.propose_record_erasure(
                turn, house, three[2], last, UNLAWFUL, "official:first"
            ),
        )
    for worker_id in three[:2]:
        found = archive(house, worker_id)
        struck = found.state.records[1]
        assert struck.life is Life.ERASED
        assert found.entries[struck.seq].opened is None
        said = [one.record["body"] for one in found.entries if one.record and one.record["type"] == "erasure"]
        assert {(one["ground"], UNLAWFUL.text in one["text"]) for one in said} == {("wrong-worker", False)}
        assert found.state.records[0].life is Life.ACTIVE
    assert CLASS.encode() not in archive_json(archive(house, three[0]))
    assert erasures.keep(house) >= 5
    assert persons.read(house, three[0]) is not None
    assert fsck.fsck(house).finding is None


def test_moved_there_and_back_each_place_is_sealed_and_erased_once(
    house: House, three: tuple[bytes, bytes, bytes], record: bytes
) -> None:
    """What was struck here tells the same, of somebody else: it goes as what the moves struck, not twice."""
    there = move(house, three[0], bytes_of(record), three[1])
    back = move(house, three[1], there, three[0])
    seal(house, three[0], back)
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(turn, house, three[0], back, UNLAWFUL, "official:first"),
    )
    here, elsewhere = (
        [one.record["body"] for one in archive(house, worker_id).entries if one.record is not None]
        for worker_id in three[:2]
    )
    assert [one["restricts"] for one in here if "restricts" in one] == [
        id_of(record),
        str(uuid.UUID(bytes=back)),
    ]
    # With what a move struck goes its revocation, and here the correction that the centre had made.
    assert [one["ground"] for one in here if "erases" in one] == ["unlawful"] + ["wrong-worker"] * 3
    assert [one["ground"] for one in elsewhere if "erases" in one] == ["wrong-worker"] * 2
    assert fsck.fsck(house).finding is None


def test_vouchers_that_rest_on_the_struck_record_hold_it_back_and_other_money_does_not(
    house: House, three: tuple[bytes, bytes, bytes], record: bytes
) -> None:
    move(house, three[0], bytes_of(record), three[1])
    struck = next(one for one in archive(house, three[0]).entries if one.stored.record_id == bytes_of(record))
    places = {"there": None}

    def blocking(_house: House, _conn: object, worker_id: bytes) -> list[Blocker]:
        if worker_id != three[0]:
            return []
        return [Blocker("claim/x", None, "有未办结的申领", "open", places["there"])]

    house.erasure_blockers.append(blocking)
    restrict(house, three[1])
    places["there"] = frozenset({struck.stored.idx})
    with pytest.raises(ErasureBlocked):
        decide_erasure(house, three[1])
    places["there"] = None
    decide_erasure(house, three[1])
    assert archive(house, three[0]).state.of(struck.stored.seq).life is Life.ERASED


def test_what_is_sealed_by_a_move_is_in_the_table(
    house: House, three: tuple[bytes, bytes, bytes], record: bytes
) -> None:
    move(house, three[0], bytes_of(record), three[1])
    with house.db.read() as conn:
        assert restricting.restricted_by(conn, three[0], 1) is not None


# -- moved before this was so


def moved_as_before(
    house: House, monkeypatch: pytest.MonkeyPatch, wrong: bytes, record: bytes, right: bytes
) -> None:
    """Move a record as it was done before moves sealed: revoked here and stated there, and nothing more."""
    whole = moving.enter

    def without_sealing(house: House, turn: Any, said: Any) -> Any:
        out, stated = whole(house, turn, [said[0], said[2]])
        return out, out, stated

    with monkeypatch.context() as earlier:
        earlier.setattr(moving, "enter", without_sealing)
        earlier.setattr(restricting, "hide", lambda *_args: None)
        move(house, wrong, bytes_of(record), right)


def sealing(house: House) -> list[bool]:
    """Seal what was moved before; whether each was."""
    with house.db.read() as conn:
        found = [proposal.id for proposal, _one in moved_before.unsealed(house, conn)]
    return [
        house.db.write(lambda turn, one=one: moved_before.seal(turn, house, one, OFFICER)) for one in found
    ]


@pytest.mark.parametrize("restricted", [False, True])
def test_what_was_moved_before_moves_sealed_is_sealed_where_it_was_struck(
    house: House,
    three: tuple[bytes, bytes, bytes],
    record: bytes,
    monkeypatch: pytest.MonkeyPatch,
    *,
    restricted: bool,
) -> None:
    wrong, right, third = three
    moved_as_before(house, monkeypatch, wrong, record, right)
    read = Reader(house).archive(wrong)
    assert read is not None
    assert CLASS in archive_json(read).decode(), "struck, and still told"
    if restricted:
        restrict(house, wrong)
    assert sealing(house) == [True]
    assert sealing(house) == []
    now = archive(house, wrong)
    (state,) = [one for one in now.state.records if one.moved]
    assert state.record is not None
    with house.db.read() as conn:
        assert restricting.restricted_by(conn, wrong, state.seq) is not None
        acted = conn.execute(sa.select(official_act.c.act, official_act.c.subject)).all()
    assert (Act.RECORD_MOVED_SEAL, str(uuid.UUID(bytes=wrong))) in [tuple(one) for one in acted]
    if not restricted:
        assert CLASS not in archive_json(Reader(house).archive(wrong)).decode()
        assert CLASS.encode() not in bundle.make(house, wrong)
    assert fsck.fsck(house).finding is None
    # It goes with whom it was moved to, as everything that was moved does.
    restrict(house, right)
    decide_erasure(house, right)
    assert archive(house, wrong).state.of(state.seq).life is Life.ERASED
    assert fsck.fsck(house).finding is None
    assert third


def test_what_stays_where_it_stands_or_is_sealed_by_its_move_is_left_alone(
    house: House, three: tuple[bytes, bytes, bytes], record: bytes
) -> None:
    move(house, three[0], bytes_of(record), three[1])
    assert sealing(house) == []
