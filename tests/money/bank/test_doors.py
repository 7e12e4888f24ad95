"""The payers' desk over http: two payers, the sealed file, what may be seen by whom."""

import hashlib
import io
import uuid

import pytest
import sqlalchemy as sa

from banksim import messages
from recordsvc.access.looked import of_worker
from recordsvc.ground.ports import FixedClock, beijing_ms
from recordsvc.money.bank import dispatch, payments
from recordsvc.people.tables import worker
from tests.access.conftest import *  # noqa: F403 - the same house, browsers and personas
from tests.money.bank import made
from tests.money.bank.desk import CODE, Desk
from tests.money.bank.desk import worker as payee_of

ROOMS = ("recordsvc.access.routes", "recordsvc.bodies.routes", "recordsvc.money.bank.routes")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(beijing_ms(made.DAY) + 9 * 3_600_000)


@pytest.fixture
def app(house):
    from recordsvc import genesis, service

    house.db.write(lambda turn: genesis._fix(turn, house.settings))
    made_app = service.build(house.settings, house, ROOMS)
    made_app.testing = False
    return made_app


@pytest.fixture
def desk(house) -> Desk:
    return Desk(house)


def test_two_payers_seal_release_and_send(enter, desk: Desk) -> None:
    paid = desk.pay(1, 123_456)
    first, second = enter("payer"), enter("payer-2")
    headers = {"Idempotency-Key": "seal-batch-1"}
    answer = first.post("/v1/desk/bank/batches", {"account": CODE}, **headers)
    assert (answer.status_code, answer.json["count"], answer.json["total_fen"]) == (201, 1, 123_456)
    assert first.post("/v1/desk/bank/batches", {"account": CODE}, **headers).json == answer.json
    assert first.post("/v1/desk/bank/batches", {"account": CODE}).json["code"] == "nothing-to-pay"
    place = f"/v1/desk/bank/batches/{answer.json['batch_id']}"
    assert first.post(f"{place}/release", {"reason": "x"}).json["code"] == "same-person"
    (waiting,) = second.get("/v1/desk/bank/proposals").json["items"]
    assert waiting["proposal_id"] == answer.json["proposal_id"]
    released = second.post(f"{place}/release", {"reason": "核对无误"})
    assert (released.status_code, released.json["state"]) == (200, "released")
    assert dispatch.run(desk.house) == 1
    (listed,) = first.get("/v1/desk/bank/batches").json["items"]
    assert listed["state"] == "sent"
    found = first.get(f"/v1/desk/bank/payments/{uuid.UUID(bytes=paid)}").json
    assert [step["state"] for step in found["steps"]] == ["approved", "queued", "sent"]


def test_a_sealed_batch_is_cancelled_and_its_payments_wait_again(enter, desk: Desk) -> None:
    desk.pay(1)
    payer = enter("payer")
    batch = payer.post("/v1/desk/bank/batches", {"account": CODE}).json["batch_id"]
    assert payer.post(f"/v1/desk/bank/batches/{batch}/cancel", {}).status_code == 400
    answer = payer.browser.post(f"/v1/desk/bank/batches/{batch}/cancel", headers={"X-CSRF-Token": payer.csrf})
    assert answer.json["state"] == "cancelled"
    assert payer.get("/v1/desk/bank/payments?state=approved").json["items"]


def test_who_takes_a_file_is_seen_by_everybody_it_pays(enter, desk: Desk) -> None:
    desk.pay(1)
    payer = enter("payer")
    batch = payer.post("/v1/desk/bank/batches", {"account": CODE}).json
    answer = payer.get(f"/v1/desk/bank/batches/{batch['batch_id']}/file")
    assert hashlib.sha256(answer.data).hexdigest() == batch["sha256"]
    with desk.house.db.read() as conn:
        (seen,) = of_worker(conn, uuid.UUID(payee_of(1).removeprefix("worker:")).bytes)
    assert (seen.purpose, seen.fields, seen.actor_id) == ("claim-review", "account", "demo-payer")


@pytest.mark.parametrize("kind", ["handler", "reviewer", "registrar", "worker"])
def test_others_do_not_pay(enter, desk: Desk, kind: str) -> None:
    desk.pay(1)
    someone = enter(kind)
    assert someone.post("/v1/desk/bank/batches", {"account": CODE}).status_code == 403
    assert someone.get("/v1/desk/bank/batches").status_code == 403


def test_auditors_read_and_see_no_name_and_no_number(enter, desk: Desk) -> None:
    desk.pay(1)
    desk.send()
    auditor, account = enter("auditor"), made.payee(1)
    for door in ("accounts", "batches", "payments", "breaks", "proposals"):
        answer = auditor.get(f"/v1/desk/bank/{door}")
        assert answer.status_code == 200
        assert account.number not in answer.text
        assert account.name not in answer.text


