"""Apprentices of enterprises (企业新型学徒制): plans, places, and what a claim is for.

    plan ── place 1 ── first ── left ── another ── finished: settlement  rate - advance
         └─ place 2 ── first ── left ── nobody ─── ended: the advance is asked back

Money is advanced for a place, once, on its first apprentice's enrolment; whoever replaces them finishes on
the same advance. So what an enterprise keeps is the number that finished times the rate, whoever left.
One plan has one standard, that of its first day.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.archive import persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.persons import Place
from recordsvc.archive.states import Life
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.money.claims import agencies, terms
from recordsvc.money.claims.apprentice_tables import (
    MOST_PLACES,
    apprentice,
    apprentice_claim,
    apprentice_end,
    apprentice_left,
    apprentice_plan,
)
from recordsvc.money.claims.errors import ClaimRefused, PlaceTaken, PlanRefused, PlanUnknown
from recordsvc.money.claims.tables import claim, claim_event
from recordsvc.money.claims.transitions import NOT_LIVE
from recordsvc.money.claims.values import Claim, listed
from recordsvc.money.rules.facts import Facts, is_day
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

ADVANCE: Final = "advance"
SETTLE: Final = "settle"
RECOVER: Final = "recover"
UNEARNED: Final = "advance-unearned"
"""The ground on which an advance is asked back."""
ENROLMENT: Final = "enrolment"
OUTCOME: Final = "enrolment-outcome"
SOURCE: Final = "学徒培养计划备案"
"""How the sources of facts of a plan begin."""
_PAID: Final = ("PAID", "CLOSED")
_IN_PART: Final = ("reduced", "written-off")
"""Steps after which a paid claim may be kept in part only."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One plan: the enterprise (USCC), its code of the class, how many places, which share is advanced."""

    plan_id: bytes
    institution: str
    course: str
    title: str
    occupation: str
    level: str
    places: int
    advance_pct: int
    starts_on: str
    ends_on: str
    filed_by: str
    filed_ms: int


@dataclass(frozen=True, slots=True)
class Seat:
    """Who has, or had, a place: `turn` 1 is its first; `left_ms` is None while they are there."""

    plan_id: bytes
    place: int
    turn: int
    worker_id: bytes
    record_id: str
    joined_ms: int
    left_ms: int | None
    ended: str
    """Why the place ended with nobody having finished (`given-up`, `vacant`, `over`); empty: it did not."""


# -- plans


def register(turn: Turn, house: "House", institution: str, said: Mapping[str, Any], by: str) -> bytes:
    """File an enterprise's plan; its id. Raises `PlanRefused`."""
    today = beijing_date(turn.now_ms).isoformat()
    _check(house, institution, said, today)
    plan_id = uuid7(FixedClock(turn.now_ms), house.random)
    names = (
        *("course", "title", "occupation", "level"),
        *("places", "advance_pct", "starts_on", "ends_on"),
    )
    row = {"plan_id": plan_id, "institution": institution, **{name: said[name] for name in names}}
    row |= {"filed_by": by, "filed_ms": turn.now_ms}
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(apprentice_plan.insert().values(row))
    except sa.exc.IntegrityError:
        raise _wrong("course", "本单位已备案过这个班级编号", "a plan of this class is filed") from None
    bound.wrote(turn, apprentice_plan, row)
    return plan_id


def _check(house: "House", institution: str, said: Mapping[str, Any], today: str) -> None:
    known = house.institutions.all().get(institution)
    if known is None or not known.in_force(today) or known.kind_on(today) not in agencies.EMPLOYERS:
        raise _wrong("institution", "只有在册的用人单位可以备案", "only an employer in force files plans")
    if dated.table("levels").on(today).get(said["level"]) is None:
        raise _wrong("level", "没有这个等级", "no such level")
    if not 1 <= said["places"] <= MOST_PLACES:
        raise _wrong("places", f"名额应为 1 至 {MOST_PLACES}", f"1 to {MOST_PLACES} places")
    if not 0 <= said["advance_pct"] <= 100:
        raise _wrong("advance_pct", "应为百分之几", "a percentage")
    days = said["starts_on"], said["ends_on"]
    if not all(is_day(one) for one in days) or not days[0] < days[1] or days[1] < today:
        raise _wrong("ends_on", "起止日期不对，或计划已经期满", "the days are wrong, or over")


