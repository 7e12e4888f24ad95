"""Check draws (抽查核验): documents against the archive's log, lists against what was committed to.

The rows themselves are bound (archive/fsck_bound.py); here it is checked that what the log states is what
they say: each document has its entry, each entry its document, each list its root, each inspector their code.
"""

from typing import TYPE_CHECKING, Final

import orjson

from recordsvc.archive.formats import DRAW, EntryType
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.oversight import documents, drawing, roster
from recordsvc.oversight.tables import draw_document, draw_inspector, draw_list
from recordsvc.translog import tables as log_tables

if TYPE_CHECKING:
    from recordsvc.house import House

_ROOTS: Final = {documents.OBJECTS: "objects", documents.ROSTER: "roster"}


class DrawCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, house: "House", snapshot: Snapshot) -> None:
        """Believe the keys of `house`, and the archive's log as `snapshot` shows it."""
        self._house, self._snapshot = house, snapshot
        self.counts = {"draw documents": 0}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first thing wrong."""
        own, entry = draw_document.c, log_tables.entry.c
        stated, roots = set[int](), dict[tuple[bytes, str], str]()
        joined = draw_document.outerjoin(log_tables.entry, entry.idx == own.idx)
        columns = [own.draw_id, own.step, own.document, own.idx, entry.data]
        for draw_id, step, document, idx, data in scan(self._snapshot, columns, source=joined):
            if data != documents.statement(document):
                raise Wrong(
                    f"{at(draw_document, 'document', 'idx', draw_id=draw_id, step=step)} ↔ "
                    f"{at(log_tables.entry, idx=idx)}",
                    "文书被改：与档案日志所载不符",
                    "the document was changed: the archive's log states another",
                )
            stated.add(idx)
            if step == documents.COMMIT:
                said = orjson.loads(document)
                roots |= {(draw_id, name): said[member]["root"] for name, member in _ROOTS.items()}
            self.counts["draw documents"] += 1
        progress("draw documents", self.counts["draw documents"])
        self._unstated(stated)
        self._lists(roots)
        self._inspectors()

    def _unstated(self, stated: set[int]) -> None:
        """Refuse a statement in the archive's log without its document here."""
        own = log_tables.entry.c
        first, after = bytes((EntryType.SERVICE, DRAW)), bytes((EntryType.SERVICE, DRAW + 1))
        for idx, _data in scan(self._snapshot, [own.idx, own.data], own.data >= first, own.data < after):
            if idx not in stated:
                raise Wrong(
                    f"{draw_document.name} ↔ {at(log_tables.entry, idx=idx)}",
                    "档案日志声明过的文书缺失",
                    "a document that the archive's log states is missing",
                )

    def _lists(self, roots: dict[tuple[bytes, str], str]) -> None:
        """Compare every list with its root."""
        own = draw_list.c
        for draw_id, name, lines in scan(self._snapshot, [own.draw_id, own.list, own.lines]):
            if roots.pop((draw_id, name), None) != drawing.root(lines):
                raise Wrong(
                    at(draw_list, "lines", draw_id=draw_id, list=name),
                    "名单被改：与承诺的根不符",
                    "the list was changed: its root is not what was committed to",
                )
        for draw_id, name in roots:
            raise Wrong(
                at(draw_list, draw_id=draw_id, list=name),
                "名单缺失",
                "a list committed to is missing",
            )

    def _inspectors(self) -> None:
        """Recompute the code of every inspector: nobody stands behind another's."""
        own = draw_inspector.c
        for draw_id, code, official_id in scan(self._snapshot, [own.draw_id, own.code, own.official_id]):
            if code != roster.code(self._house, draw_id, official_id):
                raise Wrong(
                    at(draw_inspector, "official_id", draw_id=draw_id, code=code),
                    "检查人员代号与重算结果不符",
                    "the code is not this inspector's",
                )
