"""At the window, where money goes, who claims, whom one helps: the worker's own proof; no clerk alone."""

import re
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access import helper_relations
from recordsvc.access.helper_relations import DAY_MS, Wanted
from recordsvc.access.in_place import HELPERS
from recordsvc.access.tables import service_act
from recordsvc.archive.noticeboard import of_workers
from recordsvc.ground.ports import FixedClock, beijing_date, uuid_text
from recordsvc.house import House
from recordsvc.money.bank import own_accounts, payee_accounts
from recordsvc.money.bank.instant import FolderPay
from recordsvc.money.bank.tables import payee_account
from recordsvc.money.claims.agency_tables import claim_agency
from recordsvc.money.fees import debiting, offerings, orders
from recordsvc.money.fees.tables import fee_mandate, fee_payment
from tests.money.bank import made
from tests.money.bank.desk import CLERK as ENTERED
from tests.money.bank.desk import REVIEWER, Desk
from tests.web.conftest import Visitor
from tests.web.region import SCHOOL, Region, person
from tests.web.test_own_proof import PIN, codes, own
from tests.web.test_window import CLERK, again, clerk, counter, dialect, looks, window, worker_id

__all__ = ["clerk", "codes", "counter", "dialect", "own", "window", "worker_id"]

MINE = made.payee(1, "马晓")
ACCOUNT = {"number": MINE.number, "name": MINE.name, "bank": MINE.bank}


def day(house: House, later: int) -> str:
    return beijing_date(house.clock.now_ms() + later * DAY_MS).isoformat()


def rows(house: House, table: sa.Table) -> list[Any]:
    with house.db.read() as conn:
        return list(conn.execute(sa.select(table)))


def acts(house: House) -> dict[str, tuple[str, str | None]]:
    return {one.door: (one.outcome, one.proof) for one in rows(house, service_act)}


@pytest.fixture
def verified(house: House, worker_id: bytes, clock: FixedClock) -> bytes:
    """The worker's account, verified; its id."""

    def enter(turn: Any) -> bytes:
        return payee_accounts.enter(turn, house, own_accounts.payee_of(worker_id), MINE, ENTERED)

    account_id = house.db.write(enter)
    payee_accounts.check_due(house)
    house.db.write(lambda turn: payee_accounts.verify(turn, account_id, REVIEWER))
    return account_id


@pytest.fixture
def order(house: House, verified: bytes, worker_id: bytes) -> str:
    """An order of the worker's that could be paid at once; its id."""
    Desk(house, code="fees", number="640100000000000009", fund=debiting.FUND)
    house.instant_pay = FolderPay(house.settings.bank_folder, 0.1, lambda _s: None)
    said = {
        "kind": "class", "course": "2025-HG-01", "title": "焊工初级班", "units": 10, "amount_fen": 120_000,
        "until_on": day(house, 60), "from_on": day(house, 0), "basis": "收费公示3号",
        "published_on": day(house, -9),
    }  # fmt: skip

    def place(turn: Any) -> str:
        offered = offerings.register(turn, house, SCHOOL, said, "staff:s-0000000000000001")
        return uuid_text(orders.place(turn, house, worker_id, offered, "worker:x").order_id)

    return house.db.write(place)


