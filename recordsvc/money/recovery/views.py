"""Cases of recovery as they are told (追回的表述): what is asked back, why, what can be said against it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import two_person
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.money.claims import judging
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.views import kind_zh, name_zh
from recordsvc.money.recovery import deciding, offsetting, receiving, terms, transitions
from recordsvc.money.recovery.transitions import STATES_ZH
from recordsvc.money.recovery.values import Case, events_of, receipts_of, recovered_fen

if TYPE_CHECKING:
    from recordsvc.house import House

EVENTS_ZH: Final[Mapping[str, str]] = {
    "open": "立案并告知",
    "say": "陈述申辩",
    "hear": "陈述申辩期满",
    "drop": "不予追回",
    "lift": "依据的记录恢复，不再追回",
    "decide": "决定追回",
    "agree-offset": "同意抵扣",
    "deny-offset": "不再同意抵扣",
    "receive": "收到退款",
    "settle": "退还完毕",
    "write-off": "核销",
}
OWNERS_ZH: Final[Mapping[str, str]] = {"": "", "worker": "本人", "handler": "经办人"}


def ground_zh(code: str) -> str:
    """Return a ground in words."""
    row = dated.table(terms.GROUNDS).on(dated.OPEN_END).get(code)
    return str(row["zh"]) if row is not None else code


def brief(conn: Connection, one: Case) -> dict[str, Any]:
    """Return a case as lists show it."""
    claim = claim_values.find(conn, one.claim_id)
    owner = transitions.OWNERS[one.state]
    return {
        "recovery_id": one.recovery_id,
        "claim_id": one.claim_id,
        "kind": claim.kind,
        "kind_name": name_zh(claim),
        "ground": one.ground,
        "ground_name": ground_zh(one.ground),
        "words": one.words,
        "state": one.state,
        "state_name": STATES_ZH[one.state],
        "owner": owner,
        "owner_name": OWNERS_ZH[owner],
        "paid_fen": one.paid_fen,
        "proposed_fen": one.proposed_fen,
        "asked_fen": one.asked_fen,
        "recovered_fen": one.recovered_fen,
        "owed_fen": one.owed_fen,
        "hear_until": one.hear_until,
        "pay_until": one.pay_until,
        "due_on": one.due_on,
        "opened_ms": one.opened_ms,
        "version": one.version,
    }


def detailed(conn: Connection, one: Case, today: str) -> dict[str, Any]:
    """Return a case with its steps, the plan, and how a decision can be contested."""
    return brief(conn, one) | {
        "cause": one.cause,
        "reference": one.reference if one.owed_fen else None,
        "pay_to": receiving.pay_to(conn, one) if one.owed_fen else [],
        "plan": plan(one),
        "review": _review(one),
        "offset": _offset(conn, one, today),
        "says": transitions.find(one.state, "say") is not None,
        "events": [
            {
                "event": row.event,
                "event_name": EVENTS_ZH[row.event],
                "state": row.target,
                "role": row.role,
                "amount_fen": row.amount_fen,
                "reason": row.reason,
                "at_ms": row.at_ms,
            }
            for row in events_of(conn, one)
        ],
    }


def for_desk(house: "House", conn: Connection, one: Case, roles: frozenset[str]) -> dict[str, Any]:
    """Return a case with what would be due today, what came back, and what these roles may do."""
    found = judging.judge(house, conn, claim_values.find(conn, one.claim_id))
    mine = two_person.proposal.c.subject == uuid_text(one.recovery_id)
    kinds = two_person.proposal.c.kind.in_(deciding.KINDS)
    waiting = two_person.pending(conn, house.clock.now_ms(), kinds, mine)
    return detailed(conn, one, beijing_date(house.clock.now_ms()).isoformat()) | {
        "opened_by": one.opened_by,
        "decided_by": one.decided_by,
        "proposed_by": one.proposed_by,
        "due_now_fen": None if found is None else found.due_fen,
        "recovered_of_claim_fen": recovered_fen(conn, one.worker_id, one.claim_id),
        "ways": _proposable(one, roles),
        "proposals": [
            {"proposal_id": it.id, "kind": it.kind, "proposed_by": it.proposed_by} for it in waiting
        ],
        "receipts": [
            {
                "n": row.n,
                "way": row.way,
                "other_claim": row.other_claim,
                "amount_fen": row.amount_fen,
                "after_fen": row.after_fen,
                "at_ms": row.at_ms,
            }
            for row in receipts_of(conn, one.worker_id, one.claim_id)
        ],
    }


def _offset(conn: Connection, one: Case, today: str) -> dict[str, Any] | None:
    """Return how a case that is decided may be kept back from later subsidies."""
    law = terms.offset(today) if one.by_offset else None
    if law is None:
        return None
    protected = sorted(law.protected)
    return {
        "share_pct": law.share_pct,
        "protected": protected,
        "protected_names": [kind_zh(it) for it in protected],
        "agreed": offsetting.agrees(conn, one),
    }


def plan(one: Case) -> list[dict[str, Any]]:
    """Return the instalments (分期): whole fen, the rest in the last; payments cover the first ones."""
    if one.asked_fen is None or one.instalments is None or one.decided_ms is None:
        return []
    each, paid = one.asked_fen // one.instalments, one.recovered_fen
    decided, rows = beijing_date(one.decided_ms), []
    for n in range(1, one.instalments + 1):
        amount = each if n < one.instalments else one.asked_fen - each * (one.instalments - 1)
        covered = min(paid, amount)
        paid -= covered
        due = terms.pay_until(decided, n).isoformat()
        rows.append({"n": n, "due_on": due, "amount_fen": amount, "paid_fen": covered})
    return rows


def _proposable(one: Case, roles: frozenset[str]) -> list[str]:
    """Return what a handler may propose to a second official now."""
    if "handler" not in roles:
        return []
    events = {kind.partition(".")[2] for kind in deciding.KINDS}
    return [it.event for it in transitions.TRANSITIONS if it.source == one.state and it.event in events]


def _review(one: Case) -> dict[str, Any] | None:
    """Return until when and with whom a decision can be contested; None: nothing was decided."""
    if one.decided_ms is None:
        return None
    try:
        return terms.review_until(beijing_date(one.decided_ms))
    except NoRuleInForce:
        return None
