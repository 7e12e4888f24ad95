"""The blueprint that all doors of claims hang on, what they name, where it lies, and who asks.

A claim lies where it was filed (`claim.region`), for lists and doors alike: who moves house
takes no claim along.
"""

from collections.abc import Iterable

import flask
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, cases, deciding, recusals
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Actor, Thing, author, can, prefix, second_pair
from recordsvc.access.objects import named, of_workers
from recordsvc.access.services import house
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden
from recordsvc.money.claims import agencies, filing
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.agency_tables import claim_agent
from recordsvc.money.claims.tables import claim
from recordsvc.money.claims.values import Claim, Who, find
from recordsvc.people import merges

bp = flask.Blueprint("claims", __name__)


def _claim(conn: Connection, claim_id: bytes) -> Thing | None:
    """Return where a claim lies, and whom it concerns: the worker, and an institution that is to be paid."""
    try:
        one = find(conn, claim_id)
    except problems.ClaimUnknown:
        return None
    return _thing(conn, one)


def _thing(conn: Connection, one: Claim) -> Thing:
    agency = agencies.of_claim(conn, one)
    agents = set() if agency is None else {f"institution:{agency.institution}"}
    parties = areas.person(conn, one.worker_id).parties | {one.payee} | agents
    return Thing(prefix(one.region) if one.region else "", parties)


def within_reach(action: str) -> list[sa.ColumnElement[bool]]:
    """Return the conditions of claims that lie where whoever asks may do this; recused ones not."""
    asks = actor()
    mine = of_workers(asks, action, claim.c.worker_id, claim.c.region)
    kept_out = [name for kind, _, name in (it.partition(":") for it in asks.recused) if kind == "institution"]
    theirs = sa.select(claim_agent.c.claim_id).where(claim_agent.c.institution.in_(sorted(kept_out)))
    return [*mine, claim.c.payee.not_in(sorted(asks.recused)), claim.c.claim_id.not_in(theirs)]


def _there(conn: Connection, case_id: bytes, _by: str) -> bool:
    """Tell whether there is a claim that a look names."""
    return conn.scalar(sa.select(claim.c.claim_id).where(claim.c.claim_id == case_id)) is not None


def _case(conn: Connection, case_id: bytes, subject: bytes) -> bool:
    """Tell whether a claim that a look names is this worker's."""
    own = claim.c
    worker_id = conn.scalar(sa.select(own.worker_id).where(own.claim_id == case_id))
    return worker_id is not None and bytes(worker_id) in merges.together(conn, [subject])


cases.kind("claim", _there, _case)
named("claim_id", _claim, problems.ClaimUnknown)
named("claims", _claim, problems.ClaimUnknown)


def who(asks: Actor | None = None) -> Who:
    """Return who asks as claims know them; whoever stands in at the window is the official they are."""
    asks = asks or actor()
    if asks.through is None:
        return Who(author(asks), frozenset(asks.roles) or filing.WORKER_ROLES)
    return Who(second_pair(asks), filing.WORKER_ROLES)


def signer(turn: Turn, action: str, chosen: Iterable[Claim]) -> Who:
    """Return the official who asks, as the register stands in this turn, whatever it was before.

    Raises `Forbidden` to whom the action is no longer open where one of the claims lies, `Recused`.
    """
    now = deciding.as_of_now(turn, actor(), house().settings.region)
    for one in chosen:
        thing = _thing(turn.conn, one)
        if not can(now, action, thing):
            raise Forbidden
        recusals.check(now, thing.parties)
    return who(now)
