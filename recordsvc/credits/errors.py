"""What can go wrong with the exchange of credits.

Problem
├── Refused
│   └── CreditBatchUnknown ── credit-batch-unknown
├── Forbidden
│   └── NoCreditExchange ──── no-credit-exchange
├── FormRefused
│   └── CreditLinesRefused ── credit-lines
├── NotFound
│   ├── CreditTicketUnknown ─ credit-ticket-unknown
│   └── RejectionUnknown ──── credit-rejection-unknown
└── Conflict
    └── CreditTicketClosed ── credit-ticket-closed
"""

from recordsvc.ground.problems import Conflict, Forbidden, FormRefused, NotFound, Refused


class CreditBatchUnknown(Refused):
    """A batch that was never sent to this receiver."""

    code = "credit-batch-unknown"
    title_zh = "本系统没有发出过这个批次"
    title_en = "This batch was never sent"
    remedy_zh = "请使用最近一次收到的批次号 n；确已丢失的，从 0 重新取。"
    remedy_en = "Use the newest `n` that was received; if it is lost, begin from 0."


class NoCreditExchange(Forbidden):
    """The client is no credit bank."""

    code = "no-credit-exchange"
    title_zh = "该接入方不是学分银行"
    title_en = "This client is no credit bank"
    remedy_zh = "请向主管部门核实接入方类别。"
    remedy_en = "Ask the authority about the kind of this client."


class CreditLinesRefused(FormRefused):
    """An outcome twice, or one that lies outside the range."""

    code = "credit-lines"
    title_zh = "对账行重复或不在所述区段内"
    title_en = "A line stands twice, or outside its range"
    remedy_zh = "每个 outcome_id 只报一行，并以 prefix 开头。"
    remedy_en = "Give one line for each outcome_id, each beginning with prefix."


class CreditTicketUnknown(NotFound):
    """No such ticket of this receiver."""

    code = "credit-ticket-unknown"
    title_zh = "没有这项待核差异"
    title_en = "There is no such ticket"
    remedy_zh = "请从学分交换页面进入。"
    remedy_en = "Enter from the page of credits."


class RejectionUnknown(NotFound):
    """Nothing of that name is rejected."""

    code = "credit-rejection-unknown"
    title_zh = "没有这条被退回的成果"
    title_en = "There is no such rejection"
    remedy_zh = "请从学分交换页面进入；已经再次报送的不在其中。"
    remedy_en = "Enter from the page of credits; what went out again is not among them."


class CreditTicketClosed(Conflict):
    """Somebody closed it before."""

    code = "credit-ticket-closed"
    title_zh = "该项差异已经了结"
    title_en = "The ticket is closed already"
    remedy_zh = "请刷新页面。"
    remedy_en = "Read the page again."
