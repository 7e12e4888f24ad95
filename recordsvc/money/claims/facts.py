"""The facts of a claim (认定事实): from the archive with its place in the log, the claim, registers, claims.

A record that does not count - revoked, contested, not confirmed, superseded, under suspicion - brings none.
"""

import uuid
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.persons import PersonArchives, Place
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims.tables import claim, claim_decision, claim_state
from recordsvc.money.claims.values import Claim
from recordsvc.money.rules.facts import Fact, Facts
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

_PASSED: Final = ("PAID", "CLOSED", "RECOVERING")


def unfit(place: Place | None) -> str:
    """Say why a record cannot be claimed for, in Chinese; empty: it can."""
    if place is None or place.state is None:
        return "档案中没有这条记录"
    state = place.state
    reasons = (
        (state.life is not Life.ACTIVE or state.body is None, "这条记录已撤销或删除"),
        (state.confirmation is Confirmation.CONTESTED, "这条记录正在异议处理中"),
        (state.confirmation is Confirmation.UNCONFIRMED, "这条记录尚未经您确认，请先在档案中确认"),
        (state.needs_reconfirmation, "签发这条记录的密钥有疑，须由签发单位重新确认"),
        (state.seq in place.archive.superseded, "同一事实已有更可信的记录，请用那一条申领"),
    )
    return next((why for holds, why in reasons if holds), "")


def gather(
    house: "House", conn: Connection, archives: PersonArchives, place: Place, one: Claim, today: str
) -> Facts:
    """Return every fact that is known of a claim."""
    record = {} if place.state is None else _record(place.state, one.certificate)
    told = _told(one)
    day = str(record.get("certificate_issued_on") or record.get("training_ended_on") or today)
    group = _group(archives, str(record.get("training_started_on") or day))
    known = _plain(record, place).joined(group).joined(told)
    prior = _prior(conn, one)
    earlier = Facts({"prior": Fact(prior, "补贴台账", today)})
    registers = house.claims.registers.facts(conn, one.worker_id, known.values, day)
    return registers.joined(known).joined(earlier)


def _plain(values: Mapping[str, Any], place: Place) -> Facts:
    stored = place.entry.stored
    return Facts.plain(values, f"档案 第{stored.idx}条", beijing_date(place.entry.ms).isoformat())


def _record(state: RecordState, certificate: str) -> dict[str, Any]:
    """Return what the record itself says."""
    body: Mapping[str, Any] = state.body or {}
    name = str((state.record or {}).get("type"))
    values: dict[str, Any] = {"certificate": certificate, "level": body.get("level")}
    if "occupation" in body:
        values["occupation"] = body["occupation"].get("code") or body["occupation"].get("name")
    if "certificate" in body:
        values |= {"certificate_kind": name, "certificate_issued_on": body["certificate"]["issued_on"]}
    if name == "training-completion":
        values |= _course(body)
    return {key: value for key, value in values.items() if value is not None}


def _course(body: Mapping[str, Any]) -> dict[str, Any]:
    attended, days = body.get("attended"), body.get("attended_on")
    values: dict[str, Any] = {
        "training_type": body["training_type"],
        "training_started_on": body["started_on"],
        "training_ended_on": body["ended_on"],
    }
    if attended is not None:
        minutes, planned = sum(attended.values()), sum(body["planned"].values())
        values["hours"] = minutes // int(body["minutes_per_period"])
        # A share that is not whole is rounded down: 79.9 % are not 80.
        values["attendance_pct"] = minutes * 100 // planned if planned else None
    if "attendance_percent" in body:
        values["attendance_pct"] = int(Decimal(body["attendance_percent"]))
    if days is not None:
        values["days_attended"] = len(days)
    return values


def _group(archives: PersonArchives, day: str) -> Facts:
    """Return the group of the person that was valid on a day (人员类别); the newest of several."""
    found = Facts({})
    for archive in archives.archives:
        for state in archive.state.records:
            record, body = state.record, state.body
            if record is None or body is None or state.life is not Life.ACTIVE:
                continue
            if record["type"] != "group-membership" or state.confirmation is Confirmation.CONTESTED:
                continue
            if body["valid_from"] <= day <= body.get("valid_to", "9999-12-31"):
                entry = archive.entries[state.seq]
                source = f"档案 第{entry.stored.idx}条"
                found = Facts.plain({"group": body["group"]}, source, beijing_date(entry.ms).isoformat())
    return found


def _told(one: Claim) -> Facts:
    """Return what the claim itself says."""
    on = beijing_date(one.filed_ms).isoformat()
    values = {"applied_on": on, "region": one.region or None, **one.told}
    values["payee"] = "person" if one.payee.startswith("worker:") else "centre"
    return Facts.plain(values, "申请", on)


def _prior(conn: Connection, one: Claim) -> list[dict[str, Any]]:
    """Return the other claims of the person that were paid or are under way."""
    own, base, made = claim_state.c, claim.c, claim_decision.c
    persons = merges.together(conn, [one.worker_id])
    query = (
        sa.select(own.claim_id, own.kind, own.certificate, own.state, base.payee, own.changed_ms)
        .add_columns(made.basis_date, made.document, base.filed_ms)
        .join(base.claim_id.table, sa.and_(base.worker_id == own.worker_id, base.claim_id == own.claim_id))
        .outerjoin(
            claim_decision,
            sa.and_(made.worker_id == own.worker_id, made.claim_id == own.claim_id, made.n == own.decision),
        )
        .where(own.worker_id.in_(sorted(persons)), own.live == 1, own.claim_id != one.claim_id)
        .order_by(own.claim_id)
    )
    return [_earlier(row) for row in conn.execute(query)]


def _earlier(row: sa.Row[Any]) -> dict[str, Any]:
    facts = orjson.loads(row.document)["facts"] if row.document is not None else {}
    found = {
        "claim": str(uuid.UUID(bytes=bytes(row.claim_id))),
        "kind": row.kind,
        "basis_date": row.basis_date or beijing_date(row.filed_ms).isoformat(),
        "certificate": row.certificate,
        "payee": "person" if row.payee.startswith("worker:") else "centre",
    }
    for name in ("occupation", "level"):
        if name in facts:
            found[name] = facts[name]["value"]
    if row.state in _PASSED:
        found["paid_on"] = beijing_date(row.changed_ms).isoformat()
    return found
