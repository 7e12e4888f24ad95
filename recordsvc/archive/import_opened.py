"""Rows of a proposed import, opened (核对待导入的行): by whoever may decide it, and never rows of their own.

Who decides has to see what would enter, not a hash and a count. Names and numbers are masked, and whoever is
known here by a number of the portion reads who looked (purpose `import`, the run's case). A row that names an
official's own archive, or one they keep out of (回避), keeps them from opening and deciding the run.

What is restricted is read by nobody: a row of a person whose archive is, or that tells a restricted record
again, is named by its number alone, and nobody looked. Approved with the rest, it waits for officials.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import deciding
from recordsvc.access.grants import Actor
from recordsvc.archive import import_persons, importing, restricted, retold, tables
from recordsvc.archive.import_waiting import HOLDING, row_aad
from recordsvc.archive.importrows import as_record
from recordsvc.ground import two_person
from recordsvc.ground.problems import Forbidden, NotFound
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal
from recordsvc.people import identifiers
from recordsvc.people.reading import read_person
from recordsvc.people.resolve import Person
from recordsvc.vault.envelope import unwrap

if TYPE_CHECKING:
    from recordsvc.house import House

SHOWN: Final = 50
"""Rows of one portion."""


@dataclass(frozen=True, slots=True)
class Opened:
    """One row as it would enter: `body` of the record, `issued_by` of the paper; who it names, masked."""

    row: int
    name: str
    document: str
    number: str
    body: dict[str, Any]
    issued_by: str


@dataclass(frozen=True, slots=True)
class Portion:
    """Rows of a run, and the numbers of those withheld; `after` of the next portion, None: the last."""

    record_type: str
    rows: list[Opened]
    withheld: list[int]
    next_after: int | None


def parties(house: "House", conn: Connection, who: Actor, proposal: Proposal) -> frozenset[str]:
    """Return which of those an official keeps out of the waiting rows of a run name."""
    if not who.recused:
        return frozenset()
    people = {row: person for row, (person, _said) in _read(house, conn, proposal).items()}
    found = import_persons.kept_out(house, conn, who.recused, people)
    return frozenset().union(*found.values())


def opened(house: "House", proposal_id: bytes, after: int, who: Actor, request_id: str) -> Portion:
    """Return rows of an open import, to who may decide it; the looks are durable before.

    Raises `UnknownProposal`, `Forbidden` for anybody else and once it is closed, `NotFound` where no rows
    wait, `LookNotWritten`.
    """
    with house.db.read() as conn:
        proposal = two_person.read(conn, proposal_id, house.clock.now_ms())
        if proposal.kind != importing.KIND:
            raise NotFound
        if not deciding.may_decide(proposal, who):
            raise Forbidden
        found = _read(house, conn, proposal, after, SHOWN + 1)
    if not found:
        raise NotFound
    portion, record_type = dict(list(found.items())[:SHOWN]), proposal.payload["type"]
    with house.db.read_raw() as cursor:
        known = _known(house, cursor, portion)
        withheld = _withheld(house, cursor, record_type, portion, known)
    shown = {row: one for row, one in portion.items() if row not in withheld}
    workers = {one for row in shown for one in known[row]}
    house.db.write(
        lambda turn: import_persons.note(
            turn, house, who, proposal, workers, ("identity records", request_id)
        )
    )
    rows = [_shown(row, person, said) for row, (person, said) in shown.items()]
    return Portion(record_type, rows, withheld, max(portion) if len(found) > SHOWN else None)


Rows = Mapping[int, tuple[Person, dict[str, Any]]]


def _known(house: "House", cursor: Cursor, rows: Rows) -> dict[int, set[bytes]]:
    """Return for each row whose archives its numbers stand in, merges not followed."""
    said = {row: import_persons.numbers_of(person) for row, (person, _said) in rows.items()}
    holders = house.people.holders(cursor, {number for numbers in said.values() for number in numbers})
    return {row: {holders[one] for one in numbers if one in holders} for row, numbers in said.items()}


def _withheld(
    house: "House", cursor: Cursor, record_type: str, rows: Rows, known: Mapping[int, Iterable[bytes]]
) -> list[int]:
    """Return the rows of persons whose archive is restricted, and those that tell a restricted record."""
    everybody = {one for workers in known.values() for one in workers}
    sealed = restricted.among(house, cursor, everybody)
    loaded = house.people.load_all(cursor, everybody)
    person = {one: house.people.person(cursor, worker).worker_id for one, worker in loaded.items()}
    again = retold.Retold(house, cursor, set(person.values()))

    def tells(row: int, one: bytes) -> bool:
        record = as_record(house, record_type, rows[row][1]["body"])
        return one in person and again.reason(person[one], record) == retold.RESTRICTED

    return [row for row in rows if any(one in sealed or tells(row, one) for one in known[row])]


def _read(
    house: "House", conn: Connection, proposal: Proposal, after: int = 0, most: int | None = None
) -> dict[int, tuple[Person, dict[str, Any]]]:
    """Return the waiting rows of a run that a proposal is about, by number: who each names, and all."""
    run, row = tables.import_run.c, tables.import_row.c
    wanted = uuid.UUID(proposal.payload["run"]).bytes
    mine = (run.run_id == wanted, run.proposal == proposal.id, run.wrapped.is_not(None))
    wrapped = conn.scalar(sa.select(run.wrapped).where(*mine))
    if wrapped is None:
        return {}
    key = unwrap(house.keys, wanted, bytes(wrapped), HOLDING, house.random.bytes)
    query = sa.select(row.row, row.sealed).where(row.run_id == wanted, row.state == "ready", row.row > after)
    found = {}
    for one in conn.execute(query.order_by(row.row).limit(most)):
        said = orjson.loads(key.open(bytes(one.sealed), row_aad(wanted, one.row)))
        found[int(one.row)] = (read_person(said["worker"], house.clock.now_ms())[0], said)
    return found


def _shown(row: int, person: Person, said: Mapping[str, Any]) -> Opened:
    original: dict[str, str] = said["original"] or {}
    number = person.number or person.card or ""
    kind = person.document or "card"
    name = identifiers.mask_name(person.name)
    return Opened(row, name, kind, identifiers.mask(number), said["body"], original.get("name", ""))
