"""Notices through the public doors and commands: everybody reads their own, letters leave or are printed."""

import csv
import json
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc import serving, starting
from recordsvc.access import ways
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import contact_change, letters, notices
from recordsvc.archive.announcing import announcer
from recordsvc.cli import main
from recordsvc.ground.outbox import Deliverer
from recordsvc.ground.ports import Letter, Undeliverable
from recordsvc.house import House
from recordsvc.people import contacts
from recordsvc.submit import sign
from recordsvc.work import Worker
from tests.journeys.desk import HOST, NDJSON, Centre, Journey

PHONE = "13912345678"
PIN = "830172"


@pytest.fixture
def centre(journey: Journey) -> Centre:
    return journey.centre()


@pytest.fixture
def me(journey: Journey, centre: Centre) -> str:
    """A worker with three records of one batch, who was told."""
    records = [journey.completion(centre, journey.person(1)) for _n in range(3)]
    assert journey.post(centre, "/v1/batches", journey.batch(centre, records), NDJSON).status_code == 201
    announcer(journey.house).run()
    return journey.sign_in(journey.person(1)["number"])


def worker_id(journey: Journey) -> bytes:
    found = journey.house.people.find("resident-id", journey.person(1)["number"])
    assert found is not None
    return found


def printed_codes(journey: Journey) -> list[str]:
    """The worker's sheet of printed codes, beside their PIN."""
    worker = worker_id(journey)
    own = Actor(Kind.WORKER, str(uuid.UUID(bytes=worker)), worker_id=worker, session_id="00" * 32)
    return ways.set_pin(journey.house, own, PIN, "test").codes


def tell(house: House, worker: bytes, *kinds: str) -> None:
    for kind in kinds:
        house.db.write(lambda turn, kind=kind: notices.tell_worker(turn, house, worker, kind, {}, "k"))


def test_a_worker_reads_and_marks(journey: Journey, me: str) -> None:
    (told,) = journey.read(me, "/v1/me/notices")["items"]
    assert (told["kind"], told["params"]["count"], told["read_ms"]) == ("record-entered", 3, None)
    assert "3 条培训结业记录" in told["text_zh"]
    assert "3 record(s)" in told["text_en"]

    assert journey.act(me, "/v1/me/notices/read", {"ids": [told["id"]]}, 200) == {"count": 1}
    assert journey.act(me, "/v1/me/notices/read", {}, 200) == {"count": 0}
    assert journey.read(me, "/v1/me/notices")["items"][0]["read_ms"] is not None


def test_lists_go_on_behind_a_cursor_of_their_own(journey: Journey, me: str) -> None:
    tell(journey.house, worker_id(journey), "card-confirmed", "archive-restricted")
    first = journey.read(me, "/v1/me/notices?limit=2")
    second = journey.read(me, f"/v1/me/notices?limit=2&cursor={first['next']}")
    assert len({one["id"] for one in first["items"] + second["items"]}) == 3
    assert second["next"] is None
    journey.read("handler", f"/v1/desk/notices?cursor={first['next']}", 400)


def test_nobody_reads_anothers(journey: Journey, centre: Centre, me: str) -> None:
    record = journey.completion(centre, journey.person(2))
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, record)).status_code == 201
    other = journey.sign_in(journey.person(2)["number"])
    mine = journey.read(me, "/v1/me/notices")["items"]

    assert journey.read(other, "/v1/me/notices")["items"] == []
    assert journey.act(other, "/v1/me/notices/read", {"ids": [mine[0]["id"]]}, 200) == {"count": 0}


