"""Claims of the demo region, brought on as officials and workers would (演示用的申领).

A public list lasts five working days, and nobody who tries a demo waits so long. So claims are the one thing
the demo begins in the past: filed, signed and made public by the service's own verbs under a clock of three
weeks ago. From the bank's file on everything happens now and between the running parts: two payers seal and
release, the simulated bank executes, its files tell.

Every act looks first where its claim stands, so that a load that was interrupted goes on there.
"""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc import workdays
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Clock, FixedClock, SystemClock, beijing_date
from recordsvc.house import House, open_house
from recordsvc.money.bank import batches, payee_accounts
from recordsvc.money.bank.errors import NothingToPay, PayeeAccountUnknown
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.claims import filing, notices, steps, values
from recordsvc.money.claims.bank import connect
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.tables import claim
from recordsvc.money.claims.values import Claim, Who
from recordsvc.money.rules import entitlements
from recordsvc.settings import Settings

if TYPE_CHECKING:
    from demo.subsidies import Story

DAY_MS: Final = 86_400_000
SIGNED_DAYS: Final = 9
"""So many days before the load the list was over and those to be paid were signed for."""
PATIENCE_S: Final = 90
MOST_LIST_DAYS: Final = 12
"""Working days within which every date of the stories must lie in a published calendar."""


def _official(kind: str, role: str) -> Who:
    return Who(f"official:demo-{kind}", frozenset({role}))


HANDLER: Final = _official("handler", "handler")
REVIEWER: Final = _official("reviewer", "reviewer")
APPROVER: Final = _official("reviewer-2", "reviewer")
PAYER: Final = _official("payer", "payer")
RELEASES: Final = _official("payer-2", "payer")


class NotPaid(RuntimeError):
    """Nothing came of a payment in time: background process or simulated bank may not run."""


def load(
    settings: Settings,
    people: Mapping[str, tuple[bytes, str]],
    region: str,
    now: Clock | None = None,
) -> None:
    """Act the stories out for `people` (role -> worker id and name), as far as their certificates allow.

    In a year whose working days are not published no list could end: then there are none. Raises `NotPaid`.
    """
    from demo import subsidies

    now = now or SystemClock()
    now_ms = now.now_ms()
    try:
        workdays.due_on(subsidies.begun_on(beijing_date(now_ms)), MOST_LIST_DAYS)
    except NoRuleInForce:
        return
    stories = [one for one in subsidies.STORIES if one.who in people]
    clock = FixedClock(now_ms)
    with contextlib.closing(open_house(settings, clock=clock)) as house:
        _Desk(house, people, region).act(stories, clock)
    with contextlib.closing(open_house(settings, clock=now)) as house:
        _Desk(house, people, region).pay([one for one in stories if one.reach in subsidies.PAID_FOR])


