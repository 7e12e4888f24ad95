"""Top-ups: claims for the difference where an archive now gives more than was paid."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

_LIVE = "live = 1"
_FIRST = "live = 1 AND part IS NULL"
_OBJECT = ["worker_id", "claim_id", "kind", "certificate"]
_LIMITS = {
    "ux_claim_certificate": ["worker_id", "kind", "certificate"],
    "ux_claim_purpose": ["worker_id", "purpose", "certificate"],
}
_COMMENT = (
    "Where a claim stands, with what limits it: `purpose` is the family of kinds that exclude one another; year "
    "and slot its place among so many a year (year 0: in a life)"
)
_PART = ["worker_id", "claim_id", "part"]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "claim_topup",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("claim_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("part", sa.SmallInteger(), nullable=False),
        sa.Column("tops", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("certificate", sa.String(length=40), nullable=False),
        sa.Column("before_fen", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(length=40), nullable=False),
        sa.CheckConstraint("part >= 1", name=op.f("ck_claim_topup_part")),
        sa.CheckConstraint("before_fen >= 0", name=op.f("ck_claim_topup_before")),
        sa.CheckConstraint("tops <> claim_id", name=op.f("ck_claim_topup_another")),
        sa.ForeignKeyConstraint(_OBJECT, [f"claim.{one}" for one in _OBJECT], name="fk_claim_topup_claim"),
        sa.ForeignKeyConstraint(
            ["worker_id", "tops", "kind", "certificate"],
            [f"claim.{one}" for one in _OBJECT],
            name="fk_claim_topup_tops",
        ),
        sa.PrimaryKeyConstraint("worker_id", "claim_id", name=op.f("pk_claim_topup")),
        sa.UniqueConstraint("worker_id", "claim_id", "part", name="uq_claim_topup_part"),
        comment="Claims that top another up (补差): of the same kind, on the same record; which part it is, how much its worker had kept of the parts before, in fen, and what in the log caused it",
    )
    with op.batch_alter_table("claim_state") as batch:
        batch.add_column(sa.Column("part", sa.SmallInteger(), nullable=True))
        batch.create_foreign_key("fk_claim_state_part", "claim_topup", _PART, _PART)
        batch.create_table_comment(_COMMENT + "; part: it tops another up; amounts in fen")
    _limits(_FIRST)
    where = sa.text(_LIVE)
    op.create_index(
        "ux_claim_part",
        "claim_state",
        ["worker_id", "kind", "certificate", "part"],
        unique=True,
        sqlite_where=where,
        postgresql_where=where,
    )


def downgrade() -> None:
    """Take back; refused by the database where a certificate has been topped up."""
    op.drop_index("ux_claim_part", table_name="claim_state")
    _limits(_LIVE)
    with op.batch_alter_table("claim_state") as batch:
        batch.create_table_comment(_COMMENT + "; amounts in fen")
        batch.drop_constraint("fk_claim_state_part", type_="foreignkey")
        batch.drop_column("part")
    op.drop_table("claim_topup")


def _limits(where: str) -> None:
    """Make the limits of a certificate anew."""
    for name, columns in _LIMITS.items():
        op.drop_index(name, table_name="claim_state")
        said = sa.text(where)
        op.create_index(name, "claim_state", columns, unique=True, sqlite_where=said, postgresql_where=said)
