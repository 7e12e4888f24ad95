"""A key whose request was refused is free: the next request under it is judged by itself."""

import dataclasses
import uuid
from typing import Any

import pytest

from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.claims.world import ARTICLE, World


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


class Door:
    """One door, knocked at under one key."""

    def __init__(self, journey: Journey, who: str, path: str, key: str = "one-key-for-all") -> None:
        self.client, token = journey.browser(who)
        self.path = path
        self.headers = {"X-CSRF-Token": token, "Origin": HOST, "Idempotency-Key": key}

    def __call__(self, body: dict[str, Any]) -> tuple[int, Any]:
        answer = self.client.post(self.path, json=body, base_url=HOST, headers=self.headers)
        return answer.status_code, answer.json.get("code", answer.json)


def stands(door: Door, good: dict[str, Any], other: dict[str, Any], status: int) -> None:
    """What was done under a key is done once, and said again; other content finds the key taken."""
    first = door(good)
    assert first[0] == status, first
    again = door(good)
    assert again[0] == status
    assert again[1]["claim_id"] == first[1]["claim_id"]
    assert door(other) == (422, "idempotency-key-reused")


def test_what_is_filed_after_a_refusal_is_filed_once(world: World, journey: Journey) -> None:
    _, record_id = world.certified()
    door = Door(journey, journey.sign_in(person(1)["number"]), "/v1/me/claims")
    good = {"kind": "SKILL_UP", "record_id": str(uuid.UUID(bytes=record_id))}
    for kind in ("NO_SUCH", "LIVING"):
        assert door(good | {"kind": kind})[0] == 422
    stands(door, good, good | {"kind": "EVAL"}, 201)


def test_a_claim_that_waits_has_not_taken_the_key_of_whoever_tried(world: World, journey: Journey) -> None:
    """A step that waits is written, and refused: said again it is never told what no longer holds."""
    one = world.file(*world.certified())
    world.bank.default = 0
    door = Door(journey, "handler", f"/v1/desk/claims/{uuid.UUID(bytes=one.claim_id)}/steps")
    body = {"event": "accept", "version": one.version}
    assert door(body) == (409, "claim-waits")
    assert world.read(one).waits == "no-account"
    # The same bytes again, as of a client that lost the answer: the claim has moved, nothing is done.
    assert door(body) == (409, "claim-changed")
    world.bank.default = 1
    assert door(body) == (409, "claim-changed")
    assert world.read(one).state == "CHECKED"

    good = body | {"version": world.read(one).version}
    stands(door, good, body, 200)
    assert (world.read(one).state, world.read(one).signed) == ("ACCEPTED", 1)


def test_a_claim_that_was_sent_back_instead_has_not_taken_the_key(world: World, journey: Journey) -> None:
    one = world.bring(world.file(*world.certified()), "ACCEPTED")
    world.bank.default = 2
    door = Door(journey, "reviewer", f"/v1/desk/claims/{uuid.UUID(bytes=one.claim_id)}/steps")
    body = {"event": "review", "version": one.version}
    assert door(body) == (409, "claim-diverted")
    assert (world.read(one).state, world.read(one).signed) == ("CHECKED", None)
    assert door(body) == (409, "claim-changed")
    proposal = {
        "event": "propose-refusal",
        "version": world.read(one).version,
        "reason": "证书系伪造",
        "article": ARTICLE,
        "found_on": "2025-10-09",
        "evidence": "核查笔录 2025-17",
    }
    stands(door, proposal, body, 200)


def test_one_who_may_not_refuse_alone_may_propose_it_under_the_same_key(
    world: World, journey: Journey
) -> None:
    one = world.file(*world.certified())
    door = Door(journey, "reviewer", f"/v1/desk/claims/{uuid.UUID(bytes=one.claim_id)}/steps")
    alone = {"event": "refuse", "version": one.version, "reason": "证书系伪造"}
    assert door(alone) == (409, "claim-step")
    assert door(alone | {"event": "propose-refusal"}) == (422, "claim-refused")
    grounds = {"article": ARTICLE, "found_on": "2025-10-09", "evidence": "核查笔录 2025-17"}
    stands(door, alone | {"event": "propose-refusal"} | grounds, alone, 200)
    assert world.read(one).state == "CHECKED"


def test_a_list_that_changed_is_signed_under_the_same_key_as_it_stands_now(
    world: World, journey: Journey
) -> None:
    one = world.file(*world.certified())
    door = Door(journey, "handler", "/v1/desk/claim-list")
    body = {"event": "accept", "claims": [str(uuid.UUID(bytes=one.claim_id))], "list_sha256": "0" * 64}
    assert door(body) == (409, "claim-list-changed")
    seen = journey.read("handler", "/v1/desk/claim-list?event=accept")
    good = body | {"list_sha256": seen["list_sha256"]}
    assert door(good) == (200, {"signed": 1, "others": []})
    assert door(good) == (200, {"signed": 1, "others": []})
    assert door(body) == (422, "idempotency-key-reused")
