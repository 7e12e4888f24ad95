"""Recompute one worker's chain (档案链核验): positions, ciphertexts, what records say and who signed them."""

import functools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from recordsvc.archive import formats, strays, tables
from recordsvc.archive.acts import act_of, target_id
from recordsvc.archive.formats import BatchPayload, FormatError, Kind, Leaf
from recordsvc.archive.fsck_release import ReleaseCheck
from recordsvc.archive.fsck_restricted import RestrictedCheck
from recordsvc.archive.keyevents import KeyHistory
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.store import StoredEntry
from recordsvc.ground.finding import Snapshot, Wrong, at, scan
from recordsvc.ground.strictjson import StrictJsonError, is_canonical
from recordsvc.people import tables as people_tables
from recordsvc.people.fsck import ERASED
from recordsvc.people.fsck_cards import taken_back_tags
from recordsvc.people.resolve import CARD
from recordsvc.people.standing import CLOSED, OPEN, RESTRICTED
from recordsvc.people.workers import MERGED
from recordsvc.translog.tree import Frontier
from recordsvc.vault import signatures
from recordsvc.vault.envelope import DataKey, SealError
from recordsvc.vault.signatures import BadSignature
from recordsvc.vault.signers import PublicKey

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 400


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of a chain whose position is proven; `row` is as stored, `target` None for none."""

    row: StoredEntry
    leaf: Leaf
    target: int | None


@dataclass(frozen=True, slots=True)
class Standing:
    """What the worker's row says: the state, and the archive that a merged one is read as."""

    state: str
    merged_into: bytes | None


class _Merges:
    """Which archives are, or were for a time, read as one, as all chains together say."""

    def __init__(self) -> None:
        self._groups: dict[bytes, set[bytes]] = {}
        self.erased: set[bytes] = set()

    def join(self, workers: set[bytes]) -> None:
        """Take what one chain says."""
        joined = workers.union(*(self._groups.get(one, ()) for one in workers))
        self._groups |= dict.fromkeys(joined, joined)

    def read_as_one_with(self, worker_id: bytes) -> set[bytes]:
        """Return the archives that this one ever was read as one with, over any number of merges."""
        return self._groups.get(worker_id, set())


