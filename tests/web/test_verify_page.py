"""The verification page: true, false and unreadable files, told in words; nothing is kept."""

import base64
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from recordsvc.archive.keyevents import KeyAction
from recordsvc.settings import Settings
from recordsvc.web.verify_routes import LIMIT
from tests.web.conftest import BROWSER, Visitor
from tests.web.region import ASSESSOR, Region, at
from tests.web.test_pages import sound


def upload(visitor: Visitor, document: bytes, record: bytes = b"") -> TestResponse:
    """Send files as a browser does: an unused field is an empty file without a name."""
    data = {
        "document": (io.BytesIO(document), "bundle.json"),
        "record": (io.BytesIO(record), "record.json" if record else ""),
    }
    return visitor.client.post("/verify", data=data, headers=BROWSER)


@pytest.fixture
def bundle(me: Visitor) -> bytes:
    return me.get("/v1/me/bundle").data


def test_a_bundle_is_proven_and_its_records_shown(
    visitor: Visitor, bundle: bytes, worker: dict[str, str]
) -> None:
    answer = upload(visitor, bundle)
    text = answer.text

    assert answer.status_code == 200
    sound(answer)
    for words in (
        "结论：已证明",
        "已证明：",
        "没有证明：",
        worker["name"],
        "尾号 0063",
        "已撤销",
        "已更正",
        "焊工",
    ):
        assert words in text
    assert worker["number"] not in text
    assert "/me/records/" not in text


