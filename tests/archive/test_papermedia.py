"""What a file is, by its own bytes."""

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.archive import papermedia
from recordsvc.archive.paper_errors import PaperRefused, PaperUnsafe
from tests.archive.paperfiles import jpeg, object_stream, pdf, png

GOOD = {
    "png": (png(), "image/png"),
    "png-a4-at-600-dpi": (png(4960, 7016), "image/png"),
    "jpeg": (jpeg(), "image/jpeg"),
    "pdf": (pdf(), "application/pdf"),
    "jpeg-with-a-phones-film-behind": (jpeg() + b"\0\0\0\x18ftypmp42" + bytes(40), "image/jpeg"),
    "jpeg-with-a-second-picture": (jpeg() + jpeg(), "image/jpeg"),
    "pdf-blank-behind": (pdf() + b"\r\n\0\0", "application/pdf"),
    "pdf-2": (pdf().replace(b"%PDF-1.7", b"%PDF-2.0"), "application/pdf"),
    "pdf-object-stream": (pdf(objects=object_stream(b"6 0 <</Type /Page>>")), "application/pdf"),
    "pdf-names-that-only-begin-alike": (pdf(b"/JSON 1 /AAPL:Keywords []"), "application/pdf"),
    "pdf-short-name-in-compressed-bytes": (
        pdf(objects=b"4 0 obj <</Length 9>>\nstream\n\x80/JS (\x81\nendstream endobj"),
        "application/pdf",
    ),
}
REFUSED = {
    "empty": b"",
    "text": b"hello",
    "html": b"<!doctype html><script>alert(1)</script>",
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='x'/>",
    "zip": b"PK\3\4" + bytes(30),
    "gif": b"GIF89a" + bytes(20),
    "pdf-not-at-the-beginning": b"<html>" + pdf(),
    "pdf-cut": pdf()[:40],
    "png-cut": png()[:-4],
    "png-bomb": png(60_000, 60_000),
    "png-nothing": png(0, 5),
    "png-with-something-behind": png() + b"PK\3\4",
    "png-no-header": b"\x89PNG\r\n\x1a\n" + png()[33:],
    "png-two-headers": png()[:33] + png()[8:],
    "jpeg-cut": jpeg()[:-2],
    "jpeg-bomb": jpeg(65_000, 65_000),
    "pdf-with-a-page-behind": pdf() + b"<script>alert(1)</script>",
    "pdf-with-an-archive-behind": pdf() + b"PK\3\4" + bytes(26) + b"PK\5\6" + bytes(18),
    "jpeg-with-a-page-behind": jpeg() + b"<html><script>alert(1)</script>",
    "jpeg-with-an-archive-behind": jpeg() + b"PK\3\4" + bytes(26) + b"PK\5\6" + bytes(18),
    "jpeg-that-is-a-pdf": jpeg()[:2] + b"\xff\xfe\0\x0b%PDF-1.7\n" + jpeg()[2:],
    "jpeg-no-frame": b"\xff\xd8\xff\xd9",
}
UNSAFE = {
    "javascript": pdf(b"/Names <</JavaScript 3 0 R>>"),
    "js": pdf(b"/X <</JS (app.alert\\(1\\))>>"),
    "launch": pdf(b"/A <</S /Launch>>"),
    "embedded": pdf(b"/Names <</EmbeddedFiles 3 0 R>>"),
    "open-action": pdf(b"/OpenAction [3 0 R /Fit]"),
    "additional-action": pdf(b"/AA <</O 3 0 R>>"),
    "form": pdf(b"/AcroForm <</XFA 3 0 R>>"),
    "encrypted": pdf(objects=b"trailer <</Encrypt 9 0 R>>"),
    "escaped": pdf(b"/Names <</J#61vaScript 3 0 R>>"),
    "escaped-short": pdf(b"/X <</#4aS (x)>>"),
    "in-a-stream": pdf(objects=b"4 0 obj <<>>\nstream\n7 0 obj <</S /JavaScript>>\nendstream endobj"),
    "form-in-a-stream": pdf(objects=b"4 0 obj <<>>\nstream\n7 0 obj <</XFA 3 0 R>>\nendstream endobj"),
    "form-behind-a-comment": pdf(objects=b"%stream\n7 0 obj <</XFA[3 0 R]>> endobj\n%endstream"),
    "submit-behind-a-comment": pdf(objects=b"%stream\n7 0 obj <</S /SubmitForm>> endobj\n%endstream"),
    "rendition": pdf(b"/A <</S /Rendition>>"),
    "in-an-object-stream": pdf(objects=object_stream(b"6 0 <</S /JavaScript>>")),
    "in-an-object-stream-short": pdf(objects=object_stream(b"6 0 <</JS (x)>>")),
    "object-stream-escaped": pdf(objects=object_stream(b"6 0 <</JS (x)>>").replace(b"/ObjStm", b"/Obj#53tm")),
    "object-stream-otherwise-packed": pdf(objects=object_stream(b"", b"/Filter /LZWDecode", b"abc")),
    "object-stream-packed-twice": pdf(
        objects=object_stream(b"", b"/Filter [/ASCIIHexDecode /FlateDecode]", b"78")
    ),
    "object-stream-predicted": pdf(
        objects=object_stream(b"6 0 <<>>", b"/Filter /FlateDecode /DecodeParms <</Predictor 12>>")
    ),
    "object-stream-not-packed-as-said": pdf(objects=object_stream(b"", packed=b"not deflate")),
    "object-stream-plain": pdf(objects=object_stream(b"", b"", b"6 0 <</JS (x)>>")),
    "object-stream-decoy-filter": pdf(
        objects=object_stream(b"", b"/X (/Filter /FlateDecode) /Filter /LZWDecode", b"abc")
    ),
    "object-stream-decoy-obj": pdf(
        objects=object_stream(b"6 0 <</JS (x)>>", b"/X (obj) /Filter /FlateDecode")
    ),
    "object-stream-inside-a-stream": pdf(
        objects=b"4 0 obj <<>>\nstream\n" + object_stream(b"6 0 <</JS (x)>>") + b"\nendstream endobj"
    ),
    "object-stream-without-end": pdf(objects=object_stream(b"6 0 <<>>").replace(b"endstream", b"")),
    "object-stream-bomb": pdf(objects=object_stream(bytes(papermedia.MAX_INFLATED + 1))),
}


