"""What rows of a submission meet in the archive (已有记录): the same ids, and the records they act on.

Nothing here knows of persons; it comes before anybody is looked for.
"""

from typing import TYPE_CHECKING

from recordsvc.archive import errors, lost_erasures, store
from recordsvc.archive.append import Known
from recordsvc.archive.formats import Kind
from recordsvc.archive.rows import Row, Said, pending, settle, settle_held
from recordsvc.archive.targets import Targets
from recordsvc.ground.problems import Problem
from recordsvc.ground.readers import Cursor

if TYPE_CHECKING:
    from recordsvc.house import House


def judge_targets(targets: Targets, rows: list[tuple[Row, Said]]) -> None:
    """Judge what acts on other records by its target alone, worker by worker."""
    acts = [(row, said) for row, said in rows if said.type.target is not None]
    if not acts:
        return
    places = targets.places([(said.type, row.item.record) for row, said in acts])
    order = sorted(zip(acts, places, strict=True), key=_order)
    for (row, said), place in order:
        try:
            row.target = targets.judge(said.type, row.item.record, place)
        except Problem as problem:
            row.refuse(problem)
        else:
            row.held = row.held or row.target.held


def _order(one: tuple[tuple[Row, Said], tuple[bytes, int] | None]) -> tuple[bytes, bool]:
    """Sort worker by worker, corrections last: what is taken back beside them decides what they change."""
    (_row, said), place = one
    return (place[0] if place else b""), said.type.kind is Kind.CORRECT


def refuse_erased(house: "House", cursor: Cursor, rows: list[Row]) -> None:
    """Answer what was erased in a log that was lost as what was erased in this one."""
    gone = lost_erasures.among(house, cursor, [row.key for row in rows])
    for row in rows:
        if row.key in gone:
            row.status, row.problem = "erased", errors.RecordErased()


class Standing:
    """What stands or is held under the ids of a submission, as of its snapshot."""

    def __init__(self, house: "House", cursor: Cursor, known: store.Known, held: store.HeldRows) -> None:
        """Judge by what stands and what is held."""
        self._house, self._cursor = house, cursor
        self._known, self._held = known, held

    def settle_same(self, rows: list[Row]) -> None:
        """Answer the same records again; their signatures were judged when they came first."""
        if self._known or self._held:
            self._settle([row for row in rows if self._digest(row.key) == row.digest])

    def settle(self, rows: list[Row]) -> None:
        """Answer other content under an id that stands, and what stands twice in the submission."""
        if self._known or self._held:
            self._settle(pending(rows))
        first: dict[bytes, Row] = {}
        for row in pending(rows):
            if (earlier := first.setdefault(row.key, row)) is row:
                continue
            if earlier.digest == row.digest:
                row.status, row.repeats = "repeated", earlier
            else:
                row.refuse(errors.OtherContent(pointer="/id"))

    def _digest(self, key: bytes) -> bytes | None:
        stands, held = self._known.get(key), self._held.get(key)
        return stands[2] if stands else held[1] if held else None

    def _settle(self, rows: list[Row]) -> None:
        for row in rows:
            if row.key in self._known:
                worker_id, seq, digest = self._known[row.key]
                erased = _erased(self._house, self._cursor, worker_id, seq)
                settle(row, Known(worker_id, seq, digest == row.digest), erased=erased)
            elif row.key in self._held:
                settle_held(row, *self._held[row.key])


def _erased(house: "House", cursor: Cursor, worker_id: bytes, seq: int) -> bool:
    stored = store.one(house.db, cursor, worker_id, seq)
    return stored is None or stored.sealed is None
