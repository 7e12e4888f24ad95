"""Helpers: named, accepted, acting in the worker's place; each trace names them; either side ends it."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access import helper_relations
from recordsvc.access.grants import POLICIES, Actor, Kind
from recordsvc.access.helper_relations import DAY_MS, Helper
from recordsvc.access.helper_tables import helper
from recordsvc.access.in_place import ALONE, HELPERS, PROVEN, UNTRACED, VERBS
from recordsvc.access.policy import doors
from recordsvc.access.sessions import Entering, Method
from recordsvc.access.tables import looked_alarm, service, service_act, session
from recordsvc.archive import dispute_follower, disputes, erasing, looked_alarms
from recordsvc.archive.noticeboard import of_workers
from recordsvc.archive.persons import read
from recordsvc.ground.http import FORM, JSON
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import standing
from recordsvc.people import tables as people_tables
from recordsvc.web.helper_routes import GROUPS
from tests.archive.restricted import seal
from tests.web.conftest import Visitor
from tests.web.region import Region, person
from tests.web.test_window import again, counter, dialect, looks, values, window, worker_id

__all__ = ["counter", "dialect", "window", "worker_id"]

HELPER = "古丽·买买提"
ALL = dict.fromkeys(GROUPS, "yes")
Enter = Callable[[bytes], Visitor]


@pytest.fixture
def enter(app: flask.Flask, house: House) -> Enter:
    """Sign a worker in."""

    def signed_in(worker_id: bytes) -> Visitor:
        visitor, sessions = Visitor(app), app.extensions["access"].sessions
        entering = Entering(Kind.WORKER, str(uuid.UUID(bytes=worker_id)), Method.CODE)
        cookie = house.db.write(lambda turn: sessions.begin(turn, entering))
        visitor.client.set_cookie(sessions.cookie.name, cookie, domain="localhost")
        visitor.actor = sessions.find(cookie)
        return visitor

    return signed_in


@pytest.fixture
def helper_worker(region: Region, ids: dict[str, str]) -> bytes:
    """Somebody else with an archive."""
    other = person(HELPER, 11)
    region.course(other, "2025-11-20", 30)
    return region.worker_id(other)


@pytest.fixture
def me(visitor: Visitor, helper_worker: bytes) -> Visitor:
    """The worker, signed in once all records are there: making them takes months."""
    assert helper_worker
    return visitor.login()


@pytest.fixture
def kin(enter: Enter, helper_worker: bytes) -> Visitor:
    return enter(helper_worker)


def named(me: Visitor, name: str = HELPER, **changed: str) -> str:
    """Name a helper on the page; the code."""
    form = {"name": name, "purpose": "no-phone", "days": "30", **ALL, **changed}
    answer = me.post("/me/helpers", **form)
    assert answer.status_code == 200, answer.text
    found = re.search(r"<code>([0-9A-Z-]{14})</code>", answer.text)
    assert found is not None, answer.text
    return found[1]


def relations(house: House, worker_id: bytes) -> list[Helper]:
    with house.db.read() as conn:
        return helper_relations.of_workers(conn, [worker_id])


def path_of(one: Helper) -> str:
    return str(uuid.UUID(bytes=one.helper_id))


@pytest.fixture
def helping(me: Visitor, kin: Visitor, house: House, worker_id: bytes) -> Visitor:
    """The helper, in the worker's place."""
    assert kin.post("/me/for/accept", code=named(me)).location == "/me/for"
    (one,) = relations(house, worker_id)
    assert kin.post("/me/for", helper_id=path_of(one)).location == "/me"
    return again(kin)


def kinds(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in of_workers(house, conn, [worker_id])]


# -- naming and accepting


def test_a_helper_is_named_accepts_and_both_are_told(
    helping: Visitor, me: Visitor, house: House, worker_id: bytes, helper_worker: bytes
) -> None:
    (one,) = relations(house, worker_id)
    assert (one.by_worker, one.purpose, set(one.verbs.split())) == (helper_worker, "no-phone", set(HELPERS))
    assert {"helper-named", "helper-accepted", "helper-opened"} <= set(kinds(house, worker_id))
    shown = me.get("/me/helpers").text
    assert HELPER in shown
    assert "代办中" in shown


def test_naming_and_accepting_ask_for_a_fresh_proof(
    me: Visitor, kin: Visitor, clock: FixedClock, house: House
) -> None:
    code = named(me)
    clock.advance(house.settings.step_up_minutes * 60_000)
    for visitor, path, form in (
        (
            me,
            "/v1/me/helpers",
            {"name": HELPER, "verbs": ["own.archive.read"], "purpose": "ill", "until_ms": 1},
        ),
        (kin, "/v1/me/helping", {"code": code}),
    ):
        answer = visitor.client.post(path, json=form, headers={"X-CSRF-Token": visitor.csrf})
        assert (answer.status_code, answer.json["code"]) == (401, "step-up")


