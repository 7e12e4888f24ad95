"""What can go wrong with recovery.

Problem
├── NotFound
│   └── RecoveryUnknown ──────── recovery-unknown
└── Conflict
    ├── RecoveryStands ───────── recovery-stands
    ├── RecoveryStep ─────────── recovery-step
    ├── RecoveryChanged ──────── recovery-changed
    └── RecoveryNotHeard ─────── recovery-not-heard
and FormRefused
    └── RecoveryRefused ──────── recovery-refused
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class RecoveryUnknown(NotFound):
    """No such case, or none that this person may see."""

    code = "recovery-unknown"
    title_zh = "没有这件追回事项"
    title_en = "No such case of recovery"
    remedy_zh = "请刷新列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class RecoveryStands(Conflict):
    """The claim is asked back already, or was not paid."""

    code = "recovery-stands"
    title_zh = "这笔补贴还没有发放，或已在追回"
    title_en = "The claim was not paid, or is asked back already"
    remedy_zh = "请查看这笔补贴现在的状态；已立案的，在原案中办理。"
    remedy_en = "Read where the claim stands; go on with the case that is open."


class RecoveryStep(Conflict):
    """The case is not where this can be done, or not by this role."""

    code = "recovery-step"
    title_zh = "这件追回事项现在不能这样办理"
    title_en = "The case does not allow this now"
    remedy_zh = "请刷新查看所处的环节和可以办理的操作。"
    remedy_en = "Read where the case stands and what may be done."


class RecoveryChanged(Conflict):
    """Somebody else moved the case meanwhile."""

    code = "recovery-changed"
    title_zh = "这件追回事项刚被他人办理"
    title_en = "Somebody else dealt with the case meanwhile"
    remedy_zh = "请刷新后再办理。"
    remedy_en = "Read it again, then decide."


class RecoveryNotHeard(Conflict):
    """The days in which the worker is heard are not over, and the worker has not answered."""

    code = "recovery-not-heard"
    title_zh = "陈述申辩期限未满，本人也还没有答复"
    title_en = "The worker has not been heard yet"
    remedy_zh = "请等本人答复，或期限届满后再作决定。"
    remedy_en = "Wait for the worker's answer or until the days are over."


class RecoveryRefused(FormRefused):
    """What is asked for cannot be."""

    code = "recovery-refused"
    title_zh = "追回事项填写有误"
    title_en = "This cannot be asked back so"
    remedy_zh = "请按 errors 中列出的原因更正。"
    remedy_en = "Correct what errors points at."
