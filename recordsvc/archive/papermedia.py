"""What a file really is (材料类型识别): PDF, PNG or JPEG by its own bytes, and nothing that acts. Pure.

The name and the media type that a sender claims are never looked at. A PDF that holds scripts, starts
programs, carries other files, does something when opened, or is encrypted is refused; a picture is measured
by its header, before anybody decodes it. Files are only ever handed out as attachments: this is the first
fence, not the only one.
"""

import re
import struct
import zlib
from typing import Final

from recordsvc.archive.paper_errors import PaperRefused, PaperUnsafe

PDF: Final = "application/pdf"
PNG: Final = "image/png"
JPEG: Final = "image/jpeg"
ENDINGS: Final = {PDF: "pdf", PNG: "png", JPEG: "jpg"}
MAX_PIXELS: Final = 50_000_000
"""A page of A4 at 600 dpi has 35 million."""
MAX_INFLATED: Final = 64 * 1024 * 1024
"""How much the object streams of one PDF may unpack to."""

_BLANK: Final = b"\0\t\n\f\r "
_HEAD: Final = 1024
"""How far into a file readers look for the beginning of a PDF."""
_OTHER: Final = re.compile(rb"PK\x05\x06|<(?:!doctype|html|script|svg|\?php)(?![a-z0-9])", re.IGNORECASE)
"""The end of a ZIP archive, the beginnings of what a browser or a server would run."""
_PNG_MAGIC: Final = b"\x89PNG\r\n\x1a\n"
_LONG: Final = rb"/(?:%s)|/XFA(?=[\s\0\[(<%%/0-9])" % b"|".join(
    (
        b"JavaScript",
        b"Launch",
        b"EmbeddedFile",
        b"OpenAction",
        b"Encrypt",
        b"RichMedia",
        b"Rendition",
        b"SubmitForm",
        b"ImportData",
    )
)
"""Names that mean harm wherever they stand: too long to arise by chance in compressed bytes. A reader finds
objects by their places in the file, and behind comments: it may read what looks like a stream's content."""
_NAMES_ANYWHERE: Final = re.compile(_LONG)
_NAMES: Final = re.compile(_LONG + rb"|/(?:JS|AA)(?![A-Za-z0-9])")
_ESCAPE: Final = re.compile(rb"#([0-9A-Fa-f]{2})")
_STREAM: Final = re.compile(rb"(?<!end)stream(?:\r\n|\n|\r)")
_END: Final = b"endstream"
_FLATE: Final = re.compile(rb"/Filter\s*(?:/FlateDecode|\[\s*/FlateDecode\s*\])(?![A-Za-z0-9])")


def sniff(data: bytes) -> str:
    """Return the media type. Raises `PaperRefused` for other files, `PaperUnsafe` for active ones."""
    if data.startswith((b"%PDF-1.", b"%PDF-2.")):
        _judge_pdf(data)
        return PDF
    if data.startswith(_PNG_MAGIC):
        _judge_size(*_png_size(data))
        return PNG
    if data.startswith(b"\xff\xd8\xff"):
        _judge_size(*_jpeg_size(data))
        return JPEG
    raise PaperRefused


def _judge_pdf(data: bytes) -> None:
    """Look for harmful names everywhere they can stand; every byte is read a fixed number of times."""
    if b"%%EOF" not in data[-1024:]:
        raise PaperRefused("PDF 文件不完整。", detail_en="The PDF is cut short.")
    if data[data.rindex(b"%%EOF") + 5 :].strip(_BLANK):
        raise PaperRefused(
            "PDF 文件末尾带有其他内容。", detail_en="Something else stands behind the end of the PDF."
        )
    if _NAMES_ANYWHERE.search(_unescaped(data)) or _NAMES.search(_unescaped(_outside_streams(data))):
        raise PaperUnsafe
    left, end = MAX_INFLATED, 0
    for begin in _STREAM.finditer(data):
        # From the stream before to this one: its dictionary is in there, wherever a reader would find it.
        header = _unescaped(data[end : begin.start()])
        end = begin.end()
        if b"/ObjStm" in header:
            inner = _inflated(data, header, end, left)
            left -= len(inner)
            if _NAMES.search(_unescaped(inner)):
                raise PaperUnsafe


