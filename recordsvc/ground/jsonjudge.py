"""The full walk behind `strictjson`: decides about every JSON text, and names the place of what it refuses.

Slow and plain on purpose. Whatever the parser meets that must not be accepted becomes a marker in the tree,
so that one walk afterwards meets it and knows its pointer. Only the standard library is used.
"""

import json
import re
import unicodedata
from collections.abc import Callable
from typing import Final, NamedTuple

from recordsvc.ground.naming import repeated

MAX_INT: Final = 2**53 - 1  # the largest integer every JSON reader keeps exactly (RFC 7493 section 2.2)

TITLES: Final[dict[str, tuple[str, str]]] = {
    "too-large": ("内容超过大小上限", "larger than the limit"),
    "not-utf8": ("不是 UTF-8 编码", "not UTF-8"),
    "byte-order-mark": ("开头有字节顺序标记（BOM）", "begins with a byte order mark"),
    "syntax": ("不是合法的 JSON", "not JSON"),
    "depth": ("嵌套过深", "nested too deeply"),
    "duplicate-key": ("同一对象中键重复", "the same key twice in one object"),
    "not-finite": ("含有 NaN 或无穷大", "NaN or infinity"),
    "float": ("此处不允许小数或指数写法", "fractions and exponents are not allowed here"),
    "integer-range": ("整数超出 ±(2^53-1)", "integer beyond ±(2^53-1)"),
    "surrogate": ("含有不成对的代理码位", "lone surrogate"),
    "control-character": ("含有控制字符", "control character"),
    "invisible-character": ("含有零宽或双向控制字符", "zero-width or bidirectional control character"),
    "not-nfc": ("字符串未按 NFC 规范化", "string not in Unicode normalisation form C"),
    "key-not-ascii": ("键含有非 ASCII 字符", "key is not ASCII"),
    "type": ("含有 JSON 不能表示的值", "a value that JSON cannot hold"),
    "not-canonical": ("不是规范形式（RFC 8785）", "not in canonical form (RFC 8785)"),
}


class StrictJsonError(ValueError):
    """Why a text was refused.

    `code` is one of TITLES (stable), `pointer` the RFC 6901 JSON pointer of the place ("" = the whole
    document), `message` English, `message_zh` Chinese. No text repeats a value; the pointer may hold keys.
    """

    def __init__(self, code: str, pointer: str = "", detail: str = "") -> None:
        zh, en = TITLES[code]
        self.code = code
        self.pointer = pointer
        self.message = f"{en}: {detail}" if detail else en
        self.message_zh = zh
        super().__init__(f"{self.message} at {pointer}" if pointer else self.message)


class _Refused(NamedTuple):
    """Stands in the parsed tree where the parser met something that must not be accepted."""

    code: str


class _Twice(dict[str, object]):
    """An object in which a key stood twice."""


_INVISIBLE = (
    "\u00ad\u034f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f"
)
BAD_CHARACTER: Final = re.compile(f"[\x00-\x1f\x7f-\x9f\ud800-\udfff{_INVISIBLE}]")

_STRING = re.compile(
    rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL
)  # closing quote optional: never re-scans, so linear
_TO_BRACKETS = bytes.maketrans(b"{}", b"[]")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]"))


