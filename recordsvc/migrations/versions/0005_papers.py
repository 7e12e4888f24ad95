"""Papers of workers and institutions.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring in."""
    for table, owner in (
        ("paper", sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False)),
        ("institution_paper", sa.Column("uscc", sa.String(length=18), nullable=False)),
    ):
        op.create_table(
            table,
            owner,
            sa.Column("tag", sa.LargeBinary(length=16), nullable=False),
            sa.Column("paper_id", sa.LargeBinary(length=16), nullable=False),
            sa.Column("kind", sa.String(length=40), nullable=False),
            sa.Column("media", sa.String(length=20), nullable=False),
            sa.Column("filed_ms", sa.BigInteger(), nullable=False),
            sa.Column("filed_by", sa.String(length=80), nullable=False),
            sa.Column("object", sa.String(length=32), nullable=False),
            sa.Column("sealed", sa.LargeBinary(), nullable=False),
            sa.PrimaryKeyConstraint(owner.name, "tag", name=op.f(f"pk_{table}")),
            comment=_COMMENTS[table],
        )
        op.create_index(op.f(f"ix_{table}_object"), table, ["object"], unique=False)
    op.create_table(
        "institution_key",
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", name=op.f("pk_institution_key")),
        comment="The data key of an institution's papers under the master key, made with the first paper",
    )


_COMMENTS = {
    "paper": "Papers of a worker: kind, when filed, by whom, where the ciphertext lies; hash and title sealed",
    "institution_paper": "Papers of an institution, as `paper`",
}


def downgrade() -> None:
    """Take back."""
    op.drop_table("institution_key")
    for table in ("institution_paper", "paper"):
        op.drop_index(op.f(f"ix_{table}_object"), table_name=table)
        op.drop_table(table)
