"""Backups (备份): the database at one instant and the sealed papers, with a manifest that says what is whole.

    OUT/<UTC time>/database.sqlite | database.dump    SQLite's online backup, or pg_dump's custom format
    OUT/<UTC time>/objects/…                          sealed papers, copied after the database
    OUT/<UTC time>/manifest.json                      written last: log size, root, files with SHA-256

Keys, settings and the erasure journal are not in it: what is sealed in a stolen backup stays sealed. They are
backed up by themselves, elsewhere (docs/operations.md). A folder ends with `.part` until it is whole.
"""

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url

from recordsvc.genesis import FIXED
from recordsvc.ground.database import Database
from recordsvc.settings import environment

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.settings import Settings

FORMAT: Final = "recordsvc-backup/1"
MANIFEST: Final = "manifest.json"
SQLITE: Final = "database.sqlite"
DUMP: Final = "database.dump"
OBJECTS: Final = "objects"
PART: Final = ".part"
_STAMP: Final = "%Y%m%dT%H%M%SZ"
_CHUNK: Final = 1024 * 1024
_DAY_S: Final = 86_400


class BackupRefused(RuntimeError):
    """A backup cannot be made, is not whole, or may not be restored here; the text says why."""


def make(house: "House", out: Path) -> Path:
    """Back up a running service into a new folder in `out` and return it. Raises `BackupRefused`."""
    made_s = house.clock.now_ms() // 1_000
    folder = out / time.strftime(_STAMP, time.gmtime(made_s))
    part = folder.with_name(folder.name + PART)
    if folder.exists() or part.exists():
        raise BackupRefused(f"{folder.name} is there already")
    part.mkdir(mode=0o700, parents=True)
    try:
        size, root = _database(house, part)
        _objects(house.settings, part)
        manifest = {
            "database": SQLITE if (part / SQLITE).exists() else DUMP,
            "files": {name: _described(part / name) for name in _names(part)},
            "format": FORMAT,
            "made_s": made_s,
            "objects": "here" if not house.settings.objects_url else "in the bucket, not here",
            "root": root,
            "settings": {name: getattr(house.settings, name) for name in FIXED},
            "size": size,
        }
        _write(part / MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1, sort_keys=True).encode())
        for place in sorted({part, *(one.parent for one in part.rglob("*"))}):
            _sync_folder(place)
        part.replace(folder)
        _sync_folder(out)
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return folder


def tidy(out: Path, now_s: int, days: int) -> list[str]:
    """Remove whole backups older than `days`, never the newest one, and what a crash left; their names."""
    whole = sorted(one for one in out.iterdir() if (one / MANIFEST).is_file() and one.suffix != PART)
    old = [one for one in whole[:-1] if read(one)["made_s"] < now_s - days * _DAY_S]
    left = [one for one in out.glob("*" + PART) if one.stat().st_mtime < now_s - _DAY_S]
    for one in (*old, *left):
        shutil.rmtree(one)
    return [one.name for one in (*old, *left)]


