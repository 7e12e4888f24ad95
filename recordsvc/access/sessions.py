"""Browser sessions (会话): a row on the server, a random cookie at the client, nothing in between.

The cookie carries 256 random bits; the table knows only their SHA-256. A session ends after minutes without a
request, after hours in any case, at sign-out, and when somebody ends one or all sessions of a person. Roles
are not part of it: they are read from the register at every request. Whose session it is may differ from who
sits there: a clerk at the window and a helper act in the worker's place, and the row says so.
"""

import hashlib
import uuid
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, emergency_trail, helper_relations, recusals
from recordsvc.access.errors import LoginRefused
from recordsvc.access.grants import ANYONE, Actor, Kind, Through, Way, can
from recordsvc.access.officials import Officials
from recordsvc.access.shown_card import CardLost
from recordsvc.access.staff import Staff
from recordsvc.access.tables import service, session
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import Clock, FixedClock, Random, uuid7
from recordsvc.people import merges
from recordsvc.people.standing import CLOSED
from recordsvc.settings import Settings

_FIND: Final = (
    "SELECT actor_kind, actor_id, seen_ms, ends_ms, authenticated_ms, method, "
    "through_way, through_id, purpose, case_ref, id, begun_ms, "
    "EXISTS (SELECT 1 FROM session AS carried WHERE carried.desk = session.digest) "
    "FROM session WHERE digest = ?"
)
_CARRIED: Final = (
    "SELECT digest, actor_id, seen_ms, ends_ms, authenticated_ms, through_way, through_id, purpose, "
    "case_ref, id, begun_ms FROM session WHERE desk = ?"
)
TOUCH_MS: Final = 60_000
"""Being seen is written at most once a minute: reading must not cost a commit each time."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """How the session cookie is named and protected."""

    name: str
    secure: bool


def cookie_of(settings: Settings) -> Cookie:
    """`__Host-` and Secure everywhere; the demo on loopback speaks plain http, where browsers refuse that."""
    plain = settings.environment == "demo"
    return Cookie("recordsvc-demo" if plain else "__Host-recordsvc", secure=not plain)


class Method(StrEnum):
    """How somebody proved who they are (登录方式)."""

    DEMO = "demo"
    CODE = "code"
    """An official's one-time code."""
    CONSOLE = "console"
    """An official's one-time code, at the server's own console."""
    OIDC = "oidc"
    PASSKEY = "passkey"
    PIN = "pin"
    """PIN and a printed one-time code."""
    PASSWORD = "password"  # noqa: S105 - the name of a way to sign in
    """Password and TOTP."""
    WINDOW = "window"
    """Card and document, seen by a clerk."""
    HELPER = "helper"
    ACTIVATION = "activation"
    """A code that was handed over in person."""


