"""Pages of officials' own archives: naming it, confirming it, who has not."""

from typing import Any

import pytest

from recordsvc.house import House
from tests.archive.support import person
from tests.web.conftest import Visitor

NUMBER = person(11)["number"]
SAID = {"document": "resident-id", "number": NUMBER, "has": "yes"}


@pytest.fixture
def desk(app: Any) -> Any:
    """Sign in as a persona of the desk."""
    return lambda kind: Visitor(app).login(kind)


def test_the_account_page_asks_until_it_is_answered(desk: Any) -> None:
    handler, registrar = desk("handler"), desk("registrar")
    assert "尚未申报" in handler.get("/desk/sessions").text
    assert handler.post("/desk/own-archive", **SAID).location == "/desk/own-archive"
    page = handler.get("/desk/own-archive").text
    assert "等待复核" in page
    assert NUMBER not in page
    assert "申报本人档案" in registrar.get("/desk/proposals").text

    (place,) = {one for one in links(registrar.get("/desk/proposals").text) if "/desk/proposals/" in one}
    shown = registrar.get(place).text
    assert "*" * 14 + NUMBER[-4:] in shown
    assert NUMBER not in shown
    assert NUMBER[-4:] not in handler.get(place).text
    assert registrar.post(f"{place}/decide", word="approve", reason="已核对证件").status_code == 303
    assert "已申报" in handler.get("/desk/sessions").text
    assert NUMBER[-4:] not in registrar.get(place).text.partition("<main")[2]


def links(text: str) -> list[str]:
    return [part.partition('"')[0] for part in text.split('href="')[1:]]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"document": ""}, "证件："),
        ({"number": ""}, "证件号码："),
        ({"number": NUMBER[:-1]}, "证件号码：不是这种证件的号码"),
        ({"has": ""}, "档案：请选择"),
    ],
)
def test_what_is_wrong_is_told_and_the_number_is_not_sent_back(
    desk: Any, changes: dict[str, str], told: str
) -> None:
    answer = desk("handler").post("/desk/own-archive", **(SAID | changes))
    assert answer.status_code == 422
    assert told in answer.text
    assert NUMBER[:-1] not in answer.text


def test_too_many_tries_are_told_on_the_page(desk: Any) -> None:
    handler, registrar = desk("handler"), desk("registrar")
    for _ in range(3):
        assert handler.post("/desk/own-archive", **SAID).status_code == 303
        (place,) = {one for one in links(registrar.get("/desk/proposals").text) if "/desk/proposals/" in one}
        registrar.post(f"{place}/decide", word="refuse", reason="证件未带")
    answer = handler.post("/desk/own-archive", **SAID)
    assert answer.status_code == 429
    assert "请求过于频繁" in answer.text


def test_the_officials_of_the_demo_have_not_answered_yet(desk: Any) -> None:
    text = desk("registrar").get("/desk/own-archives").text
    assert "还有 11 人没有申报" in text
    assert text.count("尚未申报") == 11
    assert desk("handler").get("/desk/own-archives").status_code == 403
    assert "/desk/own-archives" in desk("auditor").get("/desk/people").text


def test_a_worker_is_not_asked(me: Visitor, house: House) -> None:
    assert "本人档案" not in me.get("/me/sessions").text
    assert me.get("/desk/own-archive").status_code == 403
