"""`recordsvc cards`: extracts and a reader's string; rows named by line, nothing printed that is a number."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recordsvc import cardcommands
from recordsvc.access import acts
from recordsvc.house import House
from recordsvc.people import synthetic
from tests.archive.support import Centre, person

HEADER = "社会保障号码,姓名,卡号,发卡日期,卡状态,卡状态日期\n"


@pytest.fixture(autouse=True)
def _here(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's house is the test's; it stays open."""
    monkeypatch.setattr(cardcommands, "_open", lambda: _Kept(house))


class _Kept:
    def __init__(self, house: House) -> None:
        self._house = house

    def __enter__(self) -> House:
        return self._house

    def __exit__(self, *_error: object) -> None:
        return None


def run(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(cardcommands.cards, list(arguments), input=said)


def row(n: int, card: int) -> str:
    who = person(n)
    return f"{who['number']},{who['name']},{synthetic.card_number(card)},20200102,1,20200105\n"


def test_an_extract_is_tried_applied_and_applied_again(house: House, tmp_path: Path) -> None:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    path = tmp_path / "卡-20251001.csv"
    path.write_text(HEADER + row(1, 1) + row(3, 3) + "x,y,z,,,\n" + row(2, 1), "utf-8")

    tried = run("import", str(path), "--dry-run")
    assert "未写入" in tried.output
    assert house.people.find("card", synthetic.card_number(1)) is None
    done = run("import", str(path))
    again = run("import", str(path))

    assert tried.exit_code == done.exit_code == 1, "a row could not be used"
    assert "第 4 行 / line 4  社会保障号码" in done.output
    assert "第 5 行 / line 5  卡已核实为另一人的" in done.output
    assert "1  新登记到档案" in done.output
    assert "1  尚无档案" in done.output
    assert "2  没有变化" in again.output
    for n in (1, 2, 3):
        assert person(n)["number"] not in done.output
        assert synthetic.card_number(n) not in done.output
    with house.db.read() as conn:
        noted = acts.listed(conn)
    assert [one.act for one in noted] == ["cards.import"] * 2
    assert noted[0].subject == noted[1].subject


def test_an_extract_needs_its_day_and_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "cards.csv"
    path.write_text(HEADER, "utf-8")
    assert "--taken-on" in run("import", str(path)).output
    path.write_text("姓名\n", "utf-8")
    refused = run("import", str(path), "--taken-on", "2025-10-01")
    assert "表头缺少" in refused.output
    assert refused.exit_code == 1


def test_a_card_is_read(house: House) -> None:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    who, card = person(1), synthetic.card_number(9)
    chip = synthetic.chip_code(9)
    said = f"640100|{who['number']}|{card}|{chip}|{who['name']}|3B|3.0|20200301|20300301|T|D|\n"

    assert "1  新登记到档案" in run("read", "--dry-run", said=said).output
    assert house.people.find("card", card) is None
    assert "1  新登记到档案" in run("read", said=said).output
    assert house.people.find("card", card) == house.people.find("chip", chip) == centre.worker_id(who)
    assert "reader-fields" in run("read", said="x|y|\n").output
    assert "reader-fields" in run("read", said=f"0|{said}").output
    order = "flag,area,number,card,chip,name,reset,standard,issued_on,valid_until,terminal,device"
    assert "1  没有变化" in run("read", "--layout", order, said=f"0|{said}").output
    assert "name" in run("read", "--layout", "area", said=said).output
