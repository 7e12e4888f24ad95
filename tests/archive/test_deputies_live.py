"""Deputies while they sit at an open session: what was lent ends at its minute, not with the session."""

from collections.abc import Callable
from typing import Any

from recordsvc.access import officials
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, uuid_text
from recordsvc.house import House
from tests.archive.test_people import DAY, app, ask, deputy

__all__ = ["app", "ask", "deputy"]
MINUTE = 60_000
YES = {"approve": True, "reason": "核对无误"}
LIST = "/v1/desk/proposals"


def roles(ask: Callable[..., Any], account: str) -> list[str]:
    answer = ask(account, "GET", "/v1/session")
    assert answer.status_code == 200, "the session itself goes on"
    return answer.json["roles"]


def test_a_deputy_ends_at_the_minute_while_the_session_is_open(
    deputy: Callable[..., None], ask: Callable[..., Any], clock: FixedClock
) -> None:
    deputy("eve", "new", "reviewer", days=1)
    clock.advance(DAY - MINUTE)
    assert ask("new", "GET", LIST).status_code == 200
    assert roles(ask, "new") == ["reviewer"]

    clock.advance(MINUTE - 1)
    assert ask("new", "GET", LIST).status_code == 200
    clock.advance(1)

    assert ask("new", "GET", LIST).status_code == 403
    assert roles(ask, "new") == []


def test_a_deputy_decides_until_the_last_millisecond_and_not_at_the_next(
    deputy: Callable[..., None], ask: Callable[..., Any], house: House, clock: FixedClock
) -> None:
    deputy("eve", "new", "reviewer", days=1)

    def proposed() -> str:
        what = {"reason": "x", "institution": "91640100MATE5T0173"}
        made = house.db.write(
            lambda turn: two_person.propose(turn, "client.lift", "centre-x", what, "official:ann")
        )
        return f"{LIST}/{uuid_text(made)}/decide"

    first, second = proposed(), proposed()
    clock.advance(DAY - MINUTE)
    assert roles(ask, "new") == ["reviewer"]
    clock.advance(MINUTE - 1)
    assert ask("new", "POST", first, YES | {"approve": False}).status_code == 200
    clock.advance(1)
    assert ask("new", "POST", second, YES | {"approve": False}).status_code == 403
    with house.db.read() as conn:
        (waiting,) = two_person.pending(conn, clock.now_ms())
    assert second == f"{LIST}/{uuid_text(waiting.id)}/decide"


def test_what_the_principal_loses_the_deputys_next_request_has_not(
    deputy: Callable[..., None], ask: Callable[..., Any], house: House
) -> None:
    deputy("eve", "new", "reviewer")
    assert ask("new", "GET", LIST).status_code == 200
    house.db.write(lambda turn: officials.revoke(turn, "eve", "reviewer", by="official:ann"))
    assert ask("new", "GET", LIST).status_code == 403
    assert roles(ask, "new") == []


def test_a_deputy_that_is_given_begins_in_the_session_that_is_open(
    deputy: Callable[..., None], ask: Callable[..., Any]
) -> None:
    assert ask("new", "GET", LIST).status_code == 403
    deputy("eve", "new", "reviewer")
    assert ask("new", "GET", LIST).status_code == 200
