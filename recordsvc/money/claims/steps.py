"""Taking a step with a claim (办理): guards ask, effects do, and the state moves once, whoever races.

The statement that moves a claim repeats the version it was read in; limits and signatures are the tables'.
What was signed and no longer holds - another amount, rule, account, a record that was taken back - sends the
claim back to be checked, and every signature ends with it.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.persons import Place
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem
from recordsvc.money.claims import agencies, deceased, deciding, hands, limiting, money, terms, transitions
from recordsvc.money.claims.deadlines import stays
from recordsvc.money.claims.errors import ClaimChanged, ClaimNoticeOpen, ClaimRefused, ClaimStep
from recordsvc.money.claims.refusing import NO_GROUNDS, Grounds, proposable, propose, refusable, refuse
from recordsvc.money.claims.returned import back
from recordsvc.money.claims.tables import claim_approval, claim_event, claim_notice, claim_state
from recordsvc.money.claims.telling import told
from recordsvc.money.claims.transitions import HANDLER, Transition
from recordsvc.money.claims.values import BY_ITSELF, Claim, Who, decision_of, find
from recordsvc.people import tables as people_tables

if TYPE_CHECKING:
    from recordsvc.house import House

DIVERTED: Final = "diverted"
WAITS: Final = "waits"
DONE: Final = "done"
UNFIT: Final = "档案中的记录现在不能据以申领"
NO_MORE: Final = "按档案现在的记录，没有应补发的差额"


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a step: `done`, `waits` (for what stands in the claim) or `diverted`."""

    outcome: str
    claim: Claim


@dataclass(slots=True)
class Run:
    """One step as it is taken; `values` is what changes of the claim."""

    turn: Turn
    house: "House"
    claim: Claim
    way: Transition
    who: Who
    reason: str
    list_sha256: str | None = None
    notice_id: bytes | None = None
    payment: str = ""
    grounds: Grounds = NO_GROUNDS
    values: dict[str, Any] = field(default_factory=dict)
    _read: list[Place | None] = field(default_factory=list)

    @property
    def place(self) -> Place | None:
        """Return where the record stands, read once a step: its archive is the dearest thing to read."""
        if not self._read:
            self._read.append(deciding.place_of(self.house, self.turn.conn, self.claim))
        return self._read[0]

    @property
    def role(self) -> str:
        """Return in which role the step is taken."""
        return next(one for one in self.way.roles if one in self.who.roles)

    @property
    def today(self) -> str:
        """Return the Beijing day."""
        return beijing_date(self.turn.now_ms).isoformat()


class Waits(Exception):
    """The step cannot be taken yet: for what, and on whom it waits."""

    def __init__(self, waits: str, owner: str) -> None:
        super().__init__(waits)
        self.waits, self.owner = waits, owner


class Stale(Exception):
    """What was signed no longer holds."""


def step(  # noqa: PLR0913 - what a step is
    turn: Turn,
    house: "House",
    one: Claim,
    event: str,
    who: Who,
    reason: str = "",
    *,
    list_sha256: str | None = None,
    notice_id: bytes | None = None,
    payment: str = "",
    grounds: Grounds = NO_GROUNDS,
) -> Done:
    """Take a step.

    Raises `ClaimStep`, `ClaimRefused`, `ClaimChanged`, `ClaimStands`, `ClaimSignedBefore`, `StandsTogether`.
    """
    way = transitions.find(one.state, event)
    if way is None or who.roles.isdisjoint(way.roles):
        raise ClaimStep(state=one.state, event=event)
    lock(turn, one.worker_id)
    run = Run(turn, house, one, way, who, reason, list_sha256, notice_id, payment, grounds)
    try:
        for name in way.guards:
            GUARDS[name](run)
        for name in way.effects:
            EFFECTS[name](run)
    except Waits as wait:
        return Done(WAITS, _wait(run, wait))
    except Stale:
        return Done(DIVERTED, divert(turn, house, one, "签批后情况有变"))
    moved = _move(run)
    told(turn, house, moved, event, run.role)
    return Done(DONE, moved)


def lock(turn: Turn, worker_id: bytes) -> None:
    """Let one step of a person's claims be taken at a time: each counts the others."""
    own = people_tables.worker.c
    turn.conn.execute(sa.select(own.worker_id).where(own.worker_id == worker_id).with_for_update())


def divert(turn: Turn, house: "House", one: Claim, reason: str) -> Claim:
    """Send a claim back and check it anew; its signatures end."""
    event = "return-to-check" if transitions.find(one.state, "return-to-check") else "supplement"
    back = step(turn, house, one, event, BY_ITSELF, reason).claim
    return check(turn, house, back)


