"""Claiming on workers' behalf (代为申领): a sheet of many, line by line, and what a denial does.

Each line is a turn of its own and leaves a row that says what became of it, so that a sheet that broke off is
taken up where it stopped. A line whose worker is unknown, not of this institution or under no contract gets
one answer: nobody learns who is here. That a record is not there is told to whom its worker lets claim, and
the worker reads that it was asked for (谁查过).
"""

import contextlib
import uuid
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import looked
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.access.tables import client, staff
from recordsvc.archive import notices, persons
from recordsvc.archive.errors import ArchiveRestricted, RecordAmbiguous
from recordsvc.archive.persons import PersonArchives, Place
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.problems import Problem
from recordsvc.money.claims import agencies, filing, steps, transitions
from recordsvc.money.claims.agencies import Agency, Wanted
from recordsvc.money.claims.agency_tables import claim_agency, claim_agent, claim_bundle, claim_bundle_line
from recordsvc.money.claims.errors import BundleUnknown
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.tables import claim
from recordsvc.money.claims.values import Claim, Who, listed
from recordsvc.people import merges
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.workers import NOBODY

if TYPE_CHECKING:
    from recordsvc.archive.look_relations import Looked
    from recordsvc.house import House

UNMATCHED: Final = (
    "agency-unmatched",
    "没有查到与本单位有关、且有有效委托协议的这位劳动者。请逐位核对证件号码、姓名和协议。",
)
PURPOSE: Final = "claim-on-behalf"
"""Of `lookup_purposes`: an institution looks for a record to claim on."""
NO_RECORD: Final = ("record-unmatched", "档案中没有这张证书或这条培训记录，或不止一条。请核对编号。")


@dataclass(frozen=True, slots=True)
class Line:
    """One worker of a sheet: document, number and name, and the record by its id or certificate number."""

    document: str
    number: str
    name: str
    record_id: bytes | None = None
    certificate: str = ""
    told: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Bundle:
    """One sheet: whose, of which kind, who is paid, how many lines."""

    institution: str
    kind: str
    paid_to: str
    lines: int
    filed_by: str
    bundle_id: bytes = b""
    filed_ms: int = 0


class Unfit(Exception):
    """A line that cannot be filed: code and Chinese words."""

    def __init__(self, code: str, zh: str) -> None:
        super().__init__(code)
        self.code, self.zh = code, zh


# -- sheets


def begin(turn: Turn, house: "House", sheet: Bundle) -> bytes:
    """Enter a sheet, whose lines follow; the id it gets."""
    bundle_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = asdict(sheet) | {"bundle_id": bundle_id, "filed_ms": turn.now_ms}
    turn.conn.execute(claim_bundle.insert().values(row))
    bound.wrote(turn, claim_bundle, row)
    return bundle_id


def find(conn: Connection, bundle_id: bytes, institution: str) -> Bundle:
    """Return a sheet of an institution. Raises `BundleUnknown`."""
    own = claim_bundle.c
    query = sa.select(claim_bundle).where(own.bundle_id == bundle_id, own.institution == institution)
    row = conn.execute(query).mappings().one_or_none()
    if row is None:
        raise BundleUnknown
    return Bundle(**row)


def of_institution(conn: Connection, institution: str, limit: int = 100) -> list[Bundle]:
    """Return an institution's sheets, the newest first."""
    own = claim_bundle.c
    query = sa.select(claim_bundle).where(own.institution == institution).order_by(own.bundle_id.desc())
    return [Bundle(**row) for row in conn.execute(query.limit(limit)).mappings()]


def outcomes(conn: Connection, bundle_id: bytes) -> list[sa.Row[Any]]:
    """Return what became of a sheet's lines, in their order."""
    own = claim_bundle_line.c
    return list(conn.execute(sa.select(claim_bundle_line).where(own.bundle_id == bundle_id).order_by(own.n)))


def run(house: "House", sheet: Bundle, lines: list[Line], contract: Wanted | None, who: Who) -> None:
    """File the lines of a sheet that are not filed yet, each for itself."""
    with house.db.read() as conn:
        done = {row.n for row in outcomes(conn, sheet.bundle_id)}
    for n, line in enumerate(lines, 1):
        if n in done:
            continue
        try:
            worker_id = _worker(house, sheet, line, contract, who)
            _file(house, sheet, n, line, worker_id, who)
        except Unfit as unfit:
            _refuse(house, sheet, n, unfit.code, unfit.zh)
        except Problem as problem:
            said = [str(one["detail"]) for one in problem.errors if "detail" in one]
            _refuse(house, sheet, n, problem.code, "；".join(said) or problem.detail or problem.title_zh)


def _worker(house: "House", sheet: Bundle, line: Line, contract: Wanted | None, who: Who) -> bytes:
    """Return whose line it is, under a contract that holds, entering it from paper. Raises `Unfit`.

    An archive is opened where a paper says so alone. For a number that is nobody's a contract is asked for,
    too: what the answer takes does not tell that somebody is here.
    """
    try:
        worker_id = known(house, line.document, line.number, line.name) or NOBODY
    except IdentifierError:
        raise Unfit("identifier", "证件号码或姓名不合规则，请逐位核对。") from None
    today = beijing_date(house.clock.now_ms()).isoformat()
    with house.db.read() as conn:
        holds = agencies.in_force(conn, worker_id, sheet.institution, sheet.kind, today)
    if holds is not None:
        return worker_id
    if contract is None:
        raise Unfit(*UNMATCHED)
    archives = _archives(house, worker_id)
    if archives is None or not agencies.related(archives, sheet.institution):
        raise Unfit(*UNMATCHED)
    house.db.write(lambda turn: agencies.enter(turn, house, worker_id, contract, who.actor))
    return worker_id


