r"""Signed notes (C2SP signed-note v1.0.0) with Ed25519 signatures and timestamped cosignatures.

A note is a text ending in a newline, an empty line, and signature lines::

    — <key name> base64(key id (4 bytes) || signature)

The text is split off at the *last* empty line. A signature of a key that is not known is ignored, one of a
known key (same name *and* id) that fails makes the whole note worthless, and so does having no signature of
a known key.

Signature types: 0x01 Ed25519 over the text; 0x04 cosignature (C2SP tlog-cosignature): ``u64 time ||
Ed25519`` over ``cosignature/v1\ntime <seconds since 1970, UTC>\\n`` + text. The type is part of the key
id, so a witness's signature can never pass as a log's.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from recordsvc.ground.base64strict import b64, unb64

try:
    from nacl.bindings import crypto_sign_open
    from nacl.exceptions import BadSignatureError
except ImportError:  # PyNaCl only makes checking faster; the offline verifier does without
    _WITH_SODIUM = False
else:
    _WITH_SODIUM = True

MAX_NOTE_BYTES: Final = 256 * 1024
MAX_SIGNATURES: Final = 100
MAX_TIME: Final = 2**63 - 1

_SIGNATURE_LINE = re.compile(r"— (\S+) ([A-Za-z0-9+/]+={0,2})")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_VKEY = re.compile(r"([^+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})")


class NoteError(ValueError):
    """A note or key that cannot be read, or whose signatures do not hold; `zh`: the same in Chinese."""

    def __init__(self, message: str, zh: str = "写法不符合规定") -> None:
        self.zh = zh
        super().__init__(message)


class SignatureType(IntEnum):
    """Signature types that are read here."""

    ED25519 = 0x01
    COSIGNATURE = 0x04


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """First 4 bytes of SHA-256(name || newline || type || public key): finds a key, does not prove one."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public).digest()[:4]


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line; ``blob`` follows the key id (64 bytes, or 72 with the time of a cosignature)."""

    name: str
    key_id: bytes
    blob: bytes

    def line(self) -> str:
        """The line as it stands in a note, newline included."""
        return f"— {self.name} {b64(self.key_id + self.blob)}\n"


@dataclass(frozen=True, slots=True)
class NoteKey:
    """A named public key of 32 bytes; as text (vkey) ``name+hex(key id)+base64(type || public key)``."""

    name: str
    kind: SignatureType
    public: bytes
    key_id: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check_name(self.name)
        if len(self.public) != 32:
            raise NoteError(f"an Ed25519 public key has 32 bytes, that of {self.name} has {len(self.public)}")
        object.__setattr__(self, "key_id", key_id(self.name, self.kind, self.public))

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey. NoteError when malformed, of a type not read here, or with an id not its key's."""
        match = _VKEY.fullmatch(vkey)
        if match is None:
            raise NoteError("not a verifier key: name+id+key is expected")
        try:
            material = unb64(match[3])
            kind = SignatureType(material[0])
        except ValueError:
            raise NoteError(f"the verifier key of {match[1]} is of no type that is read here") from None
        key = cls(match[1], kind, material[1:])
        if key.key_id.hex() != match[2]:
            raise NoteError(f"the verifier key of {key.name} carries another key's id")
        return key

    def vkey(self) -> str:
        """The key as text."""
        return f"{self.name}+{self.key_id.hex()}+{b64(bytes([self.kind]) + self.public)}"

    def verify(self, text: str, blob: bytes) -> int | None:
        """Check a signature of this key over a note's text.

        Returns the cosignature's time (seconds since 1970), None for a plain signature. Raises NoteError.
        """
        message, at = text.encode(), None
        if self.kind is SignatureType.COSIGNATURE:
            at, blob = int.from_bytes(blob[:8]), blob[8:]
            if at > MAX_TIME:
                raise NoteError(f"the cosignature of {self.name} has an impossible time", "联署的时间不可能")
            message = _cosigned(text, at)
        if len(blob) != 64 or not _verify_ed25519(self.public, message, blob):
            raise NoteError(f"the signature of {self.name} does not hold", f"{self.name} 的签名不成立")
        return at