def find(conn: Connection, plan_id: bytes, *where: sa.ColumnElement[bool], lock: bool = False) -> Plan:
    """Return one plan; locked, nobody else changes its places meanwhile. Raises `PlanUnknown`."""
    if lock:
        own = apprentice_plan.c.plan_id
        conn.execute(sa.select(own).where(own == plan_id).with_for_update())
    found = plans(conn, apprentice_plan.c.plan_id == plan_id, *where)
    if not found:
        raise PlanUnknown
    return found[0]


def plans(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 200) -> list[Plan]:
    """Return plans, the newest first."""
    query = sa.select(apprentice_plan).where(*where).order_by(apprentice_plan.c.plan_id.desc()).limit(limit)
    return [Plan(**row) for row in conn.execute(query).mappings()]


# -- places


def seats(conn: Connection, *where: sa.ColumnElement[bool]) -> list[Seat]:
    """Return who has and had places, by plan, place and turn."""
    own, left, end = apprentice.c, apprentice_left.c, apprentice_end.c
    same = sa.and_(left.plan_id == own.plan_id, left.place == own.place, left.turn == own.turn)
    over = sa.and_(end.plan_id == own.plan_id, end.place == own.place)
    query = (
        sa.select(own.plan_id, own.place, own.turn, own.worker_id, own.record_id, own.joined_ms)
        .add_columns(left.left_ms, sa.func.coalesce(end.why, "").label("ended"))
        .select_from(apprentice.outerjoin(apprentice_left, same).outerjoin(apprentice_end, over))
        .where(*where)
        .order_by(own.plan_id, own.place, own.turn)
    )
    return [Seat(**row) for row in conn.execute(query).mappings()]


def holders(conn: Connection, plan_id: bytes) -> dict[int, Seat]:
    """Return the newest turn of each place of a plan."""
    return {one.place: one for one in seats(conn, apprentice.c.plan_id == plan_id)}


def join(
    turn: Turn, house: "House", plan: Plan, place: int | None, worker_id: bytes, record_id: bytes, by: str
) -> int:
    """Give somebody a place: the next, or one that was left (补录); which.

    Raises `PlaceTaken`, `PlanRefused`.
    """
    plan = find(turn.conn, plan.plan_id, lock=True)
    there = holders(turn.conn, plan.plan_id)
    enrolled = _record(house, turn.conn, worker_id, record_id)
    if not _of_plan(enrolled, ENROLMENT, plan):
        raise unmatched()
    now = None if place is None else there.get(place)
    if place is not None and (now is None or now.left_ms is None or now.ended):
        raise PlaceTaken(place=place)
    number = max(there, default=0) + 1 if place is None else place
    n = 1 if now is None else now.turn + 1
    row = {
        "plan_id": plan.plan_id,
        "place": number,
        "turn": n,
        "before": n - 1 or None,
        "places": plan.places,
        "worker_id": worker_id,
        "record_id": str(uuid.UUID(bytes=record_id)),
        "joined_by": by,
        "joined_ms": turn.now_ms,
    }
    try:
        with turn.conn.begin_nested():
            turn.conn.execute(apprentice.insert().values(row))
    except sa.exc.IntegrityError:
        raise PlaceTaken(place=number) from None
    bound.wrote(turn, apprentice, row)
    return number


def leave(turn: Turn, house: "House", plan: Plan, place: int, record_id: bytes, by: str) -> None:
    """Note that who has a place left, as the archive says. Raises `PlaceTaken`, `PlanRefused`."""
    find(turn.conn, plan.plan_id, lock=True)
    now = holders(turn.conn, plan.plan_id).get(place)
    if now is None or now.left_ms is not None or now.ended or settled(turn.conn, now):
        raise PlaceTaken(place=place)
    if not _of_plan(_record(house, turn.conn, now.worker_id, record_id), OUTCOME, plan):
        raise _wrong(
            "record_id", "档案中没有这名学徒在本班的学籍变动记录", "no such outcome of the enrolment"
        )
    row = {"plan_id": plan.plan_id, "place": place, "turn": now.turn}
    row |= {"record_id": str(uuid.UUID(bytes=record_id)), "left_by": by, "left_ms": turn.now_ms}
    turn.conn.execute(apprentice_left.insert().values(row))
    bound.wrote(turn, apprentice_left, row)


