"""Telling a receiver that its feed moved (webhook 事件通知): thin events, sent again until they are taken.

    event    {"data": {"items": <newest number>, "receiver": ...}, "timestamp": ..., "type": "feed.moved"}
    headers  webhook-id, webhook-timestamp, webhook-signature (Standard Webhooks, HMAC-SHA-256)

Nothing of any person leaves this way: whoever hears of it pulls with its token. One event a receiver waits at
a time, so that a thousand items make one; what was given up stays, and is sent again when it is asked for.
"""

import base64
import datetime as dt
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.clients import Clients
from recordsvc.exports.errors import WebhookEventUnknown, WebhookRefused, WebhookUnknown
from recordsvc.exports.tables import export_event, export_hook, export_receiver
from recordsvc.ground import observe, outbound
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.outbound import Unreached

if TYPE_CHECKING:
    from recordsvc.house import House

TYPE: Final = "feed.moved"
DELAYS_S: Final = (5, 300, 1_800, 7_200, 18_000, 36_000, 36_000)
"""How long after each failed attempt the next is made, as Standard Webhooks proposes; then it is given up."""
LEASE_MS: Final = 60_000
"""Nobody else sends an event that is being sent."""
OVERLAP_MS: Final = 86_400_000
"""How long the secret before a new one signs, too."""
_GONE: Final = 410


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a receiver is told; instants are UTC ms."""

    receiver: str
    url: str
    serial: int
    renewed_ms: int
    state: str
    told: int
    events: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event and what became of it; `outcome` is what was answered last."""

    receiver: str
    n: int
    newest: int
    made_ms: int
    state: str
    attempts: int
    due_ms: int
    outcome: str

    @property
    def event_id(self) -> str:
        """The same at each attempt: by it the receiver knows one it has had."""
        return f"{self.receiver}.{self.n}"


def find(conn: Connection, receiver: str) -> Hook | None:
    """Return where a receiver is told; None: nowhere."""
    row = conn.execute(sa.select(export_hook).where(export_hook.c.receiver == receiver)).one_or_none()
    return None if row is None else Hook(*row)


def events(conn: Connection, receiver: str, limit: int = 50) -> list[Event]:
    """Return a receiver's newest events, the newest first."""
    own = export_event.c
    query = sa.select(export_event).where(own.receiver == receiver).order_by(own.n.desc()).limit(limit)
    return [Event(*row) for row in conn.execute(query)]


def given_up(conn: Connection, receiver: str) -> list[Event]:
    """Return the events that nobody took, the newest first."""
    own = export_event.c
    query = sa.select(export_event).where(own.receiver == receiver, own.state == "dead")
    return [Event(*row) for row in conn.execute(query.order_by(own.n.desc()).limit(50))]


def enter(turn: Turn, house: "House", receiver: str, url: str, *, renew: bool) -> str | None:
    """Tell a receiver at `url` from now on; the secret where there is a new one, else None.

    What there is of the feed already is told once. Raises `WebhookRefused`.
    """
    if not may_be_told(house, url):
        raise WebhookRefused(pointer="/url")
    known = find(turn.conn, receiver)
    own = export_hook.c
    if known is None:
        row = {"receiver": receiver, "url": url, "serial": 1, "renewed_ms": turn.now_ms, "state": "active"}
        turn.conn.execute(export_hook.insert().values(row | {"told": 0, "events": 0}))
        return secret_text(house, receiver, 1)
    serial = known.serial + renew
    since = {"renewed_ms": turn.now_ms} if renew else {}
    changing = export_hook.update().where(own.receiver == receiver)
    turn.conn.execute(changing.values(url=url, serial=serial, state="active", **since))
    return secret_text(house, receiver, serial) if renew else None


def stop(turn: Turn, receiver: str) -> None:
    """Tell a receiver nothing more. Raises `WebhookUnknown`."""
    changing = export_hook.update().where(export_hook.c.receiver == receiver)
    if not turn.conn.execute(changing.values(state="stopped")).rowcount:
        raise WebhookUnknown


def again(turn: Turn, receiver: str, n: int) -> None:
    """Send an event again that was given up, or taken: the same id, at once.

    Raises `WebhookEventUnknown`; one that waits is due at once.
    """
    own = export_event.c
    mine = (own.receiver == receiver, own.n == n)
    if turn.conn.execute(sa.select(own.n).where(*mine)).first() is None:
        raise WebhookEventUnknown
    waiting = turn.conn.scalar(sa.select(own.n).where(own.receiver == receiver, own.state == "pending"))
    if waiting is not None and waiting != n:
        # One at a time: what waits says more than what was given up before it.
        mine = (own.receiver == receiver, own.n == waiting)
    due = export_event.update().where(*mine)
    turn.conn.execute(due.values(state="pending", attempts=0, due_ms=turn.now_ms))


def may_be_told(house: "House", url: str) -> bool:
    """Whether an address lies on a host that the settings name; plain http in no production."""
    hosts = frozenset(one.lower() for one in house.settings.webhook_hosts)
    schemes = ("https",) if house.settings.environment == "production" else ("https", "http")
    return any(outbound.allowed(url, scheme, hosts) for scheme in schemes)


# -- the job


