"""Declare (本人陈述): what the worker says about an own experience, entered as a statement of the region.

It is recorded as said and verified by nobody; `verify` says "stated by the region". The same statement of
the same worker has one id, so that a repeated request makes no second entry.
"""

from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import types
from recordsvc.archive.append import Accepted
from recordsvc.archive.checks import Context, Severity, check
from recordsvc.archive.errors import ContentRefused, RecordErased, SchemaRefused, told
from recordsvc.archive.reading import Reader
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.statements import Region, Statement, Stater, derived_id
from recordsvc.archive.states import Life
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.strictjson import canonical

if TYPE_CHECKING:
    from recordsvc.house import House

TYPE: Final = "worker-statement"


def declare(house: "House", worker_id: bytes, said: dict[str, Any], stater: Stater) -> tuple[bytes, int]:
    """Enter a statement; its record id and log index. `said` is the body, members that are None left out.

    Raises `SchemaRefused`, `ContentRefused`, `Busy`; of what was stated before, and since was
    erased or restricted, `RecordErased` and `RecordRestricted`.
    """
    body = {member: value for member, value in said.items() if value is not None}
    _check(house, body)
    record_id = derived_id(house, TYPE.encode(), worker_id, canonical(body))
    outcome, _log = Region(house).state(worker_id, Statement(TYPE, body, stater, record_id))
    if isinstance(outcome, Accepted):
        return record_id.bytes, outcome.index
    return record_id.bytes, stands_at(house, worker_id, outcome.seq)


def stands_at(house: "House", worker_id: bytes, seq: int) -> int:
    """Return the log index of what was stated before. Raises `RecordErased`, `RecordRestricted`."""
    archive = Reader(house).archive(worker_id)
    state = None if archive is None else archive.state.of(seq)
    if state is not None and state.life is Life.RESTRICTED:
        raise RecordRestricted
    if archive is None or archive.entries[seq].opened is None:
        raise RecordErased
    return archive.entries[seq].stored.idx


def _check(house: "House", body: dict[str, Any]) -> None:
    """Judge a statement as any record of its type: schema, codes, and days in order."""
    faults = types.body_faults(TYPE, 1, body)
    if faults:
        raise SchemaRefused(errors=[told(one) for one in faults])
    today = beijing_date(house.clock.now_ms()).isoformat()
    record = {"type": TYPE, "version": 1, "body": body, "issued_on": today, "issuer": house.settings.region}
    found = [one for one in check(record, Context(today)) if one.severity is Severity.REJECT]
    if found:
        raise ContentRefused(errors=[told(one) for one in found])
