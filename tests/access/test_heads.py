"""Heads of institutions: entered and let in by two officials, and the institution is told of each step."""

import threading
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from recordsvc.access import credentials, heads, staff
from recordsvc.access.credentials import Credential, Holder
from recordsvc.access.grants import Kind, Position
from recordsvc.access.heads import RIGHT_MS
from recordsvc.access.tables import official_act, staff_code
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.access.conftest import CENTRE_USCC, Person, Told

WHY = {"reason": "负责人更换手机，持介绍信到窗口"}


def decide(who: Person, proposal: str, *, approve: bool = True) -> Any:
    return who.post(f"/v1/desk/proposals/{proposal}/decide", {"approve": approve, "reason": "已核对"})


@pytest.fixture
def head(enter: Callable[[str], Person], house: House, told: Told) -> str:
    """The one head of the centre, whom two registrars entered; nobody has made a code yet."""
    said = {"institution": CENTRE_USCC, "name": "马某", **WHY}
    proposed = enter("registrar").post("/v1/desk/staff", said)
    assert proposed.status_code == 202, proposed.text
    assert decide(enter("registrar-2"), proposed.json["proposal_id"]).status_code == 200
    return proposed.json["subject"]


def make(who: Person, staff_id: str) -> Any:
    return who.post(f"/v1/desk/staff/{staff_id}/code", {})


def comes_in(app: flask.Flask, staff_id: str, code: str) -> int:
    answer = app.test_client().post("/login/staff", json={"staff_id": staff_id, "code": code})
    return answer.status_code


@pytest.fixture
def spent(enter: Callable[[str], Person], head: str) -> str:
    """The head, once the code of the entering is made."""
    assert make(enter("registrar-2"), head).status_code == 200
    return head


def test_the_first_code_stands_on_the_entering_and_is_made_once_by_one_of_the_two(
    app: flask.Flask, enter: Callable[[str], Person], head: str, told: Told
) -> None:
    made = make(enter("registrar-2"), head)
    again = make(enter("registrar"), head)

    assert comes_in(app, head, made.json["code"]) == 200
    assert (again.status_code, again.json["code"]) == (409, "staff-code-undecided")
    assert told == [
        (CENTRE_USCC, "head-entered", {"staff_id": head}),
        (CENTRE_USCC, "login-code-made", {"staff_id": head}),
    ]


def test_one_registrar_alone_lets_nobody_in(
    app: flask.Flask, enter: Callable[[str], Person], spent: str, told: Told, house: House
) -> None:
    alone = enter("registrar")
    proposed = alone.post(f"/v1/desk/staff/{spent}/codes", WHY)
    assert proposed.status_code == 202

    assert decide(alone, proposed.json["proposal_id"]).json["code"] == "same-person"
    assert make(alone, spent).json["code"] == "staff-code-undecided"
    with house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(staff_code)) == 1

    second = enter("registrar-2")
    assert decide(second, proposed.json["proposal_id"]).status_code == 200
    own = Holder(Kind.STAFF, spent)
    lost = Credential(b"\x01" * 16, "passkey", b"key", "Windows · Edge", 0, external=b"\x02" * 16)
    house.db.write(lambda turn: credentials.add(turn, own, lost))
    made = make(alone, spent)
    assert comes_in(app, spent, made.json["code"]) == 200
    with house.db.read() as conn:
        assert credentials.of(conn, own) == []
    assert [kind for _uscc, kind, _params in told][-2:] == ["login-code-decided", "login-code-made"]


def test_what_was_refused_makes_no_code(enter: Callable[[str], Person], spent: str) -> None:
    first, second = enter("registrar"), enter("registrar-2")
    proposal = first.post(f"/v1/desk/staff/{spent}/codes", WHY).json["proposal_id"]
    assert decide(second, proposal, approve=False).json["state"] == "refused"
    for who in (first, second):
        assert make(who, spent).json["code"] == "staff-code-undecided"