def test_an_institution_and_a_desk_read_theirs(journey: Journey, centre: Centre, me: str) -> None:
    unlike = journey.completion(centre, {**journey.person(1), "name": "马不同"})
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, unlike)).status_code == 202
    answer = journey.get(centre, "/v1/institution/notices")
    assert answer.status_code == 200
    assert [(one["kind"], one["params"]) for one in answer.json["items"]] == [("record-held", {"count": 1})]
    (told,) = journey.read("handler", "/v1/desk/notices")["items"]
    assert centre.name in told["text_zh"]

    (held,) = journey.read("handler", "/v1/desk/held")["items"]
    journey.clock.advance(1000)
    journey.act("handler", "/v1/desk/held/return", {"held_id": held["held_id"], "reason": "姓名不符"}, 204)
    journey.act(
        "registrar",
        f"/v1/desk/issuers/{centre.uscc}/keys/suspend",
        {"kid": centre.key.kid, "reason": "疑似泄露"},
        200,
    )
    told = [one["kind"] for one in journey.get(centre, "/v1/institution/notices").json["items"]]
    assert sorted(told) == ["key-suspended", "record-held", "record-returned"]
    assert [one["kind"] for one in journey.read("registrar", "/v1/desk/notices")["items"]] == [
        "key-suspended"
    ]


def test_letters_to_print_as_csv(journey: Journey, me: str) -> None:
    tell(journey.house, worker_id(journey), "archive-restricted")
    letters.deliverer(journey.house).run()
    client = journey.browser("handler")[0]
    answer = client.get("/v1/desk/notices/print?purpose=service-window&case_ref=W-7", base_url=HOST)
    assert answer.mimetype == "text/csv"
    rows = list(csv.DictReader(answer.data.decode("utf-8-sig").splitlines()))
    assert [(row["name"], row["title"]) for row in rows] == [(journey.person(1)["name"], "档案已限制处理")]
    assert journey.person(1)["number"] not in answer.text
    assert client.get("/v1/desk/notices/print?purpose=fun&case_ref=W-7", base_url=HOST).status_code == 422

    marked = journey.act("handler", "/v1/desk/notices/printed", {"ids": [rows[0]["id"]]}, 200)
    assert marked == {"count": 1}
    acts = journey.read("auditor", "/v1/desk/acts")["items"]
    assert "notices.printed" in [one["act"] for one in acts]


def test_a_confirmed_card_is_told_to_its_holder(journey: Journey, centre: Centre, me: str) -> None:
    worker = {**journey.person(1), "card": {"area": "640100", "number": "K73915548"}}
    record = journey.completion(centre, worker)
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, record)).status_code == 201
    asked = {
        "number": "K73915548",
        "document": worker["document"],
        "document_number": worker["number"],
        "name": worker["name"],
        "normal_since": None,
        "purpose": "service-window",
        "case_ref": "W-1",
    }
    journey.act("registrar", "/v1/desk/cards/confirm", asked, 200)

    assert "card-confirmed" in [one["kind"] for one in journey.read(me, "/v1/me/notices")["items"]]


def lag(journey: Journey) -> dict[str, float]:
    lines = journey.app.test_client().get("/metrics", base_url=HOST).text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if line.startswith(("follower_", "outbox_")))
    return {name: float(value) for name, value in pairs}


def test_what_waits_is_seen_in_the_metrics(journey: Journey, centre: Centre, me: str) -> None:
    record = journey.completion(centre, journey.person(2))
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, record)).status_code == 201
    tell(journey.house, worker_id(journey), "archive-restricted")

    seen = lag(journey)
    assert seen['follower_lag{follower="notices"}'] == 1
    assert seen['outbox_messages{state="waiting"}'] == 1
    announcer(journey.house).run()
    letters.deliverer(journey.house).run()
    seen = lag(journey)
    assert seen['follower_lag{follower="notices"}'] == 0
    assert seen['outbox_messages{state="print"}'] == 1


