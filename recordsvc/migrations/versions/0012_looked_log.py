"""The who-looked log: a place for every look, what of a look can be erased, questions, alarms.

What was looked at before gets places in the order of time. Salts are made here: nobody committed to those
rows until now.
"""

import os

import sqlalchemy as sa
from alembic import op

from recordsvc.access.looked_log import data_of, detail_of
from recordsvc.translog.tree import Frontier, leaf_hash

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SAID = "Who looked at whose archive, in which role, why, at what; written before the first byte leaves"
PORTION = 2_000
Values = tuple[object, ...]


def upgrade() -> None:
    """Apply."""
    op.rename_table("looked", "looked_before")
    _free_key("looked_before")
    _create_looked()
    op.create_table(
        "looked_detail",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "id", name=op.f("pk_looked_detail")),
        comment="What of a look names a case: goes with the worker's erasure, the row keeps its salted hash",
    )
    op.create_table(
        "looked_place",
        sa.Column("idx", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("data", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_looked_place")),
        comment="The who-looked log in order: which row stands at an index, and the salted hash of it",
    )
    op.create_table(
        "looked_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_looked_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looked_head")),
        comment="The one row every look locks: size, root and frontier of the who-looked log",
    )
    op.create_table(
        "looked_checkpoint",
        sa.Column("size", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_looked_checkpoint")),
        comment="Signed checkpoints of the who-looked log; idx is the statement of each in the archive's log",
    )
    _create_cases()
    _place_old_rows()
    op.drop_table("looked_before")


def downgrade() -> None:
    """Take back: rows and cases stay, places and checkpoints are lost."""
    op.drop_index(op.f("ix_looked_alarm_state_raised_ms"), table_name="looked_alarm")
    op.drop_table("looked_alarm")
    op.drop_index(op.f("ix_looked_question_state_due_on"), table_name="looked_question")
    op.drop_table("looked_question")
    op.drop_table("looked_checkpoint")
    op.drop_table("looked_head")
    op.drop_table("looked_place")
    op.drop_index(op.f("ix_looked_actor_kind_actor_id_at_ms"), table_name="looked")
    op.rename_table("looked", "looked_after")
    _free_key("looked_after")
    op.create_table(
        "looked",
        *_common(),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "id", name=op.f("pk_looked")),
        comment=SAID,
    )
    op.execute(
        "INSERT INTO looked SELECT a.worker_id, a.id, a.at_ms, a.actor_kind, a.actor_id, a.role, a.purpose, "
        "a.fields, coalesce(d.case_ref, ''), coalesce(d.request_id, '') FROM looked_after a "
        "LEFT JOIN looked_detail d ON d.worker_id = a.worker_id AND d.id = a.id"
    )
    op.drop_table("looked_detail")
    op.drop_table("looked_after")


def _free_key(table: str) -> None:
    # PostgreSQL's index of a key keeps its name when the table is renamed, and names are unique.
    if op.get_bind().dialect.name != "sqlite":
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT pk_looked TO pk_{table}")


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("fields", sa.String(length=200), nullable=False),
    )


def _create_looked() -> None:
    op.create_table(
        "looked",
        *_common(),
        sa.Column("salt", sa.LargeBinary(length=16), nullable=False),
        sa.Column("detail", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "id", name=op.f("pk_looked")),
        comment=SAID,
    )
    op.create_index(
        op.f("ix_looked_actor_kind_actor_id_at_ms"),
        "looked",
        ["actor_kind", "actor_id", "at_ms"],
        unique=False,
    )


def _create_cases() -> None:
    op.create_table(
        "looked_question",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("look_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.Column("answered_by", sa.String(length=80), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'answered')", name=op.f("ck_looked_question_state")),
        sa.PrimaryKeyConstraint("worker_id", "look_id", name=op.f("pk_looked_question")),
        comment="A worker does not know why somebody looked: whose it is to answer, until which Beijing day, "
        "and what was answered; one for each look, gone with the worker's erasure",
    )
    op.create_index(
        op.f("ix_looked_question_state_due_on"), "looked_question", ["state", "due_on"], unique=False
    )
    op.create_table(
        "looked_alarm",
        sa.Column("key", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=80), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("raised_ms", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("answer", sa.String(length=1000), nullable=False),
        sa.Column("answered_by", sa.String(length=80), nullable=False),
        sa.Column("answered_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('open', 'answered')", name=op.f("ck_looked_alarm_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_looked_alarm")),
        comment="Looks that stand out: kind, who, at whom, the place in the who-looked log "
        "that raised it; key is the hash of what makes two alarms one",
    )
    op.create_index(
        op.f("ix_looked_alarm_state_raised_ms"), "looked_alarm", ["state", "raised_ms"], unique=False
    )


def _place_old_rows() -> None:
    """Give what was looked at before its places, in the order of time."""
    conn, frontier = op.get_bind(), Frontier()
    erased = {
        bytes(row[0])
        for row in conn.execute(sa.text("SELECT DISTINCT worker_id FROM erasure WHERE seq = -1"))
    }
    found = conn.execute(
        sa.text(
            "SELECT worker_id, id, at_ms, actor_kind, actor_id, role, purpose, fields, case_ref, request_id "
            "FROM looked_before ORDER BY at_ms, id, worker_id"
        )
    ).all()
    for start in range(0, len(found), PORTION):
        rows: list[Values] = []
        details: list[Values] = []
        places: list[Values] = []
        for row in found[start : start + PORTION]:
            worker_id, row_id, salt, second = bytes(row[0]), bytes(row[1]), os.urandom(16), os.urandom(16)
            detail = detail_of(second, row[8], row[9])
            columns = (worker_id, row_id, *row[2:8], salt, detail)
            data = data_of(*columns)
            rows.append(columns)
            if worker_id not in erased:
                details.append((worker_id, row_id, row[8], row[9], second))
            places.append((frontier.size, worker_id, row_id, data))
            frontier.append(leaf_hash(data))
        for name, values in (("looked", rows), ("looked_detail", details), ("looked_place", places)):
            _fill(conn, name, values)
    head = {"id": 1, "size": frontier.size, "root": frontier.root(), "edge": frontier.to_bytes()}
    conn.execute(sa.text("INSERT INTO looked_head VALUES (:id, :size, :root, :edge)"), head)


def _fill(conn: sa.Connection, table: str, rows: list[Values]) -> None:
    if rows:
        names = [f"c{n}" for n in range(len(rows[0]))]
        marks = ", ".join(f":{name}" for name in names)
        statement = sa.text(f"INSERT INTO {table} VALUES ({marks})")  # noqa: S608 - our own tables
        conn.execute(statement, [dict(zip(names, row, strict=True)) for row in rows])
