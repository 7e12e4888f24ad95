"""A merge undone: nothing is paid to an account of its time, and what was filed is looked at."""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.archive import noticeboard
from recordsvc.ground import two_person
from recordsvc.ground.two_person import StaleProposal
from recordsvc.house import House
from recordsvc.money.bank import batches, breaks, own_accounts, parting, payee_accounts, payments
from recordsvc.money.bank.errors import NothingToPay
from recordsvc.money.bank.own_accounts import payee_of
from recordsvc.money.bank.payee_accounts import PayeeAccount
from recordsvc.money.claims import agencies, filing, values
from recordsvc.money.claims import parting as claims_parting
from recordsvc.money.claims.agencies import Wanted
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.values import Claim
from recordsvc.money.fees import mandates
from tests.archive.test_merging import merge, unmerge
from tests.money.bank import made
from tests.money.bank.desk import CODE, FIRST, Desk
from tests.money.bank.desk import REVIEWER as VERIFIER
from tests.money.claims.test_bank import desk
from tests.money.claims.world import HANDLER, World

__all__ = ["desk"]

MINUTE = 60_000
Two = tuple[tuple[bytes, bytes], tuple[bytes, bytes]]


@pytest.fixture
def two(world: World) -> Two:
    """Worker id and certificate of who is merged, and of whom that archive is read as."""
    return world.certified(1), world.certified(2)


def account(house: House, worker_id: bytes, n: int, *, verified: bool = True) -> bytes:
    """A worker enters an account; the bank and a second person look at it."""
    who = f"worker:{worker_id.hex()}"
    entered = house.db.write(lambda turn: own_accounts.enter(turn, house, worker_id, made.payee(n), who))
    payee_accounts.check_due(house)
    if verified:
        house.db.write(lambda turn: payee_accounts.verify(turn, entered, VERIFIER))
    house.clock.advance(MINUTE)
    return entered


def merged(house: House, two: Two) -> None:
    house.clock.advance(MINUTE)
    merge(house, two[0][0], two[1][0])
    house.clock.advance(MINUTE)


def newest(house: House, worker_id: bytes) -> PayeeAccount:
    with house.db.read() as conn:
        return payee_accounts.newest(conn, payee_of(worker_id))


def told(house: House, worker_id: bytes) -> list[str]:
    with house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(house, conn, [worker_id])]


def standings(house: House, worker_id: bytes) -> list[tuple[int, str, str]]:
    with house.db.read() as conn:
        shown = own_accounts.of_worker(house, conn, worker_id)
    return [(one["version"], one["standing"], one["number_tail"]) for one in shown]


def test_an_account_of_a_merge_ends_and_the_one_of_before_is_verified_anew(world: World, two: Two) -> None:
    house, (merged_away, kept) = world.house, (two[0][0], two[1][0])
    account(house, kept, 2)
    merged(house, two)
    account(house, kept, 1)
    house.db.write(lambda turn: mandates.sign(turn, house, kept, 1_000, "2099-12-31", "worker:x"))

    unmerge(house, merged_away)

    mine, other = made.payee(2).number[-4:], made.payee(1).number[-4:]
    assert standings(house, kept) == [(3, "checking", mine), (2, "ended", other), (1, "replaced", mine)]
    assert not newest(house, kept).ready
    with house.db.read() as conn:
        assert mandates.standing(conn, kept) is None
    assert parting.TOLD in told(house, kept)
    assert parting.TOLD in told(house, merged_away)
    payee_accounts.check_due(house)
    decide(house, waiting(house, newest(house, kept).account_id))
    assert newest(house, kept).ready


def waiting(house: House, account_id: bytes) -> bytes:
    """Return the open proposal to verify an account."""
    own, wanted = two_person.proposal.c, str(uuid.UUID(bytes=account_id))
    query = sa.select(own.id).where(own.kind == payee_accounts.KIND, own.payload.contains(wanted))
    with house.db.read() as conn:
        return bytes(conn.execute(query.where(own.state == "open")).scalar_one())


def decide(house: House, proposal: bytes) -> Any:
    return house.db.write(
        lambda turn: two_person.decide(
            turn, proposal, "official:third", approve=True, reason="核对无误", role="reviewer", tools=house
        )
    )


def test_without_an_account_of_before_nothing_is_paid_and_what_waits_to_be_verified_is_stale(
    world: World, two: Two
) -> None:
    house, (merged_away, kept) = world.house, (two[0][0], two[1][0])
    merged(house, two)
    account(house, kept, 1, verified=False)
    asked = waiting(house, newest(house, kept).account_id)

    unmerge(house, merged_away)

    assert newest(house, kept).state == "ended"
    with pytest.raises(StaleProposal):
        decide(house, asked)