class ChainCheck:
    """Checks chains on one snapshot, with the issuers' key events already proven."""

    def __init__(self, house: "House", snapshot: Snapshot, histories: Mapping[str, KeyHistory]) -> None:
        """Believe the keys of `house` and the issuers' `histories`."""
        self._snapshot = snapshot
        self._settings = house.settings
        self._people = house.people
        self._sealer = house.admission.sealer
        self._histories = histories
        self._expected: dict[bytes, tuple[StoredEntry, bytes]] = {}
        self._releases = ReleaseCheck(house, snapshot)
        self._restricted = RestrictedCheck(snapshot, house.settings.region)
        self._merges = _Merges()
        self._elsewhere: list[tuple[StoredEntry, list[bytes]]] = []
        """Entries whose numbers (as tags) do not lead here: judged when all merges are known."""
        self._batch = functools.lru_cache(maxsize=512)(self._read_batch)

    def check(
        self, worker_id: bytes, standing: Standing, key: DataKey | None, rows: list[Any], tags: set[bytes]
    ) -> int:
        """Raise `Wrong` at the first thing wrong with a worker's entries; the number of readable records.

        After the last worker, `finish` has to be called once.
        """
        links, state = _positions(worker_id, rows), standing.state
        erasures = [link.target for link in links if link.leaf.kind is Kind.ERASE]
        if (None in erasures) != (state == ERASED):
            raise Wrong(
                at(people_tables.worker, "state", worker_id=worker_id),
                "状态与档案中的删除条目不一致",
                "the state and the erasure entries of the chain differ",
            )
        if key is None or state == ERASED:
            self._merges.erased.add(worker_id)
            return 0
        readable = [link for link in links if _is_readable(link, erasures)]
        records = {link.row.seq: self._open(key, link) for link in readable}
        for link in readable:
            self._acts(link, records[link.row.seq], links)
            self._releases.add(link.row, records[link.row.seq])
        self._restricted.add(links, records)
        _stands(worker_id, standing, records.values())
        self._belongs(links, records, tags, key)
        return len(readable)

    # -- one record --------------------------------------------------------------------------------

    def _open(self, key: DataKey, link: Link) -> Mapping[str, Any]:
        """Open one ciphertext and prove it: commitment, id, destination, signature, and the row of its id."""
        row = link.row
        try:
            opened = self._sealer.open(key, row)
        except SealError as error:
            raise Wrong(
                _place(tables.ciphertext, row, "record_id", "sealed"),
                "密文打不开",
                f"the ciphertext does not open: {error}",
            ) from None
        if formats.commitment(opened.open_key, opened.raw, opened.evidence) != link.leaf.commitment:
            raise self._false(
                row, "内容与日志中的承诺不符", "the content does not open the commitment in the log"
            )
        try:
            record = is_canonical(opened.raw)
        except StrictJsonError as error:
            raise self._false(row, "记录不是规范形式", f"the record is not canonical: {error.code}") from None
        settings = self._settings
        if not isinstance(record, dict) or uuid.UUID(record["id"]).bytes != row.record_id:
            raise self._false(row, "记录编号与列不符", "the record's id is not that of the row")
        if (record["audience"], record["environment"]) != (settings.audience, settings.environment):
            raise self._false(
                row, "记录写给另一服务或环境", "the record was made for another service or environment"
            )
        fault = self._signature(record, opened.raw, opened.evidence, row.idx, link.leaf.ms)
        if fault:
            raise self._false(
                row, "签名在该日志位置不成立", f"the signature does not hold at this log index: {fault}"
            )
        self._expected[dedupe_key(record["issuer"], record["id"])] = (row, self._sealer.digest(opened.raw))
        if len(self._expected) == PORTION:
            self.same_records()
        return record

    def _signature(self, record: Mapping[str, Any], raw: bytes, evidence: bytes, idx: int, ms: int) -> str:
        """Return what is wrong with the evidence; empty when its key was in force at that index and time."""
        issuer = record["issuer"]
        history = self._histories.get(issuer)
        if history is None:
            return "the issuer has no registered key"
        try:
            parsed = formats.parse_evidence(evidence)
            if isinstance(parsed, str):
                kid = signatures.verify_detached(raw, parsed, functools.partial(_public, history)).kid
            else:
                kid, signed = self._batch(issuer, parsed.batch)
                parsed.check(raw)
                if (signed.audience, signed.environment, signed.issuer) != tuple(
                    record[name] for name in ("audience", "environment", "issuer")
                ):
                    return "the batch was signed for another destination or by another issuer"
        except (BadSignature, FormatError) as error:
            return str(error)
        return "" if history.keys[kid].in_force(idx, ms) else f"the key {kid} was not in force"

    def _read_batch(self, issuer: str, jws: str) -> tuple[str, BatchPayload]:
        lookup = functools.partial(_public, self._histories[issuer])
        header, payload = signatures.verify_attached(jws, signatures.BATCH_TYP, lookup)
        return header.kid, BatchPayload.unpack(payload)

    def finish(self) -> None:
        """Compare what is still left to compare with other tables."""
        self.same_records()
        self._releases.finish()
        self._restricted.finish()
        for row, wanted in self._elsewhere:
            self._refuse_foreign(row, wanted)

    def same_records(self) -> None:
        """Compare the rows that make (issuer, record id) unique, of all records opened since last called."""
        own, expected = tables.dedupe.c, self._expected
        columns = [own.key, own.worker_id, own.seq, own.digest]
        found = {row[0]: row[1:] for row in scan(self._snapshot, columns, own.key.in_(list(expected)))}
        for key, (row, digest) in expected.items():
            where, there = at(tables.dedupe, key=key), found.get(key)
            if there is None:
                raise Wrong(
                    f"{where} ↔ {_place(tables.entry, row)}",
                    "该行缺失，或其键被改",
                    "the row is missing, or its key changed",
                )
            if there[:2] != (row.worker_id, row.seq):
                raise Wrong(f"{where} column worker_id/seq", "指向另一条目", "leads to another entry")
            if there[2] != digest:
                raise Wrong(f"{where} column digest", "与记录内容不符", "is not the digest of the record")
        expected.clear()

    # -- what records do and whose they are --------------------------------------------------------

    def _acts(self, link: Link, record: Mapping[str, Any], links: Sequence[Link]) -> None:
        """Compare the entry's kind and target with what the record says it is and acts on."""
        act, row = act_of(record), link.row
        if act.kind is not link.leaf.kind:
            raise self._false(
                row, "条目种类与记录类型不符", "the kind of the entry does not fit the record's type"
            )
        if (act.region or "worker_id" in record["worker"]) and record["issuer"] != self._settings.region:
            raise self._false(row, "只有登记机关可作此陈述", "only the region may state this")
        named = target_id(record)
        if (named is None) != (link.target is None):
            raise self._false(row, "指向与正文不符", "the target and what the body names differ")
        if link.target is None or named is None:
            return
        aimed = links[link.target].row.record_id
        if aimed is not None and aimed != uuid.UUID(named).bytes:
            raise self._false(
                row, "指向的不是正文所指的记录", "the target is not the record that the body names"
            )

    def _belongs(
        self, links: Sequence[Link], records: Mapping[int, Mapping[str, Any]], tags: set[bytes], key: DataKey
    ) -> None:
        """Prove that each record's number leads to this worker, unless two people released it to them."""
        self._merges.join(strays.linked(records.values()))
        released = {links[seq].target for seq, record in records.items() if record["type"] == "release"}
        for seq, record in records.items():
            row, number = links[seq].row, strays.number_in(record)
            if number is None:
                if record["worker"]["worker_id"] != str(uuid.UUID(bytes=row.worker_id)):
                    raise self._false(row, "记录属于另一劳动者", "the record is about another worker")
                continue
            wanted = self._people.tags(*number)
            if seq in released or not tags.isdisjoint(wanted):
                continue
            if number[0] == CARD:
                # Entered while the card led here; which records go with it is decided one by one.
                tags = tags | taken_back_tags(self._snapshot, self._people, row.worker_id, key)
            if tags.isdisjoint(wanted):
                self._elsewhere.append((row, wanted))

    def _refuse_foreign(self, row: StoredEntry, wanted: list[bytes]) -> None:
        """Raise `Wrong`, unless the number is that of an archive which is or was read as one with this.

        One that was erased since has no index row any more, and whoever has its number began anew.
        """
        index, once = people_tables.blind_index, self._merges.read_as_one_with(row.worker_id)
        found = list(scan(self._snapshot, [index.c.tag, index.c.worker_id], index.c.tag.in_(wanted)))
        if once.isdisjoint({worker_id for _tag, worker_id in found} | self._merges.erased):
            raise self._foreign(row, found)

    def _foreign(self, row: StoredEntry, found: list[Any]) -> Wrong:
        index = people_tables.blind_index
        if not found:
            return Wrong(
                f"{index.name} ↔ {_place(tables.ciphertext, row)}",
                "记录中的号码没有盲索引，无人放行过",
                "the record's number has no index row, and nobody released it to this worker",
            )
        return Wrong(
            f"{at(index, 'worker_id', tag=found[0][0])} ↔ {_place(tables.ciphertext, row)}",
            "记录中的号码属于另一劳动者",
            f"the record's number leads to another worker, {uuid.UUID(bytes=found[0][1])}",
        )

    def _false(self, row: StoredEntry, zh: str, en: str) -> Wrong:
        return Wrong(f"{_place(tables.ciphertext, row)} ↔ {_place(tables.entry, row)}", zh, en)


