"""Compare the rows of sealed entries with what the chains say of single records (封存条目核验)."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from recordsvc.archive import tables
from recordsvc.archive.reading import sealed_by
from recordsvc.archive.states import Entry
from recordsvc.archive.status import derive, is_restriction
from recordsvc.ground.finding import Snapshot, Wrong, at, scan

if TYPE_CHECKING:
    from recordsvc.archive.fsck_chain import Link


class RestrictedCheck:
    """Takes chain by chain what is sealed, and compares it with the table when all are known."""

    def __init__(self, snapshot: Snapshot, region: str) -> None:
        """Read the table on `snapshot`; `region` is the code under which the region states."""
        self._snapshot = snapshot
        self._region = region
        self._expected: dict[tuple[bytes, int], int] = {}
        """(worker_id, seq) of each sealed entry -> log index of the restriction."""

    def add(self, links: Iterable["Link"], records: Mapping[int, Mapping[str, Any]]) -> None:
        """Take a proven chain; `records` are those of it that can be read, by seq."""
        if not any(is_restriction(record) and "restricts" in record["body"] for record in records.values()):
            return
        rows = {link.row.seq: link.row for link in links}
        entries = (
            Entry(link.row.seq, link.leaf.kind, link.target, link.leaf.ms, records.get(link.row.seq))
            for link in links
        )
        for state in derive(entries, self._region).records:
            if state.restriction is None:
                continue
            idx = rows[state.restriction.seq].idx
            kept = sealed_by(state) & records.keys()
            self._expected |= {(rows[seq].worker_id, seq): idx for seq in kept}

    def finish(self) -> None:
        """Compare with every row. Raises `Wrong`."""
        own, expected = tables.restricted_entry, dict(self._expected)
        for worker_id, seq, idx in scan(self._snapshot, [own.c.worker_id, own.c.seq, own.c.idx]):
            wanted = expected.pop((worker_id, seq), None)
            if wanted is None:
                raise Wrong(
                    at(own, "worker_id", "seq", worker_id=worker_id, seq=seq),
                    "该条目没有被限制",
                    "the chain does not say that this entry is restricted",
                )
            if idx != wanted:
                raise Wrong(
                    at(own, "idx", worker_id=worker_id, seq=seq),
                    "不是限制该记录的条目",
                    "is not the log index of the restriction",
                )
        if expected:
            worker_id, seq = min(expected)
            raise Wrong(
                at(own, worker_id=worker_id, seq=seq),
                "该条目已被限制，而此行缺失",
                "the chain restricts this entry, and its row is missing",
            )
