"""Rules and the catalogue at the desk: from a text to what holds, by two people, on pages."""

import datetime as dt
import html
import io
from typing import Any

import pytest

from recordsvc.ground import two_person
from recordsvc.ground.ports import beijing_date
from recordsvc.house import House
from recordsvc.money.rules import catalogue, pack
from recordsvc.web import words
from tests.web.conftest import BROWSER, Visitor
from tests.web.test_catalogue_sheet import GOOD, TITLES, workbook
from tests.web.test_pages import sound

TEXT = pack.samples()["EVAL"].text.decode().replace("sample: true\n", "")
TRIAL = {"first": "2025-01-01", "last": "2025-12-31", "region": "", "budget": "20000"}


@pytest.fixture
def desk(app: Any) -> Any:
    return lambda kind: Visitor(app).login(kind)


def seen(answer: Any) -> str:
    """The text of a page that is sound."""
    sound(answer)
    return str(html.unescape(answer.text))


def catalogue_row(**days: str) -> dict[str, Any]:
    row = {"occupation": "6-18-02-04", "level": "4", "group": None, "title": "焊工", "amount_fen": 1}
    return row | {"min_hours": 0, "shortage": False, "key_list": False} | days


def send(who: Visitor, path: str, data: bytes = b"", **fields: str) -> Any:
    """Send a form with a file; without bytes as a browser does where none was chosen."""
    form = {**fields, "csrf_token": who.csrf, "file": (io.BytesIO(data), "x.bin" if data else "")}
    return who.client.post(path, data=form, headers=BROWSER, content_type="multipart/form-data")


def test_a_rule_comes_into_force_by_two_on_pages(desk: Any, house: House) -> None:
    handler = desk("handler")
    assert "样例" in seen(handler.get("/desk/rules"))
    assert seen(handler.get("/desk/rules/new"))
    place = send(handler, "/desk/rules/new", TEXT.encode()).location
    draft = seen(handler.get(place))
    assert "草稿，待校验" in draft
    assert "sample: true" in draft  # what it changes in the sample

    assert handler.post(f"{place}/check").location == place
    assert "已校验" in seen(handler.get(place))
    wrong = handler.post(f"{place}/simulate", **TRIAL | {"budget": "0.001", "first": "gestern"})
    assert wrong.status_code == 422
    assert "两位小数" in seen(wrong)
    assert 'value="gestern"' in wrong.text
    assert handler.post(f"{place}/simulate", **TRIAL).location == f"{place}#trial"
    assert "共 0 件" in seen(handler.get(place))

    empty = handler.post(f"{place}/publish", reason="")
    assert empty.status_code == 422
    assert "发布依据" in seen(empty)
    proposal = handler.post(f"{place}/publish", reason="某厅〔2026〕9号").location
    assert f'href="{place}"' in handler.get(proposal).text
    assert desk("reviewer").post(f"{proposal}/decide", word="approve", reason="核对").status_code == 303

    assert "已发布" in seen(handler.get(place))
    today = beijing_date(house.clock.now_ms()).isoformat()
    assert house.rules.on("EVAL", today).sha256 == place.rpartition("/")[2]
    assert handler.post(f"{place}/check").status_code == 409


def test_what_ends_stands_on_the_desk_of_those_who_can_follow_it(desk: Any, house: House) -> None:
    handler = desk("handler")
    assert "补贴规定到期" not in seen(handler.get("/desk"))
    today = beijing_date(house.clock.now_ms())
    last = (today + dt.timedelta(30)).isoformat()
    row = catalogue_row(first=today.isoformat(), last=last)
    by = [house.db.write(lambda turn: catalogue.propose(turn, "某厅公告", [row], "official:a"))]
    house.db.write(lambda turn: two_person.decide(turn, by[0], "official:b", True, "核对"))

    for kind, stands in (("handler", True), ("reviewer", True), ("auditor", False)):
        assert ("补贴规定到期" in seen(desk(kind).get("/desk"))) is stands
    page = seen(handler.get("/desk/rules"))
    assert "即将到期" in page
    assert words.day(last) in page


def test_a_text_that_is_wrong_comes_back_with_its_lines(desk: Any) -> None:
    handler = desk("handler")
    text = TEXT.replace("article:", "artikel:", 1)
    line = text[: text.index("artikel:")].count("\n") + 1
    answer = send(handler, "/desk/rules/new", text=text.replace("\n", "\r\n"))
    page = seen(answer)
    assert answer.status_code == 422
    assert f"第 {line} 行：没有 artikel 这个键" in page
    assert text.splitlines()[0] in page
    assert "还没有起草过规则" in handler.get("/desk/rules").text

    assert "不是合格的 YAML" in seen(send(handler, "/desk/rules/new", text="a: ["))
    assert send(handler, "/desk/rules/new", TEXT.encode()).status_code == 303
    assert send(handler, "/desk/rules/new", TEXT.encode()).status_code == 409


def test_who_only_reads_is_offered_nothing(desk: Any) -> None:
    page = seen(desk("reviewer").get("/desk/rules"))
    assert "/desk/rules/new" not in page
    assert desk("reviewer").get("/desk/rules/new").status_code == 403


def test_a_sheet_is_tried_and_then_published_by_two(desk: Any, house: House) -> None:
    handler, place = desk("handler"), "/desk/catalogue"
    assert seen(handler.get(place))
    bad = send(handler, place, workbook(TITLES, [*GOOD[:6], "很多", *GOOD[7:]]), document="文")
    assert bad.status_code == 422
    assert "第 2 行 补贴标准（元）：应为金额" in seen(bad)

    of_group = [*GOOD[:2], "残疾人", *GOOD[3:6], 2000, *GOOD[7:]]
    tried = send(handler, place, workbook(TITLES, GOOD, of_group), document="某厅〔2026〕9号")
    page = seen(tried)
    assert "试算：共 2 行" in page
    assert "焊工　四级/中级工　残疾人" in page
    assert "1,500.50" in page
    today = beijing_date(house.clock.now_ms()).isoformat()
    assert all(one.sample for one in house.catalogue.on(today))
    rows = html.unescape(tried.text.split('name="rows" value="')[1].split('"')[0])
    missing = handler.post(f"{place}/propose", rows=rows, document="")
    assert missing.status_code == 422
    assert "依据的文件和文号" in seen(missing)
    assert "试算：共 2 行" in missing.text
    for damaged in ("[[", "[1]", '[{"occupation": 1}]', "{}"):
        assert handler.post(f"{place}/propose", rows=damaged, document="文").status_code == 422

    proposal = handler.post(f"{place}/propose", rows=rows, document="某厅〔2026〕9号").location
    assert "1500.50 元，不少于 120 课时，2026-01-01 起，急需紧缺" in seen(desk("reviewer").get(proposal))
    assert desk("reviewer").post(f"{proposal}/decide", word="approve", reason="核对").status_code == 303
    found = house.catalogue.find("6-18-02-04", "4", "2026-01-01")
    assert (found.amount_fen, found.document, found.sample) == (150_050, "某厅〔2026〕9号", False)
