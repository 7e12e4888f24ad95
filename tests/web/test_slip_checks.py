"""A second pair of eyes on signed slips: drawn by lot, due, passed on, ended with what they stood for."""

import json
import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from recordsvc import dated, workdays
from recordsvc.access import demo, officials
from recordsvc.access import tables as access_tables
from recordsvc.access.consent_tables import consent
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.helper_tables import helper
from recordsvc.access.tables import looked_alarm
from recordsvc.archive import erasing, looked_alarms, slip_checks
from recordsvc.archive.own_proof import SLIP
from recordsvc.archive.slip_tables import slip_check
from recordsvc.archive.tables import office_notice
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from tests.archive.paperfiles import pdf
from tests.web.conftest import Visitor
from tests.web.test_own_proof import NAMING, SHARE, rows
from tests.web.test_pages import sound
from tests.web.test_typed_again import stands
from tests.web.test_window import CLERK, clerk, counter, dialect, window, worker_id

__all__ = ["clerk", "counter", "dialect", "window", "worker_id"]
DAY_MS = 86_400_000
AGREES = {"result": "agrees", "finding": "与社会保障卡背面签名一致"}
DIFFERS = {"result": "differs", "finding": "笔迹明显不同"}


@pytest.fixture
def slip(window: Visitor, house: House, worker_id: bytes, clock: FixedClock) -> str:
    """A slip that stood for a consent; its id as text."""
    clock.advance(1_000)
    return use(window, house, worker_id, "/me/share", SHARE)


def use(window: Visitor, house: House, worker_id: bytes, path: str, form: dict[str, str]) -> str:
    kept = house.papers.keep(worker_id, pdf(), SLIP, "同意书", window.actor)
    slip = str(uuid.UUID(bytes=kept.paper_id))
    assert window.post(path, **form, slip=slip).status_code == 200
    return slip


def place_of(worker_id: bytes, slip: str, rest: str = "slips") -> str:
    return f"desk/workers/{uuid.UUID(bytes=worker_id)}/{rest}/{slip}"


def opened(who: Visitor, worker_id: bytes, slip: str) -> None:
    """Open the paper for the purpose of comparing it."""
    why = "?purpose=slip-check&case_ref=S-1"
    assert who.client.get(f"/v1/{place_of(worker_id, slip, 'papers')}{why}").status_code == 200


def official(window: Visitor, kind: str) -> Visitor:
    return Visitor(window.client.application).login(kind)


def says(who: Visitor, worker_id: bytes, slip: str, body: dict[str, str]) -> Any:
    headers = {"X-CSRF-Token": who.csrf}
    return who.client.post(f"/v1/{place_of(worker_id, slip)}", json=body, headers=headers)


def told(house: House, kind: str) -> list[str]:
    own = office_notice.c
    with house.db.read() as conn:
        return sorted(conn.scalars(sa.select(own.addressee).where(own.kind == kind)))


def test_each_slip_waits_with_a_term_and_an_owner(window: Visitor, house: House, slip: str) -> None:
    (row,) = rows(house, slip_check)
    used_on = beijing_date(row.used_ms)
    days = int(dated.rule("slip_terms", "check", used_on.isoformat())["value"])
    assert (row.used_by, row.owner, row.state) == (f"official:{CLERK}", "reviewer", "open")
    assert row.due_on == workdays.due_on(used_on, days).isoformat()
    seen = official(window, "reviewer").client.get("/v1/desk/slips").json["items"]
    assert [(one["paper_id"], one["due_on"]) for one in seen] == [(slip, row.due_on)]
    assert told(house, "slip-used") == ["desk:data-officer"]


def test_who_took_it_and_who_has_not_opened_it_say_nothing(
    window: Visitor, house: House, worker_id: bytes, slip: str
) -> None:
    reviewer = official(window, "reviewer")
    blind = says(reviewer, worker_id, slip, AGREES)
    assert (blind.status_code, blind.json["code"]) == (409, "slip-unopened")
    # Neither the list of papers nor another paper is the slip.
    other = house.papers.keep(worker_id, pdf(b"/Lang (zh) "), SLIP, "另一份", window.actor)
    why = "?purpose=slip-check&case_ref=S-1"
    listed = f"/v1/desk/workers/{uuid.UUID(bytes=worker_id)}/papers{why}"
    assert reviewer.client.get(listed).status_code == 200
    opened(reviewer, worker_id, str(uuid.UUID(bytes=other.paper_id)))
    assert says(reviewer, worker_id, slip, AGREES).json["code"] == "slip-unopened"
    for kind in ("auditor", "registrar"):
        assert says(official(window, kind), worker_id, slip, AGREES).status_code == 403
    with pytest.raises(IntegrityError):
        house.db.write(
            lambda turn: turn.conn.execute(
                slip_check.update().values(state="agrees", checked_by=slip_check.c.used_by, checked_ms=1)
            )
        )
    (row,) = rows(house, slip_check)
    assert row.state == "open"


