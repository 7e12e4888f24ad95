"""What can go wrong at the ledger.

Problem
├── Conflict
│   ├── PostingRefused ────── ledger-refused
│   ├── PostingReused ─────── ledger-id-reused
│   ├── AccountDiffers ────── account-differs
│   └── AccountUntitled ───── account-untitled
├── NotFound
│   ├── AccountUnknown ────── account-unknown
│   └── DayNotClosed ──────── ledger-day-open
└── FormRefused
    └── LegRefused ────────── ledger-leg
"""

from recordsvc.ground.problems import Conflict, FormRefused, NotFound


class PostingRefused(Conflict):
    """The ledger refuses; member `refusal` says why. Raised, it undoes that the id counts as refused."""

    code = "ledger-refused"
    title_zh = "账簿未予记账"
    title_en = "The ledger refuses"
    remedy_zh = "请按 refusal 所述原因处理（如额度不足，请先追加预算），再重新办理。"
    remedy_en = "Deal with what refusal names (add to the budget where funds are short), then do it anew."


class PostingReused(Conflict):
    """The business id stands already, for something else."""

    code = "ledger-id-reused"
    title_zh = "该业务编号已用于另一笔记账"
    title_en = "The business id was used for something else"
    remedy_zh = "请核对业务编号；不同的业务请用新编号。"
    remedy_en = "Check the id; another business needs an id of its own."


class AccountDiffers(Conflict):
    """An account with this id was opened before, and is another."""

    code = "account-differs"
    title_zh = "同编号账户已经开立，且内容不同"
    title_en = "Another account has this id"
    remedy_zh = "账户开立后不能更改；请使用新的编号。"
    remedy_en = "An account never changes once opened; open one with another id."


class AccountUnknown(NotFound):
    """There is no such account."""

    code = "account-unknown"
    title_zh = "没有这个账户"
    title_en = "No such account"
    remedy_zh = "请核对账户编号。"
    remedy_en = "Check the account's id."


class AccountUntitled(Conflict):
    """An account has no place in the chart of accounts: the book does not leave with a made-up number."""

    code = "account-untitled"
    title_zh = "账户没有对应的会计科目，不能导出"
    title_en = "An account has no place in the chart of accounts"
    remedy_zh = "请在科目表（account_codes）中为 codes 所列代码补上科目编码和类别，再导出。"
    remedy_en = "Enter what codes names in the chart of accounts (account_codes), then export."


class DayNotClosed(NotFound):
    """No seal of that day: it goes on, or nothing was booked in it."""

    code = "ledger-day-open"
    title_zh = "这一天没有日结"
    title_en = "No closed day of the ledger"
    remedy_zh = "当日结束后才日结；没有分录的日子不日结。请看日结清单。"
    remedy_en = "A day is closed when it is over, and only if something was booked; see the list of days."


class LegRefused(FormRefused):
    """Something that can never be booked: no amount, one account on both sides, a day to come."""

    code = "ledger-leg"
    title_zh = "记账内容有误"
    title_en = "This cannot be booked"
    remedy_zh = "请核对金额（整数分，大于零）、账户与日期。"
    remedy_en = "Check amount (whole fen, above zero), accounts and date."
