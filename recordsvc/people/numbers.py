"""One person, several numbers (一人多号): added, superseded, disputed, renamed - by two officials.

A number is never changed or deleted. A new one is added (renewed residence card, permit → residence card,
15 → 18 digits, a corrected number); an old one is superseded and goes on finding its archive, since old
papers bear it. A number that truly belonged to two people (重号) is *disputed* with both: it selects nobody,
what names it is held for officials, and it finds nobody either. A new name stands beside the old one.

What is proposed stands sealed under the worker's key in the proposal: it never holds a number or name.
Whose a number or name is already, is found when a second official decides and never told to who proposes:
proposing leaves no row of who looked (`access/number_conflicts.py`).
"""

import base64
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7, uuid_text
from recordsvc.ground.problems import Conflict, NotFound
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal
from recordsvc.people import cardbook, cards, identifiers, merges, tables
from recordsvc.people.cards import CardEvent
from recordsvc.people.resolve import (
    CARD,
    CARD_AREA,
    CREDIT_ACCOUNT,
    DISPUTED,
    NAME,
    UNINDEXED,
    identifier_aad,
)
from recordsvc.people.workers import NAME_TAG, Worker
from recordsvc.vault import fence
from recordsvc.vault.envelope import field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

ADD: Final = "number.add"
STAND: Final = "number.stand"
RENAME: Final = "name.add"
WITHDRAW: Final = "card.withdraw"
REASSIGN: Final = "card.reassign"
"""A card goes to another person: `archive/reassigning.py`, since institutions are told."""
KINDS: Final = (ADD, STAND, RENAME, WITHDRAW, REASSIGN)
DECIDERS: Final = frozenset({"reviewer", "data-officer"})
VERIFIED: Final = "verified"
SUPERSEDED: Final = "superseded"
STANDINGS: Final = (VERIFIED, SUPERSEDED, DISPUTED)


class NumberTaken(Conflict):
    """The number is another archive's."""

    code = "number-taken"
    title_zh = "该号码已登记在另一份档案"
    title_en = "The number belongs to another archive"
    remedy_zh = "同一人的，办理档案合并；确属两人同号的，先在对方档案将该号码列为有争议，再以有争议登记。"
    remedy_en = "One person: merge the archives. Two: let it be disputed there, then add it as disputed."


class NumberUnfit(Conflict):
    """The number's present standing does not allow this."""

    code = "number-unfit"
    title_zh = "该号码或姓名的现状不允许此项办理"
    title_en = "The present standing of the number or name does not allow this"
    remedy_zh = "请重新查看该劳动者的号码与姓名。"
    remedy_en = "Look at the worker's numbers and names again."


@dataclass(frozen=True, slots=True)
class Why:
    """On what it rests: a code of `number_grounds`, words, SHA-256 (64 hex digits) of each paper."""

    ground: str
    text: str
    papers: Sequence[str]


@dataclass(frozen=True, slots=True)
class Known:
    """One assertion about a worker, opened. `events` and `area` are those of a card."""

    identifier_id: bytes
    worker_id: bytes
    kind: str
    standing: str
    asserted_ms: int
    source: str
    value: str
    events: tuple[CardEvent, ...] = ()
    area: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A proposal that waits for a second person; `value` is what it adds, if it adds something."""

    proposal: Proposal
    kind: str
    value: str


# -- reading


def known(house: "House", cursor: Cursor, worker_id: bytes) -> list[Known]:
    """Return all assertions about a person, archives that are read as the own one included, oldest first."""
    found: list[Known] = []
    for one in (worker_id, *house.people.read_as(cursor, worker_id)):
        worker = house.people.load(cursor, one)
        if worker is not None:
            found += _known(house, cursor, worker)
    return found


def _known(house: "House", cursor: Cursor, worker: Worker) -> Iterator[Known]:
    sql, own = house.db.sql, worker.worker_id
    events: dict[bytes, list[cardbook.EventRow]] = defaultdict(list)
    query = "SELECT worker_id, identifier_id, n, at_ms, sealed FROM card_event WHERE worker_id = ?"
    cursor.execute(sql(query), (own,))
    for worker_id, card_id, n, at_ms, sealed in cursor.fetchall():
        events[bytes(card_id)].append((bytes(worker_id), bytes(card_id), n, at_ms, bytes(sealed)))
    query = (
        "SELECT identifier_id, kind, standing, asserted_ms, source, sealed FROM identifier "
        "WHERE worker_id = ? ORDER BY asserted_ms, identifier_id"
    )
    cursor.execute(sql(query), (own,))
    rows = [(bytes(row[0]), *row[1:5], bytes(row[5])) for row in cursor.fetchall()]
    opened = [
        (row, worker.key.open(row[5], identifier_aad(own, row[0], row[1], row[3], row[4])).decode())
        for row in rows
    ]
    areas = dict(value.split("/", 1) for row, value in opened if row[1] == CARD_AREA)
    for (identifier_id, kind, standing, asserted_ms, source, _sealed), value in opened:
        if kind not in (CARD_AREA, CREDIT_ACCOUNT):
            lived = cardbook.open_events(worker.key, events[identifier_id])
            area = areas.get(value, "") if kind == CARD else ""
            yield Known(identifier_id, own, kind, standing, asserted_ms, source, value, lived, area)


def asked(house: "House", conn: Connection, worker_id: bytes) -> list[Asked]:
    """Return what is proposed about a worker's numbers and names and not decided yet."""
    own = two_person.proposal
    query = sa.select(own.c.id).where(
        own.c.state == "open", own.c.kind.in_(KINDS), own.c.subject == uuid_text(worker_id)
    )
    ids = [row.id for row in conn.execute(query.order_by(own.c.id))]
    found = two_person.read_all(conn, ids, house.clock.now_ms())
    worker = house.people.load(house.db.cursor(conn), worker_id)
    told = []
    for proposal_id in ids:
        payload = found[proposal_id].payload
        value = _unseal(worker, payload) if worker is not None and "sealed" in payload else ""
        told.append(Asked(found[proposal_id], payload.get("kind", ""), value))
    return told


