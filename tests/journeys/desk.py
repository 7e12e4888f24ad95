"""A region driven through its public doors as officials, centres and workers do; for journeys and faults."""

import datetime as dt
import itertools
import json
import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from recordsvc.access import demo
from recordsvc.access.grants import Actor, Kind
from recordsvc.ground.ports import FixedClock, SeededRandom, beijing_date
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.submit import sign
from tests.archive.paperfiles import pdf
from tests.archive.support import register_region

NDJSON = "application/x-ndjson"
SCHOOL = synthetic.uscc(11, registrar="52")
HOST = "http://localhost"


@dataclass
class Centre:
    """A training centre with its keys: one for its client, one to sign."""

    uscc: str
    name: str
    key: sign.SigningKey
    machine: sign.SigningKey
    client_id: str = ""
    token: str = ""
    bodies: "itertools.count[int]" = field(default_factory=itertools.count)


class Journey:
    """The doors of one application, knocked at in turn by everybody."""

    def __init__(self, app: Flask, house: House, clock: FixedClock, seed: int = 7) -> None:
        """Make the officials of a demo desk; a second journey needs its own seed, so its own keys."""
        self.app, self.house, self.clock = app, house, clock
        self.random = SeededRandom(seed)
        self.pick = random.Random(seed)
        self._browsers: dict[str, tuple[FlaskClient, str]] = {}
        house.db.write(lambda turn: demo.create_desk(turn, "640000"))
        if house.institutions.find(house.settings.region) is None:
            register_region(house)

    # -- officials

    def browser(self, kind: str) -> tuple[FlaskClient, str]:
        """A browser signed in as a demo persona, and its CSRF token."""
        if kind not in self._browsers:
            client = self.app.test_client()
            answer = client.post("/login/demo", json={"kind": kind}, base_url=HOST, headers={"Origin": HOST})
            assert answer.status_code == 200, answer.json
            self._browsers[kind] = (client, answer.json["csrf_token"])
        return self._browsers[kind]

    def sign_out(self, kind: str) -> None:
        """Forget a browser; the next request signs in anew."""
        self._browsers.pop(kind, None)

    def act(self, account: str, path: str, body: dict[str, Any], status: int = 202) -> Any:
        """An official posts; returns the answer's JSON."""
        client, token = self.browser(account)
        answer = client.post(path, json=body, base_url=HOST, headers={"X-CSRF-Token": token, "Origin": HOST})
        assert answer.status_code == status, (path, answer.status_code, answer.json)
        return answer.json if answer.data else None

    def read(self, account: str, path: str, status: int = 200) -> Any:
        """An official reads."""
        answer = self.browser(account)[0].get(path, base_url=HOST)
        assert answer.status_code == status, (path, answer.status_code, answer.json)
        return answer.json

    def decide(self, account: str, proposal_id: str, *, approve: bool = True, status: int = 200) -> Any:
        """The second person decides."""
        path = f"/v1/desk/proposals/{proposal_id}/decide"
        return self.act(account, path, {"approve": approve, "reason": "核对无误"}, status)

    def file_paper(
        self, worker_id: bytes, kind: str = "death-certificate", data: bytes = b"", *, sealed: bool = False
    ) -> str:
        """A paper of a worker that somebody filed at the counter; its SHA-256."""
        who = Actor(Kind.OFFICIAL, "counter", roles=frozenset({"handler"}))
        return self.house.papers.keep(worker_id, data or pdf(), kind, "", who, sealed=sealed).sha256

    # -- centres

    def centre(self, uscc: str = SCHOOL, name: str = "贺兰山职业培训学校", alg: str = "EdDSA") -> Centre:
        """Register a centre: institution, signing key and client, the latter two by two officials."""
        make = lambda kid: sign.key_from_jwk(sign.new_private_jwk(alg, kid, self.random))  # noqa: E731
        centre = Centre(uscc, name, make("sign-1"), make("client-1"))
        entry = {
            "uscc": uscc,
            "name": name,
            "kind": "training-institution",
            "valid_from": "2015-01-01",
            "source": "办学许可证",
        }
        self.act("registrar", "/v1/desk/institutions", entry, 201)
        proposed = self.act("registrar", f"/v1/desk/issuers/{uscc}/keys", {"jwk": centre.key.public_jwk()})
        self.decide("registrar-2", proposed["proposal_id"])
        body = {
            "kind": "centre",
            "name": name,
            "institution": uscc,
            "scopes": ["records:read", "records:write"],
            "keys": [{"jwk": centre.machine.public_jwk()}],
        }
        proposed = self.act("registrar", "/v1/desk/clients", body)
        centre.client_id = proposed["subject"]
        self.decide("registrar-2", proposed["proposal_id"])
        return centre

    def token(self, centre: Centre) -> str:
        """A fresh access token of the centre's machine."""
        now = self.clock.now_ms() // 1000
        assertion = sign.client_assertion(
            centre.machine, centre.client_id, self.house.settings.issuer_url, now_s=now, jti=uuid.uuid4().hex
        )
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            "client_assertion": assertion,
        }
        headers = {} if centre.uscc else {"DPoP": self._proof(centre, "POST", "/oauth/token")}
        answer = self.app.test_client().post("/oauth/token", data=form, headers=headers, base_url=HOST)
        assert answer.status_code == 200, answer.json
        return str(answer.json["access_token"])

    def post(self, centre: Centre, path: str, body: bytes, media: str = "application/json") -> Any:
        """The centre's machine posts bytes."""
        headers = {"Authorization": f"Bearer {self.token(centre)}", "Content-Type": media}
        return self.app.test_client().post(path, data=body, headers=headers, base_url=HOST)

    def get(self, centre: Centre, path: str) -> Any:
        """The machine of a centre reads, or with a bound token that of a receiver (no institution)."""
        token = self.token(centre)
        headers = {"Authorization": f"Bearer {token}"}
        if not centre.uscc:
            headers = {"Authorization": f"DPoP {token}", "DPoP": self._proof(centre, "GET", path, token)}
        return self.app.test_client().get(path, headers=headers, base_url=HOST)

    def _proof(self, centre: Centre, method: str, path: str, token: str = "") -> str:
        url, now = HOST + path.partition("?")[0], self.clock.now_ms() // 1000
        return sign.dpop_proof(centre.machine, method, url, now_s=now, jti=uuid.uuid4().hex, token=token)

    # -- records

    def person(self, n: int, **more: Any) -> dict[str, Any]:
        """A synthetic worker as a record names one."""
        born = dt.date(1980, 1, 1) + dt.timedelta(days=n % 5000)
        number = synthetic.resident_id("640104", born, "female" if n % 2 else "male", n % 500)
        return {"document": "resident-id", "name": f"马小{chr(0x4E00 + n)}", "number": number, **more}

    def completion(self, centre: Centre, worker: dict[str, Any], **changes: Any) -> bytes:
        """A plausible training completion, R."""
        today = beijing_date(self.clock.now_ms())
        start, end = today - dt.timedelta(days=30), today - dt.timedelta(days=5)
        body = {
            "attended": {"online_minutes": 0, "practice_minutes": 1800, "theory_minutes": 900},
            "class": {"code": f"2025-{next(centre.bodies)}"},
            "ended_on": end.isoformat(),
            "institution": {"name": centre.name, "uscc": centre.uscc},
            "level": "5",
            "minutes_per_period": 45,
            "occupation": {"code": "6-18-02-04", "edition": "2022", "name": "焊工"},
            "planned": {"online_minutes": 0, "practice_minutes": 1800, "theory_minutes": 900},
            "result": "passed",
            "score": "86.5",
            "started_on": start.isoformat(),
            "training_type": "employment-skill",
        }
        return self.record(centre, "training-completion", worker, body | changes)

    def record(
        self,
        centre: Centre,
        record_type: str,
        worker: dict[str, Any],
        body: dict[str, Any],
        record_id: str = "",
    ) -> bytes:
        """Any record of a centre, R."""
        settings = self.house.settings
        return sign.make_record(
            sign.Destination(settings.audience, settings.environment, centre.uscc),
            record_type,
            worker,
            body,
            record_id=record_id or sign.new_record_id(self.clock, self.random),
            salt=sign.new_salt(self.random),
            issued_on=beijing_date(self.clock.now_ms()),
        )

    def batch(self, centre: Centre, records: list[bytes], **options: Any) -> bytes:
        """A batch body under one signature."""
        settings = self.house.settings
        to = sign.Destination(settings.audience, settings.environment, centre.uscc)
        batch_id = sign.new_record_id(self.clock, self.random)
        return sign.make_batch(centre.key, to, records, batch_id=batch_id).ndjson(**options)

    # -- workers

    def sign_in(self, number: str) -> str:
        """Make a worker a persona; the name to act under."""
        worker_id = self.house.people.find("resident-id", number)
        assert worker_id is not None
        kind = f"worker-{number[-6:]}"
        self.house.db.write(lambda turn: demo.create_worker(turn, worker_id, "劳动者", "Worker", kind))
        return kind


def record_id(record: bytes) -> str:
    """The id inside R."""
    return str(json.loads(record)["id"])
