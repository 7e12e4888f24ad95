"""The catalogue as a sheet: columns by their headings, yuan as fen, each wrong row by its number."""

import datetime as dt
import io

import openpyxl
import pytest

from recordsvc.submit.cells import Unreadable
from recordsvc.web import catalogue_sheet
from recordsvc.web.catalogue_sheet import HEADINGS

TITLES = list(HEADINGS)
GOOD = ["6-18-02-04", "四级/中级工", None, "焊工", dt.date(2026, 1, 1), None, 1500.5, 120, "是", "否"]
ROW = {
    "occupation": "6-18-02-04", "level": "4", "group": None, "title": "焊工", "first": "2026-01-01",
    "last": None, "amount_fen": 150_050, "min_hours": 120, "shortage": True, "key_list": False,
}  # fmt: skip


def workbook(*rows: list[object]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_a_workbook_is_read_under_its_title_line() -> None:
    found = catalogue_sheet.read(workbook(["自治区目录（样例）"], [], TITLES, GOOD, []))
    assert (found.rows, found.faults) == ([ROW], [])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_csv_file_is_read_in_any_order_of_columns_without_the_optional_ones(encoding: str) -> None:
    text = "补贴标准(元),起始日,等级,职业代码,职业（工种）,备注\n1500.50,2026/1/1,4,6-18-02-04,焊工,x\n"
    found = catalogue_sheet.read(text.encode(encoding))
    assert found.rows == [ROW | {"min_hours": 0, "shortage": False}]


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("职业代码", "焊工", "第 3 行 职业代码：应为职业代码"),
        ("职业代码", None, "第 3 行 职业代码：必填"),
        ("等级", "九级", "第 3 行 等级：没有这个等级"),
        ("人员类别", "宇航员", "第 3 行 人员类别：没有这个人员类别"),
        ("起始日", "2026-02-30", "第 3 行 起始日：应为日期"),
        ("截止日", "2025-12-31", "第 3 行 截止日：截止日早于起始日"),
        ("补贴标准（元）", "一千五", "第 3 行 补贴标准（元）：应为金额"),
        ("补贴标准（元）", "0.001", "第 3 行 补贴标准（元）：应为金额"),
        ("补贴标准（元）", "-1", "第 3 行 补贴标准（元）：应为不小于 0"),
        ("最少课时", "很多", "第 3 行 最少课时：应为不小于 0 的整数"),
        ("急需紧缺", "yes", "第 3 行 急需紧缺：应填 是 或 否"),
    ],
)
def test_a_wrong_row_is_named_by_its_number_and_column(column: str, value: object, told: str) -> None:
    wrong = [value if title == column else cell for title, cell in zip(TITLES, GOOD, strict=True)]
    other = ["6-18-02-05", *GOOD[1:]]
    found = catalogue_sheet.read(workbook(TITLES, other, wrong))
    assert len(found.faults) == 1
    assert found.faults[0].startswith(told)


def test_a_group_is_written_by_its_name_or_code_and_rows_of_different_groups_stand_together() -> None:
    rows = [[*GOOD[:2], group, *GOOD[3:]] for group in ("残疾人", "veteran", "所有人员")]
    found = catalogue_sheet.read(workbook(TITLES, *rows))
    assert ([row["group"] for row in found.rows], found.faults) == (["disabled", "veteran", None], [])
    again = catalogue_sheet.read(workbook(TITLES, rows[0], rows[0]))
    assert [told.partition("：")[0] for told in again.faults] == ["第 3 行 起始日"]


def test_two_rows_for_one_day_are_told_by_the_numbers_of_the_sheet() -> None:
    found = catalogue_sheet.read(workbook(["目录"], TITLES, GOOD, [], GOOD))
    (told,) = found.faults
    assert told.startswith("第 5 行 起始日：")


@pytest.mark.parametrize("data", [b"", b"PK broken", "姓名,身份证\n甲,1\n".encode()])
def test_what_is_no_such_sheet_says_what_to_do(data: bytes) -> None:
    with pytest.raises(Unreadable):
        catalogue_sheet.read(data)
