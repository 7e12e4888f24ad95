"""Acts on other records and by officials: two people, a target not itself; and how late a report is."""

from recordsvc import dated
from recordsvc.archive.checks_case import Case, day_number

_TARGETS = (
    "corrects",
    "revokes",
    "restores",
    "confirms",
    "contests",
    "decides",
    "releases",
    "erases",
    "undoes",
)


def check_act(case: Case) -> None:
    """Four eyes, no self-reference, no archive merged with itself. Most records have no such member."""
    body = case.body
    decision = body.get("decision")
    if decision is not None and decision["proposed_by"] == decision["decided_by"]:
        case.add("same-person", "/body/decision/decided_by")
    for member in _TARGETS:
        if member in body and body[member] == case.record["id"]:
            case.add("targets-itself", f"/body/{member}")
    if "into" in body and body["into"] == body.get("from"):
        case.add("same-archive", "/body/into")


def check_held_reasons(case: Case) -> None:
    """暂存原因 of a release are codes; the list is open, any check may hold for a reason of its own."""
    for index, reason in enumerate(case.body["held_for"]):
        case.code_in("hold_reasons", reason, f"/body/held_for/{index}")


def check_late(case: Case) -> None:
    """逾期上报: beyond the dated limit of its type a record waits for an official, with both dates kept.

    What the region states is an official's act already and is not held a second time.
    """
    if case.stated_by_region:
        return
    today = case.context.received_on
    most: int = dated.rule("lateness", case.record["type"], today)["hold_after_days"]
    if day_number(today) - day_number(case.ends_on) > most:
        case.add("late", case.ends_at, most)
