"""The bank: accounts, payments and batches, files from banks, entries, statements, differences."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bank_secret",
        sa.Column("secret_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("secret_id", name=op.f("pk_bank_secret")),
        comment="Sealed under a retention key of its own, by the id of its row: a payee's account, a batch's file, a bank's file",
    )
    op.create_table(
        "payee_account",
        sa.Column("account_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("payee", sa.String(length=60), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("entered_by", sa.String(length=80), nullable=False),
        sa.Column("entered_ms", sa.BigInteger(), nullable=False),
        sa.Column("checked", sa.String(length=12), nullable=True),
        sa.Column("checked_ms", sa.BigInteger(), nullable=True),
        sa.Column("verified_by", sa.String(length=80), nullable=True),
        sa.Column("verified_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state = 'verified') = (verified_by IS NOT NULL)", name=op.f("ck_payee_account_verified")
        ),
        sa.CheckConstraint(
            "state <> 'verified' OR checked IN ('match', 'unavailable')",
            name=op.f("ck_payee_account_checked"),
        ),
        sa.CheckConstraint(
            "state IN ('entered', 'verified', 'refused')", name=op.f("ck_payee_account_state")
        ),
        sa.CheckConstraint("verified_by <> entered_by", name=op.f("ck_payee_account_second_person")),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_payee_account")),
        sa.UniqueConstraint("payee", "version", name=op.f("uq_payee_account_payee_version")),
        comment="Accounts of payees by version; the newest counts, only once checked and verified by a second person. tag: keyed hash of the number, by which one account of several payees is seen",
    )
    op.create_index(op.f("ix_payee_account_tag"), "payee_account", ["tag"], unique=False)
    op.create_table(
        "paying_account",
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.Column("fund", sa.String(length=40), nullable=False),
        sa.Column("number", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=70), nullable=False),
        sa.Column("bank", sa.String(length=12), nullable=False),
        sa.Column("adapter", sa.String(length=40), nullable=False),
        sa.Column("opened_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("decided_by <> opened_by", name=op.f("ck_paying_account_second_person")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_paying_account")),
        sa.UniqueConstraint("number", name=op.f("uq_paying_account_number")),
        comment="The region's own accounts that payments leave from: which fund's, at which bank, by which files",
    )
    op.create_table(
        "bank_file",
        sa.Column("file_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("received_by", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("reason", sa.String(length=120), nullable=False),
        sa.CheckConstraint("state IN ('applied', 'waiting', 'quarantined')", name=op.f("ck_bank_file_state")),
        sa.ForeignKeyConstraint(["account"], ["paying_account.code"], name=op.f("fk_bank_file_account")),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_bank_file")),
        sa.UniqueConstraint("sha256", name=op.f("uq_bank_file_sha256")),
        comment="Files from banks by their SHA-256: applied whole, waiting for a statement, or in quarantine",
    )
    op.create_index(op.f("ix_bank_file_state_account"), "bank_file", ["state", "account"], unique=False)
    op.create_table(
        "payment_batch",
        sa.Column("batch_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("message_id", sa.String(length=35), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("execution_on", sa.String(length=10), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("total_fen", sa.BigInteger(), nullable=False),
        sa.Column("file_name", sa.String(length=120), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("sealed_by", sa.String(length=80), nullable=False),
        sa.Column("sealed_ms", sa.BigInteger(), nullable=False),
        sa.Column("released_by", sa.String(length=80), nullable=True),
        sa.Column("released_ms", sa.BigInteger(), nullable=True),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("sent_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(state IN ('sealed', 'cancelled')) = (released_by IS NULL)",
            name=op.f("ck_payment_batch_released"),
        ),
        sa.CheckConstraint(
            "(state IN ('sent', 'acked', 'closed')) = (sent_ms IS NOT NULL)",
            name=op.f("ck_payment_batch_sent"),
        ),
        sa.CheckConstraint(
            "state IN ('sealed', 'cancelled', 'released', 'sent', 'acked', 'closed')",
            name=op.f("ck_payment_batch_state"),
        ),
        sa.CheckConstraint("count > 0 AND total_fen > 0", name=op.f("ck_payment_batch_amounts")),
        sa.CheckConstraint("released_by <> sealed_by", name=op.f("ck_payment_batch_second_person")),
        sa.ForeignKeyConstraint(["account"], ["paying_account.code"], name=op.f("fk_payment_batch_account")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_payment_batch")),
        sa.UniqueConstraint("message_id", name=op.f("uq_payment_batch_message_id")),
        comment="Batches of payments: their bytes are sealed once, under a message id that never changes",
    )
    op.create_index(
        op.f("ix_payment_batch_state_batch_id"), "payment_batch", ["state", "batch_id"], unique=False
    )
    op.create_table(
        "bank_statement",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("statement_id", sa.String(length=35), nullable=False),
        sa.Column("on_date", sa.String(length=10), nullable=False),
        sa.Column("opening_fen", sa.BigInteger(), nullable=False),
        sa.Column("closing_fen", sa.BigInteger(), nullable=False),
        sa.Column("file_id", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["paying_account.code"], name=op.f("fk_bank_statement_account")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.file_id"], name=op.f("fk_bank_statement_file_id")),
        sa.PrimaryKeyConstraint("account", "sequence", name=op.f("pk_bank_statement")),
        comment="Statements in their order: each begins where the one before ended and adds up",
    )
    op.create_table(
        "payment",
        sa.Column("payment_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("claim_ref", sa.String(length=80), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("payee", sa.String(length=60), nullable=False),
        sa.Column("payee_version", sa.Integer(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("purpose", sa.String(length=60), nullable=False),
        sa.Column("hold", sa.String(length=130), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("said", sa.String(length=4), nullable=False),
        sa.Column("reason", sa.String(length=8), nullable=False),
        sa.Column("batch_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("queued_by", sa.String(length=80), nullable=False),
        sa.Column("queued_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('approved', 'queued', 'sent', 'accepted', 'unknown', 'settled', 'rejected', 'returned', 'withdrawn')",
            name=op.f("ck_payment_state"),
        ),
        sa.CheckConstraint(
            "state IN ('approved', 'withdrawn') OR batch_id IS NOT NULL", name=op.f("ck_payment_batch")
        ),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_payment_amount")),
        sa.CheckConstraint("attempt > 0", name=op.f("ck_payment_attempt")),
        sa.ForeignKeyConstraint(["account"], ["paying_account.code"], name=op.f("fk_payment_account")),
        sa.ForeignKeyConstraint(["batch_id"], ["payment_batch.batch_id"], name=op.f("fk_payment_batch_id")),
        sa.PrimaryKeyConstraint("payment_id", name=op.f("pk_payment")),
        sa.UniqueConstraint("claim_ref", "attempt", name=op.f("uq_payment_claim_ref_attempt")),
        sa.UniqueConstraint("end_to_end_id", name=op.f("uq_payment_end_to_end_id")),
        comment="Attempts to pay a claim: at most one of a claim is live, and a settled one is",
    )
    op.create_index(op.f("ix_payment_batch_id"), "payment", ["batch_id"], unique=False)
    op.create_index(op.f("ix_payment_payee"), "payment", ["payee"], unique=False)
    op.create_index(op.f("ix_payment_state_account"), "payment", ["state", "account"], unique=False)
    op.create_index(
        "uq_payment_claim_ref_live",
        "payment",
        ["claim_ref"],
        unique=True,
        sqlite_where=sa.text("state NOT IN ('rejected', 'returned', 'withdrawn')"),
        postgresql_where=sa.text("state NOT IN ('rejected', 'returned', 'withdrawn')"),
    )
    op.create_table(
        "bank_entry",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("reference", sa.String(length=35), nullable=False),
        sa.Column("credit", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("booked_on", sa.String(length=10), nullable=False),
        sa.Column("end_to_end_id", sa.String(length=35), nullable=False),
        sa.Column("returned", sa.String(length=8), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=True),
        sa.Column("payment_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("file_id", sa.LargeBinary(length=16), nullable=False),
        sa.CheckConstraint("amount_fen > 0", name=op.f("ck_bank_entry_amount")),
        sa.CheckConstraint("credit IN (0, 1)", name=op.f("ck_bank_entry_credit")),
        sa.ForeignKeyConstraint(["account"], ["paying_account.code"], name=op.f("fk_bank_entry_account")),
        sa.ForeignKeyConstraint(["file_id"], ["bank_file.file_id"], name=op.f("fk_bank_entry_file_id")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.payment_id"], name=op.f("fk_bank_entry_payment_id")
        ),
        sa.PrimaryKeyConstraint("account", "reference", name=op.f("pk_bank_entry")),
        comment="Booked lines of our accounts; a payment is debited at most once and comes back at most once",
    )
    op.create_index(
        op.f("ix_bank_entry_account_sequence"), "bank_entry", ["account", "sequence"], unique=False
    )
    op.create_index("uq_bank_entry_payment_id_credit", "bank_entry", ["payment_id", "credit"], unique=True)
    op.create_table(
        "payment_event",
        sa.Column("payment_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("said", sa.String(length=4), nullable=False),
        sa.Column("reason", sa.String(length=8), nullable=False),
        sa.Column("cause", sa.String(length=120), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.payment_id"], name=op.f("fk_payment_event_payment_id")
        ),
        sa.PrimaryKeyConstraint("payment_id", "n", name=op.f("pk_payment_event")),
        comment="What became of a payment, step by step, and by what: an act, a file, a booked entry",
    )
    op.create_table(
        "recon_break",
        sa.Column("break_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("payment_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("opened_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("resolution", sa.String(length=16), nullable=False),
        sa.Column("note", sa.String(length=400), nullable=False),
        sa.Column("resolved_by", sa.String(length=80), nullable=True),
        sa.Column("resolved_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'open') = (resolved_by IS NULL)", name=op.f("ck_recon_break_resolved")),
        sa.CheckConstraint("state IN ('open', 'resolved')", name=op.f("ck_recon_break_state")),
        sa.ForeignKeyConstraint(["account"], ["paying_account.code"], name=op.f("fk_recon_break_account")),
        sa.ForeignKeyConstraint(
            ["payment_id"], ["payment.payment_id"], name=op.f("fk_recon_break_payment_id")
        ),
        sa.PrimaryKeyConstraint("break_id", name=op.f("pk_recon_break")),
        sa.UniqueConstraint("account", "kind", "subject", name=op.f("uq_recon_break_account_kind_subject")),
        comment="What does not agree between the bank and us: kind, since when, whose, by when, how it ended",
    )
    op.create_index(op.f("ix_recon_break_state_due_on"), "recon_break", ["state", "due_on"], unique=False)


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_recon_break_state_due_on"), table_name="recon_break")
    op.drop_table("recon_break")
    op.drop_table("payment_event")
    op.drop_index(op.f("ix_bank_entry_account_sequence"), table_name="bank_entry")
    op.drop_index(op.f("uq_bank_entry_payment_id_credit"), table_name="bank_entry")
    op.drop_table("bank_entry")
    op.drop_index(op.f("ix_payment_batch_id"), table_name="payment")
    op.drop_index(op.f("ix_payment_payee"), table_name="payment")
    op.drop_index(op.f("ix_payment_state_account"), table_name="payment")
    op.drop_index(op.f("uq_payment_claim_ref_live"), table_name="payment")
    op.drop_table("payment")
    op.drop_table("bank_statement")
    op.drop_index(op.f("ix_payment_batch_state_batch_id"), table_name="payment_batch")
    op.drop_table("payment_batch")
    op.drop_index(op.f("ix_bank_file_state_account"), table_name="bank_file")
    op.drop_table("bank_file")
    op.drop_table("paying_account")
    op.drop_index(op.f("ix_payee_account_tag"), table_name="payee_account")
    op.drop_table("payee_account")
    op.drop_table("bank_secret")
