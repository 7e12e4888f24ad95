"""Feeds as tables (表格文件): CSV in UTF-8 with BOM or in GB 18030, XLSX, Parquet; a ZIP with the manifest.

The same items as the stream, a row each. Every cell is text: an 18-digit number stays what it is, and nothing
becomes a formula (in CSV a value that begins like one has an apostrophe before it). Rows go to a temporary
file as they are made, so that a million of them need no more memory than ten.
"""

import codecs
import csv
import hashlib
import io
import itertools
import re
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import IO, Any, Final

import orjson

from recordsvc import dated
from recordsvc.exports.errors import ExportFormatRefused
from recordsvc.exports.pulling import Batch, Puller
from recordsvc.exports.receivers import PROFILES
from recordsvc.ground import gb18030
from recordsvc.ground.strictjson import canonical
from recordsvc.translog.tree import Frontier

MEDIA: Final = "application/zip"
CHUNK: Final = 64 * 1024
SHEET_ROWS: Final = 1_048_575
"""Rows of a worksheet below its header."""
GROUP_ROWS: Final = 5_000
"""Rows of a row group of Parquet: so many are held at a time."""
_MOST_CELL: Final = 32_767
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_HEAD: Final = (
    ("n", "序号"),
    ("op", "变更类型"),
    ("why", "变更原因"),
    ("ref", "记录标识"),
    ("version", "记录版本"),
    ("digest", "记录哈希"),
)
_CONTENT: Final = (
    ("learner", "人员标识"),
    ("type", "记录类型"),
    ("state", "状态"),
    ("confirmation", "本人确认"),
    ("corrected", "是否更正过"),
    ("trust", "可信等级"),
    ("index", "日志位置"),
)
_OPS: Final = {"add": "新增", "replace": "更正", "withdraw": "撤回"}
Row = Sequence[str]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name for machines, and its header."""

    name: str
    title: str


def columns(kind: str, day: str) -> list[Column]:
    """Return the columns of what a kind of client is told, as of a Beijing day."""
    row = dated.on(PROFILES, day).get(kind)
    fields = () if row is None else dated.on(str(row["fields"]), day).rows
    members = [
        Column(member, f"{one['zh']}（{member.removeprefix('/body').removeprefix('/')}）")
        for one in fields
        for member in one["members"]
    ]
    return [*(Column(*one) for one in (*_HEAD, *_CONTENT)), *members]


def cells(item: Mapping[str, Any], wanted: Sequence[Column]) -> Row:
    """Return an item as texts; what it does not hold is empty."""
    content: Mapping[str, Any] = item.get("content", {})
    said = {**item, **content, **content.get("values", {})}
    said["op"] = _OPS[item["op"]]
    return [_text(said.get(one.name)) for one in wanted]


def make(puller: Puller, batch: Batch, wanted: Sequence[Column], name: str) -> Iterator[bytes]:
    """Make a batch as a ZIP of `items.<ext>` and `manifest.json`; the bytes, made before the first is given.

    Raises `ExportFormatRefused`, and what a pull raises.
    """
    file, write = FORMATS[name]
    edge, hashing = Frontier(), hashlib.sha256()
    # Closed by whoever reads it to its end, or gives up.
    whole = tempfile.TemporaryFile()  # noqa: SIM115 - it outlives this block
    try:
        with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as packed:
            items = (orjson.loads(line) for n, line in enumerate(puller.lines(batch, edge)) if n)
            with packed.open(file, "w", force_zip64=True) as entry:
                for piece in write(wanted, (cells(one, wanted) for one in items)):
                    hashing.update(piece)
                    entry.write(piece)
            told = [{"name": one.name, "title": one.title} for one in wanted]
            manifest = puller.manifest(batch, edge, hashing.digest(), {"columns": told, "file": file})
            packed.writestr("manifest.json", orjson.dumps(manifest))
        whole.seek(0)
    except BaseException:
        whole.close()
        raise
    return _read(whole)


def write_csv(
    wanted: Sequence[Column], rows: Iterable[Row], encode: Callable[[str], bytes]
) -> Iterator[bytes]:
    """Write a CSV: every cell quoted, lines end with CR LF."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL)
    writer.writerow([one.title for one in wanted])
    for row in rows:
        writer.writerow([f"'{one}" if one.startswith(_FORMULA) else one for one in row])
        if buffer.tell() >= CHUNK:
            yield encode(buffer.getvalue())
            buffer.seek(0)
            buffer.truncate()
    yield encode(buffer.getvalue())


def _utf8(wanted: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    yield codecs.BOM_UTF8
    yield from write_csv(wanted, rows, lambda text: text.encode())


def _gb18030(wanted: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    try:
        yield from write_csv(wanted, rows, gb18030.encode)
    except gb18030.Unwritable:
        raise ExportFormatRefused("内容含有 GB 18030 不能确定表示的字符，请取 UTF-8") from None


def write_xlsx(wanted: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Write a workbook of one sheet; all cells are texts."""
    try:
        from openpyxl import Workbook
        from openpyxl.cell import WriteOnlyCell
    except ModuleNotFoundError:
        raise ExportFormatRefused("本系统未安装 openpyxl") from None
    book = Workbook(write_only=True)
    sheet = book.create_sheet("数据流")

    def texts(row: Row) -> list[Any]:
        made = []
        for value in row:
            if len(value) > _MOST_CELL or _UNWRITABLE.search(value):
                raise ExportFormatRefused("有一格内容超出工作表所能写入的，请取 CSV")
            cell = WriteOnlyCell(sheet, value=value)
            cell.data_type, cell.number_format = "s", "@"
            made.append(cell)
        return made

    sheet.append(texts([one.title for one in wanted]))
    for row in rows:
        sheet.append(texts(row))
    with tempfile.TemporaryFile() as file:
        book.save(file)
        file.seek(0)
        while piece := file.read(CHUNK):
            yield piece


def write_parquet(wanted: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """Write Parquet: columns of text by their names for machines, headers as metadata of the fields."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ModuleNotFoundError:
        raise ExportFormatRefused("本系统未安装 pyarrow（安装项 parquet），请取其他格式") from None
    schema = pa.schema(
        pa.field(one.name, pa.string(), nullable=False, metadata={"title": one.title}) for one in wanted
    )
    waiting = iter(rows)
    with tempfile.TemporaryFile() as file:
        with pq.ParquetWriter(file, schema, compression="zstd") as writer:
            while group := list(itertools.islice(waiting, GROUP_ROWS)):
                texts = [pa.array(column, pa.string()) for column in zip(*group, strict=True)]
                writer.write_table(pa.Table.from_arrays(texts, schema=schema))
        file.seek(0)
        while piece := file.read(CHUNK):
            yield piece


FORMATS: Final = {
    "csv": ("items.csv", _utf8),
    "csv-gb18030": ("items.csv", _gb18030),
    "xlsx": ("items.xlsx", write_xlsx),
    "parquet": ("items.parquet", write_parquet),
}
"""Name of a format -> the file in the ZIP, and what writes it."""


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    return canonical(value).decode() if isinstance(value, dict | list) else str(value)


def _read(file: IO[bytes]) -> Iterator[bytes]:
    with closing(file):
        while piece := file.read(CHUNK):
            yield piece
