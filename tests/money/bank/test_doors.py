"""The payers' desk over http: two payers, the sealed file, what may be seen by whom."""

import datetime as dt
import hashlib
import io
import uuid

import pytest
import sqlalchemy as sa

from banksim import messages
from recordsvc.access import officials, recusals
from recordsvc.access.looked import of_worker
from recordsvc.access.looked_tables import looked_alarm
from recordsvc.access.recusals import Ground
from recordsvc.archive import notices
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_ms
from recordsvc.ground.ports import uuid_text as text
from recordsvc.money.bank import batches, breaks, dispatch, payee_accounts, payments
from recordsvc.people import contacts, synthetic
from recordsvc.people.reading import read_person
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
    assert (seen.purpose, seen.fields, seen.actor_id) == ("payment", "account", "demo-payer")


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


def test_the_bank_is_the_whole_regions(enter, desk: Desk) -> None:
    paid = desk.pay(1)
    batch = desk.seal()
    proposal = desk.read(batches.proposal_of, batch.batch_id)
    desk.receive(b"<torn")
    found = desk.break_of("file-quarantined").break_id
    payer = enter("payer")

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-payer", "payer", by="test")
        officials.grant(turn, "demo-payer", "payer", "640106", by="test")

    desk.house.db.write(elsewhere)
    at = "/v1/desk/bank"
    for door in ("accounts", "batches", "payments", "breaks", "proposals"):
        assert payer.get(f"{at}/{door}").status_code == 403
    account = {"code": "unemp", "fund": "UNEMP", "number": "640100000000000009", "name": "专户"}
    assert payer.post(f"{at}/accounts", account | {"bank": made.BANK}).status_code == 403
    assert payer.post(f"{at}/batches", {"account": CODE}).status_code == 403
    brought = {"account": CODE, "name": "n1.xml", "file": (io.BytesIO(b"<torn"), "n1.xml")}
    token = {"X-CSRF-Token": payer.csrf}
    assert payer.browser.post(f"{at}/files", data=brought, headers=token).status_code == 403
    for door in (
        f"batches/{text(batch.batch_id)}",
        f"batches/{text(batch.batch_id)}/file",
        f"payments/{text(paid)}",
    ):
        assert payer.get(f"{at}/{door}").status_code == 404
    for door in (
        f"batches/{text(batch.batch_id)}/cancel",
        f"payments/{text(paid)}/readdress",
        f"breaks/{text(found)}/take",
    ):
        assert payer.browser.post(f"{at}/{door}", headers=token).status_code == 404
    word = {"approve": True, "reason": "属实"}
    assert payer.post(f"{at}/batches/{text(batch.batch_id)}/release", {"reason": "x"}).status_code == 404
    assert payer.post(f"{at}/proposals/{text(proposal)}/decide", word).status_code == 404
    ending = {"resolution": "explained", "note": "x"}
    assert payer.post(f"{at}/breaks/{text(found)}/resolve", ending).status_code == 404
    assert desk.read(batches.find, batch.batch_id).state == "sealed"


def test_what_moves_money_asks_for_a_fresh_proof(enter, desk: Desk, clock: FixedClock) -> None:
    desk.account(2, verify=False)
    with desk.house.db.read() as conn:
        entered = bytes(conn.scalar(sa.text("SELECT id FROM proposal")))
    paid = desk.pay(1)
    batch = desk.seal()
    proposal = desk.read(batches.proposal_of, batch.batch_id)
    desk.receive(b"<torn")
    found = desk.break_of("file-quarantined").break_id
    people = {kind: enter(kind) for kind in ("payer", "handler", "reviewer")}
    clock.advance(desk.house.settings.step_up_minutes * 60_000)
    account = {"number": "640100000000000009", "name": "专户", "bank": made.BANK}
    word = {"approve": True, "reason": "属实"}
    asked = (
        ("payer", "bank/accounts", account | {"code": "unemp", "fund": "UNEMP"}),
        ("payer", "bank/batches", {"account": "unemp"}),
        ("payer", f"bank/batches/{text(batch.batch_id)}/cancel", None),
        ("payer", f"bank/batches/{text(batch.batch_id)}/release", {"reason": "x"}),
        ("payer", f"bank/proposals/{text(proposal)}/decide", word),
        ("payer", f"bank/payments/{text(paid)}/readdress", {}),
        ("payer", f"bank/breaks/{text(found)}/resolve", {"resolution": "explained", "note": "x"}),
        ("handler", "payee-accounts", entry(bytes(16))),
        ("reviewer", f"proposals/{text(entered)}/decide", word),
    )
    for kind, door, body in asked:
        answer = people[kind].post(f"/v1/desk/{door}", body)
        assert (answer.status_code, answer.json["code"]) == (401, "step-up"), door
    assert desk.read(batches.find, batch.batch_id).state == "sealed"
    assert enter("reviewer").post(f"/v1/desk/proposals/{text(entered)}/decide", word).status_code == 200
    released = enter("payer").post(f"/v1/desk/bank/batches/{text(batch.batch_id)}/release", {"reason": "x"})
    assert released.json["state"] == "released"


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
    match = text(paid)
    assert (found["kind"], found["age_days"], found["owner"], found["candidates"]) == (
        "unknown-debit",
        0,
        "role:payer",
        [match],
    )
    place = f"/v1/desk/bank/breaks/{found['break_id']}"
    taken = first.browser.post(f"{place}/take", headers={"X-CSRF-Token": first.csrf})
    assert taken.json["owner"] == "official:demo-payer"
    body = {"resolution": "matched", "note": "核对流水", "payment_id": match}
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


