"""Rules at rest: their versions, the catalogue, what was decided, what other registers said."""

import sqlalchemy as sa

from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

rule_text = sa.Table(
    "rule_text",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("kept_ms", sa.BigInteger, nullable=False),
    info={"kind": "append-only", "unique": "sha256", "bound": Bound()},
    comment="Texts of the sample pack by which something was decided, under their SHA-256: a later release "
    "may bring others, and each decision is worked out again by its own",
)

rule_version = sa.Table(
    "rule_version",
    metadata,
    sa.Column("sha256", sa.String(64), primary_key=True),
    sa.Column("rule", sa.String(40), nullable=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("first", sa.String(10), nullable=False),
    sa.Column("last", sa.String(10), nullable=False),
    sa.Column("author", sa.String(80), nullable=False),
    sa.Column("drafted_ms", sa.BigInteger, nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("checked_ms", sa.BigInteger),
    sa.Column("simulated_ms", sa.BigInteger),
    sa.Column("reviewed_by", sa.String(80)),
    sa.Column("reviewed_ms", sa.BigInteger),
    sa.Column("published_by", sa.String(80)),
    sa.Column("published_ms", sa.BigInteger),
    sa.Column("superseded_ms", sa.BigInteger),
    sa.CheckConstraint(
        "state IN ('DRAFT', 'CHECKED', 'SIMULATED', 'REVIEWED', 'PUBLISHED', 'SUPERSEDED')", name="state"
    ),
    sa.CheckConstraint("reviewed_by <> author AND published_by <> author", name="second_person"),
    sa.CheckConstraint("(state = 'DRAFT') = (checked_ms IS NULL)", name="checked"),
    sa.CheckConstraint(
        "(state IN ('DRAFT', 'CHECKED')) = (simulated_ms IS NULL)",
        name="simulated",
    ),
    sa.CheckConstraint(
        "(state IN ('REVIEWED', 'PUBLISHED', 'SUPERSEDED')) = (reviewed_by IS NOT NULL)", name="reviewed"
    ),
    sa.CheckConstraint("(reviewed_by IS NULL) = (reviewed_ms IS NULL)", name="reviewed_ms"),
    sa.CheckConstraint(
        "(state IN ('PUBLISHED', 'SUPERSEDED')) = (published_by IS NOT NULL)", name="published"
    ),
    sa.CheckConstraint("(published_by IS NULL) = (published_ms IS NULL)", name="published_ms"),
    sa.CheckConstraint("(state = 'SUPERSEDED') = (superseded_ms IS NOT NULL)", name="superseded"),
    sa.Index(None, "rule", "published_ms"),
    info={
        "kind": "state",
        "bound": Bound(
            (
                "state",
                "checked_ms",
                "simulated_ms",
                "reviewed_by",
                "reviewed_ms",
                "published_by",
                "published_ms",
                "superseded_ms",
            ),
            most=None,
        ),
    },
    comment="Versions of rules by the hash of their text; first and last are the Beijing days it holds for, "
    "published_ms since when that is known",
)

catalogue_item = sa.Table(
    "catalogue_item",
    metadata,
    sa.Column("occupation", sa.String(60), primary_key=True),
    sa.Column("level", sa.String(12), primary_key=True),
    sa.Column("first", sa.String(10), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("title", sa.String(100), nullable=False),
    sa.Column("ended", sa.SmallInteger, nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("min_hours", sa.Integer, nullable=False),
    sa.Column("shortage", sa.SmallInteger, nullable=False),
    sa.Column("key_list", sa.SmallInteger, nullable=False),
    sa.Column("document", sa.String(200), nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("published_by", sa.String(80), nullable=False),
    sa.Column("published_ms", sa.BigInteger, nullable=False),
    sa.Column("worker_group", sa.String(40)),
    sa.CheckConstraint("published_by <> stated_by", name="second_person"),
    sa.CheckConstraint("amount_fen >= 0 AND min_hours >= 0", name="amounts"),
    sa.CheckConstraint("ended IN (0, 1) AND shortage IN (0, 1) AND key_list IN (0, 1)", name="flags"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Standard of an occupation, level and group of people (none: everybody) from a Beijing day on, "
    "until the next row's day: no two can hold at once; of two for one day the newer counts",
)

decision = sa.Table(
    "decision",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("decision_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("salt", sa.LargeBinary(16), nullable=False),
    sa.Column("rule", sa.String(40), nullable=False),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("engine", sa.String(20), nullable=False),
    sa.Column("basis_date", sa.String(10)),
    sa.Column("region", sa.String(6), nullable=False),
    sa.Column("verdict", sa.String(16), nullable=False),
    sa.Column("amount_fen", sa.BigInteger, nullable=False),
    sa.Column("decided_ms", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("document", sa.LargeBinary, nullable=False),
    sa.CheckConstraint("verdict IN ('GRANT', 'REFUSE', 'NEED_INFO', 'NO_RULE_IN_FORCE')", name="verdict"),
    sa.CheckConstraint("amount_fen >= 0 AND (verdict = 'GRANT' OR amount_fen = 0)", name="amount"),
    sa.Index(None, "decided_ms", "decision_id"),
    info={"kind": "append-only", "worker": True, "bound": Bound()},
    comment="What rules said of cases: canonical bytes with every fact and reason, replayed byte for byte",
)

simulation_run = sa.Table(
    "simulation_run",
    metadata,
    sa.Column("run_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("asked", sa.Text, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
    sa.Column("run_by", sa.String(80), nullable=False),
    sa.Column("run_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "sha256", "run_id"),
    info={"kind": "append-only", "bound": Bound()},
    comment="What a candidate would have changed of what was decided: period and scope, result as JSON",
)

register_extract = sa.Table(
    "register_extract",
    metadata,
    sa.Column("extract_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("register", sa.String(20), nullable=False),
    sa.Column("as_of", sa.String(10), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("file_sha256", sa.String(64), nullable=False),
    sa.Column("rows", sa.Integer, nullable=False),
    sa.Column("known", sa.Integer, nullable=False),
    sa.Column("taken_by", sa.String(80), nullable=False),
    sa.Column("taken_ms", sa.BigInteger, nullable=False),
    sa.UniqueConstraint("register", "as_of"),
    info={"kind": "append-only", "bound": Bound()},
    comment="Dated extracts of other registers: whose, as of which Beijing day, how many rows, how many of "
    "people with an archive",
)

register_row = sa.Table(
    "register_row",
    metadata,
    sa.Column("worker_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("register", sa.String(20), primary_key=True),
    sa.Column("extract_id", sa.LargeBinary(16), nullable=False),
    sa.Column("facts", sa.Text, nullable=False),
    info={"kind": "state", "worker": True},
    comment="What the newest extract of a register says of a worker, as JSON; who is not in it has no row",
)
