"""A closing that was lost waits to be entered again (待重新办理的关闭): read off the chain. Pure.

The journal of restrictions tells after a restore that an archive was closed since the backup, but neither the
day of death nor the papers: so the archive is restricted on the ground `AWAITS`, until two officials close it
anew. That lifts this restriction by itself (`ENTERED`), unless another stands beside it; or they find the
closing unfounded (`UNFOUNDED`), which lifts as any lifting does.
"""

from collections.abc import Mapping
from typing import Any, Final

from recordsvc.archive.life_errors import GroundOfAnotherAct
from recordsvc.archive.reading import Archive
from recordsvc.people.standing import StandingRefused

AWAITS: Final = "closing-replayed"
ENTERED: Final = "closing-entered"
UNFOUNDED: Final = "closing-unfounded"
"""Codes of `restriction_grounds`."""


def closing_awaited(archive: Archive | None) -> bool:
    """Tell whether the archive is restricted until its closing is entered again."""
    return AWAITS in _standing(archive)


def alone(archive: Archive | None) -> bool:
    """Tell whether nothing but the awaited closing restricts the archive."""
    return _standing(archive) == [AWAITS]


def check_lifting(archive: Archive | None, ground: str) -> None:
    """Refuse to open an archive whose closing is awaited on another ground than that it was unfounded.

    Raises `StandingRefused`, and `GroundOfAnotherAct` for that ground where no closing is awaited.
    """
    awaited = closing_awaited(archive)
    if awaited and ground != UNFOUNDED:
        raise StandingRefused(
            "恢复备份前，这份档案已因死亡关闭：请先重新办理关闭；经查关闭不成立的，另选这一依据",
            detail_en="a closing was lost with the backup: close the archive again, or find that unfounded",
        )
    if ground == UNFOUNDED and not awaited:
        refuse(ground)


def refuse(ground: str) -> None:
    """Refuse the ground that a closing was unfounded for anything else. Raises `GroundOfAnotherAct`."""
    if ground == UNFOUNDED:
        detail = "这一依据只用于恢复备份后待重新办理的关闭，请另选依据"
        raise GroundOfAnotherAct(errors=[{"pointer": "/ground", "code": "value", "detail": detail}])


def is_unfounded(record: Mapping[str, Any]) -> bool:
    """Tell whether an entry says that a closing, lost and awaited, was unfounded."""
    return bool(record["type"] == "restriction" and record["body"]["ground"] == UNFOUNDED)


def _standing(archive: Archive | None) -> list[str]:
    """Return the grounds on which the whole archive is restricted now, each once, oldest first."""
    grounds: list[str] = []
    for entry in () if archive is None else archive.entries:
        record = entry.record
        if record is None:
            continue
        body: Mapping[str, Any] = record["body"]
        if record["type"] == "closure" and body["effect"] == "closed":
            # Awaited no more, though another restriction stands.
            grounds = [one for one in grounds if one != AWAITS]
        if record["type"] == "restriction" and "restricts" not in body:
            grounds = [*grounds, body["ground"]] if body["effect"] == "restricted" else []
    return list(dict.fromkeys(grounds))