def doors(house: House, order: str) -> list[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Page and interface of each verb, with what is said there."""
    until = day(house, 30)
    agency = {"institution": SCHOOL, "kinds": ["SKILL_UP"], "until_on": until}
    return [
        ("/me/agencies", "/v1/me/agencies", agency, agency),
        ("/me/account", "/v1/me/payee-accounts", ACCOUNT, ACCOUNT),
        (
            "/me/fees/mandate",
            "/v1/me/fee-mandate",
            {"most": "2000", "until_on": until},
            {"most_fen": 200_000, "until_on": until},
        ),
        (f"/me/fees/{order}/pay", f"/v1/me/fees/{order}/pay", {}, {}),
        ("/me/credits", "/v1/me/credits/account", {"number": "XF6400001234"}, {"number": "XF6400001234"}),
        ("/me/for/accept", "/v1/me/helping", {"code": "AAAA-AAAA-AAAA"}, {"code": "AAAA-AAAA-AAAA"}),
    ]


def count(house: House) -> list[int]:
    return [len(rows(house, it)) for it in (claim_agency, payee_account, fee_mandate, fee_payment)]


def test_a_clerk_alone_moves_nothing_and_is_told_what_is_wanted(
    order: str, house: House, request: pytest.FixtureRequest
) -> None:
    window: Visitor = request.getfixturevalue("window")
    before = count(house)
    headers = {"X-CSRF-Token": window.csrf}
    for page, api, form, body in doors(house, order):
        answer = window.post(page, **form)
        assert (answer.status_code, "需要本人验证" in answer.text) == (422, True), (page, answer.text)
        assert "动态验证码；没有的" in answer.text, page
        assert 'name="own_pin"' in answer.text, page
        assert 'name="slip"' not in answer.text, page
        told = window.client.post(api, json=body, headers=headers)
        assert (told.status_code, told.json["code"]) == (422, "own-proof-typed"), api
        wrong = window.client.post(
            api, json=body | {"own_pin": PIN, "own_code": "0000-0000"}, headers=headers
        )
        assert (wrong.status_code, wrong.json["code"]) == (422, "own-proof-typed"), api
        slip = window.client.post(api, json=body | {"slip": str(uuid.UUID(int=1))}, headers=headers)
        assert slip.status_code == 422, api
        house.clock.advance(50_000)  # all doors within the five minutes of the clerk's own fresh login
    assert count(house) == before
    assert set(acts(house).values()) == {("refused", None)}


def test_with_the_workers_own_proof_each_is_done_and_stands_on_the_receipt(
    order: str, house: House, codes: list[str], worker_id: bytes, request: pytest.FixtureRequest
) -> None:
    window: Visitor = request.getfixturevalue("window")
    for n, (page, _api, form, _body) in enumerate(reversed(doors(house, order)[:5])):
        answer = window.post(page, **form, own_pin=PIN, own_code=codes[n])
        assert answer.status_code == 303, (page, answer.text)
        house.clock.advance(1_000)
    (contract,), (mandate,), (paid,) = (rows(house, it) for it in (claim_agency, fee_mandate, fee_payment))
    assert contract.made_by == f"official:{CLERK}"
    assert (mandate.signed_by, paid.way) == (f"window:{CLERK}", "instant")
    newest = max(rows(house, payee_account), key=lambda one: one.version)
    assert (newest.version, newest.state, newest.entered_by) == (2, "entered", f"official:{CLERK}")
    assert set(acts(house).values()) == {("done", "pin")}
    assert {one[4] for one in looks(house, worker_id)} >= {"claims", "account", "fees", "credits"}
    receipt = window.get("/window/receipt").text
    for words in ("委托机构代办", "填写收款账户", "签订委托代扣", "即时支付", "填写学分银行账户号"):
        assert words in receipt, words
    assert receipt.count("本人输入 PIN 和验证码") == 5
    assert window.get("/window/receipt.txt?width=58").text.count("本人输入 PIN 和验证码") == 5
    told = window.client.get("/v1/me/service").json["acts"]
    assert [one["proof"] for one in told] == ["pin"] * 5
    with house.db.read() as conn:
        kinds = [one.kind for one in of_workers(house, conn, [worker_id])]
    assert payee_accounts.ENTERED in kinds, "an official entered it: the worker's own words would mislead"
    assert own_accounts.TOLD not in kinds


def test_a_reviewer_who_entered_it_at_the_window_does_not_verify_it(
    app: flask.Flask, counter: dict[str, str], house: House, codes: list[str]
) -> None:
    serves = Visitor(app).login("reviewer")
    assert serves.post("/window", **counter).status_code == 303
    again(serves)
    answer = serves.post("/me/account", **ACCOUNT, own_pin=PIN, own_code=codes[0])
    assert answer.status_code == 303, answer.text
    serves.post("/window/end")
    again(serves)
    payee_accounts.check_due(house)
    (waiting,) = serves.client.get("/v1/desk/proposals").json["items"]
    path = f"/v1/desk/proposals/{waiting['id']}/decide"
    headers = {"X-CSRF-Token": serves.csrf}
    answer = serves.client.post(path, json={"approve": True, "reason": "核对过"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (403, "same-person")


def test_at_the_window_a_worker_takes_on_and_ends_to_help_and_nobody_begins(
    region: Region, ids: dict[str, str], worker: dict[str, Any], house: House, worker_id: bytes,
    codes: list[str], request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    other = person("王二", 12)
    region.course(other, "2025-11-20", 30)
    window: Visitor = request.getfixturevalue("window")

    def name(turn: Any) -> tuple[bytes, str]:
        said = (worker["name"], ("own.archive.read",), "ill", turn.now_ms + 30 * DAY_MS, "session-x", None)
        return helper_relations.name(
            turn, house.keys, house.random, region.worker_id(other), Wanted(*said), HELPERS
        )

    helper_id, code = house.db.write(name)
    page = window.get("/me/for").text
    assert 'name="own_pin"' in page
    assert window.post("/me/for/accept", code=code).status_code == 422
    assert window.post("/me/for/accept", code=code, own_pin=PIN, own_code=codes[0]).status_code == 303
    assert acts(house)["POST /me/for/accept"] == ("done", "pin")
    page = window.get("/me/for").text
    assert "王二" in page
    assert "开始代办" not in page
    path = uuid_text(helper_id)
    begun = window.post("/me/for", helper_id=path)
    assert (begun.status_code, "只能由代办人本人登录后开始" in begun.text) == (403, True)
    assert window.post("/me/for/end", helper_id=path).status_code == 303
    assert not re.search("代办中", window.get("/me/for").text)
