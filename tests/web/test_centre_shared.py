"""What is shared with an institution by name reaches its people: a list without names, opened one by one."""

import re
import uuid
from typing import Any

import pytest

from recordsvc.access import looked
from recordsvc.access.grants import Kind, Position
from recordsvc.archive import sharing
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.archive.restricted import seal
from tests.web.conftest import Visitor
from tests.web.region import ASSESSOR, NAMES, SCHOOL, Region
from tests.web.test_share import share

LIST = "/centre/shared"


def give(me: Visitor, **changes: Any) -> Any:
    return share(me, **{"to": "institution", "uscc": SCHOOL, "part": "job-application"} | changes)


def form_of(hr: Visitor) -> str:
    found = re.search(r'action="(/centre/shared/[0-9a-f-]{36}/open)"', hr.get(LIST).text)
    assert found is not None
    return found[1]


@pytest.fixture
def hr(centre: Any) -> Visitor:
    return centre(Position.HR)


def test_what_is_shared_is_listed_without_a_name_and_opened_with_one(
    me: Visitor, hr: Visitor, worker: dict[str, Any]
) -> None:
    assert give(me).status_code == 200
    listed = hr.get(LIST).text
    assert "求职应聘" in listed
    assert worker["name"] not in listed
    opened = hr.post(form_of(hr), show="yes")
    assert (opened.status_code, worker["name"] in opened.text) == (200, True)
    assert "1 次" in hr.get(LIST).text
    assert "1 次" in me.get("/me/share").text


def test_a_record_that_was_restricted_since_is_opened_as_such(
    me: Visitor, hr: Visitor, house: House, region: Region, worker: dict[str, Any], ids: dict[str, str]
) -> None:
    give(me)
    seal(house, region.worker_id(worker), uuid.UUID(ids["fresh"]).bytes)
    opened = hr.post(form_of(hr), show="yes")
    assert (opened.status_code, "已限制处理的记录" in opened.text) == (200, True)


def test_both_sides_call_a_share_by_the_same_number_so_that_two_alike_are_told_apart(
    me: Visitor, hr: Visitor
) -> None:
    give(me)
    give(me)

    def numbers(text: str) -> list[str]:
        return re.findall(r"<dt>编号</dt><dd><code>([0-9a-f]{12})</code>", text)

    listed = numbers(hr.get(LIST).text)
    assert len(set(listed)) == 2
    assert set(numbers(me.get("/me/share").text)) == set(listed)


def test_the_opening_leaves_a_look_under_the_persons_own_account(
    me: Visitor, hr: Visitor, house: House
) -> None:
    give(me)
    hr.get(LIST)
    own = me.actor.worker_id

    def looks() -> list[looked.Seen]:
        with house.db.read() as conn:
            return looked.of_worker(conn, own)

    assert looks() == []
    assert hr.post(form_of(hr)).json["format"] == "recordsvc-extract/1"
    assert [(one.actor_kind, one.actor_id) for one in looks()] == [(Kind.STAFF, hr.actor.id)]
    told = me.get("/me/looked").text
    assert NAMES[SCHOOL][0] in told
    assert "按您的授权" in told


def test_the_code_is_asked_for_and_the_last_use_is_the_last(
    me: Visitor, hr: Visitor, clock: FixedClock
) -> None:
    code = re.search(r"<strong>(\d{8})</strong>", give(me, code="yes", uses="1").text)
    assert code is not None
    path = form_of(hr)
    for _ in range(2):
        wrong = hr.post(path, code="0")
        assert (wrong.status_code, "访问码不对" in wrong.text) == (422, True)
    early = hr.post(path, code=code[1])
    assert (early.status_code, "请在 1 秒后再试" in early.text) == (429, True)
    assert early.headers["Retry-After"] == "1"
    clock.advance(1_000)
    assert hr.post(path, code=code[1]).status_code == 200
    assert hr.post(path, code=code[1]).status_code == 404
    assert "现在没有劳动者共享" in hr.get(LIST).text


def test_another_institution_and_other_positions_find_nothing(me: Visitor, centre: Any, hr: Visitor) -> None:
    give(me)
    path, other = form_of(hr), centre(Position.HR, ASSESSOR)
    assert "求职应聘" not in other.get(LIST).text
    assert other.post(path).status_code == 404
    for position in set(Position) - {Position.HR}:
        somebody = centre(position)
        assert (somebody.get(LIST).status_code, somebody.post(path).status_code) == (403, 403)


def test_what_the_worker_stopped_opens_no_more(me: Visitor, hr: Visitor) -> None:
    give(me)
    path = form_of(hr)
    me.post("/me/share/end")
    assert hr.post(path).status_code == 404


def test_the_interface_lists_and_opens_the_same(me: Visitor, hr: Visitor) -> None:
    give(me)
    listed = hr.client.get("/v1/shared")
    assert [one["purpose"] for one in listed.json["items"]] == ["job-application"]
    path = f"/v1/shared/{listed.json['items'][0]['consent_id']}/open"
    opened = hr.client.post(path, json={}, headers={"X-CSRF-Token": hr.csrf})
    assert (opened.status_code, opened.json["format"]) == (200, "recordsvc-extract/1")


def test_an_institution_that_nobody_could_open_it_for_is_refused(me: Visitor, centre: Any) -> None:
    answer = give(me)
    assert (answer.status_code, "对方单位现在不能接收" in answer.text) == (422, True)
    centre(Position.CLERK)
    assert give(me).status_code == 422
    centre(Position.HR)
    assert give(me).status_code == 200


def test_a_person_whose_account_is_named_like_a_system_receives_nothing_of_it(hr: Visitor) -> None:
    assert sharing.receivers_of(hr.actor) == [f"institution:{SCHOOL}"]
