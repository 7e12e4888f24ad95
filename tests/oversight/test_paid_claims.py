"""Paid subsidies as objects of draws, on both databases."""

import uuid
from pathlib import Path

import pytest

from recordsvc.access import cases, recusals
from recordsvc.access.recusals import Ground
from recordsvc.ground.ports import uuid_text
from recordsvc.money.claims import notices, paying
from recordsvc.money.claims.values import Claim
from recordsvc.oversight import errors
from recordsvc.people import standing
from tests.money.claims.world import APPROVER, HANDLER, PAYER, REVIEWER, World
from tests.oversight.conftest import Oversight, check


@pytest.fixture
def world(oversight: Oversight) -> World:
    """Claims and their bureau, at the time of the draws."""
    return World(oversight.house)


def paid(world: World, n: int, to: str = "PAID") -> Claim:
    """A worker's claim on its way."""
    worker_id, record_id = world.certified(n)
    world.moves(worker_id, "640104")
    return world.bring(world.file(worker_id, record_id), to)


def id_of(one: Claim) -> str:
    """As the draw names it."""
    return str(uuid.UUID(bytes=one.claim_id))


def lines(oversight: Oversight, draw_id: bytes) -> dict[str, tuple[str, str]]:
    """Weight and class of each committed object."""
    found = (line.split("\t") for line in oversight.proof(draw_id)["objects"].splitlines())
    return {object_id: (weight, stratum) for object_id, weight, stratum in found}


def test_what_was_paid_is_drawn_and_nothing_else(oversight: Oversight, world: World, tmp_path: Path) -> None:
    one, other = paid(world, 1), paid(world, 2)
    paid(world, 3, "FINANCED")
    sealed = paid(world, 4)
    oversight.house.db.write(
        lambda turn: standing.change(turn, sealed.worker_id, standing.OPEN, standing.RESTRICTED)
    )

    oversight.until("2025-12-01T09:00")
    draw_id = oversight.commit(subject="claim", event_on="2025-12-02", issue="2025138")
    oversight.until("2025-12-02T22:00")
    oversight.reveal(draw_id)
    oversight.assign(draw_id)
    oversight.inspect(draw_id)
    oversight.publish(draw_id)

    assert lines(oversight, draw_id) == {id_of(it): ("1", "SKILL_UP") for it in (one, other)}
    proof = oversight.proof(draw_id)
    assert check(proof, tmp_path).agrees
    assert oversight.one(draw_id).number == 1


def test_what_a_reviewer_looks_at_singly_weighs_more(oversight: Oversight, world: World) -> None:
    plain, other = paid(world, 2), paid(world, 1, "NOTICED")
    world.write(notices.object_to, world.read(other), "有人说他没有参加培训", HANDLER)
    world.step(other, "dismiss", REVIEWER, "已核实，异议不成立")
    world.days(14)
    world.step(other, "approve", APPROVER)
    world.step(other, "finance", PAYER)
    paying.run(oversight.house)
    world.write(paying.heard, other.reference, "settled")

    oversight.until("2025-12-01T09:00")
    draw_id = oversight.commit(subject="claim", event_on="2025-12-02", issue="2025138")
    oversight.until("2025-12-02T22:00")
    oversight.reveal(draw_id)

    assert lines(oversight, draw_id) == {id_of(plain): ("1", "SKILL_UP"), id_of(other): ("3", "SKILL_UP")}


def test_whoever_inspects_a_claim_may_name_the_draw_as_the_case_of_their_look(
    oversight: Oversight, world: World
) -> None:
    """Judged without a request: whichever thread commits a look may do so."""
    one, (stranger, _) = paid(world, 1), world.certified(2)
    oversight.until("2025-12-01T09:00")
    draw_id = oversight.commit(subject="claim", event_on="2025-12-02", issue="2025138")
    oversight.until("2025-12-02T22:00")
    oversight.reveal(draw_id)
    oversight.assign(draw_id)

    with oversight.house.db.read() as conn:
        about = [
            cases.concerns(conn, "inspection", uuid_text(draw_id), worker_id, "2025-12-02")
            for worker_id in (one.worker_id, stranger)
        ]
    assert about == [True, False]


def test_an_official_does_not_inspect_what_they_themselves_received(
    oversight: Oversight, world: World
) -> None:
    one = paid(world, 1)
    party = f"worker:{uuid.UUID(bytes=one.worker_id)}"
    oversight.house.db.write(
        lambda turn: recusals.declare(
            turn, oversight.house.random, "cat", party, Ground.KIN, by="official:cat"
        )
    )
    oversight.until("2025-12-01T09:00")
    draw_id = oversight.commit(subject="claim", event_on="2025-12-02", issue="2025138")
    oversight.until("2025-12-02T22:00")
    oversight.reveal(draw_id)
    oversight.assign(draw_id)

    assert oversight.proof(draw_id)["roster"].count(id_of(one)) == 1
    assert "cat" not in oversight.seats(draw_id)[id_of(one)]
    with pytest.raises(errors.NotDrawn):
        oversight.report(draw_id, id_of(one), "cat")
