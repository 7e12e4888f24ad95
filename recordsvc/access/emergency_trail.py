"""The trail of an emergency (应急留痕): one row for every request that is made while a case is open.

Written at the entrance, for each door that is not public, before its view runs: a look, an act, a download, a
paper that is opened, a search, a page. What the case lists cannot miss a kind of trail, since none of the
rooms writes it. The row names the door and its path, which carries opaque ids and codes alone; signing in
leaves one, too. If it cannot be written, nothing is shown or done.
"""

from typing import TYPE_CHECKING, Final

from recordsvc.access import acts, officials
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.errors import LookNotWritten
from recordsvc.access.grants import Actor, Kind, Way
from recordsvc.access.officials import Official, Officials
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Random

if TYPE_CHECKING:
    from recordsvc.house import House

TAKEN: Final = "emergency:"
MOST_SUBJECT: Final = 300


def cases(found: Official | None, now_ms: int) -> list[str]:
    """Return the ids, in hex, of the cases under which an official holds a role now."""
    grants = () if found is None or found.closed_ms is not None else found.grants
    taken = [one.granted_by for one in grants if one.in_force(now_ms)]
    return sorted(one.removeprefix(TAKEN) for one in taken if one.startswith(TAKEN))


def trace(house: "House", register: Officials, who: Actor, policy: str, request: str) -> None:
    """Write that a door is entered in an emergency; durable on return. Raises `LookNotWritten`.

    `request` is method and path. At the window, the emergency of the clerk counts.
    """
    through = who.through
    clerk = through.id if through is not None and through.way is Way.WINDOW else who.id
    if who.kind is not Kind.OFFICIAL and clerk == who.id:
        return
    now_ms = house.clock.now_ms()
    found = register.registered(clerk)
    open_cases = cases(found, now_ms)
    if found is None or not open_cases:
        return
    acting = found.actor(now_ms, house.settings.region)
    try:
        for case in open_cases:
            said = OfficialAct(acting, Act.EMERGENCY_DOOR, request[:MOST_SUBJECT], policy, case)
            acts.record(house.db, house.random, said)
    except Exception as error:
        observe.log("look-not-written", error=type(error).__name__, at=observe.place(error))
        raise LookNotWritten from error


def signed_in(turn: Turn, random: Random, official_id: str, method: str, session: str, region: str) -> None:
    """Write that an official signed in while a case is open."""
    found = officials.load(turn.conn).get(official_id)
    if found is None:
        return
    acting = found.actor(turn.now_ms, region)
    for case in cases(found, turn.now_ms):
        acts.note(turn, random, OfficialAct(acting, Act.EMERGENCY_SESSION, session, method, case))
