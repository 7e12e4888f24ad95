"""Feeds as tables: the same items, all cells text, none a formula; the manifest beside holds for the file."""

import csv
import hashlib
import io
import json
import sys
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from openpyxl import load_workbook

from recordsvc.access import looked
from recordsvc.exports import files
from recordsvc.exports.files import Column
from recordsvc.exports.tables import export_item
from recordsvc.ground import gb18030
from recordsvc.house import House
from tests.archive.support import Centre, person
from tests.archive.test_sharing import looks
from tests.exports.copies import Copy, agree, check_signature
from tests.exports.test_acks import rows as stored
from tests.exports.test_feed import entered

TRICKY = ["=1+1", "+86", "-7", "@x", "\t=1", "640104199001010017", "㛃𬭶𠮷䶮", 'a"b,c\nd', ""]


@pytest.fixture
def filled(house: House, centre: Centre, bank: Copy) -> Copy:
    """Three items: two of a record that was revoked."""
    worker, records = entered(house, centre, 1, 2)
    agree(house, worker, *records)
    bank.pull()
    centre.enter(centre.revocation(person(1), records[0]))
    bank.pull()
    return bank


def taken(copy: Copy, name: str) -> tuple[bytes, dict[str, Any]]:
    answer = copy.get(f"/v1/exports/files?format={name}")
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as packed:
        assert {one.compress_type for one in packed.infolist()} == {zipfile.ZIP_STORED}
        statement = check_signature(copy.house, json.loads(packed.read("manifest.json")))
        data = packed.read(statement["file"])
    assert statement["sha256"] == hashlib.sha256(data).hexdigest()
    return data, statement


def parquet() -> Any:
    """Somebody else's reader, where it is installed."""
    return pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed (extra `parquet`)")


def table(data: bytes, name: str) -> list[list[str]]:
    if name == "parquet":
        whole = parquet().read_table(io.BytesIO(data))
        return [whole.column_names, *map(list, zip(*whole.to_pydict().values(), strict=True))]
    if name == "xlsx":
        sheet = load_workbook(io.BytesIO(data)).active
        return [[cell.value or "" for cell in row] for row in sheet.iter_rows()]
    text = data.decode("utf-8-sig") if name == "csv" else gb18030.decode(data)
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("name", list(files.FORMATS))
def test_a_table_holds_the_items_of_the_stream(filled: Copy, name: str) -> None:
    if name == "parquet":
        parquet()
    items, stream = filled.take("")
    data, statement = taken(filled, name)
    assert {one: statement[one] for one in ("from", "to", "count", "root")} == {
        one: stream[one] for one in ("from", "to", "count", "root")
    }
    head, *body = table(data, name)
    names = [one["name"] for one in statement["columns"]]
    assert head == (names if name == "parquet" else [one["title"] for one in statement["columns"]])
    assert len(set(head)) == len(head)
    rows = [dict(zip(names, row, strict=True)) for row in body]
    assert [(row["n"], row["ref"], row["digest"]) for row in rows] == [
        (str(one["n"]), one["ref"], one["digest"] or "") for one in items
    ]
    for row, item in zip(rows, items, strict=True):
        values = item.get("content", {}).get("values", {})
        assert row["/body/level"] == values.get("/body/level", "")
        assert (json.loads(row["/body/attended"]) if values else row["/body/attended"]) == (
            values.get("/body/attended", "")
        )
    assert [row["op"] for row in rows] == ["新增", "新增", "撤回"]
    assert data.startswith(b"\xef\xbb\xbf") == (name == "csv")


@pytest.mark.parametrize("name", list(files.FORMATS))
def test_no_cell_becomes_a_formula_or_a_number(name: str) -> None:
    if name == "parquet":
        parquet()
    wanted = [Column(str(n), f"列{n}") for n in range(len(TRICKY))]
    data = b"".join(files.FORMATS[name][1](wanted, [TRICKY]))
    if name == "xlsx":
        cells = next(load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2))
        assert [cell.value or "" for cell in cells] == [one.replace("\r", "") for one in TRICKY]
        assert {(cell.data_type, cell.number_format) for cell in cells if cell.value} == {("s", "@")}
        return
    (_, row) = table(data, name)
    if name == "parquet":
        assert row == TRICKY
        return
    assert row == [f"'{one}" if one[:1] in ("=", "+", "-", "@", "\t") else one for one in TRICKY]


def test_what_gb18030_cannot_say_for_sure_is_refused() -> None:
    with pytest.raises(files.ExportFormatRefused):
        list(files.FORMATS["csv-gb18030"][1]([Column("a", "列")], [["\ue000"]]))


def test_a_table_is_made_piece_by_piece() -> None:
    """However many rows, what waits to leave is one piece."""
    rows = ([f"{n:0100d}"] for n in range(5_000))
    pieces = list(files.FORMATS["csv"][1]([Column("a", "列")], rows))
    assert len(pieces) > 5
    assert max(map(len, pieces)) < 2 * files.CHUNK


def test_parquet_holds_one_row_group_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A group is written before the rows behind it are asked for, so more rows need no more memory."""
    reader = parquet()
    rows, asked, written = [[f"{n:018d}"] for n in range(2 * files.GROUP_ROWS + 1)], [0], []
    write = reader.ParquetWriter.write_table

    def watched(self: Any, group: Any) -> None:
        write(self, group)
        written.append(asked[0])

    def coming() -> Iterator[list[str]]:
        for row in rows:
            asked[0] += 1
            yield row

    monkeypatch.setattr(reader.ParquetWriter, "write_table", watched)
    data = b"".join(files.FORMATS["parquet"][1]([Column("a", "列")], coming()))
    assert written == [files.GROUP_ROWS, 2 * files.GROUP_ROWS, len(rows)]
    read = reader.ParquetFile(io.BytesIO(data))
    sizes = [read.metadata.row_group(n).num_rows for n in range(read.num_row_groups)]
    assert sizes == [files.GROUP_ROWS, files.GROUP_ROWS, 1]
    assert read.schema_arrow.field("a").metadata == {b"title": "列".encode()}
    assert read.read().column("a").to_pylist() == [one for (one,) in rows]


def test_where_pyarrow_is_not_installed_that_is_named_and_nothing_is_used(
    house: House, filled: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    worker = stored(house, export_item)[0]["worker_id"]
    before = looks(house, worker)
    answer = filled.get("/v1/exports/files?format=parquet")
    assert (answer.status_code, answer.json["code"]) == (406, "export-format")
    assert "pyarrow" in answer.json["detail"]
    assert looks(house, worker) == before


def test_what_left_no_row_is_in_no_table(filled: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_arguments: Any) -> None:
        raise looked.LookNotWritten

    monkeypatch.setattr("recordsvc.access.looked.note", fails)
    answer = filled.get("/v1/exports/files?format=csv")
    assert answer.status_code == 503
    assert b"passed" not in answer.data


def test_another_format_and_a_foreign_cursor_are_named(filled: Copy) -> None:
    assert filled.get("/v1/exports/files?format=ods").status_code == 400
    answer = filled.get("/v1/exports/files?format=csv&after=AAAA")
    assert answer.json["code"] == "feed-cursor-unknown"
