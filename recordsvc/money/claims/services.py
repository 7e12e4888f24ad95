"""The blueprint that all doors of claims hang on, what they name, and who asks."""

import flask
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Actor, Thing, Way, author, prefix
from recordsvc.access.objects import named
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import filing
from recordsvc.money.claims.values import Who, find

bp = flask.Blueprint("claims", __name__)


def _claim(conn: Connection, claim_id: bytes) -> Thing | None:
    """Return where a claim lies, and whom it concerns: the worker, and an institution that is to be paid."""
    try:
        one = find(conn, claim_id)
    except problems.ClaimUnknown:
        return None
    parties = areas.person(conn, one.worker_id).parties | {one.payee}
    return Thing(prefix(one.region) if one.region else "", parties)


named("claim_id", _claim, problems.ClaimUnknown)
named("claims", _claim, problems.ClaimUnknown)


def who(asks: Actor | None = None) -> Who:
    """Return who asks as claims know them; whoever stands in at the window is the official they are."""
    asks = asks or actor()
    if asks.through is None:
        return Who(author(asks), frozenset(asks.roles) or filing.WORKER_ROLES)
    kind = "official" if asks.through.way is Way.WINDOW else "worker"
    return Who(f"{kind}:{asks.through.id}", filing.WORKER_ROLES)
