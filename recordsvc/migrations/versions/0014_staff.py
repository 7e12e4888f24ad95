"""Staff of institutions; areas of institutions, workers and proposals; recusal, deputies, emergencies."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "deputy",
        sa.Column("deputy_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("principal", sa.String(length=40), nullable=False),
        sa.Column("deputy", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("named_by", sa.String(length=80), nullable=False),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.CheckConstraint("from_ms <= until_ms", name=op.f("ck_deputy_dates")),
        sa.CheckConstraint("principal <> deputy", name=op.f("ck_deputy_another")),
        sa.PrimaryKeyConstraint("deputy_id", name=op.f("pk_deputy")),
        comment="Who stands in for whom, in which role, from when until when, and who said so",
    )
    op.create_index(op.f("ix_deputy_deputy"), "deputy", ["deputy"], unique=False)
    op.create_table(
        "emergency",
        sa.Column("case_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.Column("finding", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(closed_ms IS NULL) = (finding = '')", name=op.f("ck_emergency_found")),
        sa.CheckConstraint(
            "closed_by <> 'official:' || official_id", name=op.f("ck_emergency_second_person")
        ),
        sa.CheckConstraint("(closed_ms IS NULL) = (closed_by IS NULL)", name=op.f("ck_emergency_closed")),
        sa.CheckConstraint("until_ms - from_ms <= 14400000", name=op.f("ck_emergency_four_hours")),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_emergency")),
        comment="A role that an official took alone for hours (break-glass): a second person closes the case",
    )
    op.create_index(op.f("ix_emergency_official_id"), "emergency", ["official_id"], unique=False)
    op.create_table(
        "institution_area",
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("stated_by", sa.String(length=80), nullable=False),
        sa.Column("stated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("uscc", "n", name=op.f("pk_institution_area")),
        comment="Where an institution works, says this source; the newest counts. Without a row: where its code says that it was registered",
    )
    op.create_table(
        "official_bar",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("bar", sa.String(length=10), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.CheckConstraint(
            "(bar = 'pay' AND side IN ('check', 'pay')) OR (bar = 'office' AND side IN ('work', 'audit', 'run'))",
            name=op.f("ck_official_bar_side"),
        ),
        sa.PrimaryKeyConstraint("official_id", "bar", name=op.f("pk_official_bar")),
        comment="On which side of each bar an official stands; one row a bar, so that nobody stands on both",
    )
    op.create_table(
        "recusal",
        sa.Column("recusal_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("party", sa.String(length=60), nullable=False),
        sa.Column("ground", sa.String(length=12), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("declared_by", sa.String(length=80), nullable=False),
        sa.Column("ended_by", sa.String(length=80), nullable=True),
        sa.CheckConstraint("ground <> 'self' OR until_ms IS NULL", name=op.f("ck_recusal_self_stays")),
        sa.CheckConstraint(
            "ground IN ('self', 'kin', 'institution', 'other')", name=op.f("ck_recusal_ground")
        ),
        sa.CheckConstraint("(until_ms IS NULL) = (ended_by IS NULL)", name=op.f("ck_recusal_ended")),
        sa.PrimaryKeyConstraint("recusal_id", name=op.f("pk_recusal")),
        comment="Whose affairs an official keeps out of, why, and who said so; parties are opaque ids and codes",
    )
    op.create_index(op.f("ix_recusal_official_id"), "recusal", ["official_id"], unique=False)
    op.create_table(
        "staff",
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("institution", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("invited_by", sa.String(length=80), nullable=False),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("staff_id", name=op.f("pk_staff")),
        comment="People of institutions, employers and departments who sign in, each at one of them",
    )
    op.create_index(op.f("ix_staff_institution"), "staff", ["institution"], unique=False)
    op.create_table(
        "staff_invitation",
        sa.Column("invitation_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("institution", sa.String(length=18), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("position", sa.String(length=20), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("invited_by", sa.String(length=80), nullable=False),
        sa.Column("invited_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.Column("staff_id", sa.String(length=40), nullable=True),
        sa.CheckConstraint("(used_ms IS NULL) = (staff_id IS NULL)", name=op.f("ck_staff_invitation_used")),
        sa.PrimaryKeyConstraint("invitation_id", name=op.f("pk_staff_invitation")),
        comment="Invitations by name to a position; digest is the keyed digest of the one-use code",
    )
    op.create_index(op.f("ix_staff_invitation_digest"), "staff_invitation", ["digest"], unique=True)
    op.create_index(
        op.f("ix_staff_invitation_institution"), "staff_invitation", ["institution"], unique=False
    )
    op.create_table(
        "staff_role",
        sa.Column("staff_id", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.String(length=20), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("granted_by", sa.String(length=80), nullable=False),
        sa.Column("revoked_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("staff_id", "n", name=op.f("pk_staff_role")),
        comment="Dated positions of staff; a position that was taken away keeps its row",
    )
    op.create_table(
        "worker_area",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("division", sa.String(length=6), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("stated_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker_area")),
        comment="The division in which a worker is registered, as far as known; officials of others see nothing",
    )
    op.add_column("office_notice", sa.Column("area", sa.String(length=6), server_default="", nullable=False))
    op.add_column("proposal", sa.Column("decided_for", sa.String(length=80), nullable=True))
    op.add_column("proposal", sa.Column("area", sa.String(length=6), server_default="", nullable=False))
    op.add_column("proposal", sa.Column("parties", sa.Text(), server_default="", nullable=False))
    with op.batch_alter_table("demo_login") as batch:
        batch.drop_constraint(op.f("ck_demo_login_actor_kind"), type_="check")
        batch.create_check_constraint(
            op.f("ck_demo_login_actor_kind"), "actor_kind IN ('worker', 'staff', 'official')"
        )


def downgrade() -> None:
    """Revert."""
    op.execute("DELETE FROM demo_login WHERE actor_kind = 'staff'")
    with op.batch_alter_table("demo_login") as batch:
        batch.drop_constraint(op.f("ck_demo_login_actor_kind"), type_="check")
        batch.create_check_constraint(
            op.f("ck_demo_login_actor_kind"), "actor_kind IN ('worker', 'official')"
        )
    op.drop_column("proposal", "parties")
    op.drop_column("proposal", "area")
    op.drop_column("proposal", "decided_for")
    op.drop_column("office_notice", "area")
    op.drop_table("worker_area")
    op.drop_table("staff_role")
    op.drop_index(op.f("ix_staff_invitation_institution"), table_name="staff_invitation")
    op.drop_index(op.f("ix_staff_invitation_digest"), table_name="staff_invitation")
    op.drop_table("staff_invitation")
    op.drop_index(op.f("ix_staff_institution"), table_name="staff")
    op.drop_table("staff")
    op.drop_index(op.f("ix_recusal_official_id"), table_name="recusal")
    op.drop_table("recusal")
    op.drop_table("official_bar")
    op.drop_table("institution_area")
    op.drop_index(op.f("ix_emergency_official_id"), table_name="emergency")
    op.drop_table("emergency")
    op.drop_index(op.f("ix_deputy_deputy"), table_name="deputy")
    op.drop_table("deputy")
