"""The facts of a claim (认定事实): from the archive with its place in the log, the claim, registers, claims.

A record that does not count - revoked, contested, not confirmed, superseded, under suspicion - brings none.
"""

import json
import uuid
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive.persons import Place
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import agencies, apprentices, terms
from recordsvc.money.claims.tables import claim, claim_decision, claim_state, claim_topup
from recordsvc.money.claims.values import Claim
from recordsvc.money.rules import archive_facts, assessments, trainings
from recordsvc.money.rules.archive_facts import CaseOfRecord
from recordsvc.money.rules.facts import Fact, Facts
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

ARCHIVE: Final = "档案日志"
"""How the sources of facts from the archive begin."""
_PASSED: Final = ("PAID", "CLOSED", "RECOVERING")
_SENT: Final = ("PAYING", "RETURNED", *_PASSED)
"""States of what went out, whatever a rule says of it since."""


def unfit(place: Place | None) -> str:
    """Say why a record cannot be claimed for, in Chinese; empty: it can."""
    if place is None or place.state is None:
        return "档案中没有这条记录"
    state = place.state
    reasons = (
        (sealed(place), "这条记录已限制处理，解除后才能据以申领"),
        (state.life is not Life.ACTIVE or state.body is None, "这条记录已撤销或删除"),
        (state.confirmation is Confirmation.CONTESTED, "这条记录正在异议处理中"),
        (state.confirmation is Confirmation.UNCONFIRMED, "这条记录尚未经您确认，请先在档案中确认"),
        (state.needs_reconfirmation, "签发这条记录的密钥有疑，须由签发单位重新确认"),
        (state.seq in place.archive.superseded, "同一事实已有更可信的记录，请用那一条申领"),
    )
    return next((why for holds, why in reasons if holds), "")


def sealed(place: Place | None) -> bool:
    """Tell whether a record is restricted: what it says is then missing, and neither true nor false."""
    return place is not None and place.state is not None and _hidden(place.state)


def _hidden(state: RecordState) -> bool:
    """Tell whether a record may count again; one that was moved to somebody else is none of this person's."""
    return state.life is Life.RESTRICTED and not state.moved


def gather(house: "House", conn: Connection, place: Place, one: Claim, today: str) -> Facts:
    """Return every fact that is known of a claim."""
    known = _of_record(place, one, today)
    case = _case(place, one.certificate, today)
    values = known.values
    day = str(values.get("certificate_issued_on") or values.get("training_ended_on") or today)
    known = archive_facts.of_groups(place.archive, day).joined(known)
    catalogue = house.catalogue.facts(known, day)
    number = case.number if case is not None else None
    said = house.claims.registers.facts(conn, one.worker_id, number)
    before = prior(conn, one.worker_id, place.archive, one.claim_id)
    earlier = Facts({"prior": Fact(before, "本系统补贴台账", today)})
    behalf = {
        name: Fact(value, who, on) for name, value, who, on in agencies.facts(house, conn, one, place, today)
    }
    found = earlier.joined(catalogue).joined(said).joined(known).joined(_told(one)).joined(Facts(behalf))
    return found.joined(_fee_paid(house, conn, one, place, today)).joined(apprentices.facts(conn, one, place))


def of_record(place: Place, one: Claim, today: str) -> Facts | None:
    """Return what the archive says of the record that a claim rests on; None: it does not count now."""
    return None if unfit(place) else _of_record(place, one, today)


def _of_record(place: Place, one: Claim, today: str) -> Facts:
    case = _case(place, one.certificate, today)
    known = case.facts if case is not None else _of_course(place)
    return known.joined(_by_head(place)) if "planned" in one.told else known


def _case(place: Place, record_id: str, today: str) -> CaseOfRecord | None:
    found = (one for one in archive_facts.cases(place.archive, today) if one.record_id == record_id)
    return next(found, None)


def _of_course(place: Place) -> Facts:
    """Return what a course says by itself; nothing of what is none."""
    state = place.state
    if state is None or state.record is None:
        return Facts({})
    if state.record["type"] == archive_facts.ENROLMENT:
        return archive_facts.enrolment(place.archive, state)
    return (
        archive_facts.course(place.archive, state)
        if state.record["type"] == archive_facts.TRAINING
        else Facts({})
    )


