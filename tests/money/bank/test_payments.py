"""Payments, batches and what the bank says of them: paid once, never lost, nothing guessed."""

import dataclasses
import datetime as dt
import hashlib
import threading

import pytest
import sqlalchemy as sa

from banksim import messages
from banksim.messages import Told
from recordsvc.ground import two_person
from recordsvc.ground.two_person import SamePerson, StaleProposal
from recordsvc.money.bank import (
    batches,
    breaks,
    dispatch,
    folder,
    inbox,
    payee_accounts,
    payments,
    resolving,
    terms,
)
from recordsvc.money.bank.errors import (
    AbsenceUnproven,
    BatchRefusedByCheck,
    BatchState,
    NothingToPay,
    PayeeAccountFailed,
    PayeeAccountState,
    PaymentLive,
    PaymentState,
    ResolutionRefused,
)
from recordsvc.money.bank.tables import bank_entry, payee_account, payment, payment_batch
from tests.money.bank import made
from tests.money.bank.desk import CLERK, CODE, FIRST, REVIEWER, SECOND, Desk, worker

# -- accounts


def test_an_account_counts_once_checked_and_verified_by_a_second_person(desk: Desk) -> None:
    found = desk.account(1, verify=False)
    with pytest.raises(PayeeAccountState):
        desk.pay(1)
    with pytest.raises(sa.exc.IntegrityError):
        desk.write(payee_accounts.verify, found, CLERK)
    desk.write(payee_accounts.verify, found, "official:r1")
    assert desk.state(desk.pay(1)) == "approved"


class Bank:
    """Says whether a name is the account's holder."""

    def __init__(self, answer: str) -> None:
        self.answer, self.asked = answer, 0

    def check(self, account: object) -> str:
        self.asked += 1
        return self.answer


def test_a_name_that_is_not_the_accounts_is_refused_and_a_new_account_is_checked_anew(desk: Desk) -> None:
    desk.house.payee_checks = bank = Bank("mismatch")
    first = desk.account(1, verify=False)
    assert desk.read(payee_accounts.find, first).state == "refused"
    with pytest.raises(PayeeAccountState):
        desk.write(payee_accounts.verify, first, "official:r1")
    bank.answer = "match"
    second = desk.account(1, made.payee(2))
    assert (desk.read(payee_accounts.find, second).checked, bank.asked) == ("match", 2)
    with pytest.raises(PayeeAccountState):
        desk.write(payee_accounts.verify, first, "official:r1")


def test_one_account_of_two_payees_is_seen(desk: Desk) -> None:
    desk.account(1, made.payee(7))
    second = desk.account(2, made.payee(7))
    found = desk.read(payee_accounts.find, second)
    assert desk.read(payee_accounts.shared_with, found) == {worker(1)}


def test_an_account_stands_nowhere_in_the_open(desk: Desk, settings) -> None:
    account = made.payee(1, "马穆罕默德")
    desk.pay(1, claim="c")
    desk.account(1, account)
    for table in sa.inspect(desk.house.db.engine).get_table_names():
        with desk.house.db.read() as conn:
            for row in conn.exec_driver_sql(f"SELECT * FROM {table}"):
                text = " ".join(map(shown, row))
                assert account.number not in text, table
                assert account.name not in text, table


def shown(value: object) -> str:
    return bytes(value).decode("utf-8", "replace") if isinstance(value, bytes | memoryview) else str(value)


# -- once


def test_a_claim_has_one_live_payment(desk: Desk) -> None:
    desk.pay(1, claim="c")
    with pytest.raises(PaymentLive):
        desk.pay(1, claim="c")


def test_a_settled_claim_is_never_paid_again_even_by_raw_sql(desk: Desk) -> None:
    paid = desk.pay(1, claim="c")
    desk.send()
    desk.notify(desk.debit(paid))
    with pytest.raises(PaymentLive):
        desk.pay(1, claim="c")
    row = desk.payment(paid)
    copy = {name: getattr(row, name) for name in row.__slots__} | {
        "payment_id": b"x" * 16,
        "attempt": 2,
        "end_to_end_id": "X",
    }
    with pytest.raises(sa.exc.IntegrityError), desk.house.db.engine.begin() as conn:
        conn.execute(payment.insert().values(copy))


