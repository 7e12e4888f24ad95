"""Excel workbooks: what the values alone do not tell, and the checks that come before any parser.

The fast reader gives values; it does not say which row is hidden, which formula was never computed or which
cell shows an error, and it allocates the whole rectangle between the outermost cells. So each sheet's XML is
streamed once before: sizes are bounded, and those facts are kept.
"""

import posixpath
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from xml.parsers import expat

from recordsvc.submit.cells import MAX_CELLS, MAX_ROWS, Trouble, Unreadable, column_index

_MAX_MEMBERS = 2_000
_MAX_MEMBER = 192 * 1024 * 1024
_MAX_TOTAL = 384 * 1024 * 1024
_MAX_RATIO = 200  # a sheet of repeated cells packs at about 20:1, a bomb at about 1000:1
_RATIO_FREE = 4 * 1024 * 1024
_CHUNK = 256 * 1024
_REFERENCE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


@dataclass(slots=True)
class Facts:
    """What a sheet's XML says beside values; rows count from 1, columns from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    troubles: dict[tuple[int, int], Trouble] = field(default_factory=dict)
    last_row: int = 0
    last_column: int = -1


def check_package(data: bytes) -> zipfile.ZipFile:
    """The workbook's zip, after proving that unpacking it stays small. Raises `Unreadable`."""
    try:
        package = zipfile.ZipFile(BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as fault:
        raise _damaged() from fault
    members = package.infolist()
    names = [member.filename for member in members]
    if len(members) > _MAX_MEMBERS or len(set(names)) != len(names):
        raise _bomb()
    if any(member.flag_bits & 1 for member in members):
        raise Unreadable(
            "password", "文件有密码，请去掉密码后另存", "the file has a password; save it without one"
        )
    packed = sum(member.compress_size for member in members) or 1
    total = sum(member.file_size for member in members)
    biggest = max((member.file_size for member in members), default=0)
    if biggest > _MAX_MEMBER or total > _MAX_TOTAL or (total > _RATIO_FREE and total / packed > _MAX_RATIO):
        raise _bomb()
    if "xl/workbook.xml" not in names:
        raise Unreadable(
            "not-a-workbook",
            "这不是 Excel 工作簿，请另存为 .xlsx 或 .csv",
            "this is not an Excel workbook; save it as .xlsx or .csv",
        )
    return package


def read_facts(
    package: zipfile.ZipFile, rows: int = MAX_ROWS, cells: int = MAX_CELLS
) -> tuple[dict[str, Facts], bool]:
    """Facts by sheet name, and whether day numbers count from 1904. Raises `Unreadable` beyond the limits."""
    sheets, since_1904 = _sheet_parts(package)
    found = {}
    for name, part in sheets.items():
        facts = Facts()
        _stream(package, part, _SheetReader(facts))
        if facts.last_row > rows or facts.last_row * (facts.last_column + 1) > cells:
            raise Unreadable(
                "too-large",
                f"表太大（最多 {rows} 行）；请删去多余的行列，或分成几个文件",
                f"the sheet is too large (at most {rows} rows); delete stray cells or split the file",
            )
        found[name] = facts
    return found, since_1904


class _SheetReader:
    """Expat handlers over one worksheet; positions are implied where a writer left out the references."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.row = 0
        self.column = -1
        self._formula = self._value = self._error = self._holds = False
        self._inside = ""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = -1
            if attributes.get("hidden") in ("1", "true"):
                self.facts.hidden_rows.add(self.row)
        elif tag == "c":
            said = attributes.get("r")
            match = None if said is None else _REFERENCE.fullmatch(said)
            if said is not None and (match is None or int(match[2]) != self.row):
                # The fast reader goes by the reference alone, and would put the cell elsewhere.
                raise ValueError(said)
            self.column = column_index(match[1]) if match else self.column + 1
            self._formula = self._value = self._holds = False
            self._error = attributes.get("t") == "e"
        elif tag == "f":
            self._formula = self._holds = True
        elif tag in ("v", "t", "is"):
            # Empty or not: for the fast reader there is a cell.
            self._holds = True
            self._inside = "" if tag == "is" else tag

    def text(self, data: str) -> None:
        if self._inside and data.strip():
            self._value = True

    def end(self, tag: str) -> None:
        if tag in ("v", "t"):
            self._inside = ""
        elif tag == "c" and self._holds:
            self.facts.last_row = max(self.facts.last_row, self.row)
            self.facts.last_column = max(self.facts.last_column, self.column)
            if self._error and (self._value or self._formula):
                self.facts.troubles[self.row, self.column] = Trouble.ERROR
            elif self._formula and not self._value:
                self.facts.troubles[self.row, self.column] = Trouble.FORMULA


class _Collector:
    """Expat handlers that keep the attributes of a few elements."""

    def __init__(self, *tags: str) -> None:
        self.found: list[tuple[str, dict[str, str]]] = []
        self._tags = tags

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if tag in self._tags:
            self.found.append((tag, attributes))

    def text(self, data: str) -> None:
        """Text between elements says nothing here."""

    def end(self, tag: str) -> None:
        """Nor does an element's end."""


def _sheet_parts(package: zipfile.ZipFile) -> tuple[dict[str, str], bool]:
    """Sheet name -> member of the package, in order."""
    book = _Collector("sheet", "workbookPr")
    _stream(package, "xl/workbook.xml", book)
    links = _Collector("Relationship")
    _stream(package, "xl/_rels/workbook.xml.rels", links)
    targets = {a.get("Id"): a.get("Target", "") for _, a in links.found if "worksheet" in a.get("Type", "")}
    since_1904 = any(t == "workbookPr" and a.get("date1904") in ("1", "true") for t, a in book.found)
    parts = {}
    for tag, attributes in book.found:
        relation = next((v for k, v in attributes.items() if k == "id" or k.endswith(":id")), None)
        target = targets.get(relation)
        if tag == "sheet" and target:
            parts[attributes.get("name", "")] = posixpath.normpath(posixpath.join("/xl", target)).lstrip("/")
    return parts, since_1904


def _stream(package: zipfile.ZipFile, part: str, reader: Any) -> None:
    """Run expat over one member. A document type declaration is refused: no workbook needs one."""
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, attributes: reader.start(tag.rpartition(":")[2], attributes)
    parser.EndElementHandler = lambda tag: reader.end(tag.rpartition(":")[2])
    parser.CharacterDataHandler = reader.text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.buffer_text = True
    try:
        with package.open(part) as member:
            for chunk in iter(_read(member), b""):
                parser.Parse(chunk)
        parser.Parse(b"", True)  # noqa: FBT003 - the C function takes no keywords; true ends the document
    except Unreadable:
        raise
    except (expat.ExpatError, zipfile.BadZipFile, KeyError, ValueError, OSError, RuntimeError) as fault:
        raise _damaged() from fault


def _read(member: Any) -> Callable[[], bytes]:
    return lambda: member.read(_CHUNK)


def _refuse_doctype(*_: object) -> None:
    raise _bomb()


def _damaged() -> Unreadable:
    return Unreadable(
        "damaged",
        "文件已损坏，或不是 Excel 文件；请用 Excel/WPS 打开后另存为 .xlsx",
        "the file is damaged or not an Excel file; open it in Excel or WPS and save it as .xlsx",
    )


def _bomb() -> Unreadable:
    return Unreadable(
        "unsafe",
        "文件内部结构异常（解压后过大），已拒绝；请复制内容到新表再试",
        "the file unpacks to something unreasonable and was refused; copy the data into a new sheet",
    )
