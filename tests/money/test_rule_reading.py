"""The text of a rule: what it may hold, and that everything else is refused where it stands."""

import pytest

from recordsvc.money.rules import checking, reading
from recordsvc.money.rules.errors import RuleRefused

GOOD = """
rule: SMALL
title: 小规则
document: 某文件
funds: [EMPLOY_SUBSIDY]
payee: person
basis_date: training_started_on
from: 2024-01-01
open_ended: true
params:
  rate_fen: [{from: 2024-01-01, open_ended: true, value: 100, ref: 某条}]
  least: [{from: 2024-01-01, open_ended: true, value: 5, ref: 某条}]
clauses:
  - {id: S-1, article: 第一条, text: 天数够, ge: [f.days_attended, p.least]}
amount: f.days_attended * p.rate_fen
base: {training_started_on: 2024-02-01, days_attended: 6}
tests:
  - {given: {}, expect: {GRANT: 600}}
  - {given: {days_attended: 4}, expect: {REFUSE: S-1}}
"""

AMOUNT = "amount: f.days_attended * p.rate_fen"
BOUND = "ge: [f.days_attended, p.least]"


def faults(text: str) -> dict[str, str]:
    with pytest.raises(RuleRefused) as refused:
        checking.load(text.encode())
    assert refused.value.errors
    # The first fault of a place: a clause that can decide nothing is then untested, too.
    return {one.pointer: one.code for one in reversed(refused.value.faults)}


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, GOOD.count(old)
    return GOOD.replace(old, new)


def test_the_small_rule_is_good() -> None:
    assert checking.load(GOOD.encode()).code == "SMALL"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("a: 1\na: 2", "repeated"),
        ("a: &x [1]\nb: *x", "alias"),
        ("a: 1\n---\nb: 2", "yaml"),
        ("a: [1", "yaml"),
        ("- 1", "mapping"),
        ("", "mapping"),
        ("a: !!python/object:os.system x", "value"),
        ("a: " + "[" * 40 + "]" * 40, "depth"),
        ("a: " + "[" * 20_000, "depth"),
        ("a: " + "1" * 19, "value"),
        ("[1]: 2", "key"),
        ("x" * (reading.MAX_BYTES + 1), "size"),
    ],
)
def test_what_yaml_allows_and_a_rule_does_not(text: str, code: str) -> None:
    with pytest.raises(RuleRefused) as refused:
        reading.read(text.encode())

    assert {one.code for one in refused.value.faults} == {code}


def test_bytes_that_are_no_utf8_are_refused() -> None:
    with pytest.raises(RuleRefused):
        reading.read("规则".encode("gb18030"))


def test_words_stay_words() -> None:
    """YAML 1.1 reads these as true, false, 7.5, 8, a base-60 number and a day."""
    read = reading.read(b"a: [yes, no, on, 7.5, 010, 1:30, 2024-01-01, ~]")

    assert read == {"a": ["yes", "no", "on", "7.5", "010", "1:30", "2024-01-01", "~"]}


