"""Lines of a bank's own files (银行自定义文件的行): fields between separators, or of so many bytes each.

A layout is dated data (`bank_profiles`); this module only follows it. Widths are bytes of GB 18030, since
that is how banks count; a text is padded, never cut. A value that does not fit its field is refused.
"""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.ground import gb18030
from recordsvc.money.bank.formats import yuan
from recordsvc.money.bank.formats.model import BatchUnfit, FileUnfit

Value = str | int | dt.date
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_COMPACT_DAY: Final = re.compile(r"[0-9]{8}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a line: a value by name, or always the same text (`const`)."""

    name: str
    kind: str
    """text, count, fen, yuan, day (YYYYMMDD)."""
    const: str
    width: int
    """In bytes; 0: as long as it is (delimited)."""
    left: bool
    """Whether the fill stands before the value."""
    fill: bytes


@dataclass(frozen=True, slots=True)
class Lines:
    """How lines of one kind of file are made: one header, then a line for each item."""

    header: tuple[Field, ...]
    line: tuple[Field, ...]
    separator: str
    """Empty: fixed widths."""
    end: bytes

    @classmethod
    def of(cls, profile: Mapping[str, Any], kind: str) -> "Lines":
        """Return the lines of a kind of file of a profile."""
        said = profile["files"][kind]
        return cls(
            header=tuple(map(_field, said["header"])),
            line=tuple(map(_field, said["line"])),
            separator=profile["separator"],
            end=profile["line_end"].encode("ascii"),
        )

    def write(self, header: Mapping[str, Value], items: Sequence[Mapping[str, Value]]) -> bytes:
        """Return the file. Raises `BatchUnfit` naming every field that does not fit."""
        faults: list[tuple[str, str]] = []
        lines = [self._line(self.header, header, "header", faults)]
        lines += [self._line(self.line, item, f"orders/{n}", faults) for n, item in enumerate(items)]
        if faults:
            raise BatchUnfit(faults)
        return b"".join(line + self.end for line in lines)

    def read(self, content: bytes) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Return the header's and the lines' values by name. Raises `FileUnfit`: then nothing counts."""
        if not content.endswith(self.end):
            raise FileUnfit("torn", f"byte {len(content)}")
        raw = content[: -len(self.end)].split(self.end)
        for n, line in enumerate(raw):
            if b"\r" in line or b"\n" in line:
                raise FileUnfit("line-end", f"line {n + 1}")
        header = self._read(self.header, raw[0], 1)
        return header, [self._read(self.line, line, n + 2) for n, line in enumerate(raw[1:])]

    def _line(
        self,
        fields: tuple[Field, ...],
        values: Mapping[str, Value],
        where: str,
        faults: list[tuple[str, str]],
    ) -> bytes:
        parts = []
        for field in fields:
            try:
                parts.append(self._part(field, values))
            except ValueError as error:
                faults.append((str(error), f"{where}/{field.name}"))
        return self.separator.encode("ascii").join(parts)

    def _part(self, field: Field, values: Mapping[str, Value]) -> bytes:
        text = field.const or _WRITE[field.kind](values[field.name])
        if self.separator and self.separator in text:
            raise ValueError("separator")
        try:
            made = gb18030.encode(text)
        except gb18030.Unwritable:
            raise ValueError("encoding") from None
        if not field.width:
            return made
        if len(made) > field.width:
            raise ValueError("too-long")
        fill = field.fill * (field.width - len(made))
        return fill + made if field.left else made + fill

    def _read(self, fields: tuple[Field, ...], line: bytes, n: int) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for field, text in zip(fields, self._texts(fields, line, n), strict=True):
            if field.const:
                if text != field.const:
                    raise FileUnfit("mark", f"line {n}")
                continue
            try:
                values[field.name] = _READ[field.kind](text)
            except ValueError:
                raise FileUnfit(field.kind, f"line {n}: {field.name}") from None
        return values

    def _texts(self, fields: tuple[Field, ...], line: bytes, n: int) -> list[str]:
        if self.separator:
            # Decoded first: the second byte of a character may be the separator's.
            texts = _decoded(line, n).split(self.separator)
            if len(texts) != len(fields):
                raise FileUnfit("fields", f"line {n}")
            return texts
        if len(line) != sum(field.width for field in fields):
            raise FileUnfit("width", f"line {n}")
        texts, at = [], 0
        for field in fields:
            part = line[at : at + field.width]
            at += field.width
            texts.append(_decoded(_unfilled(field, part), n))
        return texts


def _field(said: Mapping[str, Any]) -> Field:
    return Field(
        name=said.get("is", "const"),
        kind=said.get("as", "text"),
        const=said.get("const", ""),
        width=said.get("width", 0),
        left=said.get("pad", "right") == "left",
        fill=said.get("fill", " ").encode("ascii"),
    )


def _unfilled(field: Field, part: bytes) -> bytes:
    bare = part.lstrip(field.fill) if field.left else part.rstrip(field.fill)
    # A number that is nothing but its fill is nought, not nothing.
    return bare or (b"0" if field.fill == b"0" else b"")


def _decoded(part: bytes, n: int) -> str:
    try:
        return gb18030.decode(part)
    except gb18030.Unreadable:
        raise FileUnfit("encoding", f"line {n}") from None


def _count(text: str) -> int:
    if not _DIGITS.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _day(text: str) -> dt.date:
    if not _COMPACT_DAY.fullmatch(text):
        raise ValueError(text)
    return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))


def _compact(day: Any) -> str:
    return f"{day:%Y%m%d}"


_WRITE: Final[Mapping[str, Callable[[Any], str]]] = {
    "text": str,
    "count": str,
    "fen": str,
    "yuan": yuan.text,
    "day": _compact,
}
_READ: Final[Mapping[str, Callable[[str], Any]]] = {
    "text": str.strip,
    "count": _count,
    "fen": _count,
    "yuan": yuan.fen,
    "day": _day,
}