def _record(house: "House", conn: Connection, worker_id: bytes, record_id: bytes) -> Place | None:
    try:
        archives = persons.read(house, merges.person_id(conn, worker_id), house.db.cursor(conn))
    except ArchiveRestricted:
        return None
    return None if archives is None else archives.find(record_id)


def _of_plan(place: Place | None, record_type: str, plan: Plan) -> bool:
    """Tell whether a record in force is of this type and of a plan's class, occupation and level."""
    if place is None or place.state is None or place.state.life is not Life.ACTIVE:
        return False
    body, record = place.state.body, place.entry.record
    if body is None or record is None or record["type"] != record_type:
        return False
    same = (plan.institution, plan.course) == _class(body)
    return same and (record_type == OUTCOME or _aimed(body) == (plan.occupation, plan.level))


def _class(body: Mapping[str, Any]) -> tuple[str, str]:
    institution, course = body.get("institution") or {}, body.get("class") or {}
    return str(institution.get("uscc", "")), str(course.get("code", ""))


def _aimed(body: Mapping[str, Any]) -> tuple[str, str]:
    occupation = body.get("occupation") or {}
    return str(occupation.get("code") or occupation.get("catalogue", "")), str(body.get("level", ""))


def unmatched() -> PlanRefused:
    """Return the one answer where nobody here has this number, name and enrolment of the plan."""
    zh = "没有查到这位学徒在本班的入学登记；请逐位核对证件号码、姓名、记录编号，以及职业和等级"
    return _wrong("record_id", zh, "nobody with this number, name and enrolment of the plan")


def _wrong(pointer: str, zh: str, en: str) -> PlanRefused:
    return PlanRefused(errors=[{"pointer": f"/{pointer}", "code": "value", "detail": zh, "detail_en": en}])


# -- claims on places


def take_place(turn: Turn, one: Claim, place: Place, event: str) -> None:
    """Enter for which place of which plan a claim is. Raises `ClaimRefused`.

    A settlement of an enterprise that filed no plan for the class stands by itself, with nothing advanced.
    """
    institution, body = one.payee.partition(":")[2], (place.state.body if place.state else None) or {}
    own = apprentice_plan.c
    filed = plans(turn.conn, own.institution == institution, own.course == _class(body)[1])
    if not filed or _class(body)[0] != institution:
        if event == ADVANCE:
            raise _unfit("先备案培养计划，再申请预支", "a plan is filed before anything is advanced")
        return
    plan = find(turn.conn, filed[0].plan_id, lock=True)
    mine = sorted(merges.together(turn.conn, [one.worker_id]))
    found = seats(turn.conn, apprentice.c.plan_id == plan.plan_id, apprentice.c.worker_id.in_(mine))
    if not found:
        raise _unfit("不在备案的学徒名单中", "nobody of the plan's apprentices")
    seat = found[-1]
    why = _against(turn.conn, one, plan, seat, event, body)
    if why:
        raise _unfit(why, "not of this place as it stands")
    row = {**one.key, "plan_id": plan.plan_id, "place": seat.place, "turn": seat.turn, "event": event}
    turn.conn.execute(apprentice_claim.insert().values(row))
    bound.wrote(turn, apprentice_claim, row)


def _against(
    conn: Connection, one: Claim, plan: Plan, seat: Seat, event: str, body: Mapping[str, Any]
) -> str:
    advanced = on_place(conn, seat, ADVANCE)
    reasons = (
        (bool(seat.ended), "这个名额已经终止"),
        (seat.left_ms is not None, "这名学徒已经退出"),
        (settled(conn, seat), "这个名额已申请结算"),
        (event == ADVANCE and seat.turn > 1, "补录的学徒沿用原名额的预支，不再预支"),
        (event == ADVANCE and seat.record_id != one.certificate, "不是备案的入学登记"),
        (event == SETTLE and _aimed(body) != (plan.occupation, plan.level), "职业或等级与备案的培养目标不符"),
        (
            event == SETTLE and advanced is not None and advanced.state not in _PAID,
            "预支的申领还没有办结，办结或撤回后再申请结算",
        ),
    )
    return next((why for holds, why in reasons if holds), "")


