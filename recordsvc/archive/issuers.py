"""Issuers and their signing keys (签发单位与签名钥匙): a chain of public events in the log.

A key is judged at the log position of the entry it signs: an event takes effect for every entry behind it,
and never touches one before it. The database holds the events as they stand in the log; everything else is
derived.
"""

import threading
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import tables
from recordsvc.archive.errors import KeyEventRefused
from recordsvc.archive.keyevents import (
    NO_END,
    NO_SUSPICION,
    KeyAction,
    KeyEvent,
    KeyHistory,
    KeyLife,
    KeyState,
)
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.readers import Cursor, Question
from recordsvc.translog.store import Log
from recordsvc.vault.signers import PublicKey

REGISTER: Final = "issuers"
"""Its version counts the key events of all issuers."""
NOW: Final = 2**63
"""A log index behind every event: where an entry appended now will stand, as far as keys are concerned."""


@dataclass(frozen=True, slots=True)
class IssuerState:
    """An issuer's keys as of one version (the number of its events)."""

    issuer: str
    version: int
    history: KeyHistory

    def key(self, kid: str) -> KeyLife | None:
        """Return a key by its name."""
        return self.history.keys.get(kid)

    def window(self, ms: int) -> tuple[int, int]:
        """Return (first, end) of the time around `ms` in which none of these keys begins or ends."""
        edges = {
            edge for life in self.history.keys.values() for edge in (life.not_before_ms, life.not_after_ms)
        }
        return max((edge for edge in edges if edge <= ms), default=0), min(
            (edge for edge in edges if edge > ms), default=NO_END
        )

    def has_suspects(self) -> bool:
        """Return whether any key is under suspicion; spares readers from looking at each signature."""
        return any(life.suspected_since_ms is not None for life in self.history.keys.values())


