"""What a machine must have to make certificates on paper (系统组件): the extra `paper`, libraries, fonts.

Nothing of it is in the way of anything else: what is missing is logged at the start, and told at the door.
"""

import ctypes
import importlib.util
from collections.abc import Iterator
from functools import cache
from typing import Final

from recordsvc.exports.printed.errors import PaperUnavailable
from recordsvc.ground import observe

EXTRA: Final = ("weasyprint", "pyhanko")
LIBRARIES: Final = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
    "libfontconfig.so.1": "libfontconfig1",
}
"""Shared library -> the Debian package that brings it. Without the subsetter each takes 10 to 30 s."""
FONT: Final = "Noto Serif CJK SC"
FONT_PACKAGE: Final = "fonts-noto-cjk"


@cache
def missing() -> tuple[str, ...]:
    """Return what this machine lacks, as people install it; asked once in a process."""
    return tuple(_missing())


def tell() -> None:
    """Write one line to the log if certificates cannot be made here."""
    if missing():
        observe.log("paper-unavailable", missing=list(missing()))


def require() -> None:
    """Raise `PaperUnavailable` unless everything is there."""
    if missing():
        raise PaperUnavailable(
            f"缺少：{'、'.join(missing())}。", detail_en=f"Missing: {', '.join(missing())}."
        )


def _missing() -> Iterator[str]:
    if any(importlib.util.find_spec(name) is None for name in EXTRA):
        yield "recordsvc[paper]"
    for library, package in LIBRARIES.items():
        if not _loads(library):
            yield package
    if _loads("libfontconfig.so.1") and not _has_font(FONT):
        yield FONT_PACKAGE


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _has_font(family: str) -> bool:
    """Ask fontconfig itself: what it would take for this family bears its name only if it is installed."""
    config = ctypes.CDLL("libfontconfig.so.1")
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    config.FcNameParse.restype = config.FcFontMatch.restype = pointer
    config.FcNameParse.argtypes = [text]
    config.FcConfigSubstitute.argtypes = [pointer, pointer, ctypes.c_int]
    config.FcDefaultSubstitute.argtypes = [pointer]
    config.FcFontMatch.argtypes = [pointer, pointer, pointer]
    config.FcPatternGetString.argtypes = [pointer, text, ctypes.c_int, ctypes.POINTER(text)]
    config.FcPatternDestroy.argtypes = [pointer]
    pattern = config.FcNameParse(family.encode())
    config.FcConfigSubstitute(None, pattern, 0)
    config.FcDefaultSubstitute(pattern)
    found = config.FcFontMatch(None, pattern, ctypes.byref(ctypes.c_int()))
    config.FcPatternDestroy(pattern)
    if not found:
        return False
    name, at, names = text(), 0, []
    while config.FcPatternGetString(found, b"family", at, ctypes.byref(name)) == 0:
        names.append((name.value or b"").decode())
        at += 1
    config.FcPatternDestroy(found)
    return family in names
