"""Why a correction, revocation or restoration is not taken although its target stands: it would do nothing.

TargetUnfit 422 ── target-unfit
├── AlreadyRevoked ─── already-revoked
├── NothingToRestore ─ nothing-to-restore
└── ChangesNothing ─── changes-nothing
"""

from recordsvc.archive.errors import TargetUnfit


class AlreadyRevoked(TargetUnfit):
    """What is to be revoked is revoked already."""

    code = "already-revoked"
    title_zh = "原记录已经撤销，不能再撤销一次"
    title_en = "The record acted on is revoked already"
    remedy_zh = "不必再报；如撤销有误，请报恢复。"
    remedy_en = "Nothing needs sending; if the revocation was wrong, send a restoration."


class NothingToRestore(TargetUnfit):
    """What is to be restored is not revoked."""

    code = "nothing-to-restore"
    title_zh = "原记录没有被撤销，无可恢复"
    title_en = "The record acted on is not revoked, so there is nothing to restore"
    remedy_zh = "不必再报；请核对所指的记录编号。"
    remedy_en = "Nothing needs sending; check which record was meant."


class ChangesNothing(TargetUnfit):
    """A correction would leave the record as it is."""

    code = "changes-nothing"
    title_zh = "更正后的内容与原记录现在的内容完全相同，没有改变"
    title_en = "The correction would leave the record exactly as it is"
    remedy_zh = "请核对要更正的字段和新值；内容无误时不必报更正。"
    remedy_en = "Check which field was to change and to what; what is right already needs no correction."
