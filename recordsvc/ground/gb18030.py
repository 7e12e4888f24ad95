"""GB 18030 as banks write it (国家标准编码), strictly: what does not fit is refused, never replaced.

The codec of the standard library follows the edition of 2005, in which 18 characters stood in the private use
area. GB 18030-2022 gives them their place in Unicode: the two-byte codes keep their meaning, and text that is
read or written here never holds a private-use stand-in for one of them. Any other private-use character is
refused: nobody can say what the other side shows for it.

Source: GB 18030-2022, annex on changed mappings; WHATWG Encoding Standard, gb18030 (issue 336).
"""

from types import MappingProxyType
from typing import Final

MOVED: Final = MappingProxyType(
    {
        # Presentation forms of vertical punctuation (竖排标点), A6D9 to A6F3.
        0xE78D: 0xFE10,
        0xE78E: 0xFE12,
        0xE78F: 0xFE11,
        0xE790: 0xFE13,
        0xE791: 0xFE14,
        0xE792: 0xFE15,
        0xE793: 0xFE16,
        0xE794: 0xFE17,
        0xE795: 0xFE18,
        0xE796: 0xFE19,
        # Components of characters (汉字部件), FE59 to FEA0.
        0xE81E: 0x9FB4,
        0xE826: 0x9FB5,
        0xE82B: 0x9FB6,
        0xE82C: 0x9FB7,
        0xE832: 0x9FB8,
        0xE843: 0x9FB9,
        0xE854: 0x9FBA,
        0xE864: 0x9FBB,
    }
)
"""Private-use code point of the edition of 2005 -> its code point since."""
_BACK: Final = {after: before for before, after in MOVED.items()}
_PRIVATE: Final = ((0xE000, 0xF8FF), (0xF0000, 0xFFFFD), (0x100000, 0x10FFFD))
_BOMS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff", b"\x84\x31\x95\x33")


class Unwritable(ValueError):
    """Text that GB 18030 cannot carry without doubt; `at` is the index of the first such character."""

    def __init__(self, at: int) -> None:
        super().__init__(f"character {at}")
        self.at = at


class Unreadable(ValueError):
    """Bytes that are not GB 18030 text; `at` is the offset of the first such byte."""

    def __init__(self, at: int) -> None:
        super().__init__(f"byte {at}")
        self.at = at


def settled(text: str) -> str:
    """Return text with the 18 moved characters at their places in Unicode."""
    return text.translate(MOVED)


def encode(text: str) -> bytes:
    """Return the bytes of a text. Raises `Unwritable`."""
    text = settled(text)
    for at, character in enumerate(text):
        if _private(ord(character)) or 0xD800 <= ord(character) <= 0xDFFF:
            raise Unwritable(at)
    return text.translate(_BACK).encode("gb18030")


def decode(content: bytes) -> str:
    """Return the text of bytes; the same character whichever edition wrote it. Raises `Unreadable`."""
    if content.startswith(_BOMS):
        raise Unreadable(0)
    try:
        text = settled(content.decode("gb18030"))
    except UnicodeDecodeError as error:
        raise Unreadable(error.start) from None
    for at, character in enumerate(text):
        if _private(ord(character)):
            raise Unreadable(len(text[:at].translate(_BACK).encode("gb18030")))
    return text


def _private(point: int) -> bool:
    return any(first <= point <= last for first, last in _PRIVATE)
