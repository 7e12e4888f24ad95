"""Consents (授权共享): what a worker lets somebody read, for what, until when, how often; and its events.

A consent is judged at each use from its row, so that ending it holds from the next request on; the count is
a conditional update. Begin, use and end are rows of the receiver's own sequence, written under the log
head's lock with the log's size then current: their order against entries is fixed.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.errors import ConsentRefused
from recordsvc.access.tables import consent, consent_event, consent_link
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7
from recordsvc.translog.store import Log

LINK: Final = "link"
"""The receiver that is whoever holds the link."""
PURPOSES: Final = "sharing_purposes"
TEXTS: Final = "consent_texts"
FIELDS: Final = "extract_fields"
WHOLE_TEXT: Final = "share-1"
"""What a worker is told who shares records whole."""
PART_TEXT: Final = "extract-1"
"""What a worker is told who shares chosen fields."""
MAX_ATTEMPTS: Final = 10
"""Wrong one-time codes that end a consent; each wrong one makes the next wait longer."""
MAX_MS: Final = 366 * 24 * 3_600_000
"""The longest a consent runs."""
Mac = Callable[[bytes], bytes]


class Event(StrEnum):
    """What happened to a consent."""

    START = "start"
    USE = "use"
    RESTRICTED = "restricted"
    """One of its records is restricted, and others go on."""
    LIFTED = "lifted"
    """One of its records is given again."""
    END = "end"


class Ended(StrEnum):
    """Why a consent ended."""

    WORKER = "worker"
    EXPIRED = "expired"
    USED_UP = "used-up"
    CODE = "code-tried"
    RESTRICTED = "restricted"
    CLOSED = "closed"
    PARTED = "parted"
    SLIP = "slip-refused"
    ERASED = "erased"


class Try(StrEnum):
    """What became of a one-time code."""

    GOOD = "good"
    WRONG = "wrong"
    WAIT = "wait"
    OVER = "over"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A consent to be given. `records`: ids (16 bytes) of the chain; `until_ms`: first instant without it."""

    receiver: str
    records: tuple[bytes, ...]
    purpose: str
    text_code: str
    until_ms: int
    max_uses: int | None
    with_code: bool = False
    fields: tuple[str, ...] | None = None
    """Codes of `extract_fields`; None gives the records whole, as they were signed."""


@dataclass(frozen=True, slots=True)
class Given:
    """A new consent, and what is shown once: the link's secret and the code, empty where there is none."""

    consent_id: bytes
    secret: str
    code: str


@dataclass(frozen=True, slots=True)
class Consent:
    """A consent as it stands; instants are UTC ms."""

    worker_id: bytes
    consent_id: bytes
    receiver: str
    records: tuple[bytes, ...]
    purpose: str
    begun_ms: int
    until_ms: int
    max_uses: int | None
    uses: int
    used_ms: int | None
    ended_ms: int | None
    ended_by: str | None
    has_code: bool
    fields: tuple[str, ...] | None = None
    """What is given of each record; None: all of it, as it was signed."""
    given_in: str = ""
    """The session, or who stood in the worker's place."""
    proof: str | None = None
    """At the window: `pin`, `totp` or `slip:<paper's uuid>`."""

    def runs(self, now_ms: int) -> bool:
        """Whether it may be used at an instant."""
        return self.ended_ms is None and now_ms < self.until_ms


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of a receiver's sequence; it stands behind the entries below `log_size`."""

    n: int
    worker_id: bytes
    consent_id: bytes
    event: str
    why: str
    log_size: int
    at_ms: int