@pytest.mark.parametrize(
    ("old", "new", "pointer", "code"),
    [
        ("title: 小规则", "titel: 小规则", "/titel", "unknown"),
        ("rule: SMALL", "rule: small", "/rule", "code"),
        ("payee: person", "payee: anybody", "/payee", "payee"),
        ("funds: [EMPLOY_SUBSIDY]", "funds: []", "/funds", "funds"),
        ("basis_date: training_started_on", "basis_date: today", "/basis_date", "fact"),
        ("basis_date: training_started_on", "basis_date: hours", "/basis_date", "fact"),
        ("value: 100", "value: 0.5", "/params/rate_fen/0/value", "number"),
        ("value: 100", "value: -1", "/params/rate_fen/0/value", "number"),
        ("value: 5, ref: 某条", "value: 5", "/params/least/0/ref", "ref"),
        (
            "{from: 2024-01-01, open_ended: true, value: 5",
            "{from: 2024-02-30, open_ended: true, value: 5",
            "/params/least/0/from",
            "day",
        ),
        ("value: 5", "tiers: [[10, 1], [5, 1]]", "/params/least/0/tiers", "tiers"),
        ("value: 5", "by: {levle: {5: 1}}", "/params/least/0/by", "by"),
        (
            "value: 5",
            'table: [{level: "5", value: 1}, {group: x, value: 2}]',
            "/params/least/0/table/1",
            "unique",
        ),
        ("value: 5", "value: 5, codes: [x]", "/params/least/0", "form"),
        (BOUND, "gte: [f.days_attended, p.least]", "/clauses/0/gte", "unknown"),
        (BOUND, "ge: [f.day_attended, p.least]", "/clauses/0/ge/0", "fact"),
        (BOUND, "ge: [f.days_attended, p.most]", "/clauses/0/ge/1", "param"),
        (BOUND, "ge: [f.days_attended, true]", "/clauses/0/ge", "type"),
        (BOUND, "ge: [f.level, f.group]", "/clauses/0/ge", "type"),
        (BOUND, "ge: [f.days_attended]", "/clauses/0/ge", "type"),
        (BOUND, "in: [f.days_attended, [x]]", "/clauses/0/in", "type"),
        (BOUND, "all: [{ge: [f.hours, 1]}]", "/clauses/0/all", "list"),
        (BOUND, "unique: [person]", "/clauses/0/unique", "same"),
        (BOUND, "unique: [level]", "/clauses/0/unique", "same"),
        (BOUND, "quota: {key: [person]}", "/clauses/0/quota/max", "missing"),
        (BOUND, "quota: {key: [person], max: p.least, mx: 1}", "/clauses/0/quota/mx", "unknown"),
        (BOUND, "none_paid: {kinds: [], same: [person]}", "/clauses/0/none_paid/kinds", "kinds"),
        ("article: 第一条, ", "", "/clauses/0/article", "text"),
        ("text: 天数够", 'text: 天数够, tell: "{f.nothing}"', "/clauses/0/tell", "place"),
        ("text: 天数够", "text: 天数够, eq: [f.hours, 1]", "/clauses/0", "operator"),
        (AMOUNT, "amount: f.days_attended / p.rate_fen", "/amount", "formula"),
        (AMOUNT, "amount: f.days_attended * 1.5", "/amount", "formula"),
        (AMOUNT, "amount: __import__('os').getpid()", "/amount", "formula"),
        (AMOUNT, "amount: f.__class__", "/amount", "formula"),
        (AMOUNT, "amount: f.level * p.rate_fen", "/amount", "formula"),
        (AMOUNT, "amount: mul_pct(f.hours, 70)", "/amount", "formula"),
        (AMOUNT, "amount: mul_pct(f.hours, 70, near)", "/amount", "formula"),
        (AMOUNT, "amount: tier(f.hours, p.rate_fen)", "/amount", "param"),
        (AMOUNT, "amount: count(f.days, paid) * p.rate_fen", "/amount", "formula"),
        (AMOUNT, "amount: p.rate_fne", "/amount", "param"),
        (AMOUNT, "amount: f.days_attended", "/params/rate_fen", "unused"),
        (AMOUNT, "x: 1", "", "amount"),
        ("{GRANT: 600}", "{GRANT: 601}", "/tests/0", "test"),
        ("{REFUSE: S-1}", "{REFUSE: S-2}", "/tests/1", "test"),
        ("{REFUSE: S-1}", "REFUSE", "/tests/1/expect", "expect"),
        ("{REFUSE: S-1}", "{GRANTED: 1}", "/tests/1/expect", "expect"),
        ("days_attended: 6}", "days_atended: 6}", "/tests/0/given", "fact"),
        ("  - {given: {days_attended: 4}, expect: {REFUSE: S-1}}\n", "", "/clauses/0", "untested"),
        ("  - {given: {}, expect: {GRANT: 600}}\n", "", "/amount", "untested"),
    ],
)
def test_a_fault_is_named_where_it_stands(old: str, new: str, pointer: str, code: str) -> None:
    assert faults(changed(old, new)).get(pointer) == code


@pytest.mark.parametrize(
    ("clause", "code"),
    [
        ("{id: S-2, article: 第二条, text: x, ge: [f.days_attended, 3]}", "unreachable"),
        ("{id: S-2, article: 第二条, text: x, gt: [f.days_attended, 4]}", "unreachable"),
        ("{id: S-2, article: 第二条, text: x, lt: [f.days_attended, 5]}", "never"),
        ("{id: S-2, article: 第二条, text: x, ge: [f.days_attended, p.least]}", "unreachable"),
        ("{id: S-2, article: 第二条, text: x, ge: [3, 2]}", "constant"),
        ("{id: S-2, article: 第二条, text: x, all: [{ge: [f.hours, 5]}, {lt: [f.hours, 5]}]}", "never"),
        ("{id: S-2, article: 第二条, text: x, any: [{ge: [f.hours, 5]}, {lt: [f.hours, 6]}]}", "always"),
    ],
)
def test_a_clause_that_can_decide_nothing_is_a_fault(clause: str, code: str) -> None:
    found = faults(changed("amount:", f"  - {clause}\namount:"))

    assert code in found.values()


def test_a_tighter_clause_makes_the_looser_one_the_fault() -> None:
    found = faults(
        changed("amount:", "  - {id: S-2, article: 第二条, text: x, ge: [f.days_attended, 9]}\namount:")
    )

    assert found["/clauses/0"] == "unreachable"


def test_everything_wrong_is_told_at_once() -> None:
    text = changed("title: 小规则", "").replace("value: 100", "value: x").replace("f.days_attended,", "f.x,")

    assert {"/title", "/params/rate_fen/0/value", "/clauses/0/ge/0"} <= faults(text).keys()
