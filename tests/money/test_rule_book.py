"""Rules, catalogue, decisions, registers at rest: life cycle, two axes of time, replay, simulation."""

import dataclasses
import functools
from typing import Any

import orjson
import pytest
import sqlalchemy as sa

from recordsvc import starting
from recordsvc.fsck import fsck
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock
from recordsvc.ground.two_person import SamePerson
from recordsvc.house import House, open_house
from recordsvc.money.rules import (
    archive_facts,
    catalogue,
    decisions,
    entitlements,
    lifecycle,
    pack,
    parsing,
    registers,
    simulating,
)
from recordsvc.money.rules.decision import Verdict
from recordsvc.money.rules.errors import (
    CatalogueRefused,
    ExtractKnown,
    ExtractRefused,
    RuleKnown,
    RuleRefused,
    RuleStateWrong,
    RuleUnknown,
)
from recordsvc.money.rules.facts import Fact, Facts
from recordsvc.money.rules.pack import RuleAltered
from recordsvc.money.rules.parsing import example_facts
from recordsvc.money.rules.rule import Rule
from recordsvc.money.rules.tables import decision, register_row, rule_version
from tests.archive.support import Centre, person

AUTHOR, SECOND = "official:li", "official:wang"
EVAL = pack.samples()["EVAL"]
ROW = {
    "occupation": "6-18-02-04",
    "level": "4",
    "title": "焊工",
    "first": "2026-01-01",
    "last": None,
    "amount_fen": 150_000,
    "min_hours": 120,
    "shortage": True,
    "key_list": False,
}


def text(*changes: tuple[str, str]) -> bytes:
    """The rule EVAL as an authority would publish it."""
    found = EVAL.text.decode().replace("sample: true\n", "")
    for old, new in changes:
        assert old in found
        found = found.replace(old, new)
    return found.encode()


def drafted(house: House, body: bytes) -> str:
    return house.db.write(lambda turn: lifecycle.draft(turn, body, AUTHOR))


def proposed(house: House, body: bytes) -> tuple[str, bytes]:
    sha256 = drafted(house, body)
    house.db.write(lambda turn: lifecycle.check(turn, sha256))
    house.db.write(lambda turn: lifecycle.simulated(turn, sha256))
    return sha256, house.db.write(lambda turn: lifecycle.propose(turn, sha256, "年度调整", AUTHOR))


def decide(house: House, proposal_id: bytes, by: str = SECOND) -> Any:
    return house.db.write(lambda turn: two_person.decide(turn, proposal_id, by, True, "核对无误"))


def published(house: House, body: bytes) -> str:
    sha256, proposal_id = proposed(house, body)
    decide(house, proposal_id)
    return sha256


def state(house: House, sha256: str) -> str:
    with house.db.read() as conn:
        return lifecycle.state_of(conn, sha256)


# -- life cycle


def test_a_rule_goes_its_way_and_then_holds(house: House) -> None:
    sha256, proposal_id = proposed(house, text())
    assert state(house, sha256) == "SIMULATED"
    assert house.rules.on("EVAL", "2026-01-01") is EVAL  # the sample, until something is published

    decide(house, proposal_id)
    found = house.rules.on("EVAL", "2026-01-01")

    assert state(house, sha256) == "PUBLISHED"
    assert found is not None
    assert (found.sha256, found.sample) == (sha256, False)
    assert fsck(house, offline=True).finding is None


def test_no_step_is_left_out(house: House) -> None:
    sha256 = drafted(house, text())
    for step in (
        lambda turn: lifecycle.propose(turn, sha256, "急", AUTHOR),
        lambda turn: lifecycle.check(turn, "0" * 64),
    ):
        with pytest.raises((RuleStateWrong, RuleUnknown)):
            house.db.write(step)
    house.db.write(lambda turn: lifecycle.simulated(turn, sha256))  # not checked: nothing happens
    assert state(house, sha256) == "DRAFT"
    with pytest.raises(RuleKnown):
        drafted(house, text())


def test_a_draft_whose_tests_fail_stays_one(house: House) -> None:
    sha256 = drafted(house, text(("GRANT: 22050", "GRANT: 22051")))
    with pytest.raises(RuleRefused):
        house.db.write(lambda turn: lifecycle.check(turn, sha256))
    assert state(house, sha256) == "DRAFT"