def _by_head(place: Place) -> Facts:
    """Return whether an apprentice finished, where an enterprise is paid by head."""
    body, idx = (place.state.body if place.state is not None else None) or {}, place.entry.stored.idx
    source, on = f"档案日志第 {idx} 条", beijing_date(place.entry.ms).isoformat()
    return Facts.plain({"finished": int(body.get("result") == "passed")}, source, on)


def _fee_paid(house: "House", conn: Connection, one: Claim, place: Place, today: str) -> Facts:
    """Return the fee of the assessment as it was paid through this service: above what anybody says of it."""
    result = assessments.behind(place.archive, place.state) if one.kind in _by_fee(today) else None
    if result is None or "plan" not in result:
        return Facts({})
    orders = house.claims.fees.charged(
        conn, one.worker_id, assessments.organisation(result), str(result["plan"])
    )
    kept = [it for it in orders or () if it.kept_fen > 0]
    numbers = "、".join(f"缴费单 {it.number}" for it in kept)
    return Facts.plain({"fee_fen": sum(it.kept_fen for it in kept) or None}, numbers, today)


def _by_fee(today: str) -> set[str]:
    return {code for code, row in terms.kinds(today).items() if "fee_fen" in row.get("asks", ())}


def _told(one: Claim) -> Facts:
    """Return what the claim itself says."""
    on = beijing_date(one.filed_ms).isoformat()
    values: dict[str, Any] = {"applied_on": on, "region": one.region or None, **one.told}
    values.setdefault("payee", "person" if one.payee.startswith("worker:") else "centre")
    return Facts.plain(values, "申请", on)


def prior(conn: Connection, worker_id: bytes, archive: Archive, but: bytes = b"") -> list[dict[str, Any]]:
    """Return the claims of a person that were paid, or are granted and under way; `but` leaves one out.

    Each names its training as `archive` names it now, whatever its class was called when it was decided.

    One that is refused, or of which something is still asked, takes nobody's place: it may come to nothing.
    What tops another up is no subsidy of its own: it says of which occupation and level that one is now.
    """
    own, base, made, topping = claim_state.c, claim.c, claim_decision.c, claim_topup.c
    persons = merges.together(conn, [worker_id])
    query = (
        sa.select(own.claim_id, own.kind, own.certificate, own.state, base.payee, base.told, own.changed_ms)
        .add_columns(made.basis_date, made.document, made.verdict, base.filed_ms, topping.tops)
        .join(base.claim_id.table, sa.and_(base.worker_id == own.worker_id, base.claim_id == own.claim_id))
        .outerjoin(
            claim_decision,
            sa.and_(made.worker_id == own.worker_id, made.claim_id == own.claim_id, made.n == own.decision),
        )
        .outerjoin(claim_topup, sa.and_(topping.worker_id == own.worker_id, topping.claim_id == own.claim_id))
        .where(own.worker_id.in_(sorted(persons)), own.live == 1, own.claim_id != but)
        .order_by(own.claim_id)
    )
    found = dict[bytes, dict[str, Any]]()
    for row in conn.execute(query):
        if row.verdict != "GRANT" and row.state not in _SENT:
            continue
        told = _earlier(row, archive)
        if row.tops is None:
            found[bytes(row.claim_id)] = told
        elif bytes(row.tops) in found:
            found[bytes(row.tops)] |= {name: told[name] for name in ("occupation", "level") if name in told}
    return list(found.values())


def _earlier(row: sa.Row[Any], archive: Archive) -> dict[str, Any]:
    facts = orjson.loads(row.document)["facts"] if row.document is not None else {}
    found = {
        "claim": str(uuid.UUID(bytes=bytes(row.claim_id))),
        "kind": row.kind,
        "basis_date": row.basis_date or beijing_date(row.filed_ms).isoformat(),
        "certificate": row.certificate,
        "payee": json.loads(row.told).get("payee")
        or ("person" if row.payee.startswith("worker:") else "centre"),
    }
    for name in ("occupation", "level", "certificate"):
        if name in facts:
            found[name] = facts[name]["value"]
    decided = facts["training"]["value"] if "training" in facts else None
    training = trainings.as_named_now(archive, row.certificate, decided)
    if training is not None:
        found["training"] = training
    if row.state in _PASSED:
        found["paid_on"] = beijing_date(row.changed_ms).isoformat()
    return found
