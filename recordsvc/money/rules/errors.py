"""What can go wrong with rules.

Problem
├── NotFound
│   ├── RuleUnknown ───────── rule-unknown
│   └── DecisionUnknown ───── decision-unknown
├── Conflict
│   ├── RuleKnown ─────────── rule-known
│   ├── RuleStateWrong ────── rule-state
│   └── ExtractKnown ──────── extract-known
└── FormRefused
    ├── RuleRefused ───────── rule-refused
    ├── CatalogueRefused ──── catalogue-refused
    └── ExtractRefused ────── extract-refused
"""

from collections.abc import Sequence
from typing import NamedTuple

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class Fault(NamedTuple):
    """One thing that is wrong; `pointer` is a JSON Pointer into what was given."""

    pointer: str
    code: str
    detail: str
    detail_en: str


class RuleUnknown(NotFound):
    """No such rule, or no version with this hash."""

    code = "rule-unknown"
    title_zh = "没有这项规则或这个版本"
    title_en = "No such rule, or no such version"
    remedy_zh = "请核对规则代码或文本哈希。"
    remedy_en = "Check the code of the rule or the hash of its text."


class DecisionUnknown(NotFound):
    """No such decision of this worker."""

    code = "decision-unknown"
    title_zh = "没有这项审核结论"
    title_en = "No such decision"
    remedy_zh = "请核对编号。"
    remedy_en = "Check the identifier."


class RuleKnown(Conflict):
    """A version with this very text is there already."""

    code = "rule-known"
    title_zh = "相同文本的规则版本已经存在"
    title_en = "A version with this very text exists"
    remedy_zh = "请在已有版本上办理；要改内容请提交新文本。"
    remedy_en = "Go on with that version; a change is a new text."


class RuleStateWrong(Conflict):
    """The version is not in the state that this step needs."""

    code = "rule-state"
    title_zh = "规则版本的状态不允许此项办理"
    title_en = "The state of the version does not allow this"
    remedy_zh = "次序为：起草、校验、模拟、复核、发布。"
    remedy_en = "The order is: draft, check, simulate, review, publish."


class ExtractKnown(Conflict):
    """This register's extract of this day, or a newer one, was taken before."""

    code = "extract-known"
    title_zh = "该登记当日或更新的提取表已经导入"
    title_en = "An extract of that day or a newer one was taken before"
    remedy_zh = "请导入更新日期的提取表。"
    remedy_en = "Take an extract of a later day."


class _Listed:
    """Of a document in which several places are wrong."""

    def __init__(self, faults: Sequence[Fault] = ()) -> None:
        super().__init__(errors=[fault._asdict() for fault in faults])  # type: ignore[call-arg]
        self.faults = tuple(faults)

    def __str__(self) -> str:
        return "; ".join(f"{fault.pointer}: {fault.detail_en}" for fault in self.faults)


class RuleRefused(_Listed, FormRefused):
    """The text of a rule is not one: `errors` names every place."""

    code = "rule-refused"
    title_zh = "规则文本有误"
    title_en = "The text of the rule is not acceptable"
    remedy_zh = "请按 errors 中列出的位置逐项更正；写法见 docs/rules.md。"
    remedy_en = "Correct what errors points at; docs/rules.md tells how a rule is written."


class CatalogueRefused(_Listed, FormRefused):
    """Rows of a catalogue are wrong: `errors` names each; nothing was entered."""

    code = "catalogue-refused"
    title_zh = "目录中有错误的行"
    title_en = "Rows of the catalogue are not acceptable"
    remedy_zh = "请按 errors 中列出的行逐项更正后重新提交。"
    remedy_en = "Correct the rows that errors points at and send the whole again."


class ExtractRefused(_Listed, FormRefused):
    """A file that is no extract of the register: encoding, header, or day."""

    code = "extract-refused"
    title_zh = "不是合格的登记提取表"
    title_en = "The file is no extract of this register"
    remedy_zh = "请按 docs/rules.md 的表头重新提取。"
    remedy_en = "Extract it again with the headings that docs/rules.md names."
