"""The ledger: accounts, what they hold, postings, transfers, the day's seals."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "account",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("ledger", sa.String(length=6), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("fund", sa.String(length=40), nullable=False),
        sa.Column("year", sa.SmallInteger(), nullable=False),
        sa.Column("region", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("guard", sa.SmallInteger(), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("ledger IN ('BUDGET', 'CASH')", name=op.f("ck_account_ledger")),
        sa.CheckConstraint("guard IN (0, 1)", name=op.f("ck_account_guard")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("id", "guard", name=op.f("uq_account_id_guard")),
        sa.UniqueConstraint("id", "ledger", name=op.f("uq_account_id_ledger")),
        comment="Accounts of the two books; guard 1: never promises more than it holds. Empty or 0: not of one fund, year, region or kind",
    )
    op.create_table(
        "book",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_book_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_book")),
        comment="The one row every posting locks: how many transfers there are, and the newest one's period",
    )
    op.create_table(
        "period",
        sa.Column("day", sa.String(length=10), nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("balance", sa.LargeBinary(length=32), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("start < size", name=op.f("ck_period_rows")),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_period")),
        sa.UniqueConstraint("size", name=op.f("uq_period_size")),
        comment="Closed days (日结): the transfers [start, size), their Merkle root, the SHA-256 of the trial balance and of the seal before, the signed seal, and the entry of the archive's log that states it",
    )
    op.create_table(
        "posting",
        sa.Column("id", sa.String(length=120), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("legs", sa.SmallInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=30), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("legs > 0", name=op.f("ck_posting_legs")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_posting")),
        comment="One business event under its caller's id, as it was first answered: applied, or why refused; a refused id is never applied later. content: SHA-256 of what was asked for",
    )
    op.create_table(
        "account_closing",
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("closed_by", sa.String(length=80), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_account_closing_account")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_account_closing")),
        comment="Accounts that take nothing new; what was held before may still be given back",
    )
    op.create_table(
        "balance",
        sa.Column("account", sa.String(length=120), nullable=False),
        sa.Column("guard", sa.SmallInteger(), nullable=False),
        sa.Column("closed", sa.SmallInteger(), nullable=False),
        sa.Column("in_posted", sa.BigInteger(), nullable=False),
        sa.Column("in_pending", sa.BigInteger(), nullable=False),
        sa.Column("out_posted", sa.BigInteger(), nullable=False),
        sa.Column("out_pending", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("closed IN (0, 1)", name=op.f("ck_balance_closed")),
        sa.CheckConstraint(
            "guard = 0 OR in_posted - out_posted - out_pending >= 0", name=op.f("ck_balance_guarded")
        ),
        sa.CheckConstraint("in_pending >= 0", name=op.f("ck_balance_in_pending")),
        sa.CheckConstraint("in_posted >= 0", name=op.f("ck_balance_in_posted")),
        sa.CheckConstraint("out_pending >= 0", name=op.f("ck_balance_out_pending")),
        sa.CheckConstraint("out_posted >= 0", name=op.f("ck_balance_out_posted")),
        sa.ForeignKeyConstraint(
            ["account", "guard"], ["account.id", "account.guard"], name=op.f("fk_balance_account_guard")
        ),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_balance")),
        comment="What went in and out of each account, in fen: posted, and held (pending); fsck recomputes it",
    )
    op.create_table(
        "transfer",
        sa.Column("idx", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("id", sa.String(length=130), nullable=False),
        sa.Column("group_id", sa.String(length=120), nullable=False),
        sa.Column("kind", sa.String(length=6), nullable=False),
        sa.Column("ledger", sa.String(length=6), nullable=False),
        sa.Column("source", sa.String(length=120), nullable=False),
        sa.Column("target", sa.String(length=120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("about_id", sa.String(length=130), nullable=True),
        sa.Column("about_kind", sa.String(length=6), nullable=True),
        sa.Column("about_fen", sa.BigInteger(), nullable=True),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("doc", sa.String(length=200), nullable=False),
        sa.Column("value_date", sa.String(length=10), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("adjusts_period", sa.String(length=10), nullable=True),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(about_id IS NULL) = (kind IN ('POST', 'PEND')) AND (about_id IS NULL) = (about_kind IS NULL) AND (about_id IS NULL) = (about_fen IS NULL)",
            name=op.f("ck_transfer_about"),
        ),
        sa.CheckConstraint(
            "about_kind IS NULL OR (kind = 'UNDO' AND about_kind IN ('POST', 'SETTLE') AND amount_fen = about_fen) OR (about_kind = 'PEND' AND (kind = 'SETTLE' AND amount_fen <= about_fen OR kind = 'VOID' AND amount_fen = about_fen))",
            name=op.f("ck_transfer_acts_on"),
        ),
        sa.CheckConstraint(
            "kind IN ('POST', 'PEND', 'SETTLE', 'VOID', 'UNDO')", name=op.f("ck_transfer_kind")
        ),
        sa.CheckConstraint("adjusts_period < period", name=op.f("ck_transfer_adjusts")),
        sa.CheckConstraint("amount_fen BETWEEN 1 AND 1000000000000000", name=op.f("ck_transfer_amount")),
        sa.CheckConstraint("source <> target", name=op.f("ck_transfer_two_accounts")),
        sa.CheckConstraint("value_date <= period", name=op.f("ck_transfer_value_date")),
        sa.ForeignKeyConstraint(
            ["about_id", "about_kind", "about_fen"],
            ["transfer.id", "transfer.kind", "transfer.amount_fen"],
            name=op.f("fk_transfer_about_id_about_kind_about_fen"),
        ),
        sa.ForeignKeyConstraint(["group_id"], ["posting.id"], name=op.f("fk_transfer_group_id")),
        sa.ForeignKeyConstraint(
            ["source", "ledger"], ["account.id", "account.ledger"], name=op.f("fk_transfer_source_ledger")
        ),
        sa.ForeignKeyConstraint(
            ["target", "ledger"], ["account.id", "account.ledger"], name=op.f("fk_transfer_target_ledger")
        ),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_transfer")),
        sa.UniqueConstraint("about_id", name=op.f("uq_transfer_about_id")),
        sa.UniqueConstraint("id", "kind", "amount_fen", name=op.f("uq_transfer_id_kind_amount_fen")),
        sa.UniqueConstraint("id", name=op.f("uq_transfer_id")),
        comment="The journal (日记账) in its order: amounts in fen; SETTLE and VOID end a PEND (hold), UNDO takes a POST or SETTLE back by its opposite; period is the Beijing day it is booked in",
    )
    op.create_index(op.f("ix_transfer_group_id"), "transfer", ["group_id"], unique=False)
    op.create_index(op.f("ix_transfer_source_idx"), "transfer", ["source", "idx"], unique=False)
    op.create_index(op.f("ix_transfer_target_idx"), "transfer", ["target", "idx"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_transfer_target_idx"), table_name="transfer")
    op.drop_index(op.f("ix_transfer_source_idx"), table_name="transfer")
    op.drop_index(op.f("ix_transfer_group_id"), table_name="transfer")
    op.drop_table("transfer")
    op.drop_table("balance")
    op.drop_table("account_closing")
    op.drop_table("posting")
    op.drop_table("period")
    op.drop_table("book")
    op.drop_table("account")
