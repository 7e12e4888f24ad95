"""A log that goes on under another name (日志接续): the way back when the newest entries are lost for good.

The database is destroyed and the newest backup ends before what was already given out: receipts, the
checkpoint kept outside, witnesses' cosignatures. Appending to it under the same name would sign two
histories.
So two officials decide that the log ends, and that another one goes on from what was kept:

    log A    0 … M-1 │ M … N-1 …        nothing is signed in its name any more; what was, stays true
    log B    0 … M-1 │ M: statement, erasures replayed, then whatever is entered from now on

    G at M = 0x04 ‖ 0x06 ‖ SHA-256("log-continuation/v1" ‖ text)

The text names both logs, what was kept (size, root), how large A is known to have been and by what (with the
signed note, where there is one), why, and who decided. Everybody can read it (`/log/continuations`). Whoever
holds a receipt for an index of A from M on proves with it what A promised, and sends the record again.

The journals of erasures and restrictions are replayed in the same transaction: there is no moment at which
the restored log could be opened with something erased in it, or something restricted readable.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import anchor, erasures, restrictions
from recordsvc.access.tables import session
from recordsvc.archive import formats, lost_erasures
from recordsvc.archive import tables as archive_tables
from recordsvc.archive.decided import decision_of
from recordsvc.ground import two_person
from recordsvc.ground.base64strict import b64
from recordsvc.ground.commit import Turn
from recordsvc.ground.finding import Snapshot, Wrong, at, scan
from recordsvc.ground.problems import Conflict, FormRefused
from recordsvc.ground.strictjson import canonical
from recordsvc.ground.two_person import Proposal
from recordsvc.translog import tables
from recordsvc.translog.note import NoteError, NoteKey, SignatureType
from recordsvc.translog.witness import WitnessClient, WitnessUnreachable

if TYPE_CHECKING:
    from recordsvc.house import House

CONTINUE: Final = "log.continue"
FORMAT: Final = "recordsvc-continuation/1"
_DECIDERS: Final = frozenset({"registrar", "data-officer"})


class NotBehind(Conflict):
    """Nothing outside tells of entries that this database has not: there is nothing to continue from."""

    code = "log-not-behind"
    title_zh = "库外没有更新的检查点、见证或删除日志：本库并不落后，不能接续"
    title_en = "Nothing outside is newer than this database: it lost nothing, and its log goes on as it is"
    remedy_zh = "请直接启动服务；如果确有条目丢失，请先把库外检查点、删除日志放回原处，并使见证方可以访问。"
    remedy_en = "Start the service; if entries are lost, put checkpoint and journal back and reach a witness."


@dataclass(frozen=True, slots=True)
class Seen:
    """What tells outside how large the log was; `note`: the signed checkpoint (base64), if it is one."""

    where: str
    size: int
    note: str = ""


def seen(house: "House") -> list[Seen]:
    """Ask everything outside the database how large the log was. Raises `NoteError` for a foreign checkpoint.

    A witness that cannot be reached tells nothing.
    """
    found = []
    kept = anchor.read(house)
    if kept is not None:
        note = b64(house.settings.anchor_path.read_bytes())
        found.append(Seen("checkpoint kept outside", kept.checkpoint.size, note))
    settings = house.settings
    for url, key in zip(settings.witness_urls, settings.witness_keys, strict=True):
        try:
            newest = WitnessClient(url, key).newest(anchor.log_keys(house))
        except WitnessUnreachable:
            continue
        if newest is not None:
            found.append(Seen(f"witness {NoteKey.parse(key).name}", newest.checkpoint.size))
    lines = erasures.read(house)
    if lines:
        found.append(Seen("erasure journal", max(one.idx for one in lines) + 1))
    return found


def propose(
    turn: Turn, house: "House", origin: str, text: str, found: list[Seen], by: str, *, random: Any = None
) -> bytes:
    """Propose that the log goes on as `origin` from what this database holds; `found`: see `seen`.

    Raises `FormRefused` for the name or the words, `NotBehind`.
    """
    _check_words(house, origin, text)
    size, root = _newest(turn.conn)
    larger = [asdict(one) for one in found if one.size > size]
    if not larger:
        raise NotBehind
    payload: dict[str, Any] = {
        "continues": house.log.origin,
        "kept": size,
        "origin": origin,
        "root": root,
        "seen": larger,
        "text": text,
    }
    return two_person.propose(turn, CONTINUE, origin, payload, by, random=random or house.random)


def _check_words(house: "House", origin: str, text: str) -> None:
    had = {house.log.origin, *(one.name for one in house.log.former)}
    wrong = []
    try:
        NoteKey(origin, SignatureType.ED25519, bytes(32))
        fault = "日志已经用过这个名称" if origin in had else "" if len(origin) <= 200 else "最多 200 字"
    except NoteError:
        fault = "不能用作日志和钥匙的名称"
    if fault:
        wrong.append({"pointer": "/origin", "code": "value", "detail": fault})
    if not (1 <= len(text) <= 400 and text.isprintable()):
        wrong.append({"pointer": "/text", "code": "value", "detail": "应为一行文字，最多 400 字"})
    if wrong:
        raise FormRefused(errors=wrong)


def _newest(conn: Connection) -> tuple[int, str]:
    own = tables.head.c
    row = conn.execute(sa.select(own.size, own.root)).one()
    return row.size, bytes(row.root).hex()


def _basis(conn: Connection, _subject: str, _payload: dict[str, Any]) -> str:
    size, root = _newest(conn)
    return f"{size}:{root}"


@two_person.executor(CONTINUE, deciders=_DECIDERS, basis=_basis)
def _continue(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter the statement as the first entry of the new name and replay the journal; the log index.

    Only a process that was opened under the new name can do it: no service that is running is one.
    """
    house: House = proposal.tools
    if house.log.origin != payload["origin"]:
        raise two_person.StaleProposal("这一事项只能在服务器上用 recordsvc continuation decide 办理")
    said = {**payload, "decision": decision_of(proposal), "format": FORMAT}
    marks = erasures.lost(turn.conn, house)
    kept = int(payload["kept"])
    lost_erasures.keep(turn, marks, kept)
    if written := _marks_at(turn.conn, kept):
        said["erased_since"] = lost_erasures.stated(written)
    text = canonical(said).decode()
    idx = house.log.turn(turn).append(formats.continuation_statement(text))
    values = {"size": idx, "before": payload["continues"], "origin": payload["origin"], "text": text}
    turn.conn.execute(tables.continuation.insert().values(**values))
    erasures.restate(turn, house, proposal, payload["continues"])
    restrictions.restate(turn, house, proposal, payload["continues"])
    # Whoever was signed out since the backup, or lost a role, is signed in again in it.
    turn.conn.execute(session.delete())
    return idx