def _stands(worker_id: bytes, standing: Standing, records: Iterable[Mapping[str, Any]]) -> None:
    """Compare what the chain says of the archive as a whole with what the worker's row says."""
    own, into, effects = str(uuid.UUID(bytes=worker_id)), None, {"restriction": "", "closure": ""}
    for record in records:
        name, body = str(record["type"]), record["body"]
        if name in effects and "restricts" not in body:
            effects[name] = body["effect"]
        elif name in ("merge", "unmerge") and body["from"] == own:
            into = uuid.UUID(body["into"]).bytes if name == "merge" else None
    state = CLOSED if effects["closure"] == "closed" else OPEN
    state = RESTRICTED if effects["restriction"] == "restricted" else MERGED if into is not None else state
    if (state, into) != (standing.state, standing.merged_into):
        raise Wrong(
            at(people_tables.worker, "state", "merged_into", worker_id=worker_id),
            "状态与档案中的合并、限制、关闭条目不一致",
            "state and merged_into are not what merges, restrictions and closures in the chain make them",
        )


def _positions(worker_id: bytes, rows: list[Any]) -> list[Link]:
    """Rebuild the worker's tree entry by entry; what each P commits to is proven on the way."""
    tree, links = Frontier(), []
    idx, ms = -1, 0
    for _worker, seq, at_idx, target, nonce, packed, edge, record_id, sealed in rows:
        row = StoredEntry(worker_id, seq, at_idx, target, nonce, packed, record_id, sealed)
        if seq != tree.size:
            raise Wrong(
                at(tables.entry, worker_id=worker_id, seq=tree.size), "条目缺失", "the entry is missing"
            )
        try:
            leaf = formats.unpack_leaf(packed)
        except FormatError as error:
            raise Wrong(_place(tables.entry, row, "leaf"), "叶子的格式不对", str(error)) from None
        if not -1 <= target < seq:
            raise Wrong(
                _place(tables.entry, row, "target"), "指向不在此前的条目", "the target is no earlier entry"
            )
        aimed = None if target < 0 else target
        if formats.place(nonce, seq, aimed, tree.root()) != leaf.place:
            raise Wrong(
                _place(tables.entry, row, "nonce", "target"),
                "不能打开叶子中的位置承诺（随机数、序号、指向或前链）",
                "does not open the place in the leaf (nonce, seq, target or earlier entries)",
            )
        if at_idx <= idx or leaf.ms < ms:
            raise Wrong(
                _place(tables.entry, row, "idx"), "次序倒退", "stands before the worker's earlier entry"
            )
        tree.append(formats.worker_leaf_hash(packed))
        if edge != tree.to_bytes():
            raise Wrong(
                _place(tables.entry, row, "edge"), "与重算结果不符", "differs from the recomputed frontier"
            )
        idx, ms = at_idx, leaf.ms
        links.append(Link(row, leaf, aimed))
    return links


def _is_readable(link: Link, erasures: list[int | None]) -> bool:
    """Return whether the record is there; it must be, unless an erasure entry says otherwise."""
    erased = link.row.seq in erasures
    if link.row.sealed is None and not erased:
        raise Wrong(
            _place(tables.ciphertext, link.row),
            "密文缺失，而没有删除条目",
            "the ciphertext is missing, and no entry says that it was erased",
        )
    if link.row.sealed is not None and erased:
        raise Wrong(
            _place(tables.ciphertext, link.row),
            "已有删除条目，而密文仍在",
            "an entry says it was erased, and the ciphertext is still there",
        )
    return not erased


def _place(table: sa.Table, row: StoredEntry, *columns: str) -> str:
    return at(table, *columns, worker_id=row.worker_id, seq=row.seq)


def _public(history: KeyHistory, kid: str) -> PublicKey | None:
    life = history.keys.get(kid)
    return None if life is None else life.public
