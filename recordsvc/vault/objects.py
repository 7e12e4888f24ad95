"""Where sealed files lie (材料库的对象存储): opaque names to bytes, on disk or at an S3-compatible store.

A store sees neither content nor meaning: what it keeps is ciphertext, and a name is a UUIDv7 in hexadecimal
that stands in a row of the database. A name is used once. `put` returns when the bytes would survive a power
cut; what was begun and never finished still shows in `names`, so that it can be swept.

    ObjectStore ├── LocalObjects   a folder of ours alone, 256 sub-folders by the last digits of the name
                └── S3Objects      GET, PUT, HEAD, DELETE and ListObjectsV2, path style, signed (SigV4)
"""

import datetime as dt
import hashlib
import hmac
import os
import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from html import unescape
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import quote, urlsplit

from recordsvc.ground.ports import Clock

MAX_BYTES: Final = 64 * 1024 * 1024
"""More than any object of ours has: what is longer is none of them."""
_NAME: Final = re.compile(r"[0-9a-f]{32}")
_SHARD: Final = re.compile(r"[0-9a-f]{2}")
_BEGUN: Final = re.compile(r"\.([0-9a-f]{32})\.new")


class ObjectMissing(Exception):
    """There is no object of this name."""


class StoreUnavailable(Exception):
    """The store cannot be used now: disk full, network, wrong credentials. Never says more than that."""


class ObjectStore(Protocol):
    """What a store can do. Every call may raise `StoreUnavailable`."""

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under a new name; durable on return."""
        ...

    def get(self, name: str) -> bytes:
        """Return what is kept under a name. Raises `ObjectMissing`."""
        ...

    def delete(self, name: str) -> None:
        """Forget an object, also one that was only begun; none of that name is fine."""
        ...

    def exists(self, name: str) -> bool:
        """Tell whether a whole object of this name is there."""
        ...

    def names(self) -> Iterator[str]:
        """Walk all names, finished or only begun, in no order."""
        ...


def checked(name: str) -> str:
    """Return the name; ValueError for anything that is not 32 hexadecimal digits (paths above all)."""
    if _NAME.fullmatch(name) is None:
        raise ValueError("not the name of an object")
    return name


class LocalObjects:
    """Files in a folder that is closed to everybody else; symbolic links are never followed."""

    def __init__(self, folder: Path) -> None:
        """Keep files in `folder`, which is made at the first `put`."""
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        """Write a temporary file, sync it, rename it, sync the folders: whole or not at all."""
        checked(name)
        with _unavailable():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._root() as root:
                with suppress(FileExistsError):
                    os.mkdir(_shard(name), 0o700, dir_fd=root)
                with _sub(root, name) as folder:
                    begun = f".{name}.new"
                    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
                    with os.fdopen(os.open(begun, flags, 0o600, dir_fd=folder), "wb") as stream:
                        stream.write(data)
                        stream.flush()
                        os.fsync(stream.fileno())
                    os.rename(begun, name, src_dir_fd=folder, dst_dir_fd=folder)
                    os.fsync(folder)
                # Another process may have made the sub-folder and not come to syncing it.
                os.fsync(root)

    def get(self, name: str) -> bytes:
        """Read a plain file of ours."""
        checked(name)
        with _unavailable(), self._root() as root, _sub(root, name) as folder:
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
            with os.fdopen(os.open(name, flags, dir_fd=folder), "rb") as stream:
                if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
                    raise OSError("not a plain file")
                return stream.read(MAX_BYTES)

    def delete(self, name: str) -> None:
        """Unlink the file and what was begun under its name, durably."""
        checked(name)
        with suppress(ObjectMissing), _unavailable(), self._root() as root, _sub(root, name) as folder:
            for file in (name, f".{name}.new"):
                with suppress(FileNotFoundError):
                    os.unlink(file, dir_fd=folder)
            os.fsync(folder)

    def exists(self, name: str) -> bool:
        """Look for a plain file."""
        checked(name)
        with suppress(ObjectMissing), _unavailable(), self._root() as root, _sub(root, name) as folder:
            return stat.S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)
        return False

    def names(self) -> Iterator[str]:
        """Walk the sub-folders."""
        try:
            with _unavailable(), self._root() as root:
                shards = [name for name in os.listdir(root) if _SHARD.fullmatch(name)]  # noqa: PTH208 - by descriptor
        except ObjectMissing:
            return
        for shard in shards:
            with _unavailable(), self._root() as root, _sub(root, shard) as folder:
                files = os.listdir(folder)  # noqa: PTH208 - by descriptor
            found = (_NAME.fullmatch(file) or _BEGUN.fullmatch(file) for file in files)
            yield from {match[match.lastindex or 0] for match in found if match is not None}

    @contextmanager
    def _root(self) -> Iterator[int]:
        with _opened(self._folder, None) as root:
            state = os.fstat(root)
            if state.st_uid != os.geteuid() or state.st_mode & 0o077:
                raise OSError("the folder of objects is open to others, or somebody else's: chmod 700")
            yield root


def _shard(name: str) -> str:
    """Return the sub-folder of a name: its last two digits, since the first ones are the time."""
    return name[-2:]


@contextmanager
def _sub(root: int, name: str) -> Iterator[int]:
    with _opened(_shard(name), root) as folder:
        yield folder


@contextmanager
def _opened(folder: Path | str, inside: int | None) -> Iterator[int]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=inside)
    try:
        yield fd
    finally:
        os.close(fd)


@contextmanager
def _unavailable() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise ObjectMissing from None
    except (OSError, HTTPException) as error:
        raise StoreUnavailable(type(error).__name__) from None


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who asks an S3-compatible store; the secret is never shown."""

    key_id: str
    secret: str = field(repr=False)
    region: str


