"""Clients: the machines of institutions and receivers (接入方), their dated terms and dated public keys.

Registering a client, adding a key, other scopes or ceilings and lifting a suspension take two officials
(registering.py); one official
suspends at once, and that holds from the client's next request on. A client's key proves who asks for a
token. It is not the issuer's key, which signs records: a stolen token or client key cannot forge one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.errors import ClientStateConflict, ClientUnknown
from recordsvc.access.grants import Reach, Scope
from recordsvc.access.tables import client, client_event, client_key, client_terms
from recordsvc.ground import versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.vault.signers import PublicKey

REGISTER: Final = "clients"
_CLIENT_ID: Final = re.compile(r"[a-z0-9][a-z0-9-]{2,39}")


class ClientKind(StrEnum):
    """What sort of machine asks."""

    CENTRE = "centre"
    """培训机构."""
    ASSESSOR = "assessor"
    """技能评价机构."""
    AUTHORITY = "authority"
    """发证机关."""
    CREDIT_BANK = "credit-bank"
    """学分银行."""
    EMPLOYER = "employer"
    """用人单位."""
    PAYROLL = "payroll"
    """用人单位薪酬系统."""
    ONLINE = "online-platform"
    """线上培训平台."""
    PLATFORM = "platform"
    """人社一体化等上级平台."""


ISSUING: Final = frozenset({Scope.RECORDS_WRITE, Scope.RECORDS_READ})
SCOPES: Final[Mapping[ClientKind, frozenset[Scope]]] = {
    ClientKind.CENTRE: ISSUING,
    ClientKind.ASSESSOR: ISSUING,
    ClientKind.AUTHORITY: ISSUING,
    ClientKind.ONLINE: ISSUING,
    ClientKind.CREDIT_BANK: frozenset({Scope.EXPORTS, Scope.SHARED_READ}),
    ClientKind.EMPLOYER: frozenset({Scope.SHARED_READ}),
    ClientKind.PAYROLL: frozenset({Scope.SHARED_READ}),
    ClientKind.PLATFORM: frozenset({Scope.FEED_READ}),
}
"""What a client of each kind may be given at most."""


@dataclass(frozen=True, slots=True)
class ClientKey:
    """A public key with its dates (UTC ms; `not_after_ms` None: without end)."""

    kid: str
    public: PublicKey
    not_before_ms: int
    not_after_ms: int | None = None
    revoked_ms: int | None = None

    def in_force(self, now_ms: int) -> bool:
        """Whether it may prove the client now."""
        ended = self.not_after_ms is not None and now_ms >= self.not_after_ms
        return self.revoked_ms is None and self.not_before_ms <= now_ms and not ended


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client may from an instant on (UTC ms), as two people decided."""

    scopes: frozenset[str]
    units_a_day: int | None
    at_once: int | None
    from_ms: int


@dataclass(frozen=True, slots=True)
class Client:
    """A registered client. `institution` is the code it acts for; receivers may have none."""

    client_id: str
    kind: str
    institution: str | None
    name: str
    scopes: frozenset[str]
    state: str
    version: int
    registered_ms: int
    units_a_day: int | None = None
    """Its own daily ceiling; None: what the dated table gives its kind."""
    at_once: int | None = None
    """Its own number of requests at once; None as above."""
    keys: Mapping[str, ClientKey] = field(default_factory=dict)
    changes: tuple[Terms, ...] = ()
    """Other terms, in the order in which they were decided."""

    def at(self, now_ms: int) -> "Client":
        """Return the client with the terms it has at an instant.

        The newest decision that has begun counts: it ends what an earlier one would begin after it.
        """
        begun = next((one for one in reversed(self.changes) if one.from_ms <= now_ms), None)
        if begun is None:
            return self
        return replace(self, scopes=begun.scopes, units_a_day=begun.units_a_day, at_once=begun.at_once)

    def coming(self, now_ms: int) -> list[Terms]:
        """Return the terms that are decided and have not begun, the earliest first."""
        later: list[Terms] = []
        for one in reversed(self.changes):
            if one.from_ms <= now_ms:
                break
            if not later or one.from_ms < later[-1].from_ms:
                later.append(one)
        return later[::-1]

    @property
    def active(self) -> bool:
        """Whether it may ask for tokens and use them."""
        return self.state == "active"


class Clients:
    """The register of clients, one copy a process, never older than the database."""

    def __init__(self, db: Database) -> None:
        self._register = versions.Register(db, REGISTER, load)
        self._clock = db.clock

    def find(self, client_id: str) -> Client | None:
        """A client as of now."""
        return self._now(self._register.get().get(client_id))

    def known(self, client_id: str) -> Client | None:
        """A client as this process last read it, a moment ago when its token was checked."""
        return self._now(self._register.last().get(client_id))

    def all(self) -> list[Client]:
        """All clients as of now, in order of their ids."""
        now = self._clock.now_ms()
        found = (one.at(now) for one in self._register.get().values())
        return sorted(found, key=lambda one: one.client_id)

    def _now(self, found: Client | None) -> Client | None:
        return found if found is None or not found.changes else found.at(self._clock.now_ms())


