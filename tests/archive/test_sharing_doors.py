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
