"""What may be drawn (抽查对象): a port by which rooms bring their objects, and the institutions in force.

A room that has objects registers them with the house (`House.draw_subjects`). Their ids stand in public, so
they are public anyway (an institution's code) or tell of nobody (a claim's opaque id).
"""

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.grants import REGION_DIGITS, Reach
from recordsvc.archive.case_finders import record_of
from recordsvc.bodies import institutions
from recordsvc.oversight.drawing import Object
from recordsvc.oversight.tables import draw, draw_report

if TYPE_CHECKING:
    from recordsvc.bodies.institutions import Institutions

RULES: Final = "draw_rules"
RESULTS: Final = "inspection_results"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One object that may be drawn."""

    id: str
    stratum: str
    """The class in which it is drawn; at least the share of the rules of each class."""
    since: str = ""
    """Beijing date since which there is such an object, where new ones weigh more."""
    weight: int = 0
    """What it weighs at least, for reasons that its room keeps (风险标记)."""


class Subjects(Protocol):
    """One sort of objects."""

    kind: str
    title_zh: str

    def candidates(self, conn: Connection, area: str, day: str, /) -> Sequence[Candidate]:
        """Return all objects of an area (the digits all its divisions begin with) on a Beijing date."""
        ...

    def stratum_zh(self, stratum: str) -> str:
        """Return what people call a class of objects."""
        ...

    def parties(self, conn: Connection, object_ids: Collection[str], /) -> Mapping[str, frozenset[str]]:
        """Return whom each object concerns, as recusals name them (access/recusals.py)."""
        ...

    def owner(self, conn: Connection, object_id: str, /) -> str | None:
        """Return the institution (USCC) under which papers on an object are kept; None: none are."""
        ...

    def name(self, conn: Connection, object_id: str, day: str, /) -> str:
        """Return what people call an object on a Beijing date; public, and nobody's name."""
        ...


class InstitutionsInForce:
    """Institutions in force on the day of the commitment that teach or assess, by kind.

    Which kinds do says the table `issuer_kinds` (`inspected`): the register holds departments, too.
    """

    kind = "institution"
    title_zh = "培训和评价机构"

    def __init__(self, register: "Institutions") -> None:
        """Draw from the register of institutions."""
        self._register = register

    def candidates(self, conn: Connection, area: str, day: str) -> Sequence[Candidate]:
        """Return the institutions in force of an area; the region, which registers them, is none of them."""
        within = Reach(frozenset({area}), everywhere=len(area) == REGION_DIGITS)
        every = self._register.all(conn)
        found = [every[code] for code in institutions.codes_within(conn, within)]
        kinds = {
            code for code, row in dated.on(institutions.KINDS, day).by_code.items() if row.get("inspected")
        }
        return [
            Candidate(one.uscc, kind, one.periods()[0][0])
            for one in found
            if one.in_force(day) and (kind := one.kind_on(day)) in kinds
        ]

    def stratum_zh(self, stratum: str) -> str:
        """Return the kind of institution in words."""
        row = dated.on(institutions.KINDS, dated.OPEN_END).get(stratum)
        return stratum if row is None else str(row["zh"])

    def parties(self, _conn: Connection, object_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """Return each institution itself."""
        return {one: frozenset({f"institution:{one}"}) for one in object_ids}

    def owner(self, _conn: Connection, object_id: str) -> str | None:
        """Return the institution: what is found about it is kept with it, and it may read it."""
        return object_id

    def name(self, _conn: Connection, object_id: str, day: str) -> str:
        """Return the institution's name on a day."""
        found = self._register.find(object_id)
        return object_id if found is None else found.name_on(day)


def _has_a_record(conn: Connection, object_ids: Collection[str], workers: Collection[bytes]) -> bool:
    return any(record_of(conn, worker, one) for one in object_ids for worker in workers)


Concerns = Callable[[Connection, Collection[str], Collection[bytes]], bool]
CONCERNS: Final[dict[str, Concerns]] = {InstitutionsInForce.kind: _has_a_record}
"""By sort of object: whether whoever inspects one of these has to read of one of these archives.

Looks are judged in a commit that any thread may make: nothing here knows of a request or an application.
"""


def weighed(conn: Connection, kind: str, candidates: Iterable[Candidate], day: str) -> list[Object]:
    """Return objects with their weights under the rules of a day. Raises `NoRuleInForce`."""
    usual, new, faulty = (rule(name, day) for name in ("weight", "weight-new", "weight-found"))
    new_since = _before(day, rule("new-days", day))
    found = _found(conn, kind, _before(day, rule("found-days", day)))
    return [
        Object(
            one.id,
            max(
                usual,
                one.weight,
                new if one.since and one.since > new_since else 0,
                faulty if one.id in found else 0,
            ),
            one.stratum,
        )
        for one in candidates
    ]


def rule(name: str, day: str) -> int:
    """Return a number of the rules in force on a Beijing date. Raises `NoRuleInForce`."""
    return int(dated.rule(RULES, name, day)["value"])


def _found(conn: Connection, kind: str, since: str) -> set[str]:
    """Return the objects with which an inspection published since a day found fault."""
    faults = {str(row["code"]) for row in dated.table(RESULTS).rows if row["fault"]}
    since_ms = int(dt.datetime.fromisoformat(f"{since}T00:00:00+08:00").timestamp()) * 1_000
    own = draw_report.c
    wanted = (
        sa.select(own.object_id)
        .join(draw, draw.c.draw_id == own.draw_id)
        .where(draw.c.subject == kind, draw.c.published_ms >= since_ms, own.result.in_(faults))
    )
    return set(conn.execute(wanted.distinct()).scalars())


def _before(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) - dt.timedelta(days=days)).isoformat()
