"""Fees over http: the payer orders, two people at the counter take and give back, officials decide."""

import dataclasses
import uuid
from functools import partial
from typing import Any

import pytest

from recordsvc.access import demo, officials, recusals
from recordsvc.access.grants import Position
from recordsvc.access.recusals import Ground
from recordsvc.ground.commit import Turn
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.fees.world import FEE, World

FIRST, SECOND, TEACHER = "clerk-1", "head-1", "teacher-1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app, house, clock, world: World) -> Journey:
    made = Journey(app, house, clock)
    people = ((FIRST, Position.CLERK), (SECOND, Position.HEAD), (TEACHER, Position.TEACHER))
    for kind, position in people:
        house.db.write(
            lambda turn, kind=kind, position=position: demo.create_staff(
                turn, world.centre.uscc, kind, position, (kind, kind)
            )
        )
    return made


def new(world: World, **more: Any) -> dict[str, Any]:
    return {
        "kind": "class",
        "course": "2025-HG-01",
        "title": "焊工初级班",
        "units": 10,
        "until_on": world.today(30),
        "amount_fen": FEE,
        "from_on": world.today(),
        "basis": "收费公示〔2025〕3号",
        "published_on": world.today(-3),
    } | more


def order(journey: Journey, me: str, offering_id: str, status: int = 201) -> Any:
    return journey.act(me, "/v1/me/fees", {"offering_id": offering_id}, status)


def paid(journey: Journey, me: str, offering_id: str, receipt: str = "S1") -> dict[str, Any]:
    one = order(journey, me, offering_id)
    said = {"number": one["number"], "receipt": receipt}
    taken = journey.act(FIRST, "/v1/centre/fee-payments", said, 201)
    checked = f"/v1/centre/fee-payments/{taken['payment_id']}/check"
    assert journey.act(SECOND, checked, {"right": True}, 200)["state"] == "booked"
    return one


