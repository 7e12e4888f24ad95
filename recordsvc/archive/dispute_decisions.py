"""The region decides a contested record (异议决定): two officials, and the outcome is an entry.

Upheld: the region corrects, revokes or restricts the issuer's record in the turn of the decision; restricting
is a data officer's to approve, as it is without an objection (`restricting.py`). Rejected: a note with
ground and reasons, which is no word of the worker and changes nothing of the record.

What is to be entered stands in the proposal sealed with the record it is about: a corrected score is
personal data, and a proposal is kept for good.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas
from recordsvc.access.grants import Thing
from recordsvc.archive import alike, checks, disputes, restricting, retold, sealed_words, types
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.append import DECIDED
from recordsvc.archive.context import InstitutionContexts, person_context
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.disputes import Dispute
from recordsvc.archive.errors import ContentRefused, DisputeRefused, SchemaRefused, TargetUnfit, told
from recordsvc.archive.reading import Archive, Reader
from recordsvc.archive.statements import Statement
from recordsvc.archive.states import Life, RecordState
from recordsvc.dated import NoRuleInForce
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import NotFound
from recordsvc.ground.readers import Cursor
from recordsvc.ground.strictjson import canonical
from recordsvc.ground.two_person import Proposal, StaleProposal
from recordsvc.people import merges
from recordsvc.people.resolve import Person

if TYPE_CHECKING:
    from recordsvc.house import House

DECIDE: Final = "dispute.decide"
RESTRICT: Final = "dispute.restrict"
_DECIDERS: Final = frozenset({"reviewer", "data-officer"})
_NOBODY: Final = {"decided_by": "second", "proposal": "none", "proposed_by": "first"}
"""Stands for the decision while a body is held against its schema before there is one."""
_SAY_WHO_DECIDED: Final = frozenset({"dispute-outcome", "restriction"})
"""Types whose bodies name the decision."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What is decided, with reasons for the worker: `fields` to correct, or one code of what else is done.

    `ground` is that of a rejection; with any other the case is upheld.
    """

    text: str
    fields: Mapping[str, Any] | None = None
    revoke: str | None = None
    ground: str | None = None
    restrict: str | None = None

    def act(self, record_id: str) -> tuple[str, dict[str, Any]]:
        """Return the type of the record that says so, and its body, still without the decision."""
        if self.fields is not None:
            return "correction", {"corrects": record_id, "fields": dict(self.fields), "reason": self.text}
        if self.revoke is not None:
            return "revocation", {"reason": self.revoke, "revokes": record_id, "text": self.text}
        if self.restrict is not None:
            on = {"ground": self.restrict, "text": self.text}
            return "restriction", {"effect": "restricted", "restricts": record_id, **on}
        body = {"decides": record_id, "ground": self.ground, "outcome": "rejected", "text": self.text}
        return "dispute-outcome", body


@dataclass(frozen=True, slots=True)
class Proposed:
    """A decision that waits for the second official: the type and body it would enter."""

    proposal_id: bytes
    proposed_by: str
    type: str
    body: Mapping[str, Any]


def propose(turn: Turn, house: "House", dispute_id: bytes, decision: Decision, by: str) -> bytes:
    """Propose a decision.

    Raises `NotFound`, `DisputeRefused`, `TargetUnfit`, `SchemaRefused`, and for a correction
    `ChangesNothing`, `ContentRefused` for one that the dated checks refuse in the issuer's own, too, and
    `TargetUnfit` for one by which the record would tell what is sealed.
    """
    dispute = disputes.find(turn.conn, dispute_id)
    if dispute is None:
        raise NotFound
    if dispute.closed or dispute.owner != disputes.REGION:
        raise DisputeRefused
    cursor = house.db.cursor(turn.conn)
    archive, state = _contested(house, cursor, dispute)
    record: Mapping[str, Any] = state.record or {}
    name, body = decision.act(str(record["id"]))
    _check(house, cursor, name, body, state)
    _tells_nothing_sealed(house, cursor, name, body, archive, state)
    payload: dict[str, Any] = {
        "worker_id": str(uuid.UUID(bytes=dispute.worker_id)),
        "seq": state.seq,
        "dispute_id": dispute.name,
        "seen": archive.seen(state),
        "type": name,
    }
    payload = sealed_words.of_record(house, archive.entries[state.seq], payload, {"body": body})
    kind = RESTRICT if name == "restriction" else DECIDE
    if kind == RESTRICT:
        payload |= alike.named(restricting.alike_of(turn, house, archive, state))
    return two_person.propose(turn, kind, dispute.name, payload, by)


def proposed(house: "House", conn: Connection, dispute: Dispute) -> list[Proposed]:
    """Return the decisions that wait for a second official, opened."""
    own = two_person.proposal.c
    kinds = own.kind.in_((DECIDE, RESTRICT))
    query = sa.select(own.id).where(own.state == "open", kinds, own.subject == dispute.name)
    waiting = two_person.read_all(conn, list(conn.scalars(query)), house.clock.now_ms()).values()
    opened = [(one, sealed_words.opened(house, conn, one.payload)) for one in waiting if one.state == "open"]
    return [
        Proposed(one.id, one.proposed_by, payload["type"], payload["body"])
        for one, payload in opened
        if "body" in payload
    ]


def _check(house: "House", cursor: Cursor, name: str, body: dict[str, Any], state: RecordState) -> None:
    """Refuse what its schema or, of a correction, that of the corrected record does not allow."""
    with_decision = body | {"decision": _NOBODY} if name in _SAY_WHO_DECIDED else body
    faults = types.body_faults(name, 1, with_decision)
    record: Mapping[str, Any] = state.record or {}
    if not faults and name == "correction":
        try:
            corrected = corrected_body(state.body or {}, body)
        except CorrectionUnfit as error:
            raise TargetUnfit(pointer=f"/fields/{error.pointer}") from None
        if canonical(corrected) == canonical(state.body or {}):
            raise ChangesNothing(
                "所填的新值就是记录现在的内容。要改的请填新值；记录无误的，请作“不成立”的决定。",
                detail_en="The new values are those the record has. Give others, or reject the objection.",
                pointer="/fields",
            )
        faults = types.body_faults(str(record["type"]), int(record["version"]), corrected)
    if faults:
        raise SchemaRefused(errors=[told(fault) for fault in faults])
    if name == "correction":
        _plausible(house, cursor, {**record, "body": corrected_body(state.body or {}, body)})


def _plausible(house: "House", cursor: Cursor, corrected: dict[str, Any]) -> None:
    """Hold what a correction makes against the dated checks. Raises `ContentRefused`, `TargetUnfit`.

    What would make an issuer's record wait is left to the two who decide: that is what it waits for.
    """
    today = beijing_date(house.clock.now_ms()).isoformat()
    said = corrected["worker"]
    person = Person(said.get("document"), said.get("number"), said.get("name", ""))
    institution = InstitutionContexts(house.institutions).of(str(corrected["issuer"]), cursor)
    try:
        found = checks.check(corrected | {"issued_on": today}, person_context(today, institution, person))
    except NoRuleInForce:
        raise TargetUnfit("核对所需的规则已过期，暂时不能更正") from None
    rejects = [one for one in found if one.severity is checks.Severity.REJECT]
    if rejects:
        raise ContentRefused("更正后的内容自相矛盾", errors=[told(one) for one in rejects])


def _tells_nothing_sealed(
    house: "House", cursor: Cursor, name: str, body: dict[str, Any], archive: Archive, state: RecordState
) -> None:
    """Refuse a correction by which the record would tell a class or certificate that is restricted now.

    An issuer's own would wait until that is lifted. What was erased two officials may state again on a new
    ground, as they release it of an issuer. Raises `TargetUnfit`.
    """
    if name != "correction":
        return
    before: dict[str, Any] = dict(state.body or {})
    after = corrected_body(before, body)
    found = retold.corrected(house, cursor, archive.worker_id, state.record or {}, before, after)
    if found == retold.RESTRICTED:
        raise TargetUnfit(
            "这样更正后，记录所说的班次或证书正是已限制处理的那一项：请先办理解除限制，或作其他决定",
            detail_en="The record would tell a class or certificate that is restricted: lift that first",
            pointer="/fields",
        )


def _contested(house: "House", cursor: Cursor, dispute: Dispute) -> tuple[Archive, RecordState]:
    archive = Reader(house).archive(dispute.worker_id, cursor)
    state = None if archive is None else archive.state.of(dispute.seq)
    if archive is None or state is None or state.record is None or state.life is not Life.ACTIVE:
        raise TargetUnfit
    return archive, state


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    dispute = disputes.find(conn, uuid.UUID(payload["dispute_id"]).bytes)
    standing = "" if dispute is None else f"{dispute.state}/{dispute.owner}/{dispute.answer}"
    return f"{standing}/{merges.versions(conn, worker_of(payload, 'worker_id'))}"


def _about(conn: Connection, _subject: str, payload: dict[str, Any]) -> Thing:
    """Return where the case lies: with the record's issuer; it concerns the worker, too."""
    dispute = disputes.find(conn, uuid.UUID(payload["dispute_id"]).bytes)
    concerned = areas.person(conn, worker_of(payload, "worker_id"))
    if dispute is None:
        return concerned
    issuer = areas.institution(conn, dispute.issuer)
    return Thing(issuer.area, issuer.parties | concerned.parties)


