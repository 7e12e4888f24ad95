"""Cases of recovery that end after they were decided, because the record is good again."""

import sqlalchemy as sa
from alembic import op

revision = "0060"
down_revision = "0059"
branch_labels = None
depends_on = None

_NAME = "ck_recovery_decided"
_DECIDED = "state IN ('DECIDED', 'PARTIAL', 'SETTLED', 'WRITTEN_OFF')"
_BEFORE = f"CASE WHEN {_DECIDED} THEN 1 ELSE 0 END = CASE WHEN asked_fen IS NULL THEN 0 ELSE 1 END"
_NOW = (
    f"CASE WHEN {_DECIDED} THEN asked_fen IS NOT NULL WHEN state IN ('OPENED', 'HEARD') THEN asked_fen IS NULL "
    "ELSE true END"
)


def _check(says: str) -> None:
    with op.batch_alter_table("recovery") as batch:
        batch.drop_constraint(op.f(_NAME), type_="check")
        batch.create_check_constraint(op.f(_NAME), says)


def upgrade() -> None:
    """Allow them."""
    _check(_NOW)


def downgrade() -> None:
    """Take it back, where no decided case ended so yet."""
    lifted = "SELECT 1 FROM recovery WHERE state = 'DROPPED' AND asked_fen IS NOT NULL"
    if op.get_bind().execute(sa.text(lifted)).first() is not None:
        raise RuntimeError("a decided case ended with its record: these rows have no older form")
    _check(_BEFORE)
