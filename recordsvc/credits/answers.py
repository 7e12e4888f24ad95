"""What a credit bank says (回执、结果、认定、使用): taken once each, and where it fits what was sent.

    receipt     of a batch: its hash and count
    result      of a line: accepted, rejected (code), pending, duplicate
    decision    of an outcome: recognised, partly, refused, withdrawn; this alone fills earned credits
    redemption  of earned credits: from then on they are locked

    sent, pending ── accepted ──> accepted (of a withdrawal: withdrawn)
    sent, pending ── rejected ──> rejected
    sent, pending, accepted ── decision ──> accepted, decided ── redemption ──> locked
    the next version goes out ──> sent, undecided; what was locked stays, and officials are told

An answer repeats under its id and is answered as before. Where it contradicts, nothing changes but a ticket.
Of an overtaken version it is `stale`; if that was withdrawn meanwhile, the withdrawal goes out again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.credits import tickets
from recordsvc.credits.tables import credit_answer, credit_batch, credit_outcome
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.strictjson import canonical
from recordsvc.vault.envelope import field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

TAKEN: Final = "taken"
STALE: Final = "stale"
ORPHAN: Final = "orphan"
CONTRADICTS: Final = "contradicts"
LOCKED: Final = "locked"
EARNING: Final = frozenset({"recognised", "partly"})
_OPEN: Final = frozenset({"sent", "pending"})
_DECIDED: Final = ("decision_id", "decision", "earned", "sealed")
Said = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Judged:
    """What an answer comes to: its standing, what changes of the outcome, which ticket is opened."""

    standing: str
    changes: Mapping[str, Any]
    ticket: str = ""


def take(house: "House", receiver: str, kind: str, said: Sequence[Said]) -> list[str]:
    """Take answers of one kind, each in a turn of its own; how each stands, in the same order.

    `said`: as the forms of the doors load them, with `answer_id`; ids of outcomes and batches are bytes.
    """
    return [house.db.write(lambda turn, one=one: _take(turn, house, receiver, kind, one)) for one in said]


def _take(turn: Turn, house: "House", receiver: str, kind: str, said: Said) -> str:
    mark = house.keys.hmac("dedupe", b"credit-answer/1\0" + canonical(_plain(kind, said)))
    own = credit_answer.c
    there = sa.select(own.said, own.standing).where(
        own.receiver == receiver, own.answer_id == said["answer_id"]
    )
    before = turn.conn.execute(there).one_or_none()
    if before is not None:
        if bytes(before.said) == mark:
            return str(before.standing)
        tickets.open_one(turn, receiver, tickets.REUSED, said["answer_id"], {"kind": kind})
        return CONTRADICTS
    standing = (
        _receipt(turn, receiver, said) if kind == "receipt" else _on_line(turn, house, receiver, kind, said)
    )
    row = {"receiver": receiver, "answer_id": said["answer_id"], "kind": kind, "said": mark}
    row |= {"standing": standing, "at_ms": turn.now_ms}
    turn.conn.execute(credit_answer.insert().values(**row))
    bound.wrote(turn, credit_answer, row)
    return standing


def _receipt(turn: Turn, receiver: str, said: Said) -> str:
    own = credit_batch.c
    query = sa.select(credit_batch).where(own.receiver == receiver, own.batch_id == said["batch_id"])
    row = turn.conn.execute(query).one_or_none()
    name = uuid_text(said["batch_id"])
    if row is None:
        tickets.open_one(turn, receiver, tickets.ORPHAN, name, {"kind": "receipt"})
        return ORPHAN
    count, sha256 = row.last - row.first + 1, bytes(row.sha256).hex()
    if (count, sha256) == (said["count"], said["sha256"]):
        return TAKEN
    told = {"count": said["count"], "our_count": count, "our_sha256": sha256, "sha256": said["sha256"]}
    tickets.open_one(turn, receiver, tickets.RECEIPT, name, told)
    return CONTRADICTS


def _on_line(turn: Turn, house: "House", receiver: str, kind: str, said: Said) -> str:
    own = credit_outcome.c
    mine = (own.receiver == receiver, own.outcome_id == said["outcome_id"])
    # The row is locked: two answers about one outcome come one after the other.
    row = turn.conn.execute(sa.select(credit_outcome).where(*mine).with_for_update()).one_or_none()
    if row is None or said["version"] > row.version:
        judged = Judged(ORPHAN, {}, tickets.ORPHAN)
    elif said["version"] < row.version:
        # Whoever took what was withdrawn meanwhile is told so again.
        again = row.op == "withdraw" and row.state == "withdrawn"
        judged = Judged(STALE, {"due": True} if again else {})
    else:
        judged = _JUDGES[kind](house, turn, row, said)
    if judged.changes:
        turn.conn.execute(credit_outcome.update().where(*mine).values(since_ms=turn.now_ms, **judged.changes))
        bound.touch(turn, credit_outcome, (bytes(row.worker_id), receiver, bytes(row.outcome_id)))
    if judged.ticket:
        told = {"kind": kind, "theirs": str(said.get("status") or said.get("decision") or kind)}
        told |= {"version": said["version"], "ours": "" if row is None else row.state}
        tickets.open_one(turn, receiver, judged.ticket, said["outcome_id"].hex(), told)
    return judged.standing


def _result(_house: "House", _turn: Turn, row: Any, said: Said) -> Judged:
    status = "accepted" if said["status"] == "duplicate" else said["status"]
    wanted = "withdrawn" if status == "accepted" and row.op == "withdraw" else status
    if row.state == wanted and (wanted != "rejected" or row.code == said["code"]):
        return Judged(TAKEN, {})
    if row.state not in _OPEN:
        if wanted == "pending":
            return Judged(STALE, {})  # what came later was told before
        return Judged(CONTRADICTS, {}, tickets.STATE)
    return Judged(TAKEN, {"state": wanted, "code": said["code"] if wanted == "rejected" else None})


def _decision(house: "House", turn: Turn, row: Any, said: Said) -> Judged:
    if row.redemption_id is not None:
        return Judged(LOCKED, {}, tickets.REDEEMED)
    if row.op == "withdraw" or row.state not in {*_OPEN, "accepted"}:
        return Judged(CONTRADICTS, {}, tickets.STATE)
    if row.decision_id is not None and said["replaces"] != row.decision_id:
        differs = tickets.AMOUNT if row.decision == said["decision"] else tickets.STATE
        return Judged(CONTRADICTS, {}, differs)
    worker_id = bytes(row.worker_id)
    worker = house.people.load(house.db.cursor(turn.conn), worker_id)
    # Of somebody erased meanwhile nothing more is kept than that it was decided.
    sealed = (
        None if worker is None else worker.key.seal(canonical(_told(said)), aad(worker_id, said["answer_id"]))
    )
    earned = said["credits"] if said["decision"] in EARNING else None
    decided = (said["answer_id"], said["decision"], earned, sealed)
    return Judged(TAKEN, {"state": "accepted", **dict(zip(_DECIDED, decided, strict=True))})


def _redemption(_house: "House", _turn: Turn, row: Any, said: Said) -> Judged:
    if row.redemption_id is not None:
        return Judged(LOCKED, {}, tickets.REDEEMED)
    if row.earned is None or row.earned != said["credits"]:
        return Judged(CONTRADICTS, {}, tickets.AMOUNT)
    return Judged(TAKEN, {"redemption_id": said["answer_id"]})


_JUDGES: Final[Mapping[str, Callable[["House", Turn, Any, Said], Judged]]] = {
    "result": _result,
    "decision": _decision,
    "redemption": _redemption,
}


def aad(worker_id: bytes, decision_id: str) -> bytes:
    """Return what a sealed decision is bound to."""
    return field_aad("credit_outcome", "sealed", worker_id, decision_id.encode(), 1)


def _told(said: Said) -> dict[str, Any]:
    names = ("scheme", "rule", "course", "valid_until", "reason", "decided_by", "decided_on", "appeal_until")
    return {name: said[name] for name in names if said[name] is not None}


def _plain(kind: str, said: Said) -> dict[str, Any]:
    return {
        "kind": kind,
        **{name: one.hex() if isinstance(one, bytes) else one for name, one in said.items()},
    }
