"""Classes (班级): opened by a clerk with their roster, taught by assigned teachers, within dates.

    open ──teacher──> submitted ──signer──> signed (at the centre: `sheets.roster`)
     │ ^                  │
     │ └──signer, note────┘
     └──clerk──> void

People of an institution see its classes; who is a teacher and nothing else sees those they have today.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import staff
from recordsvc.access.errors import StaffUnknown
from recordsvc.access.grants import Actor, Position, author
from recordsvc.access.tables import staff as staff_table
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.people import kept_numbers
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.training.errors import ClassClosed, ClassRefused, ClassUnknown, RosterTaken
from recordsvc.training.tables import class_day, class_learner, class_presence, class_teacher, training_class
from recordsvc.vault.envelope import DataKeys

if TYPE_CHECKING:
    from recordsvc.house import House

TERMS: Final = "class_terms"
LABEL: Final = b"class-learner/v1"
ALL: Final = frozenset({Position.HEAD, Position.CLERK, Position.SIGNER})
"""Positions that see every class of their institution."""


@dataclass(frozen=True, slots=True)
class Taught:
    """A class as its table has it; days are Beijing days, periods are class hours (课时)."""

    class_id: bytes
    institution: str
    code: str
    name: str
    training_type: str
    occupation: str
    occupation_code: str
    level: str
    started_on: str
    ended_on: str
    theory_periods: int
    practice_periods: int
    state: str
    note: str
    submitted_by: str | None


@dataclass(frozen=True, slots=True)
class Assigned:
    """A teacher's time with a class; `name` is the teacher's."""

    staff_id: str
    name: str
    from_on: str
    until_on: str
    ended: bool

    def on(self, day: str) -> bool:
        """Tell whether the teacher has the class on a Beijing day, as it stands now."""
        return not self.ended and self.from_on <= day <= self.until_on


def rule(code: str, now_ms: int) -> int:
    """Return a term or limit of `class_terms` as of an instant."""
    return int(dated.rule(TERMS, code, beijing_date(now_ms).isoformat())["value"])


def wrong(pointer: str, detail: str, code: str = "value") -> ClassRefused:
    """Return the problem that points at one member."""
    return ClassRefused(errors=[{"pointer": pointer, "code": code, "detail": detail}])


# -- who sees which


def seen(conn: Connection, who: Actor, now_ms: int) -> list[Taught]:
    """Return the classes that somebody of an institution sees, the newest first."""
    own = training_class.c
    query = sa.select(*(own[name] for name in Taught.__slots__)).where(*_mine(who, now_ms))
    return [Taught(*row) for row in conn.execute(query.order_by(own.started_on.desc(), own.class_id))]


def find(conn: Connection, who: Actor, class_id: bytes, now_ms: int) -> Taught:
    """Return a class that somebody sees. Raises `ClassUnknown`."""
    own = training_class.c
    query = sa.select(*(own[name] for name in Taught.__slots__))
    row = conn.execute(query.where(own.class_id == class_id, *_mine(who, now_ms))).one_or_none()
    if row is None:
        raise ClassUnknown
    return Taught(*row)


def _mine(who: Actor, now_ms: int) -> list[sa.ColumnElement[bool]]:
    own = training_class.c
    mine: list[sa.ColumnElement[bool]] = [own.institution == (who.institution or "")]
    if ALL.isdisjoint(who.roles):
        mine += [own.state.in_(("open", "submitted")), sa.exists().where(*_has_today(who.id, now_ms))]
    return mine


def _has_today(staff_id: str, now_ms: int) -> list[sa.ColumnElement[bool]]:
    post, today = class_teacher.c, beijing_date(now_ms).isoformat()
    return [
        post.class_id == training_class.c.class_id,
        post.staff_id == staff_id,
        post.from_on <= today,
        post.until_on >= today,
        post.ended_ms.is_(None),
    ]


def teachers(conn: Connection, class_id: bytes) -> list[Assigned]:
    """Return who teaches or taught a class, in the order of their days."""
    post = class_teacher.c
    named = class_teacher.join(staff_table, staff_table.c.staff_id == post.staff_id)
    query = sa.select(post.staff_id, staff_table.c.name, post.from_on, post.until_on, post.ended_ms)
    rows = conn.execute(
        query.select_from(named)
        .where(post.class_id == class_id)
        .order_by(post.from_on, post.staff_id, post.n)
    )
    return [Assigned(*row[:4], row.ended_ms is not None) for row in rows]


# -- opening


def open_class(turn: Turn, house: "House", who: Actor, asked: Mapping[str, Any]) -> bytes:
    """Open a class with its roster; its id. Raises `ClassRefused`, naming everything that is wrong."""
    _check(asked, turn.now_ms)
    own = training_class.c
    taken = sa.select(own.class_id).where(own.institution == who.institution, own.code == asked["code"])
    if turn.conn.execute(taken).first() is not None:
        raise wrong("/code", "本单位已有这个班级编号", "taken")
    class_id = uuid7(FixedClock(turn.now_ms), house.random)
    given = {name: asked[name] for name in Taught.__slots__ if name in asked}
    made: dict[str, Any] = {"class_id": class_id, "institution": who.institution, "state": "open", "note": ""}
    made |= {"opened_by": author(who), "opened_ms": turn.now_ms}
    turn.conn.execute(training_class.insert().values(**given, **made))
    _check_size(turn, len(asked["learners"]))
    _seat(turn, house, class_id, asked["learners"], 0)
    return class_id


def add_learners(
    turn: Turn, house: "House", who: Actor, class_id: bytes, learners: Sequence[Mapping[str, Any]]
) -> None:
    """Seat latecomers (补录). Raises `ClassUnknown`, `ClassClosed`, `ClassRefused`."""
    change(turn, who, class_id, "open")
    seats = sa.select(sa.func.coalesce(sa.func.max(class_learner.c.n) + 1, 0), sa.func.count())
    first, seated = turn.conn.execute(seats.where(class_learner.c.class_id == class_id)).one()
    _check_size(turn, int(seated) + len(learners))
    _seat(turn, house, class_id, learners, int(first))


def remove_learner(turn: Turn, who: Actor, class_id: bytes, learner_id: bytes) -> None:
    """Take a learner out of the roster, with days and mark (移出名册), until the signer takes the roster.

    What was taken is what will be signed: the signer sends the sheet back first.
    Raises `ClassUnknown`, `ClassClosed`, `RosterTaken`, `ClassRefused`.
    """
    change(turn, who, class_id, "open", "submitted")
    own = training_class.c
    if turn.conn.scalar(sa.select(own.roster_ms).where(own.class_id == class_id)) is not None:
        raise RosterTaken
    seat = class_learner.c
    query = sa.select(seat.number_id).where(seat.class_id == class_id, seat.learner_id == learner_id)
    number_id = turn.conn.scalar(query)
    if number_id is None:
        raise wrong("/learner_id", "这个班没有这名学员")
    empty(turn, [(learner_id, bytes(number_id))])


def _seat(
    turn: Turn, house: "House", class_id: bytes, learners: Sequence[Mapping[str, Any]], first: int
) -> None:
    _check_people(turn, class_id, house, learners)
    for n, one in enumerate(learners, start=first):
        learner_id = uuid7(FixedClock(turn.now_ms), house.random)
        row = {
            "learner_id": learner_id,
            "class_id": class_id,
            "n": n,
            "number_id": kept_numbers.keep(turn, house, one["document"], one["number"]),
            "sealed": _sealed(house, learner_id, one["name"]),
            "result": "",
            "score": "",
        }
        turn.conn.execute(class_learner.insert().values(**row))


def _check_size(turn: Turn, learners: int) -> None:
    most = rule("learners", turn.now_ms)
    if learners > most:
        raise wrong("/learners", f"一个班最多 {most} 人", "count")


def _check(asked: Mapping[str, Any], now_ms: int) -> None:
    today = beijing_date(now_ms).isoformat()
    faults = [
        {"pointer": f"/{name}", "code": "value", "detail": f"不在代码表 {table} 中"}
        for name, table in (("training_type", "training_types"), ("level", "levels"))
        if dated.on(table, today).get(asked[name]) is None
    ]
    faults += [
        {"pointer": f"/{name}", "code": "value", "detail": "应为日期（YYYY-MM-DD）"}
        for name in ("started_on", "ended_on")
        if not is_day(asked[name])
    ]
    if not faults and asked["ended_on"] < asked["started_on"]:
        faults.append({"pointer": "/ended_on", "code": "value", "detail": "结业日期早于开班日期"})
    if faults:
        raise ClassRefused(errors=faults)


def _check_people(turn: Turn, class_id: bytes, house: "House", learners: Sequence[Mapping[str, Any]]) -> None:
    """Judge names and numbers by form alone: whether an archive is theirs is nobody's to learn here."""
    faults = []
    mine = sa.select(class_learner.c.number_id).where(class_learner.c.class_id == class_id)
    there = {bytes(one) for one in turn.conn.scalars(mine)}
    said: set[tuple[str, str]] = set()
    for n, one in enumerate(learners):
        try:
            read_person(dict(one), turn.now_ms)
        except IdentifierError as fault:
            place = "name" if fault.code == "name-characters" else "number"
            faults.append(
                {"pointer": f"/learners/{n}/{place}", "code": fault.code, "detail": "请对照证件核对"}
            )
            continue
        number = (str(one["document"]), str(one["number"]))
        tags = house.people.tags(*number)
        if number in said or kept_numbers.named_by(turn.conn, there, tags):
            detail = "同一证件号码在这个班出现两次"
            faults.append({"pointer": f"/learners/{n}/number", "code": "repeated", "detail": detail})
        said.add(number)
    if faults:
        raise ClassRefused(errors=faults)


