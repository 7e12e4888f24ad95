"""The institution: does it sign itself, was it in force when teaching and when reporting, is the item filed.

Only issuer-signed records are judged; what the region states rests on an official's case.
"""

from collections.abc import Mapping

from recordsvc import dated
from recordsvc.archive.checks_case import Case


def check_institution(case: Case, member: str | None) -> None:
    """`member` of the body names the institution, which must be the issuer; None: its standing only."""
    if case.stated_by_region:
        return
    if member is not None and case.body[member]["uscc"] != case.record["issuer"]:
        case.add("institution-not-issuer", f"/body/{member}/uscc")
        return
    facts = case.context.institution
    if facts is None:
        case.add("institution-unknown", "/issuer")
        return
    if not facts.in_force(case.starts_on, case.ends_on):
        case.add("institution-not-in-force", case.starts_at)
    elif not facts.in_force(case.context.received_on, case.context.received_on):
        case.add("institution-closed", "/issuer")
    if facts.programmes is not None:
        _filed_scope(case, facts.programmes)


def check_standing(case: Case) -> None:
    """Acts on records: from its closing on an institution takes back and restores nothing by itself."""
    facts = case.context.institution
    if case.stated_by_region or facts is None:
        return
    if not facts.in_force(case.context.received_on, case.context.received_on):
        case.add("institution-closed", "/issuer")


def check_grantor(case: Case, member: str) -> None:
    """Awards and honours are often reported by another body than gave them: a remark, no refusal."""
    if not case.stated_by_region and case.body[member]["uscc"] != case.record["issuer"]:
        case.add("grantor-not-issuer", f"/body/{member}/uscc")


def occupation_key(occupation: dict[str, str]) -> str:
    """An item's name in filed scopes and in the table `occupations`: `2022:6-18-02-04`, or the local key."""
    return occupation.get("catalogue") or f"{occupation['edition']}:{occupation['code']}"


def _filed_scope(case: Case, programmes: Mapping[str, str]) -> None:
    """项目 × 最高等级 as filed by the institution. Levels are compared by rank: their codes run backwards."""
    if "occupation" not in case.body:
        return
    highest = programmes.get(occupation_key(case.body["occupation"]))
    if highest is None:
        case.add("programme-not-filed", "/body/occupation")
    elif _rank(case.body.get("level", "0"), case.starts_on) > _rank(highest, case.starts_on):
        case.add("programme-level", "/body/level")


def _rank(level: str, day: str) -> int:
    rank: int = dated.rule("levels", level, day)["rank"]
    return rank
