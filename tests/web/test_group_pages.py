"""Pages of departments: who belongs to a group is stated, corrected, ended, withdrawn; trainings are read."""

import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access import areas, consents, looked
from recordsvc.access.grants import Position
from recordsvc.archive.states import Life
from recordsvc.bodies import institutions
from recordsvc.ground import two_person
from recordsvc.ground.ports import uuid_text
from recordsvc.groups.tables import group_entry
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.web.group_forms import LIVES
from tests.web.conftest import Visitor
from tests.web.region import Region
from tests.web.test_pages import sound

FEDERATION = synthetic.uscc(81)
CASE = "残培〔2021〕1号"


@pytest.fixture
def officer(
    house: House, region: Region, worker: dict[str, Any], ids: dict[str, str], centre: Any
) -> Visitor:
    """An officer of the region's federation; the worker has a career."""
    assert ids

    def act(turn: Any) -> None:
        entry = institutions.Entry(
            FEDERATION, "自治区残联", "disabled-federation", "2015-01-01", None, "test"
        )
        institutions.enter(turn, entry, "official:1")
        areas.place_institution(turn, FEDERATION, "640000", "test", "official:1")

    house.db.write(act)
    return centre(Position.OFFICER, FEDERATION)


@pytest.fixture
def said(worker: dict[str, Any]) -> dict[str, str]:
    return {
        "name": worker["name"],
        "document": worker["document"],
        "number": worker["number"].lower(),
        "group": "disabled",
        "valid_from": "2022-01-01",
        "valid_to": "",
        "source": "certificate",
        "source_reference": "残证第1号",
        "checked_on": "2022-01-02",
        "case_ref": CASE,
    }


@pytest.fixture
def second(officer: Visitor, centre: Any) -> Visitor:
    """Another officer of the federation."""
    assert officer
    return centre(Position.OFFICER, FEDERATION, "2")


def approve(second: Visitor, how: str = "approve") -> Any:
    """Decide, as the second officer, the only thing that waits."""
    gate = second.post("/centre/groups", case_ref=CASE, waits="1").location
    address = re.search(r'action="(/centre/groups/waiting/[^"]+/decide)"', page_of(second.get(gate)))
    assert address is not None
    return second.post(address[1], how=how, reason="对照证件复核", look=gate.split("look=")[1])


@pytest.fixture
def place(officer: Visitor, second: Visitor, said: dict[str, str], house: House) -> str:
    """The address of a statement."""
    made = officer.post("/centre/groups/new", **said)
    assert made.status_code == 303, made.text
    assert approve(second).status_code == 303
    with house.db.read() as conn:
        record_id = conn.execute(sa.select(group_entry.c.record_id)).scalar_one()
    return f"/centre/groups/{uuid.UUID(bytes=bytes(record_id))}"


@pytest.fixture
def look(officer: Visitor) -> str:
    """What carries the case from page to page."""
    return str(officer.post("/centre/groups", case_ref=CASE).location).split("look=")[1]


def opened(officer: Visitor, **statement: str) -> Any:
    """Open the list for a case, or the statement."""
    gate = officer.post("/centre/groups", case_ref=CASE, **statement)
    assert gate.status_code == 303, gate.text
    return officer.get(gate.location)


def page_of(answer: Any, status: int = 200) -> str:
    assert answer.status_code == status, answer.text
    sound(answer)
    return str(answer.text)


def test_every_life_of_a_statement_has_a_word() -> None:
    assert set(LIVES) == {str(one) for one in Life}