def test_a_file_brought_by_hand_and_its_break_resolved_by_one_or_two(enter, desk: Desk) -> None:
    paid = desk.pay(1)
    desk.send()
    first, second = enter("payer"), enter("payer-2")
    line = desk.debit(paid, end_to_end_id="")
    content = messages.camt054("N1", desk.source.number, [line], desk.now())
    for _ in range(2):
        answer = first.browser.post(
            "/v1/desk/bank/files",
            data={"account": CODE, "name": "n1.xml", "file": (io.BytesIO(content), "n1.xml")},
            headers={"X-CSRF-Token": first.csrf},
        )
        assert (answer.status_code, answer.json) == (201, {"state": "applied"})
    (found,) = first.get("/v1/desk/bank/breaks").json["items"]
    text = str(uuid.UUID(bytes=paid))
    assert (found["kind"], found["age_days"], found["owner"], found["candidates"]) == (
        "unknown-debit",
        0,
        "role:payer",
        [text],
    )
    place = f"/v1/desk/bank/breaks/{found['break_id']}"
    taken = first.browser.post(f"{place}/take", headers={"X-CSRF-Token": first.csrf})
    assert taken.json["owner"] == "official:demo-payer"
    body = {"resolution": "matched", "note": "核对流水", "payment_id": text}
    proposal = first.post(f"{place}/resolve", body).json["proposal_id"]
    decide = f"/v1/desk/bank/proposals/{proposal}/decide"
    word = {"approve": True, "reason": "属实"}
    assert first.post(decide, word).json["code"] == "same-person"
    assert second.post(decide, word).status_code == 204
    assert desk.state(paid) == "settled"
    assert first.get("/v1/desk/bank/breaks").json["items"] == []
    (done,) = first.get("/v1/desk/bank/breaks?state=resolved&min_age=0").json["items"]
    assert (done["resolution"], done["note"]) == ("matched", "核对流水")
    refused = first.post(f"{place}/resolve", {"resolution": "explained", "note": "x"})
    assert refused.json["code"] == "bank-break-closed"


def test_old_breaks_are_listed_by_their_age(enter, desk: Desk) -> None:
    desk.receive(b"<torn")
    payer = enter("payer")
    assert payer.get("/v1/desk/bank/breaks?min_age=1").json["items"] == []
    desk.days(1)
    payer = enter("payer")
    assert len(payer.get("/v1/desk/bank/breaks?min_age=1").json["items"]) == 1


def test_an_account_of_ours_is_opened_by_two_payers(enter, desk: Desk) -> None:
    body = {"code": "unemp", "fund": "UNEMP", "number": "640100000000000009", "name": "专户"}
    body["bank"] = made.BANK
    first, second = enter("payer"), enter("payer-2")
    proposal = first.post("/v1/desk/bank/accounts", body).json["proposal_id"]
    assert len(first.get("/v1/desk/bank/accounts").json["items"]) == 1
    done = second.post(f"/v1/desk/bank/proposals/{proposal}/decide", {"approve": True, "reason": "属实"})
    assert done.status_code == 204
    items = second.get("/v1/desk/bank/accounts").json["items"]
    assert [one["code"] for one in items] == [CODE, "unemp"]
    again = first.post("/v1/desk/bank/accounts", body | {"bank": "1" * 12})
    assert (again.status_code, again.json["code"]) == (422, "bank-account")


def test_a_handler_enters_an_account_of_a_known_payee(enter, desk: Desk, worker_id: bytes) -> None:
    account = made.payee(3)
    body = {"payee": f"worker:{uuid.UUID(bytes=worker_id)}", "number": account.number, "name": account.name}
    body["bank"] = account.bank
    handler = enter("handler")
    assert handler.post("/v1/desk/payee-accounts", body).status_code == 404
    row = {"worker_id": worker_id, "version": 1, "state": "open", "names": b"", "created_ms": 0}
    with desk.house.db.engine.begin() as conn:
        conn.execute(worker.insert().values(row))
    answer = handler.post("/v1/desk/payee-accounts", body)
    assert (answer.status_code, answer.json["state"], answer.json["version"]) == (201, "entered", 1)
    assert account.number not in answer.text
    wrong = handler.post("/v1/desk/payee-accounts", body | {"number": account.number[:-1] + "0"})
    if not account.number.endswith("0"):
        assert wrong.json["code"] == "bank-account"
        assert account.number[:-1] not in wrong.text


def test_a_payer_stays_out_of_proposals_that_others_decide(enter, desk: Desk) -> None:
    account = desk.account(1, verify=False)
    assert account
    payer = enter("payer")
    with desk.house.db.read() as conn:
        proposal = conn.scalar(sa.text("SELECT id FROM proposal"))
    place = f"/v1/desk/bank/proposals/{uuid.UUID(bytes=bytes(proposal))}/decide"
    assert payer.post(place, {"approve": True, "reason": "x"}).json["code"] == "proposal-unknown"
    assert payments.listed
