"""Filing a claim (提出申领): by the worker, at the window, by an institution, or proposed by the service."""

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.archive import persons
from recordsvc.archive.persons import Place
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.problems import NotFound
from recordsvc.money.claims import agencies, apprentices, facts, limiting, steps, terms
from recordsvc.money.claims.agencies import Agency
from recordsvc.money.claims.agency_tables import claim_agent
from recordsvc.money.claims.errors import ClaimRefused
from recordsvc.money.claims.tables import claim, claim_event, claim_state, claim_topup
from recordsvc.money.claims.transitions import OWNERS
from recordsvc.money.claims.values import BY_ITSELF, Claim, Who, find
from recordsvc.money.ledger.tables import MOST_FEN

if TYPE_CHECKING:
    from recordsvc.house import House

WORKER_ROLES: Final = frozenset({"worker"})


@dataclass(frozen=True, slots=True)
class Ask:
    """What is asked for: a kind of subsidy on a record, by its id; `told` are facts only the claimant has."""

    kind: str
    record_id: bytes
    told: dict[str, Any] = field(default_factory=dict)
    payee: str = ""
    """Empty: the worker."""
    draft: bool = False
    agency: Agency | None = None
    """The contract under which an institution files."""


def file(turn: Turn, house: "House", worker_id: bytes, ask: Ask, who: Who) -> Claim:
    """File a claim and decide it at once. Raises `ClaimRefused`, `ClaimStands`, `NotFound`."""
    today = beijing_date(turn.now_ms).isoformat()
    steps.lock(turn, worker_id)
    place = _fit(house, turn.conn, worker_id, ask)
    record_type = str((place.entry.record or {})["type"])
    try:
        kind = terms.kind(ask.kind, today)
        needed = len(terms.steps(today, 1))
    except NoRuleInForce:
        raise _refused("kind", "现在没有这种可以申领的补贴", "no such kind can be claimed now") from None
    if record_type not in kind["records"]:
        raise _refused("record_id", "这类记录不能申领该项补贴", "this kind does not rest on such a record")
    paid = "person"
    if ask.payee.startswith("institution:"):
        paid = agencies.payee_class(house, ask.payee.partition(":")[2], today)
    if paid not in kind["payees"]:
        raise _refused("kind", "这项补贴不能由该单位收款", "this kind is not paid to such a payee")
    _check_told(ask.told, kind)
    claim_id = uuid7(FixedClock(turn.now_ms), house.random)
    fixed = {
        "worker_id": worker_id,
        "claim_id": claim_id,
        "kind": ask.kind,
        "certificate": str(uuid.UUID(bytes=ask.record_id)),
        "payee": ask.payee or f"worker:{uuid.UUID(bytes=worker_id)}",
        "region": areas.person(turn.conn, worker_id).area or "",
        "told": json.dumps(
            {**kind.get("told", {}), **ask.told, "payee": paid}, ensure_ascii=False, sort_keys=True
        ),
        "filed_by": who.actor,
        "filed_ms": turn.now_ms,
    }
    _begin(turn, fixed, str(kind["purpose"]), needed, who, "DRAFT" if ask.draft else "SUBMITTED")
    _rest(turn, fixed, ask.agency)
    one = find(turn.conn, claim_id)
    event = apprentices.event_of(one, place)
    if event:
        apprentices.take_place(turn, one, place, event)
    return one if ask.draft else steps.check(turn, house, one)


def top_up(turn: Turn, house: "House", first: Claim, part: int, before_fen: int, cause: str) -> Claim:
    """Claim for the difference to what had been kept of a paid claim, and decide it at once.

    It goes to the same payee, lies with the office that has the first, and goes the ordinary way. Raises
    `ClaimStands` where that part is claimed already.
    """
    today = beijing_date(turn.now_ms).isoformat()
    steps.lock(turn, first.worker_id)
    claim_id = uuid7(FixedClock(turn.now_ms), house.random)
    same = ("worker_id", "kind", "certificate")
    fixed = {
        **{name: getattr(first, name) for name in (*same, "payee", "region")},
        "claim_id": claim_id,
        "told": json.dumps(first.told, ensure_ascii=False, sort_keys=True),
        "filed_by": BY_ITSELF.actor,
        "filed_ms": turn.now_ms,
    }
    tops = {name: fixed[name] for name in (*same, "claim_id")}
    tops |= {"part": part, "tops": first.claim_id, "before_fen": before_fen, "cause": cause}
    _begin(turn, fixed, first.purpose, len(terms.steps(today, 1)), BY_ITSELF, "SUBMITTED", tops)
    _rest(turn, fixed, agencies.of_claim(turn.conn, first))
    return steps.check(turn, house, find(turn.conn, claim_id))


