"""Whose archive it is (档案持有人): the name and number known last, which records alone do not always tell.

What an institution signed names its person; what the region states (an old paper, a statement) names an
archive only, and a name changed by two officials is in no record yet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from recordsvc.ground.readers import Cursor
from recordsvc.people import numbers
from recordsvc.people.documents import Kind
from recordsvc.people.numbers import SUPERSEDED, VERIFIED, Known
from recordsvc.people.resolve import DISPUTED, NAME

if TYPE_CHECKING:
    from recordsvc.house import House

_DOCUMENTS: Final = frozenset(str(one) for one in Kind)
_OVER: Final = frozenset({SUPERSEDED, DISPUTED})


@dataclass(frozen=True, slots=True)
class Holder:
    """A name, and a number with the kind of its document; empty where none is known."""

    name: str
    document: str
    number: str


def holder(house: "House", cursor: Cursor, worker_id: bytes) -> Holder:
    """Return whose archive it is, by its own identifiers, then by those of archives read as it."""
    known = numbers.known(house, cursor, worker_id)
    known.sort(key=lambda one: one.worker_id != worker_id)
    name = _last([one for one in known if one.kind == NAME])
    number = _last([one for one in known if one.kind in _DOCUMENTS])
    return Holder(
        "" if name is None else name.value,
        "" if number is None else number.kind,
        "" if number is None else number.value,
    )


def _last(known: Sequence[Known]) -> Known | None:
    """Return what the first archive that has any knows last; what is in force before what is not."""
    if not known:
        return None
    own = [one for one in known if one.worker_id == known[0].worker_id]
    return max(own, key=lambda one: (one.standing not in _OVER, one.standing == VERIFIED, one.asserted_ms))
