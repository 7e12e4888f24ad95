"""A worker's own account: entered with a fresh proof, checked, verified by an official, never shown whole."""

import dataclasses
from typing import Any

import pytest

from recordsvc.archive import noticeboard
from recordsvc.house import House
from recordsvc.money.bank import own_accounts, payee_accounts
from recordsvc.money.bank.formats.model import Account
from recordsvc.settings import Settings
from tests.archive.support import Centre, person
from tests.archive.test_merging import merge
from tests.journeys.desk import HOST, Journey
from tests.money.bank import made

MINE = made.payee(1, "马晓")
BODY = {"number": MINE.number, "name": MINE.name, "bank": MINE.bank}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url=HOST)


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


@pytest.fixture
def me(house: House, journey: Journey) -> str:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    return journey.sign_in(person(1)["number"])


def worker_id(house: House) -> bytes:
    found = house.people.find("resident-id", person(1)["number"])
    assert found is not None
    return found


def standing(journey: Journey, me: str) -> list[tuple[int, str, str]]:
    items = journey.read(me, "/v1/me/payee-accounts")["items"]
    return [(one["version"], one["standing"], one["number_tail"]) for one in items]


def test_an_account_is_checked_verified_by_an_official_and_replaced_by_the_next(
    house: House, journey: Journey, me: str
) -> None:
    assert standing(journey, me) == []
    journey.act(me, "/v1/me/payee-accounts", BODY, 201)
    assert standing(journey, me) == [(1, "checking", MINE.number[-4:])]
    with house.db.read() as conn:
        board = noticeboard.of_workers(house, conn, [worker_id(house)])
        assert own_accounts.TOLD in [one.kind for one in board]
    payee_accounts.check_due(house)
    assert standing(journey, me)[0][1] == "unavailable"

    (waiting,) = journey.read("reviewer", "/v1/desk/proposals")["items"]
    journey.decide("reviewer", waiting["id"])

    assert standing(journey, me)[0][1] == "verified"
    journey.act(me, "/v1/me/payee-accounts", BODY | {"number": made.card(2)}, 201)
    assert [one[:2] for one in standing(journey, me)] == [(2, "checking"), (1, "replaced")]
    with house.db.read() as conn:
        newest = payee_accounts.newest(conn, own_accounts.payee_of(worker_id(house)))
    assert not newest.ready


def test_a_bank_that_does_not_know_the_name_ends_it(house: House, journey: Journey, me: str) -> None:
    class Checks:
        def check(self, _account: Account) -> str:
            return payee_accounts.MISMATCH

    house.payee_checks = Checks()
    journey.act(me, "/v1/me/payee-accounts", BODY, 201)
    payee_accounts.check_due(house)

    assert standing(journey, me) == [(1, "mismatch", MINE.number[-4:])]
    assert journey.read("reviewer", "/v1/desk/proposals")["items"] == []


def test_entering_asks_for_a_fresh_proof_and_names_what_is_wrong(
    house: House, journey: Journey, me: str
) -> None:
    journey.browser(me)
    wrong = journey.act(me, "/v1/me/payee-accounts", BODY | {"number": "9" * 19}, 422)
    assert [one["pointer"] for one in wrong["errors"]] == ["/number"]
    assert "9" * 19 not in str(wrong)
    house.clock.advance(house.settings.step_up_minutes * 60_000)
    assert journey.act(me, "/v1/me/payee-accounts", BODY, 401)["code"] == "step-up"
    assert standing(journey, me) == []


def press(journey: Journey, me: str, **typed: str) -> Any:
    client, token = journey.browser(me)
    data = {"csrf_token": token, **typed}
    return client.post("/me/account", data=data, base_url=HOST, headers={"Origin": HOST})


def test_the_page_says_which_number_and_where_it_stands(house: House, journey: Journey, me: str) -> None:
    assert "/me/account" in see(journey, me, "/me/claims")
    page = see(journey, me, "/me/account")
    for words in ("银行卡号", "印有银行标志的一面", "number-bank", "还没有登记收款账户", "中国建设银行"):
        assert words in page, words
    typed = {"name": "马晓", "bank": MINE.bank, "number": f"{MINE.number[:4]} {MINE.number[4:]}"}
    wrong = press(journey, me, **typed | {"number": "9" * 19})
    assert (wrong.status_code, "马晓" in wrong.text, "9" * 19 in wrong.text) == (422, True, False)
    assert "校验位不符" in wrong.text

    assert press(journey, me, **typed).status_code == 303

    page = see(journey, me, "/me/account")
    for words in ("正在与银行核对户名和账号", f"尾号 {MINE.number[-4:]}", "中国建设银行", "换一个账户"):
        assert words in page, words
    assert MINE.number not in page


def see(journey: Journey, me: str, path: str) -> str:
    answer = journey.browser(me)[0].get(path, base_url=HOST)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_who_has_two_archives_sees_the_accounts_of_both_that_of_the_kept_one_first(
    house: House, journey: Journey, me: str
) -> None:
    centre = Centre(house, 2)
    centre.enter(centre.completion(person(2)))
    kept, gone = worker_id(house), house.people.find("resident-id", person(2)["number"]) or b""
    for n, whose in ((3, kept), (4, gone), (5, gone)):
        by = f"worker:{whose.hex()}"
        house.db.write(
            lambda turn, n=n, whose=whose, by=by: own_accounts.enter(turn, house, whose, made.payee(n), by)
        )
        house.clock.advance(60_000)
    ends = {n: made.card(n)[-4:] for n in (3, 4, 5)}
    assert standing(journey, me) == [(1, "checking", ends[3])]

    merge(house, gone, kept)

    both = [(1, "checking", ends[3]), (2, "checking", ends[5]), (1, "replaced", ends[4])]
    assert standing(journey, me) == both
    with house.db.read() as conn:
        found = own_accounts.of_worker(house, conn, gone)
    assert [(one["number_tail"], one["counts"]) for one in found] == [
        (ends[3], True), (ends[5], False), (ends[4], False)
    ]  # fmt: skip
    shown = see(journey, me, "/me/account")
    assert all(f"尾号 {end}" in shown for end in ends.values())


def test_an_account_of_a_merged_archive_alone_is_not_the_one_that_counts(
    house: House, journey: Journey, me: str
) -> None:
    centre = Centre(house, 2)
    centre.enter(centre.completion(person(2)))
    gone = house.people.find("resident-id", person(2)["number"]) or b""
    house.db.write(lambda turn: own_accounts.enter(turn, house, gone, made.payee(4), f"worker:{gone.hex()}"))
    merge(house, gone, worker_id(house))

    shown = see(journey, me, "/me/account")

    assert "还没有登记收款账户" in shown
    assert f"尾号 {made.card(4)[-4:]}" in shown
