"""Funds: budget lines, and how budgets moved by two officials."""

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "budget_line",
        sa.Column("id", sa.String(length=90), nullable=False),
        sa.Column("fund", sa.String(length=40), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("expense", sa.String(length=120), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("account <> expense", name=op.f("ck_budget_line_two_accounts")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_budget_line_account")),
        sa.ForeignKeyConstraint(["expense"], ["account.id"], name=op.f("fk_budget_line_expense")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_line")),
        sa.UniqueConstraint("account", name=op.f("uq_budget_line_account")),
        sa.UniqueConstraint("expense", name=op.f("uq_budget_line_expense")),
        sa.UniqueConstraint(
            "fund", "year", "region", "kind", name=op.f("uq_budget_line_fund_year_region_kind")
        ),
        sa.UniqueConstraint("id", "fund", "year", name=op.f("uq_budget_line_id_fund_year")),
        comment="Budget lines (预算指标): one fund, budget year, division and kind of subsidy, with the account that holds what is left and the one that takes what is spent",
    )
    op.create_table(
        "budget_move",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("act", sa.String(length=6), nullable=False),
        sa.Column("line", sa.String(length=90), nullable=False),
        sa.Column("other", sa.String(length=90), nullable=True),
        sa.Column("fund", sa.String(length=40), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.String(length=100), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("posting", sa.String(length=120), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("(act = 'shift') = (other IS NOT NULL)", name=op.f("ck_budget_move_other")),
        sa.CheckConstraint("act IN ('allot', 'shift', 'recall')", name=op.f("ck_budget_move_act")),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_budget_move_amount")),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_budget_move_second_person")),
        sa.CheckConstraint("other <> line", name=op.f("ck_budget_move_two_lines")),
        sa.ForeignKeyConstraint(["id"], ["proposal.id"], name=op.f("fk_budget_move_id")),
        sa.ForeignKeyConstraint(
            ["line", "fund", "year"],
            ["budget_line.id", "budget_line.fund", "budget_line.year"],
            name=op.f("fk_budget_move_line_fund_year"),
        ),
        sa.ForeignKeyConstraint(
            ["other", "fund", "year"],
            ["budget_line.id", "budget_line.fund", "budget_line.year"],
            name=op.f("fk_budget_move_other_fund_year"),
        ),
        sa.ForeignKeyConstraint(["posting"], ["posting.id"], name=op.f("fk_budget_move_posting")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_budget_move")),
        sa.UniqueConstraint("posting", name=op.f("uq_budget_move_posting")),
        comment="How budgets moved, by two officials: allot (下达), shift within fund and year (调剂), recall (收回)",
    )
    op.create_index(op.f("ix_budget_move_line"), "budget_move", ["line"], unique=False)
    op.create_index(op.f("ix_budget_move_other"), "budget_move", ["other"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_budget_move_other"), table_name="budget_move")
    op.drop_index(op.f("ix_budget_move_line"), table_name="budget_move")
    op.drop_table("budget_move")
    op.drop_table("budget_line")
