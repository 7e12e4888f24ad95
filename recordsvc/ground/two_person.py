"""Two people, one act (双人复核): one proposes, another decides, and the act happens with the decision.

                    approve (executor runs in the same transaction)
    open ──┬── decide ──────────────────────────────────────────────> done
           │            refuse
           ├── decide ──> refused        decided by somebody else than the proposer: a database constraint
           ├── withdraw ──> withdrawn    by the proposer
           └── (time) ──> expired        seen, not written: after `expires_ms` nothing can be approved

A proposal is decided exactly once, whoever races: the deciding statement changes only an open row. An
executor that raises undoes the decision with it, and the proposal stays open. A proposal is stale when what
it was based on has changed since (`basis` of its kind): it can be refused or withdrawn, not approved.
A kind that no room of this process registered, of a newer version for one, is read and listed as any other
and withdrawn by its proposer, but not decided here.

No domain words here. Rooms register what to do by kind:

    @executor("client.register", deciders=frozenset({"registrar"}), basis=basis_of_client)
    def register(turn, payload, proposal): ...

A payload is kept for good: it names people by opaque id and never holds a number or name of a person. What
else it tells of somebody its kind may keep sealed in it: `shown` opens that for whoever reads the proposal.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from recordsvc.ground import bound
from recordsvc.ground.bound import Bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.database import metadata
from recordsvc.ground.ports import FixedClock, Random, SystemRandom, uuid7
from recordsvc.ground.problems import Conflict, Forbidden, NotFound

LIFE_MS: Final = 14 * 24 * 3600 * 1000
"""How long a proposal may wait unless its kind says otherwise."""

proposal = sa.Table(
    "proposal",
    metadata,
    sa.Column("id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(60), nullable=False),
    sa.Column("subject", sa.String(200), nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("basis", sa.String(200), nullable=False),
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("proposed_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("decided_by", sa.String(80)),
    sa.Column("decided_role", sa.String(40)),
    sa.Column("decided_for", sa.String(80)),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("area", sa.String(6), nullable=False, server_default=""),
    sa.Column("parties", sa.Text, nullable=False, server_default=""),
    sa.CheckConstraint("state IN ('open', 'done', 'refused', 'withdrawn')", name="state"),
    sa.CheckConstraint("decided_by <> proposed_by", name="second_person"),
    sa.CheckConstraint("(state IN ('done', 'refused')) = (decided_by IS NOT NULL)", name="decided"),
    sa.CheckConstraint("(state = 'open') = (closed_ms IS NULL)", name="closed"),
    sa.Index(None, "state", "kind", "id"),
    info={
        "kind": "state",
        "bound": Bound(("state", "decided_by", "decided_role", "decided_for", "closed_ms", "reason"), most=2),
    },
    comment="Acts that need two people, with what became of them",
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """One proposal as stored; `state` is `expired` for an open one whose time has run out."""

    id: bytes
    kind: str
    subject: str
    payload: dict[str, Any]
    basis: str
    proposed_by: str
    proposed_ms: int
    expires_ms: int
    state: str
    decided_by: str | None
    decided_role: str | None
    """The role in which the second person decided; None where the caller of `decide` named none."""
    closed_ms: int | None
    reason: str
    area: str = ""
    """Where it belongs, as its kind says (`about`); empty: to everything at once."""
    parties: tuple[str, ...] = ()
    """Whom it concerns, by opaque name."""
    decided_for: str | None = None
    """For whom the second person stood in, if they did."""
    tools: Any = None
    """What the caller of `decide` lends the executor (keys, log); None in lists."""


Executor = Callable[[Turn, dict[str, Any], Proposal], Any]
Basis = Callable[[Connection, str, dict[str, Any]], str]
Opens = Callable[[Any, Connection, dict[str, Any]], dict[str, Any]]
"""Tools, connection, payload -> the payload with what it keeps sealed, where that may still be read."""


class About(Protocol):
    """Where an act belongs and whom it concerns."""

    @property
    def area(self) -> str | None:
        """A code of at most six characters; empty or None: everything at once."""

    @property
    def parties(self) -> frozenset[str]:
        """Opaque names."""


Concerning = Callable[[Connection, str, dict[str, Any]], About]


@dataclass(frozen=True, slots=True)
class Kind:
    """What a room registered for one kind of proposal."""

    run: Executor
    deciders: frozenset[str]
    """Roles of which the second person needs one; empty: whoever the door lets in."""
    basis: Basis | None
    life_ms: int
    about: Concerning | None = None
    fresh: bool = False
    """Whether the second person proves once more who they are (`step-up`)."""
    opens: Opens | None = None
    apart: bool = False
    """Whether it is listed, read and decided at doors of its own alone."""


_kinds: dict[str, Kind] = {}
_usual: list[Concerning] = []
randomness: Final = SystemRandom()
"""Where ids come from unless a caller brings its own."""


class UnknownProposal(NotFound):
    """No such proposal."""

    code = "proposal-unknown"
    title_zh = "没有这项待办"
    title_en = "No such proposal"
    remedy_zh = "刷新待办列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class SamePerson(Forbidden):
    """The proposer tried to decide."""

    code = "same-person"
    title_zh = "提出人不能自己决定"
    title_en = "The proposer cannot decide"
    remedy_zh = "请另一位有权人员办理。"
    remedy_en = "Ask another official who holds the role."


class NotTheProposer(Forbidden):
    """Somebody else than the proposer tried to withdraw."""

    code = "not-the-proposer"
    title_zh = "只有提出人可以撤回"
    title_en = "Only the proposer can withdraw"
    remedy_zh = "可以由另一位有权人员退回。"
    remedy_en = "Another official may refuse it instead."


class AlreadyClosed(Conflict):
    """The proposal was decided or withdrawn before."""

    code = "proposal-closed"
    title_zh = "该事项已经办结"
    title_en = "The proposal is closed"
    remedy_zh = "刷新待办列表查看结果。"
    remedy_en = "Read the list again to see what became of it."


class StaleProposal(Conflict):
    """Too old, or what it was based on has changed."""

    code = "proposal-stale"
    title_zh = "该事项已过期，或其依据已经变化"
    title_en = "The proposal has expired or what it was based on has changed"
    remedy_zh = "请退回，由提出人按现状重新提出。"
    remedy_en = "Refuse it and have it proposed again on the present facts."


class UnknownKind(Conflict):
    """No room of this process registered the kind: a newer version wrote it, or an older one."""

    code = "proposal-kind-unknown"
    title_zh = "本系统当前版本不能办理这类事项"
    title_en = "This version of the service cannot decide proposals of this kind"
    remedy_zh = "请联系系统管理员核对软件版本；提出人可以撤回。"
    remedy_en = "Have the operator check the installed version; the proposer may withdraw it."


def executor(
    kind: str,
    *,
    deciders: frozenset[str] = frozenset(),
    basis: Basis | None = None,
    about: Concerning | None = None,
    life_ms: int = LIFE_MS,
    fresh: bool = False,
    opens: Opens | None = None,
    apart: bool = False,
) -> Callable[[Executor], Executor]:
    """Register what approving a kind does; once per kind and process.

    `basis(conn, subject, payload)` returns a short text (a version, a digest) of the facts the act rests on,
    `about` likewise where it belongs and whom it concerns; without it what `concerning` registered says.
    `fresh`: what is decided moves or redirects money or gives a role, and the doors ask for a fresh proof.
    `apart`: the general lists and doors do not know it; whose it is has doors of its own. `opens`: how what
    the payload keeps sealed is read (`shown`); the executor opens it itself.
    """

    def register(run: Executor) -> Executor:
        if kind in _kinds and _kinds[kind].run is not run:
            raise ValueError(f"two executors for {kind!r}")
        _kinds[kind] = Kind(run, deciders, basis, life_ms, about, fresh, opens, apart)
        return run

    return register


def concerning(usual: Concerning) -> None:
    """Register what says where a proposal belongs whose kind does not; one for all kinds."""
    _usual[:] = [usual]


def kinds() -> frozenset[str]:
    """Return the kinds that rooms registered."""
    return frozenset(_kinds)


def deciders(kind: str) -> frozenset[str] | None:
    """Roles of which the second person needs one; empty: whoever the door lets in; None: nobody here."""
    registered = _kinds.get(kind)
    return None if registered is None else registered.deciders


def asks_fresh(kind: str) -> bool:
    """Tell whether deciding this kind takes a fresh proof of who decides."""
    registered = _kinds.get(kind)
    return registered is not None and registered.fresh


def apart() -> frozenset[str]:
    """Return the kinds that the general lists and doors do not know."""
    return frozenset(kind for kind, registered in _kinds.items() if registered.apart)


def propose(
    turn: Turn, kind: str, subject: str, payload: dict[str, Any], by: str, *, random: Random = randomness
) -> bytes:
    """Write an open proposal and return its id (UUIDv7). The caller has checked that `by` may propose it."""
    registered = _kinds[kind]
    proposal_id = uuid7(FixedClock(turn.now_ms), random)
    placing = registered.about or (_usual[0] if _usual else None)
    about = placing(turn.conn, subject, payload) if placing else None
    turn.conn.execute(
        proposal.insert().values(
            id=proposal_id,
            kind=kind,
            subject=subject,
            payload=json.dumps(payload, ensure_ascii=False, sort_keys=True, separators=(",", ":")),
            basis=registered.basis(turn.conn, subject, payload) if registered.basis else "",
            proposed_by=by,
            proposed_ms=turn.now_ms,
            expires_ms=turn.now_ms + registered.life_ms,
            state="open",
            reason="",
            area="" if about is None else about.area or "",
            parties="" if about is None else " ".join(sorted(about.parties)),
        )
    )
    bound.touch(turn, proposal, (proposal_id,))
    return proposal_id


def decide(
    turn: Turn,
    proposal_id: bytes,
    by: str,
    approve: bool,  # noqa: FBT001 - the decision itself, not an option of it
    reason: str,
    *,
    role: str | None = None,
    standing_in_for: str | None = None,
    tools: Any = None,
) -> Any:
    """Approve or refuse as the second person; returns what the executor returned (None when refused).

    `role` is the one that entitles them, `standing_in_for` whose deputy they are in it; both are kept.

    Raises `UnknownProposal`, `UnknownKind`, `SamePerson`, `AlreadyClosed`, `StaleProposal`, or what the
    executor raises.
    """
    found = read(turn.conn, proposal_id, turn.now_ms, tools)
    registered = _kinds.get(found.kind)
    if registered is None:
        raise UnknownKind
    if found.proposed_by == by:
        raise SamePerson
    _close(turn, proposal_id, "done" if approve else "refused", by, reason, role, standing_in_for)
    if not approve:
        return None
    if found.state == "expired":
        raise StaleProposal
    if registered.basis and registered.basis(turn.conn, found.subject, found.payload) != found.basis:
        raise StaleProposal
    decided = replace(
        found, state="done", decided_by=by, decided_role=role, closed_ms=turn.now_ms, reason=reason
    )
    return registered.run(turn, decided.payload, decided)


def withdraw(turn: Turn, proposal_id: bytes, by: str, reason: str) -> None:
    """Take back one's own open proposal."""
    if read(turn.conn, proposal_id, turn.now_ms).proposed_by != by:
        raise NotTheProposer
    _close(turn, proposal_id, "withdrawn", None, reason)


