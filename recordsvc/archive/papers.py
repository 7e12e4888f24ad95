"""The evidence store (材料库): scans and letters of a worker or an institution, sealed under its owner's key.

A paper is an object in the store (vault/objects.py) and a row. The object comes first and is durable; the
row follows in one turn: there is never a row without its object. An object that no row names is left over
from a crash, an erasure or a refused turn; `sweep` removes it once no turn can name it any more.

    object   DataKey.seal(file,                     aad = owner, paper id)
    row      DataKey.seal({sha256, size, title},    aad = owner, paper id, every column in the clear)

So neither a file nor a row opens in another's place. A worker's papers are sealed under the worker's data key
and end with it; an institution's under a key of its own. The same file of the same owner is one paper.
"""

import hashlib
import itertools
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access import acts, looked
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor, Kind, author
from recordsvc.access.looked import Look
from recordsvc.archive import papermedia, sealed_papers
from recordsvc.archive.errors import ArchiveRestricted, Busy
from recordsvc.archive.paper_errors import PaperDamaged, PaperUnknown, TooManyPapers
from recordsvc.archive.paper_rows import (
    Owner,
    Row,
    begun_ms,
    by_tag,
    object_aad,
    owner_bytes,
    row_aad,
    rows,
    table_of,
)
from recordsvc.archive.restriction_errors import RecordRestricted
from recordsvc.archive.tables import institution_key, institution_paper, paper
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import too_large
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.problems import FormRefused, NotFound, Problem, Unavailable
from recordsvc.people import tables as people_tables
from recordsvc.people.standing import RESTRICTED
from recordsvc.vault import fence
from recordsvc.vault.envelope import DataKey, DataKeys, SealError
from recordsvc.vault.objects import ObjectMissing, StoreUnavailable

if TYPE_CHECKING:
    from recordsvc.house import House

