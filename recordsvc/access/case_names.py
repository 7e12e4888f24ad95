"""A case reference names nobody (案卷号不写当事人): above all not the person whom the look is about.

Whose name it is, is known once they are found: then what the reference says is compared with what is known
of them. One that says it is refused; the look leaves its row all the same, with `HIDDEN` for its case, so
that nobody tries names on numbers unseen. Compared are their names, numbers, phone and birthday. Not known
are a given name alone, a nickname, a name in Pinyin that no record spells so, the last digits of a number,
and names of other people.
"""

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

if TYPE_CHECKING:
    from recordsvc.house import House

HIDDEN: Final = "（案卷号写了本人信息，未保存）"
"""What stands in the row instead of a reference that named whom it was about."""
_LEAST: Final = 2
"""Letters from which a name is looked for: a single one is in many words."""
_HAN: Final = re.compile("[\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_LETTER: Final = r"[^\W\d_]"


@dataclass(frozen=True, slots=True)
class Person:
    """What is known of whom a look is about, in clear: for comparing, and gone after it."""

    names: Sequence[str] = ()
    numbers: Sequence[str] = ()
    birthdays: Sequence[dt.date] = ()


Known = Callable[["House", Connection, bytes], Person]
"""Subject of a look (a worker, or a held record) → what is known of them."""
_known: Final[list[Known]] = []


def known_by(read: Known) -> None:
    """Say who tells what is known of the subject of a look."""
    _known.append(read)


def hidden(house: "House", conn: Connection, case_ref: str, subject: bytes) -> str:
    """Return a case reference as it may be kept: `HIDDEN` for one that names the subject of its look."""
    return HIDDEN if any(names(case_ref, read(house, conn, subject)) for read in _known) else case_ref


def names(case_ref: str, person: Person) -> bool:
    """Tell whether a reference says a name, a number or the birthday of this person."""
    text = unicodedata.normalize("NFKC", case_ref).upper()
    run = _run(text)
    return (
        any(_said(name, text, run) for name in person.names)
        or any(len(one) >= _LEAST and one in run for one in map(_run, person.numbers))
        or any(_dated(day, text, run) for day in person.birthdays)
    )


def _run(text: str) -> str:
    """Return letters and digits alone, whatever keeps them apart."""
    return "".join(char for char in unicodedata.normalize("NFKC", text).upper() if char.isalnum())


def _said(name: str, text: str, run: str) -> bool:
    """Tell whether a name is said; one without Chinese characters as words of its own: LI is in POLICE."""
    letters = _run(name)
    if len(letters) < _LEAST:
        return False
    if _HAN.search(letters):
        return letters in run
    apart = r"[\W_]*".join(map(re.escape, letters))
    return re.search(rf"(?<!{_LETTER}){apart}(?!{_LETTER})", text) is not None


def _dated(day: dt.date, text: str, run: str) -> bool:
    spaced = rf"{day.year}[年 ./_-]{{1,2}}0?{day.month}[月 ./_-]{{1,2}}0?{day.day}(?![0-9])"
    return f"{day:%Y%m%d}" in run or re.search(spaced, text) is not None
