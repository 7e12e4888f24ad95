"""What was already done about a roster: an append-only file beside it, one JSON line per event, synced.

A record's id, salt and whole R are written *before* the first byte is sent. Whatever happens then, the next
run sends exactly the same bytes again, and the service answers with the first receipt. Events:

  answers    the answers of this file
  prepared   {id, key, row, purpose, root, digest, record}   R as text; purpose issue | correct | revoke
  batch      {batch_id, jws, ids}                            before the batch is sent
  answered   {id, status, ...}                               what the service said, or `withdrawn`

A crash can leave half a line at the end; nothing was sent on its account, so it is cut off.
"""

import json
import os
from dataclasses import dataclass, field
from io import BufferedRandom
from pathlib import Path
from typing import Any, Self

from recordsvc.submit.cells import Unreadable
from recordsvc.submit.privatefiles import sync_folder

_TEXTS = ("id", "key", "purpose", "root", "digest", "record")
STANDING = ("accepted", "duplicate")  # statuses of a record that is in the archive
WITHDRAWN = "withdrawn"  # never reached the service, and the sheet says it no more


@dataclass(slots=True)
class Prepared:
    """One record made for a row. `root` is what a correction or revocation is about (an issue: itself)."""

    id: str
    key: str
    row: int
    purpose: str
    root: str
    digest: str
    record: bytes
    status: str = ""  # empty: not answered yet
    answer: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class State:
    """The events of one roster, and what follows from them."""

    path: Path
    file: BufferedRandom
    answers: dict[str, Any] = field(default_factory=dict)
    records: dict[str, Prepared] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    places: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
    """Record id -> every batch it was ever sent in, and where in it."""

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open or create the state file, owner-only, alone. Raises `Unreadable`."""
        fresh = not path.exists()
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        file = os.fdopen(fd, "r+b")
        try:
            lock(fd)
            state = cls(path, file)
            state._replay()
        except BaseException:
            file.close()
            raise
        if fresh:
            sync_folder(path.parent)
        return state

    def close(self) -> None:
        """Close the file and with it the lock."""
        self.file.close()

    def keep_answers(self, answers: dict[str, Any]) -> None:
        """Remember the answers of this file."""
        if answers != self.answers:
            self._append([{"answers": answers, "event": "answers"}])

    def prepare(self, prepared: list[Prepared]) -> None:
        """Make records durable before they are sent: one sync for all of them."""
        self._append(
            [
                {
                    "digest": one.digest, "event": "prepared", "id": one.id, "key": one.key,
                    "purpose": one.purpose, "record": one.record.decode("utf-8"), "root": one.root,
                    "row": one.row,
                }
                for one in prepared
            ]
        )  # fmt: skip
        self.records.update({one.id: one for one in prepared})  # the caller's objects hear the answers

    def note_batch(self, batch_id: str, jws: str, ids: list[str]) -> None:
        """Keep the signature over a batch: without it a receipt of the batch could not be checked later."""
        self._append([{"batch_id": batch_id, "event": "batch", "ids": ids, "jws": jws}])

    def answered(self, answers: list[dict[str, Any]]) -> None:
        """Keep what the service said about records: {id, status, ...} each."""
        self._append([{**answer, "event": "answered"} for answer in answers])

    def unanswered(self) -> list[Prepared]:
        """Records that were prepared and whose fate is not known: to be sent again, byte for byte."""
        return [record for record in self.records.values() if not record.status]

    def of_key(self, key: str) -> list[Prepared]:
        """Everything made for a row, in order."""
        return [record for record in self.records.values() if record.key == key]

    def _append(self, events: list[dict[str, Any]]) -> None:
        if not events:
            return
        self.file.seek(0, os.SEEK_END)
        self.file.write(b"".join(_line(event) for event in events))
        self.file.flush()
        os.fsync(self.file.fileno())
        for event in events:
            self._apply(event)

    def _replay(self) -> None:
        end = 0
        self.file.seek(0)
        for line in self.file:
            if not line.endswith(b"\n"):
                self.file.truncate(end)
                break
            try:
                event = json.loads(line)
            except ValueError as fault:
                raise _damaged(self.path) from fault
            if not isinstance(event, dict):
                raise _damaged(self.path)
            try:
                self._apply(event)
            except (KeyError, TypeError) as fault:  # edited by hand
                raise _damaged(self.path) from fault
            end += len(line)

    def _apply(self, event: dict[str, Any]) -> None:
        match event.get("event"):
            case "answers":
                _must_be(dict, event["answers"])
                self.answers = event["answers"]
            case "prepared":
                _must_be(str, *(event[name] for name in _TEXTS))
                _must_be(int, event["row"])
                self.records[event["id"]] = Prepared(
                    event["id"], event["key"], event["row"], event["purpose"], event["root"], event["digest"],
                    event["record"].encode("utf-8"),
                )  # fmt: skip
            case "batch":
                _must_be(str, event["batch_id"], event["jws"], *event["ids"])
                self.batches[event["batch_id"]] = event
                for place, record_id in enumerate(event["ids"]):
                    self.places.setdefault(record_id, []).append((event["batch_id"], place))
            case "answered":
                _must_be(str, event["status"])
                record = self.records[event["id"]]
                record.status, record.answer = event["status"], event
            case _:
                raise _damaged(self.path)


def _must_be(kind: type, *values: Any) -> None:
    """Raise `TypeError` for a value of another kind."""
    if not all(isinstance(value, kind) for value in values):
        raise TypeError


def _line(event: dict[str, Any]) -> bytes:
    """One event as one line: escapes keep every line break of the service's texts inside it."""
    return json.dumps(event, sort_keys=True, separators=(",", ":")).encode("ascii") + b"\n"


def lock(fd: int) -> None:
    """One run at a time per roster; the lock goes with the process."""
    try:
        import fcntl
    except ImportError:
        return  # Windows refuses to open a file that another process is writing
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as fault:
        raise Unreadable(
            "in-use", "这个名册正在另一个窗口报送", "this roster is being sent by another process"
        ) from fault


def _damaged(path: Path) -> Unreadable:
    return Unreadable(
        "state",
        f"续传记录 {path.name} 已损坏；不要删除，请联系技术支持",
        f"the resume file {path.name} is damaged; do not delete it, ask for help",
    )
