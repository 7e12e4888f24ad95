"""What has to be sent for a roster, given what was sent before: new rows, changed rows as corrections."""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

from recordsvc.ground.ports import Clock, Random
from recordsvc.ground.strictjson import canonical, is_canonical
from recordsvc.submit.records import Draft
from recordsvc.submit.sign import Destination, make_record, new_record_id, new_salt
from recordsvc.submit.state import STANDING, WITHDRAWN, Prepared, State

CORRECTION = "correction"
REVOCATION = "revocation"
Body = dict[str, Any]
_REASON = "名册更正后重新报送"


@dataclass(slots=True)
class Plan:
    """What a run will send, and what it leaves alone."""

    new: list[Prepared] = field(default_factory=list)
    unchanged: list[Prepared] = field(default_factory=list)
    # Held by the service: a change cannot be sent before release or return.
    waiting: list[Prepared] = field(default_factory=list)
    vanished: list[Prepared] = field(default_factory=list)  # sent before, not in the sheet any more


class Planner:
    """Makes the records of one run; the clock and the randomness are the caller's."""

    def __init__(
        self, state: State, to: Destination, clock: Clock, randomness: Random, issued_on: dt.date
    ) -> None:
        """Plan against the state of one roster."""
        self._state = state
        self._to = to
        self._clock = clock
        self._randomness = randomness
        self._issued_on = issued_on

    def plan(self, drafts: dict[int, Draft], listed: Container[str]) -> Plan:
        """Compare drafts (by row) with what stands. `listed` are the numbers in the sheet, rejected rows too.

        Every earlier record has to be answered by now.
        """
        plan = Plan()
        seen: set[str] = set()
        for key, row, draft in _keyed(drafts):
            seen.add(key)
            self._row(plan, key, row, draft)
        standing = {
            record.key: record for record in self._state.records.values() if record.status in STANDING
        }
        plan.vanished = [
            record
            for key, record in standing.items()
            if key not in seen and record.purpose != "revoke" and key.partition("|")[0] not in listed
        ]
        return plan

    def outdated(self, drafts: dict[int, Draft]) -> list[Prepared]:
        """Records that were prepared and perhaps never sent, and which the sheet says no more."""
        wanted = {(key, _digest(draft)) for key, _row, draft in _keyed(drafts)}
        return [one for one in self._state.unanswered() if (one.key, one.digest) not in wanted]

    def _row(self, plan: Plan, key: str, row: int, draft: Draft) -> None:
        digest = _digest(draft)
        made = [record for record in self._state.of_key(key) if record.status != WITHDRAWN]
        earlier = _since_revoked(made)
        standing = [record for record in earlier if record.status in STANDING]
        held = [record for record in earlier if record.status == "held"]
        last = next(iter((held or standing or earlier)[-1:]), None)
        if last is not None:
            last.row = row  # rows move when a sheet is edited
        if last is None or (not standing and not held and last.digest != digest):
            plan.new.append(self._issue(key, row, draft, digest))
        elif not standing and not held:
            if last.status == "erased":
                plan.unchanged.append(last)
            else:
                plan.new.append(last)  # refused before, unchanged: perhaps what stood in its way is gone
        elif last.digest == digest:
            plan.unchanged.append(last)
        elif held:
            plan.waiting.append(last)
        else:
            plan.new += self._change(key, row, draft, digest, standing)

    def _change(
        self, key: str, row: int, draft: Draft, digest: str, standing: list[Prepared]
    ) -> list[Prepared]:
        """A correction; where type or person changed, which none can do, a revocation and a new record."""
        root = next(record for record in reversed(standing) if record.purpose == "issue")
        if _sort(digest) == _sort(root.digest):
            body = {"corrects": root.id, "reason": _REASON, "whole": draft.body}
            return [self._make(key, row, "correct", root.id, digest, CORRECTION, draft.worker, body)]
        reason = "entered-in-error"
        old_worker = _worker_of(root.record)
        body = {"reason": reason, "revokes": root.id, "text": _REASON}
        revoked = self._make(key, row, "revoke", root.id, digest, REVOCATION, old_worker, body)
        return [revoked, self._issue(key, row, draft, digest)]

    def _issue(self, key: str, row: int, draft: Draft, digest: str) -> Prepared:
        return self._make(key, row, "issue", "", digest, draft.record_type, draft.worker, draft.body)

    def _make(
        self,
        key: str,
        row: int,
        purpose: str,
        root: str,
        digest: str,
        record_type: str,
        worker: Body,
        body: Body,
    ) -> Prepared:
        record_id = new_record_id(self._clock, self._randomness)
        record = make_record(
            self._to, record_type, worker, body,
            record_id=record_id, salt=new_salt(self._randomness), issued_on=self._issued_on,
        )  # fmt: skip
        return Prepared(record_id, key, row, purpose, root or record_id, digest, record)


def _keyed(drafts: dict[int, Draft]) -> Iterator[tuple[str, int, Draft]]:
    """Rows with what names them from run to run: person, class, and the how-manieth of these two."""
    ordinals: Counter[tuple[str, str]] = Counter()
    for row, draft in drafts.items():
        pair = (draft.worker["number"], draft.body["class"]["code"])
        ordinals[pair] += 1
        yield f"{pair[0]}|{pair[1]}|{ordinals[pair]}", row, draft


def _since_revoked(records: list[Prepared]) -> list[Prepared]:
    """What was made for a row after its last revocation that stands: nothing before it can be corrected."""
    ends = [n for n, one in enumerate(records) if one.purpose == "revoke" and one.status in STANDING]
    return records[ends[-1] + 1 :] if ends else records


def _digest(draft: Draft) -> str:
    """What no correction can change (type, person), a dot, the body. The card does not count."""
    person = {name: value for name, value in draft.worker.items() if name != "card"}
    fixed = hashlib.sha256(canonical([draft.record_type, person])).hexdigest()[:32]
    return f"{fixed}.{hashlib.sha256(canonical(draft.body)).hexdigest()[:32]}"


def _sort(digest: str) -> str:
    return digest.partition(".")[0]


def _worker_of(record: bytes) -> Body:
    parsed = is_canonical(record)
    return dict(parsed["worker"]) if isinstance(parsed, dict) else {}
