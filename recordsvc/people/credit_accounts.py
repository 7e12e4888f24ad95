"""A learner's account number at the credit bank (学分银行账户号): an identifier that no record names.

    entered by its owner ── another is entered ──> superseded ── the same is entered again ──> claimed
                         └─ a merge undone, in whose time it was entered ──> superseded

It stands with the other identifiers, sealed and found by blind index, so that one number is one person's. No
bank publishes a form or a check character (docs/credits.md): what is accepted is dated data. It is no number
of a document: lists of those leave it out.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, beijing_date, uuid7
from recordsvc.ground.problems import Conflict, FormRefused, NotFound
from recordsvc.people import identifiers, tables
from recordsvc.people.resolve import CREDIT_ACCOUNT, identifier_aad
from recordsvc.people.workers import Worker
from recordsvc.vault import fence

if TYPE_CHECKING:
    from recordsvc.house import House

FORM: Final = "credit_account_form"
CLAIMED: Final = "claimed"
SUPERSEDED: Final = "superseded"


class CreditAccountRefused(FormRefused):
    """Not what an account number at the bank looks like."""

    code = "credit-account"
    title_zh = "不是可用的学分银行账户号"
    title_en = "Not a usable account number at the credit bank"
    remedy_zh = "请照学分银行账户页面上所示的账户号填写，不要填写身份证号码。"
    remedy_en = "Give the account number as the credit bank shows it, never an identity number."


class CreditAccountTaken(Conflict):
    """The number cannot be entered here: it stands elsewhere."""

    code = "credit-account-taken"
    title_zh = "该账户号不能登记"
    title_en = "This account number cannot be entered"
    remedy_zh = "请核对账户号；确认无误的，请到人社服务窗口办理。"
    remedy_en = "Check the number; if it is right, ask at the service window."


@dataclass(frozen=True, slots=True)
class CreditAccount:
    """One assertion: the number, whose archive it stands in, since when (UTC ms), on whose word."""

    identifier_id: bytes
    worker_id: bytes
    number: str
    standing: str
    asserted_ms: int
    source: str


def normal(raw: str, day: dt.date) -> str:
    """Return an account number as it is kept, by the form of a Beijing day. Raises `CreditAccountRefused`."""
    value, form = identifiers.normalise_typed(raw), dated.rule(FORM, "account", day.isoformat())
    fits = form["least"] <= len(value) <= form["most"] and set(value) <= set(form["characters"])
    if not fits or identifiers.is_resident_id(value, day):
        raise CreditAccountRefused(pointer="/number")
    return value


def enter(turn: Turn, house: "House", worker_id: bytes, raw: str, source: str) -> bytes:
    """Enter the number as the worker's present one; the identifier's id. An earlier one is superseded.

    Raises `CreditAccountRefused`, `CreditAccountTaken`, `NotFound`.
    """
    number = normal(raw, beijing_date(turn.now_ms))
    epoch = house.keys.epoch
    fence.hold(turn, house.db, epoch)
    own, index = tables.identifier, tables.blind_index
    # The row is locked: two entries, or an erasure that runs now, come one after the other.
    turn.conn.execute(sa.select(tables.worker.c.state).where(_is(worker_id)).with_for_update())
    worker = house.people.load(house.db.cursor(turn.conn), worker_id)
    if worker is None:
        raise NotFound
    tags = house.people.tags(CREDIT_ACCOUNT, number)
    held = turn.conn.execute(
        sa.select(index.c.worker_id, index.c.identifier_id).where(index.c.tag.in_(tags))
    ).first()
    archives = {worker_id, *house.people.read_as(house.db.cursor(turn.conn), worker_id)}
    if held is not None and bytes(held.worker_id) not in archives:
        raise CreditAccountTaken(pointer="/number")
    for one in archives:
        _stand(turn.conn, SUPERSEDED, own.c.worker_id == one, own.c.kind == CREDIT_ACCOUNT)
    if held is not None:
        _stand(
            turn.conn, CLAIMED, own.c.worker_id == held.worker_id, own.c.identifier_id == held.identifier_id
        )
        return bytes(held.identifier_id)
    identifier_id = uuid7(FixedClock(turn.now_ms), house.random)
    row = house.people.identifier_row(worker, identifier_id, CREDIT_ACCOUNT, number, CLAIMED, source)
    house.db.bulk(turn.conn, own, [row])
    rows = house.people.index_rows(worker_id, identifier_id, CREDIT_ACCOUNT, number, CLAIMED)
    house.db.bulk(turn.conn, index, rows)
    return identifier_id


def present(house: "House", conn: Connection, person: bytes) -> CreditAccount | None:
    """Return a person's present account, archives that are read as theirs included. Raises `SealError`."""
    cursor = house.db.cursor(conn)
    archives = house.people.load_all(cursor, [person, *house.people.read_as(cursor, person)])
    found = [one for worker in archives.values() for one in _of(conn, worker)]
    # Two of merged archives: the one entered last counts.
    return max(found, key=lambda one: (one.asserted_ms, one.identifier_id), default=None)


def part(turn: Turn, archives: Collection[bytes], since_ms: int) -> None:
    """Let no number count that was entered while archives were merged, now that the merge is undone."""
    own = tables.identifier.c
    mine = (own.worker_id.in_(list(archives)), own.kind == CREDIT_ACCOUNT, own.asserted_ms >= since_ms)
    _stand(turn.conn, SUPERSEDED, *mine)


def _of(conn: Connection, worker: Worker) -> list[CreditAccount]:
    own = tables.identifier.c
    query = sa.select(own.identifier_id, own.standing, own.asserted_ms, own.source, own.sealed)
    mine = (own.worker_id == worker.worker_id, own.kind == CREDIT_ACCOUNT, own.standing == CLAIMED)
    found = []
    for row in conn.execute(query.where(*mine)):
        key = (bytes(row.identifier_id), CREDIT_ACCOUNT, row.asserted_ms, row.source)
        number = worker.key.open(bytes(row.sealed), identifier_aad(worker.worker_id, *key)).decode()
        found.append(
            CreditAccount(key[0], worker.worker_id, number, row.standing, row.asserted_ms, row.source)
        )
    return found


def _stand(conn: Connection, standing: str, *which: sa.ColumnElement[bool]) -> None:
    """Let these identifiers, and the rows that lead to them, stand so."""
    own, index = tables.identifier, tables.blind_index
    ids = [bytes(one) for one in conn.scalars(sa.select(own.c.identifier_id).where(*which))]
    for table in (own, index):
        conn.execute(table.update().where(table.c.identifier_id.in_(ids)).values(standing=standing))


def _is(worker_id: bytes) -> sa.ColumnElement[bool]:
    return tables.worker.c.worker_id == worker_id
