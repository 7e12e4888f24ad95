"""Objections as an institution's people handle them, from the notice to what the worker reads in the end."""

import re
import uuid
from typing import Any

import pytest

from recordsvc.access import looked
from recordsvc.access.grants import Position
from recordsvc.archive import confirm, dispute_follower, disputes, noticeboard
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.statements import Stater
from recordsvc.house import House
from tests.archive.support import shown
from tests.web.conftest import Visitor
from tests.web.region import ASSESSOR, SCHOOL, Region
from tests.web.test_pages import sound

SIGNER = "演示签发人"


@pytest.fixture
def worker_id(region: Region, ids: dict[str, str], worker: dict[str, Any]) -> bytes:
    assert ids
    return region.worker_id(worker)


@pytest.fixture
def case(house: House, worker_id: bytes, ids: dict[str, str]) -> Dispute:
    """An objection to a record of the school."""
    seen = shown(house, worker_id, uuid.UUID(ids["fresh"]).bytes)
    mine = Stater("x", "worker", "session-1")
    confirm.contest(house, worker_id, seen, "page", mine, "wrong-result", "我得了 91 分")
    return followed(house, worker_id)


def followed(house: House, worker_id: bytes) -> Dispute:
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        return disputes.of_workers(conn, [worker_id])[0]


def test_a_wish_to_be_restricted_is_not_told_to_the_issuer(
    centre: Any, house: House, worker_id: bytes, ids: dict[str, str]
) -> None:
    seen = shown(house, worker_id, uuid.UUID(ids["fresh"]).bytes)
    mine = Stater("x", "worker", "session-1")
    confirm.contest(house, worker_id, seen, "page", mine, "wants-restriction", "金丝雀")
    wish = followed(house, worker_id)
    clerk = centre(Position.CLERK)
    assert wish.name not in clerk.get("/centre/disputes").text
    assert clerk.get(f"/centre/disputes/{wish.name}").status_code == 404
    assert looks(house, worker_id) == []
    with house.db.read() as conn:
        assert disputes.of_issuer(conn, wish.issuer) == []
        assert [one.name for one in disputes.of_region(conn)] == [wish.name]


def once(page: Any) -> str:
    found = re.search(r'name="once" value="([^"]*)"', page.text)
    assert found is not None
    return found[1]


def looks(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.case_ref for one in looked.of_worker(conn, worker_id)]


def test_a_case_is_told_read_answered_and_the_worker_reads_by_whom(
    centre: Any, me: Visitor, house: House, worker_id: bytes, case: Dispute
) -> None:
    clerk, signer = centre(Position.CLERK), centre(Position.SIGNER)
    path = f"/centre/disputes/{case.name}"
    front = clerk.get("/centre")
    sound(front)
    assert "1 件异议等本单位答复" in front.text
    told = clerk.get("/centre/notices")
    sound(told)
    assert f'href="{path}"' in told.text
    assert re.search(r"请在 ?\d{4} ?年", told.text), "the term"
    listed = clerk.get("/centre/disputes")
    sound(listed)
    assert (f'href="{path}"' in listed.text, "91 分" in listed.text) == (True, False)
    assert looks(house, worker_id) == []

    page = clerk.get(path)
    sound(page)
    assert ("我得了 91 分" in page.text, "由本单位的签发人提交" in page.text) == (True, True)
    assert looks(house, worker_id) == [case.name]
    blank = clerk.post(f"{path}/messages", text=" ", once=once(page))
    assert (blank.status_code, "内容：" in blank.text) == (422, True)
    for _ in range(2):
        said = clerk.post(f"{path}/messages", text="请提供\n成绩单", once=once(page))
        assert (said.status_code, said.location) == (303, path)
    assert clerk.post(f"{path}/answer", outcome="rejected", text="x").status_code == 403
    heard = me.get("/me/disputes")
    assert heard.text.count("请提供 成绩单") == 1
    assert "签发单位：演示机构经办" in heard.text

    page = signer.get(path)
    sound(page)
    empty = signer.post(f"{path}/answer", once=once(page))
    assert empty.status_code == 422
    assert re.findall(r'<p><a href="#f-(\w+)">', empty.text) == ["outcome", "text"]
    wrong = signer.post(f"{path}/answer", outcome="rejected", coming="x", text="理由", once=once(page))
    assert (wrong.status_code, "理由</textarea>" in wrong.text) == (422, True)
    sound(wrong)
    for _ in range(2):
        done = signer.post(f"{path}/answer", outcome="rejected", text="与成绩单一致", once=once(page))
        assert (done.status_code, done.location) == (303, path), done.text
    with house.db.read() as conn:
        found = disputes.find(conn, case.dispute_id)
    assert found is not None
    assert (found.owner, found.answer) == (disputes.REGION, "rejected")
    after = signer.get(path)
    sound(after)
    assert "现在由登记机关办理" in after.text
    assert signer.post(f"{path}/answer", outcome="rejected", text="再说一次").status_code == 409
    mine = me.get("/me/disputes")
    assert f"签发单位：{SIGNER}" in mine.text
    assert "与成绩单一致" in mine.text


