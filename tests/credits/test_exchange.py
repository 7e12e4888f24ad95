"""`credit-outcome/1`: what goes out, what is said of it, and that only a decision fills earned credits."""

import json
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import fsck
from recordsvc.access import consents
from recordsvc.access.consents import Ended
from recordsvc.archive import persons
from recordsvc.credits import batches, own
from recordsvc.credits.batches import TYP
from recordsvc.credits.tables import credit_outcome, credit_ticket
from recordsvc.ground.strictjson import canonical
from recordsvc.house import House
from recordsvc.vault.signatures import verify_attached
from tests.archive.support import Centre, id_of, person
from tests.archive.test_erasing import decide_erasure
from tests.credits.conftest import Bank, account
from tests.exports.copies import agree, region_key
from tests.exports.test_feed import entered

NUMBER = "XF6400001234"
_ids = iter(range(1, 10_000))


def opened(data: bytes | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    assert data is not None
    first, *lines = [json.loads(one) for one in data.splitlines()]
    return first, lines


def line(data: bytes | None) -> dict[str, Any]:
    (only,) = opened(data)[1]
    return only


def named(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "answer_id": f"answer-{next(_ids):05d}",
        "outcome_id": found["outcome_id"],
        "version": found["version"],
        **more,
    }


def decision(found: dict[str, Any], **more: Any) -> dict[str, Any]:
    said = {"decision": "recognised", "credits": "3.5", "decided_by": "委员会", "decided_on": "2026-06-01"}
    return named(found, **{**said, **more})


def say(bank: Bank, path: str, *said: dict[str, Any]) -> list[str]:
    return bank.say(path, {"answers": list(said)})


def stands(house: House) -> tuple[str, str | None, str | None]:
    with house.db.read() as conn:
        row = conn.execute(sa.select(credit_outcome)).one()
    return row.state, row.code, row.earned


def kinds(house: House) -> list[str]:
    with house.db.read() as conn:
        return list(conn.scalars(sa.select(credit_ticket.c.kind).order_by(credit_ticket.c.kind)))


def healthy(house: House) -> None:
    report = fsck.fsck(house, offline=True)
    assert report.finding is None, report.finding


@pytest.fixture
def sent(house: House, centre: Centre, bank: Bank) -> tuple[bytes, bytes, bytes]:
    """A worker, a record and a consent to it, the account entered."""
    worker, (record,) = entered(house, centre, 1)
    consent = agree(house, worker, record)
    account(house, worker, NUMBER)
    return worker, record, consent


def test_a_batch_holds_what_the_feed_may_tell_and_is_signed(house: House, bank: Bank, sent: Any) -> None:
    worker, record, _ = sent
    data = bank.batch(0)
    head, (one,) = opened(data)
    header = head["header"]
    assert (header["format"], header["n"], header["count"], header["previous_batch_id"]) == (
        *("credit-outcome/1", 1, 1),
        None,
    )
    assert header["classes"] == {"training": {"count": 1, "minutes": 2_655}}
    protected, _, signature = head["jws"].split(".")
    payload = batches.b64u(canonical(header))
    public = region_key(house)
    verify_attached(
        f"{protected}.{payload}.{signature}", TYP, lambda kid: public if kid == "region" else None
    )
    assert (one["op"], one["version"], one["replaces"]) == ("add", 1, None)
    content = one["content"]
    assert content["subject_ref"] == {"account": NUMBER}
    assert content["reference_credit"] == {"value": "3.3", "formula": "reference-credit", "version": 1}
    assert "credits" not in content
    who, text = person(1), json.dumps(one, ensure_ascii=False)
    assert not [name for name in (who["number"], who["name"], worker.hex(), id_of(record)) if name in text]
    assert bank.batch(0) == data
    assert bank.batch(1) is None
    assert bank.get("/v1/credits/batches?after=2").json["code"] == "credit-batch-unknown"
    healthy(house)


def test_only_a_decision_fills_earned_credits_and_redeemed_ones_are_locked(
    house: House, bank: Bank, centre: Centre, sent: Any
) -> None:
    worker, record, _ = sent
    one = line(bank.batch(0))
    assert say(bank, "redemptions", named(one, credits="3.5")) == ["contradicts"]
    assert say(bank, "results", named(one, status="accepted")) == ["taken"]
    assert stands(house) == ("accepted", None, None)
    first = decision(one, course="焊接基础", reason="按目录认定")
    assert say(bank, "decisions", first) == ["taken"]
    assert stands(house) == ("accepted", None, "3.5")
    (shown,) = own.of_worker(house, worker)["exchange"]
    assert (shown["earned"], shown["course"], shown["record_id"]) == ("3.5", "焊接基础", id_of(record))

    assert say(bank, "decisions", decision(one, credits="9.5")) == ["contradicts"]
    replaced = decision(one, credits="4", replaces=first["answer_id"])
    assert say(bank, "decisions", replaced) == ["taken"]
    assert say(bank, "redemptions", named(one, credits="3.5")) == ["contradicts"]
    assert say(bank, "redemptions", named(one, credits="4")) == ["taken"]
    assert say(bank, "redemptions", named(one, credits="4")) == ["locked"]
    assert say(bank, "decisions", decision(one, decision="withdrawn", credits=None)) == ["locked"]
    assert stands(house) == ("accepted", None, "4")

    # Revoked: it is withdrawn there, and officials are told that it was redeemed.
    centre.enter(centre.revocation(person(1), record))
    gone = line(bank.batch(1))
    assert (gone["op"], gone["version"], gone["digest"]) == ("withdraw", 2, None)
    assert say(bank, "results", named(gone, status="accepted")) == ["taken"]
    assert stands(house) == ("withdrawn", None, "4")
    assert kinds(house).count("redeemed-changed") == 3
    healthy(house)


def test_a_decision_falls_with_the_version_that_it_was_of(
    house: House, bank: Bank, centre: Centre, sent: Any
) -> None:
    _, record, _ = sent
    one = line(bank.batch(0))
    assert say(bank, "decisions", decision(one)) == ["taken"]
    assert stands(house) == ("accepted", None, "3.5")
    centre.enter(centre.correction(person(1), record, score="90.0"))
    two = line(bank.batch(1))
    assert (two["op"], two["version"], two["content"]["result"]["score"]) == ("replace", 2, "90.0")
    assert stands(house) == ("sent", None, None)
    # Late: of a version that is no more.
    assert say(bank, "decisions", decision(one, credits="2")) == ["stale"]
    assert stands(house) == ("sent", None, None)
    healthy(house)


def test_a_rejection_has_code_owner_age_and_remedy_and_goes_out_as_the_next_version(
    house: House, bank: Bank, centre: Centre, sent: Any
) -> None:
    worker, _, _ = sent
    one = line(bank.batch(0))
    assert say(bank, "results", named(one, status="rejected", code="UNKNOWN_LEARNER")) == ["taken"]
    assert stands(house) == ("rejected", "UNKNOWN_LEARNER", None)
    (shown,) = own.of_worker(house, worker)["exchange"]
    assert (shown["code"], shown["owner"], shown["why"]) == (
        "UNKNOWN_LEARNER",
        "worker",
        "学分银行没有这个账户",
    )
    # It keeps nothing back.
    second, (other,) = entered(house, centre, 2)
    agree(house, second, other)
    account(house, second, "XF6400005678")
    assert line(bank.batch(1))["version"] == 1
    assert bank.batch(2) is None

    account(house, worker, "XF6400009999")
    again = line(bank.batch(2))
    assert (again["outcome_id"], again["op"], again["version"]) == (one["outcome_id"], "replace", 2)
    assert again["content"]["subject_ref"] == {"account": "XF6400009999"}
    assert say(bank, "results", named(again, status="rejected", code="SCHEMA")) == ["taken"]
    ref = bytes.fromhex(one["outcome_id"])
    assert house.db.write(lambda turn: batches.resend(turn, "bank-1", ref))
    third = line(bank.batch(3))
    assert (third["version"], third["content"]) == (3, again["content"])
    assert not house.db.write(lambda turn: batches.resend(turn, "bank-1", ref))
    healthy(house)


def test_without_an_account_nothing_goes_out_until_there_is_one(
    house: House, bank: Bank, centre: Centre
) -> None:
    worker, (record,) = entered(house, centre, 1)
    agree(house, worker, record)
    assert bank.batch(0) is None
    assert stands(house) == ("held", "NO_ACCOUNT", None)
    account(house, worker, NUMBER)
    assert line(bank.batch(0))["content"]["subject_ref"] == {"account": NUMBER}
    healthy(house)


def test_what_is_no_more_to_be_seen_is_withdrawn_and_comes_back_as_new(
    house: House, bank: Bank, sent: Any
) -> None:
    worker, record, consent = sent
    one = line(bank.batch(0))
    house.db.write(lambda turn: consents.end(turn, house.log, [worker], Ended.WORKER, consent))
    gone = line(bank.batch(1))
    assert (gone["outcome_id"], gone["op"], gone["version"]) == (one["outcome_id"], "withdraw", 2)
    assert "content" not in line(bank.batch(0))
    assert say(bank, "results", named(gone, status="accepted")) == ["taken"]
    # A late acceptance of what was withdrawn: the withdrawal goes out again.
    assert say(bank, "results", named(one, status="accepted")) == ["stale"]
    assert (line(bank.batch(2))["op"], stands(house)[0]) == ("withdraw", "sent")
    agree(house, worker, record)
    assert (line(bank.batch(3))["op"], line(bank.batch(3))["version"]) == ("add", 4)
    healthy(house)


def test_an_erasure_takes_what_was_decided_and_the_withdrawal_still_goes_out(
    house: House, bank: Bank, sent: Any
) -> None:
    worker, _, _ = sent
    one = line(bank.batch(0))
    assert say(bank, "decisions", decision(one, reason="按目录认定")) == ["taken"]
    decide_erasure(house, worker)
    gone = line(bank.batch(1))
    assert (gone["op"], stands(house)) == ("withdraw", ("sent", None, None))
    assert persons.read(house, worker) is None
    assert "content" not in line(bank.batch(0))
    healthy(house)


def test_answers_repeat_under_their_id_and_what_contradicts_changes_nothing(
    house: House, bank: Bank, other_bank: Bank, sent: Any
) -> None:
    header = opened(bank.batch(0))[0]["header"]
    one = line(bank.batch(0))
    receipt = {"answer_id": "receipt-1", **{name: header[name] for name in ("batch_id", "count", "sha256")}}
    assert say(bank, "receipts", receipt, receipt) == ["taken", "taken"]
    assert say(bank, "receipts", receipt | {"answer_id": "receipt-2", "count": 7}) == ["contradicts"]
    said = named(one, status="accepted")
    assert say(bank, "results", said, said) == ["taken", "taken"]
    assert say(bank, "results", {**said, "status": "pending"}) == ["contradicts"]
    assert say(bank, "results", named(one, status="rejected", code="SCHEMA")) == ["contradicts"]
    assert say(bank, "results", named(one, status="duplicate")) == ["taken"]
    assert say(bank, "results", named(one | {"version": 2}, status="accepted")) == ["orphan"]
    assert say(other_bank, "results", named(one, status="accepted")) == ["orphan"]
    assert stands(house) == ("accepted", None, None)
    assert kinds(house) == ["ack-reused", "orphan-ack", "orphan-ack", "receipt-differs", "state-differs"]
    healthy(house)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("results", {"status": "rejected"}),
        ("results", {"status": "accepted", "code": "SCHEMA"}),
        ("results", {"status": "fine"}),
        ("decisions", {"decision": "recognised", "decided_by": "x", "decided_on": "2026-06-01"}),
        ("decisions", {"decision": "refused", "credits": "1", "decided_by": "x", "decided_on": "2026-06-01"}),
        ("redemptions", {"credits": "1.234"}),
        ("redemptions", {"credits": "-1"}),
    ],
)
def test_what_is_no_answer_is_refused_whole(
    house: House, bank: Bank, sent: Any, path: str, more: dict[str, Any]
) -> None:
    one = line(bank.batch(0))
    good = named(one, status="accepted")
    answer = bank.post(f"/v1/credits/{path}", {"answers": [good, named(one, **more)]})
    assert (answer.status_code, answer.json["code"]) == (422, "form")
    assert stands(house) == ("sent", None, None)


