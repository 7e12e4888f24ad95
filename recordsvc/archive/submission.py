"""From the bytes of a request to the rows of a submission (报送): single record, NDJSON batch, JSON batch.

Nothing is judged here but form: each row keeps the exact canonical bytes R that were signed. A row that
cannot be read keeps its problem; only a batch whose header or signature is unusable is refused as a whole.
"""

from dataclasses import dataclass, field
from typing import Any

from recordsvc.archive.errors import BatchRefused, NotCanonical
from recordsvc.ground import strictjson
from recordsvc.ground.problems import Problem
from recordsvc.ground.strictjson import StrictJsonError

MAX_RECORDS = 5_000
MAX_RECORD_BYTES = 48 * 1024


@dataclass(slots=True)
class Item:
    """One row as it came: R, its parsed form, its evidence (detached JWS, or filled in from the batch)."""

    raw: bytes = b""
    record: dict[str, Any] = field(default_factory=dict)
    evidence: bytes = b""
    problem: Problem | None = None


@dataclass(slots=True)
class Submission:
    """What one request submits. `batch` is the compact batch JWS when one signature covers all rows."""

    items: list[Item]
    batch: str | None = None
    all_or_nothing: bool = False
    single: bool = False


def read_single(body: bytes) -> Submission:
    """Read `{"jws": …, "record": R}`; raises `NotCanonical`."""
    item = _signed(body)
    if item.problem is not None:
        raise item.problem
    return Submission([item], single=True)


def read_ndjson(body: bytes) -> Submission:
    """Read a header line and one line per record. Raises `BatchRefused`."""
    lines = body.split(b"\n")
    if lines[-1] == b"":
        lines.pop()
    if not lines:
        raise BatchRefused("缺少首行")
    _count(len(lines) - 1)
    head = _object(lines[0])
    submission = _header(head)
    read = _bare if submission.batch is not None else _signed
    submission.items = [read(line) for line in lines[1:]]
    return submission


def read_json(body: bytes) -> Submission:
    """Read one canonical object with the header's members and `records`. Raises `BatchRefused`."""
    head = _object(body)
    records = head.pop("records", None)
    if not isinstance(records, list):
        raise BatchRefused("缺少 records 数组", pointer="/records")
    _count(len(records))
    submission = _header(head)
    read = _bare if submission.batch is not None else _signed
    # The whole is canonical, so each part is, and writing it again gives the bytes that were signed.
    submission.items = [read(strictjson.canonical(record)) for record in records]
    return submission


def _header(head: dict[str, Any]) -> Submission:
    unknown = head.keys() - {"batch", "mode", "all_or_nothing"}
    batch, mode, whole = head.get("batch"), head.get("mode"), head.get("all_or_nothing", False)
    one = isinstance(batch, str) and mode is None
    each = batch is None and mode == "each"
    if unknown or not (one or each) or not isinstance(whole, bool):
        raise BatchRefused('首行须为 {"batch": 签名} 或 {"mode": "each"}，可加 all_or_nothing')
    return Submission([], batch if one else None, whole)


def _count(count: int) -> None:
    if not 0 < count <= MAX_RECORDS:
        raise BatchRefused(f"每批 1 至 {MAX_RECORDS} 条", limit=MAX_RECORDS)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = strictjson.is_canonical(data)
    except StrictJsonError as error:
        raise BatchRefused(error.message_zh, pointer=error.pointer, reason=error.code) from None
    if not isinstance(value, dict):
        raise BatchRefused("须为 JSON 对象")
    return value


def _bare(line: bytes) -> Item:
    """Read a line that is R itself (one signature for the batch)."""
    try:
        record = _read(line)
    except Problem as problem:
        return Item(raw=line, problem=problem)
    return Item(line, record)


def _signed(line: bytes) -> Item:
    """Read a line `{"jws": "…", "record": R}` and cut out R without writing it again."""
    try:
        whole = _read(line, extra=2_048)
        jws, record = whole.get("jws"), whole.get("record")
        if whole.keys() != {"jws", "record"} or not isinstance(jws, str) or not isinstance(record, dict):
            raise NotCanonical("须恰有 jws 和 record 两个成员")
        evidence = jws.encode("ascii")
        start = len(b'{"jws":"","record":') + len(evidence)
        if line[8 : 8 + len(evidence)] != evidence:
            raise NotCanonical("jws 含有不允许的字符", pointer="/jws")
    except UnicodeEncodeError:
        return Item(problem=NotCanonical("jws 含有不允许的字符", pointer="/jws"))
    except Problem as problem:
        return Item(problem=problem)
    return Item(line[start:-1], record, evidence)


def _read(line: bytes, extra: int = 0) -> dict[str, Any]:
    if len(line) > MAX_RECORD_BYTES + extra:
        raise NotCanonical(f"单条记录超过 {MAX_RECORD_BYTES} 字节")
    try:
        value = strictjson.is_canonical(line)
    except StrictJsonError as error:
        raise NotCanonical(
            error.message_zh, detail_en=error.message, pointer=error.pointer, reason=error.code
        ) from None
    if not isinstance(value, dict):
        raise NotCanonical("须为 JSON 对象")
    return value