def _unfit(zh: str, en: str) -> ClaimRefused:
    return ClaimRefused(errors=[{"pointer": "/record_id", "code": "value", "detail": zh, "detail_en": en}])


def on_place(conn: Connection, seat: Seat, event: str) -> Claim | None:
    """Return the live claim for a place: its advance, or its settlement; None: there is none."""
    found = newest(conn, seat, event)
    return None if found is None or found.state in NOT_LIVE else found


def newest(conn: Connection, seat: Seat, event: str) -> Claim | None:
    """Return the claim for a place that counts: a live one, else the newest; None: there never was one."""
    own = apprentice_claim.c
    mine = sa.select(own.claim_id).where(
        own.plan_id == seat.plan_id, own.place == seat.place, own.event == event
    )
    found = listed(conn, claim.c.claim_id.in_(mine), newest=True)
    return next((one for one in found if one.state not in NOT_LIVE), next(iter(found), None))


def settled(conn: Connection, seat: Seat) -> bool:
    """Tell whether a place has a settlement, paid or under way."""
    return on_place(conn, seat, SETTLE) is not None


def seat_of(conn: Connection, one: Claim) -> tuple[Seat, str] | None:
    """Return for which place a claim is, and whether it is its advance or its settlement; None: for none."""
    own, seat = apprentice_claim.c, apprentice.c
    where = own.worker_id == one.worker_id, own.claim_id == one.claim_id
    row = conn.execute(sa.select(own.plan_id, own.place, own.turn, own.event).where(*where)).one_or_none()
    if row is None:
        return None
    (found,) = seats(conn, seat.plan_id == row.plan_id, seat.place == row.place, seat.turn == row.turn)
    return found, str(row.event)


def facts(conn: Connection, one: Claim, place: Place) -> Facts:
    """Return what a plan says of a claim for one of its places; nothing where it is for none.

    What was advanced is missing while nobody can say it: under way, asked back, or kept in part.
    """
    taken = seat_of(conn, one)
    if taken is None:
        return Facts({})
    seat, event = taken
    plan = find(conn, seat.plan_id)
    values = {
        "planned": int(not seat.ended),
        "left": seat.turn - 1 + int(seat.left_ms is not None),
        "replaced": seat.turn - 1,
        "training_started_on": plan.starts_on,
        "advance_pct": plan.advance_pct if event == ADVANCE else _advanced(conn, seat, plan),
    }
    on = beijing_date(plan.filed_ms).isoformat()
    filed = Facts.plain(values, f"{SOURCE}（{plan.course}，第 {seat.place} 名额）", on)
    return filed.joined(finished(conn, one, place))


def finished(conn: Connection, one: Claim, place: Place) -> Facts:
    """Return whether the apprentice finished what the plan aims at, as the archive says it now."""
    taken = seat_of(conn, one)
    if taken is None:
        return Facts({})
    plan = find(conn, taken[0].plan_id)
    body = (place.state.body if place.state is not None else None) or {}
    done = body.get("result") == "passed" and _aimed(body) == (plan.occupation, plan.level)
    on = beijing_date(place.entry.ms).isoformat()
    return Facts.plain({"finished": int(done)}, f"档案日志第 {place.entry.stored.idx} 条", on)


def _advanced(conn: Connection, seat: Seat, plan: Plan) -> int | None:
    """Return which share was advanced for a place and kept; None: it cannot be said now."""
    advanced = on_place(conn, seat, ADVANCE)
    if advanced is None:
        return 0
    own = claim_event.c
    in_part = sa.select(own.n).where(
        own.worker_id == advanced.worker_id, own.claim_id == advanced.claim_id, own.event.in_(_IN_PART)
    )
    whole = advanced.state in _PAID and conn.scalar(in_part.limit(1)) is None
    return plan.advance_pct if whole else None


def event_of(one: Claim, place: Place | None) -> str:
    """Return which amount of its rule a claim asks for, by the record that it rests on."""
    record = None if place is None else place.entry.record
    return terms.event_of(one.kind, "" if record is None else str(record["type"]))
