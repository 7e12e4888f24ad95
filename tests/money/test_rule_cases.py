"""Rules and decisions: cases 39 (arithmetic), 44, 46, 47, 48, 49, 50, 52, and the results table."""

import datetime as dt
import itertools
import json
import shutil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recordsvc.money.rules import amounts, checking, evaluating, explaining, pack
from recordsvc.money.rules.decision import FAIL, Decision, Verdict
from recordsvc.money.rules.errors import RuleRefused
from recordsvc.money.rules.facts import Fact, FactRefused, Facts, vocabulary
from recordsvc.money.rules.parsing import example_facts
from recordsvc.money.rules.rule import Rule

SAMPLES = pack.samples()
EXAMPLES = [
    pytest.param(rule, example, id=f"{code}-{n}")
    for code, rule in SAMPLES.items()
    for n, example in enumerate(rule.examples)
]


def base_of(code: str) -> dict[str, Any]:
    """The facts of the first test of a rule, which grants."""
    return dict(SAMPLES[code].examples[0].given)


def decided(code: str, event: str = "", **changed: Any) -> Decision:
    values = {name: value for name, value in (base_of(code) | changed).items() if value is not None}
    return SAMPLES[code].decide(example_facts(values), event)


def paid(kind: str, day: str, **more: str) -> dict[str, str]:
    return {"claim": f"{kind}-{day}-{len(more)}", "kind": kind, "basis_date": day, **more}


# -- the results table


@pytest.mark.parametrize(
    ("code", "event", "changed", "fen"),
    [
        ("TRAIN", "", {}, 80_000),
        ("TRAIN", "", {"group": "enterprise-worker"}, 30_000),
        ("TRAIN", "", {"certificate_kind": "safety-permit"}, 80_000),
        ("TRAIN", "", {"certificate_kind": "level-certificate", "catalogue_fen": 55_000}, 55_000),
        ("TRAIN", "", {"certificate_kind": "level-certificate", "catalogue_fen": 500_000}, 500_000),
        ("TRAIN_DAY", "", {"days_attended": 10}, 150_000),
        ("TRAIN_DAY", "", {"days_attended": 12}, 170_000),
        ("TRAIN_DAY", "", {"days_attended": 20}, 200_000),
        ("EVAL", "", {"fee_fen": 31_500}, 22_050),
        ("EVAL", "", {"fee_fen": 31_500, "list": "key"}, 28_350),
        ("EVAL", "", {"fee_fen": 30_000}, 22_000),
        ("APPRENTICE", "advance", {}, 10_000_000),
        ("APPRENTICE", "recover", {}, 1_500_000),
        ("APPRENTICE", "settle", {}, 8_500_000),
        ("WORK_TRAIN", "", {"work_months": 7}, 300_000),
    ],
)
def test_the_results_table(code: str, event: str, changed: dict[str, Any], fen: int) -> None:
    decision = decided(code, event, **changed)

    assert (decision.verdict, decision.amount_fen) == (Verdict.GRANT, fen)


def test_living_counts_days_attended_while_the_category_holds() -> None:
    days = [
        {"on": f"2026-03-{n:02d}", "attended": n not in (3, 4), "category_valid": n <= 12}
        for n in range(1, 21)
    ]

    decision = decided("LIVING", days=days, training_ended_on="2026-03-20")

    assert decision.amount_fen == 10 * 5_000


def test_once_per_certificate_names_the_other_claim_and_who_was_paid() -> None:
    other = paid("TRAIN", "2026-06-10", certificate="entry-1", payee="centre", paid_on="2026-07-01")
    decision = decided("TRAIN", prior=[other])
    (reason,) = explaining.explain(SAMPLES["TRAIN"], decision).failed

    assert decision.verdict is Verdict.REFUSE
    assert reason.text == "一证一补"
    assert "2026-07-01" in reason.tell
    assert "培训机构" in reason.tell


@pytest.mark.parametrize("level", ["3", "2", "1"])
def test_senior_levels_get_the_full_standard_by_day_and_lower_ones_a_share(level: str) -> None:
    assert decided("TRAIN_DAY", level=level).amount_fen == 150_000
    assert decided("TRAIN_DAY", level="5").amount_fen < decided("TRAIN_DAY", level="4").amount_fen < 150_000


