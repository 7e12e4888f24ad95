"""Opening what a worker shares (按授权查阅): an extract or the bundle, counted and noted before it leaves.

Chosen fields leave as the region's signed extract (extracts.py). Whole records leave as they were signed,
with what corrects, revokes or restores them: without it a record would say more than is true.
"""

import uuid
from collections.abc import Callable, Iterable, Sequence
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.engine import Connection

from recordsvc.access import consents, looked
from recordsvc.access.consents import Consent, Happened, Try
from recordsvc.access.errors import AccessEnded, CodePaced, CodeWanted
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.archive import bundle, extracts, formats, notices
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.status import is_restriction
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

Answer = TypeVar("Answer")
_IDENTITY: Final = frozenset({"name", "number", "number-tail"})
ACTS: Final = frozenset({formats.Kind.CORRECT, formats.Kind.REVOKE, formats.Kind.RESTORE})


def receivers_of(who: Actor) -> list[str]:
    """Return as whom somebody receives: a client as itself, too; who acts for an institution, for that."""
    named = [f"client:{who.id}"] if who.kind is Kind.CLIENT else []
    return named if who.institution is None else [*named, f"institution:{who.institution}"]


def events(
    conn: Connection, receivers: Sequence[str], after: Sequence[int], limit: int
) -> tuple[list[tuple[str, Happened]], list[int]]:
    """Return up to `limit` events behind each receiver's number, and the numbers to go on from.

    Sequences are merged by the log's size, under whose lock all were written: each keeps its order.
    """
    found = [
        [(one, event) for event in consents.events_of(conn, one, number, limit)]
        for one, number in zip(receivers, after, strict=True)
    ]
    told = list(islice(merge(*found, key=lambda one: (one[1].log_size, one[1].at_ms)), limit))
    reached = dict(zip(receivers, after, strict=True)) | {receiver: event.n for receiver, event in told}
    return told, [reached[one] for one in receivers]


def open_shared(
    house: "House",
    found: Consent,
    who: Actor,
    code: str,
    request_id: str,
    told: Callable[[bytes], Answer],
) -> Answer:
    """Use a consent once and return what `told` makes of the extract or bundle (JSON).

    Use, event, row of who looked and notice are durable in one commit before it is returned; where it cannot
    be made or told nothing was used.
    Raises `CodeWanted`, `CodePaced`, `AccessEnded`, `RegionKeyNotInForce`.
    """
    if found.has_code:
        _judge_code(house, found, code)
    answer = told(_made(house, found))
    if not house.db.write(lambda turn: use_in(turn, house, found, who, groups(found), request_id)):
        raise AccessEnded
    return answer


def use_in(turn: Turn, house: "House", found: Consent, who: Actor, shown: str, request_id: str) -> bool:
    """Use a consent once: use, event, row of who looked and notice; False when it ended.

    `shown`: the groups of data that leave.
    """
    if not consents.use(turn, house.log, found):
        return False
    case = looked.BY_CONSENT + str(uuid.UUID(bytes=found.consent_id))
    looked.note(turn, house, Look(found.worker_id, who, found.purpose, shown, case, request_id))
    # One notice a day for a consent: a busy employer does not flood its workers.
    day = beijing_date(turn.now_ms).isoformat()
    key = f"{found.consent_id.hex()}/{day}"
    if who.institution is not None:
        notices.consent_used(turn, house, found.worker_id, who.institution, key)
    else:
        notices.tell_worker(turn, house, found.worker_id, "consent-opened", {}, key)
    return True


def expire(house: "House") -> int:
    """End what is over by its date; how many."""
    return int(house.db.write(lambda turn: consents.expire(turn, house.log)))


def disclosed(archive: Archive, chosen: Iterable[bytes]) -> set[bytes]:
    """Return the ids of the chosen records and of what corrects, revokes, restores or restricts them."""
    ids, seqs = set(chosen), set[int]()
    for entry in archive.entries:
        stored = entry.stored
        follows = stored.target in seqs and (entry.kind in ACTS or is_restriction(entry.record))
        if stored.record_id is not None and (stored.record_id in ids or follows):
            ids.add(stored.record_id)
            seqs.add(stored.seq)
    return ids


def groups(found: Consent) -> str:
    """Return the groups of data that an opening shows, as a row of who looked names them."""
    return "records" if found.fields is not None and not _IDENTITY & set(found.fields) else "identity records"


def file_name(found: Consent) -> str:
    """Return what the file is called that an opening gives; it tells nothing of the person."""
    return bundle.file_name(found.worker_id) if found.fields is None else extracts.file_name(found)


def _judge_code(house: "House", found: Consent, code: str) -> None:
    def judge(turn: Turn) -> tuple[Try, int]:
        verdict = consents.try_code(turn, lambda data: house.keys.hmac("login", data), house.log, found, code)
        return verdict, consents.waits(turn, found) if verdict is Try.WAIT else 0

    verdict, seconds = house.db.write(judge)
    if verdict is Try.OVER:
        raise AccessEnded
    if verdict is Try.WAIT:
        raise CodePaced(
            f"请在 {seconds} 秒后再试。",
            detail_en=f"Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
    if verdict is not Try.GOOD:
        raise CodeWanted


def _made(house: "House", found: Consent) -> bytes:
    if not found.runs(house.clock.now_ms()):
        raise AccessEnded
    made: bytes | None = None
    try:
        if found.fields is not None:
            made = extracts.make(house, found, found.fields)
        else:
            archive = Reader(house).archive(found.worker_id)
            if archive is not None:
                made = bundle.make(house, found.worker_id, disclosed(archive, found.records))
    except ArchiveRestricted:
        raise AccessEnded from None
    if not made:
        raise AccessEnded
    return made
