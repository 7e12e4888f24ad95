"""Rows of old papers (旧档案的行) before they enter: judged by what the file says; the id of what they state.

A record's id follows from the archive and the fact it states, so that a certificate which two files hold
enters once. A type without a mark of its facts has one id for each row of each file.
"""

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from recordsvc.access import own_attempts
from recordsvc.access.grants import Actor
from recordsvc.archive import facts, import_persons, types
from recordsvc.archive.checks import Severity, check
from recordsvc.archive.context import person_context
from recordsvc.archive.statements import derived_id
from recordsvc.ground.ports import beijing_date
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.resolve import Person
from recordsvc.people.workers import Worker

if TYPE_CHECKING:
    from recordsvc.house import House

TRUST: Final = "bureau-vouched"
ALREADY_KNOWN: Final = "already-known"
"""What a row is refused with whose fact a row before it in the file states."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is imported: a file by its hash, as records of one type, from where, on whose word, by whom.

    `case_ref`: on which case; `areas`: the divisions that whoever brings it works in, none unless it is said.
    """

    file_sha256: bytes
    record_type: str
    source: str
    vouched_by: str
    by: str
    case_ref: str = ""
    areas: frozenset[str] = frozenset()
    who: Actor | None = None
    """Whose rows, and those of whom they keep out, are refused (回避)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row as read: `worker` and `body` as a record has them; or the code of what is wrong with it."""

    number: int
    worker: dict[str, Any] | None = None
    body: dict[str, Any] | None = None
    original: dict[str, str] | None = None
    code: str | None = None


def judged(house: "House", plan: Plan, rows: Sequence[Row]) -> list[Row]:
    """Judge rows as records of the region by what the file says; nobody is looked for, nothing is written.

    A row of whoever brings it is told as that, and seen: an alarm for each attempt (`own_attempts`).
    """
    told = list[Row]()
    stated, people = set[tuple[object, ...]](), dict[int, Person]()
    for row in rows:
        judged_row, person = _judge(house, plan, row)
        fact = facts.fact_in(plan.record_type, row.body or {})
        if person is not None and fact is not None:
            said = (person.document, person.number or person.card, *fact)
            if said in stated:
                judged_row = Row(row.number, code=ALREADY_KNOWN)
            stated.add(said)
        told.append(judged_row)
        if person is not None:
            people[row.number] = person
    own = _kept_out(house, plan, people)
    return [Row(row.number, code=import_persons.RECUSED) if row.number in own else row for row in told]


def _kept_out(house: "House", plan: Plan, people: Mapping[int, Person]) -> Collection[int]:
    if plan.who is None:
        return ()
    with house.db.read() as conn:
        found = import_persons.kept_out(house, conn, plan.who.recused, people)
    own_attempts.tell(house, plan.who, frozenset().union(*found.values()))
    return found


def _judge(house: "House", plan: Plan, row: Row) -> tuple[Row, Person | None]:
    if row.code is not None or row.worker is None or row.body is None:
        return row, None
    now_ms = house.clock.now_ms()
    today = beijing_date(now_ms).isoformat()
    try:
        person, _warnings = read_person(row.worker, now_ms)
    except IdentifierError as fault:
        return Row(row.number, code=fault.code), None
    faults = types.body_faults(plan.record_type, 1, row.body)
    if faults:
        return Row(row.number, code=f"schema:{faults[0].pointer}"[:120]), None
    record = {
        "actor": {},
        "body": row.body,
        "issued_on": today,
        "issuer": house.settings.region,
        "provenance": {"source": plan.source, "trust": TRUST, "vouched_by": plan.vouched_by},
        "type": plan.record_type,
        "version": 1,
    }
    for one in check(record, person_context(today, None, person)):
        if one.severity is Severity.REJECT:
            return Row(row.number, code=one.code), None
    return row, person


def as_record(house: "House", record_type: str, body: dict[str, Any]) -> dict[str, Any]:
    """Return of a row's record what says which fact it tells."""
    return {"type": record_type, "issuer": house.settings.region, "body": body}


def record_id_of(
    house: "House", plan: Plan | Any, number: int, body: dict[str, Any], worker: Worker
) -> uuid.UUID:
    """Return the id of a row's record: one for a fact of an archive; without its mark one for each row."""
    record_type = plan.record_type.encode()
    fact = facts.fact_in(plan.record_type, body)
    if fact is None:
        return derived_id(house, b"import-row", plan.file_sha256, record_type, int(number).to_bytes(4))
    return derived_id(house, b"import-fact", worker.worker_id, orjson.dumps(fact))


def provenance_of(run: Any, number: int, original: dict[str, str] | None) -> dict[str, Any]:
    """Return where a row's record comes from, as it says so itself."""
    said: dict[str, Any] = {
        "file": {"row": number, "sha256": run.file_sha256.hex()},
        "source": run.source,
        "trust": TRUST,
        "vouched_by": run.vouched_by,
    }
    return said if original is None else {**said, "original": original}


def source_of(file_sha256: bytes) -> str:
    """Return what is noted as the source of identifiers that a file brings."""
    return f"import:{file_sha256.hex()[:16]}"
