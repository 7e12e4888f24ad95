"""What a proposal tells of a person goes with what it is about, and is read by whoever may read that."""

from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.archive import closing, erasing, foreign, reading
from recordsvc.archive.erasing import Why
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.web import proposal_words
from tests.archive.paperfiles import png
from tests.archive.restricted import lift, seal
from tests.archive.support import STATER, Centre, person
from tests.archive.test_erasing import OFFICER, UNLAWFUL, decide_erasure
from tests.archive.test_merging import decided
from tests.test_desk_commands import EVIDENCE

PROOF = {"method": "联网查询", "on": "2025-01-03", "by": "窗口", "reference": "金丝雀甲77"}
CANARIES = ("query-confirmed", "金丝雀甲77", "金丝雀乙")
DIED = closing.Death("death-certificate", "2025-01-02", "金丝雀丙", ["ab" * 32])


@pytest.fixture
def worker(house: House) -> bytes:
    centre = Centre(house)
    centre.enter(centre.completion(person(1)))
    return centre.worker_id(person(1))


def shown(house: House, proposal_id: bytes) -> dict[str, Any]:
    """What whoever may read the proposal is shown of its payload."""
    with house.db.read() as conn:
        found = two_person.read(conn, proposal_id, house.clock.now_ms())
        return two_person.shown(conn, found, house).payload


def stored(house: House, proposal_id: bytes) -> str:
    own = two_person.proposal.c
    with house.db.read() as conn:
        return str(conn.execute(sa.select(own.payload).where(own.id == proposal_id)).scalar_one())


def approve(house: House, proposal_id: bytes) -> None:
    house.db.write(
        lambda turn: two_person.decide(
            turn, proposal_id, "official:second", True, "核对无误", role="reviewer", tools=house
        )
    )


def facts(house: House, proposal_id: bytes) -> str:
    with house.db.read() as conn:
        found = two_person.read(conn, proposal_id, house.clock.now_ms())
        told = proposal_words.told(two_person.shown(conn, found, house), str)
    return " ".join(f"{one.label} {one.value}" for one in told.facts)


def test_how_evidence_was_verified_is_hidden_and_gone_with_the_record(house: House, worker: bytes) -> None:
    scan = house.papers.keep(worker, png(), "query-result", "查询结果", OFFICER).sha256
    record_id, _index = foreign.state_evidence(house, worker, EVIDENCE, [scan], STATER)
    wanted = foreign.Raise(worker, record_id, "query-confirmed", PROOF, "金丝雀乙")
    proposal = house.db.write(lambda turn: foreign.propose_trust(turn, house, wanted, "official:first"))
    raw = stored(house, proposal)
    assert not [one for one in CANARIES if one in raw]
    said = {"trust": "query-confirmed", "verification": PROOF, "text": "金丝雀乙"}
    assert said.items() <= shown(house, proposal).items()
    assert "金丝雀甲77" in facts(house, proposal)
    approve(house, proposal)
    archive = reading.Reader(house).archive(worker)
    assert archive is not None
    assert (archive.state.records[-1].body or {})["verification"] == PROOF

    seal(house, worker, record_id)
    assert not said.keys() & shown(house, proposal).keys()
    assert "已封存" in facts(house, proposal)
    lift(house, worker, record_id)
    assert said.items() <= shown(house, proposal).items()
    seal(house, worker, record_id)
    why = Why("consent-withdrawn", "依申请")
    decided(
        house,
        lambda turn: erasing.propose_record_erasure(turn, house, worker, record_id, why, "official:first"),
    )
    assert not said.keys() & shown(house, proposal).keys()
    assert stored(house, proposal) == raw, "the row is bound"
    assert fsck.fsck(house).finding is None


def test_the_day_of_a_death_is_hidden_and_gone_with_the_archive(house: House, worker: bytes) -> None:
    proposal = house.db.write(
        lambda turn: closing.propose_closure(turn, house, worker, DIED, "official:first")
    )
    assert not [one for one in ("2025-01-02", "金丝雀丙") if one in stored(house, proposal)]
    said = {"on": "2025-01-02", "text": "金丝雀丙"}
    assert said.items() <= shown(house, proposal).items()
    approve(house, proposal)
    archive = reading.Reader(house).archive(worker)
    assert archive is not None
    closure = archive.entries[-1].record
    assert (closure or {})["body"]["on"] == "2025-01-02"
    assert said.items() <= shown(house, proposal).items(), "a closed archive is read as before"

    erasing.restrict(house, worker, "erasure-requested", "亲属申请", OFFICER)
    assert not said.keys() & shown(house, proposal).keys()
    decide_erasure(house, worker, UNLAWFUL)
    assert not said.keys() & shown(house, proposal).keys()
    assert "已删除" in facts(house, proposal)
    assert fsck.fsck(house).finding is None
