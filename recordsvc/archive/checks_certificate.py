"""Certificates: what their numbers say against what the record says, and a permit's term and reviews.

职业技能等级证书, 22 characters: S|Y, 4 organisation, 2 province, 6 site, 2 year, 1 level, 6 serial.
职业资格证书, 16 digits: 2 year, 2 province or sector, 2 city, 1 kind, 3 body, 1 level, 5 serial. Its province
list is an old ministry list, not GB/T 2260, and could not be established: those two digits are not judged.
专项职业能力证书: no numbering rule was established; the number is not judged.
"""

from itertools import pairwise

from recordsvc import dated
from recordsvc.archive.checks_case import Case, limit

_DIGITS = 16
_NUMBER = "/body/certificate/number"
_LETTERED_LEVELS = frozenset({"special", "chief"})
_SCHEME_OF_LETTER = {"S": "social", "Y": "employer"}


def check_level_certificate(case: Case) -> None:
    """Scheme letter, province, year and level inside the 22 characters."""
    body = case.body
    number: str = body["certificate"]["number"]
    if _SCHEME_OF_LETTER[number[0]] != body["scheme"]:
        case.add("certificate-scheme", _NUMBER)
    if not _province_fits(case, number[5:7]):
        case.add("certificate-province", _NUMBER)
    if number[13:15] != body["certificate"]["issued_on"][2:4]:
        case.add("certificate-year", _NUMBER)
    if number[15].isdecimal() == (body["level"] in _LETTERED_LEVELS):
        case.add("certificate-level", _NUMBER)
    elif number[15].isdecimal():
        _same_level(case, number[15])
    else:
        case.add("certificate-letter", _NUMBER)


def check_qualification_certificate(case: Case) -> None:
    """Year and level inside the 16 digits; old Shanghai numbers (13 digits behind 000) have neither there.

    What the region took over may be older than that rule.
    """
    number: str = case.body["certificate"]["number"]
    if not (len(number) == _DIGITS and number.isascii() and number.isdecimal()):
        case.add("certificate-old-form" if "provenance" in case.record else "certificate-form", _NUMBER)
        return
    if number.startswith("000"):
        case.add("certificate-old-shanghai", _NUMBER)
        return
    if number[0:2] != case.body["certificate"]["issued_on"][2:4]:
        case.add("certificate-year", _NUMBER)
    _same_level(case, number[10])


def check_permit(case: Case) -> None:
    """特种作业操作证: term of validity and reviews."""
    body, today = case.body, case.context.received_on
    start, end = body["valid_from"], body["valid_to"]
    if end < start:
        case.add("ends-before-start", "/body/valid_to")
        return
    years = limit("permit_terms", "validity-years", start)
    if end > _years_later(start, years):
        case.add("permit-term", "/body/valid_to", years)
    if end < today:
        case.add("permit-expired", "/body/valid_to")
    _reviews(case, start, end)


def _reviews(case: Case, start: str, end: str) -> None:
    """每 3 年复审: due, done in time, in order and within the term."""
    reviews, due, today = (
        case.body.get("reviews", []),
        case.body.get("review_due_on"),
        case.context.received_on,
    )
    if not _reviews_in_order(reviews, start, end):
        case.add("permit-review-dates", "/body/reviews")
    if due is None:
        case.add("permit-review-missing", "/body/review_due_on", limit("permit_terms", "review-years", start))
    elif due < today and not any(one["result"] == "passed" and one["on"] <= due for one in reviews):
        case.add("permit-review-overdue", "/body/review_due_on")


def _province_fits(case: Case, province: str) -> bool:
    """An issuer of this region numbers with the region's code; the region may vouch for another's."""
    if case.stated_by_region:
        return province in dated.on("certificate_provinces", case.context.received_on)
    home: str = dated.rule("home_province", "home", case.context.received_on)["value"]
    return province == home


def _same_level(case: Case, digit: str) -> None:
    if digit != case.body["level"]:
        case.add("certificate-level", _NUMBER)


def _reviews_in_order(reviews: list[dict[str, str]], start: str, end: str) -> bool:
    days = [one["on"] for one in reviews]
    return all(start <= day <= end for day in days) and all(one < two for one, two in pairwise(days))


def _years_later(day: str, years: int) -> str:
    """The same day some years on, only to compare: 02-29 of a common year sorts between its neighbours."""
    return f"{int(day[:4]) + years:04d}{day[4:]}"
