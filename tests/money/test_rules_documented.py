"""`docs/rules.md`: its example is a rule, and it names every operator and form there is."""

import re
from pathlib import Path

from recordsvc.money.rules import checking
from recordsvc.money.rules.conditions import OPERATORS
from recordsvc.money.rules.decision import Verdict
from recordsvc.money.rules.parsing import WORDS

TEXT = (Path(__file__).resolve().parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")


def test_the_whole_rule_is_one_and_passes_its_own_tests() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)

    assert checking.load(example.encode()).code == "SMALL"


def test_every_operator_verdict_and_place_is_described() -> None:
    words = set(re.findall(r"[A-Za-z_]+", TEXT))

    assert {*OPERATORS, *Verdict, *WORDS, "value", "codes", "tiers", "by", "table"} <= words
