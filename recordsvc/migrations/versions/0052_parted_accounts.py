"""Accounts of payees that ended with a merge that was undone."""

import sqlalchemy as sa
from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

_STATE, _VERIFIED = "ck_payee_account_state", "ck_payee_account_verified"


def upgrade() -> None:
    """Allow the state."""
    with op.batch_alter_table("payee_account") as batch:
        batch.drop_constraint(op.f(_STATE), type_="check")
        batch.drop_constraint(op.f(_VERIFIED), type_="check")
        batch.create_check_constraint(op.f(_STATE), "state IN ('entered', 'verified', 'refused', 'ended')")
        batch.create_check_constraint(
            op.f(_VERIFIED),
            "CASE state WHEN 'verified' THEN verified_by IS NOT NULL WHEN 'ended' THEN true "
            "ELSE verified_by IS NULL END",
        )


def downgrade() -> None:
    """Take it back; what ended counts as refused."""
    with op.batch_alter_table("payee_account") as batch:
        batch.drop_constraint(op.f(_STATE), type_="check")
        batch.drop_constraint(op.f(_VERIFIED), type_="check")
    account = sa.table("payee_account", sa.column("state"), sa.column("verified_by"))
    op.execute(account.update().where(account.c.state == "ended").values(state="refused", verified_by=None))
    with op.batch_alter_table("payee_account") as batch:
        batch.create_check_constraint(op.f(_STATE), "state IN ('entered', 'verified', 'refused')")
        batch.create_check_constraint(op.f(_VERIFIED), "(state = 'verified') = (verified_by IS NOT NULL)")
