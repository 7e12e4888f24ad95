"""One record restricted: shown to nobody, acted on by nothing; lifted, all is as before."""

import json
import uuid
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from recordsvc import anchor, erasures, fsck
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import (
    bundle,
    closing,
    confirm,
    declare,
    dispute_answers,
    dispute_decisions,
    dispute_follower,
    dispute_views,
    disputes,
    erasing,
    feed,
    foreign,
    held,
    noticeboard,
    persons,
    printing,
    proposal_papers,
    tables,
    views,
)
from recordsvc.archive.announcing import announcer
from recordsvc.archive.confirm import Shown
from recordsvc.archive.dispute_decisions import Decision
from recordsvc.archive.errors import (
    ArchiveRestricted,
    ErasureBlocked,
    HeldNotHere,
    TargetUnfit,
    TargetUnknown,
)
from recordsvc.archive.letters import deliverer
from recordsvc.archive.restricting import RESTRICT
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.retention import Blocker
from recordsvc.archive.statements import Stater
from recordsvc.archive.states import Confirmation, Life
from recordsvc.archive.verify import verify_bundle
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import standing
from tests.archive.restricted import asking, lift, seal
from tests.archive.support import STATER, Centre, id_of, person, told
from tests.archive.test_erasing import DIED, ENDED, UNLAWFUL, decide_erasure, restrict
from tests.archive.test_merging import decided, merge

CANARY = "87.3"
"""The score of the record that is sealed."""
OTHER = {"class": {"code": "C3"}}
"""Of another class than that: what tells the same class goes with it (`test_alike.py`)."""


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


@pytest.fixture
def record(centre: Centre) -> bytes:
    """The first of a worker's two records, as it was signed."""
    one = centre.completion(person(1), score=CANARY)
    centre.enter(one, centre.completion(person(1), **{"class": {"code": "C2"}}))
    return one


@pytest.fixture
def worker(centre: Centre, record: bytes) -> bytes:
    return centre.worker_id(person(1))


def bytes_of(record: bytes) -> bytes:
    return uuid.UUID(id_of(record)).bytes


def erase(house: House, worker_id: bytes, record: bytes, why: erasing.Why = UNLAWFUL) -> None:
    record_id = bytes_of(record)
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(turn, house, worker_id, record_id, why, "official:first"),
    )


def shown(house: House, worker_id: bytes) -> bytes:
    """What the archive's own answer, its bundle and the feed say, in one."""
    person_ = persons.read(house, worker_id)
    assert person_ is not None
    made = bundle.make(house, worker_id)
    assert made is not None
    fed = orjson.dumps(feed.entries(house, -1, 100)[0])
    return views.person_json(person_) + made + fed


def test_a_restricted_record_is_shown_nowhere_and_the_others_are(
    house: House, worker: bytes, record: bytes
) -> None:
    assert shown(house, worker).count(CANARY.encode()) == 3
    seal(house, worker, bytes_of(record))
    assert CANARY.encode() not in shown(house, worker)
    states = persons.read(house, worker).own.state.records
    assert [one.life for one in states] == [Life.RESTRICTED, Life.ACTIVE]
    assert (states[0].record, states[0].body) == (None, None)
    assert states[1].record is not None
    assert fsck.fsck(house).finding is None