def give(
    turn: Turn,
    log: Log,
    random: Random,
    mac: Mac,
    worker_id: bytes,
    wanted: Wanted,
    given_in: str,
    proof: str = "",
) -> Given:
    """Begin a consent; `proof` is the worker's own at the window.

    Raises `ConsentRefused` for a purpose, text, date or choice that cannot be.
    """
    text = _checked(turn, wanted)
    consent_id = uuid7(FixedClock(turn.now_ms), random)
    secret = random.bytes(32).hex() if wanted.receiver == LINK else ""
    code = f"{int.from_bytes(random.bytes(8)) % 10**8:08d}" if wanted.with_code else ""
    turn.conn.execute(
        consent.insert().values(
            worker_id=worker_id,
            consent_id=consent_id,
            receiver=wanted.receiver,
            records=json.dumps([one.hex() for one in wanted.records]),
            fields=None if wanted.fields is None else json.dumps(wanted.fields),
            purpose=wanted.purpose,
            text_code=wanted.text_code,
            text_digest=hashlib.sha256(text.encode()).digest(),
            given_in=given_in,
            proof=proof or None,
            begun_ms=turn.now_ms,
            until_ms=wanted.until_ms,
            max_uses=wanted.max_uses,
            uses=0,
            code_digest=_code_digest(mac, consent_id, code) if code else None,
            attempts=0,
            wait_ms=0,
            salt=random.bytes(16),
        )
    )
    bound.touch(turn, consent, (worker_id, consent_id))
    if secret:
        row = {"worker_id": worker_id, "consent_id": consent_id, "digest": _digest(secret)}
        turn.conn.execute(consent_link.insert().values(row))
        bound.touch(turn, consent_link, tuple(row.values()))
    _happen(turn, log, wanted.receiver, (worker_id, consent_id), Event.START)
    return Given(consent_id, secret, code)


def _checked(turn: Turn, wanted: Wanted) -> str:
    """Return the text that is in force under the code."""
    today = beijing_date(turn.now_ms).isoformat()
    text = dated.table(TEXTS).on(today).get(wanted.text_code)
    wrong = {
        "/purpose": wanted.purpose not in dated.table(PURPOSES).on(today),
        "/text_code": text is None
        or wanted.text_code != (WHOLE_TEXT if wanted.fields is None else PART_TEXT),
        "/until_ms": not turn.now_ms < wanted.until_ms <= turn.now_ms + MAX_MS,
        "/max_uses": wanted.max_uses is not None and wanted.max_uses < 1,
        "/records": not wanted.records,
        "/fields": wanted.fields is not None and not _fields_good(wanted.fields, today),
    }
    faults = [
        {"pointer": at, "code": "value", "detail": "不能这样共享"} for at, found in wrong.items() if found
    ]
    if faults or text is None:
        raise ConsentRefused(errors=faults)
    return f"{text['zh']}\n{text['en']}"


def _fields_good(fields: tuple[str, ...], today: str) -> bool:
    return bool(fields) and set(fields) <= set(dated.table(FIELDS).on(today).by_code)


# -- using


def try_code(turn: Turn, mac: Mac, log: Log, found: Consent, code: str) -> Try:
    """Count an attempt, then compare: a correct code clears the count, too many wrong ones end the consent.

    The verdict is returned, not raised: the count must be committed.
    """
    own = (consent.c.worker_id == found.worker_id, consent.c.consent_id == found.consent_id)
    # The wait before the next attempt grows with the square of the attempts made: 0, 1, 4 ... 81 seconds.
    counted = turn.conn.execute(
        consent.update()
        .where(*own, *_running(turn), consent.c.attempts < MAX_ATTEMPTS, consent.c.wait_ms <= turn.now_ms)
        .values(
            attempts=consent.c.attempts + 1,
            wait_ms=sa.literal(turn.now_ms, sa.BigInteger) + consent.c.attempts * consent.c.attempts * 1_000,
        )
    ).rowcount
    if counted:
        bound.touch(turn, consent, (found.worker_id, found.consent_id))
    row = turn.conn.execute(sa.select(consent).where(*own)).one_or_none()
    if row is None or row.ended_ms is not None or row.until_ms <= turn.now_ms:
        return Try.OVER
    if not counted:
        return Try.WAIT
    wanted = row.code_digest or b""
    if hmac.compare_digest(bytes(wanted), _code_digest(mac, found.consent_id, code)):
        turn.conn.execute(consent.update().where(*own).values(attempts=0, wait_ms=0))
        return Try.GOOD
    if row.attempts >= MAX_ATTEMPTS:
        end(turn, log, [found.worker_id], Ended.CODE, found.consent_id)
        return Try.OVER
    return Try.WRONG


