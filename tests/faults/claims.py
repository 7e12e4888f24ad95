"""Claims of two workers as rows, bound as the service binds them; what they say of cases does not matter."""

import hashlib
from collections.abc import Iterator
from typing import Any

from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.money.bank.own_accounts import payee_of
from recordsvc.money.claims import agency_tables, apprentice_tables, tables
from recordsvc.money.rules.tables import rule_text


def put(turn: Turn, workers: list[bytes]) -> None:
    """Put two claims into the house, each with a decision, a signature, an event, a list and an objection."""
    for n, worker_id in enumerate(workers[:2]):
        _put(turn, worker_id, n)


def _behalf(key: dict[str, Any], n: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A contract, its end, the claim that rests on it, a sheet and its line."""
    agency = {"worker_id": key["worker_id"], "agency_id": bytes([n + 1]) * 16}
    yield (
        agency_tables.claim_agency,
        agency
        | {
            "institution": f"9164010000000000{n}X",
            "kinds": f"KIND-{n}",
            "signed_on": f"2025-01-0{n + 1}",
            "until_on": f"2026-01-0{n + 1}",
            "source": "paper",
            "paper_id": bytes([n + 1]) * 16,
            "made_by": f"staff:{n}",
            "made_ms": 800 + n,
        },
    )
    yield (
        agency_tables.claim_agency_end,
        agency
        | {
            "how": ("ended", "denied")[n],
            "reason": f"why {n}",
            "ended_by": f"worker:{n}",
            "ended_ms": 810 + n,
        },
    )
    yield agency_tables.claim_agent, key | agency | {"institution": f"9164010000000000{n}X"}
    sheet = {"bundle_id": bytes([n + 1]) * 16}
    yield (
        agency_tables.claim_bundle,
        sheet
        | {
            "institution": f"9164010000000000{n}X",
            "kind": f"KIND-{n}",
            "paid_to": ("worker", "institution")[n],
            "lines": 2 + n,
            "filed_by": f"staff:{n}",
            "filed_ms": 820 + n,
        },
    )
    yield (
        agency_tables.claim_bundle_line,
        sheet | {"n": 1 + n, "claim_id": None, "code": f"code-{n}", "detail": f"why {n}"},
    )


def _apprentices(key: dict[str, Any], n: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """A plan, who had a place of it and left, another in their place, its end, the claim for the advance."""
    plan, seat = {"plan_id": bytes([n + 1]) * 16}, {"place": 1 + n, "turn": 1}
    yield (
        apprentice_tables.apprentice_plan,
        plan
        | {
            "institution": f"9164010000000000{n}X",
            "course": f"XT-{n}",
            "title": f"Plan {n}",
            "occupation": f"6-31-01-0{n}",
            "level": str(4 - n),
            "places": 3 + n,
            "advance_pct": 50 - n,
            "starts_on": f"2025-01-0{n + 1}",
            "ends_on": f"2026-01-0{n + 1}",
            "filed_by": f"staff:{n}",
            "filed_ms": 830 + n,
        },
    )
    there = {"places": 3 + n, "record_id": f"record-{n}", "joined_by": f"staff:{n}", "joined_ms": 840 + n}
    first = plan | seat | there | {"before": None, "worker_id": key["worker_id"]}
    yield apprentice_tables.apprentice, first
    left = {"record_id": f"out-{n}", "left_by": f"staff:{n}", "left_ms": 850 + n}
    yield apprentice_tables.apprentice_left, plan | seat | left
    yield apprentice_tables.apprentice, first | {"turn": 2, "before": 1, "worker_id": bytes([n + 9]) * 16}
    ended = {"turn": 2, "why": ("vacant", "over")[n], "ended_by": f"staff:{n}", "ended_ms": 860 + n}
    yield apprentice_tables.apprentice_end, plan | {"place": 1 + n} | ended
    yield apprentice_tables.apprentice_claim, key | plan | seat | {"event": ("advance", "settle")[n]}


def _refusal(n: int) -> dict[str, Any]:
    """The grounds of a proposal to refuse, as its official gave them."""
    return {
        "decision": 1 + n,
        "verdict": "GRANT",
        "article": f"article {n}",
        "found": f"found {n}",
        "found_on": f"2025-01-1{n}",
        "evidence": f"paper {n}",
        "actor": f"official:{n}",
        "at_ms": 350 + n,
    }


def _put(turn: Turn, worker_id: bytes, n: int) -> None:
    key = {"worker_id": worker_id, "claim_id": bytes([n + 1]) * 16}
    text = f"rule: R{n}"
    same = {"kind": f"KIND-{n}", "certificate": f"record-{n}"}
    filed = same | {
        "payee": payee_of(worker_id),
        "region": f"64010{n}",
        "told": f'{{"n":{n}}}',
        "filed_by": f"worker:{n}",
        "filed_ms": 100 + n,
    }
    first = {"worker_id": worker_id, "claim_id": bytes([n + 5]) * 16}
    rows = (
        (tables.claim, key | filed),
        (tables.claim, first | filed),
        (
            tables.claim_topup,
            key
            | same
            | {"part": 1 + n, "tops": first["claim_id"], "before_fen": 40 + n, "cause": f"log:{n}"},
        ),
        (
            tables.claim_decision,
            key
            | {
                "n": 1 + n,
                "salt": bytes([n]) * 16,
                "rule": f"RULE-{n}",
                "sha256": f"{n}" * 64,
                "verdict": "GRANT",
                "amount_fen": 100 + n,
                "basis_date": f"2025-01-0{n + 1}",
                "log_size": 5 + n,
                "document": f'{{"n":{n}}}'.encode(),
                "decided_ms": 200 + n,
            },
        ),
        (
            tables.claim_approval,
            key
            | {
                "round": 1 + n,
                "step": 1,
                "before": None,
                "event": f"event-{n}",
                "amount_fen": 100 + n,
                "decision": 1 + n,
                "payee_version": 3 + n,
                "filed_by": f"worker:{n}",
                "role": f"role-{n}",
                "list_sha256": f"{n}" * 64,
                "signed_ms": 300 + n,
                "actor": f"official:{n}",
            },
        ),
        (tables.claim_refusal, key | _refusal(n) | {"n": 20 + n, "before": None, "proposer": None}),
        (
            tables.claim_refusal,
            key
            | _refusal(n)
            | {"n": 30 + n, "before": 20 + n, "proposer": f"official:{n}", "actor": f"official:{n + 5}"},
        ),
        (rule_text, {"sha256": hashlib.sha256(text.encode()).hexdigest(), "text": text, "kept_ms": 150 + n}),
        (
            tables.claim_event,
            key
            | {
                "n": n,
                "event": f"event-{n}",
                "source": f"FROM-{n}",
                "target": f"TO-{n}",
                "actor": f"official:{n}",
                "role": f"role-{n}",
                "reason": f"why {n}",
                "at_ms": 400 + n,
            },
        ),
        (
            tables.claim_notice,
            {
                "notice_id": bytes([n + 1]) * 16,
                "region": f"64010{n}",
                "sha256": f"{n}" * 64,
                "lines": f"[{n}]",
                "start_on": f"2025-02-0{n + 1}",
                "end_on": f"2025-03-0{n + 1}",
                "opened_by": f"official:{n}",
                "opened_ms": 500 + n,
            },
        ),
        (
            tables.claim_objection,
            key
            | {
                "n": 1 + n,
                "notice_id": bytes([n + 1]) * 16,
                "text": f"why {n}",
                "taken_by": f"official:{n}",
                "taken_ms": 600 + n,
            },
        ),
    )
    for table, row in (*rows, *_behalf(key, n), *_apprentices(key, n)):
        turn.conn.execute(table.insert().values(row))
        bound.wrote(turn, table, row)
    turn.conn.execute(
        tables.claim_state.insert().values(
            key
            | {
                "state": ("WITHDRAWN", "REFUSED")[n],
                "version": 1 + n,
                "live": 0,
                "kind": f"KIND-{n}",
                "certificate": f"record-{n}",
                "purpose": f"purpose-{n}",
                "occupation": f"occupation-{n}",
                "level": f"level-{n}",
                "year": 2024 + n,
                "slot": 1 + n,
                "slots": 3 + n,
                "part": 1 + n,
                "amount_fen": 100 + n,
                "decision": 1 + n,
                "payee_version": 3 + n,
                "round": 1 + n,
                "needed": 3 + n,
                "signed": 1,
                "hold": f"hold-{n}",
                "notice_id": bytes([n + 1]) * 16,
                "payment": f"payment-{n}",
                "waits": f"waits-{n}",
                "owner": f"owner-{n}",
                "due_on": f"2025-04-0{n + 1}",
                "changed_ms": 700 + n,
                "refusal": (None, 21)[n],
            }
        )
    )
    bound.touch(turn, tables.claim_state, (worker_id, key["claim_id"]))
