"""Accounts of payees of which a bank said that they take no money."""

import sqlalchemy as sa
from alembic import op

revision = "0061"
down_revision = "0060"
branch_labels = None
depends_on = None

_STATE, _VERIFIED = "ck_payee_account_state", "ck_payee_account_verified"


def _checks(failed: str, verified: str) -> None:
    with op.batch_alter_table("payee_account") as batch:
        batch.drop_constraint(op.f(_STATE), type_="check")
        batch.drop_constraint(op.f(_VERIFIED), type_="check")
        batch.create_check_constraint(
            op.f(_STATE), f"state IN ('entered', 'verified', 'refused', 'ended'{failed})"
        )
        batch.create_check_constraint(op.f(_VERIFIED), verified)


def upgrade() -> None:
    """Allow the state; what a bank said before is not read again: the next return says it."""
    _checks(
        ", 'failed'",
        "CASE WHEN state IN ('verified', 'failed') THEN verified_by IS NOT NULL WHEN state = 'ended' THEN true "
        "ELSE verified_by IS NULL END",
    )


def downgrade() -> None:
    """Take it back, where no account failed yet."""
    if (
        op.get_bind().execute(sa.text("SELECT 1 FROM payee_account WHERE state = 'failed'")).first()
        is not None
    ):
        raise RuntimeError("a bank gave money back because of an account: these rows have no older form")
    _checks(
        "",
        "CASE state WHEN 'verified' THEN verified_by IS NOT NULL WHEN 'ended' THEN true "
        "ELSE verified_by IS NULL END",
    )
