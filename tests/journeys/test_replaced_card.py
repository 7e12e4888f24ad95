"""A card is replaced in the middle of a course: the region hears of it first, and everybody goes on."""

import datetime as dt
import uuid
from typing import Any

import pytest

from recordsvc import fsck
from recordsvc.ground.ports import beijing_date
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.people.registry import RowError, SimulatedRegistry
from recordsvc.submit import sign
from tests.journeys.desk import Centre, Journey

OLD, NEW = synthetic.card_number(501), synthetic.card_number(502)
WHY = "purpose=service-window&case_ref=K-9"


@pytest.fixture
def centre(journey: Journey) -> Centre:
    return journey.centre()


@pytest.fixture
def registry() -> SimulatedRegistry:
    return SimulatedRegistry()


def hear(journey: Journey, registry: SimulatedRegistry) -> list[str]:
    """Let the service take what the registry knows now."""
    house = journey.house
    facts = [one for one in registry.facts() if not isinstance(one, RowError)]
    return house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take(facts))


def send(journey: Journey, centre: Centre, worker: dict[str, Any]) -> Any:
    record = journey.completion(centre, worker)
    return journey.post(centre, "/v1/records", sign.single_body(centre.key, record))


def shown(worker: dict[str, Any], card: str) -> dict[str, Any]:
    return {**worker, "card": {"area": "640100", "number": card}}


def alone(worker: dict[str, Any], card: str) -> dict[str, Any]:
    return {"name": worker["name"], "card": {"area": "640100", "number": card}}


def day(journey: Journey, ago: int) -> str:
    return (beijing_date(journey.clock.now_ms()) - dt.timedelta(days=ago)).isoformat()


def test_a_card_is_replaced_in_the_middle_of_a_course(
    journey: Journey, centre: Centre, registry: SimulatedRegistry
) -> None:
    """The course ran from 30 to 5 days ago; the new card came 15 days ago."""
    worker = journey.person(5)
    named = (worker["document"], worker["number"], worker["name"])
    registry.issue(CardFact(*named, OLD, "", area="640100"), "2019-04-01")
    registry.happen(OLD, "social-activated", "2019-04-02")
    registry.happen(OLD, "bank-activated", "2019-04-03")
    assert hear(journey, registry) == ["kept"], "before anybody showed the card"
    assert send(journey, centre, shown(worker, OLD)).json.get("warnings") is None
    assert send(journey, centre, alone(worker, OLD)).status_code == 201

    registry.issue(CardFact(*named, NEW, "", area="640100", replaces=OLD), day(journey, 15))
    registry.happen(NEW, "social-activated", day(journey, 14))
    assert hear(journey, registry) == ["updated", "attached"]
    assert hear(journey, registry) == ["unchanged", "unchanged"]

    # The roster still has the old card: accepted, with a warning that says what to do.
    answer = send(journey, centre, shown(worker, OLD))
    assert answer.status_code == 201
    (warning,) = answer.json["warnings"]
    assert (warning["code"], warning["pointer"]) == ("card-replaced", "/worker/card")
    assert "新卡" in warning["remedy"]
    assert OLD not in answer.text

    # Neither card was normal on all days of the course: alone, neither selects, and the answer is one.
    held = [send(journey, centre, alone(worker, card)) for card in (OLD, NEW)]
    assert [one.status_code for one in held] == [202, 202]
    assert {one["reason"] for one in journey.read("handler", "/v1/desk/held")["items"]} == {"card-not-normal"}

    # Both open the same archive for reading.
    found = {
        journey.act(
            "handler",
            "/v1/desk/workers/find",
            {"kind": "card", "number": card, "purpose": "service-window", "case_ref": "K-9"},
            200,
        )["worker_id"]
        for card in (OLD, NEW)
    }
    (worker_id,) = found

    # The new card's bank function has to be activated again; the social one is.
    me = journey.sign_in(worker["number"])
    cards = {one["number"]: one["today"] for one in journey.read(me, "/v1/me/cards")["cards"]}
    assert cards[OLD] == {"social": "void", "bank": "active", "replaced_on": day(journey, 15)}
    assert cards[NEW] == {"social": "normal", "bank": "not-activated", "replaced_on": ""}
    page = journey.browser(me)[0].get(
        "/me/cards", base_url="http://localhost", headers={"Accept": "text/html"}
    )
    assert "卡面所印银行的网点当面激活" in page.text
    registry.happen(NEW, "bank-activated", day(journey, 1))
    assert hear(journey, registry) == ["unchanged", "updated"]
    cards = {one["number"]: one["today"] for one in journey.read(me, "/v1/me/cards")["cards"]}
    assert (cards[NEW]["social"], cards[NEW]["bank"]) == ("normal", "active")

    # An official sees both masked, and the worker sees who looked.
    masked = journey.read("handler", f"/v1/desk/workers/{worker_id}/numbers?{WHY}")
    assert all(one["number"].startswith("*****") for one in masked["cards"])
    assert journey.read(me, "/v1/me/looked")["items"][0]["case_ref"] == "K-9"
    assert len(journey.read(me, "/v1/me/archive")["records"]) == 3
    assert fsck.fsck(journey.house, offline=True).finding is None


def test_a_number_changes_by_two_officials(journey: Journey, centre: Centre) -> None:
    """A permit becomes a residence card: the new number selects, the old one goes on finding."""
    worker = journey.person(6)
    assert send(journey, centre, worker).status_code == 201
    me = journey.sign_in(worker["number"])
    found = journey.house.people.find("resident-id", worker["number"])
    assert found is not None
    path = f"/v1/desk/workers/{uuid.UUID(bytes=found)}"
    why = {"ground": "document-renewed", "text": "换领证件", "papers": ["ab" * 32]}
    body = {"kind": "passport", "number": "E7654321", **why}
    journey.act("inspector", f"{path}/numbers", body, 403)
    journey.act("handler", f"{path}/numbers", body | {"papers": []}, 422)
    journey.act("handler", f"{path}/numbers", body | {"ground": "because"}, 422)
    journey.act("handler", f"{path}/numbers", body | {"kind": "resident-id"}, 422)
    proposed = journey.act("handler", f"{path}/numbers", body)
    (listed,) = journey.read("reviewer", "/v1/desk/proposals")["items"]
    assert "E7654321" not in str(listed)
    (asked,) = journey.read("reviewer", f"{path}/numbers?{WHY}")["asked"]
    assert (asked["kind"], asked["value"]) == ("passport", "****4321")
    journey.decide("handler", proposed["proposal_id"], status=403)
    journey.decide("reviewer", proposed["proposal_id"])

    abroad = {"document": "passport", "number": "E7654321", "name": worker["name"]}
    assert send(journey, centre, abroad).status_code == 201
    told = journey.read(me, "/v1/me/cards")
    own = {one["kind"]: one for one in told["numbers"]}
    standing = {"identifier_id": own["resident-id"]["identifier_id"], "standing": "superseded", **why}
    proposed = journey.act("handler", f"{path}/numbers/standing", standing)
    journey.decide("data-officer", proposed["proposal_id"])
    journey.clock.advance(1_000)
    renamed = journey.act("handler", f"{path}/names", {"name": "马·新", **why})
    journey.decide("reviewer", renamed["proposal_id"])
    assert send(journey, centre, {**worker, "name": "马·新"}).status_code == 201
    told = journey.read(me, "/v1/me/cards")
    assert [one["value"] for one in told["names"]] == [worker["name"], "马·新"]
    assert journey.read("handler", "/v1/desk/disputed")["items"] == []
    assert fsck.fsck(journey.house, offline=True).finding is None