def disputed(conn: Connection, *seen: sa.ColumnElement[bool], limit: int = 200) -> list[Any]:
    """Return disputed numbers and cards (no values), the newest first; `seen` says whose the asker sees."""
    own = tables.identifier.c
    names = (own.worker_id, own.identifier_id, own.kind, own.asserted_ms, own.source)
    query = sa.select(*names).where(own.standing == DISPUTED, own.kind.not_in(UNINDEXED), *seen)
    return list(conn.execute(query.order_by(own.asserted_ms.desc(), own.identifier_id).limit(limit)))


def led_to(house: "House", conn: Connection, asked: Proposal) -> frozenset[bytes]:
    """Return the archives that the number of a proposal leads to, the one it is about left out."""
    own, cursor = bytes.fromhex(asked.payload["worker_id"].replace("-", "")), house.db.cursor(conn)
    worker = house.people.load(cursor, own)
    if worker is None or asked.kind not in (ADD, STAND):
        return frozenset()
    kind = asked.payload["kind"]
    if asked.kind == ADD:
        value = _unseal(worker, asked.payload)
        values = {value, _whole(house.clock.now_ms(), kind, value)}
    else:
        wanted = _id(asked.payload)
        values = {one.value for one in _known(house, cursor, worker) if one.identifier_id == wanted}
    tags = {tag for value in values for tag in house.people.tags(kind, value)}
    index = tables.blind_index.c
    found = conn.scalars(sa.select(index.worker_id).where(index.tag.in_(tags)))
    return frozenset(map(bytes, found)) - {own}


# -- proposing


def propose_add(
    turn: Turn,
    house: "House",
    worker_id: bytes,
    kind: str,
    value: str,
    why: Why,
    by: str,
    standing: str = VERIFIED,
) -> bytes:
    """Propose one more number of a worker; `standing` disputed for one that two people had.

    Raises `IdentifierError`, `NumberUnfit` for a worker whose numbers do not change, `NotFound`.
    """
    worker = worker_of(house, turn, worker_id)
    number = identifiers.parse(kind, value, beijing_date(turn.now_ms), legacy=True)
    written = number.value
    if number.derived and number.written is not None and len(number.written) == 15:
        # The short form is on old papers; it finds the archive and is nobody's number today.
        written, standing = number.written, SUPERSEDED
    payload = {"kind": kind, "standing": standing, **_sealed(worker, written)}
    return propose(turn, ADD, worker_id, payload, why, by)


def propose_standing(
    turn: Turn, house: "House", worker_id: bytes, identifier_id: bytes, standing: str, why: Why, by: str
) -> bytes:
    """Propose that a number is verified, superseded or disputed from now on."""
    worker_of(house, turn, worker_id)
    row = _row(turn.conn, worker_id, identifier_id)
    if row is None or row.kind in UNINDEXED or row.kind == CREDIT_ACCOUNT:
        raise NotFound
    if standing not in STANDINGS or row.standing == standing:
        raise NumberUnfit
    payload = {"identifier_id": uuid_text(identifier_id), "kind": row.kind, "standing": standing}
    return propose(turn, STAND, worker_id, payload, why, by)


