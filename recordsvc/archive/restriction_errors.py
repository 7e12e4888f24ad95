"""What one restricted record refuses (限制处理的记录), beside what a restricted archive does.

ArchiveRestricted 423 ─── archive-restricted
└── RecordRestricted ──── record-restricted
TargetUnfit 422 ───────── target-unfit
└── TargetRestricted ──── target-restricted
"""

from recordsvc.archive.errors import ArchiveRestricted, TargetUnfit


class RecordRestricted(ArchiveRestricted):
    """The record is restricted: kept, and neither read nor used."""

    code = "record-restricted"
    title_zh = "这条记录已限制处理，暂停查阅和使用"
    title_en = "The record is restricted: it is kept, and neither read nor used"


class TargetRestricted(TargetUnfit):
    """The record acted on is restricted: what acts on it waits until that is lifted."""

    code = "target-restricted"
    title_zh = "所指的原记录已限制处理，须等待解除"
    title_en = "The record acted on is restricted; this waits until that is lifted"
    remedy_zh = "不必再报；解除限制后由工作人员放行。"
    remedy_en = "Nothing needs sending; officials release it once the restriction is lifted."
