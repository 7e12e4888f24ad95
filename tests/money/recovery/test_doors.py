"""Recovery over http: the worker reads why and answers; the desk opens and proposes, two decide."""

import dataclasses
import uuid
from typing import Any

import pytest

from recordsvc.access import looked, officials
from recordsvc.ground.commit import Turn
from recordsvc.money.claims.values import Claim
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import Journey
from tests.money.recovery.world import Recoveries

LOOK = "purpose=claim-review&case_ref=ZH-1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


@pytest.fixture
def asked(world: Recoveries) -> Claim:
    """A claim that was paid and whose record was revoked."""
    one = world.paid()
    world.revoke(one)
    return one


def place(world: Recoveries, one: Claim) -> str:
    return str(uuid.UUID(bytes=world.case(one).recovery_id))


def test_a_worker_reads_what_is_asked_back_and_why_and_answers(
    world: Recoveries, journey: Journey, asked: Claim
) -> None:
    me = journey.sign_in(person(1)["number"])
    (told,) = journey.read(me, "/v1/me/recoveries")["items"]
    assert (told["state_name"], told["proposed_fen"], told["owed_fen"]) == (
        "已告知，听取陈述申辩",
        200_000,
        0,
    )
    assert told["ground_name"] == "补贴所依据的记录已被撤销"
    case_id = told["recovery_id"]

    said = journey.act(me, f"/v1/me/recoveries/{case_id}/words", {"words": "证书是真的"}, 200)

    assert (said["state"], said["says"]) == ("HEARD", True)
    assert [(one["event_name"], one["reason"]) for one in said["events"]][1:] == [("陈述申辩", "证书是真的")]
    world.paid(2)
    other = journey.sign_in(person(2)["number"])
    assert journey.read(other, f"/v1/me/recoveries/{case_id}", 404)["code"] == "recovery-unknown"
    assert (
        journey.act(other, f"/v1/me/recoveries/{case_id}/words", {"words": "x"}, 404)["code"]
        == "recovery-unknown"
    )


def test_a_handler_proposes_a_reviewer_decides_and_the_worker_gets_a_plan(
    world: Recoveries, journey: Journey, asked: Claim
) -> None:
    me = journey.sign_in(person(1)["number"])
    case_id = place(world, asked)
    door = f"/v1/desk/recoveries/{case_id}"
    early = {"asked_fen": 200_000, "instalments": 2, "reason": "证书已撤销"}
    assert journey.act("handler", f"{door}/decision", early, 409)["code"] == "recovery-not-heard"
    journey.act(me, f"/v1/me/recoveries/{case_id}/words", {"words": "请核实"}, 200)
    seen = journey.read("handler", f"{door}?{LOOK}")
    assert (seen["ways"], seen["due_now_fen"]) == (["drop", "decide"], 0)
    with world.house.db.read() as conn:
        (row,) = looked.of_worker(conn, asked.worker_id)
    assert (row.purpose, row.fields) == ("claim-review", "claim")

    proposal = journey.act("handler", f"{door}/decision", early)["proposal_id"]
    assert journey.act("reviewer", f"{door}/decision", early, 403)["code"] == "forbidden"
    journey.decide("reviewer", proposal)

    mine = journey.read(me, f"/v1/me/recoveries/{case_id}")
    assert [(one["amount_fen"], one["paid_fen"]) for one in mine["plan"]] == [(100_000, 0), (100_000, 0)]
    assert (mine["owed_fen"], mine["reference"], mine["review"]["until"]) == (
        200_000,
        world.case(asked).reference,
        "2025-12-22",
    )


def test_an_official_of_another_city_meets_no_case(world: Recoveries, journey: Journey, asked: Claim) -> None:
    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-handler", "handler", by="test")
        officials.grant(turn, "demo-handler", "handler", "6402", by="test")

    assert len(journey.read("reviewer", "/v1/desk/recoveries")["items"]) == 1
    world.house.db.write(elsewhere)
    door, nobody = f"/v1/desk/recoveries/{place(world, asked)}", f"/v1/desk/recoveries/{uuid.UUID(int=1)}"

    assert journey.read("handler", "/v1/desk/recoveries")["items"] == []
    foreign = journey.read("handler", f"{door}?{LOOK}", 404)
    assert foreign == journey.read("handler", f"{nobody}?{LOOK}", 404)
    said: dict[str, Any] = {"reason": "x"}
    for path in ("drop", "write-off", "decision"):
        body = said | {"ground": "died", "asked_fen": 1}
        body = {name: body[name] for name in FIELDS[path]}
        assert journey.act("handler", f"{door}/{path}", body, 404) == journey.act(
            "handler", f"{nobody}/{path}", body, 404
        )
    claim = {"claim_id": str(uuid.UUID(bytes=asked.claim_id)), "ground": "paid-in-error"}
    opening = claim | {"amount_fen": 1, "words": "x"}
    assert journey.act("handler", "/v1/desk/recoveries", opening, 404)["code"] == "claim-unknown"


FIELDS = {"drop": ("reason",), "write-off": ("reason", "ground"), "decision": ("reason", "asked_fen")}


def test_a_handler_asks_a_paid_claim_back_by_hand(world: Recoveries, journey: Journey) -> None:
    one = world.paid()
    body = {
        "claim_id": str(uuid.UUID(bytes=one.claim_id)),
        "ground": "obtained-falsely",
        "amount_fen": 200_000,
        "words": "举报属实",
    }
    wrong = journey.act("handler", "/v1/desk/recoveries", body | {"ground": "claimed-twice"}, 422)
    assert [it["pointer"] for it in wrong["errors"]] == ["/ground"]

    made = journey.act("handler", "/v1/desk/recoveries", body, 201)

    assert (made["state"], made["words"]) == ("OPENED", "举报属实")
    assert journey.act("handler", "/v1/desk/recoveries", body, 409)["code"] == "recovery-stands"