def propose_name(turn: Turn, house: "House", worker_id: bytes, name: str, why: Why, by: str) -> bytes:
    """Propose one more name of a worker; the old ones stay. One that stands already is found at deciding."""
    worker = worker_of(house, turn, worker_id)
    return propose(turn, RENAME, worker_id, {"kind": NAME, **_sealed(worker, name)}, why, by)


def propose_withdrawal(
    turn: Turn, house: "House", worker_id: bytes, card_id: bytes, n: int, why: Why, by: str
) -> bytes:
    """Propose that an event of a card, entered in error, does not count."""
    worker_of(house, turn, worker_id)
    count = _events(turn.conn, worker_id, card_id)
    if count is None or not 0 <= n < count:
        raise NotFound
    payload = {"identifier_id": uuid_text(card_id), "kind": CARD, "n": n}
    return propose(turn, WITHDRAW, worker_id, payload, why, by)


def propose(turn: Turn, kind: str, worker_id: bytes, payload: dict[str, Any], why: Why, by: str) -> bytes:
    """Propose a change of one of `KINDS`, with what it rests on."""
    told = {"worker_id": uuid_text(worker_id), "ground": why.ground, "text": why.text}
    told["papers"] = list(why.papers)  # type: ignore[assignment]  # a list of hashes beside texts
    return two_person.propose(turn, kind, uuid_text(worker_id), {**payload, **told}, by)


# -- deciding


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, bytes.fromhex(payload["worker_id"].replace("-", "")))


