"""The keys of the service behind one port (密钥库): callers name a key, they never hold one.

| name | algorithm | for | rotates |
|---|---|---|---|
| `log` | Ed25519 | checkpoints of the log | yes: all live versions sign |
| `region` | Ed25519; ES256 in a token | what no issuer signs (the region's registered key) | no |
| `token` | ES256 | access tokens | yes: the newest signs, all verify |
| `document` | ES256 | certificates on paper: PDF and QR code | yes: the newest signs, retired ones verify |
| `master` | AES-256 | wraps the data keys of workers and institutions | yes: the newest wraps, all unwrap |
| `holding` | AES-256 | wraps the data keys of what waits | with `master` |
| `pepper` | HMAC | blind indexes | yes: look up and write under all live ones |
| `dedupe`, `cursor`, `login` | HMAC | same-record keys, opaque cursors, login codes and CSRF tokens | no |

A key's id is its name, with the version behind it from the second on (`token`, `token-2`); peppers always
have theirs (`pepper-1`).

    KeyStore <── KeyRing    what one reading of the key folder gives: never changes
             <── LiveKeys   livekeys.py: the ring of now, read again when the folder's manifest changed
    a ring's parts come from files (filekeys.py) or from a PKCS#11 token (hsm.py), as the manifest says

Nothing here returns a secret, except a worker's data key on its way to the envelope.
"""

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol

from recordsvc.ground.problems import Unavailable
from recordsvc.vault.signers import Algorithm, PublicKey

FIRST_KEYS: Final = {
    "log": Algorithm.ED25519,
    "region": Algorithm.ED25519,
    "token": Algorithm.ES256,
    "document": Algorithm.ES256,
    "master": Algorithm.AES_256,
    "holding": Algorithm.AES_256,
    "pepper-1": Algorithm.HMAC,
    "dedupe": Algorithm.HMAC,
    "cursor": Algorithm.HMAC,
    "login": Algorithm.HMAC,
}
LATER: Final = frozenset({"document"})
"""Keys that folders of earlier releases lack: `recordsvc keys rotate` makes the first one there."""
ROTATING: Final = ("log", "token", "document", "master", "holding", "pepper")
"""Names that may have several live versions; every other key has one for ever."""
PLAIN_WRAP: Final = 60
"""Bytes of a data key wrapped under version 1: nonce (12) ‖ AES-256-GCM (48)."""
VERSIONED_WRAP: Final = 2 + PLAIN_WRAP
"""The same under a later version, which stands before it (u16)."""
_ID: Final = re.compile(r"([a-z]+)(?:-([1-9][0-9]{0,3}))?")


class KeyUseError(Exception):
    """A key was asked for what it cannot do, or a wrapped key does not open here."""


class KeyUnknown(KeyUseError):
    """There is no key of this id and use, as far as this reading of the store knows."""


class KeysUnavailable(Unavailable):
    """What holds the keys does not answer (token removed, session refused): nothing was done."""

    code = "keys-unavailable"
    title_zh = "密钥设备暂时不可用"
    title_en = "What holds the keys does not answer"
    remedy_zh = "请稍后重试；若一直如此，请管理员检查密码模块。"
    remedy_en = "Repeat the request later; if it stays so, the key token must be looked after."


class Retired(NamedTuple):
    """A signing key that signs no more: id, public half, UTC ms of its end."""

    key_id: str
    public: PublicKey
    ended_ms: int


