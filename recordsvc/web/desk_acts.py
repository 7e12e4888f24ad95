"""The acts of the desk on an archive (档案事项): one table of who may, what is asked, and what proposes it.

A row names the policy of the act's API door, judges by that door's form and proposes by its function, so that
page and interface cannot differ. `desk_act_routes.py` makes two doors of each row.
"""

from dataclasses import dataclass
from typing import Final

from recordsvc.archive import closing, foreign, life_asks, life_forms
from recordsvc.archive.life_asks import Ask
from recordsvc.ground.forms import Form
from recordsvc.people.standing import RESTRICTED
from recordsvc.web.desk_forms import Field
from recordsvc.web.services import house


@dataclass(frozen=True, slots=True)
class DeskAct:
    """One act; `person` is the member that a number found here fills, `papers` how many are needed at least.

    `states` are those of archives that it is offered for; `record`: on one record of such an archive.
    """

    name: str
    policy: str
    title: str
    effect: str
    states: frozenset[str]
    schema: type[Form]
    ask: Ask
    fields: tuple[Field, ...]
    person: str = ""
    papers: int | None = None
    record: bool = False
    of_type: str = ""
    """Type of the records that it is offered for; empty: every type."""
    of_sealed: bool = False
    """Done to a restricted record; else to one that is not."""
    erases: bool = False
    sealed: bool = False
    """Papers are filed beside a restricted archive; none that lies there is listed."""
    awaited: bool = False
    """Done to a restricted archive, too, that is sealed since a restore for just this."""

    def fits(self, worker_id: bytes, state: str) -> bool:
        """Tell whether it is offered for an archive in this state."""
        if state in self.states:
            return True
        if not (self.awaited and state == RESTRICTED):
            return False
        with house().db.read() as conn:
            return closing.awaits(house(), conn, worker_id)

    def beside(self, worker_id: bytes, state: str) -> bool:
        """Tell whether its papers are filed beside an archive in this state of which none is listed."""
        return self.sealed or (self.awaited and state == RESTRICTED and self.fits(worker_id, state))


def _ground(table: str, act: str = "") -> Field:
    return Field("ground", "依据", "choice", table=table, act=act)


TEXT: Final = Field("text", "说明", "area", hint="写清事实和依据，最多 400 字，不要写姓名和号码。")
_OPEN: Final = frozenset({"open"})
_CLOSED: Final = frozenset({"closed"})
_SEALED: Final = frozenset({"restricted"})

