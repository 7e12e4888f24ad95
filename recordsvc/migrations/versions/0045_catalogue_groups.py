"""Standards of the catalogue that are a group's own."""

import sqlalchemy as sa
from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

_RULE = "of two for one day the newer counts"
SAID = (
    "Standard of an occupation and level from a Beijing day on, until the next row's day: no two can hold at "
    f"once; {_RULE}"
)
SAYS = (
    "Standard of an occupation, level and group of people (none: everybody) from a Beijing day on, until the "
    f"next row's day: no two can hold at once; {_RULE}"
)


def upgrade() -> None:
    """Add the column; a row of before is everybody's. Nothing says nothing: its link of the chain stands."""
    op.add_column("catalogue_item", sa.Column("worker_group", sa.String(length=40), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("catalogue_item", SAYS, existing_comment=SAID)


def downgrade() -> None:
    """Take it back."""
    if op.get_bind().dialect.name == "postgresql":
        op.create_table_comment("catalogue_item", SAID, existing_comment=SAYS)
    op.drop_column("catalogue_item", "worker_group")
