"""What comes from a bank (收件): each file taken in whole, once; what is not sound lies in quarantine (隔离).

    arrives ──> applied            the same bytes again change nothing
       ├──────> waiting            a statement before its turn: tried again once the one before is there
       └──────> quarantined        torn, unreadable, contradicting: nothing of it counts, and it is a break

The file is stored, sealed, with the transaction that takes it in; only then is it moved out of the folder.
"""

import hashlib
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from recordsvc.ground import bound, observe
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, uuid7
from recordsvc.money.bank import breaks, paying, reconcile, secrets
from recordsvc.money.bank.exchanges import exchange
from recordsvc.money.bank.formats.model import FileUnfit, Message
from recordsvc.money.bank.paying import Paying
from recordsvc.money.bank.reconcile import GAP, Early
from recordsvc.money.bank.tables import bank_file, recon_break

if TYPE_CHECKING:
    from recordsvc.house import House

FOLDER: Final = "system:folder"
APPLIED: Final = "applied"
WAITING: Final = "waiting"
QUARANTINED: Final = "quarantined"


def run(house: "House") -> int:
    """Take in what lies in the folders of all accounts; how many files. A job of `recordsvc work`."""
    with house.db.read() as conn:
        sources = paying.every(conn)
    count = 0
    for source in sources:
        place = exchange(house, source.code)
        for file in place.arrived():
            state = receive(house, source, file.name, file.content, FOLDER, whole=file.whole)
            # A torn file stays: the bank may still be writing it, and comes back to it.
            if file.whole or state != QUARANTINED:
                place.taken(file)
            count += 1
        _again(house, source)
    return count


def receive(house: "House", source: Paying, name: str, content: bytes, by: str, *, whole: bool = True) -> str:
    """Take in one file; what became of it: `applied`, `waiting`, `quarantined`."""
    messages: tuple[Message, ...] = ()
    unfit = FileUnfit("torn") if not whole else None
    if unfit is None:
        try:
            messages = paying.adapter(source.adapter, house.clock.now_ms()).read(name, content)
        except FileUnfit as error:
            unfit = error
    state: str = house.db.write(lambda turn: _take(turn, house, source, name, content, by, messages, unfit))
    if state == QUARANTINED:
        observe.log("bank-file-quarantined", account=source.code, sha256=hashlib.sha256(content).hexdigest())
    return state


def _take(
    turn: Turn,
    house: "House",
    source: Paying,
    name: str,
    content: bytes,
    by: str,
    messages: tuple[Message, ...],
    unfit: FileUnfit | None,
) -> str:
    sha256 = hashlib.sha256(content).digest()
    known = turn.conn.execute(sa.select(bank_file).where(bank_file.c.sha256 == sha256)).one_or_none()
    if known is not None:
        return str(known.state)
    state, reason = _judged(turn, source, messages, unfit)
    file_id = uuid7(FixedClock(turn.now_ms), house.random)
    secrets.keep(turn, house, file_id, content)
    turn.conn.execute(
        bank_file.insert().values(
            file_id=file_id,
            sha256=sha256,
            account=source.code,
            name=name[:120],
            received_ms=turn.now_ms,
            received_by=by,
            state=state,
            reason=reason[:120],
        )
    )
    bound.touch(turn, bank_file, (file_id,))
    if state == APPLIED:
        _applied(turn, house, source, name, messages, file_id)
    elif state == WAITING:
        breaks.open_break(turn, house, source.code, GAP, f"file {file_id.hex()}")
    else:
        breaks.open_break(turn, house, source.code, "file-quarantined", f"{file_id.hex()} {reason}")
    return state


def _judged(
    turn: Turn, source: Paying, messages: tuple[Message, ...], unfit: FileUnfit | None
) -> tuple[str, str]:
    if unfit is not None:
        return QUARANTINED, str(unfit)
    try:
        reconcile.assess(turn.conn, source, messages)
    except FileUnfit as error:
        return QUARANTINED, str(error)
    except Early:
        return WAITING, GAP
    return APPLIED, ""


def _applied(
    turn: Turn, house: "House", source: Paying, name: str, messages: tuple[Message, ...], file_id: bytes
) -> None:
    reconcile.apply(turn, house, house.cash, source, messages, file_id)
    # What lay torn or early under this name, or waited for this one, is answered by the file itself.
    own = bank_file.c
    before = sa.select(own.file_id, own.reason).where(
        own.account == source.code, own.name == name[:120], own.file_id != file_id
    )
    subjects = [
        one
        for row in turn.conn.execute(before)
        for one in (f"file {row.file_id.hex()}", f"{row.file_id.hex()} {row.reason}")
    ]
    subjects.append(f"file {file_id.hex()}")
    mine = recon_break.c
    opened = sa.select(mine.break_id).where(
        mine.account == source.code,
        mine.kind.in_((GAP, "file-quarantined")),
        mine.subject.in_(subjects),
        mine.state == "open",
    )
    for break_id in turn.conn.scalars(opened).all():
        breaks.close(turn, bytes(break_id), "superseded", "", "system:bank")


def _again(house: "House", source: Paying) -> None:
    """Try the statements that waited, as long as one of them now has its turn."""
    own = bank_file.c
    query = sa.select(own.file_id).where(own.account == source.code, own.state == WAITING)
    while True:
        with house.db.read() as conn:
            waiting = [bytes(one) for one in conn.scalars(query.order_by(own.file_id))]
        tried = [_retry(house, source, file_id) for file_id in waiting]
        if not any(tried):
            return


def _retry(house: "House", source: Paying, file_id: bytes) -> bool:
    """Judge a waiting file anew; whether it is waiting no longer."""
    with house.db.read() as conn:
        row = conn.execute(sa.select(bank_file).where(bank_file.c.file_id == file_id)).one()
        content = secrets.opened(house, conn, file_id)
    messages = paying.adapter(source.adapter, house.clock.now_ms()).read(row.name, content)

    def act(turn: Turn) -> bool:
        state, reason = _judged(turn, source, messages, None)
        if state == WAITING:
            return False
        own = bank_file.c
        waiting = bank_file.update().where(own.file_id == file_id, own.state == WAITING)
        if not turn.conn.execute(waiting.values(state=state, reason=reason[:120])).rowcount:
            return False
        bound.touch(turn, bank_file, (file_id,))
        if state == APPLIED:
            _applied(turn, house, source, row.name, messages, file_id)
        else:
            breaks.open_break(turn, house, source.code, "file-quarantined", f"{file_id.hex()} {reason}")
        return True

    tried: bool = house.db.write(act)
    return tried
