"""The checkpoint kept outside the database (库外检查点): tells a rolled-back database from the true one.

A file of its own, ideally on another disk, replaced atomically and only ever by a larger checkpoint. A
service whose database is behind it refuses to append: it would fork its own log.
"""

import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from recordsvc.ground import observe
from recordsvc.ground.refusal import StartRefused
from recordsvc.translog import continuations
from recordsvc.translog.checkpoint import Checkpoint, OpenedCheckpoint, open_checkpoint
from recordsvc.translog.note import NoteError, NoteKey
from recordsvc.translog.store import Log
from recordsvc.translog.tree import ProofError, verify_consistency

if TYPE_CHECKING:
    from recordsvc.house import House


class DatabaseBehind(StartRefused):
    """The database is older than, or contradicts, a checkpoint that was already given out."""


class AnchorForeign(StartRefused):
    """What lies where the checkpoint is kept outside is none of this log: torn, or another service's."""


class AnchorMissing(RuntimeError):
    """The log has entries and no checkpoint is kept outside: an old copy would not be noticed by it."""


def log_key(house: "House") -> NoteKey:
    """Return the log's newest verifier key."""
    return house.log.live_keys()[0]


def log_keys(house: "House") -> list[NoteKey]:
    """Return all verifier keys the log ever had under its present name, the newest first."""
    return house.log.verifier_keys()


def log_keys_at(house: "House", size: int) -> list[NoteKey]:
    """Return the verifier keys under the name that the checkpoint of a size bears."""
    return house.log.verifier_keys(house.log.name_at(size))


def read(house: "House") -> OpenedCheckpoint | None:
    """Return the kept checkpoint; None before the first. Raises `NoteError` for a foreign file.

    One of a former name that is no larger than what a continuation told of it has done its duty: its note
    stands in the statement, and the first checkpoint of the present name takes its place.
    """
    try:
        note = house.settings.anchor_path.read_text("utf-8")
    except FileNotFoundError:
        return None
    try:
        return open_checkpoint(note, log_keys(house))
    except NoteError:
        if house.log.former and _settled(house, note):
            return None
        raise


def _settled(house: "House", note: str) -> bool:
    with house.db.read() as conn:
        told = {one.before: one.seen for one in continuations.listed(conn)}
    for name, most in told.items():
        with suppress(NoteError):
            return open_checkpoint(note, house.log.verifier_keys(name)).checkpoint.size <= most
    return False


def keep(house: "House") -> bool:
    """Write the newest checkpoint if it continues the kept one; True if written. Raises `DatabaseBehind`."""
    kept = read(house)
    with house.db.read() as conn:
        newest = house.log.newest(conn)
    if kept is not None and newest.size == kept.checkpoint.size and newest.root == kept.checkpoint.root:
        return False
    if kept is not None:
        # Never forget what was seen for something that does not continue it.
        compare(house.log, house, kept.checkpoint, "the checkpoint kept outside the database")
    _replace(house.settings.anchor_path, newest.note.encode())
    return True


def check(house: "House") -> None:
    """Refuse a database that does not continue the kept checkpoint.

    Raises `DatabaseBehind`, `AnchorForeign`, `AnchorMissing`.
    """
    try:
        kept = read(house)
    except (NoteError, UnicodeDecodeError) as error:
        raise AnchorForeign(
            f"{house.settings.anchor_path} is no checkpoint of this log ({error}): it is torn or another "
            "service's; put the newest copy of the right one back"
        ) from error
    if kept is not None:
        compare(house.log, house, kept.checkpoint, "the checkpoint kept outside the database")
        return
    with house.db.read() as conn:
        if house.log.newest(conn).size:
            raise AnchorMissing("the log has entries, and no checkpoint of it is kept outside the database")


def check_start(house: "House") -> None:
    """Do as `check`, but only say it when there is nothing to compare with.

    Raises `DatabaseBehind`, `AnchorForeign`.
    """
    try:
        check(house)
    except AnchorMissing:
        observe.log("anchor-missing")


def compare(log: Log, house: "House", seen: Checkpoint, where: str) -> None:
    """Refuse a database that does not contain a checkpoint seen elsewhere. Raises `DatabaseBehind`."""
    with house.db.read() as conn:
        newest = log.newest(conn)
        if newest.size < seen.size:
            raise DatabaseBehind(
                f"the database has {newest.size} entries, {where} has {seen.size}: an old copy was restored; "
                "restore the newest one, nothing may be appended to this"
            )
        if seen.size == 0:
            return
        try:
            path = log.reader(conn, newest.size).consistency(seen.size)
            verify_consistency(seen.size, seen.root, newest.size, newest.root, path)
        except (ProofError, LookupError) as error:
            raise DatabaseBehind(
                f"the log does not continue {where} (size {seen.size}): entries were changed; "
                "run `recordsvc log fsck`"
            ) from error


def _replace(path: Path, data: bytes) -> None:
    """Put a file in place so that after any crash the old or the new one is there, whole."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(path.name + ".new")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, data)
        os.fsync(handle)
    finally:
        os.close(handle)
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
