"""Why the desk makes no login code for a person of an institution.

Problem
├── HeadMakesCodes 409 ─ staff-code-head
└── CodeUndecided 409 ── staff-code-undecided
"""

from recordsvc.ground.problems import Conflict


class HeadMakesCodes(Conflict):
    """The desk makes no code for somebody whose own institution can make it."""

    code = "staff-code-head"
    title_zh = "登录码应由本单位经办负责人生成"
    title_en = "The institution's own head makes this login code"
    remedy_zh = "请由该单位的经办负责人生成；单位没有经办负责人的，先登记一名。"
    remedy_en = "A head of the institution makes it; where there is none, propose one first."


class CodeUndecided(Conflict):
    """No code was decided by two that is not used up, or by others than who asks."""

    code = "staff-code-undecided"
    title_zh = "没有可以生成的登录码"
    title_en = "No login code was decided that may be made"
    remedy_zh = "请先提出，由另一名登记员批准；批准后三日内，由两人中的一人生成一次。"
    remedy_en = "Propose it, have another registrar approve; then one of the two makes it once in three days."