@two_person.executor(RESTRICT, deciders=frozenset({"data-officer"}), basis=_basis, about=_about)
@two_person.executor(DECIDE, deciders=_DECIDERS, basis=_basis, about=_about)
def _decide(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter what was decided on the record and end the case; the log index of the entry."""
    house: House = proposal.tools
    # The log before the case: in this order everybody else takes them, too.
    house.log.turn(turn)
    dispute = disputes.locked(turn, uuid.UUID(payload["dispute_id"]).bytes)
    cursor = house.db.cursor(turn.conn)
    archive, state = _contested(house, cursor, dispute)
    if dispute.closed or archive.seen(state) != payload["seen"]:
        raise StaleProposal
    name, body = str(payload["type"]), sealed_words.opened(house, turn.conn, payload)["body"]
    # Rules change between the first and the second official.
    _check(house, cursor, name, body, state)
    _tells_nothing_sealed(house, cursor, name, body, archive, state)
    if name in _SAY_WHO_DECIDED:
        body["decision"] = decision_of(proposal)
    others = restricting.going_along(turn, house, archive, state, payload) if name == "restriction" else []
    own_id = record_id_of(house, proposal, b"outcome")
    said = Statement(name, body, stater_of(proposal), own_id, target=dispute.seq, states=DECIDED)
    (entered,) = enter(house, turn, [(dispute.worker_id, said)])
    if name == "restriction":
        restricting.sealed(house, turn, archive, state, entered.index, 1 + len(others))
        restricting.seal_along(turn, house, others, proposal, body)
    outcome = "rejected" if name == "dispute-outcome" else "upheld"
    disputes.end(turn, house, dispute, outcome, entered.index)
    return entered.index
