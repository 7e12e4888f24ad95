"""What waits goes with what is erased (随删除退回的待办): held records and rows of imports.

Neither names its person or its target in the clear, so each that waits is opened for an erasure. What is for
an erased archive, acts on an erased record or tells it again loses its content: a held record goes back to
its issuer; of a row of an import its number stays, with the one code of all that officials have to look at.
Released or approved later, it would begin anew who was erased, or state again what was.

A journal that is replayed on an older copy of the database finds what waited there again, and does the same.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from recordsvc.archive import held, importrows, persons, retold, tables
from recordsvc.archive.import_persons import WAITS
from recordsvc.archive.import_waiting import HOLDING, PENDING, row_aad, settled
from recordsvc.archive.reading import Archive, OpenEntry, Reader
from recordsvc.archive.retold import Fact
from recordsvc.ground.commit import Turn
from recordsvc.vault.envelope import unwrap

if TYPE_CHECKING:
    from recordsvc.house import House

WHOLE: Final = -1
"""`erasure.seq` of a whole archive."""
_PERSON: Final = "本人档案已删除，不再收录"
"""What an issuer is told whose held record names an erased person."""
_RECORD: Final = "所指的原记录，或同一班次、证书的原记录，已删除，不再收录"
"""What an issuer is told whose held record acts on one that was erased, or tells it again."""
_PORTION: Final = 400
"""Rows whose numbers are looked up in one question."""

Numbers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Going:
    """What is erased: archives; records by issuer and id; what erased records of an archive told."""

    archives: frozenset[bytes] = frozenset()
    records: frozenset[tuple[str, str]] = frozenset()
    told: Mapping[bytes, frozenset[Fact]] = field(default_factory=dict)

    def takes(self, leads: bytes | None, record: Mapping[str, Any]) -> bool:
        """Tell whether what waits for an archive (None: nobody's) goes."""
        if leads in self.archives or held.target_of(record) in self.records:
            return True
        return leads is not None and retold.tells_any(record, self.told.get(leads, ()))


def with_archives(turn: Turn, house: "House", archives: Collection[Archive]) -> None:
    """Take what waits for these archives, which are erased whole."""
    own = frozenset(archive.worker_id for archive in archives)
    named = _named(entry for archive in archives for entry in archive.entries)
    _take(turn, house, _Going(own, named), _PERSON)


def with_records(turn: Turn, house: "House", archive: Archive, seqs: Collection[int]) -> None:
    """Take what waits to act on these records or to tell them again, and mark what they told."""
    # What was moved away told of somebody else: of this person it may still be told.
    found = (archive.state.of(seq) for seq in seqs)
    told = [state for state in found if state is not None and not state.moved]
    facts = frozenset(fact for state in told for fact in retold.of_state(state))
    chains = persons.chains(turn, house, archive.worker_id)
    named = _named(archive.entries[seq] for seq in seqs)
    _take(turn, house, _Going(records=named, told=dict.fromkeys(chains, facts)), _RECORD)
    for state in told:
        place = archive.worker_id, state.seq
        retold.keep(turn, house, place, state.record or {}, retold.of_state(state))


def again(turn: Turn, house: "House", places: Iterable[tuple[bytes, int]]) -> None:
    """Take what waits for what a journal says was erased (worker_id, seq) and this database holds again."""
    of: dict[bytes, set[int]] = defaultdict(set)
    for worker_id, seq in places:
        of[worker_id].add(seq)
    cursor, reader = house.db.cursor(turn.conn), Reader(house, sealed=True)
    for worker_id, seqs in of.items():
        archive = reader.archive(worker_id, cursor)
        if archive is None:
            _take(turn, house, _Going(frozenset({worker_id})), _PERSON)
        elif WHOLE in seqs:
            with_archives(turn, house, [archive])
        else:
            with_records(turn, house, archive, sorted(seqs))


def _named(entries: Iterable[OpenEntry]) -> frozenset[tuple[str, str]]:
    """Return issuer and id of these entries' records, as whatever acts on them names them."""
    said = [one.record for one in entries if one.record is not None]
    return frozenset((str(record["issuer"]), str(record["id"])) for record in said)


# -- what waits


def _take(turn: Turn, house: "House", going: _Going, reason: str) -> None:
    _take_held(turn, house, going, reason)
    row, run = tables.import_row.c, tables.import_run
    waiting = sa.exists().where(row.run_id == run.c.run_id, row.state == "ready")
    for one in turn.conn.execute(sa.select(run).where(run.c.state.in_(PENDING), waiting)).all():
        _take_rows(turn, house, one, going)


def _take_held(turn: Turn, house: "House", going: _Going, reason: str) -> None:
    held_record = tables.held
    query = sa.select(held_record.c.held_id, held_record.c.sealed)
    for row in turn.conn.execute(query.where(held_record.c.state.in_(("held", "approved")))).all():
        record = orjson.loads(house.admission.sealer.unhold(row.held_id, row.sealed)[0])
        (leads,) = _leads(house, turn, [record["worker"]])
        if going.takes(leads, record):
            values = {"state": "returned", "decided_ms": turn.now_ms, "note": reason, "sealed": None}
            turn.conn.execute(
                held_record.update().where(held_record.c.held_id == row.held_id).values(**values)
            )
            held.tell_returned(turn, row.held_id)


def _take_rows(turn: Turn, house: "House", run: Any, going: _Going) -> None:
    """Take rows of one import, whose key opens each."""
    key = unwrap(house.keys, run.run_id, run.wrapped, HOLDING, house.random.bytes)
    row, after = tables.import_row.c, -1
    query = sa.select(row.row, row.sealed).where(row.run_id == run.run_id, row.state == "ready")
    while rows := turn.conn.execute(query.where(row.row > after).order_by(row.row).limit(_PORTION)).all():
        after = rows[-1].row
        contents = [orjson.loads(key.open(one.sealed, row_aad(run.run_id, one.row))) for one in rows]
        leads = _leads(house, turn, [content["worker"] for content in contents])
        taken = [
            (one.row, WAITS)
            for one, content, lead in zip(rows, contents, leads, strict=True)
            if going.takes(lead, importrows.as_record(house, run.record_type, content["body"]))
        ]
        settled(turn, run.run_id, [], taken)


def _leads(house: "House", turn: Turn, people: Iterable[Mapping[str, Any]]) -> list[bytes | None]:
    """Return whose archive each number stands in, merges not followed; else the card's."""
    said = [_numbers(one) for one in people]
    asked = {number for numbers in said for number in numbers}
    found = house.people.holders(house.db.cursor(turn.conn), asked)
    return [next((found[one] for one in numbers if one in found), None) for numbers in said]


def _numbers(said: Mapping[str, Any]) -> Numbers:
    cards = [("card", said["card"]["number"])] if said.get("card") else []
    return [*([(said["document"], said["number"])] if said.get("number") else []), *cards]
