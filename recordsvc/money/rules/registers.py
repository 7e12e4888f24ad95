"""What other registers say of a worker (外部登记): through ports, each fact with its source and date.

A register is asked by worker, never by number. The adapter that is there is a dated extract: a file that the
register's keeper hands over, matched to archives by document number while it is read; of a number that leads
to no archive nothing is kept. Who is not in a *listing* (deaths, pensions, public payroll, employment) is not
on it as of that day; who is not in another register is unknown there.
"""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.rules.errors import ExtractKnown, ExtractRefused, Fault
from recordsvc.money.rules.facts import Fact, Facts, is_day
from recordsvc.money.rules.tables import register_extract, register_row
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.people.resolve import People

MAX_BYTES: Final = 16 * 1024 * 1024
MOST_ROWS: Final = 200_000
MOST_TOLD: Final = 200
NUMBER: Final = "证件号码"
KIND: Final = "证件类型"


class Register(Protocol):
    """A register of another authority, as rules see it."""

    def facts(self, conn: Connection, worker_id: bytes, certificate: str | None) -> Facts:
        """Return what it says of a worker now; `certificate` is the number of the one that is asked about."""


class Read(NamedTuple):
    """How one column is read: the fact, its heading, and what makes a value of a cell."""

    fact: str
    heading: str
    value: Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """One kind of register: its columns, and what is true of whoever is not in it."""

    name: str
    title: str
    columns: tuple[Read, ...]
    present: Mapping[str, Any]
    """True of everybody in it."""
    absent: Mapping[str, Any]
    """True of everybody who is not; empty where absence tells nothing."""


def _months(cell: str) -> int:
    if not cell.isascii() or not cell.isdigit() or int(cell) > 1_200:
        raise ValueError("应为 0 至 1200 的整数")
    return int(cell)


def _flag(cell: str) -> bool:
    if cell not in ("是", "否"):
        raise ValueError("应为 是 或 否")
    return cell == "是"


def _uscc(cell: str) -> str:
    if len(cell) != 18 or not cell.isalnum() or not cell.isascii():
        raise ValueError("应为 18 位统一社会信用代码")
    return cell.upper()


def _certificate(cell: str) -> str:
    if not 0 < len(cell) <= 60:
        raise ValueError("应为证书编号")
    return cell


KEPT: Final[Mapping[str, Kept]] = {
    one.name: one
    for one in (
        Kept(
            "insurance",
            "失业保险登记",
            (
                Read("insured_months", "累计缴费月数", _months),
                Read("drawing_unemployment", "领取失业保险金", _flag),
            ),
            {},
            {},
        ),
        Kept("deaths", "死亡登记", (), {"deceased": True}, {"deceased": False}),
        Kept("pension", "养老待遇登记", (), {"pensioner": True}, {"pensioner": False}),
        Kept("payroll", "财政供养人员登记", (), {"public_payroll": True}, {"public_payroll": False}),
        Kept(
            "employment",
            "就业登记",
            (Read("employer", "用人单位统一社会信用代码", _uscc),),
            {"employed": True},
            {"employed": False},
        ),
        Kept("certificates", "证书联网查询", (Read("certificate", "证书编号", _certificate),), {}, {}),
    )
}


class Extracts:
    """All registers of which dated extracts were taken."""

    def facts(self, conn: Connection, worker_id: bytes, certificate: str | None) -> Facts:
        """Return what the newest extract of each register says of a worker."""
        own, row = register_extract.c, register_row.c
        newest = (
            sa.select(own.register, sa.func.max(own.as_of).label("day")).group_by(own.register).subquery()
        )
        heads = sa.and_(own.register == newest.c.register, own.as_of == newest.c.day)
        query = sa.select(own.register, own.as_of, own.source).join(newest, heads)
        # Archives that were merged are one person's: a row of either speaks of both.
        archives = merges.together(conn, [worker_id])
        mine: dict[str, list[tuple[bytes, dict[str, Any]]]] = {}
        for owner, name, text in conn.execute(
            sa.select(row.worker_id, row.register, row.facts).where(row.worker_id.in_(archives))
        ):
            mine.setdefault(name, []).append((bytes(owner), json.loads(text)))
        told: dict[str, Fact] = {}
        for name, as_of, source in conn.execute(query):
            rows = mine.get(name, [])
            values = _listed(rows, certificate) if name == "certificates" else _joined(KEPT[name], rows)
            told |= {fact: Fact(value, source, as_of) for fact, value in values.items()}
        return Facts(told)


