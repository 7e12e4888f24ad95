"""What can go wrong with the case that a look rests on.

Problem
├── NotFound
│   └── CaseForeign ───────── not-found   (like nobody)
└── FormRefused
    └── CaseRefused ───────── case-ref
        ├── CaseNames ─────── case-names
        ├── CaseShape ─────── case-shape
        └── CaseUnknown ───── case-unknown
"""

from recordsvc.ground.problems import FormRefused, NotFound


class CaseRefused(FormRefused):
    """A case reference holds a number of a person; the worker would read it, and it stays."""

    code = "case-ref"
    title_zh = "案卷号里不能写个人号码"
    title_en = "A case reference holds no number of a person"
    remedy_zh = "请写案卷或受理编号；不写姓名、证件号码、卡号和电话号码，各段用字母或短横隔开。"
    remedy_en = "Write the case's own number, its parts kept apart by letters or dashes; nobody's number."


class CaseNames(CaseRefused):
    """A case reference says who it is about; the row of the look is there, without the reference."""

    code = "case-names"
    title_zh = "案卷号里不能写当事人的姓名、号码或出生日期"
    title_en = "A case reference does not say the name, number or birthday of whom it is about"
    remedy_zh = "请只写案卷或受理编号。已经查到本人的，这次查阅已有记录，本人看得到，案卷号没有保存。"
    remedy_en = "Write the case's own number alone. A look that found the person is recorded without it."


class CaseShape(CaseRefused):
    """An outside reference in no form that the purpose takes, or of a year to come; nobody was looked for."""

    code = "case-shape"
    title_zh = "案卷号不是这一查阅目的可用的写法"
    title_en = "No form of a case reference that this purpose takes"
    remedy_zh = "请照文书上的编号写，年份不晚于今年；本系统的案件写它的编号。"
    remedy_en = "Write the number as it stands on the paper, of no year to come; a case of ours by its id."


class CaseUnknown(CaseRefused):
    """A case of ours that is not there, or not for this purpose; nobody was looked for."""

    code = "case-unknown"
    title_zh = "没有这个案件"
    title_en = "No such case"
    remedy_zh = "请核对案件编号和查阅目的；外部案号不要写成本系统的编号。"
    remedy_en = "Check the case's id and the purpose; outside references hold no id of ours."


class CaseForeign(NotFound):
    """A case of ours that is not about whom the look is: they are answered like nobody; the row is there."""
