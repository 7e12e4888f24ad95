"""Batches of `credit-outcome/1` (成果批次): what is due goes out, numbered, signed by the region.

    feed item ──> outcome: live or not, due ──> line: add | replace | withdraw, next version ──> batch
    rejected, and something changed, or somebody asks ──> due again

    head    {digest, op, outcome_id, replaces, version}, canonical JSON
    sha256  of the heads of a batch, each followed by a line feed
    header  counts by class, sha256, numbers of lines, the batch before; JWS by the region's key

A line whose content is not what it committed to any more goes out as its head alone: a newer version follows.
A rejected line keeps nothing back: batches go on whatever was said of the ones before.
"""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.grants import Actor
from recordsvc.archive.errors import Busy
from recordsvc.archive.statements import Region, RegionKey
from recordsvc.credits import outcomes, tickets
from recordsvc.credits.errors import CreditBatchUnknown
from recordsvc.credits.outcomes import FORMAT, Given, Moved, Outcome
from recordsvc.credits.tables import credit_batch, credit_line, credit_outcome, credit_receiver
from recordsvc.ground import bound
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7, uuid_text
from recordsvc.ground.strictjson import canonical
from recordsvc.people import credit_accounts
from recordsvc.vault import signatures

if TYPE_CHECKING:
    from recordsvc.house import House

