"""Every id that one worker ever sees, tried by another at every door: nothing is there (rows 1 and 2).

Ids lead from one object to another (record to proof, notice to record, consent to link): what is not one's
own must be missing wherever such a chain is entered.
"""

import json
import re
import uuid
from typing import Any

import flask
import pytest
from werkzeug.test import TestResponse

from recordsvc import create_app
from recordsvc.access.policy import doors
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.money.fees import offerings
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL, Region, person

IDS = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|[0-9a-f]{32}")
REFERENCES = re.compile(r"\b[a-z]{16}\b")
"""Of one request: it differs in each answer."""


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """What is foreign is filtered in SQL."""
    return str(request.param)


@pytest.fixture
def other() -> dict[str, Any]:
    return person("欧阳甲乙", 4)


@pytest.fixture
def app(house: House, region: Region, ids: dict[str, str], other: dict[str, Any]) -> flask.Flask:
    """Two workers, one with a career in which everything happened, and no limit to what they may ask."""
    region.course(other, "2025-09-26", 10)
    region.certificate(other, "2025-10-15", "5")
    region.persona(other, "other")
    made = create_app(house.settings, house)
    made.extensions["entrance"].meter = None
    return made


@pytest.fixture
def victim(app: flask.Flask, ids: dict[str, str], house: House) -> Visitor:
    """Whose records became everything that records can become, who shares a link, claims, and orders."""
    made = Visitor(app).login()
    shared = {"to": "link", "which": "all", "purpose": "job-application", "days": "7"}
    assert made.post("/me/share", **shared).status_code == 200
    asked = {"kind": "SKILL_UP", "record_id": ids["certificate"]}
    headers = {"X-CSRF-Token": made.csrf, "Idempotency-Key": "claim-of-the-victim"}
    filed = made.client.post("/v1/me/claims", json=asked, headers=headers)
    assert filed.status_code == 201, filed.text
    said = {
        "kind": "class",
        "course": "A",
        "title": "B",
        "units": 1,
        "until_on": "2099-01-01",
        "amount_fen": 1,
    }
    said |= {"basis": "C", "published_on": "2020-01-01"}
    said |= {"from_on": beijing_date(house.clock.now_ms()).isoformat()}
    offered = house.db.write(lambda turn: offerings.register(turn, house, SCHOOL, said, "test"))
    headers["Idempotency-Key"] = "order-of-the-victim"
    asked = {"offering_id": str(uuid.UUID(bytes=offered))}
    ordered = made.client.post("/v1/me/fees", json=asked, headers=headers)
    assert ordered.status_code == 201, ordered.text
    return made


@pytest.fixture
def attacker(app: flask.Flask) -> Visitor:
    return Visitor(app).login("other")


def rules(app: flask.Flask, *, with_arguments: bool) -> list[Any]:
    found = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]
    return [rule for rule in found if bool(rule.arguments) is with_arguments]


def read(who: Visitor, path: str, **headers: str) -> TestResponse:
    return who.client.get(path, headers=headers)


def text(answer: TestResponse) -> str:
    """An answer as text; of a file, what of it is text."""
    return answer.get_data().decode("utf-8", "replace")


def seen_by(who: Visitor) -> dict[str, str]:
    """Everything this worker's own doors show without being told an id, and what those lead to."""
    texts: dict[str, str] = {}
    for rule in rules(who.app, with_arguments=False):
        if rule.rule.startswith(("/me", "/v1/me", "/v1/session")):
            answer = read(who, rule.rule)
            if answer.status_code == 200:
                texts[rule.rule] = text(answer)
    for page in list(texts.values()):
        for link in re.findall(r'href="(/me/[^"#?]+)"', page):
            if link not in texts:
                texts[link] = text(read(who, link))
    return texts


def ids_in(texts: dict[str, str]) -> set[str]:
    return {found for one in texts.values() for found in IDS.findall(one)}


def told(answer: TestResponse, value: str) -> tuple[int, str]:
    """An answer without the id that was asked for and the request's own reference."""
    plain = text(answer).replace(value, "ID").replace(value.replace("-", ""), "ID")
    return answer.status_code, REFERENCES.sub("REF", plain)


def missing_like(value: str) -> str:
    """An id of the same form that nobody has."""
    if "-" in value:
        return str(uuid.UUID("01900000-0000-7000-8000-0000000000ff"))
    return "e" * len(value)


