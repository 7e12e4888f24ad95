"""Occupation codes in their edition (国家职业分类大典): codes move, so the key is (edition, code).

The list that could be established is short and marked incomplete: an unknown code is a remark, no refusal.
"""

from recordsvc import dated
from recordsvc.archive.checks_case import Case
from recordsvc.archive.checks_institution import occupation_key


def check_occupation(case: Case) -> None:
    """Edition published by then, code known in it, name as there. Local catalogue items are not judged."""
    occupation = case.body.get("occupation")
    if occupation is None or "catalogue" in occupation:
        return
    if occupation["edition"] not in dated.on("occupation_editions", case.ends_on).by_code:
        case.add("occupation-edition", "/body/occupation/edition")
    row = dated.on("occupations", case.ends_on).by_code.get(occupation_key(occupation))
    if row is None:
        case.add("occupation-unlisted", "/body/occupation/code")
    elif row["zh"] != occupation["name"]:
        case.add("occupation-name", "/body/occupation/name")
