"""The second person's word (复核决定): who may give it, and giving it. Verbs; the doors know only these."""

from dataclasses import replace
from typing import TYPE_CHECKING

from recordsvc.access import granting, officials, recusals
from recordsvc.access.errors import StandsTogether
from recordsvc.access.grants import Actor, Grant, Kind
from recordsvc.ground import two_person, versions
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.two_person import Proposal, UnknownKind

if TYPE_CHECKING:
    from recordsvc.house import House


def reference(who: Actor) -> str:
    """How an act names its author for good: kind and id."""
    return f"{who.kind}:{who.id}"


def decide(house: "House", proposal_id: bytes, who: Actor, *, approve: bool, reason: str) -> None:
    """Approve, which acts at once, or refuse.

    Raises `UnknownKind`, `Forbidden` without a role that this kind asks for, what `two_person.decide` raises,
    and what the act itself does.
    """
    house.db.write(lambda turn: decide_in(turn, house, proposal_id, who, approve=approve, reason=reason))


def decide_in(
    turn: Turn, house: "House", proposal_id: bytes, who: Actor, *, approve: bool, reason: str
) -> None:
    """Decide within a turn. Raises what `decide` raises."""
    now = as_of_now(turn, who, house.settings.region)
    found = two_person.read(turn.conn, proposal_id, turn.now_ms)
    recusals.check(now, frozenset(found.parties))
    role = _second_role(found, now)
    _check_apart(turn, found, now)
    principal = min((one for lent, one in now.stands_in if lent == role), default=None)
    two_person.decide(
        turn,
        proposal_id,
        reference(who),
        approve,
        reason,
        role=role,
        standing_in_for=principal,
        tools=house,
    )


def withdraw(house: "House", proposal_id: bytes, who: Actor, reason: str) -> None:
    """Take back what one has proposed oneself. Raises what `two_person.withdraw` raises."""
    house.db.write(lambda turn: two_person.withdraw(turn, proposal_id, reference(who), reason))


def may_decide(proposal: Proposal, who: Actor) -> bool:
    """Tell whether this official could be the second person of an open proposal."""
    open_to = proposal.state == "open" and proposal.proposed_by != reference(who)
    kept_out = recusals.recused(who, frozenset(proposal.parties))
    return open_to and not kept_out and bool(_roles(proposal, who))


def as_of_now(turn: Turn, who: Actor, region: str) -> Actor:
    """Return an official as the register stands in this turn, whatever it was when the request began.

    The register's row stays locked for reading until the commit: a role that is being taken away is either
    gone here, or taken after this act.
    Raises `Forbidden` for whom the register does not know.
    """
    if who.kind is not Kind.OFFICIAL:
        return who
    versions.hold(turn, officials.REGISTER)
    official = officials.present(turn.conn, who.id)
    if official is None:
        raise Forbidden
    return replace(
        who,
        roles=official.roles(turn.now_ms),
        duties=official.duties(turn.now_ms),
        stands_in=official.stands_in(turn.now_ms),
        recused=official.keeps_out(region),
        own=official.own,
    )


def _check_apart(turn: Turn, found: Proposal, who: Actor) -> None:
    """Refuse a second person who stood in for the first since it was proposed, or the other way round."""
    kind, _, proposer = found.proposed_by.partition(":")
    together = granting.stand_together(turn.conn, proposer, who.id, found.proposed_ms)
    if kind == Kind.OFFICIAL and who.kind is Kind.OFFICIAL and together:
        raise StandsTogether


def _roles(proposal: Proposal, who: Actor) -> list[str]:
    """Return the roles in which the official may decide this proposal, where it lies."""
    wanted = two_person.deciders(proposal.kind)
    if wanted is None:
        return []
    held = wanted & who.roles if wanted else who.roles
    return sorted(role for role in held if Grant(Kind.OFFICIAL, frozenset({role})).covers(who, proposal))


def _second_role(proposal: Proposal, who: Actor) -> str:
    """Return the role in which the official may decide this proposal.

    Raises `UnknownKind` where nobody may, `Forbidden` without a role.
    """
    if two_person.deciders(proposal.kind) is None:
        raise UnknownKind
    held = _roles(proposal, who)
    if not held:
        raise Forbidden
    return held[0]