def test_no_id_that_a_worker_sees_leads_another_anywhere(
    app: flask.Flask, victim: Visitor, attacker: Visitor, worker: dict[str, Any], house: House
) -> None:
    mine, theirs = seen_by(attacker), seen_by(victim)
    values = ids_in(theirs) - ids_in(mine)
    assert len(values) > 12, values
    (claimed,) = read(victim, "/v1/me/claims").json["items"]
    assert claimed["claim_id"] in values
    assert worker["number"] in "".join(theirs.values())
    secrets = (worker["name"], worker["number"])

    tried = 0
    nothing: dict[str, tuple[int, str]] = {}
    for rule in rules(app, with_arguments=True):
        if rule.endpoint.endswith("static") or "/tile/" in rule.rule:
            continue
        for value in sorted(values):
            absent = missing_like(value)
            path = re.sub(r"<[^>]+>", value, rule.rule)
            nobody = re.sub(r"<[^>]+>", absent, rule.rule)
            answer = read(attacker, path)
            assert answer.status_code >= 300, path
            if nobody not in nothing:
                nothing[nobody] = told(read(attacker, nobody), absent)
            assert told(answer, value) == nothing[nobody], path
            head = attacker.client.head(path)
            assert (head.status_code, head.data) == (answer.status_code, b""), path
            part = read(attacker, path, Range="bytes=0-9")
            assert part.status_code == answer.status_code, path
            assert not any(secret in text(one) for secret in secrets for one in (answer, part)), path
            tried += 1
    assert tried > 300


def test_no_id_in_a_query_leads_another_anywhere(
    app: flask.Flask, victim: Visitor, attacker: Visitor, worker: dict[str, Any]
) -> None:
    described = json.loads(read(attacker, "/openapi.json").text)
    values = sorted(ids_in(seen_by(victim)) - ids_in(seen_by(attacker)))
    secrets = (worker["name"], worker["number"])
    tried = 0
    for path, operations in described["paths"].items():
        operation = operations.get("get")
        if operation is None or "{" in path:
            continue
        for one in operation.get("parameters", ()):
            if one.get("in") != "query":
                continue
            for value in values:
                answer = read(attacker, f"{path}?{one['name']}={value}")
                assert not any(secret in text(answer) for secret in secrets), (path, one["name"])
                assert not set(IDS.findall(text(answer))) & set(values) - {value}, (path, one["name"])
                tried += 1
    assert tried > 50


def test_a_kept_answer_of_one_worker_answers_no_other(
    app: flask.Flask, victim: Visitor, attacker: Visitor, ids: dict[str, str]
) -> None:
    """An entity tag in hand turns no foreign object into `not modified`."""
    for path in (f"/v1/me/records/{ids['first']}", f"/me/records/{ids['first']}/file", "/v1/me/bundle"):
        own = read(victim, path)
        assert own.status_code == 200, path
        tag = own.headers.get("ETag", '"*"')
        for header in ("If-None-Match", "If-Match", "If-Range"):
            answer = read(attacker, path, **{header: tag})
            assert answer.status_code != 304, path
            assert answer.status_code == (200 if path.endswith("bundle") else 404), path
            assert ids["first"] not in text(answer).replace(path, ""), path


def test_what_another_tries_at_all_writing_doors_changes_nothing(
    app: flask.Flask, victim: Visitor, attacker: Visitor
) -> None:
    values = sorted(ids_in(seen_by(victim)) - ids_in(seen_by(attacker)))
    before = {
        path: read(victim, path).json for path in ("/v1/me/archive", "/v1/me/consents", "/v1/me/disputes")
    }
    kept = doors(app)
    bodies: list[dict[str, Any]] = [{}, {"seen": 0}, {"seen": 0, "reason": "other", "note": "不是我"}]
    for rule in app.url_map.iter_rules():
        if not rule.arguments or "POST" not in (rule.methods or ()):
            continue
        for value in values:
            path = re.sub(r"<[^>]+>", value, rule.rule)
            for body in bodies if "/records/" in path else bodies[:1]:
                headers = {"X-CSRF-Token": attacker.csrf}
                if kept[rule.endpoint].idempotent:
                    headers["Idempotency-Key"] = f"try-{uuid.uuid4()}"
                answer = attacker.client.post(path, json=body, headers=headers)
                assert answer.status_code >= 400, (path, answer.status_code)
    after = {path: read(victim, path).json for path in before}
    assert after == before
