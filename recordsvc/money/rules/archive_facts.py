"""What the archive says of a worker (档案事实): certificates that may bring something, with their places.

Only what counts is read: records in force, not superseded by better ones, and confirmed where that is asked.
Each fact names the log position of the entry it is taken from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Protocol

from recordsvc import dated
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import Life, RecordState
from recordsvc.archive.status import Confirmation
from recordsvc.money.rules import assessments, trainings
from recordsvc.money.rules.facts import Fact, Facts

CERTIFICATES: Final = (
    "training-certificate",
    "level-certificate",
    "qualification-certificate",
    "skill-certificate",
    "safety-permit",
)
TRAINING: Final = "training-completion"
ENROLMENT: Final = "enrolment"
MEMBERSHIP: Final = "group-membership"


class ArchiveSide(Protocol):
    """What reads cases from an archive; the claims room asks it, tests bring their own."""

    def __call__(self, archive: Archive, today: str) -> "list[CaseOfRecord]":
        """Return every certificate of an archive with its facts."""


_BESIDE: Final = (TRAINING, MEMBERSHIP, assessments.RESULT)


class _Beside(NamedTuple):
    """What counts beside certificates: courses, groups, results of assessments."""

    completions: list[RecordState]
    memberships: list[RecordState]
    results: list[RecordState]


@dataclass(frozen=True, slots=True)
class CaseOfRecord:
    """A certificate, or a course that is claimed for by itself, and what the archive says around it."""

    seq: int
    idx: int
    """Position of its entry in the log."""
    record_id: str
    type: str
    number: str
    """Of the certificate, shown to its owner only; empty: it is a course."""
    occupation_name: str
    issued_on: str
    """Of a course its last day."""
    facts: Facts


def cases(archive: Archive, today: str) -> list[CaseOfRecord]:
    """Return every certificate in force of an archive with its facts, the newest first."""
    counted = [one for one in archive.state.records if _counts(archive, one)]
    beside = _Beside(*([one for one in counted if _type(one) == name] for name in _BESIDE))
    found = [_case(archive, one, beside) for one in counted if _type(one) in CERTIFICATES]
    return sorted(
        (one for one in found if one.issued_on <= today),
        key=lambda one: (one.issued_on, one.seq),
        reverse=True,
    )


def courses(archive: Archive, today: str) -> list[CaseOfRecord]:
    """Return every completed course in force of an archive, to be claimed for by itself, the newest first."""
    found = [
        CaseOfRecord(
            one.seq,
            archive.entries[one.seq].stored.idx,
            str((one.record or {}).get("id", "")),
            TRAINING,
            "",
            str(one.body["occupation"].get("name", "")),
            str(one.body["ended_on"]),
            course(archive, one),
        )
        for one in archive.state.records
        if _type(one) == TRAINING and _counts(archive, one) and one.body is not None
    ]
    return sorted(
        (one for one in found if one.issued_on <= today),
        key=lambda one: (one.issued_on, one.seq),
        reverse=True,
    )


def course(archive: Archive, one: RecordState) -> Facts:
    """Return what a course that is claimed for by itself says (按天补贴、生活费), day by day.

    The group is that of the last day; each day says by itself whether some group held on it.
    """
    body: Mapping[str, Any] = one.body or {}
    occupation = body.get("occupation") or {}
    memberships = [it for it in archive.state.records if _counts(archive, it) and _type(it) == MEMBERSHIP]
    told = _told(
        archive,
        one,
        {
            "certificate": f"entry-{archive.entries[one.seq].stored.idx}",
            "occupation": occupation.get("code") or occupation.get("catalogue"),
            "level": body.get("level"),
            **_training_values(body),
            "training": trainings.named(body),
            "days": _days(one, memberships),
        },
    )
    group = _group(str(body["ended_on"]), memberships)
    if group is not None:
        told |= _told(archive, group, {"group": (group.body or {})["group"]})
    return Facts(told)


def enrolment(archive: Archive, one: RecordState) -> Facts:
    """Return what an enrolment says: the class has begun, nothing of it is done."""
    body: Mapping[str, Any] = one.body or {}
    occupation = body.get("occupation") or {}
    values = {
        "certificate": f"entry-{archive.entries[one.seq].stored.idx}",
        "occupation": occupation.get("code") or occupation.get("catalogue"),
        "level": body.get("level"),
        "training_type": body.get("training_type"),
        "training_started_on": body["started_on"],
        "training": trainings.named(body),
    }
    return Facts(_told(archive, one, values))


def _counts(archive: Archive, one: RecordState) -> bool:
    return (
        one.life is Life.ACTIVE
        and one.body is not None
        and one.record is not None
        and one.seq not in archive.superseded
        and one.confirmation not in (Confirmation.UNCONFIRMED, Confirmation.CONTESTED)
    )


def _type(one: RecordState) -> str:
    return str(one.record["type"]) if one.record is not None else ""


def _case(archive: Archive, one: RecordState, beside: _Beside) -> CaseOfRecord:
    memberships = beside.memberships
    body: Mapping[str, Any] = one.body or {}
    certificate = body["certificate"]
    issued_on = str(certificate["issued_on"])
    occupation = body.get("occupation") or {}
    code = occupation.get("code") or occupation.get("catalogue")
    values = {
        "certificate": f"entry-{archive.entries[one.seq].stored.idx}",
        "certificate_issued_on": issued_on,
        "certificate_kind": _type(one),
        "occupation": code,
        "level": body.get("level", "0"),
    }
    # A training certificate tells of its training itself; what a completion says of it is more exact.
    told = _told(archive, one, values | _printed(body))
    training = trainings.of_certificate(body, beside.completions)
    if training is not None:
        known = training.body or {}
        told |= _told(archive, training, {**_training_values(known), "training": trainings.named(known)})
    result = assessments.of_certificate(body, beside.results)
    if result is not None:
        told |= _told(archive, result, {"first_passed": assessments.at_first(result, beside.results)})
    group = _group(issued_on, memberships)
    if group is not None:
        told |= _told(archive, group, {"group": (group.body or {})["group"]})
    told |= _groups(archive, issued_on, memberships)
    days = _days(training, memberships)
    if training is not None and days is not None:
        told |= _told(archive, training, {"days": days})
    record = one.record or {}
    return CaseOfRecord(
        one.seq,
        archive.entries[one.seq].stored.idx,
        str(record.get("id", "")),
        _type(one),
        str(certificate["number"]),
        str(occupation.get("name", "")),
        issued_on,
        Facts(told),
    )


def _told(archive: Archive, one: RecordState, values: Mapping[str, Any]) -> dict[str, Fact]:
    seen = archive.seen(one)
    source = f"档案日志第 {seen} 条"
    on = str((one.record or {})["issued_on"])
    return {name: Fact(value, source, on) for name, value in values.items() if value is not None}


def _printed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a training certificate's own face says of the training."""
    hours = body.get("hours")
    return {
        "training_type": body.get("training_type"),
        "training_started_on": body.get("started_on"),
        "training_ended_on": body.get("ended_on"),
        "training": trainings.named(body),
        "hours": None if hours is None else _sum(hours) // 45,
    }


