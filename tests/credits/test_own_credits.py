"""A worker's account at the credit bank, entered with a fresh proof; reference credits on the same page."""

import dataclasses
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.archive import noticeboard
from recordsvc.credits import own
from recordsvc.fsck import fsck
from recordsvc.house import House
from recordsvc.people import credit_accounts, numbers, tables
from recordsvc.people.resolve import CREDIT_ACCOUNT
from recordsvc.settings import Settings
from tests.archive.support import Centre, person
from tests.exports.copies import confirmed
from tests.journeys.desk import HOST, Journey

PATH = "/v1/me/credits/account"
NUMBER = "XF6400001234"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url=HOST)


@pytest.fixture
def journey(app, house, clock) -> Journey:
    return Journey(app, house, clock)


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house, 1)


def worker_id(house: House, n: int = 1) -> bytes:
    found = house.people.find("resident-id", person(n)["number"])
    assert found is not None
    return found


def joined(centre: Centre, journey: Journey, n: int) -> str:
    record = centre.completion(person(n))
    centre.enter(record)
    confirmed(centre.house, worker_id(centre.house, n), record)
    return journey.sign_in(person(n)["number"])


@pytest.fixture
def me(centre: Centre, journey: Journey) -> str:
    return joined(centre, journey, 1)


def standings(house: House) -> list[tuple[str, str]]:
    """How identifiers and the rows that lead to them stand; both must say the same."""
    found = []
    with house.db.read() as conn:
        for table in (tables.identifier, tables.blind_index):
            query = sa.select(table.c.standing).where(table.c.kind == CREDIT_ACCOUNT)
            found.append(sorted(conn.scalars(query)))
    return list(zip(*found, strict=True))


def test_an_account_is_entered_replaced_and_taken_up_again(house: House, journey: Journey, me: str) -> None:
    assert journey.read(me, "/v1/me/credits")["account"] is None
    told = journey.act(me, PATH, {"number": " xf64-0000 1234 "}, 201)
    assert (told["account"]["number"], told["account"]["own"]) == (NUMBER, True)

    house.clock.advance(1_000)
    assert journey.act(me, PATH, {"number": "XF6400009999"}, 201)["account"]["number"] == "XF6400009999"
    assert standings(house) == [("claimed", "claimed"), ("superseded", "superseded")]
    assert journey.act(me, PATH, {"number": NUMBER}, 201)["account"]["number"] == NUMBER
    assert standings(house) == [("claimed", "claimed"), ("superseded", "superseded")]

    with house.db.read() as conn:
        board = noticeboard.of_workers(house, conn, [worker_id(house)])
        assert [one.kind for one in board].count(own.ENTERED) == 3
        # It is no number of a document, and nobody is shown it among those.
        assert CREDIT_ACCOUNT not in {
            one.kind for one in numbers.known(house, house.db.cursor(conn), worker_id(house))
        }
        sealed = conn.scalars(
            sa.select(tables.identifier.c.sealed).where(tables.identifier.c.kind == CREDIT_ACCOUNT)
        )
        assert all(NUMBER.encode() not in bytes(one) for one in sealed)
    assert fsck(house, offline=True).finding is None


@pytest.mark.parametrize("number", ["12345", "XF-64", "号" * 8, "1" * 33, person(1)["number"]])
def test_what_no_account_number_is_is_refused_and_nothing_kept(
    house: House, journey: Journey, me: str, number: str
) -> None:
    wrong = journey.act(me, PATH, {"number": number}, 422)
    assert (wrong["code"], number in str(wrong)) == ("credit-account", False)
    assert standings(house) == []


def test_a_number_is_one_persons(house: House, journey: Journey, centre: Centre, me: str) -> None:
    other = joined(centre, journey, 2)
    journey.act(me, PATH, {"number": NUMBER}, 201)
    assert journey.act(other, PATH, {"number": NUMBER}, 409)["code"] == "credit-account-taken"
    assert journey.read(other, "/v1/me/credits")["account"] is None
    assert standings(house) == [("claimed", "claimed")]


def test_entering_asks_for_a_fresh_proof(house: House, journey: Journey, me: str) -> None:
    journey.browser(me)
    house.clock.advance(house.settings.step_up_minutes * 60_000)
    assert journey.act(me, PATH, {"number": NUMBER}, 401)["code"] == "step-up"
    assert standings(house) == []


def test_what_was_entered_during_a_merge_ends_with_it(house: House, journey: Journey, me: str) -> None:
    journey.act(me, PATH, {"number": NUMBER}, 201)
    house.clock.advance(1_000)
    since = house.clock.now_ms()
    journey.act(me, PATH, {"number": "XF6400009999"}, 201)

    for part in house.parters:
        house.db.write(lambda turn, part=part: part(turn, house, [worker_id(house)], since, "official:a"))

    with house.db.read() as conn:
        assert credit_accounts.present(house, conn, worker_id(house)) is None
    assert fsck(house, offline=True).finding is None


def test_trainings_that_count_have_reference_credits(journey: Journey, centre: Centre, me: str) -> None:
    (one,) = journey.read(me, "/v1/me/credits")["items"]
    assert (one["value"], one["hours"], one["formula"], one["version"]) == (
        "3.3",
        "59.00",
        "reference-credit",
        1,
    )
    revoked = centre.completion(person(1), result="passed", level="4")
    centre.enter(revoked)
    confirmed(centre.house, worker_id(centre.house), revoked)
    assert len(journey.read(me, "/v1/me/credits")["items"]) == 2
    centre.enter(centre.revocation(person(1), revoked))
    assert len(journey.read(me, "/v1/me/credits")["items"]) == 1


def press(journey: Journey, me: str, **typed: str) -> Any:
    client, token = journey.browser(me)
    data = {"csrf_token": token, **typed}
    return client.post("/me/credits", data=data, base_url=HOST, headers={"Origin": HOST})


def see(journey: Journey, me: str) -> str:
    answer = journey.browser(me)[0].get("/me/credits", base_url=HOST)
    assert answer.status_code == 200, answer.text
    return str(answer.text)


def test_the_page_shows_formula_source_and_date_and_takes_the_account(
    house: House, journey: Journey, centre: Centre, me: str
) -> None:
    page = see(journey, me)
    for words in (
        "参考学分 3.3",
        "59.00 学时 ÷ 18",
        "四舍五入到小数点后 1 位",
        "第 1 版",
        "教职成〔2019〕13号",
        "还没有填写账户号",
    ):
        assert words in page, words
    wrong = press(journey, me, number="12")
    assert (wrong.status_code, "账户号" in wrong.text, 'value="12"' in wrong.text) == (422, True, True)
    other = joined(centre, journey, 2)
    assert press(journey, me, number=NUMBER).status_code == 303
    assert NUMBER in see(journey, me)
    assert (press(journey, other, number=NUMBER).status_code, NUMBER in see(journey, other)) == (409, False)