def test_what_two_sides_hold_is_compared_and_each_difference_is_a_ticket_once(
    house: House, bank: Bank, sent: Any
) -> None:
    one = line(bank.batch(0))
    assert say(bank, "decisions", decision(one)) == ["taken"]
    totals = bank.get("/v1/credits/totals").json
    assert totals["totals"] == [
        {"class": "training", "state": "accepted", "count": 1, "minutes": 2_655, "credits": "3.5"}
    ]
    held = {"outcome_id": one["outcome_id"], "version": 1, "state": "accepted", "credits": "3.5"}

    def compared(*lines: dict[str, Any]) -> list[str]:
        answer = bank.post("/v1/credits/reconciliations", {"prefix": "", "lines": list(lines)})
        return [found["kind"] for found in answer.json["differences"]]

    assert compared(held) == []
    assert compared(held | {"credits": "4"}) == ["amount-differs"]
    assert compared(held | {"state": "rejected", "credits": None}) == ["state-differs"]
    assert compared(held | {"version": 2}) == ["version-differs"]
    unknown = held | {"outcome_id": "ab" * 16}
    assert sorted(compared(unknown)) == ["missing-here", "missing-there"]
    assert sorted(compared(unknown)) == ["missing-here", "missing-there"]
    assert len(kinds(house)) == 5
    assert stands(house) == ("accepted", None, "3.5")
    twice = bank.post("/v1/credits/reconciliations", {"prefix": "", "lines": [held, held]})
    assert twice.json["code"] == "credit-lines"


def test_the_database_itself_refuses_credits_without_a_decision(house: House, bank: Bank, sent: Any) -> None:
    bank.batch(0)
    for wrong in (
        {"earned": "1"},
        {"decision_id": "d", "decision": "refused", "earned": "1"},
        {"decision_id": "d", "decision": "recognised"},
        {"redemption_id": "r"},
        {"state": "rejected"},
        {"code": "SCHEMA"},
    ):
        with pytest.raises(sa.exc.IntegrityError):
            house.db.write(
                lambda turn, wrong=wrong: turn.conn.execute(credit_outcome.update().values(**wrong))
            )
