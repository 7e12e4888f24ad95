"""Telling what became of a claim (申领通知): refused, something asked, a payment that came back.

The worker is told, and the institution that filed or is to be paid. A notice names articles, never an
amount or a number: what was decided stands with the claim.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

import orjson
from sqlalchemy.engine import Connection

from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.money.claims import agencies, deceased, refusing
from recordsvc.money.claims.transitions import PROPOSE, SYSTEM
from recordsvc.money.claims.values import Claim, decision_of
from recordsvc.money.rules.decision import FAIL

if TYPE_CHECKING:
    from recordsvc.house import House

KINDS: Final[Mapping[str, str]] = {
    "refuse": "claim-refused",
    PROPOSE: "claim-refusal-proposed",
    "ask": "claim-asked",
    "returned": "claim-returned",
}
"""What is told (`notice_texts`) of which event."""


def told(turn: Turn, house: "House", one: Claim, event: str, role: str) -> None:
    """Tell what a step that was taken means for those who wait, once each time it is taken.

    What the service itself asks is said in the answer to whoever files.
    """
    kind = KINDS.get(event, "")
    if not kind or (event, role) == ("ask", SYSTEM):
        return
    key = f"{kind}/{one.claim_id.hex()}/{one.version}"
    articles = _articles(turn.conn, one) if event in ("refuse", PROPOSE) else []
    said = {"articles": "、".join(articles)} if articles else {}
    if not deceased.died(turn.conn, one):
        notices.tell_worker(turn, house, one.worker_id, kind, said, key)
    for uscc in sorted(_institutions(turn.conn, one)):
        case: dict[str, Any] = {**said, "case_id": str(UUID(bytes=one.claim_id))}
        notices.tell_institution(turn, uscc, kind, case, key)


def _articles(conn: Connection, one: Claim) -> list[str]:
    """Return the articles that the decision says are not met, each once, or the one that people rest on."""
    words = refusing.refusal_of(conn, one)
    if words is not None:
        return [words[0].article]
    found = decision_of(conn, one)
    if found is None or found.verdict != "REFUSE":
        return []
    trace = orjson.loads(bytes(found.document))["trace"]
    return list(dict.fromkeys(it["article"] for it in trace if it["result"] == FAIL))


def _institutions(conn: Connection, one: Claim) -> set[str]:
    """Return who filed on the worker's behalf, and the institution that is to be paid."""
    agency = agencies.of_claim(conn, one)
    found = set() if agency is None else {agency.institution}
    kind, _, name = one.payee.partition(":")
    return found | {name} if kind == "institution" else found
