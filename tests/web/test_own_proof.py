"""At the window consent needs the worker's own proof: PIN and code, a time-based code, or a signed slip."""

import dataclasses
import uuid
from typing import Any

import flask
import pyotp
import pytest
import sqlalchemy as sa

from recordsvc.access import totp, ways
from recordsvc.access.consent_tables import consent
from recordsvc.access.consents import PART_TEXT
from recordsvc.access.grants import Actor, Kind, author
from recordsvc.access.helper_tables import helper
from recordsvc.access.tables import service_act
from recordsvc.archive.own_proof import SLIP
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.archive.paperfiles import pdf
from tests.web.conftest import Visitor
from tests.web.region import Region, person
from tests.web.test_window import CLERK, again, clerk, counter, dialect, window, worker_id

__all__ = ["clerk", "counter", "dialect", "window", "worker_id"]

PIN = "830172"
SHARE = {"to": "link", "which": "all", "purpose": "job-application", "days": "7"}
NAMING = {"name": "古丽", "purpose": "ill", "days": "7", "archive": "yes"}


@pytest.fixture
def own(worker_id: bytes) -> Actor:
    """The worker, signed in elsewhere."""
    return Actor(Kind.WORKER, str(uuid.UUID(bytes=worker_id)), worker_id=worker_id, session_id="00" * 32)


@pytest.fixture
def codes(own: Actor, house: House) -> list[str]:
    """The worker's sheet of printed codes."""
    return ways.set_pin(house, own, PIN, "test").codes


def rows(house: House, table: sa.Table) -> list[Any]:
    with house.db.read() as conn:
        return list(conn.execute(sa.select(table)))


def test_a_clerk_alone_gives_no_consent_and_names_no_helper(window: Visitor, house: House) -> None:
    for path, form in (("/me/share", SHARE), ("/me/helpers", NAMING)):
        answer = window.post(path, **form)
        assert (answer.status_code, "需要本人验证" in answer.text) == (422, True)
        assert "本人 PIN" in answer.text
    api = {"receiver": "link", "purpose": "job-application", "text_code": PART_TEXT, "until_ms": 2**51}
    answer = window.client.post("/v1/me/consents", json=api, headers={"X-CSRF-Token": window.csrf})
    assert (answer.status_code, answer.json["code"]) == (422, "own-proof")
    assert (rows(house, consent), rows(house, helper)) == ([], [])
    assert {one.outcome for one in rows(house, service_act)} == {"refused"}


@pytest.mark.parametrize("path", ["/me/share", "/me/helpers", "/me/notices"])
def test_each_field_of_the_proof_stands_under_its_label_on_any_width(window: Visitor, path: str) -> None:
    text = window.get(path).text
    proof = text[text.index('<fieldset class="own-proof">') :].split("</fieldset>")[0]
    assert proof.index('<div class="stacked">') < proof.index("<label")
    assert proof.rindex("<input") < proof.rindex("</div>")


def test_the_workers_own_page_asks_for_no_proof_beside_the_sign_in(me: Visitor, house: House) -> None:
    assert "本人 PIN" not in me.get("/me/share").text
    assert me.post("/me/share", **SHARE).status_code == 200
    (given,) = rows(house, consent)
    assert (given.given_in.startswith("session-"), given.proof) == (True, None)


def test_pin_and_a_printed_code_let_the_worker_agree_and_every_trace_says_so(
    window: Visitor, house: House, codes: list[str], app: flask.Flask
) -> None:
    assert window.post("/me/share", **SHARE, own_pin=PIN, own_code=codes[0]).status_code == 200
    assert window.post("/me/helpers", **NAMING, own_pin=PIN, own_code=codes[1]).status_code == 200
    (given,), (one,) = rows(house, consent), rows(house, helper)
    assert (given.given_in, given.proof) == (f"window:{CLERK}", "pin")
    assert (one.named_in, one.proof) == (f"window:{CLERK}", "pin")
    doors = {row.door: row.outcome for row in rows(house, service_act)}
    assert doors == {"POST /me/share": "done", "POST /me/helpers": "done"}
    me = Visitor(app).login()
    for path in ("/me/share", "/me/helpers"):
        assert "由窗口代办，经办" in me.get(path).text
        assert "本人输入 PIN 和验证码" in me.get(path).text
        assert CLERK not in me.get(path).text
    assert "共享" in me.get("/me/services").text
    told = me.client.get("/v1/me/consents").json["items"][0]
    assert (told["given_in"], told["proof"]) == ("window", "pin")


