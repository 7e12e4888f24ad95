"""Who may be drawn to inspect (执法检查人员名录): officials who hold the role of inspector in the whole area.

In public each has a code of the draw alone, which tells no name; what they keep out of (回避) stands beside
it, so that nobody can be left out or let in later without it being seen. A code follows from a key of this
service and the official's id: nobody can be put behind another's.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sqlalchemy.engine import Connection

from recordsvc.access import officials, own_parties
from recordsvc.access.grants import Role, prefix
from recordsvc.oversight.drawing import Inspector

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.oversight.subjects import Subjects

WEIGHT = 1
"""Inspectors weigh alike: chance does not know who is the stricter."""


@dataclass(frozen=True, slots=True)
class Able:
    """An official who may inspect in an area now, and whose affairs they keep out of."""

    official_id: str
    keeps_out: frozenset[str]


def able(house: "House", conn: Connection, area: str, now_ms: int) -> dict[str, Able]:
    """Return who may inspect everywhere in an area now, by official's id; deputies are not drawn."""
    found = {}
    for one in officials.load(conn).values():
        held = [prefix(where) for role, where in one.own_duties(now_ms) if role == Role.INSPECTOR]
        if any(area.startswith(where) for where in held):
            own = own_parties.of(conn, one.official_id) if one.named else frozenset[str]()
            keeps_out = replace(one, own=own).keeps_out(house.settings.region)
            found[one.official_id] = Able(one.official_id, keeps_out)
    return found


def coded(
    house: "House",
    conn: Connection,
    draw_id: bytes,
    people: Iterable[Able],
    subjects: "Subjects",
    object_ids: Collection[str],
) -> dict[str, Inspector]:
    """Return the roster's line of each official: their code, and the objects they keep out of."""
    concerned: dict[str, set[str]] = {}
    for object_id, parties in subjects.parties(conn, object_ids).items():
        for party in parties:
            concerned.setdefault(party, set()).add(object_id)
    return {
        one.official_id: Inspector(
            code(house, draw_id, one.official_id),
            WEIGHT,
            frozenset().union(*(concerned.get(party, ()) for party in one.keeps_out)),
        )
        for one in people
    }


def code(house: "House", draw_id: bytes, official_id: str) -> str:
    """Return the code of an official in a draw, 16 hexadecimal digits."""
    return house.keys.hmac("dedupe", b"draw-inspector/v1" + draw_id + official_id.encode())[:8].hex()


def enough(roster: Mapping[str, Inspector], object_ids: Iterable[str], wanted: int) -> bool:
    """Tell whether every object has so many inspectors who need not keep out of it."""
    excluded: dict[str, int] = {}
    for one in roster.values():
        for object_id in one.excluded:
            excluded[object_id] = excluded.get(object_id, 0) + 1
    return all(len(roster) - excluded.get(object_id, 0) >= wanted for object_id in object_ids)
