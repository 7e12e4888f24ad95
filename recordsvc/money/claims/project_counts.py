"""Counting the heads of projects again (重新计数): each claim for a head is decided on how many there are.

A sheet is filed line by line, and the first lines were decided while few heads had come: once it is whole,
what waits and is not granted is decided anew.
"""

import functools
from typing import TYPE_CHECKING, Final

from recordsvc.ground.commit import Turn
from recordsvc.money.claims import projects, steps
from recordsvc.money.claims.project_tables import training_project
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import BY_ITSELF, decision_of, find

if TYPE_CHECKING:
    from recordsvc.house import House

_WAITS: Final = ("CHECKED", "NEED_INFO")
_LATER: Final = "同班名单有变动，重新审核"


def count_again(house: "House", institution: str) -> None:
    """Decide anew what waits of an institution's projects and is not granted: more heads may have come."""
    own = training_project.c
    with house.db.read() as conn:
        theirs = projects.projects(conn, own.institution == institution)
        classes = {one.course: one for one in theirs}
        waits = [
            one
            for found in classes.values()
            for one in projects.claims(conn, found, claim_state.c.state.in_(_WAITS))
            if (made := decision_of(conn, one)) is not None and made.verdict != "GRANT"
        ]
    for one in waits:
        house.db.write(functools.partial(_again, house=house, claim_id=one.claim_id))


def _again(turn: Turn, house: "House", claim_id: bytes) -> None:
    one = find(turn.conn, claim_id)
    if one.state in _WAITS:
        back = steps.step(turn, house, one, "supplement", BY_ITSELF, _LATER).claim
        steps.check(turn, house, back)
