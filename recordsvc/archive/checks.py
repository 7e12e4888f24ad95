"""Checks beyond the schema: does what a record says hang together, and could it be true?

`check(record, context)` is pure. The record must have satisfied its schema; the context says what it cannot.
All limits, code lists and severities are dated data (`recordsvc/data`); a rule that is not in force raises
`dated.NoRuleInForce` and the caller must not accept the record.

    every type      dates in order, codes in their tables        here
                    who decided, what it acts on, lateness       checks_act
    what happened   institution, age, occupation                 checks_institution, _person, _occupation
    courses         time against days and plan                   checks_course
    certificates    numbers, permits                             checks_certificate
    assessments     parts and outcome                            checks_assessment
    evidence        trust, origin, group membership              checks_evidence
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final

from recordsvc.archive.checks_act import check_act, check_held_reasons, check_late
from recordsvc.archive.checks_assessment import check_assessment
from recordsvc.archive.checks_case import Case, Context, Finding, InstitutionFacts, Severity
from recordsvc.archive.checks_certificate import (
    check_level_certificate,
    check_permit,
    check_qualification_certificate,
)
from recordsvc.archive.checks_course import (
    check_completion,
    check_course,
    check_enrolment,
    check_outcome,
)
from recordsvc.archive.checks_evidence import check_evidence, check_membership, check_provenance, check_span
from recordsvc.archive.checks_institution import check_grantor, check_institution, check_standing
from recordsvc.archive.checks_occupation import check_occupation
from recordsvc.archive.checks_person import check_age

__all__ = ["Context", "Finding", "InstitutionFacts", "Severity", "check"]

Check = Callable[[Case], None]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the general checks look at in a type; names are members of its body.

    `start`, `end`: the days of what is recorded; `certificate` stands for the certificate's printed date.
    `others`: further dates that cannot lie in the future. `institution`: who did it, and therefore must sign.
    `codes`: member → code table. `more`: the type's own checks, run only when its days make sense.
    """

    start: str | None = None
    end: str | None = None
    institution: str | None = None
    issuer_acts: bool = True
    course: bool = False
    others: tuple[str, ...] = ()
    codes: tuple[tuple[str, str], ...] = ()
    more: tuple[Check, ...] = ()


_TRAINING: Final = (("training_type", "training_types"), ("certificate_kind", "certificate_kinds"))
_CERTIFICATE: Final = "certificate"