# -- case 39: arithmetic


def test_case_39_a_thousand_times_one_fen_is_ten_yuan() -> None:
    formula = amounts.parse("f.planned * 1", "", [])
    assert formula is not None
    one = amounts.build(formula, {}, lambda _name, _day: None)

    assert sum(one({"planned": 1}) for _ in range(1_000)) == one({"planned": 1_000}) == 1_000


def test_case_39_amounts_above_what_floats_can_count_are_exact() -> None:
    for fen in (16_777_217, 2**31 + 1, 10**15 - 1):
        assert amounts.mul_pct(fen, 100, "down") == fen
        assert amounts.mul_pct(fen, 120, "down") == fen * 6 // 5


@pytest.mark.parametrize(
    ("fen", "pct", "rounding", "expected"),
    [
        (101, 50, "down", 50),
        (101, 50, "up", 51),
        (101, 50, "half", 51),
        (149, 1, "half", 1),
        (150, 1, "half", 2),
        (0, 70, "up", 0),
        (100, 70, "up", 70),
    ],
)
def test_case_39_percentages_round_as_they_say(fen: int, pct: int, rounding: str, expected: int) -> None:
    assert amounts.mul_pct(fen, pct, rounding) == expected


@given(st.integers(0, 10**15), st.integers(0, 400))
def test_case_39_roundings_lie_within_one_fen_of_the_fraction(fen: int, pct: int) -> None:
    down, half, up = (amounts.mul_pct(fen, pct, how) for how in ("down", "half", "up"))

    assert down <= half <= up <= down + 1
    assert down * 100 <= fen * pct <= up * 100


@given(st.integers(0, 400))
def test_case_39_a_tier_adds_one_rate_a_day(days: int) -> None:
    tiers = [[10, 15_000], [15, 10_000]]
    slow = sum(15_000 if day < 10 else 10_000 if day < 15 else 0 for day in range(days))

    assert amounts.tier(days, tiers) == slow


def test_case_39_an_amount_beyond_all_bounds_is_never_granted() -> None:
    decision = decided("PROJECT", planned=10**12, finished=10**12)

    assert decision.verdict is Verdict.NO_RULE_IN_FORCE
    assert decision.amount_fen == 0


@pytest.mark.parametrize("value", [0.1, 1.0, True, "1", 10**15 + 1, None])
def test_case_39_a_fact_that_is_no_whole_number_is_refused(value: object) -> None:
    with pytest.raises(FactRefused):
        Facts({"fee_fen": Fact(value, "test", "2026-01-01")})


# -- case 44: apprentices


@pytest.mark.parametrize("level", ["4", "3"])
@pytest.mark.parametrize("pct", [0, 1, 33, 50])
def test_case_44_advance_less_recovery_plus_settlement_is_the_rate_of_the_finished(
    level: str, pct: int
) -> None:
    rate = {"4": 500_000, "3": 600_000}[level]
    plan = 40
    for finished in range(plan + 1):
        facts = {"level": level, "planned": plan, "finished": finished, "left": plan, "advance_pct": pct}
        advance, recover, settle = (
            decided("APPRENTICE", event, **facts).amount_fen for event in ("advance", "recover", "settle")
        )

        assert advance - recover + settle == finished * rate


def test_case_44_replacements_count_as_those_they_replace_and_no_more_of_them() -> None:
    assert decided("APPRENTICE", "settle", left=6, replaced=6, finished=40).amount_fen == 40 * 250_000
    too_many = decided("APPRENTICE", "settle", left=6, replaced=7)

    assert [clause.id for clause in too_many.failed] == ["AP-3"]


# -- case 46: replay, and reasons for every refusal


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_case_46_a_decision_comes_out_byte_for_byte_again(rule: Rule, example: Any) -> None:
    first = rule.decide(example_facts(example.given), example.event)
    stored = json.loads(first.canonical())
    again = checking.load(rule.text).decide(Facts.of(stored["facts"]), stored["event"])

    assert again.canonical() == first.canonical()


