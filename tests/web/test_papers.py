"""The page of papers: what is filed, a form that says what is missing, files that leave as files."""

import re
from typing import Any

import pytest
from werkzeug.test import TestResponse

from recordsvc.archive.foreign import state_evidence
from recordsvc.house import House
from tests.archive.paperfiles import jpeg, multipart, pdf, png
from tests.archive.restricted import lift, seal
from tests.archive.support import STATER
from tests.test_desk_commands import EVIDENCE
from tests.web.conftest import BROWSER, Visitor
from tests.web.test_pages import sound

LONG = "买买提·阿不都热依木·𬭎鑫的" * 7 + "承诺书"


def upload(me: Visitor, data: bytes, **fields: Any) -> TestResponse:
    given = {"csrf_token": me.csrf, "kind": "other", **fields}
    return me.client.post("/me/papers", **multipart(data, "扫描.pdf", **given), headers=BROWSER)


def test_nothing_is_filed_at_first(me: Visitor) -> None:
    answer = me.get("/me/papers")
    sound(answer)
    assert "还没有材料" in answer.text
    assert "每份最多 8 MB" in answer.text


def test_what_was_uploaded_stands_on_the_page_and_can_be_taken_out(me: Visitor) -> None:
    answer = upload(me, pdf(), kind="commitment-letter", title=f"  {LONG[:50]} ")
    assert answer.status_code == 303
    found = re.fullmatch(r"/me/papers#p-([0-9a-f-]{36})", answer.location)
    assert found
    assert upload(me, jpeg()).status_code == 303
    page = me.get("/me/papers")
    sound(page)
    assert LONG[:50] in page.text
    assert page.text.count("本人上传") == 2
    assert "PDF 文件" in page.text
    assert f'id="p-{found[1]}"' in page.text
    file = me.get(f"/me/papers/{found[1]}")
    assert file.data == pdf()
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in file.headers["Content-Security-Policy"]


def test_the_page_says_how_many_papers_are_sealed_and_nothing_of_them(me: Visitor, house: House) -> None:
    assert upload(me, png(), title="金丝雀扫描件").status_code == 303
    assert me.actor is not None
    assert me.actor.worker_id is not None
    worker_id = me.actor.worker_id
    (paper,) = house.papers.of(worker_id)
    record_id, _index = state_evidence(house, worker_id, EVIDENCE, [paper.sha256], STATER)
    seal(house, worker_id, record_id)
    answer = me.get("/me/papers")
    sound(answer)
    assert "另有 1 份材料随已限制处理的记录一并封存" in answer.text
    assert "还没有材料" not in answer.text
    assert "金丝雀扫描件" not in answer.text
    lift(house, worker_id, record_id)
    assert "金丝雀扫描件" in (again := me.get("/me/papers").text)
    assert "封存" not in again


def test_a_title_is_shown_and_never_run(me: Visitor) -> None:
    upload(me, png(), title="<script>alert(1)</script>")
    page = me.get("/me/papers")
    sound(page)
    assert "&lt;script&gt;" in page.text


@pytest.mark.parametrize(
    ("data", "fields", "said"),
    [
        (b"", {}, "请选择一个文件"),
        (png(), {"kind": ""}, "请选择材料类型"),
        (png(), {"kind": "photograph"}, "请选择材料类型"),
        (png(), {"title": LONG}, "名称最多 100 字"),
        (b"hello", {}, "材料只收 PDF、PNG、JPEG 文件"),
        (pdf(b"/OpenAction 1 0 R"), {}, "该 PDF 带有脚本"),
        (png(60_000, 60_000), {}, "图片过大"),
        (png(text=b"x" * (8 << 20)), {}, "文件太大：每份最多 8 MB"),
    ],
)
def test_what_is_wrong_is_said_on_the_page_and_nothing_is_lost(
    me: Visitor, house: House, data: bytes, fields: dict[str, str], said: str
) -> None:
    answer = upload(me, data, **{"title": "我的名称", **fields})
    sound(answer)
    assert answer.status_code == 422
    assert answer.text.count(said) == 2, "above, and beside its field"
    assert fields.get("title", "我的名称") in answer.text
    assert list(house.objects.names()) == []


def test_a_foreign_form_files_nothing(me: Visitor, house: House) -> None:
    assert upload(me, png(), csrf_token="x").status_code == 403
    assert list(house.objects.names()) == []


def test_a_file_beyond_what_is_read_at_all_is_told_in_megabytes_with_a_way_back(me: Visitor) -> None:
    part = b'--end\r\nContent-Disposition: form-data; name="file"; filename="x.pdf"\r\n\r\n%s\r\n--end--\r\n'
    # Made by hand: the test client would keep what is so large in a file, and leave that open.
    sent = {"data": part % bytes(17 << 20), "content_type": "multipart/form-data; boundary=end"}
    answer = me.client.post("/me/papers", **sent, headers=BROWSER)
    assert answer.status_code == 413
    sound(answer)
    assert "每次最多收 8 MB" in answer.text
    assert 'href="/me/papers">回到表单' in answer.text
    assert "拆分" not in answer.text
    told = me.client.post("/me/papers", **sent)
    assert (told.status_code, told.mimetype) == (413, "application/problem+json")
