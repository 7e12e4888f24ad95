"""What claims tell while the record they rest on is restricted: that it is sealed, and nothing it says."""

import dataclasses
import uuid
from typing import Any

import pytest

from recordsvc.archive.reading import Reader
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.money.claims import filing, notices, sealed, values, views
from recordsvc.money.claims.errors import ClaimNoticeUnknown, ClaimStep
from recordsvc.money.rules import entitlements, explaining
from recordsvc.settings import Settings
from tests.archive import restricted
from tests.archive.support import id_of, person
from tests.archive.test_erasing import restrict
from tests.journeys.desk import Journey
from tests.money.claims.test_desk_pages import Office
from tests.money.claims.test_pages import see
from tests.money.claims.world import HANDLER, WELDER, World
from tests.web.test_pages import sound

TOLD = ("三级", "高级工", "焊工", WELDER, "证书核发日期", "第三条第一项")
"""What a page says of a decision on a welder's certificate of the third level."""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def journey(app: Any, house: House, clock: FixedClock) -> Journey:
    return Journey(app, house, clock)


def test_a_paid_claim_tells_nothing_of_a_record_that_was_sealed(world: World) -> None:
    worker_id, record_id = world.certified()
    one = world.bring(world.file(worker_id, record_id), "PAID")
    with world.house.db.read() as conn:
        before = values.decision_of(conn, one)
        open_facts = views.for_desk(world.house, conn, one, HANDLER.roles)["decision"]["facts"]
    assert "level" in {fact["name"] for fact in open_facts}
    restricted.seal(world.house, worker_id, record_id)

    with world.house.db.read() as conn:
        told = views.for_desk(world.house, conn, world.read(one), HANDLER.roles)
        kept = values.decision_of(conn, one)
    decision = told["decision"]
    assert told["sealed"]
    assert [decision[name] for name in ("facts", "met", "failed", "missing")] == [[], [], [], []]
    assert decision["basis_date"] is None
    assert "封存" in decision["reason"]
    assert (decision["verdict"], decision["amount_fen"]) == ("GRANT", 200_000)
    assert bytes(kept.document) == bytes(before.document)

    restricted.lift(world.house, worker_id, record_id)
    with world.house.db.read() as conn:
        again = views.for_desk(world.house, conn, world.read(one), HANDLER.roles)
    assert again["decision"]["facts"] == open_facts


def test_words_that_somebody_typed_may_repeat_the_record_and_are_sealed_with_it(world: World) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    world.step(one, "ask", HANDLER, "焊工三级证书看不清")
    with world.house.db.read() as conn:
        assert "看不清" in str(views.detailed(world.house, conn, world.read(one))["events"])
    restricted.seal(world.house, worker_id, record_id)
    with world.house.db.read() as conn:
        assert "看不清" not in str(views.detailed(world.house, conn, world.read(one)))


def test_what_was_taken_from_another_record_is_sealed_with_that_one(world: World) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    other = world.assessor.certificate(person(1), level="4")
    world.assessor.enter(other)
    archive = Reader(world.house).archive(worker_id)
    assert archive is not None
    group = {"group": {"value": "x", "source": f"某机关（档案日志第 {archive.entries[-1].stored.idx} 条）"}}
    with world.house.db.read() as conn:
        assert not sealed.rests(conn, one, group)
    restricted.seal(world.house, worker_id, uuid.UUID(id_of(other)).bytes)
    with world.house.db.read() as conn:
        told = views.detailed(world.house, conn, one)
        assert sealed.rests(conn, one, group)
    assert not told["sealed"]
    assert told["decision"]["facts"]


def test_what_the_archive_lacks_may_be_sealed_and_nobody_is_asked_to_bring_or_correct_it(
    world: World,
) -> None:
    worker_id, record_id = world.certified()
    other = world.assessor.certificate(person(1), level="4")
    world.assessor.enter(other)
    one = world.file(worker_id, record_id, kind="TRAIN")

    def told() -> tuple[str, dict[str, str]]:
        with world.house.db.read() as conn:
            made = views.detailed(world.house, conn, one)["decision"]
        return made["reason"], {it["fact"]: it["who"] for it in made["missing"]}

    reason, before = told()
    assert (reason, "更正记录" in before["attendance_pct"]) == ("", True)
    restricted.seal(world.house, worker_id, uuid.UUID(id_of(other)).bytes)

    reason, now = told()

    assert reason == now["attendance_pct"] == explaining.SEALED_ZH
    assert now.keys() == before.keys()
    assert "更正记录" not in "".join(now.values())
    assert now["public_payroll"] == before["public_payroll"]  # no archive's to tell
    (first, *_) = [it for it in entitlements.of_worker(world.house, worker_id) if it.decision.rule == "TRAIN"]
    assert {it.fact: it.who for it in first.told.missing}["attendance_pct"] == explaining.SEALED_ZH


