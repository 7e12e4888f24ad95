"""What the names in paths and forms of the desk stand for here: workers, held records, cases, issuers.

Each is found with where it lies (`access/areas.py`) and whom it concerns, so that an official of another
area, or one who is recused, is judged at every door alike (`access/objects.py`).
"""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access import tables as access_tables
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Thing
from recordsvc.access.objects import further, named
from recordsvc.archive import (
    audit_packs,
    case_finders,
    errors,
    held_own,
    import_opened,
    importing,
    looking,
    tables,
)
from recordsvc.archive.looking import Looker
from recordsvc.archive.pack_tables import audit_pack
from recordsvc.archive.release import RELEASE
from recordsvc.archive.services import house
from recordsvc.ground import http, two_person
from recordsvc.ground.problems import NotFound, Problem
from recordsvc.ground.two_person import Proposal
from recordsvc.people import tables as people_tables


def worker(conn: Connection, worker_id: bytes) -> Thing | None:
    """Return where a worker lies; None for nobody."""
    own = people_tables.worker.c
    known = conn.execute(sa.select(own.state).where(own.worker_id == worker_id)).one_or_none()
    return None if known is None else areas.person(conn, worker_id)


def held(conn: Connection, held_id: bytes) -> Thing | None:
    """Return where a held record lies: with its issuer."""
    own = tables.held.c
    row = conn.execute(sa.select(own.issuer, own.worker_id).where(own.held_id == held_id)).one_or_none()
    if row is None:
        return None
    of_issuer = areas.institution(conn, row.issuer)
    said = replace(of_issuer, parties=of_issuer.parties | _own(conn, [held_id]))
    return said if row.worker_id is None else _with(said, areas.person(conn, bytes(row.worker_id)))


def released(conn: Connection, proposal: Proposal) -> frozenset[str]:
    """Return whom a release concerns beside its issuers: whoever decides, where it is their own record."""
    return _own(conn, [uuid.UUID(one).bytes for one in proposal.payload["held"]])


def _own(conn: Connection, held_ids: list[bytes]) -> frozenset[str]:
    return held_own.parties(house(), conn, actor(), held_ids)


def dispute(conn: Connection, dispute_id: bytes) -> Thing | None:
    """Return where a case lies: with the issuer of its record; it concerns the worker, too."""
    own = tables.dispute.c
    row = conn.execute(sa.select(own.issuer, own.worker_id).where(own.dispute_id == dispute_id)).one_or_none()
    if row is None:
        return None
    return _with(areas.institution(conn, row.issuer), areas.person(conn, bytes(row.worker_id)))


def question(conn: Connection, look_id: bytes) -> Thing | None:
    """Return where a question about a look lies: with the worker who asks."""
    own = access_tables.looked_question.c
    asked = conn.execute(sa.select(own.worker_id).where(own.look_id == look_id)).scalar()
    return None if asked is None else areas.person(conn, bytes(asked))


def alarm(conn: Connection, key: bytes) -> Thing | None:
    """Return where an alarm lies: in no county, a pattern of looks is for the whole region's officials."""
    own = access_tables.looked_alarm.c
    known = conn.execute(sa.select(own.key).where(own.key == key)).scalar()
    return None if known is None else Thing()


def pack(conn: Connection, pack_id: bytes) -> Thing | None:
    """Return a pack for an auditor: it lies nowhere, and concerns everybody whose archive is in it."""
    own = audit_pack.c
    known = conn.execute(sa.select(own.pack_id).where(own.pack_id == pack_id)).scalar()
    if known is None:
        return None
    proposal = two_person.read_all(conn, [pack_id], 0).get(pack_id)
    return Thing(None, audit_packs.parties(proposal.payload) if proposal else frozenset())


def _with(thing: Thing, other: Thing) -> Thing:
    return replace(thing, parties=thing.parties | other.parties)


def _nobody(worker_id: bytes, arguments: Mapping[str, Any]) -> Problem:
    """Note that somebody asked for an archive that is not theirs to see; where a purpose is due, judge it."""
    query = arguments.get("query") or {}
    if "purpose" not in query:
        return NotFound()
    looker = Looker(actor(), query["purpose"], query["case_ref"], http.current().id)
    return looking.nobody(house(), looker, worker_id)


for _name in ("worker_id", "into", "to"):
    named(_name, worker, errors.TargetUnknown, missing=_nobody)
for _name in ("held_id", "held"):
    named(_name, held, errors.HeldNotHere)
named("dispute_id", dispute)
named("look_id", question)
named("pack_id", pack)
named("key", alarm)
named("issuer", areas.institution)
further(RELEASE, released)
case_finders.register()
further(importing.KIND, lambda conn, proposal: import_opened.parties(house(), conn, actor(), proposal))
further(audit_packs.KIND, lambda _conn, proposal: audit_packs.parties(proposal.payload))