class _Desk:
    """Everybody who has to do with these claims, in a house of any clock."""

    def __init__(self, house: House, people: Mapping[str, tuple[bytes, str]], region: str) -> None:
        self._house, self._people, self._region = house, people, region
        connect(house)

    def act(self, stories: Sequence["Story"], clock: FixedClock) -> None:
        """Bring every claim as far as its story says, the bank's part excepted."""
        from demo.subsidies import BEGUN_DAYS, PAID_FOR, RECENT_DAYS

        now_ms = clock.now_ms()

        def then(days: int, act: Callable[["Story"], None], some: Iterable["Story"]) -> None:
            """So many days before now, do this for some."""
            clock.advance(now_ms - days * DAY_MS - clock.now_ms())
            for one in some:
                act(one)

        def listed(days: int, some: list["Story"]) -> None:
            """File, accept, review and make public, a day after another."""
            then(days, self._file, some)
            then(days - 1, self._accept, some)
            then(days - 2, self._review, some)
            then(days - 3, lambda _first: self._publish(some), some[:1])

        listed(BEGUN_DAYS, [one for one in stories if not one.recent])
        signed = [one for one in stories if one.reach in PAID_FOR]
        then(SIGNED_DAYS, lambda one: self._step(one, "NOTICED", "approve", APPROVER), signed)
        then(SIGNED_DAYS - 1, lambda one: self._step(one, "APPROVED", "finance", PAYER), signed)
        listed(RECENT_DAYS, [one for one in stories if one.recent])

    def _found(self, story: "Story") -> Claim | None:
        """Return the claim of a story; None: not filed yet."""
        own, worker_id = claim.c, self._people[story.who][0]
        there = sa.select(own.claim_id).where(own.worker_id == worker_id, own.kind == story.kind)
        with self._house.db.read() as conn:
            found = conn.scalar(there.limit(1))
            return None if found is None else values.find(conn, bytes(found))

    # -- acts

    def _file(self, story: "Story") -> None:
        """Enter the worker's account, and file as the worker for the first certificate that fits."""
        worker_id, name = self._people[story.who]
        if self._found(story) is not None:
            return
        wanted = (story.kind, story.verdict)
        tried = entitlements.of_worker(self._house, worker_id)
        case = next((it.case for it in tried if (it.decision.rule, it.decision.verdict) == wanted), None)
        if case is None:
            return  # what once was claimed in time no longer is
        if story.account:
            self._account(story.who, worker_id, name)
        ask = Ask(story.kind, uuid.UUID(case.record_id).bytes)
        who = Who(f"worker:{uuid.UUID(bytes=worker_id)}", filing.WORKER_ROLES)
        self._house.db.write(lambda turn: filing.file(turn, self._house, worker_id, ask, who))

    def _account(self, role: str, worker_id: bytes, name: str) -> None:
        """Have a handler enter the worker's account and a reviewer verify it, unless that was done."""
        from demo.subsidies import BANK, account_of

        house, payee = self._house, f"worker:{uuid.UUID(bytes=worker_id)}"
        with house.db.read() as conn, contextlib.suppress(PayeeAccountUnknown):
            if payee_accounts.newest(conn, payee).ready:
                return
        account = Account(account_of(role), name, BANK)
        entered = house.db.write(
            lambda turn: payee_accounts.enter(turn, house, payee, account, HANDLER.actor)
        )
        payee_accounts.check_due(house)
        own, wanted = two_person.proposal.c, str(uuid.UUID(bytes=entered))
        waiting = sa.select(own.id, own.payload).where(own.kind == payee_accounts.KIND, own.state == "open")
        with house.db.read() as conn:
            proposal = next(bytes(row.id) for row in conn.execute(waiting) if wanted in row.payload)
        self._approve(proposal, REVIEWER, "reviewer")

    def _approve(self, proposal: bytes, who: Who, role: str) -> None:
        from demo.subsidies import WORDS

        house = self._house

        def decide(turn: Turn) -> None:
            two_person.decide(turn, proposal, who.actor, approve=True, reason=WORDS, role=role, tools=house)

        house.db.write(decide)

    def _accept(self, story: "Story") -> None:
        event = {"REFUSED": "refuse", "NEED_INFO": ""}.get(story.reach, "accept")
        if event:
            self._step(story, "CHECKED", event, HANDLER)

    def _review(self, story: "Story") -> None:
        self._step(story, "ACCEPTED", "review", REVIEWER)

    def _publish(self, stories: Iterable["Story"]) -> None:
        """Make what was reviewed public as one list."""
        found = [one for one in map(self._found, stories) if one is not None and one.state == "REVIEWED"]
        if found:
            self._house.db.write(
                lambda turn: notices.publish(turn, self._house, found, self._region, HANDLER)
            )

    def _step(self, story: "Story", state: str, event: str, who: Who) -> None:
        """Take a step with a claim that is in a state and waits for nothing; any other is left alone."""
        from demo.subsidies import WORDS

        one = self._found(story)
        if one is not None and one.state == state and not one.waits:
            self._house.db.write(lambda turn: steps.step(turn, self._house, one, event, who, WORDS))

    # -- the payers' part, now

    def pay(self, stories: Sequence["Story"]) -> None:
        """Have two payers send what waits, and wait for what the bank says. Raises `NotPaid`.

        The background process hands signed claims to the bank's room, sends the file and reads the answers.
        """
        self._await(lambda: "FINANCED" not in map(self._state, stories))
        self._release()
        self._await(lambda: all(self._state(one) == one.reach for one in stories))

    def _state(self, story: "Story") -> str:
        """Return the state of a story's claim; of one that was not filed, the one it would have come to."""
        found = self._found(story)
        return story.reach if found is None else found.state

    @staticmethod
    def _await(done: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not done():
            if time.monotonic() > until:
                raise NotPaid
            time.sleep(0.2)

    def _release(self) -> None:
        """Have one payer seal what waits at the bank's room, and another release it."""
        from demo.bank import ACCOUNT

        def seal(turn: Turn) -> None:
            batches.seal(turn, self._house, ACCOUNT["code"], PAYER.actor, frozenset())

        with contextlib.suppress(NothingToPay):
            self._house.db.write(seal)
        with self._house.db.read() as conn:
            sealed = [one.batch_id for one in batches.listed(conn) if one.state == "sealed"]
            waiting = [batches.proposal_of(conn, one) for one in sealed]
        for proposal in waiting:
            if proposal is not None:
                self._approve(proposal, RELEASES, "payer")