def _marks_at(conn: Connection, size: int) -> list[bytes]:
    """Return the marks that were written with the continuation at this size."""
    own = archive_tables.lost_erasure.c
    return [bytes(one) for one in conn.scalars(sa.select(own.mark).where(own.size == size))]


def finish(house: "House") -> None:
    """Put the first checkpoint of the new name outside, and clean away what was replayed.

    Repeatable; `house` is opened anew under the new name. On PostgreSQL the bytes need the owner
    (`erasures.rewrite`). Raises `anchor.DatabaseBehind`.
    """
    anchor.keep(house)
    erasures.scrub(house)
    house.papers.sweep()


# -- what fsck asks


def check(house: "House", snapshot: Snapshot) -> int:
    """Hold every continuation against the log, which has been proven before; how many.

    Raises `Wrong` at the first row that the entry at its index does not bind, and for an entry without row.
    """
    own, bound = tables.continuation, set[int]()
    before = None
    for size, former, origin, text in scan(snapshot, [own.c.size, own.c.before, own.c.origin, own.c.text]):
        where = at(own, size=size)
        if formats.continuation_statement(text) != _entry(snapshot, size):
            raise Wrong(
                f"{where} column size/text ↔ {tables.entry.name}",
                "日志在该处没有这份接续声明",
                "the log has no statement of this text there",
            )
        said = orjson.loads(text)
        root = [bytes(one[0]).hex() for one in _roots(snapshot, size)]
        if (said["kept"], said["continues"], said["origin"], [said["root"]]) != (size, former, origin, root):
            raise Wrong(
                f"{where} column before/origin/text", "与声明正文不符", "is not what the statement says"
            )
        if before not in (None, former):
            raise Wrong(f"{where} column before", "与前一接续不相连", "does not follow the one before")
        _check_marks(snapshot, size, said)
        before = origin
        bound.add(size)
    if before not in (None, house.log.origin):
        raise Wrong(own.name, "与设置的日志名称不符", "the newest name differs from the settings")
    _check_strays(snapshot, bound)
    for idx in _statements(snapshot):
        if idx not in bound:
            raise Wrong(at(own, size=idx), "该行缺失", "the row is missing")
    return len(bound)


def _check_marks(snapshot: Snapshot, size: int, said: dict[str, Any]) -> None:
    """Hold the marks written with a continuation against what it states of them. Raises `Wrong`."""
    own = archive_tables.lost_erasure
    marks = [bytes(mark) for mark, _size in scan(snapshot, [own.c.mark, own.c.size], own.c.size == size)]
    if (lost_erasures.stated(marks) if marks else None) != said.get("erased_since"):
        raise Wrong(
            f"{at(own, size=size)} ↔ {tables.continuation.name} column text",
            "与声明所列的已删除记录不符",
            "are not the marks that the statement counts",
        )


def _check_strays(snapshot: Snapshot, continued: set[int]) -> None:
    """Refuse a mark that no continuation was written with. Raises `Wrong`."""
    own = archive_tables.lost_erasure
    for mark, size in scan(snapshot, [own.c.mark, own.c.size]):
        if size not in continued:
            raise Wrong(at(own, mark=mark), "多出的行", "the row must not be there")


def _entry(snapshot: Snapshot, idx: int) -> bytes | None:
    own = tables.entry.c
    found = list(scan(snapshot, [own.data, own.idx], own.idx == idx))
    return bytes(found[0][0]) if found else None


def _roots(snapshot: Snapshot, size: int) -> Iterator[Any]:
    own = tables.checkpoint.c
    return scan(snapshot, [own.root, own.size], own.size == size)


def _statements(snapshot: Snapshot) -> Iterator[int]:
    own = tables.entry.c
    prefix = bytes((formats.EntryType.SERVICE, formats.CONTINUED))
    after = bytes((formats.EntryType.SERVICE, formats.CONTINUED + 1))
    for idx, _data in scan(snapshot, [own.idx, own.data], own.data >= prefix, own.data < after):
        yield idx


def digest(text: str) -> str:
    """Return SHA-256 (hex) of a statement's text, by which people compare copies of it."""
    return hashlib.sha256(text.encode()).hexdigest()
