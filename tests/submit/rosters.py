"""Makes rosters of synthetic people, tidy or as untidy as offices send them."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from recordsvc.people import synthetic

TODAY = dt.date(2026, 11, 23)
NAMES = (
    "王小云",
    "马兰",
    "古丽娜孜·艾合买提",
    "撒玉",
    "罗文",
    "周海军",
    "田玉彩",
    "锁花伟",
    "金林",
    "白英强",
    "虎小秀",
    "哈彩少",
)

ANSWERS: dict[str, Any] = {
    "institution": {"name": "宁夏示范职业培训学校", "uscc": "52640104MJTEAT0250"},
    "class": "2024-HG-03",
    "training_type": "employment-skill",
    "edition": "2015",
    "occupation": {"焊工": {"code": "6-18-02-04", "edition": "2015"}},
    "level": "5",
    "started_on": "2024-05-10",
    "ended_on": "2024-06-03",
    "minutes_per_period": 45,
    "hours": {"*": {"theory_minutes": 1080, "practice_minutes": 2520, "online_minutes": 0}},
    "pass_mark": 60,
    "result": "passed",
    "card_area": "640100",
}


def person(n: int) -> tuple[str, str]:
    """Name and valid identity number of the nth synthetic person."""
    born = dt.date(1960, 1, 1) + dt.timedelta(days=397 * n % 16_000)
    sex = "male" if n % 2 else "female"
    return NAMES[n % len(NAMES)], synthetic.resident_id("640104", born, sex, 450 + n % 50)


def people(count: int) -> list[tuple[str, str]]:
    """The first people."""
    return [person(n) for n in range(count)]


def workbook(path: Path, rows: Sequence[Sequence[Any]], title: str = "花名册") -> Path:
    """A workbook with one sheet of these rows; text stays text, numbers become numeric cells."""
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path
