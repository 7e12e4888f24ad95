"""What can go wrong with institutions.

Problem
├── NotFound
│   └── InstitutionUnknown ── institution-unknown
├── Conflict
│   └── InstitutionKnown ──── institution-known
└── FormRefused
    └── FactRefused ───────── institution-fact
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class InstitutionUnknown(NotFound):
    """No institution with this code has been entered."""

    code = "institution-unknown"
    title_zh = "没有登记过该机构"
    title_en = "No such institution"
    remedy_zh = "请核对统一社会信用代码；新机构请先登记。"
    remedy_en = "Check the unified social credit code; enter a new institution first."


class InstitutionKnown(Conflict):
    """The institution was entered before: its facts are added to, not entered again."""

    code = "institution-known"
    title_zh = "该机构已经登记"
    title_en = "The institution is already entered"
    remedy_zh = "如名称、类别或有效期有变，请追加变更事实。"
    remedy_en = "Append a fact where name, kind or validity has changed."


class FactRefused(FormRefused):
    """A fact that cannot be: not a code, not a day, a last day before the first, an unknown kind."""

    code = "institution-fact"
    title_zh = "机构信息有误"
    title_en = "The fact about the institution is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."