def test_a_sealed_record_comes_into_no_public_list_and_keeps_nobody_else_out(world: World) -> None:
    first = world.certified(1)
    one = world.bring(world.file(*first), "REVIEWED")
    two = world.bring(world.file(*world.certified(2)), "REVIEWED")
    restricted.seal(world.house, *first)
    with world.house.db.read() as conn:
        assert [it.claim_id for it in notices.publishable(conn)] == [two.claim_id]
    with pytest.raises(ClaimStep):
        world.publish(one, two)
    assert world.publish(two)


@pytest.mark.parametrize("state", ["CHECKED", "PAID"])
def test_worker_and_desk_are_told_by_page_that_it_is_sealed(
    app: Any, world: World, journey: Journey, state: str
) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    if state == "PAID":
        world.bring(one, "PAID")
    me, place = journey.sign_in(person(1)["number"]), f"/me/claims/{uuid.UUID(bytes=one.claim_id)}"
    restricted.seal(world.house, worker_id, record_id)
    if state == "CHECKED":
        world.write(filing.supplement, world.read(one), world.as_worker(worker_id), "")
        assert world.read(one).state == "NEED_INFO"
    office = Office(app, world)
    handler = office.at("handler")
    desk = handler.get(office.look(handler, office.place(one)))
    sound(desk)
    pages = [see(journey, me, place), see(journey, me, f"{place}/receipt"), desk.text]
    for page in pages:
        assert "已限制处理" in page
        assert [word for word in TOLD if word in page] == []
    if state == "CHECKED":
        assert "解除限制后自动重新审核" in pages[0]
        assert "重新审核</button>" not in pages[0]
        with world.house.db.read() as conn:
            told = views.detailed(world.house, conn, world.read(one))
        assert (told["owner"], told["due_on"], told["decision"]["missing"]) == ("", None, [])
        assert [page for page in pages if "还缺" in page or "应在" in page] == []


def test_a_claim_without_a_rule_is_shown_with_its_reason(
    app: Any, world: World, journey: Journey, monkeypatch: pytest.MonkeyPatch
) -> None:
    worker_id, record_id = world.certified()
    monkeypatch.setattr(world.house.claims.rules, "on", lambda *_asked: None)
    one = world.file(worker_id, record_id)
    me, place = journey.sign_in(person(1)["number"]), f"/me/claims/{uuid.UUID(bytes=one.claim_id)}"
    office = Office(app, world)
    handler = office.at("handler")
    desk = handler.get(office.look(handler, office.place(one)))
    sound(desk)
    for page in (see(journey, me, place), see(journey, me, f"{place}/receipt"), desk.text):
        assert "没有适用的规则" in page
        assert "没有施行" in page


def test_a_public_list_drops_what_is_restricted_and_ends_with_its_term(world: World) -> None:
    people = [world.certified(n) for n in (1, 2, 3)]
    ready = [world.bring(world.file(*one), "REVIEWED") for one in people]
    notice_id = world.publish(*ready)
    (worker_id, record_id), (closed, _), _ = people
    restricted.seal(world.house, worker_id, record_id)
    restrict(world.house, closed)

    def seen() -> tuple[int, int]:
        with world.house.db.read() as conn:
            (found,) = notices.public(world.house, conn)
            assert found == notices.public_one(world.house, conn, notice_id)
        return len(found.lines), found.taken_down

    assert seen() == (1, 2)
    restricted.lift(world.house, worker_id, record_id)
    assert seen() == (2, 1)
    world.days(14)
    with world.house.db.read() as conn:
        assert notices.public(world.house, conn) == []
        with pytest.raises(ClaimNoticeUnknown):
            notices.public_one(world.house, conn, notice_id)
        assert len(notices.find(conn, notice_id).lines) == 3, "kept as it was published"
