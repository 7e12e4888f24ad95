"""Claims over http: the worker files and reads why; officials of the area sign, each under their own role."""

import dataclasses
import uuid
from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access import looked, officials, recusals
from recordsvc.access.tables import demo_login
from recordsvc.ground.commit import Turn
from recordsvc.money.claims import desk_routes, values
from recordsvc.settings import Settings
from tests.archive.support import person
from tests.journeys.desk import HOST, Journey
from tests.money.claims.world import APPROVER, HANDLER, World

LOOK = "purpose=claim-review&case_ref=SB-1"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


def file(journey: Journey, me: str, record_id: bytes, kind: str = "SKILL_UP") -> dict[str, Any]:
    body = {"kind": kind, "record_id": str(uuid.UUID(bytes=record_id))}
    return journey.act(me, "/v1/me/claims", body, 201)


def step(
    journey: Journey, who: str, claim: dict[str, Any], event: str, status: int = 200, **more: Any
) -> Any:
    place = "payables" if who.startswith("payer") else "claims"
    body = {"event": event, "version": claim["version"]}
    return journey.act(who, f"/v1/desk/{place}/{claim['claim_id']}/steps", body, status)


def test_a_worker_reads_why_two_thousand_yuan_and_by_which_article(world: World, journey: Journey) -> None:
    _, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])

    told = file(journey, me, record_id)

    assert (told["status_name"], told["amount_fen"], told["owner_name"]) == ("审核中", 200_000, "经办人")
    decision = told["decision"]
    assert (decision["verdict"], decision["headline"], decision["failed"]) == ("GRANT", "符合条件", [])
    assert "第三条第一项" in {one["article"] for one in decision["met"]}
    assert decision["sample"].startswith("样例")
    assert journey.read(me, "/v1/me/claims")["items"][0]["claim_id"] == told["claim_id"]


def test_a_refusal_names_article_number_what_would_change_it_and_where_to_object(
    world: World, journey: Journey
) -> None:
    world.registers.said["insured_months"] = 8
    _, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    told = file(journey, me, record_id)
    assert told["status_name"] == "审核中"
    step(journey, "handler", told, "refuse")

    seen = journey.read(me, f"/v1/me/claims/{told['claim_id']}")

    (failed,) = seen["decision"]["failed"]
    assert (failed["article"], failed["tell"]) == ("第三条第一项", "您累计缴费 8 个月，规定为 12 个月。")
    assert failed["would_pass_if"] == ["累计缴费满 12 个月后再申请", "或在领取失业保险金期间申请"]
    assert (seen["status_name"], seen["review"]["until"]) == ("未通过", "2025-12-08")


def test_a_claim_is_signed_by_lists_and_singly_and_paid(world: World, journey: Journey) -> None:
    claims = []
    for n in (1, 2):
        _, record_id = world.certified(n)
        claims.append(file(journey, journey.sign_in(person(n)["number"]), record_id))
    for who, event in (("handler", "accept"), ("reviewer", "review")):
        sheet = journey.read(who, f"/v1/desk/claim-list?event={event}")
        ids = [one["claim_id"] for one in sheet["clean"]]
        assert sorted(ids) == sorted(one["claim_id"] for one in claims)
        body = {"event": event, "claims": ids, "list_sha256": sheet["list_sha256"]}
        assert journey.act(who, "/v1/desk/claim-list", body, 200) == {"signed": 2, "others": []}
        # The list that was seen is no longer the list that stands.
        again = journey.act(who, "/v1/desk/claim-list", body, 409)
        assert again["code"] == "claim-list-changed"
    made = journey.act("handler", "/v1/desk/claim-notices", {"claims": ids, "region": "640100"}, 201)
    public = journey.app.test_client().get(f"/v1/claim-notices/{made['notice_id']}", base_url=HOST).json
    assert [line["name"] for line in public["lines"]] == ["马*", "马*"]
    listed = journey.read("handler", "/v1/desk/claims")["items"]
    assert {one["state_name"] for one in listed} == {"公示中"}
    journey.act("handler", f"/v1/desk/claims/{ids[0]}/objections", {"text": "没有参加评价"}, 200)
    world.days(14)
    for name in ids[1:]:
        one = world.read(find(world, name))
        world.step(one, "approve", APPROVER)
    journey.sign_out("payer")
    payable = journey.read("payer", "/v1/desk/payables")
    assert [one["claim_id"] for one in payable["clean"]] == ids[1:]
    step(journey, "payer", payable["clean"][0], "finance")