def run(house: "House") -> int:
    """Make events of what moved, and send what is due; how many were taken. A job of `recordsvc work`."""
    active = {one.client_id for one in Clients(house.db).all() if one.state == "active"}
    house.db.write(lambda turn: _make(turn, active))
    own = export_event.c
    with house.db.read() as conn:
        query = sa.select(export_event).join(export_hook, export_hook.c.receiver == own.receiver)
        due = (own.state == "pending", own.due_ms <= house.clock.now_ms(), export_hook.c.state == "active")
        found = [Event(*row) for row in conn.execute(query.where(*due).order_by(own.due_ms))]
    return sum(_send(house, one) for one in found if one.receiver in active)


def _make(turn: Turn, active: set[str]) -> None:
    hook, head, own = export_hook.c, export_receiver.c, export_event.c
    waiting = sa.select(own.n).where(own.receiver == hook.receiver, own.state == "pending")
    moved = (
        sa.select(hook.receiver, hook.events, head.newest)
        .join(export_receiver, head.receiver == hook.receiver)
        .where(hook.state == "active", head.newest > hook.told, ~waiting.exists())
    )
    for row in turn.conn.execute(moved).all():
        if row.receiver not in active:
            continue
        event = {"receiver": row.receiver, "n": row.events + 1, "newest": row.newest, "made_ms": turn.now_ms}
        event |= {"state": "pending", "attempts": 0, "due_ms": turn.now_ms, "outcome": ""}
        insert_missing(turn.conn, export_event, [event])
        mine = export_hook.update().where(hook.receiver == row.receiver)
        turn.conn.execute(mine.values(told=row.newest, events=row.events + 1))


def _send(house: "House", event: Event) -> bool:
    leased: int | None = house.db.write(lambda turn: _lease(turn, event))
    with house.db.read() as conn:
        hook = find(conn, event.receiver)
    if leased is None or hook is None:
        return False
    outcome, status = _told(house, hook, event)
    taken = 200 <= status < 300
    house.db.write(lambda turn: _settled(turn, event, leased, outcome, taken=taken, gone=status == _GONE))
    return taken


def _lease(turn: Turn, event: Event) -> int | None:
    """Take an event for a while; None: another has it."""
    until = turn.now_ms + LEASE_MS
    leasing = export_event.update().where(*_waiting(event, event.due_ms)).values(due_ms=until)
    return until if turn.conn.execute(leasing).rowcount else None


def _waiting(event: Event, due_ms: int) -> tuple[sa.ColumnElement[bool], ...]:
    """Say: this event, as long as nobody else moved it."""
    own = export_event.c
    mine = (own.receiver == event.receiver, own.n == event.n)
    return (*mine, own.state == "pending", own.due_ms == due_ms)


def _told(house: "House", hook: Hook, event: Event) -> tuple[str, int]:
    """Send it once; what to keep of the answer, and its status (0: none)."""
    if not may_be_told(house, hook.url):
        # A host that was taken out of the settings is not asked any more.
        return "host-not-named", 0
    now_ms = house.clock.now_ms()
    at = dt.datetime.fromtimestamp(now_ms // 1_000, dt.UTC)
    data = {"items": event.newest, "receiver": event.receiver}
    body = orjson.dumps({"data": data, "timestamp": at.isoformat().replace("+00:00", "Z"), "type": TYPE})
    headers = {
        "Content-Type": "application/json",
        "webhook-id": event.event_id,
        "webhook-timestamp": str(now_ms // 1_000),
        "webhook-signature": _signatures(house, hook, event.event_id, now_ms, body),
    }
    try:
        answer = outbound.ask("POST", hook.url, body, headers)
    except Unreached as error:
        return str(error)[:60], 0
    return f"status-{answer.status}", answer.status


def _settled(turn: Turn, event: Event, leased: int, outcome: str, *, taken: bool, gone: bool) -> None:
    attempts = event.attempts + 1
    over = gone or attempts > len(DELAYS_S)
    state = "delivered" if taken else "dead" if over else "pending"
    due_ms = turn.now_ms if taken or over else turn.now_ms + DELAYS_S[attempts - 1] * 1_000
    said = {"state": state, "attempts": attempts, "outcome": outcome, "due_ms": due_ms}
    if not turn.conn.execute(export_event.update().where(*_waiting(event, leased)).values(**said)).rowcount:
        return
    if gone:
        stop(turn, event.receiver)
    if state == "dead":
        observe.log("webhook-given-up", receiver=event.receiver, outcome=outcome)


# -- signing


def secret_text(house: "House", receiver: str, serial: int) -> str:
    """Return a receiver's secret as Standard Webhooks writes one."""
    return "whsec_" + base64.b64encode(_secret(house, receiver, serial)).decode("ascii")


def _secret(house: "House", receiver: str, serial: int) -> bytes:
    # Made again when it is needed, and kept nowhere.
    return house.keys.hmac("login", b"webhook/1\0" + receiver.encode() + b"\0" + serial.to_bytes(4))


def _signatures(house: "House", hook: Hook, event_id: str, now_ms: int, body: bytes) -> str:
    serials: Sequence[int] = (hook.serial,)
    if hook.serial > 1 and now_ms - hook.renewed_ms < OVERLAP_MS:
        serials = (hook.serial, hook.serial - 1)
    signed = f"{event_id}.{now_ms // 1_000}.".encode() + body
    made = [hmac.digest(_secret(house, hook.receiver, serial), signed, "sha256") for serial in serials]
    return " ".join("v1," + base64.b64encode(one).decode("ascii") for one in made)
