"""The window: a clerk in the worker's place, what each trace says of it, and the receipt."""

import dataclasses
import datetime as dt
import re
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access import acts, in_place, looked, officials
from recordsvc.access.grants import POLICIES, Kind, Way, author
from recordsvc.access.in_place import ALONE, PROVEN, UNTRACED, VERBS
from recordsvc.access.looked import Look, of_worker
from recordsvc.access.policy import doors
from recordsvc.access.tables import looked_alarm, service_act, session
from recordsvc.archive import dispute_follower, disputes, erasing, looked_alarms
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.noticeboard import of_workers
from recordsvc.archive.persons import read
from recordsvc.ground.http import FORM, JSON
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.enrolling import Enrolment
from recordsvc.web.window_routes import wrapped
from tests.archive.paperfiles import pdf
from tests.archive.restricted import seal
from tests.web.conftest import Visitor
from tests.web.region import Region, person

CARD = synthetic.card_number(9)
CASE = "W-2026-0007"
CLERK = "demo-handler"


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    """Traces and sessions are rows: these tests run on both databases."""
    return str(request.param)


def holds(house: House, who: dict[str, Any], card: str, *events: tuple[str, str, str]) -> None:
    """Say what the registry knows of a card."""
    named = (who["document"], who["number"], who["name"], card)
    fact = CardFact(*named, "extract:2022-01-01", events=(("issued", "2020-01-02", ""), *events))
    house.db.write(lambda turn: Enrolment(turn, house.people, house.keys, house.random).take([fact]))


@pytest.fixture
def counter(worker: dict[str, Any], ids: dict[str, str], house: House) -> dict[str, str]:
    """What the clerk types for the worker who stands there."""
    holds(house, worker, CARD)
    typed = {"document": worker["document"], "number": worker["number"], "card": CARD}
    return typed | {"purpose": "service-window", "case_ref": CASE}


@pytest.fixture
def clerk(app: flask.Flask, ids: dict[str, str]) -> Visitor:
    return Visitor(app).login("handler")


def again(who: Visitor) -> Visitor:
    """Learn who the same cookie stands for now."""
    cookie = who.client.get_cookie("recordsvc-demo")
    assert cookie is not None
    who.actor = who.app.extensions["access"].sessions.find(cookie.value)
    return who


@pytest.fixture
def window(clerk: Visitor, counter: dict[str, str]) -> Visitor:
    """The clerk, in the worker's place."""
    assert clerk.post("/window", **counter).location == "/me"
    return again(clerk)


@pytest.fixture
def worker_id(region: Region, worker: dict[str, Any], ids: dict[str, str]) -> bytes:
    return region.worker_id(worker)


def looks(house: House, worker_id: bytes) -> list[tuple[str, str, str, str, str, str]]:
    """Who looked at this worker, newest first."""
    with house.db.read() as conn:
        found = of_worker(conn, worker_id)
    return [(one.actor_kind, one.actor_id, one.role, one.purpose, one.fields, one.case_ref) for one in found]


def done(house: House) -> list[tuple[str, str, str]]:
    """What officials did alone, newest first."""
    with house.db.read() as conn:
        return [(one.actor, one.act, one.subject) for one in acts.listed(conn)]


# -- opening


def test_a_service_leaves_its_rows_before_anything_is_shown(
    window: Visitor, house: House, worker_id: bytes
) -> None:
    assert looks(house, worker_id) == [("official", CLERK, "handler", "service-window", "identity", CASE)]
    assert done(house)[0] == (f"official:{CLERK}", "window.open", str(uuid.UUID(bytes=worker_id)))
    with house.db.read() as conn:
        assert "window-opened" in [one.kind for one in of_workers(house, conn, [worker_id])]


