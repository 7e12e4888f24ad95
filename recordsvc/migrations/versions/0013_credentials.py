"""Ways in: passkeys, PINs with printed codes, passwords with TOTP; activation; attempts that slow down."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply. One-time codes that were not used yet end: wrong attempts are counted elsewhere now."""
    op.drop_table("login_code")
    op.create_table(
        "login_code",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_login_code")),
        comment="The one-time code of an official, as a keyed digest; gone once used",
    )
    op.create_table(
        "worker_credential",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("external", sa.LargeBinary(length=1023), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'passkey') = (external IS NOT NULL)", name=op.f("ck_worker_credential_external")
        ),
        sa.CheckConstraint(
            "(kind = 'password') = (sealed IS NOT NULL)", name=op.f("ck_worker_credential_sealed")
        ),
        sa.CheckConstraint("kind IN ('passkey', 'pin', 'password')", name=op.f("ck_worker_credential_kind")),
        sa.PrimaryKeyConstraint("worker_id", "credential_id", name=op.f("pk_worker_credential")),
        comment="A worker's ways in. secret: COSE public key, or Argon2id of the peppered PIN or password; sealed: TOTP secret under the worker's data key; counter: the passkey's, or the last TOTP step used",
    )
    op.create_index(
        op.f("ix_worker_credential_worker_id_external"),
        "worker_credential",
        ["worker_id", "external"],
        unique=True,
    )
    op.create_table(
        "worker_code",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "credential_id", "digest", name=op.f("pk_worker_code")),
        comment="Printed one-time codes that are still good, as keyed digests; using one deletes its row",
    )
    op.create_table(
        "worker_device",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("first_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", "device", name=op.f("pk_worker_device")),
        comment="Kinds of device, each in a word, from which a worker has signed in: a new one is told",
    )
    op.create_table(
        "worker_account",
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("worker_id", name=op.f("pk_worker_account")),
        comment="The account name a worker was given, sealed under the worker's data key",
    )
    op.create_table(
        "account_name",
        sa.Column("tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("worker_id", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tag", name=op.f("pk_account_name")),
        comment="Account name -> worker by HMAC; unique in the world, so it leads with the tag",
        info={"kind": "state", "unique": "tag"},
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_account_name_worker_id"), "account_name", ["worker_id"], unique=False)
    op.create_table(
        "account_credential",
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("external", sa.LargeBinary(length=1023), nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("counter", sa.BigInteger(), nullable=False),
        sa.Column("device", sa.String(length=40), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'passkey') = (external IS NOT NULL)", name=op.f("ck_account_credential_external")
        ),
        sa.CheckConstraint(
            "(kind = 'password') = (sealed IS NOT NULL)", name=op.f("ck_account_credential_sealed")
        ),
        sa.CheckConstraint(
            "actor_kind IN ('staff', 'official')", name=op.f("ck_account_credential_actor_kind")
        ),
        sa.CheckConstraint("kind IN ('passkey', 'password')", name=op.f("ck_account_credential_kind")),
        sa.PrimaryKeyConstraint(
            "actor_kind", "actor_id", "credential_id", name=op.f("pk_account_credential")
        ),
        comment="Ways in of officials and staff, as worker_credential; TOTP secrets wrapped under the master key",
    )
    op.create_index(
        op.f("ix_account_credential_actor_kind_actor_id_external"),
        "account_credential",
        ["actor_kind", "actor_id", "external"],
        unique=True,
    )
    op.create_table(
        "activation",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("actor_kind", sa.String(length=10), nullable=False),
        sa.Column("actor_id", sa.String(length=40), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=80), nullable=False),
        sa.CheckConstraint("actor_kind IN ('worker', 'staff')", name=op.f("ck_activation_actor_kind")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_activation")),
        comment="Activation codes handed over in person, as keyed digests; gone once used. One a person",
    )
    op.create_index(
        op.f("ix_activation_actor_kind_actor_id"), "activation", ["actor_kind", "actor_id"], unique=False
    )
    op.create_index(op.f("ix_activation_expires_ms"), "activation", ["expires_ms"], unique=False)
    op.create_table(
        "login_challenge",
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_login_challenge")),
        comment="SHA-256 of the challenges that passkeys are to sign, and what for; gone once answered",
    )
    op.create_index(op.f("ix_login_challenge_expires_ms"), "login_challenge", ["expires_ms"], unique=False)
    op.create_table(
        "login_attempt",
        sa.Column("subject", sa.LargeBinary(length=32), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_ms", sa.BigInteger(), nullable=False),
        sa.Column("free_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_login_attempt")),
        comment="Attempts to sign in that did not succeed, by keyed digest of an account (known or not) or a network, and when the next one is taken; forgotten after a day",
    )
    op.create_index(op.f("ix_login_attempt_last_ms"), "login_attempt", ["last_ms"], unique=False)


def downgrade() -> None:
    """Take back. Every way in of this step is lost, and one-time codes that were not used yet end."""
    op.drop_index(op.f("ix_login_attempt_last_ms"), table_name="login_attempt")
    op.drop_table("login_attempt")
    op.drop_index(op.f("ix_login_challenge_expires_ms"), table_name="login_challenge")
    op.drop_table("login_challenge")
    op.drop_index(op.f("ix_activation_actor_kind_actor_id"), table_name="activation")
    op.drop_index(op.f("ix_activation_expires_ms"), table_name="activation")
    op.drop_table("activation")
    op.drop_index(op.f("ix_account_credential_actor_kind_actor_id_external"), table_name="account_credential")
    op.drop_table("account_credential")
    op.drop_index(op.f("ix_account_name_worker_id"), table_name="account_name")
    op.drop_table("account_name")
    op.drop_table("worker_account")
    op.drop_table("worker_device")
    op.drop_table("worker_code")
    op.drop_index(op.f("ix_worker_credential_worker_id_external"), table_name="worker_credential")
    op.drop_table("worker_credential")
    op.drop_table("login_code")
    op.create_table(
        "login_code",
        sa.Column("official_id", sa.String(length=40), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("official_id", name=op.f("pk_login_code")),
        comment="The one-time code of an official, as a keyed digest; gone once used or wrong too often",
    )
