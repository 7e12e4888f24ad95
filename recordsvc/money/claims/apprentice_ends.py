"""Places that end with nobody having finished (名额终止): given up, left and not taken again, over.

What was to be advanced for such a place is not advanced; what was, is asked back.
"""

import datetime as dt
import functools
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.dated import NoRuleInForce
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import apprentices, paying, steps, terms, transitions
from recordsvc.money.claims.apprentice_tables import apprentice_claim, apprentice_end
from recordsvc.money.claims.apprentices import ADVANCE, Plan, Seat
from recordsvc.money.claims.errors import PlaceTaken
from recordsvc.money.claims.tables import claim
from recordsvc.money.claims.values import SYSTEM, Claim, listed

if TYPE_CHECKING:
    from recordsvc.house import House

GIVEN_UP: Final = "given-up"
VACANT: Final = "vacant"
OVER: Final = "over"
_ENDED_ZH: Final = "学徒名额已终止"


def end(turn: Turn, house: "House", plan: Plan, place: int, why: str, by: str) -> None:
    """End a place that nobody finished. Raises `PlaceTaken`: it has ended, is settled, or nobody had it."""
    apprentices.find(turn.conn, plan.plan_id, lock=True)
    last = apprentices.holders(turn.conn, plan.plan_id).get(place)
    if last is None or last.ended or apprentices.settled(turn.conn, last):
        raise PlaceTaken(place=place)
    row = {"plan_id": plan.plan_id, "place": place, "turn": last.turn, "why": why}
    row |= {"ended_by": by, "ended_ms": turn.now_ms}
    turn.conn.execute(apprentice_end.insert().values(row))
    bound.wrote(turn, apprentice_end, row)
    advanced = apprentices.on_place(turn.conn, last, ADVANCE)
    if advanced is not None:
        _not_advanced(turn, house, advanced)


def _not_advanced(turn: Turn, house: "House", one: Claim) -> None:
    """Have an advance that is not paid yet checked anew: the rule refuses it now."""
    if one.state == "RETURNED":
        paying.lapse(turn, house, one)
    elif any(transitions.find(one.state, event) for event in ("return-to-check", "supplement")):
        steps.divert(turn, house, one, _ENDED_ZH)


def end_due(house: "House") -> int:
    """End the places whose time is over; how many. A job of `work`."""
    today = beijing_date(house.clock.now_ms())
    try:
        vacant = today - dt.timedelta(days=terms.days("apprentice-replace-days", today.isoformat()))
        over = today - dt.timedelta(days=terms.days("apprentice-settle-days", today.isoformat()))
    except NoRuleInForce:
        return 0
    with house.db.read() as conn:
        last = {
            (one.plan_id, one.place): one for one in apprentices.seats(conn, apprentice_end.c.why.is_(None))
        }
        plans = {one: apprentices.find(conn, one) for one in {plan_id for plan_id, _ in last}}
        due = [
            (plans[one.plan_id], one.place, why)
            for one in last.values()
            if (why := _why(plans[one.plan_id], one, vacant, over)) and not apprentices.settled(conn, one)
        ]
    for plan, place, why in due:
        house.db.write(functools.partial(end, house=house, plan=plan, place=place, why=why, by=SYSTEM))
    return len(due)


def _why(plan: Plan, last: Seat, vacant: dt.date, over: dt.date) -> str:
    if plan.ends_on < over.isoformat():
        return OVER
    return VACANT if last.left_ms is not None and beijing_date(last.left_ms) < vacant else ""


def unearned(house: "House") -> list[Claim]:
    """Return the advances that were paid for places that ended."""
    own, ended = apprentice_claim.c, apprentice_end.c
    same = sa.and_(ended.plan_id == own.plan_id, ended.place == own.place)
    mine = sa.select(own.claim_id).join(apprentice_end, same).where(own.event == ADVANCE)
    with house.db.read() as conn:
        found = listed(conn, claim.c.claim_id.in_(mine), limit=10_000)
    return [one for one in found if transitions.find(one.state, "recover") is not None]
