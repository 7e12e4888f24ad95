"""In a worker's place (代办): which verbs a stand-in has, and the traces that each leaves before it is done.

A clerk at the window enters the worker's own doors. A door is open to stand-ins only if its policy is listed
here; what must be the worker's alone is named with its reason. Before anything is shown or done, one commit
holds the row of who looked and, for an act, the official's act and its line of the service; afterwards the
line says how it ended.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import acts, looked
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.credentials import worker
from recordsvc.access.errors import LookNotWritten
from recordsvc.access.grants import Actor, Kind, Through, Way
from recordsvc.access.in_place_errors import AloneOnly
from recordsvc.access.looked import Look
from recordsvc.access.officials import Officials
from recordsvc.access.tables import service, service_act
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import current
from recordsvc.ground.ports import FixedClock, uuid7

if TYPE_CHECKING:
    from recordsvc.house import House

VERBS: Final[Mapping[str, str]] = {
    "own.archive.read": "records",
    "own.bundle.read": "records",
    "own.record.decide": "records",
    "own.statement.make": "records",
    "own.looked.read": "looks",
    "own.looked.ask": "looks",
    "own.notice.read": "notices",
    "own.notice.mark": "notices",
    "own.paper.file": "papers",
    "own.paper.read": "papers",
    "own.numbers.read": "identity",
    "own.service.read": "looks",
    "own.consent.read": "consents",
    "own.consent.end": "consents",
    "own.helper.read": "helpers",
    "own.helper.end": "helpers",
    "own.helping.read": "helpers",
    "own.helping.end": "helpers",
    "own.entitlement.read": "claims",
    "own.claim.read": "claims",
    "own.claim.file": "claims",
    "own.agency.read": "claims",
    "own.agency.end": "claims",
    "own.fee.read": "fees",
    "own.fee.order": "fees",
    "own.account.read": "account",
    "own.credit.read": "credits",
}
"""Policies that a stand-in has, and the group of fields that the row of who looked names."""
UNTRACED: Final = frozenset({"session.read", "session.end", "session.own", "window.serve"})
"""Doors to the stand-in's own session: they show and do nothing of the worker's. Whose ways in they would be,
`ways.own` refuses by itself."""
ALONE: Final[Mapping[str, tuple[str, str]]] = {
    "session.worker": (
        "登录与设备只能由本人查看和设置；没有登录方式的，可在窗口领取激活码。",
        "Sign-ins and ways in are the worker's alone; the window hands out activation codes.",
    ),
    "own.helping.begin": (
        "替别人办理，只能由代办人本人登录后开始：一次代办只有一名经办人，经办人是谁要对得上。",
        "Only the helper, signed in, begins to act for somebody: otherwise a trace would name two.",
    ),
}
"""What must be the worker's alone, and why. Two things are left here, and both are about who acts:

* `session.worker`, ways in: a clerk who could set one would from then on be the worker, without any trace. At
  the window there is the activation code instead, which the worker uses alone.
* `own.helping.begin`: one session stands in one place. A clerk in the place of a helper in the place of
  another would be named in the traces of neither, and the other agreed to the helper, not to the clerk. Whom
  one helps is read, accepted and ended at the window.
"""
PROVEN: Final[Mapping[str, str]] = {
    "own.consent.give": "consents",
    "own.contact.set": "identity",
    "own.helper.name": "helpers",
    "own.helping.accept": "helpers",
    "own.agency.give": "claims",
    "own.recovery.agree": "claims",
    "own.account.set": "account",
    "own.credit.set": "credits",
    "own.fee.pay": "fees",
    "own.fee.mandate": "fees",
}
"""What the worker's own proof goes with at the window (`archive/own_proof.py`), and what no helper has."""
HELPERS: Final = (
    "own.archive.read",
    "own.bundle.read",
    "own.record.decide",
    "own.statement.make",
    "own.notice.read",
    "own.notice.mark",
    "own.paper.read",
    "own.paper.file",
    "own.looked.read",
    "own.looked.ask",
    "own.service.read",
)
"""Of `VERBS`, what a worker may leave to a helper. Numbers, the phone that messages go to, consents and
helpers themselves are not among it."""
_NOT_HELPED: Final = ("此项不能由亲友代办，请本人办理。", "No helper has this; the worker does it.")
_NOT_CHOSEN: Final = ("本人没有把此项交给您代办。", "The worker did not leave this to you.")
_UNLISTED: Final = ("此项还没有开放代办。", "This is not open to stand-ins.")

