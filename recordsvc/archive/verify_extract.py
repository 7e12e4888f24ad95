"""Verifying an extract (摘录) offline: the region's statement, and the places of its entries in the log.

    FILE      {checkpoint, format, issuer_keys, proofs, signature, statement}, strict JSON
    signature protected ".." signature, the compact JWS of type TYP whose payload is canonical(statement)

Proven: the region signed this statement with a key in force; each entry named stands in the log, entered when
and as what its leaf says; the states told need these entries. Not proven, and said: what the issuers signed,
and that nothing was entered later. Stands alone, as `verify` does.
"""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from recordsvc import dated
from recordsvc.archive import formats
from recordsvc.archive.formats import FormatError, Kind
from recordsvc.archive.keyevents import KeyEventError, KeyHistory
from recordsvc.archive.verify_read import MAX_INDEX, Unreadable, read_bytes, read_number, read_path, read_text
from recordsvc.archive.verify_report import Failed, Level, Report
from recordsvc.archive.verify_tree import InclusionProver
from recordsvc.archive.verify_words import EXTRACT, LIVES, TYPES
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.strictjson import StrictJsonError, canonical, loads
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.note import Note, NoteError, parse_note
from recordsvc.translog.tree import leaf_hash
from recordsvc.vault.signatures import BadSignature, PublicKey, verify_attached

FORMAT: Final = "recordsvc-extract/1"
TYP: Final = "recordsvc-extract+jws"
MAX_BYTES: Final = 16 * 1024 * 1024
MAX_RECORDS: Final = 10_000

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MEMBERS = {"checkpoint", "format", "issuer_keys", "proofs", "signature", "statement"}
_STATEMENT: Final[dict[str, type]] = {
    "audience": str,
    "environment": str,
    "fields": list,
    "format": str,
    "issued_at": int,
    "origin": str,
    "purpose": str,
    "receiver": str,
    "records": list,
    "region": str,
    "root": str,
    "size": int,
}
_RECORD: Final[dict[str, type]] = {
    "acts": list,
    "confirmation": str,
    "index": int,
    "leaf": str,
    "needs_reconfirmation": bool,
    "state": str,
    "type": str,
    "values": dict,
}
_ACTS: Final = {Kind.CORRECT, Kind.REVOKE, Kind.NOTE, Kind.ERASE}
"""Of notes only the restriction of a record changes its state."""


class Placed(NamedTuple):
    """An entry that the statement names: its log index, and W as it is and taken apart."""

    at: int
    packed: bytes
    leaf: formats.Leaf


class Told(NamedTuple):
    """One record of the statement: its entry, those that changed its state, and what is said of it."""

    entry: Placed
    acts: list[Placed]
    said: Mapping[str, Any]


class Extract(NamedTuple):
    """An extract as read; nothing of it is believed yet."""

    checkpoint: Note
    statement: dict[str, Any]
    records: list[Told]
    jws: str
    proofs: list[tuple[int, list[str]]]
    events: list[tuple[int, bytes, list[str]]]


def is_extract(data: bytes) -> bool:
    """Whether a file calls itself an extract; it may still be unreadable."""
    return b'"' + FORMAT.encode() + b'"' in data


def read_extract(data: bytes) -> Extract:
    """Read an extract file. Raises Unreadable, and nothing else, whatever `data` holds."""
    try:
        told = loads(data, MAX_BYTES, line_breaks=True, ascii_keys=True)
        if not isinstance(told, dict) or told.get("format") != FORMAT:
            raise Unreadable("not-an-extract", "/format")
        if told.keys() != _MEMBERS:
            raise Unreadable("members")
        statement = _object(told["statement"], _STATEMENT, "/statement")
        raw = canonical(statement)
    except StrictJsonError as error:
        raise Unreadable("json", error.pointer, error.code) from None
    if statement["format"] != FORMAT or not all(isinstance(one, str) for one in statement["fields"]):
        raise Unreadable("type", "/statement")
    read_number(statement, "size", "/statement", MAX_INDEX)
    read_number(statement, "issued_at", "/statement", MAX_INDEX)
    try:
        checkpoint = parse_note(read_text(told, "checkpoint", ""))
    except NoteError as error:
        raise Unreadable("note", "/checkpoint", str(error)) from None
    records = _records(statement["records"])
    protected, dots, signature = read_text(told, "signature", "").partition("..")
    if not dots:
        raise Unreadable("type", "/signature")
    return Extract(
        checkpoint,
        statement,
        records,
        f"{protected}.{b64u(raw)}.{signature}",
        [
            (read_number(one, "index", where, MAX_INDEX), read_path(one, where))
            for one, where in _each(told["proofs"], {"index", "path"}, "/proofs")
        ],
        [
            (read_number(one, "index", at, MAX_INDEX), read_bytes(one, "entry", at), read_path(one, at))
            for one, at in _each(told["issuer_keys"], {"entry", "index", "path"}, "/issuer_keys")
        ],
    )


