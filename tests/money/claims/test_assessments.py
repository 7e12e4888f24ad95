"""Assessment subsidy (评价补贴): passed at the first time, by whose word counts, and what was charged."""

import dataclasses
import uuid
from typing import Any

import pytest

from recordsvc.money.claims import bank, values, views
from recordsvc.money.claims.errors import ClaimRefused
from recordsvc.money.claims.values import Claim
from recordsvc.settings import Settings
from tests.archive.support import id_of, person
from tests.journeys.desk import HOST, Journey
from tests.money.claims.test_trainings_once import Trained
from tests.money.claims.world import WELDER, Assessor, Charged, World

FEE = {"fee_fen": 31_500}
PART = {"part": "theory", "status": "scored", "score": "80.0", "pass_mark": "60", "passed": True}


class Assessed(Trained):
    """A worker who was assessed and has a certificate of it."""

    def assess(self, ago: int = 30, issuer: Any = None, **changes: Any) -> bytes:
        """A result of so many days ago; its record id."""
        issuer = issuer or self.world.assessor
        body = {
            "organisation": {"uscc": issuer.uscc, "name": "示范评价中心"},
            "scheme": "recognition",
            "occupation": {"edition": "2022", "code": WELDER, "name": "焊工"},
            "level": "3",
            "attempt": "first",
            "assessed_on": self.day(ago),
            "parts": [PART],
            "result": "passed",
        }
        record = issuer.record("assessment-result", person(1), body | changes)
        issuer.enter(record)
        return uuid.UUID(id_of(record)).bytes

    def claim(self, **told: int) -> Claim:
        record = self.world.assessor.certificate(person(1), issued_on=self.day(20))
        self.world.assessor.enter(record)
        record_id = uuid.UUID(id_of(record)).bytes
        return self.world.file(self.worker_id, record_id, kind="EVAL", told=told)


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def assessed(world: World) -> Assessed:
    world.registers.said |= {"in_catalogue": True, "list": "ordinary"}
    return Assessed(world)


def said(world: World, one: Claim) -> dict[str, Any]:
    with world.house.db.read() as conn:
        told = views.decision(world.house, conn, world.read(one))
    assert told is not None
    return told


def test_passed_at_the_first_time_is_paid_by_the_fee_and_says_from_where(
    world: World, assessed: Assessed
) -> None:
    assessed.assess()
    one = assessed.claim(**FEE)
    told = said(world, one)
    (first,) = [it for it in told["facts"] if it["name"] == "first_passed"]
    assert (told["verdict"], one.amount_fen, first["value"]) == ("GRANT", 22_050, "是")
    assert first["source"].startswith("档案日志第")
    assert world.bring(one, "PAID").state == "PAID"


@pytest.mark.parametrize(
    "before",
    [
        {"result": "failed", "parts": [{**PART, "score": "40.0", "passed": False}]},
        {"result": "passed"},
        {"result": "incomplete", "parts": [{"part": "theory", "status": "incomplete"}]},
    ],
    ids=lambda changes: str(changes["result"]),
)
def test_whoever_was_assessed_before_did_not_pass_at_the_first_time(
    world: World, assessed: Assessed, before: dict[str, Any]
) -> None:
    assessed.assess(40, **before)
    assessed.assess(30)
    told = said(world, assessed.claim(**FEE))
    assert [it["clause"] for it in told["failed"]] == ["EV-3"]


def test_a_resit_is_none_and_an_absence_or_another_level_is_no_assessment(
    world: World, assessed: Assessed
) -> None:
    assessed.assess(50, result="absent", parts=[{"part": "theory", "status": "absent"}])
    assessed.assess(45, level="4")
    assessed.assess(30)
    assert said(world, assessed.claim(**FEE))["verdict"] == "GRANT"


def test_without_a_result_of_a_body_whose_word_counts_it_is_asked_for(
    world: World, assessed: Assessed
) -> None:
    assessed.assess(30, Assessor(world.house, 63, "employer"))
    one = assessed.claim(**FEE)
    assert (one.state, [it["fact"] for it in said(world, one)["missing"]]) == ("NEED_INFO", ["first_passed"])


def test_the_fee_that_was_paid_here_counts_above_what_is_told(world: World, assessed: Assessed) -> None:
    assessed.assess(plan="P-7")
    world.fees.said = [Charged("F000000007", "焊工三级评价", "PAID", 40_000)]
    one = assessed.claim(fee_fen=99_900)
    assert one.amount_fen == 28_000
    (fee,) = [it for it in said(world, one)["facts"] if it["name"] == "fee_fen"]
    assert fee["source"] == "缴费单 F000000007"
    assert (world.assessor.uscc, "P-7") in world.fees.asked


def test_a_fee_is_told_only_where_the_kind_goes_by_it_and_is_an_amount(
    world: World, assessed: Assessed
) -> None:
    assessed.assess()
    course = assessed.course()
    with pytest.raises(ClaimRefused):
        assessed.claim(fee_fen=0)
    with pytest.raises(ClaimRefused):
        world.file(assessed.worker_id, course, kind="TRAIN_DAY", told=FEE)


def test_the_page_asks_for_the_fee_and_gives_back_what_was_typed(
    world: World, assessed: Assessed, app: Any, house: Any, clock: Any
) -> None:
    bank.connect(house)
    house.registers = [world.registers]
    assessed.assess()
    record = world.assessor.certificate(person(1), issued_on=assessed.day(20))
    world.assessor.enter(record)
    journey = Journey(app, house, clock)
    me = journey.sign_in(person(1)["number"])
    client, token = journey.browser(me)
    button = f"/me/records/{id_of(record)}/claims/EVAL"
    page = client.get("/me/entitlements", base_url=HOST).text
    assert button in page
    assert "评价收费（元）" in page

    def press(fee: str) -> Any:
        data = {"csrf_token": token, "fee": fee}
        return client.post(button, data=data, base_url=HOST, headers={"Origin": HOST})

    wrong = press("315元")
    assert wrong.status_code == 422
    assert 'value="315元"' in wrong.text
    assert "最多两位小数" in wrong.text
    assert press("315.00").status_code == 303
    with house.db.read() as conn:
        (one,) = values.listed(conn)
    assert (one.kind, one.amount_fen) == ("EVAL", 22_050)
