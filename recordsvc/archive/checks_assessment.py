"""Assessment results: each part against its mark, the outcome against the parts.

各科分别达到合格线，不取平均: every part must reach its own mark, there is no average.
Absent is not zero and incomplete is not failed: the four outcomes are never derived from one another.
"""

from recordsvc.archive.checks_case import Case, hundredths, limit


def check_assessment(case: Case) -> None:
    """Parts listed once, marks consistent, outcome following from the parts."""
    parts = case.body["parts"]
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part["part"] in seen:
            case.add("part-twice", f"/body/parts/{index}/part")
        seen.add(part["part"])
        _one_part(case, part, f"/body/parts/{index}")
    if not _outcome_follows(case.body["result"], parts):
        case.add("result-parts", "/body/result")


def _one_part(case: Case, part: dict[str, object], at: str) -> None:
    if part["status"] == "exempt" and "kept_from" not in part:
        case.add("kept-score-unsourced", f"{at}/kept_from")
    if part["status"] != "scored":
        return
    mark = hundredths(str(part["pass_mark"]))
    if (hundredths(str(part["score"])) >= mark) != part["passed"]:
        case.add("part-pass", f"{at}/passed")
    usual = limit("plausibility_limits", "pass-mark", case.ends_on)
    if mark != usual * 100:
        case.add("pass-mark-unusual", f"{at}/pass_mark", usual)


def _outcome_follows(result: str, parts: list[dict[str, object]]) -> bool:
    """Passed exactly when every part is passed or exempt; any other outcome needs a part that is so."""
    statuses = {part["status"] for part in parts}
    failed = any(part.get("passed") is False for part in parts)
    if result == "passed":
        return statuses <= {"scored", "exempt"} and not failed
    if result == "failed":
        return failed
    if result == "absent":
        return "absent" in statuses
    return bool(statuses & {"absent", "incomplete"})
