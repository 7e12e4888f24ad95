"""Plans of apprentices as an enterprise reads them (培养计划): places and money, nothing of a person."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.money.claims import apprentices, views
from recordsvc.money.claims.apprentice_tables import apprentice
from recordsvc.money.claims.apprentices import ADVANCE, SETTLE, Plan, Seat
from recordsvc.money.claims.values import Claim

if TYPE_CHECKING:
    from recordsvc.house import House

ENDED_ZH = {"": "", "given-up": "单位终止", "vacant": "退出后逾期未补录", "over": "期满未结算"}
_KEPT = ("PAID", "CLOSED", "RECOVERING")


def brief(one: Plan) -> dict[str, Any]:
    """Return a plan without its places."""
    told = asdict(one)
    level = dated.table("levels").on(dated.OPEN_END).get(one.level)
    return told | {"level_name": one.level if level is None else str(level["zh"])}


def whole(house: "House", conn: Connection, one: Plan) -> dict[str, Any]:
    """Return a plan with each of its places, and what came in and went back, in fen."""
    newest = apprentices.seats(conn, apprentice.c.plan_id == one.plan_id)
    places = [_place(house, conn, it) for it in {it.place: it for it in newest}.values()]
    asked = [it["asked"] for it in places if it["asked"] is not None]
    return brief(one) | {
        "items": places,
        "left": sum(it.left_ms is not None for it in newest),
        "replaced": sum(it.turn > 1 for it in newest),
        "advanced_fen": sum(it["advanced_fen"] for it in places),
        "settled_fen": sum(it["settled_fen"] for it in places),
        "recovered_fen": sum(it["recovered_fen"] for it in asked),
    }


def _place(house: "House", conn: Connection, seat: Seat) -> dict[str, Any]:
    advanced, settled = (apprentices.newest(conn, seat, event) for event in (ADVANCE, SETTLE))
    return {
        "place": seat.place,
        "turn": seat.turn,
        "state": _state(seat, settled),
        "ended": seat.ended,
        "ended_name": ENDED_ZH[seat.ended],
        "advance": None if advanced is None else views.brief(advanced),
        "settlement": None if settled is None else views.brief(settled),
        "advanced_fen": _paid(advanced),
        "settled_fen": _paid(settled),
        "asked": None if advanced is None else house.claims.offsets.asked(conn, advanced),
    }


def _state(seat: Seat, settled: Claim | None) -> str:
    if seat.ended:
        return "ended"
    if settled is not None and settled.state not in ("REFUSED", "WITHDRAWN", "RECOVERED"):
        return "settled"
    return "left" if seat.left_ms is not None else "there"


def _paid(one: Claim | None) -> int:
    """Return what was paid of a claim, also where it came back since."""
    return one.amount_fen if one is not None and one.state in (*_KEPT, "RECOVERED") else 0
