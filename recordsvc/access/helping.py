"""Acting as a helper (亲情代办): naming, taking on, beginning, ending; told to whom it concerns."""

import uuid
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from recordsvc.access import helper_relations, in_place, proving
from recordsvc.access.backoff import account, forgive
from recordsvc.access.credentials import Holder, holders, worker
from recordsvc.access.grants import Actor, Kind, Through, Way
from recordsvc.access.helper_relations import Ended, Helper, Wanted
from recordsvc.access.sessions import Sessions
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.people import merges, numbers, standing
from recordsvc.people.resolve import NAME

if TYPE_CHECKING:
    from recordsvc.house import House

LIFE_MS: Final = 8 * 3_600_000
"""How long one service of a helper lasts at most; their own session ends it before."""


def name(turn: Turn, house: "House", worker_id: bytes, wanted: Wanted) -> tuple[bytes, str]:
    """Name a helper within a turn; id and code. Raises `HelperRefused`."""
    made = helper_relations.name(turn, house.keys, house.random, worker_id, wanted, in_place.HELPERS)
    house.tell(turn, worker(worker_id), "helper-named", made[0].hex())
    return made


def accept(
    house: "House", who: Actor, known_names: Sequence[str], code: str, settle: Callable[[Turn], object]
) -> bytes:
    """Become the helper that a code was made for; the relation's id. `settle`: the own proof at the window.

    Raises `HelperUnmatched`, `HelperRefused`, `LoginPaced`, and what `settle` raises.
    """
    own = _own(who)
    paced = proving.admitted(house, account(house.keys, Kind.WORKER, f"helper/{who.id}"))

    def act(turn: Turn) -> bytes:
        settle(turn)
        found = helper_relations.accept(turn, house.keys, own, known_names, code)
        forgive(turn, paced)
        house.tell(turn, _person(turn, found.worker_id), "helper-accepted", f"{found.helper_id.hex()}/1")
        return found.helper_id

    return house.db.write(act)


def end_as_worker(house: "House", workers: Sequence[bytes], helper_id: bytes) -> bool:
    """End a helper of these archives; tells whether one ended. Raises `NotFound` for another's."""
    return house.db.write(lambda turn: _end(turn, house, helper_id, Ended.WORKER, workers))


def end_as_helper(house: "House", who: Actor, helper_id: bytes) -> bool:
    """Help no more; tells whether something ended. Raises `NotFound` for another's."""
    return house.db.write(lambda turn: _end(turn, house, helper_id, Ended.HELPER, [_own(who)]))


def begin(house: "House", sessions: Sessions, who: Actor, helper_id: bytes) -> tuple[Helper, bytes]:
    """Begin to act in the worker's place; the relation and the service's id.

    Raises `NotFound` where nothing runs.
    """
    own = _own(who)
    if who.through is not None:
        raise NotFound

    def act(turn: Turn) -> tuple[Helper, bytes]:
        found = helper_relations.running(turn.conn, str(uuid.UUID(bytes=helper_id)), who.id, turn.now_ms)
        if found is None:
            raise NotFound
        person = _person(turn, found.worker_id)
        case = str(uuid.UUID(bytes=helper_id))
        through = Through(Way.HELPER, str(uuid.UUID(bytes=own)), found.purpose, case)
        ends_ms = min(found.until_ms, turn.now_ms + LIFE_MS)
        through = sessions.serve(turn, who, person.worker_id, through, ends_ms)
        in_place.begin(turn, person.worker_id, through, ends_ms)
        house.tell(turn, person, "helper-opened", through.service.hex())
        return found, through.service

    return house.db.write(act)


def names_of(house: "House", worker_id: bytes) -> list[str]:
    """Return the names under which a person is known, the present one last.

    None after an erasure, and none while the person is restricted: what is restricted is stored and not used
    (个人信息保护法第四十七条), so the other side's trace says that and when somebody acted, and not who.
    """
    with house.db.read() as conn:
        person = merges.person_id(conn, worker_id)
        cursor = house.db.cursor(conn)
        worker = house.people.load(cursor, person)
        if worker is None or worker.state == standing.RESTRICTED:
            return []
        found = numbers.known(house, cursor, person)
    return [one.value for one in found if one.kind == NAME]


def is_restricted(house: "House", worker_id: bytes) -> bool:
    """Tell whether a person, helper or helped, is restricted now, so that no name of theirs is used."""
    with house.db.read() as conn:
        worker = house.people.load(house.db.cursor(conn), merges.person_id(conn, worker_id))
    return worker is not None and worker.state == standing.RESTRICTED


def _end(turn: Turn, house: "House", helper_id: bytes, why: Ended, of: Sequence[bytes]) -> bool:
    found = helper_relations.one(turn.conn, helper_id)
    if found is None:
        raise NotFound
    side = found.worker_id if why is Ended.WORKER else found.by_worker
    mine = {one.worker_id for own in of for one in holders(turn.conn, worker(own))}
    if side is None or side not in mine:
        raise NotFound
    if not helper_relations.end(turn, helper_id, why):
        return False
    house.tell(turn, _person(turn, found.worker_id), "helper-ended", f"{helper_id.hex()}/0")
    if found.by_worker is not None:
        house.tell(turn, _person(turn, found.by_worker), "helping-ended", f"{helper_id.hex()}/2")
    return True


def _person(turn: Turn, worker_id: bytes) -> Holder:
    return worker(merges.person_id(turn.conn, worker_id))


def _own(who: Actor) -> bytes:
    """Return whose affair it is: the worker's, also where they stand at the window. Raises `NotFound`."""
    if who.worker_id is None or (who.through is not None and who.through.way is not Way.WINDOW):
        raise NotFound
    return who.worker_id
