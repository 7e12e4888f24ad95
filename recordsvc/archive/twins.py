"""Twins (疑似重复): records that tell the same training twice, under different record ids. Pure."""

from collections.abc import Mapping

from recordsvc.archive.status import ArchiveState, Life


def twins(state: ArchiveState) -> Mapping[int, int]:
    """Return seq -> seq of the earlier record in force with same issuer, type, class and dates."""
    first: dict[tuple[object, ...], int] = {}
    found: dict[int, int] = {}
    for one in state.records:
        body, record = one.body, one.record
        if one.life is not Life.ACTIVE or body is None or record is None or "class" not in body:
            continue
        key = (
            record["issuer"],
            record["type"],
            body["class"].get("code"),
            body.get("started_on"),
            body.get("ended_on"),
        )
        if key in first:
            found[one.seq] = first[key]
        else:
            first[key] = one.seq
    return found