def test_what_does_not_lead_to_one_person_is_answered_alike(
    app: flask.Flask, counter: dict[str, str], house: House, region: Region, worker_id: bytes
) -> None:
    other = person("马小明", 11)
    region.course(other, "2025-11-20", 30)
    card = synthetic.card_number(21)
    holds(house, other, card)
    lost, void = synthetic.card_number(22), synthetic.card_number(23)
    for one, event in ((lost, "lost-written"), (void, "cancelled")):
        owner = {"document": counter["document"], "number": counter["number"]}
        holds(house, owner | {"name": "买买提·阿不都热依木·𬭎鑫"}, one, (event, "2021-01-02", ""))
    wrong = (
        {"card": card},
        {"card": synthetic.card_number(77)},
        {"number": other["number"]},
        {"number": synthetic.resident_id("640104", dt.date(1980, 1, 1), "male", 5)},
        {"card": lost},
        {"card": void},
    )
    before, clerk = looks(house, worker_id), Visitor(app).login("handler")

    answers = [clerk.post("/window", **(counter | one)) for one in wrong]

    mains = {re.sub(r'value="[0-9a-f]{32}"', "", one.text) for one in answers}
    assert ({one.status_code for one in answers}, len(mains)) == ({404}, 1)
    assert [act for _who, act, _subject in done(house)[: len(wrong)]] == ["window.refused"] * len(wrong)
    assert looks(house, worker_id) == before
    assert again(clerk).actor.kind is Kind.OFFICIAL
    text = answers[0].text
    assert counter["number"] not in text
    assert CARD not in text


def test_a_case_that_cannot_stand_in_a_record_is_refused(clerk: Visitor, counter: dict[str, str]) -> None:
    for case in ("", "窗口 7", "W 1", "W" * 81):
        answer = clerk.post("/window", **(counter | {"case_ref": case}))
        assert (answer.status_code, "受理号" in answer.text) == (422, True)


@pytest.mark.parametrize("case", ["W-{}", "{}", "W-13800001234"])
def test_a_case_with_a_number_of_a_person_is_refused(
    clerk: Visitor, counter: dict[str, str], house: House, case: str
) -> None:
    typed = counter | {"case_ref": case.format(counter["number"])}
    page = clerk.post("/window", **typed)
    assert (page.status_code, "不能写姓名、证件号码" in page.text) == (422, True)
    assert counter["number"] not in page.text
    answer = clerk.client.post("/v1/desk/services", json=typed, headers={"X-CSRF-Token": clerk.csrf})
    assert (answer.status_code, [one["pointer"] for one in answer.json["errors"]]) == (422, ["/case_ref"])
    assert done(house) == []


def test_nobody_is_served_for_what_is_not_their_own_affair(
    clerk: Visitor, counter: dict[str, str], house: House, worker_id: bytes
) -> None:
    offered = set(re.findall(r'<option value="([a-z-]+)"[^>]*>[^<]*</option>', clerk.get("/window").text))
    rows = dated.table(looked.PURPOSES).rows
    assert {row["code"] for row in rows} & offered == {"service-window", "objection"}
    for row in rows:
        if "handler" in row["roles"] and row["code"] not in offered:
            typed = counter | {"purpose": row["code"]}
            page = clerk.post("/window", **typed)
            answer = clerk.client.post("/v1/desk/services", json=typed, headers={"X-CSRF-Token": clerk.csrf})
            assert (page.status_code, answer.json["code"]) == (422, "purpose-window"), row["code"]
    assert done(house) == looks(house, worker_id) == []


@pytest.mark.parametrize("role", ["registrar", "auditor", "worker"])
def test_only_handlers_and_reviewers_serve(app: flask.Flask, counter: dict[str, str], role: str) -> None:
    visitor = Visitor(app).login(role)
    assert visitor.get("/window").status_code == 403
    assert visitor.post("/window", **counter).status_code == 403


# -- while it lasts


def test_every_page_says_for_whom_and_by_whom(
    window: Visitor, ids: dict[str, str], counter: dict[str, str]
) -> None:
    first = window.get("/me")
    paths = (
        "/me/disputes",
        "/me/bundle",
        "/me/notices",
        "/me/papers",
        "/me/cards",
        "/me/looked",
        "/me/services",
    )
    pages = [first, *(window.get(path) for path in paths), window.get(f"/me/records/{ids['fresh']}")]
    assert {one.status_code for one in pages} == {200}
    for one in pages:
        assert "正在为 <bdi>买买提·阿不都热依木·𬭎鑫" in one.text
        assert CASE in one.text
        assert "结束代办" in one.text
    assert counter["number"] not in first.text
    missing = window.get(f"/me/records/{uuid.UUID(int=7)}")
    assert (missing.status_code, "结束代办" in missing.text) == (404, True)


