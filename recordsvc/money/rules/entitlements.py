"""What a worker may get (可以申请什么): rules that pay people, tried on certificates and courses.

Each rule is tried on the records that its kind of subsidy rests on (`claim_kinds`), and on no others: what is
offered here can be claimed.

A proposal, not a promise: nothing is stored, and nothing is claimed. Whoever claims is judged anew.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import Life
from recordsvc.ground.ports import beijing_date
from recordsvc.money.rules import archive_facts, explaining, registers
from recordsvc.money.rules.archive_facts import CaseOfRecord
from recordsvc.money.rules.decision import Decision, Verdict
from recordsvc.money.rules.explaining import Explanation, explain
from recordsvc.money.rules.facts import Fact, Facts

if TYPE_CHECKING:
    from recordsvc.house import House

Prior = Callable[[Connection, bytes, Archive], list[dict[str, Any]]]
"""What the claims room registers: earlier subsidies of a worker, as the fact `prior` holds them, by what
an archive of theirs says now."""
NO_EVENT: Final = ""
KINDS: Final = "claim_kinds"
"""Dated data: what can be claimed, and on which records."""


@dataclass(frozen=True, slots=True)
class Entitlement:
    """What one rule says of one certificate, or of one course."""

    case: CaseOfRecord
    decision: Decision
    told: Explanation


def of_worker(house: "House", worker_id: bytes) -> list[Entitlement]:
    """Return what each rule that pays people says of each certificate and course, what may be had first.

    Rules with nothing to say of one (its kind or day is none of theirs) are left out.
    Raises `ArchiveRestricted`.
    """
    archive = Reader(house).archive(worker_id)
    if archive is None:
        return []
    today = beijing_date(house.clock.now_ms()).isoformat()
    found: list[Entitlement] = []
    hidden = any(one.life is Life.RESTRICTED and not one.moved for one in archive.state.records)
    with house.db.read() as conn:
        for case in (*archive_facts.cases(archive, today), *archive_facts.courses(archive, today)):
            facts = around(house, conn, archive, case, today)
            found += [_behind_seal(one) if hidden else one for one in _tried(house, case, facts)]
    order = {Verdict.GRANT: 0, Verdict.NEED_INFO: 1, Verdict.REFUSE: 2, Verdict.NO_RULE_IN_FORCE: 3}
    return sorted(found, key=lambda one: order[one.decision.verdict])


def around(house: "House", conn: Connection, archive: Archive, case: CaseOfRecord, today: str) -> Facts:
    """Return everything that is known of a record and its worker, for an application made today."""
    values, worker_id = case.facts.values, archive.worker_id
    day = str(values.get("certificate_issued_on") or values["training_ended_on"])
    prior = house.prior_subsidies(conn, worker_id, archive) if house.prior_subsidies else []
    own = Facts(
        {
            "applied_on": Fact(today, "本次查看", today),
            "payee": Fact("person", "本次查看", today),
            "prior": Fact(prior, "本系统补贴台账", today),
        }
    )
    known = archive_facts.of_groups(archive, day).joined(case.facts)
    said = registers.gathered(house.registers, conn, worker_id, case.number or None)
    catalogue = house.catalogue.facts(known, day)
    return own.joined(catalogue).joined(said).joined(known)


def _behind_seal(one: Entitlement) -> Entitlement:
    """Return it as it is told where the archive has a record that is restricted."""
    missing = tuple(explaining.behind_seal(it) for it in one.told.missing)
    return replace(one, told=replace(one.told, missing=missing))


def _rests_on(code: str) -> Collection[str]:
    """Return the types of records on which a kind is claimed; where it cannot be: certificates."""
    kind = dated.table(KINDS).on(dated.OPEN_END).get(code)
    return archive_facts.CERTIFICATES if kind is None else kind["records"]


def _tried(house: "House", case: CaseOfRecord, facts: Facts) -> list[Entitlement]:
    found = []
    for code in house.rules.codes():
        newest = house.rules.history(code)
        candidate = newest[0].rule if newest else house.rules.sample(code)
        if candidate is None or "person" not in candidate.head.payees or NO_EVENT not in candidate.formulas:
            continue
        if case.type not in _rests_on(code):
            continue
        day = facts.values.get(candidate.head.basis)
        rule = house.rules.on(code, str(day)) if day is not None else None
        if rule is None:
            continue
        decision = rule.decide(facts)
        if decision.verdict is not Verdict.NO_RULE_IN_FORCE:
            found.append(Entitlement(case, decision, explain(rule, decision)))
    return found
