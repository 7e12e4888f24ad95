"""Secret keys in files: written whole or not at all, read only when nothing about the file is doubtful.

密钥文件。A file is a few lines of text; its last line is the SHA-256 of the lines above, so that a
torn write or an edit is seen. Its first lines name format and key: a file under another key's name is seen.

    recordsvc-key/1
    id: log
    algorithm: Ed25519
    secret: <base64>
    sha256: <64 hex digits over everything above, newlines included>

The folder must be ours alone (0700) and each file too (0600): a key that somebody else could read is refused
even if nobody did. Files are opened relative to the folder's descriptor and never through a symbolic link, so
what was checked is what is read.
"""

import hashlib
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_BYTES = 64 * 1024
_SUM = b"sha256: "


class KeyFileError(Exception):
    """A key folder or file that must not be used: the message says which, why, what to do; never a secret."""


@contextmanager
def key_folder(folder: Path) -> Iterator[int]:
    """The folder's descriptor, once it is known to be a real folder, ours, and closed to everybody else."""
    try:
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyFileError(f"key folder {folder} does not exist: create the keys or restore them") from None
    except OSError as error:
        raise KeyFileError(
            f"key folder {folder} cannot be opened as a plain folder: {error.strerror}"
        ) from None
    try:
        _check_private(os.fstat(fd), f"key folder {folder}", "chmod 700")
        yield fd
    finally:
        os.close(fd)


def make_folder(folder: Path) -> None:
    """Make the folder owner-only if it is missing; an existing one is left for `key_folder` to judge."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return
    _sync(folder.parent)


def read(fd: int, name: str) -> list[str]:
    """The lines of `name` in the folder `fd`, without the checksum line. Raises `KeyFileError`."""
    return _checked_lines(name, _content(fd, name))


def read_pin(fd: int, name: str) -> str:
    """The one line of a file that people write (a PIN), as private as a key. Raises `KeyFileError`."""
    lines = _content(fd, name).decode("utf-8", "replace").splitlines()
    if len(lines) != 1 or not lines[0]:
        raise KeyFileError(f"key file {name} does not hold one line: write the PIN there, and nothing else")
    return lines[0]


def _content(fd: int, name: str) -> bytes:
    try:
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=fd)
    except FileNotFoundError:
        raise KeyFileError(f"key file {name} is missing: restore it from the key backup") from None
    except OSError as error:
        raise KeyFileError(f"key file {name} cannot be opened as a plain file: {error.strerror}") from None
    with os.fdopen(file, "rb") as stream:
        state = os.fstat(stream.fileno())
        if not stat.S_ISREG(state.st_mode):
            raise KeyFileError(f"key file {name} is not a plain file")
        _check_private(state, f"key file {name}", "chmod 600")
        return stream.read(MAX_BYTES + 1)


def write_new(fd: int, name: str, lines: list[str]) -> bool:
    """Write `name` unless it exists; True if this call made it.

    A link, not a rename: a rename would replace a key that another process has made in the meantime, and with
    it everything encrypted under that key.
    """
    temporary = _write_temporary(fd, name, lines)
    try:
        os.link(temporary, name, src_dir_fd=fd, dst_dir_fd=fd, follow_symlinks=False)
    except FileExistsError:
        return False
    finally:
        os.unlink(temporary, dir_fd=fd)
    os.fsync(fd)
    return True


def replace(fd: int, name: str, lines: list[str]) -> None:
    """Put `lines` in the place of `name` in one step: a crash leaves the old file or the new one."""
    os.rename(_write_temporary(fd, name, lines), name, src_dir_fd=fd, dst_dir_fd=fd)
    os.fsync(fd)


def exists(fd: int, name: str) -> bool:
    """Whether the folder holds anything under that name, be it a broken link."""
    try:
        os.stat(name, dir_fd=fd, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def remove(fd: int, name: str) -> None:
    """Destroy `name`, durably."""
    os.unlink(name, dir_fd=fd)
    os.fsync(fd)


def _write_temporary(fd: int, name: str, lines: list[str]) -> str:
    body = "".join(f"{line}\n" for line in lines).encode("ascii")
    temporary = f".{name}.{secrets.token_hex(8)}.new"
    file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=fd)
    with os.fdopen(file, "wb") as stream:
        stream.write(body + _SUM + hashlib.sha256(body).hexdigest().encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())
    return temporary


def _checked_lines(name: str, data: bytes) -> list[str]:
    if not data:
        raise KeyFileError(f"key file {name} is empty: restore it from the key backup")
    body, mark, checksum = data.rpartition(_SUM)
    if len(data) > MAX_BYTES or not mark or checksum != hashlib.sha256(body).hexdigest().encode() + b"\n":
        raise KeyFileError(
            f"key file {name} is torn or was changed (checksum): restore it from the key backup"
        )
    return body.decode("ascii", "replace").splitlines()


def _check_private(state: os.stat_result, what: str, remedy: str) -> None:
    if state.st_uid != os.geteuid():
        raise KeyFileError(
            f"{what} belongs to user {state.st_uid}, the service runs as {os.geteuid()}: refused"
        )
    if state.st_mode & 0o077:
        mode = stat.S_IMODE(state.st_mode)
        raise KeyFileError(f"{what} is open to others (mode {mode:o}): replace what it holds, then {remedy}")


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