def test_an_objection_is_upheld_with_the_correction_that_was_sent(
    centre: Any,
    me: Visitor,
    house: House,
    region: Region,
    worker: dict[str, Any],
    worker_id: bytes,
    ids: dict[str, str],
    case: Dispute,
) -> None:
    signer, path = centre(Position.SIGNER), f"/centre/disputes/{case.name}"
    before = signer.get(path)
    assert 'id="f-record_id"' not in before.text, "nothing was sent yet"
    unnamed = signer.post(f"{path}/answer", outcome="upheld", text="已更正")
    assert (unnamed.status_code, "只用一种" in unnamed.text) == (422, True)
    region.correct(SCHOOL, worker, ids["fresh"], "成绩录错", score="91.0")
    page = signer.get(path)
    sound(page)
    choices = re.findall(r'<option value="([0-9a-f-]{36})">更正，', page.text)
    assert len(choices) == 1
    done = signer.post(
        f"{path}/answer", outcome="upheld", record_id=choices[0], text="已更正", once=once(page)
    )
    assert done.status_code == 303, done.text
    with house.db.read() as conn:
        found = disputes.find(conn, case.dispute_id)
    assert found is not None
    assert found.state == "upheld"
    assert "异议成立" in me.get("/me/disputes").text
    assert "异议成立" in signer.get(path).text


def test_a_correction_that_is_still_to_come_is_named_and_ends_the_case_when_it_stands(
    centre: Any, house: House, worker_id: bytes, case: Dispute
) -> None:
    signer, path = centre(Position.SIGNER), f"/centre/disputes/{case.name}"
    bad = signer.post(f"{path}/answer", outcome="upheld", coming="不是编号", text="将更正")
    assert (bad.status_code, "不是编号" in bad.text) == (422, True)
    coming = str(uuid.uuid4())
    assert signer.post(f"{path}/answer", outcome="upheld", coming=coming, text="将更正").status_code == 303
    found = followed(house, worker_id)
    assert (found.state, found.owner) == ("answered", disputes.ISSUER)
    assert found.answer_id == uuid.UUID(coming).bytes


def test_a_case_of_another_institution_is_not_there_and_leaves_no_look(
    centre: Any, house: House, worker_id: bytes, case: Dispute
) -> None:
    other, path = centre(Position.SIGNER, ASSESSOR), f"/centre/disputes/{case.name}"
    assert case.name not in other.get("/centre/disputes").text
    assert other.get(path).status_code == 404
    assert other.post(f"{path}/messages", text="x").status_code == 404
    assert other.post(f"{path}/answer", outcome="rejected", text="x").status_code == 404
    assert looks(house, worker_id) == []
    assert centre(Position.TEACHER).get(path).status_code == 403


def test_what_the_worker_tells_the_region_is_not_for_the_issuer(
    centre: Any, house: House, worker_id: bytes, case: Dispute
) -> None:
    def act(turn: Any) -> str:
        disputes.say(turn, house, case.dispute_id, "worker", "worker:1", "给单位的话")
        return case.name

    house.db.write(act)
    signer, path = centre(Position.SIGNER), f"/centre/disputes/{case.name}"
    assert "给单位的话" in signer.get(path).text
    house.db.write(lambda turn: disputes.pass_on(turn, house, disputes.locked(turn, case.dispute_id)).name)
    house.db.write(
        lambda turn: disputes.say(turn, house, case.dispute_id, "worker", "worker:1", "给登记机关的话").name
    )
    text = signer.get(path).text
    assert "给登记机关的话" not in text
    assert signer.post(f"{path}/messages", text="还想说").status_code == 409


def test_notices_are_read_once_for_the_whole_institution_and_it_is_seen_by_whom(
    centre: Any, house: House, case: Dispute
) -> None:
    clerk, signer, other = (
        centre(Position.CLERK),
        centre(Position.SIGNER),
        centre(Position.SIGNER, ASSESSOR),
    )
    assert "有 1 条未读" in clerk.get("/centre/notices").text
    assert other.post("/centre/notices/read").status_code == 303
    assert "有 1 条未读" in clerk.get("/centre/notices").text, "another institution's button reads its own"
    assert clerk.post("/centre/notices/read").location == "/centre/notices"
    assert signer.post("/centre/notices/read").location == "/centre/notices"
    seen = signer.get("/centre/notices")
    sound(seen)
    assert ("条未读" in seen.text, "演示机构经办 " in seen.text) == (False, True)
    with house.db.read() as conn:
        (one,) = noticeboard.of_office(conn, [f"institution:{SCHOOL}"])
    assert one.read_by == f"staff:{clerk.actor.id}"
    item = signer.client.get("/v1/institution/notices").json["items"][0]
    assert (item["read_ms"], item["read_by"]) == (one.read_ms, one.read_by)
    assert case.name == one.params["case_id"]
