"""What an import may know of persons (旧档案导入与当事人): nothing before two officials released it.

A file is judged by what it says alone. What only the archive knows - whose number it is, another name, a
sealed or restricted archive, a fact that stands already, another county - is met at entering, and is one and
the same answer for all of it: the row waits for officials. Whoever it is about reads that the official who
brought the file was told so (purpose `import`).
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.access import areas, case_names, cases, looked, officials
from recordsvc.access.grants import Actor, Kind, Reach, Thing, reach
from recordsvc.access.looked import Look
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal
from recordsvc.people.resolve import Held, Person
from recordsvc.people.tables import worker_area
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

PURPOSE: Final = "import"
"""Of `lookup_purposes`: no role looks anybody up for it."""
POLICY: Final = "import.propose"
WAITS: Final = "needs-officials"
"""The one answer for a row that something known here keeps from entering."""
_PORTION: Final = 500


def reach_of(who: Actor) -> frozenset[str]:
    """Return the divisions an official brings files in for; the empty text is the whole region."""
    found = reach(who, POLICY)
    return frozenset({""}) if found.everywhere else found.areas


def check_case(house: "House", who: str, case_ref: str) -> None:
    """Refuse a case that no import rests on. Raises `CaseRefused`, `CaseUnknown`."""
    day = beijing_date(house.clock.now_ms()).isoformat()
    with house.db.read() as conn:
        cases.check(conn, PURPOSE, case_ref, who, day)


def lies(payload: Mapping[str, Any]) -> Thing:
    """Return where a proposed run lies: where its proposer works, of several divisions what holds them all.

    A run that an earlier version proposed lies in the whole region.
    """
    return Thing(areas.together([Thing(one) for one in payload.get("areas", [""])]).area)


def foreign(house: "House", proposal: Proposal | None, found: Collection[Worker]) -> set[bytes]:
    """Return those of known workers who lie where the proposer of a run has nothing to do."""
    where = Reach(frozenset([""] if proposal is None else proposal.payload.get("areas", [""])))
    known = sorted({one.worker_id for one in found if one.version})
    own, placed = worker_area.c, dict[bytes, str]()
    with house.db.read() as conn:
        for at in range(0, len(known), _PORTION):
            some = own.worker_id.in_(known[at : at + _PORTION])
            rows = conn.execute(sa.select(own.worker_id, own.division).where(some))
            placed |= {bytes(worker_id): division for worker_id, division in rows}
    return {one for one in known if not where.covers(placed.get(one, ""))}


def whose(house: "House", cursor: Cursor, person: Person, found: Worker | Held) -> bytes | None:
    """Return whom a row is about that cannot enter; None: nobody here."""
    return found.worker_id if isinstance(found, Worker) else house.people.whose(cursor, person)


def tell(turn: Turn, house: "House", proposal: Proposal, workers: Collection[bytes]) -> None:
    """Note for persons that the proposer of a run was told that their rows wait; part of settling them."""
    kind, _, account = proposal.proposed_by.partition(":")
    official = officials.present(turn.conn, account) if kind == Kind.OFFICIAL else None
    who = Actor(Kind.OFFICIAL, account) if official is None else official.actor(turn.now_ms, "")
    case = str(proposal.payload.get("case_ref", ""))
    for one in sorted(set(workers)):
        # A case that names whom the row is about stays off their list, as at every look.
        kept = case if case_names.hidden(house, turn.conn, case, one) == case else ""
        looked.note(turn, house, Look(one, who, PURPOSE, "identity", kept))
