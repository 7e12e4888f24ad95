"""Whose an account at an identity provider is (账号与档案的对应): the number tells once, then the account.

    account unknown ──> number read by blind index ──> nobody's: nobody is created, the window helps
                                                  └──> a worker's: linked, for good
    account linked  ──> number leads to the same person ──> signed in
                    └─> number leads elsewhere ──> refused, and a mismatch for officials: nothing links anew
    open mismatch ──two officials──> kept (the account's number is wrong) | moved (the link was)

The number is looked at at every sign-in and stored at none. An account is known by an HMAC over issuer and
subject. A link stays with the archive that the number stood in: whoever it is read as since a merge is the
one who signs in, and an unmerged archive has its own account again.
"""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import credentials
from recordsvc.access.credentials import Holder
from recordsvc.access.errors import MismatchDecided, MismatchUnknown
from recordsvc.access.grants import Kind
from recordsvc.access.identity import Identity
from recordsvc.access.sessions import Method, end_uncarried
from recordsvc.access.tables import identity_link, identity_mismatch, session, worker_identity
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import FixedClock, Random, beijing_date, uuid7
from recordsvc.ground.strictjson import canonical
from recordsvc.ground.two_person import Proposal
from recordsvc.people import identifiers, merges
from recordsvc.people import tables as people_tables
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.resolve import CARD
from recordsvc.people.standing import ERASED
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

