"""What is typed on the pages of departments (认定表单): fields with their words, and the forms."""

from typing import Final

from recordsvc.ground.forms import Form, Identifier, text
from recordsvc.web.desk_forms import CASE, MOST, Field

SOURCES: Final = (
    ("certificate", "证件、证书"),
    ("shared-database", "本部门数据库"),
    ("commitment", "承诺书"),
)
RESULTS: Final = {"passed": "合格", "failed": "不合格", "not-assessed": "未考核"}
LIVES: Final = {
    "active": ("有效", "good"),
    "revoked": ("已撤回", "mute"),
    "restricted": ("已限制处理", "mute"),
    "erased": ("已删除", "mute"),
}
SOURCE: Final = Field("source", "认定依据", "choice", rows=SOURCES)
REFERENCE: Final = Field("source_reference", "证件或文书编号", hint="可不填；不要写身份证号码。", most=80)
CHECKED: Final = Field("checked_on", "核查日期", "day")
WHY: Final = Field("reason", "原因", "area", hint="本人会看到。最多 400 字，不要写号码。")
WHO: Final = (
    Field("name", "姓名", most=80),
    Field("document", "证件种类", "choice", table="identity_documents"),
    Field("number", "证件号码", hint="对照证件逐位核对。", most=40),
)
STATE: Final = (
    *WHO,
    Field("group", "人员类别", "choice"),
    Field("valid_from", "起始日期", "day"),
    Field("valid_to", "终止日期", "day", hint="可不填，即仍然有效；填写的当天仍然有效。"),
    SOURCE,
    REFERENCE,
    CHECKED,
    CASE,
)
CORRECT: Final = (
    Field("valid_from", "起始日期", "day"),
    Field("valid_to", "终止日期", "day", hint="清空即仍然有效。"),
    SOURCE,
    REFERENCE,
    CHECKED,
    WHY,
)
END: Final = (Field("valid_to", "最后一天", "day"), WHY)
WITHDRAW: Final = (WHY,)
DECIDE: Final = (Field("reason", "复核意见", "area", hint="最多 400 字，不要写号码。", most=MOST),)
TAKE_BACK: Final = (Field("reason", "撤回原因", "area", hint="最多 400 字，不要写号码。", most=MOST),)
MEMBERS: Final = (
    ("valid_from", "起始日期"),
    ("valid_to", "终止日期"),
    ("source", "认定依据"),
    ("source_reference", "证件或文书编号"),
    ("checked_on", "核查日期"),
)
"""What a statement says beside its group, in words."""
TRAININGS: Final = (CASE,)


class GroupsPageQuery(Form):
    """For which case (sealed), which group, and where the list goes on."""

    look = text(0, 400, load_default="")
    group = text(0, 40, load_default="")
    before = Identifier(load_default=None)


class CasePageForm(Form):
    """For which case the list is opened, or the statement, as typed."""

    case_ref = text(0, 200, load_default="")
    statement = Identifier(load_default=None)
    waits = text(0, 1, load_default="")


class WaitingPageForm(Form):
    """The second officer's word as typed."""

    look = text(0, 400, load_default="")
    how = text(0, 10, load_default="")
    reason = text(0, MOST, load_default="")


class StatementPageQuery(Form):
    """For which case (sealed)."""

    look = text(0, 400, load_default="")


class StatePageForm(Form):
    """A statement as typed."""

    name = text(0, 200, load_default="")
    document = text(0, 40, load_default="")
    number = text(0, 100, load_default="")
    group = text(0, 40, load_default="")
    valid_from = text(0, 20, load_default="")
    valid_to = text(0, 20, load_default="")
    source = text(0, 40, load_default="")
    source_reference = text(0, 200, load_default="")
    checked_on = text(0, 20, load_default="")
    case_ref = text(0, 200, load_default="")


class CorrectPageForm(Form):
    """A correction as typed; what is empty is taken away."""

    look = text(0, 400, load_default="")
    valid_from = text(0, 20, load_default="")
    valid_to = text(0, 20, load_default="")
    source = text(0, 40, load_default="")
    source_reference = text(0, 200, load_default="")
    checked_on = text(0, 20, load_default="")
    reason = text(0, MOST, load_default="")


class EndStatementPageForm(Form):
    """The last day as typed, and why."""

    look = text(0, 400, load_default="")
    valid_to = text(0, 20, load_default="")
    reason = text(0, MOST, load_default="")


class WithdrawPageForm(Form):
    """Why it was stated in error, as typed."""

    look = text(0, 400, load_default="")
    reason = text(0, MOST, load_default="")


class TrainingsPageForm(Form):
    """For which case, as typed."""

    look = text(0, 400, load_default="")
    case_ref = text(0, 200, load_default="")