def test_a_statement_from_its_paper_to_its_end(
    officer: Visitor, second: Visitor, place: str, look: str, worker: dict[str, Any]
) -> None:
    there = f"{place}?look={look}"
    page = page_of(officer.get(there))
    for word in (worker["name"], worker["number"][-4:], "残证第1号", "自治区残联", "残疾人"):
        assert word in page
    assert worker["number"] not in page
    listed = page_of(opened(officer))
    assert worker["name"] in listed
    assert "期，证书" in listed

    whole = {"valid_from": "2022-01-01", "valid_to": "", "source": "certificate", "checked_on": "2022-01-02"}
    changed = whole | {"source_reference": "残证第2号", "reason": "编号抄错", "look": look}
    waits = f"/centre/groups/waiting?look={look}"
    assert officer.post(f"{place}/correct", **changed).location == waits
    assert "残证第2号" not in officer.get(there).text, "until another officer decides"
    approve(second)
    assert "残证第2号" in officer.get(there).text
    assert officer.post(f"{place}/correct", **changed | {"source_reference": ""}).location == waits
    approve(second)
    assert "残证第2号" not in officer.get(there).text, "an emptied member is taken away"
    assert officer.post(f"{place}/end", valid_to="2022-01-04", reason="证件到期", look=look).location == there
    assert "不在有效期内" in page_of(officer.get(there))
    assert officer.post(f"{place}/withdraw", reason="认错了人", look=look).location == there
    assert "已撤回" in page_of(officer.get(there))


def test_what_waits_is_decided_by_another_and_taken_back_by_who_proposed_it(
    officer: Visitor, second: Visitor, said: dict[str, str], worker: dict[str, Any]
) -> None:
    waits = officer.post("/centre/groups/new", **said).location
    mine = page_of(officer.get(waits))
    assert "须由本部门另一名专员复核" in mine
    assert 'value="approve"' not in mine
    theirs = page_of(opened(second, waits="1"))
    for word in (worker["name"], "残证第1号", "残疾人", worker["number"][-4:]):
        assert word in theirs
    assert worker["number"] not in theirs
    refused = page_of(approve(second, how=""), 422)
    assert "请选择同意或退回" in refused
    assert "对照证件复核" in refused
    address = re.search(r'action="(/centre/groups/waiting/[^"]+/withdraw)"', mine)
    assert address is not None
    look = waits.split("look=")[1]
    assert "原因：" in page_of(officer.post(address[1], reason="", look=look), 422)
    assert officer.post(address[1], reason="证件未核对", look=look).status_code == 303
    assert "没有待复核的认定" in page_of(officer.get(waits))
    assert "案卷号" in page_of(officer.get("/centre/groups/waiting"))


def test_the_desk_sees_no_page_of_it_and_decides_nothing(
    officer: Visitor, said: dict[str, str], app: Any, house: House
) -> None:
    assert officer.post("/centre/groups/new", **said).status_code == 303
    with house.db.read() as conn:
        proposal_id = uuid.UUID(bytes=bytes(conn.execute(sa.select(two_person.proposal.c.id)).scalar_one()))
    reviewer = Visitor(app).login("reviewer")
    assert str(proposal_id) not in page_of(reviewer.get("/desk/proposals"))
    for there in (proposal_id, uuid.UUID(int=1)):
        assert reviewer.get(f"/desk/proposals/{there}").status_code == 404
        decided = reviewer.post(f"/desk/proposals/{there}/decide", approve="yes", reason="x")
        assert decided.status_code == 404


def test_list_and_statement_are_opened_for_a_case(
    officer: Visitor, place: str, house: House, region: Region, worker: dict[str, Any]
) -> None:
    def noted() -> set[tuple[str, str]]:
        with house.db.read() as conn:
            return {(one.fields, one.case_ref) for one in looked.of_worker(conn, region.worker_id(worker))}

    before = noted()
    for address in ("/centre/groups", place, f"{place}?look=x"):
        gate = page_of(officer.get(address))
        assert "案卷号" in gate
        assert worker["name"] not in gate
    for case in ("", str(uuid.uuid4())):
        assert "案卷号：" in page_of(officer.post("/centre/groups", case_ref=case), 422)
    assert noted() == before
    assert worker["name"] in page_of(opened(officer))
    assert worker["name"] in page_of(opened(officer, statement=place.rsplit("/", 1)[1]))
    assert noted() - before == {("identity group totals", CASE)} | {("identity group", CASE)} - before