def test_what_acted_on_it_is_sealed_with_it(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    """A correction says again what the record said, and of whom; an objection, what is wrong with it."""
    centre.enter(centre.correction(person(1), record, score="92.1"))
    state = persons.read(house, worker).own
    words = Shown(bytes_of(record), state.seen(state.state.records[0]))
    stater = Stater("worker:x", "worker", "case-1")
    confirm.contest(house, worker, words, "api", stater, "other", "金丝雀异议")
    assert b"92.1" in shown(house, worker)
    assert "金丝雀异议".encode() in shown(house, worker)
    seal(house, worker, bytes_of(record))
    for canary in (CANARY, "92.1", "金丝雀异议"):
        assert canary.encode() not in shown(house, worker)
    sealed = persons.read(house, worker).own.state.of(0)
    assert sealed.life is Life.RESTRICTED
    assert fsck.fsck(house).finding is None
    lift(house, worker, bytes_of(record))
    assert persons.read(house, worker).own.state.of(0).body["score"] == "92.1"
    assert "金丝雀异议".encode() in shown(house, worker)
    assert fsck.fsck(house).finding is None


def test_lifted_it_is_as_before(house: House, centre: Centre, worker: bytes, record: bytes) -> None:
    centre.enter(centre.revocation(person(1), record))
    before = persons.read(house, worker).own.state.of(0)
    seal(house, worker, bytes_of(record))
    assert persons.read(house, worker).own.state.of(0).life is Life.RESTRICTED
    lift(house, worker, bytes_of(record))
    after = persons.read(house, worker).own.state.of(0)
    assert (after.life, after.record, after.body) == (Life.REVOKED, before.record, before.body)
    assert after.restriction is None
    seal(house, worker, bytes_of(record))  # again, as another act
    assert CANARY.encode() not in shown(house, worker)
    assert fsck.fsck(house).finding is None


def test_a_bundle_proves_that_a_record_is_restricted(house: House, worker: bytes, record: bytes) -> None:
    index = seal(house, worker, bytes_of(record))
    report = verify_bundle(bundle.make(house, worker), [anchor.log_key(house)])
    assert report.outcome.name == "PROVEN"
    assert [(one.life, one.type) for one in report.records] == [
        ("restricted", None),
        ("active", "training-completion"),
    ]
    assert "已限制处理" in report.text()
    told_ = json.loads(bundle.make(house, worker))["entries"]
    (entry,) = [one for one in told_ if one["index"] == index]
    assert (entry["target"], entry["record"]["body"]["effect"]) == (0, "restricted")
    lift(house, worker, bytes_of(record))
    report = verify_bundle(bundle.make(house, worker), [anchor.log_key(house)])
    assert [one.life for one in report.records] == ["active", "active"]


def test_the_feed_tells_it_as_restricted_not_as_erased(house: House, worker: bytes, record: bytes) -> None:
    index = seal(house, worker, bytes_of(record))
    items = {one["index"]: one for one in feed.entries(house, -1, 100)[0] if one["worker_id"] == worker.hex()}
    assert [(one["restricted"], one["erased"], one["record"] is None) for one in items.values()] == [
        (True, False, True),
        (False, False, False),
        (False, False, False),
    ]
    assert items[index]["target"] == 0, "receivers learn of it in the order of the log"
    lift(house, worker, bytes_of(record))
    assert not any(one["restricted"] for one in feed.entries(house, -1, 100)[0])


def test_it_takes_two(house: House, worker: bytes, record: bytes) -> None:
    proposal = house.db.write(asking(house, RESTRICT, worker, bytes_of(record)))

    def decide(by: str, role: str) -> Any:
        return lambda turn: two_person.decide(turn, proposal, by, True, "符合", role=role, tools=house)

    with pytest.raises(two_person.SamePerson):
        house.db.write(decide("official:first", "data-officer"))
    assert persons.read(house, worker).own.state.of(0).life is Life.ACTIVE
    house.db.write(decide("official:second", "data-officer"))
    assert persons.read(house, worker).own.state.of(0).life is Life.RESTRICTED


def test_a_proposal_is_stale_once_the_record_stands_otherwise(
    house: House, worker: bytes, record: bytes
) -> None:
    second = house.db.write(asking(house, RESTRICT, worker, bytes_of(record)))
    seal(house, worker, bytes_of(record))
    with pytest.raises(two_person.StaleProposal):
        house.db.write(
            lambda turn: two_person.decide(turn, second, "official:second", True, "符合", tools=house)
        )
    with pytest.raises(standing.StandingRefused):
        seal(house, worker, bytes_of(record))


def test_only_a_record_that_is_there_is_restricted(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    correction = centre.correction(person(1), record)
    centre.enter(correction)
    for other, refusal in ((centre.completion(person(1)), TargetUnknown), (correction, TargetUnfit)):
        with pytest.raises(refusal):
            seal(house, worker, bytes_of(other))
    with pytest.raises(standing.StandingRefused):
        lift(house, worker, bytes_of(record))


def test_nothing_acts_on_a_restricted_record(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    seal(house, worker, bytes_of(record))
    correction, revocation = centre.correction(person(1), record), centre.revocation(person(1), record)
    assert told(centre.send([correction])) == ["target-restricted"]
    assert told(centre.send([revocation])) == ["target-restricted"]
    said = Shown(bytes_of(record), persons.read(house, worker).own.entries[-1].stored.idx)
    with pytest.raises(RecordRestricted):
        confirm.confirm(house, worker, said, "api", Stater("worker:x", "worker", "case-1"))
    centre.enter(centre.completion(person(1), **{"class": {"code": "C2"}}))  # the archive goes on


def test_what_waits_for_a_restricted_record_tells_nothing_and_goes_with_it(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    """A held correction says again what the record said: to nobody while sealed, not at all once erased."""
    stays = centre.correction(person(1), centre_record := centre.completion(person(1), **OTHER))
    centre.enter(centre_record)
    seal(house, worker, bytes_of(record))
    correction, revocation = centre.correction(person(1), record), centre.revocation(person(1), record)
    assert told(centre.send([correction, revocation])) == ["target-restricted"] * 2
    seal(house, worker, bytes_of(centre_record))
    assert told(centre.send([stays])) == ["target-restricted"]
    with house.db.read() as conn:
        waits = [one.held_id for one in held.waiting(conn)]
    assert len(waits) == 3
    for one in waits:
        with pytest.raises(RecordRestricted):
            held.open_held(house, one)
    lift(house, worker, bytes_of(centre_record))
    lift(house, worker, bytes_of(record))
    opened = {str(held.open_held(house, one)["id"]) for one in waits}
    assert opened == {id_of(correction), id_of(revocation), id_of(stays)}

    seal(house, worker, bytes_of(record))
    erase(house, worker, record)
    own = tables.held.c
    with house.db.read() as conn:
        rows = conn.execute(sa.select(own.held_id, own.state, own.sealed.is_(None))).all()
        kept = [(str(row[1]), bool(row[2])) for row in rows]
    assert sorted(kept) == [("held", False), ("returned", True), ("returned", True)]
    gone = next(bytes(row[0]) for row in rows if row[1] == "returned")
    with pytest.raises(HeldNotHere):
        held.open_held(house, gone)


def test_an_archive_goes_with_what_waits_to_act_on_it_under_another_name(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    other = centre.completion(person(2))
    centre.enter(other)
    assert told(centre.send([centre.revocation(person(2), record)])) == ["target-of-another"]
    with house.db.read() as conn:
        (one,) = held.waiting(conn)
    restrict(house, worker)
    with pytest.raises(ArchiveRestricted):
        held.open_held(house, one.held_id)
    decide_erasure(house, worker)
    with house.db.read() as conn:
        assert held.waiting(conn) == []


def test_who_sent_it_gets_the_same_receipt_again(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    seal(house, worker, bytes_of(record))
    assert told(centre.send([record])) != ["erased"]
    erase(house, worker, record)
    assert told(centre.send([record])) == ["erased"]


# -- erasing


def test_a_record_is_restricted_before_it_is_erased(house: House, worker: bytes, record: bytes) -> None:
    with pytest.raises(standing.StandingRefused):
        erase(house, worker, record)
    seal(house, worker, bytes_of(record))
    with pytest.raises(ErasureBlocked) as blocked:
        erase(house, worker, record, ENDED)
    assert [one["code"] for one in blocked.value.to_dict()["errors"]] == ["retention/training-completion"]
    erase(house, worker, record)
    states = persons.read(house, worker).own.state.records
    assert [one.life for one in states] == [Life.ERASED, Life.ACTIVE]
    with pytest.raises(TargetUnknown):
        lift(house, worker, bytes_of(record))
    assert fsck.fsck(house).finding is None


def test_a_term_that_nobody_laid_down_has_not_ended(house: House, centre: Centre, worker: bytes) -> None:
    """`retention-ended` is a ground only for types that `retention_terms` has a row of."""
    evidence = {
        "evidence_kind": "level-certificate",
        "title": "焊工四级",
        "origin": {"country": "CHN", "province": "61", "issued_by": "陕西某中心"},
    }
    record_id, _index = foreign.state_evidence(house, worker, evidence, (), STATER)
    seal(house, worker, record_id)

    def ask(why: erasing.Why) -> bytes:
        return bytes(
            house.db.write(
                lambda turn: erasing.propose_record_erasure(
                    turn, house, worker, record_id, why, "official:first"
                )
            )
        )

    with pytest.raises(ErasureBlocked) as blocked:
        ask(ENDED)
    assert [one["code"] for one in blocked.value.to_dict()["errors"]] == ["retention/no-term"]
    assert ask(erasing.Why("consent-withdrawn", "依申请"))


def test_a_restricted_archive_is_restriction_enough(house: House, worker: bytes, record: bytes) -> None:
    restrict(house, worker)
    with pytest.raises(standing.StandingRefused):
        seal(house, worker, bytes_of(record))
    erase(house, worker, record)
    assert fsck.fsck(house).finding is None


def test_lifted_meanwhile_it_is_not_erased(house: House, worker: bytes, record: bytes) -> None:
    seal(house, worker, bytes_of(record))
    record_id = bytes_of(record)
    waits = house.db.write(
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker, record_id, UNLAWFUL, "official:first"
        )
    )
    lift(house, worker, bytes_of(record))
    with pytest.raises(two_person.StaleProposal):
        house.db.write(
            lambda turn: two_person.decide(
                turn, waits, "official:second", True, "符合", role="data-officer", tools=house
            )
        )
    assert persons.read(house, worker).own.state.of(0).life is Life.ACTIVE


def test_what_was_said_of_it_stays_sealed_once_it_is_erased(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    archive = persons.read(house, worker).own
    words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
    confirm.contest(house, worker, words, "api", Stater("worker:x", "worker", "c"), "other", "金丝雀异议")
    seal(house, worker, bytes_of(record))
    erase(house, worker, record)
    assert "金丝雀异议".encode() not in shown(house, worker)
    assert next(one["erased"] for one in feed.entries(house, -1, 100)[0])
    assert fsck.fsck(house).finding is None


def test_open_money_of_the_worker_keeps_a_record(house: House, worker: bytes, record: bytes) -> None:
    seal(house, worker, bytes_of(record))
    claim = Blocker("claim/open", None, "有未结的补贴申请", "a claim is open")
    house.erasure_blockers.append(lambda _house, _conn, one: [claim] if one == worker else [])
    with pytest.raises(ErasureBlocked) as blocked:
        erase(house, worker, record)
    assert [one["code"] for one in blocked.value.to_dict()["errors"]] == ["claim/open"]


def test_an_erased_archive_leaves_no_row_of_its_sealed_records(
    house: House, worker: bytes, record: bytes
) -> None:
    seal(house, worker, bytes_of(record))
    restrict(house, worker)
    decided(house, lambda turn: erasing.propose_erasure(turn, house, worker, UNLAWFUL, "official:first"))
    with house.db.read() as conn:
        assert conn.execute(tables.restricted_entry.select()).all() == []
    assert erasures.keep(house) == 1
    assert fsck.fsck(house).finding is None


# -- lives


def test_the_record_of_one_who_died_is_restricted_and_nobody_told(
    house: House, worker: bytes, record: bytes
) -> None:
    decided(house, lambda turn: closing.propose_closure(turn, house, worker, DIED, "official:first"))
    seal(house, worker, bytes_of(record))
    assert CANARY.encode() not in shown(house, worker)
    assert "record-restricted" not in kinds(house, worker)
    assert fsck.fsck(house).finding is None


def test_a_record_of_a_merged_archive_is_restricted_in_its_own_chain(
    house: House, centre: Centre, worker: bytes, record: bytes
) -> None:
    centre.enter(centre.completion(person(2), **OTHER))
    other = centre.worker_id(person(2))
    merge(house, worker, other)
    seal(house, other, bytes_of(record))
    own, merged = persons.read(house, other).archives
    assert [one.life for one in own.state.records] == [Life.ACTIVE]
    assert merged.state.of(0).life is Life.RESTRICTED
    assert fsck.fsck(house).finding is None


def kinds(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(house, conn, [worker_id])]


def test_worker_and_issuer_are_told_and_not_what_it_said(house: House, worker: bytes, record: bytes) -> None:
    seal(house, worker, bytes_of(record))
    announcer(house).run()
    assert kinds(house, worker).count("record-restricted") == 1
    with house.db.read() as conn:
        office = conn.execute(tables.office_notice.select()).all()
    (row,) = [one for one in office if one.kind == "record-restricted"]
    assert json.loads(row.params) == {"count": 1, "record_id": id_of(record)}
    lift(house, worker, bytes_of(record))
    assert "record-lifted" in kinds(house, worker)


def test_what_was_told_of_a_restricted_record_names_it_no_more_until_it_is_lifted(
    house: House, centre: Centre, worker: bytes, record: bytes, clock: FixedClock
) -> None:
    """On the board, in the message that still waits, and on paper; what was told of others stays."""
    announcer(house).run()
    clock.advance(1000)
    centre.enter(centre.revocation(person(1), record))
    clock.advance(1000)
    centre.enter(centre.completion(person(1), **OTHER))
    announcer(house).run()
    before = board(house, worker)
    assert [kind for kind, params in before if "issuer" in params] == [
        "record-entered",
        "record-revoked",
        "record-entered",
    ]
    seal(house, worker, bytes_of(record))
    others = [one for one in board(house, worker) if one[0] != "record-restricted"]
    assert others == [before[0], ("record-withheld", {}), ("record-withheld", {})]
    assert [centre_named(text) for text in letters_to(house, worker)] == [False]
    lift(house, worker, bytes_of(record))
    acts = ("record-restricted", "record-lifted")
    assert [one for one in board(house, worker) if one[0] not in acts] == before
    assert [centre_named(text) for text in letters_to(house, worker)] == [True]


def test_what_was_told_of_a_restricted_archive_names_no_type_issuer_or_record(
    house: House, worker: bytes
) -> None:
    announcer(house).run()
    before = board(house, worker)
    assert any("issuer" in params for _kind, params in before)
    restrict(house, worker)
    acts = ("archive-restricted", "archive-lifted")
    meanwhile = [one for one in board(house, worker) if one[0] not in acts]
    assert meanwhile == [("archive-withheld", {})] * len(before)
    decided(
        house,
        lambda turn: erasing.propose_lift(turn, worker, "request-withdrawn", "本人撤回", "official:first"),
    )
    assert [one for one in board(house, worker) if one[0] not in acts] == before


def test_what_was_told_of_an_erased_record_says_nothing_of_it_for_good(
    house: House, centre: Centre, worker: bytes, record: bytes, clock: FixedClock
) -> None:
    """Nothing of issuer and type is left in the rows; on the board, by message and on paper it is said so."""
    announcer(house).run()
    clock.advance(1000)
    centre.enter(centre.revocation(person(1), record))
    clock.advance(1000)
    centre.enter(centre.completion(person(1), **OTHER))
    announcer(house).run()
    newest = board(house, worker)[0]
    seal(house, worker, bytes_of(record))
    erase(house, worker, record)
    announcer(house).run()
    told_ = [one for one in board(house, worker) if one[0] not in ("record-restricted", "record-erased")]
    assert told_ == [newest, ("record-notice-emptied", {}), ("record-notice-emptied", {})]
    deliverer(house).run()
    officer = Actor(Kind.OFFICIAL, "7", roles=frozenset({"handler"}), duties=frozenset({("handler", "64")}))
    (letter,) = [
        one
        for one in printing.slips(house, officer, "service-window", "K-1")
        if "原因" in one.text or "删除的记录" in one.title
    ]
    assert "其内容已随记录一并删除" in letter.text


def board(house: House, worker_id: bytes) -> list[tuple[str, dict[str, Any]]]:
    """What stands on the worker's board, the newest first."""
    with house.db.read() as conn:
        found = noticeboard.of_workers(house, conn, [worker_id])
    return [(one.kind, dict(one.params)) for one in found]


def centre_named(text: str) -> bool:
    """Whether a letter says why a record was revoked; one that says nothing of it says that."""
    assert ("原因" in text) != ("封存期间不显示内容" in text)
    return "原因" in text


def letters_to(house: House, worker_id: bytes) -> list[str]:
    """The texts on paper of a revocation: the print list as an official takes it."""
    deliverer(house).run()
    officer = Actor(Kind.OFFICIAL, "7", roles=frozenset({"handler"}), duties=frozenset({("handler", "64")}))
    found = printing.slips(house, officer, "service-window", "K-1")
    return [one.text for one in found if one.title in ("记录已撤销", "关于已封存的记录")]


# -- the worker asks


def test_who_objected_already_asks_for_it_in_the_same_case(
    house: House, worker: bytes, record: bytes
) -> None:
    """The issuer's case passes to the region, once; the same wish again makes no second entry."""

    def object_to(reason: str, text: str) -> int:
        archive = persons.read(house, worker).own
        words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
        entered = confirm.contest(house, worker, words, "page", STATER, reason, text)
        dispute_follower.follower(house).run()
        return entered

    first = object_to("wrong-result", "分数不对")
    assert object_to("other", "还有别的") == first, "an objection that stands takes no second one"
    with house.db.read() as conn:
        (before,) = disputes.of_workers(conn, [worker])
    assert before.owner == "issuer"
    wish = object_to("wants-restriction", "请先封存")
    assert wish > first
    assert object_to("wants-restriction", "请先封存") == wish
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
        said = dispute_views.described(house, conn, persons.read(house, worker).own, case)["said"]
    assert (case.dispute_id, case.owner, case.state) == (before.dispute_id, "region", "open")
    assert [one["reason"] for one in said] == ["wrong-result", "wants-restriction"]


def test_a_worker_asks_for_it_by_an_objection_that_is_the_regions(
    house: House, worker: bytes, record: bytes
) -> None:
    """The issuer has no say in it; a data officer approves what another official proposes."""
    archive = persons.read(house, worker).own
    words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
    confirm.contest(house, worker, words, "window", STATER, "wants-restriction", "金丝雀请求")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
        told = conn.execute(tables.office_notice.select()).all()
    assert (case.owner, case.state) == ("region", "open")
    assert {one.addressee for one in told if one.kind == "objection-opened"} == {"desk:disputes"}

    decision = Decision("本人要求，处理依据有争议", restrict="lawfulness-disputed")
    proposal = house.db.write(
        lambda turn: dispute_decisions.propose(turn, house, case.dispute_id, decision, "official:first")
    )
    with house.db.read() as conn:
        assert two_person.read(conn, proposal, house.clock.now_ms()).kind == "dispute.restrict"
        assert two_person.deciders("dispute.restrict") == {"data-officer"}
        (waits,) = dispute_decisions.proposed(house, conn, case)
    assert waits.type == "restriction"
    house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:second", True, "属实", role="data-officer", tools=house
        )
    )
    states = persons.read(house, worker).own.state.records
    assert [one.life for one in states] == [Life.RESTRICTED, Life.ACTIVE]
    assert "金丝雀请求".encode() not in shown(house, worker)
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
    assert case.state == "upheld"
    assert kinds(house, worker).count("record-restricted") == 1
    assert fsck.fsck(house).finding is None
    lift(house, worker, bytes_of(record))
    assert persons.read(house, worker).own.state.of(0).life is Life.ACTIVE


def test_what_was_said_in_a_case_is_sealed_with_its_record(
    house: House, worker: bytes, record: bytes
) -> None:
    archive = persons.read(house, worker).own
    words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
    confirm.contest(house, worker, words, "page", STATER, "wrong-result", "")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
    house.db.write(lambda turn: disputes.say(turn, house, case.dispute_id, "worker", "worker:x", "金丝雀"))
    seal(house, worker, bytes_of(record))
    with house.db.read() as conn:
        assert disputes.messages(house, conn, case) == []
    answer = dispute_answers.Answer("rejected", "不属实")
    with pytest.raises(RecordRestricted):
        house.db.write(
            lambda turn: dispute_answers.answer(turn, house, case.dispute_id, case.issuer, "s", answer)
        )
    lift(house, worker, bytes_of(record))
    with house.db.read() as conn:
        assert [one.text for one in disputes.messages(house, conn, case)] == ["金丝雀"]


def wish(house: House, worker: bytes, record: bytes) -> None:
    archive = persons.read(house, worker).own
    words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
    confirm.contest(house, worker, words, "page", STATER, "wants-restriction", "")


@pytest.mark.parametrize("followed_before", [True, False])
def test_a_wish_that_officials_grant_from_the_record_ends_its_case_and_contests_nothing(
    house: House, worker: bytes, record: bytes, *, followed_before: bool
) -> None:
    before = persons.read(house, worker).own.state.of(0).confirmation
    wish(house, worker, record)
    assert persons.read(house, worker).own.state.of(0).confirmation is Confirmation.CONTESTED
    if followed_before:
        dispute_follower.follower(house).run()
    index = seal(house, worker, bytes_of(record))
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
        office = [
            one.addressee
            for one in conn.execute(tables.office_notice.select())
            if one.kind.startswith("objection")
        ]
    assert (case.state, case.outcome_idx, case.issuer_told) == ("upheld", index, False)
    assert set(office) == {"desk:disputes"}
    lift(house, worker, bytes_of(record))
    assert persons.read(house, worker).own.state.of(0).confirmation is before
    assert fsck.fsck(house).finding is None


def test_another_objection_stands_beside_a_granted_wish(house: House, worker: bytes, record: bytes) -> None:
    archive = persons.read(house, worker).own
    words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
    confirm.contest(house, worker, words, "page", STATER, "wrong-result", "")
    seal(house, worker, bytes_of(record))
    lift(house, worker, bytes_of(record))
    assert persons.read(house, worker).own.state.of(0).confirmation is Confirmation.CONTESTED


def test_nothing_is_said_in_the_case_of_a_sealed_record(house: House, worker: bytes, record: bytes) -> None:
    archive = persons.read(house, worker).own
    words = Shown(bytes_of(record), archive.seen(archive.state.records[0]))
    confirm.contest(house, worker, words, "page", STATER, "wrong-result", "")
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
    house.db.write(lambda turn: disputes.say(turn, house, case.dispute_id, "worker", "worker:x", "先说"))
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker])
    seal(house, worker, bytes_of(record))
    with pytest.raises(RecordRestricted):
        house.db.write(lambda turn: disputes.say(turn, house, case.dispute_id, "worker", "worker:x", "再说"))


def test_what_was_stated_before_and_is_restricted_is_not_called_erased(house: House, worker: bytes) -> None:
    evidence = {
        "evidence_kind": "level-certificate",
        "title": "职业技能等级证书（中式面点师，四级）",
        "number": "S000061000012234000123",
        "origin": {"country": "CHN", "province": "61", "issued_by": "陕西示范技能评价中心"},
        "level": "4",
        "awarded_on": "2023-09-10",
    }
    own, said = STATER, {"matter": "training", "title": "电焊", "channel": "page", "text": "学过电焊"}
    for state in (
        lambda: foreign.state_evidence(house, worker, evidence, [], own),
        lambda: declare.declare(house, worker, said, own),
    ):
        record_id, index = state()
        assert state() == (record_id, index)
        seal(house, worker, record_id)
        with pytest.raises(RecordRestricted):
            state()


def test_the_decision_to_erase_a_record_keeps_what_it_rests_on(
    house: House, worker: bytes, record: bytes
) -> None:
    seal(house, worker, bytes_of(record))
    why = erasing.Why(UNLAWFUL.ground, UNLAWFUL.text, ("ab" * 32,))
    proposal = house.db.write(
        lambda turn: erasing.propose_record_erasure(
            turn, house, worker, bytes_of(record), why, "official:first"
        )
    )
    with house.db.read() as conn:
        waits = two_person.read(conn, proposal, house.clock.now_ms())
    assert [one.sha256 for one in proposal_papers.resting(house, waits)] == ["ab" * 32]


def test_a_restricted_worker_is_told_so_who_states_something(house: House, worker: bytes) -> None:
    """Not to try again later: it stands for as long as the restriction."""
    restrict(house, worker)
    said = {"matter": "work", "title": "工地焊工", "text": "在工地做过焊工", "channel": "api"}
    with pytest.raises(ArchiveRestricted):
        declare.declare(house, worker, said, STATER)
