"""The bank at rest: accounts, payments and their batches, what the bank sent, what does not agree.

All rows but the sealed ones are bound (`ground/bound.py`): one changed by hand is named by `fsck`. Names and
account numbers of payees, files out and files in are sealed, each under a retention key of its own: what law
makes us keep outlives the archive's key, and is destroyed by destroying that row.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

LIVE = "state NOT IN ('rejected', 'returned', 'withdrawn')"
"""A payment that may still become, or is, money at its payee."""

paying_account = sa.Table(
    "paying_account",
    metadata,
    sa.Column("code", sa.String(40), primary_key=True),
    sa.Column("fund", sa.String(40), nullable=False),
    sa.Column("number", sa.String(32), nullable=False, unique=True),
    sa.Column("name", sa.String(70), nullable=False),
    sa.Column("bank", sa.String(12), nullable=False),
    sa.Column("adapter", sa.String(40), nullable=False),
    sa.Column("opened_by", sa.String(80), nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("decided_by <> opened_by", name="second_person"),
    info={"kind": "append-only", "bound": Bound()},
    comment="The region's own accounts that payments leave from: which fund's, at which bank, by which files",
)

payee_account = sa.Table(
    "payee_account",
    metadata,
    sa.Column("account_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("payee", sa.String(60), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("tag", sa.LargeBinary(32), nullable=False),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("entered_by", sa.String(80), nullable=False),
    sa.Column("entered_ms", sa.BigInteger, nullable=False),
    sa.Column("checked", sa.String(12)),
    sa.Column("checked_ms", sa.BigInteger),
    sa.Column("verified_by", sa.String(80)),
    sa.Column("verified_ms", sa.BigInteger),
    sa.UniqueConstraint("payee", "version"),
    sa.CheckConstraint("state IN ('entered', 'verified', 'refused', 'ended', 'failed')", name="state"),
    sa.CheckConstraint(
        "CASE WHEN state IN ('verified', 'failed') THEN verified_by IS NOT NULL "
        "WHEN state = 'ended' THEN true ELSE verified_by IS NULL END",
        name="verified",
    ),
    sa.CheckConstraint("verified_by <> entered_by", name="second_person"),
    sa.CheckConstraint("state <> 'verified' OR checked IN ('match', 'unavailable')", name="checked"),
    sa.Index(None, "tag"),
    info={
        "kind": "state",
        "bound": Bound(("state", "checked", "checked_ms", "verified_by", "verified_ms"), most=None),
    },
    comment="Accounts of payees by version; the newest counts, only once checked and verified by a second "
    "person. tag: keyed hash of the number, by which one account of several payees is seen",
)

payment_batch = sa.Table(
    "payment_batch",
    metadata,
    sa.Column("batch_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("message_id", sa.String(35), nullable=False, unique=True),
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), nullable=False),
    sa.Column("execution_on", sa.String(10), nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("file_name", sa.String(120), nullable=False),
    sa.Column("sha256", sa.LargeBinary(32), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("sealed_by", sa.String(80), nullable=False),
    sa.Column("sealed_ms", sa.BigInteger, nullable=False),
    sa.Column("released_by", sa.String(80)),
    sa.Column("released_ms", sa.BigInteger),
    sa.Column("lease_ms", sa.BigInteger, nullable=False),
    sa.Column("sent_ms", sa.BigInteger),
    sa.CheckConstraint(
        "state IN ('sealed', 'cancelled', 'released', 'sent', 'acked', 'closed')", name="state"
    ),
    sa.CheckConstraint("released_by <> sealed_by", name="second_person"),
    sa.CheckConstraint("(state IN ('sealed', 'cancelled')) = (released_by IS NULL)", name="released"),
    sa.CheckConstraint("(state IN ('sent', 'acked', 'closed')) = (sent_ms IS NOT NULL)", name="sent"),
    sa.CheckConstraint("count > 0 AND total_fen > 0", name="amounts"),
    sa.Index(None, "state", "batch_id"),
    info={
        "kind": "state",
        "bound": Bound(("state", "released_by", "released_ms", "lease_ms", "sent_ms"), most=None),
    },
    comment="Batches of payments: their bytes are sealed once, under a message id that never changes",
)

payment = sa.Table(
    "payment",
    metadata,
    sa.Column("payment_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_ref", sa.String(80), nullable=False),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("end_to_end_id", sa.String(35), nullable=False, unique=True),
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), nullable=False),
    sa.Column("payee", sa.String(60), nullable=False),
    sa.Column("payee_version", sa.Integer, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.String(60), nullable=False),
    sa.Column("hold", sa.String(130), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("said", sa.String(4), nullable=False),
    sa.Column("reason", sa.String(8), nullable=False),
    sa.Column("batch_id", sa.LargeBinary(16), sa.ForeignKey("payment_batch.batch_id")),
    sa.Column("queued_by", sa.String(80), nullable=False),
    sa.Column("queued_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("claim_ref", "attempt"),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
    sa.CheckConstraint("attempt > 0", name="attempt"),
    sa.CheckConstraint(
        "state IN ('approved', 'queued', 'sent', 'accepted', 'unknown', 'settled', 'rejected', 'returned', "
        "'withdrawn')",
        name="state",
    ),
    sa.CheckConstraint("state IN ('approved', 'withdrawn') OR batch_id IS NOT NULL", name="batch"),
    sa.Index(
        "uq_payment_claim_ref_live",
        "claim_ref",
        unique=True,
        sqlite_where=sa.text(LIVE),
        postgresql_where=sa.text(LIVE),
    ),
    sa.Index(None, "state", "account"),
    sa.Index(None, "batch_id"),
    sa.Index(None, "payee"),
    info={
        "kind": "state",
        "bound": Bound(("payee_version", "state", "said", "reason", "batch_id", "changed_ms"), most=None),
    },
    comment="Attempts to pay a claim: at most one of a claim is live, and a settled one is",
)

payment_event = sa.Table(
    "payment_event",
    metadata,
    sa.Column("payment_id", sa.LargeBinary(16), sa.ForeignKey("payment.payment_id"), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("said", sa.String(4), nullable=False),
    sa.Column("reason", sa.String(8), nullable=False),
    sa.Column("cause", sa.String(120), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    info={"kind": "append-only", "bound": Bound()},
    comment="What became of a payment, step by step, and by what: an act, a file, a booked entry",
)

collection = sa.Table(
    "collection",
    metadata,
    sa.Column("collection_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("reference", sa.String(80), nullable=False, unique=True),
    sa.Column("end_to_end_id", sa.String(35), nullable=False, unique=True),
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), nullable=False),
    sa.Column("payer", sa.String(60), nullable=False),
    sa.Column("payer_version", sa.Integer, nullable=False),
    sa.Column("mandate", sa.String(35), nullable=False),
    sa.Column("signed_on", sa.String(10), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.String(60), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("said", sa.String(4), nullable=False),
    sa.Column("reason", sa.String(8), nullable=False),
    sa.Column("batch_id", sa.LargeBinary(16), sa.ForeignKey("payment_batch.batch_id")),
    sa.Column("queued_by", sa.String(80), nullable=False),
    sa.Column("queued_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
    sa.CheckConstraint(
        "state IN ('approved', 'queued', 'unknown', 'booked', 'returned', 'rejected', 'withdrawn')",
        name="state",
    ),
    sa.CheckConstraint(
        "state NOT IN ('queued', 'unknown', 'booked', 'returned') OR batch_id IS NOT NULL", name="batch"
    ),
    sa.Index(None, "state", "account"),
    sa.Index(None, "batch_id"),
    sa.Index(None, "payer"),
    info={"kind": "state", "bound": Bound(("state", "said", "reason", "batch_id", "changed_ms"), most=None)},
    comment="Amounts to be taken from accounts whose holders agreed (代收), in fen: whose reference, by "
    "which mandate, from which version of the payer's account",
)

instant_payment = sa.Table(
    "instant_payment",
    metadata,
    sa.Column("instant_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("reference", sa.String(80), nullable=False, unique=True),
    sa.Column("end_to_end_id", sa.String(35), nullable=False, unique=True),
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), nullable=False),
    sa.Column("payer", sa.String(60), nullable=False),
    sa.Column("payer_version", sa.Integer, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("purpose", sa.String(60), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("asked_by", sa.String(80), nullable=False),
    sa.Column("asked_ms", sa.BigInteger, nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
    sa.CheckConstraint("state IN ('asked', 'accepted', 'refused', 'unknown', 'booked')", name="state"),
    sa.Index(None, "state"),
    sa.Index(None, "payer"),
    info={"kind": "state", "bound": Bound(("state", "changed_ms"), most=None)},
    comment="Payments that were asked of a bank at once (即时支付), in fen: stored before it hears of them",
)

bank_file = sa.Table(
    "bank_file",
    metadata,
    sa.Column("file_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("sha256", sa.LargeBinary(32), nullable=False, unique=True),
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("received_ms", sa.BigInteger, nullable=False),
    sa.Column("received_by", sa.String(80), nullable=False),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(120), nullable=False),
    sa.CheckConstraint("state IN ('applied', 'waiting', 'quarantined')", name="state"),
    sa.Index(None, "state", "account"),
    info={"kind": "state", "bound": Bound(("state", "reason"), most=None)},
    comment="Files from banks by their SHA-256: applied whole, waiting for a statement, or in quarantine",
)

bank_statement = sa.Table(
    "bank_statement",
    metadata,
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), primary_key=True),
    sa.Column("sequence", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("statement_id", sa.String(35), nullable=False),
    sa.Column("on_date", sa.String(10), nullable=False),
    sa.Column("opening_fen", sa.BigInteger, nullable=False),
    sa.Column("closing_fen", sa.BigInteger, nullable=False),
    sa.Column("file_id", sa.LargeBinary(16), sa.ForeignKey("bank_file.file_id"), nullable=False),
    info={"kind": "append-only", "bound": Bound()},
    comment="Statements in their order: each begins where the one before ended and adds up",
)

bank_entry = sa.Table(
    "bank_entry",
    metadata,
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), primary_key=True),
    sa.Column("reference", sa.String(35), primary_key=True),
    sa.Column("credit", sa.SmallInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("booked_on", sa.String(10), nullable=False),
    sa.Column("end_to_end_id", sa.String(35), nullable=False),
    sa.Column("returned", sa.String(8), nullable=False),
    sa.Column("sequence", sa.BigInteger),
    sa.Column("payment_id", sa.LargeBinary(16), sa.ForeignKey("payment.payment_id")),
    sa.Column("file_id", sa.LargeBinary(16), sa.ForeignKey("bank_file.file_id"), nullable=False),
    sa.CheckConstraint("amount_fen > 0", name="amount"),
    sa.CheckConstraint("credit IN (0, 1)", name="credit"),
    sa.Index("uq_bank_entry_payment_id_credit", "payment_id", "credit", unique=True),
    sa.Index(None, "account", "sequence"),
    info={"kind": "state", "bound": Bound(("sequence", "payment_id"), most=None)},
    comment="Booked lines of our accounts; a payment is debited at most once and comes back at most once",
)

recon_break = sa.Table(
    "recon_break",
    metadata,
    sa.Column("break_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("account", sa.String(40), sa.ForeignKey("paying_account.code"), nullable=False),
    sa.Column("kind", sa.String(24), nullable=False),
    sa.Column("subject", sa.String(120), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("payment_id", sa.LargeBinary(16), sa.ForeignKey("payment.payment_id")),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.Column("due_on", sa.String(10), nullable=False),
    sa.Column("owner", sa.String(80), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("resolution", sa.String(16), nullable=False),
    sa.Column("note", sa.String(400), nullable=False),
    sa.Column("resolved_by", sa.String(80)),
    sa.Column("resolved_ms", sa.BigInteger),
    sa.UniqueConstraint("account", "kind", "subject"),
    sa.CheckConstraint("state IN ('open', 'resolved')", name="state"),
    sa.CheckConstraint("(state = 'open') = (resolved_by IS NULL)", name="resolved"),
    sa.Index(None, "state", "due_on"),
    info={
        "kind": "state",
        "bound": Bound(("owner", "state", "resolution", "note", "resolved_by", "resolved_ms"), most=None),
    },
    comment="What does not agree between the bank and us: kind, since when, whose, by when, how it ended",
)

bank_secret = sa.Table(
    "bank_secret",
    metadata,
    sa.Column("secret_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    info={"kind": "erasable", "mutable": ("sealed",), "wrapped": ("sealed", "holding")},
    comment="Sealed under a retention key of its own, by the id of its row: a payee's account, a batch's "
    "file, a bank's file",
)