def read(conn: Connection, proposal_id: bytes, now_ms: int, tools: Any = None) -> Proposal:
    """One proposal. Raises `UnknownProposal`."""
    row = conn.execute(sa.select(proposal).where(proposal.c.id == proposal_id)).one_or_none()
    if row is None:
        raise UnknownProposal
    return _made(row, now_ms, tools)


def shown(conn: Connection, found: Proposal, tools: Any) -> Proposal:
    """Return a proposal as whoever may read it sees it: with what its payload keeps sealed."""
    registered = _kinds.get(found.kind)
    if registered is None or registered.opens is None:
        return found
    return replace(found, payload=registered.opens(tools, conn, found.payload))


def read_all(conn: Connection, proposal_ids: Iterable[bytes], now_ms: int) -> dict[bytes, Proposal]:
    """Return those of these proposals that exist."""
    rows = conn.execute(sa.select(proposal).where(proposal.c.id.in_(list(proposal_ids))))
    return {row.id: _made(row, now_ms) for row in rows}


def pending(
    conn: Connection, now_ms: int, *where: sa.ColumnElement[bool], after: bytes = b"", limit: int = 100
) -> list[Proposal]:
    """Proposals that can still be decided, oldest first, from behind the id `after`; `where` narrows them."""
    live = (proposal.c.state == "open", proposal.c.expires_ms > now_ms, proposal.c.id > after, *where)
    rows = conn.execute(sa.select(proposal).where(*live).order_by(proposal.c.id).limit(limit))
    return [_made(row, now_ms) for row in rows]


