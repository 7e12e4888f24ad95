"""The bar between the two persons of an act: whose word is the first does not hold the second."""

import sqlalchemy as sa
from alembic import op

from recordsvc.ground.ports import SystemClock

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_BEFORE = (
    "(bar = 'pay' AND side IN ('check', 'pay')) OR (bar = 'office' AND side IN ('work', 'audit', 'run'))"
)
_NOW = f"{_BEFORE} OR (bar = 'word' AND side IN ('first', 'review', 'data'))"


def _check(condition: str) -> None:
    with op.batch_alter_table("official_bar") as batch:
        batch.drop_constraint(op.f("ck_official_bar_side"), type_="check")
        batch.create_check_constraint(op.f("ck_official_bar_side"), condition)


def _place(bar: str, sides: dict[str, str]) -> None:
    """Put whoever holds a role on its side; who holds both sides is left for a registrar to end one."""
    which = " ".join(f"WHEN '{role}' THEN '{side}'" for role, side in sides.items())
    roles = ", ".join(f"'{role}'" for role in sides)
    op.execute(
        sa.text(
            "INSERT INTO official_bar (official_id, bar, side) "  # noqa: S608 - words of this file
            f"SELECT official_id, '{bar}', min(CASE role {which} END) FROM official_role "
            f"WHERE (until_ms IS NULL OR until_ms > :now) AND role IN ({roles}) AND NOT EXISTS (SELECT 1 FROM official_bar held "
            f"WHERE held.official_id = official_role.official_id AND held.bar = '{bar}') "
            f"GROUP BY official_id HAVING count(DISTINCT CASE role {which} END) = 1"
        ).bindparams(now=SystemClock().now_ms())
    )


def upgrade() -> None:
    """Apply."""
    _check(_NOW)
    _place("word", {"registrar": "first", "handler": "first", "reviewer": "review", "data-officer": "data"})
    _place("pay", {"handler": "check"})


def downgrade() -> None:
    """Take back."""
    op.execute("DELETE FROM official_bar WHERE bar = 'word'")
    _check(_BEFORE)
