"""Whoever's archive officials change without the person's act is told of it, in words without a number."""

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import letters, noticeboard, printing, tables
from recordsvc.people import enrolling
from recordsvc.people.cardbook import CardFact
from tests.archive.paperfiles import pdf
from tests.archive.support import person
from tests.journeys.desk import Journey
from tests.journeys.test_wrong_person import archive_id, enter
from tests.money.claims.world import HANDLER, World

WHY = {"ground": "document-renewed", "text": "换领证件", "papers": ["ab" * 32]}
PASSPORT, NAME = "E12345678", "马新名"
CARD = "A12345678"


@pytest.fixture
def own(journey: Journey) -> str:
    """The archive of one person whom a centre named with a card."""
    centre = journey.centre()
    worker = journey.person(1, card={"area": "640100", "number": CARD})
    enter(journey, centre, journey.completion(centre, worker))
    return archive_id(journey, journey.person(1)["number"])


def kinds(journey: Journey, own: str) -> list[str]:
    worker_id = uuid.UUID(own).bytes
    with journey.house.db.read() as conn:
        found = noticeboard.of_workers(journey.house, conn, [worker_id])
    for one in found:
        said = json.dumps(one.params) + one.kind
        for secret in (PASSPORT, NAME, CARD, journey.person(1)["number"]):
            assert secret not in said
    return [one.kind for one in found]


def two(journey: Journey, path: str, body: dict[str, Any]) -> None:
    proposed = journey.act("handler", path, body)
    assert told_of(journey) == 0, "nothing is told before the second official decides"
    journey.decide("reviewer", proposed["proposal_id"])


def told_of(journey: Journey) -> int:
    with journey.house.db.read() as conn:
        return conn.scalar(sa.select(sa.func.count()).select_from(tables.notice)) or 0


def add_number(journey: Journey, own: str) -> None:
    two(journey, f"/v1/desk/workers/{own}/numbers", {"kind": "passport", "number": PASSPORT, **WHY})


def change_standing(journey: Journey, own: str) -> None:
    known = journey.read("handler", f"/v1/desk/workers/{own}/numbers?purpose=service-window&case_ref=K-1")
    (one,) = [one for one in known["numbers"] if one["kind"] == "resident-id"]
    body = {"identifier_id": one["identifier_id"], "standing": "disputed", **WHY}
    two(journey, f"/v1/desk/workers/{own}/numbers/standing", body)


def add_name(journey: Journey, own: str) -> None:
    two(journey, f"/v1/desk/workers/{own}/names", {"name": NAME, **WHY})


def place(journey: Journey, own: str) -> None:
    journey.act("handler", f"/v1/desk/workers/{own}/division", {"division": "640104", "reason": "户籍"}, 204)


def file_paper(journey: Journey, own: str) -> None:
    journey.file_paper(uuid.UUID(own).bytes)


def registry_knows_better(journey: Journey, own: str) -> None:
    other = journey.person(2)
    fact = CardFact("resident-id", other["number"], other["name"], CARD, "extract")
    journey.house.db.write(lambda turn: enrolling.take(turn, journey.house, [fact]))


@pytest.mark.parametrize(
    ("act", "kind"),
    [
        (add_number, "number-added"),
        (change_standing, "number-changed"),
        (add_name, "name-added"),
        (place, "division-stated"),
        (file_paper, "paper-filed"),
        (registry_knows_better, "card-taken-back"),
    ],
)
def test_the_person_is_told(
    journey: Journey, own: str, act: Callable[[Journey, str], None], kind: str
) -> None:
    act(journey, own)
    assert kinds(journey, own) == [kind]


def test_the_person_or_the_household_is_told_of_a_closing_and_its_end(journey: Journey, own: str) -> None:
    paper = journey.file_paper(uuid.UUID(own).bytes)
    form = {"ground": "death", "on": "2025-06-01", "text": "死亡证明", "papers": [paper]}
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/close", form)
    journey.decide("reviewer", proposed["proposal_id"])
    assert sorted(kinds(journey, own)) == ["archive-closed", "paper-filed"]
    # Without a phone it waits on paper, as whoever lives would have to learn of it.
    letters.deliverer(journey.house).run()
    assert printing.waiting(journey.house) == 1
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/reopen", {"text": "登记有误"})
    journey.decide("reviewer", proposed["proposal_id"])
    assert sorted(kinds(journey, own)) == ["archive-closed", "archive-reopened", "paper-filed"]


def test_an_order_on_a_restricted_archive_is_not_told(journey: Journey, own: str) -> None:
    worker_id = uuid.UUID(own).bytes
    form = {"ground": "authority-order", "text": "法院来函"}
    journey.act("data-officer", f"/v1/desk/workers/{own}/restrict", form, 201)
    who = Actor(Kind.OFFICIAL, "counter", roles=frozenset({"data-officer"}))
    journey.house.papers.keep(worker_id, pdf(), "other", "", who, sealed=True)
    assert told_of(journey) == 1, "of the restriction alone"


def test_whoever_claims_is_told_of_a_refusal_in_words_with_its_article(journey: Journey) -> None:
    world = World(journey.house)
    world.registers.said["insured_months"] = 8
    one = world.file(*world.certified())
    world.step(one, "refuse", HANDLER)

    me = journey.sign_in(person(1)["number"])
    (told,) = [it for it in journey.read(me, "/v1/me/notices")["items"] if it["kind"] == "claim-refused"]
    assert "不予发放，依据：第三条第一项" in told["text_zh"]
