"""Officials' own archives: what they said, and the numbers kept for comparing."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "kept_number",
        sa.Column("number_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number_id", name=op.f("pk_kept_number")),
        comment="A number that is kept for comparing alone, under a data key of its own; gone when its keeper needs it no more",
    )
    op.create_table(
        "kept_tag",
        sa.Column("number_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("pepper", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("number_id", "pepper", name=op.f("pk_kept_tag")),
        comment="Kept number -> its blind-index tag under each live pepper: whose archive it leads to, without opening it",
    )
    op.create_index(op.f("ix_kept_tag_tag"), "kept_tag", ["tag"], unique=False)
    op.create_table(
        "own_archive",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("document", sa.String(length=24), nullable=False),
        sa.Column("has_archive", sa.Boolean(), nullable=False),
        sa.Column("proposal", sa.LargeBinary(length=16), nullable=False),
        sa.Column("stated_ms", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=80), nullable=True),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_ms IS NULL)", name=op.f("ck_own_archive_confirmed")
        ),
        sa.PrimaryKeyConstraint("official_id", "n", name=op.f("pk_own_archive")),
        comment="Which archive an official says is theirs, or that they have none, confirmed by a second person: an opaque id of the kept number, never the number; empty once another statement took its place",
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("own_archive")
    op.drop_index(op.f("ix_kept_tag_tag"), table_name="kept_tag")
    op.drop_table("kept_tag")
    op.drop_table("kept_number")