def test_who_wrote_a_rule_does_not_publish_it_whoever_proposed(house: House) -> None:
    sha256 = drafted(house, text())
    house.db.write(lambda turn: lifecycle.check(turn, sha256))
    house.db.write(lambda turn: lifecycle.simulated(turn, sha256))
    by_another = house.db.write(lambda turn: lifecycle.propose(turn, sha256, "年度调整", SECOND))
    with pytest.raises(SamePerson):
        decide(house, by_another, AUTHOR)
    assert state(house, sha256) == "SIMULATED"


def test_case_22_the_database_itself_refuses_an_author_who_publishes(house: House) -> None:
    sha256, _ = proposed(house, text())
    values = {"state": "PUBLISHED", "published_ms": 1, "reviewed_ms": 1, "reviewed_by": SECOND}
    for publisher in (AUTHOR, SECOND):
        changing = rule_version.update().where(rule_version.c.sha256 == sha256)
        with house.db.engine.connect() as conn, conn.begin() as transaction:
            if publisher == AUTHOR:
                with pytest.raises(sa.exc.IntegrityError, match="second_person"):
                    conn.execute(changing.values(published_by=publisher, **values))
            else:
                assert conn.execute(changing.values(published_by=publisher, **values)).rowcount == 1
            transaction.rollback()


def test_two_axes_of_time(house: House, clock: FixedClock) -> None:
    first = published(house, text())
    before_ms = clock.now_ms()
    clock.advance(86_400_000)
    later = text(
        ("from: 2019-01-01\nopen_ended", "from: 2026-07-01\nopen_ended"), ("value: 22000", "value: 25000")
    )
    later = later.replace(b"GRANT: 22050", b"GRANT: 25000").replace(b"GRANT: 22000", b"GRANT: 25000")
    later = later.replace(b"certificate_issued_on: 2026-06-10", b"certificate_issued_on: 2026-07-10")
    second = published(house, later)

    def on(day: str, known_ms: int | None = None) -> str | None:
        found = house.rules.on("EVAL", day, known_ms)
        return None if found is None else found.sha256

    assert on("2026-06-30") == first
    assert on("2026-07-01") == second
    assert on("2026-07-01", before_ms) == first  # as it was known then
    assert on("2018-12-31") is None  # published once, the sample is gone for good
    assert state(house, first) == "PUBLISHED"  # still holds for the days before

    clock.advance(86_400_000)
    third = published(house, text(("不低于220元（样例）", "不低于220元")))
    assert on("2026-07-01") == on("2026-06-30") == third
    assert {state(house, one) for one in (first, second)} == {"SUPERSEDED"}
    assert house.rules.version(first).sha256 == first


def test_samples_hold_outside_production_only(house: House) -> None:
    assert [rule.code for rule in house.rules.in_force("2026-06-01")] == sorted(
        {*pack.samples()} - {"WORK_TRAIN"}
    )
    real = dataclasses.replace(house.settings, environment="production")
    serious = dataclasses.replace(house, settings=real)

    assert serious.rules.in_force("2026-06-01") == []
    assert serious.catalogue.on("2026-06-01") == []


# -- case 52


def test_case_52_an_altered_published_rule_refuses_the_start(house: House) -> None:
    sha256 = published(house, text())
    starting.check(house)
    with house.db.engine.begin() as conn:
        found = conn.execute(sa.select(rule_version.c.text)).scalar_one()
        changed = found.replace("value: 22000", "value: 99000")
        conn.execute(rule_version.update().values(text=changed))

    with pytest.raises(RuleAltered, match=sha256[:12]):
        starting.check(house)
    other = open_house(house.settings, house.clock, house.random)
    with pytest.raises(RuleAltered):
        other.rules.on("EVAL", "2026-01-01")
    other.close()
    finding = fsck(house, offline=True).finding
    assert finding is not None
    assert "rule_version" in finding.where


def test_case_23_a_text_changed_after_it_was_proposed_voids_the_approval(house: House) -> None:
    _, proposal_id = proposed(house, text())
    with house.db.engine.begin() as conn:
        conn.execute(rule_version.update().values(text=text(("value: 22000", "value: 22001")).decode()))
    with pytest.raises(two_person.StaleProposal):
        decide(house, proposal_id)


# -- catalogue


