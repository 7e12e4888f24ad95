"""Taking a step with a case (办理): the state moves once, whoever races; the claim moves with it.

The statement that moves a case repeats the version it was read in; who decides is another than who proposed,
by the table. The worker is told of each step that concerns them, in the same turn.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.archive import notices
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7, uuid_text
from recordsvc.money.claims import steps as claim_steps
from recordsvc.money.claims import transitions as claim_transitions
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.apprentices import UNEARNED
from recordsvc.money.claims.values import Claim, Who
from recordsvc.money.recovery import terms, transitions
from recordsvc.money.recovery.errors import RecoveryChanged, RecoveryStands, RecoveryStep
from recordsvc.money.recovery.tables import recovery, recovery_event
from recordsvc.money.recovery.values import Case, find, recovered_fen

if TYPE_CHECKING:
    from recordsvc.house import House

_TOLD: Final[Mapping[str, str]] = {
    "drop": "recovery-dropped",
    "lift": "recovery-lifted",
    "decide": "recovery-decided",
    "receive": "recovery-received",
    "settle": "recovery-settled",
    "write-off": "recovery-written-off",
}
"""Steps that the worker is told of."""


def open_case(
    turn: Turn,
    house: "House",
    one: Claim,
    ground: str,
    proposed_fen: int,
    who: Who,
    *,
    cause: str,
    words: str = "",
) -> Case:
    """Ask a paid claim back; its worker is told, and heard for some days. Raises `RecoveryStands`."""
    if claim_transitions.find(one.state, "recover") is None or one.decision is None:
        raise RecoveryStands(state=one.state)
    claim_steps.step(turn, house, one, "recover", claim_values.BY_ITSELF, words)
    today = beijing_date(turn.now_ms)
    until = terms.hear_until(today).isoformat()
    recovery_id = uuid7(FixedClock(turn.now_ms), house.random)
    fixed: dict[str, Any] = {
        "worker_id": one.worker_id,
        "recovery_id": recovery_id,
        "claim_id": one.claim_id,
        "decision": one.decision,
        "paid_fen": one.amount_fen,
        "ground": ground,
        "cause": cause,
        "words": words,
        "proposed_fen": proposed_fen,
        "hear_until": until,
        "opened_by": who.actor,
        "opened_ms": turn.now_ms,
    }
    moving = {
        "state": "OPENED",
        "version": 1,
        "recovered_fen": 0,
        "due_on": until,
        "changed_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(recovery.insert().values(fixed | moving))
    except sa.exc.IntegrityError as error:
        if "ux_recovery_claim" in str(error.orig) or "recovery.claim_id" in str(error.orig):
            raise RecoveryStands(state=one.state) from None
        raise
    bound.touch(turn, recovery, (one.worker_id, recovery_id))
    found = find(turn.conn, recovery_id)
    _note(turn, found, "open", "", proposed_fen, who, min(who.roles), words)
    _tell(turn, house, found, "recovery-opened", until)
    return found


def step(  # noqa: PLR0913 - what a step is
    turn: Turn,
    house: "House",
    case: Case,
    event: str,
    who: Who,
    reason: str = "",
    *,
    amount_fen: int | None = None,
    values: Mapping[str, Any] | None = None,
    told: str = "",
) -> Case:
    """Take a step; the claim and the worker's notices follow: of the event, or by `told`.

    Raises `RecoveryStep`, `RecoveryChanged`.
    """
    way = transitions.find(case.state, event)
    if way is None or who.roles.isdisjoint(way.roles):
        raise RecoveryStep(state=case.state, event=event)
    claim_steps.lock(turn, case.worker_id)
    today = beijing_date(turn.now_ms)
    own = recovery.c
    moving = {
        "state": way.target,
        "version": case.version + 1,
        "due_on": _due(case, way.target, today),
        "changed_ms": turn.now_ms,
        **(values or {}),
    }
    here = (own.worker_id == case.worker_id, own.recovery_id == case.recovery_id, own.version == case.version)
    if turn.conn.execute(recovery.update().where(*here).values(moving)).rowcount != 1:
        raise RecoveryChanged
    bound.touch(turn, recovery, (case.worker_id, case.recovery_id))
    moved = find(turn.conn, case.recovery_id)
    role = next(one for one in way.roles if one in who.roles)
    _note(turn, moved, event, case.state, amount_fen, who, role, reason)
    if way.claim:
        _move_claim(turn, house, moved, way.claim, reason)
    if event in _TOLD:
        _tell(turn, house, moved, told or _TOLD[event], moved.due_on or "")
    return moved


def _due(case: Case, target: str, today: Any) -> str | None:
    """Return until when the next step is due."""
    if target == "HEARD":
        return case.due_on if case.state == "HEARD" else terms.decide_by(today)
    if target == "PARTIAL":
        return case.pay_until
    return None


def _move_claim(turn: Turn, house: "House", case: Case, event: str, reason: str) -> None:
    """Let the claim go on: wholly recovered, or kept with what of it was due."""
    one = claim_values.find(turn.conn, case.claim_id)
    if event == "recovered" and recovered_fen(turn.conn, one.worker_id, one.claim_id) < one.amount_fen:
        event = "reduced"
    if case.state == "WRITTEN_OFF":
        event = "written-off"
    # A payment that came back by itself has moved its claim already.
    if claim_transitions.find(one.state, event) is not None:
        claim_steps.step(turn, house, one, event, claim_values.BY_ITSELF, reason)


def _note(
    turn: Turn,
    case: Case,
    event: str,
    source: str,
    amount_fen: int | None,
    who: Who,
    role: str,
    reason: str,
) -> None:
    row = {
        **case.key,
        "n": case.version,
        "event": event,
        "source": source,
        "target": case.state,
        "amount_fen": amount_fen,
        "actor": who.actor,
        "role": role,
        "reason": reason,
        "at_ms": turn.now_ms,
    }
    turn.conn.execute(recovery_event.insert().values(row))
    bound.wrote(turn, recovery_event, row)


def _tell(turn: Turn, house: "House", case: Case, kind: str, due_on: str) -> None:
    """Tell the worker, and an institution that was paid in their name; of its own advance, it alone."""
    params: dict[str, Any] = {"case_id": uuid_text(case.recovery_id)}
    if due_on:
        params["due_on"] = due_on
    key = f"{kind}/{uuid_text(case.recovery_id)}/{case.version}"
    if case.ground != UNEARNED:
        notices.tell_worker(turn, house, case.worker_id, kind, params, key)
    payee = claim_values.find(turn.conn, case.claim_id).payee
    sort, _, uscc = payee.partition(":")
    if sort == "institution":
        notices.tell_institution(turn, uscc, kind, params, key)
