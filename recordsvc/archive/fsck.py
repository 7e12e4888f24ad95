"""Recompute the archive (档案核验): chains, ciphertexts, signatures, the rows of record ids, the holding.

What stands in the log, and the issuers' keys, have been proven before.
"""

import struct
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.archive import disputes, tables
from recordsvc.archive.fsck_chain import ChainCheck, Standing
from recordsvc.archive.fsck_log import LogRows
from recordsvc.archive.keyevents import KeyHistory
from recordsvc.archive.sealing import dedupe_key
from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, count, merged, scan
from recordsvc.ground.strictjson import StrictJsonError, is_canonical
from recordsvc.people import tables as people_tables
from recordsvc.people.fsck import open_key
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

EVERY: Final = 1_000


class ArchiveCheck:
    """One check of the archive on one snapshot; `counts` is filled while it runs."""

    def __init__(self, house: "House", snapshot: Snapshot) -> None:
        """Believe the keys of `house`, and the log as `snapshot` shows it."""
        self._house = house
        self._snapshot = snapshot
        self.counts: dict[str, int] = defaultdict(int)
        self.rows = LogRows(snapshot, self.counts)

    def run(self, histories: dict[str, KeyHistory], progress: Progress) -> None:
        """Check all chains, the rows of record ids, and the holding. Raises `Wrong`."""
        self._chains(ChainCheck(self._house, self._snapshot, histories), progress)
        self._dedupe()
        self._holding()
        self._disputes()

    def _chains(self, chain: ChainCheck, progress: Progress) -> None:
        entry, sealed, worker = tables.entry, tables.ciphertext, people_tables.worker
        key, index = people_tables.worker_key, people_tables.blind_index
        same = sa.and_(sealed.c.worker_id == entry.c.worker_id, sealed.c.seq == entry.c.seq)
        source = sealed.outerjoin(entry, same)
        for worker_id, seq, missing in scan(
            self._snapshot,
            [sealed.c.worker_id, sealed.c.seq, entry.c.seq],
            entry.c.seq.is_(None),
            source=source,
        ):
            raise Wrong(
                at(sealed, worker_id=worker_id, seq=seq),
                "没有这一条目",
                f"there is no such entry ({missing})",
            )
        own = entry.c
        columns = [own.worker_id, own.seq, own.idx, own.target, own.nonce, own.leaf, own.edge]
        streams = (
            scan(
                self._snapshot,
                [worker.c.worker_id, worker.c.state, worker.c.merged_into, key.c.wrapped],
                source=worker.outerjoin(key, key.c.worker_id == worker.c.worker_id),
            ),
            scan(
                self._snapshot,
                [*columns, sealed.c.record_id, sealed.c.sealed],
                source=entry.outerjoin(sealed, same),
            ),
            scan(self._snapshot, [index.c.worker_id, index.c.tag], order=[index.c.worker_id, index.c.tag]),
        )
        for done, (worker_id, (workers, rows, tags)) in enumerate(merged(*streams), 1):
            if not workers:
                raise Wrong(
                    f"{worker.name} ↔ {at(entry, worker_id=worker_id)}",
                    "劳动者不存在",
                    "there is no such worker",
                )
            _worker, state, merged_into, wrapped = workers[0]
            standing = Standing(state, None if merged_into is None else bytes(merged_into))
            data_key = None if wrapped is None else open_key(self._house.keys, worker_id, wrapped)
            readable = chain.check(worker_id, standing, data_key, rows, {tag for _worker, tag in tags})
            self.counts["records opened"] += readable
            if done % EVERY == 0:
                progress("chains", done)
        chain.finish()

    def _dedupe(self) -> None:
        """Refuse rows of record ids that lead to no entry, to another's record, or twice to one entry."""
        dedupe, entry, sealed = tables.dedupe, tables.entry, tables.ciphertext
        source = dedupe.outerjoin(
            entry, sa.and_(entry.c.worker_id == dedupe.c.worker_id, entry.c.seq == dedupe.c.seq)
        ).outerjoin(sealed, sa.and_(sealed.c.worker_id == dedupe.c.worker_id, sealed.c.seq == dedupe.c.seq))
        rows = 0
        for key, seq, record_id in scan(
            self._snapshot, [dedupe.c.key, entry.c.seq, sealed.c.record_id], source=source
        ):
            rows += 1
            if seq is None:
                raise Wrong(at(dedupe, "worker_id", "seq", key=key), "指向不存在的条目", "leads to no entry")
            if record_id is not None and key[8:] != record_id:
                raise Wrong(
                    at(dedupe, "key", key=key),
                    "与所指条目的记录编号不符",
                    "is not the record id of its entry",
                )
        if rows != count(self._snapshot, entry):
            raise self._unmatched()

    def _unmatched(self) -> Wrong:
        """Return which entry has no row of its record id, or several."""
        dedupe, entry = tables.dedupe, tables.entry
        together = entry.outerjoin(
            dedupe, sa.and_(dedupe.c.worker_id == entry.c.worker_id, dedupe.c.seq == entry.c.seq)
        )
        grouped = sa.select(entry.c.worker_id, entry.c.seq).select_from(together)
        grouped = (
            grouped.group_by(entry.c.worker_id, entry.c.seq).having(sa.func.count(dedupe.c.key) != 1).limit(1)
        )
        row = self._snapshot.conn.execute(grouped).one()
        return Wrong(
            f"{dedupe.name} → {at(entry, worker_id=row.worker_id, seq=row.seq)}",
            "该条目的去重行缺失或不止一行",
            "the entry has no row of its record id, or more than one",
        )

    def _holding(self) -> None:
        """Open every record that waits, and prove that decided ones are where they went."""
        held, dedupe = tables.held, tables.dedupe
        own = held.c
        columns = [
            own.held_id,
            own.key,
            own.digest,
            own.issuer,
            own.state,
            own.received_ms,
            own.sealed,
            dedupe.c.digest,
        ]
        source = held.outerjoin(dedupe, dedupe.c.key == own.key)
        for held_id, key, digest, issuer, state, ms, sealed, entered in scan(
            self._snapshot, columns, source=source
        ):
            where = at(held, held_id=held_id)
            waits = state in ("held", "approved")
            if waits != (sealed is not None) or (state == "released") != (entered is not None):
                raise Wrong(
                    f"{where} column state/sealed",
                    "状态与内容或条目不符",
                    "the state fits neither content nor entry",
                )
            if entered is not None and entered != digest:
                raise Wrong(
                    f"{where} column digest", "与放行的条目不符", "is not the digest of the released record"
                )
            if int.from_bytes(held_id[:6]) != ms:
                raise Wrong(
                    f"{where} column received_ms", "与编号中的时间不符", "is not the time inside the id"
                )
            if sealed is not None:
                self._waiting(where, held_id, key, digest, issuer, sealed)
            self.counts["held"] += waits

    def _waiting(
        self, where: str, held_id: bytes, key: bytes, digest: bytes, issuer: str, sealed: bytes
    ) -> None:
        sealer = self._house.admission.sealer
        try:
            raw, _evidence = sealer.unhold(held_id, sealed)
            record = is_canonical(raw)
        except (SealError, StrictJsonError, LookupError, struct.error) as error:
            raise Wrong(
                f"{where} column held_id/sealed", "暂存内容打不开", f"the content does not open: {error}"
            ) from None
        if not isinstance(record, dict) or (record["issuer"], dedupe_key(issuer, record["id"])) != (
            issuer,
            key,
        ):
            raise Wrong(f"{where} column key/issuer", "与暂存内容不符", "is not that of the held record")
        if sealer.digest(raw) != digest:
            raise Wrong(f"{where} column digest", "与暂存内容不符", "is not the digest of the held record")

    def _disputes(self) -> None:
        """Refuse cases that no contest of that record opened, and messages that are not as they were said."""
        own, said, entry, key = tables.dispute, tables.dispute_message, tables.entry, people_tables.worker_key
        opened = sa.and_(entry.c.worker_id == own.c.worker_id, entry.c.seq == own.c.contest_seq)
        case = own.c
        streams = (
            scan(
                self._snapshot,
                [case.worker_id, case.dispute_id, case.seq, case.contest_seq, case.messages, entry.c.target],
                source=own.outerjoin(entry, opened),
            ),
            scan(
                self._snapshot,
                [*said.c, key.c.wrapped],
                source=said.outerjoin(key, key.c.worker_id == said.c.worker_id),
            ),
        )
        for worker_id, (cases, messages) in merged(*streams):
            found = Counter(self._message(*row) for row in messages)
            for _worker, dispute_id, seq, contest_seq, count_said, target in cases:
                where = at(own, worker_id=worker_id, dispute_id=dispute_id)
                if target != seq or disputes.id_of(self._house, worker_id, contest_seq) != dispute_id:
                    raise Wrong(where, "没有引起它的异议", "no contest of this record opened it")
                if found.pop(dispute_id, 0) != count_said:
                    raise Wrong(
                        f"{said.name} ↔ {where} column messages",
                        "说明的条数不符",
                        "has another number of messages than the case says",
                    )
                self.counts["disputes"] += 1
            if found:
                raise Wrong(
                    at(said, worker_id=worker_id, dispute_id=next(iter(found))),
                    "不属于任何一件异议",
                    "belongs to no case",
                )

    def _message(self, *row: Any) -> bytes:
        """Open a message; return the id of its case."""
        *columns, sealed, wrapped = row
        message = disputes.Said(*columns)
        where = at(tables.dispute_message, worker_id=message.worker_id, message_id=message.message_id)
        if wrapped is None:
            raise Wrong(where, "劳动者不存在或已删除", "there is no such worker, or it was erased")
        try:
            open_key(self._house.keys, message.worker_id, wrapped).open(sealed, disputes.message_aad(message))
        except (SealError, OverflowError) as error:
            raise Wrong(
                where, "内容打不开：该行被改动", f"does not open, the row was changed: {error}"
            ) from None
        self.counts["dispute messages"] += 1
        return message.dispute_id
