"""What can go wrong with accounts, payments, batches and what does not agree.

Problem
├── NotFound
│   ├── PayingAccountUnknown ── paying-account-unknown
│   ├── PayeeAccountUnknown ─── payee-account-unknown
│   ├── PaymentUnknown ──────── payment-unknown
│   ├── PaymentBatchUnknown ─── payment-batch-unknown
│   └── BreakUnknown ────────── bank-break-unknown
├── Conflict
│   ├── PaymentLive ─────────── payment-live
│   ├── PaymentState ────────── payment-state
│   ├── AbsenceUnproven ─────── payment-absence-unproven
│   ├── PayeeAccountState ───── payee-account-state
│   ├── PayeeAccountFailed ──── payee-account-failed
│   ├── PayeeAccountChanged ─── payee-account-changed
│   ├── BatchState ──────────── payment-batch-state
│   ├── NothingToPay ────────── nothing-to-pay
│   └── BreakClosed ─────────── bank-break-closed
└── FormRefused
    ├── AccountRefused ──────── bank-account
    ├── BatchRefusedByCheck ─── payment-batch-unfit
    └── ResolutionRefused ───── bank-break-resolution
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class PayingAccountUnknown(NotFound):
    """No account of ours has this code."""

    code = "paying-account-unknown"
    title_zh = "没有这个付款账户"
    title_en = "No such paying account"
    remedy_zh = "请核对付款账户代码；新账户由两位支付人员登记。"
    remedy_en = "Check the code; a new account is entered by two payers."


class PayeeAccountUnknown(NotFound):
    """This payee has no account, or none of this version."""

    code = "payee-account-unknown"
    title_zh = "没有登记收款账户"
    title_en = "No account of this payee is entered"
    remedy_zh = "请先登记收款账户，并由第二人核实。"
    remedy_en = "Enter the payee's account and have a second person verify it."


class PaymentUnknown(NotFound):
    """No such payment."""

    code = "payment-unknown"
    title_zh = "没有这笔支付"
    title_en = "No such payment"
    remedy_zh = "请核对支付编号。"
    remedy_en = "Check the identifier."


class PaymentBatchUnknown(NotFound):
    """No such batch."""

    code = "payment-batch-unknown"
    title_zh = "没有这个支付批次"
    title_en = "No such batch of payments"
    remedy_zh = "请刷新批次列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class BreakUnknown(NotFound):
    """No such difference."""

    code = "bank-break-unknown"
    title_zh = "没有这项对账差异"
    title_en = "No such difference"
    remedy_zh = "请刷新差异列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class PaymentLive(Conflict):
    """The claim has a payment that is under way or has arrived: it is never paid beside it."""

    code = "payment-live"
    title_zh = "这项申领已有在途或已到账的支付"
    title_en = "The claim has a live payment already"
    remedy_zh = "请查看该笔支付的状态；退回或未执行经对账单证实后才能再次支付。"
    remedy_en = "Look at that payment; only once it is rejected or returned can another be made."


class PaymentState(Conflict):
    """The payment is not in a state in which this can be done."""

    code = "payment-state"
    title_zh = "这笔支付现在的状态不能这样办理"
    title_en = "The payment's state does not allow this"
    remedy_zh = "请刷新查看当前状态。"
    remedy_en = "Read its present state."


class AbsenceUnproven(Conflict):
    """Nothing proves yet that the bank did not execute the payment; a silence is no refusal."""

    code = "payment-absence-unproven"
    title_zh = "尚无对账单证明该笔支付没有执行"
    title_en = "No statement proves yet that the payment was not executed"
    remedy_zh = "请等待相应日期的对账单入账，并先查清来路不明的支出；银行未回应不等于失败。"
    remedy_en = (
        "Wait for the statements of those days; explain money that left for nobody: it may be this payment."
    )


class PayeeAccountState(Conflict):
    """The account was verified, refused or replaced before, or is not checked yet."""

    code = "payee-account-state"
    title_zh = "收款账户现在的状态不能这样办理"
    title_en = "The payee account's state does not allow this"
    remedy_zh = "请刷新查看：户名账号须先核对，且只核实最新登记的账户。"
    remedy_en = "Read it again: name and number are checked first, and only the newest account is verified."


class PayeeAccountFailed(Conflict):
    """The bank gave money back because of this account: nothing more is paid to this version of it."""

    code = "payee-account-failed"
    title_zh = "银行因这个收款账户已销户、冻结或户名不符退回过款项，不能再付到这个账户"
    title_en = "The bank gave money back because of this account: it is closed, blocked or another's"
    remedy_zh = "请收款人提供本人可用的账户，经银行核对、第二人核实后重新支付，金额不变。"
    remedy_en = "Have the payee give an account of their own that works; once it is verified, pay again."


class PayeeAccountChanged(Conflict):
    """An account was replaced after the approval: the payment stops until it is verified anew."""

    code = "payee-account-changed"
    title_zh = "审批后收款账户已变更"
    title_en = "A payee's account was changed after the approval"
    remedy_zh = "请作废本批次；新账户核实后重新组批。"
    remedy_en = "Cancel the batch; once the new account is verified the payment goes into another one."


class BatchState(Conflict):
    """The batch is not in a state in which this can be done."""

    code = "payment-batch-state"
    title_zh = "批次现在的状态不能这样办理"
    title_en = "The batch's state does not allow this"
    remedy_zh = "请刷新查看当前状态。"
    remedy_en = "Read its present state."


class NothingToPay(Conflict):
    """No payment of this account can be put into a batch now."""

    code = "nothing-to-pay"
    title_zh = "没有可以组批的支付"
    title_en = "There is nothing to put into a batch"
    remedy_zh = "请核对待支付列表；收款账户变更后须先核实。"
    remedy_en = "Check the payments that wait; a changed account must be verified first."


class BreakClosed(Conflict):
    """The difference was resolved before."""

    code = "bank-break-closed"
    title_zh = "该项差异已经处理"
    title_en = "The difference is resolved already"
    remedy_zh = "请刷新差异列表查看结果。"
    remedy_en = "Read the list again to see how."


class AccountRefused(FormRefused):
    """Not an account number, name or bank office; nothing of it is repeated here."""

    code = "bank-account"
    title_zh = "银行账户信息有误"
    title_en = "The account is not acceptable"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."


class BatchRefusedByCheck(FormRefused):
    """The batch must not be sent as it is; `errors` names every fault."""

    code = "payment-batch-unfit"
    title_zh = "批次未通过报盘前核对"
    title_en = "The batch does not pass its checks"
    remedy_zh = "请按 errors 更正后重新组批。"
    remedy_en = "Correct what errors points at and make the batch again."


class ResolutionRefused(FormRefused):
    """This difference cannot be resolved in this way."""

    code = "bank-break-resolution"
    title_zh = "不能以此方式处理该项差异"
    title_en = "The difference cannot be resolved in this way"
    remedy_zh = "请按差异种类选择处理方式；对上某笔支付的，须另一位支付人员复核。"
    remedy_en = "Choose a resolution that this kind allows; matching a payment takes a second payer."
