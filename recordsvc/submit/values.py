"""Reads single cells: dates, levels, scores, hours, percentages. What cannot be read for certain is refused.

Each reader takes a cell and returns plain values, or raises `Puzzle` with the stable code of what is wrong.
"""

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from recordsvc.submit.cells import Cell

_FULL = (
    r"(?P<y>(?:19|20)[0-9]{2}|[0-9]{2})\s*[年./\-]\s*(?P<m>[0-9]{1,2})\s*[月./\-]"
    r"\s*(?P<d>[0-9]{1,2})\s*[日号]?"
)
_TIME = r"(?:[T\s]+[0-9]{1,2}[:时][0-9]{2}(?:[:分][0-9]{2}(?:\.0+)?秒?)?)?"
_DATE = re.compile(_FULL + _TIME)
_PACKED = re.compile(r"((?:19|20)[0-9]{2})(0[1-9]|1[0-2])([0-3][0-9])")
_SERIAL = re.compile(r"[2-8][0-9]{4}(\.[0-9]+)?")
_SEPARATOR = r"\s*(?:-|–|—|―|−|~|～|〜|至|到|一|\bto\b)+\s*"
_RANGES = (
    re.compile(rf"(?P<a>{_PACKED.pattern}){_SEPARATOR}(?P<b>{_PACKED.pattern})"),
    re.compile(rf"(?P<a>[0-9]{{2,4}}[年./\-][0-9]{{1,2}}[月./\-][0-9]{{1,2}}[日号]?){_SEPARATOR}(?P<b>\S.*)"),
)
_MONTH_DAY = re.compile(r"([0-9]{1,2})[月./\-]([0-9]{1,2})[日号]?")
_DAY = re.compile(r"([0-9]{1,2})[日号]?")
_OLDEST_YEARS = 10  # two-digit years are read only where year-month-day is the one recent reading

_ABSENT = re.compile(
    r"缺考|未参加|未参考|未考|旷考|旷课|弃考|未到|缺席|缺勤|没来|absent|no.?show", re.IGNORECASE
)
_DROPPED = re.compile(r"退学|退训|退班|退出|中途离开|辍学|dropped|withdr[ae]w", re.IGNORECASE)
_NOT_PASSED = re.compile(r"(不|未|没有?)\s*(合格|及格|通过|达标|结业)|failed|not passed", re.IGNORECASE)
_ANNULLED = re.compile(
    r"作弊|舞弊|替考|违纪|取消.{0,4}(成绩|资格)|(成绩|考试).{0,4}(取消|无效|作废)|cheat|annul", re.IGNORECASE
)
_FAILED = re.compile(
    r"(不|未|没有?|非)\s*(合格|及格|通过|达标|结业|毕业)|差|否|×|✗|✘|fail(ed)?|not passed|n|no|false",
    re.IGNORECASE,
)
_PASSED = re.compile(
    r"(考[核试]|鉴定|成绩|培训)?(合格|及格|通过|达标|已?结业|已?毕业|优秀?|良好?|中等?|优良)|是|√|✓|✔|pass(ed)?|y|yes|true",
    re.IGNORECASE,
)
_BOTH = re.compile(r"((?:不|未)?(?:合格|及格|通过))[(\s:]*([0-9.]+)分?\)?")  # 合格（85分）
_NUMBER = re.compile(r"[0-9]{1,6}(\.[0-9]+)?")

_GRADES = {
    "0": r"无等级|不分等级|无级别|none",
    "apprentice": r"学徒工?",
    "5": r"初级工?|五级|5级|level5|l5",
    "4": r"中级工?|四级|4级|level4|l4",
    "3": r"高级工|高级(?!技师)|三级|3级|level3|l3",
    "2": r"(?<!高级)(?<!特级)(?<!首席)技师|二级|2级|level2|l2",
    "1": r"高级技师|一级|1级|level1|l1",
    "special": r"特级技师|特级",
    "chief": r"首席技师|首席",
}
_CHINESE_DIGITS = {"五": "5", "四": "4", "三": "3", "二": "2", "一": "1"}
_OCCUPATION_CODE = re.compile(r"([1-8])-?([0-9]{2})-?([0-9]{2})-?([0-9]{2})[LS]{0,2}")


BLANK: Final = ("", "-", "/", "—", "无")
"""What an empty cell of a mark holds, width-folded."""


