"""Helpers (亲情代办): a worker names another, who accepts; either ends it, and the next request knows.

    named (code, name) ──> accepted by whoever has the code and bears the name ──> ended by either, by the
                           date, by erasure, restriction or closure of either archive

The worker says the helper's name and gets a code to hand over: nobody is looked for by name, and a code that
was passed on lets in nobody of another name. What may be done is chosen from `in_place.HELPERS`. Numbers of
people and days are dated data (`helper_limits`). After a merge both sides are whoever they are read as.
"""

import hmac
import unicodedata
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import codes, credentials
from recordsvc.access.in_place_errors import HelperRefused, HelperUnmatched
from recordsvc.access.looked import HELPER_PURPOSES
from recordsvc.access.tables import helper
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7
from recordsvc.people import merges
from recordsvc.people import tables as people_tables
from recordsvc.vault.keystore import KeyStore

LIMITS: Final = "helper_limits"
DAY_MS: Final = 24 * 3_600_000
_LETTERS: Final = 12
"""60 bits, as the one-time codes of officials."""


class Ended(StrEnum):
    """Why somebody helps no more."""

    WORKER = "worker"
    HELPER = "helper"
    RESTRICTED = "restricted"
    CLOSED = "closed"
    PARTED = "parted"
    SLIP = "slip-refused"


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom a worker names: full name, verbs (policies), purpose, first instant (UTC ms) without it."""

    name: str
    verbs: tuple[str, ...]
    purpose: str
    until_ms: int
    named_in: str
    proof: str = ""


@dataclass(frozen=True, slots=True)
class Helper:
    """One relation as it stands; instants are UTC ms. `by_worker` is None until somebody accepted."""

    worker_id: bytes
    helper_id: bytes
    by_worker: bytes | None
    verbs: str
    purpose: str
    until_ms: int
    named_ms: int
    named_in: str
    proof: str | None
    accepted_ms: int | None
    ended_ms: int | None
    ended_by: str | None

    def runs(self, now_ms: int) -> bool:
        """Whether the helper may act at an instant."""
        return self.accepted_ms is not None and self.stands(now_ms)

    def stands(self, now_ms: int) -> bool:
        """Whether it has neither ended nor run out, accepted or not."""
        return self.ended_ms is None and now_ms < self.until_ms


def limit(code: str, now_ms: int) -> int:
    """Return a limit by the rule of its day: `persons`, `helpers`, `days`, `code-days`."""
    return int(dated.rule(LIMITS, code, beijing_date(now_ms).isoformat())["value"])


def name(
    turn: Turn, keys: KeyStore, random: Random, worker_id: bytes, wanted: Wanted, open_verbs: Collection[str]
) -> tuple[bytes, str]:
    """Name a helper; id and the code that is told once. Raises `HelperRefused`."""
    _lock(turn, worker_id)
    today = beijing_date(turn.now_ms).isoformat()
    longest = turn.now_ms + limit("days", turn.now_ms) * DAY_MS
    standing = [one for one in of_workers(turn.conn, [worker_id]) if one.stands(turn.now_ms)]
    wrong = {
        "/name": not plain(wanted.name),
        "/verbs": not wanted.verbs or not set(wanted.verbs) <= set(open_verbs),
        "/purpose": wanted.purpose not in dated.table(HELPER_PURPOSES).on(today),
        "/until_ms": not turn.now_ms < wanted.until_ms <= longest,
        "": len(standing) >= limit("helpers", turn.now_ms),
    }
    if any(wrong.values()):
        raise _refused(*(at for at, found in wrong.items() if found))
    helper_id = uuid7(FixedClock(turn.now_ms), random)
    code = codes.letters(random, _LETTERS)
    row = {
        "worker_id": worker_id,
        "helper_id": helper_id,
        "name_digest": _digest(keys, "name", plain(wanted.name)),
        "code_digest": _digest(keys, "code", codes.normal(code)),
        "verbs": " ".join(sorted(set(wanted.verbs))),
        "purpose": wanted.purpose,
        "until_ms": wanted.until_ms,
        "named_ms": turn.now_ms,
        "named_in": wanted.named_in,
        "proof": wanted.proof or None,
    }
    turn.conn.execute(helper.insert().values(**row))
    return helper_id, code


def accept(turn: Turn, keys: KeyStore, by_worker: bytes, known_names: Sequence[str], code: str) -> Helper:
    """Take on what a code was made for. Raises `HelperUnmatched`, or `HelperRefused` for too many people.

    `known_names`: under which whoever accepts is known here.
    """
    _lock(turn, by_worker)
    own, oldest = helper.c, turn.now_ms - limit("code-days", turn.now_ms) * DAY_MS
    made = (own.code_digest == _digest(keys, "code", codes.normal(code)), own.named_ms > oldest)
    row = turn.conn.execute(_all().where(*made, own.by_worker.is_(None)).with_for_update()).one_or_none()
    which = own.helper_id == (b"" if row is None else row.helper_id)
    digest = turn.conn.scalar(sa.select(own.name_digest).where(which))
    digests = [_digest(keys, "name", plain(one)) for one in known_names]
    if row is None or not any(hmac.compare_digest(bytes(digest or b""), one) for one in digests):
        raise HelperUnmatched
    found, mine = Helper(*row), _archives(turn.conn, by_worker)
    if not found.stands(turn.now_ms) or merges.person_id(turn.conn, found.worker_id) in mine:
        raise HelperUnmatched
    helped = {one.worker_id for one in helping(turn.conn, by_worker) if one.runs(turn.now_ms)}
    if len(helped | {found.worker_id}) > limit("persons", turn.now_ms):
        raise _refused("")
    turn.conn.execute(
        helper.update()
        .where(own.worker_id == found.worker_id, own.helper_id == found.helper_id)
        .values(by_worker=by_worker, accepted_ms=turn.now_ms)
    )
    return found


def end(turn: Turn, helper_id: bytes, why: Ended) -> bool:
    """End one relation that stands, or was never accepted; tells whether one ended."""
    which = (helper.c.helper_id == helper_id, helper.c.ended_ms.is_(None))
    ending = helper.update().where(*which).values(ended_ms=turn.now_ms, ended_by=why)
    return turn.conn.execute(ending).rowcount == 1


def end_all(turn: Turn, workers: Collection[bytes], why: Ended, *, since_ms: int = 0) -> int:
    """End every relation of these workers that they named or accepted since an instant; how many."""
    either = sa.or_(
        sa.and_(helper.c.worker_id.in_(list(workers)), helper.c.named_ms >= since_ms),
        sa.and_(helper.c.by_worker.in_(list(workers)), helper.c.accepted_ms >= since_ms),
    )
    ending = helper.update().where(either, helper.c.ended_ms.is_(None))
    return turn.conn.execute(ending.values(ended_ms=turn.now_ms, ended_by=why)).rowcount


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove the relations of an erased worker, on either side."""
    either = sa.or_(helper.c.worker_id == worker_id, helper.c.by_worker == worker_id)
    turn.conn.execute(helper.delete().where(either))


