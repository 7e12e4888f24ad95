"""What a submission is answered (报送结果): one row per record, and the hashes that make each receipt."""

import base64
from typing import TYPE_CHECKING, Any

from recordsvc.archive import errors, receipts
from recordsvc.archive.append import Accepted, Known
from recordsvc.archive.checks_confirmation import needs_confirmation
from recordsvc.archive.rows import Answer, Row
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Problem

if TYPE_CHECKING:
    from recordsvc.house import House


class Answers:
    """Puts the answer of one submission together."""

    def __init__(self, house: "House", answer: Answer) -> None:
        """Tell `answer`."""
        self._house = house
        self._answer = answer
        self._needed: dict[tuple[str, int, int], bool] = {}

    def single(self) -> tuple[dict[str, Any], int]:
        """Return the body and status for one posted record. Raises the problem of a refused one."""
        answer, row = self._answer, self._answer.rows[0]
        if row.problem is not None:
            raise row.problem
        told = self._row(row)
        if isinstance(row.outcome, Accepted) and answer.log is not None:
            told["receipt"] = str(receipts.of_new(answer.log, row.outcome))
            return told, 201
        return told, 202 if row.status == "held" else 200

    def batch(self) -> tuple[dict[str, Any], int]:
        """Return the body and status for a batch: 201 when anything new stands, 200 else."""
        answer = self._answer
        told: dict[str, Any] = {"rows": [self._row(row) for row in answer.rows]}
        if answer.batch_id is not None:
            told["batch_id"] = answer.batch_id
        indices = [row.outcome.index for row in answer.rows if isinstance(row.outcome, Accepted)]
        log = answer.log
        if not indices or log is None or log.checkpoint is None or log.extension is None:
            return told, 200
        told["checkpoint"] = log.checkpoint.note
        told["nodes"] = {
            f"{level}/{n}": _b64(value) for (level, n), value in log.extension.nodes(indices).items()
        }
        return told, 201

    def _row(self, row: Row) -> dict[str, Any]:
        told: dict[str, Any] = {"id": row.record_id, "status": row.status}
        if row.problem is not None:
            told["problems"] = [row.problem.to_dict()]
        warnings = [errors.told(one) for one in row.findings if one.severity == "warn"]
        if row.twin is not None:
            warnings[-1]["record"] = row.twin  # its finding was the last
        if warnings:
            told["warnings"] = warnings
        if row.status == "held":
            told["where"] = f"/v1/records/{row.record_id}"
        outcome = row.outcome
        if isinstance(outcome, Accepted):
            told |= {"index": outcome.index, "leaf": _b64(outcome.leaf), "open": _b64(outcome.open_key)}
            ms = int.from_bytes(outcome.leaf[2:10])
            told["confirmation"] = "needed" if self._needs_confirmation(row, ms) else "not-needed"
        elif isinstance(outcome, Known) and row.status == "duplicate":
            told |= self._known(outcome)
        return told

    def _known(self, outcome: Known) -> dict[str, Any]:
        """Return the receipt of a record that stood already: the same bytes as the first time."""
        house = self._house
        try:
            with house.db.read() as conn, house.db.read_raw() as cursor:
                proof = receipts.of_stored(house, conn, cursor, outcome.worker_id, outcome.seq)
        except Problem as problem:
            return {"status": "erased", "problems": [problem.to_dict()]}
        extra = proof.extra or b""
        return {
            "index": proof.index,
            "leaf": _b64(extra[:74]),
            "open": _b64(extra[74:]),
            "receipt": str(proof),
        }

    def _needs_confirmation(self, row: Row, ms: int) -> bool:
        """Whether a record entered at UTC `ms` counts only once confirmed: what the archive says of it."""
        record = row.item.record
        key = (record["type"], record["version"], ms)
        if key not in self._needed:
            on = beijing_date(ms).isoformat()
            found = self._answer.institution
            kind = found.kind_on(on, ms) if found else ""
            self._needed[key] = needs_confirmation(record["type"], record["version"], kind, on)
        return self._needed[key]


def _b64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