def test_one_payment_is_debited_once_even_by_raw_sql(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    desk.notify(desk.debit(paid))
    with desk.house.db.read() as conn:
        row = dict(conn.execute(sa.select(bank_entry)).mappings().one())
    with pytest.raises(sa.exc.IntegrityError), desk.house.db.engine.begin() as conn:
        conn.execute(bank_entry.insert().values(row | {"reference": "other"}))


def test_two_who_queue_one_claim_at_once_make_one_payment(desk: Desk) -> None:
    desk.account(1)
    results: list[str] = []

    def take() -> None:
        try:
            desk.pay(1, claim="c")
            results.append("paid")
        except PaymentLive:
            results.append("live")

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["live"] * 7 + ["paid"]


# -- batches


def test_a_batch_is_released_by_another_payer_only(desk: Desk) -> None:
    desk.pay(1)
    batch = desk.seal()
    assert dispatch.run(desk.house) == 0
    with pytest.raises(SamePerson):
        desk.release(batch, by=FIRST)
    desk.release(batch)
    found = desk.read(batches.find, batch.batch_id)
    assert (found.state, found.sealed_by, found.released_by) == ("released", FIRST, SECOND)


def test_one_person_cannot_seal_and_release_even_by_raw_sql(desk: Desk) -> None:
    desk.pay(1)
    batch = desk.seal()
    change = payment_batch.update().where(payment_batch.c.batch_id == batch.batch_id)
    with pytest.raises(sa.exc.IntegrityError), desk.house.db.engine.begin() as conn:
        conn.execute(change.values(state="released", released_by=FIRST, released_ms=1))


def test_case_28_what_is_sent_is_what_was_sealed_and_the_same_when_sent_again(desk: Desk) -> None:
    desk.pay(1)
    batch = desk.send()
    place = desk.house.settings.bank_folder / CODE / "in" / batch.file_name
    sent = place.read_bytes()
    digest = place.with_name(place.name + ".sha256").read_text().split()[0]
    assert hashlib.sha256(sent).digest() == batch.sha256 == bytes.fromhex(digest)
    with desk.house.db.engine.begin() as conn:
        conn.execute(payment_batch.update().values(state="released", sent_ms=None, lease_ms=1))
        conn.execute(payment.update().values(state="queued"))
    dispatch.run(desk.house)
    assert place.read_bytes() == sent
    assert {one.name for one in place.parent.iterdir()} == {batch.file_name, f"{batch.file_name}.sha256"}


@pytest.mark.parametrize("written", [False, True], ids=["before the file", "after the file"])
def test_case_26_who_dies_while_sending_is_followed_by_one_who_sends_the_same(
    desk: Desk, monkeypatch, written: bool
) -> None:
    paid = desk.pay(1)
    batch = desk.seal()
    desk.release(batch)
    place = desk.house.settings.bank_folder / CODE / "in" / batch.file_name
    write = folder.write

    class Died(Exception):
        pass

    def dying(to, content: bytes) -> None:
        if written:
            write(to, content)
        if not written or to == place:
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr(folder, "write", dying)
        with pytest.raises(Died):
            dispatch.run(desk.house)
    assert (place.exists(), desk.state(paid)) == (written, "queued")
    desk.house.clock.advance(dispatch.LEASE_MS)

    assert (dispatch.run(desk.house), desk.state(paid)) == (1, "sent")
    assert {one.name for one in place.parent.iterdir()} == {place.name, f"{place.name}.sha256"}
    assert hashlib.sha256(place.read_bytes()).digest() == batch.sha256


def test_case_27_two_dispatchers_send_a_batch_once(desk: Desk, monkeypatch) -> None:
    desk.pay(1)
    desk.release(desk.seal())
    inner: list[int] = []
    real = dispatch.exchange

    def meanwhile(house, account):
        if not inner:
            inner.append(dispatch.run(house))
        return real(house, account)

    monkeypatch.setattr(dispatch, "exchange", meanwhile)
    assert (dispatch.run(desk.house), inner) == (1, [0])


def test_case_27_a_dispatcher_whose_lease_ran_out_does_not_say_sent(desk: Desk, monkeypatch) -> None:
    paid = desk.pay(1)
    desk.release(desk.seal())
    inner: list[int] = []
    real = dispatch.exchange

    def late(house, account):
        if not inner:
            house.clock.advance(dispatch.LEASE_MS)
            inner.append(0)
            inner.append(dispatch.run(house))
        return real(house, account)

    monkeypatch.setattr(dispatch, "exchange", late)
    assert (dispatch.run(desk.house), inner) == (0, [0, 1])
    with desk.house.db.read() as conn:
        steps = [row.state for row in payments.history(conn, paid)]
    assert steps == ["approved", "queued", "sent"]


def test_case_36_an_account_replaced_before_sealing_stops_the_payment(desk: Desk) -> None:
    stopped, other = desk.pay(1), desk.pay(2)
    desk.account(1, made.payee(11))
    batch = desk.seal()
    assert (batch.count, desk.state(stopped), desk.state(other)) == (1, "approved", "queued")
    assert desk.open_breaks() == ["account-changed"]
    desk.write(payments.readdress, desk.house, stopped, CLERK)
    assert desk.seal().count == 1


def test_case_36_an_account_replaced_after_sealing_stops_the_release(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.seal()
    desk.account(1, made.payee(11), verify=False)
    with pytest.raises(StaleProposal):
        desk.release(batch)
    desk.write(batches.cancel, desk.house, batch.batch_id, FIRST)
    assert desk.state(paid) == "approved"
    with pytest.raises(NothingToPay):
        desk.seal()
    with pytest.raises(PayeeAccountState):
        desk.write(payments.readdress, desk.house, paid, CLERK)


def test_a_released_batch_is_not_cancelled(desk: Desk) -> None:
    desk.pay(1)
    batch = desk.seal()
    desk.release(batch)
    with pytest.raises(BatchState):
        desk.write(batches.cancel, desk.house, batch.batch_id, FIRST)


def test_a_batch_changed_at_rest_is_not_sent(desk: Desk) -> None:
    desk.pay(1)
    batch = desk.seal()
    desk.release(batch)
    with desk.house.db.engine.begin() as conn:
        conn.execute(payment_batch.update().values(sha256=b"0" * 32))
    assert dispatch.run(desk.house) == 0
    assert not (desk.house.settings.bank_folder / CODE / "in" / batch.file_name).exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda one: {"orders": (one.orders[0], one.orders[0])}, "double"),
        (lambda one: {"orders": (dataclasses.replace(one.orders[0], amount_fen=1000.1),)}, "amount"),
        (lambda one: {"execution_on": made.DAY - dt.timedelta(days=1)}, "not-a-working-day"),
    ],
    ids=["twice", "a thousandth", "a Sunday"],
)
def test_case_38_what_is_not_sound_is_not_sealed_and_all_stays_as_it_was(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, change: object, code: str
) -> None:
    paid = desk.pay(1)
    make = batches._batch
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_batch", lambda *said: dataclasses.replace(one := make(*said), **change(one)))
        with pytest.raises(BatchRefusedByCheck) as refused:
            desk.seal()
    assert {it["code"] for it in refused.value.errors} == {code}
    assert (desk.state(paid), desk.read(batches.listed)) == ("approved", [])
    assert desk.send().count == 1


