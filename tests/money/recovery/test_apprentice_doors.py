"""Plans of apprentices over http and pages: whose they are, what is told, what is typed again."""

import dataclasses
import uuid
from typing import Any

import pytest

from recordsvc.access import demo
from recordsvc.access.grants import Position
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.settings import Settings
from tests.archive.support import id_of, person
from tests.journeys.desk import HOST, Journey
from tests.money.claims.test_behalf_doors import Place
from tests.money.recovery.test_apprentices import Works
from tests.money.recovery.world import Recoveries
from tests.web.test_pages import sound
from tests.web.test_typed_again import stands

PLANS = "/v1/institution/apprentice-plans"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def works(world: Recoveries) -> Works:
    return Works(world, 2)


@pytest.fixture
def place(app: Any, house: House, clock: FixedClock, world: Recoveries, works: Works) -> Place:
    labels = ("机构经办", "clerk")
    for uscc, name in ((works.centre.uscc, "clerk"), (world.assessor.uscc, "other")):
        house.db.write(
            lambda turn, uscc=uscc, name=name: demo.create_staff(turn, uscc, name, Position.CLERK, labels)
        )
    return Place(world, Journey(app, house, clock), works.centre, {})


def test_a_plan_over_http_is_the_enterprise_s_own_and_tells_nothing_of_a_person(
    place: Place, works: Works
) -> None:
    clerk, other = place.clerk(), place.at("other")
    works.enter(1, "enrolment", ends_on=works.plan.ends_on)
    path, who = f"{PLANS}/{uuid.UUID(bytes=works.plan.plan_id)}", person(1)
    worker = {"number": who["number"], "name": who["name"]}
    body = {"worker": worker, "record_id": id_of(works.records[1])}
    # A stranger, a wrong name and another record have one answer.
    said = [
        place.api(clerk, f"{path}/apprentices", body | wrong, f"join-wrong-{n}", 422)["errors"]
        for n, wrong in enumerate(
            (
                {"worker": {"number": person(9)["number"], "name": person(9)["name"]}},
                {"worker": worker | {"name": "马丁丁"}},
                {"record_id": str(uuid.UUID(int=5))},
            )
        )
    ]
    assert [one[0]["pointer"] for one in said] == ["/record_id"] * 3
    assert said[0] == said[1] == said[2]
    told = place.api(clerk, f"{path}/apprentices", body, "join-right-1")
    assert [(one["place"], one["state"]) for one in told["items"]] == [(1, "there")]
    assert who["number"] not in str(told)
    assert place.api(clerk, f"{path}/apprentices", body, "join-right-1") == told
    assert place.api(other, f"{path}/apprentices", body, "join-other-1", 404)["code"] == "plan-unknown"
    assert other.client.get(path, base_url=HOST).status_code == 404
    assert other.client.get(PLANS, base_url=HOST).json == {"items": []}
    assert place.api(clerk, f"{path}/end", {"place": 2}, "end-place-2", 409)["code"] == "place-taken"
    ended = place.api(clerk, f"{path}/end", {"place": 1}, "end-place-1", 200)
    assert (ended["items"][0]["state"], ended["items"][0]["ended"]) == ("ended", "given-up")


def test_only_an_employer_in_force_files_plans(place: Place, works: Works) -> None:
    names = ("course", "title", "occupation", "level", "places", "advance_pct", "starts_on", "ends_on")
    body = {name: getattr(works.plan, name) for name in names}
    refused = place.api(place.at("other"), PLANS, body, "plan-other-1", 422)
    assert (refused["code"], refused["errors"][0]["pointer"]) == ("plan-refused", "/institution")
    for n, (wrong, pointer) in enumerate(
        (
            ({}, "/course"),
            ({"places": 501}, "/places"),
            ({"advance_pct": 101}, "/advance_pct"),
            ({"ends_on": works.plan.starts_on}, "/ends_on"),
            ({"level": "99"}, "/level"),
        )
    ):
        told = place.api(place.clerk(), PLANS, body | wrong, f"plan-wrong-{n}", 422)
        assert [one["pointer"] for one in told["errors"]] == [pointer]


def test_the_page_files_a_plan_and_shows_places_and_money(place: Place, works: Works) -> None:
    (advanced,) = works.claims((1, works.enrol(1)))
    works.pay(advanced)
    clerk = place.clerk()
    at = f"/centre/apprentices/{uuid.UUID(bytes=works.plan.plan_id)}"
    listed = clerk.get("/centre/apprentices")
    sound(listed)
    assert "电工学徒班" in listed.text
    shown = clerk.get(at)
    sound(shown)
    assert "第 1 名额" in shown.text
    assert "2500.00" in shown.text or "2,500.00" in shown.text
    # What was typed stands again, but for the number.
    number = person(2)["number"]
    refused = clerk.post(f"{at}/join", id_number=number, full_name="马写错", record_id=str(uuid.UUID(int=5)))
    assert refused.status_code == 422
    sound(refused)
    assert "没有查到这位学徒" in refused.text
    assert number not in refused.text
    assert stands(refused.text, "马写错")
    # From the page, a plan of the same class is none, and another is.
    names = ("title", "occupation", "level", "places", "advance_pct", "starts_on", "ends_on")
    said = {name: str(getattr(works.plan, name)) for name in names}
    again = clerk.post("/centre/apprentices", course=works.plan.course, **said)
    assert (again.status_code, stands(again.text, "电工学徒班")) == (422, True)
    assert clerk.post("/centre/apprentices", course="XT-2", **said).status_code == 303
