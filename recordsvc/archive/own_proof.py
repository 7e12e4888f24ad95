"""The worker's own proof at the window (本人验证): what a clerk cannot do in the worker's place alone.

Consent, naming a helper or becoming one, and what says where money goes need what only the worker has: PIN
and a printed code, or a time-based code, typed into fields of their own at the clerk's machine. A slip that
the worker signed, filed as a paper in this service, does for consents and helpers, which end if it differs
(`slip_checks.py`); it does not where money moves, since what was paid does not end. Attempts wait as those of
signing in do (`access/backoff.py`), and are counted together with them. What it was stands beside what was
agreed, and beside the act.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.access import (
    backoff,
    codes,
    consents,
    credentials,
    helper_relations,
    in_place,
    names,
    proving,
)
from recordsvc.access.credentials import PASSWORD, PIN, Holder
from recordsvc.access.grants import Actor, Kind, author
from recordsvc.access.in_place_errors import OwnProofTyped, OwnProofWanted
from recordsvc.access.proving import Claim
from recordsvc.access.tables import service
from recordsvc.archive import slip_checks
from recordsvc.ground.commit import Turn

if TYPE_CHECKING:
    from recordsvc.house import House

SLIP: Final = "signed-slip"
"""Kind of the paper (`paper_kinds`)."""
FIELDS: Final = ("own_pin", "own_code", "own_totp", "slip")
Settle = Callable[[Turn], str]
"""Settles the proof in the turn of what it is for; what it was: `pin`, `totp`, `slip:<uuid>`, or nothing
where the worker acts alone. Raises `OwnProofWanted`."""


def wanted(
    house: "House",
    who: Actor,
    form: Mapping[str, Any],
    lacking: type[OwnProofWanted] = OwnProofWanted,
) -> Settle:
    """Return how the proof in a form (`FIELDS`) is settled.

    Raises `lacking`, as `Settle`, and `LoginPaced`.
    """
    if who.through is None or who.worker_id is None:
        return lambda _turn: ""
    if form["slip"] is not None:
        return _slip(house, who, bytes(form["slip"]))
    if not (form["own_pin"] or form["own_code"] or form["own_totp"]):
        raise lacking
    own = who.worker_id
    with house.db.read() as conn:
        account = names.of(house, conn, own) or who.id
    paced = proving.admitted(house, backoff.account(house.keys, Kind.WORKER, codes.normal(account)))
    if form["own_totp"]:
        kind, claim = "totp", proving.by_totp(house, _holder(house, own, PASSWORD), form["own_totp"])
    else:
        kind, claim = "pin", _by_pin(house, own, form)

    def settle(turn: Turn) -> str:
        if claim.holder is None or not claim.settle(turn):
            raise lacking
        backoff.forgive(turn, paced)
        in_place.proven(turn, who, kind)
        return kind

    return settle


def typed(house: "House", who: Actor, form: Mapping[str, Any]) -> Settle:
    """Return how a proof is settled that the worker types; no slip does.

    Raises `OwnProofTyped`, as `Settle`, and `LoginPaced`.
    """
    return wanted(house, who, {**form, "slip": None}, OwnProofTyped)


def _by_pin(house: "House", own: bytes, form: Mapping[str, Any]) -> Claim:
    return proving.by_pin(house, _holder(house, own, PIN), form["own_pin"], form["own_code"])


def _holder(house: "House", own: bytes, kind: str) -> Holder | None:
    """Return under which of a person's archives this way in stands."""
    with house.db.read() as conn:
        person = credentials.holders(conn, credentials.worker(own))
        return next((one for one in person if credentials.of(conn, one, kind)), None)


def _slip(house: "House", who: Actor, paper_id: bytes) -> Settle:
    through, own = who.through, who.worker_id
    if through is None or own is None:
        raise OwnProofWanted
    paper = next((one for one in house.papers.of(own) if one.paper_id == paper_id), None)
    if paper is None or paper.kind != SLIP or paper.filed_by != author(who):
        raise OwnProofWanted
    filed_ms, named = paper.filed_ms, slip_checks.proof_of(paper_id)

    def settle(turn: Turn) -> str:
        mine = (service.c.worker_id == own, service.c.service_id == through.service)
        begun = turn.conn.scalar(sa.select(service.c.begun_ms).where(*mine))
        # One signature, one thing that was signed for.
        used = consents.proven_by(turn.conn, own, named) or helper_relations.proven_by(turn.conn, own, named)
        if begun is None or filed_ms < begun or used:
            raise OwnProofWanted
        slip_checks.begin(turn, house, who, own, paper_id)
        in_place.proven(turn, who, named)
        return named

    return settle
