"""What one official alone, or one claim too many, must not bring about."""

import pytest

from recordsvc.money.claims.errors import ClaimStep
from recordsvc.money.claims.values import Who
from tests.money.claims.world import APPROVER, HANDLER, PAYER, REVIEWER, World


@pytest.mark.parametrize("state", ["CHECKED", "ACCEPTED", "NOTICED"])
@pytest.mark.parametrize("who", [HANDLER, REVIEWER])
def test_no_official_takes_back_what_another_asked_for(world: World, state: str, who: Who) -> None:
    one = world.file(*world.certified())
    if state != "CHECKED":
        world.bring(one, state)
    before = world.read(one)
    with pytest.raises(ClaimStep):
        world.step(before, "withdraw", who, "经办人认为不需要")
    assert world.read(one) == before
    assert world.step(before, "withdraw", world.as_worker(one.worker_id)).claim.state == "WITHDRAWN"


@pytest.mark.parametrize("after", range(5))
def test_case_18_a_claim_that_is_refused_takes_nothing_from_one_that_was_granted(
    world: World, after: int
) -> None:
    """The second of a year is refused, and the first goes on at every signature."""
    worker_id, record_id = world.certified()
    first = world.file(worker_id, record_id)
    acts = (
        lambda: world.step(first, "accept", HANDLER),
        lambda: world.step(first, "review", REVIEWER),
        lambda: world.publish(first),
        lambda: (world.days(14), world.step(first, "approve", APPROVER)),
        lambda: world.step(first, "finance", PAYER),
    )
    for n, act in enumerate(acts):
        if n == after:
            second = world.file(*world.certified(occupation="6-29-03-07"))
            assert second.amount_fen == 0
        act()
    signed = world.read(first)
    assert (signed.state, signed.amount_fen) == ("FINANCED", 200_000)
    assert world.read(second).state == second.state