def known(house: "House", document: str, number: str, name: str) -> bytes | None:
    """Return whose number and name these are; None: nobody's here. Raises `IdentifierError`."""
    worker = {"document": document, "number": number, "name": name}
    person, _ = read_person(worker, house.clock.now_ms())
    with house.db.read_raw() as cursor:
        return house.people.named(cursor, person)


def _archives(house: "House", worker_id: bytes) -> PersonArchives | None:
    # A sealed archive is to an institution as one that is not there.
    with contextlib.suppress(ArchiveRestricted):
        return persons.read(house, worker_id)
    return None


def _file(house: "House", sheet: Bundle, n: int, line: Line, worker_id: bytes, who: Who) -> None:
    archives = _archives(house, worker_id)
    place = None if archives is None else _place(archives, line)
    if place is None or place.entry.record is None:
        _look_at_nothing(house, sheet, n, worker_id, who)
        return
    record_id = place.entry.record["id"]
    payee = "" if sheet.paid_to == "worker" else f"institution:{sheet.institution}"

    def act(turn: Turn) -> None:
        today = beijing_date(turn.now_ms).isoformat()
        agency = agencies.in_force(turn.conn, worker_id, sheet.institution, sheet.kind, today)
        if agency is None:
            raise Unfit(*UNMATCHED)
        charges = agencies.charged(house, turn.conn, place, sheet.institution) if payee else None
        if charges:
            raise agencies.fee_charged(charges, record_id)
        ask = Ask(sheet.kind, _bytes(record_id), line.told, payee, agency=agency)
        one = filing.file(turn, house, worker_id, ask, who)
        told = {"issuer": sheet.institution, "count": 1}
        key = f"claim-on-behalf/{one.claim_id.hex()}"
        notices.tell_worker(turn, house, worker_id, "claim-on-behalf", told, key)
        _note(turn, sheet, n, one.claim_id, "", "")

    house.db.write(act)


def _look_at_nothing(house: "House", sheet: Bundle, n: int, worker_id: bytes, who: Who) -> None:
    """Refuse a line whose record is not there; that it was asked for stays."""
    kind, _, name = who.actor.partition(":")
    asks = Actor(Kind(kind), name, institution=sheet.institution)
    look = Look(worker_id, asks, PURPOSE, "records", str(uuid.UUID(bytes=sheet.bundle_id)))

    def act(turn: Turn) -> None:
        looked.note(turn, house, look)
        _note(turn, sheet, n, None, *NO_RECORD)

    house.db.write(act)


def relation(conn: Connection, look: "Looked") -> bool:
    """Tell whether a look of an institution was at somebody who lets it claim."""
    if look.purpose != PURPOSE:
        return False
    own = staff.c
    mine = sa.select(own.institution).where(own.staff_id == look.actor_id)
    if look.actor_kind == Kind.CLIENT:
        mine = sa.select(client.c.institution).where(client.c.client_id == look.actor_id)
    archives = sorted(merges.together(conn, [look.worker_id]))
    lets = (claim_agency.c.worker_id.in_(archives), claim_agency.c.institution.in_(mine))
    return conn.execute(sa.select(claim_agency.c.agency_id).where(*lets).limit(1)).first() is not None


def _bytes(record_id: str) -> bytes:
    return bytes.fromhex(record_id.replace("-", ""))


def _place(archives: PersonArchives, line: Line) -> Place | None:
    """Return the record that a line names; None: none, or more than one."""
    if line.record_id is not None:
        with contextlib.suppress(RecordAmbiguous):
            return archives.find(line.record_id)
        return None
    found = [
        (archive, state)
        for archive in archives.archives
        for state in archive.state.records
        if ((state.body or {}).get("certificate") or {}).get("number") == line.certificate
    ]
    if len(found) != 1 or not line.certificate:
        return None
    archive, state = found[0]
    return Place(archive, archive.entries[state.seq], state)


def _refuse(house: "House", sheet: Bundle, n: int, code: str, zh: str) -> None:
    house.db.write(lambda turn: _note(turn, sheet, n, None, code, zh))


def _note(turn: Turn, sheet: Bundle, n: int, claim_id: bytes | None, code: str, zh: str) -> None:
    row = {"bundle_id": sheet.bundle_id, "n": n, "claim_id": claim_id, "code": code, "detail": zh[:400]}
    turn.conn.execute(claim_bundle_line.insert().values(row))
    bound.wrote(turn, claim_bundle_line, row)


# -- claims of an institution


def filed(conn: Connection, institution: str, limit: int = 500) -> list[Claim]:
    """Return the claims that an institution filed, the newest first."""
    own = claim_agent.c
    mine = sa.select(own.claim_id).where(own.institution == institution)
    return listed(conn, claim.c.claim_id.in_(mine), newest=True, limit=limit)


def deny(turn: Turn, house: "House", one: Agency, reason: str, by: str) -> None:
    """Let a worker deny a contract: what was signed for under it is sent back. Raises `AgencyOver`."""
    agencies.end(turn, house, one, agencies.DENIED, reason, by)
    own = claim_agent.c
    rests = sa.select(own.claim_id).where(own.worker_id == one.worker_id, own.agency_id == one.agency_id)
    for claimed in listed(turn.conn, claim.c.claim_id.in_(rests)):
        if transitions.find(claimed.state, "return-to-check") is not None:
            steps.divert(turn, house, claimed, "本人否认委托")