def test_trainings_are_shown_for_a_case(
    officer: Visitor, place: str, look: str, house: House, region: Region, worker: dict[str, Any]
) -> None:
    refused = page_of(officer.post(f"{place}/trainings", case_ref="", look=look), 422)
    assert "案卷号：" in refused
    shown = page_of(officer.post(f"{place}/trainings", case_ref=CASE))
    assert "培训情况" in shown
    assert worker["number"] not in shown
    with house.db.read() as conn:
        noted = looked.of_worker(conn, region.worker_id(worker))
    assert ("trainings", CASE) in {(one.fields, one.case_ref) for one in noted}


@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"name": "李某"}, 404, "没有姓名和号码都相符的档案"),
        ({"group": ""}, 422, "人员类别："),
        ({"valid_from": "2099-01-01"}, 422, "起始日期："),
        ({"number": "12"}, 422, "证件号码："),
        ({"case_ref": ""}, 422, "案卷号："),
    ],
)
def test_what_is_wrong_is_told_and_stands_as_it_was_typed(
    officer: Visitor, said: dict[str, str], changed: dict[str, str], status: int, told: str
) -> None:
    page = page_of(officer.post("/centre/groups/new", **said | changed), status)
    assert told in page
    for name, value in (said | changed).items():
        assert value in page, name


@pytest.mark.parametrize(
    ("verb", "typed", "told"),
    [
        ("correct", {"source": "", "checked_on": "2022-01-02", "reason": "改"}, "认定依据："),
        (
            "correct",
            {
                "valid_from": "2099-01-01",
                "checked_on": "2022-01-02",
                "source": "certificate",
                "source_reference": "残证第1号",
                "reason": "改",
            },
            "起始日期：",
        ),
        ("correct", {"valid_from": "2022-01-01", "reason": ""}, "原因："),
        ("end", {"valid_to": "2021-01-01", "reason": "到期了"}, "最后一天："),
        ("withdraw", {"reason": ""}, "原因："),
    ],
)
def test_what_is_wrong_with_a_change_is_told_where_it_was_typed(
    officer: Visitor, place: str, look: str, verb: str, typed: dict[str, str], told: str
) -> None:
    page = page_of(officer.post(f"{place}/{verb}", **typed, look=look), 422)
    assert told in page
    for value in typed.values():
        assert value in page


def test_the_worker_sees_who_stated_it_and_the_desk_does_not(
    officer: Visitor, place: str, app: Any, region: Region, worker: dict[str, Any]
) -> None:
    me = Visitor(app).login()
    assert "残疾人" in me.get("/me").text
    assert "自治区残联" in me.get(f"/me/records/{place.rsplit('/', 1)[1]}").text
    assert "部门对所认定人员的培训服务" in me.get("/me/looked").text
    handler = Visitor(app).login("handler")
    gate = f"/desk/workers/{uuid_text(region.worker_id(worker))}"
    opened = handler.post(gate, purpose="service-window", case_ref="K-2026-1")
    page = handler.get(opened.location).text
    assert "焊工" in page
    assert "残疾人" not in page


def test_all_records_are_shared_without_it_and_it_alone_where_it_is_ticked(
    officer: Visitor, place: str, app: Any, house: House
) -> None:
    assert officer
    me, record_id = Visitor(app).login(), uuid.UUID(place.rsplit("/", 1)[1]).bytes
    form = {"to": "link", "purpose": "job-application", "days": "7", "part": "whole"}

    def shared() -> list[set[bytes]]:
        with house.db.read() as conn:
            return [set(one.records) for one in consents.of_workers(conn, [me.actor.worker_id])]

    assert me.post("/me/share", **form, which="all").status_code == 200
    (everything,) = shared()
    assert everything
    assert record_id not in everything
    ticked = me.post("/me/share", **form, which="chosen", records=[place.rsplit("/", 1)[1]])
    assert ticked.status_code == 200
    assert {record_id} in shared()


def test_an_officer_of_no_such_department_states_nothing(centre: Any) -> None:
    other = centre(Position.OFFICER)
    assert "没有负责认定的人员类别" in page_of(opened(other))
    assert "认定人员类别" not in opened(other).text
