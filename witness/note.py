"""Signed notes and checkpoints as a witness reads and writes them (C2SP signed-note, tlog-checkpoint)."""

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

LOG_KEY: Final = 0x01
WITNESS_KEY: Final = 0x04
MAX_SIGNATURES: Final = 100
MAX_SIZE: Final = 2**63 - 1

NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_LINE = re.compile(r"— (\S+) (\S+)")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Malformed(ValueError):
    """Not a note, checkpoint, key or hash in the one spelling that is accepted."""


def unbase64(text: str) -> bytes:
    """Decode canonical standard base64; Malformed for anything else."""
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        raise Malformed("not base64") from None
    if b64encode(data).decode() != text:
        raise Malformed("base64 with spare bits set")
    return data


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """Short id of a key: 4 bytes."""
    return sha256(f"{name}\n".encode() + bytes([kind]) + public).digest()[:4]


def vkey(name: str, kind: int, public: bytes) -> str:
    """A public key as text."""
    material = b64encode(bytes([kind]) + public).decode()
    return f"{name}+{key_id(name, kind, public).hex()}+{material}"


def check_name(name: str) -> None:
    """Malformed unless ``name`` may name a key."""
    if not name or "+" in name or any(char.isspace() for char in name) or _CONTROL.search(name):
        raise Malformed("a key name is empty or contains a space, a plus sign or a control character")


def parse_log_key(text: str) -> tuple[str, bytes]:
    """Name and 32-byte Ed25519 key of a log's vkey; Malformed for any other type or a wrong id."""
    name, _, rest = text.partition("+")
    short, _, encoded = rest.partition("+")
    check_name(name)
    material = unbase64(encoded)
    if len(material) != 33 or material[0] != LOG_KEY:
        raise Malformed("not an Ed25519 log key (type 0x01)")
    if key_id(name, LOG_KEY, material[1:]).hex() != short:
        raise Malformed("the key's id does not match the key")
    return name, material[1:]


@dataclass(frozen=True, slots=True)
class Line:
    """A signature line, unverified."""

    name: str
    key_id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A checkpoint as it came: the signed text, what it says, and the lines below it, unverified."""

    text: str
    origin: str
    size: int
    root: bytes
    lines: tuple[Line, ...]


def parse_checkpoint(note: str) -> Checkpoint:
    """Read a checkpoint note; extension lines stay in the text and mean nothing here. Raises Malformed."""
    text, gap, below = note.rpartition("\n\n")
    if not gap or not below.endswith("\n") or _CONTROL.search(note):
        raise Malformed("not a signed note")
    text += "\n"
    lines = below[:-1].split("\n")
    if len(lines) > MAX_SIGNATURES:
        raise Malformed("too many signatures")
    said = text[:-1].split("\n")
    if len(said) < 3 or not all(said):
        raise Malformed("a checkpoint has at least three lines and no empty one")
    if NUMBER.fullmatch(said[1]) is None or int(said[1]) > MAX_SIZE:
        raise Malformed("the size of the checkpoint is no plain decimal number")
    root = unbase64(said[2])
    if len(root) != 32:
        raise Malformed("the root of the checkpoint does not have 32 bytes")
    return Checkpoint(text, said[0], int(said[1]), root, tuple(_parse_line(line) for line in lines))


def _parse_line(line: str) -> Line:
    match = _LINE.fullmatch(line)
    if match is None:
        raise Malformed("a signature line is malformed")
    check_name(match[1])
    raw = unbase64(match[2])
    if len(raw) < 5:
        raise Malformed("a signature line holds no signature")
    return Line(match[1], raw[:4], raw[4:])


def signed_by(checkpoint: Checkpoint, keys: list[tuple[str, bytes]]) -> list[Line]:
    """The lines that keys of this list, (name, public) each, signed; none if any line of theirs is false."""
    known = {(name, key_id(name, LOG_KEY, public)): public for name, public in keys}
    good = []
    for line in checkpoint.lines:
        public = known.get((line.name, line.key_id))
        if public is None:
            continue
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(line.signature, checkpoint.text.encode())
        except (InvalidSignature, ValueError):
            return []
        good.append(line)
    return good


@dataclass(frozen=True, slots=True)
class Cosigner:
    """The witness's own name and key."""

    name: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        """The 32-byte public key."""
        return self.private.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        """The public key as text."""
        return vkey(self.name, WITNESS_KEY, self.public)

    def cosign(self, text: str, at: int) -> Line:
        """Sign a checkpoint's text at ``at`` seconds since 1970 (C2SP tlog-cosignature, Ed25519)."""
        signature = self.private.sign(f"cosignature/v1\ntime {at}\n{text}".encode())
        return Line(self.name, key_id(self.name, WITNESS_KEY, self.public), at.to_bytes(8) + signature)
