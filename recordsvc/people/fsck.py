"""Recompute what finds a worker (身份索引核验): key, identifiers, blind index, names, from the sealed values.

Everything in the clear beside a sealed value follows from it: the tags under every live pepper, the kind, the
name tags. An index row that leads to another worker, or an identifier that is another's, shows itself.
"""

from collections import defaultdict
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, merged, scan
from recordsvc.people import cardbook, kept_numbers, reindex, tables
from recordsvc.people.resolve import CARD, DISPUTED, NAME, UNINDEXED, People, identifier_aad
from recordsvc.people.workers import NAME_TAG
from recordsvc.vault.envelope import DataKey, DataKeys, SealError
from recordsvc.vault.keystore import KeyStore

ERASED: Final = "erased"
EVERY: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Row:
    """One identifier, opened."""

    identifier_id: bytes
    kind: str
    standing: str
    value: str


class PeopleCheck:
    """One check of the people on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot, people: People, keys: KeyStore) -> None:
        """Believe the keys and what is sealed under them."""
        self._snapshot = snapshot
        self._people = people
        self._keys = keys
        self.counts: dict[str, int] = defaultdict(int)
        self._unfinished = reindex.unfinished(snapshot, keys)
        """Peppers whose rows may be missing still: a re-index under them is under way."""
        self._oldest = keys.blind(b"")[0][0]
        self._astray: dict[bytes, tuple[bytes, bytes]] = {}
        """Tags of disputed numbers that lead to somebody else: whose they were said to be."""

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first thing that is wrong, in the order of worker ids."""
        worker, key, own, index = (
            tables.worker.c,
            tables.worker_key.c,
            tables.identifier.c,
            tables.blind_index.c,
        )
        streams = (
            scan(self._snapshot, [worker.worker_id, worker.state, worker.names]),
            scan(self._snapshot, [key.worker_id, key.wrapped]),
            scan(
                self._snapshot,
                [
                    own.worker_id,
                    own.identifier_id,
                    own.kind,
                    own.standing,
                    own.asserted_ms,
                    own.source,
                    own.sealed,
                ],
            ),
            scan(
                self._snapshot,
                [index.worker_id, index.tag, index.pepper, index.kind, index.standing, index.identifier_id],
                order=[index.worker_id, index.tag],
            ),
            scan(self._snapshot, list(tables.card.c)),
            scan(self._snapshot, list(tables.card_event.c)),
        )
        for worker_id, (workers, *rows) in merged(*streams):
            if not workers:
                _orphan(worker_id, rows)
            self._worker(worker_id, workers[0][1], workers[0][2], rows)
            self.counts["workers"] += 1
            if self.counts["workers"] % EVERY == 0:
                progress("people", self.counts["workers"])
        self._elsewhere()
        self._facts()
        self._kept()

    def _worker(self, worker_id: bytes, state: str, names: bytes, rows: list[list[Any]]) -> None:
        if state == ERASED:
            _nothing_left(worker_id, rows)
            return
        keys, identifiers, tags, cards, events = rows
        if not keys:
            raise Wrong(
                f"{at(tables.worker_key, worker_id=worker_id)} ↔ {tables.worker.name}",
                "钥匙缺失，而该劳动者未被删除",
                "the key is missing, and the worker was not erased",
            )
        key = open_key(self._keys, worker_id, keys[0][1])
        opened = [self._open(worker_id, key, row) for row in identifiers]
        self._names(worker_id, names, opened)
        self._index(worker_id, opened, tags)
        self._cards(worker_id, key, opened, cards, events)
        self.counts["identifiers"] += len(opened)

    def _open(self, worker_id: bytes, key: DataKey, row: Any) -> _Row:
        _worker_id, identifier_id, kind, standing, asserted_ms, source, sealed = row
        try:
            value = key.open(sealed, identifier_aad(worker_id, identifier_id, kind, asserted_ms, source))
        except SealError as error:
            raise Wrong(
                at(
                    tables.identifier,
                    *("kind", "asserted_ms", "source", "sealed"),
                    worker_id=worker_id,
                    identifier_id=identifier_id,
                ),
                "密文打不开：该行被改动，或属于另一劳动者",
                f"does not open, the row was changed or is another worker's: {error}",
            ) from None
        return _Row(identifier_id, kind, standing, value.decode())

    def _names(self, worker_id: bytes, names: bytes, opened: list[_Row]) -> None:
        stored = [names[start : start + NAME_TAG] for start in range(0, len(names), NAME_TAG)]
        sealed = {self._people.name_tag(worker_id, row.value) for row in opened if row.kind == NAME}
        if not sealed or set(stored) != sealed or len(stored) != len(sealed):
            raise Wrong(
                f"{at(tables.worker, 'names', worker_id=worker_id)} ↔ {tables.identifier.name}",
                "姓名标签与密封的姓名不一致，或姓名行缺失",
                "the name tags are not those of the sealed names, or a name is missing",
            )

    def _index(self, worker_id: bytes, opened: list[_Row], tags: list[Any]) -> None:
        """Compare the blind-index rows with what the sealed numbers give under each live pepper."""
        # Rows of peppers that were dropped lead nowhere any more, and are swept.
        there = {
            tag: (pepper, kind, standing, owner)
            for _worker, tag, pepper, kind, standing, owner in tags
            if not 0 < pepper < self._oldest
        }
        wanted: dict[bytes, list[tuple[int, str, str, bytes]]] = defaultdict(list)
        for row in opened:
            if row.kind in UNINDEXED:
                continue
            for version, tag in self._people.versioned_tags(row.kind, row.value):
                wanted[tag].append((version, row.kind, row.standing, row.identifier_id))
        known = {row.identifier_id for row in opened}
        for tag, owner in ((tag, row[3]) for tag, row in there.items() if tag not in wanted):
            where = at(tables.blind_index, "tag", "worker_id", tag=tag, worker_id=worker_id)
            if owner not in known:
                missing = at(tables.identifier, worker_id=worker_id, identifier_id=owner)
                raise Wrong(
                    f"{where} ↔ {missing}",
                    "盲索引指向的劳动者没有这个号码：索引指向了别人，或证件行缺失",
                    "this worker has no such number: the index leads astray, or the identifier is missing",
                )
            raise Wrong(where, "没有号码会产生这一标签", "no number of this worker gives this tag")
        for tag, rows in wanted.items():
            if tag not in there and all(row[2] == DISPUTED for row in rows):
                self._astray[tag] = (worker_id, rows[0][3])
                continue
            if tag not in there and all(row[0] in self._unfinished for row in rows):
                continue
            self._compare(worker_id, tag, there.get(tag), rows)
        self.counts["blind index rows"] += len(tags)

    def _compare(
        self, worker_id: bytes, tag: bytes, row: Any, wanted: list[tuple[int, str, str, bytes]]
    ) -> None:
        owner = at(tables.identifier, "standing", worker_id=worker_id, identifier_id=wanted[0][3])
        if row is None:
            raise Wrong(
                f"{at(tables.blind_index, tag=tag)} ↔ {owner}",
                "该号码的盲索引缺失，或指向了别人",
                "the number's index row is missing, or leads to another worker",
            )
        if row not in wanted:
            raise Wrong(
                f"{at(tables.blind_index, 'pepper', 'kind', 'standing', 'identifier_id', tag=tag)} ↔ {owner}",
                "盲索引与证件行不一致",
                "the index row and the identifier differ",
            )

    def _elsewhere(self) -> None:
        """A disputed number without an index row of its own leads to somebody else, never to nobody."""
        index = tables.blind_index.c
        for tag, (worker_id, identifier_id) in self._astray.items():
            if not list(scan(self._snapshot, [index.tag], index.tag == tag)):
                owner = at(tables.identifier, "standing", worker_id=worker_id, identifier_id=identifier_id)
                raise Wrong(
                    f"{at(tables.blind_index, tag=tag)} ↔ {owner}",
                    "有争议的号码没有盲索引",
                    "a disputed number leads to nobody",
                )

    def _cards(
        self, worker_id: bytes, key: DataKey, opened: list[_Row], cards: list[Any], events: list[Any]
    ) -> None:
        """Open each event of each card; they are numbered without a gap and as many as the card counts."""
        owned = {row.identifier_id for row in opened if row.kind == CARD}
        numbers: dict[bytes, list[int]] = defaultdict(list)
        for row in events:
            try:
                cardbook.open_event(key, row)
            except (SealError, ValueError, OverflowError) as error:
                raise Wrong(
                    at(
                        tables.card_event,
                        *("n", "at_ms", "sealed"),
                        worker_id=worker_id,
                        identifier_id=row[1],
                    ),
                    "密文打不开：该行被改动，或属于另一张卡",
                    f"does not open, the row was changed or is another card's: {error}",
                ) from None
            numbers[row[1]].append(row[2])
        counted = {card_id: count for _worker, card_id, count in cards}
        for card_id in sorted(counted.keys() | numbers.keys()):
            count, found = counted.get(card_id), numbers.get(card_id, [])
            if card_id not in owned or count is None or found != list(range(count)):
                raise Wrong(
                    f"{at(tables.card, 'events', worker_id=worker_id, identifier_id=card_id)} "
                    f"↔ {tables.card_event.name}",
                    "卡的事件与计数不符：有事件缺失或多出，或该劳动者没有这张卡",
                    f"counts {count} events, {len(found)} are there; or the worker has no such card",
                )
        self.counts["card events"] += len(events)

    def _facts(self) -> None:
        """What waits for a holder opens, and stands under the tag of its own card."""
        own = tables.card_fact.c
        for tag, pepper, sealed in scan(self._snapshot, [own.tag, own.pepper, own.sealed]):
            where = at(tables.card_fact, "tag", "pepper", "sealed", tag=tag)
            try:
                fact = cardbook.open_fact(self._keys, tag, sealed)
            except (SealError, ValueError, IndexError) as error:
                raise Wrong(
                    where, "密文打不开：该行被改动", f"does not open, it was changed: {error}"
                ) from None
            if (pepper, tag) not in self._people.versioned_tags(CARD, fact.card):
                raise Wrong(where, "标签与密封的卡号不一致", "the tag is not that of the sealed card")
            self.counts["card facts"] += 1

    def _kept(self) -> None:
        """Each kept number opens, and its tags are its own, one under each live pepper."""
        own, tag = tables.kept_number.c, tables.kept_tag.c
        streams = (
            scan(self._snapshot, [own.number_id, own.sealed]),
            scan(self._snapshot, [tag.number_id, tag.pepper, tag.tag]),
        )
        for number_id, (numbers, tags) in merged(*streams):
            where = at(tables.kept_number, "sealed", number_id=number_id)
            try:
                said = kept_numbers.opened(self._keys, number_id, numbers[0][1])
            except (SealError, ValueError, IndexError) as error:
                raise Wrong(
                    where,
                    "密文打不开：该行被改动或缺失",
                    f"does not open, it was changed or is missing: {error}",
                ) from None
            wanted = set(self._people.versioned_tags(*said))
            there = {(pepper, one) for _id, pepper, one in tags if pepper >= self._oldest}
            missing = {pepper for pepper, _tag in wanted - there}
            if there - wanted or missing - self._unfinished:
                raise Wrong(
                    f"{at(tables.kept_tag, 'tag', number_id=number_id)} ↔ {tables.kept_number.name}",
                    "标签与密封的号码不一致，或有缺失",
                    "the tags are not those of the sealed number, or one is missing",
                )
            self.counts["kept numbers"] += 1