def test_a_slip_that_agrees_is_closed_once_and_the_consent_goes_on(
    window: Visitor, house: House, worker_id: bytes, slip: str
) -> None:
    reviewer = official(window, "reviewer")
    opened(reviewer, worker_id, slip)
    assert says(reviewer, worker_id, slip, AGREES).status_code == 204
    again = says(reviewer, worker_id, slip, DIFFERS)
    assert (again.status_code, again.json["code"]) == (409, "slip-checked")
    (row,), (given,) = rows(house, slip_check), rows(house, consent)
    assert (row.state, row.checked_by) == ("agrees", "official:demo-reviewer")
    assert given.ended_ms is None
    assert reviewer.client.get("/v1/desk/slips").json["items"] == []


def test_a_slip_that_differs_ends_the_consent_and_the_person_is_told(
    window: Visitor, house: House, worker_id: bytes, slip: str
) -> None:
    officer = official(window, "data-officer")
    opened(officer, worker_id, slip)
    assert says(officer, worker_id, slip, DIFFERS).status_code == 204
    (given,) = rows(house, consent)
    assert given.ended_by == "slip-refused"
    assert told(house, "slip-refused") == ["desk:auditor", "desk:data-officer"]
    assert window.post("/window/end").status_code == 200
    me = Visitor(window.client.application).login()
    assert "签字单核对不符" in me.get("/me/notices").text
    assert "签字单核对不符" in me.get("/me/share").text