def changed(bundle: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    told = json.loads(bundle)
    change(told)
    return json.dumps(told, ensure_ascii=False).encode()


def rewrite(told: dict[str, Any]) -> None:
    told["entries"][0]["record"]["body"]["score"] = "99"


def leave_out(told: dict[str, Any]) -> None:
    told["entries"].pop(3)


def cut_off_the_revocation(told: dict[str, Any]) -> None:
    # The end of a chain can be left out; the page must say that it proves nothing about it.
    del told["entries"][-1]


def other_log(told: dict[str, Any]) -> None:
    told["checkpoint"] = told["checkpoint"].replace(told["origin"], "other.example/log")
    told["origin"] = "other.example/log"


def other_region(told: dict[str, Any]) -> None:
    told["region"] = "52640104MJTEAT0250"


@pytest.mark.parametrize("change", [rewrite, leave_out, other_log, other_region])
def test_a_changed_bundle_is_refuted_and_shows_no_record(
    visitor: Visitor, bundle: bytes, change: Callable[[dict[str, Any]], None]
) -> None:
    answer = upload(visitor, changed(bundle, change))

    assert answer.status_code == 200
    sound(answer)
    assert "结论：不成立" in answer.text
    assert "文件里的记录" not in answer.text


def test_a_bundle_cut_off_at_its_end_proves_nothing_about_what_came_later(
    visitor: Visitor, bundle: bytes
) -> None:
    text = upload(visitor, changed(bundle, cut_off_the_revocation)).text

    assert "结论：已证明" in text
    assert "没有漏掉更新的条目" in text


@pytest.mark.parametrize("known_to", ["bundle and service", "service"])
def test_what_a_suspected_key_signed_is_shown_as_to_be_confirmed_again(
    me: Visitor, visitor: Visitor, region: Region, ids: dict[str, str], known_to: str
) -> None:
    assert ids["certificate"]
    before = me.get("/v1/me/bundle").data
    assert "待复核" not in upload(visitor, before).text
    kid, since = f"key-{ASSESSOR[-3:]}", at("2022-09-01")
    region.house.db.write(
        lambda turn: region.house.issuers.change(turn, ASSESSOR, kid, KeyAction.SUSPECT, since)
    )
    bundle = before if known_to == "service" else me.get("/v1/me/bundle").data
    answer = upload(visitor, bundle)

    sound(answer)
    badges = re.findall(r'<li class="badge[^"]*">待复核</li>', answer.text)
    assert len(badges) == 2  # both certificates, and no course of the school
    assert "签名钥匙在疑似泄露期间，待签发单位复核" in answer.text


@pytest.mark.parametrize(
    "garbage",
    [
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe\x00",
        b"PK\x03\x04 a zip",
        b"{" * 100_000,
        b'{"format":"recordsvc-bundle/1"}',
        b'{"format":"recordsvc-bundle/1","format":"x"}',
        b"%PDF-1.7",
        "一段话".encode(),
        b"<script>alert(1)</script>",
    ],
)
def test_garbage_is_unreadable_and_never_a_fault_of_ours(visitor: Visitor, garbage: bytes) -> None:
    answer = upload(visitor, garbage)

    assert answer.status_code == 200
    sound(answer)
    assert "结论：无法读取" in answer.text
    assert "<script" not in answer.text


def test_a_receipt_proves_its_record(me: Visitor, visitor: Visitor, ids: dict[str, str]) -> None:
    path = f"/me/records/{ids['certificate']}"
    receipt, record = me.get(f"{path}/receipt").data, me.get(f"{path}/file").data
    text = upload(visitor, receipt, record).text

    assert "结论：已证明" in text
    assert "签名由给定的签发钥匙作出" in text
    whole = me.get(f"/v1{path}").data
    assert "结论：已证明" in upload(visitor, receipt, whole).text


def test_a_receipt_of_another_record_is_refuted(me: Visitor, visitor: Visitor, ids: dict[str, str]) -> None:
    receipt = me.get(f"/me/records/{ids['certificate']}/receipt").data
    record = me.get(f"/me/records/{ids['permit']}/file").data

    assert "结论：不成立" in upload(visitor, receipt, record).text


@pytest.mark.parametrize(
    "record", [b"", b"{}", b"no json", b'{"record":{},"evidence":7}', b'{"record":1,"jws":"x"}']
)
def test_a_receipt_without_a_readable_record_is_explained(
    me: Visitor, visitor: Visitor, ids: dict[str, str], record: bytes
) -> None:
    receipt = me.get(f"/me/records/{ids['certificate']}/receipt").data
    answer = upload(visitor, receipt, record)

    assert answer.status_code == 422
    sound(answer)
    assert "记录文件" in answer.text


def test_an_evidence_that_is_none_is_false_and_no_fault(
    me: Visitor, visitor: Visitor, ids: dict[str, str]
) -> None:
    path = f"/me/records/{ids['certificate']}"
    receipt = me.get(f"{path}/receipt").data
    record = changed(me.get(f"{path}/file").data, lambda told: told.update(evidence="a..b"))

    assert "结论：不成立" in upload(visitor, receipt, record).text


def test_no_file_is_explained(visitor: Visitor) -> None:
    answer = upload(visitor, b"")

    assert answer.status_code == 422
    assert "请先选择要核验的文件" in answer.text


def test_a_file_too_large_is_refused_on_a_page(visitor: Visitor) -> None:
    answer = visitor.client.post(
        "/verify", data=b"x" * (LIMIT + 1), headers=BROWSER, content_type="multipart/form-data; boundary=x"
    )

    assert answer.status_code == 413
    sound(answer)


def test_a_large_file_never_touches_a_disk(visitor: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file was opened")

    body = b'--x\r\nContent-Disposition: form-data; name="%s"; filename="f"\r\n\r\n%s\r\n'
    data = body % (b"document", b"{" * 2_000_000) + body % (b"record", b"") + b"--x--\r\n"
    monkeypatch.setattr("tempfile.SpooledTemporaryFile", refused)
    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refused, raising=False)
    monkeypatch.setattr("werkzeug.formparser.TemporaryFile", refused, raising=False)
    answer = visitor.client.post(
        "/verify", data=data, headers=BROWSER, content_type="multipart/form-data; boundary=x"
    )

    assert (answer.status_code, "无法读取" in answer.text) == (200, True)


def test_nothing_uploaded_is_kept(visitor: Visitor, bundle: bytes, settings: Settings) -> None:
    canary = base64.b64encode(b"canary of the upload").decode()
    upload(visitor, changed(bundle, lambda told: told.update(canary=canary)))
    kept = [path for path in Path(settings.data_dir).rglob("*") if path.is_file()]

    assert kept != []
    assert [path.name for path in kept if canary.encode() in path.read_bytes()] == []