def _unescaped(data: bytes) -> bytes:
    """Write `/J#53` as `/JS`, as every reader of PDF does."""
    return _ESCAPE.sub(lambda found: bytes((int(found[1], 16),)), data)


def _outside_streams(data: bytes) -> bytes:
    """Return the bytes that are no stream's content, in which short names arise by chance."""
    kept, place = [], 0
    while (begin := _STREAM.search(data, place)) is not None:
        kept.append(data[place : begin.start()])
        end = data.find(_END, begin.end())
        if end < 0:
            return b" ".join(kept)
        place = end + len(_END)
    return b" ".join((*kept, data[place:]))


def _inflated(data: bytes, header: bytes, begin: int, most: int) -> bytes:
    """Return what an object stream holds; one that is packed in any other way than plain Flate is refused."""
    end = data.find(_END, begin)
    if end < 0 or len(_FLATE.findall(header)) != header.count(b"/Filter") or b"/DecodeParms" in header:
        raise PaperUnsafe
    if b"/Filter" not in header:
        return data[begin:end]
    reader = zlib.decompressobj()
    try:
        inner = reader.decompress(data[begin:end], most + 1)
    except zlib.error:
        raise PaperUnsafe from None
    if len(inner) > most or not reader.eof:
        raise PaperUnsafe
    return inner


def _png_size(data: bytes) -> tuple[int, int]:
    """Walk the chunks to the end: a picture with something behind it is also something else."""
    place, size = len(_PNG_MAGIC), (0, 0)
    while len(data) - place >= 12:
        length, kind = struct.unpack_from(">I4s", data, place)
        if (kind == b"IHDR") != (place == len(_PNG_MAGIC)):
            break
        if kind == b"IHDR" and length == 13:
            size = struct.unpack_from(">II", data, place + 8)
        place += 12 + length
        if kind == b"IEND":
            if place == len(data):
                return size
            break
    raise PaperRefused(
        "PNG 图片不完整或带有其他内容。", detail_en="The PNG is damaged or holds something else."
    )


def _jpeg_size(data: bytes) -> tuple[int, int]:
    """Find the frame header among the segments before the picture's own data."""
    place = 2
    while place + 9 <= len(data) and data[place] == 0xFF:
        marker = data[place + 1]
        if marker == 0xFF:  # a fill byte
            place += 1
            continue
        (length,) = struct.unpack_from(">H", data, place + 2)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, place + 5)
            _judge_behind(data, data.find(b"\xff\xd9", place + length))
            return width, height
        place += 2 + length
    raise PaperRefused("JPEG 图片不完整。", detail_en="The JPEG is damaged or cut short.")


def _judge_behind(data: bytes, end: int) -> None:
    """Refuse a JPEG (its first end marker at `end`) that is a document or an archive as well.

    Phones put a film, a second picture or notes of their own behind a photograph: these stay.
    """
    if end < 0:
        raise PaperRefused("JPEG 图片不完整。", detail_en="The JPEG is damaged or cut short.")
    if b"%PDF-" in data[:_HEAD] or _OTHER.search(data, end):
        raise PaperRefused("JPEG 图片带有其他内容。", detail_en="The JPEG holds something else.")


def _judge_size(width: int, height: int) -> None:
    if not 0 < width * height <= MAX_PIXELS:
        raise PaperRefused(
            f"图片过大：{width}×{height}，最多 {MAX_PIXELS // 1_000_000} 百万像素。",
            detail_en=f"The picture is too large: {width}×{height}, at most {MAX_PIXELS} pixels.",
        )
