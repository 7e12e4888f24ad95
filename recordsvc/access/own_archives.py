"""Officials name their own archive once (申报本人档案): document and number, confirmed by another official.

    named ──registrar, who saw the document──> confirmed ──another statement, likewise by two──> replaced

Nobody is looked for when it is named or confirmed: the answer is the same whether the number is anybody's or
nobody's, also where the official says that there is no archive yet. The number goes to the people room
(`people/kept_numbers.py`); here stands its opaque id. What is not confirmed binds nobody, and is destroyed.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import areas, officials
from recordsvc.access.errors import OfficialConflict, OfficialRefused
from recordsvc.access.grants import Thing, prefix
from recordsvc.access.own_tables import own_archive
from recordsvc.access.tables import official
from recordsvc.ground import two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import TooMany
from recordsvc.ground.two_person import Proposal
from recordsvc.people import identifiers, kept_numbers
from recordsvc.people.checks import IdentifierError

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "official.own-archive"
DECIDERS: Final = frozenset({"registrar"})
RULES: Final = "lookup_alarms"
_DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Statement:
    """What an official said; instants are UTC ms. `state`: unanswered, waiting, answered."""

    official_id: str
    name: str
    state: str
    document: str = ""
    has_archive: bool = False
    stated_ms: int | None = None
    confirmed_by: str | None = None
    confirmed_ms: int | None = None


def name(turn: Turn, house: "House", official_id: str, document: str, number: str, *, has: bool) -> bytes:
    """Propose a number as that of the official's own document; the proposal's id.

    `has`: whether the official says that there is an archive. Raises `OfficialRefused` for what no such
    document bears, `OfficialConflict` while another statement waits, `TooMany` beyond the tries.
    """
    versions.bump(turn, officials.REGISTER)
    officials.known(turn.conn, official_id)
    value = _read(document, number, turn.now_ms)
    _tidy(turn)
    if _waiting(turn.conn, official_id, turn.now_ms):
        raise OfficialConflict(
            "已有一项申报等待复核。", detail_en="Another statement waits for its decision."
        )
    _check_tries(turn, official_id)
    number_id = kept_numbers.keep(turn, house, document, value)
    payload = {
        "official_id": official_id,
        "document": document,
        "has_archive": has,
        "number": number_id.hex(),
    }
    by = f"official:{official_id}"
    proposal_id = two_person.propose(turn, KIND, official_id, payload, by, random=house.random)
    own = own_archive.c
    n = turn.conn.scalar(sa.select(sa.func.count()).where(own.official_id == official_id))
    row = {
        "official_id": official_id,
        "n": n,
        "number_id": number_id,
        "document": document,
        "has_archive": has,
    }
    turn.conn.execute(own_archive.insert().values(**row, proposal=proposal_id, stated_ms=turn.now_ms))
    return proposal_id


def of(conn: Connection, official_id: str, now_ms: int) -> Statement:
    """Return what an official said of themself: what is confirmed, or what waits."""
    found = [one for one in listed(conn, now_ms) if one.official_id == official_id]
    return found[0] if found else Statement(official_id, "", "unanswered")


def listed(conn: Connection, now_ms: int) -> list[Statement]:
    """Return all open accounts, those who have not answered first. Whose archive it is stands nowhere."""
    own, people = own_archive.c, official.c
    query = sa.select(people.official_id, people.name).where(people.closed_ms.is_(None))
    rows = conn.execute(sa.select(own_archive).where(own.number_id.is_not(None)).order_by(own.n)).all()
    proposals = two_person.read_all(conn, {bytes(row.proposal) for row in rows}, now_ms)
    said: dict[str, Statement] = {}
    for row in rows:
        waits = row.confirmed_ms is None and proposals[bytes(row.proposal)].state == "open"
        if row.confirmed_ms is None and (not waits or row.official_id in said):
            continue
        told = (row.document, row.has_archive, row.stated_ms, row.confirmed_by, row.confirmed_ms)
        said[row.official_id] = Statement(row.official_id, "", "waiting" if waits else "answered", *told)
    found = []
    for official_id, called in conn.execute(query):
        one = said.get(official_id, Statement(official_id, "", "unanswered"))
        found.append(
            Statement(official_id, called, *[getattr(one, field) for field in Statement.__slots__[2:]])
        )
    order = {"unanswered": 0, "waiting": 1, "answered": 2}
    return sorted(found, key=lambda one: (order[one.state], one.official_id))


def shown_number(house: "House", proposal: Proposal) -> str | None:
    """Return the number that a proposal is about, masked, for who compares it with the document."""
    with house.db.read() as conn:
        return kept_numbers.masked(house.keys, conn, bytes.fromhex(proposal.payload["number"]))


def _about(conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    found = officials.load(conn).get(str(payload["official_id"]))
    places = areas.together([Thing(prefix(one.area)) for one in found.grants] if found else [])
    return Thing(places.area, frozenset({f"official:{payload['official_id']}"}))


@two_person.executor(KIND, deciders=DECIDERS, about=_about)
def _confirm(turn: Turn, payload: dict[str, Any], decided: Proposal) -> str:
    """Let it hold from the next request on, in the place of what was confirmed before."""
    official_id, own = str(payload["official_id"]), own_archive.c
    if decided.decided_by == f"official:{official_id}":
        raise OfficialConflict("不能由本人决定。", detail_en="Whom it is about does not decide it.")
    versions.bump(turn, officials.REGISTER)
    officials.known(turn.conn, official_id)
    earlier = sa.and_(own.official_id == official_id, own.confirmed_ms.is_not(None))
    _drop(turn, earlier)
    mine = (own.official_id == official_id, own.proposal == decided.id)
    turn.conn.execute(
        own_archive.update().where(*mine).values(confirmed_by=decided.decided_by, confirmed_ms=turn.now_ms)
    )
    return official_id


def _tidy(turn: Turn) -> None:
    """Destroy the numbers of statements that were refused, taken back, or waited too long."""
    own, waits = own_archive.c, two_person.proposal.c
    open_ones = sa.select(waits.id).where(waits.state == "open", waits.expires_ms > turn.now_ms)
    _drop(turn, sa.and_(own.confirmed_ms.is_(None), own.proposal.not_in(open_ones)))


def _drop(turn: Turn, which: sa.ColumnElement[bool]) -> None:
    own = own_archive.c
    gone = turn.conn.scalars(sa.select(own.number_id).where(which, own.number_id.is_not(None))).all()
    kept_numbers.forget(turn, [bytes(one) for one in gone])
    turn.conn.execute(own_archive.update().where(which).values(number_id=None))


def _waiting(conn: Connection, official_id: str, now_ms: int) -> bool:
    own, waits = own_archive.c, two_person.proposal.c
    query = sa.select(own.n).join(two_person.proposal, waits.id == own.proposal)
    mine = (own.official_id == official_id, waits.state == "open", waits.expires_ms > now_ms)
    return conn.execute(query.where(*mine).limit(1)).first() is not None


def _check_tries(turn: Turn, official_id: str) -> None:
    """Refuse more statements than the rules allow in their days. Raises `TooMany`."""
    today, own = beijing_date(turn.now_ms).isoformat(), own_archive.c
    most, days = (int(dated.rule(RULES, code, today)["value"]) for code in ("own-tries", "own-days"))
    since = turn.now_ms - days * _DAY_MS
    query = sa.select(own.stated_ms).where(own.official_id == official_id, own.stated_ms > since)
    lately = list(turn.conn.scalars(query.order_by(own.stated_ms)))
    if len(lately) >= most:
        wait = -(-(lately[-most] - since) // 1_000)
        raise TooMany(headers={"Retry-After": str(max(1, wait))})


def _read(document: str, number: str, now_ms: int) -> str:
    try:
        return identifiers.parse(document, number, beijing_date(now_ms)).value
    except IdentifierError as error:
        where = "/document" if error.code == "id-kind" else "/number"
        fault = {"pointer": where, "code": "value", "detail": "不是这种证件的号码，请逐位核对"}
        raise OfficialRefused(errors=[fault]) from None
