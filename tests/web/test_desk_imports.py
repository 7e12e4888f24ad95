"""Old papers on pages of the desk: a file tried, its questions answered, proposed, approved, entered."""

import csv
import html
import io
import re
from typing import Any

import pytest

from recordsvc.access import acts
from recordsvc.access.grants import Actor, Kind
from recordsvc.archive import desk_importing, importing
from recordsvc.archive.importing import Importer
from recordsvc.house import House
from tests.archive.support import person
from tests.archive.test_importing import HEADINGS, OFFICE, old_row
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL
from tests.web.test_desk_rule_pages import seen, send

PLACE = "/desk/imports"
STATED = {"type": "qualification-certificate", "source": "paper-file", "vouched_by": "示范市就业服务中心"}
STATED["case_ref"] = "窗口2026-0012"
WELDER = "1999 6-04-02-05"


def runs(house: House, who: str = "demo-handler") -> list[dict[str, Any]]:
    """The runs that a handler of the whole region is listed."""
    duties = frozenset({("handler", "64")})
    return desk_importing.runs(house, Actor(Kind.OFFICIAL, who, frozenset({"handler"}), duties=duties))


@pytest.fixture
def desk(app: Any) -> Any:
    return lambda kind: Visitor(app).login(kind)


def sheet(*rows: tuple[str, ...]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([HEADINGS, *rows])
    return text.getvalue().encode("gb18030")


def again(answer: Any, **answers: str) -> dict[str, Any]:
    """The form that a page of a tried file sends back, with these answers by question."""
    text = html.unescape(answer.text)
    names = "sheet|type|source|vouched_by|case_ref"
    hidden = dict(re.findall(rf'type="hidden" name="({names})" value="([^"]*)"', text))
    questions = re.findall(r'name="question" value="([^"]+)"', text)
    given = [answers.get(one, "") for one in questions]
    return {**hidden, "question": questions, "answer": given}


def test_a_file_is_tried_answered_proposed_and_entered(desk: Any, house: House) -> None:
    handler = desk("handler")
    assert f'href="{PLACE}"' in seen(handler.get("/desk"))
    assert "近来的导入" not in seen(handler.get(PLACE))
    data = sheet(old_row(1), old_row(2, id="640104197001080000"), old_row(3, occupation="车工"))
    tried = send(handler, f"{PLACE}/try", data, **STATED)
    page = seen(tried)
    assert "可导入 0 行，有误 3 行" in page
    assert "还有 3 项要补的对照" in page
    for label in (f"“{OFFICE}”的统一社会信用代码", "职业“焊工”的版次和编码", "职业“车工”的版次和编码"):
        assert label in page
    assert f"{PLACE}/propose" not in page, "not while something is asked"
    early = handler.post(f"{PLACE}/propose", **again(tried))
    assert early.status_code == 422
    assert "还有要补的对照" in seen(early)

    wrong = handler.post(f"{PLACE}/answer", **again(tried, **{"occupations/焊工": "6-04-02-05"}))
    assert wrong.status_code == 422
    assert "写成两项：版次和编码" in seen(wrong)
    assert again(wrong)["sheet"] == again(tried)["sheet"]
    assert 'value="6-04-02-05"' in wrong.text, "nothing that was typed is lost"
    answers = {f"institutions/{OFFICE}": SCHOOL, "occupations/焊工": WELDER, "occupations/车工": "无"}
    ready = handler.post(f"{PLACE}/answer", **again(tried, **answers))
    page = seen(ready)
    assert "可导入 1 行，有误 2 行" in page
    assert "第 3 行：证件号码" in page
    assert WELDER in page, "an answer stands and can be put right"
    assert person(1)["number"] not in page, "no number but in the sheet itself"
    given = again(ready, **answers)
    place = handler.post(f"{PLACE}/propose", **given).location
    assert handler.post(f"{PLACE}/propose", **given).location == place, "sent again it is the same"

    page = seen(handler.get(place))
    assert "职业没有代码" in page
    assert page.count("证件号码") == 1
    assert desk("reviewer").post(f"{place}/decide", word="approve", reason="核对").status_code == 303
    assert Importer(house).run() == 1
    page = seen(handler.get(PLACE))
    assert "已导入 1 行，有误 2 行" in page
    assert f'href="{place}"' in page
    assert house.people.find("resident-id", person(1)["number"]) is not None
    over = handler.post(f"{PLACE}/propose", **given)
    assert over.status_code == 409
    assert "已经开始导入，或已导入完毕" in seen(over)


def test_whoever_tries_a_file_stands_in_the_list_of_acts_and_nothing_is_entered(
    desk: Any, house: House
) -> None:
    data = sheet(old_row(1))
    seen(send(desk("handler"), f"{PLACE}/try", data, **STATED))
    with house.db.read() as conn:
        found = [one.actor for one in acts.listed(conn) if one.act == "import.try"]
    assert found == ["official:demo-handler"]
    assert runs(house) == []
    assert house.people.find("resident-id", person(1)["number"]) is None


def test_what_cannot_be_read_or_is_too_long_says_what_to_do(
    desk: Any, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    handler = desk("handler")
    for data, said in ((b"\x00\x01", "文件"), (b"a,b\n1,2\n", "没有找到表头或数据行"), (b" ", "文件是空的")):
        answer = send(handler, f"{PLACE}/try", data, **STATED)
        assert answer.status_code == 422
        assert said in seen(answer)
    missing = send(handler, f"{PLACE}/try", sheet(old_row(1)), **STATED | {"type": "", "vouched_by": " "})
    page = seen(missing)
    assert "请选择记录类型" in page
    assert "请写明担保单位" in page
    monkeypatch.setattr("recordsvc.importdesk.MOST_ROWS", 2)
    seen(send(handler, f"{PLACE}/try", sheet(old_row(1), old_row(2)), **STATED))
    long = send(handler, f"{PLACE}/try", sheet(old_row(1), old_row(2), old_row(3)), **STATED)
    assert long.status_code == 422
    assert "超过 2 行" in seen(long)
    damaged = handler.post(f"{PLACE}/propose", **STATED, sheet="?", question=[], answer=[])
    assert damaged.status_code == 422
    assert "请重新选择文件试算" in seen(damaged)


def test_a_file_without_a_good_row_is_not_proposed_and_begins_anew(desk: Any, house: House) -> None:
    handler = desk("handler")
    answers = {f"institutions/{OFFICE}": "无", "occupations/焊工": WELDER}
    tried = send(handler, f"{PLACE}/try", sheet(old_row(1)), **STATED)
    given = again(tried, **answers)
    assert f"{PLACE}/propose" not in handler.post(f"{PLACE}/answer", **given).text
    for _time in range(2):
        answer = handler.post(f"{PLACE}/propose", **given)
        assert answer.status_code == 422
        assert "没有可导入的行" in seen(answer)
    assert [one["state"] for one in runs(house)] == ["dropped"]


def test_two_loads_at_once_write_each_row_once(house: House, desk: Any) -> None:
    """As where a button is pressed twice: the second finds what the first wrote."""
    papers = house.paper_sheet(
        sheet(old_row(1), old_row(2)),
        "qualification-certificate",
        {
            "institutions": {OFFICE: SCHOOL},
            "occupations": {"焊工": {"edition": "1999", "code": "6-04-02-05"}},
        },
    )
    plan = importing.Plan(papers.sha256, "qualification-certificate", "paper-file", "某中心", "official:x")
    first = iter(importing.load(house, plan, papers.rows()))

    def rows() -> Any:
        yield from papers.rows()
        assert next(first) == 2

    assert list(importing.load(house, plan, rows())) == [2]
    (run,) = runs(house, "x")
    assert (run["ready"], run["refused"]) == (2, 0)
