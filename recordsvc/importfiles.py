"""Files of old papers (旧档案文件): from rows as offices wrote them to what a record says.

Headings are recognised as in rosters; certificate number and issue date have wordings of their own. What a
file does not say - which code an occupation has, which credit code an office had - is asked for once and kept
in a profile beside it. What is answered with null there has no answer: its rows stay refused, and it is not
asked again. What cannot be read for certain is an error of the row.
"""

import datetime as dt
import hashlib
import itertools
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from recordsvc.archive.importrows import Row
from recordsvc.submit import cells, values
from recordsvc.submit.cells import Cell, Sheet, Unreadable, column_index
from recordsvc.submit.headers import Field, fold
from recordsvc.submit.layout import find_tables
from recordsvc.submit.privatefiles import write_private
from recordsvc.submit.reading import Reading, read_row
from recordsvc.submit.sheets import each_row
from recordsvc.submit.table import Table
from recordsvc.submit.values import Puzzle

TYPES: Final = (
    "level-certificate",
    "qualification-certificate",
    "safety-permit",
    "skill-certificate",
    "training-certificate",
    "training-completion",
)
HEAD: Final = 60
"""Rows among which the headings must stand."""
PERIOD: Final = 45
NO_CODE: Final = {"code": "", "edition": ""}
"""An occupation of which the code is asked."""
_NUMBER: Final = re.compile(r"(证书?|证件?)?(编号|编码|号码?)$")
_CERTIFICATE: Final = re.compile(r"证书|合格证|结业证|资格证|等级证|操作证")
_AWARDED: Final = re.compile(r"(发证|颁证|颁发|签发|证书)(日期|时间|年月日)|批准日期")
_PERMIT_TEXTS: Final = {
    "category": re.compile(r"作业(类别|种类)|操作类别"),
    "item": re.compile(r"(准操|操作|作业)项目"),
}
_PERMIT_DAYS: Final = {
    "valid_from": re.compile(r"有效(期限?)?(自|起|开始)|(生效|起始)(日期|时间)"),
    "valid_to": re.compile(r"有效(期限?)?(止|至|截止|终止|届满|到期)|(失效|截止|到期)(日期|时间)"),
    "first_issued_on": re.compile(r"初次?(领证|发证|取证)"),
    "review_due_on": re.compile(r"应复审|复审(到期|截止|期限)|下次复审"),
}
_PERMIT_TERM: Final = re.compile(r"有效期限?")
"""A column with both days of the term: 2019-05-08至2025-05-07."""
_OFFICE: Final = re.compile(r"(发证|颁证|颁发|鉴定|考核|评价|培训)(机构|单位|机关|部门|中心|站|所)$")
_OLD_SHANGHAI: Final = re.compile(r"[0-9]{13}")
_MEMBER: Final = {
    "level-certificate": "organisation",
    "qualification-certificate": "body",
    "safety-permit": "authority",
    "skill-certificate": "organisation",
    "training-certificate": "institution",
    "training-completion": "institution",
}


def name_key(name: str) -> str:
    """Return what names are compared by: width and blanks folded, as those in cells are."""
    return " ".join(values.fold(name).split())


class RowFault(ValueError):
    """A row has no certain meaning; the message is the stable code."""