@dataclass(frozen=True, slots=True)
class Signer:
    """A note key with the means to sign; ``sign_bytes`` makes the 64-byte Ed25519 signature of a message."""

    key: NoteKey
    sign_bytes: Callable[[bytes], bytes] = field(repr=False)

    @classmethod
    def from_seed(cls, name: str, seed: bytes, kind: SignatureType = SignatureType.ED25519) -> Self:
        """From the 32-byte private seed of RFC 8032."""
        private = Ed25519PrivateKey.from_private_bytes(seed)
        return cls(NoteKey(name, kind, private.public_key().public_bytes_raw()), private.sign)

    def sign(self, text: str, at: int | None = None) -> Signature:
        """Sign a note's text; a cosignature (and nothing else) takes its time ``at``, seconds since 1970."""
        if (at is None) is (self.key.kind is SignatureType.COSIGNATURE):
            raise NoteError("a cosignature needs a time, and nothing else has one")
        if at is None:
            blob = self.sign_bytes(text.encode())
        elif 0 <= at <= MAX_TIME:
            blob = at.to_bytes(8) + self.sign_bytes(_cosigned(text, at))
        else:
            raise NoteError("the time of a cosignature is out of range")
        return Signature(self.key.name, self.key.key_id, blob)


@dataclass(frozen=True, slots=True)
class Note:
    """A note as read: its text (final newline included) and its signatures, *unverified*."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        """The note as published."""
        return self.text + "\n" + "".join(signature.line() for signature in self.signatures)


def parse_note(data: bytes | str) -> Note:
    """Take a note apart without trusting it. Raises NoteError."""
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")  # a lone surrogate then fails to decode, as it must
    if len(data) > MAX_NOTE_BYTES:
        raise NoteError(f"the note is larger than {MAX_NOTE_BYTES} bytes")
    try:
        whole = data.decode("utf-8")
    except UnicodeDecodeError:
        raise NoteError("the note is not UTF-8") from None
    if _CONTROL.search(whole):
        raise NoteError("the note contains control characters")
    text, gap, block = whole.rpartition("\n\n")
    if not gap or not block.endswith("\n"):
        raise NoteError("the note has no signature lines after an empty line")
    lines = block[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"the note has more than {MAX_SIGNATURES} signatures")
    return Note(text + "\n", tuple(parse_signature(line) for line in lines))


def parse_signature(line: str) -> Signature:
    """Read one signature line (without its newline). Raises NoteError."""
    match = _SIGNATURE_LINE.fullmatch(line)
    if match is None:
        raise NoteError("a signature line is malformed")
    _check_name(match[1])
    try:
        raw = unb64(match[2])
    except ValueError:
        raise NoteError(f"the signature line of {match[1]} is not base64") from None
    if len(raw) < 5:
        raise NoteError(f"the signature line of {match[1]} holds no signature")
    return Signature(match[1], raw[:4], raw[4:])


def sign_note(text: str, signatures: Iterable[Signature]) -> str:
    """Put a note together. NoteError when it would not be read back as this text and these signatures."""
    note = Note(text, tuple(signatures))
    if parse_note(str(note)) != note:
        raise NoteError("this text cannot be signed as a note")
    return str(note)


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """A note with at least one good signature: its text and, per known key that signed, time or None."""

    text: str
    signed_by: dict[NoteKey, int | None]


def open_note(data: bytes | str | Note, keys: Iterable[NoteKey]) -> OpenedNote:
    """Verify a note against known keys. NoteError: unreadable, a known key's signature bad, or none there.

    A cosigner that signed twice counts with its newest time.
    """
    note = data if isinstance(data, Note) else parse_note(data)
    known: dict[tuple[str, bytes], NoteKey] = {}
    for key in keys:
        if known.setdefault((key.name, key.key_id), key) != key:
            raise NoteError(f"two known keys share the name {key.name} and one id")
    signed_by: dict[NoteKey, int | None] = {}
    for signature in note.signatures:
        signer = known.get((signature.name, signature.key_id))
        if signer is None:
            continue
        at = signer.verify(note.text, signature.blob)
        earlier = signed_by.get(signer)
        signed_by[signer] = at if earlier is None or at is None else max(earlier, at)
    if not signed_by:
        raise NoteError("no known key signed the note", "没有给定日志钥匙的签名")
    return OpenedNote(note.text, signed_by)


def _check_name(name: str) -> None:
    if name.split() != [name] or "+" in name or _CONTROL.search(name):
        raise NoteError("a key name is empty or contains a space, a plus sign or a control character")


def _cosigned(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _verify_ed25519(public: bytes, message: bytes, signature: bytes) -> bool:
    if _WITH_SODIUM:
        try:
            crypto_sign_open(signature + message, public)
        except BadSignatureError:
            return False
        return True
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
