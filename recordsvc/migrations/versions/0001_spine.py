"""The spine: people, bodies, issuers, archive, log, access, two-person proposals."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "assertion_seen",
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("jti", sa.LargeBinary(length=32), nullable=False),
        sa.Column("exp_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "jti", name=op.f("pk_assertion_seen")),
        comment="SHA-256 of the jti of each client assertion until it expires: one assertion, one token",
    )
    op.create_index(op.f("ix_assertion_seen_exp_ms"), "assertion_seen", ["exp_ms"], unique=False)
    op.create_table(
        "blind_index",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("pepper", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("identifier_id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_blind_index")),
        comment="Number -> worker by HMAC(pepper, kind, number); unique in the world, so it leads with the tag",
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_blind_index_worker_id"), "blind_index", ["worker_id"], unique=False)
    op.create_table(
        "client",
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("institution", sa.String(length=18), nullable=True),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.String(length=400), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("registered_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'suspended')", name=op.f("ck_client_state")),
        sa.PrimaryKeyConstraint("client_id", name=op.f("pk_client")),
        comment="A machine that may ask for tokens; version counts its changes",
    )
    op.create_table(
        "client_event",
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event", sa.String(length=20), nullable=False),
        sa.Column("stated_by", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("proposal", sa.LargeBinary(length=16), nullable=True),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("client_id", "n", name=op.f("pk_client_event")),
        comment="What was done to a client, by whom and why; n is the version it made",
    )
    op.create_table(
        "client_key",
        sa.Column("client_id", sa.String(length=40), nullable=False),
        sa.Column("kid", sa.String(length=255), nullable=False),
        sa.Column("alg", sa.String(length=8), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("not_after_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("client_id", "kid", name=op.f("pk_client_key")),
        comment="Public keys by which a client proves itself; raw as the log carries keys",
    )
    op.create_table(
        "dedupe",
        sa.Column("key", sa.LargeBinary(length=24), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_dedupe")),
        comment="(issuer, record id) -> entry, and a keyed digest of R: the same record again gets the same receipt. The key leads with the issuer, then the time-ordered record id: a batch's rows land together",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "demo_login",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=120), nullable=False),
        sa.Column("label_en", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.CheckConstraint("actor_kind IN ('worker', 'official')", name=op.f("ck_demo_login_actor_kind")),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_demo_login")),
        comment="Personas of the demo region that anybody on this machine may become; empty elsewhere",
    )
    op.create_table(
        "entry",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(length=32), nullable=False),
        sa.Column("leaf", sa.LargeBinary(length=74), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "seq", name=op.f("pk_entry")),
        comment="One worker leaf W, what opens its P, its log index, and the worker tree's frontier after it",
    )
    op.create_table(
        "held_record",
        sa.Column("held_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(length=24), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=16), nullable=False),
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=200), nullable=True),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=True),
        sa.Column("proposal", sa.LargeBinary(length=16), nullable=True),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "state IN ('held', 'approved', 'released', 'returned')", name=op.f("ck_held_record_state")
        ),
        sa.PrimaryKeyConstraint("held_id", name=op.f("pk_held_record")),
        sa.UniqueConstraint("key", name=op.f("uq_held_record_key")),
        comment="Records that wait for an official, sealed under the holding key; emptied when decided",
    )
    op.create_index(
        op.f("ix_held_record_state_received_ms"), "held_record", ["state", "received_ms"], unique=False
    )
    op.create_index(op.f("ix_held_record_issuer_state"), "held_record", ["issuer", "state"], unique=False)
    op.create_table(
        "idempotency",
        sa.Column("key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("reference", sa.String(length=400), nullable=True),
        sa.Column("lease_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(state = 'done') = (reference IS NOT NULL)", name=op.f("ck_idempotency_reference")
        ),
        sa.CheckConstraint("state IN ('started', 'done', 'unknown')", name=op.f("ck_idempotency_state")),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_idempotency")),
        comment="Requests that must not happen twice; swept after a week",
    )
    op.create_index(op.f("ix_idempotency_expires_ms"), "idempotency", ["expires_ms"], unique=False)
    op.create_table(
        "identifier",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("identifier_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("standing", sa.String(length=12), nullable=False),
        sa.Column("asserted_ms", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=80), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "standing IN ('claimed', 'verified', 'superseded', 'disputed')",
            name=op.f("ck_identifier_standing"),
        ),
        sa.PrimaryKeyConstraint("worker_id", "identifier_id", name=op.f("pk_identifier")),
        comment="Dated assertions: this number (or name, or card) is this person's, says this source",
    )
    op.create_table(
        "installation",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("value", sa.String(length=400), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_installation")),
        comment="What was fixed at the first run: log_origin, audience, environment, region",
    )
    op.create_table(
        "institution_fact",
        sa.Column("uscc", sa.String(length=18), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fact", sa.String(length=10), nullable=False),
        sa.Column("on_date", sa.String(length=10), nullable=False),
        sa.Column("value", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("stated_by", sa.String(length=80), nullable=False),
        sa.Column("stated_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "fact IN ('name', 'kind', 'licence', 'closed')", name=op.f("ck_institution_fact_fact")
        ),
        sa.PrimaryKeyConstraint("uscc", "n", name=op.f("pk_institution_fact")),
        comment="True of an institution from a day on, says this source; of two for one day the newer counts",
    )
    op.create_table(
        "issuer",
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("last_event", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("issuer", name=op.f("pk_issuer")),
        comment="Head of an issuer's chain of key events; version is re-read under the lock by every append",
    )
    op.create_table(
        "issuer_key_event",
        sa.Column("issuer", sa.String(length=18), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("idx", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("issuer", "n", name=op.f("pk_issuer_key_event")),
        comment="Key events as they stand in the log: register, revoke, suspend, lift, suspect",
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("holder", sa.String(length=40), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
        comment="Who does a job that only one process may do, and until when unless renewed",
    )
    op.create_table(
        "log_checkpoint",
        sa.Column(
            "size", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", name=op.f("pk_log_checkpoint")),
        comment="Signed checkpoints; the primary key stops two roots for one size",
    )
    op.create_table(
        "log_cosignature",
        sa.Column("size", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("witness", sa.String(length=200), nullable=False),
        sa.Column("line", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("size", "witness", name=op.f("pk_log_cosignature")),
        comment="Witnesses' signature lines (C2SP tlog-cosignature)",
    )
    op.create_table(
        "log_entry",
        sa.Column(
            "idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_log_entry")),
        comment="Log entries G as they are published in entry bundles",
    )
    op.create_table(
        "log_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.LargeBinary(length=32), nullable=False),
        sa.Column("edge", sa.LargeBinary(), nullable=False),
        sa.Column("ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_log_head_single")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_log_head")),
        comment="The one row every append locks: size, root and frontier of the tree, UTC ms of its newest entry",
    )
    op.create_table(
        "log_tile",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("level", "n", name=op.f("pk_log_tile")),
        comment="Full tiles of C2SP tlog-tiles: 256 hashes, 8,192 bytes",
    )
    op.create_table(
        "log_tile_root",
        sa.Column("level", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "n", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("level", "n", name=op.f("pk_log_tile_root")),
        comment="Hash n of tile level >= 1: the root of full tile n one level below",
    )
    op.create_table(
        "login_code",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_login_code")),
        comment="The one-time code of an official, as a keyed digest; gone once used or wrong too often",
    )
    op.create_table(
        "looked",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("purpose", sa.String(length=40), nullable=False),
        sa.Column("fields", sa.String(length=200), nullable=False),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.Column("request_id", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "id", name=op.f("pk_looked")),
        comment="Who looked at whose archive, in which role, why, at what; written before the first byte leaves",
    )
    op.create_table(
        "official",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("institution", sa.String(length=18), nullable=True),
        sa.Column("added_ms", sa.BigInteger(), nullable=False),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_official")),
        comment="People of the bureau who sign in; made by command",
    )
    op.create_table(
        "official_act",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=80), nullable=False),
        sa.Column("act", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("case_ref", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_official_act")),
        comment="What one official did alone: who, in which role, to what and why; subjects are opaque ids and "
        "codes, never a person's number or name",
    )
    op.create_table(
        "official_role",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("area", sa.String(length=6), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.Column("granted_by", sa.String(length=80), nullable=False),
        sa.Column("revoked_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("official_id", "n", name=op.f("pk_official_role")),
        comment="Dated grants; area is a division code of two to six digits. A revoked grant keeps its row",
    )
    op.create_table(
        "place",
        sa.Column(
            "idx", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("idx", name=op.f("pk_place")),
        comment="Log index -> worker entry; what the ordered feed walks",
    )
    op.create_table(
        "proposal",
        sa.Column("id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=60), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("basis", sa.String(length=200), nullable=False),
        sa.Column("proposed_by", sa.String(length=80), nullable=False),
        sa.Column("proposed_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.Column("decided_role", sa.String(length=40), nullable=True),
        sa.Column("closed_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.CheckConstraint("(state = 'open') = (closed_ms IS NULL)", name=op.f("ck_proposal_closed")),
        sa.CheckConstraint(
            "(state IN ('done', 'refused')) = (decided_by IS NOT NULL)", name=op.f("ck_proposal_decided")
        ),
        sa.CheckConstraint(
            "state IN ('open', 'done', 'refused', 'withdrawn')", name=op.f("ck_proposal_state")
        ),
        sa.CheckConstraint("decided_by <> proposed_by", name=op.f("ck_proposal_second_person")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_proposal")),
        comment="Acts that need two people, with what became of them",
    )
    op.create_index(op.f("ix_proposal_state_kind_id"), "proposal", ["state", "kind", "id"], unique=False)
    op.create_table(
        "record_ciphertext",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "seq", name=op.f("pk_record_ciphertext")),
        comment="R, evidence and the record's secret s, sealed under the worker's data key",
    )
    op.create_table(
        "register_version",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_register_version")),
        comment="How often a register has changed; what processes compare before they trust their copy",
    )
    op.create_table(
        "session",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("begun_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("ends_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("actor_kind IN ('worker', 'official')", name=op.f("ck_session_actor_kind")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
        comment="Signed-in browsers; digest is the SHA-256 of the cookie. Ending a session deletes its row",
    )
    op.create_index(
        op.f("ix_session_actor_kind_actor_id"), "session", ["actor_kind", "actor_id"], unique=False
    )
    op.create_index(op.f("ix_session_ends_ms"), "session", ["ends_ms"], unique=False)
    op.create_table(
        "worker",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("names", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "state IN ('open', 'restricted', 'closed', 'merged', 'erased')", name=op.f("ck_worker_state")
        ),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker")),
        comment="A person with an archive. names: 16-byte keyed tags of the names the person is known by",
    )
    op.create_table(
        "worker_key",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker_key")),
        comment="The worker's data key under the master key; destroying it erases the person's data",
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("worker_key")
    op.drop_table("worker")
    op.drop_index(op.f("ix_session_ends_ms"), table_name="session")
    op.drop_index(op.f("ix_session_actor_kind_actor_id"), table_name="session")
    op.drop_table("session")
    op.drop_table("register_version")
    op.drop_table("record_ciphertext")
    op.drop_index(op.f("ix_proposal_state_kind_id"), table_name="proposal")
    op.drop_table("proposal")
    op.drop_table("place")
    op.drop_table("official_role")
    op.drop_table("official_act")
    op.drop_table("official")
    op.drop_table("looked")
    op.drop_table("login_code")
    op.drop_table("log_tile_root")
    op.drop_table("log_tile")
    op.drop_table("log_head")
    op.drop_table("log_entry")
    op.drop_table("log_cosignature")
    op.drop_table("log_checkpoint")
    op.drop_table("lease")
    op.drop_table("issuer_key_event")
    op.drop_table("issuer")
    op.drop_table("institution_fact")
    op.drop_table("installation")
    op.drop_table("identifier")
    op.drop_index(op.f("ix_idempotency_expires_ms"), table_name="idempotency")
    op.drop_table("idempotency")
    op.drop_index(op.f("ix_held_record_issuer_state"), table_name="held_record")
    op.drop_index(op.f("ix_held_record_state_received_ms"), table_name="held_record")
    op.drop_table("held_record")
    op.drop_table("entry")
    op.drop_table("demo_login")
    op.drop_table("dedupe")
    op.drop_table("client_key")
    op.drop_table("client_event")
    op.drop_table("client")
    op.drop_index(op.f("ix_blind_index_worker_id"), table_name="blind_index")
    op.drop_table("blind_index")
    op.drop_index(op.f("ix_assertion_seen_exp_ms"), table_name="assertion_seen")
    op.drop_table("assertion_seen")
