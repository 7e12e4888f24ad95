"""After its closing date an institution does nothing by itself any more, its keys retired or not yet.

What it signs waits for officials, whichever kind of act it is; what was contested is the region's.
"""

import datetime as dt
from typing import Any

import pytest

from recordsvc.archive import disputes
from recordsvc.ground.ports import beijing_date
from recordsvc.submit import sign
from tests.journeys.desk import Centre, Journey, record_id
from tests.journeys.test_closed_centre import answer, contest, enter
from tests.web.region import example


def close(journey: Journey, centre: Centre) -> None:
    """State that the institution is closed from today on; nobody retires its keys yet."""
    today = beijing_date(journey.clock.now_ms()).isoformat()
    closed = {"fact": "closed", "on": today, "value": "停办", "source": "注销公告"}
    journey.act("registrar", f"/v1/desk/institutions/{centre.uscc}/facts", closed, 201)


def certificate(journey: Journey, centre: Centre, worker: dict[str, Any]) -> bytes:
    day = (beijing_date(journey.clock.now_ms()) - dt.timedelta(days=3)).isoformat()
    body = example("skill-certificate") | {"organisation": {"uscc": centre.uscc, "name": centre.name}}
    body |= {"certificate": {"number": "SC-2025-0001", "issued_on": day}}
    return journey.record(centre, "skill-certificate", worker, body)


def correction(journey: Journey, centre: Centre, worker: dict[str, Any], of: bytes) -> bytes:
    change = {"corrects": record_id(of), "fields": {"/body/score": "91"}, "reason": "成绩录入有误"}
    return journey.record(centre, "correction", worker, change)


def revocation(journey: Journey, centre: Centre, worker: dict[str, Any], of: bytes) -> bytes:
    body = {"revokes": record_id(of), "reason": "entered-in-error"}
    return journey.record(centre, "revocation", worker, body)


@pytest.mark.parametrize("kind", ["completion", "certificate", "correction", "revocation", "restoration"])
def test_whatever_a_closed_institution_signs_waits_for_officials(journey: Journey, kind: str) -> None:
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    if kind == "restoration":
        revoked = revocation(journey, centre, worker, record)
        enter(journey, centre, revoked)
    close(journey, centre)

    made = {
        "completion": lambda: journey.completion(centre, worker),
        "certificate": lambda: certificate(journey, centre, worker),
        "correction": lambda: correction(journey, centre, worker, record),
        "revocation": lambda: revocation(journey, centre, worker, record),
        "restoration": lambda: journey.record(
            centre, "restoration", worker, {"restores": record_id(record), "reason": "撤销有误"}
        ),
    }[kind]()
    said = journey.post(centre, "/v1/records", sign.single_body(centre.key, made))

    assert (said.status_code, said.json.get("status")) == (202, "held"), said.json
    (waiting,) = journey.read("handler", "/v1/desk/held")["items"]
    assert waiting["reason"] in ("institution-closed", "institution-not-in-force")


def test_a_closed_institution_answers_no_objection_that_was_open_when_it_closed(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    me = journey.sign_in(worker["number"])
    case = contest(journey, me, record)["dispute_id"]
    close(journey, centre)

    said = answer(journey, centre, case, '{"outcome":"rejected","text":"试卷为准"}'.encode())

    assert (said.status_code, said.json["code"]) == (409, "dispute-standing"), said.json
    disputes.pass_on_due(journey.house)
    (waiting,) = journey.read("handler", "/v1/desk/disputes")["items"]
    assert (waiting["dispute_id"], waiting["state"], waiting["owner"]) == (case, "open", "region")