def publish_rows(house: House, *rows: dict[str, Any]) -> None:
    proposal_id = house.db.write(lambda turn: catalogue.propose(turn, "某厅公告", list(rows), AUTHOR))
    decide(house, proposal_id)


def test_a_row_holds_until_the_next_one_and_no_day_has_two(house: House) -> None:
    assert all(item.sample for item in house.catalogue.on("2026-06-01"))
    publish_rows(house, ROW, {**ROW, "level": "3", "amount_fen": 250_000, "last": "2026-12-31"})
    publish_rows(house, {**ROW, "first": "2026-07-01", "amount_fen": 180_000})

    def standard(level: str, day: str) -> int | None:
        item = house.catalogue.find("6-18-02-04", level, day)
        return None if item is None else item.amount_fen

    assert [standard("4", day) for day in ("2025-12-31", "2026-01-01", "2026-06-30", "2026-07-01")] == [
        None,
        150_000,
        150_000,
        180_000,
    ]
    assert [standard("3", day) for day in ("2026-12-31", "2027-01-01")] == [250_000, None]
    assert not any(item.sample for item in house.catalogue.on("2026-06-01"))
    assert fsck(house, offline=True).finding is None


def test_of_two_rows_for_one_day_the_newer_counts(house: House) -> None:
    publish_rows(house, ROW)
    publish_rows(house, {**ROW, "amount_fen": 155_000})
    item = house.catalogue.find("6-18-02-04", "4", "2026-03-01")

    assert item is not None
    assert item.amount_fen == 155_000


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"occupation": "焊工"}, "/rows/1/occupation"),
        ({"level": "9"}, "/rows/1/level"),
        ({"first": "2026-02-30"}, "/rows/1/first"),
        ({"last": "2025-01-01", "level": "3"}, "/rows/1/last"),
        ({"amount_fen": -1}, "/rows/1/amount_fen"),
        ({"group": "astronaut"}, "/rows/1/group"),
        ({"first": "2026-06-01"}, "/rows/1/first"),  # row 0 is open: they would hold at once
    ],
)
def test_every_wrong_row_is_named_and_nothing_is_taken(
    house: House, change: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(CatalogueRefused) as refused:
        publish_rows(house, ROW, {**ROW, **change})
    assert [fault.pointer for fault in refused.value.faults] == [pointer]
    assert all(item.sample for item in house.catalogue.on("2026-06-01"))


def asked(house: House, day: str = "2026-06-01", **more: Any) -> Facts:
    """What the catalogue says of a welder of whom `more` is known."""
    known = {"occupation": ROW["occupation"], "level": "4", **more}
    return house.catalogue.facts(Facts.plain(known, "示范残联（档案日志第 7 条）", "2026-02-03"), day)


def test_a_group_has_its_own_standard_from_its_own_day_and_everybody_else_the_common_one(
    house: House,
) -> None:
    publish_rows(
        house,
        ROW,
        {**ROW, "group": "disabled", "first": "2026-03-01", "last": "2026-06-30", "amount_fen": 200_000},
        {**ROW, "group": "veteran", "amount_fen": 120_000, "min_hours": 60},
    )

    def standard(day: str = "2026-06-01", **more: Any) -> tuple[Any, Any]:
        values = asked(house, day, **more).values
        return values["catalogue_fen"], values["catalogue_group"]

    assert standard() == (150_000, "all")
    assert standard(disabled=True) == (200_000, "disabled")
    assert standard(group="disabled") == (200_000, "disabled")
    assert [
        standard(day, disabled=True)[0] for day in ("2026-02-28", "2026-03-01", "2026-06-30", "2026-07-01")
    ] == [
        150_000,
        200_000,
        200_000,
        150_000,
    ]
    # A group's row counts for it even where it is the lower one; of several groups the highest.
    assert standard(veteran=True) == (120_000, "veteran")
    assert asked(house, veteran=True).values["catalogue_min_hours"] == 60
    assert standard(veteran=True, disabled=True) == (200_000, "disabled")
    # A group without a row of its own, and one that nobody states, are everybody.
    assert standard(skilled_farmer=True) == standard(disabled=False) == (150_000, "all")
    assert {(one.group, one.last) for one in house.catalogue.on("2026-06-01")} == {
        (None, None),
        ("disabled", "2026-06-30"),
        ("veteran", None),
    }
    assert fsck(house, offline=True).finding is None


def test_the_standard_of_a_group_names_its_paper_and_who_states_the_group(house: House) -> None:
    publish_rows(house, ROW, {**ROW, "group": "disabled", "amount_fen": 200_000})
    told = asked(house, disabled=True).told
    assert told["catalogue_fen"] == Fact(200_000, "某厅公告（残疾人标准）", "2026-01-01")
    assert told["catalogue_group"] == Fact("disabled", "示范残联（档案日志第 7 条）", "2026-02-03")
    assert asked(house).told["catalogue_fen"].source == "某厅公告"


def test_case_50_a_standard_for_groups_only_is_asked_for_and_never_refused(house: House) -> None:
    publish_rows(house, {**ROW, "group": "disabled"})
    assert asked(house).values == {"in_catalogue": True}
    assert asked(house, level="3").values["in_catalogue"] is False
    rule = pack.samples()["TRAIN"]
    given = {name: value for name, value in rule.examples[0].given.items() if name not in catalogue.names()}
    given |= {
        "certificate_kind": "level-certificate",
        "occupation": ROW["occupation"],
        "level": "4",
        "hours": 120,
    }

    def decided(**more: Any) -> Any:
        known = example_facts(given | more)
        return rule.decide(known.joined(house.catalogue.facts(known, "2026-06-10")))

    assert (decided().verdict, set(decided().missing) <= catalogue.names()) == (Verdict.NEED_INFO, True)
    assert (decided(disabled=True).verdict, decided(disabled=True).amount_fen) == (Verdict.GRANT, 150_000)


def test_two_groups_may_hold_the_same_days_and_one_may_not_twice(house: House) -> None:
    group = {**ROW, "group": "disabled"}
    assert catalogue.judged([ROW, group, {**ROW, "group": "veteran"}]) == []
    assert [one.code for one in catalogue.judged([group, {**group, "first": "2026-06-01"}])] == ["overlap"]


# -- decisions


def stored(house: House, rule: Rule, **changes: Any) -> tuple[bytes, bytes]:
    given = {
        name: value for name, value in {**rule.examples[0].given, **changes}.items() if value is not None
    }
    made = rule.decide(example_facts(given), rule.examples[0].event)
    worker_id = house.random.bytes(16)
    keep = functools.partial(
        decisions.store, random=house.random, worker_id=worker_id, made=made, region="640100", by=AUTHOR
    )
    return worker_id, house.db.write(keep)


def test_case_46_stored_decisions_replay_byte_for_byte_and_a_changed_one_is_found(house: House) -> None:
    keys = [stored(house, rule) for rule in pack.samples().values()]
    keys += [stored(house, EVAL, fee_fen=fee) for fee in (None, 1, 10**9)]
    found = decisions.replay_all(house)
    assert (found.same, found.differing) == (len(keys), ())

    with house.db.read() as conn:
        one = decisions.find(conn, *keys[-1])
    changed = dataclasses.replace(
        one, document=orjson.dumps(one.told | {"amount_fen": 1}, option=orjson.OPT_SORT_KEYS)
    )
    gone = dataclasses.replace(one, sha256="0" * 64)
    other = dataclasses.replace(one, engine="rules/0")
    replayed = decisions.replay(house.rules, iter([changed, gone, other]))
    assert (replayed.same, replayed.other_engine, len(replayed.differing)) == (0, 1, 2)


def test_a_decision_cannot_be_changed_or_removed(house: House) -> None:
    stored(house, EVAL)
    for statement in (decision.update().values(amount_fen=1), decision.delete()):
        with (
            pytest.raises(sa.exc.DBAPIError, match=r"append-only|permission denied"),
            house.db.engine.begin() as conn,
        ):
            conn.execute(statement)
    assert fsck(house, offline=True).finding is None


def test_the_replay_goes_through_every_portion(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decisions, "PORTION", 3)
    for _ in range(7):
        stored(house, EVAL)
    assert decisions.replay_all(house).same == 7


def test_the_night_job_runs_once_a_night(
    house: House, clock: FixedClock, capsys: pytest.CaptureFixture[str]
) -> None:
    run = decisions.nightly(house)
    run()
    run()
    clock.advance(86_400_000)
    run()
    assert capsys.readouterr().err.count("decisions-replayed") == 2


# -- simulation


def in_period(house: House, rule: Rule, budget_fen: int | None = None, region: str = "") -> simulating.Result:
    with house.db.read() as conn:
        found = list(simulating.cases(conn, rule.code, "2026-01-01", "2026-12-31", region))
    return simulating.simulate(rule, found, budget_fen)


def candidate(*changes: tuple[str, str]) -> Rule:
    return parsing.parse(text(*changes))


def test_case_51_the_current_rule_changes_nothing(house: House) -> None:
    for fee in (20_000, 31_500, 90_000, None):
        stored(house, EVAL, fee_fen=fee)
    stored(house, EVAL, first_passed=False)
    result = in_period(house, EVAL)

    assert result.total == simulating.Change(cases=5)
    assert (result.named, result.clauses) == ([], {})


def test_case_51_the_differences_of_the_cases_add_up_to_the_total(house: House) -> None:
    keys = {}
    for n, fee in enumerate((20_000, 31_500, 90_000, 200_000)):
        keys[stored(house, EVAL, fee_fen=fee)[1].hex()] = n
    stored(house, EVAL, first_passed=False)
    stored(house, EVAL, group="graduate")
    tried = candidate(("value: 22000", "value: 30000"), (", graduate,", ","))
    result = in_period(house, tried)

    assert sum(one.amount_fen for one in result.named) == result.total.amount_fen
    assert all(one.after_fen - one.before_fen == one.amount_fen for one in result.named)
    (lost, *_), (*_, won) = result.named, result.named
    assert (lost.before_fen, lost.after_fen, lost.verdict, lost.clauses) == (22_050, 0, "REFUSE", ("EV-1",))
    assert (won.before_fen, won.after_fen, won.verdict, won.clauses) == (22_000, 30_000, "GRANT", ())
    assert sum(before for _, before, _ in result.months) == result.spent_before_fen
    assert sum(after for *_, after in result.months) == result.spent_after_fen
    assert result.spent_after_fen - result.spent_before_fen == result.total.amount_fen
    for some in result.by.values():
        assert sum(one.amount_fen for one in some.values()) == result.total.amount_fen
        assert sum(one.cases for one in some.values()) == result.total.cases == 6
    # 22000 and 22050 rise to 30000; 63000 and 140000 stay; the graduate loses 22050.
    assert result.total.amount_fen == 8_000 + 7_950 - 22_050
    assert (result.total.winners, result.total.losers) == (2, 1)
    assert (result.total.granted, result.total.refused) == (-1, 1)
    assert result.clauses == {"EV-1": 1}
    assert result.by["group"]["graduate"].granted == -1


def test_the_day_the_budget_is_used_up(house: House) -> None:
    for month in (2, 4, 6):
        stored(house, EVAL, certificate_issued_on=f"2026-0{month}-10", fee_fen=100_000)  # 70000 each
    dearer = candidate(("ordinary: 70", "ordinary: 100"), ("GRANT: 22050", "GRANT: 31500"))
    within = in_period(house, dearer, 250_000)
    assert (within.exhausted_before, within.exhausted_after) == ("2026-07-04", "2026-06-10")
    assert within.months == [(f"2026-0{month}", 70_000, 100_000) for month in (2, 4, 6)]
    assert in_period(house, dearer).exhausted_after is None


def test_a_simulation_keeps_to_its_period_and_region(house: House) -> None:
    stored(house, EVAL)
    stored(house, EVAL, certificate_issued_on="2025-12-31")
    assert in_period(house, EVAL).total.cases == 1
    assert in_period(house, EVAL, region="6402").total.cases == 0
    assert in_period(house, EVAL, region="6401").total.cases == 1


# -- registers and what the archive says


@pytest.fixture
def welder(house: House) -> tuple[Centre, dict[str, Any], bytes]:
    """A welder with a training."""
    centre = Centre(house)
    who = person(1)
    centre.enter(centre.completion(who))
    return centre, who, centre.worker_id(who)


def take(house: House, name: str, body: str, as_of: str = "2025-01-01") -> registers.Taken:
    extract = registers.read(name, as_of, "区社保局", body.encode("gb18030"), "2099-01-01")
    return house.db.write(lambda turn: registers.take(turn, house, extract, AUTHOR))


def facts(house: House, worker_id: bytes, certificate: str | None = None) -> Facts:
    with house.db.read() as conn:
        return registers.gathered(house.registers, conn, worker_id, certificate)


def test_an_extract_says_what_is_known_with_source_and_day(house: House, welder: Any) -> None:
    _, who, worker_id = welder
    assert facts(house, worker_id).values == {}
    rows = (f"{who['number']},40,否", f"{person(9)['number']},3,是", "x,many,否")
    body = "\n".join(("证件号码,累计缴费月数,领取失业保险金", *rows))
    taken = take(house, "insurance", body)
    take(house, "deaths", f"证件号码\n{person(9)['number']}\n")

    found = facts(house, worker_id)
    assert (taken.rows, taken.known) == (2, 1)
    assert [(fault.line, fault.heading) for fault in taken.faults] == [(4, "累计缴费月数")]
    assert found.values == {"insured_months": 40, "drawing_unemployment": False, "deceased": False}
    assert found.told["insured_months"].source == "区社保局"
    assert found.told["insured_months"].on == "2025-01-01"
    assert fsck(house, offline=True).finding is None


def test_a_newer_extract_takes_the_place_of_the_older_one_and_no_older_that_of_a_newer(
    house: House, welder: Any
) -> None:
    _, who, worker_id = welder
    take(house, "deaths", f"证件号码\n{who['number']}\n")
    assert facts(house, worker_id).values == {"deceased": True}
    take(house, "deaths", "证件号码\n", "2025-02-01")
    assert facts(house, worker_id).values == {"deceased": False}
    with pytest.raises(ExtractKnown):
        take(house, "deaths", f"证件号码\n{who['number']}\n", "2025-01-15")


def test_a_certificate_is_verified_when_listed_and_asked_for_when_not(house: House, welder: Any) -> None:
    _, who, worker_id = welder
    take(house, "certificates", f"证件号码,证书编号\n{who['number']},S000064001001254000001\n")
    assert facts(house, worker_id, "S000064001001254000001").values == {"cert_verified": True}
    assert facts(house, worker_id, "S000064001001254000002").values == {}
    with house.db.read() as conn:
        kept = conn.execute(sa.select(register_row.c.facts)).scalar_one()
    assert "S0000640" not in kept


@pytest.mark.parametrize(
    ("name", "as_of", "body"),
    [
        ("weather", "2025-01-01", "证件号码\n"),
        ("deaths", "2099-12-31", "证件号码\n"),
        ("deaths", "昨天", "证件号码\n"),
        ("insurance", "2025-01-01", "证件号码,月数\n"),
    ],
)
def test_what_is_no_extract_is_refused(name: str, as_of: str, body: str) -> None:
    with pytest.raises(ExtractRefused):
        registers.read(name, as_of, "区社保局", body.encode(), "2026-01-01")


def test_an_erased_worker_leaves_no_row_of_a_register(house: House, welder: Any) -> None:
    _, who, worker_id = welder
    take(house, "deaths", f"证件号码\n{who['number']}\n")
    for forgetting in house.forgetters:
        house.db.write(functools.partial(forgetting, worker_id=worker_id))
    with house.db.read() as conn:
        assert conn.execute(sa.select(register_row)).first() is None


def test_without_certificates_there_is_nothing_to_apply_for(house: House, welder: Any) -> None:
    assert entitlements.of_worker(house, welder[2]) == []
    assert entitlements.of_worker(house, bytes(16)) == []


def test_whole_percents_are_taken_down() -> None:
    def values(**more: Any) -> dict[str, Any]:
        return archive_facts._training_values({"started_on": "2026-01-01", "ended_on": "2026-01-20", **more})

    assert values(attendance_percent="79.9")["attendance_pct"] == 79
    hours = {"theory_minutes": 100, "practice_minutes": 0, "online_minutes": 0}
    assert values(planned=hours, attended=hours | {"theory_minutes": 79})["attendance_pct"] == 79
    assert values()["attendance_pct"] is None
    assert values(attended=hours)["hours"] == 2
    assert values(attended_on=["2026-01-01", "2026-01-01", "2026-01-02"])["days_attended"] == 2


def test_verdicts_of_the_database_are_those_of_the_code() -> None:
    (check,) = [one for one in decision.constraints if str(one.name).endswith("verdict")]
    assert all(f"'{verdict}'" in str(check.sqltext) for verdict in Verdict)
