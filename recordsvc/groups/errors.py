"""What can go wrong with groups.

Problem
├── NotFound
│   ├── MemberUnknown ─────── group-member-unknown
│   ├── StatementUnknown ──── group-statement-unknown
│   └── WaitingUnknown ────── group-waiting-unknown
├── Conflict
│   ├── AlreadyStated ─────── group-already-stated
│   └── StatementOver ─────── group-statement-over
└── FormRefused
    └── StatementRefused ──── group-refused
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class MemberUnknown(NotFound):
    """No archive of this name and number lies in the department's area; which of it is not told."""

    code = "group-member-unknown"
    title_zh = "本辖区没有姓名和号码都相符的档案"
    title_en = "No archive of this name and number lies in your area"
    remedy_zh = "请对照证件逐位核对姓名和号码；本人还没有档案的，请本人先到经办窗口或随培训机构报送建立。"
    remedy_en = (
        "Compare name and number with the document; an archive begins with the first record or at a window."
    )


class StatementUnknown(NotFound):
    """There is no such statement of this department."""

    code = "group-statement-unknown"
    title_zh = "没有这条认定"
    title_en = "No such statement"
    remedy_zh = "请核对编号；每个部门只能办理自己作出的认定。"
    remedy_en = "Check the id; a department handles its own statements only."


class WaitingUnknown(NotFound):
    """Nothing of this department waits under this id."""

    code = "group-waiting-unknown"
    title_zh = "没有这项待复核的认定"
    title_en = "Nothing of your department waits under this id"
    remedy_zh = "请刷新待复核清单；每个部门只能复核本部门提出的认定。"
    remedy_en = "Read the list of what waits again; a department decides its own only."


class AlreadyStated(Conflict):
    """The department has stated this group of this person, and the statement is in force."""

    code = "group-already-stated"
    title_zh = "本部门已作出这项认定，仍然有效"
    title_en = "Your department has stated this already, and it is in force"
    remedy_zh = "请更正原来的认定，或先终止再重新认定。"
    remedy_en = "Correct that statement, or end it first."


class StatementOver(Conflict):
    """The statement was withdrawn or erased, or does not hold today."""

    code = "group-statement-over"
    title_zh = "这条认定已不再有效"
    title_en = "The statement is no longer in force"
    remedy_zh = "已撤回的认定不能再改；仍属该类人员的，请重新认定。"
    remedy_en = "What was withdrawn is not changed; state it anew if it holds."


class StatementRefused(FormRefused):
    """What cannot be stated: a group of another department, days in a wrong order, a number in a text."""

    code = "group-refused"
    title_zh = "认定内容有误"
    title_en = "The statement is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."
