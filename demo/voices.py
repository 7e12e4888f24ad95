"""What workers say about their own records: most confirm, some have not yet, one contests."""

import dataclasses
from collections.abc import Iterator

from demo.ledger import Draft
from demo.people import Person
from demo.region import Region

ASKED = frozenset({"training-completion", "enrolment-outcome", "training-certificate"})
"""Types that count only once the worker confirmed them; the others are exempt (confirmation_exemptions)."""
SPEAKING = 40
"""How many of the unnamed workers have looked at their archive and confirmed."""


@dataclasses.dataclass(frozen=True, slots=True)
class Voice:
    """One word of a worker about one record; `reason` set: a contest (异议), else a confirmation (确认)."""

    person: Person
    record_id: str
    reason: str | None = None
    text: str = ""


def voices(region: Region) -> Iterator[Voice]:
    """Return who says what, worker by worker, oldest record first."""
    restored = {one.body["restores"] for one in region.amendments if one.type == "restoration"}
    revoked = {one.body["revokes"] for one in region.amendments if one.type == "revocation"}
    asked: dict[str, list[Draft]] = {}
    for draft in region.drafts:
        # What was revoked is no longer there to be confirmed.
        if draft.type in ASKED and draft.record_id not in revoked - restored:
            asked.setdefault(draft.person.number, []).append(draft)
    named = [person for person in region.people if person.key]
    others = [person for person in region.people if not person.key and person.number in asked]
    for person in [*named, *others[:SPEAKING]]:
        yield from _of(person, asked.get(person.number, []))


def _of(person: Person, drafts: list[Draft]) -> Iterator[Voice]:
    for place, draft in enumerate(drafts):
        if person.key == "carer" and draft.issuer.key == "closed":
            if draft.type == "training-completion":
                yield Voice(person, draft.record_id, "never-attended", "我没有报过这个班，也没有去上过课。")
            continue
        newest = place >= len(drafts) - 1
        if not (newest and person.key in ("carer", "welder", "dotted")):
            yield Voice(person, draft.record_id)
