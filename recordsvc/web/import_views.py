"""How far an import is (导入进度), beside the proposal that two officials decide: states, counts and reasons.

Which rows were refused, the clerk's own sheet says; here is why and how often, and nothing that a row says.
"""

import uuid
from collections import Counter
from dataclasses import dataclass

from recordsvc import importwords
from recordsvc.archive import importing
from recordsvc.ground.two_person import Proposal
from recordsvc.web.services import house


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: a word, rows entered of those that were good, refused ones by reason, most first."""

    state: str
    ready: int
    entered: int
    refused: int
    reasons: tuple[tuple[str, int], ...]


def progress(proposal: Proposal) -> Progress | None:
    """Return how far a proposed import is; None for others, and once it fell or its run began anew."""
    if proposal.kind != importing.KIND or proposal.state not in ("open", "done"):
        return None
    wanted = uuid.UUID(proposal.payload["run"]).bytes
    run = importing.find(house(), wanted)
    if run is None or run.proposal != proposal.id:
        return None
    counted = Counter(importwords.words(code) for _row, code in importing.refused(house(), wanted))
    return Progress(
        importwords.STATES[run.state], run.ready, run.entered, run.refused, tuple(counted.most_common())
    )
