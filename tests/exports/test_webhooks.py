"""Events to receivers over real connections, checked by another hand's library; sent again until taken."""

import base64
import dataclasses
import datetime as dt
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from recordsvc.access.clients import REGISTER
from recordsvc.access.tables import client
from recordsvc.exports import webhooks
from recordsvc.exports.following import Feeds
from recordsvc.exports.tables import export_event, export_hook
from recordsvc.exports.webhooks import DELAYS_S, LEASE_MS, OVERLAP_MS
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.house import House
from tests.archive.support import Centre
from tests.exports.copies import Copy, agree
from tests.exports.test_acks import rows
from tests.exports.test_feed import entered

HOOK = "/v1/exports/webhook"


class Ear:
    """A receiver's web server: keeps what it hears, and answers as it is told to."""

    def __init__(self) -> None:
        self.heard: list[tuple[dict[str, str], bytes]] = []
        self.answer = 204
        ear = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                ear.heard.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(ear.answer)
                if ear.answer == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Hear nothing more; again does nothing."""
        self.server.shutdown()
        self.server.server_close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server.server_port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/hook?of=recordsvc"


@pytest.fixture
def ear(house: House) -> Iterator[Ear]:
    made = Ear()
    house.settings = dataclasses.replace(house.settings, webhook_hosts=(made.host,))
    yield made
    made.close()


@pytest.fixture
def moved(house: House, centre: Centre, bank: Copy) -> Callable[[], None]:
    """Another item for the first bank."""
    count = 0

    def move() -> None:
        nonlocal count
        count += 1
        worker, (record,) = entered(house, centre, count)
        agree(house, worker, record)
        Feeds(house).run()

    return move


def listen(bank: Copy, ear: Ear, **more: Any) -> str:
    answer = bank.post(HOOK, {"url": ear.url, **more})
    assert answer.status_code == 200, answer.text
    return str(answer.json["secret"])


def checked(secret: str, heard: tuple[dict[str, str], bytes], now: dt.datetime | None = None) -> Any:
    """What the library makes of it; its clock is that of the header, unless told otherwise."""
    headers, body = heard
    with pytest.MonkeyPatch.context() as patch:
        at = now or dt.datetime.fromtimestamp(int(headers["webhook-timestamp"]), dt.UTC)

        class Clock(dt.datetime):
            @classmethod
            def now(cls, tz: Any = None) -> dt.datetime:
                return at.astimezone(tz)

        patch.setattr("standardwebhooks.webhooks.datetime", Clock)
        return Webhook(secret).verify(body, headers)


def states(house: House) -> list[tuple[int, str, int, str]]:
    return [(row["n"], row["state"], row["attempts"], row["outcome"]) for row in rows(house, export_event)]


def test_a_receiver_hears_once_of_whatever_is_new_and_nothing_of_anybody(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    secret = listen(bank, ear)
    assert webhooks.run(house) == 0
    moved()
    moved()
    assert (webhooks.run(house), webhooks.run(house)) == (1, 0)
    (heard,) = ear.heard
    told = checked(secret, heard)
    assert (told["type"], told["data"]) == ("feed.moved", {"items": 2, "receiver": "bank-1"})
    assert heard[0]["webhook-id"] == "bank-1.1"
    moved()
    assert webhooks.run(house) == 1
    assert checked(secret, ear.heard[1])["data"]["items"] == 3
    shown = bank.get(HOOK).json
    assert [(one["n"], one["state"]) for one in shown["events"]] == [(2, "delivered"), (1, "delivered")]
    assert secret not in json.dumps(shown)


@pytest.mark.parametrize(
    "damage", ["body", "id", "timestamp", "signature", "another secret", "old", "no signature"]
)
def test_the_library_refuses_what_was_changed(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None], damage: str
) -> None:
    secret = listen(bank, ear)
    moved()
    webhooks.run(house)
    headers, body = ear.heard[0]
    checked(secret, (headers, body))
    headers, now = dict(headers), None
    if damage == "body":
        body = body.replace(b'"items":1', b'"items":2')
    elif damage == "id":
        headers["webhook-id"] = "bank-1.2"
    elif damage == "timestamp":
        headers["webhook-timestamp"] = str(int(headers["webhook-timestamp"]) + 1)
    elif damage == "signature":
        raw = bytearray(base64.b64decode(headers["webhook-signature"].removeprefix("v1,")))
        raw[0] ^= 1
        headers["webhook-signature"] = "v1," + base64.b64encode(raw).decode()
    elif damage == "another secret":
        secret = webhooks.secret_text(house, "bank-2", 1)
    elif damage == "old":
        now = dt.datetime.fromtimestamp(int(headers["webhook-timestamp"]) + 3_600, dt.UTC)
    else:
        del headers["webhook-signature"]
    with pytest.raises(WebhookVerificationError):
        checked(secret, (headers, body), now)


@pytest.mark.parametrize("answer", [500, 302, 404])
def test_it_is_sent_again_ever_later_then_given_up_and_sent_when_it_is_asked_for(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None], answer: int
) -> None:
    secret, ear.answer = listen(bank, ear), answer
    moved()
    for n, seconds in enumerate(DELAYS_S, 1):
        assert webhooks.run(house) == 0
        assert len(ear.heard) == n
        house.clock.advance(seconds * 1_000 - 1)
        webhooks.run(house)
        assert len(ear.heard) == n, "before its time"
        house.clock.advance(1)
    webhooks.run(house)
    assert states(house) == [(1, "dead", len(DELAYS_S) + 1, f"status-{answer}")]
    assert len({one[0]["webhook-id"] for one in ear.heard}) == 1
    house.clock.advance(86_400_000)
    webhooks.run(house)
    assert len(ear.heard) == len(DELAYS_S) + 1
    ear.answer = 200
    assert bank.post(f"{HOOK}/replay", {"n": 1}).status_code == 204
    assert webhooks.run(house) == 1
    checked(secret, ear.heard[-1])
    assert states(house) == [(1, "delivered", 1, "status-200")]


def test_what_is_new_after_an_event_was_given_up_is_told_all_the_same(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    listen(bank, ear)
    ear.answer = 410
    moved()
    assert webhooks.run(house) == 0
    assert bank.get(HOOK).json["state"] == "stopped", "gone: nobody is there any more"
    moved()
    webhooks.run(house)
    assert len(ear.heard) == 1
    ear.answer = 200
    listen(bank, ear)
    assert webhooks.run(house) == 1
    assert json.loads(ear.heard[-1][1])["data"]["items"] == 2
    assert bank.post(f"{HOOK}/replay", {"n": 1}).status_code == 204
    assert webhooks.run(house) == 1
    assert [one[:2] for one in states(house)] == [(1, "delivered"), (2, "delivered")]


def test_a_server_that_is_away_is_asked_again_and_a_stopped_receiver_is_not(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    listen(bank, ear)
    ear.close()
    moved()
    assert webhooks.run(house) == 0
    assert states(house)[0][1] == "pending"
    assert states(house)[0][3].startswith("network-")
    assert bank.post(f"{HOOK}/stop", {}).status_code == 204
    house.clock.advance(DELAYS_S[0] * 1_000)
    webhooks.run(house)
    assert states(house)[0][2] == 1


def test_two_processes_send_an_event_once_and_one_that_died_leaves_it_to_another(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    listen(bank, ear)
    moved()
    house.db.write(lambda turn: webhooks._make(turn, {"bank-1"}))
    with house.db.read() as conn:
        (event,) = webhooks.events(conn, "bank-1")
    assert house.db.write(lambda turn: webhooks._lease(turn, event)) is not None
    assert not webhooks._send(house, event), "the other one has it"
    assert webhooks.run(house) == 0
    assert ear.heard == []
    house.clock.advance(LEASE_MS)
    assert webhooks.run(house) == 1


def test_a_suspended_client_is_told_nothing(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    listen(bank, ear)
    moved()

    def suspend(turn: Turn) -> None:
        turn.conn.execute(client.update().where(client.c.client_id == "bank-1").values(state="suspended"))
        versions.bump(turn, REGISTER)

    house.db.write(suspend)
    assert webhooks.run(house) == 0
    assert ear.heard == []


def test_a_new_secret_signs_beside_the_old_one_for_a_day(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    first = listen(bank, ear)
    assert bank.post(HOOK, {"url": ear.url}).json["secret"] is None
    second = listen(bank, ear, renew=True)
    assert first != second
    moved()
    webhooks.run(house)
    checked(first, ear.heard[0])
    checked(second, ear.heard[0])
    house.clock.advance(OVERLAP_MS)
    moved()
    webhooks.run(house)
    checked(second, ear.heard[1])
    with pytest.raises(WebhookVerificationError):
        checked(first, ear.heard[1])


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "https://elsewhere.example/hook",
        "ftp://HOST/hook",
        "http://HOST@evil.example/",
        "http://user@HOST/",
        "http://HOST/#fragment",
        "http://HOST/a b",
        "http://HOST.evil.example/",
        "file:///etc/passwd",
    ],
)
def test_an_address_on_a_host_that_was_not_named_is_refused(
    house: House, bank: Copy, ear: Ear, url: str
) -> None:
    answer = bank.post(HOOK, {"url": url.replace("HOST", ear.host)})
    assert (answer.status_code, answer.json["code"]) == (422, "webhook-address")
    assert rows(house, export_hook) == []
    assert bank.get(HOOK).json["code"] == "webhook-unknown"


def test_in_production_nobody_is_told_in_the_clear_and_a_host_taken_out_is_not_asked(
    house: House, bank: Copy, ear: Ear, moved: Callable[[], None]
) -> None:
    listen(bank, ear)
    moved()
    house.settings = dataclasses.replace(house.settings, environment="production")
    assert not webhooks.may_be_told(house, ear.url)
    assert webhooks.may_be_told(house, ear.url.replace("http:", "https:"))
    house.settings = dataclasses.replace(house.settings, environment="test", webhook_hosts=())
    assert webhooks.run(house) == 0
    assert (ear.heard, states(house)[0][3]) == ([], "host-not-named")


def test_receivers_see_and_move_their_own_alone(
    house: House, bank: Copy, copy_of: Callable[[str], Copy], ear: Ear, moved: Callable[[], None]
) -> None:
    listen(bank, ear)
    moved()
    webhooks.run(house)
    other = copy_of("bank-2")
    assert other.get(HOOK).status_code == 404
    for path, body in (("replay", {"n": 1}), ("stop", {})):
        assert other.post(f"{HOOK}/{path}", body).status_code == 404
    assert bank.post(f"{HOOK}/replay", {"n": 9}).json["code"] == "webhook-event-unknown"
    assert states(house)[0][1] == "delivered"
