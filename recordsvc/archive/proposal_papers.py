"""The papers a proposal rests on (待办所依据的材料): opened by whoever may decide it, while it waits.

Who decides has to see the order, the certificate of death, the proof of the police, and not their hashes
alone: also beside a restricted archive, where nothing else is read. Each opening leaves a row of who looked
for the purpose `PURPOSE`, with the proposal as its case. A list tells hashes and whether a file is kept here.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from recordsvc.access import deciding
from recordsvc.access.grants import Actor
from recordsvc.archive.decided import worker_of
from recordsvc.archive.foreign import TRUST
from recordsvc.archive.papers import Paper
from recordsvc.archive.reading import Reader
from recordsvc.ground import two_person
from recordsvc.ground.problems import Forbidden, NotFound
from recordsvc.ground.two_person import Proposal

if TYPE_CHECKING:
    from recordsvc.house import House

PURPOSE: Final = "proposal-review"
_OWNERS: Final = ("worker_id", "from", "into", "to")
"""Members of a payload that name whose papers it rests on."""


@dataclass(frozen=True, slots=True)
class Resting:
    """One paper of a proposal: its place there from 1, the SHA-256 of its file, whether that is kept here."""

    n: int
    sha256: str
    filed: bool


def resting(house: "House", proposal: Proposal) -> list[Resting]:
    """Return the papers a proposal rests on, in its order; nothing of what they say."""
    found = enumerate(_hashes(house, proposal), start=1)
    return [Resting(n, one, _filed(house, proposal, one) is not None) for n, one in found]


def opened(house: "House", proposal_id: bytes, n: int, who: Actor, request_id: str) -> tuple[Paper, bytes]:
    """Return one paper of an open proposal and its file, to who may decide it; the row is durable before.

    Raises `UnknownProposal`, `Forbidden` for anybody else and once it is closed, `NotFound`, `PaperDamaged`.
    """
    with house.db.read() as conn:
        proposal = two_person.read(conn, proposal_id, house.clock.now_ms())
    if not deciding.may_decide(proposal, who):
        raise Forbidden
    hashes = _hashes(house, proposal)
    kept = _filed(house, proposal, hashes[n - 1]) if 1 <= n <= len(hashes) else None
    if kept is None:
        raise NotFound
    case = str(uuid.UUID(bytes=proposal_id))
    return house.papers.open(*kept, who, PURPOSE, case, request_id, sealed=True)


def _hashes(house: "House", proposal: Proposal) -> Sequence[str]:
    """Return the SHA-256 of each paper; of evidence from elsewhere they stand in its record."""
    payload: dict[str, Any] = proposal.payload
    if proposal.kind != TRUST:
        return [str(one) for one in payload.get("papers") or ()]
    archive = Reader(house).archive(worker_of(payload, "worker_id"))
    state = None if archive is None else archive.state.of(payload["seq"])
    said = None if state is None else state.record
    return [] if said is None else [str(one) for one in said.get("provenance", {}).get("papers", ())]


def _filed(house: "House", proposal: Proposal, sha256: str) -> tuple[bytes, bytes] | None:
    """Return owner and id of a paper kept here; None where nobody concerned has it."""
    for member in _OWNERS:
        if member not in proposal.payload:
            continue
        owner = worker_of(proposal.payload, member)
        try:
            paper_id = house.papers.filed_as(owner, sha256)
        except NotFound:  # erased since
            continue
        if paper_id is not None:
            return owner, paper_id
    return None
