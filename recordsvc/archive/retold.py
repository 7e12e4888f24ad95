"""What is told again of a record that is restricted or erased (重报已限制、已删除的事实), under another id.

Whoever sends the same class or certificate anew would undo what two officials decided. So it waits for
officials, as every doubt does, and its sender is told no more than of any other. While the first is
restricted the second says again what is sealed: nobody opens it, and it is released once that is lifted. Of
one that was erased officials look whether there is a new ground.

    mark = first 16 bytes of HMAC(dedupe key, "fact/v1" ‖ worker id ‖ what makes two records tell the same)

Marks are written when a record is sealed or erased, taken back with a lifting, and gone with the worker.
Without the keys they confirm no guess. A record without class, certificate or assessment has none.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from recordsvc.archive import facts, persons, strays, tables, twins
from recordsvc.archive.states import RecordState
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.readers import Cursor
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

RESTRICTED: Final = "retold-restricted"
ERASED: Final = "retold-erased"
"""Codes of `hold_reasons`."""
_LABEL: Final = b"fact/v1"
_MARKS: Final = (
    "WITH RECURSIVE chain(k, worker_id) AS (SELECT wanted.k, wanted.k FROM {wanted}"
    " WHERE EXISTS (SELECT 1 FROM fact_mark)"
    " UNION ALL SELECT chain.k, w.worker_id FROM chain JOIN worker w ON w.merged_into = chain.worker_id)"
    " SELECT chain.k, m.worker_id, m.mark, r.idx FROM chain"
    " JOIN fact_mark m ON m.worker_id = chain.worker_id"
    " LEFT JOIN restricted_entry r ON r.worker_id = m.worker_id AND r.seq = m.seq"
)
"""The marks of persons, those of archives read as theirs included; `idx` tells that it is restricted now.

Of a region where nothing was ever sealed nobody's merges are looked up."""

Fact = tuple[object, ...]


def facts_of(record: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[Fact]:
    """Yield what another record would have to tell, to tell the same as this one with an effective body."""
    same_class = twins.key_of(record, body)
    if same_class is not None:
        yield ("class", *same_class)
    same_fact = facts.fact_in(str(record["type"]), body)
    if same_fact is not None:
        yield ("fact", *same_fact)


def of_state(state: RecordState) -> frozenset[Fact]:
    """Return what a record that can be read tells, as it was signed and as it was corrected."""
    if state.record is None:
        return frozenset()
    bodies = [state.record["body"], *([] if state.body is None else [state.body])]
    return frozenset(fact for body in bodies for fact in facts_of(state.record, body))


# -- keeping


def keep(
    turn: Turn, house: "House", place: tuple[bytes, int], record: Mapping[str, Any], told: Iterable[Fact]
) -> None:
    """Write the marks of what a record (worker_id, seq) told that is sealed or about to be destroyed.

    Not of one that stands here under a number of somebody else: it tells nothing of this chain's person.
    """
    worker_id, seq = place
    if not is_of(house, house.db.cursor(turn.conn), persons.chains(turn, house, worker_id), record):
        return
    marks = {_mark(house.keys, worker_id, fact) for fact in told}
    rows = [{"worker_id": worker_id, "seq": seq, "mark": one} for one in sorted(marks)]
    insert_missing(turn.conn, tables.fact_mark, rows)


def is_of(house: "House", cursor: Cursor, chains: Collection[bytes], record: Mapping[str, Any]) -> bool:
    """Tell whether a record of a person's chains is about them: not under a number that leads elsewhere."""
    number = strays.number_in(record)
    if number is None:
        return True
    return house.people.holders(cursor, {number}).get(number) in chains


def take_back(turn: Turn, worker_id: bytes, seq: int | None = None) -> None:
    """Remove the marks of a record that is lifted; without a seq, of a worker who is erased."""
    own = tables.fact_mark.c
    mine = [own.worker_id == worker_id] + ([] if seq is None else [own.seq == seq])
    turn.conn.execute(sa.delete(tables.fact_mark).where(*mine))


# -- asking


class Retold:
    """What restricted and erased records of some persons told, as of one snapshot."""

    def __init__(self, house: "House", cursor: Cursor, persons: Collection[bytes]) -> None:
        """Ask for the marks of these persons (archives that are read as no other)."""
        self._keys = house.keys
        self._marks: dict[bytes, dict[tuple[bytes, bytes], bool]] = defaultdict(dict)
        """Person -> (chain, mark) -> whether it is restricted now."""
        if not persons:
            return
        cursor.execute(*house.db.by_keys(_MARKS, sorted(set(persons))))
        for person, chain, mark, restricted in cursor.fetchall():
            at = bytes(chain), bytes(mark)
            known = self._marks[bytes(person)]
            known[at] = known.get(at, False) or restricted is not None

    def reason(self, person: bytes, record: Mapping[str, Any], but: Collection[Fact] = ()) -> str:
        """Return why a record of this person waits; empty: it tells nothing again, or only `but` these."""
        known = self._marks.get(person)
        if not known:
            return ""
        told = [fact for fact in facts_of(record, record["body"]) if fact not in but]
        found = [
            restricted
            for (chain, mark), restricted in known.items()
            if any(_mark(self._keys, chain, fact) == mark for fact in told)
        ]
        return (RESTRICTED if any(found) else ERASED) if found else ""


def corrected(
    house: "House", cursor: Cursor, worker_id: bytes, record: Mapping[str, Any], before: Any, after: Any
) -> str:
    """Return why a correction of a record in a chain would wait, from effective body to body; empty: it tells
    nothing again of what is restricted or erased of the chain's person.
    """
    known = frozenset(facts_of(record, before))
    if known.issuperset(facts_of(record, after)):
        return ""
    worker = house.people.load(cursor, worker_id)
    person = worker_id if worker is None else house.people.person(cursor, worker).worker_id
    return Retold(house, cursor, [person]).reason(person, {**record, "body": after}, known)


def tells_any(record: Mapping[str, Any], of: Iterable[Fact]) -> bool:
    """Tell whether a record tells one of these facts."""
    return not frozenset(of).isdisjoint(facts_of(record, record["body"]))


def _mark(keys: KeyStore, worker_id: bytes, fact: Fact) -> bytes:
    return keys.hmac("dedupe", _LABEL + worker_id + orjson.dumps(fact))[:16]