def load(conn: Connection) -> Mapping[str, Client]:
    """Read the whole register: clients with the terms they were registered with, and the later ones."""
    keys: dict[str, dict[str, ClientKey]] = {}
    for client_id, kid, alg, raw, *dates in conn.execute(sa.select(client_key)):
        keys.setdefault(client_id, {})[kid] = ClientKey(kid, PublicKey(alg, raw), *dates)
    terms: dict[str, list[sa.Row[Any]]] = {}
    for row in conn.execute(sa.select(client_terms).order_by(client_terms.c.client_id, client_terms.c.n)):
        terms.setdefault(row.client_id, []).append(row)
    found = {}
    for row in conn.execute(sa.select(client)):
        fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name of a row's mapping
        fields["scopes"] = _scopes(row.kind, row.scopes)
        changes = tuple(
            Terms(_scopes(row.kind, one.scopes), one.units_a_day, one.at_once, one.from_ms)
            for one in terms.get(row.client_id, ())
        )
        found[row.client_id] = Client(**fields, keys=keys.get(row.client_id, {}), changes=changes)
    return found


def _scopes(kind: str, words: str) -> frozenset[str]:
    """Return scopes as stored; one that the kind may not have any more is none, whenever it was given."""
    return frozenset(words.split()) & SCOPES[ClientKind(kind)]


@dataclass(frozen=True, slots=True)
class Event:
    """What is done to a client: by whom, why, and by which proposal where two people did it."""

    what: str
    by: str
    reason: str
    proposal: bytes | None = None


def suspend(turn: Turn, client_id: str, *, by: str, reason: str) -> None:
    """Stop a client at once. Raises `ClientUnknown`, `ClientStateConflict` when it is stopped already."""
    one(turn.conn, client_id)
    set_state(turn, client_id, "active", "suspended", Event("suspend", by, reason))


def revoke_key(turn: Turn, client_id: str, kid: str, *, by: str, reason: str) -> None:
    """End one key at once. Raises `ClientUnknown`, `ClientStateConflict` when there is no such live key."""
    one(turn.conn, client_id)
    ending = (
        client_key.update()
        .where(
            client_key.c.client_id == client_id, client_key.c.kid == kid, client_key.c.revoked_ms.is_(None)
        )
        .values(revoked_ms=turn.now_ms)
    )
    if turn.conn.execute(ending).rowcount != 1:
        raise ClientStateConflict
    changed(turn, client_id, Event("revoke-key", by, f"{kid}: {reason}"[:400]))


def set_state(turn: Turn, client_id: str, before: str, after: str, event: Event) -> None:
    """Move a client from one state to the other. Raises `ClientStateConflict` when it is not in the first."""
    moving = (
        client.update().where(client.c.client_id == client_id, client.c.state == before).values(state=after)
    )
    if turn.conn.execute(moving).rowcount != 1:
        raise ClientStateConflict
    changed(turn, client_id, event)


def changed(turn: Turn, client_id: str, event: Event) -> int:
    """Count and record a change of a client: proposals about it go stale, copies of it are read again.

    Returns the version that the change makes.
    """
    counting = (
        client.update()
        .where(client.c.client_id == client_id)
        .values(version=client.c.version + 1)
        .returning(client.c.version)
    )
    version = int(turn.conn.execute(counting).scalar_one())
    turn.conn.execute(
        client_event.insert().values(
            client_id=client_id,
            n=version,
            event=event.what,
            stated_by=event.by,
            reason=event.reason,
            proposal=event.proposal,
            at_ms=turn.now_ms,
        )
    )
    versions.bump(turn, REGISTER)
    return version


def one(conn: Connection, client_id: str) -> Client:
    """A client from the database itself. Raises `ClientUnknown`."""
    found = load(conn).get(client_id) if _CLIENT_ID.fullmatch(client_id) else None
    if found is None:
        raise ClientUnknown
    return found


@dataclass(frozen=True, slots=True)
class Done:
    """What was done to a client, as it was kept."""

    event: str
    stated_by: str
    reason: str
    proposal: bytes | None
    at_ms: int


def history(conn: Connection, client_id: str) -> list[Done]:
    """Return what was done to a client, oldest first."""
    own = client_event.c
    told = sa.select(own.event, own.stated_by, own.reason, own.proposal, own.at_ms)
    return [Done(*row) for row in conn.execute(told.where(own.client_id == client_id).order_by(own.n))]


def ids_within(conn: Connection, where: Reach) -> frozenset[str]:
    """Return the ids of clients whose institution lies in a reach; without one, only the region sees them."""
    area = sa.case((client.c.institution.is_(None), ""), else_=areas.of_institution(client.c.institution))
    return frozenset(conn.scalars(sa.select(client.c.client_id).where(areas.within(where, area))))