@two_person.executor(ADD, deciders=DECIDERS, basis=_basis)
def _add(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    fence.hold(turn, house.db, house.keys.epoch)
    worker = _decided(turn, payload, proposal)
    kind, standing, value = payload["kind"], payload["standing"], _unseal(worker, payload)
    _check_short(turn, house, worker.worker_id, kind, value)
    taken = _free(turn, house, worker.worker_id, kind, value, standing)
    identifier_id = _insert(turn, house, worker, kind, value, standing, proposal)
    if not taken:
        rows = house.people.index_rows(worker.worker_id, identifier_id, kind, value, standing)
        house.db.bulk(turn.conn, tables.blind_index, rows)
    touch(turn, worker)
    _tell(turn, worker, "number-added", proposal)


@two_person.executor(STAND, deciders=DECIDERS, basis=_basis)
def _stand(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    fence.hold(turn, house.db, house.keys.epoch)
    worker = _decided(turn, payload, proposal)
    identifier_id, standing = _id(payload), payload["standing"]
    own, index = tables.identifier, tables.blind_index
    mine = (own.c.worker_id == worker.worker_id, own.c.identifier_id == identifier_id)
    led = index.update().where(index.c.worker_id == worker.worker_id, index.c.identifier_id == identifier_id)
    if turn.conn.execute(led.values(standing=standing)).rowcount == 0 and standing != DISPUTED:
        # The number leads to somebody else: it is theirs until it is disputed there, too.
        raise NumberTaken
    turn.conn.execute(own.update().where(*mine).values(standing=standing))
    touch(turn, worker)
    _tell(turn, worker, "number-changed", proposal)


@two_person.executor(RENAME, deciders=DECIDERS, basis=_basis)
def _rename(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    house: House = proposal.tools
    worker = _decided(turn, payload, proposal)
    name = _unseal(worker, payload)
    tag = house.people.name_tag(worker.worker_id, name)
    if tag in worker.names:
        raise NumberUnfit
    _insert(turn, house, worker, NAME, name, VERIFIED, proposal)
    row = tables.worker
    here = row.c.worker_id == worker.worker_id
    names = bytes(turn.conn.execute(sa.select(row.c.names).where(here)).scalar_one())
    assert len(names) % NAME_TAG == 0  # noqa: S101 - tags of one length follow one another
    turn.conn.execute(row.update().where(here).values(names=names + tag))
    touch(turn, worker)
    _tell(turn, worker, "name-added", proposal)


@two_person.executor(WITHDRAW, deciders=DECIDERS, basis=_basis)
def _withdraw(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    worker, card_id = _decided(turn, payload, proposal), _id(payload)
    n = _events(turn.conn, worker.worker_id, card_id)
    if n is None:
        raise NotFound
    on = beijing_date(turn.now_ms).isoformat()
    event = CardEvent(n, on, cards.WITHDRAWN, source_of(proposal), str(payload["n"]), turn.now_ms)
    house: House = proposal.tools
    row = cardbook.seal_event(worker.key, worker.worker_id, card_id, event)
    house.db.bulk(turn.conn, tables.card_event, [row])
    own = tables.card
    here = (own.c.worker_id == worker.worker_id, own.c.identifier_id == card_id)
    turn.conn.execute(own.update().where(*here).values(events=n + 1))
    touch(turn, worker)
    _tell(turn, worker, "card-fact-withdrawn", proposal)


def _decided(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> Worker:
    return worker_of(proposal.tools, turn, bytes.fromhex(payload["worker_id"].replace("-", "")))


# -- small parts


def worker_of(house: "House", turn: Turn, worker_id: bytes) -> Worker:
    """Return a worker whose numbers may change. Raises `NotFound`, `NumberUnfit`."""
    worker = house.people.load(house.db.cursor(turn.conn), worker_id)
    if worker is None:
        raise NotFound
    if worker.state not in (merges.OPEN, "merged"):
        raise NumberUnfit
    return worker


def touch(turn: Turn, worker: Worker) -> None:
    """Move the versions of the worker and of whom they are read as: what is being judged is judged anew."""
    row = tables.worker
    for one in {worker.worker_id, merges.person_id(turn.conn, worker.worker_id)}:
        turn.conn.execute(row.update().where(row.c.worker_id == one).values(version=row.c.version + 1))


def _tell(turn: Turn, worker: Worker, kind: str, proposal: Proposal) -> None:
    """Tell the person what two officials changed, without any number or name."""
    house: House = proposal.tools
    house.tell_worker(turn, worker.worker_id, kind, f"proposal/{proposal.id.hex()}")


def _free(turn: Turn, house: "House", worker_id: bytes, kind: str, value: str, standing: str) -> bool:
    """Tell whether the number leads to somebody else who had it, too. Raises `NumberTaken`, `NumberUnfit`."""
    index = tables.blind_index.c
    rows = turn.conn.execute(
        sa.select(index.worker_id, index.standing).where(index.tag.in_(house.people.tags(kind, value)))
    ).all()
    if not rows:
        return False
    if any(row.worker_id == worker_id for row in rows):
        raise NumberUnfit
    if standing != DISPUTED or any(row.standing != DISPUTED for row in rows):
        raise NumberTaken
    return True


def _check_short(turn: Turn, house: "House", worker_id: bytes, kind: str, value: str) -> None:
    """Refuse a short number whose 18 digits are not in the archive. Raises `NumberUnfit`."""
    whole = _whole(turn.now_ms, kind, value)
    if whole != value and _owner(turn, house, kind, whole) != worker_id:
        raise NumberUnfit("15 位号码换算成的 18 位号码不在这份档案中")


def _whole(now_ms: int, kind: str, value: str) -> str:
    return identifiers.parse(kind, value, beijing_date(now_ms), legacy=True).value


def _owner(turn: Turn, house: "House", kind: str, value: str) -> bytes | None:
    index = tables.blind_index.c
    tags = house.people.tags(kind, value)
    found = turn.conn.execute(sa.select(index.worker_id).where(index.tag.in_(tags))).scalar()
    return None if found is None else bytes(found)


def _insert(
    turn: Turn, house: "House", worker: Worker, kind: str, value: str, standing: str, proposal: Proposal
) -> bytes:
    identifier_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = house.people.identifier_row(worker, identifier_id, kind, value, standing, source_of(proposal))
    house.db.bulk(turn.conn, tables.identifier, [row])
    return identifier_id


def source_of(proposal: Proposal) -> str:
    """Return what is noted as the source of what a proposal decided."""
    return f"decided:{uuid_text(proposal.id)}"


def _row(conn: Connection, worker_id: bytes, identifier_id: bytes) -> Any:
    own = tables.identifier
    here = (own.c.worker_id == worker_id, own.c.identifier_id == identifier_id)
    return conn.execute(sa.select(own.c.kind, own.c.standing).where(*here)).one_or_none()


def _events(conn: Connection, worker_id: bytes, card_id: bytes) -> int | None:
    own = tables.card
    here = (own.c.worker_id == worker_id, own.c.identifier_id == card_id)
    count: int | None = conn.execute(sa.select(own.c.events).where(*here)).scalar()
    return count


def _id(payload: dict[str, Any]) -> bytes:
    return bytes.fromhex(payload["identifier_id"].replace("-", ""))


def _sealed(worker: Worker, value: str) -> dict[str, str]:
    sealed = worker.key.seal(value.encode(), _proposal_aad(worker.worker_id))
    return {"sealed": base64.b64encode(sealed).decode("ascii")}


def _unseal(worker: Worker, payload: dict[str, Any]) -> str:
    return worker.key.open(base64.b64decode(payload["sealed"]), _proposal_aad(worker.worker_id)).decode()


def _proposal_aad(worker_id: bytes) -> bytes:
    return field_aad("proposal", "payload", worker_id, b"number", 1)