@dataclass(frozen=True, slots=True)
class Entering:
    """Who begins a session, and how they proved it. `device` is a coarse word for the owner's list."""

    kind: Kind
    actor_id: str
    method: Method
    device: str = ""
    through: Through | None = None
    authenticated_ms: int | None = None
    """When they proved it, if that was not now but earlier, to somebody else."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A session as its owner sees it; instants are UTC."""

    id: bytes
    method: str
    device: str
    begun_ms: int
    seen_ms: int
    through_way: str | None
    through_id: str | None


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(
        self,
        db: Database,
        officials: Officials,
        clock: Clock,
        random: Random,
        settings: Settings,
        card_lost: CardLost,
    ) -> None:
        self._db = db
        self._card_lost = card_lost
        self._officials = officials
        self._staff = Staff(db)
        self._region = settings.region
        self._clock = clock
        self._random = random
        self._idle_ms = settings.session_idle_minutes * 60_000
        self._life_ms = settings.session_hours * 3_600_000
        self.step_up_ms: Final = settings.step_up_minutes * 60_000
        self._window_idle_ms = settings.window_idle_minutes * 60_000
        self._window_life_ms = settings.window_minutes * 60_000
        self._passkey_always = settings.passkey_rule == "always"
        self.cookie = cookie_of(settings)

    def begin(self, turn: Turn, who: Entering, former: str | None = None) -> str:
        """Open a session; returns the cookie's value. `former`, the cookie sent along, ends.

        A worker whose archive is read as another's since a merge signs in to that one. Nobody signs in to an
        archive that was closed after a death, whatever they know: `LoginRefused`.
        """
        actor_id = who.actor_id
        if who.kind is Kind.WORKER:
            person, state = merges.held(turn, uuid.UUID(actor_id).bytes)
            if state == CLOSED:
                raise LoginRefused(
                    "这份档案已经关闭，不能登录；近亲属可到窗口申请查阅。",
                    detail_en="This archive is closed; close relatives ask at the window.",
                )
            actor_id = str(uuid.UUID(bytes=person))
        if former is not None:
            self.end(turn, former)
        turn.conn.execute(session.delete().where(session.c.ends_ms <= turn.now_ms))
        end_uncarried(turn)
        secret, listed_id = self._random.bytes(32), uuid7(FixedClock(turn.now_ms), self._random)
        if who.kind is Kind.OFFICIAL:
            told = str(uuid.UUID(bytes=listed_id))
            emergency_trail.signed_in(turn, self._random, actor_id, who.method, told, self._region)
        turn.conn.execute(
            session.insert().values(
                digest=hashlib.sha256(secret).digest(),
                id=listed_id,
                actor_kind=who.kind,
                actor_id=actor_id,
                method=who.method,
                device=who.device,
                begun_ms=turn.now_ms,
                authenticated_ms=turn.now_ms if who.authenticated_ms is None else who.authenticated_ms,
                seen_ms=turn.now_ms,
                ends_ms=turn.now_ms + self._life_ms,
                **_through_columns(who.through),
            )
        )
        return b64u(secret)

    def find(self, cookie: str) -> Actor | None:
        """Who is signed in with this cookie; None when nobody (any more)."""
        digest = _digest(cookie)
        if digest is None:
            return None
        row = self._db.look_up(_FIND, (digest,))
        now = self._clock.now_ms()
        if row is None:
            return None
        kind, actor_id, seen_ms, ends_ms, authenticated_ms, method, way, through_id, purpose, case_ref = row[
            :10
        ]
        if now >= ends_ms or now - seen_ms >= self._idle_ms:
            return None
        if now - seen_ms >= TOUCH_MS:
            self._db.write(lambda turn: _touch(turn, digest))
        through = None if way is None else Through(Way(way), through_id, purpose, case_ref, bytes(row[10]))
        # The digest names the session without being able to open it: safe in CSRF tokens and log pseudonyms.
        seat = Seat(digest.hex(), authenticated_ms, method, through, row[11])
        found = self._actor(kind, actor_id, seat, now)
        if found is None:
            # Whoever's account was closed has no session, and serves nobody.
            self._db.write(lambda turn: self.end(turn, cookie))
        elif row[12] and found.kind in (Kind.OFFICIAL, Kind.WORKER):
            return self._serving(digest, now) or found
        return found

    def serve(
        self, turn: Turn, carrier: Actor, worker_id: bytes, through: Through, ends_ms: int | None = None
    ) -> Through:
        """Let the session of an official or helper carry a service in a worker's place; an earlier one ends.

        The row has no cookie: whoever asks with the carrier's own is the worker's stand-in while it lasts.
        `through` comes back with the id of the service.
        """
        desk = bytes.fromhex(carrier.session_id)
        turn.conn.execute(session.delete().where(session.c.desk == desk))
        end_uncarried(turn)
        service_id = uuid7(FixedClock(turn.now_ms), self._random)
        turn.conn.execute(
            session.insert().values(
                digest=self._random.bytes(32),
                id=service_id,
                actor_kind=Kind.WORKER,
                actor_id=str(uuid.UUID(bytes=worker_id)),
                method=Method.WINDOW if through.way is Way.WINDOW else Method.HELPER,
                device="",
                begun_ms=turn.now_ms,
                authenticated_ms=carrier.authenticated_ms,
                seen_ms=turn.now_ms,
                ends_ms=self.serves_until(turn.now_ms) if ends_ms is None else ends_ms,
                desk=desk,
                **_through_columns(through),
            )
        )
        return replace(through, service=service_id)

    def serves_until(self, begun_ms: int) -> int:
        """Return when a service that began then ends in any case (UTC ms)."""
        return begun_ms + self._window_life_ms

    def end_service(self, turn: Turn, session_id: str) -> bool:
        """End a service; the session that carried it goes on as the carrier's. False: it had ended."""
        own = (session.c.digest == bytes.fromhex(session_id), session.c.desk.is_not(None))
        return turn.conn.execute(session.delete().where(*own)).rowcount == 1

    def _serving(self, desk: bytes, now: int) -> Actor | None:
        row = self._db.look_up(_CARRIED, (desk,))
        if row is None:
            return None
        digest, actor_id, seen_ms, ends_ms, authenticated_ms, way, through_id, purpose, case_ref = row[:9]
        idle_ms = self._window_idle_ms if way == Way.WINDOW else self._idle_ms
        over_ms = min(ends_ms, seen_ms + idle_ms)
        through = Through(Way(way), through_id, purpose, case_ref, bytes(row[9]))
        seat = Seat(bytes(digest).hex(), authenticated_ms, str(way), through, row[10])
        found = None if now >= over_ms else self._actor(Kind.WORKER, actor_id, seat, now)
        if found is None:
            # It does not begin again when a role comes back, and looks from now on are no part of it.
            self._db.write(lambda turn: _over(turn, bytes(digest), min(now, over_ms)))
        elif now - seen_ms >= TOUCH_MS:
            self._db.write(lambda turn: _touch(turn, bytes(digest)))
        return found

    def strengthen(self, turn: Turn, session_id: str) -> None:
        """Note that the person at this session has just proved again who they are (step-up)."""
        mine = session.c.digest == bytes.fromhex(session_id)
        # Later than the session's begin, whatever the clock says: a way of one's own came after the code.
        proven_ms = sa.case((session.c.begun_ms < turn.now_ms, turn.now_ms), else_=session.c.begun_ms + 1)
        turn.conn.execute(session.update().where(mine).values(authenticated_ms=proven_ms))

    def end(self, turn: Turn, cookie: str) -> None:
        """Sign out; unknown cookies are nobody's."""
        digest = _digest(cookie)
        if digest is not None:
            turn.conn.execute(session.delete().where(session.c.digest == digest))
            end_uncarried(turn)

    def method_of(self, cookie: str) -> str | None:
        """Return how whoever is signed in with this cookie came in; None for nobody."""
        digest = _digest(cookie)
        row = (
            None
            if digest is None
            else self._db.look_up("SELECT method FROM session WHERE digest = ?", (digest,))
        )
        return None if row is None else str(row[0])

    def end_all(self, turn: Turn, kind: Kind, actor_id: str) -> int:
        """End every session of a person; returns how many there were."""
        mine = (session.c.actor_kind == kind, session.c.actor_id == actor_id)
        ended = turn.conn.execute(session.delete().where(*mine)).rowcount
        end_uncarried(turn)
        return ended

    def end_one(self, turn: Turn, kind: Kind, actor_id: str, session_id: bytes) -> bool:
        """End one session of a person's list; tells whether it was theirs."""
        mine = (session.c.actor_kind == kind, session.c.actor_id == actor_id, session.c.id == session_id)
        ended = turn.conn.execute(session.delete().where(*mine)).rowcount == 1
        end_uncarried(turn)
        return ended

    def end_others(self, turn: Turn, kind: Kind, actor_id: str, session_id: str) -> int:
        """End every session of a person but this one; returns how many there were."""
        mine = (session.c.actor_kind == kind, session.c.actor_id == actor_id)
        others = session.c.digest != bytes.fromhex(session_id)
        ended = turn.conn.execute(session.delete().where(*mine, others)).rowcount
        end_uncarried(turn)
        return ended

    def place_of(self, conn: Connection, session_id: str) -> bytes | None:
        """Return the id by which a session (`Actor.session_id`) stands on its owner's list."""
        digest = session.c.digest == bytes.fromhex(session_id)
        found = conn.scalar(sa.select(session.c.id).where(digest))
        return None if found is None else bytes(found)

    def listed(self, conn: Connection, kind: Kind, actor_id: str) -> list[Listed]:
        """Return the open sessions of a person, newest first."""
        now = self._clock.now_ms()
        names = [session.c[name] for name in Listed.__slots__]
        mine = (session.c.actor_kind == kind, session.c.actor_id == actor_id)
        alive = (
            session.c.ends_ms > now,
            session.c.seen_ms > now - self._idle_ms,
            sa.or_(
                session.c.through_way.is_distinct_from(Way.WINDOW),
                session.c.seen_ms > now - self._window_idle_ms,
            ),
        )
        rows = conn.execute(sa.select(*names).where(*mine, *alive).order_by(session.c.id.desc()))
        return [Listed(*row) for row in rows]

    def _actor(self, kind: str, actor_id: str, seat: "Seat", now: int) -> Actor | None:
        if kind == Kind.WORKER:
            worker_id = uuid.UUID(actor_id).bytes
            through = None if seat.through is None else self._standing(seat, worker_id, now)
            if through is None and seat.through is not None:
                return None
            return Actor(
                Kind.WORKER,
                actor_id,
                worker_id=worker_id,
                session_id=seat.session_id,
                authenticated_ms=seat.authenticated_ms,
                handed=seat.method == Method.ACTIVATION and seat.authenticated_ms <= seat.begun_ms,
                through=through,
            )
        if kind == Kind.STAFF:
            return self._staff_actor(actor_id, seat, now)
        official = self._officials.find(actor_id)
        if official is None or official.closed_ms is not None:
            return None
        if self._passkey_always and seat.method == Method.CODE:
            # A code alone is one factor: it opens nothing but setting up the second.
            return Actor(
                Kind.OFFICIAL, actor_id, session_id=seat.session_id, authenticated_ms=seat.authenticated_ms
            )
        return replace(
            official.actor(now, self._region),
            session_id=seat.session_id,
            authenticated_ms=seat.authenticated_ms,
        )

    def _staff_actor(self, staff_id: str, seat: "Seat", now: int) -> Actor | None:
        member = self._staff.find(staff_id)
        if member is None or member.closed_ms is not None:
            return None
        return Actor(
            Kind.STAFF,
            staff_id,
            roles=member.positions(now),
            institution=member.institution,
            session_id=seat.session_id,
            authenticated_ms=seat.authenticated_ms,
        )

    def _standing(self, seat: "Seat", worker_id: bytes, now: int) -> Through | None:
        """Return who acts in the worker's place as they may now, a clerk or a helper; None: no more."""
        through = seat.through
        if through is None:
            return None
        with self._db.read() as conn:
            if through.way is Way.HELPER:
                helps = helper_relations.running(conn, through.case_ref, through.id, now)
                same = helps is not None and merges.person_id(conn, helps.worker_id) == worker_id
                return replace(through, verbs=frozenset(helps.verbs.split())) if helps and same else None
            if self._card_lost(conn, worker_id, seat.begun_ms):
                return None
            thing = areas.person(conn, worker_id)
        clerk = self._officials.find(through.id)
        who = ANYONE if clerk is None else clerk.actor(now, self._region)
        may = can(who, "window.open", thing) and not recusals.recused(who, thing.parties)
        return through if may else None


