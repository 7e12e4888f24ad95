"""Sheets of a class (考勤和成绩表): attendance day by day, marks, drafted by teachers, signed by the signer.

A teacher enters and hands over, a signer sends back or takes the roster that `recordsvc submit` reads: the
institution's key signs at the institution, never here. A sheet says what the institution typed and nothing of
any archive: with one, without, and with one that is restricted, a learner stands alike. Who looks at a sheet
leaves a row for every learner whose number leads to an archive; where the name is not of that archive the row
says so (`OTHER_NAME`), and the seat explains no look.
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import looked
from recordsvc.access.grants import Actor, author
from recordsvc.access.looked import Look
from recordsvc.access.tables import staff
from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.people import kept_numbers
from recordsvc.training.classes import Taught, change, find, is_day, opened, teachers, wrong
from recordsvc.training.errors import ClassRefused, ClassUnknown, OwnSheet
from recordsvc.training.tables import class_day, class_learner, class_presence, training_class

if TYPE_CHECKING:
    from recordsvc.archive.look_relations import Looked
    from recordsvc.house import House

PURPOSE: Final = "teaching"
OTHER_NAME: Final = "teaching-other-name"
"""Purpose of a look at a seat whose number is of an archive that has no such name."""
FIELDS: Final = "identity attendance scores"
SCORED: Final = ("passed", "failed")
RESULTS: Final = {
    "passed": "合格",
    "failed": "不合格",
    "absent": "缺考",
    "dropped": "退学",
}
"""Results with the words that the roster of `recordsvc submit` has for them."""
_SCORE: Final = re.compile(r"(100(\.0{1,2})?|[0-9]{1,2}(\.[0-9]{1,2})?)")


@dataclass(frozen=True, slots=True)
class Day:
    """A day that was taught, with class hours and the seats that were taken."""

    on: str
    theory_periods: int
    practice_periods: int
    present: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Seat:
    """A learner of the sheet, as the institution typed them."""

    learner_id: bytes
    n: int
    name: str
    document: str
    number: str
    """Whole: what is shown of it the caller masks."""
    result: str
    score: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A class with its seats and days, opened for somebody."""

    taught: Taught
    seats: tuple[Seat, ...]
    days: tuple[Day, ...]

    def periods(self, learner_id: bytes) -> tuple[int, int]:
        """Return class hours of theory and practice that a learner attended."""
        there = [day for day in self.days if learner_id in day.present]
        return sum(day.theory_periods for day in there), sum(day.practice_periods for day in there)

    def over_planned(self, learner_id: bytes) -> bool:
        """Tell whether a learner attended more than was planned, as `attended-over-planned` has it."""
        planned = self.taught.theory_periods + self.taught.practice_periods
        return sum(self.periods(learner_id)) > planned


# -- reading


def look(house: "House", who: Actor, class_id: bytes, request_id: str) -> Sheet:
    """Open the sheet, once a row for every learner with an archive is durable. Raises `ClassUnknown`."""
    now = house.clock.now_ms()
    with house.db.read() as conn:
        taught = find(conn, who, class_id, now)
        seats = _seats(house, conn, class_id)
        days = _days(conn, class_id)
        named = [(one.name, one.document, one.number) for one in seats]
        holders = house.people.holders_named(house.db.cursor(conn), named)
    asked = (FIELDS, f"class:{taught.code}"[:80], request_id)
    looks = [
        Look(worker_id, who, PURPOSE if agrees else OTHER_NAME, *asked)
        for worker_id, agrees in sorted(set(holders.values()))
    ]
    looked.record(house, looks)
    return Sheet(taught, seats, days)


def _seats(house: "House", conn: Connection, class_id: bytes) -> tuple[Seat, ...]:
    own = class_learner.c
    rows = conn.execute(sa.select(class_learner).where(own.class_id == class_id).order_by(own.n)).all()
    numbers = kept_numbers.said(house.keys, conn, [bytes(row.number_id) for row in rows])
    return tuple(
        Seat(
            bytes(row.learner_id),
            row.n,
            opened(house, bytes(row.learner_id), bytes(row.sealed)),
            *numbers[bytes(row.number_id)],
            row.result,
            row.score,
        )
        for row in rows
    )


def _days(conn: Connection, class_id: bytes) -> tuple[Day, ...]:
    own, there = class_day.c, defaultdict(set)
    taken = sa.select(class_presence).where(class_presence.c.class_id == class_id)
    for row in conn.execute(taken):
        there[row.on_day].add(bytes(row.learner_id))
    query = sa.select(own.on_day, own.theory_periods, own.practice_periods).where(own.class_id == class_id)
    return tuple(Day(*row, frozenset(there[row.on_day])) for row in conn.execute(query.order_by(own.on_day)))