@pytest.mark.parametrize("name", GOOD)
def test_scans_and_letters_are_kept(name: str) -> None:
    data, media = GOOD[name]
    assert papermedia.sniff(data) == media
    assert media in papermedia.ENDINGS


@pytest.mark.parametrize("name", REFUSED)
def test_anything_else_is_refused(name: str) -> None:
    with pytest.raises(PaperRefused):
        papermedia.sniff(REFUSED[name])


@pytest.mark.parametrize("name", UNSAFE)
def test_a_pdf_that_acts_carries_or_hides_is_refused(name: str) -> None:
    with pytest.raises(PaperUnsafe):
        papermedia.sniff(UNSAFE[name])


@pytest.mark.parametrize(
    "part", [b"stream\n", b"/ObjStm stream\n", b"endstream ", b"#53/Obj", b"<</Type /ObjStm>>"]
)
def test_no_file_takes_long_to_judge(part: bytes) -> None:
    """A megabyte of whatever repeats: anything that grows with the square would not come back."""
    with contextlib.suppress(PaperUnsafe):
        papermedia.sniff(pdf(objects=part * (1_000_000 // len(part))))


HEADS = st.sampled_from([b"", b"%PDF-1.4\n", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", png()[:40], jpeg()[:25]])


@given(HEADS, st.binary(max_size=300), st.sampled_from([b"", b"%%EOF", b"\xff\xd9"]))
def test_whatever_bytes_come_there_is_an_answer(head: bytes, body: bytes, tail: bytes) -> None:
    data = head + body + tail
    try:
        media = papermedia.sniff(data)
    except (PaperRefused, PaperUnsafe):
        return
    assert media in papermedia.ENDINGS
    if media == papermedia.PDF:
        assert not re.search(rb"/(JavaScript|Launch|EmbeddedFile|OpenAction|Encrypt)", data)
