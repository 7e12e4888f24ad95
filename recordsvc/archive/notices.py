"""Who is told what (通知): a row for each notice, and a message that leaves where the worker can be reached.

A worker's notice is sealed under the worker's data key and goes with it; notices of institutions and desks
hold codes, counts and opaque ids, nothing of a person. What a notice says is a dated text (`notice_texts`)
with places for a few things only: `PARAMS` is all that may be filled in, each in its form, so that no number
and no other person's data can come along. Reading them is `noticeboard.py`, wording `wording.py`.

Told twice under one key, a person is told once.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa

from recordsvc import dated
from recordsvc.access import areas
from recordsvc.archive import tables
from recordsvc.ground import outbox
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.ground.ports import beijing_date
from recordsvc.people import contacts, merges
from recordsvc.people import tables as people_tables
from recordsvc.people.workers import MERGED
from recordsvc.vault.envelope import DataKey, DataKeys, field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

TEXTS: Final = "notice_texts"
TOPIC: Final = "notice"
_CODE: Final = re.compile(r"[a-z][a-z0-9-]{0,39}")
_USCC: Final = re.compile(r"[0-9A-Z]{18}")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_STAFF: Final = re.compile(r"s-[0-9a-f]{16}")
_ARTICLES: Final = re.compile(r"[\u4e00-\u9fff〇、《》]{2,200}")
PARAMS: Final[Mapping[str, re.Pattern[str]]] = {
    "issuer": _USCC,
    "type": _CODE,
    "reason": _CODE,
    "outcome": _CODE,
    "due_on": _DAY,
    "record_id": _UUID,
    "held_id": _UUID,
    "case_id": _UUID,
    "worker_id": _UUID,
    "staff_id": _STAFF,
    "articles": _ARTICLES,
}
"""What a notice may carry, and in which form; besides these `count` and `index`, whole numbers."""
NUMBERS: Final = ("count", "index")
FOR_DESKS: Final = frozenset({"worker_id"})
"""What desks alone are told: an opaque id, by which they open an archive for a purpose and a case."""
OF_ENTRIES: Final = frozenset(
    {
        "record-entered",
        "record-moved-here",
        "record-corrected",
        "record-restored",
        "record-revoked",
    }
)
"""What workers are told of entries of the log (`announcing.py`), with what they say of a record.

