"""A service to measure: one institution, its key and machine, workers, payloads signed beforehand."""

import contextlib
import dataclasses
import datetime as dt
import os
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from recordsvc import genesis
from recordsvc.access import registering
from recordsvc.access.grants import Kind
from recordsvc.access.registering import NewClient, NewKey
from recordsvc.access.services import open_access
from recordsvc.access.sessions import Entering, Method
from recordsvc.archive import submission
from recordsvc.bodies import institutions
from recordsvc.ground import two_person
from recordsvc.ground.ports import SystemClock, SystemRandom, beijing_date
from recordsvc.ground.privileges import APPLICATION_ROLE, OWNER_ROLE
from recordsvc.house import House, open_house
from recordsvc.people import synthetic
from recordsvc.settings import Settings
from recordsvc.submit import sign
from recordsvc.vault.jwk import public_from_jwk
from tests.postgresql import PostgresServer

ROLES = Path(__file__).parent.parent / "deploy" / "postgresql" / "roles.sql"
SCHOOL = synthetic.uscc(11, registrar="52")
NAME = "基准职业培训学校"
LOAD = 2_000
UNLIMITED = 2**31 - 1


@dataclasses.dataclass
class Region:
    """An open house and what signs and asks in its name."""

    house: House
    environ: Mapping[str, str]
    key: sign.SigningKey
    machine: sign.SigningKey
    client_id: str
    receiver_id: str
    """A client that reads the feed."""
    clock: SystemClock = dataclasses.field(default_factory=SystemClock)
    random: SystemRandom = dataclasses.field(default_factory=SystemRandom)

    @property
    def to(self) -> sign.Destination:
        """Return whose records, for which deployment."""
        settings = self.house.settings
        return sign.Destination(settings.audience, settings.environment, SCHOOL)

    def assertion(self, client_id: str = "") -> bytes:
        """Return the form that asks for an access token, the centre's without a `client_id`."""
        now = int(time.time())
        said = sign.client_assertion(
            self.machine,
            client_id or self.client_id,
            self.house.settings.issuer_url,
            now_s=now,
            jti=uuid.uuid4().hex,
        )
        kind = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
        return f"grant_type=client_credentials&client_assertion_type={kind}&client_assertion={said}".encode()

    def proof(self, method: str, path: str, token: str = "") -> str:
        """Return a DPoP proof of this moment; `path` without its query."""
        return sign.dpop_proof(
            self.machine,
            method,
            f"http://localhost{path}",
            now_s=int(time.time()),
            jti=uuid.uuid4().hex,
            token=token,
        )

    def session(self, worker_id: bytes) -> str:
        """Open a worker's browser session; the cookie header's value."""
        sessions = open_access(self.house).sessions
        who = Entering(Kind.WORKER, str(uuid.UUID(bytes=worker_id)), Method.DEMO)
        cookie = self.house.db.write(lambda turn: sessions.begin(turn, who))
        return f"{sessions.cookie.name}={cookie}"

    def record(self, worker: int) -> bytes:
        """Return a realistic training completion of the n-th synthetic worker, R (some 850 bytes)."""
        today = beijing_date(self.clock.now_ms())
        start, end = today - dt.timedelta(days=30), today - dt.timedelta(days=5)
        number = self.random.bytes(2).hex()
        hours = {"online_minutes": 0, "practice_minutes": 1800, "theory_minutes": 900}
        body = {
            "attended": hours,
            "attended_on": [(start + dt.timedelta(days=day)).isoformat() for day in range(10)],
            "class": {"code": f"2026-{number}"},
            "ended_on": end.isoformat(),
            "institution": {"name": NAME, "uscc": SCHOOL},
            "level": "5",
            "minutes_per_period": 45,
            "occupation": {"code": "6-18-02-04", "edition": "2022", "name": "焊工"},
            "planned": hours,
            "result": "passed",
            "score": "86.5",
            "started_on": start.isoformat(),
            "training_type": "employment-skill",
        }
        return sign.make_record(
            self.to,
            "training-completion",
            person(worker),
            body,
            record_id=sign.new_record_id(self.clock, self.random),
            salt=sign.new_salt(self.random),
            issued_on=today,
        )

    def records(self, workers: Sequence[int]) -> list[bytes]:
        """Return one record of each of these workers."""
        return [self.record(worker) for worker in workers]

    def batch(self, records: Sequence[bytes]) -> bytes:
        """Return a batch body under one signature."""
        return sign.make_batch(
            self.key, self.to, records, batch_id=sign.new_record_id(self.clock, self.random)
        ).ndjson()

    def each(self, records: Sequence[bytes]) -> bytes:
        """Return a batch body with one signature a record."""
        return sign.each_ndjson(self.key, records)

    def fill(self, first: int, count: int) -> None:
        """Enter one record for each of `count` workers from the `first` on, without HTTP."""
        for start in range(first, first + count, LOAD):
            numbers = range(start, min(start + LOAD, first + count))
            answer = self.house.admission.submit(
                SCHOOL, submission.read_ndjson(self.batch(self.records(numbers)))
            )
            if any(row.status != "accepted" for row in answer.rows):
                raise RuntimeError("the benchmark's own records were not accepted")