@dataclass(slots=True)
class Profile:
    """What was answered once for files of this kind; `open` collects what has to be answered still."""

    columns: dict[str, str | None] = field(default_factory=dict)
    institutions: dict[str, str | None] = field(default_factory=dict)
    occupations: dict[str, dict[str, str] | None] = field(default_factory=dict)
    institution: str | None = ""
    training_type: str | None = ""
    minutes_per_period: int = PERIOD
    open: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Profile":
        """Read a profile; an empty one when there is none. Raises `Unreadable`."""
        try:
            told = json.loads(path.read_text("utf-8"))
            return cls.told(told)
        except FileNotFoundError:
            return cls()
        except (json.JSONDecodeError, UnicodeDecodeError, TypeError):
            raise Unreadable("profile", "对照文件不是合法的 JSON", "the profile is not valid JSON") from None

    @classmethod
    def told(cls, told: Mapping[str, Any]) -> "Profile":
        """Return a profile with these answers; others say nothing. Raises `Unreadable`, `TypeError`."""
        known = {name: told[name] for name in cls.members() if name in told}
        for name, value in known.items():
            if not _SHAPES[name](value):
                raise Unreadable(
                    "profile", f"对照文件中 {name} 写法不对", f"{name} of the profile is malformed"
                )
        for about in ("institutions", "occupations"):
            known[about] = _folded(known.get(about, {}))
        return cls(**known)

    @staticmethod
    def members() -> tuple[str, ...]:
        """Names of what a profile answers."""
        return (
            "columns",
            "institution",
            "institutions",
            "minutes_per_period",
            "occupations",
            "training_type",
        )

    def save(self, path: Path) -> None:
        """Write the profile with a place for each open question."""
        told = {name: getattr(self, name) for name in self.members()}
        blank: Mapping[str, Any] = {"columns": "", "institutions": "", "occupations": NO_CODE}
        for about, value in blank.items():
            told[about] = {**dict.fromkeys(sorted(self.open.get(about, ())), value), **told[about]}
        write_private(path, f"{json.dumps(told, ensure_ascii=False, indent=1)}\n".encode())

    def ask(self, about: str, name: str = "") -> None:
        """Note a question: about a member, or about one of those it lists; not one answered with null."""
        told = getattr(self, about)
        if (told.get(name, "") if isinstance(told, Mapping) else told) is not None:
            self.open.setdefault(about, set()).add(name)


