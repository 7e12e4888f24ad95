"""Reading a bundle (凭证包) into plain values: its form, its sizes, its types. Nothing is believed yet.

Whatever does not have the published form raises `Unreadable`: such a file proves nothing and refutes
nothing.
"""

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from recordsvc.archive import formats
from recordsvc.archive.batchforms import BatchEvidence
from recordsvc.archive.formats import FormatError, Leaf
from recordsvc.ground.base64strict import unb64
from recordsvc.ground.strictjson import StrictJsonError, canonical_part, loads
from recordsvc.translog.note import Note, NoteError, parse_note

FORMAT: Final = "recordsvc-bundle/1"
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_ENTRIES: Final = 100_000
MAX_PATH: Final = 63
MAX_INDEX: Final = 2**53 - 1

_HASHES = re.compile(r"(?:[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=\n)*+")
_MEMBERS = {"format", "origin", "checkpoint", "region", "entries", "issuer_keys", "issued_at"}
_ENTRY = {"index", "leaf", "nonce", "path", "seq", "target"}
_OPENED = {"record", "evidence", "open"}
_KIND_NAMES = {kind.value: kind.name.lower() for kind in formats.Kind}
_ENTRY_FORMS = (_ENTRY | _OPENED | {"kind"}, _ENTRY | {"kind"}, _ENTRY | _OPENED, _ENTRY)


class Unreadable(ValueError):
    """The file has not the published form. `where`: JSON pointer; `code`: one of `verify_words.WORDS`."""

    def __init__(self, code: str, where: str = "", detail: str = "") -> None:
        self.code = code
        self.where = where
        self.detail = detail
        super().__init__(f"{code} at {where or 'the whole'} {detail}".rstrip())


class Disclosed(NamedTuple):
    """An opened entry: record, its canonical bytes R, evidence, its bytes E, the open key ko."""

    record: Mapping[str, Any]
    raw: bytes
    evidence: str | BatchEvidence
    packed_evidence: bytes
    open_key: bytes


class BundleEntry(NamedTuple):
    """One entry as the bundle states it. `packed` is W, `leaf` the same taken apart, `path` still base64."""

    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    seq: int
    target: int | None
    nonce: bytes
    packed: bytes
    leaf: Leaf
    path: list[str]
    disclosed: Disclosed | None


class BundleKeyEvent(NamedTuple):
    """One issuer-key event G and its path (base64)."""

    index: int  # type: ignore[assignment]  # as above
    entry: bytes
    path: list[str]


class Bundle(NamedTuple):
    """A bundle as read. `region` and `issued_at` are claims: nothing signs them."""

    origin: str
    checkpoint: Note
    region: str
    issued_at: int
    entries: list[BundleEntry]
    events: list[BundleKeyEvent]


def read_bundle(data: bytes) -> Bundle:
    """Read a bundle file. Raises Unreadable, and nothing else, whatever `data` holds."""
    try:
        obj = loads(data, MAX_BYTES, line_breaks=True, ascii_keys=True)
    except StrictJsonError as error:
        raise Unreadable("json", error.pointer, error.code) from None
    if not isinstance(obj, dict) or obj.get("format") != FORMAT:
        raise Unreadable("not-a-bundle", "/format")
    if obj.keys() != _MEMBERS:
        raise Unreadable("members")
    entries, events = obj["entries"], obj["issuer_keys"]
    if not isinstance(entries, list) or not isinstance(events, list) or not 0 < len(entries) <= MAX_ENTRIES:
        raise Unreadable("members", "/entries")
    try:
        checkpoint = parse_note(read_text(obj, "checkpoint", ""))
    except NoteError as error:
        raise Unreadable("note", "/checkpoint", str(error)) from None
    return Bundle(
        origin=read_text(obj, "origin", ""),
        checkpoint=checkpoint,
        region=read_text(obj, "region", ""),
        issued_at=read_number(obj, "issued_at", "", MAX_INDEX),
        entries=[_entry(one, f"/entries/{at}") for at, one in enumerate(entries)],
        events=[_event(one, f"/issuer_keys/{at}") for at, one in enumerate(events)],
    )


