"""Evidence from other provinces (外省材料): entered on the worker's word, raised by two officials.

What a worker brings is `stated`, whatever the paper says. An official compares, asks the national query or
writes to the body that gave it, and proposes a trust level with how, when and by whom it was verified; a
second decides, and the region's correction of the record says so. Payments of other provinces cannot be seen
here (`facts.seen_elsewhere`).
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc.archive import paperrefs, persons, sealed_words, types
from recordsvc.archive.act_errors import ChangesNothing
from recordsvc.archive.append import OWN_CHAIN, Accepted
from recordsvc.archive.checks import Context, Severity, check
from recordsvc.archive.closing import NO_PAPER
from recordsvc.archive.decided import enter, record_id_of, stater_of, worker_of
from recordsvc.archive.declare import stands_at
from recordsvc.archive.errors import (
    ContentRefused,
    SchemaRefused,
    TargetUnfit,
    TargetUnknown,
    told,
)
from recordsvc.archive.life_errors import EvidenceNeeded
from recordsvc.archive.reading import Reader
from recordsvc.archive.statements import Region, Statement, Stater, derived_id
from recordsvc.archive.states import Life
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.strictjson import canonical
from recordsvc.ground.two_person import Proposal, StaleProposal
from recordsvc.people import merges, standing

if TYPE_CHECKING:
    from recordsvc.house import House

TYPE: Final = "foreign-evidence"
TRUST: Final = "evidence.trust"
STATED: Final = "stated"
"""The level of the worker's word alone: what it is set back to needs no paper."""
OWN_WORD: Final = "本人"


@dataclass(frozen=True, slots=True)
class Raise:
    """Which evidence is trusted how far, and how that was verified (None: the level needs none)."""

    worker_id: bytes
    record_id: bytes
    trust: str
    verification: dict[str, str] | None
    text: str
    papers: tuple[str, ...] = ()
    """SHA-256 (hex) of what shows it, beside the papers of the record itself; whoever decides opens them."""


def state_evidence(
    house: "House", worker_id: bytes, said: dict[str, Any], papers: Sequence[str], stater: Stater
) -> tuple[bytes, int]:
    """Enter evidence on the worker's word; its record id and log index. The same again makes no second entry.

    `said` is the body without `trust`; `papers` are SHA-256 of what was shown. Raises `SchemaRefused`,
    `ContentRefused`, `Busy`; of what was stated before, what `declare.stands_at` raises.
    """
    body = {**said, "trust": STATED}
    provenance: dict[str, Any] = {"source": "worker-papers", "trust": STATED, "vouched_by": OWN_WORD}
    if papers:
        provenance["papers"] = sorted(set(papers))
    _check(house, body, provenance)
    record_id = derived_id(
        house, TYPE.encode(), worker_id, canonical({"body": body, "papers": sorted(papers)})
    )
    statement = Statement(TYPE, body, stater, record_id, provenance=provenance)
    outcome, _log = Region(house).state(worker_id, statement)
    if isinstance(outcome, Accepted):
        return record_id.bytes, outcome.index
    return record_id.bytes, stands_at(house, worker_id, outcome.seq)


def propose_trust(turn: Turn, house: "House", wanted: Raise, by: str) -> bytes:
    """Propose how far evidence is trusted.

    Raises `TargetUnknown`, `TargetUnfit`, `ChangesNothing`, `ContentRefused`, and `EvidenceNeeded` where
    nothing is filed here that the second official could look at.
    """
    person = persons.read(house, wanted.worker_id, house.db.cursor(turn.conn))
    place = None if person is None else person.find(wanted.record_id, house.settings.region)
    if place is None:
        raise TargetUnknown
    state = place.state
    if state is None or state.life is not Life.ACTIVE or state.record is None or state.record["type"] != TYPE:
        raise TargetUnfit
    if merges.held(turn, place.archive.worker_id)[1] == standing.CLOSED:
        raise TargetUnfit("本人已去世，档案已关闭，不再改定材料的可信等级")
    fields = _fields(wanted.trust, wanted.verification)
    after = {**(state.body or {}), **{name: value for name, value in fields.items() if value is not None}}
    if wanted.verification is None:
        after.pop("verification", None)
    if after == state.body:
        raise ChangesNothing
    _check(house, after, None)
    papers = [*state.record.get("provenance", {}).get("papers", ()), *wanted.papers]
    owners = {wanted.worker_id, place.archive.worker_id}
    if wanted.trust != STATED and not paperrefs.any_filed(house, sorted(owners), papers):
        raise EvidenceNeeded(errors=[NO_PAPER])
    payload = sealed_words.of_record(
        house,
        place.entry,
        {
            "worker_id": str(uuid.UUID(bytes=place.archive.worker_id)),
            "seq": state.seq,
            "seen": place.archive.seen(state),
            "papers": list(dict.fromkeys(papers)),
        },
        {"trust": wanted.trust, "verification": wanted.verification, "text": wanted.text},
    )
    return two_person.propose(turn, TRUST, str(uuid.UUID(bytes=wanted.record_id)), payload, by)


@two_person.executor(TRUST, deciders=frozenset({"reviewer", "data-officer"}), opens=sealed_words.opened)
def _raise(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Correct the trust of the evidence; the correction's log index."""
    house: House = proposal.tools
    worker_id = worker_of(payload, "worker_id")
    archive = Reader(house).archive(worker_id, house.db.cursor(turn.conn))
    state = None if archive is None else archive.state.of(payload["seq"])
    if archive is None or state is None or state.record is None or archive.seen(state) != payload["seen"]:
        raise StaleProposal
    payload = sealed_words.opened(house, turn.conn, payload)
    fields = _fields(payload["trust"], payload["verification"])
    if "verification" not in (state.body or {}) and fields["verification"] is None:
        del fields["verification"]
    said = Statement(
        "correction",
        {
            "corrects": str(state.record["id"]),
            "fields": {f"/body/{name}": value for name, value in fields.items()},
            "reason": payload["text"],
        },
        stater_of(proposal),
        record_id_of(house, proposal, b"trust"),
        target=state.seq,
        states=OWN_CHAIN,
    )
    return enter(house, turn, [(worker_id, said)])[0].index


def _fields(trust: str, verification: dict[str, str] | None) -> dict[str, Any]:
    return {"trust": trust, "verification": verification}


def _check(house: "House", body: dict[str, Any], provenance: dict[str, Any] | None) -> None:
    """Judge evidence as any record of its type: schema, codes, days, and a trust level that was earned."""
    faults = types.body_faults(TYPE, 1, body)
    if faults:
        raise SchemaRefused(errors=[told(one) for one in faults])
    today = beijing_date(house.clock.now_ms()).isoformat()
    record: dict[str, Any] = {
        "actor": {},
        "body": body,
        "issued_on": today,
        "issuer": house.settings.region,
        "type": TYPE,
        "version": 1,
    }
    if provenance is not None:
        record["provenance"] = provenance
    found = [one for one in check(record, Context(today)) if one.severity is Severity.REJECT]
    if found:
        raise ContentRefused(errors=[told(one) for one in found])