NUMBER = synthetic.resident_id("640104", dt.date(1990, 2, 15), "female", 3)


@pytest.fixture
def wang(house) -> bytes:
    """A worker with a phone."""
    said = {"document": "resident-id", "number": NUMBER, "name": "王某"}
    person, _ = read_person(said, house.clock.now_ms())
    with house.db.read_raw() as cursor:
        made_now = house.people.resolve(cursor, [person], "test")[0]
    house.db.write(lambda turn: house.db.bulk_all(turn.conn, house.people.rows([made_now.rows])))
    house.db.write(
        lambda turn: contacts.set_phone(turn, house.people, made_now.worker_id, "13900000000", "t")
    )
    return made_now.worker_id


def entry(worker_id: bytes, n: int = 3) -> dict[str, str]:
    account = made.payee(n)
    said = {"number": account.number, "name": account.name, "bank": account.bank}
    return {"payee": f"worker:{text(worker_id)}", "purpose": "claim-review", "case_ref": "K-1", **said}


def told(desk: Desk, worker_id: bytes) -> list[str]:
    """What a worker was told, and what left for the phone."""
    with desk.house.db.read() as conn:
        kinds = sa.text("SELECT kind FROM outbox WHERE recipient = :to ORDER BY id")
        return list(conn.scalars(kinds, {"to": notices.recipient_of(worker_id)}))


def test_a_handler_enters_an_account_of_a_known_payee(enter, desk: Desk, wang: bytes) -> None:
    body, handler = entry(wang), enter("handler")
    nobody = body | {"payee": f"worker:{uuid.UUID(int=7)}"}
    assert handler.post("/v1/desk/payee-accounts", nobody).status_code == 404
    answer = handler.post("/v1/desk/payee-accounts", body)
    assert (answer.status_code, answer.json["state"], answer.json["version"]) == (201, "entered", 1)
    assert body["number"] not in answer.text
    wrong = handler.post("/v1/desk/payee-accounts", body | {"number": body["number"][:-1] + "x"})
    assert wrong.json["code"] == "bank-account"
    assert body["number"][:-1] not in wrong.text


def test_the_worker_sees_at_once_who_entered_an_account_and_is_told(enter, desk: Desk, wang: bytes) -> None:
    answer = enter("handler").post("/v1/desk/payee-accounts", entry(wang))
    with desk.house.db.read() as conn:
        (seen,) = of_worker(conn, wang)
    assert (seen.purpose, seen.fields, seen.case_ref) == ("claim-review", "account", "K-1")
    assert seen.actor_id == "demo-handler"
    assert told(desk, wang) == ["payee-account-entered"]
    # The same under its second person.
    payee_accounts.check_due(desk.house)
    (waiting,) = enter("reviewer").get("/v1/desk/proposals").json["items"]
    word = {"approve": True, "reason": "已核对"}
    done = enter("reviewer").post(f"/v1/desk/proposals/{waiting['id']}/decide", word)
    assert done.status_code == 200, done.text
    assert told(desk, wang) == ["payee-account-entered", "payee-account-verified"]
    assert answer.json["state"] == "entered"