ACTS: Final = (
    DeskAct(
        "merge",
        "archive.change",
        "合并到另一份档案",
        "两份档案是同一个人的：批准后，这份并入另一份一同查阅，两份的记录都保留，可以撤回。",
        _OPEN | _CLOSED,
        life_forms.MergeForm,
        life_asks.merge,
        (_ground("merge_grounds", "merge"), TEXT),
        person="into",
        papers=1,
    ),
    DeskAct(
        "unmerge",
        "archive.change",
        "撤回合并",
        "批准后，两份档案各自独立；合并期间记错的记录另行移动。",
        frozenset({"merged"}),
        life_forms.ProvenForm,
        life_asks.unmerge,
        (_ground("merge_grounds", "unmerge"), TEXT),
        papers=1,
    ),
    DeskAct(
        "close",
        "archive.change",
        "关闭档案（死亡）",
        "批准后，档案仍可查阅，不再收录新记录。须有收存的死亡证明，或登记系统查询结果的打印件。",
        _OPEN,
        life_forms.ClosureForm,
        life_asks.close,
        (_ground("closure_grounds", "close"), Field("on", "死亡日期", "day"), TEXT),
        papers=1,
        awaited=True,
    ),
    DeskAct(
        "reopen",
        "archive.change",
        "恢复误关的档案",
        "批准后，档案恢复收录。",
        _CLOSED,
        life_forms.ReopeningForm,
        life_asks.reopen,
        (TEXT,),
    ),
    DeskAct(
        "relatives",
        "archive.change",
        "向近亲属提供副本",
        "批准后三十日内，可以制作一份副本。",
        _CLOSED,
        life_forms.RelativeForm,
        life_asks.copy,
        (Field("relation", "与死者的关系", hint="例如：配偶、子女。不要写姓名。", most=40), TEXT),
        papers=1,
    ),
    DeskAct(
        "unrestrict",
        "archive.erase",
        "解除限制",
        "批准后，档案恢复查阅和使用。",
        _SEALED,
        life_forms.SupportedForm,
        life_asks.unrestrict,
        (_ground("restriction_grounds", "lift"), TEXT),
        papers=0,
        sealed=True,
    ),
    DeskAct(
        "hold",
        "archive.hold",
        "依法调取副本",
        "凭调取文书。批准后三十日内，由个人信息保护负责人制作一次副本，交给调取的机关；档案仍受限制。",
        _SEALED,
        life_forms.ProvenForm,
        life_asks.hold,
        (_ground("hold_grounds"), TEXT),
        papers=1,
        sealed=True,
    ),
    DeskAct(
        "erase",
        "archive.erase",
        "删除整份档案",
        "批准后立即销毁密钥和全部内容，任何人都不能恢复。",
        _SEALED,
        life_forms.SupportedForm,
        life_asks.erase,
        (_ground("erasure_grounds", "erase"), TEXT),
        papers=0,
        erases=True,
        sealed=True,
    ),
    DeskAct(
        "move",
        "archive.change",
        "移到另一人的档案",
        "记录记错了人：批准后，原处撤销，同样内容记入另一人的档案，由登记机关陈述。",
        _OPEN,
        life_forms.MoveForm,
        life_asks.move,
        (TEXT,),
        person="to",
        papers=1,
        record=True,
    ),
    DeskAct(
        "trust",
        "archive.change",
        "改定可信等级",
        "外省材料：批准后，登记机关以更正写明新的可信等级，以及怎样、何时、由谁核实。",
        _OPEN,
        life_forms.TrustForm,
        life_asks.trust,
        (
            Field("trust", "可信等级", "choice", table="trust_levels", act="word"),
            Field(
                "method",
                "怎样核实的（只见复印件的可以不填）",
                hint="例如：窗口核对原件、全国联网查询。",
                most=120,
            ),
            Field("on", "核实日期（写了怎样核实的必填）", "day"),
            Field("by", "谁核实的（写了怎样核实的必填）", hint="岗位或单位，不写姓名。", most=120),
            Field("reference", "核实编号（可以不填）", hint="查询编号或复函文号。", most=80),
            TEXT,
        ),
        papers=0,
        record=True,
        of_type=foreign.TYPE,
    ),
    DeskAct(
        "restrict",
        "archive.erase",
        "限制处理这条记录",
        "批准后，这条记录封存：保存但不显示、不提供，也不计入任何用途；其余记录不受影响。解除须两人办理。",
        _OPEN | _CLOSED,
        life_forms.RecordCaseForm,
        life_asks.restrict_record,
        (_ground("restriction_grounds", "restrict"), TEXT),
        papers=0,
        record=True,
    ),
    DeskAct(
        "unrestrict",
        "archive.erase",
        "解除这条记录的限制",
        "批准后，这条记录恢复查阅和使用。",
        _OPEN | _CLOSED,
        life_forms.RecordCaseForm,
        life_asks.lift_record,
        (_ground("restriction_grounds", "lift"), TEXT),
        papers=0,
        record=True,
        of_sealed=True,
    ),
    DeskAct(
        "hold",
        "archive.hold",
        "依法调取这条记录",
        "凭调取文书。批准后三十日内，由个人信息保护负责人制作一次副本，只打开这一条，交给调取的机关；记录仍受限制。",
        _OPEN | _CLOSED,
        life_forms.RecordProvenForm,
        life_asks.hold_record,
        (_ground("hold_grounds"), TEXT),
        papers=1,
        record=True,
        of_sealed=True,
    ),
    DeskAct(
        "erase",
        "archive.erase",
        "删除这条记录",
        "批准后立即销毁这条记录的内容，和只与它有关的材料，任何人都不能恢复。",
        _OPEN | _CLOSED,
        life_forms.RecordCaseForm,
        life_asks.erase_record,
        (_ground("erasure_grounds", "erase"), TEXT),
        record=True,
        of_sealed=True,
        erases=True,
    ),
)
"""What two officials decide; the first proposes here."""

RESTRICT_FIELDS: Final = (_ground("restriction_grounds", "restrict"), TEXT)
"""The one act on an archive that takes one person, at once (`archive.restrict`)."""
