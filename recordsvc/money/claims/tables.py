"""Claims at rest (申领): who asks for what, where it stands, who signed, on which decision.

`claim` never changes. `claim_state` is where it stands: the limits of a person are unique indexes over the
live ones, and what may be paid is held by the database against the signatures; what the rule grants is
refused on two people's words alone (`claim_refusal`). A signature (`claim_approval`) names round, place, and
what was signed: amount, decision, account. Each stands on the one before it, by another person than any
before, never by who filed the claim. What pays needs the last one over the very amount. All raw SQL alike.
"""

import sqlalchemy as sa

from recordsvc.ground.bound import INFO, Bound
from recordsvc.ground.database import metadata
from recordsvc.money.ledger.tables import MOST_FEN

STATES = (
    "DRAFT",
    "SUBMITTED",
    "CHECKED",
    "NEED_INFO",
    "ACCEPTED",
    "REVIEWED",
    "NOTICED",
    "OBJECTED",
    "APPROVED",
    "FINANCED",
    "PAYING",
    "PAID",
    "RETURNED",
    "CLOSED",
    "REFUSED",
    "WITHDRAWN",
    "RECOVERING",
    "RECOVERED",
)
_LIVE_NOT = ("DRAFT", "REFUSED", "WITHDRAWN", "RECOVERED")
_SIGNED = ("REVIEWED", "NOTICED", "OBJECTED", "APPROVED", "FINANCED")
_HELD = ("ACCEPTED", *_SIGNED)
_PAYS = ("PAYING", "PAID", "RETURNED", "CLOSED", "RECOVERING")


def _in(states: tuple[str, ...]) -> str:
    return ", ".join(f"'{one}'" for one in states)


_LIVE = sa.text("live = 1")
_FIRST = sa.text("live = 1 AND part IS NULL")

