"""The keys of a running process (在用密钥): what the key folder says now, without a restart.

The manifest is replaced by a rename, so that one `stat` (1 µs) tells whether it changed. It is asked where a
change decides what is written (the newest version to wrap under, the live peppers, the keys that sign) and
where a key is not known yet, which another process may have made a moment ago. Everything else uses the ring
of the last reading.

A folder that has become doubtful does not end a process that holds its keys: it goes on with them, `check`
(and so `/readyz`) says why, and no start would succeed.
"""

import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from recordsvc.ground import observe
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.keyfolder import MANIFEST, Holder, open_keys
from recordsvc.vault.keystore import KeyRing, KeyUnknown, Retired
from recordsvc.vault.signers import PublicKey

T = TypeVar("T")
_Seen = tuple[int, int, int]
_TRIES = 5


class LiveKeys:
    """The `KeyStore` of a process."""

    def __init__(self, folder: Path, token: Holder | None = None) -> None:
        """Open the store. Raises `KeyFileError`, and `KeysUnavailable` for a token that does not answer."""
        self._manifest = folder / MANIFEST
        self._folder = folder
        self._token = token
        self._lock = threading.Lock()
        self._refused: KeyFileError | None = None
        self._seen, self._ring = self._open()

    def __repr__(self) -> str:
        return f"LiveKeys({self._ring!r})"

    def check(self) -> None:
        """Raise `KeyFileError` if the folder could not be read when it last changed."""
        self._now()
        if self._refused is not None:
            raise self._refused

    def wrap(self, data_key: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """Wrap under the newest version there is."""
        return self._ask(lambda ring: ring.wrap(data_key, aad, key_id), self._now())

    def unwrap(self, wrapped: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """Unwrap; a version not known yet makes the store be read again."""
        return self._ask(lambda ring: ring.unwrap(wrapped, aad, key_id))

    def hmac(self, key_id: str, data: bytes) -> bytes:
        """HMAC-SHA256."""
        return self._ask(lambda ring: ring.hmac(key_id, data))

    def blind(self, data: bytes) -> list[tuple[int, bytes]]:
        """Tags under the peppers that are live now."""
        return self._ask(lambda ring: ring.blind(data), self._now())

    def sign(self, key_id: str, data: bytes) -> bytes:
        """Sign."""
        return self._ask(lambda ring: ring.sign(key_id, data))

    def public(self, key_id: str) -> PublicKey:
        """The public half of a signing key."""
        return self._ask(lambda ring: ring.public(key_id))

    def versions(self, name: str) -> tuple[str, ...]:
        """Ids that are live now."""
        return self._now().versions(name)

    def retired(self, name: str) -> tuple[Retired, ...]:
        """Signing keys retired by now."""
        return self._now().retired(name)

    def made_ms(self, key_id: str) -> int:
        """When a key was made."""
        return self._now().made_ms(key_id)

    @property
    def epoch(self) -> int:
        """The epoch of now. What is made with keys after asking is never of an earlier one."""
        return self._now().epoch

    @property
    def peppers(self) -> tuple[str, ...]:
        """Peppers that are live now."""
        return self._now().peppers

    def now(self) -> KeyRing:
        """The ring of now: what needs several answers of one moment asks it."""
        return self._now()

    def _ask(self, question: Callable[[KeyRing], T], ring: KeyRing | None = None) -> T:
        ring = ring or self._ring
        try:
            return question(ring)
        except (KeyUnknown, KeyFileError):
            # Made elsewhere since this ring was read; or destroyed there, which only a token notices.
            newer = self._now()
            if newer is ring:
                raise
            return question(newer)

    def _now(self) -> KeyRing:
        try:
            if self._stat() == self._seen:
                return self._ring
        except FileNotFoundError:
            pass
        with self._lock:
            # Somebody else may have read it while this thread waited; reading twice does no harm.
            try:
                self._seen, self._ring = self._open()
                self._refused = None
            except KeyFileError as error:
                if self._refused is None:
                    observe.log("keys-refused", error=type(error).__name__)
                self._refused = error
            return self._ring

    def _open(self) -> tuple[_Seen, KeyRing]:
        """Read the store; a key that is dropped while it is being read makes it be read again."""
        for _try in range(_TRIES):
            try:
                seen = self._stat()
            except FileNotFoundError:
                break
            try:
                return seen, open_keys(self._folder, self._token)
            except KeyFileError:
                if self._stat() == seen:
                    raise
        return (0, 0, 0), open_keys(self._folder, self._token)

    def _stat(self) -> _Seen:
        state = os.stat(self._manifest)  # noqa: PTH116 - a third of the cost of Path.stat
        return state.st_ino, state.st_mtime_ns, state.st_size
