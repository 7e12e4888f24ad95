"""Who may, at rest: clients with dated keys, officials with dated roles, sessions, and who looked at whom."""

import sqlalchemy as sa

from recordsvc.access.consent_tables import consent, consent_event, consent_link
from recordsvc.access.credential_tables import (
    account_credential,
    account_name,
    activation,
    login_attempt,
    login_challenge,
    worker_account,
    worker_code,
    worker_credential,
    worker_device,
)
from recordsvc.access.helper_tables import helper
from recordsvc.access.identity_tables import identity_link, identity_mismatch, login_start, worker_identity
from recordsvc.access.looked_tables import (
    looked,
    looked_alarm,
    looked_checkpoint,
    looked_detail,
    looked_head,
    looked_place,
    looked_question,
)
from recordsvc.access.own_tables import own_archive
from recordsvc.access.service_tables import service, service_act
from recordsvc.ground.bound import Bound
from recordsvc.ground.database import metadata

__all__ = [
    "account_credential",
    "account_name",
    "activation",
    "assertion_seen",
    "client",
    "client_event",
    "client_key",
    "client_terms",
    "client_volume",
    "consent",
    "consent_event",
    "consent_link",
    "demo_login",
    "helper",
    "identity_link",
    "identity_mismatch",
    "login_attempt",
    "login_challenge",
    "login_code",
    "login_start",
    "looked",
    "looked_alarm",
    "looked_checkpoint",
    "looked_detail",
    "looked_head",
    "looked_place",
    "looked_question",
    "official",
    "official_act",
    "official_role",
    "own_archive",
    "service",
    "service_act",
    "session",
    "staff_code",
    "worker_account",
    "worker_code",
    "worker_credential",
    "worker_device",
    "worker_identity",
]

