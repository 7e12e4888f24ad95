"""The ledger at rest (账簿): accounts, transfers, what each account holds, the day's seals.

One transfer is one source, one target, one amount above zero, in fen: so the sum over all accounts is zero
whatever is written. In TigerBeetle's words the source is debited and the target credited, as a bank sees it;
on a Chinese voucher (记账凭证) the target stands under 借 and the source under 贷, as the office sees it.
Neither word is used here, so that nobody has to ask whose side is meant.

What a transfer may be is held by the database: it acts on another of the right kind, at most once, over no
more than its amount (`about_…`); no counter falls below zero, and none of a guarded account is promised
twice, holds included. What it says of no row - that a day is closed - the one writer asks under the lock.
"""

from typing import Final

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import BIG_KEY, metadata

MOST_FEN: Final = 10**15
"""Most that one transfer moves: ten trillion yuan, so that no counter of 64 bits can run over in our time."""

account = sa.Table(
    "account",
    metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("ledger", sa.String(6), nullable=False),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("fund", sa.String(40), nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("region", sa.String(12), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("guard", sa.SmallInteger, nullable=False),
    sa.Column("opened_by", sa.String(80), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("ledger IN ('BUDGET', 'CASH')", name="ledger"),
    sa.CheckConstraint("guard IN (0, 1)", name="guard"),
    sa.UniqueConstraint("id", "ledger"),
    sa.UniqueConstraint("id", "guard"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Accounts of the two books; guard 1: never promises more than it holds. Empty or 0: not of one "
    "fund, year, region or kind",
)

balance = sa.Table(
    "balance",
    metadata,
    sa.Column("account", sa.String(120), primary_key=True),
    sa.Column("guard", sa.SmallInteger, nullable=False),
    sa.Column("closed", sa.SmallInteger, nullable=False),
    sa.Column("in_posted", sa.BigInteger, nullable=False),
    sa.Column("in_pending", sa.BigInteger, nullable=False),
    sa.Column("out_posted", sa.BigInteger, nullable=False),
    sa.Column("out_pending", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["account", "guard"], ["account.id", "account.guard"]),
    sa.CheckConstraint("closed IN (0, 1)", name="closed"),
    *(
        sa.CheckConstraint(f"{name} >= 0", name=name)
        for name in ("in_posted", "in_pending", "out_posted", "out_pending")
    ),
    sa.CheckConstraint("guard = 0 OR in_posted - out_posted - out_pending >= 0", name="guarded"),
    info={"kind": "head"},
    comment="What went in and out of each account, in fen: posted, and held (pending); fsck recomputes it",
)

account_closing = sa.Table(
    "account_closing",
    metadata,
    sa.Column("account", sa.String(120), sa.ForeignKey("account.id"), primary_key=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("closed_by", sa.String(80), nullable=False),
    sa.Column("closed_ms", sa.BigInteger, nullable=False),
    info={"kind": "append-only", INFO: Bound()},
    comment="Accounts that take nothing new; what was held before may still be given back",
)

posting = sa.Table(
    "posting",
    metadata,
    sa.Column("id", sa.String(120), primary_key=True),
    sa.Column("content", sa.LargeBinary(32), nullable=False),
    sa.Column("legs", sa.SmallInteger, nullable=False),
    sa.Column("outcome", sa.String(30), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("legs > 0", name="legs"),
    info={"kind": "append-only", INFO: Bound()},
    comment="One business event under its caller's id, as it was first answered: applied, or why refused; a "
    "refused id is never applied later. content: SHA-256 of what was asked for",
)

transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("idx", BIG_KEY, primary_key=True, autoincrement=False),
    sa.Column("id", sa.String(130), nullable=False),
    sa.Column("group_id", sa.String(120), sa.ForeignKey("posting.id"), nullable=False),
    sa.Column("kind", sa.String(6), nullable=False),
    sa.Column("ledger", sa.String(6), nullable=False),
    sa.Column("source", sa.String(120), nullable=False),
    sa.Column("target", sa.String(120), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("about_id", sa.String(130)),
    sa.Column("about_kind", sa.String(6)),
    sa.Column("about_fen", sa.BigInteger),
    sa.Column("code", sa.String(40), nullable=False),
    sa.Column("doc", sa.String(200), nullable=False),
    sa.Column("value_date", sa.String(10), nullable=False),
    sa.Column("period", sa.String(10), nullable=False),
    sa.Column("adjusts_period", sa.String(10)),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("id"),
    sa.UniqueConstraint("about_id"),
    sa.UniqueConstraint("id", "kind", "amount_fen"),
    sa.ForeignKeyConstraint(["source", "ledger"], ["account.id", "account.ledger"]),
    sa.ForeignKeyConstraint(["target", "ledger"], ["account.id", "account.ledger"]),
    sa.ForeignKeyConstraint(
        ["about_id", "about_kind", "about_fen"], ["transfer.id", "transfer.kind", "transfer.amount_fen"]
    ),
    sa.CheckConstraint("kind IN ('POST', 'PEND', 'SETTLE', 'VOID', 'UNDO')", name="kind"),
    sa.CheckConstraint(f"amount_fen BETWEEN 1 AND {MOST_FEN}", name="amount"),
    sa.CheckConstraint("source <> target", name="two_accounts"),
    sa.CheckConstraint(
        "(about_id IS NULL) = (kind IN ('POST', 'PEND')) AND (about_id IS NULL) = (about_kind IS NULL) "
        "AND (about_id IS NULL) = (about_fen IS NULL)",
        name="about",
    ),
    sa.CheckConstraint(
        "about_kind IS NULL OR (kind = 'UNDO' AND about_kind IN ('POST', 'SETTLE') "
        "AND amount_fen = about_fen) OR (about_kind = 'PEND' AND (kind = 'SETTLE' "
        "AND amount_fen <= about_fen OR kind = 'VOID' AND amount_fen = about_fen))",
        name="acts_on",
    ),
    sa.CheckConstraint("adjusts_period < period", name="adjusts"),
    sa.CheckConstraint("value_date <= period", name="value_date"),
    sa.Index(None, "group_id"),
    sa.Index(None, "source", "idx"),
    sa.Index(None, "target", "idx"),
    info={"kind": "append-only", INFO: Bound()},
    comment="The journal (日记账) in its order: amounts in fen; SETTLE and VOID end a PEND (hold), UNDO "
    "takes a POST or SETTLE back by its opposite; period is the Beijing day it is booked in",
)

book = sa.Table(
    "book",
    metadata,
    sa.Column("id", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("day", sa.String(10), nullable=False),
    sa.CheckConstraint("id = 1", name="single"),
    info={"kind": "head"},
    comment="The one row every posting locks: how many transfers there are, and the newest one's period",
)

period = sa.Table(
    "period",
    metadata,
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("start", sa.BigInteger, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("root", sa.LargeBinary(32), nullable=False),
    sa.Column("balance", sa.LargeBinary(32), nullable=False),
    sa.Column("previous", sa.LargeBinary(32), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
    sa.Column("ms", sa.BigInteger, nullable=False),
    sa.Column("idx", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("size"),
    sa.CheckConstraint("start < size", name="rows"),
    info={"kind": "append-only"},
    comment="Closed days (日结): the transfers [start, size), their Merkle root, the SHA-256 of the trial "
    "balance and of the seal before, the signed seal, and the entry of the archive's log that states it",
)