def test_signing_for_payment_asks_for_a_fresh_proof(world: World, journey: Journey) -> None:
    for who in ("payer", "handler"):
        journey.browser(who)
    world.house.clock.advance(world.house.settings.step_up_minutes * 60_000)
    one, seen = str(uuid.UUID(int=1)), {"claims": [str(uuid.UUID(int=1))], "list_sha256": "0" * 64}
    for who, place, body in (
        ("handler", "claim-list", {"event": "accept", **seen}),
        ("payer", "payables", {"event": "finance", **seen}),
        ("payer", f"payables/{one}/steps", {"event": "finance", "version": 1}),
    ):
        assert journey.act(who, f"/v1/desk/{place}", body, 401)["code"] == "step-up"
    journey.sign_out("payer")
    journey.act("payer", f"/v1/desk/payables/{one}/steps", {"event": "finance", "version": 1}, 404)


def test_a_single_claim_is_signed_with_a_fresh_proof_and_sent_back_without(
    world: World, journey: Journey
) -> None:
    _, record_id = world.certified()
    told = file(journey, journey.sign_in(person(1)["number"]), record_id)
    journey.browser("handler")
    world.house.clock.advance(world.house.settings.step_up_minutes * 60_000)
    for event in ("accept", "review", "approve", "finance", "pay"):
        assert step(journey, "handler", told, event, 401)["code"] == "step-up"
    for event in ("return-to-check", "refuse"):
        assert step(journey, "handler", told, event, 409)["code"] == "claim-step"


def test_an_official_of_another_city_meets_no_claim(world: World, journey: Journey) -> None:
    _, record_id = world.certified()
    told = file(journey, journey.sign_in(person(1)["number"]), record_id)

    def elsewhere(turn: Turn) -> None:
        officials.revoke(turn, "demo-handler", "handler", by="test")
        officials.grant(turn, "demo-handler", "handler", "6402", by="test")

    assert journey.read("reviewer", "/v1/desk/claims")["items"] != []
    world.house.db.write(elsewhere)
    place = f"/v1/desk/claims/{told['claim_id']}"
    nobody = f"/v1/desk/claims/{uuid.UUID(int=1)}"

    assert journey.read("handler", "/v1/desk/claims")["items"] == []
    assert journey.read("handler", "/v1/desk/claim-list?event=accept")["clean"] == []
    foreign = journey.read("handler", f"{place}?{LOOK}", 404)
    assert foreign == journey.read("handler", f"{nobody}?{LOOK}", 404)
    for path, body in (
        ("steps", {"event": "accept", "version": told["version"]}),
        ("objections", {"text": "没有参加评价"}),
    ):
        assert journey.act("handler", f"{place}/{path}", body, 404) == journey.act(
            "handler", f"{nobody}/{path}", body, 404
        )


def test_a_claim_lies_where_it_was_filed_in_lists_sheet_and_door(world: World, journey: Journey) -> None:
    worker_id, record_id = world.certified()
    world.moves(worker_id, "640106")
    told = file(journey, journey.sign_in(person(1)["number"]), record_id)
    world.moves(worker_id, "640201")

    def apart(turn: Turn) -> None:
        for who, area in (("handler", "6401"), ("reviewer", "6402")):
            officials.revoke(turn, f"demo-{who}", who, by="test")
            officials.grant(turn, f"demo-{who}", who, area, by="test")

    world.house.db.write(apart)
    place = f"/v1/desk/claims/{told['claim_id']}?{LOOK}"
    for who, mine, status in (("handler", [told["claim_id"]], 200), ("reviewer", [], 404)):
        listed = journey.read(who, "/v1/desk/claims")["items"]
        sheet = journey.read(who, "/v1/desk/claim-list?event=accept")
        assert [one["claim_id"] for one in listed] == mine
        assert [one["claim_id"] for one in sheet["clean"]] == mine
        journey.read(who, place, status)
    body = {"event": "accept", "claims": [told["claim_id"]], "list_sha256": sheet_of(journey)}
    assert journey.act("handler", "/v1/desk/claim-list", body, 200)["signed"] == 1


