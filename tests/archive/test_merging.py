"""Merging, undoing a merge, and moving a record: both chains, nothing deleted, old proofs as good as ever."""

import uuid
from pathlib import Path
from typing import Any

import pytest

from recordsvc import anchor, fsck
from recordsvc.access import areas, objects, recusals
from recordsvc.access.grants import Actor
from recordsvc.access.grants import Kind as Kinds
from recordsvc.archive import (
    blockers,
    closing,
    erasing,
    facts,
    foreign,
    merging,
    moving,
    persons,
    strays,
)
from recordsvc.archive.closing import Death
from recordsvc.archive.confirm import confirm
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.errors import TargetUnfit
from recordsvc.archive.formats import Kind
from recordsvc.archive.merging import Why
from recordsvc.archive.moving import Moving
from recordsvc.archive.states import Confirmation, Life
from recordsvc.ground import two_person
from recordsvc.ground.problems import Problem
from recordsvc.house import House
from recordsvc.people import merges
from tests.archive.support import STATER, Centre, id_of, person, receipts, shown, told
from tests.archive.test_importing import imported, old_row, papers, written

OFFICER = Actor(Kinds.OFFICIAL, "li", roles=frozenset({"data-officer"}))
EVIDENCE = {
    "evidence_kind": "level-certificate",
    "title": "焊工四级",
    "origin": {"country": "CHN", "province": "61", "issued_by": "陕西某中心"},
}
WHY = Why("number-corrected", "公安机关证明")


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def decided(house: House, propose: Any) -> Any:
    """Propose and approve; what the executor returned."""
    proposal = house.db.write(propose)
    return house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:second", approve=True, reason="核对无误", role="reviewer", tools=house
        )
    )


def merge(house: House, worker_id: bytes, into: bytes) -> None:
    decided(house, lambda turn: merging.propose_merge(turn, house, worker_id, into, WHY, "official:first"))


def unmerge(house: House, worker_id: bytes) -> None:
    why = Why("merged-in-error", "并非一人")
    decided(house, lambda turn: merging.propose_unmerge(turn, house, worker_id, why, "official:first"))


def archives(house: House, worker_id: bytes) -> persons.PersonArchives:
    found = persons.read(house, worker_id)
    assert found is not None
    return found


@pytest.fixture
def two(house: House, centre: Centre) -> tuple[bytes, bytes]:
    """Two archives, with one record each."""
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    return centre.worker_id(person(1)), centre.worker_id(person(2))


def test_who_keeps_out_of_one_keeps_out_of_the_other(house: House, two: tuple[bytes, bytes]) -> None:
    """A relation that was declared about either archive concerns the person, as long as they are one."""
    first, second = two
    names = [f"worker:{uuid.UUID(bytes=one)}" for one in two]
    who = [Actor(Kinds.OFFICIAL, "li", recused=frozenset({name})) for name in names]

    def kept_out() -> list[bool]:
        with house.db.read() as conn:
            things = [areas.person(conn, one) for one in two]
            asked = [objects.concerned(conn, "x", {"worker_id": str(uuid.UUID(bytes=one))}) for one in two]
        return [recusals.recused(one, it.parties) for one in who for it in (*things, *asked)]

    assert kept_out() == [True, False, True, False, False, True, False, True]
    merge(house, first, second)
    assert kept_out() == [True] * 8
    unmerge(house, first)
    assert kept_out() == [True, False, True, False, False, True, False, True]


def test_a_merge_stands_in_both_chains_and_deletes_nothing(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    first, second = two
    merge(house, first, second)

    person_now = archives(house, second)
    assert [one.worker_id for one in person_now.archives] == [second, first]
    for archive in person_now.archives:
        assert [entry.kind for entry in archive.entries] == [Kind.ISSUE, Kind.MERGE]
        body = archive.entries[1].record["body"]
        assert (body["from"], body["into"]) == (str(uuid.UUID(bytes=first)), str(uuid.UUID(bytes=second)))
        assert body["decision"]["proposed_by"] != body["decision"]["decided_by"]
    assert house.people.find("resident-id", person(1)["number"]) == second
    assert fsck.fsck(house).finding is None


def test_what_arrives_for_either_number_is_entered_in_the_archive_read_as_both(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    merge(house, *two)
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))

    assert len(archives(house, two[1]).own.entries) == 4
    assert fsck.fsck(house).finding is None


