"""Whether somebody is there does not show in the work that an answer takes (threat 21), nor in its size.

No clock is read: a clock tells of the machine. What takes the time is counted instead, over many tries of
both branches in random order: statements of the database, HMACs of the key store, runs of Argon2id, bytes of
the answer. The two branches must be the same distribution, which here is: the same counts, each time.
"""

import dataclasses
import datetime as dt
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from recordsvc.access import codes, officials, staff
from recordsvc.access.grants import Position
from recordsvc.ground.database import Database
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.money.claims import behalf, filing
from recordsvc.money.claims.behalf import Bundle, Line
from recordsvc.money.claims.values import Who
from recordsvc.people import synthetic
from recordsvc.vault.livekeys import LiveKeys
from tests.access.conftest import CENTRE_USCC, Person
from tests.access.test_signin import (
    CARD,
    PAPERS,
    PASSWORD,
    PIN,
    account_of,
    come,
    set_password,
    set_pin,
    wang,
)

__all__ = ["come", "wang"]
TRIES = 8
"""Of each branch."""
PAUSE_MS = 16 * 60_000
"""Longer than the longest wait after a wrong attempt."""
Body = dict[str, str]
Work = tuple[int, int, int, int, int]


@pytest.fixture
def counts(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Counter[str]]:
    """What has been done so far, by kind."""
    done: Counter[str] = Counter()

    def counting(kind: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*arguments: Any, **named: Any) -> Any:
            done[kind] += 1
            return real(*arguments, **named)

        return counted

    def executed(*_arguments: Any) -> None:
        done["statement"] += 1

    monkeypatch.setattr(Database, "ask", counting("statement", Database.ask))
    monkeypatch.setattr(LiveKeys, "hmac", counting("hmac", LiveKeys.hmac))
    monkeypatch.setattr(LiveKeys, "blind", counting("hmac", LiveKeys.blind))
    monkeypatch.setattr(PasswordHasher, "verify", counting("argon2", PasswordHasher.verify))
    sa.event.listen(house.db.engine, "before_cursor_execute", executed)
    yield done
    sa.event.remove(house.db.engine, "before_cursor_execute", executed)


@pytest.fixture
def trial(counts: Counter[str], clock: FixedClock) -> Callable[[Callable[[Body], Any], Body, Body], None]:
    """Try one door with who is there and with who is not, many times in random order, and compare."""

    def work(send: Callable[[Body], Any], body: Body) -> Work:
        clock.advance(PAUSE_MS)
        counts.clear()
        answer = send(body)
        # The reference of a problem is random; its length is not.
        return (
            counts["statement"],
            counts["hmac"],
            counts["argon2"],
            answer.status_code,
            len(answer.data),
        )

    def compare(send: Callable[[Body], Any], there: Body, nobody: Body) -> None:
        for body in (there, nobody):
            work(send, body)  # what a process does once is done
        order = [True, False] * TRIES
        random.Random(21).shuffle(order)
        seen: dict[bool, Counter[Work]] = {True: Counter(), False: Counter()}
        for is_there in order:
            seen[is_there][work(send, there if is_there else nobody)] += 1
        assert seen[True] == seen[False]
        ((statements, hmacs, _argon2, status, _size),) = seen[True]
        assert status in (401, 404)
        assert statements + hmacs > 0

    return compare


def sends(app: flask.Flask, path: str) -> Callable[[Body], Any]:
    return lambda body: app.test_client().post(path, json=body)


def test_a_pin(app: flask.Flask, come: Any, house: House, wang: bytes, trial: Any) -> None:
    set_pin(come())
    wrong = {"pin": "830199", "code": "0000-0000"}
    there, nobody = {"account": account_of(house, wang)}, {"account": "ZZZZ-ZZZZ"}
    trial(sends(app, "/login/pin"), there | wrong, nobody | wrong)