def test_each_page_opened_in_the_workers_place_leaves_a_row(
    window: Visitor, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    before = len(looks(house, worker_id))
    for path in ("/me", "/me/cards", "/me/papers"):
        clock.advance(1_000)
        assert window.get(path).status_code == 200
    assert [one[4] for one in looks(house, worker_id)[:3]] == ["papers", "identity", "records"]
    assert len(looks(house, worker_id)) == before + 3


def test_nothing_is_shown_when_the_row_cannot_be_written(
    window: Visitor, monkeypatch: pytest.MonkeyPatch, house: House, worker_id: bytes, ids: dict[str, str]
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise OSError("disk")

    monkeypatch.setattr("recordsvc.access.looked._row", fails)
    answer = window.get("/me")
    assert (answer.status_code, "家政" in answer.text) == (503, False)
    said = window.post(f"/me/records/{ids['fresh']}/confirm", seen="0")
    assert said.status_code == 503
    with house.db.read() as conn:
        assert conn.execute(sa.select(service_act)).all() == []


def test_the_workers_word_names_the_clerk_and_the_case_in_the_record(
    window: Visitor, house: House, worker_id: bytes, ids: dict[str, str], me: Visitor
) -> None:
    assert window.say(f"/me/records/{ids['fresh']}/confirm").status_code == 303
    found = read(house, worker_id)
    assert found is not None
    record = found.own.entries[-1].record
    assert record is not None
    assert record["actor"] == {"id": f"window:{CLERK}", "role": "window", "case": CASE}
    assert record["body"]["channel"] == "window"
    assert "本人（由窗口代办）" in me.get(f"/me/records/{ids['fresh']}").text
    assert "由窗口代办" in me.get("/me/notices").text
    told = me.get("/me/services").text
    assert "确认一条记录" in told
    assert "已办成" in told
    assert str(found.own.entries[-1].stored.idx) in told
    assert "结束代办" not in told, "the worker's own page has no banner"


def values(rule: str, ids: dict[str, str]) -> str:
    """Return a path of a rule, with ids of things that are there or are not."""
    path = rule.replace("<id:record_id>", ids["fresh"])
    return re.sub(r"<id:\w+>", str(uuid.UUID(int=7)), path)


def test_every_door_of_a_worker_that_acts_names_the_clerk_or_is_refused(
    window: Visitor,
    app: flask.Flask,
    house: House,
    worker_id: bytes,
    ids: dict[str, str],
    clock: FixedClock,
) -> None:
    """Whatever a door needs, the traces stand before it is judged: a new door cannot escape them."""
    mine = {name for name, policy in POLICIES.items() if any(one.kind is Kind.WORKER for one in policy)}
    walked = 0
    for declared in doors(app).values():
        methods = set(declared.methods) - {"GET"}
        if declared.policy not in mine or not methods or declared.policy in UNTRACED:
            continue
        (method,) = methods
        media = FORM if declared.body is None or JSON not in declared.body.media else JSON
        headers = {"X-CSRF-Token": window.csrf}
        kwargs: dict[str, Any] = {"headers": headers}
        if declared.body is not None:
            kwargs |= {"json": {}} if media == JSON else {"data": {}, "content_type": declared.body.media[0]}
        before = len(looks(house, worker_id))
        clock.advance(1_000)  # ids sort by time
        answer = window.client.open(values(declared.rule, ids), method=method, **kwargs)
        rule = f"{method} {declared.rule}"
        if declared.policy in ALONE:
            assert answer.status_code == 403, rule
            continue
        walked += 1
        if answer.status_code in (400, 411, 413, 415) and len(looks(house, worker_id)) == before:
            pytest.fail(f"{rule} was refused for its envelope: {answer.text[:200]}")
        assert looks(house, worker_id)[0][:2] == ("official", CLERK), rule
        own = f"{uuid.UUID(bytes=worker_id)}/{declared.policy}"
        assert done(house)[0] == (f"official:{CLERK}", "window.act", own), rule
        with house.db.read() as conn:
            last = conn.execute(sa.select(service_act).order_by(service_act.c.act_id.desc())).first()
        assert last is not None
        assert (last.door, last.outcome) == (rule, "done" if answer.status_code < 400 else "refused")
    assert walked >= 14


def test_every_policy_of_a_worker_is_open_to_stand_ins_or_named_as_the_workers_alone() -> None:
    mine = {name for name, policy in POLICIES.items() if any(one.kind is Kind.WORKER for one in policy)}
    listed = [set(VERBS), set(PROVEN), set(UNTRACED), set(ALONE)]
    assert mine == set().union(*listed)
    assert sum(map(len, listed)) == len(mine), "each stands on one list"
    assert {name for name in mine if name.startswith("own.")} <= set(VERBS) | set(PROVEN) | set(ALONE), (
        "own things are traced"
    )


def test_a_policy_on_no_list_is_refused_to_stand_ins(
    window: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_place, "VERBS", {k: v for k, v in VERBS.items() if k != "own.paper.read"})
    answer = window.client.get("/me/papers", headers={"Accept": "application/json"})
    assert (answer.status_code, answer.json["code"]) == (403, "alone-only")


def test_what_is_the_workers_alone_is_refused_with_its_reason(window: Visitor) -> None:
    answer = window.get("/me/sessions")
    assert (answer.status_code, "只能由本人查看和设置" in answer.text) == (403, True)
    for path in ("/account/pin", "/account/passkey", "/account/password"):
        assert window.get(path).status_code == 403
    assert window.post("/account/pin", pin="830172").status_code == 403
    assert window.client.get("/v1/session/credentials").status_code == 403


def test_what_was_done_names_the_clerk_wherever_it_is_kept(
    window: Visitor, house: House, worker_id: bytes, ids: dict[str, str], clock: FixedClock
) -> None:
    """An objection, what was added to it, and a statement: rows and signed records alike."""
    headers = {"X-CSRF-Token": window.csrf}
    assert window.say(f"/me/records/{ids['fresh']}/contest", reason="wrong-dates", text="").status_code == 303
    clock.advance(1_000)
    stated = {"matter": "work", "title": "家政服务", "text": "照护老人三年"}
    answer = window.client.post("/v1/me/statements", json=stated, headers=headers)
    assert answer.status_code == 201, answer.text
    clock.advance(1_000)
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        dispute = disputes.of_workers(conn, [worker_id])[0]
    path = f"/me/disputes/{dispute.name}/messages"
    assert window.post(path, text="当时不在银川").status_code == 303

    found = read(house, worker_id)
    assert found is not None
    said = [one for one in found.own.entries if one.record is not None and "actor" in one.record]
    actors = [one.record["actor"] for one in said[-2:] if one.record is not None]
    assert actors == [{"id": f"window:{CLERK}", "role": "window", "case": CASE}] * 2
    with house.db.read() as conn:
        lines = conn.execute(sa.select(service_act).order_by(service_act.c.act_id)).all()
        messages = conn.execute(sa.select(archive_tables.dispute_message)).all()
    assert {one.outcome for one in lines} == {"done"}
    assert [one.log_index for one in lines] == [*(one.stored.idx for one in said[-2:]), None]
    assert f"window:{CLERK}" in {str(value) for row in messages for value in row}


def test_a_wish_to_be_restricted_is_the_regions_also_at_the_window(
    window: Visitor, house: House, worker_id: bytes, ids: dict[str, str]
) -> None:
    """The word is the worker's, entered by the clerk; the issuer is not told, and officials grant it."""
    path = f"/me/records/{ids['fresh']}"
    assert "要求限制处理" in window.get(f"{path}/contest").text
    assert window.say(f"{path}/contest", reason="wants-restriction", text="请先封存").status_code == 303
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker_id])
        told = conn.execute(sa.select(archive_tables.office_notice)).all()
    assert (case.owner, case.issuer_told, case.state) == ("region", False, "open")
    assert {one.addressee for one in told if one.kind.startswith("objection")} == {"desk:disputes"}
    index = seal(house, worker_id, uuid.UUID(ids["fresh"]).bytes)
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker_id])
    assert (case.state, case.outcome_idx) == ("upheld", index)
    assert window.get(path).status_code == 423
    found = read(house, worker_id, sealed=True)
    assert found is not None
    said = [one.record for one in found.own.entries if one.record is not None]
    wish = [one for one in said if one["type"] == "contest"][-1]
    assert wish["actor"] == {"id": f"window:{CLERK}", "role": "window", "case": CASE}