def _joined(kept: Kept, rows: Sequence[tuple[bytes, Mapping[str, Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _, facts in rows:
        found.update(facts)
    return found if rows else dict(kept.absent)


def _listed(rows: Sequence[tuple[bytes, Mapping[str, Any]]], certificate: str | None) -> dict[str, Any]:
    """A number that the query does not list may be listed tomorrow: that is not yet a "no"."""
    if certificate is None:
        return {}
    listed = any(_digest(owner, certificate) in facts.get("listed", ()) for owner, facts in rows)
    return {"cert_verified": True} if listed else {}


class Simulated:
    """Registers that are not there, for trying the product: plain answers, each marked as a sample."""

    def __init__(self, house: "House") -> None:
        """Answer as of today of `house`'s clock."""
        self._house = house

    def facts(self, _conn: Connection, worker_id: bytes, certificate: str | None) -> Facts:
        """Return what a worker with nothing special would have; months follow the id, always the same."""
        months = 6 + hashlib.sha256(worker_id).digest()[0] % 60
        values = {
            "insured_months": months,
            "drawing_unemployment": False,
            "deceased": False,
            "pensioner": False,
            "public_payroll": False,
            "cert_verified": True if certificate is not None else None,
        }
        return Facts.plain(values, "样例登记", beijing_date(self._house.clock.now_ms()).isoformat())


class RowFault(NamedTuple):
    """A row that could not be used: its line, the heading, what is wrong; never the number itself."""

    line: int
    heading: str
    detail: str


@dataclass(frozen=True, slots=True)
class Taken:
    """What taking an extract came to."""

    extract_id: bytes
    rows: int
    known: int
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class Extract:
    """An extract file that was read: whose, its day and source, rows by number, rows that were wrong."""

    kept: Kept
    as_of: str
    source: str
    sha256: str
    rows: tuple[tuple[str, str, Mapping[str, Any]], ...]
    """Document kind, number, facts."""
    faults: tuple[RowFault, ...]


def read(name: str, as_of: str, source: str, data: bytes, today: str) -> Extract:
    """Read an extract (CSV, UTF-8 or GB18030). Raises `ExtractRefused`."""
    kept = KEPT.get(name)
    if kept is None:
        raise _refused("/register", f"没有这种登记：{'、'.join(KEPT)}", "no such register")
    if not is_day(as_of) or as_of > today:
        raise _refused("/as_of", "应为日期（YYYY-MM-DD），且不晚于今天", "a day, not after today")
    if not source.strip():
        raise _refused("/source", "应注明提供单位", "say who hands it over")
    lines = csv.reader(io.StringIO(_decoded(data), newline=""))
    header = [cell.strip() for cell in next(lines, [])]
    missing = [
        heading for heading in (NUMBER, *(one.heading for one in kept.columns)) if heading not in header
    ]
    if missing:
        raise _refused("/file", f"表头缺少：{'、'.join(missing)}", "headings are missing")
    rows: list[tuple[str, str, Mapping[str, Any]]] = []
    faults: list[RowFault] = []
    for line in lines:
        cells = {heading: cell.strip() for heading, cell in zip(header, line, strict=False)}
        if not any(cells.values()):
            continue
        if len(rows) + len(faults) >= MOST_ROWS:
            raise _refused("/file", f"最多 {MOST_ROWS} 行", "too many rows")
        found = _row(kept, lines.line_num, cells)
        faults.extend([found] if isinstance(found, RowFault) else [])
        rows.extend([] if isinstance(found, RowFault) else [found])
    sha256 = hashlib.sha256(data).hexdigest()
    return Extract(kept, as_of, source.strip(), sha256, tuple(rows), tuple(faults))


def take(turn: Turn, house: "House", extract: Extract, by: str) -> Taken:
    """Put an extract in the place of the register's older one. Raises `ExtractKnown`."""
    own = register_extract.c
    newer = sa.select(own.extract_id).where(own.register == extract.kept.name, own.as_of >= extract.as_of)
    if turn.conn.execute(newer).first() is not None:
        raise ExtractKnown
    extract_id = uuid7(FixedClock(turn.now_ms), house.random)
    found = _of_workers(house.people, extract)
    turn.conn.execute(register_row.delete().where(register_row.c.register == extract.kept.name))
    rows = [
        {
            "worker_id": worker_id,
            "register": extract.kept.name,
            "extract_id": extract_id,
            "facts": json.dumps(facts, ensure_ascii=False, sort_keys=True),
        }
        for worker_id, facts in found.items()
    ]
    if rows:
        turn.conn.execute(register_row.insert(), rows)
    values = {
        "extract_id": extract_id,
        "register": extract.kept.name,
        "as_of": extract.as_of,
        "source": extract.source,
        "file_sha256": extract.sha256,
        "rows": len(extract.rows),
        "known": len(rows),
        "taken_by": by,
        "taken_ms": turn.now_ms,
    }
    turn.conn.execute(register_extract.insert().values(**values))
    bound.wrote(turn, register_extract, values)
    return Taken(extract_id, len(extract.rows), len(rows), extract.faults)


def listed(conn: Connection, limit: int = 100) -> list[dict[str, Any]]:
    """Return the extracts, the newest day first."""
    query = sa.select(register_extract).order_by(register_extract.c.as_of.desc(), register_extract.c.register)
    return [dict(row) for row in conn.execute(query.limit(limit)).mappings()]


def forget(turn: Turn, worker_id: bytes) -> None:
    """Remove what registers say of an erased worker."""
    turn.conn.execute(register_row.delete().where(register_row.c.worker_id == worker_id))


def _row(kept: Kept, line: int, cells: Mapping[str, str]) -> tuple[str, str, Mapping[str, Any]] | RowFault:
    number = cells.get(NUMBER, "").upper()
    if not number:
        return RowFault(line, NUMBER, "没有证件号码")
    facts = dict(kept.present)
    for column in kept.columns:
        cell = cells.get(column.heading, "")
        if not cell:
            continue
        try:
            facts[column.fact] = column.value(cell)
        except ValueError as error:
            return RowFault(line, column.heading, str(error))
    return cells.get(KIND) or "resident-id", number, facts


def _of_workers(people: "People", extract: Extract) -> dict[bytes, dict[str, Any]]:
    """Match the rows to archives; of several rows of one worker the later adds to the earlier."""
    found: dict[bytes, dict[str, Any]] = {}
    for portion in _portions(extract.rows, 500):
        with people.db.read_raw() as cursor:
            holders = people.holders(cursor, {(kind, number) for kind, number, _ in portion})
        for kind, number, facts in portion:
            worker_id = holders.get((kind, number))
            if worker_id is None:
                continue
            mine = found.setdefault(worker_id, {})
            if extract.kept.name == "certificates":
                mine.setdefault("listed", []).append(_digest(worker_id, str(facts["certificate"])))
            else:
                mine.update(facts)
    return found


def _digest(worker_id: bytes, certificate: str) -> str:
    """Return a certificate's mark; under the worker's random id it tells nothing to who guesses numbers."""
    return hashlib.sha256(b"certificate/1" + worker_id + certificate.encode()).hexdigest()


def _decoded(data: bytes) -> str:
    if len(data) > MAX_BYTES:
        raise _refused("/file", "文件过大", "the file is too large")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _refused("/file", "文件既不是 UTF-8 也不是 GB18030", "neither UTF-8 nor GB18030")


def _portions(rows: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _refused(pointer: str, detail: str, detail_en: str) -> ExtractRefused:
    return ExtractRefused([Fault(pointer, "value", detail, detail_en)])


def gathered(
    sources: Sequence[Register], conn: Connection, worker_id: bytes, certificate: str | None
) -> Facts:
    """Return what all sources say; of two that say something of one fact the later counts."""
    found = Facts({})
    for one in sources:
        found = found.joined(one.facts(conn, worker_id, certificate))
    return found
