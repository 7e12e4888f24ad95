"""The records a proposal to seal, show again, erase or copy is about (待办所涉的记录): for who decides it.

Who decides sees of which record they decide and what goes along with it: type, title and days, and nothing
else that it says, since of a restricted one nobody reads more. Each showing leaves a row at its worker, for
the purpose of whoever reviews a proposal and with it as the case. Once it is decided nothing is shown.
Page, interface and command show what is found here.
"""

import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recordsvc.access import deciding
from recordsvc.access.grants import Actor
from recordsvc.archive import alike, copies, dispute_decisions, erasing, headings, looking, restricting
from recordsvc.archive.decided import worker_of
from recordsvc.archive.looking import Looker
from recordsvc.archive.proposal_papers import PURPOSE
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.states import RecordState
from recordsvc.ground import two_person
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House

KINDS: Final = frozenset(
    {
        restricting.RESTRICT,
        restricting.LIFT,
        erasing.ERASE_RECORD,
        dispute_decisions.RESTRICT,
        copies.HOLD_RECORD.kind,
    }
)


class Concerned(NamedTuple):
    """A record that a proposal is about; `along`: it tells the same as the one asked for."""

    archive: Archive
    state: RecordState
    along: bool


def shown(house: "House", found: Proposal, who: Actor, request_id: str) -> list[Concerned]:
    """Return the record of a proposal and what goes along, to who may decide; the looks come before."""
    if found.kind not in KINDS or found.state != "open" or not deciding.may_decide(found, who):
        return []
    named = [found.payload, *found.payload.get(alike.ALSO, [])]
    there = [_concerned(house, one, along=n > 0) for n, one in enumerate(named)]
    looker = Looker(who, PURPOSE, str(uuid.UUID(bytes=found.id)), request_id)
    looking.note(house, looker, sorted({worker_of(one, "worker_id") for one in named}), "records")
    return [one for one in there if one is not None]


def listed(house: "House", proposal_id: bytes, who: Actor, request_id: str) -> list[dict[str, Any]]:
    """Return what is shown of the records of a proposal: no more than its page shows.

    Raises `UnknownProposal`, and `Forbidden` for who may not decide it, and once it is closed.
    """
    with house.db.read() as conn:
        found = two_person.read(conn, proposal_id, house.clock.now_ms())
    if not deciding.may_decide(found, who):
        raise Forbidden
    return [_told(one) for one in shown(house, found, who, request_id)]


def _concerned(house: "House", named: Mapping[str, Any], *, along: bool) -> Concerned | None:
    """Return a record by its place; None where it is no more."""
    archive = Reader(house, sealed=True).archive(worker_of(named, "worker_id"))
    state = None if archive is None else archive.state.of(int(named["seq"]))
    return None if archive is None or state is None else Concerned(archive, state, along)


def _told(one: Concerned) -> dict[str, Any]:
    record, body = one.state.record or {}, one.state.body or {}
    record_type = str(record.get("type", ""))
    first, last = headings.span(body)
    return {
        "worker_id": one.archive.worker_id,
        "record_id": one.archive.entries[one.state.seq].stored.record_id,
        "type": record_type,
        "title": headings.title(record_type, body),
        "from_on": first or headings.event_day(body),
        "until_on": last,
        "entered_ms": one.state.ms,
        "life": one.state.life.value,
        "trust": one.archive.trust(one.state) or "",
        "along": one.along,
    }