class KeyStore(Protocol):
    """What the rooms may ask of the keys. Unknown ids and wrong uses raise `KeyUseError`."""

    def wrap(self, data_key: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """`data_key` (32 bytes) encrypted under the newest version of an AES key, bound to `aad`."""
        ...

    def unwrap(self, wrapped: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """The data key again; `KeyUseError` if key, bytes or `aad` are not those of `wrap`."""
        ...

    def hmac(self, key_id: str, data: bytes) -> bytes:
        """HMAC-SHA256, 32 bytes."""
        ...

    def blind(self, data: bytes) -> list[tuple[int, bytes]]:
        """(version, HMAC-SHA256) under every live pepper, oldest first, all of one moment."""
        ...

    def sign(self, key_id: str, data: bytes) -> bytes:
        """64 bytes: Ed25519, or ES256 as r ‖ s."""
        ...

    def public(self, key_id: str) -> PublicKey:
        """The public half of a signing key."""
        ...

    def versions(self, name: str) -> tuple[str, ...]:
        """Ids of the live versions of a key, oldest first."""
        ...

    def retired(self, name: str) -> tuple[Retired, ...]:
        """Signing keys of this name that were retired, oldest first."""
        ...

    def now(self) -> "KeyStore":
        """This store as it is at one moment: several answers of it fit together."""
        ...

    def made_ms(self, key_id: str) -> int:
        """When a live key was made, UTC ms; 0 for those of the first run."""
        ...

    @property
    def epoch(self) -> int:
        """How often keys were added or dropped: grows by one each time (see fence.py)."""
        ...

    @property
    def peppers(self) -> tuple[str, ...]:
        """Ids of the live peppers, oldest first."""
        ...


class Wrapping(Protocol):
    """An AES-256-GCM key."""

    def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """Ciphertext and tag."""
        ...

    def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
        """The plaintext; `KeyUseError` when it does not open."""
        ...


@dataclass(frozen=True, slots=True)
class Mac:
    """A key that makes HMAC-SHA256."""

    digest: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Signing:
    """A key that signs, and its public half."""

    sign: Callable[[bytes], bytes]
    public: PublicKey


Part = Wrapping | Mac | Signing


class KeyRing:
    """The keys of one reading of the store, by id."""

    def __init__(
        self,
        parts: Mapping[str, Part],
        *,
        made: Mapping[str, int] | None = None,
        retired: Sequence[Retired] = (),
        epoch: int = 0,
    ) -> None:
        """Hold `parts`; `made`: UTC ms by id, where it is known."""
        self._signers = {key_id: part for key_id, part in parts.items() if isinstance(part, Signing)}
        self._macs = {key_id: part.digest for key_id, part in parts.items() if isinstance(part, Mac)}
        self._wrappers = {
            key_id: part for key_id, part in parts.items() if not isinstance(part, Signing | Mac)
        }
        self._made = dict(made or {})
        self._retired = tuple(retired)
        self._versions: dict[str, tuple[str, ...]] = {}
        for key_id in sorted(parts, key=version_of):
            name = name_of(key_id)
            self._versions[name] = (*self._versions.get(name, ()), key_id)
        self._peppers = [(version_of(one), self._macs[one]) for one in self._versions.get("pepper", ())]
        self.epoch = epoch

    def __repr__(self) -> str:
        return f"KeyRing({sorted([*self._signers, *self._wrappers, *self._macs])})"

    def wrap(self, data_key: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """60 bytes under version 1, 62 under a later one: u16 version first."""
        newest = self.versions(key_id)[-1]
        nonce = secrets.token_bytes(12)
        wrapped = nonce + self._wrapper(newest).encrypt(nonce, data_key, aad)
        version = version_of(newest)
        return wrapped if version == 1 else version.to_bytes(2) + wrapped

    def unwrap(self, wrapped: bytes, aad: bytes, key_id: str = "master") -> bytes:
        """The data key of `wrap`, under whichever live version wrapped it."""
        version, body = wrapping_version(wrapped), wrapped[-PLAIN_WRAP:]
        return self._wrapper(id_of(key_id, version)).decrypt(body[:12], body[12:], aad)

    def hmac(self, key_id: str, data: bytes) -> bytes:
        """HMAC-SHA256 under a pepper or another HMAC key."""
        digest = self._macs.get(key_id)
        if digest is None:
            raise KeyUnknown(f"no HMAC key {key_id!r}")
        return digest(data)

    def blind(self, data: bytes) -> list[tuple[int, bytes]]:
        """Tags of `data` under all live peppers."""
        return [(version, digest(data)) for version, digest in self._peppers]

    def sign(self, key_id: str, data: bytes) -> bytes:
        """Sign `data` itself (no pre-hash)."""
        return self._signer(key_id).sign(data)

    def public(self, key_id: str) -> PublicKey:
        """The public half of a signing key."""
        return self._signer(key_id).public

    def versions(self, name: str) -> tuple[str, ...]:
        """Live ids, oldest first."""
        found = self._versions.get(name)
        if found is None:
            raise KeyUnknown(f"no key {name!r}")
        return found

    def retired(self, name: str) -> tuple[Retired, ...]:
        """Retired signing keys of this name."""
        return tuple(one for one in self._retired if name_of(one.key_id) == name)

    def now(self) -> "KeyRing":
        """Itself: a ring never changes."""
        return self

    def made_ms(self, key_id: str) -> int:
        """UTC ms; 0 for the keys of the first run."""
        return self._made.get(key_id, 0)

    @property
    def peppers(self) -> tuple[str, ...]:
        """Ids of the live peppers."""
        return self.versions("pepper")

    def _signer(self, key_id: str) -> Signing:
        signer = self._signers.get(key_id)
        if signer is None:
            raise KeyUnknown(f"no signing key {key_id!r}")
        return signer

    def _wrapper(self, key_id: str) -> Wrapping:
        wrapper = self._wrappers.get(key_id)
        if wrapper is None:
            raise KeyUnknown(f"no wrapping key {key_id!r}")
        return wrapper


def name_of(key_id: str) -> str:
    """`pepper` for `pepper-2`, `token` for `token`."""
    return _read(key_id)[0]


def version_of(key_id: str) -> int:
    """2 for `pepper-2`, 1 for `token`."""
    return _read(key_id)[1]


def id_of(name: str, version: int) -> str:
    """The id of a version of a key: `token`, `token-2`, `pepper-1`."""
    return name if version == 1 and name != "pepper" else f"{name}-{version}"


def wrapping_version(wrapped: bytes) -> int:
    """Under which version of its key a data key was wrapped. Raises `KeyUseError` for other bytes."""
    if len(wrapped) == PLAIN_WRAP:
        return 1
    if len(wrapped) != VERSIONED_WRAP or wrapped[:2] < b"\0\2":
        raise KeyUseError(f"{len(wrapped)} bytes are no wrapped key")
    return int.from_bytes(wrapped[:2])


def is_id(text: str) -> bool:
    """Whether `text` is the one spelling of a key's id."""
    match = _ID.fullmatch(text)
    return match is not None and id_of(match[1], int(match[2] or 1)) == text


def _read(key_id: str) -> tuple[str, int]:
    match = _ID.fullmatch(key_id)
    if match is None:
        raise KeyUseError(f"{key_id!r} is no key")
    return match[1], int(match[2] or 1)