TYP: Final = "recordsvc-credit+jws"
LINES: Final = 500
"""Lines of a batch at most."""
NO_ACCOUNT: Final = "NO_ACCOUNT"
_FOLLOW: Final = 500
_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class _Due:
    """An outcome that is due, as it stood when it was read."""

    worker_id: bytes
    outcome_id: bytes
    item: int
    live: bool
    version: int
    op: str
    redemption_id: str | None


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of one: a line to send (`op`), or a state without one."""

    due: _Due
    op: str
    outcome: Outcome | None = None
    digest: bytes | None = None
    state: str = "sent"
    code: str | None = None


class Exchange:
    """Makes and renders the batches of one receiver for one request."""

    def __init__(self, house: "House", who: Actor, request_id: str, receiver: str) -> None:
        """Work for `receiver`, as `who`."""
        self._house, self._who, self._request_id, self._receiver = house, who, request_id, receiver

    def after(self, n: int) -> bytes | None:
        """Return the batch behind batch `n` (0: the first) as JSON lines; None: nothing is due.

        Raises `CreditBatchUnknown`, `RegionKeyNotInForce`, `Busy`.
        """
        with self._house.db.read() as conn, self._house.db.read_raw() as cursor:
            size = self._house.log.newest(conn).size
            Region(self._house).check_key(cursor, self._house.clock.now_ms(), size)
        self._follow()
        if n > self._head().batches:
            raise CreditBatchUnknown
        if n == self._head().batches and not self._make():
            return None
        return self._render(n + 1)

    # -- following the feed

    def _head(self) -> Any:
        with self._house.db.read() as conn:
            own = credit_receiver.c
            return conn.execute(sa.select(credit_receiver).where(own.receiver == self._receiver)).one()

    def _follow(self) -> None:
        row = {"receiver": self._receiver, "followed": 0, "batches": 0, "sent": 0}
        with self._house.db.read() as conn:
            known = conn.scalar(
                sa.select(credit_receiver.c.receiver).where(credit_receiver.c.receiver == self._receiver)
            )
        if known is None:
            self._house.db.write(lambda turn: _open(turn, row))
        while True:
            at = self._head().followed
            with self._house.db.read() as conn:
                moved = self._house.credit_feed.moved(conn, self._receiver, at, _FOLLOW)
            if not moved:
                return
            self._house.db.write(lambda turn, moved=moved, at=at: self._take(turn, moved, at))

    def _take(self, turn: Turn, moved: Sequence[Moved], at: int) -> None:
        """Let outcomes be due as the feed moved; nothing when another process did so."""
        own = credit_receiver.c
        mine = (own.receiver == self._receiver, own.followed == at)
        if (
            turn.conn.execute(credit_receiver.update().where(*mine).values(followed=moved[-1].n)).rowcount
            != 1
        ):
            return
        bound.touch(turn, credit_receiver, (self._receiver,))
        for one in {item.ref: item for item in moved}.values():
            key = {"worker_id": one.worker_id, "receiver": self._receiver, "outcome_id": one.ref}
            said = {"item": one.n, "live": one.live, "due": True}
            there = credit_outcome.update().where(*_is(key))
            if turn.conn.execute(there.values(**said)).rowcount == 0:
                fresh = {"version": 0, "op": "", "state": "none", "sort": "", "minutes": 0}
                turn.conn.execute(
                    credit_outcome.insert().values(**key, **said, **fresh, since_ms=turn.now_ms)
                )
            bound.touch(turn, credit_outcome, tuple(key.values()))

    # -- making a batch

    def _make(self) -> bool:
        """Make the next batch; False: there is nothing to send."""
        for _attempt in range(_TRIES):
            self._follow()
            due = self._due()
            if not due:
                return False
            plans = self._plans(due)
            if plans and self._house.db.write(lambda turn, plans=plans: self._write(turn, plans)):
                return True
            # What is due is held back, or moved while it was read: what is left is looked at again.
        raise Busy

    def _due(self) -> list[_Due]:
        own = credit_outcome.c
        names = [own[name] for name in _Due.__slots__]
        with self._house.db.read() as conn:
            query = sa.select(*names).where(own.receiver == self._receiver, own.due)
            rows = conn.execute(query.order_by(own.item, own.outcome_id).limit(LINES))
            return [_Due(bytes(row[0]), bytes(row[1]), *row[2:]) for row in rows]

    def _plans(self, due: Sequence[_Due]) -> list[_Plan]:
        given, accounts = self._given([one for one in due if one.live])
        today = beijing_date(self._house.clock.now_ms()).isoformat()
        plans = []
        for one in due:
            if not one.live:
                plans.append(_Plan(one, "withdraw" if one.op else "", state="sent" if one.op else "none"))
                continue
            found = given.get(one.outcome_id)
            if found is None:
                continue  # the feed moved: the next look finds it
            account = accounts.get(one.worker_id)
            if account is None and outcomes.sort_of(found.content["type"], today) is not None:
                plans.append(_Plan(one, "", state="held", code=NO_ACCOUNT))
                continue
            made = outcomes.outcome(found.content, account or "", today)
            if made is None:
                # Such records are no outcomes, or no more.
                sent = one.op not in ("", "withdraw")
                plans.append(_Plan(one, "withdraw" if sent else "", state="sent" if sent else "none"))
                continue
            op = "add" if one.op in ("", "withdraw") else "replace"
            plans.append(_Plan(one, op, made, made.digest(outcomes.salt(found, one.version + 1))))
        return plans

    def _given(self, live: Sequence[_Due]) -> tuple[Mapping[bytes, Given], Mapping[bytes, str]]:
        """Return what the feed gives of these, by outcome, and account numbers, by chain."""
        wanted = {(one.worker_id, one.outcome_id) for one in live}
        given = self._house.credit_feed.given(self._who, self._request_id, self._receiver, wanted)
        with self._house.db.read() as conn:
            return given, _accounts(self._house, conn, {one.worker_id for one in live})

    def _write(self, turn: Turn, plans: Sequence[_Plan]) -> bool:
        """Write lines and batch; False when nothing of it was left to send."""
        own = credit_receiver.c
        mine = credit_receiver.update().where(own.receiver == self._receiver)
        # First, since this locks the row: one batch at a time.
        head = turn.conn.execute(mine.values(batches=own.batches).returning(own.batches, own.sent)).one()
        lines: list[dict[str, Any]] = []
        for one in plans:
            if self._moved(turn, one) and one.op:
                lines.append(self._line(one, head.sent + len(lines) + 1))
        if not lines:
            return False
        turn.conn.execute(credit_line.insert(), lines)
        bound.wrote(turn, credit_line, *lines)
        batch = {
            "receiver": self._receiver,
            "n": head.batches + 1,
            "batch_id": uuid7(FixedClock(turn.now_ms), self._house.random),
            "first": lines[0]["n"],
            "last": lines[-1]["n"],
            "sha256": _sha256(lines),
            "made_ms": turn.now_ms,
        }
        turn.conn.execute(credit_batch.insert().values(**batch))
        bound.wrote(turn, credit_batch, batch)
        turn.conn.execute(mine.values(batches=batch["n"], sent=lines[-1]["n"]))
        bound.touch(turn, credit_receiver, (self._receiver,))
        return True

    def _moved(self, turn: Turn, plan: _Plan) -> bool:
        """Move an outcome to what was planned; False: it is not as it was read."""
        due, own = plan.due, credit_outcome.c
        key = {"worker_id": due.worker_id, "receiver": self._receiver, "outcome_id": due.outcome_id}
        same = (own.due, own.item == due.item, own.version == due.version)
        said: dict[str, Any] = {"due": False}
        if plan.op or not due.op:
            said |= {"state": plan.state, "code": plan.code, "since_ms": turn.now_ms}
        # Otherwise nothing goes out, and what the receiver has stands as it is.
        if plan.op:
            said |= {"version": due.version + 1, "op": plan.op}
            if plan.outcome is not None:
                said |= {"sort": plan.outcome.sort, "minutes": plan.outcome.minutes}
            # What was decided of the version before holds no more, unless it was redeemed.
            if due.redemption_id is None:
                said |= dict.fromkeys(("decision_id", "decision", "earned", "sealed"))
        moving = credit_outcome.update().where(
            *_is(key), *same, own.redemption_id.is_not_distinct_from(due.redemption_id)
        )
        if turn.conn.execute(moving.values(**said)).rowcount != 1:
            return False
        bound.touch(turn, credit_outcome, tuple(key.values()))
        if plan.op and due.redemption_id is not None:
            told = {"op": plan.op, "version": due.version + 1}
            tickets.open_one(turn, self._receiver, tickets.REDEEMED, due.outcome_id.hex(), told)
        return True

    def _line(self, plan: _Plan, n: int) -> dict[str, Any]:
        made = plan.outcome
        return {
            "receiver": self._receiver,
            "n": n,
            "worker_id": plan.due.worker_id,
            "outcome_id": plan.due.outcome_id,
            "version": plan.due.version + 1,
            "op": plan.op,
            "sort": "" if made is None else made.sort,
            "minutes": 0 if made is None else made.minutes,
            "digest": plan.digest,
        }

    # -- rendering

    def _render(self, n: int) -> bytes:
        own, line = credit_batch.c, credit_line.c
        with self._house.db.read() as conn:
            wanted = sa.select(credit_batch).where(own.receiver == self._receiver, own.n.in_((n - 1, n)))
            *before, batch = conn.execute(wanted.order_by(own.n)).all()
            within = (line.receiver == self._receiver, line.n >= batch.first, line.n <= batch.last)
            rows = [
                dict(row)
                for row in conn.execute(sa.select(credit_line).where(*within).order_by(line.n)).mappings()
            ]
        header = self._header(batch, bytes(before[0].batch_id) if before else None, rows)
        jws = signatures.sign_attached(RegionKey(self._house), TYP, canonical(header))
        protected, _, signature = jws.split(".")
        told = [canonical({"header": header, "jws": f"{protected}..{signature}"})]
        told += [canonical(one) for one in self._told(rows)]
        return b"\n".join(told) + b"\n"

    def _header(self, batch: Any, before: bytes | None, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        settings, sorts = (
            self._house.settings,
            defaultdict[str, dict[str, int]](lambda: {"count": 0, "minutes": 0}),
        )
        for row in rows:
            if row["op"] != "withdraw":
                sorts[row["sort"]]["count"] += 1
                sorts[row["sort"]]["minutes"] += row["minutes"]
        return {
            "audience": settings.audience,
            "batch_id": uuid_text(bytes(batch.batch_id)),
            "classes": dict(sorts),
            "count": len(rows),
            "environment": settings.environment,
            "format": FORMAT,
            "made_ms": batch.made_ms,
            "n": batch.n,
            "previous_batch_id": None if before is None else uuid_text(before),
            "purpose": "credit-recognition",
            "receiver": self._receiver,
            "sender": settings.region,
            "seq_from": batch.first,
            "seq_to": batch.last,
            "sha256": bytes(batch.sha256).hex(),
        }

    def _told(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
        """Yield the lines, with content and salt where it is still what the line committed to."""
        live = [row for row in rows if row["digest"] is not None]
        wanted = {(bytes(row["worker_id"]), bytes(row["outcome_id"])) for row in live}
        given = self._house.credit_feed.given(self._who, self._request_id, self._receiver, wanted)
        with self._house.db.read() as conn:
            accounts = _accounts(self._house, conn, {worker_id for worker_id, _ref in wanted})
            today = beijing_date(self._house.clock.now_ms()).isoformat()
        for row in rows:
            found, account = given.get(bytes(row["outcome_id"])), accounts.get(bytes(row["worker_id"]))
            told = _line_head(row)
            if row["digest"] is not None and found is not None and account is not None:
                made, salted = (
                    outcomes.outcome(found.content, account, today),
                    outcomes.salt(found, row["version"]),
                )
                if made is not None and made.digest(salted) == bytes(row["digest"]):
                    told |= {"content": dict(made.content), "salt": b64u(salted)}
            yield told


def mark_due(turn: Turn, workers: Sequence[bytes]) -> None:
    """Let what a receiver may see of these chains go out anew: the learner's account changed."""
    own = credit_outcome.c
    mine = (own.worker_id.in_(list(workers)), own.live)
    keys = turn.conn.execute(sa.select(own.worker_id, own.receiver, own.outcome_id).where(*mine)).all()
    turn.conn.execute(credit_outcome.update().where(*mine).values(due=True))
    bound.touch(turn, credit_outcome, *[(bytes(row[0]), row[1], bytes(row[2])) for row in keys])