def sheet_of(journey: Journey) -> str:
    return str(journey.read("handler", "/v1/desk/claim-list?event=accept")["list_sha256"])


def test_case_24_a_claim_that_pays_an_institution_is_kept_from_those_who_belong_to_it(
    world: World, journey: Journey
) -> None:
    worker_id, record_id = world.certified()
    payee = f"institution:{world.assessor.uscc}"
    one = world.file(worker_id, record_id, kind="EVAL", payee=payee)
    listed = journey.read("handler", "/v1/desk/claims")["items"]
    assert [it["claim_id"] for it in listed] == [str(uuid.UUID(bytes=one.claim_id))]
    keep_out = partial(recusals.declare, random=world.house.random, ground=recusals.Ground.INSTITUTION)
    world.house.db.write(partial(keep_out, official_id="demo-handler", party=payee, by="test"))

    place = f"/v1/desk/claims/{uuid.UUID(bytes=one.claim_id)}?{LOOK}"
    assert journey.read("handler", place, 403)["code"] == "recused"
    assert journey.read("handler", "/v1/desk/claims")["items"] == []


def find(world: World, name: str):
    with world.house.db.read() as conn:
        return values.find(conn, uuid.UUID(name).bytes)


@pytest.mark.parametrize("ground", [recusals.Ground.SELF, recusals.Ground.KIN, recusals.Ground.OTHER])
def test_case_24_nobody_signs_without_the_role_nor_for_themselves_or_their_kin(
    world: World, journey: Journey, ground: recusals.Ground
) -> None:
    worker_id, record_id = world.certified()
    told = file(journey, journey.sign_in(person(1)["number"]), record_id)
    assert step(journey, "reviewer", told, "accept", 409)["code"] == "claim-step"
    assert step(journey, "inspector", told, "accept", 403)["code"] == "forbidden"
    who = official_of(world, "handler")
    party = f"worker:{uuid.UUID(bytes=worker_id)}"
    keep_out = partial(recusals.declare, random=world.house.random, official_id=who, party=party)
    world.house.db.write(partial(keep_out, ground=ground, by=f"official:{who}"))

    assert step(journey, "handler", told, "accept", 403)["code"] == "recused"


@pytest.mark.parametrize("by_list", [False, True])
@pytest.mark.parametrize("change", ["ended", "moved", "recused"])
def test_case_24_who_signs_is_judged_as_the_register_stands_in_the_turn(
    world: World, journey: Journey, monkeypatch: pytest.MonkeyPatch, change: str, *, by_list: bool
) -> None:
    worker_id, record_id = world.certified()
    told = file(journey, journey.sign_in(person(1)["number"]), record_id)
    signed = {"event": "accept", "claims": [told["claim_id"]], "list_sha256": sheet_of(journey)}
    party = f"worker:{uuid.UUID(bytes=worker_id)}"

    def meanwhile(turn: Turn) -> None:
        if change == "recused":
            keep_out = partial(recusals.declare, turn, world.house.random, "demo-handler", party)
            keep_out(recusals.Ground.KIN, by="test")
            return
        officials.revoke(turn, "demo-handler", "handler", by="test")
        if change == "moved":
            officials.grant(turn, "demo-handler", "handler", "6402", by="test")

    once = desk_routes.once

    def late(act: Any) -> str:
        """The request was let in; then the register changed, and then its turn came."""
        world.house.db.write(meanwhile)
        return once(act)

    monkeypatch.setattr(desk_routes, "once", late)
    code = "recused" if change == "recused" else "forbidden"
    if by_list:
        assert journey.act("handler", "/v1/desk/claim-list", signed, 403)["code"] == code
    else:
        assert step(journey, "handler", told, "accept", 403)["code"] == code

    one = find(world, told["claim_id"])
    assert (one.state, one.signed) == ("CHECKED", None)