client = sa.Table(
    "client",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("institution", sa.String(18)),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("scopes", sa.String(400), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("registered_ms", sa.BigInteger, nullable=False),
    sa.Column("units_a_day", sa.Integer),
    sa.Column("at_once", sa.Integer),
    sa.CheckConstraint("state IN ('active', 'suspended')", name="state"),
    info={"kind": "state"},
    comment="A machine that may ask for tokens; version counts its changes",
)

client_key = sa.Table(
    "client_key",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("kid", sa.String(255), primary_key=True),
    sa.Column("alg", sa.String(8), nullable=False),
    sa.Column("public", sa.LargeBinary, nullable=False),
    sa.Column("not_before_ms", sa.BigInteger, nullable=False),
    sa.Column("not_after_ms", sa.BigInteger),
    sa.Column("revoked_ms", sa.BigInteger),
    info={"kind": "state"},
    comment="Public keys by which a client proves itself; raw as the log carries keys",
)

client_event = sa.Table(
    "client_event",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("event", sa.String(20), nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("proposal", sa.LargeBinary(16)),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    info={"kind": "append-only"},
    comment="What was done to a client, by whom and why; n is the version it made",
)

client_terms = sa.Table(
    "client_terms",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("scopes", sa.String(400), nullable=False),
    sa.Column("units_a_day", sa.Integer),
    sa.Column("at_once", sa.Integer),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("proposal", sa.LargeBinary(16), nullable=False),
    sa.CheckConstraint("units_a_day > 0", name="units_a_day"),
    sa.CheckConstraint("at_once > 0", name="at_once"),
    info={"kind": "append-only"},
    comment="What a client may since an instant, as two people decided; before the first row: what it was "
    "registered with. n is the version of the client that it made",
)

assertion_seen = sa.Table(
    "assertion_seen",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("jti", sa.LargeBinary(32), primary_key=True),
    sa.Column("exp_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "exp_ms"),
    info={"kind": "state"},
    comment="SHA-256 of the jti of each client assertion until it expires: one assertion, one token",
)

proof_seen = sa.Table(
    "proof_seen",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "until_ms"),
    info={"kind": "state"},
    comment="SHA-256 of key and jti of each DPoP proof while it would be believed: one proof, one request",
)

request_usage = sa.Table(
    "request_usage",
    metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("window_ms", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("used", sa.BigInteger, nullable=False),
    sa.Index(None, "window_ms"),
    info={"kind": "state"},
    comment="Units of a caller's limit handed out to processes in the window that began at window_ms",
)

client_volume = sa.Table(
    "client_volume",
    metadata,
    sa.Column("client_id", sa.String(40), primary_key=True),
    sa.Column("day", sa.String(10), primary_key=True),
    sa.Column("units", sa.BigInteger, nullable=False),
    sa.Index(None, "day"),
    info={"kind": "state"},
    comment="Units a client used on a Beijing day, kept for weeks: what its volume is compared with",
)

request_slot = sa.Table(
    "request_slot",
    metadata,
    sa.Column("subject", sa.String(80), primary_key=True),
    sa.Column("holder", sa.LargeBinary(16), primary_key=True),
    sa.Column("held", sa.Integer, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Index(None, "until_ms"),
    info={"kind": "state"},
    comment="Requests at once of a client that a process may run until then; the empty holder is its lock",
)

official = sa.Table(
    "official",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("institution", sa.String(18)),
    sa.Column("added_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    info={"kind": "state"},
    comment="People of the bureau who sign in; made by command",
)

official_role = sa.Table(
    "official_role",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("area", sa.String(6), nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("granted_by", sa.String(80), nullable=False),
    sa.Column("revoked_by", sa.String(80)),
    info={"kind": "state", "bound": Bound(("until_ms", "revoked_by"), most=2)},
    comment="Dated grants; area is a division code of two to six digits. A revoked grant keeps its row",
)

official_bar = sa.Table(
    "official_bar",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("bar", sa.String(10), primary_key=True),
    sa.Column("side", sa.String(10), nullable=False),
    sa.CheckConstraint(
        "(bar = 'pay' AND side IN ('check', 'pay')) OR (bar = 'office' AND side IN ('work', 'audit', 'run'))"
        " OR (bar = 'word' AND side IN ('first', 'review', 'data'))",
        name="side",
    ),
    info={"kind": "state"},
    comment="On which side of each bar an official stands; one row a bar, so that nobody stands on both",
)

deputy = sa.Table(
    "deputy",
    metadata,
    sa.Column("deputy_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("principal", sa.String(40), nullable=False),
    sa.Column("deputy", sa.String(40), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("named_by", sa.String(80), nullable=False),
    sa.Column("ended_by", sa.String(80)),
    sa.CheckConstraint("principal <> deputy", name="another"),
    sa.CheckConstraint("from_ms <= until_ms", name="dates"),
    sa.Index(None, "deputy"),
    info={"kind": "state"},
    comment="Who stands in for whom, in which role, from when until when, and who said so",
)

emergency = sa.Table(
    "emergency",
    metadata,
    sa.Column("case_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("official_id", sa.String(40), nullable=False),
    sa.Column("role", sa.String(20), nullable=False),
    sa.Column("area", sa.String(6), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Column("closed_by", sa.String(80)),
    sa.Column("finding", sa.String(400), nullable=False),
    sa.Column("due_on", sa.String(10), nullable=False, server_default=""),
    sa.CheckConstraint("until_ms - from_ms <= 14400000", name="four_hours"),
    sa.CheckConstraint("closed_by <> 'official:' || official_id", name="second_person"),
    sa.CheckConstraint("(closed_ms IS NULL) = (closed_by IS NULL)", name="closed"),
    sa.CheckConstraint("(closed_ms IS NULL) = (finding = '')", name="found"),
    sa.Index(None, "official_id"),
    info={"kind": "state"},
    comment="A role that an official took alone for hours (break-glass): a second person closes the case, "
    "by the Beijing date due_on (empty: no calendar gave one)",
)

staff = sa.Table(
    "staff",
    metadata,
    sa.Column("staff_id", sa.String(40), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("invited_by", sa.String(80), nullable=False),
    sa.Column("added_ms", sa.BigInteger, nullable=False),
    sa.Column("closed_ms", sa.BigInteger),
    sa.Index(None, "institution"),
    info={"kind": "state"},
    comment="People of institutions, employers and departments who sign in, each at one of them",
)

staff_role = sa.Table(
    "staff_role",
    metadata,
    sa.Column("staff_id", sa.String(40), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.String(20), nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("granted_by", sa.String(80), nullable=False),
    sa.Column("revoked_by", sa.String(80)),
    info={"kind": "state"},
    comment="Dated positions of staff; a position that was taken away keeps its row",
)

staff_invitation = sa.Table(
    "staff_invitation",
    metadata,
    sa.Column("invitation_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("institution", sa.String(18), nullable=False),
    sa.Column("name", sa.String(80), nullable=False),
    sa.Column("position", sa.String(20), nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("invited_by", sa.String(80), nullable=False),
    sa.Column("invited_ms", sa.BigInteger, nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    sa.Column("used_ms", sa.BigInteger),
    sa.Column("staff_id", sa.String(40)),
    sa.CheckConstraint("(used_ms IS NULL) = (staff_id IS NULL)", name="used"),
    sa.Index(None, "digest", unique=True),
    sa.Index(None, "institution"),
    info={"kind": "state"},
    comment="Invitations by name to a position; digest is the keyed digest of the one-use code",
)

staff_code = sa.Table(
    "staff_code",
    metadata,
    sa.Column("proposal_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("staff_id", sa.String(40), nullable=False),
    sa.Column("proposed_by", sa.String(80), nullable=False),
    sa.Column("decided_by", sa.String(80), nullable=False),
    sa.Column("until_ms", sa.BigInteger, nullable=False),
    sa.Column("drawn_ms", sa.BigInteger),
    sa.Column("drawn_by", sa.String(80)),
    sa.CheckConstraint("decided_by <> proposed_by", name="second_person"),
    sa.CheckConstraint("drawn_by IN (proposed_by, decided_by)", name="one_of_two"),
    sa.CheckConstraint("(drawn_ms IS NULL) = (drawn_by IS NULL)", name="drawn"),
    sa.Index(None, "staff_id"),
    info={"kind": "state"},
    comment="One login code that two officials decided for the head of an institution: which proposal, until "
    "when one of the two may make it, and who did",
)

recusal = sa.Table(
    "recusal",
    metadata,
    sa.Column("recusal_id", sa.LargeBinary(16), primary_key=True),
    sa.Column("official_id", sa.String(40), nullable=False),
    sa.Column("party", sa.String(60), nullable=False),
    sa.Column("ground", sa.String(12), nullable=False),
    sa.Column("from_ms", sa.BigInteger, nullable=False),
    sa.Column("until_ms", sa.BigInteger),
    sa.Column("declared_by", sa.String(80), nullable=False),
    sa.Column("ended_by", sa.String(80)),
    sa.CheckConstraint("ground IN ('self', 'kin', 'institution', 'other')", name="ground"),
    sa.CheckConstraint("ground <> 'self' OR until_ms IS NULL", name="self_stays"),
    sa.CheckConstraint("(until_ms IS NULL) = (ended_by IS NULL)", name="ended"),
    sa.Index(None, "official_id"),
    info={"kind": "state"},
    comment="Whose affairs an official keeps out of, why, and who said so; parties are opaque ids and codes",
)

institution_area = sa.Table(
    "institution_area",
    metadata,
    sa.Column("uscc", sa.String(18), primary_key=True),
    sa.Column("n", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("division", sa.String(6), nullable=False),
    sa.Column("source", sa.String(200), nullable=False),
    sa.Column("stated_by", sa.String(80), nullable=False),
    sa.Column("stated_ms", sa.BigInteger, nullable=False),
    info={"kind": "append-only"},
    comment="Where an institution works, says this source; the newest counts. Without a row: where its code "
    "says that it was registered",
)

login_code = sa.Table(
    "login_code",
    metadata,
    sa.Column("official_id", sa.String(40), primary_key=True),
    sa.Column("digest", sa.LargeBinary(32), nullable=False),
    sa.Column("expires_ms", sa.BigInteger, nullable=False),
    info={"kind": "state"},
    comment="The one-time code of an official, as a keyed digest; gone once used",
)

session = sa.Table(
    "session",
    metadata,
    sa.Column("digest", sa.LargeBinary(32), primary_key=True),
    sa.Column("id", sa.LargeBinary(16), nullable=False),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(40), nullable=False),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("device", sa.String(40), nullable=False),
    sa.Column("begun_ms", sa.BigInteger, nullable=False),
    sa.Column("authenticated_ms", sa.BigInteger, nullable=False),
    sa.Column("seen_ms", sa.BigInteger, nullable=False),
    sa.Column("ends_ms", sa.BigInteger, nullable=False),
    sa.Column("through_way", sa.String(10)),
    sa.Column("through_id", sa.String(40)),
    sa.Column("purpose", sa.String(40)),
    sa.Column("case_ref", sa.String(80)),
    # Digest of the stand-in's own session that carries a service in a worker's place, one at a time.
    sa.Column("desk", sa.LargeBinary(32)),
    sa.CheckConstraint("actor_kind IN ('worker', 'staff', 'official')", name="actor_kind"),
    sa.CheckConstraint("(through_way IS NULL) = (through_id IS NULL)", name="through"),
    sa.CheckConstraint("through_way IS NULL OR actor_kind = 'worker'", name="through_worker"),
    sa.Index(None, "actor_kind", "actor_id", "id"),
    sa.CheckConstraint("desk IS NULL OR through_way IS NOT NULL", name="desk"),
    sa.Index(None, "through_way", "through_id"),
    sa.Index(None, "desk", unique=True),
    sa.Index(None, "ends_ms"),
    info={"kind": "state"},
    comment="Signed-in browsers; digest is the SHA-256 of the cookie, id names the session on its owner's "
    "list, through says who acts in a worker's place. Ending a session deletes its row",
)

demo_login = sa.Table(
    "demo_login",
    metadata,
    sa.Column("kind", sa.String(40), primary_key=True),
    sa.Column("label", sa.String(120), nullable=False),
    sa.Column("label_en", sa.String(120), nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("actor_kind", sa.String(10), nullable=False),
    sa.Column("actor_id", sa.String(40), nullable=False),
    sa.CheckConstraint("actor_kind IN ('worker', 'staff', 'official')", name="actor_kind"),
    info={"kind": "state"},
    comment="Personas of the demo region that anybody on this machine may become; empty elsewhere",
)

official_act = sa.Table(
    "official_act",
    metadata,
    sa.Column("id", sa.LargeBinary(16), primary_key=True),
    sa.Column("at_ms", sa.BigInteger, nullable=False),
    sa.Column("actor", sa.String(80), nullable=False),
    sa.Column("role", sa.String(80), nullable=False),
    sa.Column("act", sa.String(40), nullable=False),
    sa.Column("subject", sa.String(300), nullable=False),
    sa.Column("reason", sa.String(400), nullable=False),
    sa.Column("case_ref", sa.String(80), nullable=False),
    info={"kind": "append-only", "bound": Bound()},
    comment="What one official did alone: who, in which role, to what and why; subjects are opaque ids and "
    "codes, never a person's number or name",
)
