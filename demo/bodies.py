"""Record bodies: the only place of the demo that knows the members of schemas/records/*.v1.json."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from demo.course import PERIOD_MINUTES, Course
from demo.institutions import ENTERPRISE, GUIDANCE, Institution
from demo.marks import CONDITIONS_2023, LEVEL_CERTIFICATES_FROM, PASS_MARK, Marks
from demo.occupations import Kind, Programme, Trade, edition
from demo.people import anniversary

Body = dict[str, Any]


def institution(body: Institution) -> Body:
    """Return an institution as records name it; assessment bodies with their site (站点)."""
    named: Body = {"name": body.name, "uscc": body.uscc}
    if body.site is not None:
        named["site"] = body.site
    return named


def trade(occupation: Trade, on: dt.date) -> Body:
    """Return an occupation of the national list in the edition of that day."""
    listed = edition(on)
    code = occupation.code_1999 if listed == "1999" and occupation.code_1999 else occupation.code
    named = {"code": code, "edition": listed, "name": occupation.name}
    if occupation.work_type is not None:
        named["work_type"] = occupation.work_type
    return named


def subject(programme: Programme, on: dt.date) -> Body:
    """Return what a programme teaches: an occupation, or a key of the local catalogue."""
    if programme.trade is not None:
        return trade(programme.trade, on)
    return {"catalogue": f"nx.{programme.key}", "name": programme.title}


def _course(course: Course) -> Body:
    programme, start = course.programme, course.started_on
    return {
        "class": {
            "code": f"{start.year}-{course.serial:03d}",
            "filing": f"NX{start:%Y}{course.institution.area}{course.serial:04d}",
            "name": f"{start.year}年{programme.title}第{course.serial}期",
        },
        "ended_on": course.ended_on.isoformat(),
        "institution": institution(course.institution),
        "level": str(programme.level),
        "minutes_per_period": PERIOD_MINUTES,
        "occupation": subject(programme, start),
        "planned": course.minutes(course.days),
        "started_on": start.isoformat(),
        "training_type": programme.kind.value,
        "certificate_kind": _aim(programme, start),
    }


def _aim(programme: Programme, on: dt.date) -> str:
    """Return the certificate a class aims at, a code of the table certificate_kinds."""
    if programme.trade is not None:
        return "level-certificate" if on >= LEVEL_CERTIFICATES_FROM else "qualification-certificate"
    if programme.operation is not None:
        return "safety-permit"
    if programme.single_skill:
        return "skill-certificate"
    return "none" if programme.online or programme.kind is Kind.SAFETY else "training-certificate"


def _attendance(course: Course, attended: Sequence[dt.date]) -> Body:
    return {
        "attendance_percent": str(100 * len(attended) // len(course.days)),
        "attended": course.minutes(attended),
        "attended_on": [day.isoformat() for day in attended],
        "declared_periods": len(course.days) * course.programme.minutes // PERIOD_MINUTES,
    }


def completion(course: Course, attended: Sequence[dt.date], score: int | None) -> Body:
    """Return a training completion (培训结业记录); `score` None: not assessed."""
    body = _course(course) | _attendance(course, attended)
    if score is None:
        return body | {"result": "not-assessed"}
    assessed = {"assessed_on": course.ended_on.isoformat(), "score": str(score)}
    return body | assessed | {"result": "passed" if score >= PASS_MARK else "failed"}


def enrolment(course: Course) -> Body:
    """Return an enrolment (入学登记): who entered a class, before anything came of it."""
    planned = _course(course)
    said = ("certificate_kind", "class", "institution", "level", "occupation", "planned", "started_on")
    body = {name: planned[name] for name in (*said, "training_type")}
    return body | {"ends_on": planned["ended_on"]}


def outcome(course: Course, attended: Sequence[dt.date], kind: str, reason: str) -> Body:
    """Return an enrolment outcome (学籍变动); unless absent, it ends with the last day there."""
    body = _course(course) | _attendance(course, attended) | {"outcome": kind, "reason": reason}
    return body if kind == "absent" else body | {"ended_on": attended[-1].isoformat()}


def assessment(
    body: Institution,
    occupation: Trade,
    level: int,
    exam_on: dt.date,
    marks: Marks,
    attempt: int,
) -> Body:
    """Return an assessment result (考核评价结果): theory and practice, each on its own."""
    employer = body is ENTERPRISE
    version = "2023" if exam_on >= CONDITIONS_2023 else "2018"
    return {
        "assessed_on": exam_on.isoformat(),
        "attempt": "first" if attempt == 1 else "resit",
        "condition": {
            "code": "enterprise-policy" if employer else "level-and-years" if level < 5 else "age-and-intent",
            "version": "ND-2020-01" if employer else version,
        },
        "level": str(level),
        "occupation": trade(occupation, exam_on),
        "organisation": institution(body),
        "parts": [
            _part("theory", "computer", marks.theory),
            _part("practice", "on-site", marks.practice),
        ],
        "result": marks.result,
        "scheme": "qualification" if body is GUIDANCE else "recognition",
    }


def _part(part: str, form: str, score: int | None) -> Body:
    if score is None:
        return {"form": form, "part": part, "status": "absent"}
    return {
        "form": form,
        "part": part,
        "pass_mark": str(PASS_MARK),
        "passed": score >= PASS_MARK,
        "score": str(score),
        "status": "scored",
    }


def _certificate(number: str, issued_on: dt.date) -> Body:
    return {"issued_on": issued_on.isoformat(), "number": number}


def level_certificate(
    body: Institution,
    occupation: Trade,
    level: int,
    number: str,
    issued_on: dt.date,
    exam: tuple[dt.date, str],
) -> Body:
    """Return a level certificate (职业技能等级证书); `exam`: day and record id of its result."""
    return {
        "assessed_on": exam[0].isoformat(),
        "assessment": exam[1],
        "certificate": _certificate(number, issued_on),
        "level": str(level),
        "occupation": trade(occupation, exam[0]),
        "organisation": institution(body),
        "scheme": "employer" if body is ENTERPRISE else "social",
    }


def qualification(
    body: Institution,
    occupation: Trade,
    level: int,
    number: str,
    issued_on: dt.date,
    exam: tuple[dt.date, str] | None,
) -> Body:
    """Return a qualification certificate (职业资格证书); `exam` as above, or not known."""
    rest = {} if exam is None else {"assessed_on": exam[0].isoformat(), "assessment": exam[1]}
    return rest | {
        "body": institution(body),
        "certificate": _certificate(number, issued_on),
        "level": str(level),
        "occupation": trade(occupation, issued_on),
    }


def single_skill(
    body: Institution, programme: Programme, number: str, issued_on: dt.date, exam_on: dt.date
) -> Body:
    """Return a single-skill certificate (专项职业能力证书)."""
    return {
        "assessed_on": exam_on.isoformat(),
        "certificate": _certificate(number, issued_on),
        "occupation": subject(programme, exam_on),
        "organisation": institution(body),
    }


def permit(
    authority: Institution,
    operation: tuple[str, str],
    number: str,
    first_on: dt.date,
    reviews: Sequence[dt.date] = (),
) -> Body:
    """Return a special-operation permit (特种作业操作证): six years, to be reviewed every three."""
    category, item = operation
    body: Body = {
        "authority": institution(authority),
        "category": category,
        "certificate": _certificate(number, first_on),
        "first_issued_on": first_on.isoformat(),
        "item": item,
        "valid_from": first_on.isoformat(),
        "valid_to": (anniversary(first_on, 6) - dt.timedelta(1)).isoformat(),
    }
    if reviews:
        done = [{"on": day.isoformat(), "result": "passed"} for day in reviews]
        return body | {"review_due_on": body["valid_to"], "reviews": done}
    return body | {"review_due_on": anniversary(first_on, 3).isoformat()}


def training_certificate(course: Course, number: str, issued_on: dt.date, completion: str | None) -> Body:
    """Return a certificate of completed training (培训合格证书)."""
    taken = _course(course)
    body = {key: taken[key] for key in ("class", "ended_on", "institution", "started_on", "training_type")}
    rest = {} if completion is None else {"completion": completion}
    return (
        body
        | rest
        | {
            "certificate": _certificate(number, issued_on),
            "hours": taken["planned"],
            "project": course.programme.title,
        }
    )


def group(
    code: str,
    valid: tuple[dt.date, dt.date | None],
    source: str,
    source_body: str,
    checked_on: dt.date,
) -> Body:
    """Return a group membership (人员类别); `valid` is first and last day, `None` while it lasts."""
    last = {} if valid[1] is None else {"valid_to": valid[1].isoformat()}
    return last | {
        "checked_on": checked_on.isoformat(),
        "group": code,
        "source": source,
        "source_body": source_body,
        "valid_from": valid[0].isoformat(),
    }


def award(
    organiser: Institution, competition: str, occupation: Trade, prize: tuple[int, str], on: dt.date
) -> Body:
    """Return a competition award (竞赛获奖) of the region; `prize` is place and prize."""
    return {
        "awarded_on": on.isoformat(),
        "competition": competition,
        "event": occupation.name,
        "occupation": trade(occupation, on),
        "organiser": institution(organiser),
        "place": prize[0],
        "prize": prize[1],
        "tier": "region",
    }


def honour(granted_by: Institution, title: str, occupation: Trade, document: str, on: dt.date) -> Body:
    """Return an honour (荣誉称号) of the region."""
    return {
        "document": document,
        "granted_by": institution(granted_by),
        "granted_on": on.isoformat(),
        "occupation": trade(occupation, on),
        "tier": "region",
        "title": title,
    }
