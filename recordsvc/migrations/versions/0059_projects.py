"""Funded projects, and the claims for their heads."""

import sqlalchemy as sa
from alembic import op

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "training_project",
        sa.Column("project_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("institution", sa.String(length=18), nullable=False),
        sa.Column("course", sa.String(length=80), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("doc", sa.String(length=100), nullable=False),
        sa.Column("region", sa.String(length=6), nullable=False),
        sa.Column("places", sa.SmallInteger(), nullable=False),
        sa.Column("price_fen", sa.BigInteger(), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("places BETWEEN 1 AND 500", name=op.f("ck_training_project_places")),
        sa.CheckConstraint(
            "price_fen BETWEEN 1 AND 1000000000000000", name=op.f("ck_training_project_price")
        ),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_training_project_second_person")),
        sa.ForeignKeyConstraint(
            ["project_id"], ["proposal.id"], name=op.f("fk_training_project_project_id_proposal")
        ),
        sa.PrimaryKeyConstraint("project_id", name=op.f("pk_training_project")),
        comment="Funded projects (项目制培训): institution (USCC), its code of the class, document of approval, "
        "division, places, price of a head in fen, by two officials; of one class the newest counts",
    )
    op.create_index(
        op.f("ix_training_project_institution_course"), "training_project", ["institution", "course"]
    )
    op.create_table(
        "project_claim",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("claim_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("project_id", sa.LargeBinary(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"], name="fk_project_claim_claim"
        ),
        sa.ForeignKeyConstraint(
            ["project_id"],
            ["training_project.project_id"],
            name=op.f("fk_project_claim_project_id_training_project"),
        ),
        sa.PrimaryKeyConstraint("worker_id", "claim_id", name=op.f("pk_project_claim")),
        comment="For which project a claim is: one head of its class",
    )
    op.create_index(op.f("ix_project_claim_project_id"), "project_claim", ["project_id"])


def downgrade() -> None:
    """Drop them."""
    op.drop_table("project_claim")
    op.drop_table("training_project")
