"""Overdue steps: by working days of each state, told once to the next above, then to the one above that."""

import datetime as dt
import json

import pytest

from recordsvc import workdays
from recordsvc.archive import noticeboard
from recordsvc.archive.notices import DESKS
from recordsvc.archive.tables import office_notice
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import escalating, notices, terms, values
from recordsvc.money.claims.values import Claim
from tests.money.claims.world import APPROVER, HANDLER, World


def raised(world: World, *roles: str) -> list[bytes]:
    with world.house.db.read() as conn:
        return [one.claim_id for one in values.listed(conn, values.raised(*roles))]


def events(world: World, one: Claim) -> list[tuple[str, str]]:
    with world.house.db.read() as conn:
        return [(row.event, row.reason) for row in values.events_of(conn, one)]


def told(world: World, role: str) -> list[int]:
    """How many claims each notice of a role's desk names."""
    own = office_notice.c
    with world.house.db.read() as conn:
        rows = conn.execute(office_notice.select().where(own.addressee == f"desk:claims-{role}")).all()
    return [json.loads(row.params)["count"] for row in rows]


def test_what_is_overdue_is_reported_once_and_further_after_more_days(world: World) -> None:
    claims = [world.file(*world.certified(n)) for n in (1, 2)]
    world.step(claims[1], "accept", HANDLER)
    one = world.read(claims[0])
    assert escalating.run(world.house) == 0
    # Filed on a Thursday: five working days are over on the next Thursday.
    world.days(6)
    assert (str(one.due_on), escalating.run(world.house)) == ("2025-10-15", 0)
    world.days(1)
    assert escalating.run(world.house) == 2
    assert raised(world, "reviewer") == [one.claim_id]
    assert raised(world, "inspector") == [claims[1].claim_id]
    late = world.read(one)
    # Nothing moved: who has it keeps it, and it is as late as before.
    assert (late.state, late.owner, late.due_on, late.changed_ms) == (
        one.state,
        one.owner,
        one.due_on,
        one.changed_ms,
    )
    assert events(world, one)[-1] == ("escalate", "reviewer")
    assert (told(world, "reviewer"), told(world, "inspector")) == ([1], [1])

    assert escalating.run(world.house) == 0
    world.days(6)
    assert escalating.run(world.house) == 1
    assert events(world, one)[-2:] == [("escalate", "reviewer"), ("escalate", "inspector")]
    # Above the inspector there is nobody.
    world.days(30)
    assert escalating.run(world.house) == 0

    # It can still be dealt with, and is reported to nobody then.
    world.step(one, "accept", HANDLER)
    assert raised(world, "reviewer", "inspector") == [claims[1].claim_id]


def test_a_claim_that_waits_on_its_worker_or_for_money_is_nobodys_delay(world: World) -> None:
    world.bank.default = 0
    one = world.file(*world.certified(1))
    world.step(one, "accept", HANDLER)
    other = world.file(*world.certified(2))
    world.step(other, "ask", HANDLER, "请补充说明")
    world.days(60)
    assert escalating.run(world.house) == 0


def test_what_is_public_is_due_after_its_last_day(world: World) -> None:
    one = world.bring(world.file(*world.certified()), "NOTICED")
    with world.house.db.read() as conn:
        assert one.notice_id is not None
        end_on = notices.find(conn, one.notice_id).end_on
    assert one.due_on is not None
    assert one.due_on > end_on
    assert one.due_on == terms.due(dt.date.fromisoformat(end_on), "NOTICED")
    world.days(13)
    assert escalating.run(world.house) == 0
    world.step(one, "approve", APPROVER)


@pytest.mark.parametrize(
    ("state", "days"), [("CHECKED", 5), ("REVIEWED", 3), ("NEED_INFO", 15), ("PAYING", 5)]
)
def test_each_state_has_its_days(world: World, state: str, days: int) -> None:
    today = beijing_date(world.house.clock.now_ms())
    assert terms.due(today, state) == workdays.due_on(today, days).isoformat()


def test_reported_roles_have_a_desk_that_is_told(world: World) -> None:
    today = beijing_date(world.house.clock.now_ms()).isoformat()
    for owner in ("handler", "reviewer", "payer"):
        role = terms.raised_to(owner, today)
        assert DESKS[f"desk:claims-{role}"] == {role}
    assert terms.raised_to("inspector", today) == ""
    assert noticeboard.desks_of({"inspector"}) == ["desk:claims-inspector"]