def is_day(text: str) -> bool:
    """Tell whether a text is a calendar day written YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _number(day: str) -> int:
    return dt.date.fromisoformat(day).toordinal()


# -- teachers


def assign(turn: Turn, who: Actor, class_id: bytes, staff_id: str, from_on: str, until_on: str) -> None:
    """Give a class to a teacher of the institution for some days, around those of the class.

    Raises `ClassUnknown`, `ClassClosed`, `StaffUnknown`, `ClassRefused`.
    """
    taught = change(turn, who, class_id, "open", "submitted")
    member = staff.known(turn.conn, staff_id, who.institution)
    if Position.TEACHER not in member.positions(turn.now_ms):
        raise wrong("/staff_id", "这个人现在没有教师岗位")
    if not (is_day(from_on) and is_day(until_on) and from_on <= until_on):
        raise wrong("/until_on", "任课起止应为日期，止不早于起")
    around = rule("teaching-days", turn.now_ms)
    if _number(from_on) < _number(taught.started_on) - around:
        raise wrong("/from_on", f"任课最早从开班前 {around} 天起")
    if _number(until_on) > _number(taught.ended_on) + around:
        raise wrong("/until_on", f"任课最晚到结业后 {around} 天止")
    own = [one for one in teachers(turn.conn, class_id) if one.staff_id == staff_id and not one.ended]
    if any(one.from_on <= until_on and from_on <= one.until_on for one in own):
        raise wrong("/from_on", "这名教师在这些日子里已有这个班", "repeated")
    post = class_teacher.c
    held = sa.select(sa.func.count()).where(post.class_id == class_id, post.staff_id == staff_id)
    turn.conn.execute(
        class_teacher.insert().values(
            class_id=class_id,
            staff_id=staff_id,
            n=turn.conn.execute(held).scalar_one(),
            from_on=from_on,
            until_on=until_on,
            assigned_by=author(who),
        )
    )


def unassign(turn: Turn, who: Actor, class_id: bytes, staff_id: str) -> None:
    """Take a class from a teacher at once. Raises `ClassUnknown`, `StaffUnknown`."""
    find(turn.conn, who, class_id, turn.now_ms)
    post = class_teacher.c
    mine = (post.class_id == class_id, post.staff_id == staff_id, post.ended_ms.is_(None))
    ending = class_teacher.update().where(*mine).values(ended_ms=turn.now_ms, ended_by=author(who))
    if turn.conn.execute(ending).rowcount == 0:
        raise StaffUnknown


# -- states


def change(turn: Turn, who: Actor, class_id: bytes, *states: str, **values: Any) -> Taught:
    """Take hold of a class that somebody sees and that is in one of these states, for the rest of the turn.

    Raises `ClassUnknown`, `ClassClosed`.
    """
    found = find(turn.conn, who, class_id, turn.now_ms)
    own = training_class.c
    holding = training_class.update().where(own.class_id == class_id, own.state.in_(states))
    if turn.conn.execute(holding.values(values or {"state": own.state})).rowcount != 1:
        raise ClassClosed
    return found


def void(turn: Turn, who: Actor, class_id: bytes, note: str) -> None:
    """End a class without records. Raises `ClassUnknown`, `ClassClosed`."""
    ended = {"closed_by": author(who), "closed_ms": turn.now_ms}
    change(turn, who, class_id, "open", "submitted", state="void", note=note, **ended)


# -- seats


def opened(house: "House", learner_id: bytes, sealed: bytes) -> str:
    """Return the name in a seat. Raises `SealError`."""
    size = 1 + sealed[0]
    key = DataKeys(house.keys).get(learner_id, sealed[1:size], "holding")
    return key.open(sealed[size:], LABEL + learner_id).decode()


def _sealed(house: "House", learner_id: bytes, name: str) -> bytes:
    wrapped, key = DataKeys(house.keys, house.random.bytes).new(learner_id, "holding")
    return bytes([len(wrapped)]) + wrapped + key.seal(name.encode(), LABEL + learner_id)


def forget(turn: Turn, worker_id: bytes) -> None:
    """Empty the seats whose number leads to an erased worker."""
    numbers = kept_numbers.of_archive(turn.conn, worker_id)
    seat = class_learner.c
    query = sa.select(seat.learner_id, seat.number_id).where(seat.number_id.in_(numbers))
    empty(turn, [(bytes(one.learner_id), bytes(one.number_id)) for one in turn.conn.execute(query)])


def empty(turn: Turn, seats: Sequence[tuple[bytes, bytes]]) -> None:
    """Destroy seats (id, id of the kept number) with everything that names them."""
    learners = [learner_id for learner_id, _ in seats]
    turn.conn.execute(class_presence.delete().where(class_presence.c.learner_id.in_(learners)))
    turn.conn.execute(class_learner.delete().where(class_learner.c.learner_id.in_(learners)))
    kept_numbers.forget(turn, [number_id for _, number_id in seats])


def expire(house: "House") -> int:
    """Void what was never signed, and empty the seats of what ended long ago; how many classes changed."""
    return house.db.write(_expire)


def _expire(turn: Turn) -> int:
    own, now, day_ms = training_class.c, turn.now_ms, 86_400_000
    stale = beijing_date(now - rule("stale-days", now) * day_ms).isoformat()
    left = training_class.update().where(own.state.in_(("open", "submitted")), own.ended_on < stale)
    ended = {"state": "void", "closed_by": "system:class_terms", "closed_ms": now, "note": "逾期未签发"}
    done = turn.conn.execute(left.values(**ended)).rowcount
    old = sa.select(own.class_id).where(own.closed_ms < now - rule("closed-days", now) * day_ms)
    seat = class_learner.c
    query = sa.select(seat.class_id, seat.learner_id, seat.number_id).where(seat.class_id.in_(old)).limit(500)
    rows = turn.conn.execute(query).all()
    empty(turn, [(bytes(row.learner_id), bytes(row.number_id)) for row in rows])
    classes = {bytes(row.class_id) for row in rows}
    turn.conn.execute(class_presence.delete().where(class_presence.c.class_id.in_(classes)))
    turn.conn.execute(class_day.delete().where(class_day.c.class_id.in_(classes)))
    return done + len(classes)