@pytest.mark.parametrize(("rule", "example"), EXAMPLES)
def test_case_46_every_refusal_names_a_clause_with_its_article_and_words(rule: Rule, example: Any) -> None:
    decision = rule.decide(example_facts(example.given), example.event)
    told = explaining.explain(rule, decision)

    if decision.verdict is Verdict.REFUSE:
        assert decision.failed
        assert all(reason.article and reason.tell and reason.would_pass_if for reason in told.failed)
        assert not any("{" in reason.tell or "不详" in reason.tell for reason in told.failed)
    else:
        assert not decision.failed


def test_case_46_every_failing_clause_is_named_not_only_the_first() -> None:
    decision = decided("SKILL_UP", insured_months=1, cert_verified=False, level="2")

    assert [clause.id for clause in decision.failed] == ["SU-1", "SU-2", "SU-8"]


def test_case_46_the_worker_reads_number_article_and_what_would_change_it() -> None:
    before = paid("SKILL_UP", "2025-03-02", occupation="6-31-01-03", level="3")
    decision = decided(
        "SKILL_UP",
        certificate_issued_on="2025-06-10",
        applied_on="2025-07-01",
        occupation="6-18-02-04",
        prior=[before],
    )
    (reason,) = explaining.explain(SAMPLES["SKILL_UP"], decision).failed

    assert reason.article == "第四条第一项"
    assert "已享受 1 次（2025-03-02，技能提升补贴，电工，三级/高级工）" in reason.tell
    assert "自 2025-01-01 起每人每年 1 次" in reason.tell
    assert "证书所属职业列入急需紧缺目录" in reason.would_pass_if
    (param,) = reason.params
    assert (param.name, param.valid_from) == ("per_year_max", "2025-01-01")


def test_case_46_an_explanation_is_by_the_text_that_decided() -> None:
    with pytest.raises(ValueError, match="text"):
        explaining.explain(SAMPLES["TRAIN"], decided("EVAL"))


# -- case 47: gaps, overlaps, expiry


def test_case_47_an_expired_rule_has_no_value_left() -> None:
    assert decided("WORK_TRAIN", training_started_on="2021-12-31").verdict is Verdict.GRANT
    after = decided("WORK_TRAIN", training_started_on="2022-01-01")

    assert (after.verdict, after.amount_fen, after.reason) == (Verdict.NO_RULE_IN_FORCE, 0, "not-in-force")


def altered(code: str, *changes: tuple[str, str]) -> bytes:
    text = SAMPLES[code].text.decode()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text.encode()