def _training_values(body: Mapping[str, Any]) -> dict[str, Any]:
    attended, planned = body.get("attended"), body.get("planned")
    minutes = int(body.get("minutes_per_period", 45))
    rate = body.get("attendance_percent")
    if rate is not None:
        # A share is taken down to whole percents: 79.9 is not 80.
        percent: int | None = int(str(rate).partition(".")[0])
    elif attended is not None and planned is not None and _sum(planned):
        percent = min(100, _sum(attended) * 100 // _sum(planned))
    else:
        percent = None
    days = body.get("attended_on")
    return {
        "training_type": body.get("training_type"),
        "training_started_on": body["started_on"],
        "training_ended_on": body["ended_on"],
        "hours": None if attended is None else _sum(attended) // minutes,
        "attendance_pct": percent,
        "days_attended": None if days is None else len(set(days)),
    }


def _sum(hours: Mapping[str, Any]) -> int:
    return sum(int(value) for name, value in hours.items() if name.endswith("_minutes"))


def _valid(body: Mapping[str, Any], day: str) -> bool:
    return str(body["valid_from"]) <= day and (body.get("valid_to") is None or day <= str(body["valid_to"]))


def _group(day: str, memberships: list[RecordState]) -> RecordState | None:
    """Return the newest stated group that held on a day."""
    held = [one for one in memberships if one.body is not None and _valid(one.body, day)]
    return max(held, key=lambda one: one.seq, default=None)


def of_groups(archive: Archive, day: str) -> Facts:
    """Return which groups departments state of a worker as of a day, each with who says so."""
    memberships = [one for one in archive.state.records if _type(one) == MEMBERSHIP and _counts(archive, one)]
    return Facts(_groups(archive, day, memberships))


def _groups(archive: Archive, day: str, memberships: list[RecordState]) -> dict[str, Fact]:
    """Each group is a fact of its own: somebody may belong to several. Who is in none is not said to be."""
    told: dict[str, Fact] = {}
    for one in memberships:
        body = one.body or {}
        row = dated.on("worker_groups", day).get(str(body["group"]))
        if row is not None and row.get("fact") and _valid(body, day):
            source = f"{body['source_body']}（档案日志第 {archive.seen(one)} 条）"
            told[str(row["fact"])] = Fact(value=True, source=source, on=str(body["checked_on"]))
    return told


def _days(training: RecordState | None, memberships: list[RecordState]) -> list[dict[str, Any]] | None:
    """Return the days attended, each with whether some group held on it; None: nobody kept days."""
    days = None if training is None else (training.body or {}).get("attended_on")
    if days is None:
        return None
    return [
        {
            "on": day,
            "attended": True,
            "category_valid": any(_valid(one.body or {}, day) for one in memberships),
        }
        for day in sorted(set(days))
    ]
