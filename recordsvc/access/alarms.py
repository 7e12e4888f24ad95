"""The row of an alarm (查阅预警): which kind, about whom, and that the data officer answers it."""

import hashlib
from typing import Any, Final

from recordsvc.ground.commit import Turn

OWNER: Final = "data-officer"
NO_LOOK: Final = -1
"""Stands for the place in the who-looked log of what showed nothing."""


def row(turn: Turn, kind: str, who: tuple[str, str], looks: int, key: bytes) -> dict[str, Any]:
    """Return an open alarm of a kind about an actor (kind, id), with how many looks or tries counted."""
    return {
        "key": key,
        "kind": kind,
        "actor_kind": who[0],
        "actor_id": who[1],
        "worker_id": None,
        "idx": NO_LOOK,
        "looks": looks,
        "raised_ms": turn.now_ms,
        "owner": OWNER,
        "state": "open",
        "answer": "",
        "answered_by": "",
        "answered_ms": None,
    }


def daily(kind: str, day: str, who: str, about: bytes = b"") -> bytes:
    """Return the key of the one alarm of its kind about an actor (and a worker) on a Beijing date."""
    return hashlib.sha256(b"\0".join((kind.encode(), day.encode(), who.encode(), about))).digest()[:16]