@pytest.mark.parametrize("missing", ["purpose", "case_ref"])
def test_an_account_of_a_worker_is_entered_for_a_purpose_and_a_case(
    enter, desk: Desk, wang: bytes, missing: str
) -> None:
    handler, body = enter("handler"), entry(wang)
    answer = handler.post("/v1/desk/payee-accounts", {k: v for k, v in body.items() if k != missing})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, f"/{missing}")
    other = handler.post("/v1/desk/payee-accounts", body | {"purpose": "audit"})
    assert other.json["code"] == "purpose-role"
    named = handler.post("/v1/desk/payee-accounts", body | {"case_ref": NUMBER})
    assert named.json["code"] == "case-ref"
    with desk.house.db.read() as conn:
        assert (of_worker(conn, wang), conn.scalar(sa.text("SELECT count(*) FROM payee_account"))) == ([], 0)


def test_whether_others_named_an_account_is_told_to_its_verifier_alone(
    enter, desk: Desk, wang: bytes
) -> None:
    """Whoever enters numbers would learn whose they are."""
    handler = enter("handler")
    alone = handler.post("/v1/desk/payee-accounts", entry(wang, 4))
    desk.account(3)
    shared = handler.post("/v1/desk/payee-accounts", entry(wang, 3))
    assert alone.json.keys() == shared.json.keys()
    assert not [name for name in shared.json if "shared" in name]
    seen = []
    for one in (alone, shared):
        place = f"/v1/desk/payee-accounts/{one.json['account_id']}"
        assert handler.get(place).status_code == 403
        seen.append(enter("reviewer").get(place).json["shared"])
    assert seen == [False, True]
    missing = enter("reviewer").get(f"/v1/desk/payee-accounts/{uuid.UUID(int=7)}")
    assert (missing.status_code, missing.json["code"]) == (404, "payee-account-unknown")

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-reviewer", "reviewer", by="test")
        officials.grant(turn, "demo-reviewer", "reviewer", "6402", by="test")

    desk.house.db.write(elsewhere)
    foreign = enter("reviewer").get(f"/v1/desk/payee-accounts/{shared.json['account_id']}")
    assert (foreign.status_code, foreign.json) == (404, missing.json)


def test_a_payer_stays_out_of_proposals_that_others_decide(enter, desk: Desk) -> None:
    account = desk.account(1, verify=False)
    assert account
    payer = enter("payer")
    with desk.house.db.read() as conn:
        proposal = conn.scalar(sa.text("SELECT id FROM proposal"))
    place = f"/v1/desk/bank/proposals/{uuid.UUID(bytes=bytes(proposal))}/decide"
    assert payer.post(place, {"approve": True, "reason": "x"}).json["code"] == "proposal-unknown"
    assert payments.listed


def test_who_enters_an_account_for_themselves_is_refused_and_seen(enter, desk: Desk, wang: bytes) -> None:
    house = desk.house
    own = ("demo-handler", f"worker:{text(wang)}", Ground.SELF)
    house.db.write(lambda turn: recusals.declare(turn, house.random, *own, by="official:demo-handler"))
    answer = enter("handler").post("/v1/desk/payee-accounts", entry(wang))
    assert (answer.status_code, answer.json["code"]) == (403, "recused")
    with house.db.read() as conn:
        assert conn.execute(sa.select(looked_alarm.c.kind, looked_alarm.c.actor_id)).all() == [
            ("own", "demo-handler")
        ]


@pytest.mark.parametrize("ground", [Ground.KIN, Ground.SELF])
def test_a_payer_decides_nothing_about_who_they_keep_out_of(enter, desk: Desk, ground: Ground) -> None:
    house, paid = desk.house, desk.pay(1)
    desk.send()
    line = desk.debit(paid, end_to_end_id="")
    assert desk.notify(line) == "applied"
    desk.pay(2)
    out = [("demo-payer-2", payee_of(n), ground) for n in (1, 2)]
    for one in out:
        house.db.write(lambda turn, one=one: recusals.declare(turn, house.random, *one, by="official:x"))
    first, second = enter("payer"), enter("payer-2")
    (found,) = first.get("/v1/desk/bank/breaks").json["items"]
    body = {"resolution": "matched", "note": "核对流水", "payment_id": text(paid)}
    match = first.post(f"/v1/desk/bank/breaks/{found['break_id']}/resolve", body).json["proposal_id"]
    batch = first.post("/v1/desk/bank/batches", {"account": CODE}).json
    at, word = "/v1/desk/bank", {"approve": True, "reason": "属实"}
    refused = [second.post(f"{at}/proposals/{one}/decide", word) for one in (match, batch["proposal_id"])]
    refused.append(second.post(f"{at}/batches/{batch['batch_id']}/release", {"reason": "x"}))
    refused.append(second.get(f"{at}/batches/{batch['batch_id']}/file"))
    assert {(one.status_code, one.json["code"]) for one in refused} == {(403, "recused")}
    assert desk.state(paid) == "sent"
    assert desk.read(batches.find, uuid.UUID(batch["batch_id"]).bytes).state == "sealed"


