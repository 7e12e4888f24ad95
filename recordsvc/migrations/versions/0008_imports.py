"""Files of old papers on their way into archives."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "import_run",
        sa.Column("run_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("file_sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("record_type", sa.String(length=40), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("vouched_by", sa.String(length=120), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposal", sa.LargeBinary(length=16), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("ready", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("entered", sa.Integer(), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("wrapped", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('loading', 'proposed', 'approved', 'done', 'dropped')",
            name=op.f("ck_import_run_state"),
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_import_run")),
        comment="Files of old papers on their way into archives; the key of their rows goes when the run ends",
    )
    op.create_index(op.f("ix_import_run_state"), "import_run", ["state"], unique=False)
    op.create_table(
        "import_row",
        sa.Column("run_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("code", sa.String(length=120), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint("state IN ('ready', 'entered', 'refused')", name=op.f("ck_import_row_state")),
        sa.PrimaryKeyConstraint("run_id", "row", name=op.f("pk_import_row")),
        comment="Rows of such a file: sealed under the run's key until entered, and why one was refused",
    )
    op.create_index(
        op.f("ix_import_row_run_id_state_row"), "import_row", ["run_id", "state", "row"], unique=False
    )


def downgrade() -> None:
    """Take back."""
    op.drop_index(op.f("ix_import_row_run_id_state_row"), table_name="import_row")
    op.drop_table("import_row")
    op.drop_index(op.f("ix_import_run_state"), table_name="import_run")
    op.drop_table("import_run")
