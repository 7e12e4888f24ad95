"""Who may do what: the one table, and the one function that reads it (default deny).

A door names an action; the table says which kinds of actor may enter it, with which role or scope, and whose
object it must be. `admits` judges at the door, before an object is known; `can` judges the act itself and
refuses an owned action without its object. An official's role holds in an area: `can` compares it with the
object's, `reach` says it for lists (areas.py turns it into SQL). Which second person may decide what stands
with the executors (ground/two_person.py).
"""

import dataclasses
from typing import Final

from recordsvc.access.kinds import Kind, Owner, Position, Role, Scope, Way

__all__ = [
    "ANYONE",
    "EVERYWHERE",
    "POLICIES",
    "REGION_DIGITS",
    "SERVING",
    "SYSTEM",
    "Actor",
    "Grant",
    "Kind",
    "Owner",
    "Policy",
    "Position",
    "Reach",
    "Role",
    "Scope",
    "Thing",
    "Through",
    "Way",
    "admits",
    "author",
    "can",
    "prefix",
    "reach",
    "roles_told",
]


@dataclasses.dataclass(frozen=True, slots=True)
class Through:
    """Who acts in a worker's place; it goes into every trace that the act leaves."""

    way: Way
    id: str
    """Official's id at the window; helper's worker id as text."""
    purpose: str
    """Code of `lookup_purposes`."""
    case_ref: str = ""
    service: bytes = b""
    """Id of the service (`service` table) that this is part of."""
    verbs: frozenset[str] = frozenset()
    """Policies that the worker left to a helper; at the window all of them are open."""
    act: bytes = b""
    """Id of the line (`service_act`) of the act that is being done; empty for what is only seen."""


@dataclasses.dataclass(frozen=True, slots=True)
class Actor:
    """Who asks, as authentication found it. Handlers pass it on; verbs never look at the request."""

    kind: Kind
    id: str = ""
    """Client id, worker id as text, or official's id; unique together with `kind`."""
    roles: frozenset[str] = frozenset()
    institution: str | None = None
    """Unified social credit code (统一社会信用代码) that a client or official acts for."""
    worker_id: bytes | None = None
    scopes: frozenset[str] = frozenset()
    session_id: str = ""
    """Set when a browser session, and not a token, says who this is."""
    authenticated_ms: int = 0
    """When whoever sits there last proved who they are (UTC); what a door with step-up asks for."""
    handed: bool = False
    """Came in with what an official made (an activation code) and has proved nothing of their own since."""
    through: Through | None = None
    """Set when somebody else acts for the worker."""
    duties: frozenset[tuple[str, str]] = frozenset()
    """(role, division code) of an official's grants now in force: which role holds where."""
    stands_in: frozenset[tuple[str, str]] = frozenset()
    """(role, principal's id): what an official may do now only as somebody's deputy (代理)."""
    recused: frozenset[str] = frozenset()
    """Parties (as in `Thing`) whose affairs an official keeps out of (回避)."""
    own: frozenset[str] = frozenset()
    """Those of `recused` that are the official themself: who reaches for them raises an alarm."""


def roles_told(actor: Actor) -> str:
    """Return the actor's roles as traces keep them: `handler reviewer（代 li）` for a deputy of li."""
    principals: dict[str, list[str]] = {}
    for role, principal in sorted(actor.stands_in):
        principals.setdefault(role, []).append(principal)
    told = (
        f"{role}（代 {'、'.join(principals[role])}）" if role in principals else role
        for role in sorted(actor.roles)
    )
    return " ".join(told)[:80]


def author(actor: Actor) -> str:
    """Return how an act names its author for good, in 80 characters: kind, or way of a stand-in, and id.

    In whose place somebody stood in, the row of the act says by itself.
    """
    if actor.through is not None:
        return f"{actor.through.way}:{actor.through.id}"
    return f"{actor.kind}:{actor.id}"


def second_pair(actor: Actor) -> str:
    """Return by whom something was done where a second person must be another: `kind:id`.

    At the window that is the official, whose own word does not follow on what they entered there.
    """
    if actor.through is None:
        return f"{actor.kind}:{actor.id}"
    return f"{Kind.OFFICIAL if actor.through.way is Way.WINDOW else Kind.WORKER}:{actor.through.id}"


ANYONE: Final = Actor(Kind.ANYONE)
SYSTEM: Final = Actor(Kind.SYSTEM, "system")