def running(conn: Connection, helper_id: str, by_id: str, now_ms: int) -> Helper | None:
    """Return the relation, ids as text, by which somebody may act now; None: not (any more)."""
    found = one(conn, uuid.UUID(helper_id).bytes)
    if found is None or found.by_worker is None or not found.runs(now_ms):
        return None
    person, by = merges.person_id(conn, found.worker_id), merges.person_id(conn, found.by_worker)
    return found if person != by and by == uuid.UUID(by_id).bytes else None


def one(conn: Connection, helper_id: bytes) -> Helper | None:
    """Return a relation by its id."""
    row = conn.execute(_all().where(helper.c.helper_id == helper_id)).one_or_none()
    return None if row is None else Helper(*row)


def of_workers(conn: Connection, workers: Collection[bytes]) -> list[Helper]:
    """Return whom these workers (one person's archives) named, the newest first."""
    wanted = _all().where(helper.c.worker_id.in_(list(workers)))
    return [Helper(*row) for row in conn.execute(wanted.order_by(helper.c.helper_id.desc()))]


def helping(conn: Connection, by_worker: bytes) -> list[Helper]:
    """Return whom a person helps or helped, under any of their archives, the newest first."""
    wanted = _all().where(helper.c.by_worker.in_(sorted(_archives(conn, by_worker))))
    return [Helper(*row) for row in conn.execute(wanted.order_by(helper.c.helper_id.desc()))]


def proven_by(conn: Connection, worker_id: bytes, proof: str) -> bool:
    """Tell whether a helper of this worker was named with this proof."""
    mine = (helper.c.worker_id == worker_id, helper.c.proof == proof)
    return conn.execute(sa.select(helper.c.helper_id).where(*mine).limit(1)).first() is not None


def plain(text: str) -> str:
    """Return a name as it is compared: NFKC, one kind of middle dot, no blanks, small letters."""
    told = unicodedata.normalize("NFKC", text)
    return "".join("·" if sign in "・•‧∙⋅" else sign for sign in told if not sign.isspace()).casefold()


def _lock(turn: Turn, worker_id: bytes) -> None:
    """Hold the worker's row: of two at once one is counted before the other, and no erasure runs between."""
    table = people_tables.worker
    held = sa.select(table.c.state).where(table.c.worker_id == worker_id).with_for_update()
    turn.conn.execute(held).one_or_none()


def _archives(conn: Connection, worker_id: bytes) -> set[bytes]:
    return {holder.worker_id for holder in credentials.holders(conn, credentials.worker(worker_id))}


def _all() -> sa.Select[Any]:
    return sa.select(*(helper.c[column] for column in Helper.__slots__))


def _digest(keys: KeyStore, what: str, text: str) -> bytes:
    return keys.hmac("login", f"helper-{what}/1\0{text}".encode())


def _refused(*pointers: str) -> HelperRefused:
    return HelperRefused(
        errors=[{"pointer": one, "code": "value", "detail": _DETAILS[one]} for one in pointers]
    )


_DETAILS: Final = {
    "/name": "请填写代办人的姓名",
    "/verbs": "请选择可以交给亲友代办的事项",
    "/purpose": "请选择目的",
    "/until_ms": "期限不在允许的范围内",
    "": "人数已达上限，请先停止其中一项",
}
