"""Confirm and contest (确认、异议): the worker's word on a record, entered as a statement of the region.

Until classes exist, a training record that no dated rule exempts counts only once the worker confirmed it.
Confirming again makes no second entry; contesting after confirming, or the reverse, is a new word and the
newest stands.
"""

import uuid
from typing import TYPE_CHECKING

from recordsvc.archive.append import Accepted, Known
from recordsvc.archive.errors import TargetUnfit, TargetUnknown
from recordsvc.archive.formats import Kind
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.statements import Region, Stater, derived_id
from recordsvc.archive.status import Confirmation, Life

if TYPE_CHECKING:
    from recordsvc.house import House


def confirm(house: "House", worker_id: bytes, record_id: bytes, channel: str, stater: Stater) -> int:
    """Confirm a record; the log index of the entry. Raises `TargetUnknown`, `TargetUnfit`, `Busy`."""
    body = {"channel": channel, "confirms": str(uuid.UUID(bytes=record_id))}
    return _say(house, worker_id, record_id, "confirmation", body, stater)


def contest(
    house: "House",
    worker_id: bytes,
    record_id: bytes,
    channel: str,
    stater: Stater,
    reason: str,
    text: str = "",
) -> int:
    """Contest a record; the log index of the entry. Raises `TargetUnknown`, `TargetUnfit`, `Busy`."""
    body = {"channel": channel, "contests": str(uuid.UUID(bytes=record_id)), "reason": reason}
    if text:
        body["text"] = text
    return _say(house, worker_id, record_id, "contest", body, stater)


def _say(
    house: "House", worker_id: bytes, record_id: bytes, type_name: str, body: dict[str, str], stater: Stater
) -> int:
    archive = Reader(house).archive(worker_id)
    found = archive.by_record_id(record_id) if archive is not None else None
    if archive is None or found is None or found[1] is None:
        raise TargetUnknown
    state = found[1]
    if state.life is not Life.ACTIVE:
        raise TargetUnfit
    word = {"confirmation": Confirmation.CONFIRMED, "contest": Confirmation.CONTESTED}[type_name]
    if state.confirmation is word and state.said is not None and not state.corrected_since_said:
        return _index(archive, state.said.seq)
    # One entry per word, record and number of words before it: the same click twice makes one entry.
    spoken = sum(1 for one in state.history if one.kind is Kind.NOTE)
    act = derived_id(house, type_name.encode(), worker_id, record_id, spoken.to_bytes(4))
    outcome, _log = Region(house).state(worker_id, type_name, body, stater, state.seq, act)
    return outcome.index if isinstance(outcome, Accepted) else _known_index(house, worker_id, outcome)


def _known_index(house: "House", worker_id: bytes, known: Known) -> int:
    archive = Reader(house).archive(worker_id)
    if archive is None:
        raise TargetUnknown
    return _index(archive, known.seq)


def _index(archive: Archive, seq: int) -> int:
    return archive.entries[seq].stored.idx
