"""Strict JSON: one text, one meaning, on every machine.

What ordinary readers let through (a second value for the same key, `NaN`, 1e400, a lone surrogate, a name
that *looks* like another) would be signed, hashed and stored for ever. This reader refuses it and says where.

Two doors. `loads` reads any well-formed document within limits. `is_canonical` accepts only the one canonical
spelling (RFC 8785, restricted to ASCII keys and integers, where it equals "sorted keys, no white space") and
is what signed bytes pass; it costs some 8 µs for a record of 600 bytes. Both take a short way when nothing in
the text is suspicious, and the full walk (`jsonjudge`), the only judge, when anything is.

orjson is used when it can be imported; without it (base install) the answers are the same, only slower.
"""

import json
import re
import unicodedata
from typing import Any, Final

from recordsvc.ground import jsonjudge
from recordsvc.ground.jsonjudge import BAD_CHARACTER, MAX_INT, TITLES, StrictJsonError

try:
    import orjson
except ImportError:  # the base install (offline verifier) has no orjson
    _WITH_ORJSON = False
else:
    _WITH_ORJSON = True

__all__ = [
    "MAX_DEPTH",
    "MAX_INT",
    "TITLES",
    "StrictJsonError",
    "canonical",
    "canonical_part",
    "is_canonical",
    "loads",
]

MAX_DEPTH: Final = 32

_ASCII = bytes(range(128))
# Han, Chinese punctuation, full-width forms: what nearly all texts here hold; visible, and in NFC anywhere.
_EVERYDAY = re.compile("[\u4e00-\u9fff\u3400-\u4dbf\u3000-\u301f\uff01-\uff5e·—‘’“”…]*+")


def loads(
    data: bytes,
    max_bytes: int,
    max_depth: int = MAX_DEPTH,
    *,
    allow_floats: bool = False,
    line_breaks: bool = False,
    ascii_keys: bool = False,
) -> object:
    """Read one JSON document (UTF-8, at most `max_bytes` bytes, `max_depth` levels of arrays and objects).

    Integers stay within ±(2^53-1). With `allow_floats` finite fractions come out as float; with
    `line_breaks` strings may hold line feeds (files that carry a signed note), but no other control
    character; with `ascii_keys` keys are ASCII. Raises StrictJsonError, and nothing else, whatever `data`
    holds.
    """
    if len(data) > max_bytes:
        raise StrictJsonError("too-large", detail=f"{len(data)} bytes, limit {max_bytes}")
    if _WITH_ORJSON:
        obj, written = _through_orjson(data, 0)
        # Without its \n escapes the text must be beyond suspicion; what is left of \\n still has a backslash.
        # They stand in a note near the beginning: one byte is looked for ten times faster than two.
        notes = data.rfind(b"\\") + 2 if line_breaks else 0
        text = data[:notes].replace(b"\\n", b"") + data[notes:]
        if written == data and _plain(obj, max_depth, ascii_keys=ascii_keys) and _beyond_suspicion(text):
            return obj
    return jsonjudge.parse(
        data, max_depth, allow_floats=allow_floats, ascii_keys=ascii_keys, line_breaks=line_breaks
    )


def is_canonical(data: bytes, max_depth: int = MAX_DEPTH) -> object:
    """Return what `data` says if it is canonical JSON: RFC 8785 with ASCII keys and integers only.

    Raises StrictJsonError otherwise; the text is never repaired. The caller bounds the size.
    """
    if _WITH_ORJSON:
        obj, written = _through_orjson(data, orjson.OPT_SORT_KEYS)
        if written == data and _plain(obj, max_depth, ascii_keys=True) and _beyond_suspicion(data):
            return obj
    obj = jsonjudge.parse(data, max_depth, ascii_keys=True)
    if _written(obj) != data:
        raise StrictJsonError("not-canonical")
    return obj


def canonical(obj: object) -> bytes:
    """Canonical bytes of `obj` (dict, list, str, int, bool, None), the only ones that are signed or hashed.

    Raises StrictJsonError for whatever `is_canonical` would refuse: canonical(is_canonical(b)) == b.
    """
    data = _written(obj)  # first, because it also refuses a structure that contains itself
    try:
        plain = _plain(obj, MAX_DEPTH, ascii_keys=True)
    except TypeError:  # a key that is no text
        plain = False
    if not plain:
        jsonjudge.check_types(obj, "")
        jsonjudge.check_depth(data, MAX_DEPTH)
    if not _beyond_suspicion(data):
        jsonjudge.check_text(obj, "", ascii_keys=True)
    return data


def canonical_part(obj: object) -> bytes:
    """Canonical bytes of a part of what `loads` returned with `ascii_keys` and without `allow_floats`.

    Such a part has passed every check of `canonical` but that for line breaks; it is only written.
    """
    data = _written(obj)
    return data if b"\\n" not in data else canonical(obj)


def _through_orjson(data: bytes, option: int) -> tuple[object, bytes | None]:
    """Parsed value and how orjson would write it.

    Equal bytes exclude white space, duplicate keys, other escapes and numbers that were rounded.
    """
    try:
        obj = orjson.loads(data)
        return obj, orjson.dumps(obj, option=option)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None, None


def _beyond_suspicion(data: bytes) -> bool:
    """True if no string in this well-formed JSON text without white space can hold a refused character."""
    if b"\\" in data:  # an escape may spell any of them
        return False
    if data.isascii():
        return b"\x7f" not in data
    beyond_ascii = data.translate(None, _ASCII).decode("utf-8")
    if _EVERYDAY.fullmatch(beyond_ascii):
        return b"\x7f" not in data
    text = data.decode("utf-8")
    # isprintable() is quick and doubts more (ideographic space, private use); it misses only joiner U+034F.
    doubtful = b"\x7f" in data or not beyond_ascii.isprintable() or "\u034f" in beyond_ascii
    if doubtful and BAD_CHARACTER.search(text):
        return False
    return unicodedata.is_normalized("NFC", text)


def _plain(obj: object, max_depth: int, *, ascii_keys: bool) -> bool:
    """True if the tree holds only text, integers in range, true, false, null, in at most `max_depth` levels.

    Says nothing about characters. Goes level by level instead of recursing: depth is counted, not feared.
    """
    level: list[Any] = [obj] if type(obj) is dict or type(obj) is list else []
    keys: set[Any] = set()
    for _ in range(max_depth):
        deeper: list[Any] = []
        for node in level:
            if type(node) is dict:
                keys.update(node)
                values: Any = node.values()
            else:
                values = node
            for inner in values:
                kind = type(inner)
                if kind is str:  # first, because nearly all are texts
                    continue
                if kind is dict or kind is list:
                    deeper.append(inner)
                elif not (-MAX_INT <= inner <= MAX_INT if kind is int else inner is None or kind is bool):
                    return False
        if not deeper:
            # A document that is one bare value is rare: leave it to the walk.
            return bool(level) and (not ascii_keys or "".join(keys).isascii())
        level = deeper
    return False


def _written(obj: object) -> bytes:
    """Sorted keys, no white space, shortest escapes: RFC 8785 for the types that `check_types` lets pass."""
    try:
        if _WITH_ORJSON:
            return orjson.dumps(obj, option=orjson.OPT_SORT_KEYS)
        return json.dumps(obj, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")
    except (TypeError, ValueError, RecursionError):  # whichever writer it was: find the reason and the place
        try:
            jsonjudge.check_types(obj, "")
            jsonjudge.check_text(obj, "", ascii_keys=True)
        except RecursionError:
            raise StrictJsonError("depth") from None
        raise StrictJsonError("depth") from None
