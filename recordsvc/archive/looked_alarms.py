"""Alarms on look-ups (查阅预警): followers of the who-looked log raise them, the data officer answers them.

    no-relation   no relation of the looker to the worker is known (`look_relations.py`), nor came in time
    many-workers  one actor looked at many workers within the window
    in-sequence   one actor looked at archives one after another in the order in which they were opened
    own           an official looked at the archive of the person they are; refused attempts raise it, too
                  (`access/own_attempts.py`)
    many-actors   many actors looked at one worker within the window
    many-misses   one actor asked for many who are not here (`access/misses.py`)

Thresholds are dated data (`lookup_alarms`). One alarm for each kind, actor or worker, and Beijing day, so
that repeated looks add no rows. A follower's position moves in the transaction of its alarms.
"""

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import alarms, own_parties
from recordsvc.access.grants import Kind
from recordsvc.access.looked import HELD, RELEASED
from recordsvc.access.looked_tables import looked, looked_alarm, looked_detail, looked_place
from recordsvc.archive.look_relations import PACK_FIELDS, RELATIONS, RULES, Looked, patience_ms
from recordsvc.ground.commit import Turn
from recordsvc.ground.follower import Follower, Portion
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Forbidden, NotFound

if TYPE_CHECKING:
    from recordsvc.house import House

NAME: Final = "look-alarms"
RELATED: Final = "look-relations"
NAMES: Final = (NAME, RELATED)
UNRELATED: Final = "lookup_unrelated"
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as stored; `looks` is how many looks counted when it was raised."""

    key: bytes
    kind: str
    actor_kind: str
    actor_id: str
    worker_id: bytes | None
    idx: int
    looks: int
    raised_ms: int
    owner: str
    state: str
    answer: str
    answered_by: str
    answered_ms: int | None


OwnArchive = Callable[["House", Connection, str], bytes | None]
"""Port: the worker id of the person that an official is, by the official's id; None: not linked."""


def follower(house: "House") -> Follower[Looked]:
    """Return the follower that raises alarms on what a look itself shows."""
    return Follower(
        house.db,
        NAME,
        lambda after, limit: _read(house, after, limit),
        lambda turn, looks: _judge(house, turn, looks),
    )


def relation_follower(house: "House") -> Follower[Looked]:
    """Return the follower that asks for relations, once what a look was for has had time to come."""
    return Follower(
        house.db,
        RELATED,
        lambda after, limit: _read_ripe(house, after, limit),
        lambda turn, looks: _relate(house, turn, looks),
    )


def _read(house: "House", after: int, limit: int) -> Portion[Looked]:
    with house.db.read() as conn:
        rows = conn.execute(_places().where(looked_place.c.idx > after).limit(limit))
        found = [Looked(**row._mapping) for row in rows]  # noqa: SLF001 - documented name
    return Portion([(one.idx, one) for one in found], found[-1].idx if found else after)


def _read_ripe(house: "House", after: int, limit: int) -> Portion[Looked]:
    """Read up to the first look that is too young: the position passes over none."""
    now_ms, read = house.clock.now_ms(), _read(house, after, limit)

    def is_ripe(one: tuple[int, Looked]) -> bool:
        return one[1].at_ms + patience_ms(one[1].at_ms) < now_ms

    ripe = list(itertools.takewhile(is_ripe, read.items))
    return Portion(ripe, ripe[-1][0] if ripe else after)


def _places() -> sa.Select[Any]:
    place, row = looked_place.c, looked.c
    detail = looked_detail.c
    source = looked_place.join(looked, sa.and_(row.worker_id == place.worker_id, row.id == place.id))
    source = source.outerjoin(looked_detail, sa.and_(detail.worker_id == row.worker_id, detail.id == row.id))
    who = (row.actor_kind, row.actor_id, row.purpose, row.fields)
    asked = sa.func.coalesce(detail.request_id, "").label("request_id")
    return sa.select(place.idx, row.worker_id, row.at_ms, *who, asked).select_from(source).order_by(place.idx)


def _judge(house: "House", turn: Turn, looks: Sequence[Looked]) -> None:
    for look in looks:
        if _decided(look):
            continue
        if look.actor_kind == Kind.OFFICIAL and _own(house, turn, look):
            _raise(turn, "own", look, 1, look.worker_id)
        # A look at a held record was one of its official's when it happened; of the worker's it is one now.
        if look.fields != RELEASED:
            _patterns_of_actor(turn, look)
        if look.fields != HELD:
            _patterns_at_worker(turn, look)


def _own(house: "House", turn: Turn, look: Looked) -> bool:
    """Tell whether the official is the worker: as they stated it, or as a room knows it."""
    if look.worker_id in own_parties.archives(turn.conn, look.actor_id):
        return True
    linked = house.own_archive
    return linked is not None and linked(house, turn.conn, look.actor_id) == look.worker_id


def _relate(house: "House", turn: Turn, looks: Sequence[Looked]) -> None:
    for look in looks:
        if _decided(look) or look.fields == RELEASED:
            continue
        if not any(test(house, turn.conn, look) for test in (*RELATIONS, *house.look_relations)):
            _raise(turn, "no-relation", look, 1, look.worker_id)


