"""A training of somebody is paid for once, whatever the kind of subsidy."""

import sqlalchemy as sa
from alembic import op

revision = "0062"
down_revision = "0061"
branch_labels = None
depends_on = None

_LIVE = sa.text("live = 1")
_STATE = (
    "Where a claim stands, with what limits it: `purpose` is the family of kinds that exclude one another; "
)
_TRAINING = (
    "training_begun, training_ended: the training that it pays for, an advance as it begins, a settlement as it "
    "ends, all others both; "
)
_REST = (
    "year and slot its place among so many a year (year 0: in a life); part: it tops another up; offset_fen: so "
    "much of it is kept back for what its payee owes; refusal: the proposal on which what the rule grants was "
    "refused; amounts in fen"
)
_COLUMNS = ("training_begun", "training_ended")


def upgrade() -> None:
    """Add the columns; of claims decided before nobody said for which training they are."""
    with op.batch_alter_table("claim_state") as batch:
        batch.create_table_comment(_STATE + _TRAINING + _REST)
        for name in _COLUMNS:
            batch.add_column(sa.Column(name, sa.String(120)))
    for name in _COLUMNS:
        op.create_index(
            f"ux_claim_{name}",
            "claim_state",
            ["worker_id", name],
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        )


def downgrade() -> None:
    """Take them away."""
    for name in _COLUMNS:
        op.drop_index(f"ux_claim_{name}", table_name="claim_state")
    with op.batch_alter_table("claim_state") as batch:
        batch.create_table_comment(_STATE + _REST)
        for name in _COLUMNS:
            batch.drop_column(name)
