"""Who stands in a worker's place, for the banner of every page (代办提示)."""

import uuid
from dataclasses import dataclass

from recordsvc.access.grants import Actor, Through, Way
from recordsvc.access.services import access
from recordsvc.archive import number_views
from recordsvc.archive.helper_routes import is_restricted, names_of
from recordsvc.archive.services import house
from recordsvc.people import numbers

HELPER = "亲友代办人"
RESTRICTED = "已限制处理，姓名不显示"
"""Stands where the name of a restricted person would."""


@dataclass(frozen=True, slots=True)
class StandIn:
    """For whom (name and the last four of a number), by whom, for which case."""

    person: str
    by: str
    case_ref: str
    window: bool


def stand_in(who: Actor) -> StandIn | None:
    """Return what the banner says; None where nobody stands in."""
    if who.through is None or who.worker_id is None:
        return None
    with house().db.read_raw() as cursor:
        told = number_views.told(house(), numbers.known(house(), cursor, who.worker_id), number_views.masked)
    names, numbers_ = [one["value"] for one in told["names"]], [one["value"] for one in told["numbers"]]
    tail = f"（证件尾号 {numbers_[-1][-4:]}）" if numbers_ and who.through.way is Way.WINDOW else ""
    return _banner(who.through, f"{names[-1] if names else '姓名未登记'}{tail}", _by(who.through))


def stand_in_briefly(who: Actor) -> StandIn | None:
    """Return it without asking the database, which may be what failed."""
    if who.through is None:
        return None
    return _banner(who.through, "劳动者本人", who.through.id if who.through.way is Way.WINDOW else HELPER)


def helper_name(by_id: str) -> str:
    """Return how a helper (worker's id as text) is named: by their part, once restricted or erased."""
    worker_id = uuid.UUID(by_id).bytes
    known = names_of(worker_id)
    if known:
        return known[-1]
    return f"{HELPER}（{RESTRICTED}）" if is_restricted(worker_id) else HELPER


def _by(through: Through) -> str:
    if through.way is Way.HELPER:
        return helper_name(through.id)
    official = access().officials.find(through.id)
    return through.id if official is None else official.name


def _banner(through: Through, person: str, by: str) -> StandIn:
    return StandIn(person, by, through.case_ref, through.way is Way.WINDOW)
