"""What is left of a record beside its ciphertext (记录的痕迹), taken away while it can still be read."""

from typing import TYPE_CHECKING

from recordsvc.archive import notices, retold, sealed_papers
from recordsvc.archive.reading import Reader
from recordsvc.ground.commit import Turn

if TYPE_CHECKING:
    from recordsvc.house import House


def remove(turn: Turn, house: "House", worker_id: bytes, seq: int) -> None:
    """Remove papers and notices of an entry about to be destroyed; what it told is known again by a mark."""
    archive = Reader(house, sealed=True).archive(worker_id, house.db.cursor(turn.conn))
    # Its state may be that of an erased one already: what was signed is what can still be read.
    record = None if archive is None else archive.entries[seq].record
    state = None if archive is None else archive.state.of(seq)
    if record is not None and state is not None and not state.moved:
        retold.keep(turn, house, (worker_id, seq), record, retold.facts_of(record, record["body"]))
    sealed_papers.forget(turn, house, worker_id, seq)
    notices.empty(turn, house, worker_id, seq, "" if record is None else str(record["issuer"]))
