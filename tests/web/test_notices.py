"""Pages of notices: what was told, the phone that is kept and never shown, letters to print."""

import re
from typing import Any

import pytest

from recordsvc.archive import letters, notices
from recordsvc.archive.announcing import announcer
from recordsvc.house import House
from recordsvc.people import contacts
from tests.web.conftest import Visitor
from tests.web.region import Region
from tests.web.test_pages import sound

PHONE = "13912345678"


@pytest.fixture
def told(house: House, ids: dict[str, str]) -> None:
    """Everything of the career was told."""
    announcer(house).run()


def phone_of(house: House, worker_id: bytes) -> str | None:
    with house.db.read_raw() as cursor:
        worker = house.people.load(cursor, worker_id)
        assert worker is not None
        return contacts.phone_of(house.people, cursor, worker)


def test_a_worker_reads_what_was_told_and_marks_it(me: Visitor, told: None) -> None:
    page = me.get("/me/notices")
    sound(page)
    assert "宁夏示范职业培训学校为您登记了 1 条培训结业记录" in page.text
    assert "撤销了您的 1 条记录，原因：" in page.text
    assert "未读" in page.text
    assert page.text.index("2025年9月") < page.text.index("2022年5月")

    assert me.post("/me/notices/read").location == "/me/notices"
    assert "未读" not in me.get("/me/notices").text


def test_a_worker_of_whom_nothing_was_told(me: Visitor) -> None:
    page = me.get("/me/notices")
    sound(page)
    assert "还没有通知" in page.text


def test_older_notices_stand_on_the_next_page(
    me: Visitor, house: House, region: Region, worker: dict[str, Any]
) -> None:
    worker_id = region.worker_id(worker)
    for n in range(35):
        region.clock.advance(1000)
        house.db.write(
            lambda turn, n=n: notices.tell_worker(turn, house, worker_id, "card-confirmed", {}, f"{n}")
        )
    first = me.get("/me/notices")
    older = re.search(r'href="(/me/notices\?cursor=[^"]+)"', first.text)
    assert older is not None
    second = me.get(older[1])
    sound(second)
    assert [page.text.count("已核实，") for page in (first, second)] == [30, 5]
    assert me.get("/me/notices?cursor=abc").status_code == 400


def test_a_phone_is_kept_shown_by_its_end_and_forgotten(
    me: Visitor, house: House, region: Region, worker: dict[str, Any]
) -> None:
    worker_id = region.worker_id(worker)
    assert me.post("/me/notices/phone", phone=" 139 1234 5678 ").status_code == 303
    assert phone_of(house, worker_id) == PHONE
    page = me.get("/me/notices")
    sound(page)
    assert "尾号 5678" in page.text
    assert PHONE not in page.text

    assert me.post("/me/notices/phone/remove").status_code == 303
    assert phone_of(house, worker_id) is None


@pytest.mark.parametrize("typed", ["", "12345", "13912345678901234"])
def test_what_is_no_phone_is_told_on_the_page_and_not_repeated(me: Visitor, typed: str) -> None:
    page = me.post("/me/notices/phone", phone=typed)
    sound(page)
    assert page.status_code == 422
    assert "请填写 11 位手机号码" in page.text
    assert not typed or typed not in page.text


def official(visitor: Visitor, kind: str) -> Visitor:
    return Visitor(visitor.app).login(kind)


def test_letters_are_printed_once_and_their_people_read_who_took_them(
    me: Visitor, told: None, house: House, worker: dict[str, Any]
) -> None:
    letters.deliverer(house).run()
    handler = official(me, "handler")
    page = handler.get("/desk/notices")
    sound(page)
    assert "待打印的通知 1 份" in page.text

    page = handler.get("/desk/notices/print?purpose=service-window&case_ref=W-1")
    sound(page)
    assert worker["name"] in page.text
    assert worker["number"] not in page.text
    looked = me.get("/me/looked").text
    assert "身份信息" in looked
    assert "W-1" in looked

    ids = re.search(r'name="ids" value="([^"]+)"', page.text)
    assert ids is not None
    assert handler.post("/desk/notices/printed", ids=ids[1]).location == "/desk/notices"
    page = handler.get("/desk/notices/print?purpose=service-window&case_ref=W-1")
    sound(page)
    assert "没有等待打印的通知" in page.text
    assert handler.post("/desk/notices/printed", ids="x" * 36).status_code == 422


def test_who_may_not_print_sees_no_way_to(me: Visitor, told: None) -> None:
    registrar = official(me, "registrar")
    page = registrar.get("/desk/notices")
    sound(page)
    assert "待打印" not in page.text
    assert registrar.get("/desk/notices/print?purpose=service-window&case_ref=W-1").status_code == 403


def test_each_desk_is_told_its_own(me: Visitor, house: House) -> None:
    def act(turn) -> None:
        notices.tell_desk(turn, "desk:registrar", "key-revoked", {}, "1")
        notices.tell_desk(turn, "desk:identity", "record-held", {"count": 2}, "2")

    house.db.write(act)
    seen = {
        kind: official(me, kind).get("/desk/notices").text for kind in ("registrar", "handler", "auditor")
    }
    assert {kind: ("已吊销" in text, "已暂存" in text) for kind, text in seen.items()} == {
        "registrar": (True, False),
        "handler": (False, True),
        "auditor": (False, False),
    }


def test_a_desks_notices_are_read_for_all_colleagues_and_for_no_other_desk(me: Visitor, house: House) -> None:
    def act(turn) -> None:
        notices.tell_desk(turn, "desk:registrar", "key-revoked", {}, "1")
        notices.tell_desk(turn, "desk:identity", "record-held", {"count": 2}, "2")

    house.db.write(act)
    handler = official(me, "handler")
    assert "有 1 条未读" in handler.get("/desk/notices").text
    assert handler.post("/desk/notices/read").location == "/desk/notices"
    colleague = official(me, "reviewer")
    page = colleague.get("/desk/notices")
    sound(page)
    assert "条未读" not in page.text
    assert re.search(r"经办人.*已读", page.text)
    assert "有 1 条未读" in official(me, "registrar").get("/desk/notices").text
    headers = {"X-CSRF-Token": handler.csrf, "Origin": "http://localhost"}
    again = handler.client.post("/v1/desk/notices/read", json={}, headers=headers)
    assert (again.status_code, again.json) == (200, {"count": 0})
    (item,) = handler.client.get("/v1/desk/notices").json["items"]
    assert item["read_by"] == f"official:{handler.actor.id}"
    assert me.client.post("/v1/desk/notices/read", json={}, headers=headers).status_code == 403
