"""What takes two officials (双人复核): deciding a case, dropping it, writing off what cannot be had back.

A handler proposes, a reviewer decides and the case moves in the same turn; what has changed since makes the
proposal stale. An official opens a case by hand alone: it asks nothing of the worker yet but to be heard.
"""

import uuid
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.grants import Thing, prefix
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.two_person import Proposal
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.values import Claim, Who
from recordsvc.money.recovery import steps, terms, transitions
from recordsvc.money.recovery.errors import RecoveryNotHeard, RecoveryRefused, RecoveryStep
from recordsvc.money.recovery.values import Case, find

if TYPE_CHECKING:
    from recordsvc.house import House

DECIDE: Final = "recovery.decide"
DROP: Final = "recovery.drop"
WRITE_OFF: Final = "recovery.write-off"
KINDS: Final = (DECIDE, DROP, WRITE_OFF)
DECIDERS: Final = frozenset({"reviewer"})


def open_by_hand(
    turn: Turn, house: "House", one: Claim, ground: str, amount_fen: int, words: str, who: Who
) -> Case:
    """Open a case as an official found it. Raises `RecoveryRefused`, `RecoveryStands`."""
    today = beijing_date(turn.now_ms).isoformat()
    row = terms.ground(ground, today)
    faults = []
    if row is None or row["by"] != "official":
        faults.append(_fault("ground", "请选择事由", "no such ground"))
    if not 0 < amount_fen <= one.amount_fen:
        faults.append(_fault("amount_fen", "金额应大于零，且不超过已发放的金额", "beyond what was paid"))
    if faults:
        raise RecoveryRefused(errors=faults)
    return steps.open_case(turn, house, one, ground, amount_fen, who, cause="official", words=words)


def propose(turn: Turn, house: "House", case: Case, kind: str, said: dict[str, Any], by: str) -> bytes:
    """Propose a decision to a second official; its id. Raises `RecoveryRefused`, `RecoveryStep`."""
    _check(turn, case, kind, said)
    payload = {
        "worker_id": str(uuid.UUID(bytes=case.worker_id)),
        "recovery_id": str(uuid.UUID(bytes=case.recovery_id)),
        **said,
    }
    return two_person.propose(turn, kind, uuid_text(case.recovery_id), payload, by, random=house.random)


def about(conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    """Return where a case lies and whom it concerns: as its claim."""
    return thing(conn, find(conn, uuid.UUID(str(payload["recovery_id"])).bytes))


def thing(conn: Connection, case: Case) -> Thing:
    """Return where a case lies: with its claim, wherever the worker lives now."""
    one = claim_values.find(conn, case.claim_id)
    parties = areas.person(conn, case.worker_id).parties | {one.payee}
    return Thing(prefix(one.region) if one.region else "", parties)


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return str(find(conn, uuid.UUID(str(payload["recovery_id"])).bytes).version)


def _check(turn: Turn, case: Case, kind: str, said: dict[str, Any]) -> None:
    """Refuse what the case does not allow. Raises `RecoveryRefused`, `RecoveryStep`, `RecoveryNotHeard`."""
    event = kind.partition(".")[2]
    if kind == DECIDE and case.state == "OPENED":
        raise RecoveryNotHeard(hear_until=case.hear_until)
    if transitions.find(case.state, event) is None:
        raise RecoveryStep(state=case.state, event=event)
    today = beijing_date(turn.now_ms).isoformat()
    faults = []
    if kind == DECIDE:
        if not 0 < said["asked_fen"] <= case.paid_fen:
            faults.append(_fault("asked_fen", "金额应大于零，且不超过已发放的金额", "beyond what was paid"))
        if said.get("by_offset") and terms.offset(today) is None:
            faults.append(
                _fault("by_offset", "现行规定不允许从以后的补贴中抵扣", "the law does not allow it")
            )
        if not 1 <= said["instalments"] <= terms.most_instalments(today):
            faults.append(_fault("instalments", "分期期数超过规定", "too many instalments"))
    if kind == WRITE_OFF and terms.write_off_ground(said["ground"], today) is None:
        faults.append(_fault("ground", "请选择核销事由", "no such ground"))
    if faults:
        raise RecoveryRefused(errors=faults)


def _fault(name: str, zh: str, en: str) -> dict[str, str]:
    return {"pointer": f"/{name}", "code": "value", "detail": zh, "detail_en": en}


def _carry_out(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    case = find(turn.conn, uuid.UUID(str(payload["recovery_id"])).bytes)
    said = {name: payload[name] for name in payload.keys() - {"worker_id", "recovery_id"}}
    _check(turn, case, proposal.kind, said)
    who = Who(str(proposal.decided_by), frozenset({str(proposal.decided_role)}))
    values: dict[str, Any] = {}
    amount: int | None = None
    if proposal.kind == DECIDE:
        amount = int(said["asked_fen"])
        until = terms.pay_until(beijing_date(turn.now_ms), int(said["instalments"])).isoformat()
        values = {
            "asked_fen": amount,
            "instalments": int(said["instalments"]),
            "by_offset": 1 if said.get("by_offset") else None,
            "pay_until": until,
            "due_on": until,
            "proposed_by": proposal.proposed_by,
            "decided_by": proposal.decided_by,
            "decided_ms": turn.now_ms,
        }
    if proposal.kind == WRITE_OFF:
        amount = case.owed_fen
    event = proposal.kind.partition(".")[2]
    steps.step(turn, house, case, event, who, str(said["reason"]), amount_fen=amount, values=values)


for _kind in KINDS:
    two_person.executor(_kind, deciders=DECIDERS, basis=_basis, about=about, fresh=True)(_carry_out)