KINDS: Final = "paper_kinds"
MAX_TITLE: Final = 100
MOST: Final = 500
"""How many papers are kept for one owner."""
TURN_MS: Final = 10 * 60_000
"""How long after its object was begun a row may still be written."""
SWEPT_MS: Final = 60 * 60_000
"""How long after it was begun an object without a row is a leftover: far beyond `TURN_MS`."""
FIELDS: Final = looked.PAPERS
"""The group of data that `looked` names."""
_PORTION: Final = 500


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper without its file; `sha256` is that of the file, in hex."""

    owner: Owner
    paper_id: bytes
    kind: str
    title: str
    media: str
    size: int
    sha256: str
    filed_ms: int
    filed_by: str

    @property
    def file_name(self) -> str:
        """Return a name for the file that says nothing about anybody."""
        return f"paper-{self.paper_id.hex()[-8:]}.{papermedia.ENDINGS[self.media]}"


@dataclass(frozen=True, slots=True)
class _Holder:
    """Whose papers are meant: the one they are filed under now, and the keys of all that are read with it."""

    owner: Owner
    keys: dict[Owner, DataKey]
    withheld: frozenset[str] = frozenset()
    """SHA-256 (hex) of the files that are sealed with a restricted record."""


class Papers:
    """The papers of one service."""

    def __init__(self, house: "House") -> None:
        """Keep papers with the database, keys and object store of `house`."""
        self._house = house

    # -- filing

    def keep(
        self, owner: Owner, data: bytes, kind: str, title: str, actor: Actor, *, sealed: bool = False
    ) -> Paper:
        """File a paper and return it; durable on return. The same file again is the paper filed before.

        `sealed`: beside a restricted archive, too: the order on which it is demanded. Raises (`PaperRefused`,
        `PaperUnsafe`, `TooLarge`, `FormRefused`, `NotFound`, …) without having changed anything.
        """
        title = self._check_words(kind, title)
        if len(data) > self._house.settings.paper_bytes:
            raise too_large(self._house.settings.paper_bytes)
        media = papermedia.sniff(data)
        holder = self._holder(owner, make_key=True, sealed=sealed)
        digest = hashlib.sha256(data).digest()
        tag = self.tag(holder.owner, digest)
        with self._house.db.read() as conn:
            known = by_tag(conn, holder.owner, tag)
        if known is not None:
            return self.opened_row(holder.keys[holder.owner], known)
        key, name = holder.keys[holder.owner], self._new_id().hex()
        row = Row(
            holder.owner,
            tag,
            self._new_id(),
            kind,
            media,
            begun_ms(name),
            author(actor),
            name,
            b"",
        )
        said = orjson.dumps({"sha256": digest.hex(), "size": len(data), "title": title})
        closed = key.seal(said, row_aad(row))
        row = Row(**{one: getattr(row, one) for one in Row.__slots__ if one != "sealed"}, sealed=closed)
        try:
            self._house.objects.put(name, key.seal(data, object_aad(row.owner, row.paper_id)))
        except StoreUnavailable:
            raise Unavailable from None
        try:
            told = actor.kind is Kind.OFFICIAL and isinstance(owner, bytes) and not sealed
            kept = self._house.db.write(lambda turn: enter_row(turn, self._house, row, told=told))
        except Problem:
            self._forget([name])
            raise
        if kept.object != name:  # the same file was filed meanwhile
            self._forget([name])
        return self.opened_row(key, kept)

    def _check_words(self, kind: str, title: str) -> str:
        title = " ".join(title.split())
        today = beijing_date(self._house.clock.now_ms()).isoformat()
        errors = []
        if kind not in dated.table(KINDS).on(today):
            errors.append({"pointer": "/kind", "code": "value", "detail": "没有这种材料类型"})
        if len(title) > MAX_TITLE:
            errors.append({"pointer": "/title", "code": "value", "detail": f"名称最多 {MAX_TITLE} 字"})
        if errors:
            raise FormRefused(errors=errors)
        return title

    def _new_id(self) -> bytes:
        return uuid7(FixedClock(self._house.clock.now_ms()), self._house.random)

    def _forget(self, names: Iterable[str]) -> None:
        """Remove objects that no row names; what fails now is swept later."""
        for name in names:
            with suppress(StoreUnavailable):
                self._house.objects.delete(name)

    # -- reading

    def of(self, owner: Owner) -> list[Paper]:
        """Return the papers of an owner, as `listed` does."""
        return self.listed(owner)[0]

    def listed(self, owner: Owner) -> tuple[list[Paper], int]:
        """Return the papers of an owner, those of archives read as the worker's included, oldest first.

        Those sealed with a restricted record are left out, and how many they are is the second.
        Records nothing: who shows them to somebody else notes the look.
        """
        holder = self._holder(owner)
        found: list[Row] = []
        with self._house.db.read() as conn:
            for one in holder.keys:
                found += rows(conn, one)
        found.sort(key=lambda row: (row.filed_ms, row.paper_id))
        told = [self.opened_row(holder.keys[row.owner], row) for row in found]
        shown = [one for one in told if one.sha256 not in holder.withheld]
        return shown, len(told) - len(shown)

    def open(
        self,
        owner: Owner,
        paper_id: bytes,
        actor: Actor,
        purpose: str,
        case_ref: str,
        request_id: str = "",
        *,
        sealed: bool = False,
    ) -> tuple[Paper, bytes]:
        """Return a paper and its file; who opened it and why is durable before, save for the worker's own.

        `sealed`: of a restricted archive or record, too. Raises `NotFound` for a missing or foreign paper,
        `RecordRestricted` for one behind a restricted record, `PurposeRefused`, and `PaperDamaged` when the
        file is missing or is not the one that was filed.
        """
        if (actor.kind is Kind.WORKER and actor.worker_id != owner) or (
            actor.kind is Kind.CLIENT and actor.institution != owner
        ):
            raise NotFound
        holder = self._holder(owner, sealed=sealed)
        row = self._find(holder, paper_id)
        if row is None:
            raise NotFound
        key = holder.keys[row.owner]
        found = self.opened_row(key, row)
        if found.sha256 in holder.withheld:
            raise RecordRestricted
        self._note(holder.owner, paper_id, actor, purpose, case_ref, request_id)
        return found, self.opened_file(key, row, found.sha256)

    def person(self, worker_id: bytes) -> bytes:
        """Return the worker under whom looks at these papers are noted: the one this archive is read as."""
        owner = self._holder(worker_id).owner
        if not isinstance(owner, bytes):
            raise TypeError("not a worker")
        return owner

    def hashes(self, owner: Owner, paper_ids: Sequence[bytes], *, sealed: bool = False) -> list[str]:
        """Return the SHA-256 (hex) of each named file, for an entry.

        Raises `PaperUnknown`, and `RecordRestricted` for one behind a restricted record, save with `sealed`.
        """
        holder = self._holder(owner, sealed=sealed)
        found = []
        for paper_id in paper_ids:
            row = self._find(holder, paper_id)
            if row is None:
                raise PaperUnknown
            found.append(self.opened_row(holder.keys[row.owner], row).sha256)
        if not holder.withheld.isdisjoint(found):
            raise RecordRestricted
        return found

    def filed_as(self, owner: Owner, sha256: str) -> bytes | None:
        """Return the id of the paper with this SHA-256 (hex), of a restricted archive, too; None: not here.

        Raises `NotFound` for an unknown owner.
        """
        digest = bytes.fromhex(sha256)
        with self._house.db.read() as conn:
            for one in self._holder(owner, sealed=True).keys:
                found = by_tag(conn, one, self.tag(one, digest))
                if found is not None:
                    return found.paper_id
        return None

    def kind_of(self, owner: Owner, sha256: str) -> str | None:
        """Return the kind of the paper with this SHA-256 (hex), of a restricted archive, too; None: not here.

        Raises `NotFound` for an unknown owner, `PaperDamaged`.
        """
        holder, digest = self._holder(owner, sealed=True), bytes.fromhex(sha256)
        with self._house.db.read() as conn:
            for one, key in holder.keys.items():
                found = by_tag(conn, one, self.tag(one, digest))
                if found is not None:
                    return self.opened_row(key, found).kind
        return None

    def _find(self, holder: _Holder, paper_id: bytes) -> Row | None:
        with self._house.db.read() as conn:
            for owner in holder.keys:
                for row in rows(conn, owner, paper_id):
                    return row
        return None

    def _note(
        self, owner: Owner, paper_id: bytes, actor: Actor, purpose: str, case_ref: str, request_id: str
    ) -> None:
        house = self._house
        if isinstance(owner, bytes):
            if actor.kind is not Kind.WORKER:
                look = Look(owner, actor, purpose, looked.one_paper(paper_id), case_ref, request_id)
                looked.record(house, [look])
            return
        if actor.kind is Kind.OFFICIAL:
            looked.check_purpose(house.db, purpose)
        subject = f"{owner}/{uuid.UUID(bytes=paper_id)}"
        acts.record(house.db, house.random, OfficialAct(actor, Act.PAPER_OPEN, subject, purpose, case_ref))

    def opened_row(self, key: DataKey, row: Row) -> Paper:
        """Return what a row says. Raises `PaperDamaged` when any column of it was changed."""
        try:
            said = orjson.loads(key.open(row.sealed, row_aad(row)))
        except SealError:
            raise PaperDamaged from None
        return Paper(
            row.owner,
            row.paper_id,
            row.kind,
            said["title"],
            row.media,
            said["size"],
            said["sha256"],
            row.filed_ms,
            row.filed_by,
        )

    def opened_file(self, key: DataKey, row: Row, sha256: str) -> bytes:
        """Return the file of a row. Raises `PaperDamaged` unless it is the very one that was filed."""
        try:
            data = key.open(self._house.objects.get(row.object), object_aad(row.owner, row.paper_id))
        except (ObjectMissing, SealError):
            raise PaperDamaged from None
        except StoreUnavailable:
            raise Unavailable from None
        if hashlib.sha256(data).hexdigest() != sha256:
            raise PaperDamaged
        return data

    def tag(self, owner: Owner, digest: bytes) -> bytes:
        """Return the keyed tag by which the same file of the same owner is known again."""
        return self._house.keys.hmac("dedupe", b"paper/1" + owner_bytes(owner) + digest)[:16]

    # -- whose

    def _holder(self, owner: Owner, *, make_key: bool = False, sealed: bool = False) -> _Holder:
        if isinstance(owner, str):
            key = self.institution_key(owner, make=make_key)
            return _Holder(owner, {} if key is None else {owner: key})
        house = self._house
        with house.db.read_raw() as cursor:
            worker = house.people.load(cursor, owner)
            if worker is None:
                raise NotFound
            person = house.people.person(cursor, worker)
            if person.state == RESTRICTED and not sealed:
                raise ArchiveRestricted
            keys: dict[Owner, DataKey] = {person.worker_id: person.key}
            read_as = house.people.read_as(cursor, person.worker_id)
            for merged in read_as:
                other = house.people.load(cursor, merged)
                if other is not None:
                    keys[merged] = other.key
            chains = (person.worker_id, *read_as)
            withheld = frozenset[str]() if sealed else sealed_papers.behind(house, cursor, chains)
        return _Holder(person.worker_id, keys, withheld)

    def institution_key(self, uscc: str, *, make: bool = False) -> DataKey | None:
        """Return an institution's data key; made if told to. Raises `NotFound` for an unknown institution."""
        house = self._house
        if house.institutions.all().get(uscc) is None:
            raise NotFound
        wanted = sa.select(institution_key.c.wrapped).where(institution_key.c.uscc == uscc)
        with house.db.read() as conn:
            wrapped = conn.scalar(wanted)
        if wrapped is None and not make:
            return None
        keys, owner = DataKeys(house.keys, house.random.bytes), owner_bytes(uscc)
        if wrapped is None:
            epoch = house.keys.epoch
            made, _key = keys.new(owner)

            def write(turn: Turn) -> bytes:
                fence.hold(turn, house.db, epoch)
                _insert_new(turn, house, institution_key, (uscc, made))
                return bytes(turn.conn.execute(wanted).scalar_one())

            wrapped = house.db.write(write)
        return keys.get(owner, bytes(wrapped))

    # -- forgetting

    def remove(self, names: Iterable[str]) -> None:
        """Delete the objects of erased rows; what fails or is never reached is swept."""
        self._forget(names)

    def sweep(self) -> int:
        """Delete the objects that no row names and none can name any more; returns how many."""
        before = self._house.clock.now_ms() - SWEPT_MS
        old = [name for name in self._house.objects.names() if begun_ms(name) < before]
        removed = 0
        for start in range(0, len(old), _PORTION):
            portion = old[start : start + _PORTION]
            with self._house.db.read() as conn:
                named = itertools.chain.from_iterable(
                    conn.execute(sa.select(table.c.object).where(table.c.object.in_(portion))).scalars()
                    for table in (paper, institution_paper)
                )
                left_over = set(portion) - set(named)
            for name in left_over:
                self._house.objects.delete(name)
            removed += len(left_over)
        return removed