That a record was moved away (`record-moved`) says nothing of it, and stays as it was told."""
OF_KEYS: Final = frozenset({"issuer-key-revoked", "issuer-key-suspect"})
"""What workers are told of a key that signed for them (`key_notices.py`): it names an issuer of records."""
EMPTIED: Final = "record-notice-emptied"
"""What is left of such a notice once the record, or one of that issuer, is erased."""

DESKS: Final[Mapping[str, frozenset[str]]] = {
    "desk:identity": frozenset({"handler", "reviewer"}),
    "desk:late": frozenset({"handler", "reviewer"}),
    "desk:disputes": frozenset({"handler", "reviewer", "data-officer"}),
    "desk:data-officer": frozenset({"data-officer"}),
    "desk:registrar": frozenset({"registrar"}),
    "desk:auditor": frozenset({"auditor"}),
    "desk:claims-reviewer": frozenset({"reviewer"}),
    "desk:claims-inspector": frozenset({"inspector"}),
    "desk:rules": frozenset({"handler", "reviewer"}),
}
"""Desks that are told, and whose roles read what they were told."""


@dataclass(frozen=True, slots=True)
class Telling:
    """One thing to tell one worker; `key` names what happened, so that it is told once."""

    worker_id: bytes
    kind: str
    params: Mapping[str, Any]
    key: str
    at_ms: int | None = None
    """When (UTC) it happened, where that is not now."""

    @property
    def notice_id(self) -> bytes:
        """The id that this key always has."""
        return _notice_id(self.kind, self.key)


# -- telling


def tell_worker(
    turn: Turn, house: "House", worker_id: bytes, kind: str, params: Mapping[str, Any], key: str
) -> bool:
    """Tell a worker in the running turn; False when there is nobody to tell (unknown, or erased)."""
    return tell_workers(turn, house, [Telling(worker_id, kind, params, key)]) == 1


def consent_used(turn: Turn, house: "House", worker_id: bytes, reader: str, use: str) -> bool:
    """Tell a worker that an institution (USCC) read the archive under the worker's consent.

    `use` names the use, without personal data; each use is told once, and one use may be a day of them.
    """
    return tell_worker(turn, house, worker_id, "consent-used", {"issuer": reader}, f"{reader}/{use}")


def tell_institution(turn: Turn, uscc: str, kind: str, params: Mapping[str, Any], key: str) -> None:
    """Tell an institution (USCC) in the running turn."""
    _tell_office(turn, "institution", f"institution:{uscc}", kind, params, key)


def tell_desk(turn: Turn, owner: str, kind: str, params: Mapping[str, Any], key: str, area: str = "") -> None:
    """Tell a desk of `DESKS` in the running turn: in `area`, else where the issuer lies that it names."""
    if owner not in DESKS:
        raise ValueError(f"no desk {owner!r}")
    if not area and "issuer" in params:
        area = areas.institution(turn.conn, str(params["issuer"])).area or ""
    _tell_office(turn, "desk", owner, kind, params, key, area)


def tell_workers(turn: Turn, house: "House", tellings: Sequence[Telling], *, add: bool = False) -> int:
    """Tell workers in the running turn; how many things could be told.

    With `add`, what was told under a key already grows by the new `count` and is unread again: for callers
    who themselves come exactly once, as followers do.
    """
    for one in tellings:
        _check("worker", one.kind, one.params)
    keys = _locked(turn, house, {one.worker_id for one in tellings})
    told = [one for one in tellings if one.worker_id in keys]
    there = _there(turn, told)
    grown = frozenset(there)
    rows: dict[tuple[bytes, bytes], dict[str, Any]] = {}
    for one in told:
        place, key = (one.worker_id, one.notice_id), keys[one.worker_id]
        params = dict(one.params)
        if place in there:
            if not add:
                continue
            before = open_sealed(key, *place, there[place])["params"]
            params["count"] = before.get("count", 1) + params.get("count", 1)
            if before.get("type") != params.get("type"):
                params.pop("type", None)
        there[place] = sealed = _seal(key, *place, one.kind, params)
        rows[place] = {
            "worker_id": place[0],
            "notice_id": place[1],
            "at_ms": turn.now_ms if one.at_ms is None else one.at_ms,
            "read_ms": None,
            "sealed": sealed,
        }
    _write(turn, [row for place, row in rows.items() if place in grown])
    insert_missing(turn.conn, tables.notice, [row for place, row in rows.items() if place not in grown])
    _post(turn, [one for one in told if (one.worker_id, one.notice_id) in rows])
    return len(told)


def _locked(turn: Turn, house: "House", workers: Collection[bytes]) -> dict[bytes, DataKey]:
    """Lock the workers' rows, so that no erasure runs between, and return the keys of those who have one."""
    worker, worker_key = people_tables.worker, people_tables.worker_key
    ready = DataKeys(house.keys, house.random.bytes)
    found: dict[bytes, DataKey] = {}
    for some in _portions(sorted(workers)):
        lock = sa.select(worker.c.worker_id).where(worker.c.worker_id.in_(some))
        turn.conn.execute(lock.order_by(worker.c.worker_id).with_for_update()).all()
        for row in turn.conn.execute(sa.select(worker_key).where(worker_key.c.worker_id.in_(some))):
            found[bytes(row.worker_id)] = ready.get(bytes(row.worker_id), bytes(row.wrapped))
    return found


def _there(turn: Turn, tellings: Sequence[Telling]) -> dict[tuple[bytes, bytes], bytes]:
    notice, found = tables.notice, {}
    for some in _portions(tellings):
        query = sa.select(notice.c.worker_id, notice.c.notice_id, notice.c.sealed).where(
            notice.c.worker_id.in_({one.worker_id for one in some}),
            notice.c.notice_id.in_({one.notice_id for one in some}),
        )
        for row in turn.conn.execute(query):
            found[bytes(row.worker_id), bytes(row.notice_id)] = bytes(row.sealed)
    return found