def _records(told: list[Any]) -> list[Told]:
    if not 0 < len(told) <= MAX_RECORDS:
        raise Unreadable("members", "/statement/records")
    found = []
    for at, one in enumerate(told):
        where = f"/statement/records/{at}"
        said = _object(one, _RECORD, where)
        acts = [_placed(act, place) for act, place in _each(said["acts"], {"index", "leaf"}, f"{where}/acts")]
        found.append(Told(_placed(said, where), acts, said))
    return found


def _placed(told: dict[str, Any], where: str) -> Placed:
    packed = read_bytes(told, "leaf", where)
    try:
        leaf = formats.unpack_leaf(packed)
    except FormatError as error:
        raise Unreadable("leaf", f"{where}/leaf", str(error)) from None
    return Placed(read_number(told, "index", where, MAX_INDEX), packed, leaf)


def _object(told: Any, form: Mapping[str, type], where: str) -> dict[str, Any]:
    if not isinstance(told, dict) or told.keys() != form.keys():
        raise Unreadable("members", where)
    for name, kind in form.items():
        if type(told[name]) is not kind:
            raise Unreadable("type", f"{where}/{name}")
    return told


def _each(told: Any, members: set[str], where: str) -> Iterator[tuple[dict[str, Any], str]]:
    if not isinstance(told, list):
        raise Unreadable("type", where)
    for at, one in enumerate(told):
        if not isinstance(one, dict) or one.keys() < members:
            raise Unreadable("members", f"{where}/{at}")
        yield one, f"{where}/{at}"


class ExtractVerification:
    """Checks an extract against a trusted checkpoint and writes what it finds into `report`."""

    def __init__(self, report: Report, extract: Extract, checkpoint: Checkpoint, region: str | None) -> None:
        self.report = report
        self.extract = extract
        self.checkpoint = checkpoint
        self.region = region
        self.prover = InclusionProver(checkpoint.size, checkpoint.root)

    def run(self) -> None:
        """All checks, then the conclusions if none failed."""
        try:
            self._check_claims()
            suspect = self._check_signature(self._history())
            self._check_places()
        except Failed as failed:
            self.report.refuse(failed)
            return
        self._check_states()
        if self.report.holds:
            self._conclude(suspect=suspect)

    def _check_claims(self) -> None:
        statement, head = self.extract.statement, self.checkpoint
        if statement["origin"] != head.origin:
            raise Failed("origin-differs")
        if (statement["size"], statement["root"]) != (head.size, head.root.hex()):
            raise Failed("extract-head")
        if self.region is not None and statement["region"] != self.region:
            raise Failed("region-differs")

    def _history(self) -> KeyHistory:
        history = KeyHistory(self.extract.statement["region"])
        for at, (index, entry, path) in enumerate(self.extract.events):
            if not self.prover.proves(leaf_hash(entry), index, path):
                raise Failed("key-event-not-in-log", at=at)
            try:
                history.add(index, entry)
            except KeyEventError:
                raise Failed("key-chain-broken", at=at) from None
        return history

    def _check_signature(self, history: KeyHistory) -> bool:
        """Whether the statement was signed within a suspicion of its key; Failed unless it was signed."""

        def lookup(kid: str) -> PublicKey | None:
            life = history.keys.get(kid)
            return None if life is None else life.public

        statement = self.extract.statement
        try:
            header, _ = verify_attached(self.extract.jws, TYP, lookup, MAX_BYTES)
        except BadSignature as error:
            raise Failed("key-unknown" if error.code == "key-unknown" else "signature") from None
        life = history.keys[header.kid]
        if not life.in_force(statement["size"], statement["issued_at"]):
            raise Failed("key-not-in-force")
        return life.suspect(statement["issued_at"])

    def _check_places(self) -> None:
        """Every entry named has its proof, every proof its entry."""
        placed: dict[int, bytes] = {}
        for told in self.extract.records:
            for one in (told.entry, *told.acts):
                if placed.setdefault(one.at, one.packed) != one.packed:
                    raise Failed("extract-twice")
        if len({told.entry.at for told in self.extract.records}) != len(self.extract.records):
            raise Failed("extract-twice")
        if sorted(placed) != [index for index, _ in self.extract.proofs]:
            raise Failed("extract-proofs")
        for index, path in self.extract.proofs:
            if not self.prover.proves(leaf_hash(formats.record_entry(placed[index])), index, path):
                self.report.add(Level.FAILED, "extract-not-in-log", index=index)

    def _check_states(self) -> None:
        """A state is only told with the entry that made it, and that entry came later."""
        for told in self.extract.records:
            kinds = {act.leaf.kind for act in told.acts}
            state = told.said["state"]
            good = (
                told.entry.leaf.kind is Kind.ISSUE
                and kinds <= _ACTS
                and (state == "erased") == (Kind.ERASE in kinds)
                and (state == "restricted") == (Kind.NOTE in kinds)
                and (state in ("revoked", "restricted", "erased")) >= (Kind.REVOKE in kinds)
                and (Kind.REVOKE in kinds or state != "revoked")
                and all(act.at > told.entry.at for act in told.acts)
            )
            if not good:
                self.report.add(Level.FAILED, "extract-state", index=told.entry.at)
            if state in ("restricted", "erased") and told.said["values"]:
                self.report.add(Level.FAILED, "extract-erased", index=told.entry.at)

    def _conclude(self, *, suspect: bool) -> None:
        statement, report = self.extract.statement, self.report
        count = len(self.extract.records)
        report.add(Level.PROVED, "extract-signed", region=statement["region"], size=statement["size"])
        report.add(Level.PROVED, "extract-included", count=count)
        report.add(Level.OPEN, "extract-issuers")
        report.add(Level.OPEN, "extract-parts")
        report.add(Level.OPEN, "newer-unknown")
        report.add(Level.OPEN, "key-events-unknown")
        if self.region is None:
            report.add(Level.OPEN, "region-claimed", region=statement["region"])
        report.add(Level.NOTE, "audience", audience=statement["audience"])
        report.add(Level.NOTE, "extract-for", receiver=statement["receiver"], purpose=statement["purpose"])
        if statement["environment"] != "production":
            report.add(Level.NOTE, "not-production", environment=statement["environment"])
        if suspect:
            report.add(Level.NOTE, "suspect")
        report.statement = statement
        report.lines = lines(self.extract)