@dataclass(frozen=True, slots=True)
class Seat:
    """What a session says beside whose it is."""

    session_id: str
    authenticated_ms: int
    method: str
    through: Through | None
    begun_ms: int
    """When it, or the service, began."""


def _through_columns(through: Through | None) -> dict[str, str]:
    if through is None:
        return {}
    return {
        "through_way": through.way,
        "through_id": through.id,
        "purpose": through.purpose,
        "case_ref": through.case_ref,
    }


def end_uncarried(turn: Turn) -> None:
    """End services whose carrier's session is gone, or that were ended with the worker's own sessions."""
    carried = sa.select(session.c.digest)
    gone = (session.c.desk.is_not(None), session.c.desk.not_in(carried))
    turn.conn.execute(session.delete().where(*gone))
    running = sa.select(session.c.id).where(session.c.desk.is_not(None))
    left = (service.c.ends_ms > turn.now_ms, service.c.service_id.not_in(running))
    turn.conn.execute(service.update().where(*left).values(ends_ms=turn.now_ms))


def _over(turn: Turn, digest: bytes, at_ms: int) -> None:
    """End one service, which was over at an instant (UTC ms)."""
    ended = turn.conn.scalar(sa.select(session.c.id).where(session.c.digest == digest))
    if ended is None:
        return
    turn.conn.execute(session.delete().where(session.c.digest == digest))
    later = (service.c.service_id == ended, service.c.ends_ms > at_ms)
    turn.conn.execute(service.update().where(*later).values(ends_ms=at_ms))


def _touch(turn: Turn, digest: bytes) -> None:
    turn.conn.execute(session.update().where(session.c.digest == digest).values(seen_ms=turn.now_ms))


def _digest(cookie: str) -> bytes | None:
    try:
        secret = unb64u(cookie)
    except ValueError:
        return None
    return hashlib.sha256(secret).digest() if len(secret) == 32 else None
