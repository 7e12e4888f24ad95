"""Evidence from elsewhere (外省材料), provenance (来源), group membership (人员类别): how far, since when."""

from collections.abc import Mapping
from typing import Any

from recordsvc import dated
from recordsvc.archive.checks_case import Case

_CHINA = "CHN"


def check_evidence(case: Case) -> None:
    """A trust level must be earned: some need a stated verification, the highest only the region may give."""
    _trust(case, case.body, "/body")
    check_span(case)
    _origin(case)


def check_provenance(case: Case) -> None:
    """Where the region took a record from: a known source, and a trust level that was earned."""
    provenance = case.record.get("provenance")
    if provenance is None:
        return
    case.code_in("provenance_sources", provenance["source"], "/provenance/source")
    _trust(case, provenance, "/provenance")


def _trust(case: Case, said: Mapping[str, Any], where: str) -> None:
    """Judge a trust level where it is said, with the verification beside it; a signature verifies itself."""
    today = case.context.received_on
    level = dated.on("trust_levels", today).get(said["trust"])
    if level is None:
        case.add("code-unknown", f"{where}/trust")
    elif "word" not in level.get("for", ("word",)):
        case.add("trust-by-word", f"{where}/trust")
    elif level["region_only"] and not case.stated_by_region:
        case.add("trust-too-high", f"{where}/trust")
    elif level["needs_verification"] and "verification" not in said:
        case.add("trust-unverified", f"{where}/verification")
    if said.get("verification", {}).get("on", today) > today:
        case.add("dated-in-future", f"{where}/verification/on")


def check_span(case: Case) -> None:
    """Nothing ends before it started."""
    body = case.body
    if "ended_on" in body and body.get("started_on", body["ended_on"]) > body["ended_on"]:
        case.add("ends-before-start", "/body/ended_on")


def _origin(case: Case) -> None:
    origin, today = case.body["origin"], case.context.received_on
    if origin["country"] != _CHINA:
        return
    province = origin.get("province")
    if province not in dated.on("certificate_provinces", today).by_code:
        case.add("origin-province", "/body/origin/province")
    elif province == dated.rule("home_province", "home", today)["value"]:
        case.add("origin-own-province", "/body/origin/province")


def check_membership(case: Case) -> None:
    """人员类别 is dated: it may end later than today, but not before it began."""
    if case.body.get("valid_to", case.body["valid_from"]) < case.body["valid_from"]:
        case.add("ends-before-start", "/body/valid_to")