def test_a_paper_filed_at_the_window_names_the_clerk(window: Visitor, house: House, worker_id: bytes) -> None:
    kept = house.papers.keep(worker_id, pdf(), "other", "复印件", window.actor)
    row = next(one for one in house.papers.of(worker_id) if one.paper_id == kept.paper_id)
    assert f"window:{CLERK}" in {str(value) for value in dataclasses.asdict(row).values()}


def test_no_author_is_longer_than_its_columns(window: Visitor) -> None:
    assert window.actor is not None
    assert window.actor.through is not None
    longest = dataclasses.replace(window.actor.through, id="x" * 40)
    assert len(author(dataclasses.replace(window.actor, through=longest))) <= 80


@pytest.mark.parametrize(("when", "found"), [("before", 1), ("within", 0), ("after", 1), ("colleague", 1)])
def test_a_look_within_a_service_is_related_and_one_outside_is_not(
    app: flask.Flask,
    counter: dict[str, str],
    house: House,
    worker_id: bytes,
    clock: FixedClock,
    when: str,
    found: int,
) -> None:
    visitor, colleague = Visitor(app).login("handler"), Visitor(app).login("reviewer")

    def look(who: Visitor) -> None:
        row = Look(worker_id, again(who).actor, "service-window", "records", CASE)
        looked.record(house, [row])

    if when == "before":
        look(visitor)
        clock.advance(1_000)
    assert visitor.post("/window", **counter).status_code == 303
    clock.advance(1_000)
    assert again(visitor).get("/me").status_code == 200
    if when == "colleague":
        look(colleague)
    clock.advance(1_000)
    assert visitor.post("/window/end").status_code == 200
    if when == "after":
        clock.advance(1_000)
        look(visitor)
    clock.advance(31 * 60_000)
    looked_alarms.relation_follower(house).run()
    with house.db.read() as conn:
        kinds = list(conn.scalars(sa.select(looked_alarm.c.kind)))
    assert kinds == ["no-relation"] * found


