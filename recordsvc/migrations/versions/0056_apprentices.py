"""Plans of apprentices, who has their places, and the claims on them."""

import sqlalchemy as sa
from alembic import op

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "apprentice_plan",
        sa.Column("plan_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("institution", sa.String(length=18), nullable=False),
        sa.Column("course", sa.String(length=40), nullable=False),
        sa.Column("title", sa.String(length=80), nullable=False),
        sa.Column("occupation", sa.String(length=60), nullable=False),
        sa.Column("level", sa.String(length=12), nullable=False),
        sa.Column("places", sa.SmallInteger(), nullable=False),
        sa.Column("advance_pct", sa.SmallInteger(), nullable=False),
        sa.Column("starts_on", sa.String(length=10), nullable=False),
        sa.Column("ends_on", sa.String(length=10), nullable=False),
        sa.Column("filed_by", sa.String(length=80), nullable=False),
        sa.Column("filed_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("advance_pct BETWEEN 0 AND 100", name=op.f("ck_apprentice_plan_advance")),
        sa.CheckConstraint("places BETWEEN 1 AND 500", name=op.f("ck_apprentice_plan_places")),
        sa.CheckConstraint("starts_on < ends_on", name=op.f("ck_apprentice_plan_days")),
        sa.PrimaryKeyConstraint("plan_id", name=op.f("pk_apprentice_plan")),
        sa.UniqueConstraint("institution", "course", name="uq_apprentice_plan_course"),
        sa.UniqueConstraint("plan_id", "places", name="uq_apprentice_plan_places"),
        comment="Training plans of enterprises (学徒培养计划备案): its own code of the class, occupation, level aimed at, places, share to be advanced in percent, first and last Beijing day",
    )
    op.create_table(
        "apprentice_left",
        sa.Column("plan_id", sa.LargeBinary(length=16), autoincrement=False, nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("left_by", sa.String(length=80), nullable=False),
        sa.Column("left_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["apprentice_plan.plan_id"], name="fk_apprentice_left_plan"),
        sa.PrimaryKeyConstraint("plan_id", "place", "turn", name=op.f("pk_apprentice_left")),
        comment="Who left a place, on what the archive says became of the enrolment (id of the record)",
    )
    op.create_table(
        "apprentice",
        sa.Column("plan_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("before", sa.SmallInteger(), nullable=True),
        sa.Column("places", sa.SmallInteger(), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("record_id", sa.String(length=36), nullable=False),
        sa.Column("joined_by", sa.String(length=80), nullable=False),
        sa.Column("joined_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("before = turn - 1", name=op.f("ck_apprentice_order")),
        sa.CheckConstraint("place BETWEEN 1 AND places", name=op.f("ck_apprentice_place")),
        sa.CheckConstraint("turn >= 1 AND (turn = 1) = (before IS NULL)", name=op.f("ck_apprentice_first")),
        sa.ForeignKeyConstraint(
            ["plan_id", "place", "before"],
            ["apprentice_left.plan_id", "apprentice_left.place", "apprentice_left.turn"],
            name="fk_apprentice_before",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id", "place", "before"],
            ["apprentice.plan_id", "apprentice.place", "apprentice.turn"],
            name="fk_apprentice_turn",
        ),
        sa.ForeignKeyConstraint(
            ["plan_id", "places"],
            ["apprentice_plan.plan_id", "apprentice_plan.places"],
            name="fk_apprentice_plan",
        ),
        sa.PrimaryKeyConstraint("plan_id", "place", "turn", name=op.f("pk_apprentice")),
        sa.UniqueConstraint("plan_id", "worker_id", name="uq_apprentice_worker"),
        comment="Who has a place of a plan, the first and those who replaced others (补录), each on an enrolment in the archive (its id); turn before: that one left",
    )
    op.create_index(op.f("ix_apprentice_worker_id"), "apprentice", ["worker_id"], unique=False)
    op.create_table(
        "apprentice_claim",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("claim_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("plan_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("place", sa.SmallInteger(), nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("event", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "event IN ('advance', 'settle') AND (event <> 'advance' OR turn = 1)",
            name=op.f("ck_apprentice_claim_event"),
        ),
        sa.ForeignKeyConstraint(
            ["plan_id", "place", "turn"],
            ["apprentice.plan_id", "apprentice.place", "apprentice.turn"],
            name="fk_apprentice_claim_apprentice",
        ),
        sa.ForeignKeyConstraint(
            ["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"], name="fk_apprentice_claim_claim"
        ),
        sa.PrimaryKeyConstraint("worker_id", "claim_id", name=op.f("pk_apprentice_claim")),
        comment="For which place of which plan a claim is: its advance (预支), which only the first turn brings, or its settlement (结算)",
    )
    op.create_index(
        op.f("ix_apprentice_claim_plan_id_place"), "apprentice_claim", ["plan_id", "place"], unique=False
    )
    op.create_table(
        "apprentice_end",
        sa.Column("plan_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("place", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("turn", sa.SmallInteger(), nullable=False),
        sa.Column("why", sa.String(length=10), nullable=False),
        sa.Column("ended_by", sa.String(length=80), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("why IN ('given-up', 'vacant', 'over')", name=op.f("ck_apprentice_end_why")),
        sa.ForeignKeyConstraint(
            ["plan_id", "place", "turn"],
            ["apprentice.plan_id", "apprentice.place", "apprentice.turn"],
            name="fk_apprentice_end_apprentice",
        ),
        sa.PrimaryKeyConstraint("plan_id", "place", name=op.f("pk_apprentice_end")),
        comment="Places that ended without anybody finishing: the enterprise gave it up, nobody replaced who left, the plan is over; what was advanced for it is asked back",
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("apprentice_end")
    op.drop_table("apprentice_claim")
    op.drop_table("apprentice")
    op.drop_table("apprentice_left")
    op.drop_table("apprentice_plan")