def _entry(obj: Any, where: str) -> BundleEntry:
    if not isinstance(obj, dict):
        raise Unreadable("members", where)
    if obj.keys() not in _ENTRY_FORMS:
        raise Unreadable("members", where)
    packed = read_bytes(obj, "leaf", where)
    try:
        leaf = formats.unpack_leaf(packed)
    except FormatError as error:
        raise Unreadable("leaf", f"{where}/leaf", str(error)) from None
    kind = _KIND_NAMES[packed[1]]
    if obj.get("kind", kind) != kind:
        raise Unreadable("kind-stated", f"{where}/kind")
    return BundleEntry(
        index=read_number(obj, "index", where, MAX_INDEX),
        seq=read_number(obj, "seq", where, formats.MAX_SEQ),
        target=None if obj["target"] is None else read_number(obj, "target", where, formats.MAX_SEQ),
        nonce=read_bytes(obj, "nonce", where, 32),
        packed=packed,
        leaf=leaf,
        path=read_path(obj, where),
        disclosed=_disclosed(obj, where) if "record" in obj else None,
    )


def _disclosed(obj: dict[str, Any], where: str) -> Disclosed:
    if not isinstance(obj["record"], dict):
        raise Unreadable("members", f"{where}/record")
    try:
        raw = canonical_part(obj["record"])
        told = obj["evidence"]
        evidence = told if isinstance(told, str) else BatchEvidence.from_json(told)
        packed = evidence.encode("ascii") if isinstance(evidence, str) else evidence.pack()
    except StrictJsonError as error:
        raise Unreadable("json", where + "/record" + error.pointer, error.code) from None
    except (FormatError, UnicodeEncodeError):
        raise Unreadable("evidence", f"{where}/evidence") from None
    return Disclosed(obj["record"], raw, evidence, packed, read_bytes(obj, "open", where, 32))


def _event(obj: Any, where: str) -> BundleKeyEvent:
    if not isinstance(obj, dict) or obj.keys() != {"entry", "index", "path"}:
        raise Unreadable("members", where)
    return BundleKeyEvent(
        read_number(obj, "index", where, MAX_INDEX), read_bytes(obj, "entry", where), read_path(obj, where)
    )


def read_text(obj: dict[str, Any], name: str, where: str) -> str:
    """A member that has to be a text. Raises Unreadable."""
    if not isinstance(obj[name], str):
        raise Unreadable("type", f"{where}/{name}")
    return str(obj[name])


def read_number(obj: dict[str, Any], name: str, where: str, largest: int) -> int:
    """A member that has to be a whole number from 0 to `largest`. Raises Unreadable."""
    value = obj[name]
    if type(value) is not int or not 0 <= value <= largest:
        raise Unreadable("type", f"{where}/{name}")
    return value


def read_bytes(obj: dict[str, Any], name: str, where: str, length: int | None = None) -> bytes:
    """A member that has to be base64 in its one spelling, of `length` bytes if given. Raises Unreadable."""
    try:
        value = unb64(obj[name])
    except (ValueError, AttributeError):  # not a text at all
        raise Unreadable("base64", f"{where}/{name}") from None
    if length is not None and len(value) != length:
        raise Unreadable("length", f"{where}/{name}")
    return value


def read_path(obj: dict[str, Any], where: str) -> list[str]:
    """The hashes, still as text: each base64 of 32 bytes in its one spelling. Decoding cannot fail."""
    path: list[str] = obj["path"]
    try:
        good = len(path) <= MAX_PATH and _HASHES.fullmatch("\n".join((*path, "")))
    except TypeError:
        good = None
    if not good or type(path) is not list:
        raise Unreadable("type", f"{where}/path")
    return path