@pytest.mark.parametrize("way", ["logout", "idle", "role"])
def test_looks_after_a_service_that_nobody_ended_are_no_part_of_it(
    window: Visitor, house: House, worker_id: bytes, clock: FixedClock, way: str
) -> None:
    clock.advance(1_000)
    if way == "logout":
        assert window.post("/logout").status_code == 303
    elif way == "idle":
        clock.advance(house.settings.window_idle_minutes * 60_000)
        assert window.get("/me").status_code == 403
    else:
        house.db.write(lambda turn: officials.revoke(turn, CLERK, "handler", by="test"))
        assert window.get("/me").status_code == 403
    with house.db.read() as conn:
        assert not in_place.serves(conn, worker_id, Way.WINDOW, CLERK, house.clock.now_ms())


# -- the end


def test_a_service_ends_after_minutes_without_a_request(
    window: Visitor, clock: FixedClock, house: House
) -> None:
    clock.advance(house.settings.window_idle_minutes * 60_000 - 1)
    assert window.get("/me").status_code == 200
    clock.advance(house.settings.window_idle_minutes * 60_000)
    assert window.get("/me").status_code == 403, "the desk's own session goes on"
    assert window.get("/desk").status_code == 200


def test_a_service_ends_in_any_case(window: Visitor, clock: FixedClock, house: House) -> None:
    for _minute in range(house.settings.window_minutes - 1):
        clock.advance(60_000)
        assert window.get("/me").status_code == 200
    clock.advance(60_000)
    assert window.get("/me").status_code == 403


def test_a_service_ends_with_the_desks_session(window: Visitor, house: House) -> None:
    assert window.post("/logout").status_code == 303
    with house.db.read() as conn:
        assert conn.execute(sa.select(session)).all() == []


def test_the_worker_reads_the_role_and_institution_of_the_clerk_and_no_account(
    window: Visitor, app: flask.Flask, house: House
) -> None:
    me = Visitor(app).login()
    listed = me.client.get("/v1/session/list")
    (served,) = [one for one in listed.json["items"] if one["through_way"]]
    found = app.extensions["access"].officials.find(CLERK)
    assert {name: value for name, value in served.items() if name.startswith("through_")} == {
        "through_way": "window",
        "through_role": "handler",
        "through_institution": found.institution,
        "through_name": None,
    }
    page = me.get("/me/sessions").text
    assert "（经办人）" in page
    for text in (listed.text, page):
        assert (CLERK in text, found.name in text) == (False, False)


def test_the_worker_sees_the_service_and_ends_it(window: Visitor, app: flask.Flask) -> None:
    me = Visitor(app).login()
    assert "窗口代办：" in me.get("/me/sessions").text
    assert me.post("/account/sessions/end-others").status_code == 303
    assert window.get("/me").status_code == 403
    assert again(window).actor.kind is Kind.OFFICIAL