class S3Objects:
    """Objects in a bucket of an S3-compatible store, under an optional prefix.

    The body's hash is signed, so that a store that took other bytes would have refused them. One connection a
    call: papers come by the minute, not by the millisecond.
    """

    def __init__(self, address: str, credentials: Credentials, clock: Clock, timeout_s: float = 20.0) -> None:
        """Use `https://host[:port]/bucket[/prefix]`."""
        parts = urlsplit(address)
        bucket, _, prefix = parts.path.strip("/").partition("/")
        self._secure, self._host = parts.scheme == "https", parts.netloc
        self._bucket, self._prefix = f"/{bucket}", f"{prefix}/" if prefix else ""
        self._credentials = credentials
        self._clock = clock
        self._timeout_s = timeout_s

    def put(self, name: str, data: bytes) -> None:
        """PUT; the store answers 200 when the object is durable."""
        self._ask("PUT", self._path(name), data, good=(200,))

    def get(self, name: str) -> bytes:
        """GET."""
        return self._ask("GET", self._path(name), good=(200,))

    def delete(self, name: str) -> None:
        """DELETE."""
        with suppress(ObjectMissing):
            self._ask("DELETE", self._path(name), good=(200, 204))

    def exists(self, name: str) -> bool:
        """HEAD."""
        with suppress(ObjectMissing):
            self._ask("HEAD", self._path(name), good=(200,))
            return True
        return False

    def names(self) -> Iterator[str]:
        """ListObjectsV2, page by page. Keys are hexadecimal digits: no XML reader is needed to find them."""
        key = re.compile(rf"<Key>{re.escape(self._prefix)}([0-9a-f]{{32}})</Key>")
        query = {"list-type": "2", "prefix": self._prefix}
        while True:
            page = self._ask("GET", self._bucket, good=(200,), query=query).decode("utf-8", "replace")
            yield from key.findall(page)
            following = re.search(r"<NextContinuationToken>([^<]+)</NextContinuationToken>", page)
            if following is None:
                return
            query["continuation-token"] = unescape(following[1])

    def _path(self, name: str) -> str:
        return f"{self._bucket}/{self._prefix}{checked(name)}"

    def _ask(
        self,
        method: str,
        path: str,
        data: bytes = b"",
        *,
        good: tuple[int, ...],
        query: dict[str, str] | None = None,
    ) -> bytes:
        text = canonical_query(query or {})
        headers = sign(self._credentials, method, self._host, path, text, data, self._clock.now_ms())
        kind = HTTPSConnection if self._secure else HTTPConnection
        with _unavailable():
            connection = kind(self._host, timeout=self._timeout_s)
            try:
                connection.request(method, f"{path}?{text}" if text else path, data or None, headers)
                answer = connection.getresponse()
                body = answer.read(MAX_BYTES)
            finally:
                connection.close()
        if answer.status == 404:
            raise ObjectMissing
        if answer.status not in good:
            raise StoreUnavailable(f"status {answer.status}")
        return body


def canonical_query(query: dict[str, str]) -> str:
    """Return a query string as SigV4 signs it: sorted, everything but unreserved characters escaped."""
    return "&".join(f"{quote(name, safe='')}={quote(query[name], safe='')}" for name in sorted(query))


def sign(
    credentials: Credentials, method: str, host: str, path: str, query: str, data: bytes, now_ms: int
) -> dict[str, str]:
    """Return the headers of a request signed by AWS Signature Version 4 (service `s3`)."""
    when = dt.datetime.fromtimestamp(now_ms // 1_000, dt.UTC)
    stamp, digest = f"{when:%Y%m%dT%H%M%SZ}", hashlib.sha256(data).hexdigest()
    scope = f"{when:%Y%m%d}/{credentials.region}/s3/aws4_request"
    signed = {"host": host, "x-amz-content-sha256": digest, "x-amz-date": stamp}
    names = ";".join(signed)
    lines = "".join(f"{name}:{value}\n" for name, value in signed.items())
    request = "\n".join((method, quote(path), query, lines, names, digest))
    text = "\n".join(("AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(request.encode()).hexdigest()))
    key = f"AWS4{credentials.secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    who = f"AWS4-HMAC-SHA256 Credential={credentials.key_id}/{scope}"
    return signed | {"Authorization": f"{who}, SignedHeaders={names}, Signature={signature}"}
