"""Doors of receivers: what is for one client is for no other, and what is over is as if it had never been."""

import uuid

import flask
import pytest
from werkzeug.test import TestResponse

from recordsvc import create_app
from recordsvc.access import consents, policy
from recordsvc.access.consents import Consent, Ended
from recordsvc.access.grants import Actor, Kind
from recordsvc.house import House
from tests.archive.support import Centre, person
from tests.archive.test_sharing import EMPLOYER, give

OTHER = Actor(Kind.CLIENT, "employer-2", institution="91640100MA76OTHER0", scopes=frozenset({"shared:read"}))
ACTORS = {"employer": EMPLOYER, "other": OTHER}


@pytest.fixture
def app(house: House) -> flask.Flask:
    """The service, with names of actors for tokens."""
    made = create_app(house.settings, house)
    policy.authenticate(made, bearer=lambda token, _scheme: ACTORS[token])
    # These clients stand in no register, where their limits would be found.
    made.extensions["entrance"].meter = None
    return made


@pytest.fixture
def given(house: House) -> tuple[bytes, Consent]:
    """A worker's consent for one institution, and whose it is."""
    centre = Centre(house, 1)
    record = centre.completion(person(1))
    centre.enter(record)
    worker = centre.worker_id(person(1))
    return worker, give(house, worker, record, receiver=f"institution:{EMPLOYER.institution}", max_uses=2)[1]


def knock(app: flask.Flask, who: str, consent_id: bytes) -> TestResponse:
    path = f"/v1/shared/{uuid.UUID(bytes=consent_id)}/open"
    return app.test_client().post(path, json={}, headers={"Authorization": f"Bearer {who}"})


def listed(app: flask.Flask, who: str) -> list[str]:
    answer = app.test_client().get("/v1/shared", headers={"Authorization": f"Bearer {who}"})
    return [one["consent_id"] for one in answer.json["items"]]


def plain(answer: TestResponse) -> dict:
    """An answer without what names the one request."""
    return {name: value for name, value in answer.json.items() if name not in ("instance", "request")}


def test_an_institution_opens_what_is_for_it_and_another_finds_nothing(app: flask.Flask, given) -> None:
    found = given[1]
    assert listed(app, "employer") == [str(uuid.UUID(bytes=found.consent_id))]
    assert listed(app, "other") == []
    assert knock(app, "employer", found.consent_id).json["format"] == "recordsvc-bundle/1"
    assert knock(app, "other", found.consent_id).status_code == 404


def test_foreign_missing_and_ended_are_answered_alike(app: flask.Flask, house: House, given) -> None:
    worker, found = given
    foreign = knock(app, "other", found.consent_id)
    house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER))
    ended = knock(app, "employer", found.consent_id)
    missing = knock(app, "employer", b"\x01" * 16)
    assert [one.status_code for one in (foreign, ended, missing)] == [404] * 3
    assert plain(foreign) == plain(ended) == plain(missing)
    assert listed(app, "employer") == []


# -- what happened to consents

STAFF = Actor(Kind.STAFF, "staff-1", roles=frozenset({"hr"}), institution=EMPLOYER.institution)
TEACHER = Actor(Kind.STAFF, "staff-2", roles=frozenset({"teacher"}), institution=EMPLOYER.institution)
UNSCOPED = Actor(Kind.CLIENT, "employer-1", institution=EMPLOYER.institution)
ACTORS |= {"staff": STAFF, "teacher": TEACHER, "unscoped": UNSCOPED}


def events(app: flask.Flask, who: str, **query: str) -> TestResponse:
    headers = {"Authorization": f"Bearer {who}"}
    return app.test_client().get("/v1/shared/events", query_string=query, headers=headers)


def told(answer: TestResponse) -> list[tuple[str, int, str]]:
    return [(one["receiver"].partition(":")[0], one["n"], one["event"]) for one in answer.json["items"]]


@pytest.fixture
def three(app: flask.Flask, house: House, given) -> list[tuple[str, int, str]]:
    """What the client reads: the institution's consent used up, and one of its own that the worker ends."""
    worker, found = given
    centre = Centre(house, 2)
    record = centre.completion(person(2))
    centre.enter(record)
    other = centre.worker_id(person(2))
    knock(app, "employer", found.consent_id)
    give(house, other, record, receiver=f"client:{EMPLOYER.id}")
    knock(app, "employer", found.consent_id)
    house.db.write(lambda turn: consents.end(turn, house.log, [worker, other], Ended.WORKER))
    return [
        ("institution", 1, "start"),
        ("institution", 2, "use"),
        ("client", 1, "start"),
        ("institution", 3, "use"),
        ("institution", 4, "end"),
        ("client", 2, "end"),
    ]


@pytest.mark.parametrize("limit", ["1", "2", "4", "1000"])
def test_events_are_read_in_order_without_a_gap_or_a_repetition(app: flask.Flask, three, limit: str) -> None:
    found, query = [], {"limit": limit}
    while told(answer := events(app, "employer", **query)):
        found += told(answer)
        query["cursor"] = answer.json["next"]
    by = {name: [one for one in found if one[0] == name] for name in ("client", "institution")}
    assert {name: [one for one in three if one[0] == name] for name in by} == by
    assert told(events(app, "employer", cursor=query["cursor"])) == []


def test_what_happens_later_comes_behind_the_last_cursor(app: flask.Flask, given) -> None:
    empty = events(app, "employer")
    assert told(empty) == [("institution", 1, "start")]
    knock(app, "employer", given[1].consent_id)
    assert told(events(app, "employer", cursor=empty.json["next"])) == [("institution", 2, "use")]


def test_staff_read_the_institutions_events_and_not_the_clients(app: flask.Flask, three) -> None:
    assert told(events(app, "staff")) == [one for one in three if one[0] == "institution"]


def test_events_name_neither_the_worker_nor_why_it_ended(app: flask.Flask, given, three) -> None:
    answer = events(app, "employer")
    names = {"receiver", "n", "consent_id", "event", "log_size", "at_ms"}
    assert {frozenset(one) for one in answer.json["items"]} == {frozenset(names)}
    assert given[0].hex() not in answer.text.replace("-", "")


def test_another_receiver_reads_nothing_of_it_and_its_cursor_is_refused(app: flask.Flask, three) -> None:
    assert told(events(app, "other")) == []
    foreign = events(app, "other", cursor=events(app, "employer").json["next"])
    assert (foreign.status_code, foreign.json["code"]) == (400, "cursor")


@pytest.mark.parametrize("who", ["unscoped", "teacher"])
def test_events_are_for_the_scope_and_the_office(app: flask.Flask, three, who: str) -> None:
    assert events(app, who).status_code == 403