def lines(extract: Extract) -> list[tuple[str, str]]:
    """Return what the extract says, line by line, Chinese and English."""
    labels = {
        member: (str(row["zh"]), str(row["en"]))
        for row in dated.table("extract_fields").rows
        for member in row["members"]
    }
    found = []
    for told in extract.records:
        said = told.said
        kind = TYPES.get(said["type"], (said["type"],) * 2) if said["type"] else LIVES["undisclosed"]
        marks = [LIVES.get(said["state"], (said["state"],) * 2)]
        if any(act.leaf.kind is Kind.CORRECT for act in told.acts):
            marks.append(LIVES["corrected"])
        if said["confirmation"] in ("confirmed", "contested"):
            marks.append(LIVES[said["confirmation"]])
        if said["needs_reconfirmation"]:
            marks.append(LIVES["needs-reconfirmation"])
        heads = [
            EXTRACT["record"][at].format(
                index=told.entry.at, kind=kind[at], state=("、", ", ")[at].join(one[at] for one in marks)
            )
            for at in (0, 1)
        ]
        found.append((heads[0], heads[1]))
        for act in told.acts:
            word = EXTRACT[act.leaf.kind.name.lower()]
            day = _day(act.leaf.ms)
            found.append((word[0].format(day=day, index=act.at), word[1].format(day=day, index=act.at)))
        for member, value in said["values"].items():
            zh, en = labels.get(member, (member, member))
            found.append((f"    {zh}：{_shown(member, value)}", f"    {en}: {_shown(member, value)}"))
    return found


def _day(ms: int) -> str:
    """The Beijing date of a UTC instant (ms); a leaf may hold any 64-bit time, not every one is a date."""
    try:
        return (_EPOCH + dt.timedelta(milliseconds=ms, hours=8)).date().isoformat()
    except OverflowError:
        return f"{ms} ms"


def _shown(member: str, value: Any) -> str:
    if member == "/body/level":
        rows = dated.table("levels").rows
        return next((str(row["zh"]) for row in reversed(rows) if row["code"] == value), words(value))
    return words(value)


def words(value: Any) -> str:
    """A value out of a record as one line of text."""
    if isinstance(value, Mapping):
        return " ".join(words(one) for one in value.values())
    if isinstance(value, list):
        return "；".join(words(one) for one in value)
    return str(value)
