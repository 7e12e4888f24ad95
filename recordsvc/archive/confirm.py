"""Confirm and contest (确认、异议): the worker's word on a record, entered as a statement of the region.

Until classes exist, a training record that no dated rule exempts counts only once the worker confirmed it.
Confirming again makes no second entry, nor does contesting while nothing was done about it, save for the
wish that the record be restricted; contesting after confirming, or the reverse, is a new word and the newest
stands.

A word says what it was said of: the worker names the newest entry they were shown on the record, and what
was entered since refuses it. The chain the word was judged on must still stand under the writer's lock.
"""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import contest_again, persons
from recordsvc.archive.append import OWN_CHAIN, STALE, Accepted, Batch
from recordsvc.archive.errors import Busy, ChangedSinceSeen, TargetUnfit, TargetUnknown
from recordsvc.archive.formats import Kind
from recordsvc.archive.persons import PersonArchives
from recordsvc.archive.reading import Archive
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.statements import Region, Statement, Stater, derived_id
from recordsvc.archive.states import Entry
from recordsvc.archive.status import Confirmation, Life, RecordState

if TYPE_CHECKING:
    from recordsvc.house import House

_TRIES: Final = 6
"""How often a word is judged anew because something else entered the chain meanwhile."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A record as the worker was shown it.

    `seen` is the log index of the newest entry that acted on it, or its own, as `views.described` tells it;
    `issuer` (USCC) is needed only where records of several issuers bear the id.
    """

    record_id: bytes
    seen: int
    issuer: str | None = None


def confirm(house: "House", worker_id: bytes, shown: Shown, channel: str, stater: Stater) -> int:
    """Confirm a record; the log index of the entry.

    Raises `TargetUnknown`, `TargetUnfit`, `RecordRestricted`, `RecordAmbiguous`, `ChangedSinceSeen`, `Busy`.
    """
    body = {"channel": channel, "confirms": str(uuid.UUID(bytes=shown.record_id))}
    return _say(house, worker_id, shown, "confirmation", body, stater)


def contest(
    house: "House",
    worker_id: bytes,
    shown: Shown,
    channel: str,
    stater: Stater,
    reason: str,
    text: str = "",
) -> int:
    """Contest a record; the log index of the entry.

    Raises what `confirm` raises, and `NothingNew`, `ContestsUsedUp` after a rejection.
    """
    body = {"channel": channel, "contests": str(uuid.UUID(bytes=shown.record_id)), "reason": reason}
    if text:
        body["text"] = text
    return _say(house, worker_id, shown, "contest", body, stater)


def as_it_stands(archive: Archive, record_id: bytes, issuer: str | None = None) -> Shown:
    """Return a record as a fresh archive shows it. Raises `TargetUnknown`, `RecordAmbiguous`."""
    return Shown(record_id, archive.seen(_state(archive, record_id, issuer)), issuer)


_WORDS: Final = {"confirmation": Confirmation.CONFIRMED, "contest": Confirmation.CONTESTED}


def _say(
    house: "House", worker_id: bytes, shown: Shown, type_name: str, body: dict[str, Any], stater: Stater
) -> int:
    region = Region(house)
    for _try in range(_TRIES):
        with house.db.read_raw() as cursor:
            archive, state = _place(persons.read(house, worker_id, cursor), shown)
            worker = house.people.load(cursor, archive.worker_id)
            if worker is None:
                raise TargetUnknown
            wish = contest_again.asks_the_region(body, house.clock.now_ms())
            standing = _standing(archive, state, shown, _WORDS[type_name], wish=wish)
            if standing is not None:
                return standing
            if type_name == "contest":
                contest_again.check(house, worker_id, archive, state, str(body.get("text", "")))
            act = _act_id(house, archive, state, type_name)
            said = Statement(type_name, body, stater, act, state.seq, states=OWN_CHAIN)
            prepared = region.prepare(cursor, worker, said)
            prepared.chain_size = len(archive.entries)
        outcome, _log = house.admission.append(Batch([prepared]))
        if outcome is not STALE and isinstance(outcome[0], Accepted):
            return outcome[0].index
    raise Busy


def _place(person: PersonArchives | None, shown: Shown) -> tuple[Archive, RecordState]:
    found = None if person is None else person.find(shown.record_id, shown.issuer)
    if found is None or found.state is None:
        raise TargetUnknown
    return found.archive, found.state


def _state(archive: Archive, record_id: bytes, issuer: str | None) -> RecordState:
    found = archive.by_record_id(record_id, issuer)
    if found is None or found[1] is None:
        raise TargetUnknown
    return found[1]


def _standing(
    archive: Archive, state: RecordState, shown: Shown, word: Confirmation, *, wish: bool
) -> int | None:
    """Return the log index of the same word if it stands; judge whether a new one may be entered.

    `wish`: it asks that the record be restricted, which an objection that stands may not have asked.
    """
    if state.life is Life.RESTRICTED:
        raise RecordRestricted
    if state.life is not Life.ACTIVE:
        raise TargetUnfit
    same = state.confirmation is word and not state.corrected_since_said
    if same and state.said is not None:
        # Whatever was done about an objection, it may be raised anew: a correction taken back, a revoked
        # record put back in force, or a decision leave the content that the worker objected to.
        settled = word is Confirmation.CONTESTED and state.acted_since_said
        if not settled and not (wish and not _wished(state.said)):
            return archive.entries[state.said.seq].stored.idx
    if shown.seen != archive.seen(state):
        raise ChangedSinceSeen
    return None


def _wished(said: Entry) -> bool:
    """Tell whether the worker's newest word asks already that the record be restricted."""
    return said.record is not None and contest_again.asks_the_region(said.record["body"], said.ms)


def _act_id(house: "House", archive: Archive, state: RecordState, type_name: str) -> uuid.UUID:
    """One id per word, record and number of words before it: the same click twice makes one entry."""
    spoken = sum(1 for one in state.history if one.kind is Kind.NOTE)
    place = state.seq.to_bytes(4)
    return derived_id(house, type_name.encode(), archive.worker_id, place, spoken.to_bytes(4))
