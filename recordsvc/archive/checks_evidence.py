"""Evidence from elsewhere (外省材料), group membership (人员类别), statements: how far, since when."""

from recordsvc import dated
from recordsvc.archive.checks_case import Case

_CHINA = "CHN"


def check_evidence(case: Case) -> None:
    """A trust level must be earned: some need a stated verification, the highest only the region may give."""
    body, today = case.body, case.context.received_on
    level = dated.on("trust_levels", today).get(body["trust"])
    if level is None:
        case.add("code-unknown", "/body/trust")
    elif level["region_only"] and not case.stated_by_region:
        case.add("trust-too-high", "/body/trust")
    elif level["needs_verification"] and "verification" not in body:
        case.add("trust-unverified", "/body/verification")
    if body.get("verification", {}).get("on", today) > today:
        case.add("dated-in-future", "/body/verification/on")
    check_span(case)
    _origin(case)


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
