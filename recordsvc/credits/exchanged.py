"""What was sent to credit banks, and what came of it (交换情况): for the worker, and for officials."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access.tables import client
from recordsvc.archive import views
from recordsvc.archive.reading import Archive
from recordsvc.credits import outcomes
from recordsvc.credits.answers import aad
from recordsvc.credits.tables import credit_outcome
from recordsvc.people.workers import Worker
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

_SERVICE: Final = "service"
MOST: Final = 200
"""Rejections shown of one receiver."""


def of_archives(house: "House", conn: Connection, archives: Sequence[Archive]) -> list[dict[str, Any]]:
    """Return every outcome of these archives that is or was to be sent, the newest change first."""
    own, found = credit_outcome.c, []
    for archive in archives:
        query = sa.select(credit_outcome, client.c.name).join(client, client.c.client_id == own.receiver)
        rows = conn.execute(query.where(own.worker_id == archive.worker_id, own.state != "none")).all()
        if not rows:
            continue
        worker = house.people.load(house.db.cursor(conn), archive.worker_id)
        seqs = [state.seq for state in archive.state.records]
        for row in rows:
            refs = {house.credit_feed.ref(row.receiver, archive.worker_id, seq): seq for seq in seqs}
            found.append(_told(row, archive, refs, worker))
    return sorted(found, key=lambda one: (one["since_ms"], one["outcome_id"]), reverse=True)


def _told(row: Any, archive: Archive, refs: dict[bytes, int], worker: Worker | None) -> dict[str, Any]:
    seq = refs.get(bytes(row.outcome_id))
    state = None if seq is None else next(one for one in archive.state.records if one.seq == seq)
    body = {} if state is None or state.body is None else state.body
    return {
        "outcome_id": bytes(row.outcome_id).hex(),
        "record_id": None if seq is None or not body else views.record_id(archive.entries[seq]),
        "title": str(body["occupation"]["name"]) if "occupation" in body else "",
        "receiver": row.name,
        "version": row.version,
        "op": row.op,
        "state": row.state,
        "since_ms": row.since_ms,
        "earned": row.earned,
        "decision": row.decision,
        "locked": row.redemption_id is not None,
        **_decided(row, worker),
        **reason(row.code),
    }


def _decided(row: Any, worker: Worker | None) -> dict[str, Any]:
    """Return what the receiver said of its decision, as far as its words go out."""
    told: dict[str, Any] = {}
    if row.sealed is not None and worker is not None:
        try:
            opened = worker.key.open(bytes(row.sealed), aad(worker.worker_id, row.decision_id))
        except SealError:
            return dict.fromkeys(("course", "reason", "appeal_until"))
        told = orjson.loads(opened)
    return {name: told.get(name) for name in ("course", "reason", "appeal_until")}


def reason(code: str | None) -> dict[str, Any]:
    """Return of a rejection's code what it means, whose it is and what to do; of none, none of it."""
    if code is None:
        return dict.fromkeys(("code", "why", "owner", "remedy"))
    row = dated.table(outcomes.CODES).on(dated.OPEN_END).get(code)
    if row is None:
        return {"code": code, "why": code, "owner": _SERVICE, "remedy": "请与学分银行核实该代码的含义。"}
    return {"code": code, "why": row["zh"], "owner": row["owner"], "remedy": row["remedy_zh"]}


def rejected(conn: Connection, receivers: Collection[str]) -> list[dict[str, Any]]:
    """Return what stands rejected with these receivers and is not to go out again yet, the oldest first.

    Nothing of a person: the receiver's own name for the record, since when, and the code with its meaning.
    """
    own = credit_outcome.c
    names = (own.receiver, own.outcome_id, own.version, own.op, own.sort, own.code, own.since_ms)
    where = (own.receiver.in_(list(receivers)), own.state == "rejected", own.due.is_(False))
    query = sa.select(*names).where(*where).order_by(own.since_ms, own.outcome_id).limit(MOST)
    return [
        {
            "receiver": row.receiver,
            "outcome_id": bytes(row.outcome_id).hex(),
            "version": row.version,
            "op": row.op,
            "class": row.sort,
            "since_ms": row.since_ms,
            **reason(row.code),
        }
        for row in conn.execute(query)
    ]
