"""Who stands in a worker's place, for the banner of every page (代办提示)."""

from dataclasses import dataclass

from recordsvc.access.grants import Actor
from recordsvc.access.services import access
from recordsvc.archive import number_views
from recordsvc.archive.services import house
from recordsvc.people import numbers


@dataclass(frozen=True, slots=True)
class StandIn:
    """For whom (name and the last four of a number), by whom, for which case."""

    person: str
    by: str
    case_ref: str


def stand_in(who: Actor) -> StandIn | None:
    """Return what the banner says; None where nobody stands in."""
    if who.through is None or who.worker_id is None:
        return None
    with house().db.read_raw() as cursor:
        told = number_views.told(house(), numbers.known(house(), cursor, who.worker_id), number_views.masked)
    names, numbers_ = [one["value"] for one in told["names"]], [one["value"] for one in told["numbers"]]
    tail = f"（证件尾号 {numbers_[-1][-4:]}）" if numbers_ else ""
    official = access().officials.find(who.through.id)
    return StandIn(
        f"{names[-1] if names else '姓名未登记'}{tail}",
        who.through.id if official is None else official.name,
        who.through.case_ref,
    )


def stand_in_briefly(who: Actor) -> StandIn | None:
    """Return it without asking the database, which may be what failed."""
    return None if who.through is None else StandIn("劳动者本人", who.through.id, who.through.case_ref)