def enter_row(turn: Turn, house: "House", row: Row, *, told: bool) -> Row:
    """Write the row of an object in the store, and with `told` tell its worker; the row that now stands."""
    if abs(turn.now_ms - begun_ms(row.object)) > TURN_MS:
        raise Busy  # the sweep may be about to take the object for a leftover
    table = table_of(row.owner)
    if isinstance(row.owner, bytes) and not still_there(turn, row.owner):
        raise NotFound
    counted = turn.conn.scalar(sa.select(sa.func.count()).where(next(iter(table.c)) == row.owner))
    if counted is not None and counted >= MOST:
        raise TooManyPapers
    _insert_new(turn, house, table, tuple(getattr(row, name) for name in Row.__slots__))
    kept = by_tag(turn.conn, row.owner, row.tag)
    if kept is None:
        raise RuntimeError("a paper's row is not there after it was written")
    if told:
        house.tell_worker(turn, owner_bytes(row.owner), "paper-filed", f"paper/{kept.paper_id.hex()}")
    return kept


def still_there(turn: Turn, worker_id: bytes) -> bool:
    """Tell whether the worker's key still stands; locks the worker, so that an erasure waits or has been."""
    worker, key = people_tables.worker, people_tables.worker_key
    turn.conn.execute(sa.select(worker.c.state).where(worker.c.worker_id == worker_id).with_for_update())
    found = turn.conn.execute(sa.select(key.c.worker_id).where(key.c.worker_id == worker_id)).first()
    return found is not None


def _insert_new(turn: Turn, house: "House", table: sa.Table, row: tuple[Any, ...]) -> None:
    """Insert a row unless its key or tag is there already."""
    names, marks = ", ".join(column.name for column in table.columns), ", ".join("?" * len(row))
    statement = f"INSERT INTO {table.name} ({names}) VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608 - names of our own
    house.db.cursor(turn.conn).execute(house.db.sql(statement), row)
