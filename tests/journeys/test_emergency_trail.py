"""What the case of an emergency lists: one of each kind of thing that an official can do, none left out."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access import acts
from recordsvc.access.grants import Kind
from recordsvc.access.sessions import Entering, Method
from recordsvc.access.tables import official_role
from tests.archive.paperfiles import pdf
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_closed_centre import enter
from tests.journeys.test_papers import WHY, form

TAKING = {"role": "reviewer", "area": "64", "hours": 2, "reason": "复核人均不在岗"}


def doors(done: list[dict[str, Any]]) -> list[str]:
    return [one["subject"] for one in done if one["what"] == "emergency.door"]


def handler(journey: Journey) -> str:
    with journey.house.db.read() as conn:
        query = sa.select(official_role.c.official_id).where(official_role.c.role == "handler")
        return str(conn.execute(query).scalars().first())


def test_a_case_lists_one_of_each_kind(journey: Journey) -> None:
    centre = journey.centre()
    enter(journey, centre, journey.completion(centre, journey.person(1)))
    number = journey.person(1)["number"]
    worker_id = journey.house.people.find("resident-id", number)
    assert worker_id is not None
    worker = str(uuid.UUID(bytes=worker_id))
    headers = {"Authorization": f"Bearer {journey.token(centre)}"}
    sent = journey.app.test_client().post(
        "/v1/institution/papers", **form(pdf()), headers=headers, base_url=HOST
    )
    paper = sent.json["paper_id"]
    journey.read("handler", f"/v1/desk/workers/{worker}/archive?{WHY}")
    case = journey.act("handler", "/v1/desk/emergencies", TAKING, 201)["case_id"]

    why = {"purpose": "claim-review", "case_ref": "K-1"}
    wanted = []

    def get(path: str) -> None:
        assert journey.browser("handler")[0].get(path, base_url=HOST).status_code in (200, 404), path
        wanted.append(f"GET {path.partition('?')[0]}")

    def post(path: str, body: dict[str, Any], status: int) -> None:
        journey.act("handler", path, body, status)
        wanted.append(f"POST {path}")

    post("/v1/desk/workers/find", {"kind": "resident-id", "number": number, **why}, 200)
    post("/v1/desk/workers/find", {"kind": "resident-id", "number": journey.person(9)["number"], **why}, 404)
    get(f"/v1/desk/workers/{worker}/archive?{WHY}")
    get(f"/v1/desk/institutions/{centre.uscc}/papers?{WHY}")
    get(f"/v1/desk/institutions/{centre.uscc}/papers/{paper}?{WHY}")
    get("/desk/held")
    post(f"/v1/desk/workers/{worker}/division", {"division": "640104", "reason": "户籍"}, 204)
    get("/v1/session/list")
    account = handler(journey)
    cookie = journey.house.db.write(
        lambda turn: journey.app.extensions["access"].sessions.begin(
            turn, Entering(Kind.OFFICIAL, account, Method.CODE)
        )
    )
    assert cookie

    done = journey.read("auditor", f"/v1/desk/emergencies/{case}")["done"]
    assert sorted(doors(done)) == sorted(wanted)
    kinds = {one["what"] for one in done}
    assert {"looked", "worker.find-nothing", "worker.placed", "paper.list", "paper.open"} <= kinds
    assert "emergency.session" in kinds
    assert number not in str(done)


def test_nothing_is_shown_where_the_trail_cannot_be_written(
    journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    journey.act("handler", "/v1/desk/emergencies", TAKING, 201)

    def broken(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(acts, "record", broken)
    client = journey.browser("handler")[0]
    assert client.get("/v1/desk/notices", base_url=HOST).status_code == 503


def test_without_an_emergency_no_door_leaves_a_row(journey: Journey) -> None:
    journey.read("handler", "/v1/desk/notices")

    assert journey.read("auditor", "/v1/desk/acts")["items"] == []
