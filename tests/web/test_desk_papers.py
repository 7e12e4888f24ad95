"""The desk's page of an institution's papers: asked for with a reason, listed, taken out."""

import re

import pytest

from recordsvc.access import acts
from recordsvc.access.grants import Actor, Kind
from recordsvc.house import House
from tests.archive.paperfiles import pdf
from tests.web.conftest import Visitor
from tests.web.region import ASSESSOR, NAMES, SCHOOL
from tests.web.test_pages import sound

LONG = "承诺书与代理招生合同（" + "附件" * 40 + "）"
WHY = {"purpose": "claim-review", "case_ref": "K-7"}


@pytest.fixture
def handler(visitor: Visitor) -> Visitor:
    return visitor.login("handler")


def done(house: House) -> list[str]:
    with house.db.read() as conn:
        return [one.act for one in acts.listed(conn)]


def test_papers_are_asked_for_listed_and_taken_out(handler: Visitor, house: House) -> None:
    machine = Actor(Kind.CLIENT, "c-1", institution=SCHOOL)
    house.papers.keep(SCHOOL, pdf(), "commitment-letter", LONG, machine)
    gate = handler.get("/desk/papers")
    sound(gate)
    assert 'aria-current="page">机构材料' in gate.text
    answer = handler.post("/desk/papers", uscc=f" {SCHOOL.lower()} ", **WHY)
    assert (answer.status_code, answer.location) == (
        303,
        f"/desk/papers/{SCHOOL}?case_ref=K-7&purpose=claim-review",
    )
    page = handler.get(answer.location)
    sound(page)
    assert all(text in page.text for text in (NAMES[SCHOOL][0], LONG, "机构上传", "PDF 文件", "K-7"))
    link = re.search(r'href="(/desk/papers/[^"]+\?[^"]+)"', page.text)
    assert link is not None
    file = handler.get(link[1].replace("&amp;", "&"))
    assert (file.data, file.headers["Content-Disposition"][:10]) == (pdf(), "attachment")
    assert sorted(done(house)) == ["paper.list", "paper.open"]


def test_an_institution_without_papers_says_so(handler: Visitor) -> None:
    page = handler.get(f"/desk/papers/{ASSESSOR}?purpose=claim-review&case_ref=K-7")
    sound(page)
    assert "还没有材料" in page.text


@pytest.mark.parametrize(
    ("changed", "status", "said"),
    [
        ({"purpose": ""}, 422, "查阅目的"),
        ({"purpose": "curiosity"}, 422, "查阅目的"),
        ({"case_ref": " "}, 422, "案卷号"),
        ({"uscc": "640104199001010011"}, 404, "没有登记这个代码的机构"),
    ],
)
def test_what_is_wrong_is_said_and_no_address_has_what_was_typed(
    handler: Visitor, house: House, changed: dict[str, str], status: int, said: str
) -> None:
    answer = handler.post("/desk/papers", **{"uscc": SCHOOL, **WHY, **changed})
    sound(answer)
    assert (answer.status_code, answer.location) == (status, None)
    assert answer.text.count(said) >= 2
    assert done(house) == []


def test_who_may_not_look_sees_no_way_to(visitor: Visitor) -> None:
    auditor = visitor.login("auditor")
    assert "机构材料" not in auditor.get("/desk").text
    assert auditor.get("/desk/papers").status_code == 403
