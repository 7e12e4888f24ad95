"""Contracts to claim on a worker's behalf (委托代办): given, entered from paper, ended, denied.

    worker gives ──┐                ┌── worker ends ─────> ended     what was filed under it goes on
                   ├── in force ────┼── worker denies ───> denied    what was filed under it is sent back
    paper entered ─┘ until a day    └── institution ─────> given-up

A worker sees each contract and ends it at once. What an institution enters from a paper is told to
the worker, and only to one that the archive knows beside the worker: for all others nobody is there.
"""

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import notices, persons
from recordsvc.archive.persons import Place
from recordsvc.archive.states import Life
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.problems import Problem
from recordsvc.money.claims import terms
from recordsvc.money.claims.agency_tables import claim_agency, claim_agency_end, claim_agent
from recordsvc.money.claims.errors import AgencyOver, AgencyRefused, AgencyUnknown, FeeCharged
from recordsvc.money.claims.ports import Charge
from recordsvc.money.claims.values import Claim
from recordsvc.money.rules.explaining import yuan
from recordsvc.money.rules.facts import is_day
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

ENDED: Final = "ended"
DENIED: Final = "denied"
GIVEN_UP: Final = "given-up"
EMPLOYERS: Final = frozenset({"employer"})
"""Kinds of institutions (code of `issuer_kinds`) that are paid as employers; all others as centres."""
_NAMED: Final = ("institution", "organisation", "employer", "body")
"""Members of a record's body that name an institution."""


@dataclass(frozen=True, slots=True)
class Agency:
    """One contract; `how` is empty while nobody ended it."""

    worker_id: bytes
    agency_id: bytes
    institution: str
    kinds: tuple[str, ...]
    signed_on: str
    until_on: str
    source: str
    paper_id: bytes | None
    made_by: str
    made_ms: int
    how: str
    reason: str
    ended_ms: int | None

    def holds(self, kind: str, day: str) -> bool:
        """Tell whether a kind may be claimed under it on a Beijing day."""
        return not self.how and kind in self.kinds and self.signed_on <= day <= self.until_on


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a contract says: institution (USCC), kinds of subsidy, first and last Beijing day."""

    institution: str
    kinds: tuple[str, ...]
    signed_on: str
    until_on: str
    paper_id: bytes | None = None


# -- reading


def listed(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 500) -> list[Agency]:
    """Return contracts, the newest first."""
    own, end = claim_agency.c, claim_agency_end.c
    same = sa.and_(end.worker_id == own.worker_id, end.agency_id == own.agency_id)
    query = (
        sa.select(claim_agency, end.how, end.reason, end.ended_ms)
        .select_from(claim_agency.outerjoin(claim_agency_end, same))
        .where(*where)
        .order_by(own.agency_id.desc())
        .limit(limit)
    )
    return [_read(row) for row in conn.execute(query).mappings()]


def _read(row: sa.RowMapping) -> Agency:
    told: dict[str, Any] = {
        **row,
        "kinds": tuple(row["kinds"].split()),
        "how": row["how"] or "",
        "reason": row["reason"] or "",
    }
    return Agency(**told)


def of_person(conn: Connection, worker_id: bytes) -> list[Agency]:
    """Return a person's contracts, in all archives that are read as one."""
    together = sorted(merges.together(conn, [worker_id]))
    return listed(conn, claim_agency.c.worker_id.in_(together))


def find(conn: Connection, agency_id: bytes, *where: sa.ColumnElement[bool]) -> Agency:
    """Return one. Raises `AgencyUnknown`."""
    found = listed(conn, claim_agency.c.agency_id == agency_id, *where)
    if not found:
        raise AgencyUnknown
    return found[0]


def in_force(conn: Connection, worker_id: bytes, institution: str, kind: str, day: str) -> Agency | None:
    """Return a contract under which an institution may claim a kind on a day; None: there is none."""
    own = claim_agency.c
    found = listed(conn, own.worker_id == worker_id, own.institution == institution)
    return next((one for one in found if one.holds(kind, day)), None)


