"""Rules: their versions, the catalogue, decisions, simulations, what other registers said."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "catalogue_item",
        sa.Column("occupation", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("ended", sa.SmallInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("min_hours", sa.Integer(), nullable=False),
        sa.Column("shortage", sa.SmallInteger(), nullable=False),
        sa.Column("key_list", sa.SmallInteger(), nullable=False),
        sa.Column("document", sa.String(length=200), nullable=False),
        sa.Column("stated_by", sa.String(length=80), nullable=False),
        sa.Column("published_by", sa.String(length=80), nullable=False),
        sa.Column("published_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("amount_fen >= 0 AND min_hours >= 0", name=op.f("ck_catalogue_item_amounts")),
        sa.CheckConstraint(
            "ended IN (0, 1) AND shortage IN (0, 1) AND key_list IN (0, 1)",
            name=op.f("ck_catalogue_item_flags"),
        ),
        sa.CheckConstraint("published_by <> stated_by", name=op.f("ck_catalogue_item_second_person")),
        sa.PrimaryKeyConstraint("occupation", "level", "first", "n", name=op.f("pk_catalogue_item")),
        comment="Standard of an occupation and level from a Beijing day on, until the next row's day: no two can hold at once; of two for one day the newer counts",
    )
    op.create_table(
        "decision",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("decision_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("engine", sa.String(length=20), nullable=False),
        sa.Column("basis_date", sa.String(length=10), nullable=True),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "amount_fen >= 0 AND (verdict = 'GRANT' OR amount_fen = 0)", name=op.f("ck_decision_amount")
        ),
        sa.CheckConstraint(
            "verdict IN ('GRANT', 'REFUSE', 'NEED_INFO', 'NO_RULE_IN_FORCE')",
            name=op.f("ck_decision_verdict"),
        ),
        sa.PrimaryKeyConstraint("worker_id", "decision_id", name=op.f("pk_decision")),
        comment="What rules said of cases: canonical bytes with every fact and reason, replayed byte for byte",
    )
    op.create_index(
        op.f("ix_decision_decided_ms_decision_id"), "decision", ["decided_ms", "decision_id"], unique=False
    )
    op.create_table(
        "register_extract",
        sa.Column("extract_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("register", sa.String(length=20), nullable=False),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("file_sha256", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("known", sa.Integer(), nullable=False),
        sa.Column("taken_by", sa.String(length=80), nullable=False),
        sa.Column("taken_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("extract_id", name=op.f("pk_register_extract")),
        sa.UniqueConstraint("register", "as_of", name=op.f("uq_register_extract_register_as_of")),
        comment="Dated extracts of other registers: whose, as of which Beijing day, how many rows, how many of people with an archive",
    )
    op.create_table(
        "register_row",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("register", sa.String(length=20), nullable=False),
        sa.Column("extract_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "register", name=op.f("pk_register_row")),
        comment="What the newest extract of a register says of a worker, as JSON; who is not in it has no row",
    )
    op.create_table(
        "rule_version",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("rule", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("first", sa.String(length=10), nullable=False),
        sa.Column("last", sa.String(length=10), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("drafted_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("checked_ms", sa.BigInteger(), nullable=True),
        sa.Column("simulated_ms", sa.BigInteger(), nullable=True),
        sa.Column("reviewed_by", sa.String(length=80), nullable=True),
        sa.Column("reviewed_ms", sa.BigInteger(), nullable=True),
        sa.Column("published_by", sa.String(length=80), nullable=True),
        sa.Column("published_ms", sa.BigInteger(), nullable=True),
        sa.Column("superseded_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'DRAFT') = (checked_ms IS NULL)", name=op.f("ck_rule_version_checked")),
        sa.CheckConstraint(
            "(state = 'SUPERSEDED') = (superseded_ms IS NOT NULL)", name=op.f("ck_rule_version_superseded")
        ),
        sa.CheckConstraint(
            "(state IN ('DRAFT', 'CHECKED')) = (simulated_ms IS NULL)", name=op.f("ck_rule_version_simulated")
        ),
        sa.CheckConstraint(
            "(state IN ('PUBLISHED', 'SUPERSEDED')) = (published_by IS NOT NULL)",
            name=op.f("ck_rule_version_published"),
        ),
        sa.CheckConstraint(
            "(state IN ('REVIEWED', 'PUBLISHED', 'SUPERSEDED')) = (reviewed_by IS NOT NULL)",
            name=op.f("ck_rule_version_reviewed"),
        ),
        sa.CheckConstraint(
            "state IN ('DRAFT', 'CHECKED', 'SIMULATED', 'REVIEWED', 'PUBLISHED', 'SUPERSEDED')",
            name=op.f("ck_rule_version_state"),
        ),
        sa.CheckConstraint(
            "(published_by IS NULL) = (published_ms IS NULL)", name=op.f("ck_rule_version_published_ms")
        ),
        sa.CheckConstraint(
            "(reviewed_by IS NULL) = (reviewed_ms IS NULL)", name=op.f("ck_rule_version_reviewed_ms")
        ),
        sa.CheckConstraint(
            "reviewed_by <> author AND published_by <> author", name=op.f("ck_rule_version_second_person")
        ),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_rule_version")),
        comment="Versions of rules by the hash of their text; first and last are the Beijing days it holds for, published_ms since when that is known",
    )
    op.create_index(
        op.f("ix_rule_version_rule_published_ms"), "rule_version", ["rule", "published_ms"], unique=False
    )
    op.create_table(
        "simulation_run",
        sa.Column("run_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("run_by", sa.String(length=80), nullable=False),
        sa.Column("run_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_simulation_run")),
        comment="What a candidate would have changed of what was decided: period and scope, result as JSON",
    )
    op.create_index(
        op.f("ix_simulation_run_sha256_run_id"), "simulation_run", ["sha256", "run_id"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_simulation_run_sha256_run_id"), table_name="simulation_run")
    op.drop_table("simulation_run")
    op.drop_index(op.f("ix_rule_version_rule_published_ms"), table_name="rule_version")
    op.drop_table("rule_version")
    op.drop_table("register_row")
    op.drop_table("register_extract")
    op.drop_index(op.f("ix_decision_decided_ms_decision_id"), table_name="decision")
    op.drop_table("decision")
    op.drop_table("catalogue_item")
