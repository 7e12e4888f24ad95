"""What the QR code of a certificate says (二维码内容): facts and a signature, for whoever has no network.

    <public address>/check#1.<payload, base64url>.<signature, base64url>

Everything stands behind the `#`: no server is told of it when the address is opened. The payload is a JSON
array (UTF-8), the signature ES256 (r ‖ s) by the key `document` over `DOMAIN ‖ payload`, so that it is no
signature of anything else. The array, in this order:

    record    "r", key, number, printed (UTC s), log index, leaf, name, last 4 of the document number,
              type, title, level, certificate number, issuer, day, state, reason, since
    archive   "a", key, number, printed (UTC s), log index of the newest entry or null, leaf, name, last 4,
              records, of them in force, SHA-256 of the attached bundle (base64url, "" without one)

`key` is the first 8 hex digits of SHA-256 over the public key's 65 bytes, `leaf` the first 16 of SHA-256
over the leaf W at that index ("" without one): a restored log may have another entry there.
web/static/check.js reads the same.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Final

import orjson

from recordsvc.exports.printed.errors import ContentUnreadable
from recordsvc.vault.keystore import KeyStore, KeyUnknown
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import verify

NAME: Final = "document"
DOMAIN: Final = b"recordsvc-certificate/1\0"
FORM: Final = "1"
MOST: Final = 4_000
"""Characters of a content: more than a QR code holds at the level that is printed."""


@dataclass(frozen=True, slots=True)
class Head:
    """Which certificate: number (12 hex digits), UTC second, log index and leaf, whose (name, last 4)."""

    number: str
    printed_s: int
    index: int | None
    leaf: str
    name: str
    tail: str


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """What a certificate of one record says, in words; `day` and `since` are Beijing dates."""

    type: str
    title: str
    level: str
    certificate: str
    issuer: str
    day: str
    state: str
    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class ArchiveFacts:
    """What a certificate of an archive says: records, those in force, SHA-256 of the bundle (base64url)."""

    records: int
    in_force: int
    bundle: str


Facts = RecordFacts | ArchiveFacts


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key of certificates that is or was in use: its short id, public half, UTC ms of its end (0: live)."""

    id: str
    public: PublicKey
    ended_ms: int


@dataclass(frozen=True, slots=True)
class Content:
    """A content whose signature holds."""

    head: Head
    facts: Facts
    key: SigningKey


def short_id(public: PublicKey) -> str:
    """Return the first 8 hex digits of SHA-256 over the public key."""
    return hashlib.sha256(public.raw).hexdigest()[:8]


def known_keys(keys: KeyStore) -> list[SigningKey]:
    """Return every key that certificates are or were signed with, oldest first; none in an old key folder."""
    ring = keys.now()
    ended = [SigningKey(short_id(one.public), one.public, one.ended_ms) for one in ring.retired(NAME)]
    try:
        live = [ring.public(one) for one in ring.versions(NAME)]
    except KeyUnknown:
        live = []
    return [*ended, *(SigningKey(short_id(one), one, 0) for one in live)]


def leaf_id(leaf: bytes) -> str:
    """Return the first 16 hex digits of SHA-256 over a leaf."""
    return hashlib.sha256(leaf).hexdigest()[:16]


def make(keys: KeyStore, address: str, head: Head, facts: Facts) -> str:
    """Return the content of the code, signed with the newest key. `address`: where it is checked."""
    ring = keys.now()
    key_id = ring.versions(NAME)[-1]
    kind = "r" if isinstance(facts, RecordFacts) else "a"
    payload = orjson.dumps([kind, short_id(ring.public(key_id)), *astuple(head), *astuple(facts)])
    return f"{address}#{FORM}.{_b64(payload)}.{_b64(ring.sign(key_id, DOMAIN + payload))}"


def read(text: str, known: Iterable[SigningKey]) -> Content:
    """Return what a content says once its signature holds. Raises `ContentUnreadable`.

    A key that ended signs nothing later: a certificate of after that is refused.
    """
    form, _, rest = text.strip().rpartition("#")[2].partition(".")
    payload, _, signature = rest.partition(".")
    if form != FORM or len(text) > MOST:
        raise _unreadable("form")
    try:
        raw, signed = _unb64(payload), _unb64(signature)
        head, facts, key_id = _parsed(raw)
    except (ValueError, TypeError, binascii.Error):
        raise _unreadable("form") from None
    key = next((one for one in known if one.id == key_id), None)
    if key is None:
        raise _unreadable("key")
    if not verify(key.public, DOMAIN + raw, signed):
        raise _unreadable("signature")
    if key.ended_ms and head.printed_s * 1_000 > key.ended_ms:
        raise _unreadable("key-ended")
    return Content(head, facts, key)


_WHY: Final = {
    "form": "内容不完整，或不是证明上的二维码",
    "key": "签名密钥不是本系统的",
    "signature": "签名与内容不符：内容被改动过",
    "key-ended": "签名密钥在所写的出具时间之前已停用",
}


def _unreadable(code: str) -> ContentUnreadable:
    return ContentUnreadable(errors=[{"pointer": "/content", "code": code, "detail": _WHY[code]}])


def _parsed(raw: bytes) -> tuple[Head, Facts, str]:
    kind, key_id, number, printed_s, index, leaf, name, tail, *facts = orjson.loads(raw)
    head = Head(number, printed_s, index, leaf, name, tail)
    texts = [key_id, number, leaf, name, tail]
    said: Facts
    if kind == "r":
        said = RecordFacts(*facts)
        texts += facts
    elif kind == "a":
        said = ArchiveFacts(*facts)
        texts.append(said.bundle)
        _whole(said.records, said.in_force)
    else:
        raise ValueError(kind)
    _whole(printed_s, *(() if index is None else (index,)))
    if not all(isinstance(one, str) for one in texts):
        raise ValueError(kind)
    return head, said, key_id


def _whole(*values: object) -> None:
    # 2^53: what JavaScript reads exactly, too.
    if not all(type(one) is int and 0 <= one < 2**53 for one in values):
        raise ValueError("no whole number")


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")


def _unb64(text: str) -> bytes:
    data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    # One spelling only: the spare bits of the last character are zero.
    if _b64(data) != text:
        raise ValueError("not the one spelling")
    return data
