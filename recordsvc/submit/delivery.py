"""Sends what a plan says, in batches, and keeps every receipt. After an interruption the next run goes on."""

import json
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from recordsvc.ground.strictjson import is_canonical
from recordsvc.submit.privatefiles import private_folder, write_all_private, write_private
from recordsvc.submit.receipts import ReceiptReader, Received
from recordsvc.submit.send import Refused, Service
from recordsvc.submit.sign import Batch
from recordsvc.submit.state import WITHDRAWN, Prepared, State
from recordsvc.translog import tree

BATCH_RECORDS = 1_000
_BATCH_BYTES = 8 * 1024 * 1024


class Delivery:
    """One roster's way to the service. `sign` makes a batch of records, `folder` takes the proof files."""

    def __init__(
        self,
        state: State,
        service: Service,
        sign: Callable[[list[bytes]], Batch],
        folder: Path,
        *,
        log_key: str | None = None,
        advance: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Prepare; nothing is sent yet. `advance` hears how many records were answered."""
        self._state = state
        self._service = service
        self._sign = sign
        self._folder = folder
        self._log_key = log_key
        self._advance = advance
        self._batch = lru_cache(maxsize=64)(self._rebuilt)

    def send(self, records: list[Prepared]) -> None:
        """Send records that are already durable in the state file. Raises `Refused`, `Unreachable`."""
        for chunk in _chunks(records):
            batch = self._sign([one.record for one in chunk])
            self._state.note_batch(batch.batch_id, batch.jws, [one.id for one in chunk])
            answer = self._service.post_batch(batch.ndjson())
            reader = self._reader({one.id: one.record for one in chunk})
            self._keep(reader.read(answer))
            self._advance(len(chunk))

    def look_after_held(self) -> None:
        """Ask what became of records that an official had to look at."""
        for record in [one for one in self._state.records.values() if one.status == "held"]:
            self._settle(record, self._service.record(record.id))

    def withdraw(self, records: list[Prepared]) -> int:
        """Ask whether records arrived that the sheet says no more; how many did not, and never will."""
        gone = []
        for record in records:
            try:
                self._settle(record, self._service.record(record.id))
            except Refused as refused:
                if refused.status != HTTPStatus.NOT_FOUND:
                    raise
                gone.append(Received(record.id, WITHDRAWN))
        self._keep((one, {}) for one in gone)
        return len(gone)

    def _settle(self, record: Prepared, told: dict[str, Any]) -> None:
        if told.get("status") == "accepted":
            receipt = self._service.receipt(record.id)
            self._keep([(self._reader({record.id: record.record}).from_text(record.id, receipt), told)])
        elif told.get("status") not in (None, "held"):
            self._keep([(Received(record.id, str(told["status"])), told)])

    def write_receipts(self, path: Path) -> None:
        """One file with everything a centre needs to prove later what it sent: record, evidence, receipt."""
        content = {
            "format": "recordsvc-receipts/1",
            "records": [
                {
                    "row": one.row,
                    "id": one.id,
                    "purpose": one.purpose,
                    "status": one.status or "unanswered",
                    "index": one.answer.get("index"),
                    "receipt": self._proof_file(one.id) if self._proof_path(one.id).exists() else None,
                    "record": is_canonical(one.record),
                    "evidence": [json.loads(evidence) for evidence in self._evidence(one.id)],
                }
                for one in self._state.records.values()
            ],
        }
        write_private(path, (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode())

    def _keep(self, received: Iterable[tuple[Received, dict[str, Any]]]) -> None:
        """Proof files first, then the state: a crash in between only writes the same file again."""
        proofs, events = {}, []
        for one, row in received:
            if one.proof is not None:
                proofs[self._proof_path(one.record_id)] = str(one.proof).encode()
            events.append(one.event(row))
        write_all_private(proofs)
        self._state.answered(events)

    def _proof_file(self, record_id: str) -> str:
        return f"{self._folder.name}/{record_id}.tlog-proof"

    def _proof_path(self, record_id: str) -> Path:
        return private_folder(self._folder) / f"{record_id}.tlog-proof"

    def _reader(self, records: dict[str, bytes]) -> ReceiptReader:
        return ReceiptReader(records, self._evidence, self._log_key)

    def _evidence(self, record_id: str) -> Iterator[bytes]:
        """The batch proofs a record was ever sent with; the service keeps the first one it got."""
        for batch_id, place in self._state.places.get(record_id, ()):
            yield self._batch(batch_id).evidence(place)

    def _rebuilt(self, batch_id: str) -> Batch:
        """A batch as it was signed, out of the state file."""
        noted = self._state.batches[batch_id]
        records = tuple(self._state.records[record_id].record for record_id in noted["ids"])
        levels = tree.levels([tree.leaf_hash(record) for record in records])
        return Batch(batch_id, noted["jws"], records, levels)


def _chunks(records: list[Prepared]) -> Iterator[list[Prepared]]:
    """Batches of at most 1,000 records and 8 MiB."""
    chunk: list[Prepared] = []
    size = 0
    for record in records:
        if chunk and (len(chunk) == BATCH_RECORDS or size + len(record.record) > _BATCH_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(record)
        size += len(record.record)
    if chunk:
        yield chunk
