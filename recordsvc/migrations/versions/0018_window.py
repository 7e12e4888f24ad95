"""Services at the window: carried by an official's session, with what was done in the worker's place."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("session") as batch:
        batch.add_column(sa.Column("desk", sa.LargeBinary(length=32), nullable=True))
        batch.create_check_constraint(op.f("ck_session_desk"), "desk IS NULL OR through_way IS NOT NULL")
    op.add_column("consent", sa.Column("proof", sa.String(length=60), nullable=True))
    op.create_index(op.f("ix_session_desk"), "session", ["desk"], unique=True)
    op.create_table(
        "service",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("service_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("by_id", sa.String(length=40), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("way IN ('window', 'helper')", name=op.f("ck_service_way")),
        sa.PrimaryKeyConstraint("worker_id", "service_id", name=op.f("pk_service")),
        comment="Somebody acted in a worker's place: who (official's id, or a helper's worker id), why, for which case, from when and until when at the latest; ends_ms moves back when the service is ended",
    )
    op.create_index(op.f("ix_service_ends_ms"), "service", ["ends_ms"], unique=False)
    op.create_table(
        "service_act",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("act_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("service_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("door", sa.String(length=200), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(length=10), nullable=False),
        sa.Column("log_index", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("outcome IN ('open', 'done', 'refused')", name=op.f("ck_service_act_outcome")),
        sa.PrimaryKeyConstraint("worker_id", "act_id", name=op.f("pk_service_act")),
        comment="What was done in a worker's place, by the rule of its door; written before the act, its outcome after it (open: not known); log_index of the entry that it made, if it made one",
    )
    op.create_index(
        op.f("ix_service_act_worker_id_service_id"), "service_act", ["worker_id", "service_id"], unique=False
    )
    op.create_table(
        "helper",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("helper_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("by_worker", sa.LargeBinary(length=16), nullable=True),
        sa.Column("name_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("verbs", sa.String(length=400), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("named_ms", sa.BigInteger(), nullable=False),
        sa.Column("named_in", sa.String(length=80), nullable=False),
        sa.Column("proof", sa.String(length=60), nullable=True),
        sa.Column("accepted_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", sa.String(length=20), nullable=True),
        sa.CheckConstraint("(by_worker IS NULL) = (accepted_ms IS NULL)", name=op.f("ck_helper_accepted")),
        sa.CheckConstraint("(ended_ms IS NULL) = (ended_by IS NULL)", name=op.f("ck_helper_ended")),
        sa.CheckConstraint("by_worker IS NULL OR by_worker <> worker_id", name=op.f("ck_helper_another")),
        sa.PrimaryKeyConstraint("worker_id", "helper_id", name=op.f("pk_helper")),
        comment="Whom a worker named to act in their place: by_worker once accepted, verbs are policies, "
        "named_in and proof say how; name and code are keyed digests. Gone with either of them",
    )
    for column in ("by_worker", "code_digest", "helper_id"):
        op.create_index(op.f(f"ix_helper_{column}"), "helper", [column], unique=False)


def downgrade() -> None:
    """Take back. Services end; what was done in them stands in the archive and in the officials' acts."""
    op.drop_table("helper")
    op.drop_column("consent", "proof")
    op.drop_index(op.f("ix_service_act_worker_id_service_id"), table_name="service_act")
    op.drop_table("service_act")
    op.drop_index(op.f("ix_service_ends_ms"), table_name="service")
    op.drop_table("service")
    op.execute("DELETE FROM session WHERE desk IS NOT NULL")
    op.drop_index(op.f("ix_session_desk"), table_name="session")
    with op.batch_alter_table("session") as batch:
        batch.drop_constraint(op.f("ck_session_desk"), type_="check")
        batch.drop_column("desk")
