"""Claims of a worker who died: the office has them with a day and a reason, and nobody asks the dead."""

import dataclasses
import uuid
from typing import Any

import pytest

from recordsvc.archive import closing
from recordsvc.archive.closing import Death
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.money.claims import bank, deceased, filing, handing, signing, values, views
from recordsvc.money.claims.errors import ClaimRefused
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.values import Claim
from recordsvc.money.recovery import following
from recordsvc.settings import Settings
from tests.archive.test_merging import decided
from tests.journeys.desk import Journey
from tests.money.claims.test_desk_pages import Office
from tests.money.claims.world import HANDLER, World
from tests.web.test_pages import sound

DIED = Death("death-certificate", "2025-01-02", "死亡证明", ["ab" * 32])


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def journey(app: Any, house: House, clock: FixedClock) -> Journey:
    return Journey(app, house, clock)


def asking(house: House, worker_id: bytes) -> Any:
    return lambda turn: closing.propose_closure(turn, house, worker_id, DIED, "official:first")


def close(world: World, worker_id: bytes) -> None:
    decided(world.house, asking(world.house, worker_id))
    following.follower(world.house).run()


def reasons(world: World, one: Claim) -> list[str]:
    with world.house.db.read() as conn:
        return [row.reason for row in values.events_of(conn, one) if row.event == deceased.EVENT]


def test_a_claim_that_waits_on_one_who_died_is_the_handler_s(world: World) -> None:
    world.bank.default = 0
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    assert world.step(one, "accept", HANDLER).claim.owner == "worker"

    close(world, worker_id)

    now = world.read(one)
    assert (now.state, now.owner, now.waits) == ("CHECKED", "handler", "")
    assert now.due_on is not None
    assert reasons(world, one) == [deceased.REASON_ZH]
    with world.house.db.read() as conn:
        assert "deceased" in signing.flags(world.house, conn, now)
    # No account will be opened any more: the handler waits on nobody else.
    waits = world.step(now, "accept", HANDLER).claim
    assert (waits.waits, waits.owner) == ("payee-died", "handler")
    assert "申领人已故" in views.WAITS_ZH[waits.waits]
    assert world.step(waits, "withdraw", HANDLER, "本人已故").claim.state == "WITHDRAWN"


def test_nobody_asks_the_dead_for_what_is_missing(world: World) -> None:
    del world.registers.said["cert_verified"]
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    assert (one.state, one.owner) == ("NEED_INFO", "worker")

    close(world, worker_id)

    assert (world.read(one).state, world.read(one).owner) == ("CHECKED", "handler")
    again = world.write(filing.supplement, world.read(one), HANDLER, "再审核一次")
    assert (again.state, again.owner) == ("CHECKED", "handler")
    with pytest.raises(ClaimRefused) as refused:
        world.step(one, "ask", HANDLER, "请补充")
    assert "申领人已故" in refused.value.to_dict()["errors"][0]["detail"]
    assert world.step(one, "refuse", HANDLER, "本人已故，不能补充").claim.state == "REFUSED"


def test_a_draft_of_one_who_died_is_withdrawn_and_the_living_keep_theirs(world: World) -> None:
    worker_id, record_id = world.certified(1)
    ask = Ask("SKILL_UP", record_id, draft=True)
    draft = world.write(filing.file, worker_id, ask, world.as_worker(worker_id))
    del world.registers.said["cert_verified"]
    living = world.file(*world.certified(2))
    close(world, worker_id)
    world.write(handing.hand_over, [living.worker_id])
    assert world.read(draft).state == "WITHDRAWN"
    assert (world.read(living).state, world.read(living).owner) == ("NEED_INFO", "worker")


def test_whoever_decides_the_closing_sees_the_open_claim_and_the_desk_whose_it_is(
    app: Any, world: World, journey: Journey
) -> None:
    assert journey
    bank.connect(world.house)
    world.bank.default = 0
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    claim = str(uuid.UUID(bytes=one.claim_id))
    proposal = world.house.db.write(asking(world.house, worker_id))
    office = Office(app, world)
    page = office.at("reviewer").get(f"/desk/proposals/{uuid.UUID(bytes=proposal)}")
    sound(page)
    assert f"有未办结的补贴申领（{claim}）：请经办人先办结、不予发放或撤回" in page.text

    world.step(one, "accept", HANDLER)
    close(world, worker_id)

    handler = office.at("handler")
    page = handler.get(office.look(handler, office.place(one)))
    sound(page)
    assert deceased.NO_ACCOUNT_ZH in page.text
    assert "申领人已故，转经办人" in page.text
    assert claim in handler.get("/desk/claims").text
