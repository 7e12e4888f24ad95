"""Rows that nobody may change unseen: their chain, and links for what is there already."""

import hashlib
import json
import os
from collections.abc import Iterable

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

BIG_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BOUND = {
    "consent": ("worker_id", "consent_id"),
    "consent_event": ("receiver", "n"),
    "consent_link": ("worker_id", "consent_id", "digest"),
    "official_act": ("id",),
    "official_role": ("official_id", "n"),
    "proposal": ("id",),
}
CHANGES = {
    "consent": {"uses", "used_ms", "ended_ms", "ended_by", "attempts", "wait_ms"},
    "official_role": {"until_ms", "revoked_by"},
    "proposal": {"state", "decided_by", "decided_role", "decided_for", "closed_ms", "reason"},
}
Said = dict[str, object]


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "bound_row",
        sa.Column("idx", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("bound", sa.String(length=40), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("fixed", sa.LargeBinary(length=32), nullable=False),
        sa.Column("data", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_bound_row")),
        comment="Links of the chain over rows that nobody may change unseen: table, key, hash of what never "
        "changes, hash of the whole row as it was written (zeros: taken away lawfully)",
    )
    op.create_index(op.f("ix_bound_row_bound_key"), "bound_row", ["bound", "key"], unique=False)
    op.create_table(
        "bound_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("chain", sa.LargeBinary(length=32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_bound_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bound_head")),
        comment="The one row every link locks: how many there are, and the hash of the last",
    )
    op.create_table(
        "bound_statement",
        sa.Column("size", BIG_KEY, autoincrement=False, nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_bound_statement")),
        comment="Where the archive's log speaks for the chain up to a size; idx is the entry, ms its time",
    )
    op.add_column("consent", sa.Column("salt", sa.LargeBinary(length=16), nullable=True))
    _salt()
    with op.batch_alter_table("consent") as batch:
        batch.alter_column("salt", existing_type=sa.LargeBinary(length=16), nullable=False)
    _bind()


def downgrade() -> None:
    """Take back: rows stay, what was bound of them is lost."""
    with op.batch_alter_table("consent") as batch:
        batch.drop_column("salt")
    op.drop_table("bound_statement")
    op.drop_table("bound_head")
    op.drop_index(op.f("ix_bound_row_bound_key"), table_name="bound_row")
    op.drop_table("bound_row")


def _salt() -> None:
    conn = op.get_bind()
    given = sa.text(
        "UPDATE consent SET salt = :salt WHERE worker_id = :worker_id AND consent_id = :consent_id"
    )
    for row in conn.execute(sa.text("SELECT worker_id, consent_id FROM consent")).mappings().all():
        conn.execute(given, {**row, "salt": os.urandom(16)})


def _bind() -> None:
    """Give every row its first link, table by table in the order of keys."""
    conn, size, chain = op.get_bind(), 0, bytes(32)
    into = sa.text(
        "INSERT INTO bound_row (idx, bound, key, fixed, data) VALUES (:idx, :bound, :key, :fixed, :data)"
    )
    for table, key in BOUND.items():
        order = ", ".join(key)
        for found in conn.execute(sa.text(f"SELECT * FROM {table} ORDER BY {order}")).mappings().all():  # noqa: S608 - our own tables
            row = {
                name: bytes(value) if isinstance(value, memoryview) else value
                for name, value in found.items()
            }
            text = json.dumps([_shown(row[name]) for name in key], separators=(",", ":"))
            fixed = _digest(row, (name for name in row if name not in CHANGES.get(table, ())))
            data = _digest(row, row)
            conn.execute(into, {"idx": size, "bound": table, "key": text, "fixed": fixed, "data": data})
            said = b"".join(map(_long, (table.encode(), text.encode(), fixed, data)))
            chain, size = hashlib.sha256(b"bound/v1" + chain + said).digest(), size + 1
    head = {"id": 1, "size": size, "chain": chain}
    conn.execute(sa.text("INSERT INTO bound_head (id, size, chain) VALUES (:id, :size, :chain)"), head)


def _shown(value: object) -> object:
    return value.hex() if isinstance(value, bytes) else value


def _digest(row: Said, names: Iterable[str]) -> bytes:
    # In the order of names, which no later change of a table's columns moves.
    hashing = hashlib.sha256(b"row/v1")
    for name in sorted(names):
        value = row[name]
        if value is None:
            continue
        hashing.update(_long(name.encode()))
        if isinstance(value, int):
            hashing.update(b"i" + _long(str(value).encode()))
        elif isinstance(value, str):
            hashing.update(b"s" + _long(value.encode("utf-8", "surrogateescape")))
        else:
            assert isinstance(value, bytes)  # noqa: S101 - the databases know no other kinds here
            hashing.update(b"b" + _long(value))
    return hashing.digest()


def _long(value: bytes) -> bytes:
    return len(value).to_bytes(4) + value
