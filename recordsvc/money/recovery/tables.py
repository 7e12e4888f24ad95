"""Recovery at rest (追回): one case for each paid claim that may have been paid too much, and what came back.

What came back of one claim is a chain: each receipt continues the sum of the one before it, by a foreign
key, and none goes beyond what was paid. So Σ recovered ≤ paid holds for whoever writes, over all cases of a
claim; a case never takes more than two officials decided.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata

STATES = ("OPENED", "HEARD", "DECIDED", "PARTIAL", "SETTLED", "WRITTEN_OFF", "DROPPED")
_OPEN = "state IN ('OPENED', 'HEARD', 'DECIDED', 'PARTIAL')"
_DECIDED = "state IN ('DECIDED', 'PARTIAL', 'SETTLED', 'WRITTEN_OFF')"
_UNDECIDED = "state IN ('OPENED', 'HEARD')"

recovery = sa.Table(
    "recovery",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("recovery_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), nullable=False),
    sa.Column("decision", sa.SmallInteger, nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Column("ground", sa.String(24), nullable=False),
    sa.Column("cause", sa.String(40), nullable=False),
    sa.Column("words", sa.String(400), nullable=False),
    sa.Column("proposed_fen", sa.BigInteger, nullable=False),
    sa.Column("hear_until", sa.String(10), nullable=False),
    sa.Column("opened_by", sa.String(80), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("asked_fen", sa.BigInteger),
    sa.Column("recovered_fen", sa.BigInteger, nullable=False),
    sa.Column("instalments", sa.SmallInteger),
    sa.Column("by_offset", sa.SmallInteger),
    sa.Column("pay_until", sa.String(10)),
    sa.Column("proposed_by", sa.String(80)),
    sa.Column("decided_by", sa.String(80)),
    sa.Column("decided_ms", sa.BigInteger),
    sa.Column("due_on", sa.String(10)),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "decision", "paid_fen"],
        [f"claim_decision.{name}" for name in ("worker_id", "claim_id", "n", "amount_fen")],
        name="fk_recovery_paid",
    ),
    sa.UniqueConstraint("worker_id", "recovery_id", "claim_id", "paid_fen", name="uq_recovery_paid"),
    sa.CheckConstraint(f"state IN ({', '.join(repr(one) for one in STATES)})", name="state"),
    sa.CheckConstraint("proposed_fen BETWEEN 1 AND paid_fen", name="proposed"),
    sa.CheckConstraint("asked_fen BETWEEN 1 AND paid_fen", name="asked"),
    sa.CheckConstraint("recovered_fen BETWEEN 0 AND coalesce(asked_fen, 0)", name="recovered"),
    sa.CheckConstraint("decided_by <> proposed_by", name="second_person"),
    sa.CheckConstraint(
        f"CASE WHEN {_DECIDED} THEN asked_fen IS NOT NULL WHEN {_UNDECIDED} THEN asked_fen IS NULL "
        "ELSE true END",
        name="decided",
    ),
    sa.CheckConstraint(
        "asked_fen IS NULL OR (decided_by IS NOT NULL AND proposed_by IS NOT NULL AND pay_until IS NOT NULL "
        "AND instalments >= 1)",
        name="two_people",
    ),
    sa.CheckConstraint("state <> 'SETTLED' OR recovered_fen = asked_fen", name="settled"),
    sa.CheckConstraint("state <> 'PARTIAL' OR recovered_fen BETWEEN 1 AND asked_fen - 1", name="partial"),
    sa.Index(
        "ux_recovery_claim",
        "worker_id",
        "claim_id",
        unique=True,
        sqlite_where=sa.text(_OPEN),
        postgresql_where=sa.text(_OPEN),
    ),
    sa.Index(None, "recovery_id"),
    sa.Index(None, "state", "due_on"),
    info={
        "kind": "state",
        "worker": True,
        INFO: Bound(
            (
                "state",
                "version",
                "asked_fen",
                "recovered_fen",
                "instalments",
                "by_offset",
                "pay_until",
                "proposed_by",
                "decided_by",
                "decided_ms",
                "due_on",
                "changed_ms",
            ),
            most=None,
        ),
    },
    comment="Cases in which a paid claim is asked back (追回), in whole or in part: ground, what in the log "
    "caused it, until when the worker is heard, what two officials decided (by_offset 1: it may be kept "
    "back from later subsidies), what came back; amounts in fen",
)

recovery_event = sa.Table(
    "recovery_event",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("recovery_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(12), nullable=False),
    sa.Column("source", sa.String(12), nullable=False),
    sa.Column("target", sa.String(12), nullable=False),
    sa.Column("amount_fen", sa.BigInteger),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["worker_id", "recovery_id"], ["recovery.worker_id", "recovery.recovery_id"]),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="What happened to a case, step by step; what the worker said (陈述申辩) stands as its reason",
)

recovery_receipt = sa.Table(
    "recovery_receipt",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("before_n", sa.SmallInteger),
    sa.Column("recovery_id", sa.LargeBinary(16), nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Column("before_fen", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("after_fen", sa.BigInteger, nullable=False),
    sa.Column("way", sa.String(8), nullable=False),
    sa.Column("account", sa.String(40)),
    sa.Column("reference", sa.String(35)),
    sa.Column("other_claim", sa.LargeBinary(16)),
    sa.Column("posting", sa.String(120), nullable=False),
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "recovery_id", "claim_id", "paid_fen"],
        [f"recovery.{name}" for name in ("worker_id", "recovery_id", "claim_id", "paid_fen")],
        name="fk_recovery_receipt_case",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "before_n", "before_fen"],
        [f"recovery_receipt.{name}" for name in ("worker_id", "claim_id", "n", "after_fen")],
        name="fk_recovery_receipt_before",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "other_claim"],
        ["claim.worker_id", "claim.claim_id"],
        name="fk_recovery_receipt_other_claim",
    ),
    sa.UniqueConstraint("worker_id", "claim_id", "n", "after_fen", name="uq_recovery_receipt_sum"),
    sa.CheckConstraint("n >= 1 AND (n = 1) = (before_n IS NULL) AND (n > 1 OR before_fen = 0)", name="first"),
    sa.CheckConstraint("before_n = n - 1", name="order"),
    sa.CheckConstraint("amount_fen >= 1 AND after_fen = before_fen + amount_fen", name="sum"),
    sa.CheckConstraint("after_fen <= paid_fen", name="paid"),
    sa.CheckConstraint("way IN ('bank', 'offset')", name="way"),
    sa.CheckConstraint(
        "CASE WHEN way = 'bank' THEN 1 ELSE 0 END = CASE WHEN reference IS NULL THEN 0 ELSE 1 END "
        "AND CASE WHEN way = 'offset' THEN 1 ELSE 0 END = CASE WHEN other_claim IS NULL THEN 0 ELSE 1 END "
        "AND CASE WHEN account IS NULL THEN 1 ELSE 0 END = CASE WHEN reference IS NULL THEN 1 ELSE 0 END",
        name="source",
    ),
    sa.CheckConstraint("decided_by <> proposed_by", name="second_person"),
    sa.CheckConstraint("other_claim <> claim_id", name="another_claim"),
    info={
        "kind": "append-only",
        "worker": True,
        INFO: Bound(),
    },
    comment="What came back of a claim, in order: each continues the sum before it and none exceeds what was "
    "paid; by a line of the bank, or kept back from another claim (抵扣)",
)

recovery_line = sa.Table(
    "recovery_line",
    metadata,
    sa.Column("account", sa.String(40), primary_key=True),
    sa.Column("reference", sa.String(35), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("claim_id", sa.LargeBinary(16), nullable=False),
    sa.Column("n", sa.SmallInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["account", "reference"],
        ["bank_entry.account", "bank_entry.reference"],
        name="fk_recovery_line_entry",
    ),
    info={"kind": "append-only", "unique": "account", INFO: Bound()},
    comment="Line of the bank -> the one receipt that it is, whoever's",
)
