"""Debits that their payers had the bank take back: an order that takes money again."""

import sqlalchemy as sa
from alembic import op

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None

_ALLOWED = "source || ':' || event || ':' || target IN ({})"
_BEFORE = (
    ":order:NEW",
    "NEW:cancel:CANCELLED",
    "NEW:pay:PENDING",
    "PENDING:pay:PENDING",
    "UNKNOWN:pay:UNKNOWN",
    "PENDING:silence:UNKNOWN",
    "PENDING:paid:PAID",
    "UNKNOWN:paid:PAID",
    "PENDING:fail:FAILED",
    "UNKNOWN:fail:FAILED",
    "PAID:refund:PAID",
    "PAID:dispute:PAID",
    "PAID:dispute-ended:PAID",
    "PART_REFUNDED:refund:PART_REFUNDED",
    "PART_REFUNDED:dispute:PART_REFUNDED",
    "PART_REFUNDED:dispute-ended:PART_REFUNDED",
    "PAID:refunded:PART_REFUNDED",
    "PAID:refunded:REFUNDED",
    "PART_REFUNDED:refunded:PART_REFUNDED",
    "PART_REFUNDED:refunded:REFUNDED",
)
_NEW = "PAID:charged-back:NEW"


def _checks(returned: str, states: tuple[str, ...]) -> None:
    """Set the states of collections and payments, and the ways of an order."""
    also = ", 'returned'" if returned else ""
    with op.batch_alter_table("collection") as batch:
        for name in ("state", "batch"):
            batch.drop_constraint(op.f(f"ck_collection_{name}"), type_="check")
        batch.create_check_constraint(
            op.f("ck_collection_state"),
            f"state IN ('approved', 'queued', 'unknown', 'booked',{returned} 'rejected', 'withdrawn')",
        )
        batch.create_check_constraint(
            op.f("ck_collection_batch"),
            f"state NOT IN ('queued', 'unknown', 'booked'{also}) OR batch_id IS NOT NULL",
        )
    with op.batch_alter_table("fee_payment") as batch:
        for name in ("state", "booked"):
            batch.drop_constraint(op.f(f"ck_fee_payment_{name}"), type_="check")
        batch.create_check_constraint(
            op.f("ck_fee_payment_state"),
            f"state IN ('open', 'unknown', 'booked', 'surplus',{returned} 'failed')",
        )
        batch.create_check_constraint(
            op.f("ck_fee_payment_booked"),
            f"(state IN ('booked', 'surplus'{also})) = (booked_ms IS NOT NULL)",
        )
    with op.batch_alter_table("fee_event") as batch:
        batch.drop_constraint(op.f("ck_fee_event_allowed"), type_="check")
        ways = ", ".join(f"'{one}'" for one in states)
        batch.create_check_constraint(op.f("ck_fee_event_allowed"), _ALLOWED.format(ways))


def upgrade() -> None:
    """Allow them."""
    _checks(" 'returned',", (*_BEFORE[:10], _NEW, *_BEFORE[10:]))


def downgrade() -> None:
    """Take it back, where no debit was taken back yet."""
    taken = op.get_bind().execute(sa.text("SELECT 1 FROM fee_payment WHERE state = 'returned'")).first()
    if taken is not None:
        raise RuntimeError("a debit was taken back: these rows have no older form")
    _checks("", _BEFORE)
