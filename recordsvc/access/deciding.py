"""The second person's word (复核决定): who may give it, and giving it. Verbs; the doors know only these."""

from typing import TYPE_CHECKING

from recordsvc.access.grants import Actor
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import Forbidden
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House


def reference(who: Actor) -> str:
    """How an act names its author for good: kind and id."""
    return f"{who.kind}:{who.id}"


def decide(house: "House", proposal_id: bytes, who: Actor, *, approve: bool, reason: str) -> None:
    """Approve, which acts at once, or refuse.

    Raises `Forbidden` without a role that this kind asks for, what `two_person.decide` raises, and what the
    act itself does.
    """
    house.db.write(lambda turn: decide_in(turn, house, proposal_id, who, approve=approve, reason=reason))


def decide_in(
    turn: Turn, house: "House", proposal_id: bytes, who: Actor, *, approve: bool, reason: str
) -> None:
    """Decide within a turn. Raises what `decide` raises."""
    role = _second_role(two_person.read(turn.conn, proposal_id, turn.now_ms), who)
    two_person.decide(turn, proposal_id, reference(who), approve, reason, role=role, tools=house)


def withdraw(house: "House", proposal_id: bytes, who: Actor, reason: str) -> None:
    """Take back what one has proposed oneself. Raises what `two_person.withdraw` raises."""
    house.db.write(lambda turn: two_person.withdraw(turn, proposal_id, reference(who), reason))


def may_decide(proposal: Proposal, who: Actor) -> bool:
    """Tell whether this official could be the second person of an open proposal."""
    wanted = two_person.deciders(proposal.kind)
    allowed = not wanted or not wanted.isdisjoint(who.roles)
    return proposal.state == "open" and proposal.proposed_by != reference(who) and allowed


def _second_role(proposal: Proposal, who: Actor) -> str | None:
    """Return the role in which the official may decide this kind. Raises `Forbidden` without one."""
    wanted = two_person.deciders(proposal.kind)
    held = sorted(wanted & who.roles if wanted else who.roles)
    if wanted and not held:
        raise Forbidden
    return held[0] if held else None
