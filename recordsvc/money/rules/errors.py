"""What can go wrong with rules.

Problem
└── FormRefused
    └── RuleRefused ──── rule-refused
"""

from typing import NamedTuple

from recordsvc.ground.problems import FormRefused


class Fault(NamedTuple):
    """One thing that is wrong with the text of a rule; `pointer` is a JSON Pointer into it."""

    pointer: str
    code: str
    detail: str
    detail_en: str


class RuleRefused(FormRefused):
    """The text of a rule is not one: `errors` names every place."""

    code = "rule-refused"
    title_zh = "规则文本有误"
    title_en = "The text of the rule is not acceptable"
    remedy_zh = "请按 errors 中列出的位置逐项更正；写法见 docs/rules.md。"
    remedy_en = "Correct what errors points at; docs/rules.md tells how a rule is written."

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(errors=[fault._asdict() for fault in faults])
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(f"{fault.pointer}: {fault.detail_en}" for fault in self.faults)