def test_a_code_works_once_and_a_wrong_pin_leaves_it(window: Visitor, house: House, codes: list[str]) -> None:
    for pin, code, status in (
        ("111222", codes[0], 422),
        (PIN, "0000-0000", 422),
        (PIN, codes[0], 200),
        (PIN, codes[0], 422),
    ):
        answer = window.post("/me/share", **SHARE, own_pin=pin, own_code=code)
        assert answer.status_code == status, (pin, code)
    assert len(rows(house, consent)) == 1


def test_a_consent_that_is_refused_uses_no_code(window: Visitor, codes: list[str], house: House) -> None:
    bad = SHARE | {"purpose": "nothing"}
    assert window.post("/me/share", **bad, own_pin=PIN, own_code=codes[0]).status_code == 422
    assert window.post("/me/share", **SHARE, own_pin=PIN, own_code=codes[0]).status_code == 200


def test_wrong_proofs_wait_as_signing_in_does(window: Visitor, codes: list[str], clock: FixedClock) -> None:
    answers = [
        window.post("/me/share", **SHARE, own_pin="111222", own_code=codes[0]).status_code for _ in range(7)
    ]
    assert (answers[0], answers[-1]) == (422, 429)
    assert window.post("/me/share", **SHARE, own_pin=PIN, own_code=codes[0]).status_code == 429
    clock.advance(10_000)
    assert window.post("/me/share", **SHARE, own_pin=PIN, own_code=codes[0]).status_code == 200


def test_a_time_based_code_is_enough_beside_document_and_card_once(
    window: Visitor, own: Actor, house: House, clock: FixedClock
) -> None:
    secret = bytes(range(20))
    told = pyotp.TOTP(totp.base32(secret))

    def now() -> str:
        return str(told.at(house.clock.now_ms() // 1_000))

    ways.set_password(house, own, "correct horse battery 47", now(), secret, "test")
    clock.advance(totp.STEP_MS * 2)
    assert window.post("/me/share", **SHARE, own_totp="000000").status_code == 422
    assert window.post("/me/share", **SHARE, own_totp=now()).status_code == 200
    assert window.post("/me/share", **SHARE, own_totp=now()).status_code == 422, "each code works once"
    assert [one.proof for one in rows(house, consent)] == ["totp"]


@pytest.fixture
def other(region: Region, ids: dict[str, str]) -> bytes:
    """Somebody else with an archive; made before anybody signs in, since it takes months."""
    who = person("王二", 12)
    region.course(who, "2025-11-20", 30)
    return region.worker_id(who)


def test_another_workers_pin_and_code_prove_nothing(
    other: bytes, house: House, request: pytest.FixtureRequest
) -> None:
    window: Visitor = request.getfixturevalue("window")
    theirs = Actor(Kind.WORKER, str(uuid.UUID(bytes=other)), worker_id=other, session_id="00" * 32)
    sheet = ways.set_pin(house, theirs, PIN, "test").codes
    assert window.post("/me/share", **SHARE, own_pin=PIN, own_code=sheet[0]).status_code == 422
    assert rows(house, consent) == []


def test_a_signed_slip_filed_in_this_service_is_named_in_the_consent_and_works_once(
    window: Visitor, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    clock.advance(1_000)
    kept = house.papers.keep(worker_id, pdf(), SLIP, "共享同意书", window.actor)
    slip = str(uuid.UUID(bytes=kept.paper_id))
    assert slip in window.get("/me/share").text
    assert window.post("/me/share", **SHARE, slip=slip).status_code == 200
    assert [one.proof for one in rows(house, consent)] == [f"slip:{slip}"]
    officer = Visitor(window.client.application).login("data-officer")
    assert officer.get("/desk/notices").text.count("凭本人签字单") == 1
    assert slip[-12:] in window.get("/me/share").text
    assert window.post("/me/share", **SHARE, slip=slip).status_code == 422
    assert window.post("/me/helpers", **NAMING, slip=slip).status_code == 422
    assert rows(house, helper) == []


@pytest.mark.parametrize("why", ["kind", "author", "before", "unknown"])
def test_no_other_paper_is_a_slip(
    window: Visitor, house: House, worker_id: bytes, clock: FixedClock, counter: dict[str, str], why: str
) -> None:
    who = window.actor
    assert who is not None
    assert who.through is not None
    if why == "author":
        who = dataclasses.replace(who, through=None)
        assert author(who) != f"window:{CLERK}"
    kept = house.papers.keep(worker_id, pdf(), "other" if why == "kind" else SLIP, "", who)
    if why == "before":
        clock.advance(1_000)
        assert window.post("/window/end").status_code == 200
        assert again(window).post("/window", **counter).status_code == 303
        again(window)
    slip = str(uuid.UUID(int=7) if why == "unknown" else uuid.UUID(bytes=kept.paper_id))
    assert window.post("/me/share", **SHARE, slip=slip).status_code == 422
    assert rows(house, consent) == []
