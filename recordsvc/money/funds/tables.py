"""Funds at rest (资金与预算): budget lines, each with a guarded account of its own, and how budgets moved.

What a fund may pay is dated data (`funds`); how much a line has is the ledger's. One line is one fund, year,
division and kind of subsidy. Its account is guarded: nobody promises beyond it. What is spent of it goes into
an account of its own, so that no other line's money is ever counted as this one's.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata

budget_line = sa.Table(
    "budget_line",
    metadata,
    sa.Column("id", sa.String(90), primary_key=True),
    sa.Column("fund", sa.String(40), nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("account", sa.String(120), sa.ForeignKey("account.id"), nullable=False),
    sa.Column("expense", sa.String(120), sa.ForeignKey("account.id"), nullable=False),
    sa.Column("opened_by", sa.String(80), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("fund", "year", "region", "kind"),
    sa.UniqueConstraint("account"),
    sa.UniqueConstraint("expense"),
    sa.UniqueConstraint("id", "fund", "year"),
    sa.CheckConstraint("account <> expense", name="two_accounts"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Budget lines (预算指标): one fund, budget year, division and kind of subsidy, with the account "
    "that holds what is left and the one that takes what is spent",
)

budget_move = sa.Table(
    "budget_move",
    metadata,
    sa.Column("id", sa.LargeBinary(16), sa.ForeignKey("proposal.id"), primary_key=True),
    sa.Column("act", sa.String(6), nullable=False),
    sa.Column("line", sa.String(90), nullable=False),
    sa.Column("other", sa.String(90)),
    sa.Column("fund", sa.String(40), nullable=False),
    sa.Column("year", sa.SmallInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("doc", sa.String(100), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("posting", sa.String(120), sa.ForeignKey("posting.id"), nullable=False),
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("posting"),
    sa.ForeignKeyConstraint(
        ["line", "fund", "year"], ["budget_line.id", "budget_line.fund", "budget_line.year"]
    ),
    sa.ForeignKeyConstraint(
        ["other", "fund", "year"], ["budget_line.id", "budget_line.fund", "budget_line.year"]
    ),
    sa.CheckConstraint("act IN ('allot', 'shift', 'recall')", name="act"),
    sa.CheckConstraint("(act = 'shift') = (other IS NOT NULL)", name="other"),
    sa.CheckConstraint("other <> line", name="two_lines"),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
    sa.CheckConstraint("decided_by <> proposed_by", name="second_person"),
    sa.Index(None, "line"),
    sa.Index(None, "other"),
    info={"kind": "append-only", INFO: Bound()},
    comment="How budgets moved, by two officials: allot (下达), shift within fund and year (调剂), "
    "recall (收回)",
)
