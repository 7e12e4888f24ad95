"""An old receipt against the log of today (旧回执比对): whoever kept one can show a rewritten history.

A receipt carries a checkpoint that the log signed. The log of today must continue it: be at least as large,
and have the same root at that size. If it does not, two signatures of one key contradict each other: that is
fraud, or a restored backup that nobody may append to. Of a log that ended, and goes on under another name,
so much must be continued as the published statement says was kept.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import formats
from recordsvc.translog import tables as log_tables
from recordsvc.translog.checkpoint import Checkpoint, LogKeys
from recordsvc.translog.proofs import LogProof
from recordsvc.translog.tree import Frontier, ProofError, leaf_hash, verify_consistency

if TYPE_CHECKING:
    from recordsvc.translog.store import Log, Signed


class Verdict(StrEnum):
    """What comparing told."""

    CONTINUED = "continued"
    SHORTENED = "shortened"
    REWRITTEN = "rewritten"
    TILES = "tiles-damaged"
    LOST = "lost-at-a-continuation"


@dataclass(frozen=True, slots=True)
class Comparison:
    """A receipt's checkpoint beside today's."""

    verdict: Verdict
    index: int
    then: Checkpoint
    now: "Signed"

    @property
    def told(self) -> tuple[str, str]:
        """What it means, in Chinese and English."""
        then, now = self.then.size, self.now.size
        return {
            Verdict.CONTINUED: (
                f"第 {self.index} 号条目仍在原处；日志由 {then} 条延续到 {now} 条，历史未被改动。",
                f"Entry {self.index} stands where it stood; the log went on from {then} to {now} entries.",
            ),
            Verdict.SHORTENED: (
                f"欺诈或误恢复：日志曾签署 {then} 条，现只有 {now} 条。请保存回执并报告见证方。",
                f"FRAUD or an old backup: the log signed {then} entries, now it has {now}. Tell a witness.",
            ),
            Verdict.REWRITTEN: (
                f"欺诈：同一钥匙签署了两段互相矛盾的历史（大小 {then} 处根不同）。请保存回执并报告见证方。",
                "FRAUD: one key signed two histories, none continues the other. Tell a witness.",
            ),
            Verdict.TILES: (
                "条目与回执一致，但存储的瓦片损坏；请运行 recordsvc log fsck。",
                "The entries agree with the receipt, the stored tiles do not; run `recordsvc log fsck`.",
            ),
            Verdict.LOST: (
                f"日志 {self.then.origin} 已终止并另行接续，{then} 条未全部保留：请凭回执重新报送。",
                f"The log {self.then.origin} ended, not all of {then} entries were kept: send it again.",
            ),
        }[self.verdict]


def compare(log: "Log", log_key: LogKeys, conn: Connection, receipt: bytes) -> Comparison:
    """Compare a receipt with the log as `conn` shows it.

    Raises ValueError (`ProofError`, `NoteError`, `FormatError`) for a file that is no receipt of this log at
    all: that proves nothing against anybody.
    """
    proof = LogProof.parse(receipt)
    leaf, _open_key = formats.unpack_opening(proof.extra or b"")
    then = proof.verify(leaf_hash(formats.record_entry(leaf)), log_key).checkpoint
    now = log.newest(conn)
    return Comparison(_judge(log, conn, then, now), proof.index, then, now)


def _judge(log: "Log", conn: Connection, then: Checkpoint, now: "Signed") -> Verdict:
    if then.origin != log.origin and then.size > _kept_of(log, then.origin):
        return Verdict.LOST
    if now.size < then.size:
        return Verdict.SHORTENED
    try:
        path = log.reader(conn, now.size).consistency(then.size)
        verify_consistency(then.size, then.root, now.size, now.root, path)
    except (ProofError, LookupError):
        # Tiles are only copies: before anyone is accused, the entries themselves are asked.
        return Verdict.TILES if _root(conn, then.size) == then.root else Verdict.REWRITTEN
    return Verdict.CONTINUED


def _kept_of(log: "Log", name: str) -> int:
    """Return how many entries of the log of a former name stand here."""
    return next((one.size for one in log.former if one.name == name), 0)


def _root(conn: Connection, size: int) -> bytes:
    """Recompute the root of the first `size` entries."""
    frontier, entry = Frontier(), log_tables.entry
    query = sa.select(entry.c.data).where(entry.c.idx < size).order_by(entry.c.idx)
    for data in conn.execute(query, execution_options={"yield_per": 2_000}).scalars():
        frontier.append(leaf_hash(data))
    return frontier.root()