def test_acts_go_into_the_chain_of_the_record_they_act_on(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    merge(house, *two)
    centre.enter(centre.correction(person(1), record, score="91.0"))
    centre.enter(centre.revocation(person(2), record))

    merged = archives(house, two[1]).archives[1]
    assert [entry.kind for entry in merged.entries[2:]] == [Kind.MERGE, Kind.CORRECT, Kind.REVOKE]
    assert merged.state.of(1).life is Life.REVOKED
    assert fsck.fsck(house).finding is None


def test_the_person_confirms_records_of_both_chains(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    record_id = uuid.UUID(id_of(record)).bytes
    seen = shown(house, two[0], record_id)
    merge(house, *two)
    confirm(house, two[1], seen, "page", STATER)

    place = archives(house, two[1]).find(record_id)
    assert place.archive.worker_id == two[0]
    assert place.state.confirmation is Confirmation.CONFIRMED


def test_old_receipts_keep_verifying(house: House, centre: Centre, two: tuple[bytes, bytes]) -> None:
    answer = centre.send([centre.completion(person(1))])
    (receipt,) = receipts(answer)
    merge(house, *two)
    unmerge(house, two[0])

    with house.db.read() as conn:
        verdict = compare(house.log, anchor.log_key(house), conn, receipt.encode()).verdict
    assert verdict is Verdict.CONTINUED


def test_a_merge_is_undone_and_what_came_meanwhile_is_listed(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    merge(house, *two)
    meanwhile = centre.completion(person(1))
    centre.enter(meanwhile)
    unmerge(house, two[0])

    assert [len(archives(house, one).archives) for one in two] == [1, 1]
    assert house.people.find("resident-id", person(1)["number"]) == two[0]
    with house.db.read_raw() as cursor:
        (stray,) = strays.entered_meanwhile(house, cursor, two[0])
    assert (stray.worker_id, stray.record_id) == (two[1], uuid.UUID(id_of(meanwhile)).bytes)

    moved = Moving(stray.worker_id, stray.record_id, two[0], "合并期间误入")
    decided(house, lambda turn: moving.propose_move(turn, house, moved, "official:first"))
    with house.db.read_raw() as cursor:
        assert strays.entered_meanwhile(house, cursor, two[0]) == []
    assert archives(house, two[1]).own.state.of(stray.seq).moved
    centre.enter(centre.completion(person(1)))
    assert fsck.fsck(house).finding is None


def test_what_the_region_stated_meanwhile_is_listed_moved_or_left_before_an_erasure(
    house: House, centre: Centre, two: tuple[bytes, bytes], tmp_path: Path
) -> None:
    """Old papers, the worker's own words and evidence name no number: nobody knows whose they are."""
    before, after = (EVIDENCE | {"title": title} for title in ("合并前", "撤回后"))
    foreign.state_evidence(house, two[1], before, [], STATER)
    merge(house, *two)
    imported(house, papers(house, written(tmp_path / "old.csv", [old_row(1)])))
    evidence, _index = foreign.state_evidence(house, two[1], EVIDENCE, [], STATER)
    unmerge(house, two[0])
    foreign.state_evidence(house, two[1], after, [], STATER)

    def listed(own: bytes) -> list[strays.Stray]:
        with house.db.read_raw() as cursor:
            return strays.entered_meanwhile(house, cursor, own)

    def blocked() -> list[str]:
        with house.db.read() as conn:
            found = blockers.of_archives(house, conn, archives(house, two[0]).archives, "unlawful")
        return [one.code for one in found]

    def put(record_id: bytes, to: bytes) -> None:
        asked = Moving(two[1], record_id, to, "核对材料")
        decided(house, lambda turn: moving.propose_move(turn, house, asked, "official:first"))

    old, own = listed(two[0])
    assert [(one.worker_id, one.certain) for one in (old, own)] == [(two[1], False)] * 2
    assert (old.state.record["type"], own.record_id) == ("qualification-certificate", evidence)
    assert listed(two[1]) == []
    assert "archive/strays-undecided" in blocked()

    put(old.record_id, two[0])
    assert [(one.seq, one.certain) for one in listed(two[0])] == [(own.seq, False)]
    stands = archives(house, two[1]).own.entries
    put(own.record_id, two[1])
    assert len(archives(house, two[1]).own.entries) == len(stands), "nothing is entered"
    assert listed(two[0]) == []
    with pytest.raises(TargetUnfit):
        put(own.record_id, two[1])
    assert "archive/strays-undecided" not in blocked()
    assert fsck.fsck(house).finding is None

    erasing.restrict(house, two[0], "erasure-requested", "本人申请", OFFICER)
    why = erasing.Why("unlawful", "属实")
    decided(house, lambda turn: erasing.propose_erasure(turn, house, two[0], why, "official:first"))
    assert archives(house, two[1]).own.state.of(old.seq).life is Life.ERASED, "what was moved goes along"
    assert archives(house, two[1]).own.state.of(own.seq).life is Life.ACTIVE
    assert fsck.fsck(house).finding is None


def test_a_chain_of_merges_is_read_as_one(house: House, centre: Centre, two: tuple[bytes, bytes]) -> None:
    centre.enter(centre.completion(person(3)))
    third = centre.worker_id(person(3))
    merge(house, two[0], two[1])
    merge(house, two[1], third)

    assert [one.worker_id for one in archives(house, third).archives] == [third, two[1], two[0]]
    assert house.people.find("resident-id", person(1)["number"]) == third
    unmerge(house, two[1])
    assert house.people.find("resident-id", person(1)["number"]) == two[1]
    assert fsck.fsck(house).finding is None


def test_who_was_merged_into_somebody_that_died_comes_free(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    merge(house, *two)
    died = Death("death-certificate", "2025-01-02", "死亡证明", ["ab" * 32])
    decided(house, lambda turn: closing.propose_closure(turn, house, two[1], died, "official:first"))

    unmerge(house, two[0])

    assert [len(archives(house, one).archives) for one in two] == [1, 1]
    with house.db.read_raw() as cursor:
        assert [house.people.load(cursor, one).state for one in two] == ["open", "closed"]
    centre.enter(centre.completion(person(1)))
    assert len(archives(house, two[0]).own.entries) == 4
    assert fsck.fsck(house).finding is None


def test_what_keeps_a_merge_from_being_undone_is_said_at_once_with_what_to_do(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    centre.enter(centre.completion(person(3)))
    third = centre.worker_id(person(3))
    merge(house, *two)
    merge(house, two[1], third)
    with pytest.raises(merges.NotMergeable, match="先撤回后一次合并"):
        unmerge(house, two[0])
    unmerge(house, two[1])
    officer = Actor(Kinds.OFFICIAL, "data", roles=frozenset({"data-officer"}))
    erasing.restrict(house, two[1], "lawfulness-disputed", "核实", officer)
    with pytest.raises(merges.NotMergeable, match="请先解除限制"):
        unmerge(house, two[0])


@pytest.mark.parametrize("ring", [False, True])
def test_what_is_merged_or_the_same_cannot_be_merged(
    house: House, two: tuple[bytes, bytes], ring: bool
) -> None:
    merge(house, *two)
    pair = (two[1], two[0]) if ring else (two[0], two[1])
    with pytest.raises(merges.NotMergeable):
        house.db.write(lambda turn: merging.propose_merge(turn, house, *pair, WHY, "official:first"))
    with pytest.raises(merges.NotMergeable):
        house.db.write(lambda turn: merging.propose_merge(turn, house, two[1], two[1], WHY, "official:first"))


def test_a_merge_decided_on_old_facts_is_refused(house: House, two: tuple[bytes, bytes]) -> None:
    old = house.db.write(
        lambda turn: merging.propose_merge(turn, house, two[1], two[0], WHY, "official:first")
    )
    merge(house, *two)
    with pytest.raises(two_person.StaleProposal):
        house.db.write(
            lambda turn: two_person.decide(turn, old, "official:second", True, "同意", tools=house)
        )


def test_a_record_moves_in_one_act(house: House, centre: Centre, two: tuple[bytes, bytes]) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    centre.enter(centre.correction(person(1), record, score="88.0"))
    moved = Moving(two[0], uuid.UUID(id_of(record)).bytes, two[1], "同名误记")
    index = decided(house, lambda turn: moving.propose_move(turn, house, moved, "official:first"))

    wrong, right = archives(house, two[0]).own, archives(house, two[1]).own
    gone = wrong.state.of(1)
    assert (gone.life, gone.moved, gone.record, gone.body) == (Life.RESTRICTED, True, None, None)
    assert wrong.state.of(1).revocation.record["body"]["reason"] == "wrong-worker"
    there = right.state.records[-1]
    assert right.entries[there.seq].stored.idx == index
    assert there.body["score"] == "88.0", "as it counted last"
    assert there.record["provenance"]["original"]["uscc"] == centre.uscc
    assert facts.trust_of(there, house.settings.region) == "bureau-vouched"
    assert fsck.fsck(house).finding is None


def test_the_issuers_own_signature_counts_instead_of_what_was_moved(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    record = centre.completion(person(1), **{"class": {"code": "2026-HJ-01"}})
    centre.enter(record)
    moved = Moving(two[0], uuid.UUID(id_of(record)).bytes, two[1], "同名误记")
    decided(house, lambda turn: moving.propose_move(turn, house, moved, "official:first"))
    centre.enter(centre.completion(person(2), **{"class": {"code": "2026-HJ-01"}}))

    state = archives(house, two[1]).own.state
    stated, signed = state.records[-2], state.records[-1]
    assert facts.superseded(state, house.settings.region) == {stated.seq: signed.seq}


def test_nothing_moves_that_is_not_there_or_not_in_force(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    record = centre.completion(person(1))
    centre.enter(record)
    centre.enter(centre.revocation(person(1), record))
    record_id = uuid.UUID(id_of(record)).bytes
    for moved, code in (
        (Moving(two[0], bytes(16), two[1], "x"), "target-unknown"),
        (Moving(two[0], record_id, bytes(16), "x"), "target-unknown"),
        (Moving(two[0], record_id, two[1], "x"), "target-unfit"),
    ):
        with pytest.raises(Problem) as refused:
            house.db.write(lambda turn, moved=moved: moving.propose_move(turn, house, moved, "official:a"))
        assert refused.value.code == code


def test_a_name_of_the_merged_archive_is_the_persons_under_its_number(
    house: House, centre: Centre, two: tuple[bytes, bytes]
) -> None:
    merge(house, *two)
    renamed = {**person(1), "name": person(2)["name"]}
    assert told(centre.send([centre.completion(person(1))])) == ["accepted"]
    assert told(centre.send([centre.completion(renamed)])) == ["accepted"]
    assert told(centre.send([centre.completion({**person(1), "name": "丁不同"})])) == ["name-differs"]
