"""The desk: what waits, a worker found and looked at, proposals decided by two; each look leaves its row."""

import html
import re
import uuid
from typing import Any

import flask
import pytest

from recordsvc.access import looked
from recordsvc.archive import erasing, merging
from recordsvc.archive.merging import Why
from recordsvc.ground import two_person
from recordsvc.ground.two_person import Proposal
from recordsvc.house import House
from recordsvc.people import merges
from recordsvc.web import proposal_words
from tests.web.conftest import Visitor
from tests.web.region import Region, person
from tests.web.test_pages import sound

WHY = {"purpose": "service-window", "case_ref": "宁人社窗〔2025〕7号"}


@pytest.fixture(params=["sqlite", "postgresql"])
def dialect(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def desk(app: flask.Flask, ids: dict[str, str]) -> Any:
    """Sign officials in."""
    assert ids
    return lambda kind: Visitor(app).login(kind)


@pytest.fixture
def merge(
    house: House, region: Region, ids: dict[str, str], worker: dict[str, Any]
) -> tuple[str, bytes, bytes]:
    """A proposal of the handler to merge a second archive into the worker's."""
    assert ids
    other = person("马兰", 7)
    region.course(other, "2025-09-20")
    first, second = region.worker_id(other), region.worker_id(worker)
    why = Why("number-corrected", "公安机关证明")
    made = house.db.write(
        lambda turn: merging.propose_merge(turn, house, first, second, why, "official:demo-handler")
    )
    return str(uuid.UUID(bytes=made)), first, second


def rows(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.fields for one in looked.of_worker(conn, worker_id)]


def test_a_worker_is_found_by_number_and_the_number_is_in_no_address(
    desk: Any, house: House, region: Region, worker: dict[str, Any], capfd: pytest.CaptureFixture[str]
) -> None:
    official = desk("handler")
    sound(official.get("/desk"))
    answer = official.post("/desk/numbers", kind="resident-id", number=worker["number"], **WHY)
    page = official.get(answer.location)

    assert answer.status_code == 303
    sound(page)
    assert f"{worker['name']}</bdi>的档案" in page.text
    assert worker["number"] not in answer.location + page.text + "".join(capfd.readouterr())
    assert sorted(rows(house, region.worker_id(worker))) == ["identity", "records"]
    official.get(answer.location)
    assert len(rows(house, region.worker_id(worker))) == 3


@pytest.mark.parametrize(
    ("fields", "status", "message"),
    [
        ({"number": "640104199002150000"}, 404, "没有这个号码的档案"),
        ({"number": ""}, 422, "必填"),
        ({"kind": "of-my-own"}, 422, "请选择号码种类"),
        ({"purpose": "curiosity"}, 422, "查阅目的不在现行目录内"),
        ({"case_ref": " "}, 422, "必填"),
    ],
)
def test_a_search_says_what_is_wrong_and_keeps_what_was_typed(
    desk: Any, fields: dict[str, str], status: int, message: str
) -> None:
    typed = {"kind": "resident-id", "number": "640104199002150000", **WHY} | fields
    answer = desk("handler").post("/desk/numbers", **typed)

    assert answer.status_code == status
    sound(answer)
    assert message in answer.text
    assert typed["number"] in answer.text


def test_an_archive_asks_for_purpose_and_case_and_does_not_tell_whether_it_is_there(
    desk: Any, house: House, region: Region, worker: dict[str, Any]
) -> None:
    official, worker_id = desk("handler"), region.worker_id(worker)
    there, nowhere = (f"/desk/workers/{uuid.UUID(bytes=one)}" for one in (worker_id, b"\1" * 16))
    gates = [official.get(there), official.get(nowhere)]
    refused = official.post(there, purpose="curiosity", case_ref="7")

    assert [one.status_code for one in gates] == [200, 200]
    assert gates[0].text.replace(there, "").replace(there[-36:], "") == gates[1].text.replace(
        nowhere, ""
    ).replace(nowhere[-36:], "")
    sound(gates[0])
    assert refused.status_code == 422
    assert rows(house, worker_id) == []
    assert official.get(official.post(nowhere, **WHY).location).status_code == 404


def test_a_look_is_good_for_one_archive_one_session_and_a_quarter_of_an_hour(
    desk: Any, house: House, region: Region, worker: dict[str, Any], clock: Any
) -> None:
    official, other = desk("handler"), desk("reviewer")
    address = official.post(f"/desk/workers/{uuid.UUID(bytes=region.worker_id(worker))}", **WHY).location
    foreign = other.get(address)
    elsewhere = official.get(address.replace(address[14:50], str(uuid.UUID(bytes=b"\1" * 16))))
    for _ in range(2):  # a session ends sooner than this when nobody uses it
        clock.advance(8 * 60 * 1000)
        official.get("/desk")
    late = official.get(address)

    for page in (foreign, elsewhere, late):
        assert page.status_code == 200
        assert "已经失效" in page.text
    assert rows(house, region.worker_id(worker)) == []


def test_a_restricted_archive_shows_its_state_and_nothing_else(
    desk: Any, house: House, region: Region, worker: dict[str, Any]
) -> None:
    officer, worker_id = desk("data-officer"), region.worker_id(worker)
    erasing.restrict(house, worker_id, "authority-order", "依决定", officer.actor)
    page = officer.get(officer.post(f"/desk/workers/{uuid.UUID(bytes=worker_id)}", **WHY).location)

    sound(page)
    assert "已限制处理" in page.text
    assert worker["name"] not in page.text
    assert rows(house, worker_id) == ["identity"]


def test_a_proposal_is_told_in_words_and_decided_by_the_second_person(
    desk: Any, house: House, merge: tuple[str, bytes, bytes]
) -> None:
    proposal, first, second = merge
    path, reviewer = f"/desk/proposals/{proposal}", desk("reviewer")
    sound(reviewer.get("/desk/proposals"))
    assert "1 项等您复核" in reviewer.get("/desk").text
    page = reviewer.get(path)
    sound(page)
    for text in ("合并档案", "证件号码更正", "公安机关证明", str(uuid.UUID(bytes=first)), "demo-handler"):
        assert text in page.text
    empty = reviewer.post(f"{path}/decide", word="approve", reason="")
    assert (empty.status_code, "必填" in empty.text) == (422, True)
    sound(empty)

    assert reviewer.post(f"{path}/decide", word="approve", reason="核对无误").location == path
    assert "已批准" in reviewer.get(path).text
    assert "合并档案" in reviewer.get("/desk/proposals?state=closed").text
    with house.db.read() as conn:
        assert merges.person_id(conn, first) == second
    again = reviewer.post(f"{path}/decide", word="refuse", reason="再想想")
    assert (again.status_code, "已经办结" in again.text) == (409, True)


def test_the_proposer_may_only_withdraw_and_others_may_not(
    desk: Any, merge: tuple[str, bytes, bytes]
) -> None:
    path, handler, reviewer = f"/desk/proposals/{merge[0]}", desk("handler"), desk("reviewer")
    own = handler.post(f"{path}/decide", word="approve", reason="自己批")
    foreign = reviewer.post(f"{path}/withdraw", reason="不要了")

    assert own.status_code == 403
    assert foreign.status_code == 403
    assert "只有提出人可以撤回" in foreign.text
    assert 'value="approve"' not in handler.get(path).text
    assert handler.post(f"{path}/withdraw", reason="填错了").location == path
    assert "已撤回" in handler.get(path).text


def test_doors_are_for_their_roles_and_need_the_sessions_token(
    desk: Any, me: Visitor, merge: tuple[str, bytes, bytes]
) -> None:
    path, worker = f"/desk/proposals/{merge[0]}", f"/desk/workers/{uuid.UUID(bytes=merge[1])}"
    auditor, reviewer = desk("auditor"), desk("reviewer")
    me.login()

    assert [me.get(one).status_code for one in (path, worker, "/desk/proposals")] == [403] * 3
    assert auditor.get(path).status_code == 200
    assert 'value="approve"' not in auditor.get(path).text
    assert "查找劳动者" not in auditor.get("/desk").text
    assert [auditor.get(worker).status_code, auditor.post("/desk/numbers").status_code] == [403, 403]
    for door in (f"{path}/decide", f"{path}/withdraw", worker, f"{worker}/copy", "/desk/numbers"):
        assert reviewer.post(door, csrf=False, reason="x", word="approve").status_code == 403
    assert "待复核" in reviewer.get(path).text
    assert reviewer.get("/desk/proposals/01999999-0000-7000-8000-000000000000").status_code == 404


def test_a_kind_without_words_is_listed_member_by_member() -> None:
    payload = {"amount": 3, "places": [{"name": "某处"}], "reason": "理由"}
    made = Proposal(b"\0" * 16, "of.later", "甲", payload, "", "a", 0, 1, "open", None, None, None, "")
    found = proposal_words.told(made, str)

    assert "of.later" in found.title
    assert {(one.label, one.value) for one in found.facts} >= {
        ("amount", "3"),
        ("理由", "理由"),
        ("事项", "甲"),
    }
    assert re.search("某处", str(found.facts))


def test_every_kind_of_proposal_has_words(app: Any) -> None:
    assert app  # all rooms are loaded
    kinds = {one for one in two_person.kinds() - two_person.apart() if "." in one}
    made = {
        one: Proposal(b"\0" * 16, one, "甲", {}, "", "a", 0, 1, "open", None, None, None, "") for one in kinds
    }
    assert len(kinds) > 20
    assert [one for one in kinds if one in proposal_words.title(made[one])] == []


def test_an_import_is_told_with_its_source_in_words() -> None:
    payload = {"source": "paper-file", "ready": 3, "type": "level-certificate", "vouched_by": "某局"}
    made = Proposal(b"\0" * 16, "import.run", "甲", payload, "", "a", 0, 1, "open", None, None, None, "")
    found = {(one.label, one.value) for one in proposal_words.told(made, str).facts}

    assert found == {
        ("来源", "纸质档案或台账"),
        ("导入条数", "3"),
        ("类型", "职业技能等级证书"),
        ("担保单位", "某局"),
    }


def test_a_decision_of_a_case_is_told_with_the_way_to_the_case() -> None:
    payload = {"dispute_id": "d-1", "type": "revocation", "seen": "abc", "sealed": "xyz", "worker_id": "w-1"}
    made = Proposal(b"\0" * 16, "dispute.decide", "d-1", payload, "", "a", 0, 1, "open", None, None, None, "")
    found = {(one.label, one.value, one.href) for one in proposal_words.told(made, str).facts}

    assert found == {
        ("异议", "d-1", "/desk/disputes/d-1"),
        ("类型", "成立：撤销记录", ""),
        ("档案", "w-1", "/desk/workers/w-1"),
    }


def test_more_than_a_hundred_proposals_are_all_reached(desk: Any, house: House) -> None:
    def propose(turn: Any) -> list[str]:
        made = [
            two_person.propose(turn, "client.lift", f"c-{n}", {"reason": "x"}, "official:someone")
            for n in range(105)
        ]
        return [str(uuid.UUID(bytes=one)) for one in made]

    wanted = set(house.db.write(propose))
    registrar = desk("registrar")
    assert "105 项等您复核" in registrar.get("/desk").text
    seen: set[str] = set()
    path = "/desk/proposals"
    for _page in range(10):
        page = registrar.get(path)
        sound(page)
        seen |= set(re.findall(r'href="/desk/proposals/([0-9a-f-]{36})"', page.text))
        following = re.search(r'href="(/desk/proposals\?[^"]*cursor=[^"]+)"', page.text)
        if following is None:
            break
        path = html.unescape(following[1])
    assert seen == wanted


@pytest.fixture
def foreign(house: House, ids: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> str:
    """A proposal of a kind that only another version of the service knows."""
    assert ids
    with monkeypatch.context() as elsewhere:
        elsewhere.setitem(two_person._kinds, "of.later", two_person._kinds["client.lift"])
        made = house.db.write(
            lambda turn: two_person.propose(
                turn, "of.later", "日后才有的事项", {"reason": "x"}, "official:demo-handler"
            )
        )
    return str(uuid.UUID(bytes=made))


@pytest.mark.parametrize("kind", ["reviewer", "registrar", "data-officer"])
def test_a_proposal_of_an_unknown_kind_is_listed_and_not_decided(desk: Any, foreign: str, kind: str) -> None:
    official = desk(kind)
    for path in ("/desk", "/desk/proposals", f"/desk/proposals/{foreign}"):
        page = official.get(path)
        assert page.status_code == 200
        sound(page)
    assert foreign in official.get("/desk/proposals").text
    assert "日后才有的事项" in page.text
    assert "当前版本不能办理这类事项" in page.text
    assert f"{foreign}/decide" not in page.text
    for word in ("approve", "refuse"):
        answer = official.post(f"/desk/proposals/{foreign}/decide", word=word, reason="试")
        assert answer.status_code == 409
        assert "当前版本不能办理这类事项" in answer.text


def test_a_proposal_of_an_unknown_kind_is_withdrawn_by_its_proposer(desk: Any, foreign: str) -> None:
    handler = desk("handler")
    answer = handler.post(f"/desk/proposals/{foreign}/withdraw", reason="系统升级后再提")
    assert answer.status_code == 303
    assert "提出人撤回" in handler.get(f"/desk/proposals/{foreign}").text