class Puzzle(ValueError):
    """A cell that has no certain meaning; `code` is one of the row codes."""

    def __init__(self, code: str) -> None:
        """Keep the code; the cell's content stays out of the message."""
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: `kind` is passed, failed, absent, dropped, scored or parts; `score` is text.

    `noted` is what a note says beside scores that await the pass mark: failed, or nothing.
    """

    kind: str
    score: str | None = None
    noted: str | None = None


def fold(text: str) -> str:
    """Width-folded text without blanks at the ends."""
    return unicodedata.normalize("NFKC", text).strip().strip("'‘’`")


def read_date(cell: Cell, *, today: dt.date, since_1904: bool = False) -> dt.date:
    """A calendar date out of a typed date, a day number, or any of the ways offices write dates."""
    if isinstance(cell.value, dt.datetime):
        return cell.value.date()
    if isinstance(cell.value, dt.date):
        return cell.value
    return date_of(fold(cell.text), today=today, since_1904=since_1904)


def date_of(text: str, *, today: dt.date, since_1904: bool = False) -> dt.date:
    """A date from text: 2024年5月10日, 2024.5.10, 2024-05-10, 20240510, 24/5/10, 45422."""
    plain = re.sub(r"\s+", " ", text)
    if match := _DATE.fullmatch(plain):
        year = match["y"]
        if len(year) == 2:
            year = _full_year(int(match["y"]), int(match["m"]), int(match["d"]), today)
        return _real(int(year), int(match["m"]), int(match["d"]))
    if match := _PACKED.fullmatch(plain.removesuffix(".0")):
        return _real(*(int(part) for part in match.groups()))
    if _SERIAL.fullmatch(plain):
        epoch = dt.date(1904, 1, 1) if since_1904 else dt.date(1899, 12, 30)
        return epoch + dt.timedelta(days=int(float(plain)))
    raise Puzzle("date-unreadable")


def range_of(text: str, *, today: dt.date) -> tuple[dt.date, dt.date]:
    """First and last day of 2024.5.10-6.3, 2024年5月10日至25日, 20240510-20240603 and the like."""
    plain = fold(text)
    for form in _RANGES:
        if match := form.fullmatch(plain):
            start = date_of(match["a"], today=today)
            return start, _range_end(match["b"].strip(), start, today)
    raise Puzzle("date-unreadable")


def read_outcome(cell: Cell) -> Outcome | None:
    """What a score or result cell says; None when it is blank."""
    text = fold(cell.text)
    if text in BLANK:
        return None
    for kind, words in (("absent", _ABSENT), ("dropped", _DROPPED)):
        if words.search(text):
            return Outcome(kind)
    if isinstance(cell.value, bool):
        return Outcome("passed" if cell.value else "failed")
    for kind, words in (("failed", _FAILED), ("passed", _PASSED)):
        if words.fullmatch(text):
            return Outcome(kind)
    if match := _BOTH.fullmatch(text):
        kind = "failed" if _FAILED.fullmatch(match[1]) else "passed"
        return Outcome(kind, percent(match[2], code="score-unreadable"))
    return Outcome("scored", percent(text.removesuffix("分"), code="score-unreadable"))


def says_absent(text: str) -> bool:
    """Whether a note says that the person did not come to the assessment."""
    return bool(_ABSENT.search(fold(text)))


def says_dropped(text: str) -> bool:
    """Whether a note says that the person left the class."""
    return bool(_DROPPED.search(fold(text)))


def says_failed(text: str) -> bool:
    """Whether a note says that the person did not pass."""
    return bool(_NOT_PASSED.search(fold(text)))


def says_annulled(text: str) -> bool:
    """Whether a note says that the marks do not count."""
    return bool(_ANNULLED.search(fold(text)))


def percent(text: str, *, code: str) -> str:
    """A number from 0 to 100 with at most two decimals, as records write it (92.5, never 92.50)."""
    plain = fold(text)
    if not _NUMBER.fullmatch(plain):
        raise Puzzle(code)
    value = Decimal(plain).quantize(Decimal("0.01"))
    if value > 100 or value != Decimal(plain):
        raise Puzzle(code)
    return f"{value:f}".rstrip("0").rstrip(".")


def read_attendance(cell: Cell) -> str | None:
    """An attendance rate as percentage text. A number up to 1 is a fraction: nobody records 1 %."""
    text = fold(cell.text)
    if not text or text in ("-", "/"):
        return None
    if text in ("全勤", "满勤"):
        return "100"
    if text.endswith("%"):
        return percent(text.removesuffix("%"), code="attendance-unreadable")
    if not _NUMBER.fullmatch(text):
        raise Puzzle("attendance-unreadable")
    value = Decimal(text)
    return percent(f"{value * 100 if value <= 1 else value:f}", code="attendance-unreadable")


def read_amount(cell: Cell) -> Decimal | None:
    """A quantity of time in whatever unit the column has; None when blank."""
    text = re.sub(r"(课时|学时|小时|分钟|节|个|h)$", "", fold(cell.text))
    if not text or text in ("-", "/"):
        return None
    if not _NUMBER.fullmatch(text) or Decimal(text) > 10_000:
        raise Puzzle("hours-unreadable")
    return Decimal(text)


def read_level(text: str) -> str | None:
    """The national level code (5 lowest … 1 highest, words for the rest); None when blank."""
    plain = fold(text).lower().replace(" ", "")
    if not plain:
        return None
    plain = _CHINESE_DIGITS.get(plain, plain)
    if plain in _GRADES:
        return plain
    found = {code for code, words in _GRADES.items() if re.search(words, plain)}
    if len(found) != 1:
        raise Puzzle("level-unreadable")
    return found.pop()


def read_occupation_code(text: str) -> str | None:
    """A national occupation code in its one form, 6-18-02-04; None when blank."""
    plain = re.sub(r"[\s–—−.]+", "-", fold(text).upper()).strip("-")
    if not plain:
        return None
    match = _OCCUPATION_CODE.fullmatch(plain)
    if match is None:
        raise Puzzle("occupation-code")
    return "-".join(match.groups())


def _full_year(first: int, middle: int, last: int, today: dt.date) -> int:
    """The century of a two-digit year, if year-month-day is the only recent reading of the three numbers."""

    def recent(year: int, month: int, day: int) -> bool:
        try:
            date = dt.date(2000 + year, month, day)
        except ValueError:
            return False
        return 0 <= today.year + 1 - date.year <= _OLDEST_YEARS

    if not recent(first, middle, last) or recent(last, middle, first) or recent(last, first, middle):
        raise Puzzle("date-ambiguous")
    return 2000 + first


def _range_end(text: str, start: dt.date, today: dt.date) -> dt.date:
    if match := _MONTH_DAY.fullmatch(text):
        return _real(start.year, int(match[1]), int(match[2]))
    if match := _DAY.fullmatch(text):
        return _real(start.year, start.month, int(match[1]))
    return date_of(text, today=today)


def _real(year: int, month: int, day: int) -> dt.date:
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise Puzzle("date-unreadable") from None
