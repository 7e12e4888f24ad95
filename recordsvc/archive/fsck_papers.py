"""Recompute the evidence store (材料核验): every row opens, its file is there and the one filed."""

from collections import defaultdict
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.archive.paper_errors import PaperDamaged
from recordsvc.archive.paper_rows import Row, owner_bytes
from recordsvc.archive.tables import institution_key, institution_paper, paper
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, scan
from recordsvc.ground.problems import Unavailable
from recordsvc.people import tables as people_tables
from recordsvc.people.fsck import ERASED, open_key
from recordsvc.vault.envelope import DataKey, DataKeys, SealError

if TYPE_CHECKING:
    from recordsvc.house import House

EVERY: Final = 100


class PaperCheck:
    """One check of all papers on one snapshot; `counts` and `unreached` are filled while it runs."""

    def __init__(self, house: "House", snapshot: Snapshot) -> None:
        """Believe the keys of `house`, and nothing of its object store."""
        self._house = house
        self._snapshot = snapshot
        self.counts: dict[str, int] = defaultdict(int)
        self.unreached = 0
        """Files that could not be looked at, since the store is away."""

    def run(self, progress: Progress) -> None:
        """Check workers' papers, keys of institutions, institutions' papers. Raises `Wrong`."""
        self._workers(progress)
        keys = self._institution_keys()
        for row in scan(self._snapshot, list(institution_paper.columns)):
            key = keys.get(row[0])
            if key is None:
                raise Wrong(
                    f"{at(institution_key, uscc=row[0])} ← {at(institution_paper, 'uscc', tag=row[1])}",
                    "该机构没有数据钥匙：钥匙行缺失，或材料被改到别的机构名下",
                    "the institution has no data key: its row is missing, or the paper is another's",
                )
            self._paper(institution_paper, key, row, progress)

    def _institution_keys(self) -> dict[str, DataKey]:
        found = {}
        for uscc, wrapped in scan(self._snapshot, [institution_key.c.uscc, institution_key.c.wrapped]):
            try:
                found[uscc] = DataKeys(self._house.keys).get(owner_bytes(uscc), wrapped)
            except SealError as error:
                raise Wrong(
                    at(institution_key, "uscc", "wrapped", uscc=uscc),
                    "数据钥匙打不开",
                    f"the data key does not open: {error}",
                ) from None
        return found

    def _workers(self, progress: Progress) -> None:
        worker, key = people_tables.worker, people_tables.worker_key
        source = paper.outerjoin(worker, worker.c.worker_id == paper.c.worker_id).outerjoin(
            key, key.c.worker_id == paper.c.worker_id
        )
        columns = [*paper.columns, worker.c.state, key.c.wrapped]
        last: tuple[bytes, DataKey] | None = None
        for *row, state, wrapped in scan(self._snapshot, columns, source=source):
            worker_id = row[0]
            if wrapped is None or state in (None, ERASED):
                raise Wrong(
                    at(paper, "worker_id", worker_id=worker_id, tag=row[1]),
                    "该劳动者不存在或已删除，而此行仍在",
                    "the worker does not exist or was erased, and this row is still there",
                )
            if last is None or last[0] != worker_id:
                last = worker_id, open_key(self._house.keys, worker_id, wrapped)
            self._paper(paper, last[1], row, progress)

    def _paper(self, table: sa.Table, key: DataKey, values: Any, progress: Progress) -> None:
        papers, row = self._house.papers, Row(*values)
        place = {next(iter(table.columns)).name: row.owner, "tag": row.tag}
        try:
            found = papers.opened_row(key, row)
        except PaperDamaged:
            raise Wrong(
                at(table, *(column.name for column in table.columns), **place),
                "密封内容打不开：该行被改动，或属于别人",
                "what is sealed does not open: the row was changed, or is another's",
            ) from None
        if papers.tag(row.owner, bytes.fromhex(found.sha256)) != row.tag:
            raise Wrong(at(table, "tag", **place), "不是该文件的标签", "is not the tag of this file")
        try:
            papers.opened_file(key, row, found.sha256)
        except PaperDamaged:
            raise Wrong(
                f"{at(table, 'object', **place)} ↔ object {row.object}",
                "材料文件缺失、被改动，或放错了位置",
                "the file is missing, was changed, or lies in another's place",
            ) from None
        except Unavailable:
            self.unreached += 1
        self.counts["papers"] += 1
        if self.counts["papers"] % EVERY == 0:
            progress("papers", self.counts["papers"])
