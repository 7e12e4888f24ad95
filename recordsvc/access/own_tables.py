"""What officials said of their own archive, at rest; the number itself is kept in the people room."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

own_archive = sa.Table(
    "own_archive",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number_id", sa.LargeBinary(16)),
    sa.Column("document", sa.String(24), nullable=False),
    sa.Column("has_archive", sa.Boolean, nullable=False),
    sa.Column("proposal", sa.LargeBinary(16), nullable=False),
    sa.Column("stated_ms", sa.BigInteger, nullable=False),
    sa.Column("confirmed_by", sa.String(80)),
    sa.Column("confirmed_ms", sa.BigInteger),
    sa.CheckConstraint("(confirmed_by IS NULL) = (confirmed_ms IS NULL)", name="confirmed"),
    info={"kind": "state"},
    comment="Which archive an official says is theirs, or that they have none, confirmed by a second person: "
    "an opaque id of the kept number, never the number; empty once another statement took its place",
)
