"""What can go wrong with claims.

Problem
├── NotFound
│   ├── ClaimUnknown ────────── claim-unknown
│   ├── ClaimNoticeUnknown ──── claim-notice-unknown
│   ├── AgencyUnknown ───────── agency-unknown
│   ├── BundleUnknown ───────── bundle-unknown
│   └── PlanUnknown ─────────── plan-unknown
├── Conflict
│   ├── ClaimStands ─────────── claim-stands
│   ├── ClaimStep ───────────── claim-step
│   ├── ClaimChanged ────────── claim-changed
│   ├── ClaimDiverted ───────── claim-diverted
│   ├── ClaimWaits ──────────── claim-waits
│   ├── ClaimSignedBefore ───── claim-signed-before
│   ├── ClaimNoticeOpen ─────── claim-notice-open
│   ├── ClaimListChanged ────── claim-list-changed
│   ├── AgencyOver ──────────── agency-over
│   ├── FeeCharged ──────────── fee-charged
│   └── PlaceTaken ──────────── place-taken
└── FormRefused
    ├── ClaimRefused ────────── claim-refused
    ├── AgencyRefused ───────── agency-refused
    ├── PlanRefused ─────────── plan-refused
    └── ProjectRefused ──────── project-refused
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class ClaimUnknown(NotFound):
    """No such claim, or none that this person may see."""

    code = "claim-unknown"
    title_zh = "没有这项申领"
    title_en = "No such claim"
    remedy_zh = "请刷新列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class ClaimNoticeUnknown(NotFound):
    """No such public list."""

    code = "claim-notice-unknown"
    title_zh = "没有这份公示"
    title_en = "No such public list"
    remedy_zh = "请从公示列表进入。"
    remedy_en = "Choose one from the list."


class ClaimStands(Conflict):
    """Somebody claimed for this record already, or a limit of the person is used up; `limit` says which."""

    code = "claim-stands"
    title_zh = "已有同一事项的申领，或次数已用完"
    title_en = "A claim for the same stands already, or the limit is used up"
    remedy_zh = "请在“我的补贴”中查看已有的申领；由培训机构代领的，也只能领一次。"
    remedy_en = "Look at the claim that stands; a claim on the worker's behalf counts as well."


class ClaimStep(Conflict):
    """The claim is not where this can be done, or not by this role, or what it needs is not there."""

    code = "claim-step"
    title_zh = "申领现在不能这样办理"
    title_en = "The claim does not allow this now"
    remedy_zh = "请刷新查看申领所处的环节和可以办理的操作。"
    remedy_en = "Read where the claim stands and what may be done."


class ClaimChanged(Conflict):
    """Somebody else moved the claim meanwhile."""

    code = "claim-changed"
    title_zh = "申领刚被他人办理"
    title_en = "Somebody else dealt with the claim meanwhile"
    remedy_zh = "请刷新后再办理。"
    remedy_en = "Read it again, then decide."


class ClaimDiverted(Conflict):
    """What was signed no longer holds: the claim went back to be checked, and its signatures ended."""

    code = "claim-diverted"
    title_zh = "金额、收款账户、规则或档案已变化，申领已退回重新审核"
    title_en = "Amount, account, rule or record changed: the claim went back to be checked"
    remedy_zh = "原签批已全部作废；请按新的审核结论重新办理。"
    remedy_en = "All signatures have ended; go on from the new decision."


class ClaimWaits(Conflict):
    """The claim waits for something; `waits` says for what, `owner` on whom."""

    code = "claim-waits"
    title_zh = "申领正在等待"
    title_en = "The claim waits"
    remedy_zh = "请按 waits 所列原因处理（追加预算、登记并核实收款账户），再办理。"
    remedy_en = "Deal with what `waits` names (budget, the payee's account), then go on."


class ClaimSignedBefore(Conflict):
    """One person signs one claim once, and never one's own."""

    code = "claim-signed-before"
    title_zh = "您已在这项申领上签批过，或这项申领由您提交"
    title_en = "You signed this claim before, or filed it"
    remedy_zh = "请由另一位工作人员办理这一环节。"
    remedy_en = "Another person has to take this step."


