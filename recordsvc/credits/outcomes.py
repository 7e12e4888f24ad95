"""Outcomes (学习成果) as lines of `credit-outcome/1`: what a record's feed content comes to. Pure.

    content = what the receiver is told of a record, by the members its feed gives, and by whose account
    salt    = first 16 bytes of SHA-256("credit-outcome/1" ‖ the feed's salt ‖ u32 version)
    digest  = SHA-256(salt ‖ canonical content)

The format is this service's own: no interface of the national credit bank is published. The feed's salt comes
from the record's own secret, and is gone with it.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from recordsvc import dated
from recordsvc.access.grants import Actor
from recordsvc.credits import reckon
from recordsvc.ground.strictjson import canonical

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

FORMAT: Final = "credit-outcome/1"
SORTS: Final = "credit_sorts"
CODES: Final = "credit_codes"


@dataclass(frozen=True, slots=True)
class Moved:
    """An item of a receiver's feed: its number, the chain, its name for the record, whether it is seen."""

    n: int
    worker_id: bytes
    ref: bytes
    live: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What a feed tells of a record now, and the salt it tells it with."""

    content: Mapping[str, Any]
    salt: bytes


class Feed(Protocol):
    """What a receiver may see: its feed, kept by the room above."""

    def moved(self, conn: "Connection", receiver: str, after: int, limit: int) -> Sequence[Moved]:
        """Return items behind a number, in order."""
        ...

    def given(
        self, who: Actor, request_id: str, receiver: str, wanted: Collection[tuple[bytes, bytes]]
    ) -> Mapping[bytes, Given]:
        """Return, by ref, what may leave now of these (chain, ref); uses and looks are durable."""
        ...

    def ref(self, receiver: str, worker_id: bytes, seq: int) -> bytes:
        """Return the receiver's name for the record at a place of a chain."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """One record as a line tells it: sort (outcome class), minutes that count, content."""

    sort: str
    minutes: int
    content: Mapping[str, Any]

    def digest(self, salt: bytes) -> bytes:
        """Return what a line commits to."""
        return hashlib.sha256(salt + canonical(self.content)).digest()


def salt(given: Given, version: int) -> bytes:
    """Return the salt of a version's line, 16 bytes."""
    return hashlib.sha256(FORMAT.encode() + given.salt + version.to_bytes(4)).digest()[:16]


def sort_of(record_type: str, day: str) -> str | None:
    """Return the class of a type's outcomes on a Beijing day; None: such records are no outcomes."""
    row = dated.on(SORTS, day).get(record_type)
    return None if row is None else str(row["sort"])


def outcome(content: Mapping[str, Any], account: str, day: str) -> Outcome | None:
    """Return a record's outcome from its feed content and the learner's account; None: it is none."""
    sort = sort_of(content["type"], day)
    if sort is None:
        return None
    values = {at.rsplit("/", 1)[-1]: value for at, value in content["values"].items()}
    hours = values.get("attended") or values.get("planned") or {}
    told = {
        "archive": {name: content[name] for name in ("index", "trust", "confirmation", "corrected")},
        "class": sort,
        "type": content["type"],
        "subject_ref": {"account": account},
        "title": values.get("title") or values.get("project") or values.get("competition"),
        "occupation": values.get("occupation"),
        "level": values.get("level"),
        "minutes": hours or None,
        "result": {"status": values.get("result"), "score": values.get("score")},
        "start": values.get("started_on"),
        "end": values.get("ended_on"),
        "issued": values.get("issued_on"),
        "issuer_uscc": values.get("issuer"),
        "reference_credit": _reference(content["type"], values),
    }
    return Outcome(sort, sum(hours.values()), {name: one for name, one in told.items() if one is not None})


def _reference(record_type: str, values: Mapping[str, Any]) -> Mapping[str, Any] | None:
    if not {"planned", "attended", "minutes_per_period", "ended_on"} <= values.keys():
        return None
    found = reckon.reference(record_type, values)
    if found is None:
        return None
    return {"value": str(found.value), "formula": found.formula, "version": found.version}
