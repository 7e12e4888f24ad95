"""Receipts (回执): the service's answer, checked before it is believed, and kept as tlog-proof files.

A row counts as received only if its leaf opens to the very bytes that were signed here and stands in the tree
of the checkpoint. An answer without such proof is kept, and said to be unproven.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from recordsvc.archive.formats import commitment, pack_opening, record_entry, unpack_leaf, unpack_opening
from recordsvc.ground.base64strict import unb64
from recordsvc.translog import tree
from recordsvc.translog.checkpoint import Checkpoint, open_checkpoint
from recordsvc.translog.note import parse_note
from recordsvc.translog.proofs import LogProof


@dataclass(frozen=True, slots=True)
class Received:
    """What the service said about one record; `proof` is there for records that stand in the archive."""

    record_id: str
    status: str
    proof: LogProof | None = None
    unproven: str = ""  # why a claimed receipt proves nothing

    def event(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The state file's line about it."""
        kept = {name: row[name] for name in ("index", "problems", "warnings", "confirmation") if name in row}
        kept |= {"unproven": self.unproven} if self.unproven else {}
        return {**kept, "id": self.record_id, "status": self.status}


class ReceiptReader:
    """Checks the answers to batches. `log_key` is the log's pinned verification key, where there is one."""

    def __init__(
        self,
        records: Mapping[str, bytes],
        evidence: Callable[[str], Iterable[bytes]],
        log_key: str | None = None,
    ) -> None:
        """`records` are the signed R by id; `evidence` gives the batch proofs a record was sent with."""
        self._records = records
        self._evidence = evidence
        self._log_key = log_key

    def read(self, answer: Mapping[str, Any]) -> list[tuple[Received, dict[str, Any]]]:
        """Every row of an answer with its checked receipt, in order."""
        rows = [
            row for row in answer.get("rows", []) if isinstance(row, dict) and row.get("id") in self._records
        ]
        try:
            proofs = self._shared_proofs(answer, [row for row in rows if row.get("status") == "accepted"])
            fault = ""
        except (ValueError, KeyError, TypeError) as broken:
            proofs, fault = {}, str(broken)
        return [(self._one(row, proofs, fault), row) for row in rows]

    def from_text(self, record_id: str, text: str) -> Received:
        """A receipt fetched on its own."""
        return self._received(record_id, "accepted", lambda: LogProof.parse(text))

    def _one(self, row: dict[str, Any], proofs: Mapping[str, LogProof], fault: str) -> Received:
        record_id, status = row["id"], str(row.get("status"))
        if status not in ("accepted", "duplicate"):
            return Received(record_id, status)
        if "receipt" in row:
            return self._received(record_id, status, lambda: LogProof.parse(str(row["receipt"])))
        if record_id not in proofs:
            return Received(record_id, status, None, fault or "no proof in the answer")
        return self._received(record_id, status, lambda: proofs[record_id])

    def _received(self, record_id: str, status: str, get: Callable[[], LogProof]) -> Received:
        try:
            proof = get()
            self._check(record_id, proof)
        except (ValueError, KeyError) as broken:
            return Received(record_id, status, None, str(broken))
        return Received(record_id, status, proof)

    def _shared_proofs(self, answer: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, LogProof]:
        """Paths for all new rows out of the nodes they share."""
        if not rows:
            return {}
        note = str(answer["checkpoint"])
        size = Checkpoint.parse(parse_note(note).text).size
        given = {
            tuple(map(int, name.split("/"))): unb64(value) for name, value in answer.get("nodes", {}).items()
        }
        leaves = {int(row["index"]): tree.leaf_hash(record_entry(unb64(row["leaf"]))) for row in rows}
        nodes = tree.fill_nodes(leaves, size, {(level, n): value for (level, n), value in given.items()})
        return {
            row["id"]: LogProof.make(
                int(row["index"]),
                tree.path_from_nodes(int(row["index"]), size, nodes),
                note,
                pack_opening(unb64(row["leaf"]), unb64(row["open"])),
            )
            for row in rows
        }

    def _check(self, record_id: str, proof: LogProof) -> None:
        """The leaf opens to our record and stands in the checkpoint's tree; raises ValueError."""
        leaf, opening = unpack_opening(proof.extra or b"")
        committed = unpack_leaf(leaf).commitment
        record = self._records[record_id]
        if all(committed != commitment(opening, record, evidence) for evidence in self._evidence(record_id)):
            raise ValueError("the receipt is not about the record that was signed here")
        entry = tree.leaf_hash(record_entry(leaf))
        if self._log_key is not None:
            checkpoint = open_checkpoint(proof.checkpoint, self._log_key, (), 0).checkpoint
        else:
            checkpoint = Checkpoint.parse(parse_note(proof.checkpoint).text)
        tree.verify_inclusion(entry, proof.index, checkpoint.size, list(proof.path), checkpoint.root)
