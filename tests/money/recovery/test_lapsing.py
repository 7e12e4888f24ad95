"""A payment that came back and is not paid anew in time gives its budget back; the claim goes on."""

import pytest

from recordsvc.money.claims import paying, terms
from recordsvc.money.claims.values import Claim
from tests.money.claims.world import SPENT
from tests.money.recovery.world import SOURCE, Recoveries


def returned(world: Recoveries) -> Claim:
    one = world.paid()
    world.desk.notify(world.desk.credit(bytes.fromhex(world.read(one).payment)))
    assert world.read(one).state == "RETURNED"
    return one


def test_what_came_back_lapses_to_its_line_and_can_be_paid_anew(
    world: Recoveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = returned(world)
    laid_down = terms.days
    monkeypatch.setattr(terms, "days", lambda code, day: 5 if code == "lapse-days" else laid_down(code, day))
    world.days(5)
    assert paying.lapse_due(world.house) == 0
    left = world.left()
    assert (world.posted(SPENT), world.posted("cash:employ:returns")) == (200_000, 200_000)
    world.days(1)

    assert paying.lapse_due(world.house) == 1

    back = world.read(one)
    assert (back.state, back.signed, back.hold, back.round) == ("CHECKED", None, "", 2)
    assert (world.left(), world.posted(SPENT), world.posted("cash:employ:returns")) == (left + 200_000, 0, 0)
    world.another_account(one)
    world.bring(one, "PAYING")
    world.settle(one)
    assert world.read(one).state == "PAID"
    assert (world.posted(SPENT), world.posted("cash:employ:payee_out")) == (200_000, 200_000)
    assert world.desk.open_breaks() == []


def test_of_a_year_that_is_over_it_lapses_to_the_source(world: Recoveries) -> None:
    returned(world)
    world.days(100)
    left, source = world.left(), world.posted(SOURCE)

    assert paying.lapse_due(world.house) == 1

    assert (world.left(), world.posted(SOURCE), world.posted(SPENT)) == (left, source + 200_000, 0)
    assert paying.lapse_due(world.house) == 0


def test_what_came_back_is_not_paid_anew_for_a_record_that_was_revoked(world: Recoveries) -> None:
    one = returned(world)

    world.revoke(one)

    assert (world.read(one).state, world.read(one).decision) == ("CHECKED", None)
    assert (world.posted(SPENT), world.posted("cash:employ:returns"), world.cases(one)) == (0, 0, [])
