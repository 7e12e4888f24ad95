"""Draws of whom to inspect."""

import sqlalchemy as sa
from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "draw",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("subject", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("source", sa.String(length=20), nullable=False),
        sa.Column("issue", sa.String(length=20), nullable=False),
        sa.Column("event_ms", sa.BigInteger(), nullable=False),
        sa.Column("reveal_by_ms", sa.BigInteger(), nullable=False),
        sa.Column("opens_on", sa.String(length=10), nullable=False),
        sa.Column("inspectors", sa.Integer(), nullable=False),
        sa.Column("committed_by", sa.String(length=80), nullable=False),
        sa.Column("committed_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("revealed_by", sa.String(length=80), nullable=True),
        sa.Column("revealed_ms", sa.BigInteger(), nullable=True),
        sa.Column("assigned_by", sa.String(length=80), nullable=True),
        sa.Column("assigned_ms", sa.BigInteger(), nullable=True),
        sa.Column("due_on", sa.String(length=10), nullable=True),
        sa.Column("reported_ms", sa.BigInteger(), nullable=True),
        sa.Column("published_by", sa.String(length=80), nullable=True),
        sa.Column("published_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'committed') = (revealed_by IS NULL)", name=op.f("ck_draw_revealed")),
        sa.CheckConstraint(
            "(state = 'published') = (published_by IS NOT NULL)", name=op.f("ck_draw_published")
        ),
        sa.CheckConstraint(
            "(state IN ('committed', 'revealed')) = (assigned_by IS NULL)", name=op.f("ck_draw_assigned")
        ),
        sa.CheckConstraint(
            "state IN ('committed', 'revealed', 'assigned', 'reported', 'published')",
            name=op.f("ck_draw_state"),
        ),
        sa.CheckConstraint("committed_ms < event_ms AND event_ms < reveal_by_ms", name=op.f("ck_draw_event")),
        sa.CheckConstraint("inspectors >= 2", name=op.f("ck_draw_inspectors")),
        sa.CheckConstraint("revealed_by <> committed_by", name=op.f("ck_draw_two_people")),
        sa.CheckConstraint(
            "revealed_ms >= event_ms AND revealed_ms < reveal_by_ms", name=op.f("ck_draw_in_time")
        ),
        sa.PrimaryKeyConstraint("draw_id", name=op.f("pk_draw")),
        sa.UniqueConstraint(
            "subject", "area", "source", "issue", name=op.f("uq_draw_subject_area_source_issue")
        ),
        comment="Draws of whom to inspect; revealed by another official than committed it, after the event and within the term; one for an area, sort of object and event",
    )
    op.create_table(
        "draw_list",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("list", sa.String(length=10), nullable=False),
        sa.Column("lines", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("list IN ('objects', 'roster')", name=op.f("ck_draw_list_list")),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.draw_id"], name=op.f("fk_draw_list_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "list", name=op.f("pk_draw_list")),
        comment="The lists that a draw committed to, byte for byte; public when the draw opens",
    )
    op.create_table(
        "draw_stratum",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("stratum", sa.String(length=60), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "least >= 1 AND number >= least AND number <= size", name=op.f("ck_draw_stratum_number")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.draw_id"], name=op.f("fk_draw_stratum_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "stratum", name=op.f("pk_draw_stratum")),
        comment="How many objects of a stratum are drawn, of how many, and how many the rules ask for at least",
    )
    op.create_table(
        "draw_document",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("step", sa.String(length=10), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "step IN ('commit', 'reveal', 'assign', 'result')", name=op.f("ck_draw_document_step")
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.draw_id"], name=op.f("fk_draw_document_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "step", name=op.f("pk_draw_document")),
        sa.UniqueConstraint("idx", name=op.f("uq_draw_document_idx")),
        comment="What each step of a draw says, canonical JSON; the archive's log states its hash at idx",
    )
    op.create_table(
        "draw_inspector",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.draw_id"], name=op.f("fk_draw_inspector_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "code", name=op.f("pk_draw_inspector")),
        sa.UniqueConstraint("draw_id", "official_id", name=op.f("uq_draw_inspector_draw_id_official_id")),
        comment="Which inspector a code of a draw's roster stands for; never public",
    )
    op.create_table(
        "draw_seat",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("object_id", sa.String(length=60), nullable=False),
        sa.Column("code", sa.String(length=16), nullable=False),
        sa.Column("seat", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["draw_id", "code"],
            ["draw_inspector.draw_id", "draw_inspector.code"],
            name=op.f("fk_draw_seat_draw_id_code"),
        ),
        sa.PrimaryKeyConstraint("draw_id", "object_id", "code", name=op.f("pk_draw_seat")),
        sa.UniqueConstraint("draw_id", "object_id", "seat", name=op.f("uq_draw_seat_draw_id_object_id_seat")),
        comment="Which inspectors a drawn object has; seats count from 0",
    )
    op.create_table(
        "draw_report",
        sa.Column("draw_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("object_id", sa.String(length=60), nullable=False),
        sa.Column("result", sa.String(length=40), nullable=False),
        sa.Column("summary", sa.String(length=400), nullable=False),
        sa.Column("papers", sa.String(length=2000), nullable=False),
        sa.Column("reported_by", sa.String(length=16), nullable=False),
        sa.Column("reported_ms", sa.BigInteger(), nullable=False),
        sa.Column("confirmed_by", sa.String(length=16), nullable=True),
        sa.Column("confirmed_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(confirmed_by IS NULL) = (confirmed_ms IS NULL)", name=op.f("ck_draw_report_confirmed")
        ),
        sa.CheckConstraint("confirmed_by <> reported_by", name=op.f("ck_draw_report_two_people")),
        sa.ForeignKeyConstraint(
            ["draw_id", "object_id", "confirmed_by"],
            ["draw_seat.draw_id", "draw_seat.object_id", "draw_seat.code"],
            name=op.f("fk_draw_report_draw_id_object_id_confirmed_by"),
        ),
        sa.ForeignKeyConstraint(
            ["draw_id", "object_id", "reported_by"],
            ["draw_seat.draw_id", "draw_seat.object_id", "draw_seat.code"],
            name=op.f("fk_draw_report_draw_id_object_id_reported_by"),
        ),
        sa.ForeignKeyConstraint(["draw_id"], ["draw.draw_id"], name=op.f("fk_draw_report_draw_id")),
        sa.PrimaryKeyConstraint("draw_id", "object_id", name=op.f("pk_draw_report")),
        comment="What two of an object's inspectors found; until the second confirms, either may say it anew. Papers are SHA-256 by spaces",
    )


def downgrade() -> None:
    """Take back."""
    for name in ("report", "seat", "inspector", "document", "stratum", "list"):
        op.drop_table(f"draw_{name}")
    op.drop_table("draw")
