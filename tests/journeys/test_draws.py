"""A draw from commitment to publication through the doors, and the proof that a stranger checks."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from recordsvc.ground.ports import BEIJING, FixedClock
from recordsvc.people import synthetic
from tests.archive.paperfiles import pdf
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_papers import form
from tests.oversight.conftest import VALUE, check

ASKED = {"area": "64", "source": "ssq", "issue": "2025117", "event_on": "2025-10-12"}
REPORT = {"result": "mended", "summary": "教室面积与备案不符，已责令改正"}


def at(clock: FixedClock, text: str) -> None:
    there = int(dt.datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1_000)
    clock.advance(there - clock.now_ms())


@pytest.fixture
def schools(journey: Journey) -> list[str]:
    """Ten institutions."""
    codes = [synthetic.uscc(5_000 + n) for n in range(10)]
    for n, uscc in enumerate(codes):
        entry = {
            "uscc": uscc,
            "name": f"第{n}职业培训学校",
            "kind": "training-institution",
            "valid_from": "2015-01-01",
            "source": "办学许可证",
        }
        journey.act("registrar", "/v1/desk/institutions", entry, 201)
    return codes


def keyed(journey: Journey, account: str, path: str, body: dict[str, Any], key: str) -> Any:
    client, token = journey.browser(account)
    headers = {"X-CSRF-Token": token, "Origin": HOST, "Idempotency-Key": key}
    return client.post(path, json=body, base_url=HOST, headers=headers)


def test_a_draw_goes_through_its_doors_to_a_proof(
    journey: Journey, schools: list[str], clock: FixedClock, tmp_path: Path
) -> None:
    first = keyed(journey, "inspector", "/v1/desk/draws", ASKED, "commit-0001")
    again = keyed(journey, "inspector", "/v1/desk/draws", ASKED, "commit-0001")
    assert (first.status_code, again.json) == (201, first.json)
    path = f"/v1/desk/draws/{first.json['draw_id']}"
    journey.act("reviewer", "/v1/desk/draws", ASKED, 403)
    assert journey.act("inspector-2", "/v1/desk/draws", ASKED, 409)["code"] == "draw-known"
    assert journey.act("inspector-2", f"{path}/reveal", {"value": VALUE}, 409)["code"] == "draw-event-not-yet"

    at(clock, "2025-10-12T22:00")
    for account in ("inspector", "inspector-2", "reviewer", "registrar", "auditor"):
        journey.sign_out(account)
    assert journey.act("inspector", f"{path}/reveal", {"value": VALUE}, 409)["code"] == "draw-same-person"
    journey.act("auditor", f"{path}/reveal", {"value": VALUE}, 403)
    revealed = journey.act("inspector-2", f"{path}/reveal", {"value": VALUE}, 200)
    (drawn,) = revealed["drawn"]
    assert drawn["object_id"] in schools
    assert drawn["inspectors"] == []
    assigned = journey.act("reviewer", f"{path}/assign", {}, 200)
    assert {one["official_id"] for one in assigned["drawn"][0]["inspectors"]} == {
        "demo-inspector", "demo-inspector-2"
    }  # fmt: skip

    (task,) = journey.read("inspector", "/v1/desk/inspections")["items"]
    assert (task["object_id"], task["due_on"]) == (drawn["object_id"], "2025-11-07")
    place = f"{path}/objects/{drawn['object_id']}"
    client, token = journey.browser("inspector")
    headers = {"X-CSRF-Token": token, "Origin": HOST}
    paper = client.post(f"{place}/papers", **form(pdf()), headers=headers, base_url=HOST)
    assert paper.status_code == 201, paper.json
    journey.act("reviewer", f"{place}/report", REPORT, 403)
    report = journey.act("inspector", f"{place}/report", {**REPORT, "papers": [paper.json["paper_id"]]}, 200)
    written = report["drawn"][0]["report"]
    assert written["papers"] == [paper.json["sha256"]]
    said = {"reported_ms": written["reported_ms"]}
    assert journey.act("inspector", f"{place}/confirm", said, 409)["code"] == "draw-report-same-person"
    assert journey.act("inspector-2", f"{place}/confirm", said, 200)["state"] == "reported"
    assert journey.act("reviewer", f"{path}/publish", {}, 200)["state"] == "published"

    anyone = journey.app.test_client()
    (line,) = anyone.get("/v1/draws", base_url=HOST).json["items"]
    assert (line["state"], line["opened"]) == ("published", True)
    proof = anyone.get(f"/v1/draws/{line['draw_id']}/proof", base_url=HOST)
    done = check(proof.json, tmp_path)
    assert done.agrees, done.said
    assert "demo-inspector" not in proof.text
    assert drawn["object_id"] in done.said


def test_a_draw_of_nobody_is_not_there(journey: Journey) -> None:
    nobody = "0190163d-8694-739b-aea5-000000000001"
    assert journey.read("inspector", f"/v1/desk/draws/{nobody}", 404)["code"] == "draw-unknown"
    answer = journey.app.test_client().get(f"/v1/draws/{nobody}/proof", base_url=HOST)
    assert (answer.status_code, answer.json["code"]) == (404, "draw-unknown")