def check(turn: Turn, house: "House", one: Claim) -> Claim:
    """Decide a submitted claim by the rule that holds, and bring it on."""
    made = deciding.decide(house, turn.conn, one, turn.now_ms)
    n = None if made is None else deciding.store(turn, house, one, made)
    amount_fen = 0 if made is None else deciding.amount_of(one, made)
    needed = len(terms.steps(beijing_date(turn.now_ms).isoformat(), max(amount_fen, 1)))
    values = {"decision": n, "amount_fen": amount_fen, "needed": needed}
    own = claim_state.c
    turn.conn.execute(
        claim_state.update()
        .where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
        .values(values)
    )
    asks = made is not None and deciding.asks_claimant(made) and not deceased.died(turn.conn, one)
    event, reason = "ask" if asks else "check", UNFIT if made is None else ""
    if one.tops is not None and not amount_fen:
        event, reason = "void", NO_MORE
    return step(turn, house, find(turn.conn, one.claim_id), event, BY_ITSELF, reason).claim


# -- moving


def _move(run: Run) -> Claim:
    one, way, turn = run.claim, run.way, run.turn
    today = beijing_date(turn.now_ms)
    values = {
        "state": way.target,
        "version": one.version + 1,
        "live": int(way.target not in transitions.NOT_LIVE),
        "waits": "",
        "owner": transitions.OWNERS[way.target],
        "due_on": _due(run, today) if transitions.OWNERS[way.target] else None,
        "changed_ms": turn.now_ms,
        **run.values,
    }
    _update(run, values)
    _note(run, way.target)
    return find(turn.conn, one.claim_id)


def _due(run: Run, today: dt.date) -> str | None:
    """Return until when the next step is due; of what is public, counted from the list's last day."""
    if stays(run):
        return run.claim.due_on
    start = today
    if run.way.target == "NOTICED":
        last = _last_day(run.turn.conn, run.notice_id or run.claim.notice_id)
        start = max(today, dt.date.fromisoformat(last)) if last else today
    return terms.due(start, run.way.target)


def _last_day(conn: Connection, notice_id: bytes | None) -> str | None:
    own = claim_notice.c
    last: str | None = conn.scalar(sa.select(own.end_on).where(own.notice_id == notice_id))
    return last


def _wait(run: Run, wait: Waits) -> Claim:
    one = run.claim
    if run.who == BY_ITSELF and (one.waits, one.owner) == (wait.waits, wait.owner):
        return one  # tried again and again: said once
    values = {"version": one.version + 1, "waits": wait.waits, "owner": wait.owner}
    _update(run, values | {"changed_ms": run.turn.now_ms})
    run.reason = wait.waits
    _note(run, one.state)
    return find(run.turn.conn, one.claim_id)


def _update(run: Run, values: Mapping[str, Any]) -> None:
    one, own = run.claim, claim_state.c
    here = (own.worker_id == one.worker_id, own.claim_id == one.claim_id, own.version == one.version)
    try:
        with run.turn.conn.begin_nested():
            moved = run.turn.conn.execute(claim_state.update().where(*here).values(values)).rowcount
    except sa.exc.IntegrityError as error:
        raise limiting.exceeded(error) from None
    if moved != 1:
        raise ClaimChanged
    bound.touch(run.turn, claim_state, (one.worker_id, one.claim_id))


def _note(run: Run, target: str) -> None:
    row = {
        **run.claim.key,
        "n": run.claim.version + 1,
        "event": run.way.event,
        "source": run.claim.state,
        "target": target,
        "actor": run.who.actor,
        "role": run.role,
        "reason": run.reason,
        "at_ms": run.turn.now_ms,
    }
    run.turn.conn.execute(claim_event.insert().values(row))
    bound.wrote(run.turn, claim_event, row)


# -- guards


def _verdict(run: Run) -> str:
    found = decision_of(run.turn.conn, run.claim)
    return "" if found is None else str(found.verdict)


def _granted(run: Run) -> None:
    if _verdict(run) != "GRANT" or run.claim.amount_fen <= 0:
        raise ClaimStep(state=run.claim.state, event=run.way.event, verdict=_verdict(run))


def _claimants(run: Run) -> None:
    """Let nobody take back what another asked for, but where the claimant died or nobody knows who it is."""
    if run.role != HANDLER:
        return
    if not run.reason or not deceased.is_orphaned(run.turn.conn, run.claim):
        raise ClaimStep(state=run.claim.state, event=run.way.event)


def _said(run: Run) -> None:
    if not run.reason:
        detail = "请写明要申领人补充什么"
        raise ClaimRefused(errors=[{"pointer": "/reason", "code": "required", "detail": detail}])


def _behalf(run: Run) -> None:
    """Refuse what an institution files without the worker's leave, or was paid for by the worker."""
    against = _against(run)
    if against is not None:
        raise against


def _on_behalf(run: Run) -> None:
    """Send back what was signed before such a thing came out."""
    if _against(run) is not None:
        raise Stale


def _against(run: Run) -> Problem | None:
    return agencies.against(run.house, run.turn.conn, run.claim, run.place)


def _account(run: Run) -> None:
    version = run.house.claims.payments.account_of(run.turn.conn, run.claim.payee)
    if not version:
        raise Waits(*deceased.without_account(run.turn.conn, run.claim))
    run.values["payee_version"] = version


