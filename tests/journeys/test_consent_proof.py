"""A worker who denies a consent: what was proved when it was given, and what a repetition makes of it."""

import hashlib

import flask
import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from recordsvc import create_app, dated
from recordsvc.access import activating, credentials
from recordsvc.access.consents import TEXTS
from recordsvc.access.tables import consent, consent_event
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from tests.archive.support import Centre, person
from tests.archive.test_sharing import DAY


@pytest.fixture
def app(house: House) -> flask.Flask:
    return create_app(house.settings, house)


@pytest.fixture
def worker(house: House) -> bytes:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    return centre.worker_id(person(1))


PIN = "830172"


class Worker:
    """A worker at their own session, who came in by a code handed over and has a way of their own since."""

    def __init__(self, app: flask.Flask, house: House, worker_id: bytes) -> None:
        self.client: FlaskClient = app.test_client()
        own = credentials.worker(worker_id)
        code = house.db.write(lambda turn: activating.make(turn, house, own, "official:test"))
        # Cookies of the service go over https alone.
        self.base = "https://localhost"
        answer = self.client.post("/activate", json={"code": code}, base_url=self.base)
        assert answer.status_code == 200, answer.text
        self.session = self.client.get("/v1/session", base_url=self.base).json
        (code, *_) = self._post("/v1/session/credentials/pin", {"pin": PIN}).json["codes"]
        assert self.share("handed", house.clock.now_ms() + 3_600_000).json["code"] == "step-up"
        assert self._post("/login/again", {"way": "pin", "secret": PIN, "code": code}).status_code == 200

    def _post(self, path: str, body: dict[str, str]) -> TestResponse:
        headers = {"X-CSRF-Token": self.session["csrf_token"]}
        return self.client.post(path, json=body, headers=headers, base_url=self.base)

    def share(self, key: str, until_ms: int, **changes: object):
        form = {
            "archive": None,
            "receiver": "link",
            "records": None,
            "purpose": "job-application",
            "whole": True,
            "text_code": "share-1",
            "until_ms": until_ms,
            "max_uses": 1,
            "with_code": False,
        }
        headers = {"X-CSRF-Token": self.session["csrf_token"], "Idempotency-Key": f"consent-{key}"}
        wanted = {name: value for name, value in (form | changes).items() if value is not None}
        return self.client.post("/v1/me/consents", json=wanted, headers=headers, base_url=self.base)


def rows(house: House, table: sa.Table) -> list:
    with house.db.read() as conn:
        return list(conn.execute(sa.select(table)))


def test_a_consent_keeps_the_text_it_was_given_under_and_the_sign_in_it_was_given_in(
    app: flask.Flask, house: House, worker: bytes
) -> None:
    me = Worker(app, house, worker)
    answer = me.share("first", house.clock.now_ms() + DAY)
    assert answer.status_code == 201, answer.text

    (row,) = rows(house, consent)
    today = beijing_date(house.clock.now_ms()).isoformat()
    text = dated.table(TEXTS).on(today).get("share-1")
    assert text is not None
    shown = f"{text['zh']}\n{text['en']}".encode()
    assert (row.text_code, bytes(row.text_digest)) == ("share-1", hashlib.sha256(shown).digest())
    assert row.given_in.startswith("session-")
    assert row.given_in != "session-none"
    assert [one.event for one in rows(house, consent_event)] == ["start"]


def test_a_consent_needs_a_fresh_proof_of_identity(
    app: flask.Flask, house: House, worker: bytes, clock: FixedClock
) -> None:
    me = Worker(app, house, worker)
    clock.advance(house.settings.step_up_minutes * 60_000 + 1)
    answer = me.share("late", house.clock.now_ms() + DAY)

    assert answer.status_code == 401
    assert rows(house, consent) == rows(house, consent_event) == []


def test_a_consent_sent_again_is_the_one_consent_and_tells_its_link_no_more(
    app: flask.Flask, house: House, worker: bytes
) -> None:
    me = Worker(app, house, worker)
    until = house.clock.now_ms() + DAY
    first, again = me.share("same", until), me.share("same", until)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["consent_id"] == again.json["consent_id"]
    assert (first.json["link"] is not None, again.json["link"]) == (True, None)
    assert len(rows(house, consent)) == 1


def test_a_consent_caught_on_its_way_gives_nothing_when_it_is_sent_by_another_session(
    app: flask.Flask, house: House, worker: bytes
) -> None:
    """Neither without the session, nor with another's token; nor once the session has ended."""
    me = Worker(app, house, worker)
    until = house.clock.now_ms() + DAY
    assert me.share("mine", until).status_code == 201
    caught = me.session["csrf_token"]

    stranger = app.test_client()
    sent = {"X-CSRF-Token": caught, "Idempotency-Key": "consent-mine"}
    assert stranger.post("/v1/me/consents", json={}, headers=sent, base_url=me.base).status_code == 401
    gone = me.client.post("/logout", json={}, headers={"X-CSRF-Token": caught}, base_url=me.base)
    assert gone.status_code == 204
    assert me.share("again", until).status_code == 401
    assert len(rows(house, consent)) == 1
