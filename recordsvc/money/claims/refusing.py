"""Refusing (不予发放): what the rule refuses one official may say; what it grants is refused by two.

One proposes it on grounds - the article that forbids it, what was found and when, the paper that shows it -
and the worker is told; a reviewer, another person, refuses or does not. A proposal is worth what it was made
on: any step since, but a report that it is overdue, ends it. Both words are rows (`claim_refusal`), and the
tables let no claim with an amount be refused without them.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import bound
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import hands, transitions
from recordsvc.money.claims.errors import ClaimRefused, ClaimStep
from recordsvc.money.claims.tables import claim_refusal
from recordsvc.money.claims.values import Claim, Who, decision_of, events_of
from recordsvc.people.spotting import number_in

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.money.claims.steps import Run

PROPOSE: Final = transitions.PROPOSE
REFUSE: Final = "refuse"
MOST_ARTICLE: Final = 120
MOST_EVIDENCE: Final = 200
_NUMERAL: Final = "[一二三四五六七八九十百零〇]{1,6}"
_ELSEWHERE: Final = re.compile(
    rf"《[\u4e00-\u9fff〇]{{2,60}}》第{_NUMERAL}条(第{_NUMERAL}款)?(第{_NUMERAL}项)?"
)
"""An article of another text than the rule: 《就业补助资金管理办法》第二十条第一款."""


@dataclass(frozen=True, slots=True)
class Grounds:
    """On what a refusal rests: article, Beijing day on which it was found, paper that shows it."""

    article: str = ""
    found_on: str = ""
    evidence: str = ""


NO_GROUNDS: Final = Grounds()


def proposed(conn: Connection, one: Claim) -> sa.Row[Any] | None:
    """Return the proposal to refuse a claim as it stands now; None: nobody made one, or it ended."""
    newest = next((row for row in reversed(events_of(conn, one)) if row.event != "escalate"), None)
    if newest is None or newest.event != PROPOSE:
        return None
    own = claim_refusal.c
    query = sa.select(claim_refusal).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    return conn.execute(query.where(own.n == newest.n)).one_or_none()


def refusal_of(conn: Connection, one: Claim) -> tuple[sa.Row[Any], sa.Row[Any] | None] | None:
    """Return the proposal that counts and the word of the second person; None: nobody proposed it."""
    if one.state != "REFUSED":
        found = proposed(conn, one)
        return None if found is None else (found, None)
    own = claim_refusal.c
    mine = sa.select(claim_refusal).where(own.worker_id == one.worker_id, own.claim_id == one.claim_id)
    second = conn.execute(mine.where(own.before.is_not(None))).one_or_none()
    return None if second is None else (conn.execute(mine.where(own.n == second.before)).one(), second)


def articles_of(house: "House", conn: Connection, one: Claim) -> list[str]:
    """Return the articles of the rule that a claim was decided by, each once, in its order."""
    found = decision_of(conn, one)
    if found is None or not found.sha256:
        return []
    rule = house.claims.rules.version(found.sha256)
    return list(dict.fromkeys(clause.words.article for clause in rule.clauses))


def refusable(conn: Connection, one: Claim, who: Who, reason: str) -> None:
    """Let a refusal pass: of what the rule refuses, else with a reason; never for want of a rule.

    Of what the rule grants only as somebody else proposed it, by a reviewer. Raises `ClaimStep`,
    `ClaimSignedBefore`, `StandsTogether`.
    """
    verdict = _verdict(conn, one)
    if verdict == "NO_RULE_IN_FORCE" or (verdict != "REFUSE" and not reason):
        raise ClaimStep(state=one.state, event=REFUSE, verdict=verdict)
    if verdict != "GRANT":
        return
    before = proposed(conn, one)
    if before is None or transitions.REVIEWER not in who.roles:
        raise ClaimStep(state=one.state, event=REFUSE, verdict=verdict, needs=PROPOSE)
    against = hands.two_needed(conn, who.actor, before.actor, before.at_ms)
    if against is not None:
        raise against


def proposable(run: "Run") -> None:
    """Let a proposal pass: with grounds, of what the rule grants. Raises `ClaimStep`, `ClaimRefused`."""
    verdict = _verdict(run.turn.conn, run.claim)
    if verdict != "GRANT":
        raise ClaimStep(state=run.claim.state, event=PROPOSE, verdict=verdict)
    given, found = run.grounds, []
    if not run.reason:
        found.append(_fault("reason", "required", "请写明查明的情况", "say what was found"))
    known = articles_of(run.house, run.turn.conn, run.claim)
    if given.article not in known and not _ELSEWHERE.fullmatch(given.article):
        detail = "请写明依据的条款：本规则的条款，或《文件名称》第几条"
        found.append(_fault("article", "value", detail, "an article of the rule, or 《text》第…条"))
    if not _past(given.found_on, beijing_date(run.turn.now_ms)):
        found.append(_fault("found_on", "value", "请写明查明的日期，不能晚于今天", "a day up to today"))
    if not given.evidence:
        found.append(_fault("evidence", "required", "请写明证据材料及其编号", "name the paper that shows it"))
    for name, text in (("reason", run.reason), ("evidence", given.evidence)):
        if number_in(text) is not None:
            found.append(_fault(name, "value", "不要写证件号码、卡号和电话号码", "no number of a person"))
    if found:
        raise ClaimRefused(errors=found)


def propose(run: "Run") -> None:
    """Keep the grounds of a proposal; it is a reviewer's to decide."""
    run.values["owner"] = transitions.REVIEWER
    _keep(run, run.grounds, {"before": None, "proposer": None})


def refuse(run: "Run") -> None:
    """Keep who refused what the rule grants, on whose proposal; of what it does not grant there is none."""
    found = proposed(run.turn.conn, run.claim) if _verdict(run.turn.conn, run.claim) == "GRANT" else None
    if found is None:
        return
    grounds = Grounds(found.article, found.found_on, found.evidence)
    _keep(run, grounds, {"before": found.n, "proposer": found.actor})
    run.values["refusal"] = found.n


def _keep(run: "Run", grounds: Grounds, before: dict[str, Any]) -> None:
    row = {
        **run.claim.key,
        "n": run.claim.version + 1,
        **before,
        "decision": run.claim.decision,
        "verdict": "GRANT",
        "article": grounds.article,
        "found": run.reason,
        "found_on": grounds.found_on,
        "evidence": grounds.evidence,
        "actor": run.who.actor,
        "at_ms": run.turn.now_ms,
    }
    run.turn.conn.execute(claim_refusal.insert().values(row))
    bound.wrote(run.turn, claim_refusal, row)


def offered(conn: Connection, one: Claim, event: str, roles: frozenset[str]) -> bool:
    """Tell whether somebody with these roles is offered to refuse a claim, or to propose that."""
    granted = _verdict(conn, one) == "GRANT"
    if event == PROPOSE:
        return granted
    return not granted or (transitions.REVIEWER in roles and proposed(conn, one) is not None)


def _verdict(conn: Connection, one: Claim) -> str:
    found = decision_of(conn, one)
    return "" if found is None else str(found.verdict)


def _past(day: str, today: dt.date) -> bool:
    try:
        return len(day) == len("2025-01-01") and dt.date.fromisoformat(day) <= today
    except ValueError:
        return False


def _fault(name: str, code: str, zh: str, en: str) -> dict[str, str]:
    return {"pointer": f"/{name}", "code": code, "detail": zh, "detail_en": en}