def parse(
    data: bytes, max_depth: int, *, allow_floats: bool = False, ascii_keys: bool, line_breaks: bool = False
) -> object:
    """What `data` says; StrictJsonError if it may not be said. The caller has bounded the size."""
    check_depth(data, max_depth)
    if data.startswith(b"\xef\xbb\xbf"):
        raise StrictJsonError("byte-order-mark")
    try:
        obj = _decoder(_fraction if allow_floats else _no_fraction).decode(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise StrictJsonError("not-utf8", detail=f"byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise StrictJsonError("syntax", detail=f"line {error.lineno}, column {error.colno}") from None
    except RecursionError:  # check_depth ran first; this guards a limit that a caller set too high
        raise StrictJsonError("depth") from None
    check_text(obj, "", ascii_keys=ascii_keys, line_breaks=line_breaks)
    return obj


def check_depth(data: bytes, limit: int) -> None:
    """Refuse deeper nesting than `limit` before any recursive parser sees it.

    Strings are cut out and each round deletes the innermost brackets: the rounds count the depth. What is
    left over and not too deep is a syntax error, which the parser names better.
    """
    if data.count(b"[") + data.count(b"{") <= limit:
        return
    left = _STRING.sub(b"", data).translate(_TO_BRACKETS).translate(None, _ALL_BUT_BRACKETS)
    for _ in range(limit):
        if not left:
            return
        left = left.replace(b"[]", b"")
    if b"[]" in left or left.count(b"[") > limit:
        raise StrictJsonError("depth", detail=f"more than {limit} levels")


def check_text(value: object, pointer: str, *, ascii_keys: bool, line_breaks: bool = False) -> None:
    """Check every string, key and marker below `value`; raise at the first offence, with its pointer."""
    if isinstance(value, str):
        _check_string(value, pointer, line_breaks=line_breaks)
    elif isinstance(value, _Twice):
        raise StrictJsonError("duplicate-key", pointer)
    elif isinstance(value, dict):
        for key, inner in value.items():
            if ascii_keys and not key.isascii():
                raise StrictJsonError("key-not-ascii", pointer)
            _check_string(key, pointer, line_breaks=line_breaks)
            check_text(inner, f"{pointer}/{repeated(key)}", ascii_keys=ascii_keys, line_breaks=line_breaks)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            check_text(inner, f"{pointer}/{number}", ascii_keys=ascii_keys, line_breaks=line_breaks)
    elif isinstance(value, _Refused):
        raise StrictJsonError(value.code, pointer)


def check_types(value: object, pointer: str) -> None:
    """Refuse what a writer would quietly turn into something else: NaN, floats, UUIDs, enums, odd keys."""
    if type(value) is dict:
        for key, inner in value.items():
            if type(key) is not str or not key.isascii():
                raise StrictJsonError("key-not-ascii", pointer)
            check_types(inner, f"{pointer}/{repeated(key)}")
    elif type(value) is list:
        for number, inner in enumerate(value):
            check_types(inner, f"{pointer}/{number}")
    elif type(value) is int:
        if abs(value) > MAX_INT:
            raise StrictJsonError("integer-range", pointer)
    elif type(value) is float:
        raise StrictJsonError("float", pointer)
    elif type(value) not in (str, bool, type(None)):
        raise StrictJsonError("type", pointer, type(value).__name__)


def _check_string(text: str, pointer: str, *, line_breaks: bool) -> None:
    found = BAD_CHARACTER.search(text.replace("\n", "") if line_breaks else text)
    if found:
        codes = {"Cs": "surrogate", "Cc": "control-character"}
        code = codes.get(unicodedata.category(found.group()), "invisible-character")
        raise StrictJsonError(code, pointer, f"U+{ord(found.group()):04X}")
    if not unicodedata.is_normalized("NFC", text):
        raise StrictJsonError("not-nfc", pointer)


def _decoder(parse_float: Callable[[str], object]) -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_pairs,
        parse_float=parse_float,
        parse_int=_integer,
        parse_constant=lambda _: _Refused("not-finite"),
    )


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    obj = dict(pairs)
    return obj if len(obj) == len(pairs) else _Twice(pairs)


def _integer(text: str) -> object:
    if len(text) > 17 or abs(int(text)) > MAX_INT:  # length first: int() of 5,000 digits raises
        return _Refused("integer-range")
    return int(text)


def _fraction(text: str) -> object:
    value = float(text)
    return value if abs(value) != float("inf") else _Refused("not-finite")


def _no_fraction(_: str) -> object:
    return _Refused("float")
