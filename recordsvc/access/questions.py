"""“我不知道为什么被查”: a worker asks why somebody looked, the data officer answers within a dated term.

    open ── the data officer answers ──> answered        one for each look, asking again is nothing

The question itself holds no words of the worker, so that nothing personal stands in it; the answer is written
for the worker and goes, like the question, with the worker's erasure.
"""

from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated, workdays
from recordsvc.access.tables import looked, looked_question
from recordsvc.dated import NoRuleInForce
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Forbidden, NotFound

RULES: Final = "lookup_alarms"
OWNER: Final = "data-officer"


@dataclass(frozen=True, slots=True)
class Question:
    """A question as stored; `due_on` is a Beijing date, empty where no calendar gives one."""

    worker_id: bytes
    look_id: bytes
    asked_ms: int
    due_on: str
    owner: str
    state: str
    answer: str
    answered_by: str
    answered_ms: int | None


_COLUMNS: Final = [looked_question.c[name] for name in Question.__slots__]


def ask(turn: Turn, worker_id: bytes, look_id: bytes) -> None:
    """Open a question about a look at this worker's archive; repeatable. Raises `NotFound`."""
    own = looked.c
    there = sa.select(own.id).where(own.worker_id == worker_id, own.id == look_id)
    if turn.conn.execute(there).first() is None:
        raise NotFound
    row = {
        "worker_id": worker_id,
        "look_id": look_id,
        "asked_ms": turn.now_ms,
        "due_on": _due(turn.now_ms),
        "owner": OWNER,
        "state": "open",
        "answer": "",
        "answered_by": "",
        "answered_ms": None,
    }
    insert_missing(turn.conn, looked_question, [row])


def answer(turn: Turn, look_id: bytes, text: str, by: str) -> None:
    """Answer an open question.

    Raises `NotFound` when there is none, or it was answered already; `Forbidden` to who looked.
    """
    own = looked_question.c
    asked_about = looked.join(
        looked_question, sa.and_(own.worker_id == looked.c.worker_id, own.look_id == looked.c.id)
    )
    who = sa.select(looked.c.actor_kind, looked.c.actor_id).select_from(asked_about)
    if by in {f"{kind}:{name}" for kind, name in turn.conn.execute(who.where(own.look_id == look_id))}:
        raise Forbidden
    values = {"state": "answered", "answer": text, "answered_by": by, "answered_ms": turn.now_ms}
    asked = looked_question.update().where(own.look_id == look_id, own.state == "open")
    if turn.conn.execute(asked.values(**values)).rowcount != 1:
        raise NotFound


def of_worker(conn: Connection, worker_id: bytes) -> dict[bytes, Question]:
    """Return a worker's questions by the look that each is about."""
    query = sa.select(*_COLUMNS).where(looked_question.c.worker_id == worker_id)
    return {row.look_id: Question(*row) for row in conn.execute(query)}


def waiting(conn: Connection, *where: sa.ColumnElement[bool], limit: int = 200) -> list[Question]:
    """Return open questions; without a date first, then the most urgent. `where` narrows them."""
    own = looked_question.c
    query = sa.select(*_COLUMNS).where(own.state == "open", *where).order_by(own.due_on, own.look_id)
    return [Question(*row) for row in conn.execute(query.limit(limit))]


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove an erased worker's questions."""
    turn.conn.execute(sa.delete(looked_question).where(looked_question.c.worker_id == worker_id))


def _due(now_ms: int) -> str:
    today = beijing_date(now_ms)
    try:
        days = int(dated.rule(RULES, "question-days", today.isoformat())["value"])
        return workdays.due_on(today, days).isoformat()
    except NoRuleInForce:
        return ""  # no date is guessed: such questions stand first