def test_the_background_work_tells_and_delivers(journey: Journey, me: str) -> None:
    house = journey.house
    assert {lane[0].name for lane in Worker(house).lanes} >= {"notices", "outbox"}
    client, token = journey.browser(me)
    form = {"phone": PHONE, "csrf_token": token}
    assert (
        client.post("/me/notices/phone", data=form, base_url=HOST, headers={"Origin": HOST}).status_code
        == 303
    )
    tell(house, worker_id(journey), "card-confirmed")
    worker = Worker(house)
    for lane in worker.lanes:
        for job in lane:
            if job.name in ("notices", "outbox"):
                worker.tick(job)

    # The change of the phone is told, too.
    lines = house.settings.messages_path.read_text("utf-8").splitlines()
    assert [json.loads(line)["address"] for line in lines] == [PHONE] * 2


def test_a_gateway_that_hangs_keeps_nobody_waiting(
    journey: Journey, centre: Centre, me: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hanging, free = threading.Event(), threading.Event()

    class Hanging:
        def send(self, letter: Letter) -> None:
            hanging.set()
            free.wait(60)

    house, mine = journey.house, worker_id(journey)
    monkeypatch.setattr(letters, "messenger", lambda _house: Hanging())
    house.db.write(lambda turn: contacts.set_phone(turn, house.people, mine, PHONE, "self"))
    tell(house, mine, "card-confirmed")
    worker = Worker(house)
    working = threading.Thread(target=worker.loop)
    working.start()
    try:
        assert hanging.wait(60)
        record = journey.completion(centre, journey.person(2))
        assert journey.post(centre, "/v1/records", sign.single_body(centre.key, record)).status_code == 201
        other = journey.sign_in(journey.person(2)["number"])
        for _tenth in range(600):
            if journey.read(other, "/v1/me/notices")["items"]:
                break
            time.sleep(0.1)
        assert journey.read(other, "/v1/me/notices")["items"] != []
    finally:
        free.set()
        worker.stop()
        working.join()


# -- commands


@pytest.fixture
def command(journey: Journey, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `recordsvc …` on this house."""

    class Kept:
        """The house, which a command closes and this test goes on with."""

        def __getattr__(self, name: str) -> Any:
            return (lambda: None) if name == "close" else getattr(journey.house, name)

    monkeypatch.setattr(serving, "load_settings", lambda: journey.house.settings)
    monkeypatch.setattr(starting, "open_checked", lambda _settings: Kept())

    def run(*arguments: str, typed: str = "", code: int = 0) -> str:
        result = CliRunner().invoke(main, list(arguments), input=typed)
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_the_dead_are_listed_and_replayed(journey: Journey, me: str, command: Any) -> None:
    class Refusing:
        def send(self, letter: Letter) -> None:
            raise Undeliverable(letter.address)

    journey.house.db.write(
        lambda turn: contact_change.set_phone(turn, journey.house, worker_id(journey), PHONE, "test")
    )
    tell(journey.house, worker_id(journey), "card-confirmed")
    Deliverer(journey.house.db, letters.composer(journey.house), Refusing()).run()

    listed = command("notices", "dead")
    assert "card-confirmed  1  Undeliverable" in listed
    assert PHONE not in listed
    assert command("notices", "replay", "--id", listed.split()[0]).startswith("1 ")
    # The change of the phone is told, too.
    assert command("notices", "replay").startswith("1 ")
    assert command("notices", "replay").startswith("0 ")
    letters.deliverer(journey.house).run()
    assert PHONE in journey.house.settings.messages_path.read_text("utf-8")


def test_letters_are_printed_by_command(journey: Journey, me: str, command: Any, tmp_path: Path) -> None:
    tell(journey.house, worker_id(journey), "archive-restricted")
    letters.deliverer(journey.house).run()
    folder = tmp_path / "paper"
    assert command("notices", "print-list", str(folder), "--case", "W-1").startswith("1 ")

    html = (folder / "notices.html").read_text("utf-8")
    assert journey.person(1)["name"] in html
    assert (folder / "notices.csv").stat().st_mode & 0o077 == 0
    assert command("notices", "printed", str(folder / "notices.csv")).startswith("1 ")
    assert command("notices", "print-list", str(folder), "--case", "W-1").startswith("0 ")