def read(folder: Path) -> dict[str, Any]:
    """Return a backup's manifest. Raises `BackupRefused` where there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_bytes())
    except (OSError, ValueError):
        raise BackupRefused("no readable manifest: the backup is not whole") from None
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise BackupRefused("not a backup of this service")
    return manifest


def check(folder: Path) -> dict[str, Any]:
    """Return the manifest of a backup whose files are all there, byte for byte. Raises `BackupRefused`."""
    manifest = read(folder)
    there = set(_names(folder)) - {MANIFEST}
    if there != set(manifest["files"]):
        raise BackupRefused("files are missing, or more than the manifest names: torn or tampered with")
    for name, told in manifest["files"].items():
        if _described(folder / name) != told:
            raise BackupRefused(f"{name} is not what was backed up: torn or tampered with")
    return manifest


def restore(settings: "Settings", folder: Path) -> dict[str, Any]:
    """Put a whole backup where these settings say; nothing that is there is overwritten.

    Returns the manifest. Raises `BackupRefused`. The caller opens the service and compares the heads.
    """
    manifest = check(folder)
    for name, value in manifest["settings"].items():
        if getattr(settings, name, None) != value:
            raise BackupRefused(f"{name} differs: this is the backup of another installation")
    url = make_url(settings.database)
    if (url.get_backend_name() == "sqlite") != (manifest["database"] == SQLITE):
        raise BackupRefused(f"the backup holds {manifest['database']}, the settings name another database")
    if manifest["database"] == SQLITE:
        _restore_sqlite(Path(str(url.database)), folder / SQLITE)
    else:
        _restore_postgresql(make_url(settings.owner_database), folder / DUMP)
    for name in manifest["files"]:
        if name.startswith(OBJECTS + "/"):
            target = settings.objects_dir / name.removeprefix(OBJECTS + "/")
            if not target.exists():
                _copy(folder / name, target)
    return manifest


def compare(house: "House", manifest: dict[str, Any]) -> None:
    """Refuse a restored database whose head is not the one that was backed up. Raises `BackupRefused`."""
    with house.db.read() as conn:
        if _head(house, conn) != (manifest["size"], manifest["root"]):
            raise BackupRefused("the restored log has another head than the backup's manifest")


# -- databases


def _database(house: "House", part: Path) -> tuple[int, str]:
    url = make_url(house.settings.database)
    if url.get_backend_name() == "sqlite":
        return _backup_sqlite(house, Path(str(url.database)), part / SQLITE)
    with house.db.read() as conn:
        # pg_dump reads the very snapshot whose head the manifest tells.
        snapshot = conn.exec_driver_sql("SELECT pg_export_snapshot()").scalar()
        head = _head(house, conn)
        command = [
            "pg_dump",
            "--format=custom",
            "--no-owner",
            f"--snapshot={snapshot}",
            f"--file={part / DUMP}",
        ]
        _run(command, make_url(house.settings.owner_database))
    (part / DUMP).chmod(0o600)
    _sync(part / DUMP)
    return head


def _backup_sqlite(house: "House", source: Path, target: Path) -> tuple[int, str]:
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy)
        copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        if copy.execute("PRAGMA quick_check").fetchone() != ("ok",):
            raise BackupRefused("the copy of the database is damaged")
    target.chmod(0o600)
    _sync(target)
    copied = Database(f"sqlite:///{target}", clock=house.clock, pool_size=1)
    try:
        with copied.read() as conn:
            head = _head(house, conn)
    finally:
        copied.close()
    for beside in ("-wal", "-shm", ".writer"):
        with suppress(FileNotFoundError):
            target.with_name(target.name + beside).unlink()
    return head


def _head(house: "House", conn: sa.Connection) -> tuple[int, str]:
    newest = house.log.newest(conn)
    return newest.size, newest.root.hex()


def _restore_sqlite(target: Path, source: Path) -> None:
    beside = [target.with_name(target.name + one) for one in ("", "-wal", "-shm")]
    if any(one.exists() for one in beside):
        raise BackupRefused("there is a database already: move it away first, it is evidence")
    _copy(source, target)


def _restore_postgresql(url: URL, source: Path) -> None:
    engine = sa.create_engine(url)
    try:
        if sa.inspect(engine).get_table_names():
            raise BackupRefused("the database is not empty: restore into a new one")
    finally:
        engine.dispose()
    command = ["pg_restore", "--no-owner", "--exit-on-error", "--single-transaction"]
    _run([*command, f"--dbname={url.database}", str(source)], url)


def _run(command: list[str], url: URL) -> None:
    """Run a tool of PostgreSQL; the password is in its environment and not in its arguments."""
    told = {"PGHOST": url.host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    told |= {"PGDATABASE": url.database}
    hosts = url.query.get("host")
    if hosts:
        told["PGHOST"] = hosts if isinstance(hosts, str) else ",".join(hosts)
    around = environment() | {name: str(value) for name, value in told.items() if value}
    try:
        done = subprocess.run(command, env=around, capture_output=True, check=False)  # noqa: S603 - fixed tools
    except FileNotFoundError:
        raise BackupRefused(f"{command[0]} is not installed") from None
    if done.returncode:
        raise BackupRefused(
            f"{command[0]} failed: {done.stderr.decode(errors='replace').partition(chr(10))[0]}"
        )


# -- files


def _objects(settings: "Settings", part: Path) -> None:
    if settings.objects_url or not settings.objects_dir.is_dir():
        return
    for path in sorted(settings.objects_dir.rglob("*")):
        # What is erased while this runs is gone, and must not be in the backup.
        with suppress(FileNotFoundError):
            if path.is_file():
                _copy(path, part / OBJECTS / path.relative_to(settings.objects_dir))


def _names(folder: Path) -> Iterator[str]:
    return (one.relative_to(folder).as_posix() for one in sorted(folder.rglob("*")) if one.is_file())


def _described(path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


def _copy(source: Path, target: Path) -> None:
    """Copy a file so that after any crash the target is there whole or not at all."""
    _closed_folder(target.parent)
    fresh = target.with_name(target.name + ".new")
    shutil.copyfile(source, fresh)
    fresh.chmod(0o600)
    _sync(fresh)
    fresh.replace(target)
    _sync_folder(target.parent)


def _closed_folder(path: Path) -> None:
    """Make a folder and what is missing above it, all closed to others: `mkdir` closes the last alone."""
    if not path.is_dir():
        _closed_folder(path.parent)
        path.mkdir(mode=0o700, exist_ok=True)


def _write(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    path.chmod(0o600)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
