"""What can go wrong with fees.

Problem
├── NotFound
│   ├── FeeUnknown ──────────── fee-unknown
│   └── OfferingUnknown ─────── fee-offering-unknown
├── Conflict
│   ├── FeeStep ─────────────── fee-step
│   ├── FeeStands ───────────── fee-stands
│   ├── FeeDisputed ─────────── fee-disputed
│   ├── FeeNotDebitable ─────── fee-not-debitable
│   ├── MandateStands ───────── fee-mandate-stands
│   ├── FeeSecondPerson ─────── fee-second-person
│   ├── ReceiptUsed ─────────── fee-receipt-used
│   └── OfferingOver ────────── fee-offering-over
└── FormRefused
    ├── OfferingRefused ─────── fee-offering
    └── RefundRefused ───────── fee-refund
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class FeeUnknown(NotFound):
    """No such order, payment or refund, or none that this person may see."""

    code = "fee-unknown"
    title_zh = "没有这张缴费单"
    title_en = "No such fee order"
    remedy_zh = "请核对缴费单号；单号由缴费人在“我的缴费”中查看。"
    remedy_en = "Check the order's number; the payer finds it among the own fees."


class OfferingUnknown(NotFound):
    """No such offering, or not of this institution."""

    code = "fee-offering-unknown"
    title_zh = "没有这个收费项目"
    title_en = "No such offering"
    remedy_zh = "请从收费项目列表进入。"
    remedy_en = "Choose one from the list of offerings."


class FeeStep(Conflict):
    """The order is not where this can be done; `state` says where it is."""

    code = "fee-step"
    title_zh = "缴费单现在不能这样办理"
    title_en = "The order does not allow this now"
    remedy_zh = "请刷新查看缴费单的状态。已结束的缴费单不再变动，需要的请重新下单。"
    remedy_en = "Read where the order stands. What is final does not move; order anew."


class FeeStands(Conflict):
    """There is a live order of this worker for this offering."""

    code = "fee-stands"
    title_zh = "这个项目已有您的缴费单"
    title_en = "You have an order for this already"
    remedy_zh = "请在“我的缴费”中查看并缴纳已有的缴费单。"
    remedy_en = "Look at the order that stands."


class FeeDisputed(Conflict):
    """Nothing goes back while an order is disputed."""

    code = "fee-disputed"
    title_zh = "缴费单有争议，处理完毕前不能退费"
    title_en = "The order is disputed: nothing goes back meanwhile"
    remedy_zh = "请等人社部门处理完争议后再办理。"
    remedy_en = "Wait until the bureau has ended the dispute."


class FeeNotDebitable(Conflict):
    """No mandate for this, no verified account, or no account that collects; `lacks` says which."""

    code = "fee-not-debitable"
    title_zh = "现在不能代扣"
    title_en = "This cannot be debited now"
    remedy_zh = "请先登记并核实社保卡银行账户、签订委托代扣，限额和期限须够用；也可以到机构柜台缴费。"
    remedy_en = "Have the card's account verified and sign a mandate that covers it, or pay at the counter."


class MandateStands(Conflict):
    """One mandate at a time."""

    code = "fee-mandate-stands"
    title_zh = "已有生效的委托代扣"
    title_en = "A mandate stands already"
    remedy_zh = "请先终止原来的委托，再签订新的。"
    remedy_en = "End the one that stands, then sign another."


class FeeSecondPerson(Conflict):
    """Who took or gave money does not check it."""

    code = "fee-second-person"
    title_zh = "经手人不能复核自己的收付"
    title_en = "Who handled the money does not check it"
    remedy_zh = "请由本单位另一位人员复核。"
    remedy_en = "Let another person of the institution check it."


class ReceiptUsed(Conflict):
    """A receipt number stands for one payment or refund."""

    code = "fee-receipt-used"
    title_zh = "这个票据号已经用过"
    title_en = "This receipt number has been used"
    remedy_zh = "请核对票据，填写本次收付开具的票据号。"
    remedy_en = "Give the number of the receipt that was made out this time."


class OfferingOver(Conflict):
    """The offering takes no more orders, or was called off."""

    code = "fee-offering-over"
    title_zh = "这个项目不再接受缴费"
    title_en = "This offering takes no more orders"
    remedy_zh = "请与培训机构联系，或选择其他项目。"
    remedy_en = "Ask the institution, or choose another offering."


class OfferingRefused(FormRefused):
    """An offering, price or progress that cannot be."""

    code = "fee-offering"
    title_zh = "收费项目有误"
    title_en = "The offering is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."


class RefundRefused(FormRefused):
    """A refund of nothing, or of more than is left."""

    code = "fee-refund"
    title_zh = "退费有误"
    title_en = "The refund is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正；退费合计不超过实缴。"
    remedy_en = "Correct what errors points at; refunds never exceed what was paid."