Finish = Callable[[bool, int | None], None]
"""Whether the act was done, and the log index of the entry that it made, if one -> nothing."""


@dataclass(frozen=True, slots=True)
class Done:
    """One act of a service: its id, the rule of its door, when (UTC ms), how it ended, its log index.

    `proof`: by what the worker proved it, as `own_proof.Settle` tells; None where the act asks for none.
    """

    act_id: bytes
    door: str
    at_ms: int
    outcome: str
    log_index: int | None
    proof: str | None = None


@dataclass(frozen=True, slots=True)
class Service:
    """Somebody in a worker's place: who, why, for which case, from when to when (UTC ms), what they did."""

    service_id: bytes
    way: str
    by_id: str
    purpose: str
    case_ref: str
    begun_ms: int
    ends_ms: int
    acts: tuple[Done, ...] = ()


def is_open(policy: str, through: Through) -> bool:
    """Tell whether a door is open to a stand-in."""
    if through.way is Way.WINDOW:
        return policy in UNTRACED or policy in VERBS or policy in PROVEN
    return policy in UNTRACED or (policy in HELPERS and policy in through.verbs)


def check(policy: str, through: Through) -> None:
    """Refuse a stand-in a door that is not open to them. Raises `AloneOnly`."""
    if is_open(policy, through):
        return
    if through.way is Way.HELPER and policy in (*VERBS, *PROVEN):
        chosen = policy in HELPERS
        zh, en = _NOT_CHOSEN if chosen else _NOT_HELPED
        raise AloneOnly(zh, detail_en=en)
    zh, en = ALONE.get(policy, _UNLISTED)
    raise AloneOnly(zh, detail_en=en)


def stander(officials: Officials, through: Through, now_ms: int, region: str) -> Actor:
    """Return who acts in the worker's place, under their own name, roles, areas and recusals."""
    if through.way is Way.HELPER:
        return Actor(Kind.WORKER, through.id)
    found = officials.find(through.id)
    if found is None:
        return Actor(Kind.OFFICIAL, through.id)
    return found.actor(now_ms, region)


def trace(
    house: "House", officials: Officials, who: Actor, policy: str, rule: str, *, acts_: bool
) -> Finish | None:
    """Write what a stand-in is about to see or do; durable on return. What says how an act ended.

    `rule` is the door's, with method and without values. Raises `LookNotWritten`.
    """
    through, own, request = who.through, who.worker_id, current()
    group = VERBS.get(policy) or PROVEN.get(policy)
    if through is None or own is None or group is None:
        return None
    actor = stander(officials, through, house.clock.now_ms(), house.settings.region)
    look = Look(own, actor, through.purpose, group, through.case_ref, request.id)
    if not acts_:
        looked.record(house, [look])
        return None
    try:
        act_id = house.db.write(lambda turn: _begin(turn, house, look, through, f"{who.id}/{policy}", rule))
    except Exception as error:
        observe.log("look-not-written", error=type(error).__name__, at=observe.place(error))
        raise LookNotWritten from error
    request.actor = replace(who, through=replace(through, act=act_id))
    return lambda done, index: _finish(house, own, through, act_id, done, index)


def _begin(turn: Turn, house: "House", look: Look, through: Through, subject: str, rule: str) -> bytes:
    looked.note(turn, house, look)
    if through.way is Way.WINDOW:
        act = OfficialAct(look.actor, Act.WINDOW_ACT, subject, through.purpose, through.case_ref)
        acts.note(turn, house.random, act)
    act_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = {
        "worker_id": look.worker_id,
        "act_id": act_id,
        "service_id": through.service,
        "door": rule,
        "at_ms": turn.now_ms,
        "outcome": "open",
        "log_index": None,
    }
    turn.conn.execute(service_act.insert().values(**row))
    return act_id


