"""Who comes next: what waits for a hand or a day never stands before what is ready."""

import pytest

from recordsvc.money.claims import notices, paying, values
from recordsvc.money.claims.tables import claim_state
from tests.money.claims.world import World


def test_only_what_is_ready_is_tried(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    paid, unsigned, signed = (world.file(*world.certified(n)) for n in (1, 2, 3))
    world.bring(paid, "PAYING")
    world.bring(unsigned, "APPROVED")
    world.bring(signed, "FINANCED")
    world.write(paying.heard, paid.reference, "settled")
    tried: list[bytes] = []
    monkeypatch.setattr(paying, "_take", lambda _house, one, _today: tried.append(one.claim_id) or True)

    paying.run(world.house)
    assert tried == [signed.claim_id]

    tried.clear()
    world.days(60)
    paying.run(world.house)
    assert sorted(tried) == sorted([paid.claim_id, signed.claim_id])


def test_a_list_that_runs_and_a_claim_that_wants_a_signature_are_not_tried(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = world.file(*world.certified())
    world.bring(one, "NOTICED")
    tried: list[bytes] = []
    monkeypatch.setattr(notices.steps, "step", lambda _turn, one, **_more: tried.append(one.claim_id))

    notices.pass_due(world.house)
    world.days(40)
    notices.pass_due(world.house)
    assert tried == []  # the sample terms have every amount approved by a person


def test_claims_are_read_portion_by_portion_and_none_is_left_out(world: World) -> None:
    filed = sorted(world.file(*world.certified(n)).claim_id for n in (1, 2, 3))
    every = values.each(world.house.db, claim_state.c.live == 1, portion=1)
    assert [one.claim_id for one in every] == filed