def test_a_fee_from_the_price_to_the_refund(world: World, journey: Journey) -> None:
    offered = journey.act(FIRST, "/v1/centre/fees", new(world), 201)
    listed = journey.app.test_client().get("/v1/fee-offerings", base_url=HOST).json["items"]
    assert [(one["offering_id"], one["amount_fen"]) for one in listed] == [(offered["offering_id"], FEE)]
    me = journey.sign_in(person(1)["number"])
    place = f"/v1/centre/fees/{offered['offering_id']}"

    one = paid(journey, me, offered["offering_id"])

    assert one["state_name"] == "待缴费"
    told = journey.read(me, f"/v1/me/fees/{one['order_id']}")
    assert (told["state"], told["payments"][0]["reference"]) == ("PAID", "S1")
    assert order(journey, me, offered["offering_id"], 409)["code"] == "fee-stands"
    journey.act(FIRST, f"{place}/progress", {"units": 4}, 200)
    leaving = {"number": one["number"], "ground": "left", "attended": 4, "reason": "本人申请"}
    back = journey.act(FIRST, "/v1/centre/fee-refunds", leaving, 201)
    assert back["amount_fen"] == FEE * 6 // 10
    journey.act(FIRST, f"/v1/centre/fee-refunds/{back['refund_id']}/give", {"receipt": "T1"}, 200)
    check = f"/v1/centre/fee-refunds/{back['refund_id']}/check"
    assert journey.act(FIRST, check, {}, 409)["code"] == "fee-second-person"
    assert journey.act(SECOND, check, {}, 200)["state"] == "done"
    whole = journey.read(FIRST, place)
    assert (whole["collected_fen"], whole["refunded_fen"]) == (FEE, FEE * 6 // 10)
    assert journey.read(me, "/v1/me/fees")["items"][0]["state"] == "PART_REFUNDED"
    assert journey.read("inspector", f"/v1/desk/fees/{offered['offering_id']}")["orders"][0]["number"]
    name = person(1)["name"]
    assert name not in journey.browser(FIRST)[0].get(place, base_url=HOST).text


def test_what_is_wrong_is_told_by_its_place_and_changes_nothing(world: World, journey: Journey) -> None:
    for changes, pointer in (
        ({"amount_fen": 0}, "/amount_fen"),
        ({"amount_fen": "1"}, "/amount_fen"),
        ({"from_on": "2025-02-30"}, "/from_on"),
        ({"kind": "tour"}, "/kind"),
        ({"units": 0}, "/units"),
    ):
        answer = journey.act(FIRST, "/v1/centre/fees", new(world, **changes), 422)
        assert [one["pointer"] for one in answer["errors"]] == [pointer]
    assert journey.read(FIRST, "/v1/centre/fees")["items"] == []
    journey.read(TEACHER, "/v1/centre/fees", 403)
    said = {"number": "AAAAAAAAAA", "receipt": "S1"}
    assert journey.act(FIRST, "/v1/centre/fee-payments", said, 404)["code"] == "fee-unknown"


def test_an_order_is_another_worker_s_and_an_offering_another_institution_s(
    world: World, journey: Journey
) -> None:
    offered = journey.act(FIRST, "/v1/centre/fees", new(world), 201)
    me, other = (journey.sign_in(person(n)["number"]) for n in (1, 2))
    one = paid(journey, me, offered["offering_id"])
    place = f"/v1/me/fees/{one['order_id']}"
    assert journey.read(other, place, 404)["code"] == "fee-unknown"
    assert journey.act(other, f"{place}/cancel", {}, 404)["code"] == "fee-unknown"
    elsewhere = "911100000000000012"
    world.house.db.write(
        lambda turn: demo.create_staff(turn, elsewhere, "clerk-9", Position.CLERK, ("x", "x"))
    )
    assert journey.read("clerk-9", f"/v1/centre/fees/{offered['offering_id']}", 404)
    progress = f"/v1/centre/fees/{offered['offering_id']}/progress"
    assert journey.act("clerk-9", progress, {"units": 1}, 404)["code"] == "fee-offering-unknown"
    said = {"number": one["number"], "receipt": "S9"}
    assert journey.act("clerk-9", "/v1/centre/fee-payments", said, 404)["code"] == "fee-unknown"


def test_a_dispute_is_ended_by_an_official_of_the_place_with_a_fresh_proof(
    world: World, journey: Journey
) -> None:
    offered = journey.act(FIRST, "/v1/centre/fees", new(world), 201)
    me = journey.sign_in(person(1)["number"])
    one = paid(journey, me, offered["offering_id"])
    journey.act(me, f"/v1/me/fees/{one['order_id']}/dispute", {"ground": "amount"}, 200)
    leaving = {"number": one["number"], "ground": "left", "attended": 0, "reason": "本人申请"}
    assert journey.act(FIRST, "/v1/centre/fee-refunds", leaving, 409)["code"] == "fee-disputed"
    (listed,) = journey.read("handler", "/v1/desk/fee-disputes")["items"]
    end, body = f"/v1/desk/fee-disputes/{listed['order_id']}", {"refund_fen": 5_000, "reason": "多收"}
    journey.read("inspector", "/v1/desk/fee-disputes", 403)
    world.house.clock.advance(world.house.settings.step_up_minutes * 60_000)
    assert journey.act("handler", end, body, 401)["code"] == "step-up"
    journey.sign_out("handler")
    told = journey.act("handler", end, body, 200)
    assert (told["disputed"], told["refunds"][0]["amount_fen"]) == ("", 5_000)
    assert journey.act("handler", end, body, 409)["code"] == "fee-step"


def test_an_official_of_another_city_and_a_recused_one_meet_nothing(world: World, journey: Journey) -> None:
    offered = world.offer()
    one = world.paid(0, offered)
    world.dispute(one)
    at, end = (f"/v1/desk/{name}/{{}}".format for name in ("fees", "fee-disputes"))
    mine, other = (str(uuid.UUID(bytes=it)) for it in (offered.offering_id, one.order_id))
    nobody, body = str(uuid.UUID(int=1)), {"refund_fen": 0, "reason": "查无此事"}
    division = journey.read("handler", "/v1/desk/fees")["items"] and world.centre.uscc[2:8]
    assert journey.read("handler", "/v1/desk/fee-disputes")["items"] != []

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-handler", "handler", by="test")
        officials.grant(turn, "demo-handler", "handler", "6402", by="test")

    world.house.db.write(elsewhere)
    assert division != "640200"
    assert journey.read("handler", "/v1/desk/fees")["items"] == []
    assert journey.read("handler", "/v1/desk/fee-disputes")["items"] == []
    assert journey.read("handler", at(mine), 404) == journey.read("handler", at(nobody), 404)
    assert journey.act("handler", end(other), body, 404) == journey.act("handler", end(nobody), body, 404)

    party = f"worker:{uuid.UUID(bytes=world.workers[0])}"
    keep_out = partial(recusals.declare, random=world.house.random, ground=Ground.KIN, by="test")
    world.house.db.write(partial(keep_out, official_id="demo-reviewer", party=party))
    assert journey.act("reviewer", end(other), body, 403)["code"] == "recused"
    assert journey.read("reviewer", "/v1/desk/fee-disputes")["items"] == []


def test_calling_off_asks_for_a_fresh_proof(world: World, journey: Journey) -> None:
    offered = journey.act(FIRST, "/v1/centre/fees", new(world), 201)
    place = f"/v1/centre/fees/{offered['offering_id']}/call-off"
    world.house.clock.advance(world.house.settings.step_up_minutes * 60_000)
    assert journey.act(FIRST, place, {"reason": "报名不足"}, 401)["code"] == "step-up"
    journey.sign_out(FIRST)
    assert journey.act(FIRST, place, {"reason": "报名不足"}, 200) == {"count": 0}


def test_the_same_key_orders_once(world: World, journey: Journey) -> None:
    offered = world.offer()
    client, token = journey.browser(journey.sign_in(person(1)["number"]))
    body = {"offering_id": str(uuid.UUID(bytes=offered.offering_id))}
    headers = {"X-CSRF-Token": token, "Origin": HOST, "Idempotency-Key": "order-of-the-welder"}
    first, second = (client.post("/v1/me/fees", json=body, base_url=HOST, headers=headers) for _ in range(2))
    assert (first.status_code, first.json) == (201, second.json)