claim = sa.Table(
    "claim",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("certificate", sa.String(40), nullable=False),
    sa.Column("payee", sa.String(60), nullable=False),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("told", sa.Text, nullable=False),
    sa.Column("filed_by", sa.String(80), nullable=False),
    sa.Column("filed_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("worker_id", "claim_id", "kind", "certificate", name="uq_claim_object"),
    sa.UniqueConstraint("worker_id", "claim_id", "filed_by", name="uq_claim_filed_by"),
    sa.Index(None, "claim_id"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="What was asked for: kind of subsidy, the record in the archive it stands on (its id), who is to "
    "be paid (worker:…, institution:…), division that handles it, what the claimant told (JSON)",
)

claim_topup = sa.Table(
    "claim_topup",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("part", sa.SmallInteger, nullable=False),
    sa.Column("tops", sa.LargeBinary(16), nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("certificate", sa.String(40), nullable=False),
    sa.Column("before_fen", sa.BigInteger, nullable=False),
    sa.Column("cause", sa.String(40), nullable=False),
    sa.UniqueConstraint("worker_id", "claim_id", "part", name="uq_claim_topup_part"),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "kind", "certificate"],
        [f"claim.{name}" for name in ("worker_id", "claim_id", "kind", "certificate")],
        name="fk_claim_topup_claim",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "tops", "kind", "certificate"],
        [f"claim.{name}" for name in ("worker_id", "claim_id", "kind", "certificate")],
        name="fk_claim_topup_tops",
    ),
    sa.CheckConstraint("part >= 1", name="part"),
    sa.CheckConstraint("before_fen >= 0", name="before"),
    sa.CheckConstraint("tops <> claim_id", name="another"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Claims that top another up (补差): of the same kind, on the same record; which part it is, how "
    "much its worker had kept of the parts before, in fen, and what in the log caused it",
)

claim_decision = sa.Table(
    "claim_decision",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("rule", sa.String(40), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("basis_date", sa.String(10)),
    sa.Column("log_size", sa.BigInteger, nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.Column("decided_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"]),
    sa.UniqueConstraint("worker_id", "claim_id", "n", "amount_fen", name="uq_claim_decision_amount"),
    sa.CheckConstraint("verdict IN ('GRANT', 'REFUSE', 'NEED_INFO', 'NO_RULE_IN_FORCE')", name="verdict"),
    sa.CheckConstraint("amount_fen >= 0 AND (verdict = 'GRANT' OR amount_fen = 0)", name="amount"),
    sa.Index("uq_claim_decision_verdict", "worker_id", "claim_id", "n", "verdict", unique=True),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="What the rule said of a claim, each time it was asked: canonical bytes with every fact, clause "
    "and reason; log_size is how much of the archive's log was seen",
)

claim_approval = sa.Table(
    "claim_approval",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("round", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("step", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("before", sa.SmallInteger),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("decision", sa.SmallInteger, nullable=False),
    sa.Column("payee_version", sa.SmallInteger, nullable=False),
    sa.Column("filed_by", sa.String(80), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("list_sha256", sa.String(64)),
    sa.Column("signed_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.UniqueConstraint("worker_id", "claim_id", "round", "actor", name="uq_claim_approval_actor"),
    sa.UniqueConstraint(
        "worker_id",
        "claim_id",
        "round",
        "step",
        "amount_fen",
        "decision",
        "payee_version",
        name="uq_claim_approval_content",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "filed_by"],
        ["claim.worker_id", "claim.claim_id", "claim.filed_by"],
        name="fk_claim_approval_claim",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "decision", "amount_fen"],
        [f"claim_decision.{name}" for name in ("worker_id", "claim_id", "n", "amount_fen")],
        name="fk_claim_approval_decision",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "round", "before", "amount_fen", "decision", "payee_version"],
        [
            f"claim_approval.{name}"
            for name in ("worker_id", "claim_id", "round", "step", "amount_fen", "decision", "payee_version")
        ],
        name="fk_claim_approval_before",
    ),
    sa.CheckConstraint("step >= 1 AND (step = 1) = (before IS NULL)", name="first"),
    sa.CheckConstraint("before = step - 1", name="order"),
    sa.CheckConstraint("actor <> filed_by", name="not_the_claimant"),
    sa.CheckConstraint(f"amount_fen BETWEEN 1 AND {MOST_FEN}", name="amount"),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Signatures under a claim (经办、复核、审批、拨付) in their order, each by another person, over "
    "one amount, decision and payee's account; list_sha256: signed with a list of this hash",
)

claim_refusal = sa.Table(
    "claim_refusal",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("before", sa.Integer),
    sa.Column("proposer", sa.String(80)),
    sa.Column("decision", sa.SmallInteger, nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("article", sa.String(120), nullable=False),
    sa.Column("found", sa.String(400), nullable=False),
    sa.Column("found_on", sa.String(10), nullable=False),
    sa.Column("evidence", sa.String(200), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("worker_id", "claim_id", "n", "actor", "decision", name="uq_claim_refusal_proposal"),
    sa.UniqueConstraint("worker_id", "claim_id", "before", "decision", name="uq_claim_refusal_before"),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "before", "proposer", "decision"],
        [f"claim_refusal.{name}" for name in ("worker_id", "claim_id", "n", "actor", "decision")],
        name="fk_claim_refusal_proposal",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "decision", "verdict"],
        [f"claim_decision.{name}" for name in ("worker_id", "claim_id", "n", "verdict")],
        name="fk_claim_refusal_decision",
    ),
    sa.CheckConstraint("verdict = 'GRANT'", name="granted"),
    sa.CheckConstraint("(before IS NULL) = (proposer IS NULL)", name="proposal"),
    sa.CheckConstraint("before < n", name="order"),
    sa.CheckConstraint("proposer <> actor", name="two_people"),
    sa.CheckConstraint(
        "article <> '' AND found <> '' AND evidence <> '' AND length(found_on) = 10", name="grounds"
    ),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Words on refusing what the rule grants (不予发放): a proposal with the article it rests on, "
    "what was found, on which Beijing day and by which paper; and, before names the proposal, the word of "
    "another person who refused on it. n: the step of the claim",
)

claim_state = sa.Table(
    "claim_state",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("state", sa.String(12), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("live", sa.SmallInteger, nullable=False),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("certificate", sa.String(40), nullable=False),
    sa.Column("purpose", sa.String(20), nullable=False),
    sa.Column("occupation", sa.String(60)),
    sa.Column("level", sa.String(12)),
    sa.Column("year", sa.SmallInteger),
    sa.Column("slot", sa.SmallInteger),
    sa.Column("slots", sa.SmallInteger),
    sa.Column("training_begun", sa.String(120)),
    sa.Column("training_ended", sa.String(120)),
    sa.Column("part", sa.SmallInteger),
    sa.Column("offset_fen", sa.BigInteger),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("decision", sa.SmallInteger),
    sa.Column("payee_version", sa.SmallInteger, nullable=False),
    sa.Column("round", sa.SmallInteger, nullable=False),
    sa.Column("needed", sa.SmallInteger, nullable=False),
    sa.Column("signed", sa.SmallInteger),
    sa.Column("hold", sa.String(130), nullable=False),
    sa.Column("notice_id", sa.LargeBinary(16)),
    sa.Column("payment", sa.String(40), nullable=False),
    sa.Column("waits", sa.String(40), nullable=False),
    sa.Column("owner", sa.String(40), nullable=False),
    sa.Column("due_on", sa.String(10)),
    sa.Column("changed_ms", sa.BigInteger, nullable=False),
    sa.Column("refusal", sa.Integer),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "kind", "certificate"],
        [f"claim.{name}" for name in ("worker_id", "claim_id", "kind", "certificate")],
        name="fk_claim_state_claim",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "decision", "amount_fen"],
        [f"claim_decision.{name}" for name in ("worker_id", "claim_id", "n", "amount_fen")],
        name="fk_claim_state_decision",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "refusal", "decision"],
        [f"claim_refusal.{name}" for name in ("worker_id", "claim_id", "before", "decision")],
        name="fk_claim_state_refusal",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "part"],
        [f"claim_topup.{name}" for name in ("worker_id", "claim_id", "part")],
        name="fk_claim_state_part",
    ),
    sa.ForeignKeyConstraint(
        ["worker_id", "claim_id", "round", "signed", "amount_fen", "decision", "payee_version"],
        [
            f"claim_approval.{name}"
            for name in ("worker_id", "claim_id", "round", "step", "amount_fen", "decision", "payee_version")
        ],
        name="fk_claim_state_approval",
    ),
    sa.CheckConstraint(f"state IN ({_in(STATES)})", name="state"),
    sa.CheckConstraint(f"live = CASE WHEN state IN ({_in(_LIVE_NOT)}) THEN 0 ELSE 1 END", name="live"),
    sa.CheckConstraint("needed >= 2", name="two_people"),
    sa.CheckConstraint("signed BETWEEN 1 AND needed", name="signed"),
    sa.CheckConstraint(
        f"state NOT IN ({_in(_HELD)}) OR (signed IS NOT NULL AND hold <> '')", name="accepted"
    ),
    sa.CheckConstraint(
        f"state NOT IN ({_in(_SIGNED)}) OR (signed IS NOT NULL AND signed >= 2)", name="reviewed"
    ),
    sa.CheckConstraint(
        f"state NOT IN ({_in(_PAYS)}) OR (signed IS NOT NULL AND signed = needed AND payment <> '')",
        name="paid",
    ),
    sa.CheckConstraint("decision IS NOT NULL OR amount_fen = 0", name="decided"),
    sa.CheckConstraint("state <> 'REFUSED' OR amount_fen = 0 OR refusal IS NOT NULL", name="refused"),
    sa.CheckConstraint("offset_fen BETWEEN 1 AND amount_fen - 1", name="offset"),
    sa.CheckConstraint("slot BETWEEN 1 AND slots AND (slot IS NULL) = (year IS NULL)", name="slot"),
    sa.Index(
        "ux_claim_certificate",
        "worker_id",
        "kind",
        "certificate",
        unique=True,
        sqlite_where=_FIRST,
        postgresql_where=_FIRST,
    ),
    sa.Index(
        "ux_claim_purpose",
        "worker_id",
        "purpose",
        "certificate",
        unique=True,
        sqlite_where=_FIRST,
        postgresql_where=_FIRST,
    ),
    sa.Index(
        "ux_claim_part",
        "worker_id",
        "kind",
        "certificate",
        "part",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    sa.Index(
        "ux_claim_level",
        "worker_id",
        "purpose",
        "occupation",
        "level",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    *(
        sa.Index(
            f"ux_claim_{name}",
            "worker_id",
            name,
            unique=True,
            sqlite_where=_LIVE,
            postgresql_where=_LIVE,
        )
        for name in ("training_begun", "training_ended")
    ),
    sa.Index(
        "ux_claim_slot",
        "worker_id",
        "purpose",
        "year",
        "slot",
        unique=True,
        sqlite_where=_LIVE,
        postgresql_where=_LIVE,
    ),
    sa.Index(None, "state", "due_on"),
    sa.Index(None, "claim_id"),
    info={
        "kind": "state",
        "worker": True,
        INFO: Bound(
            (
                "state",
                "version",
                "live",
                "occupation",
                "level",
                "year",
                "slot",
                "slots",
                "training_begun",
                "training_ended",
                "offset_fen",
                "amount_fen",
                "decision",
                "payee_version",
                "round",
                "needed",
                "signed",
                "hold",
                "notice_id",
                "payment",
                "waits",
                "owner",
                "due_on",
                "changed_ms",
                "refusal",
            ),
            most=None,
        ),
    },
    comment="Where a claim stands, with what limits it: `purpose` is the family of kinds that exclude one "
    "another; training_begun, training_ended: the training that it pays for, an advance as it begins, a "
    "settlement as it ends, all others both; year and slot its place among so many a year (year 0: in a "
    "life); part: it tops another up; offset_fen: so much of it is kept back for what its payee owes; "
    "refusal: the proposal on which what the rule grants was refused; amounts in fen",
)

claim_event = sa.Table(
    "claim_event",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("source", sa.String(12), nullable=False),
    sa.Column("target", sa.String(12), nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("role", sa.String(40), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"]),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="What happened to a claim, step by step",
)

claim_notice = sa.Table(
    "claim_notice",
    metadata,
    sa.Column("notice_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("lines", sa.Text, nullable=False),
    sa.Column("start_on", sa.String(10), nullable=False),
    sa.Column("end_on", sa.String(10), nullable=False),
    sa.Column("opened_by", sa.String(80), nullable=False),
    sa.Column("opened_ms", sa.BigInteger, nullable=False),
    sa.CheckConstraint("start_on < end_on", name="days"),
    info={"kind": "append-only", INFO: Bound()},
    comment="Public lists (公示): masked lines as JSON with their SHA-256, first and last Beijing day; a "
    "changed list is another one, with days of its own",
)

claim_objection = sa.Table(
    "claim_objection",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("claim_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("n", sa.SmallInteger, primary_key=True, autoincrement=False),
    sa.Column("notice_id", sa.LargeBinary(16), sa.ForeignKey("claim_notice.notice_id"), nullable=False),
    sa.Column("text", sa.String(400), nullable=False),
    sa.Column("taken_by", sa.String(80), nullable=False),
    sa.Column("taken_ms", sa.BigInteger, nullable=False),
    sa.ForeignKeyConstraint(["worker_id", "claim_id"], ["claim.worker_id", "claim.claim_id"]),
    info={"kind": "append-only", "worker": True, INFO: Bound()},
    comment="Objections (公示异议) to one line of a public list, as an official took them down",
)
