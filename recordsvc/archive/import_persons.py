"""What an import may know of persons (旧档案导入与当事人): nothing before two officials released it.

A file is judged by what it says alone. What only the archive knows - whose number it is, another name, a
sealed or restricted archive, a fact that stands already, another county - is met at entering, and is one and
the same answer for all of it: the row waits for officials. Whoever it is about reads that the official who
brought the file was told so (purpose `import`).
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, case_names, cases, looked, officials
from recordsvc.access.grants import Actor, Kind, Reach, Thing, reach
from recordsvc.access.looked import Look
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal
from recordsvc.people.resolve import CARD, CHIP, Held, Person
from recordsvc.people.tables import blind_index, kept_tag, worker_area
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

PURPOSE: Final = "import"
"""Of `lookup_purposes`: no role looks anybody up for it."""
POLICY: Final = "import.propose"
WAITS: Final = "needs-officials"
"""The one answer for a row that something known here keeps from entering."""
RECUSED: Final = "recused"
"""A row that names whoever brings the file, or somebody they keep out of."""
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


def barred(
    house: "House", proposal: Proposal, people: Mapping[int, Person], found: Sequence[Worker | Held]
) -> set[int]:
    """Return rows about whom the two officials of a run, as of now, have nothing to do or keep out of.

    Nothing to do: with known workers who lie where the proposer does not work.
    """
    where = Reach(frozenset(proposal.payload.get("areas", [""])))
    known = sorted({one.worker_id for one in found if isinstance(one, Worker) and one.version})
    own, placed = worker_area.c, dict[bytes, str]()
    with house.db.read() as conn:
        for at in range(0, len(known), _PORTION):
            some = own.worker_id.in_(known[at : at + _PORTION])
            rows = conn.execute(sa.select(own.worker_id, own.division).where(some))
            placed |= {bytes(worker_id): division for worker_id, division in rows}
        accounts = (proposal.proposed_by, str(proposal.decided_by))
        two = [_official(conn, one, house.clock.now_ms()) for one in accounts]
        recused = kept_out(house, conn, two[0].recused | two[1].recused, people)
    foreign = {one for one in known if not where.covers(placed.get(one, ""))}
    lying = zip(people, found, strict=True)
    return recused.keys() | {
        row for row, one in lying if isinstance(one, Worker) and one.worker_id in foreign
    }


def kept_out(
    house: "House", conn: Connection, parties: frozenset[str], people: Mapping[int, Person]
) -> dict[int, frozenset[str]]:
    """Return the rows whose person is one of these parties, and which; nobody else is looked for."""
    ids: dict[str, list[bytes]] = {"number": [], "worker": []}
    for one in parties:
        kind, _, name = one.partition(":")
        if kind in ids:
            ids[kind].append(uuid.UUID(name).bytes)
    if not any(ids.values()):
        return {}
    kept, index = kept_tag.c, blind_index.c
    numbers = conn.execute(sa.select(kept.tag, kept.number_id).where(kept.number_id.in_(ids["number"])))
    tags = [(bytes(tag), f"number:{uuid.UUID(bytes=bytes(one))}") for tag, one in numbers]
    workers = conn.execute(sa.select(index.tag, index.worker_id).where(index.worker_id.in_(ids["worker"])))
    tags += [(bytes(tag), f"worker:{uuid.UUID(bytes=bytes(one))}") for tag, one in workers]
    found = {}
    for row, person in people.items():
        own = {tag for said in numbers_of(person) for tag in house.people.tags(*said)}
        if hit := frozenset(party for tag, party in tags if tag in own):
            found[row] = hit
    return found


def whose(house: "House", cursor: Cursor, person: Person, found: Worker | Held) -> bytes | None:
    """Return whom a row is about that cannot enter; None: nobody here."""
    return found.worker_id if isinstance(found, Worker) else house.people.whose(cursor, person)


def tell(turn: Turn, house: "House", proposal: Proposal, workers: Collection[bytes]) -> None:
    """Note for persons that the proposer of a run was told that their rows wait; part of settling them."""
    who = _official(turn.conn, proposal.proposed_by, turn.now_ms)
    note(turn, house, who, proposal, workers, ("identity", ""))


def note(
    turn: Turn,
    house: "House",
    who: Actor,
    proposal: Proposal,
    workers: Collection[bytes],
    shown: tuple[str, str],
) -> None:
    """Note for persons who saw something of their rows in a run. `shown`: groups of fields, request."""
    case, (fields, request_id) = str(proposal.payload.get("case_ref", "")), shown
    for one in sorted(set(workers)):
        # A case that names whom the row is about stays off their list, as at every look.
        kept = case if case_names.hidden(house, turn.conn, case, one) == case else ""
        looked.note(turn, house, Look(one, who, PURPOSE, fields, kept, request_id))


def _official(conn: Connection, said: str, now_ms: int) -> Actor:
    """Return an official as of now, by what a proposal names them with."""
    kind, _, account = said.partition(":")
    official = officials.present(conn, account) if kind == Kind.OFFICIAL else None
    return Actor(Kind.OFFICIAL, account) if official is None else official.actor(now_ms, "")


def numbers_of(person: Person) -> list[tuple[str, str]]:
    """Return kind and value of each number that a row says."""
    said = ((person.document, person.number), (CARD, person.card), (CHIP, person.chip))
    return [(kind, value) for kind, value in said if kind is not None and value is not None]
