"""Papers behind restricted records (限制处理记录的材料): a scan says what its record says, sealed with it.

A paper that another record rests on stays open. Whoever may decide a proposal that rests on a sealed one
opens it there (`proposal_papers.py`); a waiting proposal opens it to nobody else, since one official alone
could then undo by proposing what two decided.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from recordsvc.archive import restricted
from recordsvc.archive.reading import Reader
from recordsvc.ground.readers import Cursor

if TYPE_CHECKING:
    from recordsvc.house import House


def behind(house: "House", cursor: Cursor, workers: Collection[bytes]) -> frozenset[str]:
    """Return the SHA-256 (hex) of the papers on which none but restricted records of these archives rest."""
    sealed = restricted.entries_of(house, cursor, workers)
    if not sealed:
        return frozenset()
    reader, hidden, shown = Reader(house, sealed=True), set[str](), set[str]()
    for worker_id in workers:
        archive = reader.archive(worker_id, cursor)
        for entry in () if archive is None else archive.entries:
            named = _named(entry.record)
            (hidden if (worker_id, entry.stored.seq) in sealed else shown).update(named)
    return frozenset(hidden - shown)


def _named(record: Mapping[str, Any] | None) -> Iterable[str]:
    """Return the papers that a record rests on: what it was taken from, and what a decision named."""
    if record is None:
        return ()
    return (*record.get("provenance", {}).get("papers", ()), *record["body"].get("papers", ()))