def test_a_deputy_signs_no_step_beside_their_principal(world: World, journey: Journey) -> None:
    one = world.bring(world.file(*world.certified()), "ACCEPTED")
    world.stands_in(HANDLER.actor.partition(":")[2], "demo-reviewer")
    told = {"claim_id": str(uuid.UUID(bytes=one.claim_id)), "version": one.version}

    assert step(journey, "reviewer", told, "review", 403)["code"] == "stands-together"
    assert world.read(one).state == "ACCEPTED"


def official_of(world: World, kind: str) -> str:
    with world.house.db.read() as conn:
        return str(conn.scalar(sa.select(demo_login.c.actor_id).where(demo_login.c.kind == kind)))


def test_looking_at_a_claim_leaves_a_row_and_shows_the_trace(world: World, journey: Journey) -> None:
    worker_id, record_id = world.certified()
    told = file(journey, journey.sign_in(person(1)["number"]), record_id)

    seen = journey.read("reviewer", f"/v1/desk/claims/{told['claim_id']}?{LOOK}")

    assert (seen["flags"], seen["ways"], seen["payee"]) == ([], ["propose-refusal"], "worker")
    months = next(one for one in seen["decision"]["facts"] if one["name"] == "insured_months")
    assert (months["value"].replace(" ", ""), months["source"]) == ("40个月", "登记（测试）")
    with world.house.db.read() as conn:
        (row,) = looked.of_worker(conn, worker_id)
    assert (row.purpose, row.fields) == ("claim-review", "claim")
    assert journey.read("reviewer", f"/v1/desk/claims/{told['claim_id']}?purpose=x&case_ref=SB-1", 422)


def test_case_14_the_same_key_files_once_and_a_refused_one_stays_refused(
    world: World, journey: Journey
) -> None:
    _, record_id = world.certified()
    me = journey.sign_in(person(1)["number"])
    client, token = journey.browser(me)
    body = {"kind": "SKILL_UP", "record_id": str(uuid.UUID(bytes=record_id))}
    headers = {"X-CSRF-Token": token, "Origin": HOST, "Idempotency-Key": "claim-one-1"}
    first, again = (client.post("/v1/me/claims", json=body, base_url=HOST, headers=headers) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json["claim_id"] == again.json["claim_id"]
    for _ in range(2):  # refused under its key, it is refused again: never told that it was filed
        other = client.post(
            "/v1/me/claims", json=body, base_url=HOST, headers=headers | {"Idempotency-Key": "claim-two-2"}
        )
        assert (other.status_code, other.json["code"], other.json["limit"]) == (
            409,
            "claim-stands",
            "certificate",
        )
    mine = {"kind": "EVAL", "record_id": body["record_id"]}
    reused = client.post("/v1/me/claims", json=mine, base_url=HOST, headers=headers)
    assert (reused.status_code, reused.json["code"]) == (422, "idempotency-key-reused")
    assert len(journey.read(me, "/v1/me/claims")["items"]) == 1


def test_another_worker_s_claim_is_not_there(world: World, journey: Journey) -> None:
    worker_id, record_id = world.certified(1)
    one = world.file(worker_id, record_id)
    world.certified(2)
    other = journey.sign_in(person(2)["number"])
    assert (
        journey.read(other, f"/v1/me/claims/{uuid.UUID(bytes=one.claim_id)}", 404)["code"] == "claim-unknown"
    )


def test_a_payer_reads_what_is_to_be_paid_and_leaves_a_row(world: World, journey: Journey) -> None:
    worker_id, record_id = world.certified()
    one = world.bring(world.file(worker_id, record_id), "APPROVED")
    name = uuid.UUID(bytes=one.claim_id)

    seen = journey.read("payer", f"/v1/desk/payables/{name}?{LOOK}")

    assert [it["event"] for it in seen["approvals"]] == ["accept", "review", "approve"]
    assert seen["ways"] == ["finance", "return-to-check"]
    with world.house.db.read() as conn:
        (row,) = looked.of_worker(conn, worker_id)
    assert (row.purpose, row.fields) == ("claim-review", "claim")
    journey.read("handler", f"/v1/desk/payables/{name}?{LOOK}", 403)
