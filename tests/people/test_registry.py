"""Card facts from outside: extract files with row errors, a card reader's string, the simulator."""

from pathlib import Path

import pytest

from recordsvc.people import synthetic
from recordsvc.people.cardbook import CardFact
from recordsvc.people.extract import ExtractFile, ExtractRefused, date_in_name
from recordsvc.people.registry import (
    READER_FIELDS,
    ReaderString,
    ReaderStringRefused,
    RowError,
    SimulatedRegistry,
    reader_string,
)

NUMBER = "640104199002159914"
HEADER = "社会保障号码,姓名,卡号,卡识别码,发卡地区,发卡日期,卡状态,卡状态日期,银行功能状态"
CHIP = synthetic.chip_code(1)
ROW = f"{NUMBER},马小兰,X00000019,{CHIP},640100,20200301,1,2020-03-05,未激活"
READ = f"640100|{NUMBER}|X00000019|640100D1560000050123456789ABCDEF|马小兰|3B|3.0|20200301|20300301|T1|D1|"


def written(folder: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path = folder / "cards-20261101.csv"
    path.write_bytes("\r\n".join((HEADER, *rows, "")).encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_an_extract_is_read_row_by_row(tmp_path: Path, encoding: str) -> None:
    path = written(tmp_path, ROW, "", encoding=encoding)
    (fact,) = ExtractFile(path, date_in_name(path)).facts()

    assert fact == CardFact(
        "resident-id",
        NUMBER,
        "马小兰",
        "X00000019",
        "extract:2026-11-01",
        CHIP,
        "640100",
        None,
        (
            ("issued", "2020-03-01", ""),
            ("social-activated", "2020-03-05", ""),
            ("bank-not-activated", "2026-11-01", ""),
        ),
    )


@pytest.mark.parametrize(
    ("old", "new", "column", "code"),
    [
        (NUMBER, "640104199002159910", "社会保障号码", "id-check-digit"),
        (NUMBER, "", "社会保障号码", "empty"),
        ("X00000019", "X0000001", "社会保障卡卡号", "card-number"),
        (CHIP, "64", "卡识别码", "chip-code"),
        ("20200301", "20200230", "发卡日期", "date"),
        ("2020-03-05", "2027-03-05", "社保状态日期", "date-later"),
        (",1,", ",5,", "社保功能状态", "status"),
        ("马小兰", "??", "姓名", "name"),
    ],
)
def test_a_bad_row_names_its_place_and_the_others_stand(
    tmp_path: Path, old: str, new: str, column: str, code: str
) -> None:
    bad = ROW.replace(old, new, 1)
    one, error, other = ExtractFile(written(tmp_path, ROW, bad, ROW), "2026-11-01").facts()

    assert isinstance(one, CardFact)
    assert isinstance(other, CardFact)
    assert isinstance(error, RowError)
    assert (error.line, error.column, error.code) == (3, column, code)
    assert error.remedy_zh
    assert NUMBER not in repr(error)


def test_what_is_no_extract_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    for data in ("姓名,卡号\n".encode(), b"", b"\x81\xff\xff\n"):
        path.write_bytes(data)
        with pytest.raises(ExtractRefused):
            ExtractFile(path, "2026-11-01")
    assert date_in_name(path) == ""


def test_both_code_sets_are_understood(tmp_path: Path) -> None:
    seen = {
        "0": "social-not-activated",
        "2": "lost-written",
        "8": "lost-oral",
        "口头挂失": "lost-oral",
        "冻结": "frozen",
    }
    rows = [ROW.replace(",1,", f",{code},", 1) for code in seen]
    facts = list(ExtractFile(written(tmp_path, *rows), "2026-11-01").facts())
    assert [fact.events[1][0] for fact in facts] == list(seen.values())


def test_a_card_readers_string_is_read_by_position() -> None:
    found = reader_string(READ)
    assert (found["card"], found["number"], found["name"]) == ("X00000019", NUMBER, "马小兰")
    flagged = reader_string(f"0|{READ}", ("flag", *READER_FIELDS))
    assert flagged["chip"] == found["chip"]
    (fact,) = ReaderString(READ, "2026-11-01").facts()
    assert fact.events == (("issued", "2020-03-01", ""),)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("", "reader-fields"),
        ("640100|x|", "reader-fields"),
        (READ.replace("640100|", "640200|", 1), "reader-area"),
        (READ.replace("X00000019", "X1"), "card-number"),
        (READ.replace("马小兰", ""), "reader-missing"),
        (f"0|{READ}", "reader-fields"),
    ],
)
def test_a_string_that_is_none_is_refused(raw: str, code: str) -> None:
    with pytest.raises(ReaderStringRefused) as refused:
        reader_string(raw)
    assert refused.value.code == code


def test_a_simulated_replacement_ends_the_old_card() -> None:
    registry = SimulatedRegistry()
    fact = CardFact("resident-id", NUMBER, "马小兰", "X00000019", "")
    registry.issue(fact, "2020-03-01")
    registry.issue(
        CardFact("resident-id", NUMBER, "马小兰", "X00000027", "", replaces="X00000019"), "2024-06-10"
    )
    old, new = registry.facts()
    assert old.events[-1] == ("replaced", "2024-06-10", "X00000027")
    assert new.events == (("issued", "2024-06-10", ""),)
    with pytest.raises(ValueError, match="no such event"):
        registry.happen("X00000019", "eaten", "2024-06-11")