class Issuers:
    """The issuers of this service; a process keeps keys in memory and checks their version at every use."""

    def __init__(self, db: Database, log: Log) -> None:
        """Read events from `db`, write them through `log`."""
        self.db = db
        self._log = log
        self._cache: dict[str, IssuerState] = {}
        self._lock = threading.Lock()
        self._suspects: tuple[int, dict[str, IssuerState | None]] = (-1, {})
        """By issuer its state if a key of it is under suspicion, as of a version of the register."""

    def states(self, cursor: Cursor, issuers: Iterable[str]) -> dict[str, IssuerState]:
        """Return the present state of each known issuer among `issuers`; `cursor` is a driver cursor."""
        return self.at_versions(cursor, self.db.ask(cursor, self.asking_versions(set(issuers)))[0])

    def at_versions(self, cursor: Cursor, versions: Mapping[str, int]) -> dict[str, IssuerState]:
        """Return the states of issuers whose versions were asked of the same snapshot."""
        states = {}
        for issuer, version in versions.items():
            state = self._cache.get(issuer)
            if state is None or state.version != version:
                state = self._read(cursor, issuer, version)
                with self._lock:
                    self._cache[issuer] = state
            states[issuer] = state
        return states

    def asking_versions(self, issuers: Collection[str]) -> Question[dict[str, int]]:
        """Ask for the versions that count now; what the writer compares under the lock."""
        if not issuers:
            return Question("", (), dict)
        marks = ", ".join("?" * len(issuers))
        query = f"SELECT issuer, version FROM issuer WHERE issuer IN ({marks})"  # noqa: S608 - marks, no values
        return Question(self.db.sql(query), tuple(issuers), dict)

    def suspects(
        self, cursor: Cursor, issuers: Iterable[str], seen: Mapping[str, int]
    ) -> dict[str, IssuerState]:
        """Return the state of those among `issuers` that have a key under suspicion.

        `seen` are the register versions of the cursor's snapshot: until the issuers' moves, nothing is asked.
        """
        version = seen.get(REGISTER, 0)
        at, known = self._suspects
        if at != version:
            known = {}
            self._suspects = version, known
        unknown = set(issuers).difference(known)
        if unknown:
            states = self.states(cursor, unknown)
            for issuer in unknown:
                state = states.get(issuer)
                known[issuer] = state if state is not None and state.has_suspects() else None
        return {issuer: state for issuer in issuers if (state := known[issuer]) is not None}

    def state(self, issuer: str) -> IssuerState | None:
        """Return one issuer's present state; None when it has no keys."""
        with self.db.read_raw() as cursor:
            return self.states(cursor, [issuer]).get(issuer)

    def events(self, conn: Connection, issuers: Iterable[str], size: int) -> list[tuple[int, bytes]]:
        """Return (log index, G) of the key events of `issuers` below log size `size`, in log order."""
        query = (
            sa.select(tables.issuer_key_event.c.idx, tables.issuer_key_event.c.data)
            .where(tables.issuer_key_event.c.issuer.in_(list(issuers)), tables.issuer_key_event.c.idx < size)
            .order_by(tables.issuer_key_event.c.idx)
        )
        return [(row.idx, row.data) for row in conn.execute(query)]

    def _read(self, cursor: Cursor, issuer: str, version: int) -> IssuerState:
        cursor.execute(
            self.db.sql("SELECT idx, data FROM issuer_key_event WHERE issuer = ? ORDER BY n"), (issuer,)
        )
        history = KeyHistory(issuer)
        for idx, data in cursor.fetchall():
            history.add(idx, bytes(data))
        return IssuerState(issuer, version, history)

    # -- events

    def register(
        self,
        turn: Turn,
        issuer: str,
        kid: str,
        public: PublicKey,
        not_before_ms: int,
        not_after_ms: int | None,
    ) -> int:
        """Enter a new key in the log and return the event's log index. Raises `KeyEventRefused`."""
        life = self.new_life(turn, issuer, kid, public, not_before_ms, not_after_ms)
        return self._enter(turn, issuer, kid, KeyAction.REGISTER, life)

    def new_life(
        self,
        turn: Turn,
        issuer: str,
        kid: str,
        public: PublicKey,
        not_before_ms: int,
        not_after_ms: int | None,
    ) -> KeyLife:
        """Return the life a new key would begin; enters nothing. Raises `KeyEventRefused`.

        A public key is registered once in this service, by whomever and under whatever name: a revoked key
        must not come back under another.
        """
        end = NO_END if not_after_ms is None else not_after_ms
        if end <= not_before_ms:
            raise KeyEventRefused(
                "钥匙的失效时间早于生效时间",
                detail_en="the key ends before it begins",
                pointer="/not_after_ms",
            )
        if kid in self.history(turn, issuer).keys:
            raise KeyEventRefused(
                "该钥匙编号（kid）已登记过", detail_en="this kid was registered before", pointer="/jwk/kid"
            )
        if end <= turn.now_ms:
            raise KeyEventRefused(
                "钥匙的失效时间已过", detail_en="the key's end has passed", pointer="/not_after_ms"
            )
        # An event ends with the public key (`KeyEvent`); the length before it keeps apart what ends alike.
        data, tail = tables.issuer_key_event.c.data, len(public.raw).to_bytes(2) + public.raw
        ending = sa.func.substr(data, sa.func.length(data) - len(tail) + 1, type_=sa.LargeBinary)
        if turn.conn.execute(sa.select(data).where(ending == tail).limit(1)).first() is not None:
            raise KeyEventRefused(
                "该公钥已登记过（含其他编号、其他单位和已撤销的），请生成新的钥匙",
                detail_en="this public key was registered before, here or elsewhere; make a new one",
                pointer="/jwk",
            )
        return KeyLife(public, not_before_ms, end, [])

    def change(
        self, turn: Turn, issuer: str, kid: str, action: KeyAction, suspected_since_ms: int = NO_SUSPICION
    ) -> int:
        """Revoke, suspend, lift or suspect a key; the event's log index. Raises `KeyEventRefused`."""
        life = self.history(turn, issuer).keys.get(kid)
        if life is None or not _allows(life.states[-1][1], action):
            raise KeyEventRefused
        return self._enter(turn, issuer, kid, action, life, suspected_since_ms)

    def history(self, turn: Turn, issuer: str) -> KeyHistory:
        """Return an issuer's keys as the writer sees them; locks the log head, which orders everything."""
        self._log.turn(turn)
        history = KeyHistory(issuer)
        events = tables.issuer_key_event
        query = sa.select(events.c.idx, events.c.data).where(events.c.issuer == issuer).order_by(events.c.n)
        for row in turn.conn.execute(query):
            history.add(row.idx, row.data)
        return history

    def _enter(
        self,
        turn: Turn,
        issuer: str,
        kid: str,
        action: KeyAction,
        life: KeyLife,
        suspected_since_ms: int = NO_SUSPICION,
    ) -> int:
        log, history = self._log.turn(turn), self.history(turn, issuer)
        event = KeyEvent(
            action=action,
            n=history.n,
            prev=history.last,
            ms=log.ms,
            issuer=issuer,
            kid=kid,
            public=life.public,
            not_before_ms=life.not_before_ms,
            not_after_ms=life.not_after_ms,
            suspected_since_ms=suspected_since_ms,
        )
        data = event.pack()
        idx = log.append(data)
        history.add(idx, data)
        versions.bump(turn, REGISTER)
        values = {"version": history.n, "last_event": history.last}
        if event.n == 0:
            turn.conn.execute(tables.issuer.insert().values(issuer=issuer, **values))
        else:
            turn.conn.execute(tables.issuer.update().where(tables.issuer.c.issuer == issuer).values(**values))
        turn.conn.execute(
            tables.issuer_key_event.insert().values(issuer=issuer, n=event.n, idx=idx, data=data)
        )
        return int(idx)


def _allows(state: KeyState, action: KeyAction) -> bool:
    """Return whether the key's state lets the action make sense: a revoked key stays revoked."""
    return {
        KeyAction.REGISTER: False,
        KeyAction.REVOKE: state is not KeyState.REVOKED,
        KeyAction.SUSPEND: state is KeyState.REGISTERED,
        KeyAction.LIFT: state is KeyState.SUSPENDED,
        KeyAction.SUSPECT: True,
    }[action]