def test_a_code_in_the_hands_of_another_name_opens_nothing(
    me: Visitor, kin: Visitor, house: House, worker_id: bytes
) -> None:
    own, other = named(me), named(me, "别人")
    wrong = kin.post("/me/for/accept", code="0000-0000-0000")
    foreign = kin.post("/me/for/accept", code=other)
    plain = [re.sub(r'value="[0-9a-f]{32}"', "", one.text) for one in (wrong, foreign)]
    assert (wrong.status_code, foreign.status_code, plain[0]) == (404, 404, plain[1])
    assert me.post("/me/for/accept", code=own).status_code == 404, "nobody helps themselves"
    assert all(one.accepted_ms is None for one in relations(house, worker_id))


def test_a_code_works_once_and_for_seven_days(
    me: Visitor, enter: Enter, helper_worker: bytes, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    once, old = named(me), named(me)
    kin = enter(helper_worker)
    assert kin.post("/me/for/accept", code=once).status_code == 303
    assert kin.post("/me/for/accept", code=once).status_code == 404
    clock.advance(7 * DAY_MS)
    assert enter(helper_worker).post("/me/for/accept", code=old).status_code == 404
    assert sum(one.accepted_ms is not None for one in relations(house, worker_id)) == 1


def test_wrong_codes_wait(kin: Visitor) -> None:
    answers = [kin.post("/me/for/accept", code="0000-0000-0000").status_code for _ in range(7)]
    assert (answers[0], answers[-1]) == (404, 429)


def test_limits_hold_for_both_sides(
    me: Visitor, kin: Visitor, enter: Enter, region: Region, house: House, worker_id: bytes
) -> None:
    for _ in range(3):
        named(me)
    form = {"name": HELPER, "purpose": "no-phone", "days": "30", "archive": "yes"}
    full = me.post("/me/helpers", **form)
    assert (full.status_code, "人数已达上限" in full.text) == (422, True)

    answers = []
    for seed in range(20, 24):
        who = person(f"王{chr(0x4E00 + seed)}", seed)
        region.course(who, "2025-11-20", 30)
        code = named(enter(region.worker_id(who)))
        answers.append(kin.post("/me/for/accept", code=code).status_code)
    assert answers == [303, 303, 303, 422]


@pytest.mark.parametrize(
    "verb", ["own.consent.give", "own.contact.set", "own.helper.name", "own.numbers.read"]
)
def test_what_no_helper_has_cannot_be_chosen(me: Visitor, house: House, verb: str) -> None:
    until = house.clock.now_ms() + DAY_MS
    form = {"name": HELPER, "verbs": ["own.archive.read", verb], "purpose": "ill", "until_ms": until}
    answer = me.client.post("/v1/me/helpers", json=form, headers={"X-CSRF-Token": me.csrf})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/verbs")
    longest = form | {"verbs": ["own.archive.read"], "until_ms": until + 366 * DAY_MS}
    answer = me.client.post("/v1/me/helpers", json=longest, headers={"X-CSRF-Token": me.csrf})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/until_ms")


# -- acting


def test_every_page_says_who_helps_whom(helping: Visitor, worker: dict[str, Any]) -> None:
    for path in ("/me", "/me/notices", "/me/papers", "/me/looked", "/me/services", "/me/bundle"):
        answer = helping.get(path)
        assert answer.status_code == 200, path
        assert "亲友代办" in answer.text
        assert f"正在为 <bdi>{worker['name']}</bdi>" in answer.text
        assert f"代办人 <bdi>{HELPER}</bdi>" in answer.text
        assert 'href="/me/share"' not in answer.text
        assert worker["number"] not in answer.text


def test_the_list_of_sign_ins_names_the_helper_and_no_id(
    helping: Visitor, me: Visitor, helper_worker: bytes
) -> None:
    listed = me.client.get("/v1/session/list")
    (helps,) = [one for one in listed.json["items"] if one["through_way"]]
    assert (helps["through_name"], helps["through_role"], helps["through_institution"]) == (
        HELPER,
        None,
        None,
    )
    assert str(uuid.UUID(bytes=helper_worker)) not in listed.text


def test_a_helper_sees_only_what_was_left_to_them(
    me: Visitor, kin: Visitor, house: House, worker_id: bytes
) -> None:
    nothing = dict.fromkeys(GROUPS, "")
    assert kin.post("/me/for/accept", code=named(me, **(nothing | {"notices": "yes"}))).status_code == 303
    (one,) = relations(house, worker_id)
    assert kin.post("/me/for", helper_id=path_of(one)).location == "/me/notices"
    assert again(kin).get("/me/notices").status_code == 200
    for path in ("/me", "/me/papers", "/me/looked", "/me/cards", "/me/share", "/me/helpers", "/me/for"):
        answer = kin.get(path)
        assert (answer.status_code, "家政" in answer.text) == (403, False), path
    assert "本人没有把此项交给您代办" in kin.get("/me/papers").text


def test_every_look_of_a_helper_stands_under_who_looked_by_name(
    helping: Visitor, me: Visitor, house: House, worker_id: bytes, helper_worker: bytes, clock: FixedClock
) -> None:
    (one,) = relations(house, worker_id)
    before = len(looks(house, worker_id))
    clock.advance(1_000)
    assert helping.get("/me/papers").status_code == 200
    found = looks(house, worker_id)
    by = str(uuid.UUID(bytes=helper_worker))
    assert found[0] == ("worker", by, "", "no-phone", "papers", path_of(one))
    assert len(found) == before + 1
    assert f"亲友代办人：{HELPER}" in me.get("/me/looked").text


def test_a_helper_reads_no_whole_number_in_the_archive(helping: Visitor, me: Visitor) -> None:
    own, theirs = me.get("/v1/me/archive").text, helping.get("/v1/me/archive").text
    numbers = set(re.findall(r'"number":"([0-9X]{9,18})"', own))
    assert numbers
    assert not [one for one in numbers if one in theirs]
    assert all(f"{'*' * (len(one) - 4)}{one[-4:]}" in theirs for one in numbers)


@pytest.mark.parametrize("whose", ["helper", "worker"])
def test_who_is_restricted_is_named_to_nobody_and_the_trace_stays(  # noqa: PLR0917 - fixtures
    helping: Visitor,
    me: Visitor,
    enter: Enter,
    house: House,
    worker_id: bytes,
    helper_worker: bytes,
    worker: dict[str, Any],
    whose: str,
    clock: FixedClock,
) -> None:
    assert helping.get("/me/papers").status_code == 200
    clock.advance(1_000)
    other, name = (me, HELPER) if whose == "helper" else (enter(helper_worker), worker["name"])
    pages = ("/me/helpers", "/me/looked", "/me/services") if whose == "helper" else ("/me/for",)
    door = "/v1/me/helpers" if whose == "helper" else "/v1/me/helping"
    assert name in "".join(other.get(path).text for path in pages)
    assert other.get(door).json["items"][0]["name"] == name

    sealed = helper_worker if whose == "helper" else worker_id
    officer = Actor(Kind.OFFICIAL, "demo-data-officer")
    erasing.restrict(house, sealed, "erasure-requested", "本人申请", officer)
    for path in pages:
        shown = other.get(path).text
        assert name not in shown
        assert "已限制处理，姓名不显示" in shown, path
    assert other.get(door).json["items"][0]["name"] is None
    assert other.get(door).json["items"][0]["ended_by"] == "restricted"
    assert {one["through_name"] for one in other.get("/v1/session/list").json["items"]} == {None}
    if whose == "helper":
        assert "材料" in other.get("/me/looked").text, "what was looked at stands"

    house.db.write(lambda turn: standing.change(turn, sealed, standing.RESTRICTED, standing.OPEN))
    assert name in "".join(other.get(path).text for path in pages)


def test_the_workers_word_names_the_helper_wherever_it_is_kept(
    helping: Visitor, me: Visitor, house: House, worker_id: bytes, ids: dict[str, str], helper_worker: bytes
) -> None:
    (one,) = relations(house, worker_id)
    assert helping.say(f"/me/records/{ids['fresh']}/confirm").status_code == 303
    found = read(house, worker_id)
    assert found is not None
    record = found.own.entries[-1].record
    assert record is not None
    by = f"helper:{uuid.UUID(bytes=helper_worker)}"
    assert record["actor"] == {"id": by, "role": "helper", "case": path_of(one)}
    assert "本人（由亲友代办）" in me.get(f"/me/records/{ids['fresh']}").text
    assert "由亲友代办" in me.get("/me/notices").text
    told = me.get("/me/services").text
    for part in ("确认一条记录", "已办成", HELPER, str(found.own.entries[-1].stored.idx)):
        assert part in told
    receipt = helping.get("/window/receipt").text
    assert "确认一条记录" in receipt
    over = helping.post("/window/end")
    assert ("凭本人的委托" in over.text, 'href="/me/for"' in over.text) == (True, True)
    assert again(helping).actor.worker_id == helper_worker


def test_a_wish_to_be_restricted_is_the_regions_also_through_a_helper(
    helping: Visitor, house: House, worker_id: bytes, ids: dict[str, str], helper_worker: bytes
) -> None:
    path = f"/me/records/{ids['fresh']}"
    assert helping.say(f"{path}/contest", reason="wants-restriction", text="").status_code == 303
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (case,) = disputes.of_workers(conn, [worker_id])
    assert (case.owner, case.issuer_told, case.state) == ("region", False, "open")
    found = read(house, worker_id)
    assert found is not None
    record = found.own.entries[-1].record
    assert record is not None
    assert (record["type"], record["actor"]["id"]) == ("contest", f"helper:{uuid.UUID(bytes=helper_worker)}")
    seal(house, worker_id, uuid.UUID(ids["fresh"]).bytes)
    assert helping.get(path).status_code == 423


def test_every_door_of_a_worker_that_acts_names_the_helper_or_is_refused(
    helping: Visitor,
    app: flask.Flask,
    house: House,
    worker_id: bytes,
    ids: dict[str, str],
    helper_worker: bytes,
    clock: FixedClock,
) -> None:
    """A new door is refused to helpers until its policy is among `HELPERS`; what is open leaves traces."""
    mine = {name for name, policy in POLICIES.items() if any(one.kind is Kind.WORKER for one in policy)}
    walked, refused = 0, 0
    for declared in doors(app).values():
        methods = set(declared.methods) - {"GET"}
        if declared.policy not in mine or not methods or declared.policy in UNTRACED:
            continue
        (method,) = methods
        media = FORM if declared.body is None or JSON not in declared.body.media else JSON
        kwargs: dict[str, Any] = {"headers": {"X-CSRF-Token": helping.csrf}}
        if declared.body is not None:
            kwargs |= {"json": {}} if media == JSON else {"data": {}, "content_type": declared.body.media[0]}
        before = len(looks(house, worker_id))
        clock.advance(1_000)
        answer = helping.client.open(values(declared.rule, ids), method=method, **kwargs)
        rule = f"{method} {declared.rule}"
        if declared.policy not in HELPERS:
            refused += 1
            assert answer.status_code == 403, rule
            assert len(looks(house, worker_id)) == before, rule
            continue
        walked += 1
        by = str(uuid.UUID(bytes=helper_worker))
        assert looks(house, worker_id)[0][:2] == ("worker", by), rule
        with house.db.read() as conn:
            last = conn.execute(sa.select(service_act).order_by(service_act.c.act_id.desc())).first()
            who = list(conn.scalars(sa.select(service.c.by_id)))
        assert last is not None
        assert (last.door, last.outcome, who) == (
            rule,
            "done" if answer.status_code < 400 else "refused",
            [by],
        )
    assert walked >= 8
    assert refused >= 8


def test_what_helpers_may_have_is_a_part_of_what_stand_ins_may() -> None:
    assert set(HELPERS) <= set(VERBS)
    assert set(HELPERS).isdisjoint((*PROVEN, *ALONE, *UNTRACED))
    never = ("consent", "contact", "numbers", "helper", "helping", "session")
    assert not [verb for verb in HELPERS if any(word in verb for word in never)]
    assert {verb for _words, verbs in GROUPS.values() for verb in verbs} == set(HELPERS)


# -- ending


@pytest.mark.parametrize(
    "by", ["worker", "helper", "date", "restricted", "restricted-helper", "service", "sign-out"]
)
def test_it_ends_at_once_and_the_next_request_is_the_helpers_own(  # noqa: PLR0917 - fixtures
    helping: Visitor,
    me: Visitor,
    enter: Enter,
    house: House,
    worker_id: bytes,
    helper_worker: bytes,
    by: str,
    clock: FixedClock,
    worker: dict[str, Any],
) -> None:
    (one,) = relations(house, worker_id)
    clock.advance(1_000)
    if by == "worker":
        assert me.post("/me/helpers/end", helper_id=path_of(one)).status_code == 303
    elif by == "helper":
        assert enter(helper_worker).post("/me/for/end", helper_id=path_of(one)).status_code == 303
    elif by == "date":
        now = house.clock.now_ms()
        house.db.write(lambda turn: turn.conn.execute(helper.update().values(until_ms=now)))
    elif by.startswith("restricted"):
        officer = Actor(Kind.OFFICIAL, "demo-data-officer")
        whose = worker_id if by == "restricted" else helper_worker
        erasing.restrict(house, whose, "erasure-requested", "本人申请", officer)
        (now_ended,) = relations(house, worker_id)
        assert now_ended.ended_by == "restricted"
    elif by == "service":
        assert me.post("/account/sessions/end-others").status_code == 303
    else:
        assert helping.post("/logout").status_code == 303
    before = len(looks(house, worker_id))

    answer = helping.get("/me")

    assert worker["name"] not in answer.text
    assert len(looks(house, worker_id)) == before
    with house.db.read() as conn:
        assert conn.scalars(sa.select(session.c.desk).where(session.c.desk.is_not(None))).all() == []
        assert max(conn.scalars(sa.select(service.c.ends_ms))) <= house.clock.now_ms()
    if by in ("worker", "helper"):
        assert "helper-ended" in kinds(house, worker_id)
        assert "helping-ended" in kinds(house, helper_worker)
        assert enter(helper_worker).post("/me/for", helper_id=path_of(one)).status_code == 404


def test_nobody_ends_or_begins_what_is_anothers(
    helping: Visitor, enter: Enter, region: Region, house: House, worker_id: bytes
) -> None:
    third = person("王三", 30)
    region.course(third, "2025-11-20", 30)
    stranger = enter(region.worker_id(third))
    (one,) = relations(house, worker_id)
    for path in ("/me/helpers/end", "/me/for/end", "/me/for"):
        assert stranger.post(path, helper_id=path_of(one)).status_code == 404
    assert helping.get("/me").status_code == 200


@pytest.mark.parametrize("side", ["worker", "helper"])
def test_after_a_merge_either_side_is_whoever_they_are_read_as(
    me: Visitor,
    enter: Enter,
    region: Region,
    house: House,
    worker_id: bytes,
    helper_worker: bytes,
    side: str,
) -> None:
    third = person("王三", 30)
    region.course(third, "2025-11-20", 30)
    into, gone = region.worker_id(third), worker_id if side == "worker" else helper_worker
    assert enter(helper_worker).post("/me/for/accept", code=named(me)).status_code == 303
    (one,) = relations(house, worker_id)
    table = people_tables.worker
    merged = table.update().where(table.c.worker_id == gone).values(merged_into=into, state="merged")
    house.db.write(lambda turn: turn.conn.execute(merged))

    kin = enter(helper_worker)

    assert kin.actor is not None
    assert kin.actor.worker_id == (helper_worker if side == "worker" else into)
    assert kin.post("/me/for", helper_id=path_of(one)).location == "/me"
    assert again(kin).actor.worker_id == (into if side == "worker" else worker_id)
    assert kin.get("/me").status_code == 200


def test_nobody_helps_themselves_after_a_merge(
    me: Visitor, enter: Enter, house: House, worker_id: bytes, helper_worker: bytes
) -> None:
    assert enter(helper_worker).post("/me/for/accept", code=named(me)).status_code == 303
    (one,) = relations(house, worker_id)
    table = people_tables.worker
    merged = (
        table.update().where(table.c.worker_id == helper_worker).values(merged_into=worker_id, state="merged")
    )
    house.db.write(lambda turn: turn.conn.execute(merged))
    assert enter(helper_worker).post("/me/for", helper_id=path_of(one)).status_code == 404


@pytest.mark.parametrize("side", ["worker", "helper"])
def test_an_erasure_of_either_side_leaves_nothing_of_the_relation(
    helping: Visitor, house: House, worker_id: bytes, helper_worker: bytes, side: str
) -> None:
    gone = worker_id if side == "worker" else helper_worker
    house.db.write(lambda turn: erasing.forget(turn, gone))
    with house.db.read() as conn:
        assert conn.execute(sa.select(helper)).all() == []
    assert "正在为" not in helping.get("/me").text


def test_a_helpers_look_is_related(
    helping: Visitor, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    clock.advance(1_000)
    assert helping.get("/me/papers").status_code == 200
    clock.advance(31 * 60_000)
    looked_alarms.relation_follower(house).run()
    with house.db.read() as conn:
        assert list(conn.scalars(sa.select(looked_alarm.c.kind))) == []


def test_names_are_compared_without_blanks_and_kinds_of_dots() -> None:
    assert helper_relations.plain("古丽・买买提 ") == helper_relations.plain("古丽·买买提")
    assert helper_relations.plain("Ａnna Li") == helper_relations.plain("anna li")
    assert helper_relations.plain("王二") != helper_relations.plain("王三")
