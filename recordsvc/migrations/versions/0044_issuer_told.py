"""Whether a record's issuer is told of a case: of a wish to be restricted it is not."""

import json
import uuid

import sqlalchemy as sa
from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; a case of the region of which its issuer had no notice is none that it is told of."""
    with op.batch_alter_table("dispute") as batch:
        batch.add_column(sa.Column("issuer_told", sa.Boolean(), nullable=False, server_default=sa.true()))
    conn = op.get_bind()
    case = sa.table("dispute", *(sa.column(one) for one in ("dispute_id", "owner", "issuer_told")))
    notice = sa.table("office_notice", *(sa.column(one) for one in ("addressee", "kind", "params")))
    told = sa.select(notice.c.params).where(
        notice.c.addressee.like("institution:%"), notice.c.kind.in_(("objection-opened", "objection-passed"))
    )
    known = {uuid.UUID(json.loads(params)["case_id"]).bytes for params in conn.scalars(told)}
    for dispute_id in conn.scalars(sa.select(case.c.dispute_id).where(case.c.owner == "region")).all():
        if bytes(dispute_id) not in known:
            conn.execute(case.update().where(case.c.dispute_id == dispute_id).values(issuer_told=sa.false()))
    with op.batch_alter_table("dispute") as batch:
        batch.alter_column("issuer_told", server_default=None)


def downgrade() -> None:
    """Take it back."""
    with op.batch_alter_table("dispute") as batch:
        batch.drop_column("issuer_told")
