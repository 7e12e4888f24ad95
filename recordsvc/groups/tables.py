"""Groups at rest: which statements in whose archive a department keeps. What they say stands in the archive.

A statement is an entry (`group-membership`), so that it is proved, corrected, contested and erased as every
other is. This table only says where a department's own are; it names no group.
"""

import sqlalchemy as sa

from recordsvc.ground.database import metadata

group_entry = sa.Table(
    "group_entry",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("record_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("stated_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "institution", "record_id"),
    info={"kind": "state", "worker": True},
    comment="Statements that a department keeps about its people (人员类别): in whose archive, which "
    "record; what it says stands in the archive alone",
)
