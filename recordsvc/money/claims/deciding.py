"""Deciding a claim (审核): the rule that holds on the facts as they are now; stored, never changed."""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.persons import Place
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import apprentices, judging
from recordsvc.money.claims import facts as claim_facts
from recordsvc.money.claims.tables import claim_decision
from recordsvc.money.claims.transitions import HANDLER
from recordsvc.money.claims.values import Claim, decision_of
from recordsvc.money.rules.decision import Decision, Verdict
from recordsvc.money.rules.facts import Facts, known
from recordsvc.money.rules.rule import Rule
from recordsvc.people import merges
from recordsvc.translog.tables import head

if TYPE_CHECKING:
    from recordsvc.house import House


SEALED: Final = "record-restricted"
"""Why nothing is decided: the record that a claim rests on is restricted."""
CERTIFICATE: Final = "certificate"
"""The fact that is missing then."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a granted claim uses up of its person's limits, as the rule's clauses say."""

    occupation: str | None = None
    level: str | None = None
    year: int | None = None
    slots: int | None = None
    begun: str | None = None
    ended: str | None = None
    """The training that it pays for: what is paid as it begins, as it ends, or both."""


def decide(house: "House", conn: Connection, one: Claim, now_ms: int) -> Decision | None:
    """Say what the rule in force says of a claim now; None: the record no longer counts.

    Of a record that is restricted alone what it says is missing, which is never a refusal. What tops another
    claim up is decided as that one was, on what the archive says of it now.
    """
    return decide_on(house, conn, one, place_of(house, conn, one), now_ms)


def decide_on(
    house: "House", conn: Connection, one: Claim, place: Place | None, now_ms: int
) -> Decision | None:
    """Decide as `decide`, on the record as it was read."""
    if claim_facts.sealed(place):
        return _undecided(one, Verdict.NEED_INFO, Facts({}), SEALED, (CERTIFICATE,))
    if place is None or claim_facts.unfit(place):
        return None
    if one.tops is not None:
        judged = judging.judge(house, conn, one)
        return None if judged is None else judged.made
    today = beijing_date(now_ms).isoformat()
    found = claim_facts.gather(house, conn, place, one, today)
    rule = rule_for(house, one.kind, found, today)
    if rule is None:
        # An official's case, never a refusal.
        return _undecided(one, Verdict.NO_RULE_IN_FORCE, found, "not-in-force")
    return rule.decide(found, apprentices.event_of(one, place))


def rule_for(house: "House", kind: str, found: Facts, today: str) -> Rule | None:
    """Return the rule for a case: by its own basis date, else as of today; None: none holds."""
    rule = house.claims.rules.on(kind, today)
    if rule is None:
        return None
    day = found.values.get(rule.head.basis)
    return house.claims.rules.on(kind, str(day)) if day is not None else rule


def store(turn: Turn, house: "House", one: Claim, made: Decision) -> int:
    """Store a decision for good; which of the claim's it is."""
    own = claim_decision.c
    where = (own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    n = int(turn.conn.scalar(sa.select(sa.func.count()).select_from(claim_decision).where(*where)) or 0) + 1
    row = {
        **one.key,
        "n": n,
        "salt": house.random.bytes(16),
        "rule": made.rule,
        "sha256": made.sha256,
        "verdict": made.verdict.value,
        "amount_fen": amount_of(one, made),
        "basis_date": made.basis_date,
        "log_size": int(turn.conn.scalar(sa.select(head.c.size)) or 0),
        "document": made.canonical(),
        "decided_ms": turn.now_ms,
    }
    if made.sha256:
        house.claims.rules.keep(turn, made.sha256)
    turn.conn.execute(claim_decision.insert().values(row))
    bound.wrote(turn, claim_decision, row)
    return n


def amount_of(one: Claim, made: Decision) -> int:
    """Return what a decision gives a claim, in fen: of what tops another up, what is more than was kept."""
    return max(made.amount_fen - one.before_fen, 0)


def asks_claimant(made: Decision) -> bool:
    """Tell whether what is missing is the claimant's to bring about; what the office finds out is not."""
    suppliers = dated.table("fact_suppliers").on(dated.OPEN_END).by_code
    asked = {suppliers[known(name).supplier].get("asks") for name in made.missing}
    return made.verdict is Verdict.NEED_INFO and asked != {HANDLER}


def stands(conn: Connection, one: Claim, made: Decision | None) -> bool:
    """Tell whether the decision that counts is what is decided now, in all that a signature stands on.

    That is verdict, amount, text of the rule. A claim without a decision stands where none can be made.
    """
    counted = decision_of(conn, one)
    if counted is None or made is None:
        return counted is None and made is None
    now = (made.verdict.value, amount_of(one, made), made.sha256)
    return (counted.verdict, counted.amount_fen, counted.sha256) == now


def again(rule: Rule, document: bytes) -> Decision:
    """Work a stored decision out anew, from its own facts, by the text it names."""
    told = orjson.loads(document)
    return rule.decide(Facts.of(told["facts"]), told["event"])


def limits(rule: Rule, made: Decision) -> Limits:
    """Return what a granted claim uses up: the clauses on earlier subsidies, read as limits.

    An advance takes a training as it begins, a settlement as it ends: one training has both. Whatever else
    is paid for a training takes the whole.
    """
    values, counted = made.facts.values, _counted(made)
    training = None
    occupation = level = None
    year = slots = None
    for clause in rule.clauses:
        for condition in clause.condition.walk():
            if condition.op == "unique" and "occupation" in condition.same:
                occupation = str(values["occupation"])
                level = str(values["level"]) if "level" in condition.same else ""
            if condition.op == "none_paid" and "training" in condition.same:
                training = values.get("training")
            if condition.op == "quota" and "person" in condition.same and clause.words.id in counted:
                year = int(values[rule.head.basis][:4]) if "year" in condition.same else 0
                slots = counted[clause.words.id]
    begun, ended = made.event != apprentices.SETTLE, made.event != apprentices.ADVANCE
    return Limits(occupation, level, year, slots, training if begun else None, training if ended else None)


def _counted(made: Decision) -> dict[str, int]:
    """Return the limit of each clause that counts, as it was for this case."""
    return {
        clause.id: int(right)
        for clause, _, steps in made.trace
        for op, _, _, _, right, _ in steps
        if op == "quota" and right is not None
    }


def place_of(house: "House", conn: Connection, one: Claim) -> Place | None:
    """Return where the record stands; None: nowhere, or the archive is sealed."""
    try:
        archives = persons.read(house, merges.person_id(conn, one.worker_id), house.db.cursor(conn))
    except ArchiveRestricted:
        return None
    return None if archives is None else archives.find(uuid.UUID(one.certificate).bytes)


def _undecided(
    one: Claim, verdict: Verdict, found: Facts, reason: str, missing: tuple[str, ...] = ()
) -> Decision:
    """Return a decision that no rule was asked for."""
    return Decision(
        rule=one.kind,
        title=one.kind,
        sha256="",
        sample=False,
        event="",
        basis_date=None,
        verdict=verdict,
        amount_fen=0,
        trace=(),
        params=(),
        missing=missing,
        reason=reason,
        facts=found,
    )


def document_of(row: Any) -> dict[str, Any]:
    """Return a stored decision as plain values."""
    found: dict[str, Any] = orjson.loads(row.document)
    return found