# -- what the bank says


def test_only_a_booked_line_settles(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    identity = desk.payment(paid).end_to_end_id
    desk.report(batch, Told(identity, "ACSC"))
    assert (desk.state(paid), desk.payment(paid).said) == ("accepted", "ACSC")
    desk.notify(desk.debit(paid))
    assert (desk.state(paid), desk.read(batches.find, batch.batch_id).state) == ("settled", "closed")
    assert desk.open_breaks() == []


@pytest.mark.parametrize(
    ("said", "state", "last", "kinds"),
    [
        (["RCVD", "ACTC", "ACSP"], "accepted", "ACSP", []),
        (["ACSP", "RCVD"], "accepted", "ACSP", ["late-status"]),
        (["ACSC", "RJCT"], "accepted", "ACSC", ["status-contradicts"]),
        (["RJCT", "ACSC"], "rejected", "RJCT", ["status-contradicts"]),
        (["RJCT", "RJCT"], "rejected", "RJCT", []),
        (["ACSP", "ACSP"], "accepted", "ACSP", []),
    ],
)
def test_case_30_statuses_in_any_order(
    desk: Desk, said: list[str], state: str, last: str, kinds: list[str]
) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    for status in said:
        desk.report(batch, told(desk, paid, status))
    found = desk.payment(paid)
    assert (found.state, found.said, desk.open_breaks()) == (state, last, kinds)


def told(desk: Desk, payment_id: bytes, status: str, reason: str = "") -> Told:
    return Told(desk.payment(payment_id).end_to_end_id, status, reason)


def test_case_30_the_same_report_twice_changes_nothing(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    content = messages.pain002("R", batch.message_id, [told(desk, paid, "ACSP")], desk.now())
    assert [desk.receive(content, f"F{n}") for n in range(3)] == ["applied"] * 3
    with desk.house.db.read() as conn:
        assert len(payments.history(conn, paid)) == 4


def test_a_duplicate_is_proof_of_acceptance_and_never_paid_again(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    desk.report(batch, told(desk, paid, "RJCT", "AM05"))
    assert (desk.state(paid), desk.open_breaks()) == ("sent", ["called-duplicate"])


def test_a_report_on_what_was_not_sent_changes_nothing(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.seal()
    desk.report(batch, told(desk, paid, "ACSC"))
    assert (desk.state(paid), desk.open_breaks()) == ("queued", ["status-contradicts"])


def test_an_answer_proves_that_a_released_batch_was_sent(desk: Desk) -> None:
    """The sender died between the file and the mark."""
    paid = desk.pay(1)
    batch = desk.seal()
    desk.release(batch)
    desk.report(batch, told(desk, paid, "ACSP"))
    assert (desk.state(paid), desk.read(batches.find, batch.batch_id).state) == ("accepted", "acked")
    assert dispatch.run(desk.house) == 0


def test_reports_on_other_things_are_breaks(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    other = desk.pay(2)
    desk.report(batch, told(desk, other, "ACSC"), Told("NOBODY", "ACSC"), count=3)
    desk.receive(messages.pain002("R", "NOBODY", [], desk.now(), group="ACCP"))
    assert desk.open_breaks() == ["count-differs", "unknown-batch", "unknown-identity", "unknown-identity"]
    assert (desk.state(paid), desk.state(other)) == ("sent", "approved")


def test_a_whole_batch_is_accepted_or_refused(desk: Desk) -> None:
    first, second = desk.pay(1), desk.pay(2)
    batch = desk.send()
    desk.report(batch, group="ACTC")
    assert [desk.state(one) for one in (first, second)] == ["accepted", "accepted"]
    desk.report(batch, group="RJCT")
    assert desk.open_breaks() == ["status-contradicts"]
    third = desk.pay(3)
    refused = desk.send()
    desk.report(refused, group="RJCT")
    assert desk.state(third) == "rejected"


def test_funds_short_stops_the_account(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    desk.report(batch, told(desk, paid, "RJCT", "AM04"))
    desk.pay(2)
    desk.release(desk.seal())
    assert (desk.open_breaks(), dispatch.run(desk.house)) == (["funds-short"], 0)
    desk.explain("funds-short", "explained")
    assert dispatch.run(desk.house) == 1


# -- silence


def test_case_31_silence_is_unknown_and_nothing_is_paid_again_before_absence_is_proven(desk: Desk) -> None:
    paid = desk.pay(1, claim="c")
    batch = desk.send()
    assert terms.run(desk.house) == 0
    desk.days(2)
    assert terms.run(desk.house) == 1
    assert (desk.state(paid), desk.open_breaks()) == ("unknown", ["no-answer"])
    with pytest.raises(PaymentLive):
        desk.pay(1, claim="c")
    with pytest.raises(AbsenceUnproven):
        desk.write(payments.absent, desk.house, paid, batch.execution_on, FIRST)
    desk.state_account(1, 1_000_000, on=made.DAY)
    with pytest.raises(AbsenceUnproven):
        desk.write(payments.absent, desk.house, paid, batch.execution_on, FIRST)
    desk.state_account(2, 1_000_000)
    found = desk.break_of("no-answer")
    with pytest.raises(ResolutionRefused):
        desk.write(resolving.resolve, desk.house, found.break_id, "absent", "", FIRST)
    proposal = desk.write(resolving.propose, found.break_id, "absent", None, "对账单无此笔", FIRST)
    with pytest.raises(SamePerson):
        desk.write(two_person.decide, proposal, FIRST, True, "", tools=desk.house)
    desk.write(two_person.decide, proposal, SECOND, True, "", role="payer", tools=desk.house)
    assert (desk.state(paid), desk.open_breaks()) == ("rejected", [])
    with pytest.raises(AbsenceUnproven):
        desk.pay(1, claim="c")  # the statement must be of a day after this was decided
    desk.days(1)
    desk.state_account(3, 1_000_000)
    again = desk.payment(desk.pay(1, claim="c"))
    assert (again.attempt, again.end_to_end_id) != (1, desk.payment(paid).end_to_end_id)


def test_case_31_an_unknown_payment_that_was_booked_is_settled(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    desk.days(2)
    terms.run(desk.house)
    desk.state_account(1, 1_000_000, desk.debit(paid))
    assert desk.state(paid) == "settled"


def test_a_rejected_payment_is_tried_again_only_after_a_later_statement(desk: Desk) -> None:
    paid = desk.pay(1, claim="c")
    batch = desk.send()
    desk.report(batch, told(desk, paid, "RJCT", "RC01"))
    desk.state_account(1, 1_000_000)
    with pytest.raises(AbsenceUnproven):
        desk.pay(1, claim="c")
    desk.days(1)
    desk.state_account(2, 1_000_000)
    assert desk.payment(desk.pay(1, claim="c")).attempt == 2


def test_nothing_is_tried_again_while_money_left_unexplained(desk: Desk) -> None:
    """A bank that rejects, and books under a wrong id all the same."""
    paid = desk.pay(1, claim="c")
    batch = desk.send()
    desk.report(batch, told(desk, paid, "RJCT", "RC01"))
    desk.state_account(1, 1_000_000, desk.debit(paid, end_to_end_id="WRONG"))
    desk.days(1)
    desk.state_account(2, 850_000)
    with pytest.raises(AbsenceUnproven):
        desk.pay(1, claim="c")
    desk.explain("unknown-debit")
    assert desk.payment(desk.pay(1, claim="c")).attempt == 2


def test_what_is_accepted_and_not_booked_in_its_term_is_a_break(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    desk.report(batch, told(desk, paid, "ACSC"))
    desk.days(3)
    terms.run(desk.house)
    assert (desk.state(paid), desk.open_breaks()) == ("accepted", ["not-booked"])


# -- returns


def test_case_32_a_return_is_paid_once_more_to_the_new_account(desk: Desk) -> None:
    paid = desk.pay(1, claim="c")
    desk.send()
    desk.state_account(1, 1_000_000, desk.debit(paid))
    desk.days(2)
    desk.state_account(2, 850_000, desk.credit(paid))
    assert (desk.state(paid), desk.payment(paid).reason) == ("returned", "AC04")
    with pytest.raises(PayeeAccountFailed):
        desk.pay(1, claim="c")
    desk.account(1, made.payee(11))
    again = desk.pay(1, claim="c")
    batch = desk.send()
    with pytest.raises(PaymentLive):
        desk.pay(1, claim="c")
    desk.state_account(3, 1_000_000, desk.debit(again))
    assert (desk.state(again), batch.count, desk.open_breaks()) == ("settled", 1, [])
    with desk.house.db.read() as conn:
        own = bank_entry.c
        rows = conn.execute(sa.select(own.credit, own.amount_fen)).all()
    assert sum(-row.amount_fen if row.credit else row.amount_fen for row in rows) == 150_000


def came_back(desk: Desk, reason: str) -> bytes:
    paid = desk.pay(1, claim="c")
    desk.send()
    desk.notify(desk.debit(paid))
    desk.notify(desk.credit(paid, returned=reason))
    assert (desk.state(paid), desk.payment(paid).reason) == ("returned", reason)
    return paid


@pytest.mark.parametrize("reason", ["AC01", "BE01", "AC04", "AC06"])
def test_an_account_that_the_bank_blamed_takes_nothing_more_of_any_claim(desk: Desk, reason: str) -> None:
    waiting = desk.pay(1, claim="waits")
    desk.write(payments.withdraw, desk.house, waiting, CLERK)
    came_back(desk, reason)
    for claim in ("c", "another"):
        with pytest.raises(PayeeAccountFailed):
            desk.pay(1, claim=claim)
    # Nor where somebody writes it good again.
    verified = payee_account.update().where(payee_account.c.payee == worker(1)).values(state="verified")
    desk.write(lambda turn: turn.conn.execute(verified))
    with pytest.raises(PayeeAccountFailed):
        desk.pay(1, claim="c")

    desk.account(1, made.payee(11), verify=False)
    with pytest.raises(PayeeAccountState):
        desk.pay(1, claim="c")
    desk.write(payee_accounts.verify, desk.read(payee_accounts.newest, worker(1)).account_id, REVIEWER)
    assert desk.payment(desk.pay(1, claim="c")).payee_version == 2


@pytest.mark.parametrize("reason", ["RC01", "MS03", "NARR", "", "ZZ99"])
def test_what_came_back_for_another_reason_goes_to_the_same_account_again(desk: Desk, reason: str) -> None:
    paid = desk.pay(1, claim="c")
    desk.send()
    desk.notify(desk.debit(paid))
    desk.notify(desk.credit(paid, returned=reason or "MS03"))
    again = desk.payment(desk.pay(1, claim="c"))
    assert (again.attempt, again.payee_version) == (2, 1)


def test_what_waits_for_an_account_that_the_bank_blamed_is_not_sent(desk: Desk) -> None:
    paid = desk.pay(1, claim="c")
    desk.send()
    waiting = desk.pay(1, claim="another")
    desk.notify(desk.debit(paid))
    desk.notify(desk.credit(paid))
    with pytest.raises(NothingToPay):
        desk.seal()
    assert (desk.state(waiting), desk.open_breaks()) == ("approved", [])
    desk.account(1, made.payee(11))
    desk.write(payments.readdress, desk.house, waiting, FIRST)
    desk.send()
    assert desk.payment(waiting).payee_version == 2


def test_a_rejection_that_blames_the_account_ends_it_as_well(desk: Desk) -> None:
    paid = desk.pay(1, claim="c")
    batch = desk.send()
    desk.report(batch, told(desk, paid, "RJCT", "AC01"))
    desk.state_account(1, 1_000_000)
    desk.days(1)
    desk.state_account(2, 1_000_000)
    with pytest.raises(PayeeAccountFailed):
        desk.pay(1, claim="c")
    desk.account(1, made.payee(11))
    assert desk.payment(desk.pay(1, claim="c")).attempt == 2


# -- what does not agree


def test_case_33_each_difference_is_a_break_of_its_own_kind_and_none_closes_itself(desk: Desk) -> None:
    one, two, three, four = (desk.pay(n) for n in range(4))
    desk.send()
    desk.notify(desk.debit(four))
    desk.state_account(
        1,
        10_000_000,
        desk.debit(one, amount_fen=149_999),
        desk.debit(two, end_to_end_id="WRONG"),
        desk.debit(three, end_to_end_id="", reference="G1"),
        desk.debit(four),
        desk.debit(four, reference="AGAIN"),
        desk.credit(one, reference="GHOST", end_to_end_id="", returned=""),
        desk.credit(three, reference="EARLY"),
    )
    kinds = ["amount-differs", "double-debit", "return-unexpected", "unknown-credit", *["unknown-debit"] * 2]
    assert desk.open_breaks() == kinds
    assert [desk.state(paid) for paid in (one, two, three, four)] == ["sent", "sent", "sent", "settled"]
    desk.days(1)
    closing = 10_000_000 - 149_999 - 4 * 150_000 + 2 * 150_000
    desk.state_account(2, closing)
    assert desk.open_breaks() == kinds
    with desk.house.db.read() as conn:
        assert desk.house.cash.balance_fen(conn, CODE) == closing
        assert desk.house.cash.suspense_fen(conn, CODE) == 149_999 + 3 * 150_000 - 2 * 150_000


def test_a_line_is_matched_by_two_payers_and_only_at_its_amount(desk: Desk) -> None:
    paid, other = desk.pay(1), desk.pay(2, 140_000)
    desk.send()
    desk.notify(desk.debit(paid, end_to_end_id=""))
    found = desk.break_of("unknown-debit")
    with desk.house.db.read() as conn:
        assert [one.payment_id for one in resolving.candidates(conn, found)] == [paid]
    assert desk.state(paid) == "sent"
    wrong = desk.write(resolving.propose, found.break_id, "matched", other, "", FIRST)
    with pytest.raises(ResolutionRefused):
        desk.write(two_person.decide, wrong, SECOND, True, "", role="payer", tools=desk.house)
    right = desk.write(resolving.propose, found.break_id, "matched", paid, "核对流水", FIRST)
    desk.write(two_person.decide, right, SECOND, True, "", role="payer", tools=desk.house)
    assert (desk.state(paid), desk.open_breaks()) == ("settled", [])


def test_money_put_in_is_funding_by_one_payers_word(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.notify(desk.credit(paid, end_to_end_id="", returned="", amount_fen=5_000_000))
    found = desk.break_of("unknown-credit")
    desk.write(breaks.take, found.break_id, FIRST)
    assert desk.break_of("unknown-credit").owner == FIRST
    desk.write(resolving.resolve, desk.house, found.break_id, "funding", "财政拨入", FIRST)
    assert desk.open_breaks() == []
    with pytest.raises(resolving.BreakClosed):
        desk.write(resolving.resolve, desk.house, found.break_id, "funding", "", FIRST)


def test_a_debit_is_no_funding(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    desk.notify(desk.debit(paid, end_to_end_id=""))
    with pytest.raises(ResolutionRefused):
        desk.explain("unknown-debit", "funding")


def test_a_payment_booked_after_its_rejection_is_a_break_that_two_may_match(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    desk.report(batch, told(desk, paid, "RJCT", "AC01"))
    desk.notify(desk.debit(paid))
    assert (desk.state(paid), desk.open_breaks()) == ("rejected", ["booked-unasked"])
    found = desk.break_of("booked-unasked")
    proposal = desk.write(resolving.propose, found.break_id, "matched", None, "", FIRST)
    desk.write(two_person.decide, proposal, SECOND, True, "", role="payer", tools=desk.house)
    assert (desk.state(paid), desk.open_breaks()) == ("settled", [])


# -- statements


def test_case_34_a_gap_waits_and_is_taken_in_once_the_missing_one_is_there(desk: Desk) -> None:
    first, second = desk.pay(1), desk.pay(2)
    desk.send()
    desk.state_account(1, 1_000_000)
    assert desk.state_account(3, 850_000, desk.debit(second)) == "waiting"
    assert (desk.state(second), desk.open_breaks()) == ("sent", ["statement-gap"])
    assert desk.state_account(2, 1_000_000, desk.debit(first)) == "applied"
    assert desk.state(second) == "sent"
    inbox.run(desk.house)
    assert (desk.state(first), desk.state(second), desk.open_breaks()) == ("settled", "settled", [])


@pytest.mark.parametrize(
    ("sequence", "opening", "closing"),
    [(2, 1_000_000, 849_999), (2, 1_000_001, None), (1, 1_000_000, None)],
    ids=["does not add up", "begins elsewhere", "another under a number there is"],
)
def test_case_34_a_statement_that_does_not_follow_is_refused_whole(
    desk: Desk, sequence: int, opening: int, closing: int | None
) -> None:
    paid = desk.pay(1)
    desk.send()
    desk.state_account(1, 1_000_000)
    assert desk.state_account(sequence, opening, desk.debit(paid), closing=closing) == "quarantined"
    assert (desk.state(paid), desk.open_breaks()) == ("sent", ["file-quarantined"])
    with desk.house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(bank_entry)) == 0
    assert desk.state_account(2, 1_000_000, desk.debit(paid)) == "applied"


def test_case_34_a_statement_again_changes_nothing(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    line = desk.debit(paid)
    assert desk.state_account(1, 1_000_000, line) == "applied"
    assert desk.state_account(1, 1_000_000, line) == "applied"
    assert (desk.state(paid), desk.open_breaks()) == ("settled", [])


def test_a_line_of_an_earlier_statement_is_in_no_other(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    line = desk.debit(paid)
    desk.state_account(1, 1_000_000, line)
    assert desk.state_account(2, 850_000, line) == "quarantined"


def test_a_line_told_and_not_stated_is_a_break(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    desk.notify(desk.debit(paid))
    desk.state_account(1, 1_000_000)
    assert desk.open_breaks() == ["not-on-statement"]


def test_a_known_line_told_in_another_way_is_refused(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    desk.notify(desk.debit(paid))
    assert desk.notify(desk.debit(paid, amount_fen=1)) == "quarantined"


def test_a_file_of_another_account_is_refused(desk: Desk) -> None:
    assert desk.receive(messages.camt054("N", "12345678", [], desk.now())) == "quarantined"


# -- files


@pytest.mark.parametrize("damage", ["torn", "truncated", "digest", "encoding", "byte order mark"])
def test_case_29_a_damaged_file_changes_nothing_and_is_told(desk: Desk, damage: str) -> None:
    paid = desk.pay(1)
    desk.send()
    content = messages.camt054("N", made.FUND.number, [desk.debit(paid)], desk.now())
    folder = desk.house.settings.bank_folder / CODE / "out"
    digest = hashlib.sha256(content).hexdigest()
    broken = {"encoding": content.decode().encode("utf-16"), "byte order mark": b"\xef\xbb\xbf" + content}
    (folder / "N.xml").write_bytes(broken.get(damage, content[:300]))
    if damage != "torn":
        own = hashlib.sha256(broken.get(damage, content[:300])).hexdigest()
        (folder / "N.xml.sha256").write_text(digest if damage == "digest" else own)
    inbox.run(desk.house)
    assert (desk.state(paid), desk.open_breaks()) == ("sent", ["file-quarantined"])
    assert desk.break_of("file-quarantined").owner == "role:payer"
    with desk.house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(bank_entry)) == 0
    (folder / "N.xml").write_bytes(content)
    (folder / "N.xml.sha256").write_text(digest)
    inbox.run(desk.house)
    assert (desk.state(paid), desk.open_breaks()) == ("settled", [])
    assert list(folder.iterdir()) == []


def test_files_still_being_written_are_not_looked_at(desk: Desk) -> None:
    desk.pay(1)
    desk.send()
    folder = desk.house.settings.bank_folder / CODE / "out"
    (folder / "N.xml.part").write_bytes(b"<Doc")
    assert inbox.run(desk.house) == 0
    assert desk.open_breaks() == []


def test_case_56_all_files_again_change_nothing(desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.send()
    folder, line = desk.house.settings.bank_folder / CODE, desk.debit(paid)
    files = {
        "a.xml": messages.pain002("R", batch.message_id, [told(desk, paid, "ACSC")], desk.now()),
        "b.xml": messages.camt054("N", made.FUND.number, [line], desk.now()),
        "c.xml": messages.camt053("S", made.FUND.number, 1, desk.today(), 150_000, 0, [line], desk.now()),
    }

    def tables() -> dict[str, list[tuple[object, ...]]]:
        with desk.house.db.read() as conn:
            return {
                table.name: sorted(map(tuple, conn.execute(sa.select(table))), key=repr)
                for table in (payment, payment_batch, bank_entry, payments.payment_event, breaks.recon_break)
            }

    for name, content in files.items():
        (folder / "out" / name).write_bytes(content)
    inbox.run(desk.house)
    before = tables()
    for again in ("x", "y"):
        for name, content in files.items():
            (folder / "out" / (again + name)).write_bytes(content)
        assert inbox.run(desk.house) == 3
    assert tables() == before
    assert (desk.state(paid), desk.open_breaks()) == ("settled", [])


def test_a_withdrawn_payment_is_in_no_batch(desk: Desk) -> None:
    paid = desk.pay(1)
    desk.write(payments.withdraw, desk.house, paid, CLERK)
    with pytest.raises(NothingToPay):
        desk.seal()
    with pytest.raises(PaymentState):
        desk.write(payments.withdraw, desk.house, paid, CLERK)


def test_followers_hear_of_every_step(desk: Desk) -> None:
    heard: list[str] = []
    desk.house.payment_followers.append(lambda _turn, _house, found: heard.append(found.state))
    paid = desk.pay(1)
    desk.send()
    desk.notify(desk.debit(paid))
    assert heard == ["approved", "queued", "sent", "settled"]
