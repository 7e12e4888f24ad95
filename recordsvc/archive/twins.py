"""Twins (疑似重复): records that tell the same training twice, under different record ids. Pure.

A class ends once for a learner: a completion and what became of the enrolment instead (absent, dropped,
transferred, part of the hours) are twins where issuer, class and dates are the same, because they cannot both
be true. A certificate is no twin of the completion it rests on, only of another certificate: so the type
leaves the key for those two types alone.
"""

from collections.abc import Mapping
from typing import Any, Final

from recordsvc.archive.status import ArchiveState, Life

_END_OF_COURSE: Final = {"training-completion": "end", "enrolment-outcome": "end"}


def key_of(record: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[object, ...] | None:
    """Return what twins share, of a record with this effective body; None for one that names no class."""
    if "class" not in body:
        return None
    sort = _END_OF_COURSE.get(record["type"], record["type"])
    code, dates = body["class"].get("code"), (body.get("started_on"), body.get("ended_on"))
    return record["issuer"], sort, code, *dates


def twins(state: ArchiveState) -> Mapping[int, int]:
    """Return seq -> seq of the earlier record in force that is its twin."""
    first: dict[tuple[object, ...], int] = {}
    found: dict[int, int] = {}
    for one in state.records:
        if one.life is not Life.ACTIVE or one.body is None or one.record is None:
            continue
        key = key_of(one.record, one.body)
        if key is None:
            continue
        if key in first:
            found[one.seq] = first[key]
        else:
            first[key] = one.seq
    return found
