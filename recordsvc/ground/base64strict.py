"""Base64 that has exactly one spelling per value.

The standard library's decoders skip unknown characters and ignore the spare bits of the last one, so that
many texts decode to the same bytes. Where text is hashed, signed or compared, that is a forgery aid; here a
text is accepted only if encoding its value gives the same text again (RFC 4648 sections 3.3 and 3.5).
"""

from binascii import Error as _BinasciiError
from binascii import a2b_base64, b2a_base64

_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_+/", b"+/\xff\xff")  # the other alphabet's characters become invalid


def b64(data: bytes) -> str:
    """Standard alphabet, padded (RFC 4648 section 4)."""
    return b2a_base64(data, newline=False).decode("ascii")


def unb64(text: str) -> bytes:
    """Inverse of `b64`. Raises ValueError for every other spelling."""
    try:
        raw = text.encode("ascii")
        data = a2b_base64(raw)
    except (UnicodeEncodeError, _BinasciiError):
        raise ValueError("not base64") from None
    if b2a_base64(data, newline=False) != raw:
        raise ValueError("base64 not in its one canonical spelling")
    return data


def b64u(data: bytes) -> str:
    """URL alphabet, no padding (RFC 4648 section 5; RFC 7515 appendix C)."""
    return b64u_bytes(data).decode("ascii")


def b64u_bytes(data: bytes) -> bytes:
    """`b64u` as ASCII bytes, for signing inputs."""
    return b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def unb64u(text: str) -> bytes:
    """Inverse of `b64u`. Raises ValueError for every other spelling, padding included."""
    try:
        raw = text.encode("ascii")
        data = a2b_base64(raw.translate(_FROM_URL) + b"=" * (-len(raw) % 4))
    except (UnicodeEncodeError, _BinasciiError):
        raise ValueError("not base64url") from None
    if b64u_bytes(data) != raw:
        raise ValueError("base64url not in its one canonical spelling")
    return data