def resend(turn: Turn, receiver: str, outcome_id: bytes) -> bool:
    """Let a rejected line go out as its next version; False: there is no such rejection."""
    own = credit_outcome.c
    mine = (own.receiver == receiver, own.outcome_id == outcome_id, own.state == "rejected")
    row = turn.conn.execute(
        credit_outcome.update().where(*mine).values(due=True).returning(own.worker_id)
    ).first()
    if row is not None:
        bound.touch(turn, credit_outcome, (bytes(row.worker_id), receiver, outcome_id))
    return row is not None


def _open(turn: Turn, row: Mapping[str, Any]) -> None:
    insert_missing(turn.conn, credit_receiver, [row])
    bound.touch(turn, credit_receiver, (row["receiver"],))


def _accounts(house: "House", conn: Connection, workers: set[bytes]) -> dict[bytes, str]:
    cursor, found = house.db.cursor(conn), {}
    for worker_id, worker in house.people.load_all(cursor, workers).items():
        account = credit_accounts.present(house, conn, house.people.person(cursor, worker).worker_id)
        if account is not None:
            found[worker_id] = account.number
    return found


def _line_head(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "digest": None if row["digest"] is None else bytes(row["digest"]).hex(),
        "op": row["op"],
        "outcome_id": bytes(row["outcome_id"]).hex(),
        "replaces": row["version"] - 1 or None,
        "version": row["version"],
    }


def _sha256(rows: Sequence[Mapping[str, Any]]) -> bytes:
    return hashlib.sha256(b"".join(canonical(_line_head(row)) + b"\n" for row in rows)).digest()


def _is(key: Mapping[str, Any]) -> list[sa.ColumnElement[bool]]:
    return [credit_outcome.c[name] == value for name, value in key.items()]