def test_a_slip_that_differs_ends_what_a_helper_may(
    window: Visitor, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    clock.advance(1_000)
    slip = use(window, house, worker_id, "/me/helpers", NAMING)
    reviewer = official(window, "reviewer")
    opened(reviewer, worker_id, slip)
    assert says(reviewer, worker_id, slip, DIFFERS).status_code == 204
    (named,) = rows(house, helper)
    assert (named.ended_ms is not None, named.ended_by) == (True, "slip-refused")


def test_what_lies_too_long_becomes_the_data_officers_once(
    window: Visitor, house: House, slip: str, clock: FixedClock
) -> None:
    (row,) = rows(house, slip_check)
    while beijing_date(clock.now_ms()).isoformat() <= row.due_on:
        assert slip_checks.pass_on_due(house) == 0
        clock.advance(DAY_MS)
    with house.db.read() as conn:
        assert slip_checks.count(conn, clock.now_ms()) == {"late": 1.0}
    assert slip_checks.pass_on_due(house) == 1
    assert slip_checks.pass_on_due(house) == 0
    assert [one.owner for one in rows(house, slip_check)] == ["data-officer"]
    assert told(house, "slip-late") == ["desk:auditor", "desk:data-officer"]


def test_a_look_to_compare_is_explained_and_the_clerks_own_is_not(
    window: Visitor, house: House, worker_id: bytes, slip: str, clock: FixedClock
) -> None:
    def unexplained() -> list[str]:
        clock.advance(2 * 3_600_000)
        looked_alarms.relation_follower(house).run()
        own = looked_alarm.c
        query = sa.select(own.actor_id).where(own.kind == "no-relation", own.worker_id == worker_id)
        with house.db.read() as conn:
            return list(conn.scalars(query))

    before = unexplained()
    opened(official(window, "data-officer"), worker_id, slip)
    assert unexplained() == before


def test_how_many_are_compared_is_dated_data_and_none_is_none(
    window: Visitor, house: House, worker_id: bytes, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock.advance(1_000)
    document = json.loads((Path(dated.__file__).parent / "data" / "slip_terms.json").read_bytes())
    for row in document["rows"]:
        row["value"] = 0 if row["code"] == "percent" else row["value"]
    few = dated.Table(document)
    monkeypatch.setattr(slip_checks.dated, "rule", lambda _table, code, day: few.rule(code, day))
    kept = house.papers.keep(worker_id, pdf(), SLIP, "同意书", window.actor)
    house.db.write(lambda turn: slip_checks.begin(turn, house, window.actor, worker_id, kept.paper_id))
    assert rows(house, slip_check) == []
    assert told(house, "slip-used") == ["desk:data-officer"]


def test_the_page_shows_takes_and_keeps(window: Visitor, house: House, worker_id: bytes, slip: str) -> None:
    reviewer, path = official(window, "reviewer"), f"/{place_of(worker_id, slip)}"
    shown = reviewer.get("/desk/slips")
    sound(shown)
    assert slip[-12:] in shown.text
    empty = reviewer.post(path, result="", finding=AGREES["finding"])
    assert empty.status_code == 422
    sound(empty)
    assert stands(empty.text, AGREES["finding"])
    blind = reviewer.post(path, **AGREES)
    assert (blind.status_code, "您还没有打开这份签字单" in blind.text) == (409, True)
    opened(reviewer, worker_id, slip)
    assert reviewer.post(path, **AGREES).status_code == 303
    assert "没有等待复核的签字单" in reviewer.get("/desk/slips").text
    for kind in ("handler", "registrar"):
        assert official(window, kind).get("/desk/slips").status_code == 403


def test_a_reviewer_of_another_county_sees_and_says_nothing(
    window: Visitor, house: House, worker_id: bytes, slip: str
) -> None:
    def act(turn: Any) -> None:
        officials.add(turn, "far", "某县复核")
        officials.grant(turn, "far", "reviewer", "640521", by="system:demo")
        demo._insert(turn, demo.Persona("far", "某县复核", "County", 99, Kind.OFFICIAL, "far"))

    house.db.write(act)
    far = official(window, "far")
    assert far.client.get("/v1/desk/slips").json["items"] == []
    foreign = says(far, worker_id, slip, DIFFERS)
    missing = says(far, uuid.UUID(int=9).bytes, slip, DIFFERS)
    assert (foreign.status_code, foreign.json["code"]) == (missing.status_code, missing.json["code"])
    assert foreign.status_code == 404
    assert [one.state for one in rows(house, slip_check)] == ["open"]


def test_a_result_sent_again_under_its_key_is_the_one_result(
    window: Visitor, house: House, worker_id: bytes, slip: str
) -> None:
    reviewer = official(window, "reviewer")
    opened(reviewer, worker_id, slip)
    headers = {"X-CSRF-Token": reviewer.csrf, "Idempotency-Key": "slip-0001"}
    path = f"/v1/{place_of(worker_id, slip)}"
    for _ in range(2):
        assert reviewer.client.post(path, json=AGREES, headers=headers).status_code == 204
    forged = reviewer.client.post(path, json=DIFFERS, headers={"X-CSRF-Token": "0" * 43})
    assert forged.status_code == 403
    assert [one.state for one in rows(house, slip_check)] == ["agrees"]


def test_a_deputy_of_who_took_it_does_not_compare_it(
    window: Visitor, house: House, worker_id: bytes, slip: str
) -> None:
    """The reviewer stood in for the clerk that day: two names, one hand."""
    now = house.clock.now_ms()
    row = {
        "deputy_id": b"d" * 16,
        "principal": CLERK,
        "deputy": "demo-reviewer",
        "role": "handler",
        "from_ms": now - DAY_MS,
        "until_ms": now + DAY_MS,
        "named_by": "official:demo-registrar",
    }
    house.db.write(lambda turn: turn.conn.execute(access_tables.deputy.insert().values(**row)))
    reviewer = official(window, "reviewer")
    opened(reviewer, worker_id, slip)
    answer = says(reviewer, worker_id, slip, AGREES)
    assert (answer.status_code, answer.json["code"]) == (403, "stands-together")
    assert [one.state for one in rows(house, slip_check)] == ["open"]


def test_the_slip_of_a_restricted_archive_is_set_aside_and_begins_anew(
    window: Visitor, house: House, worker_id: bytes, slip: str, clock: FixedClock
) -> None:
    officer = Actor(Kind.OFFICIAL, "demo-data-officer", roles=frozenset({"data-officer"}))
    erasing.restrict(house, worker_id, "erasure-requested", "本人申请", officer)
    clock.advance(40 * 86_400_000)
    assert official(window, "reviewer").client.get("/v1/desk/slips").json["items"] == []
    assert slip_checks.pass_on_due(house) == 0
    with house.db.read() as conn:
        assert slip_checks.count(conn, clock.now_ms()) == {}
    lift = house.db.write(
        lambda turn: erasing.propose_lift(
            turn, worker_id, "request-withdrawn", "本人撤回", "official:demo-handler"
        )
    )
    house.db.write(
        lambda turn: two_person.decide(turn, lift, "official:demo-data-officer", True, "x", tools=house)
    )
    (row,) = rows(house, slip_check)
    today = beijing_date(clock.now_ms())
    days = int(dated.rule("slip_terms", "check", today.isoformat())["value"])
    assert (row.state, row.owner, row.due_on) == (
        "open",
        "reviewer",
        workdays.due_on(today, days).isoformat(),
    )
    (seen,) = official(window, "reviewer").client.get("/v1/desk/slips").json["items"]
    assert seen["paper_id"] == slip
