"""What can go wrong with funds.

Problem
├── NotFound
│   └── LineUnknown ────── budget-line-unknown
└── FormRefused
    └── MoveRefused ────── budget-move
"""

from recordsvc.ground.problems import FormRefused, NotFound


class LineUnknown(NotFound):
    """There is no such budget line."""

    code = "budget-line-unknown"
    title_zh = "没有这条预算"
    title_en = "No such budget line"
    remedy_zh = "请核对资金、年度、区划和补贴项目；预算下达后才有这一条。"
    remedy_en = "Check fund, year, division and kind; a line exists once a budget was allotted to it."


class MoveRefused(FormRefused):
    """A move that cannot be: a kind the fund may not pay, an unknown division, no amount, one line twice."""

    code = "budget-move"
    title_zh = "预算事项有误"
    title_en = "The move of a budget is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."
