"""Small files of every kind that is kept, and of some that are not."""

import struct
import zlib


def png(width: int = 1, height: int = 1, text: bytes = b"") -> bytes:
    """A PNG that says how large it is; `text` makes it another file."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + (chunk(b"tEXt", b"Comment\0" + text) if text else b"")
        + chunk(b"IDAT", zlib.compress(b"\0\0"))
        + chunk(b"IEND", b"")
    )


def jpeg(width: int = 16, height: int = 9) -> bytes:
    """The segments of a JPEG, without a picture in it."""
    frame = b"\xff\xc0" + struct.pack(">HBHHB", 11, 8, height, width, 1) + b"\x01\x11\x00"
    return (
        b"\xff\xd8\xff\xe0\x00\x10JFIF\0\1\1\0\0\1\0\1\0\0"
        + frame
        + b"\xff\xda\x00\x08\1\1\0\0\x3f\0\0\xff\xd9"
    )


def pdf(catalog: bytes = b"", objects: bytes = b"") -> bytes:
    """A PDF; `catalog` goes into its first dictionary, `objects` behind it."""
    return (
        b"%PDF-1.7\n1 0 obj <</Type /Catalog /Pages 2 0 R " + catalog + b">> endobj\n"
        b"2 0 obj <</Type /Pages /Kids [] /Count 0>> endobj\n" + objects + b"\n"
        b"trailer <</Root 1 0 R>>\nstartxref\n0\n%%EOF\n"
    )


def object_stream(
    inner: bytes, header: bytes = b"/Filter /FlateDecode", packed: bytes | None = None
) -> bytes:
    """An object stream that holds `inner`."""
    data = zlib.compress(inner) if packed is None else packed
    return b"5 0 obj <</Type /ObjStm /N 1 /First 4 " + header + b">>\nstream\n" + data + b"\nendstream endobj"


def multipart(data: bytes, file_name: str, **fields: str) -> dict[str, object]:
    """A form with a file, as arguments of a test client; its own writer leaves large ones in open files."""
    mark = "boundary-of-a-form"
    parts = [
        f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts.append(
        f'--{mark}\r\nContent-Disposition: form-data; name="file"; filename="{file_name}"\r\n'
        "Content-Type: text/html\r\n\r\n"
    )
    body = "".join(parts).encode() + data + f"\r\n--{mark}--\r\n".encode()
    return {"data": body, "content_type": f"multipart/form-data; boundary={mark}"}