def test_a_printed_code_behind_a_right_pin(
    app: flask.Flask, come: Any, house: House, wang: bytes, counts: Counter[str], clock: FixedClock
) -> None:
    """Whether the PIN or the code was wrong does not show: Argon2id ran once for either."""
    set_pin(come())
    runs = []
    for pin in (PIN, "830199"):
        clock.advance(PAUSE_MS)
        counts.clear()
        body = {"account": account_of(house, wang), "pin": pin, "code": "0000-0000"}
        assert app.test_client().post("/login/pin", json=body).status_code == 401
        runs.append(counts["argon2"])
    assert runs == [1, 1]


def test_a_password(
    app: flask.Flask, come: Any, house: House, wang: bytes, clock: FixedClock, trial: Any
) -> None:
    set_password(come(), clock)
    wrong = {"password": PASSWORD + "x", "code": "000000"}
    there, nobody = {"account": account_of(house, wang)}, {"account": "ZZZZ-ZZZZ"}
    trial(sends(app, "/login/password"), there | wrong, nobody | wrong)


def test_an_officials_code(app: flask.Flask, house: House, trial: Any) -> None:
    def make(turn: Any) -> str:
        officials.add(turn, "ann", "安某")
        return codes.create(turn, house.keys, house.random, "ann")

    assert house.db.write(make)
    wrong = {"code": "0000-0000-0000"}
    trial(sends(app, "/login/code"), {"official_id": "ann"} | wrong, {"official_id": "zoe"} | wrong)


def test_a_code_of_a_person_of_an_institution(app: flask.Flask, house: House, trial: Any) -> None:
    def make(turn: Any) -> None:
        staff.add(turn, "s-0123456789abcdef", CENTRE_USCC, "马某", "test")
        staff.give(turn, "s-0123456789abcdef", Position.HEAD, by="test")
        codes.create(turn, house.keys, house.random, staff.code_name("s-0123456789abcdef"))

    house.db.write(make)
    wrong = {"code": "0000-0000-0000"}
    there, nobody = {"staff_id": "s-0123456789abcdef"}, {"staff_id": "s-fedcba9876543210"}
    trial(sends(app, "/login/staff"), there | wrong, nobody | wrong)


OTHER_CARD = synthetic.card_number(9)
STRANGER = synthetic.resident_id("640104", dt.date(1991, 6, 7), "m", 23)


def test_a_card_beside_a_document_at_the_window(
    enter: Callable[[str], Person], wang: bytes, trial: Any
) -> None:
    """A known person with another's card, and a number that nobody has with a good card."""
    assert wang
    clerk = enter("handler")

    def send(body: Body) -> Any:
        return enter("handler").post("/v1/desk/services", body)

    assert clerk
    base = {name: PAPERS[name] for name in ("document", "number", "card", "purpose", "case_ref")}
    trial(send, base | {"card": OTHER_CARD}, base | {"number": STRANGER, "card": CARD})


def test_a_line_of_a_sheet_on_workers_behalf(house: House, wang: bytes, counts: Counter[str]) -> None:
    """A worker here without a contract, one whom nobody is, and a name that is not the number's."""
    assert wang
    clerk = Who("staff:s-1", filing.WORKER_ROLES)

    def work(number: str, name: str) -> tuple[int, int, str, str]:
        sheet = Bundle(CENTRE_USCC, "TRAIN_DAY", "institution", 1, clerk.actor)
        bundle_id = house.db.write(lambda turn: behalf.begin(turn, house, sheet))
        begun = dataclasses.replace(sheet, bundle_id=bundle_id)
        counts.clear()
        behalf.run(house, begun, [Line("resident-id", number, name)], None, clerk)
        done = counts["statement"], counts["hmac"]
        with house.db.read() as conn:
            (row,) = behalf.outcomes(conn, bundle_id)
        return (*done, row.code, row.detail)

    name = PAPERS["name"]
    lines = [(PAPERS["number"], name), (STRANGER, name), (PAPERS["number"], "无此人")]
    for line in lines:
        work(*line)  # what a process does once is done
    order = lines * TRIES
    random.Random(21).shuffle(order)
    found = {work(*line) for line in order}
    assert len(found) == 1
    (seen,) = found
    assert seen[2:] == behalf.UNMATCHED
