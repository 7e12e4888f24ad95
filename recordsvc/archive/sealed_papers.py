"""Papers behind restricted records (限制处理记录的材料): a scan says what its record says, sealed with it.

A paper that another record rests on stays open; that the restriction itself names it keeps it neither open
nor here, since what is sealed may well have been shown for sealing it. Erased with the last record that rests
on it, it is gone.
Whoever may decide a proposal that rests on a sealed one opens it there (`proposal_papers.py`); a waiting
proposal opens it to nobody else, since one official alone could then undo by proposing what two decided.
"""

import itertools
from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from recordsvc.archive import persons, restricted
from recordsvc.archive.reading import Reader
from recordsvc.archive.tables import paper
from recordsvc.ground.commit import Turn
from recordsvc.ground.privileges import erasing
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


def forget(turn: Turn, house: "House", worker_id: bytes, seq: int) -> None:
    """Remove the papers on which nothing rests but this entry, which is about to be destroyed.

    Their files go with the next sweep (`Papers.sweep`), as those of an erased archive do.
    """
    cursor, chains = house.db.cursor(turn.conn), persons.chains(turn, house, worker_id)
    reader, going, staying = Reader(house, sealed=True), set[str](), set[str]()
    for chain in chains:
        archive = reader.archive(chain, cursor)
        for entry in () if archive is None else archive.entries:
            mine = (chain, entry.stored.seq) == (worker_id, seq)
            (going if mine else staying).update(_named(entry.record))
    with erasing(turn.conn):
        for owner, sha256 in itertools.product(chains, sorted(going - staying)):
            tag = house.papers.tag(owner, bytes.fromhex(sha256))
            turn.conn.execute(sa.delete(paper).where(paper.c.worker_id == owner, paper.c.tag == tag))


def _named(record: Mapping[str, Any] | None) -> Iterable[str]:
    """Return the papers that a record rests on: what it was taken from, and what a decision named.

    A restriction (`restriction`) rests on none: it says nothing that its papers would have to prove for good.
    """
    if record is None or record["type"] == "restriction":
        return ()
    return (*record.get("provenance", {}).get("papers", ()), *record["body"].get("papers", ()))
