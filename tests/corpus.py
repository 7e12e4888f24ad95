"""Bad input (security.md 5 and 6): JSON texts that readers disagree about, text that eyes disagree about."""

import json
from collections.abc import Callable
from typing import Any

Mutation = Callable[[bytes], bytes]


def _first(data: bytes, old: bytes, new: bytes) -> bytes:
    assert old in data, old
    return data.replace(old, new, 1)


# A body is the bytes of one JSON object with a member that is a number and one that is text.
NOT_STRICT: dict[str, Mutation] = {
    "empty": lambda _: b"",
    "white space": lambda _: b" \r\n\t",
    "cut short": lambda data: data[:-1],
    "cut in the middle of a character": lambda data: data[: len(data) // 2] + b"\xe9",
    "something behind": lambda data: data + b"x",
    "two documents": lambda data: data + data,
    "byte order mark": lambda data: b"\xef\xbb\xbf" + data,
    "UTF-16": lambda data: data.decode().encode("utf-16"),
    "UTF-32": lambda data: data.decode().encode("utf-32"),
    "GB18030": lambda data: data.decode().replace('"', '"马', 1).encode("gb18030"),
    "overlong UTF-8": lambda data: data[:2] + b"\xc0\xaf" + data[2:],
    "NUL byte": lambda data: data[:2] + b"\0" + data[2:],
    "NUL escape": lambda data: data[:2] + b"\\u0000" + data[2:],
    "lone surrogate": lambda data: data[:2] + b"\\ud800" + data[2:],
    "lone low surrogate": lambda data: data[:2] + b"\\udc00x" + data[2:],
    "surrogates the wrong way round": lambda data: data[:2] + b"\\udc00\\ud800" + data[2:],
    "the same key twice": lambda data: b'{"twice":1,"twice":1,' + data[1:],
    "the same key twice, one escaped": lambda data: b'{"twice":1,"tw\\u0069ce":1,' + data[1:],
    "NaN": lambda data: b'{"a":NaN,' + data[1:],
    "infinity": lambda data: b'{"a":-Infinity,' + data[1:],
    "1e400": lambda data: b'{"a":1e400,' + data[1:],
    "1e2": lambda data: b'{"a":1e2,' + data[1:],
    "a fraction": lambda data: b'{"a":5.0,' + data[1:],
    "leading zero": lambda data: b'{"a":05,' + data[1:],
    "plus sign": lambda data: b'{"a":+5,' + data[1:],
    "hexadecimal": lambda data: b'{"a":0x10,' + data[1:],
    "beyond 2^53": lambda data: b'{"a":9007199254740993,' + data[1:],
    "5,000 digits": lambda data: b'{"a":' + b"9" * 5_000 + b"," + data[1:],
    "nested 33 deep": lambda data: b'{"a":' + b"[" * 33 + b"]" * 33 + b"," + data[1:],
    "nested 990 deep": lambda data: b'{"a":' + b"[" * 990 + b"]" * 990 + b"," + data[1:],
    "nested 20,000 deep": lambda data: b'{"a":' + b"[" * 20_000 + b"]" * 20_000 + b"," + data[1:],
    "never closed": lambda _: b'{"a":' * 10_000,
    "a comment": lambda data: b"/* */" + data,
    "trailing comma": lambda data: data[:-1] + b",}",
    "single quotes": lambda data: data.replace(b'"', b"'"),
    "a list": lambda data: b"[" + data + b"]",
    "text": lambda data: json.dumps(data.decode()).encode(),
    "null": lambda _: b"null",
    "a number": lambda _: b"5",
}
"""What no strict reader takes, made from bytes that it does take."""

NOT_CANONICAL: dict[str, Mutation] = {
    "a space": lambda data: _first(data, b":", b": "),
    "a line break at the end": lambda data: data + b"\n",
    "a space at the beginning": lambda data: b" " + data,
    "an escaped letter": lambda data: _first(data, b'"audience"', b'"\\u0061udience"'),
    "an escaped solidus": lambda data: _first(data, b"https://", b"https:\\/\\/"),
    "keys out of order": lambda data: (
        _first(data, b'{"jws"', b'{"record":{},"jws"') if data.startswith(b'{"jws"') else _reversed(data)
    ),
    "escaped Chinese": lambda data: json.dumps(
        json.loads(data), sort_keys=True, separators=(",", ":")
    ).encode(),
}
"""JSON that says the same in other bytes: what is signed is refused, never repaired."""


def _reversed(data: bytes) -> bytes:
    pairs = reversed(json.loads(data).items())
    return json.dumps(dict(pairs), ensure_ascii=False, separators=(",", ":")).encode()


NAMES = {
    "zero-width space": "马\u200b小明",
    "zero-width joiner": "马\u200d小明",
    "byte order mark": "\ufeff马小明",
    "right-to-left override": "马\u202e小明",
    "isolate": "马\u2066小明",
    "soft hyphen": "马\u00ad小明",
    "control character": "马\u0007小明",
    "line break": "马\n小明",
    "tab": "马\t小明",
    "carriage return": "马\r小明",
    "decomposed": "Ame\u0301lie",
    "decomposed Hangul": "\u1100\u1161",
    "compatibility ideograph": "馬\uf91a",
    "compatibility ideograph of the supplement": "馬\U0002f800",
    "noncharacter-like surrogate": "\ud83d",
    "empty": "",
    "only spaces": "   ",
    "spaces around": " 马小明 ",
    "far too long": "马" * 5_000,
}
"""Names that must not enter, since what is seen is not what is stored."""

WRONG_TYPES: tuple[Any, ...] = ("5", 5, True, None, [], ["x"], {}, {"x": 1})
"""Tried at every place whose type they are not."""

EXTRA = (
    "status",
    "centre_id",
    "bucket",
    "created_at",
    "role",
    "worker_id",
    "seq",
    "index",
    "__proto__",
    "$ref",
)
"""Members that somebody may hope are bound to something (mass assignment)."""


def encoded(value: object) -> bytes:
    """Write sorted compact JSON as a careless issuer would: nothing is checked, surrogates included."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")
