"""Fees at rest (缴费): offerings with dated prices, orders, payments, what goes back.

What an order costs is a price that was registered: a foreign key. Where it stands is the target of its newest
event, and each event begins where the one before ended, along `transitions`: so that not even raw SQL moves a
final order. One payment counts for an order; what comes beside it is a surplus of its own. Refunds of a
payment are numbered, each with the sum so far, and the sum is at most the payment.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata
from recordsvc.money.fees.transitions import FINAL, PAID, STATES, TRANSITIONS
from recordsvc.money.ledger.tables import MOST_FEN

GROUNDS = ("left", "not-admitted", "cancelled", "dispute", "surplus")
DISPUTED_FOR = ("amount", "not-mine", "not-held", "quality")


def _in(values: tuple[str, ...]) -> str:
    return ", ".join(f"'{one}'" for one in values)


_KEY = ("worker_id", "order_id")
_PAYS = sa.text("state = 'booked'")
_LIVE = sa.text("live = 1")

fee_offering = sa.Table(
    "fee_offering",
    metadata,
    sa.Column("offering_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("kind", sa.String(10), nullable=False),
    sa.Column("course", sa.String(60), nullable=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("units", sa.SmallInteger, nullable=False),
    sa.Column("until_on", sa.String(10), nullable=False),
    sa.Column("registered_by", sa.String(80), nullable=False),
    sa.Column("registered_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("institution", "course"),
    sa.UniqueConstraint("offering_id", "units"),
    sa.UniqueConstraint("offering_id", "institution"),
    sa.CheckConstraint("kind IN ('class', 'exam')", name="kind"),
    sa.CheckConstraint("units >= 1", name="units"),
    info={"kind": "append-only", INFO: Bound()},
    comment="What an institution (USCC) charges for: a class or exam, its code there (course), in how many "
    "units it is held, last Beijing day to order; places are the institution's affair",
)

fee_price = sa.Table(
    "fee_price",
    metadata,
    sa.Column("offering_id", sa.LargeBinary(16), sa.ForeignKey("fee_offering.offering_id"), primary_key=True),
    sa.Column("from_on", sa.String(10), primary_key=True),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("basis", sa.String(200), nullable=False),
    sa.Column("published_on", sa.String(10), nullable=False),
    sa.Column("entered_by", sa.String(80), nullable=False),
    sa.Column("entered_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("offering_id", "from_on", "amount_fen", name="uq_fee_price_amount"),
    sa.CheckConstraint(f"amount_fen BETWEEN 1 AND {MOST_FEN}", name="amount"),
    sa.CheckConstraint("published_on <= from_on", name="published"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Prices (收费标准) from a Beijing day on, never of a day that was: amount in fen, where and when "
    "it was made public (收费公示)",
)

fee_progress = sa.Table(
    "fee_progress",
    metadata,
    sa.Column("offering_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("units", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("planned", sa.SmallInteger, nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("stated_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["offering_id", "planned"], ["fee_offering.offering_id", "fee_offering.units"]),
    sa.CheckConstraint("units BETWEEN 1 AND planned", name="units"),
    info={"kind": "append-only", INFO: Bound()},
    comment="So many units of an offering have been held (授课进度), as its institution stated",
)

fee_cancellation = sa.Table(
    "fee_cancellation",
    metadata,
    sa.Column("offering_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("planned", sa.SmallInteger, nullable=False),
    sa.Column("units", sa.SmallInteger, nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("cancelled_by", sa.String(80), nullable=False),
    sa.Column("cancelled_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["offering_id", "planned"], ["fee_offering.offering_id", "fee_offering.units"]),
    sa.CheckConstraint("units BETWEEN 0 AND planned - 1", name="units"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Offerings that were called off (停办), after so many units: every learner is paid back the rest",
)

fee_order = sa.Table(
    "fee_order",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("order_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("offering_id", sa.LargeBinary(16), nullable=False),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("number", sa.String(10), nullable=False),
    sa.Column("price_from", sa.String(10), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("ordered_by", sa.String(80), nullable=False),
    sa.Column("ordered_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("worker_id", "order_id", "amount_fen", name="uq_fee_order_amount"),
    sa.UniqueConstraint("worker_id", "order_id", "offering_id", name="uq_fee_order_offering"),
    sa.ForeignKeyConstraint(
        ["offering_id", "price_from", "amount_fen"],
        [f"fee_price.{name}" for name in ("offering_id", "from_on", "amount_fen")],
        name="fk_fee_order_price",
    ),
    sa.ForeignKeyConstraint(
        ["offering_id", "institution"],
        ["fee_offering.offering_id", "fee_offering.institution"],
        name="fk_fee_order_offering",
    ),
    sa.Index(None, "order_id"),
    sa.Index(None, "offering_id"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Fee orders (缴费单): one worker, one offering, at a registered price in fen; number is what the "
    "worker shows at the counter. An order or payment admits nobody",
)

fee_number = sa.Table(
    "fee_number",
    metadata,
    sa.Column("number", sa.String(10), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("order_id", sa.LargeBinary(16), nullable=False),
    info={"kind": "append-only", "unique": "number", INFO: Bound()},
    comment="Which order a number stands for: ten random letters and digits",
)

fee_event = sa.Table(
    "fee_event",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("order_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("before", sa.Integer),
    sa.Column("event", sa.String(16), nullable=False),
    sa.Column("source", sa.String(14), nullable=False),
    sa.Column("target", sa.String(14), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint(*_KEY, "n", "target", name="uq_fee_event_target"),
    sa.ForeignKeyConstraint(_KEY, [f"fee_order.{name}" for name in _KEY], name="fk_fee_event_order"),
    sa.ForeignKeyConstraint(
        [*_KEY, "before", "source"],
        [f"fee_event.{name}" for name in (*_KEY, "n", "target")],
        name="fk_fee_event_before",
    ),
    sa.CheckConstraint("(n = 0) = (before IS NULL) AND (n = 0) = (source = '')", name="first"),
    sa.CheckConstraint("before = n - 1", name="order"),
    sa.CheckConstraint(
        f"source || ':' || event || ':' || target IN ({_in(tuple(':'.join(one) for one in TRANSITIONS))})",
        name="allowed",
    ),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="What happened to an order, step by step; each begins where the one before ended",
)

fee_state = sa.Table(
    "fee_state",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("order_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("offering_id", sa.LargeBinary(16), nullable=False),
    sa.Column("state", sa.String(14), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("live", sa.SmallInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("paid_fen", sa.BigInteger, nullable=False),
    sa.Column("refunded_fen", sa.BigInteger, nullable=False),
    sa.Column("disputed", sa.String(10), nullable=False),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        [*_KEY, "amount_fen"],
        [f"fee_order.{name}" for name in (*_KEY, "amount_fen")],
        name="fk_fee_state_order",
    ),
    sa.ForeignKeyConstraint(
        [*_KEY, "offering_id"],
        [f"fee_order.{name}" for name in (*_KEY, "offering_id")],
        name="fk_fee_state_offering",
    ),
    sa.ForeignKeyConstraint(
        [*_KEY, "version", "state"],
        [f"fee_event.{name}" for name in (*_KEY, "n", "target")],
        name="fk_fee_state_event",
    ),
    sa.CheckConstraint(f"state IN ({_in(STATES)})", name="state"),
    sa.CheckConstraint(f"live = CASE WHEN state IN ({_in(FINAL)}) THEN 0 ELSE 1 END", name="live"),
    sa.CheckConstraint(
        f"paid_fen = CASE WHEN state IN ({_in((*PAID, 'REFUNDED'))}) THEN amount_fen ELSE 0 END", name="paid"
    ),
    sa.CheckConstraint("refunded_fen BETWEEN 0 AND paid_fen", name="refunded"),
    sa.CheckConstraint(
        "(state = 'PART_REFUNDED') = (refunded_fen > 0 AND refunded_fen < paid_fen) "
        "AND (state = 'REFUNDED') = (paid_fen > 0 AND refunded_fen = paid_fen)",
        name="goes_back",
    ),
    sa.CheckConstraint(f"disputed IN ('', {_in(DISPUTED_FOR)})", name="disputed"),
    sa.CheckConstraint(f"disputed = '' OR state IN ({_in(PAID)})", name="disputable"),
    sa.Index(
        "ux_fee_state_live",
        "worker_id",
        "offering_id",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    sa.Index(None, "state"),
    info={
        "kind": "state",
        "worker": True,
        INFO: Bound(
            ("state", "version", "live", "paid_fen", "refunded_fen", "disputed", "changed_ms"), most=None
        ),
    },
    comment="Where an order stands: amounts in fen; disputed says what for, and nothing is decided back "
    "meanwhile. One worker has one live order of an offering",
)

fee_payment = sa.Table(
    "fee_payment",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("payment_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("order_id", sa.LargeBinary(16), nullable=False),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("way", sa.String(8), nullable=False),
    sa.Column("account", sa.String(40), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("reference", sa.String(40), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("passed_fen", sa.BigInteger, nullable=False),
    sa.Column("taken_by", sa.String(80), nullable=False),
    sa.Column("taken_ms", sa.BigInteger, nullable=False),
    sa.Column("checked_by", sa.String(80)),
    sa.Column("booked_ms", sa.BigInteger),
    sa.UniqueConstraint("worker_id", "payment_id", "amount_fen", name="uq_fee_payment_amount"),
    sa.ForeignKeyConstraint(
        [*_KEY, "amount_fen"],
        [f"fee_order.{name}" for name in (*_KEY, "amount_fen")],
        name="fk_fee_payment_order",
    ),
    sa.CheckConstraint("way IN ('counter', 'debit', 'instant')", name="way"),
    sa.CheckConstraint("(way = 'counter') = (account = '')", name="account"),
    sa.CheckConstraint(
        "state IN ('open', 'unknown', 'booked', 'surplus', 'returned', 'failed')", name="state"
    ),
    sa.CheckConstraint(
        "(state IN ('booked', 'surplus', 'returned')) = (booked_ms IS NOT NULL)", name="booked"
    ),
    sa.CheckConstraint("way <> 'counter' OR booked_ms IS NULL OR checked_by IS NOT NULL", name="checked"),
    sa.CheckConstraint("checked_by <> taken_by", name="second_person"),
    sa.CheckConstraint("passed_fen BETWEEN 0 AND amount_fen", name="passed"),
    sa.Index("ux_fee_payment_booked", *_KEY, unique=True, sqlite_where=_PAYS, postgresql_where=_PAYS),
    sa.Index(None, *_KEY),
    sa.Index(None, "payment_id"),
    info={
        "kind": "state",
        "worker": True,
        INFO: Bound(("state", "passed_fen", "checked_by", "booked_ms"), most=None),
    },
    comment="Money that came, or is to come, for an order: at the institution's counter (receipt number), by "
    "direct debit or at once (into an account of ours); surplus: came beside another and goes back. "
    "passed_fen: how much of it the institution has",
)

fee_refund = sa.Table(
    "fee_refund",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("payment_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("refund_id", sa.LargeBinary(16), nullable=False),
    sa.Column("order_id", sa.LargeBinary(16), nullable=False),
    sa.Column("before", sa.SmallInteger),
    sa.Column("before_fen", sa.BigInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("total_fen", sa.BigInteger, nullable=False),
    sa.Column("payment_fen", sa.BigInteger, nullable=False),
    sa.Column("account", sa.String(40), nullable=False),
    sa.Column("ground", sa.String(12), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("decided_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(6), nullable=False),
    sa.Column("reference", sa.String(40), nullable=False),
    sa.Column("paid_by", sa.String(80)),
    sa.Column("checked_by", sa.String(80)),
    sa.Column("done_ms", sa.BigInteger),
    sa.UniqueConstraint("worker_id", "payment_id", "n", "total_fen", name="uq_fee_refund_total"),
    sa.ForeignKeyConstraint(
        ["worker_id", "payment_id", "payment_fen"],
        [f"fee_payment.{name}" for name in ("worker_id", "payment_id", "amount_fen")],
        name="fk_fee_refund_payment",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "payment_id", "before", "before_fen"],
        [f"fee_refund.{name}" for name in ("worker_id", "payment_id", "n", "total_fen")],
        name="fk_fee_refund_before",
    ),
    sa.CheckConstraint("n >= 1 AND (n = 1) = (before IS NULL) AND (n > 1 OR before_fen = 0)", name="first"),
    sa.CheckConstraint("before = n - 1", name="order"),
    sa.CheckConstraint("amount_fen >= 1 AND total_fen = before_fen + amount_fen", name="sum"),
    sa.CheckConstraint("total_fen <= payment_fen", name="within_the_payment"),
    sa.CheckConstraint(f"ground IN ({_in(GROUNDS)})", name="ground"),
    sa.CheckConstraint("state IN ('due', 'given', 'done')", name="state"),
    sa.CheckConstraint("(state = 'done') = (done_ms IS NOT NULL)", name="done"),
    sa.CheckConstraint(
        "account <> '' OR state = 'due' OR (paid_by IS NOT NULL "
        "AND (state = 'given' OR checked_by IS NOT NULL))",
        name="two_people",
    ),
    sa.CheckConstraint("checked_by <> paid_by", name="second_person"),
    sa.Index(None, "refund_id"),
    sa.Index(None, *_KEY),
    info={
        "kind": "state",
        "worker": True,
        INFO: Bound(("state", "reference", "paid_by", "checked_by", "done_ms"), most=None),
    },
    comment="What goes back of a payment, each with the sum so far (fen): due, given at the counter, done. "
    "account: the account of ours that it leaves; empty: the institution gives it back itself",
)

fee_mandate = sa.Table(
    "fee_mandate",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("mandate_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("number", sa.String(35), nullable=False),
    sa.Column("payee_version", sa.Integer, nullable=False),
    sa.Column("most_fen", sa.BigInteger, nullable=False),
    sa.Column("until_on", sa.String(10), nullable=False),
    sa.Column("signed_on", sa.String(10), nullable=False),
    sa.Column("signed_by", sa.String(80), nullable=False),
    sa.Column("signed_ms", sa.BigInteger, nullable=False),
    sa.Column("ended_by", sa.String(80)),
    sa.Column("ended_ms", sa.BigInteger),
    sa.CheckConstraint(f"most_fen BETWEEN 1 AND {MOST_FEN}", name="most"),
    sa.CheckConstraint("signed_on <= until_on", name="days"),
    sa.CheckConstraint("(ended_by IS NULL) = (ended_ms IS NULL)", name="ended"),
    sa.Index(
        "ux_fee_mandate_live",
        "worker_id",
        unique=True,
        sqlite_where=sa.text("ended_ms IS NULL"),
        postgresql_where=sa.text("ended_ms IS NULL"),
    ),
    info={"kind": "state", "worker": True, INFO: Bound(("ended_by", "ended_ms"), most=None)},
    comment="Consents to be debited (委托代扣协议): from which version of the worker's account, at most how "
    "much at a time (fen), from which to which Beijing day; ended at once",
)

fee_passing = sa.Table(
    "fee_passing",
    metadata,
    sa.Column("passing_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("account", sa.String(40), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("made_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("amount_fen >= 1", name="amount"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Fees that were collected in an account of ours and are handed on to their institution (划转), "
    "in fen; how each was paid stands in `payment` under its reference",
)

fee_passed = sa.Table(
    "fee_passed",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("payment_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("passing_id", sa.LargeBinary(16), sa.ForeignKey("fee_passing.passing_id"), primary_key=True),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(
        ["worker_id", "payment_id"],
        ["fee_payment.worker_id", "fee_payment.payment_id"],
        name="fk_fee_passed_payment",
    ),
    sa.CheckConstraint("amount_fen >= 1", name="amount"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="How much of a payment (fen) was handed on with which transfer",
)

fee_receipt = sa.Table(
    "fee_receipt",
    metadata,
    sa.Column("institution", sa.String(18), primary_key=True),
    sa.Column("receipt", sa.String(40), primary_key=True),
    sa.Column("worker_id", sa.LargeBinary(16), nullable=False),
    sa.Column("about_id", sa.LargeBinary(16), nullable=False),
    info={"kind": "append-only", "unique": "institution", INFO: Bound()},
    comment="Receipt numbers (票据号) of an institution's counter: each stands for one payment or refund",
)
