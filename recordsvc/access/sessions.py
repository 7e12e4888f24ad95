"""Browser sessions (会话): a row on the server, a random cookie at the client, nothing in between.

The cookie carries 256 random bits; the table knows only their SHA-256. A session ends after minutes without a
request, after hours in any case, at sign-out, and when somebody ends all sessions of a person. Roles are not
part of it: they are read from the register at every request.
"""

import hashlib
import uuid
from dataclasses import dataclass
from typing import Final

from recordsvc.access.grants import Actor, Kind
from recordsvc.access.officials import Officials
from recordsvc.access.tables import session
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import Clock, Random
from recordsvc.people import merges
from recordsvc.settings import Settings

_FIND: Final = "SELECT actor_kind, actor_id, begun_ms, seen_ms, ends_ms FROM session WHERE digest = ?"
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


class Sessions:
    """Begins, finds and ends sessions."""

    def __init__(
        self, db: Database, officials: Officials, clock: Clock, random: Random, settings: Settings
    ) -> None:
        self._db = db
        self._officials = officials
        self._clock = clock
        self._random = random
        self._idle_ms = settings.session_idle_minutes * 60_000
        self._life_ms = settings.session_hours * 3_600_000
        self.cookie = cookie_of(settings)

    def begin(self, turn: Turn, kind: Kind, actor_id: str, former: str | None = None) -> str:
        """Open a session; returns the cookie's value. `former`, the cookie sent along, ends.

        A worker whose archive is read as another's since a merge signs in to that one.
        """
        if kind is Kind.WORKER:
            person = merges.person_id(turn.conn, uuid.UUID(actor_id).bytes)
            actor_id = str(uuid.UUID(bytes=person))
        if former is not None:
            self.end(turn, former)
        turn.conn.execute(session.delete().where(session.c.ends_ms <= turn.now_ms))
        secret = self._random.bytes(32)
        turn.conn.execute(
            session.insert().values(
                digest=hashlib.sha256(secret).digest(),
                actor_kind=kind,
                actor_id=actor_id,
                begun_ms=turn.now_ms,
                seen_ms=turn.now_ms,
                ends_ms=turn.now_ms + self._life_ms,
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
        if row is None or now >= row[4] or now - row[3] >= self._idle_ms:
            return None
        if now - row[3] >= TOUCH_MS:
            self._db.write(lambda turn: _touch(turn, digest))
        return self._actor(row[0], row[1], digest, now)

    def end(self, turn: Turn, cookie: str) -> None:
        """Sign out; unknown cookies are nobody's."""
        digest = _digest(cookie)
        if digest is not None:
            turn.conn.execute(session.delete().where(session.c.digest == digest))

    def end_all(self, turn: Turn, kind: Kind, actor_id: str) -> int:
        """End every session of a person; returns how many there were."""
        mine = (session.c.actor_kind == kind, session.c.actor_id == actor_id)
        return turn.conn.execute(session.delete().where(*mine)).rowcount

    def _actor(self, kind: str, actor_id: str, digest: bytes, now: int) -> Actor | None:
        # The digest names the session without being able to open it: safe in CSRF tokens and log pseudonyms.
        session_id = digest.hex()
        if kind == Kind.WORKER:
            return Actor(Kind.WORKER, actor_id, worker_id=uuid.UUID(actor_id).bytes, session_id=session_id)
        official = self._officials.find(actor_id)
        if official is None or official.closed_ms is not None:
            return None
        return Actor(
            Kind.OFFICIAL,
            actor_id,
            roles=official.roles(now),
            institution=official.institution,
            session_id=session_id,
        )


def _touch(turn: Turn, digest: bytes) -> None:
    turn.conn.execute(session.update().where(session.c.digest == digest).values(seen_ms=turn.now_ms))


def _digest(cookie: str) -> bytes | None:
    try:
        secret = unb64u(cookie)
    except ValueError:
        return None
    return hashlib.sha256(secret).digest() if len(secret) == 32 else None