def counts(conn: Connection, class_ids: Sequence[bytes]) -> dict[bytes, tuple[int, int]]:
    """Return how many seats and taught days classes have."""
    seats = _counted(conn, class_learner.c.class_id, class_ids)
    days = _counted(conn, class_day.c.class_id, class_ids)
    return {one: (seats.get(one, 0), days.get(one, 0)) for one in class_ids}


def _counted(conn: Connection, column: sa.ColumnElement[bytes], ids: Sequence[bytes]) -> dict[bytes, int]:
    query = sa.select(column, sa.func.count()).where(column.in_(ids)).group_by(column)
    return {bytes(row[0]): int(row[1]) for row in conn.execute(query)}


# -- drafting


def _draft(turn: Turn, who: Actor, class_id: bytes, **values: Any) -> Taught:
    """Take hold of an open class for whoever has it today, whatever else they are at the institution.

    Raises `ClassUnknown`, `ClassClosed`.
    """
    today = beijing_date(turn.now_ms).isoformat()
    if not any(one.staff_id == who.id and one.on(today) for one in teachers(turn.conn, class_id)):
        raise ClassUnknown
    return change(turn, who, class_id, "open", **values)


def attend(turn: Turn, who: Actor, class_id: bytes, day: Mapping[str, Any]) -> None:
    """Enter a day: class hours and who was there; entered again it takes the place of what stood.

    Raises `ClassUnknown`, `ClassClosed`, `ClassRefused`.
    """
    taught = _draft(turn, who, class_id)
    on, today = str(day["on"]), beijing_date(turn.now_ms).isoformat()
    if not is_day(on) or not taught.started_on <= on <= min(taught.ended_on, today):
        raise wrong("/on", f"应为 {taught.started_on} 至 {min(taught.ended_on, today)} 之间的日期")
    if not 1 <= day["theory_periods"] + day["practice_periods"] <= 16:
        raise wrong("/theory_periods", "一天的课时应在 1–16 之间")
    present = _present(turn, class_id, day["present"])
    mine = (class_presence.c.class_id == class_id, class_presence.c.on_day == on)
    turn.conn.execute(class_presence.delete().where(*mine))
    turn.conn.execute(class_day.delete().where(class_day.c.class_id == class_id, class_day.c.on_day == on))
    hours = {name: day[name] for name in ("theory_periods", "practice_periods")}
    entered = {"entered_by": author(who), "entered_ms": turn.now_ms}
    turn.conn.execute(class_day.insert().values(class_id=class_id, on_day=on, **hours, **entered))
    rows = [{"class_id": class_id, "on_day": on, "learner_id": one} for one in present]
    if rows:
        turn.conn.execute(class_presence.insert(), rows)


def _present(turn: Turn, class_id: bytes, asked: Sequence[bytes]) -> list[bytes]:
    """Return the seats that were named, each once. Raises `ClassRefused` for those of nobody here."""
    there = _seated(turn, class_id)
    strange = [n for n, one in enumerate(asked) if one not in there]
    if strange:
        raise _strangers("present", strange)
    return sorted(set(asked))


def _seated(turn: Turn, class_id: bytes) -> frozenset[bytes]:
    own = class_learner.c
    return frozenset(map(bytes, turn.conn.scalars(sa.select(own.learner_id).where(own.class_id == class_id))))


def _strangers(member: str, places: Sequence[int]) -> ClassRefused:
    faults = [{"pointer": f"/{member}/{n}", "code": "value", "detail": "这个班没有这名学员"} for n in places]
    return ClassRefused(errors=faults)


def mark(turn: Turn, who: Actor, class_id: bytes, marks: Sequence[Mapping[str, Any]]) -> None:
    """Enter results and scores of the final test. Raises `ClassUnknown`, `ClassClosed`, `ClassRefused`."""
    _draft(turn, who, class_id)
    there = _seated(turn, class_id)
    strange = [n for n, one in enumerate(marks) if one["learner_id"] not in there]
    if strange:
        raise _strangers("marks", strange)
    faults, said = [], set()
    for n, one in enumerate(marks):
        if one["learner_id"] in said:
            detail = "同一学员出现两次"
            faults.append({"pointer": f"/marks/{n}/learner_id", "code": "repeated", "detail": detail})
        said.add(one["learner_id"])
        score = one["score"] or ""
        if score and (one["result"] not in SCORED or not _SCORE.fullmatch(score)):
            detail = "成绩为 0–100，最多两位小数，只在合格、不合格时填写"
            faults.append({"pointer": f"/marks/{n}/score", "code": "value", "detail": detail})
    if faults:
        raise ClassRefused(errors=faults)
    for one in marks:
        seat = class_learner.update().where(class_learner.c.learner_id == one["learner_id"])
        turn.conn.execute(seat.values(result=one["result"], score=one["score"] or ""))


# -- handing over