def test_a_service_ends_when_the_clerk_may_serve_no_more(window: Visitor, house: House) -> None:
    house.db.write(lambda turn: officials.revoke(turn, CLERK, "handler", by="test"))
    assert window.get("/me").status_code == 403


def test_a_form_of_the_desk_does_nothing_in_the_workers_place(
    clerk: Visitor, counter: dict[str, str], ids: dict[str, str]
) -> None:
    """And the other way round: forms carry the token of the session that showed them."""
    desk = clerk.csrf
    assert clerk.post("/window", **counter).status_code == 303
    path = f"/me/records/{ids['fresh']}/confirm"
    assert clerk.client.post(path, data={"seen": "0", "csrf_token": desk}).status_code == 403
    worker = again(clerk).csrf
    assert clerk.post("/window/end").status_code == 200
    assert clerk.client.post("/logout", data={"csrf_token": worker}).status_code == 403


def test_the_next_person_is_served_after_one_whose_service_ran_out(
    window: Visitor, counter: dict[str, str], clock: FixedClock, house: House
) -> None:
    clock.advance(house.settings.window_idle_minutes * 60_000)
    assert again(window).post("/window", **counter).location == "/me"
    with house.db.read() as conn:
        assert len(conn.execute(sa.select(session.c.desk).where(session.c.desk.is_not(None))).all()) == 1


def test_a_worker_has_no_service_to_end(me: Visitor) -> None:
    assert me.get("/window/receipt").status_code == 403
    assert me.post("/window/end").status_code == 403


# -- the receipt


def test_the_receipt_says_what_was_done_and_no_number(
    window: Visitor, ids: dict[str, str], counter: dict[str, str], house: House, worker_id: bytes
) -> None:
    assert "没有办理事项" in window.get("/window/receipt").text
    assert window.say(f"/me/records/{ids['fresh']}/confirm").status_code == 303
    found = read(house, worker_id)
    assert found is not None
    index = str(found.own.entries[-1].stored.idx)
    shown = window.get("/window/receipt").text
    receipt = shown[shown.index("<article") : shown.index("</article>")]
    over = window.post("/window/end").text
    for text in (receipt, over):
        for part in ("确认一条记录", "已办成", CASE, "回执号", index, "/me/services", "提出异议"):
            assert part in text
        assert counter["number"] not in text
        assert CARD not in text
    assert "结束代办" not in over
    assert 'href="/desk"' in over
    assert again(window).actor.kind is Kind.OFFICIAL


def test_the_receipt_fits_narrow_paper(window: Visitor, ids: dict[str, str]) -> None:
    window.say(f"/me/records/{ids['fresh']}/confirm")
    for width, columns in (("58", 32), ("80", 48)):
        told = window.get(f"/window/receipt.txt?width={width}")
        assert told.mimetype == "text/plain"
        assert max(len(line.encode("gb18030")) for line in told.text.splitlines()) <= columns
        assert "".join(told.text.split()).count("确认一条记录") == 1
    assert window.get("/window/receipt.txt?width=70").status_code == 400


def test_a_line_is_cut_where_a_wide_character_would_not_fit() -> None:
    assert wrapped("一二三", 4) == ["一二", "三"]
    assert wrapped("a一二", 4) == ["a一", "二"]
    assert wrapped("", 4) == [""]


def test_an_act_whose_end_could_not_be_written_says_that_it_is_not_known(
    window: Visitor, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = window.get(f"/me/records/{ids['fresh']}").text
    seen = re.search(r'name="seen" value="(\d+)"', page)
    assert seen is not None
    house: House = window.app.extensions["house"]

    def fails(*_: Any, **__: Any) -> None:
        raise OSError("disk")

    monkeypatch.setattr(type(house), "tell", fails)
    assert window.post(f"/me/records/{ids['fresh']}/confirm", seen=seen[1]).status_code == 303
    assert "结果未知，请查档案" in window.get("/window/receipt").text


def test_nothing_of_a_service_is_left_after_an_erasure(
    window: Visitor, house: House, worker_id: bytes
) -> None:
    assert window.post("/me/notices/read").status_code == 303
    house.db.write(lambda turn: erasing.forget(turn, worker_id))
    with house.db.read() as conn:
        assert in_place.of_workers(conn, [worker_id]) == []
        assert conn.execute(sa.select(service_act)).all() == []