def test_what_each_had_before_the_merge_stays(world: World, two: Two) -> None:
    house = world.house
    for n, (worker_id, _record) in enumerate(two):
        account(house, worker_id, n)
    merged(house, two)
    unmerge(house, two[0][0])
    assert [newest(house, one).ready for one, _record in two] == [True, True]
    assert [parting.TOLD in told(house, one) for one, _record in two] == [False, False]


def test_a_payment_that_waits_for_an_account_of_a_merge_is_held_with_a_reason(
    world: World, two: Two, desk: Desk
) -> None:
    house, kept = world.house, two[1][0]
    one = world.file(*two[1])
    merged(house, two)
    account(house, kept, 1)
    world.bring(one, "PAYING")

    unmerge(house, two[0][0])

    with house.db.read() as conn:
        (held,) = payments.of_claim(conn, one.reference)
        found = breaks.listed(conn, *breaks.open_of("account-changed"))
    assert held.state == "approved"
    assert [it.payment_id for it in found] == [held.payment_id]
    with pytest.raises(NothingToPay):
        house.db.write(lambda turn: batches.seal(turn, house, CODE, FIRST, frozenset()))


@pytest.mark.parametrize("state", ["sent", "settled"])
def test_a_payment_that_was_sent_to_an_account_of_a_merge_is_a_payers(
    world: World, two: Two, desk: Desk, state: str
) -> None:
    """Nobody else would learn that the money may be the other person's."""
    house, kept = world.house, two[1][0]
    one = world.file(*two[1])
    merged(house, two)
    account(house, kept, 1)
    world.bring(one, "PAYING")
    desk.send()
    with house.db.read() as conn:
        (sent,) = payments.of_claim(conn, one.reference)
    if state == "settled":
        desk.notify(desk.debit(sent.payment_id))
    assert desk.state(sent.payment_id) == state

    unmerge(house, two[0][0])

    with house.db.read() as conn:
        found = breaks.listed(conn, *breaks.open_of("account-parted"))
        assert breaks.listed(conn, *breaks.open_of("account-changed")) == []
    assert [it.payment_id for it in found] == [sent.payment_id]


def test_a_contract_of_a_merge_ends_and_both_are_told(world: World, two: Two) -> None:
    house, (merged_away, kept) = world.house, (two[0][0], two[1][0])
    wanted = Wanted(world.assessor.uscc, ("TRAIN",), "2025-10-01", "2026-01-01")

    def give() -> bytes:
        return bytes(house.db.write(lambda turn: agencies.give(turn, house, kept, wanted, "worker:x")))

    before = give()
    merged(house, two)
    meanwhile = give()
    unmerge(house, merged_away)
    with house.db.read() as conn:
        stands, ended = (agencies.find(conn, one) for one in (before, meanwhile))
    assert (stands.how, ended.how, ended.reason) == ("", "ended", claims_parting.AGENCY_ZH)
    assert ["agency-parted" in told(house, one) for one in (kept, merged_away)] == [True, True]


def reasons(house: House, one: Claim) -> list[str]:
    with house.db.read() as conn:
        return [it.reason for it in values.events_of(conn, one)]


def test_a_claim_filed_in_a_merge_goes_to_a_handler_with_a_reason(world: World, two: Two) -> None:
    house, kept = world.house, two[1][0]
    # Only one of them can be live.
    ask = Ask("SKILL_UP", two[1][1], draft=True)
    before = world.write(filing.file, kept, ask, world.as_worker(kept))
    merged(house, two)
    # Of the certificate that stands in the other's chain, under the archive that both are read as.
    signed = world.file(kept, two[0][1])
    world.bring(signed, "REVIEWED")
    ask = Ask("SKILL_UP", two[0][1], draft=True)
    draft = world.write(filing.file, kept, ask, world.as_worker(kept))

    unmerge(house, two[0][0])

    now = world.read(signed)
    assert (now.state, now.owner, now.signed, now.hold) == ("CHECKED", "handler", None, "")
    assert reasons(house, signed)[-1] == claims_parting.REASON_ZH
    assert world.read(draft).state == "WITHDRAWN"
    assert world.read(before).state == "DRAFT"
    assert world.step(now, "withdraw", HANDLER, "另一人的证书").claim.state == "WITHDRAWN"