def submit(turn: Turn, who: Actor, class_id: bytes) -> None:
    """Hand the sheet to the signer.

    Raises `ClassUnknown`, `ClassClosed`, `ClassRefused` if it is not whole.
    """
    taught = _draft(turn, who, class_id, state="submitted", submitted_by=author(who), note="")
    days, seats = class_day.c, class_learner.c
    if turn.conn.execute(sa.select(days.on_day).where(days.class_id == class_id)).first() is None:
        raise wrong("/days", "还没有登记任何一天的考勤", "required")
    results = sa.select(seats.result).where(seats.class_id == class_id).order_by(seats.n)
    entered = list(turn.conn.scalars(results))
    if not entered:
        raise wrong("/learners", "名册里已没有学员", "required")
    missing = [n for n, result in enumerate(entered) if not result]
    if missing:
        detail = f"还有 {len(missing)} 名学员没有结果"
        raise ClassRefused(
            errors=[
                {"pointer": f"/learners/{n}/result", "code": "required", "detail": detail} for n in missing
            ]
        )
    key = f"class-submitted/{class_id.hex()}/{turn.now_ms}"
    notices.tell_institution(turn, taught.institution, "class-submitted", {}, key)


def send_back(turn: Turn, who: Actor, class_id: bytes, note: str) -> None:
    """Give a sheet back to its teachers with a reason. Raises `ClassUnknown`, `ClassClosed`."""
    change(turn, who, class_id, "submitted", state="open", submitted_by=None, roster_ms=None, note=note)


def take_roster(turn: Turn, who: Actor, class_id: bytes) -> None:
    """Note that the roster was taken to be signed: nobody leaves it any more.

    Raises `ClassUnknown`, `ClassClosed`.
    """
    change(turn, who, class_id, "submitted", roster_ms=turn.now_ms)


def sign(turn: Turn, who: Actor, class_id: bytes) -> None:
    """Note that the records were signed and sent; the sheet is closed.

    Raises `ClassUnknown`, `ClassClosed`, `OwnSheet` for whoever handed it over.
    """
    taught = find(turn.conn, who, class_id, turn.now_ms)
    if taught.submitted_by == author(who):
        raise OwnSheet
    ended = {"closed_by": author(who), "closed_ms": turn.now_ms}
    change(turn, who, class_id, "submitted", state="signed", **ended)


def roster(sheet: Sheet, institution: str, today: str) -> dict[str, Any]:
    """Return the sheet as `recordsvc submit` reads it, with whole numbers: for the machine that signs."""
    taught = sheet.taught
    types = dated.on("training_types", today).get(taught.training_type)
    above = {
        "培训机构": institution,
        "统一社会信用代码": taught.institution,
        "班级编号": taught.code,
        "班级名称": taught.name,
        "培训类型": taught.training_type if types is None else str(types["zh"]),
    }
    return above | {"学员": [_line(sheet, seat, today) for seat in sheet.seats]}


def _line(sheet: Sheet, seat: Seat, today: str) -> dict[str, Any]:
    taught, (theory, practice) = sheet.taught, sheet.periods(seat.learner_id)
    document = dated.on("identity_documents", today).get(seat.document)
    level = dated.on("levels", today).get(taught.level)
    return {
        "姓名": seat.name,
        "证件类型": seat.document if document is None else str(document["zh"]),
        "证件号码": seat.number,
        "职业": taught.occupation,
        "职业编码": taught.occupation_code,
        "等级": taught.level if level is None else str(level["zh"]),
        "开班日期": taught.started_on,
        "结业日期": taught.ended_on,
        "理论课时": taught.theory_periods,
        "实操课时": taught.practice_periods,
        "实到理论课时": theory,
        "实到实操课时": practice,
        "出勤日期": "、".join(day.on for day in sheet.days if seat.learner_id in day.present),
        "考核结果": RESULTS[seat.result],
        "考核成绩": seat.score,
    }


# -- why somebody looked


def relation(house: "House", conn: Connection, look: "Looked") -> bool:
    """Tell whether a look was of somebody of an institution at who sits in one of its classes.

    Only under the purpose that is written where name and number agree with the archive.
    """
    if look.actor_kind != "staff" or look.purpose != PURPOSE:
        return False
    archives = [look.worker_id, *house.people.read_as(house.db.cursor(conn), look.worker_id)]
    numbers = [one for archive in archives for one in kept_numbers.of_archive(conn, archive)]
    classes = class_learner.join(training_class, training_class.c.class_id == class_learner.c.class_id)
    of_staff = classes.join(staff, staff.c.institution == training_class.c.institution)
    query = sa.select(class_learner.c.learner_id).select_from(of_staff)
    mine = (class_learner.c.number_id.in_(numbers), staff.c.staff_id == look.actor_id)
    return conn.execute(query.where(*mine).limit(1)).first() is not None
