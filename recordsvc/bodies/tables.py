"""Institutions at rest: dated facts, each standing for ever."""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

institution_fact = sa.Table(
    "institution_fact",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("fact", sa.String(10), nullable=False),
    sa.Column("on_date", sa.String(10), nullable=False),
    sa.Column("value", sa.String(200), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("stated_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("fact IN ('name', 'kind', 'licence', 'closed')", name="fact"),
    info={"kind": "append-only"},
    comment="True of an institution from a day on, says this source; of two for one day the newer counts",
)