def _decided(look: Looked) -> bool:
    """Tell whether two people decided beforehand what is read: an exchange, an auditor's pack."""
    unrelated = dated.on(UNRELATED, beijing_date(look.at_ms).isoformat())
    return look.purpose in unrelated or look.fields == PACK_FIELDS


def _recent(look: Looked, *apart: str) -> sa.Select[Any]:
    """Return the looks of the window that ends with a look, in order; those of `apart` (fields) left out."""
    window = look.at_ms - _rule("window-minutes", look) * _MINUTE_MS
    own = looked.c
    recent = sa.select(own.worker_id, own.actor_kind, own.actor_id, own.fields)
    recent = recent.where(own.at_ms >= window, own.at_ms <= look.at_ms, own.fields.not_in(apart))
    return recent.order_by(own.at_ms, own.id)


def _patterns_of_actor(turn: Turn, look: Looked) -> None:
    own = looked.c
    mine = (own.actor_kind == look.actor_kind, own.actor_id == look.actor_id)
    seen = turn.conn.execute(_recent(look, PACK_FIELDS, RELEASED).where(*mine)).all()
    workers, listed = len({row.worker_id for row in seen}), _listed(look)
    if workers >= _rule(listed or "many-workers", look):
        _raise(turn, "many-workers", look, workers, None)
    length = _rule("in-sequence", look)
    # Held records are dealt with in the order in which they came: that is their queue.
    order = _distinct([row.worker_id for row in seen if row.fields != HELD])[-length:]
    # Who reads a list of their own reads it in some order.
    if not listed and len(order) == length and sorted(order) in (order, order[::-1]):
        _raise(turn, "in-sequence", look, length, None)


def _patterns_at_worker(turn: Turn, look: Looked) -> None:
    recent = _recent(look, PACK_FIELDS).where(looked.c.worker_id == look.worker_id)
    at_worker = turn.conn.execute(recent).all()
    actors = len({(row.actor_kind, row.actor_id) for row in at_worker})
    if actors >= _rule("many-actors", look):
        _raise(turn, "many-actors", look, actors, look.worker_id)


def _distinct(order: Sequence[bytes]) -> list[bytes]:
    """Return the order without a look at the same archive right after the one before."""
    return [one for n, one in enumerate(order) if n == 0 or one != order[n - 1]]


def _listed(look: Looked) -> str:
    """Return the threshold of a purpose whose looks are at lists of one's own; "": there is none."""
    code = f"many-workers.{look.purpose}"
    return code if dated.on(RULES, beijing_date(look.at_ms).isoformat()).get(code) else ""


def _rule(code: str, look: Looked) -> int:
    return int(dated.rule(RULES, code, beijing_date(look.at_ms).isoformat())["value"])


def _raise(turn: Turn, kind: str, look: Looked, looks: int, worker_id: bytes | None) -> None:
    day = beijing_date(look.at_ms).isoformat()
    about = worker_id or b""
    who = "" if kind == "many-actors" else f"{look.actor_kind}:{look.actor_id}"
    row = alarms.row(turn, kind, (look.actor_kind, look.actor_id), looks, alarms.daily(kind, day, who, about))
    row |= {"worker_id": worker_id, "idx": look.idx}
    insert_missing(turn.conn, looked_alarm, [row])


def raise_of_client(turn: Turn, kind: str, client_id: str, units: int, day: str) -> bool:
    """Raise an alarm on what a machine used (`volume_alarms.py`); tells whether it is new for that day."""
    key = alarms.daily(kind, day, f"{Kind.CLIENT}:{client_id}")
    row = alarms.row(turn, kind, (Kind.CLIENT, client_id), units, key)
    known = sa.select(looked_alarm.c.key).where(looked_alarm.c.key == row["key"])
    if turn.conn.execute(known).first() is not None:
        return False
    insert_missing(turn.conn, looked_alarm, [row])
    return True


# -- the desk's side

_COLUMNS: Final = [looked_alarm.c[name] for name in Alarm.__slots__]


def waiting(conn: Connection, limit: int = 200) -> list[Alarm]:
    """Return open alarms, the oldest first."""
    own = looked_alarm.c
    query = sa.select(*_COLUMNS).where(own.state == "open").order_by(own.raised_ms, own.idx, own.kind)
    return [Alarm(*row) for row in conn.execute(query.limit(limit))]


def count(conn: Connection) -> dict[str, float]:
    """Return how many alarms are open, by kind."""
    own = looked_alarm.c
    query = sa.select(own.kind, sa.func.count()).where(own.state == "open").group_by(own.kind)
    return {kind: float(number) for kind, number in conn.execute(query)}


def answer(turn: Turn, key: bytes, text: str, by: str) -> None:
    """Answer an open alarm. Raises `NotFound` when there is none, `Forbidden` to whom it is about."""
    own = looked_alarm.c
    about = turn.conn.execute(sa.select(own.actor_kind, own.actor_id).where(own.key == key)).one_or_none()
    if about is not None and f"{about.actor_kind}:{about.actor_id}" == by:
        raise Forbidden
    values = {"state": "answered", "answer": text, "answered_by": by, "answered_ms": turn.now_ms}
    asked = looked_alarm.update().where(own.key == key, own.state == "open")
    if turn.conn.execute(asked.values(**values)).rowcount != 1:
        raise NotFound