def _write(turn: Turn, rows: Iterable[dict[str, Any]]) -> None:
    """Let notices grow that stand already."""
    notice = tables.notice
    for row in rows:
        own = (notice.c.worker_id == row["worker_id"], notice.c.notice_id == row["notice_id"])
        turn.conn.execute(notice.update().where(*own).values(sealed=row["sealed"], read_ms=None))


def _post(turn: Turn, tellings: Sequence[Telling]) -> None:
    """Let those notices leave that can reach somebody: by phone, or on paper where the text asks for it.

    The address goes along, sealed as it is kept: who changes it afterwards cannot have the message.
    """
    reached = _addresses(turn, {one.worker_id for one in tellings})
    outbox.put_all(
        turn,
        [
            _message(one, *reached.get(one.worker_id, (one.worker_id, b"")))
            for one in tellings
            if one.worker_id in reached or on_paper(one.kind, turn.now_ms)
        ],
    )
    _warn_before(turn, tellings)


def _warn_before(turn: Turn, tellings: Sequence[Telling]) -> None:
    """Let warnings leave for the number, too, that the worker gave up lately (`contact_change`)."""
    today = beijing_date(turn.now_ms).isoformat()
    warned = set(dated.rule("contact_terms", "former-number", today)["kinds"])
    warnings = [one for one in tellings if one.kind in warned]
    if not warnings:
        return
    people = {one.worker_id: merges.person_id(turn.conn, one.worker_id) for one in warnings}
    kept = contacts.former(turn.conn, set(people.values()), turn.now_ms)
    outbox.put_all(
        turn,
        [
            _message(one, people[one.worker_id], kept[people[one.worker_id]], "/before")
            for one in warnings
            if people[one.worker_id] in kept
        ],
    )


def post_to(turn: Turn, telling: Telling, sealed: bytes) -> None:
    """Let a notice leave for a number, too, that the worker has just given up (as it was kept)."""
    outbox.put_all(turn, [_message(telling, telling.worker_id, sealed, "/left")])


def _message(one: Telling, of: bytes, sealed: bytes, further: str = "") -> outbox.Message:
    return outbox.Message(
        TOPIC,
        recipient_of(one.worker_id),
        one.kind,
        {"notice": one.notice_id.hex(), "of": of.hex(), "to": sealed.hex()},
        f"{one.worker_id.hex()}/{one.notice_id.hex()}{further}",
    )


def _addresses(turn: Turn, workers: Collection[bytes]) -> dict[bytes, tuple[bytes, bytes]]:
    """Return for each worker who can be reached whose number that is, and the number as it is kept."""
    worker, contact = people_tables.worker, people_tables.contact
    found: dict[bytes, tuple[bytes, bytes]] = {}
    for some in _portions(sorted(workers)):
        own = sa.select(contact.c.worker_id, contact.c.sealed).where(contact.c.worker_id.in_(some))
        found |= {bytes(one): (bytes(one), bytes(sealed)) for one, sealed in turn.conn.execute(own)}
        merged = sa.select(worker.c.worker_id).where(worker.c.worker_id.in_(some), worker.c.state == MERGED)
        for one in map(bytes, turn.conn.scalars(merged)):
            # As whom the archive is read now, before as whom it was.
            person = merges.person_id(turn.conn, one)
            sealed = contacts.sealed_of(turn, person)
            if sealed is not None:
                found[one] = (person, sealed)
    return found


def _tell_office(
    turn: Turn,
    audience: str,
    addressee: str,
    kind: str,
    params: Mapping[str, Any],
    key: str,
    area: str = "",
) -> None:
    _check(audience, kind, params)
    row = {
        "addressee": addressee,
        "notice_id": _notice_id(kind, key),
        "kind": kind,
        "at_ms": turn.now_ms,
        "params": json.dumps(dict(params), sort_keys=True),
        "area": area,
        "read_ms": None,
        "read_by": None,
    }
    insert_missing(turn.conn, tables.office_notice, [row])


def recipient_of(worker_id: bytes) -> str:
    """Return how the outbox names a worker."""
    return f"worker:{worker_id.hex()}"


