"""Refusals of what a rule grants: two people's words with their grounds, without which none is refused.

Such a refusal that is there already gets the words that its steps show. One that a single official made before
two were asked for stays refused and is marked as such: nobody is invented who decided it.
"""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from alembic import op

from recordsvc.ground import bound

revision = "0059"
down_revision = "0058"
branch_labels = None
depends_on = None

_KEY = ["worker_id", "claim_id"]
_STATE = (
    "Where a claim stands, with what limits it: `purpose` is the family of kinds that exclude one another; year "
    "and slot its place among so many a year (year 0: in a life); part: it tops another up; offset_fen: so much "
    "of it is kept back for what its payee owes"
)
_REFUSED = "; refusal: the proposal on which what the rule grants was refused"
_CHANGES = (
    "state version live occupation level year slot slots offset_fen amount_fen decision payee_version round needed "
    "signed hold notice_id payment waits owner due_on changed_ms refusal"
)
_ALONE = "system:before-two-people"
_UNKNOWN = "本系统升级前作出，没有登记"


def upgrade() -> None:
    """Apply."""
    # An index, and no constraint: SQLite would make the table anew under the rows that name it.
    op.create_index("uq_claim_decision_verdict", "claim_decision", [*_KEY, "n", "verdict"], unique=True)
    op.create_table(
        "claim_refusal",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("claim_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("before", sa.Integer(), nullable=True),
        sa.Column("proposer", sa.String(length=80), nullable=True),
        sa.Column("decision", sa.SmallInteger(), nullable=False),
        sa.Column("verdict", sa.String(length=16), nullable=False),
        sa.Column("article", sa.String(length=120), nullable=False),
        sa.Column("found", sa.String(length=400), nullable=False),
        sa.Column("found_on", sa.String(length=10), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("verdict = 'GRANT'", name=op.f("ck_claim_refusal_granted")),
        sa.CheckConstraint("(before IS NULL) = (proposer IS NULL)", name=op.f("ck_claim_refusal_proposal")),
        sa.CheckConstraint("before < n", name=op.f("ck_claim_refusal_order")),
        sa.CheckConstraint("proposer <> actor", name=op.f("ck_claim_refusal_two_people")),
        sa.CheckConstraint(
            "article <> '' AND found <> '' AND evidence <> '' AND length(found_on) = 10",
            name=op.f("ck_claim_refusal_grounds"),
        ),
        sa.ForeignKeyConstraint(
            [*_KEY, "before", "proposer", "decision"],
            [f"claim_refusal.{one}" for one in (*_KEY, "n", "actor", "decision")],
            name="fk_claim_refusal_proposal",
        ),
        sa.ForeignKeyConstraint(
            [*_KEY, "decision", "verdict"],
            [f"claim_decision.{one}" for one in (*_KEY, "n", "verdict")],
            name="fk_claim_refusal_decision",
        ),
        sa.PrimaryKeyConstraint(*_KEY, "n", name=op.f("pk_claim_refusal")),
        sa.UniqueConstraint(*_KEY, "n", "actor", "decision", name="uq_claim_refusal_proposal"),
        sa.UniqueConstraint(*_KEY, "before", "decision", name="uq_claim_refusal_before"),
        comment="Words on refusing what the rule grants (不予发放): a proposal with the article it rests on, what was found, on which Beijing day and by which paper; and, before names the proposal, the word of another person who refused on it. n: the step of the claim",
    )
    op.add_column("claim_state", sa.Column("refusal", sa.Integer(), nullable=True))
    _bring_over(op.get_bind())
    with op.batch_alter_table("claim_state") as batch:
        batch.drop_constraint("fk_claim_state_decision", type_="foreignkey")
        batch.create_foreign_key(
            "fk_claim_state_decision",
            "claim_decision",
            [*_KEY, "decision", "amount_fen"],
            [*_KEY, "n", "amount_fen"],
        )
        batch.create_foreign_key(
            "fk_claim_state_refusal",
            "claim_refusal",
            [*_KEY, "refusal", "decision"],
            [*_KEY, "before", "decision"],
        )
        batch.create_check_constraint(
            op.f("ck_claim_state_decided"), "decision IS NOT NULL OR amount_fen = 0"
        )
        batch.create_check_constraint(
            op.f("ck_claim_state_refused"), "state <> 'REFUSED' OR amount_fen = 0 OR refusal IS NOT NULL"
        )
        batch.create_table_comment(_STATE + _REFUSED + "; amounts in fen")


def downgrade() -> None:
    """Take it back, where nothing was refused on it yet: what was bound of such a row has no older form."""
    taken = op.get_bind().execute(sa.text("SELECT 1 FROM claim_refusal")).first()
    if taken is not None:
        raise RuntimeError("two people's words on a refusal are kept: these rows have no older form")
    with op.batch_alter_table("claim_state") as batch:
        batch.create_table_comment(_STATE + "; amounts in fen")
        for name in ("refused", "decided"):
            batch.drop_constraint(op.f(f"ck_claim_state_{name}"), type_="check")
        for name in ("refusal", "decision"):
            batch.drop_constraint(f"fk_claim_state_{name}", type_="foreignkey")
        batch.drop_column("refusal")
        batch.create_foreign_key(
            "fk_claim_state_decision", "claim_decision", [*_KEY, "decision"], [*_KEY, "n"]
        )
    op.drop_table("claim_refusal")
    op.drop_index("uq_claim_decision_verdict", table_name="claim_decision")


def _bring_over(conn: sa.Connection) -> None:
    """Write the words of what was refused so before, from its steps, and bind what was written."""
    there = sa.MetaData()
    there.reflect(conn, only=["claim_state", "claim_refusal", "claim_event"])
    state, refusal, event = (there.tables[one] for one in ("claim_state", "claim_refusal", "claim_event"))
    state.info[bound.INFO] = bound.Bound(tuple(_CHANGES.split()), most=None)
    refusal.info[bound.INFO] = bound.Bound()
    links: list[bound.Link] = []
    granted = (state.c.state == "REFUSED", state.c.amount_fen > 0)
    for one in conn.execute(sa.select(state).where(*granted)).mappings().all():
        key = {name: bytes(one[name]) for name in _KEY}
        own = event.c
        mine = (own.worker_id == key["worker_id"], own.claim_id == key["claim_id"])
        steps = list(conn.execute(sa.select(event).where(*mine).order_by(own.n)).all())
        words = _words({**key, "decision": one["decision"], "verdict": "GRANT"}, steps, one)
        conn.execute(refusal.insert(), words)
        links += [_link(refusal, row) for row in words]
        here = (state.c.worker_id == key["worker_id"], state.c.claim_id == key["claim_id"])
        conn.execute(state.update().where(*here).values(refusal=words[0]["n"]))
        links.append(_link(state, dict(one) | {"refusal": words[0]["n"]}))
    if links:
        bound.append(conn, links)


def _words(key: dict[str, Any], steps: list[Any], one: Any) -> list[dict[str, Any]]:
    """Return the proposal and the word on it; of what one official did, marked so."""
    last = steps[-1] if steps else None
    said = next((row for row in reversed(steps) if row.event == "propose-refusal"), None)
    base = last.n if last is not None else int(one["version"])
    by = last.actor if last is not None else "system:unknown"
    at_ms = last.at_ms if last is not None else one["changed_ms"]
    if last is None or said is None or said.actor == last.actor:
        first = {"n": base, "actor": by, "at_ms": at_ms, "found": _found(last)}
        second = {"n": base + 1, "actor": _ALONE, "at_ms": at_ms, "found": "本系统升级前由一人作出"}
    else:
        first = {"n": said.n, "actor": said.actor, "at_ms": said.at_ms, "found": _found(said)}
        second = {"n": base, "actor": by, "at_ms": at_ms, "found": _found(last)}
    about = {**key, "article": _UNKNOWN, "evidence": _UNKNOWN, "found_on": _day(first["at_ms"])}
    return [
        {**about, **first, "before": None, "proposer": None},
        {**about, **second, "before": first["n"], "proposer": first["actor"]},
    ]


def _found(row: Any) -> str:
    return str(row.reason or _UNKNOWN) if row is not None else _UNKNOWN


def _day(at_ms: int) -> str:
    beijing = dt.timezone(dt.timedelta(hours=8))
    return dt.datetime.fromtimestamp(at_ms / 1000, beijing).date().isoformat()


def _link(table: sa.Table, row: dict[str, Any]) -> bound.Link:
    key = bound.key_text(row[column.name] for column in bound.key_columns(table))
    return (table.name, key, *bound.digests(table, row))
