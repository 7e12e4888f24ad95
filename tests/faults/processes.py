"""The whole service as processes of one group (witness, gunicorn, background work), and its clients."""

import dataclasses
import http.client
import os
import queue
import random
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from recordsvc import anchor, create_app, genesis
from recordsvc.ground.ports import SystemClock, SystemRandom
from recordsvc.house import House, open_house
from recordsvc.people import synthetic
from recordsvc.serving import gunicorn_command, write_settings
from recordsvc.settings import Settings
from recordsvc.submit import sign
from recordsvc.submit.receipts import ReceiptReader
from tests.journeys.desk import NDJSON, SCHOOL, Journey
from tests.journeys.desk import Centre as CentreOfJourney
from tests.ports import free_ports

ROOT = Path(__file__).parents[2]
PEOPLE = 60
START_S = 180
"""Patience with a start; on a machine that is otherwise idle it takes two seconds."""
PARTS = ("witness", "server", "work")


class Installation:
    """A data folder after its first run with one registered centre, and the processes that serve it."""

    def __init__(self, folder: Path, database_url: str = "", owner_url: str = "") -> None:
        self.folder = folder
        self.port, self.witness_port = free_ports(2)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = self._witness("init", "--store", str(folder / "witness")).split()[-1]
        values: dict[str, Any] = {
            "environment": "demo",
            "log_origin": "log.faults.example",
            "audience": "https://records.faults.example",
            "issuer_url": "https://records.faults.example",
            "public_url": f"http://localhost:{self.port}",
            "region": synthetic.uscc(2, registrar="11"),
            "witness_keys": [key],
            "witness_urls": [f"http://127.0.0.1:{self.witness_port}"],
        }
        if database_url:
            values |= {"database_url": database_url, "owner_database_url": owner_url}
        write_settings(folder / "recordsvc.toml", values)
        self.settings = Settings.load(self.environ)
        genesis.create(self.settings)
        with self.house() as house:
            self._witness("add-log", "--store", str(folder / "witness"), anchor.log_key(house).vkey())
            self.log_key = anchor.log_key(house).vkey()
            journey = Journey(create_app(self.settings, house), house, SystemClock())  # type: ignore[arg-type]
            self.centre = journey.centre()
        self.processes: list[subprocess.Popen[bytes]] = []

    @property
    def environ(self) -> dict[str, str]:
        """What every process is told."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
        return kept | {
            "RECORDSVC_DATA_DIR": str(self.folder),
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def house(self) -> "OpenedHouse":
        """The service's parts, opened beside the running processes."""
        return OpenedHouse(open_house(self.settings))

    @staticmethod
    def _witness(*arguments: str) -> str:
        command = [sys.executable, "-m", "witness", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout

    # -- processes -----------------------------------------------------------------------------------------

    def commands(self) -> list[list[str]]:
        """Witness, server, background work."""
        store = str(self.folder / "witness")
        return [
            [sys.executable, "-m", "witness", "serve", "--store", store, "--port", str(self.witness_port)],
            gunicorn_command("127.0.0.1", self.port),
            [sys.executable, "-m", "recordsvc", "work"],
        ]

    def start(self, around: Callable[[list[str]], list[str]] = lambda command: command) -> float:
        """Start everything in one process group; the seconds until the service says it is ready."""
        began = time.monotonic()
        for name, command in zip(PARTS, self.commands(), strict=True):
            leader = self.processes[0].pid if self.processes else 0
            with (self.folder / f"{name}.log").open("ab") as log:
                self.processes.append(
                    subprocess.Popen(
                        around(command),
                        env=self.environ,
                        cwd=ROOT,
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        process_group=leader,
                    )
                )
        self._until_ready()
        return time.monotonic() - began

    def _until_ready(self) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if ended := [one for one in self.processes if one.poll() is not None]:
                raise AssertionError(f"{ended[0].args} ended:\n{self.output()}")
            try:
                if ask(self.port, "GET", "/readyz", timeout=2).status == 200:
                    return
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.02)
        raise AssertionError(f"the service did not get ready:\n{self.output()}")

    def output(self) -> str:
        """What the processes said last."""
        logs = [self.folder / f"{name}.log" for name in PARTS]
        return "\n".join(log.read_text(errors="replace")[-2_000:] for log in logs if log.exists())

    def kill(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the whole group at once, and wait until nobody of it is left."""
        if not self.processes:
            return
        group = self.processes[0].pid
        os.killpg(group, how)
        for process in self.processes:
            process.wait(30)
        # The workers are gunicorn's children, not ours: wait until the group is empty.
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                os.killpg(group, 0)
            except ProcessLookupError:
                break
            time.sleep(0.005)
        self.processes = []

    # -- clients -------------------------------------------------------------------------------------------

    def token(self) -> str:
        """A fresh access token of the centre's machine, asked for at the door."""
        now = int(time.time())
        issuer = self.settings.issuer_url
        centre = self.centre
        assertion = sign.client_assertion(
            centre.machine, centre.client_id, issuer, now_s=now, jti=uuid.uuid4().hex
        )
        body = (
            "grant_type=client_credentials&client_assertion_type="
            f"urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer&client_assertion={assertion}"
        )
        media = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = ask(self.port, "POST", "/oauth/token", body.encode(), media)
        assert answer.status == 200, answer.body
        return str(orjson.loads(answer.body)["access_token"])


class OpenedHouse:
    """A house that closes at the end of a block."""

    def __init__(self, house: House) -> None:
        self._house = house

    def __enter__(self) -> House:
        return self._house

    def __exit__(self, *_error: object) -> None:
        self._house.close()


@dataclasses.dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes


def ask(
    port: int,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30,
) -> Answer:
    """One request on a connection of its own; a connection that breaks raises."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body, {"Host": "localhost", **(headers or {})})
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    finally:
        connection.close()


@dataclasses.dataclass
class Sent:
    """One request a client sent: its bytes, the records inside, and what became of it."""

    path: str
    body: bytes
    records: dict[str, bytes]
    evidence: dict[str, bytes]
    acknowledged_s: float = 0.0
    """When the answer had been read (epoch seconds); 0: never, the fate is unknown."""
    receipts: dict[str, str] = dataclasses.field(default_factory=dict)
    held: set[str] = dataclasses.field(default_factory=set)

    def take(self, answer: Answer, log_key: str) -> None:
        """Check the answer as a centre would, and keep its receipts."""
        assert answer.status in (200, 201, 202), (answer.status, answer.body)
        told = orjson.loads(answer.body)
        whole = told if "rows" in told else {"rows": [told]}
        reader = ReceiptReader(self.records, lambda record_id: [self.evidence[record_id]], log_key)
        read = reader.read(whole)
        assert {one.record_id for one, _row in read} == self.records.keys()
        for one, row in read:
            assert not one.unproven, (one.unproven, row)
            assert one.status in ("accepted", "duplicate", "held"), row
            if one.status == "held":
                self.held.add(one.record_id)
            else:
                assert one.proof is not None
                self.receipts[one.record_id] = str(one.proof)


class Load:
    """Several clients that send as fast as they are answered, until told to stop or the service is gone."""

    def __init__(self, place: Installation, pick: random.Random, clients: int = 8) -> None:
        self.place = place
        self.sent: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._token = place.token()
        self._threads = [
            threading.Thread(target=self._client, args=(random.Random(pick.getrandbits(64)),))
            for _ in range(clients)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def run(self, seconds: float) -> None:
        """Let the clients send for a while, then wait until all are answered."""
        self._stop.wait(seconds)
        self.__exit__()

    def all(self) -> list[Sent]:
        """Everything that was sent, acknowledged or not."""
        found = []
        while not self.sent.empty():
            found.append(self.sent.get())
        return found

    def _client(self, pick: random.Random) -> None:
        maker = Maker(self.place, pick)
        while not self._stop.is_set():
            sent = maker.request()
            self.sent.put(sent)
            media = {"Authorization": f"Bearer {self._token}", "Content-Type": maker.media(sent)}
            try:
                answer = ask(self.place.port, "POST", sent.path, sent.body, media)
            except (OSError, http.client.HTTPException):
                return  # the fate is unknown; this client is done
            if answer.status in (200, 201, 202):
                sent.take(answer, self.place.log_key)
                sent.acknowledged_s = time.time()
            elif answer.status not in (500, 503):
                raise AssertionError((answer.status, answer.body))


class Maker:
    """Makes requests: single records, batches under one signature, and among them records to be held."""

    def __init__(self, place: Installation, pick: random.Random) -> None:
        self._place = place
        self._pick = pick
        # Only makes records: the doors of this journey are never used.
        self._journey = _Plain(place.settings)

    @staticmethod
    def media(sent: Sent) -> str:
        """The media type of a request's body."""
        return NDJSON if sent.path.endswith("batches") else "application/json"

    def request(self) -> Sent:
        """The next request."""
        pick, centre = self._pick, self._place.centre
        if pick.random() < 0.6:
            record = self._record()
            jws = sign.detached_jws(centre.key, record)
            body = sign.single_body(centre.key, record)
            # ES256 signatures differ each time: keep the very one that was sent.
            evidence = body[8 : body.index(b'","record":')] if centre.key.alg == "ES256" else jws.encode()
            return Sent("/v1/records", body, *_by_id([record], [evidence]))
        records = [self._record() for _ in range(pick.randrange(2, 25))]
        settings = self._place.settings
        to = sign.Destination(settings.audience, settings.environment, centre.uscc)
        batch = sign.make_batch(centre.key, to, records, batch_id=str(uuid.uuid4()))
        evidences = [batch.evidence(index) for index in range(len(records))]
        return Sent("/v1/batches", batch.ndjson(), *_by_id(records, evidences))

    def _record(self) -> bytes:
        """A completion; one in eight names a person whom nobody knows by that passport, and so is held."""
        n = self._pick.randrange(PEOPLE)
        who = self._journey.person(n)
        if self._pick.random() < 0.125:
            who = {"document": "passport", "number": f"E{n:08}", "name": "ALI"}
        return self._journey.completion(self._place.centre, who)


class _Plain(Journey):
    """A journey that only makes records, with the machine's time and randomness."""

    def __init__(self, settings: Settings) -> None:
        self.clock = SystemClock()  # type: ignore[assignment]
        self.random = SystemRandom()  # type: ignore[assignment]
        self.house = dataclasses.make_dataclass("Named", ["settings"])(settings)


def _by_id(records: list[bytes], evidences: list[bytes]) -> tuple[dict[str, bytes], dict[str, bytes]]:
    ids = [str(orjson.loads(record)["id"]) for record in records]
    return dict(zip(ids, records, strict=True)), dict(zip(ids, evidences, strict=True))


__all__ = [
    "SCHOOL",
    "Answer",
    "CentreOfJourney",
    "Installation",
    "Load",
    "Maker",
    "Sent",
    "ask",
]