def closed(
    conn: Connection,
    now_ms: int,
    *where: sa.ColumnElement[bool],
    before: bytes = b"\xff" * 16,
    limit: int = 100,
) -> list[Proposal]:
    """What is no longer open, newest first, from before the id `before`; `where` narrows the list."""
    over = sa.or_(proposal.c.state != "open", proposal.c.expires_ms <= now_ms)
    wanted = sa.select(proposal).where(over, proposal.c.id < before, *where)
    rows = conn.execute(wanted.order_by(proposal.c.id.desc()).limit(limit))
    return [_made(row, now_ms) for row in rows]


def _close(
    turn: Turn,
    proposal_id: bytes,
    state: str,
    decided_by: str | None,
    reason: str,
    decided_role: str | None = None,
    decided_for: str | None = None,
) -> None:
    # The condition, not the reading above, is what lets one of two racing deciders win.
    closing = (
        proposal.update()
        .where(proposal.c.id == proposal_id, proposal.c.state == "open")
        .values(
            state=state,
            decided_by=decided_by,
            decided_role=decided_role,
            decided_for=decided_for,
            closed_ms=turn.now_ms,
            reason=reason,
        )
    )
    if turn.conn.execute(closing).rowcount != 1:
        raise AlreadyClosed
    bound.touch(turn, proposal, (proposal_id,))


def _made(row: Row[Any], now_ms: int, tools: Any = None) -> Proposal:
    fields = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's documented name of a row's mapping
    fields["payload"] = json.loads(fields["payload"])
    fields["parties"] = tuple(fields["parties"].split())
    if fields["state"] == "open" and fields["expires_ms"] <= now_ms:
        fields["state"] = "expired"
    return Proposal(**fields, tools=tools)