class ClaimNoticeOpen(Conflict):
    """The days of the public list are not over."""

    code = "claim-notice-open"
    title_zh = "公示期未满"
    title_en = "The days of the public list are not over"
    remedy_zh = "请在公示期满后办理；公示期按工作日计算。"
    remedy_en = "Wait until its last day has passed; working days are counted."


class ClaimListChanged(Conflict):
    """The list is no longer the one that was seen, or holds what is signed singly."""

    code = "claim-list-changed"
    title_zh = "清单已变化，或其中有须单独办理的申领"
    title_en = "The list changed, or holds a claim that is signed singly"
    remedy_zh = "请刷新清单后再签；有提示的申领须逐件办理。"
    remedy_en = "Read the list again; flagged claims are signed one by one."


class ClaimRefused(FormRefused):
    """Nothing that can be claimed for."""

    code = "claim-refused"
    title_zh = "不能据此申领"
    title_en = "This cannot be claimed for"
    remedy_zh = "请按 errors 中列出的原因更正。"
    remedy_en = "Correct what errors points at."


class AgencyUnknown(NotFound):
    """No such contract, or none that this person or institution may see."""

    code = "agency-unknown"
    title_zh = "没有这份委托协议"
    title_en = "No such contract"
    remedy_zh = "请刷新列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class BundleUnknown(NotFound):
    """No such sheet of this institution."""

    code = "bundle-unknown"
    title_zh = "没有这份代办名单"
    title_en = "No such sheet of claims"
    remedy_zh = "请从本单位的代办名单进入。"
    remedy_en = "Choose one from the institution's list."


class AgencyOver(Conflict):
    """The contract has ended, or the worker denies it."""

    code = "agency-over"
    title_zh = "委托协议已经终止，或本人否认委托"
    title_en = "The contract has ended, or the worker denies it"
    remedy_zh = "请与本人重新签订委托协议，或由本人直接申领。"
    remedy_en = "Sign another contract with the worker, or let the worker claim."


class FeeCharged(Conflict):
    """The institution charged the worker for what it is to be paid; `record_id` and `orders` name both."""

    code = "fee-charged"
    title_zh = "机构已就这次培训或评价向本人收费，不能代领"
    title_en = "The institution charged the worker for this, and cannot be paid for it"
    remedy_zh = "请先把所收费用退还本人再代领，或由本人直接申领。收费单见 orders，记录见 record_id。"
    remedy_en = "Refund first, or let the worker claim; `orders` and `record_id` name both records."


class AgencyRefused(FormRefused):
    """A contract that cannot be."""

    code = "agency-refused"
    title_zh = "委托协议不能这样登记"
    title_en = "The contract cannot be entered so"
    remedy_zh = "请按 errors 中列出的原因更正。"
    remedy_en = "Correct what errors points at."


class PlanUnknown(NotFound):
    """No such plan of this enterprise."""

    code = "plan-unknown"
    title_zh = "没有这份学徒培养计划"
    title_en = "No such plan of apprentices"
    remedy_zh = "请从本单位的培养计划进入。"
    remedy_en = "Choose one from the enterprise's list."


class PlaceTaken(Conflict):
    """The place is not free for this: taken, ended, settled, or there is none left; `place` says which."""

    code = "place-taken"
    title_zh = "这个名额现在不能这样办"
    title_en = "The place is not free for this"
    remedy_zh = "请刷新培养计划：有人退出、尚未终止的名额才能补录，还在读的才能退出，名额不能多于备案。"
    remedy_en = "Read the plan again: a place that was left and has not ended can be taken by another."


class ProjectRefused(FormRefused):
    """A funded project that cannot be."""

    code = "project-refused"
    title_zh = "项目批复不能这样登记"
    title_en = "The project cannot be entered so"
    remedy_zh = "请按 errors 中列出的原因更正。"
    remedy_en = "Correct what errors points at."


class PlanRefused(FormRefused):
    """A plan, or what is said of its places, that cannot be."""

    code = "plan-refused"
    title_zh = "培养计划不能这样备案"
    title_en = "The plan cannot be entered so"
    remedy_zh = "请按 errors 中列出的原因更正。"
    remedy_en = "Correct what errors points at."