def _folded(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return answers by the keys of their names; of two for one name the one that says something."""
    found: dict[str, Any] = {}
    for name, value in told.items():
        if value not in ("", NO_CODE) or name_key(name) not in found:
            found[name_key(name)] = value
    return found


def _texts(value: object) -> bool:
    return isinstance(value, dict) and all(one is None or isinstance(one, str) for one in value.values())


_SHAPES: Final[Mapping[str, Callable[[Any], bool]]] = {
    "columns": _texts,
    "institution": lambda value: value is None or isinstance(value, str),
    "institutions": _texts,
    "minutes_per_period": lambda value: type(value) is int and value > 0,
    "occupations": lambda value: (
        isinstance(value, dict) and all(one is None or _texts(one) for one in value.values())
    ),
    "training_type": lambda value: value is None or isinstance(value, str),
}
"""Members of a profile -> whether a value has their shape."""


def by_name(register: Iterable[tuple[str, str]]) -> dict[str, dict[str, str]]:
    """Return who bears or bore a name: key of the name -> code -> the name as the register writes it.

    `register`: code and name of each institution, a pair for every name it had, the newest last.
    """
    found: dict[str, dict[str, str]] = {}
    for uscc, name in register:
        found.setdefault(name_key(name), {})[uscc] = name
    return found


class PaperFile:
    """One file as records of one type."""

    def __init__(
        self,
        file: Path | bytes,
        record_type: str,
        profile: Profile,
        today: dt.date,
        registered: Mapping[str, Mapping[str, str]],
    ) -> None:
        """Open a file; `registered`: who bears which name (`by_name`)."""
        self._data = file if isinstance(file, bytes) else file.read_bytes()
        if not self._data.strip():
            raise Unreadable("empty", "文件是空的", "the file is empty")
        self.sha256 = hashlib.sha256(self._data).digest()
        self._type = record_type
        self._profile = profile
        self._today = today
        self._registered = registered
        rows, self._since_1904 = each_row(self._data)
        head = tuple(itertools.islice(rows, HEAD))
        known = set(Field)
        chosen = {name: column for name, column in profile.columns.items() if name in known and column}
        found = find_tables(Sheet("", head, since_1904=self._since_1904), chosen)
        if not found:
            raise Unreadable("nobody-listed", "没有找到表头或数据行", "no headings or no rows were found")
        self._table: Table = found[0]
        self._first = min(row.number for row in found[0].data)
        self._number = self._column("certificate-number", _is_number)
        self._awarded = self._column(
            "certificate-issued-on",
            lambda text: bool(_AWARDED.search(text)) and not _PERMIT_DAYS["first_issued_on"].search(text),
        )
        self._office = self._column("issued-by", lambda text: bool(_OFFICE.search(text)))
        self._permit = {
            name: self._column(f"permit-{name}".replace("_", "-"), _finding(form))
            for name, form in (_PERMIT_TEXTS | _PERMIT_DAYS).items()
        }
        self._term = self._column("permit-term", lambda text: bool(_PERMIT_TERM.fullmatch(text)))

    def _column(self, name: str, fits: Callable[[str], bool]) -> int | None:
        if letter := self._profile.columns.get(name):
            return column_index(letter)
        return next((at for at, text in enumerate(self._table.headings) if text and fits(fold(text))), None)

    def ask_all(self) -> None:
        """Read all rows, so that the profile knows all that it has to answer still."""
        for _row in self.rows():
            pass

    def rows(self) -> Iterator[Row]:
        """Return each row that is about somebody; totals, notes and empty lines are passed over."""
        for row in each_row(self._data)[0]:
            if row.number < self._first or not row.filled:
                continue
            reading = read_row(self._table, row, row.number, self._today)
            if not (reading.name or reading.written_id):
                continue
            yield self._row(row, reading)

    def _row(self, row: cells.Row, reading: Reading) -> Row:
        finding = reading.finding
        if finding is not None and not reading.sendable:
            return Row(row.number, code=finding.code)
        try:
            body = self._body(row, reading)
        except (RowFault, Puzzle) as fault:
            return Row(row.number, code=str(fault))
        worker: dict[str, Any] = {
            "document": reading.document,
            "name": reading.name,
            "number": reading.number,
        }
        if reading.card:
            worker["card"] = {"number": reading.card, "area": reading.card_area or "640000"}
        return Row(row.number, worker, body, body[_MEMBER[self._type]])

    def _body(self, row: cells.Row, reading: Reading) -> dict[str, Any]:
        body: dict[str, Any] = {}
        faults = []
        for part in self._parts(row, reading):
            try:
                body |= part()
            except (RowFault, Puzzle) as fault:
                # Read on: what the other parts have to ask is asked with it, and not in another round.
                faults.append(fault)
        if faults:
            raise faults[0]
        if self._type == "level-certificate":
            body["scheme"] = "employer" if body["certificate"]["number"].startswith("Y") else "social"
        return body

    def _parts(self, row: cells.Row, reading: Reading) -> Iterator[Callable[[], dict[str, Any]]]:
        """Return what reads the members of a body, a few at a time."""
        yield lambda: {_MEMBER[self._type]: self._institution(row, reading)}
        if self._type != "training-completion":
            yield lambda: {"certificate": self._certificate(row)}
        if self._type == "training-certificate":
            yield lambda: self._project(reading)
        elif self._type == "safety-permit":
            yield lambda: self._permitted(row)
        else:
            yield lambda: {"occupation": self._occupation(reading)}
        if self._type == "training-completion":
            yield lambda: self._course(reading)
        elif self._type in ("level-certificate", "qualification-certificate"):
            yield lambda: {"level": reading.level or _fault("level-missing")}

    def _project(self, reading: Reading) -> dict[str, Any]:
        said = {"project": _text(reading, Field.OCCUPATION, "project-missing"), **self._span(reading)}
        return said | ({"level": reading.level} if reading.level else {})

    def _institution(self, row: cells.Row, reading: Reading) -> dict[str, str]:
        printed = "" if self._office is None else name_key(row.cell(self._office).text)
        name = reading.texts.get(Field.INSTITUTION) or printed or name_key(self._profile.institution or "")
        if not name:
            if self._office is None and Field.INSTITUTION not in self._table.columns:
                self._profile.ask("institution")
            raise RowFault("institution-missing")
        bearers = self._registered.get(name_key(name), {})
        # A name that two institutions bear says nothing of which is meant.
        only = next(iter(bearers)) if len(bearers) == 1 else ""
        uscc = reading.texts.get(Field.USCC) or self._profile.institutions.get(name) or only
        if not uscc:
            self._profile.ask("institutions", name)
            raise RowFault("institution-code-missing")
        return {"name": bearers.get(uscc, name), "uscc": uscc}

    def _occupation(self, reading: Reading) -> dict[str, str]:
        name = _text(reading, Field.OCCUPATION, "occupation-missing")
        told = self._profile.occupations.get(name) or {}
        known = {key: value for key, value in told.items() if value}
        # A half-filled answer is none: a record names edition and code, or a key of the local catalogue.
        if not (known.keys() >= {"code", "edition"} or "catalogue" in known):
            self._profile.ask("occupations", name)
            raise RowFault("occupation-code-missing")
        return {**known, "name": name}

    def _certificate(self, row: cells.Row) -> dict[str, str]:
        if self._number is None or self._awarded is None:
            self._ask_column("certificate-number", self._number)
            self._ask_column("certificate-issued-on", self._awarded)
            raise RowFault("certificate-column-missing")
        number = values.fold(row.cell(self._number).text).replace(" ", "").upper()
        if not number:
            raise RowFault("certificate-number-missing")
        if isinstance(row.cell(self._number).value, float) and len(number) > 15:
            raise RowFault("certificate-number-lost")
        if self._type == "qualification-certificate" and _OLD_SHANGHAI.fullmatch(number):
            number = f"000{number}"
        return {"issued_on": self._day(row.cell(self._awarded)), "number": number}

    def _ask_column(self, name: str, column: int | None) -> None:
        if column is None:
            self._profile.ask("columns", name)

    def _permitted(self, row: cells.Row) -> dict[str, str]:
        """Return what a special-operation permit says beside its number: work, term, review."""
        told = {}
        for name in _PERMIT_TEXTS:
            self._ask_column(f"permit-{name}", self._permit[name])
        if self._term is None and None in (self._permit["valid_from"], self._permit["valid_to"]):
            self._profile.ask("columns", "permit-term")
        for name, column in self._permit.items():
            cell = Cell(None) if column is None else row.cell(column)
            if name in _PERMIT_DAYS:
                told[name] = "" if cell.empty else self._day(cell)
            else:
                told[name] = " ".join(values.fold(cell.text).split()) or str(_fault(f"permit-{name}-missing"))
        if not told["valid_from"] and not told["valid_to"] and self._term is not None:
            term = values.range_of(row.cell(self._term).text, today=self._today)
            told["valid_from"], told["valid_to"] = (day.isoformat() for day in term)
        if not (told["valid_from"] and told["valid_to"]):
            raise RowFault("permit-term-missing")
        return {name: value for name, value in told.items() if value}

    def _day(self, cell: Cell) -> str:
        if cell.empty:
            raise RowFault("award-date-missing")
        return values.read_date(cell, today=self._today, since_1904=self._since_1904).isoformat()

    def _span(self, reading: Reading) -> dict[str, str]:
        if reading.started is None or reading.ended is None:
            raise RowFault("course-dates-missing")
        return {"ended_on": reading.ended.isoformat(), "started_on": reading.started.isoformat()}

    def _course(self, reading: Reading) -> dict[str, Any]:
        if not self._profile.training_type:
            self._profile.ask("training_type")
        if reading.outcome is None or reading.outcome.kind not in ("passed", "failed"):
            raise RowFault("result-missing")
        if not self._profile.training_type:
            raise RowFault("training-type-missing")
        minutes = self._profile.minutes_per_period
        planned = {
            f"{name}_minutes": int(reading.amounts.get(column, 0) * minutes)
            for column, name in (
                (Field.THEORY, "theory"),
                (Field.PRACTICE, "practice"),
                (Field.ONLINE, "online"),
            )
        }
        score = {} if reading.outcome.score is None else {"score": reading.outcome.score}
        return {
            "class": {"code": _text(reading, Field.CLASS_CODE, "class-missing")},
            "level": reading.level or "0",
            "minutes_per_period": minutes,
            "planned": planned,
            "result": reading.outcome.kind,
            "training_type": self._profile.training_type,
            **self._span(reading),
            **score,
        }


def _finding(form: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda text: bool(form.search(text))


def _is_number(text: str) -> bool:
    return bool(_CERTIFICATE.search(text) and _NUMBER.search(text)) or text in ("证号", "编号")


def _text(reading: Reading, wanted: Field, code: str) -> str:
    return reading.texts.get(wanted) or str(_fault(code))


def _fault(code: str) -> Any:
    raise RowFault(code)