def erase(turn: Turn, worker_id: bytes) -> None:
    """Remove all that a worker was and was to be told, and where; part of the worker's erasure."""
    turn.conn.execute(tables.notice.delete().where(tables.notice.c.worker_id == worker_id))
    contacts.remove(turn, worker_id)
    contacts.forget_former(turn, worker_id)
    outbox.forget(turn, recipient_of(worker_id))


def empty(turn: Turn, house: "House", worker_id: bytes, seq: int, issuer: str = "") -> None:
    """Take out of what a worker was told of an entry what it says of it: the entry is erased.

    With its issuer (USCC) what was told of that issuer's keys, too. The notice stands, so that nobody wonders
    where it is, and the message that still waits says as little.
    """
    notice, entry = tables.notice, tables.entry.c
    leaf = turn.conn.execute(sa.select(entry.leaf).where(entry.worker_id == worker_id, entry.seq == seq))
    entered_ms = int.from_bytes(bytes(leaf.scalar_one())[2:10])
    mine = [notice.c.worker_id == worker_id] + ([] if issuer else [notice.c.at_ms == entered_ms])
    key = _locked(turn, house, [worker_id]).get(worker_id)
    if key is None:
        return
    found = sa.select(notice.c.notice_id, notice.c.at_ms, notice.c.sealed).where(*mine)
    for notice_id, at_ms, sealed in turn.conn.execute(found).all():
        place = worker_id, bytes(notice_id)
        said = open_sealed(key, *place, bytes(sealed))
        of_issuer = said["kind"] in OF_KEYS and said["params"].get("issuer") == issuer
        if of_issuer or (said["kind"] in OF_ENTRIES and at_ms == entered_ms):
            own = (notice.c.worker_id == worker_id, notice.c.notice_id == notice_id)
            turn.conn.execute(notice.update().where(*own).values(sealed=_seal(key, *place, EMPTIED, {})))


# -- small parts


def on_paper(kind: str, at_ms: int) -> bool:
    """Tell whether a worker who cannot be reached otherwise gets this on paper. Raises `NoRuleInForce`."""
    return bool(text_of("worker", kind, at_ms)["paper"])


def text_of(audience: str, kind: str, at_ms: int) -> dated.Row:
    """Return the text in force at a UTC instant. Raises `NoRuleInForce`."""
    return dated.rule(TEXTS, f"{audience}.{kind}", beijing_date(at_ms).isoformat())


def _check(audience: str, kind: str, params: Mapping[str, Any]) -> None:
    """Refuse a kind without text, and particulars that no notice may carry."""
    if not any(row["code"] == f"{audience}.{kind}" for row in dated.table(TEXTS).rows):
        raise ValueError(f"no text for {audience}.{kind}")
    for name, value in params.items():
        if name in NUMBERS and type(value) is int:
            continue
        known = name in PARAMS and (audience == "desk" or name not in FOR_DESKS)
        if not known or not isinstance(value, str) or not PARAMS[name].fullmatch(value):
            raise ValueError(f"a notice cannot carry {name!r} in this form")


def _notice_id(kind: str, key: str) -> bytes:
    return hashlib.sha256(f"notice/1\0{kind}\0{key}".encode()).digest()[:16]


def _seal(key: DataKey, worker_id: bytes, notice_id: bytes, kind: str, params: Mapping[str, Any]) -> bytes:
    said = orjson.dumps({"kind": kind, "params": dict(params)}, option=orjson.OPT_SORT_KEYS)
    return key.seal(said, field_aad("notice", "sealed", worker_id, notice_id, 1))


def open_sealed(key: DataKey, worker_id: bytes, notice_id: bytes, sealed: bytes) -> dict[str, Any]:
    """Return `kind` and `params` of a worker's notice. Raises `SealError`."""
    said: dict[str, Any] = orjson.loads(
        key.open(sealed, field_aad("notice", "sealed", worker_id, notice_id, 1))
    )
    return said


def _portions(things: Sequence[Any], size: int = 300) -> Iterable[Sequence[Any]]:
    return (things[start : start + size] for start in range(0, len(things), size))
