"""Names of people: what is shown, and what is compared. The written form is always kept beside both."""

import re
import unicodedata

MIDDLE_DOT = "\u00b7"
_DOTS = "\u00b7\u2022\u30fb\uff0e\u2027\u2219\u22c5\uff65\u0387\u25cf\u2e31"
_FOLD_DOTS = str.maketrans(dict.fromkeys(_DOTS, MIDDLE_DOT))
_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_BETWEEN = f"{MIDDLE_DOT} -'’."
_PADDING = re.compile(rf"(?<=[{_HAN}])\s+(?=[{_HAN}])")
_ASCII_DOT = re.compile(rf"(?<=[{_HAN}])\s*\.\s*(?=[{_HAN}])")
_HAN_ALONE = re.compile("[\u4e00-\u9fff]+")
# What nobody sees and no name needs: soft hyphen, joiners, fillers, bidi controls, variation selectors, tags.
_HIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ARABIC = "\u0620-\u065f\u066e-\u06d3\u06d5\u06ee\u06ef\u06fa-\u06ff\u0750-\u077f\u08a0-\u08c9"
_MONGOLIAN = "\u1820-\u18aa"
# Uyghur, Kazakh, Persian: where letters join or do not is spelling. Mongolian: which form a letter takes.
_SPELLING = re.compile(
    f"(?<=[{_ARABIC}])[\u200c\u200d](?=[{_ARABIC}])|(?<=[{_MONGOLIAN}])[\u180b-\u180f](?=[{_MONGOLIAN}]|\\Z)"
)
# These turn text around: without them it would read otherwise than it was seen.
_TURNED = re.compile("[\u202a-\u202e\u2066-\u2069]")
_AROUND_DOT = re.compile(rf"\s*{MIDDLE_DOT}\s*")


def shown(raw: str) -> str:
    """The name as a record carries it: NFC, invisible characters out, ends trimmed, padding (马　兰) closed.

    Dots, letters and characters stay as written; nothing is simplified or replaced.
    """
    visible = (c for c in unicodedata.normalize("NFC", raw) if unicodedata.category(c) not in ("Cf", "Cc"))
    spaced = " ".join("".join(visible).split())
    return _PADDING.sub("", spaced)


def for_record(raw: str) -> str:
    """`shown` with every middle dot written as U+00B7, the one spelling a signed record uses."""
    return _AROUND_DOT.sub(MIDDLE_DOT, _ASCII_DOT.sub(MIDDLE_DOT, shown(raw).translate(_FOLD_DOTS)))


def for_matching(raw: str) -> str:
    """The form two spellings of one name share: every middle dot is U+00B7, width folded, NFC, upper case.

    Used to compare, never to store alone, and never as a key of a person.
    """
    if _HAN_ALONE.fullmatch(raw):
        return raw  # as most names are: nothing below would change it, and all of it takes 8 µs
    folded = "".join(_narrow(c) for c in shown(raw).translate(_FOLD_DOTS))
    dotted = _ASCII_DOT.sub(MIDDLE_DOT, _PADDING.sub("", " ".join(folded.split())))
    return unicodedata.normalize("NFC", _AROUND_DOT.sub(MIDDLE_DOT, dotted)).upper()


def same_name(one: str, other: str) -> bool:
    """Whether two written names are the same name, layout and dot style aside."""
    return for_matching(one) == for_matching(other)


def looks_like_a_name(text: str) -> bool:
    """Whether a cell could hold a person's name: two letters or more, at most 60, nothing else but dots."""
    return is_a_name(text) and sum(map(_is_letter, for_matching(text))) >= 2


def is_a_name(text: str) -> bool:
    """Whether a text has the characters of a name. ? and * and private-use leftovers are damage.

    What nobody sees is refused, too: two names would look alike that are not.
    """
    if _HAN_ALONE.fullmatch(text):
        return len(text) <= 60
    if hides(text):
        return False
    name = for_matching(text)
    return 0 < len(name) <= 60 and _is_letter(name[0]) and all(_is_letter(c) or c in _BETWEEN for c in name)


def hides(text: str) -> bool:
    """Whether a name, of a person or an institution, holds what nobody sees and no spelling needs."""
    return not text.isascii() and _HIDDEN.search(_SPELLING.sub("", text)) is not None


def reads_as_seen(raw: str) -> bool:
    """Whether `shown` leaves what was seen in a sheet: nothing in it turns the direction of writing."""
    return _TURNED.search(raw) is None


def _is_letter(char: str) -> bool:
    # Han characters added after this Python's Unicode tables were made are letters too (GB 18030-2022).
    return unicodedata.category(char)[0] in "LM" or 0x20000 <= ord(char) <= 0x3FFFF


def _narrow(char: str) -> str:
    """Full-width Latin and the ideographic space to their ASCII forms; everything else unchanged."""
    point = ord(char)
    if 0xFF01 <= point <= 0xFF5E:
        return chr(point - 0xFEE0)
    return " " if point == 0x3000 else char