def keep_out(desk: Desk, who: str, party: str) -> None:
    out = (who, party, Ground.KIN)
    desk.house.db.write(lambda turn: recusals.declare(turn, desk.house.random, *out, by="official:x"))


def differences(who) -> list[str]:
    return sorted(one["subject"] for one in who.get("/v1/desk/bank/breaks").json["items"])


def test_lists_leave_out_what_is_paid_to_whom_a_payer_keeps_out_of(enter, desk: Desk) -> None:
    house, at = desk.house, "/v1/desk/bank"
    theirs, others = desk.pay(1), desk.pay(2)
    for one in (theirs, others):
        found = desk.read(payments.find, one)
        more = {"payment": found}
        house.db.write(
            lambda turn, found=found, more=more: breaks.open_break(
                turn, house, CODE, "account-changed", found.end_to_end_id, **more
            )
        )
    desk.receive(b"<torn", "n.xml")
    torn = desk.break_of("file-quarantined").subject
    first, second = enter("payer"), enter("payer-2")
    assert first.post(f"{at}/batches", {"account": CODE}).status_code == 201
    assert len(second.get(f"{at}/proposals").json["items"]) == 1
    assert len(differences(second)) == 3

    keep_out(desk, "demo-payer-2", payee_of(1))

    assert [one["payment_id"] for one in second.get(f"{at}/payments").json["items"]] == [text(others)]
    assert differences(second) == sorted([desk.read(payments.find, others).end_to_end_id, torn])
    assert second.get(f"{at}/proposals").json["items"] == []
    assert len(first.get(f"{at}/payments").json["items"]) == 2
    assert (len(differences(first)), len(first.get(f"{at}/proposals").json["items"])) == (3, 1)


def test_a_payment_to_an_archive_merged_into_theirs_is_left_out_and_refused_too(
    enter, desk: Desk, wang: bytes
) -> None:
    paid = desk.pay(1)
    gone = uuid.UUID(payee_of(1).removeprefix("worker:")).bytes
    row = {"worker_id": gone, "version": 2, "state": "merged", "names": b"", "created_ms": 1}
    merged = worker.insert().values(**row, merged_into=wang)
    desk.house.db.write(lambda turn: turn.conn.execute(merged))
    keep_out(desk, "demo-payer", f"worker:{text(wang)}")
    payer = enter("payer")

    assert payer.get("/v1/desk/bank/payments").json["items"] == []
    assert payer.get(f"/v1/desk/bank/payments/{text(paid)}").json["code"] == "recused"
    assert payer.post("/v1/desk/bank/batches", {"account": CODE}).json["code"] == "recused"
    batch = enter("payer-2").post("/v1/desk/bank/batches", {"account": CODE}).json
    place = f"/v1/desk/bank/batches/{batch['batch_id']}"
    assert payer.post(f"{place}/release", {"reason": "x"}).json["code"] == "recused"
    assert payer.get("/v1/desk/bank/proposals").json["items"] == []


def test_a_batch_is_sealed_by_a_payer_who_keeps_out_of_nobody_in_it(enter, desk: Desk) -> None:
    paid = desk.pay(1), desk.pay(2)
    keep_out(desk, "demo-payer", payee_of(2))
    first, second = enter("payer"), enter("payer-2")

    refused = first.post("/v1/desk/bank/batches", {"account": CODE})

    assert (refused.status_code, refused.json["code"]) == (403, "recused")
    assert [desk.state(one) for one in paid] == ["approved", "approved"]
    assert desk.read(batches.listed) == []
    assert second.post("/v1/desk/bank/batches", {"account": CODE}).json["count"] == 2
