"""Restarts under load through the shipped proxies: nobody is refused, nothing is written twice."""

import dataclasses
import http.client
import random
import re
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import orjson
import pytest

from recordsvc.submit import sign
from tests.deploy.edge import KINDS, Edge, deployment
from tests.faults.processes import Answer, Installation, Maker, Sent
from tests.faults.test_kill import check_positions, say

pytestmark = pytest.mark.long

READERS, WRITERS = 5, 3
RESTARTS = 20
WHOLE = 4
"""How many of them are of the whole service, each a pause of a start's length for all."""
REQUESTS = 5_000
"""At least so many, each by clients that do not know of the restarts."""
TOKEN_S = 120
"""A writer asks for a new token so often; they live for 300 s."""
FORM = "application/x-www-form-urlencoded"
ASSERTION = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"


@dataclasses.dataclass
class Place:
    """A data folder, served behind a proxy."""

    edge: Edge
    installation: Installation

    def token(self) -> str:
        """An access token of the centre's machine, asked for through the proxy."""
        centre, issuer = self.installation.centre, self.installation.settings.issuer_url
        said = sign.client_assertion(
            centre.machine, centre.client_id, issuer, now_s=int(time.time()), jti=uuid.uuid4().hex
        )
        form = f"grant_type=client_credentials&client_assertion_type={ASSERTION}&client_assertion={said}"
        answer = self.edge.ask("POST", "/oauth/token", form.encode(), {"Content-Type": FORM})
        assert answer.status == 200, answer.body
        return str(answer.json["access_token"])


@pytest.fixture(params=KINDS)
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    """The whole service behind each of the proxies."""
    made: list[Installation] = []

    def environ(folder: Path) -> dict[str, str]:
        made.append(Installation(folder / "data"))
        return made[0].environ

    with deployment(request.param, "recordsvc.wsgi:app", environ) as edge:
        yield Place(edge, made[0])


class Clients:
    """Readers and writers, each from an address of its own; every second one keeps its connection."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.token = place.token()
        self.asked = time.monotonic()
        self.stop = threading.Event()
        self.failed: list[str] = []
        self.sent: list[Sent] = []
        self.count = 0
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._run, args=(n,)) for n in range(READERS + WRITERS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stop.set()
        for thread in self._threads:
            thread.join()

    def until(self, count: int) -> None:
        """Wait until so many requests were answered or failed: each ends within its client's time."""
        while self.count < count:
            time.sleep(0.01)

    def _connection(self, number: int) -> http.client.HTTPSConnection:
        edge = self.place.edge
        source = (f"127.0.5.{number + 1}", 0)
        return http.client.HTTPSConnection(
            "localhost", edge.port, timeout=30, context=edge.context(), source_address=source
        )

    def _run(self, number: int) -> None:
        maker = Maker(self.place.installation, random.Random(number)) if number < WRITERS else None
        connection = self._connection(number)
        while not self.stop.is_set():
            try:
                if maker is None:
                    self._read(connection)
                else:
                    self._write(connection, maker)
            except (OSError, http.client.HTTPException, AssertionError) as error:
                self.failed.append(f"{number}: {error!r}")
                connection.close()
            with self._lock:
                self.count += 1
            if number % 2:
                connection.close()
            # Below what one address may ask in ten seconds.
            time.sleep(0.012)
        connection.close()

    def _read(self, connection: http.client.HTTPSConnection) -> None:
        connection.request("GET", "/log/checkpoint")
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status

    def _write(self, connection: http.client.HTTPSConnection, maker: Maker) -> None:
        sent = maker.request()
        if time.monotonic() - self.asked > TOKEN_S:
            self.asked = time.monotonic()
            self.token = self.place.token()
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": maker.media(sent)}
        connection.request("POST", sent.path, sent.body, headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status in (200, 201, 202), (answer.status, body)
        sent.take(Answer(answer.status, body), self.place.installation.log_key)
        with self._lock:
            self.sent.append(sent)


def entries(place: Place) -> int:
    """Entries in the log, by its checkpoint."""
    return int(place.edge.ask("GET", "/log/checkpoint").body.split(b"\n")[1])


def test_no_request_fails_while_the_service_is_restarted(place: Place) -> None:
    """By new workers (SIGHUP), and as a whole behind the socket that stays."""
    before = entries(place)
    with Clients(place) as clients:
        for number in range(RESTARTS):
            # Paced by what was answered, not by the clock: workers that are replaced before they have started
            # never serve, and where a start takes longer than the pause nothing is answered any more.
            clients.until((number + 1) * REQUESTS // (RESTARTS + 1))
            if number % (RESTARTS // WHOLE) == 0:
                place.edge.service.stop()
                place.edge.service.start()
            else:
                place.edge.service.reload()
        clients.until(REQUESTS)
    say(f"{place.edge.kind}: {RESTARTS} restarts, {clients.count} requests, {len(clients.failed)} failed")

    why = Counter(re.sub(r"[0-9]+", "N", failure)[:200] for failure in clients.failed)
    assert clients.failed == [], why.most_common(5)
    receipts = {record_id: text for sent in clients.sent for record_id, text in sent.receipts.items()}
    assert len(clients.sent) > 50
    assert entries(place) - before == len(receipts)
    with place.installation.house() as house:
        check_positions(house)
    again = clients.sent[-1]
    media = {"Authorization": f"Bearer {clients.token}", "Content-Type": Maker.media(again)}
    kept = orjson.dumps(again.receipts)
    answer = place.edge.ask("POST", again.path, again.body, media)
    again.take(Answer(answer.status, answer.body), place.installation.log_key)
    assert orjson.dumps(again.receipts) == kept