DIFFERS: Final = "differs"
"""The number of a linked account leads elsewhere."""
SECOND: Final = "second"
"""A second account of one provider has the number of a worker who is linked to another."""
KEEP: Final = "identity.keep"
MOVE: Final = "identity.move"
_DECIDERS: Final = frozenset({"reviewer", "data-officer"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a provider's word comes to: whose account it is, or why it opens nothing."""

    holder: Holder | None
    why: str = ""
    """`number` (none that can be), `unknown` (nobody's), `differs`, `second`."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One account that officials must judge; ids are opaque, no number is kept. Instants are UTC ms."""

    mismatch_id: bytes
    worker_id: bytes
    tag: bytes
    issuer: str
    kind: str
    found_id: bytes | None
    state: str
    opened_ms: int
    seen_ms: int


# -- signing in


def settle(turn: Turn, house: "House", who: Identity) -> Verdict:
    """Find whose account this is, link it if it is new, and open a mismatch if the number contradicts."""
    number = _normal(who, turn.now_ms)
    if number is None:
        return Verdict(None, "number")
    tag = tag_of(house.keys, who)
    owner = house.people.owner(house.db.cursor(turn.conn), who.kind, number)
    linked = _linked(turn.conn, tag)
    if linked is None:
        return _link(turn, house, who.issuer, tag, owner)
    if not _same_person(turn.conn, linked, owner):
        _differ(turn, house.random, Mismatch(b"", linked, tag, who.issuer, DIFFERS, owner, "open", 0, 0))
        return Verdict(None, DIFFERS)
    own = (worker_identity.c.worker_id == linked, worker_identity.c.tag == tag)
    turn.conn.execute(worker_identity.update().where(*own).values(used_ms=turn.now_ms))
    return Verdict(credentials.worker(linked))


def tag_of(keys: KeyStore, who: Identity) -> bytes:
    """Return by what an account is known: two providers with one subject are two accounts."""
    return keys.hmac("login", b"identity/1\0account\0" + canonical([who.issuer, who.subject]))


def has_account(conn: Connection, holder: Holder, issuer: str) -> bool:
    """Tell whether a worker, merged archives among them, has an account at a provider."""
    own = worker_identity.c
    ids = [one.worker_id for one in credentials.holders(conn, holder) if one.kind is Kind.WORKER]
    wanted = sa.select(own.tag).where(own.worker_id.in_(ids), own.issuer == issuer)
    return conn.execute(wanted.limit(1)).first() is not None


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove every account of a worker and what was to be judged of them; part of the worker's erasure."""
    for table in (identity_link, worker_identity, identity_mismatch):
        turn.conn.execute(table.delete().where(table.c.worker_id == worker_id))
    turn.conn.execute(identity_mismatch.delete().where(identity_mismatch.c.found_id == worker_id))


def _normal(who: Identity, now_ms: int) -> str | None:
    try:
        if who.kind == CARD:
            return identifiers.card_number(who.number)
        return identifiers.parse(who.kind, who.number, beijing_date(now_ms)).value
    except IdentifierError:
        return None


def _linked(conn: Connection, tag: bytes) -> bytes | None:
    found = conn.execute(sa.select(identity_link.c.worker_id).where(identity_link.c.tag == tag)).scalar()
    return None if found is None else bytes(found)


def _same_person(conn: Connection, linked: bytes, owner: bytes | None) -> bool:
    return owner is not None and merges.person_id(conn, linked) == merges.person_id(conn, owner)


def _link(turn: Turn, house: "House", issuer: str, tag: bytes, owner: bytes | None) -> Verdict:
    if owner is None:
        return Verdict(None, "unknown")
    if not _put(turn, owner, issuer, tag):
        _differ(turn, house.random, Mismatch(b"", owner, tag, issuer, SECOND, None, "open", 0, 0))
        return Verdict(None, SECOND)
    holder = credentials.worker(owner)
    house.tell(turn, holder, "credential-added", f"identity/{tag.hex()}/{turn.now_ms}")
    return Verdict(holder)


def _put(turn: Turn, worker_id: bytes, issuer: str, tag: bytes) -> bool:
    """Link an account; False when it is another worker's, or the worker has another one there.

    The keys of the tables decide between two at once, not what was read before.
    """
    if _linked(turn.conn, tag) not in (None, worker_id):
        return False
    row = {
        "worker_id": worker_id,
        "issuer": issuer,
        "tag": tag,
        "linked_ms": turn.now_ms,
        "used_ms": turn.now_ms,
    }
    insert_missing(turn.conn, worker_identity, [row])
    own = worker_identity.c
    mine = sa.select(own.tag).where(own.worker_id == worker_id, own.issuer == issuer)
    if bytes(turn.conn.execute(mine).scalar_one()) != tag:
        return False
    insert_missing(turn.conn, identity_link, [{"tag": tag, "worker_id": worker_id}])
    if _linked(turn.conn, tag) != worker_id:
        raise RuntimeError("one account was linked twice at once")
    return True


def _differ(turn: Turn, random: Random, found: Mismatch) -> None:
    """Note a mismatch. One that was decided opens again only when the number leads elsewhere than then."""
    own = identity_mismatch
    row = {name: getattr(found, name) for name in Mismatch.__slots__}
    row |= {
        "mismatch_id": uuid7(FixedClock(turn.now_ms), random),
        "opened_ms": turn.now_ms,
        "seen_ms": turn.now_ms,
    }
    insert_missing(turn.conn, own, [row])
    mine = (own.c.worker_id == found.worker_id, own.c.tag == found.tag)
    turn.conn.execute(own.update().where(*mine).values(seen_ms=turn.now_ms))
    other = sa.or_(
        own.c.kind != found.kind,
        own.c.state == "moved",
        own.c.found_id.is_distinct_from(sa.literal(found.found_id, sa.LargeBinary)),
    )
    again = {"kind": found.kind, "found_id": found.found_id, "state": "open", "opened_ms": turn.now_ms}
    turn.conn.execute(own.update().where(*mine, other).values(**again))


# -- judging


def listed(conn: Connection, *seen: sa.ColumnElement[bool], limit: int = 100) -> list[Mismatch]:
    """Return what is not moved, open ones first, the oldest first; `seen` says what the asker sees."""
    own = identity_mismatch.c
    wanted = sa.select(*_columns()).where(own.state != "moved", *seen)
    order = (own.state != "open", own.opened_ms, own.mismatch_id)
    return [Mismatch(*row) for row in conn.execute(wanted.order_by(*order).limit(limit))]


def one(conn: Connection, mismatch_id: bytes) -> Mismatch:
    """Return one. Raises `MismatchUnknown`."""
    wanted = sa.select(*_columns()).where(identity_mismatch.c.mismatch_id == mismatch_id)
    row = conn.execute(wanted).one_or_none()
    if row is None:
        raise MismatchUnknown
    return Mismatch(*row)


def propose(turn: Turn, random: Random, mismatch_id: bytes, decision: str, reason: str, *, by: str) -> bytes:
    """Propose to keep the link or to move it. Raises `MismatchUnknown`, `MismatchDecided`."""
    found = one(turn.conn, mismatch_id)
    kind = {"keep": KEEP, "move": MOVE}[decision]
    if found.state == "moved" or (found.state == "kept" and kind == KEEP):
        raise MismatchDecided
    payload = {
        "worker_id": str(uuid.UUID(bytes=found.worker_id)),
        "to": None if found.found_id is None else str(uuid.UUID(bytes=found.found_id)),
        "mismatch": found.kind,
        "text": reason,
    }
    subject = str(uuid.UUID(bytes=mismatch_id))
    return two_person.propose(turn, kind, subject, payload, by, random=random)


def _basis(conn: Connection, subject: str, _payload: dict[str, Any]) -> str:
    """Return what a decision rests on: the mismatch as it was, and the account the worker then had."""
    try:
        found = one(conn, uuid.UUID(subject).bytes)
    except MismatchUnknown:
        return "gone"
    own = worker_identity.c
    mine = sa.select(own.tag).where(own.worker_id == found.worker_id, own.issuer == found.issuer)
    tag = conn.execute(mine).scalar() or b""
    led = (found.found_id or b"").hex()
    return f"{found.kind}/{found.state}/{found.opened_ms}/{led}/{bytes(tag).hex()}"


@two_person.executor(KEEP, deciders=_DECIDERS, basis=_basis)
def _keep(turn: Turn, _payload: dict[str, Any], proposal: Proposal) -> None:
    """Leave the link: the account signs in once its number leads to its worker again."""
    _close(turn, uuid.UUID(proposal.subject).bytes, "kept")


@two_person.executor(MOVE, deciders=_DECIDERS, basis=_basis)
def _move(turn: Turn, _payload: dict[str, Any], proposal: Proposal) -> None:
    """End the link that stood, with the sign-ins made through it, and link the account to whose it is.

    An account whose number leads to nobody, or to a worker who has another account, stays linked to nobody:
    its next sign-in is judged like that of a new one.
    """
    house: House = proposal.tools
    found = one(turn.conn, uuid.UUID(proposal.subject).bytes)
    _unlink(turn, house, found.worker_id, found.issuer)
    to = found.worker_id if found.kind == SECOND else found.found_id
    if to is not None and _stands(turn.conn, to) and _put(turn, to, found.issuer, found.tag):
        house.tell(turn, credentials.worker(to), "credential-added", f"identity/{proposal.id.hex()}/to")
    _close(turn, found.mismatch_id, "moved")


def _unlink(turn: Turn, house: "House", worker_id: bytes, issuer: str) -> None:
    own = worker_identity
    mine = (own.c.worker_id == worker_id, own.c.issuer == issuer)
    tag = turn.conn.execute(sa.select(own.c.tag).where(*mine)).scalar()
    if tag is None:
        return
    turn.conn.execute(own.delete().where(*mine))
    turn.conn.execute(identity_link.delete().where(identity_link.c.tag == tag))
    person = credentials.worker(merges.person_id(turn.conn, worker_id))
    begun = (session.c.actor_kind == person.kind, session.c.actor_id == person.id)
    turn.conn.execute(session.delete().where(*begun, session.c.method == Method.OIDC))
    end_uncarried(turn)
    house.tell(turn, credentials.worker(worker_id), "credential-ended", f"identity/{tag.hex()}/{turn.now_ms}")


def _stands(conn: Connection, worker_id: bytes) -> bool:
    state = people_tables.worker.c.state
    known = conn.execute(sa.select(state).where(people_tables.worker.c.worker_id == worker_id)).scalar()
    return known is not None and known != ERASED


def _close(turn: Turn, mismatch_id: bytes, state: str) -> None:
    mine = identity_mismatch.c.mismatch_id == mismatch_id
    turn.conn.execute(identity_mismatch.update().where(mine).values(state=state))


def _columns() -> list[sa.Column[Any]]:
    return [identity_mismatch.c[name] for name in Mismatch.__slots__]
