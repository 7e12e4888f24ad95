"""Assessments behind certificates (评价结果): which one it was, and whether it was passed at the first time.

Only results of bodies whose word counts by itself are taken (`confirmation_exemptions`): an employer's own
result says nothing of a subsidy. A certificate names its result, or is that of the newest passed one of its
occupation and level. Where none is in the archive nothing is known of it: the fact is missing.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from recordsvc.archive.reading import Archive
from recordsvc.archive.states import Confirmation, Life, RecordState

RESULT: Final = "assessment-result"
_TRIED: Final = frozenset({"passed", "failed", "incomplete"})
"""Outcomes of who was assessed; who was absent was not."""


def of_certificate(body: Mapping[str, Any], results: Iterable[RecordState]) -> RecordState | None:
    """Return the passed result that a certificate rests on; None: none that counts."""
    passed = [
        one
        for one in results
        if one.body is not None
        and one.body["result"] == "passed"
        and one.confirmation is Confirmation.NOT_NEEDED
        and _subject(one.body) == _subject(body)
        and one.body["assessed_on"] <= body["certificate"]["issued_on"]
    ]
    if body.get("assessment") is not None:
        return next((one for one in passed if (one.record or {}).get("id") == body["assessment"]), None)
    return max(passed, key=_order, default=None)


def behind(archive: Archive, certificate: RecordState | None) -> Mapping[str, Any] | None:
    """Return what the result says on which a certificate of an archive rests; None: none that counts."""
    body = None if certificate is None else certificate.body
    if body is None or "certificate" not in body:
        return None
    results = [
        one
        for one in archive.state.records
        if one.life is Life.ACTIVE and one.record is not None and one.record["type"] == RESULT
    ]
    found = of_certificate(body, results)
    return None if found is None else found.body


def at_first(result: RecordState, results: Iterable[RecordState]) -> bool:
    """Tell whether nobody had assessed the worker in this occupation and level before this result."""
    body = result.body or {}
    before = [
        one
        for one in results
        if one.body is not None
        and one.body["result"] in _TRIED
        and _subject(one.body) == _subject(body)
        and _order(one) < _order(result)
    ]
    return body["attempt"] == "first" and not before


def organisation(body: Mapping[str, Any]) -> str:
    """Return the body that assessed for a certificate, by its USCC; empty: it names none."""
    named = body.get("organisation") or body.get("body") or {}
    return str(named.get("uscc", ""))


def _subject(body: Mapping[str, Any]) -> tuple[str, str]:
    occupation = body.get("occupation") or {}
    return str(occupation.get("code") or occupation.get("catalogue", "")), str(body.get("level", "0"))


def _order(one: RecordState) -> tuple[str, int]:
    return str((one.body or {})["assessed_on"]), one.seq