def open_key(keys: KeyStore, worker_id: bytes, wrapped: bytes) -> DataKey:
    """Return a worker's data key. Raises `Wrong` when it does not unwrap."""
    try:
        return DataKeys(keys).get(worker_id, wrapped)
    except SealError as error:
        raise Wrong(
            at(tables.worker_key, "wrapped", worker_id=worker_id),
            "数据钥匙打不开",
            f"the data key does not open: {error}",
        ) from None


_OWN: Final = (
    tables.worker_key,
    tables.identifier,
    tables.blind_index,
    tables.card,
    tables.card_event,
)
"""Tables whose rows belong to a worker, in the order in which they are walked beside it."""


def _orphan(worker_id: bytes, found: list[list[Any]]) -> None:
    names = "/".join(table.name for table, rows in zip(_OWN, found, strict=True) if rows)
    raise Wrong(
        f"{names} worker_id → {at(tables.worker, worker_id=worker_id)}",
        "行属于不存在的劳动者",
        "rows of a worker who does not exist",
    )


def _nothing_left(worker_id: bytes, found: list[list[Any]]) -> None:
    for table, rows in zip(_OWN, found, strict=True):
        if rows:
            raise Wrong(
                at(table, worker_id=worker_id),
                "劳动者已删除，而此行仍在",
                "the worker was erased, and this row is still there",
            )