def waits(turn: Turn, found: Consent) -> int:
    """Return how many seconds the next one-time code has to wait, at least one."""
    own = (consent.c.worker_id == found.worker_id, consent.c.consent_id == found.consent_id)
    until = turn.conn.execute(sa.select(consent.c.wait_ms).where(*own)).scalar() or 0
    return max(1, -(-(until - turn.now_ms) // 1_000))


def use(turn: Turn, log: Log, found: Consent) -> bool:
    """Use a consent once; False when it has ended, expired or is used up, and nothing was written."""
    log.turn(turn)
    own = (consent.c.worker_id == found.worker_id, consent.c.consent_id == found.consent_id)
    left = sa.or_(consent.c.max_uses.is_(None), consent.c.uses < consent.c.max_uses)
    used = turn.conn.execute(
        consent.update()
        .where(*own, *_running(turn), left)
        .values(uses=consent.c.uses + 1, used_ms=turn.now_ms)
    ).rowcount
    if used != 1:
        return False
    bound.touch(turn, consent, (found.worker_id, found.consent_id))
    _happen(turn, log, found.receiver, (found.worker_id, found.consent_id), Event.USE)
    row = turn.conn.execute(sa.select(consent.c.uses, consent.c.max_uses).where(*own)).one()
    if row.uses == row.max_uses:
        end(turn, log, [found.worker_id], Ended.USED_UP, found.consent_id)
    return True


def note(turn: Turn, log: Log, found: Consent, event: Event) -> None:
    """Tell the receiver, behind the entry that this turn has entered, what became of a consent's records."""
    _happen(turn, log, found.receiver, (found.worker_id, found.consent_id), event)


# -- ending


def end(
    turn: Turn,
    log: Log,
    workers: Collection[bytes],
    why: Ended,
    consent_id: bytes | None = None,
    *,
    since_ms: int = 0,
) -> int:
    """End these workers' consents, given since an instant, still open, or the one named; how many."""
    which: list[sa.ColumnElement[bool]] = [
        consent.c.worker_id.in_(list(workers)),
        consent.c.ended_ms.is_(None),
        consent.c.begun_ms >= since_ms,
    ]
    if consent_id is not None:
        which.append(consent.c.consent_id == consent_id)
    return _end(turn, log, which, why)


def expire(turn: Turn, log: Log, limit: int = 500) -> int:
    """End consents whose time is over; how many. Uses fail from that time on whether or not this ran."""
    due = sa.select(consent.c.consent_id).where(
        consent.c.ended_ms.is_(None), consent.c.until_ms <= turn.now_ms
    )
    ids = list(turn.conn.execute(due.order_by(consent.c.until_ms).limit(limit)).scalars())
    return _end(turn, log, [consent.c.consent_id.in_(ids), consent.c.ended_ms.is_(None)], Ended.EXPIRED)


def erase(turn: Turn, log: Log, worker_id: bytes) -> None:
    """End an erased worker's consents and remove what they say; events keep opaque ids."""
    end(turn, log, [worker_id], Ended.ERASED)
    for table in (consent_link, consent):
        theirs = table.c.worker_id == worker_id
        keys = turn.conn.execute(sa.select(*bound.key_columns(table)).where(theirs)).all()
        turn.conn.execute(table.delete().where(theirs))
        bound.touch(turn, table, *keys)


def _end(turn: Turn, log: Log, which: Sequence[sa.ColumnElement[bool]], why: Ended) -> int:
    log.turn(turn)
    names = (consent.c.worker_id, consent.c.consent_id, consent.c.receiver)
    rows = turn.conn.execute(sa.select(*names).where(*which).order_by(*names[:2])).all()
    for worker_id, consent_id, receiver in rows:
        own = (consent.c.worker_id == worker_id, consent.c.consent_id == consent_id)
        turn.conn.execute(consent.update().where(*own).values(ended_ms=turn.now_ms, ended_by=str(why)))
        bound.touch(turn, consent, (worker_id, consent_id))
        _happen(turn, log, receiver, (worker_id, consent_id), Event.END, str(why))
    return len(rows)


# -- reading


def by_link(conn: Connection, secret: str) -> Consent | None:
    """Return the consent that a link's secret opens, in whatever state."""
    joined = sa.and_(
        consent.c.worker_id == consent_link.c.worker_id, consent.c.consent_id == consent_link.c.consent_id
    )
    wanted = sa.select(consent).join(consent_link, joined).where(consent_link.c.digest == _digest(secret))
    row = conn.execute(wanted).one_or_none()
    return None if row is None else _consent(row)


def of_workers(conn: Connection, workers: Collection[bytes]) -> list[Consent]:
    """Return the consents of one person's archives, the newest first."""
    wanted = sa.select(consent).where(consent.c.worker_id.in_(list(workers)))
    return [_consent(row) for row in conn.execute(wanted.order_by(consent.c.consent_id.desc()))]


def proven_by(conn: Connection, worker_id: bytes, proof: str) -> bool:
    """Tell whether a consent of this worker names this proof."""
    mine = (consent.c.worker_id == worker_id, consent.c.proof == proof)
    return conn.execute(sa.select(consent.c.consent_id).where(*mine).limit(1)).first() is not None


def of_receivers(conn: Connection, receivers: Collection[str], now_ms: int) -> list[Consent]:
    """Return the consents that run for any of these receivers, the oldest first."""
    wanted = sa.select(consent).where(
        consent.c.receiver.in_(list(receivers)), consent.c.ended_ms.is_(None), consent.c.until_ms > now_ms
    )
    return [_consent(row) for row in conn.execute(wanted.order_by(consent.c.consent_id))]


def events_of(conn: Connection, receiver: str, after: int = 0, limit: int = 500) -> list[Happened]:
    """Return a receiver's events behind number `after`, in order."""
    names = [consent_event.c[name] for name in Happened.__slots__]
    wanted = sa.select(*names).where(consent_event.c.receiver == receiver, consent_event.c.n > after)
    return [Happened(*row) for row in conn.execute(wanted.order_by(consent_event.c.n).limit(limit))]


def _running(turn: Turn) -> tuple[sa.ColumnElement[bool], ...]:
    return consent.c.ended_ms.is_(None), consent.c.until_ms > turn.now_ms


def _happen(
    turn: Turn, log: Log, receiver: str, of: tuple[bytes, bytes], event: Event, why: str = ""
) -> None:
    # Under the head's lock the size is current and the next number is nobody else's.
    size = log.turn(turn).size
    newest = sa.select(sa.func.max(consent_event.c.n)).where(consent_event.c.receiver == receiver)
    row = {
        "receiver": receiver,
        "n": (turn.conn.execute(newest).scalar() or 0) + 1,
        "worker_id": of[0],
        "consent_id": of[1],
        "event": str(event),
        "why": why,
        "log_size": size,
        "at_ms": turn.now_ms,
    }
    turn.conn.execute(consent_event.insert().values(row))
    bound.wrote(turn, consent_event, row)


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _code_digest(mac: Mac, consent_id: bytes, code: str) -> bytes:
    return mac(b"consent-code/v1" + consent_id + code.encode())


def _consent(row: Any) -> Consent:
    return Consent(
        bytes(row.worker_id),
        bytes(row.consent_id),
        row.receiver,
        tuple(bytes.fromhex(one) for one in json.loads(row.records)),
        row.purpose,
        row.begun_ms,
        row.until_ms,
        row.max_uses,
        row.uses,
        row.used_ms,
        row.ended_ms,
        row.ended_by,
        row.code_digest is not None,
        None if row.fields is None else tuple(json.loads(row.fields)),
        row.given_in,
        row.proof,
    )