def _current(run: Run) -> None:
    """Hold the decision against what would be decided now."""
    one, conn = run.claim, run.turn.conn
    if not deciding.stands(conn, one, deciding.decide_on(run.house, conn, one, run.place, run.turn.now_ms)):
        raise Stale


def _same_account(run: Run) -> None:
    """Hold the account that was signed for against the newest."""
    if run.house.claims.payments.account_of(run.turn.conn, run.claim.payee) != run.claim.payee_version:
        raise Stale


def _notice_over(run: Run) -> None:
    end_on = _last_day(run.turn.conn, run.claim.notice_id)
    if end_on is None or run.today <= end_on:
        raise ClaimNoticeOpen(end_on=end_on)


def _no_approval_needed(run: Run) -> None:
    if "approve" in terms.steps(run.today, run.claim.amount_fen):
        raise ClaimStep(state=run.claim.state, event=run.way.event)


def _fully_signed(run: Run) -> None:
    if run.claim.signed != run.claim.needed:
        raise ClaimStep(state=run.claim.state, event=run.way.event)


def _not_offset(run: Run) -> None:
    """Keep a claim of which something discharged a debt: the rest is paid, or asked back once it was."""
    if run.claim.offset_fen:
        raise ClaimStep(state=run.claim.state, event=run.way.event)


# -- effects


def _hold(run: Run) -> None:
    held = money.hold(run.turn, run.house, run.claim, run.who.actor)
    if not held:
        raise Waits("fund-short", "fund")
    run.values["hold"] = held


def _release(run: Run) -> None:
    """End the signatures of this round and give the hold back."""
    one = run.claim
    if one.hold:
        money.release(run.turn, one, run.who.actor)
    if one.signed is not None:
        run.values |= {"signed": None, "round": one.round + 1}
    run.values |= {"hold": "", "notice_id": None}


def _give_back(run: Run) -> None:
    """End the signatures, and give the money of a payment that came back to where it was spent of."""
    one = run.claim
    money.give_back(run.turn, one, run.who.actor)
    run.house.claims.payments.lapse(run.turn, one.reference)
    run.values |= {"signed": None, "round": one.round + 1, "hold": "", "notice_id": None}


def _sign(run: Run) -> None:
    """Sign as the next in the order: another person than all before, and not the one who filed.

    Nor is it the deputy or the principal of one of them: two hands of one person.
    """
    one, conn, event = run.claim, run.turn.conn, run.way.event
    order = terms.steps(run.today, one.amount_fen)
    n = (one.signed or 0) + 1
    if n > one.needed or order.index(event) + 1 != n:
        raise ClaimStep(state=one.state, event=event)
    against = hands.kept_from(conn, one, run.who.actor)
    if against is not None:
        raise against
    row = {
        **one.key,
        "round": one.round,
        "step": n,
        "before": n - 1 or None,
        "event": event,
        "amount_fen": one.amount_fen,
        "decision": one.decision,
        "payee_version": run.values.get("payee_version", one.payee_version),
        "filed_by": one.filed_by,
        "role": run.role,
        "list_sha256": run.list_sha256,
        "signed_ms": run.turn.now_ms,
        "actor": run.who.actor,
    }
    conn.execute(claim_approval.insert().values(row))
    bound.wrote(run.turn, claim_approval, row)
    run.values["signed"] = n


def _keep(run: Run) -> None:
    """Change nothing but that it was told: who owns it, until when it was due, what it waits for."""
    one = run.claim
    run.values |= {name: getattr(one, name) for name in ("owner", "due_on", "waits", "changed_ms")}


GUARDS: Final[Mapping[str, Callable[[Run], None]]] = {
    "granted": _granted,
    "refusable": lambda run: refusable(run.turn.conn, run.claim, run.who, run.reason),
    "refusal": proposable,
    "claimants": _claimants,
    "said": _said,
    "alive": lambda run: deceased.refuse_asking(run.turn.conn, run.claim),
    "behalf": _behalf,
    "on_behalf": _on_behalf,
    "account": _account,
    "current": _current,
    "same_account": _same_account,
    "notice_over": _notice_over,
    "no_approval_needed": _no_approval_needed,
    "fully_signed": _fully_signed,
    "not_offset": _not_offset,
    "payable": money.payable,
    "another_hand": hands.another_hand,
}
EFFECTS: Final[Mapping[str, Callable[[Run], None]]] = {
    # Taken once it is granted, given back where it is not.
    "limits": lambda run: run.values.update(limiting.place(run.house, run.turn.conn, run.claim)),
    "hold": _hold,
    "release": _release,
    "give_back": _give_back,
    "sign": _sign,
    "offset": money.offset,
    "queue": money.queue,
    "back": back,
    "keep": _keep,
    "propose": propose,
    "refuse": refuse,
    "list": lambda run: run.values.update(notice_id=run.notice_id),
}