def _rest(turn: Turn, fixed: dict[str, Any], agency: Agency | None) -> None:
    """Let a claim on somebody's behalf rest on its contract."""
    if agency is None:
        return
    rests = {name: fixed[name] for name in ("worker_id", "claim_id")}
    rests |= {"agency_id": agency.agency_id, "institution": agency.institution}
    turn.conn.execute(claim_agent.insert().values(rests))
    bound.wrote(turn, claim_agent, rests)


def submit(turn: Turn, house: "House", one: Claim, who: Who) -> Claim:
    """Submit a draft and decide it at once. Raises `ClaimStep`, `ClaimStands`."""
    return steps.check(turn, house, steps.step(turn, house, one, "submit", who).claim)


def supplement(turn: Turn, house: "House", one: Claim, who: Who, reason: str) -> Claim:
    """Have a claim decided anew, on what is known now. Raises `ClaimStep`."""
    return steps.check(turn, house, steps.step(turn, house, one, "supplement", who, reason).claim)


def _begin(
    turn: Turn,
    fixed: dict[str, Any],
    purpose: str,
    needed: int,
    who: Who,
    state: str,
    tops: dict[str, Any] | None = None,
) -> None:
    turn.conn.execute(claim.insert().values(fixed))
    bound.wrote(turn, claim, fixed)
    if tops is not None:
        turn.conn.execute(claim_topup.insert().values(tops))
        bound.wrote(turn, claim_topup, tops)
    moving: dict[str, Any] = {
        **{name: fixed[name] for name in ("worker_id", "claim_id", "kind", "certificate")},
        "state": state,
        "version": 0,
        "live": int(state != "DRAFT"),
        "purpose": purpose,
        "part": None if tops is None else tops["part"],
        "amount_fen": 0,
        "payee_version": 0,
        "round": 1,
        "needed": needed,
        "hold": "",
        "payment": "",
        "waits": "",
        "owner": OWNERS[state],
        "changed_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(claim_state.insert().values(moving))
    except sa.exc.IntegrityError as error:
        raise limiting.exceeded(error) from None
    key = (fixed["worker_id"], fixed["claim_id"])
    bound.touch(turn, claim_state, key)
    event = {
        "worker_id": key[0],
        "claim_id": key[1],
        "n": 0,
        "event": "draft" if state == "DRAFT" else "file",
        "source": "",
        "target": state,
        "actor": who.actor,
        "role": next(iter(sorted(who.roles))),
        "reason": "",
        "at_ms": turn.now_ms,
    }
    turn.conn.execute(claim_event.insert().values(event))
    bound.wrote(turn, claim_event, event)


def _fit(house: "House", conn: Connection, worker_id: bytes, ask: Ask) -> Place:
    """Return the record, which can be claimed for. Raises `ClaimRefused`, `NotFound`."""
    archives = persons.read(house, worker_id, house.db.cursor(conn))
    if archives is None:
        raise NotFound
    place = archives.find(ask.record_id)
    why = facts.unfit(place)
    if why or place is None or place.entry.record is None:
        raise _refused("record_id", why, "the record does not count, or is not there")
    return place


def _check_told(told: Mapping[str, Any], kind: Mapping[str, Any]) -> None:
    """Refuse what the kind does not ask its claimant, and what is no amount. Raises `ClaimRefused`."""
    for name, value in told.items():
        if name not in kind.get("asks", ()):
            raise _refused(name, "这项补贴不看这一项，请不要填写", "this kind does not ask for it")
        if name.endswith("_fen") and not 0 < value <= MOST_FEN:
            raise _refused(name, "金额应大于零，单位为分", "more than nothing, in fen")


def _refused(pointer: str, zh: str, en: str) -> ClaimRefused:
    return ClaimRefused(errors=[{"pointer": f"/{pointer}", "code": "value", "detail": zh, "detail_en": en}])