def test_a_third_registrar_does_not_make_what_two_others_decided(
    enter: Callable[[str], Person], house: House, head: str
) -> None:
    with house.db.read() as conn:
        (seen,) = heads.of_institution(conn, CENTRE_USCC, "official:third", house.clock.now_ms())
        (mine,) = heads.of_institution(conn, CENTRE_USCC, "official:demo-registrar", house.clock.now_ms())
    assert (seen.draws, mine.draws) == (False, True)
    row = {"drawn_ms": 1, "drawn_by": "official:third"}
    with pytest.raises(IntegrityError):
        house.db.write(lambda turn: turn.conn.execute(staff_code.update().values(**row)))


def test_the_right_to_a_code_ends_after_three_days(
    enter: Callable[[str], Person], head: str, clock: FixedClock
) -> None:
    clock.advance(RIGHT_MS - 1)
    assert enter("registrar").get(f"/v1/desk/institutions/{CENTRE_USCC}/staff").json["items"][0]["draws"]
    clock.advance(1)
    assert make(enter("registrar"), head).json["code"] == "staff-code-undecided"


def test_the_desk_makes_no_code_where_another_head_can(
    enter: Callable[[str], Person], house: House, spent: str
) -> None:
    def second(turn: Any) -> str:
        code = staff.invite(
            turn, house.keys, house.random, CENTRE_USCC, "李某", Position.HEAD, None, by=f"staff:{spent}"
        )
        return staff.accept(turn, house.keys, house.random, code)

    registrar = enter("registrar")
    waiting = registrar.post(f"/v1/desk/staff/{spent}/codes", WHY).json["proposal_id"]
    other = house.db.write(second)

    for staff_id in (spent, other):
        refused = registrar.post(f"/v1/desk/staff/{staff_id}/codes", WHY)
        assert (refused.status_code, refused.json["code"]) == (409, "staff-code-head")
    # Also what was proposed before there was another: it stays open, to be refused.
    assert decide(enter("registrar-2"), waiting).json["code"] == "staff-code-head"
    assert [one["id"] for one in registrar.get("/v1/desk/proposals").json["items"]] == [waiting]


def test_the_desk_makes_no_code_for_who_is_no_head(
    enter: Callable[[str], Person], house: House, spent: str
) -> None:
    def signer(turn: Any) -> str:
        code = staff.invite(
            turn, house.keys, house.random, CENTRE_USCC, "王某", Position.SIGNER, None, by=f"staff:{spent}"
        )
        return staff.accept(turn, house.keys, house.random, code)

    signing = house.db.write(signer)
    registrar = enter("registrar")
    assert registrar.post(f"/v1/desk/staff/{signing}/codes", WHY).json["code"] == "staff-code-head"
    assert make(registrar, signing).json["code"] == "staff-code-undecided"


def test_a_code_that_was_made_leaves_its_author(
    enter: Callable[[str], Person], house: House, spent: str
) -> None:
    with house.db.read() as conn:
        (row,) = conn.execute(official_act.select().where(official_act.c.act == "staff.code"))
    assert (row.actor, row.subject, row.reason) == ("official:demo-registrar-2", spent, CENTRE_USCC)


def test_of_many_who_make_the_code_at_once_one_does(
    enter: Callable[[str], Person], house: House, head: str
) -> None:
    answers: list[int] = []
    people = [enter("registrar") for _ in range(6)]

    def draw(one: Person) -> None:
        answers.append(make(one, head).status_code)

    threads = [threading.Thread(target=draw, args=(one,)) for one in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409, 409, 409, 409, 409]


def test_foreign_and_unknown_people_are_answered_alike(enter: Callable[[str], Person], spent: str) -> None:
    registrar = enter("registrar")
    for path, body in (("code", {}), ("codes", WHY)):
        answer = registrar.post(f"/v1/desk/staff/s-0000000000000000/{path}", body)
        assert (answer.status_code, answer.json["code"]) == (404, "staff-unknown")
    for kind in ("handler", "reviewer", "auditor", "worker"):
        assert enter(kind).post(f"/v1/desk/staff/{spent}/codes", WHY).status_code == 403
