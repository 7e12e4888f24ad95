"""What can go wrong with feeds.

Problem
├── Refused
│   ├── ExportFormatRefused ── export-format
│   ├── FeedCursorUnknown ──── feed-cursor-unknown
│   └── FeedCursorAhead ────── feed-cursor-ahead
├── Forbidden
│   └── NoFeed ─────────────── no-feed
├── NotFound
│   └── TicketUnknown ──────── feed-ticket-unknown
├── FormRefused
│   └── LinesRefused ───────── reconcile-lines
└── Conflict
    ├── AckContradicts ─────── ack-contradicts
    ├── AckReused ──────────── ack-reused
    └── TicketClosed ───────── feed-ticket-closed
"""

from recordsvc.ground.problems import Conflict, Forbidden, FormRefused, NotFound, Refused


class ExportFormatRefused(Refused):
    """The feed is not made in any of the formats that were asked for."""

    status = 406
    code = "export-format"
    title_zh = "没有所要求的格式"
    title_en = "There is no such format"
    remedy_zh = "请在 Accept 中写明 docs/exports.md 所列的格式之一。"
    remedy_en = "Name one of the formats of docs/exports.md in Accept."


class FeedCursorUnknown(Refused):
    """A cursor that this feed never gave: another receiver's, altered, or of another history."""

    code = "feed-cursor-unknown"
    title_zh = "本数据流没有给出过这个游标"
    title_en = "This feed never gave this cursor"
    remedy_zh = "请使用本接入方最近一次收到的 next；确已丢失的，从头重新取数。"
    remedy_en = "Use the newest `next` that this client received; if it is lost, begin from the start."


class FeedCursorAhead(Refused):
    """A cursor behind the newest item: the service was restored to an older state than the receiver has."""

    code = "feed-cursor-ahead"
    title_zh = "游标晚于本数据流的最新位置"
    title_en = "The cursor lies behind the newest item of this feed"
    remedy_zh = "本系统可能由较早的备份恢复。请保留已收数据，联系主管部门，再从头重新取数。"
    remedy_en = "This service may have been restored. Keep what you have, tell the authority, begin anew."


class NoFeed(Forbidden):
    """There is no profile in force that says what this kind of client is told."""

    code = "no-feed"
    title_zh = "现行目录没有为该类接入方设定数据流"
    title_en = "No profile in force gives this kind of client a feed"
    remedy_zh = "请向主管部门核实接入方类别。"
    remedy_en = "Ask the authority about the kind of this client."


class LinesRefused(FormRefused):
    """A line twice, or one that lies outside the range."""

    code = "reconcile-lines"
    title_zh = "对账行重复或不在所述区段内"
    title_en = "A line stands twice, or outside its range"
    remedy_zh = "每个 ref 只报一行，并以 prefix 开头。"
    remedy_en = "Give one line for each ref, each beginning with prefix."


class AckContradicts(Conflict):
    """What is acknowledged is not what was sent; nothing was taken, a ticket is open."""

    code = "ack-contradicts"
    title_zh = "确认的内容与发出的批次不符，已登记待核"
    title_en = "The acknowledgement is not of what was sent; a ticket is open"
    remedy_zh = "请按同一对游标重新取数并核对 count 和 root，再用新的 ack_id 确认。"
    remedy_en = "Pull the same cursors again, compare count and root, acknowledge under another ack_id."


class AckReused(Conflict):
    """The ack_id stands under another acknowledgement; a ticket is open."""

    code = "ack-reused"
    title_zh = "该 ack_id 已用于另一批次，已登记待核"
    title_en = "This ack_id stands under another batch; a ticket is open"
    remedy_zh = "每一批次请使用新的 ack_id；重发同一确认时内容须完全相同。"
    remedy_en = "Use a new ack_id for each batch; a repetition must be the same."


class TicketUnknown(NotFound):
    """No such ticket of this receiver."""

    code = "feed-ticket-unknown"
    title_zh = "没有这项待核差异"
    title_en = "There is no such ticket"
    remedy_zh = "请从数据流页面进入。"
    remedy_en = "Enter from the page of feeds."


class TicketClosed(Conflict):
    """Somebody closed it before."""

    code = "feed-ticket-closed"
    title_zh = "该项差异已经了结"
    title_en = "The ticket is closed already"
    remedy_zh = "请刷新页面。"
    remedy_en = "Read the page again."