def of_claim(conn: Connection, one: Claim) -> Agency | None:
    """Return the contract that a claim rests on; None: the claimant filed it, or a window for them."""
    own = claim_agent.c
    where = (own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    agency_id = conn.scalar(sa.select(own.agency_id).where(*where))
    return None if agency_id is None else find(conn, bytes(agency_id))


# -- making and ending


def give(turn: Turn, house: "House", worker_id: bytes, wanted: Wanted, by: str) -> bytes:
    """Let an institution claim for a worker, by the worker's own word; its id. Raises `AgencyRefused`."""
    made = _make(turn, house, worker_id, wanted, "worker", by)
    told = {"case_id": str(uuid.UUID(bytes=made))}
    notices.tell_institution(turn, wanted.institution, "agency-given", told, f"agency-given/{made.hex()}")
    return made


def enter(turn: Turn, house: "House", worker_id: bytes, wanted: Wanted, by: str) -> bytes:
    """Enter a contract from an institution's paper, and tell the worker; its id. Raises `AgencyRefused`."""
    made = _make(turn, house, worker_id, wanted, "paper", by)
    told = {"issuer": wanted.institution}
    notices.tell_worker(turn, house, worker_id, "agency-entered", told, f"agency-entered/{made.hex()}")
    return made


def _make(turn: Turn, house: "House", worker_id: bytes, wanted: Wanted, source: str, by: str) -> bytes:
    check(house, wanted, turn.now_ms)
    agency_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "worker_id": worker_id,
        "agency_id": agency_id,
        "institution": wanted.institution,
        "kinds": " ".join(dict.fromkeys(wanted.kinds)),
        "signed_on": wanted.signed_on,
        "until_on": wanted.until_on,
        "source": source,
        "paper_id": wanted.paper_id,
        "made_by": by,
        "made_ms": turn.now_ms,
    }
    turn.conn.execute(claim_agency.insert().values(row))
    bound.wrote(turn, claim_agency, row)
    return agency_id


def check(house: "House", wanted: Wanted, now_ms: int) -> None:
    """Refuse what no contract can say. Raises `AgencyRefused` naming every fault."""
    today, wrong = beijing_date(now_ms).isoformat(), list[tuple[str, str, str]]()
    known = house.institutions.all().get(wanted.institution)
    if known is None or not known.in_force(today):
        wrong.append(("institution", "没有这家在册有效的机构", "no such institution in force"))
    kinds = terms.kinds(today)
    if not wanted.kinds or not set(wanted.kinds) <= set(kinds):
        wrong.append(("kinds", "请选择可以申领的补贴项目", "choose kinds that can be claimed"))
    days_known = is_day(wanted.signed_on) and is_day(wanted.until_on)
    if not (days_known and wanted.signed_on <= today <= wanted.until_on):
        wrong.append(("until_on", "协议应已签订、尚未到期", "the contract must run today"))
    elif term(wanted) > terms.days("agency-days", today):
        days = terms.days("agency-days", today)
        wrong.append(("until_on", f"协议最长 {days} 天", f"at most {days} days"))
    if wrong:
        errors = [
            {"pointer": f"/{name}", "code": "value", "detail": zh, "detail_en": en} for name, zh, en in wrong
        ]
        raise AgencyRefused(errors=errors)


def term(wanted: Wanted) -> int:
    """Return how many days a contract runs, its first day not counted."""
    return (dt.date.fromisoformat(wanted.until_on) - dt.date.fromisoformat(wanted.signed_on)).days


def end(turn: Turn, house: "House", one: Agency, how: str, reason: str, by: str) -> None:
    """End a contract at once; whom it concerns is told. Raises `AgencyOver`."""
    if one.how:
        raise AgencyOver
    row = {
        "worker_id": one.worker_id,
        "agency_id": one.agency_id,
        "how": how,
        "reason": reason,
        "ended_by": by,
        "ended_ms": turn.now_ms,
    }
    turn.conn.execute(claim_agency_end.insert().values(row))
    bound.wrote(turn, claim_agency_end, row)
    key, name = f"agency-{how}/{one.agency_id.hex()}", str(uuid.UUID(bytes=one.agency_id))
    if how == GIVEN_UP:
        told = {"issuer": one.institution}
        notices.tell_worker(turn, house, one.worker_id, "agency-given-up", told, key)
    else:
        notices.tell_institution(turn, one.institution, f"agency-{how}", {"case_id": name}, key)


