"""The witness's private key in a file that only its owner can read, written whole or not at all.

Three lines: ``witness-key/1 <name>``, the 32-byte seed in base64, SHA-256 of the two lines before. A file
that is cut off, changed, somebody else's, or readable by others is refused: a key that may have been read
is no longer a key.
"""

import os
import secrets
import stat
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from witness.note import Cosigner, Malformed, check_name, unbase64

FILE_NAME: Final = "witness.key"
_MARK: Final = "witness-key/1 "


class KeyFileError(Exception):
    """A key file that must not be used; the message says why and never shows the key."""


def generate(name: str) -> tuple[Cosigner, bytes]:
    """A new key, and the file content that keeps it."""
    check_name(name)
    seed = secrets.token_bytes(32)
    body = f"{_MARK}{name}\n{b64encode(seed).decode()}\n"
    content = f"{body}{sha256(body.encode()).hexdigest()}\n"
    return Cosigner(name, Ed25519PrivateKey.from_private_bytes(seed)), content.encode()


def write(folder: Path, content: bytes) -> None:
    """Put the key file in place in one step; FileExistsError when there is one already."""
    temporary = folder / f".{FILE_NAME}.{secrets.token_hex(8)}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(temporary, folder / FILE_NAME)  # unlike a rename, never replaces a key
    finally:
        temporary.unlink()
    directory = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def load(folder: Path) -> Cosigner:
    """Read the key. Raises KeyFileError when anything about the file is doubtful."""
    file = folder / FILE_NAME
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise KeyFileError(f"{file} cannot be opened as a plain file: {error.strerror}") from None
    try:
        _check(file, os.fstat(descriptor))
        content = os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
    return _decode(file, content)


def _check(file: Path, state: os.stat_result) -> None:
    if not stat.S_ISREG(state.st_mode):
        raise KeyFileError(f"{file} is not a plain file")
    if state.st_uid != os.geteuid():
        raise KeyFileError(f"{file} belongs to another user")
    if state.st_mode & 0o077:
        mode = stat.S_IMODE(state.st_mode)
        raise KeyFileError(f"{file} is open to others (mode {mode:o}): replace the key")


def _decode(file: Path, content: bytes) -> Cosigner:
    lines = content.decode("utf-8", "replace").split("\n")
    body = "".join(f"{line}\n" for line in lines[:2])
    if len(lines) != 4 or lines[3] or sha256(body.encode()).hexdigest() != lines[2]:
        raise KeyFileError(f"{file} is torn or was changed: restore it from its backup")
    try:
        name = lines[0].removeprefix(_MARK)
        check_name(name)
        return Cosigner(name, Ed25519PrivateKey.from_private_bytes(unbase64(lines[1])))
    except (Malformed, ValueError):
        raise KeyFileError(f"{file} holds no key of a witness") from None