PER_YEAR = "{from: 2025-01-01, open_ended: true, value: 1, with: {shortage_plus: 2}"


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        (PER_YEAR.replace("2025-01-01", "2024-12-31"), "overlap"),
        (PER_YEAR.replace("2025-01-01", "2025-01-02"), "gap"),
        (PER_YEAR.replace(", open_ended: true", ""), "open"),
        (PER_YEAR.replace("open_ended: true", "open_ended: true, until: 2026-12-31"), "open"),
        (PER_YEAR.replace("with: {shortage_plus: 2}", "with: {shortage: 2}"), "form"),
        (PER_YEAR.replace("value: 1", "value: 1, valeu: 2"), "unknown"),
    ],
)
def test_case_47_gap_overlap_and_open_end_are_faults_when_it_is_read(new: str, fault: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        checking.load(altered("SKILL_UP", (PER_YEAR, new)))

    assert fault in {one.code for one in refused.value.faults}
    assert {one.pointer.split("/")[2] for one in refused.value.faults} >= {"per_year_max"}


def test_case_47_a_parameter_that_ends_leaves_no_last_value() -> None:
    ends = PER_YEAR.replace("open_ended: true", "until: 2025-12-31")
    rule = checking.load(altered("SKILL_UP", (PER_YEAR, ends)))
    facts = base_of("SKILL_UP") | {"certificate_issued_on": "2026-01-01", "applied_on": "2026-02-01"}
    decision = rule.decide(example_facts(facts))

    assert (decision.verdict, decision.reason) == (Verdict.NO_RULE_IN_FORCE, "param:per_year_max")
    assert [row.name for row in checking.ending(rule, "2025-10-02", "2025-12-31")] == ["per_year_max"]
    assert checking.ending(rule, "2026-01-01", "2026-03-31") == []


def test_case_47_a_case_outside_the_table_goes_to_an_official() -> None:
    decision = decided("TRAIN_DAY", level="apprentice")

    assert (decision.verdict, decision.reason) == (Verdict.NO_RULE_IN_FORCE, "standard:share_pct")


# -- case 48: days at the edges


@pytest.mark.parametrize(
    ("issued", "prior_day", "verdict"),
    [
        ("2024-12-31", "2024-12-30", Verdict.GRANT),  # three a year, the last day of it
        ("2025-01-01", "2024-12-31", Verdict.GRANT),  # one a year, and none yet in the new one
        ("2025-01-02", "2025-01-01", Verdict.REFUSE),
        ("2017-05-14", "2017-01-01", Verdict.NO_RULE_IN_FORCE),  # the day before the rule
        ("2017-05-15", "2017-01-01", Verdict.GRANT),
    ],
)
def test_case_48_limits_change_with_the_day_and_years_are_calendar_years(
    issued: str, prior_day: str, verdict: Verdict
) -> None:
    decision = decided(
        "SKILL_UP",
        certificate_issued_on=issued,
        applied_on=issued,
        prior=[paid("SKILL_UP", prior_day, occupation="6-18-02-04", level="3")],
    )

    assert decision.verdict is verdict


@pytest.mark.parametrize(
    ("issued", "months", "due"),
    [
        ("2024-02-29", 12, "2025-02-28"),
        ("2023-02-28", 12, "2024-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2024-10-31", 4, "2025-02-28"),
        ("2024-12-31", 12, "2025-12-31"),
        ("9999-06-01", 12, "9999-12-31"),
    ],
)
def test_case_48_months_end_on_the_corresponding_day_or_the_last_of_the_month(
    issued: str, months: int, due: str
) -> None:
    assert evaluating.months_after(issued, months) == due


@pytest.mark.parametrize(
    ("issued", "applied", "verdict"),
    [
        ("2024-06-10", "2025-06-10", Verdict.GRANT),
        ("2024-06-10", "2025-06-11", Verdict.REFUSE),
        # 2025-06-21 and 22 are a weekend: the last day moves to Monday and no further.
        ("2024-06-21", "2025-06-23", Verdict.GRANT),
        ("2024-06-21", "2025-06-24", Verdict.REFUSE),
        # 2025-10-01 to 08 are holidays.
        ("2024-10-01", "2025-10-09", Verdict.GRANT),
        ("2024-10-01", "2025-10-10", Verdict.REFUSE),
        ("2024-06-10", "2024-06-09", Verdict.REFUSE),  # before it was issued
    ],
)
def test_case_48_the_last_day_to_apply_moves_to_a_working_day(
    issued: str, applied: str, verdict: Verdict
) -> None:
    assert decided("SKILL_UP", certificate_issued_on=issued, applied_on=applied).verdict is verdict


def test_case_48_a_day_is_a_beijing_day_and_nothing_finer() -> None:
    """2025-01-01 00:30 in Beijing is still 2024 in UTC: a fact that names an instant is refused."""
    instant = dt.datetime(2024, 12, 31, 16, 30, tzinfo=dt.UTC)
    with pytest.raises(FactRefused):
        Facts({"certificate_issued_on": Fact(instant.isoformat(), "test", "2025-01-01")})


# -- case 49: metamorphic


def test_case_49_a_higher_level_never_pays_less() -> None:
    for code, levels in {"SKILL_UP": ("5", "4", "3"), "TRAIN_DAY": ("5", "4", "3", "2", "1")}.items():
        amounts_fen = [decided(code, level=level).amount_fen for level in levels]

        assert amounts_fen == sorted(amounts_fen)
        assert amounts_fen[0] > 0


PRIOR = st.lists(
    st.fixed_dictionaries(
        {
            "claim": st.sampled_from([f"c{n}" for n in range(9)]),
            "kind": st.sampled_from(["SKILL_UP", "TRAIN", "TRAIN_DAY", "EVAL", "LIVING"]),
            "basis_date": st.sampled_from(
                ["2023-05-01", "2024-03-01", "2024-12-31", "2025-01-01", "2025-06-01"]
            ),
        },
        optional={
            "occupation": st.sampled_from(["6-31-01-03", "6-18-02-04"]),
            "level": st.sampled_from(["5", "4", "3", "2"]),
            "certificate": st.sampled_from(["entry-1", "entry-2"]),
        },
    ),
    max_size=5,
)


@settings(max_examples=300, deadline=None)
@given(
    PRIOR,
    PRIOR.filter(len),
    st.sampled_from(["SKILL_UP", "TRAIN", "TRAIN_DAY", "EVAL", "LIVING"]),
    st.sampled_from([None, True, False]),
)
def test_case_49_one_more_paid_claim_never_turns_a_refusal_into_a_grant(
    prior: list[dict[str, str]], more: list[dict[str, str]], code: str, shortage: bool | None
) -> None:
    extra = {"shortage": shortage} if code == "SKILL_UP" else {}
    before = decided(code, prior=prior, **extra)
    after = decided(code, prior=prior + more[:1], **extra)

    if before.verdict is Verdict.REFUSE:
        assert after.verdict is Verdict.REFUSE
        assert {c.id for c in before.failed} <= {c.id for c in after.failed}
    if after.verdict is Verdict.GRANT:
        assert before.verdict is Verdict.GRANT


@settings(max_examples=100, deadline=None)
@given(PRIOR, st.randoms(use_true_random=False), st.sampled_from(["SKILL_UP", "TRAIN", "EVAL"]))
def test_case_49_the_order_of_earlier_claims_does_not_matter(
    prior: list[dict[str, str]], random: Any, code: str
) -> None:
    mixed = prior[:]
    random.shuffle(mixed)
    one, other = decided(code, prior=prior), decided(code, prior=mixed)

    assert (one.verdict, one.amount_fen, one.failed) == (other.verdict, other.amount_fen, other.failed)


# -- case 50: what is missing is asked for


@pytest.mark.parametrize("code", sorted(SAMPLES))
def test_case_50_a_missing_fact_is_asked_for_and_never_refuses(code: str) -> None:
    rule = SAMPLES[code]
    for event in rule.formulas:
        facts = dict(base_of(code))
        for name in rule.facts & facts.keys():
            decision = rule.decide(example_facts({k: v for k, v in facts.items() if k != name}), event)

            assert decision.verdict in (Verdict.NEED_INFO, Verdict.GRANT), name
            if decision.verdict is Verdict.NEED_INFO:
                assert name in decision.missing


def test_case_50_without_any_fact_a_rule_asks_for_its_day() -> None:
    decision = SAMPLES["SKILL_UP"].decide(Facts({}))

    assert (decision.verdict, decision.missing) == (Verdict.NEED_INFO, ("certificate_issued_on",))


def test_case_50_what_is_missing_is_told_with_who_supplies_it() -> None:
    decision = decided("SKILL_UP", insured_months=8, drawing_unemployment=None)
    (lacking,) = explaining.explain(SAMPLES["SKILL_UP"], decision).missing

    assert (lacking.fact, lacking.supplier) == ("drawing_unemployment", "社会保险登记")


def test_case_50_what_cannot_change_the_answer_is_not_asked_for() -> None:
    assert decided("SKILL_UP", drawing_unemployment=None).verdict is Verdict.GRANT  # insured long enough
    refused = decided("SKILL_UP", cert_verified=False, deceased=None)
    assert (refused.verdict, refused.missing) == (Verdict.REFUSE, ())


@pytest.mark.parametrize(
    ("issued", "already", "verdict"),
    [
        ("2025-06-10", 0, Verdict.GRANT),  # below either limit
        ("2025-06-10", 1, Verdict.NEED_INFO),  # one a year, or three in short supply
        ("2025-06-10", 2, Verdict.NEED_INFO),
        ("2025-06-10", 3, Verdict.REFUSE),  # above either limit
    ],
)
def test_case_50_a_limit_that_hangs_on_an_unknown_flag(issued: str, already: int, verdict: Verdict) -> None:
    prior = [
        paid("SKILL_UP", f"2025-0{n + 1}-02", occupation=f"6-18-02-0{n}", level="3") for n in range(already)
    ]
    decision = decided(
        "SKILL_UP", certificate_issued_on=issued, applied_on=issued, shortage=None, prior=prior
    )

    assert decision.verdict is verdict
    assert ("shortage" in decision.missing) == (verdict is Verdict.NEED_INFO)


def test_case_50_an_earlier_subsidy_of_unknown_occupation_is_asked_about() -> None:
    unsure = decided("EVAL", prior=[paid("EVAL", "2020-01-01")])

    assert (unsure.verdict, unsure.missing) == (Verdict.NEED_INFO, ("prior",))


# -- case 52: altered files


def test_case_52_an_altered_file_is_no_longer_loaded(tmp_path: Any) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(pack.FOLDER, folder)
    assert len(pack.texts(folder)) == len(SAMPLES)
    path = folder / "EVAL.yaml"
    path.write_bytes(path.read_bytes().replace(b"value: 22000", b"value: 22001"))

    with pytest.raises(pack.RuleAltered, match=r"EVAL\.yaml"):
        pack.texts(folder)


@pytest.mark.parametrize("how", ["missing", "added"])
def test_case_52_a_file_that_nobody_pinned_is_not_loaded(tmp_path: Any, how: str) -> None:
    folder = tmp_path / "rules"
    shutil.copytree(pack.FOLDER, folder)
    if how == "missing":
        (folder / "EVAL.yaml").unlink()
    else:
        shutil.copy(folder / "EVAL.yaml", folder / "MORE.yaml")

    with pytest.raises(pack.RuleAltered):
        pack.texts(folder)


# -- the pack as a whole


def test_every_rule_of_the_pack_says_that_it_is_a_sample() -> None:
    assert set(SAMPLES) >= {"SKILL_UP", "TRAIN", "TRAIN_DAY", "LIVING", "EVAL", "APPRENTICE", "PROJECT"}
    for rule in SAMPLES.values():
        assert rule.sample
        assert "样例" in rule.head.document
        assert all("样例" in row.ref for rows in rule.params.rows.values() for row in rows)
        told = explaining.explain(
            rule, rule.decide(example_facts(rule.examples[0].given), rule.examples[0].event)
        )
        assert told.sample


@pytest.mark.parametrize("code", sorted({*SAMPLES} - {"WORK_TRAIN"}))
def test_a_sample_is_in_force_today_and_nothing_of_it_ends_soon(code: str) -> None:
    today = dt.datetime.now(dt.UTC).date()
    rule = SAMPLES[code]

    assert rule.head.first <= today.isoformat() <= rule.head.last
    assert checking.ending(rule, today.isoformat(), (today + dt.timedelta(days=90)).isoformat()) == []


def test_every_fact_of_the_vocabulary_names_a_supplier_with_words() -> None:
    for name in vocabulary():
        lacking = explaining.lacking(name)
        assert lacking.zh
        assert lacking.who


def test_a_trace_holds_every_clause_with_both_sides() -> None:
    decision = decided("SKILL_UP", insured_months=8)
    trace = {clause.id: (result, steps) for clause, result, steps in decision.trace}

    assert list(trace) == [f"SU-{n}" for n in range(1, 11)]
    assert trace["SU-1"] == (
        FAIL,
        (
            ("ge", "f.insured_months", 8, "p.insured_months_min", 12, FAIL),
            ("eq", "f.drawing_unemployment", False, "", True, FAIL),
        ),
    )


def test_no_two_samples_share_a_clause_id() -> None:
    for one, other in itertools.combinations(SAMPLES.values(), 2):
        assert not {c.words.id for c in one.clauses} & {c.words.id for c in other.clauses}


@pytest.mark.parametrize(
    ("code", "given", "basis"),
    [
        ("SKILL_UP", {}, ["高级2000元"]),
        ("TRAIN", {}, ["就业重点群体培训合格证书800元"]),
        (
            "TRAIN",
            {"certificate_kind": "level-certificate", "level": "3", "catalogue_fen": 250_000},
            ["等级证书、专项能力证书按目录标准", "目录补贴标准 2,500.00 元"],
        ),
        ("EVAL", {"fee_fen": 31_500}, ["评价收费的70%", "不低于220元", "评价收费 315.00 元"]),
        ("EVAL", {"fee_fen": 20_000}, ["评价收费的70%", "不低于220元"]),
    ],
)
def test_an_amount_names_what_it_would_be_another_without(
    code: str, given: dict[str, Any], basis: list[str]
) -> None:
    rule = pack.samples()[code]
    decision = rule.decide(example_facts({**rule.examples[0].given, **given}))
    told = explaining.explain(rule, decision).basis
    assert decision.verdict is Verdict.GRANT
    assert len(told) == len(basis)
    assert all(any(words in line for line in told) for words in basis), told