# -- what an institution may claim for


def related(archives: persons.PersonArchives, uscc: str) -> bool:
    """Tell whether an archive knows an institution: it issued a record there, or is named in one."""
    entries = (entry for archive in archives.archives for entry in archive.entries)
    return any(uscc in _institutions(entry.record) for entry in entries if entry.record is not None)


def _institutions(record: Any) -> set[str]:
    body = record.get("body") or {}
    found = {str(record.get("issuer", ""))}
    found |= {str(body[name].get("uscc", "")) for name in _NAMED if isinstance(body.get(name), dict)}
    return found - {""}


def payee_class(house: "House", uscc: str, day: str) -> str:
    """Return as what an institution is paid: `employer` or `centre`."""
    known = house.institutions.all().get(uscc)
    return "employer" if known is not None and known.kind_on(day) in EMPLOYERS else "centre"


def courses(place: Place, uscc: str) -> list[str]:
    """Return the institution's own codes of the courses that a record tells of; none: no record names one."""
    state = place.state
    if state is None or state.body is None:
        return []
    told = _course(state.body, uscc)
    if told:
        return [told]
    occupation = (state.body.get("occupation") or {}).get("code")
    found = [
        _course(one.body, uscc)
        for one in place.archive.state.records
        if one.life is Life.ACTIVE
        and one.body is not None
        and occupation is not None
        and (one.body.get("occupation") or {}).get("code") == occupation
    ]
    return [code for code in found if code]


def _course(body: Any, uscc: str) -> str:
    institution = body.get("institution") or {}
    return str((body.get("class") or {}).get("code", "")) if institution.get("uscc") == uscc else ""


def charged(house: "House", conn: Connection, place: Place, institution: str) -> list[Charge] | None:
    """Return what an institution charged the worker for the course of a record and kept; None: nobody knows.

    Where no record names the course, all that it charged the worker counts.
    """
    worker_id, codes = place.archive.worker_id, courses(place, institution)
    found: list[Charge] = []
    for course in codes or [""]:
        said = house.claims.fees.charged(conn, worker_id, institution, course)
        if said is None:
            return None
        found += [one for one in said if one.kept_fen > 0]
    return found


def fee_charged(charges: Iterable[Charge], record: str) -> FeeCharged:
    """Return the problem that an institution is to be paid for what it charged for, with both records."""
    found = list(charges)
    orders = [
        {"number": one.number, "title": one.title, "state": one.state, "kept_fen": one.kept_fen}
        for one in found
    ]
    said = "；".join(f"缴费单 {one.number}（{one.title}，已收 {yuan(one.kept_fen)}）" for one in found)
    return FeeCharged(f"{said}；据以申领的记录 {record}", record_id=record, orders=orders)


def against(house: "House", conn: Connection, one: Claim, place: Place | None) -> Problem | None:
    """Return what stands against a claim on somebody's behalf now; None: nothing, or it is none."""
    agency = of_claim(conn, one)
    if agency is None:
        return None
    if agency.how == DENIED:
        return AgencyOver()
    own = place is None or one.payee.startswith("worker:")
    charges = [] if own or place is None else charged(house, conn, place, agency.institution)
    return fee_charged(charges, one.certificate) if charges else None


def facts(
    house: "House", conn: Connection, one: Claim, place: Place, today: str
) -> Sequence[tuple[str, Any, str, str]]:
    """Return what a contract and the fees say of a claim: name, value, source, day."""
    agency = of_claim(conn, one)
    if agency is None:
        return ()
    name = str(uuid.UUID(bytes=agency.agency_id))
    found: list[tuple[str, Any, str, str]] = [
        ("agency_contract", agency.how != DENIED, f"委托协议 {name}", agency.signed_on)
    ]
    charges = charged(house, conn, place, agency.institution)
    if charges is not None:
        numbers = "、".join(f"缴费单 {it.number}" for it in charges) or "本系统缴费记录"
        found.append(("fee_charged_fen", sum(it.kept_fen for it in charges), numbers, today))
    return found