def person(n: int) -> dict[str, Any]:
    """Return the n-th synthetic worker; different for n below 5 million."""
    born = dt.date(1970, 1, 1) + dt.timedelta(days=n // 500)
    number = synthetic.resident_id("640104", born, "male", n % 500)
    return {
        "document": "resident-id",
        "name": f"马{chr(0x4E00 + n % 9000)}{chr(0x4E00 + n // 9000 % 9000)}",
        "number": number,
    }


@contextlib.contextmanager
def region(kind: str) -> Iterator[Region]:
    """Make a service on a fresh database of a kind."""
    with tempfile.TemporaryDirectory(prefix="rs-bench-") as folder, contextlib.ExitStack() as stack:
        values = {
            "DATA_DIR": folder,
            "ENVIRONMENT": "demo",
            "LOG_ORIGIN": "log.bench.example",
            "AUDIENCE": "https://bench.example",
            "REGION": synthetic.uscc(1, registrar="11"),
            "ISSUER_URL": "https://bench.example",
            "PUBLIC_URL": "http://localhost",
        }
        if kind == "postgresql":
            server = stack.enter_context(PostgresServer(shared_buffers="512MB", max_wal_size="4GB"))
            server.execute("CREATE DATABASE bench TEMPLATE template0 ENCODING 'UTF8'")
            server.execute(ROLES.read_text("utf-8"), database="bench")
            values["DATABASE_URL"] = server.url("bench", APPLICATION_ROLE)
            values["OWNER_DATABASE_URL"] = server.url("bench", OWNER_ROLE)
        named = {f"RECORDSVC_{name}": value for name, value in values.items()}
        settings = Settings.load(named)
        genesis.create(settings)
        house = open_house(settings)
        stack.callback(house.close)
        yield _registered(house, os.environ | named)


def _registered(house: House, environ: Mapping[str, str]) -> Region:
    random = SystemRandom()
    key = sign.key_from_jwk(sign.new_private_jwk("EdDSA", "sign", random))
    machine = sign.key_from_jwk(sign.new_private_jwk("EdDSA", "client", random))
    entry = institutions.Entry(SCHOOL, NAME, "training-institution", "2010-01-01", None, "bench")
    house.db.write(lambda turn: institutions.enter(turn, entry, "system:bench"))
    public, kid = public_from_jwk(key.public_jwk())
    house.db.write(lambda turn: house.issuers.register(turn, SCHOOL, kid, public, 0, None))
    centre = _client(house, machine, "centre", SCHOOL, ["records:read", "records:write"])
    return Region(
        house, environ, key, machine, centre, _client(house, machine, "platform", None, ["feed:read"])
    )


def _client(
    house: House, machine: sign.SigningKey, kind: str, institution: str | None, scopes: list[str]
) -> str:
    """Register a client by two officials; returns its id."""
    new = NewClient(
        kind,
        NAME,
        institution,
        scopes,
        [NewKey(machine.public_jwk())],
        units_a_day=UNLIMITED,
        at_once=1000,
    )
    proposal, client_id = house.db.write(
        lambda turn: registering.propose_client(turn, new, by="system:first", random=house.random)
    )
    house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "system:second", approve=True, reason="bench", tools=house
        )
    )
    return client_id
