"""What each step of a draw says for good (抽查文书), and how the archive's log binds it.

    commit → reveal → assign → result       canonical JSON each, naming the SHA-256 of the one before

    G = 0x04 ‖ 0x06 ‖ SHA-256(document)     a service statement in the archive's log, in the same transaction

The log's checkpoint signs it and witnesses cosign it: a list swapped after the commitment, or a commitment
made after the event, contradicts what they have seen.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import formats, receipts
from recordsvc.ground import bound
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.strictjson import canonical
from recordsvc.oversight.tables import draw_document, draw_list

if TYPE_CHECKING:
    from recordsvc.house import House

COMMIT: Final = "commit"
REVEAL: Final = "reveal"
ASSIGN: Final = "assign"
RESULT: Final = "result"
OBJECTS: Final = "objects"
ROSTER: Final = "roster"


@dataclass(frozen=True, slots=True)
class Document:
    """One step's document, and the entry of the archive's log that binds it."""

    step: str
    data: bytes
    idx: int

    @property
    def sha256(self) -> str:
        """Return its hash, by which the next one names it."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def said(self) -> dict[str, Any]:
        """Return what it says."""
        found: dict[str, Any] = orjson.loads(self.data)
        return found


def statement(document: bytes) -> bytes:
    """Return the entry G of the archive's log that binds a document."""
    return formats.service_statement(formats.DRAW, hashlib.sha256(document).digest())


def say(turn: Turn, house: "House", draw_id: bytes, step: str, content: dict[str, Any]) -> None:
    """Write a step's document and have the log state it, in the running turn."""
    document = canonical({"draw": uuid_text(draw_id), "type": f"draw-{step}/v1", **content})
    idx = house.log.turn(turn).append(statement(document))
    row = {"draw_id": draw_id, "step": step, "document": document, "idx": idx}
    turn.conn.execute(draw_document.insert().values(**row))
    bound.wrote(turn, draw_document, row)


def keep(turn: Turn, draw_id: bytes, name: str, lines: bytes) -> None:
    """Keep a list as it was committed to."""
    row = {"draw_id": draw_id, "list": name, "lines": lines}
    turn.conn.execute(draw_list.insert().values(**row))
    bound.wrote(turn, draw_list, row)


def lines(conn: Connection, draw_id: bytes, name: str) -> bytes:
    """Return a list of a draw."""
    own = draw_list.c
    wanted = sa.select(own.lines).where(own.draw_id == draw_id, own.list == name)
    return bytes(conn.execute(wanted).scalar_one())


def of(conn: Connection, draw_id: bytes) -> dict[str, Document]:
    """Return the documents of a draw by step."""
    own = draw_document.c
    wanted = sa.select(own.step, own.document, own.idx).where(own.draw_id == draw_id).order_by(own.idx)
    return {row.step: Document(row.step, bytes(row.document), row.idx) for row in conn.execute(wanted)}


def proven(house: "House", conn: Connection, document: Document, *, shown: bool) -> dict[str, Any]:
    """Return a document with its place in the log; its text only where the draw is open."""
    proof = receipts.at_commit(house, conn, document.idx, b"")
    return {
        "sha256": document.sha256,
        "document": document.data.decode() if shown else None,
        "index": proof.index,
        "path": [one.hex() for one in proof.path],
        "checkpoint": proof.checkpoint,
    }
