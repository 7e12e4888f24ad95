"""The blueprint that all doors of recovery hang on, what they name, and where it lies: with its claim."""

from collections.abc import Iterable

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import deciding as second_word
from recordsvc.access import recusals
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Thing, can
from recordsvc.access.objects import named
from recordsvc.access.services import house
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden
from recordsvc.money.claims.services import who, within_reach
from recordsvc.money.claims.values import Who
from recordsvc.money.recovery import deciding
from recordsvc.money.recovery.errors import RecoveryUnknown
from recordsvc.money.recovery.values import find

__all__ = ["bp", "signer", "within_reach"]

bp = flask.Blueprint("recovery", __name__)


def _case(conn: Connection, recovery_id: bytes) -> Thing | None:
    try:
        return deciding.thing(conn, find(conn, recovery_id))
    except RecoveryUnknown:
        return None


named("recovery_id", _case, RecoveryUnknown)


def signer(turn: Turn, action: str, things: Iterable[Thing]) -> Who:
    """Return the official who asks, as the register stands in this turn. Raises `Forbidden`, `Recused`."""
    now = second_word.as_of_now(turn, actor(), house().settings.region)
    for one in things:
        if not can(now, action, one):
            raise Forbidden
        recusals.check(now, one.parties)
    return who(now)


def reachable(action: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of cases whose claims lie where whoever asks may do this."""
    return within_reach(action)