REGION_DIGITS: Final = 2
"""A grant for a code of two digits holds in the whole region, also where an object's division is unknown."""


def prefix(area: str) -> str:
    """Return what the codes of an area begin with: 640000 is all of 64, 640100 all of 6401 (GB/T 2260)."""
    while len(area) > REGION_DIGITS and area.endswith("00"):
        area = area[:-2]
    return area


@dataclasses.dataclass(frozen=True, slots=True)
class Reach:
    """Where an actor may do an action: everywhere, or in the divisions that begin with one of `areas`."""

    areas: frozenset[str] = frozenset()
    everywhere: bool = False

    def covers(self, area: str | None) -> bool:
        """Tell whether a division (six digits, fewer for several at once, empty if unknown) lies in it."""
        return area is None or self.everywhere or any(area.startswith(one) for one in self.areas)


EVERYWHERE: Final = Reach(everywhere=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Thing:
    """What an official is judged by before an object: where it lies, and whom it concerns."""

    area: str | None = ""
    """Division code; empty: unknown, which only the whole region covers; None: of no place at all."""
    parties: frozenset[str] = frozenset()
    """`worker:<uuid>` and `institution:<USCC>`: who must not be the official's own (回避)."""


@dataclasses.dataclass(frozen=True, slots=True)
class Grant:
    """One way to be allowed: all of its conditions together."""

    kind: Kind
    roles: frozenset[str] = frozenset()
    """Any one of them: `Role` of officials, `Position` of staff."""
    scope: Scope | None = None
    owner: Owner = Owner.NOBODY

    def admits(self, actor: Actor) -> bool:
        """Judge the actor alone."""
        return (
            (self.kind is Kind.ANYONE or self.kind == actor.kind)
            and (not self.roles or not self.roles.isdisjoint(actor.roles))
            and (self.scope is None or self.scope in actor.scopes)
        )

    def owns(self, actor: Actor, thing: object) -> bool:
        """Judge the object: it must carry the owner's attribute, and a missing owner equals nobody."""
        if self.owner is Owner.NOBODY:
            return True
        mine = getattr(actor, self.owner)
        return mine is not None and getattr(thing, self.owner, None) == mine

    def reach(self, actor: Actor) -> Reach:
        """Return where the actor holds a role of this grant; who is no official has no area."""
        if self.kind is not Kind.OFFICIAL:
            return EVERYWHERE
        areas = frozenset(prefix(area) for role, area in actor.duties if not self.roles or role in self.roles)
        return Reach(areas, everywhere=any(len(area) == REGION_DIGITS for area in areas))

    def covers(self, actor: Actor, thing: object) -> bool:
        """Judge where the object lies; without an object there is nothing to judge."""
        return thing is None or self.reach(actor).covers(getattr(thing, "area", ""))


Policy = tuple[Grant, ...]

_PUBLIC: Final[Policy] = (Grant(Kind.ANYONE),)
_OWN: Final[Policy] = (Grant(Kind.WORKER, owner=Owner.WORKER),)


def _staff(*positions: Position) -> Grant:
    return Grant(Kind.STAFF, roles=frozenset(positions), owner=Owner.INSTITUTION)


def _client(scope: Scope, owner: Owner = Owner.NOBODY) -> Policy:
    return (Grant(Kind.CLIENT, scope=scope, owner=owner),)


def _official(*roles: Role) -> Policy:
    return (Grant(Kind.OFFICIAL, roles=frozenset(roles)),)


_PEOPLE: Final[Policy] = (Grant(Kind.WORKER), Grant(Kind.STAFF), Grant(Kind.OFFICIAL))
_ISSUING: Final = (Position.HEAD, Position.CLERK, Position.SIGNER)
"""Who speaks for an institution about its records."""
_FILING: Final = (Position.HEAD, Position.CLERK, Position.HR)
"""Who claims subsidies for an institution's learners or employees."""
_OFFICE: Final = (*_ISSUING, Position.HR, Position.OFFICER)

SERVING: Final = (Role.HANDLER, Role.REVIEWER)
"""Who serves at the window."""
_CASE: Final = (Role.HANDLER, Role.REVIEWER, Role.DATA_OFFICER)
_DESK: Final = (*_CASE, Role.REGISTRAR, Role.INSPECTOR, Role.AUDITOR)

POLICIES: Final[dict[str, Policy]] = {
    # For everybody: pages of information, the log, schemas, health; token and login judge by themselves.
    "public": _PUBLIC,
    "token.issue": _PUBLIC,
    # Whoever holds the link; the view judges its secret.
    "share.open": _PUBLIC,
    "session.begin": _PUBLIC,
    "session.read": _PEOPLE,
    "session.end": _PEOPLE,
    # Everybody's own: proving again who one is, the list of sign-ins, the ways in.
    "session.own": _PEOPLE,
    "session.worker": (Grant(Kind.WORKER),),
    "session.centre": (Grant(Kind.STAFF),),
    "session.desk": (Grant(Kind.OFFICIAL),),
    "login.activate": _official(Role.HANDLER, Role.REGISTRAR),
    # Accounts at the identity provider whose number leads elsewhere: two officials decide.
    "identity-mismatch.read": _official(*_CASE),
    "identity-mismatch.propose": _official(*_CASE),
    # Loopback or the metrics token; the view judges, since neither is an actor.
    "metrics.read": _PUBLIC,
    # Machines of institutions.
    "record.submit": _client(Scope.RECORDS_WRITE),
    "record.read": _client(Scope.RECORDS_READ, Owner.INSTITUTION),
    "institution.notice.mark": (*_client(Scope.RECORDS_WRITE, Owner.INSTITUTION), _staff(*_OFFICE)),
    "institution.notice.read": (*_client(Scope.RECORDS_READ, Owner.INSTITUTION), _staff(*_OFFICE)),
    "dispute.read": (*_client(Scope.RECORDS_READ, Owner.INSTITUTION), _staff(*_ISSUING)),
    "dispute.say": (*_client(Scope.RECORDS_WRITE, Owner.INSTITUTION), _staff(*_ISSUING)),
    # What an institution answers stands for it as what it signs does.
    "dispute.answer": (*_client(Scope.RECORDS_WRITE, Owner.INSTITUTION), _staff(Position.SIGNER)),
    "feed.read": _client(Scope.FEED_READ),
    "exports.read": _client(Scope.EXPORTS),
    "exports.settle": _official(Role.REGISTRAR, Role.DATA_OFFICER),
    # What workers share with a system, or with an institution: its system, or its people for it.
    "shared.read": (*_client(Scope.SHARED_READ), _staff(Position.HR)),
    "shared.events.read": (*_client(Scope.SHARED_READ), _staff(*_OFFICE)),
    "institution.paper.file": _client(Scope.RECORDS_WRITE, Owner.INSTITUTION),
    "institution.paper.read": _client(Scope.RECORDS_READ, Owner.INSTITUTION),
    # Claims on workers' behalf: on a contract that the worker sees and ends.
    "institution.claim.file": (*_client(Scope.RECORDS_WRITE, Owner.INSTITUTION), _staff(*_FILING)),
    "institution.claim.read": (*_client(Scope.RECORDS_READ, Owner.INSTITUTION), _staff(*_FILING)),
    # People of institutions, about their own institution.
    "centre.read": (_staff(*Position),),
    "centre.record.read": (_staff(*_OFFICE),),
    "group.keep": (_staff(Position.OFFICER),),
    "class.read": (_staff(*_ISSUING, Position.TEACHER),),
    "class.keep": (_staff(Position.CLERK),),
    "class.draft": (_staff(Position.TEACHER),),
    "class.sign": (_staff(Position.SIGNER),),
    "centre.people.read": (_staff(*_OFFICE),),
    "centre.people.change": (_staff(Position.HEAD),),
    "fee.counter": (_staff(Position.HEAD, Position.CLERK),),
    # The worker's own.
    "own.archive.read": _OWN,
    "own.bundle.read": _OWN,
    "own.record.decide": _OWN,
    "own.statement.make": _OWN,
    "own.looked.read": _OWN,
    "own.looked.ask": _OWN,
    "own.notice.read": _OWN,
    "own.notice.mark": _OWN,
    "own.contact.set": _OWN,
    "own.paper.file": _OWN,
    "own.paper.read": _OWN,
    "own.numbers.read": _OWN,
    "own.service.read": _OWN,
    **dict.fromkeys(("own.claim.read", "own.claim.file", "own.account.read", "own.account.set"), _OWN),
    **dict.fromkeys(("own.credit.read", "own.credit.set"), _OWN),
    "own.agency.read": _OWN,
    "own.agency.give": _OWN,
    "own.agency.end": _OWN,
    "own.recovery.agree": _OWN,
    **dict.fromkeys(("own.fee.read", "own.fee.order", "own.fee.mandate", "own.fee.pay"), _OWN),
    # Whoever stands in a worker's place: the view refuses the worker, who has nothing to end here.
    "window.serve": (Grant(Kind.WORKER),),
    "own.consent.read": _OWN,
    "own.consent.give": _OWN,
    "own.consent.end": _OWN,
    # Who helps me (亲情代办), and whom I help.
    "own.helper.read": _OWN,
    "own.helper.name": _OWN,
    "own.helper.end": _OWN,
    **dict.fromkeys(
        ("own.helping.read", "own.helping.accept", "own.helping.end", "own.helping.begin"),
        (Grant(Kind.WORKER),),
    ),
    "own.entitlement.read": _OWN,
    # Officials.
    "desk.read": _official(*_DESK),
    "desk.notice.mark": _official(*(role for role in _DESK if role is not Role.AUDITOR)),
    "desk.notice.read": _official(*_DESK),
    # In the place of a worker who stands there with card and document.
    "window.open": _official(*SERVING),
    # Signed slips that stood for a consent: another official compares them.
    "slip.read": _official(Role.REVIEWER, Role.DATA_OFFICER, Role.AUDITOR),
    "slip.check": _official(Role.REVIEWER, Role.DATA_OFFICER),
    # The list names people without a phone: whoever serves them at the window.
    "notice.print": _official(Role.HANDLER, Role.REVIEWER),
    "held.read": _official(Role.HANDLER, Role.REVIEWER),
    "held.propose": _official(Role.HANDLER, Role.REVIEWER),
    "held.return": _official(Role.HANDLER, Role.REVIEWER),
    "import.propose": _official(*_CASE),
    "dispute.handle": _official(*_CASE),
    "proposal.read": _official(*_DESK),
    "proposal.decide": _official(*_CASE, Role.REGISTRAR),
    "proposal.withdraw": _official(*_CASE, Role.REGISTRAR),
    # Payers are each other's second person, apart from those who check cases and enter payees' accounts.
    "bank.read": _official(Role.PAYER, Role.INSPECTOR, Role.AUDITOR),
    "bank.pay": _official(Role.PAYER),
    "payee-account.enter": _official(Role.HANDLER),
    "payee-account.list": _official(*SERVING),
    "payee-account.read": _official(Role.REVIEWER),
    "act.read": _official(Role.AUDITOR, Role.DATA_OFFICER),
    # Who lets whom in at institutions: registrars answer for the register that this is part of.
    "act.staff.read": _official(Role.REGISTRAR, Role.AUDITOR, Role.DATA_OFFICER),
    # Auditors read alarms, the data officer answers them; of what is a worker's, auditors write nothing.
    "look-alarm.read": _official(Role.AUDITOR, Role.DATA_OFFICER),
    # Two officials decide what an auditor sees; whose the pack is, the verb judges.
    "audit-pack.propose": _official(Role.REVIEWER, Role.DATA_OFFICER),
    "audit-pack.read": _official(Role.AUDITOR, Role.REVIEWER, Role.DATA_OFFICER),
    "audit-pack.file.read": _official(Role.AUDITOR),
    "look-alarm.answer": _official(Role.DATA_OFFICER),
    "looked-question.answer": _official(Role.DATA_OFFICER),
    # Rules of subsidies and the catalogue: a handler writes, a reviewer publishes.
    "rule.read": _official(*_DESK),
    "rule.write": _official(Role.HANDLER),
    "institution.read": _official(*_DESK),
    "institution.enter": _official(Role.REGISTRAR),
    # Who works here: everybody at the desk sees it; registrars enter, and two of them give a role.
    "official.read": _official(*_DESK),
    "official.enter": _official(Role.REGISTRAR),
    "deputy.propose": _official(*_CASE, Role.REGISTRAR, Role.INSPECTOR),
    "recusal.declare": _official(*_DESK),
    "recusal.end": _official(Role.AUDITOR),
    # Which archive is one's own: everybody at a desk says it, whoever keeps the register sees who has not.
    "session.own-archive": _official(),
    "own-archive.read": _official(Role.REGISTRAR, Role.AUDITOR),
    "emergency.take": _official(*_CASE, Role.REGISTRAR, Role.INSPECTOR),
    "emergency.read": _official(Role.AUDITOR, Role.DATA_OFFICER),
    "emergency.close": _official(Role.AUDITOR, Role.DATA_OFFICER),
    "staff.propose": _official(Role.REGISTRAR),
    "issuer-key.propose": _official(Role.REGISTRAR),
    "issuer-key.suspend": _official(Role.REGISTRAR, Role.REVIEWER),
    "client.read": _official(*_DESK),
    "client.propose": _official(Role.REGISTRAR),
    # One person stops a client at once; starting it again takes two.
    "client.suspend": _official(Role.REGISTRAR, Role.REVIEWER),
    # Budgets: every desk sees those of its area; a handler proposes a move, a reviewer decides.
    "fund.read": _official(*_DESK, Role.PAYER),
    "fund.propose": _official(Role.HANDLER),
    # The whole book, as vouchers and balances.
    "ledger.read": _official(Role.PAYER, Role.INSPECTOR, Role.AUDITOR),
    # Claims: which step is whose, their own table says; who pays neither handles nor reviews.
    "claim.read": _official(Role.HANDLER, Role.REVIEWER, Role.INSPECTOR),
    "claim.sign": _official(Role.HANDLER, Role.REVIEWER),
    "claim.publish": _official(Role.HANDLER, Role.REVIEWER),
    "claim.pay": _official(Role.PAYER),
    "fee.read": _official(Role.HANDLER, Role.REVIEWER, Role.INSPECTOR, Role.AUDITOR),
    "fee.dispute": _official(Role.HANDLER, Role.REVIEWER),
    "recovery.read": _official(Role.HANDLER, Role.REVIEWER, Role.INSPECTOR),
    "recovery.handle": _official(Role.HANDLER),
    "card.confirm": _official(Role.REGISTRAR, Role.REVIEWER),
    # Merging, moving, closing: the first of two officials. Sealing takes one, unsealing and erasing two.
    "archive.change": _official(Role.HANDLER, Role.REVIEWER, Role.DATA_OFFICER),
    "archive.restrict": _official(Role.DATA_OFFICER),
    "archive.erase": _official(Role.HANDLER, Role.REVIEWER, Role.DATA_OFFICER),
    # The one reading of what is sealed: two officials decide a copy, the data officer makes it once.
    "archive.hold": _official(*_CASE),
    "archive.hold.make": _official(Role.DATA_OFFICER),
    # A log that goes on after a loss: at the server's console alone, and two officials.
    "log.continue": _official(Role.REGISTRAR, Role.DATA_OFFICER),
    "worker.find": _official(*_CASE, Role.INSPECTOR),
    "worker.place": _official(Role.HANDLER, Role.REGISTRAR),
    "worker.numbers.read": _official(*_CASE, Role.REGISTRAR, Role.INSPECTOR),
    "number.propose": _official(Role.HANDLER, Role.REGISTRAR),
    "worker.archive.read": _official(*_CASE, Role.INSPECTOR),
    "worker.paper.file": _official(*_CASE),
    "worker.paper.read": _official(*_CASE, Role.INSPECTOR),
    # Draws of whom to inspect: one inspector commits, another reveals; whom chance named reports.
    "draw.read": _official(Role.INSPECTOR, Role.REVIEWER, Role.AUDITOR),
    "draw.commit": _official(Role.INSPECTOR),
    "draw.reveal": _official(Role.INSPECTOR, Role.REVIEWER),
    "draw.assign": _official(Role.INSPECTOR, Role.REVIEWER),
    "draw.report": _official(Role.INSPECTOR),
    "draw.publish": _official(Role.INSPECTOR, Role.REVIEWER),
    # What an institution filed, for a purpose: whoever judges its records, keys or standing.
    "institution.paper.look": _official(*_CASE, Role.REGISTRAR, Role.INSPECTOR),
}


def admits(actor: Actor, action: str) -> bool:
    """Tell whether this actor may enter a door of this action at all."""
    return any(grant.admits(actor) for grant in POLICIES[action])


def can(actor: Actor, action: str, thing: object = None) -> bool:
    """Tell whether this actor may do this to this object; unknown action or missing owned object: no."""
    return any(
        grant.admits(actor) and grant.owns(actor, thing) and grant.covers(actor, thing)
        for grant in POLICIES.get(action, ())
    )


def reach(actor: Actor, action: str) -> Reach:
    """Return where this actor may do this: what a list of objects is filtered by."""
    found = [grant.reach(actor) for grant in POLICIES.get(action, ()) if grant.admits(actor)]
    areas = frozenset().union(*(one.areas for one in found))
    return Reach(areas, everywhere=any(one.everywhere for one in found))
