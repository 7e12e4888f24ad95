"""Certificates on paper before other people's tools: pdfsig, pdfdetach, zbarimg, pikepdf, Chromium.

A good certificate is accepted by each; damaged ones are refused by each. The offline page runs from a folder,
without any server.
"""

import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pikepdf
import pytest
from click.testing import CliRunner

from recordsvc import anchor
from recordsvc.cli import main
from recordsvc.exports.printed import needs, pdf
from recordsvc.house import House
from tests.web.conftest import *  # noqa: F403 - the region that pages are tried on
from tests.web.region import ASSESSOR, Region

pytestmark = [
    pytest.mark.long,
    pytest.mark.beside,
    pytest.mark.interop,
    pytest.mark.skipif(bool(needs.missing()), reason=f"not installed: {', '.join(needs.missing())}"),
]
DPI: Final = 200
"""zbarimg reads the code from 200 dpi on; at 150 its 85 modules fall between the pixels."""


def tool(name: str, package: str, *arguments: object) -> subprocess.CompletedProcess[bytes]:
    """Run somebody else's program; the test is skipped where it is not installed."""
    if shutil.which(name) is None:
        pytest.skip(f"no {name} here: install {package}")
    return subprocess.run([name, *map(str, arguments)], capture_output=True, check=False, timeout=60)


@pytest.fixture
def made(me: Visitor, ids: dict[str, str], tmp_path: Path) -> Path:  # noqa: F405
    """The certificate of one record."""
    return taken(me, f"/v1/me/records/{ids['corrected']}/certificate", tmp_path / "record.pdf")


@pytest.fixture
def whole(me: Visitor, tmp_path: Path) -> Path:  # noqa: F405
    """The certificate of the archive."""
    return taken(me, "/v1/me/certificate", tmp_path / "archive.pdf")


def taken(me: Visitor, path: str, to: Path) -> Path:  # noqa: F405
    answer = me.get(path)
    assert answer.status_code == 200, answer.text
    to.write_bytes(answer.data)
    return to


# -- pdfsig: the signature


def signature(file: Path) -> str:
    return tool("pdfsig", "poppler-utils", "-nocert", file).stdout.decode()


def test_pdfsig_finds_one_valid_signature_over_the_whole_file(made: Path) -> None:
    told = signature(made)

    assert told.count("Signature #") == 1
    assert "Signature is Valid" in told
    assert "Total document signed" in told
    assert "ETSI.CAdES.detached" in told
    assert "SHA-256" in told


