"""What can go wrong with classes.

Problem
├── NotFound
│   └── ClassUnknown ───── class-unknown
├── Conflict
│   ├── ClassClosed ────── class-closed
│   ├── RosterTaken ────── class-roster-taken
│   └── OwnSheet ───────── class-own-sheet
└── FormRefused
    └── ClassRefused ───── class-refused
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class ClassUnknown(NotFound):
    """There is no such class, or it is not of whoever asks."""

    code = "class-unknown"
    title_zh = "没有这个班级"
    title_en = "No such class"
    remedy_zh = "请核对编号；教师只能看到自己任课期间的班级，由机构经办安排。"
    remedy_en = "Check the id; teachers see the classes they are assigned to, within the dates of that."


class ClassClosed(Conflict):
    """The sheet is not in the state in which this may be done."""

    code = "class-closed"
    title_zh = "这张表现在不能这样办理"
    title_en = "The sheet is not in a state for this"
    remedy_zh = "填写中的表由教师提交，提交后由签发人退回或签发；请刷新后按现在的状态办理。"
    remedy_en = "Teachers submit open sheets, signers return or sign submitted ones; read its state again."


class RosterTaken(Conflict):
    """The signer has taken the roster: who leaves it now would be signed for all the same."""

    code = "class-roster-taken"
    title_zh = "签发人已取走名册"
    title_en = "The signer has taken the roster"
    remedy_zh = "请签发人先退回这张表，再移出学员。"
    remedy_en = "The signer sends the sheet back first; then take the learner out."


class OwnSheet(Conflict):
    """Who handed the sheet over would sign it, too."""

    code = "class-own-sheet"
    title_zh = "提交人不能签发自己提交的表"
    title_en = "Who submitted a sheet does not sign it"
    remedy_zh = "请由本单位另一名签发人办理。"
    remedy_en = "Let another signer of the institution do it."


class ClassRefused(FormRefused):
    """Something of a class cannot be: a day outside it, an unknown code, a learner twice, a mark missing."""

    code = "class-refused"
    title_zh = "班级内容有误"
    title_en = "The class is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."