def proven(turn: Turn, who: Actor, proof: str) -> None:
    """Keep beside the act that is being done by what the worker proved it, in the turn of the act."""
    if who.through is not None and who.through.act:
        mine = (service_act.c.worker_id == who.worker_id, service_act.c.act_id == who.through.act)
        turn.conn.execute(service_act.update().where(*mine).values(proof=proof))


def _finish(
    house: "House",
    own: bytes,
    through: Through,
    act_id: bytes,
    done: bool,  # noqa: FBT001 - as `Finish` has it
    index: int | None,
) -> None:
    """Say how an act ended, and tell the worker. It is done whether or not this can be written."""

    def write(turn: Turn) -> None:
        mine = (service_act.c.worker_id == own, service_act.c.act_id == act_id)
        ended = {"outcome": "done" if done else "refused", "log_index": index}
        turn.conn.execute(service_act.update().where(*mine).values(**ended))
        if done:
            house.tell(turn, worker(own), f"{through.way}-acted", through.service.hex())

    try:
        house.db.write(write)
    except Exception as error:  # noqa: BLE001 - the line stays `open`, which says that its end is not known
        observe.log("service-act-open", error=type(error).__name__, at=observe.place(error))


def begin(turn: Turn, worker_id: bytes, through: Through, ends_ms: int) -> None:
    """Keep that a service began."""
    row = {
        "worker_id": worker_id,
        "service_id": through.service,
        "way": through.way,
        "by_id": through.id,
        "purpose": through.purpose,
        "case_ref": through.case_ref,
        "begun_ms": turn.now_ms,
        "ends_ms": ends_ms,
    }
    turn.conn.execute(service.insert().values(**row))


def end(turn: Turn, worker_id: bytes, service_id: bytes) -> None:
    """Keep that a service ended now, unless it had before."""
    own = service.c
    mine = (own.worker_id == worker_id, own.service_id == service_id, own.ends_ms > turn.now_ms)
    turn.conn.execute(service.update().where(*mine).values(ends_ms=turn.now_ms))


def of_workers(
    conn: Connection, workers: Sequence[bytes], service_id: bytes | None = None, limit: int = 100
) -> list[Service]:
    """Return the services in the place of these workers (one person's archives), newest first; or one."""
    own, act = service.c, service_act.c
    names = [own[name] for name in Service.__slots__ if name != "acts"]
    wanted = sa.select(*names).where(own.worker_id.in_(workers))
    lines = sa.select(service_act).where(act.worker_id.in_(workers))
    if service_id is not None:
        wanted, lines = wanted.where(own.service_id == service_id), lines.where(act.service_id == service_id)
    done: dict[bytes, list[Done]] = defaultdict(list)
    for row in conn.execute(lines.order_by(act.act_id)):
        line = Done(bytes(row.act_id), row.door, row.at_ms, row.outcome, row.log_index, row.proof)
        done[bytes(row.service_id)].append(line)
    found = conn.execute(wanted.order_by(own.service_id.desc()).limit(limit))
    return [Service(**row._mapping, acts=tuple(done[bytes(row.service_id)])) for row in found]  # noqa: SLF001 - documented name


def serves(conn: Connection, worker_id: bytes, way: Way, by_id: str, at_ms: int) -> bool:
    """Tell whether somebody stood in this worker's place then: at the window, or as the worker's helper."""
    own = service.c
    mine = (own.worker_id == worker_id, own.way == way, own.by_id == by_id)
    then = (own.begun_ms <= at_ms, own.ends_ms > at_ms)
    return conn.execute(sa.select(own.service_id).where(*mine, *then).limit(1)).first() is not None


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove what was kept of services; part of the worker's erasure."""
    for table in (service_act, service):
        turn.conn.execute(table.delete().where(table.c.worker_id == worker_id))


def act_number(done: Done) -> str:
    """Return the number of a receipt: the last twelve digits of the act's id."""
    return str(uuid.UUID(bytes=done.act_id))[-12:]