def in_the_text(data: bytes) -> bytes:
    at = data.index(b"stream", len(data) // 4) + 40
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def in_the_attachment(data: bytes) -> bytes:
    at = data.index(b"/EmbeddedFile")
    at = data.index(b"stream", at) + 60
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def in_the_signature(data: bytes) -> bytes:
    at = data.index(b"/Contents <") + 11 + 2_000
    other = b"0" if data[at : at + 1] != b"0" else b"1"
    return data[:at] + other + data[at + 1 :]


def appended(data: bytes) -> bytes:
    """An incremental update of somebody else's: a title."""
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    writer.root["/Lang"] = generic.pdf_string("en")
    writer.update_root()
    target = io.BytesIO()
    writer.write(target)
    return target.getvalue()


def rewritten(data: bytes) -> bytes:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as opened:
        opened.save(target)
    return target.getvalue()


def without_signature(data: bytes) -> bytes:
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as opened:
        del opened.Root.AcroForm
        del opened.pages[0].Annots
        opened.save(target)
    return target.getvalue()


def cut(data: bytes) -> bytes:
    return data[:-2_000]


@pytest.mark.parametrize(
    "damage", [in_the_text, in_the_attachment, in_the_signature, appended, rewritten, without_signature, cut]
)
def test_pdfsig_does_not_accept_a_damaged_file(made: Path, damage: Callable[[bytes], bytes]) -> None:
    made.write_bytes(damage(made.read_bytes()))

    told = signature(made)

    assert not ("Signature is Valid" in told and "Total document signed" in told), told


# -- pdfdetach: the bundle


def detached(file: Path) -> Path:
    to = file.with_suffix(".json")
    done = tool("pdfdetach", "poppler-utils", "-savefile", pdf.ATTACHED, "-o", to, file)
    assert done.returncode == 0, done.stderr
    return to


def verified(house: House, file: Path) -> int:
    keys = [word for key in anchor.log_keys(house) for word in ("--log-key", key.vkey())]
    return CliRunner().invoke(main, ["verify", str(file), *keys, "--region", house.settings.region]).exit_code


def test_the_bundle_is_taken_out_and_proved(house: House, made: Path, whole: Path) -> None:
    assert [verified(house, detached(one)) for one in (made, whole)] == [0, 0]


def other_score(bundle: str) -> str:
    return bundle.replace('"score":"', '"score":"1', 1)


def other_name(bundle: str) -> str:
    return bundle.replace("买买提", "买买题")


def entry_left_out(bundle: str) -> str:
    told = json.loads(bundle)
    del told["entries"][1]
    return json.dumps(told)


def correction_hidden(bundle: str) -> str:
    told = json.loads(bundle)
    for one in told["entries"]:
        if one["kind"] == "correct":
            one["kind"] = "issue"
    return json.dumps(told)


def other_place(bundle: str) -> str:
    told = json.loads(bundle)
    told["entries"][0]["index"] += 1
    return json.dumps(told)


def cut_short(bundle: str) -> str:
    return bundle[: len(bundle) // 2]


@pytest.mark.parametrize(
    "damage", [other_score, other_name, entry_left_out, correction_hidden, other_place, cut_short]
)
def test_a_damaged_bundle_is_not_proved(house: House, made: Path, damage: Callable[[str], str]) -> None:
    bundle = detached(made)
    text = bundle.read_text("utf-8")
    bundle.write_text(damage(text), "utf-8")

    assert bundle.read_text("utf-8") != text
    assert verified(house, bundle) in (1, 2)


# -- PDF/A-3b, by structure: no validator is to be had here


def test_the_file_has_what_pdfa_3b_asks_for(whole: Path) -> None:
    with pikepdf.open(whole) as opened:
        assert not opened.is_encrypted
        with opened.open_metadata() as told:
            assert (told["pdfaid:part"], told["pdfaid:conformance"]) == ("3", "B")
        (intent,) = opened.Root.OutputIntents
        assert str(intent.S) == "/GTS_PDFA1"
        assert bytes(intent.DestOutputProfile.read_bytes())[36:40] == b"acsp"
        embedded = dict.fromkeys(str(one.UF) for one in opened.Root.AF)
        assert list(embedded) == [pdf.ATTACHED]
        assert str(opened.Root.AF[0].AFRelationship) == "/Source"
        assert str(opened.Root.AF[0].EF.F.Subtype) == "/application/json"
        assert "/ID" in opened.trailer
        fonts = [
            one
            for one in opened.objects
            if isinstance(one, pikepdf.Dictionary) and one.get("/Type") == "/Font"
        ]
        assert fonts
        for font in fonts:
            if font.Subtype == "/Type0":
                assert "/ToUnicode" in font
                continue
            descriptor = font.FontDescriptor
            assert {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()), font.BaseFont
        refused = ("/JavaScript", "/Launch", "/Sound", "/Movie", "/ImportData", "/ResetForm")
        actions = [one.get("/S") for one in opened.objects if isinstance(one, pikepdf.Dictionary)]
        assert not [one for one in actions if str(one) in refused]


def test_names_and_rare_characters_are_drawn_and_can_be_copied(made: Path) -> None:
    text = re.sub(r"\s", "", tool("pdftotext", "poppler-utils", made, "-").stdout.decode())

    assert "买买提·阿不都热依木·𬭎鑫" in text
    assert "已更正" in text


def test_a_revoked_record_tells_why_without_the_words_written_to_its_holder(
    region: Region,
    me: Visitor,  # noqa: F405
    worker: dict[str, Any],
    ids: dict[str, str],
    tmp_path: Path,
) -> None:
    region.revoke(ASSESSOR, worker, ids["certificate"], "result-annulled", "只写给本人看的话")
    made = taken(me, f"/v1/me/records/{ids['certificate']}/certificate", tmp_path / "revoked.pdf")

    text = re.sub(r"\s", "", tool("pdftotext", "poppler-utils", made, "-").stdout.decode())

    assert ("成绩或结果作废" in text, "只写给本人看的话" in text, "签发日期" in text) == (True, False, True)


# -- zbarimg and the page without network


def scanned(file: Path) -> str:
    tool(
        "pdftoppm",
        "poppler-utils",
        "-r",
        DPI,
        "-f",
        1,
        "-l",
        1,
        "-png",
        "-singlefile",
        file,
        file.with_suffix(""),
    )
    told = tool(
        "zbarimg", "zbar-tools", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file.with_suffix(".png")
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.decode().strip()


@pytest.fixture
def kept(me: Visitor, tmp_path: Path, chromium: Any) -> Any:  # noqa: F405
    """The offline page, open in a browser that has no network."""
    with zipfile.ZipFile(io.BytesIO(me.get("/check/offline.zip").data)) as files:
        files.extractall(tmp_path)
    context = chromium.new_context(offline=True)
    page = context.new_page()
    page.faults = []
    page.on("console", lambda one: page.faults.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda one: page.faults.append(str(one)))
    page.goto((tmp_path / "check" / "check.html").as_uri())
    yield page
    context.close()


def said(page: Any, content: str) -> str:
    page.get_by_label("二维码的全部内容").fill(content)
    page.locator("#found h2").wait_for()
    page.wait_for_timeout(100)
    return str(page.locator("#found").inner_text())


@pytest.mark.browser
def test_a_page_kept_beforehand_checks_what_zbarimg_read(made: Path, whole: Path, kept: Any) -> None:
    content, archive = scanned(made), scanned(whole)

    told = said(kept, content)
    assert "签名相符" in told
    assert "买买提·阿不都热依木·𬭎鑫" in told
    assert "已更正" in told
    assert "2024年10月8日" in told
    assert "联网查询现在的状态" in told
    assert "条，其中出具时有效" in said(kept, archive)
    assert kept.faults == []


def last(content: str) -> str:
    return content[:-1] + ("A" if content[-1] != "A" else "Q")


def first(content: str) -> str:
    at = content.index("#1.") + 3 + 200
    return content[:at] + ("A" if content[at] != "A" else "B") + content[at + 1 :]


def unsigned(content: str) -> str:
    return content.rpartition(".")[0]


def swapped(content: str) -> str:
    start, payload, signature = content.rsplit(".", 2)
    return f"{start}.{signature}.{payload}"


def shortened(content: str) -> str:
    return content[:-8]


def other_form(content: str) -> str:
    return content.replace("#1.", "#2.")


@pytest.mark.browser
@pytest.mark.parametrize("damage", [last, first, unsigned, swapped, shortened, other_form])
def test_the_page_refuses_a_damaged_content(made: Path, kept: Any, damage: Callable[[str], str]) -> None:
    content = scanned(made)

    told = said(kept, damage(content))

    assert "没有通过" in told
    assert "签名相符" not in told
    assert kept.faults == []


@pytest.mark.browser
def test_the_page_of_another_service_knows_no_key_of_ours(made: Path, kept: Any) -> None:
    content = scanned(made)
    kept.evaluate("() => 0")
    page = Path(kept.url.removeprefix("file://"))
    page.write_text(page.read_text("utf-8").replace("&#34;id&#34;:&#34;", "&#34;id&#34;:&#34;0"), "utf-8")
    kept.reload()

    assert "签名密钥不在这张页面里" in said(kept, content)
