"""A roster as centres really send them, and what signing it takes, for trying `recordsvc submit`."""

import datetime as dt
import json
import random
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.worksheet.worksheet import Worksheet

from demo.course import PERIOD_MINUTES
from demo.institutions import CARE
from demo.occupations import PROGRAMMES
from demo.people import Person, Registry
from demo.region import Region
from demo.schedule import training_days

_HEADERS = (
    "序号", "姓名", "性别", "民族", "身份证号码", "社保卡卡号", "培训工种", "等级", "理论课时", "实操课时",
    "出勤率", "开班日期", "结业日期", "考核成绩", "备注",
)  # fmt: skip
_FULL_WIDTH = str.maketrans("0123456789X", "０１２３４５６７８９Ｘ")
_ROWS = 22
Row = list[Any]
_ANSWERS = {
    "card_area": "640100",
    "institution": {"name": CARE.name, "uscc": CARE.uscc},
    "minutes_per_period": PERIOD_MINUTES,
    "occupation": {"养老护理员": {"code": "4-10-01-05", "edition": "2022", "name": "养老护理员"}},
    "pass_mark": 60,
    "training_type": "employment-skill",
}
"""What the sheet does not say, as the school would answer it."""


def write_sample(folder: Path, region: Region, key: Path) -> None:
    """Write `roster.xlsx`, `answers.json` and the school's key `centre.jwk` into a folder."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write(folder / "roster.xlsx", region)
    text = json.dumps(_ANSWERS, ensure_ascii=False, indent=1)
    (folder / "answers.json").write_text(text + "\n", "utf-8")
    signing = folder / "centre.jwk"
    signing.unlink(missing_ok=True)
    # A second name, not a second copy of a private key.
    signing.hardlink_to(key)


def write(path: Path, region: Region) -> None:
    """Write the roster of a class of carers (养老护理员五级) that ended some days before `region.today`."""
    rng = random.Random(region.seed + 1)  # noqa: S311 - a story is drawn here, never a secret
    first = region.today - dt.timedelta(40)
    days = training_days(first, PROGRAMMES["carer-5"].days)
    learners = _learners(rng, region)
    book = openpyxl.Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError("a new workbook has a sheet")
    sheet.title = "花名册"
    _heading(sheet, region.today)
    rows = [_row(rng, place, person, days[0], days[-1]) for place, person in enumerate(learners, 1)]
    _spoil(rng, rows)
    for row in [*rows, rows[2]]:  # one row twice, as it happens when lists are put together
        sheet.append(row)
    last = sheet.max_row
    sheet.append(["合计", f"{len(rows) + 1}人"])
    sheet.append(["制表人：", None, "审核人：", None, None, "负责人："])
    sheet.merge_cells(start_row=last + 1, start_column=2, end_row=last + 1, end_column=4)
    book.save(path)


def _heading(sheet: Worksheet, today: dt.date) -> None:
    sheet.append([f"银川金凤康养职业培训学校（示例）{today.year}年养老护理员（五级）培训班学员花名册"])
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(_HEADERS))
    sheet.append(
        [
            "培训机构（盖章）：",
            None,
            None,
            f"班级编号：{today.year}-HL-09",
            None,
            f"填表日期：{today:%Y.%m.%d}",
        ]
    )
    sheet.append(list(_HEADERS))


def _learners(rng: random.Random, region: Region) -> list[Person]:
    """Draw workers the archive knows, the one with a middle dot among them, and four it has never seen."""
    known = [person for person in region.people if not person.key and person.document == "resident-id"]
    grown_up = [person for person in known if 20 <= person.age(region.today) <= 48]
    registry = Registry(rng)
    new = [
        registry.person("", dt.date(1980 + place, 3, 5 + place), male=place % 2 == 0) for place in range(4)
    ]
    return [*rng.sample(grown_up, _ROWS - 5), region.person("dotted"), *new]


def _row(rng: random.Random, place: int, person: Person, start: dt.date, end: dt.date) -> Row:
    starts = (f"{start:%Y/%m/%d}", f"{start:%Y%m%d}", f"{start.year}.{start.month}.{start.day}", start)
    ends = (
        f"{end.year}年{end.month}月{end.day}日",
        f"{end:%Y/%m/%d}",
        f"{end.year}.{end.month}.{end.day}",
        end,
    )
    return [
        place, person.name, "男" if person.male else "女", person.ethnic,
        person.number, person.card(end).number,
        "养老护理员", "五级", 38, 58, rng.choice(("100%", "95%", 0.95, 1, "88%")), rng.choice(starts),
        rng.choice(ends), rng.choice((76, 81, 88, 92.5, "合格")), None,
    ]  # fmt: skip


def _spoil(rng: random.Random, rows: list[Row]) -> None:
    """Type some numbers as people do: spaced, full-width, quoted, one wrong, one as a number."""
    number = _HEADERS.index("身份证号码")
    texts = {1: "{0} ", 3: "'{0}", 8: " {0}"}
    for place, form in texts.items():
        rows[place][number] = form.format(rows[place][number])
    spaced = rows[4][number]
    rows[4][number] = f"{spaced[:6]} {spaced[6:14]} {spaced[14:]}"
    rows[6][number] = rows[6][number].translate(_FULL_WIDTH)
    rows[11][number] = _mistyped(rows[11][number])
    rows[-1][number] = rows[-1][number][:6] + rows[-1][number][8:17]  # as on a first-generation card
    rows[14][number] = int(rows[14][number].replace("X", "0"))  # a spreadsheet keeps 15 digits of it
    for place in rng.sample([0, 5, 7, 9, 10, 12], 3):
        rows[place][_HEADERS.index("考核成绩")] = "缺考"
    for row in rows:
        if row[number] and isinstance(row[number], str):
            row[number] = row[number].replace("X", "x")


def _mistyped(number: str) -> str:
    """Return the number with its sixteenth digit one higher: the check digit no longer fits."""
    return number[:15] + str((int(number[15]) + 1) % 10) + number[16:]