_SHAPES: Final[Mapping[str, Shape]] = MappingProxyType(
    {
        "training-completion": Shape(
            start="started_on",
            end="ended_on",
            institution="institution",
            course=True,
            others=("assessed_on",),
            codes=_TRAINING,
            more=(check_course, check_completion),
        ),
        "enrolment": Shape(
            start="started_on",
            end="started_on",
            institution="institution",
            others=("agreement_on",),
            codes=_TRAINING,
            more=(check_enrolment,),
        ),
        "enrolment-outcome": Shape(
            start="started_on",
            end="ended_on",
            institution="institution",
            course=True,
            codes=_TRAINING,
            more=(check_course, check_outcome),
        ),
        "training-certificate": Shape(
            start="started_on",
            end="ended_on",
            institution="institution",
            course=True,
            others=(_CERTIFICATE,),
            codes=_TRAINING[:1],
        ),
        "assessment-result": Shape(
            start="assessed_on", end="assessed_on", institution="organisation", more=(check_assessment,)
        ),
        "level-certificate": Shape(
            start=_CERTIFICATE,
            end=_CERTIFICATE,
            institution="organisation",
            others=("assessed_on",),
            more=(check_level_certificate,),
        ),
        "qualification-certificate": Shape(
            start=_CERTIFICATE,
            end=_CERTIFICATE,
            institution="body",
            others=("assessed_on",),
            more=(check_qualification_certificate,),
        ),
        "skill-certificate": Shape(
            start=_CERTIFICATE, end=_CERTIFICATE, institution="organisation", others=("assessed_on",)
        ),
        "safety-permit": Shape(
            start=_CERTIFICATE,
            end=_CERTIFICATE,
            institution="authority",
            others=("first_issued_on",),
            more=(check_permit,),
        ),
        "award": Shape(
            start="awarded_on",
            end="awarded_on",
            codes=(("tier", "award_tiers"),),
            more=(partial(check_grantor, member="organiser"),),
        ),
        "honour": Shape(
            start="granted_on",
            end="granted_on",
            codes=(("tier", "award_tiers"),),
            more=(partial(check_grantor, member="granted_by"),),
        ),
        "foreign-evidence": Shape(
            issuer_acts=False,
            others=("started_on", "ended_on", "awarded_on"),
            codes=(("evidence_kind", "evidence_kinds"),),
            more=(check_evidence,),
        ),
        "group-membership": Shape(
            issuer_acts=False,
            others=("checked_on",),
            codes=(("group", "worker_groups"),),
            more=(check_membership,),
        ),
        "worker-statement": Shape(
            issuer_acts=False,
            others=("started_on", "ended_on"),
            codes=(("matter", "statement_matters"),),
            more=(check_span,),
        ),
        "revocation": Shape(
            issuer_acts=False, codes=(("reason", "revocation_reasons"),), more=(check_standing,)
        ),
        "restoration": Shape(issuer_acts=False, more=(check_standing,)),
        "contest": Shape(issuer_acts=False, codes=(("reason", "contest_reasons"),)),
        "dispute-outcome": Shape(issuer_acts=False, codes=(("ground", "dispute_grounds"),)),
        "release": Shape(issuer_acts=False, others=("held_on",), more=(check_held_reasons,)),
        "restriction": Shape(issuer_acts=False, codes=(("ground", "restriction_grounds"),)),
        "closure": Shape(issuer_acts=False, others=("on",), codes=(("ground", "closure_grounds"),)),
        "erasure": Shape(issuer_acts=False, codes=(("ground", "erasure_grounds"),)),
        "merge": Shape(issuer_acts=False, codes=(("ground", "merge_grounds"),)),
        "unmerge": Shape(issuer_acts=False, codes=(("ground", "merge_grounds"),)),
    }
)
_PLAIN: Final = Shape(issuer_acts=False)


def check(record: Mapping[str, Any], context: Context) -> list[Finding]:
    """All findings on a record that satisfied its schema, in a fixed order; empty when there are none.

    What a correction makes is checked as the corrected record: pass that with the new body and the
    correction's `issued_on`. Raises `dated.NoRuleInForce` when a rule it needs has expired.
    """
    shape = _SHAPES.get(record["type"], _PLAIN)
    case = Case(record, context)
    _place(case, shape)
    check_act(case)
    check_provenance(case)
    _codes(case, shape)
    if not _dates(case, shape):
        return case.findings  # days that contradict one another would only raise false findings below
    if shape.issuer_acts:
        check_late(case)
        check_institution(case, shape.institution)
    if case.starts_on:
        check_age(case, working_life=shape.course)
        check_occupation(case)
    for more in shape.more:
        more(case)
    return case.findings


def _place(case: Case, shape: Shape) -> None:
    """Find the days of what is recorded, and where the record says so."""
    if shape.start is None or shape.end is None:
        return
    case.starts_at, case.starts_on = _date(case.body, shape.start)
    case.ends_at, case.ends_on = _date(case.body, shape.end)


def _date(body: Mapping[str, Any], member: str) -> tuple[str, str]:
    if member == _CERTIFICATE:
        return "/body/certificate/issued_on", body[_CERTIFICATE]["issued_on"]
    return f"/body/{member}", body.get(member, "")


def _codes(case: Case, shape: Shape) -> None:
    for member, table in shape.codes:
        case.code_in(table, case.body.get(member), f"/body/{member}")


def _dates(case: Case, shape: Shape) -> bool:
    """Nothing ends before it starts, lies after the day of receipt, or is signed before it happened."""
    before, today = len(case.findings), case.context.received_on
    if case.record["issued_on"] > today:
        case.add("dated-in-future", "/issued_on")
    if case.ends_on:
        if case.ends_on < case.starts_on:
            case.add("ends-before-start", case.ends_at)
        if case.ends_on > today:
            case.add("ends-after-receipt" if shape.course else "dated-in-future", case.ends_at)
        elif case.record["issued_on"] < case.ends_on:
            case.add("signed-before-end", "/issued_on")
    for member in shape.others:
        pointer, day = _date(case.body, member)
        if day > today:
            case.add("dated-in-future", pointer)
    return len(case.findings) == before
