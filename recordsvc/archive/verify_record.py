"""What must hold for one disclosed record, taken by itself: form, kind, who may say it, and the signature."""

import datetime as dt
import re
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, Final

from recordsvc.archive import formats
from recordsvc.archive.acts import Act, act_of
from recordsvc.archive.batchforms import BatchEvidence, BatchPayload, batch_leaf
from recordsvc.archive.formats import FormatError
from recordsvc.archive.keyevents import KeyHistory, KeyLife
from recordsvc.archive.verify_read import BundleEntry, Disclosed
from recordsvc.archive.verify_report import Failed
from recordsvc.translog import tree
from recordsvc.vault.signatures import BATCH_TYP, BadSignature, Protected, verify_attached, verify_detached
from recordsvc.vault.signers import PublicKey

MEMBERS: Final = frozenset(
    ("audience", "body", "environment", "id", "issued_on", "issuer", "salt", "type", "version", "worker")
)
_MEMBER_SETS: Final = (MEMBERS, MEMBERS | {"actor"}, MEMBERS | {"actor", "provenance"})
"""An institution's record; the region's; and the region's of what it took over from elsewhere."""

_FORMS: Final = {
    "audience": r"[!-~]{1,200}",
    "environment": r"[a-z]{1,20}",
    "id": r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "issued_on": r"[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "issuer": r"[0-9A-HJ-NPQRTUWXY]{18}",
    "salt": r"[A-Za-z0-9_-]{21}[AQgw]",
    "type": r"[a-z][a-z0-9-]{0,39}",
}
_TEXTS: Final = itemgetter(*_FORMS)
_ALL_TEXTS: Final = re.compile("\n".join(_FORMS.values()))  # no form lets a line feed through


class RecordChecker:
    """Checks records against the key histories of their issuers; remembers batches already checked."""

    def __init__(self, histories: Mapping[str, KeyHistory], region: str) -> None:
        self._histories = histories
        self._region = region
        self._batches: dict[tuple[str, str], tuple[Protected, BatchPayload]] = {}

    def check_content(self, entry: BundleEntry, disclosed: Disclosed) -> None:
        """All but the signature: D opens, the envelope has its form, kind and speaker fit the type."""
        seq, record = entry.seq, disclosed.record
        if (
            formats.commitment(disclosed.open_key, disclosed.raw, disclosed.packed_evidence)
            != entry.leaf.commitment
        ):
            raise Failed("not-opened", seq)
        wrong = wrong_member(record)
        if wrong is not None:
            raise Failed("record-form", seq, where=wrong)
        act = act_of(record)
        if act.kind is not entry.leaf.kind:
            raise Failed("kind-differs", seq)
        self._check_speaker(record, act, seq)

    def _check_speaker(self, record: Mapping[str, Any], act: Act, seq: int) -> None:
        by_region = record["issuer"] == self._region
        if act.region and not by_region:
            raise Failed("region-only", seq)
        if by_region is not ("actor" in record) or by_region is not (
            record["worker"].keys() == {"worker_id"}
        ):
            raise Failed("region-form", seq)

    def check_signature(self, entry: BundleEntry, disclosed: Disclosed) -> KeyLife:
        """The life of the key that signed, in force at the entry's place; Failed if there is none."""
        seq, history = entry.seq, self._histories.get(disclosed.record["issuer"])
        if history is None:
            raise Failed("issuer-unknown", seq)

        def lookup(kid: str) -> PublicKey | None:
            life = history.keys.get(kid)
            return None if life is None else life.public

        try:
            if isinstance(disclosed.evidence, str):
                header = verify_detached(disclosed.raw, disclosed.evidence, lookup)
            else:
                header = self._check_batch(disclosed, disclosed.evidence, lookup, seq)
        except BadSignature as error:
            raise Failed("key-unknown" if error.code == "key-unknown" else "signature", seq) from None
        life = history.keys[header.kid]
        if not life.in_force(entry.index, entry.leaf.ms):
            raise Failed("key-not-in-force", seq)
        return life

    def _check_batch(self, disclosed: Disclosed, evidence: BatchEvidence, lookup: Any, seq: int) -> Protected:
        record = disclosed.record
        place = (record["issuer"], evidence.batch)
        if place not in self._batches:
            header, payload = verify_attached(evidence.batch, BATCH_TYP, lookup)
            try:
                self._batches[place] = header, BatchPayload.unpack(payload)
            except FormatError:
                raise Failed("batch-differs", seq, what="payload") from None
        header, signed = self._batches[place]
        for name in ("audience", "environment", "issuer"):
            if getattr(signed, name) != record[name]:
                raise Failed("batch-differs", seq, what=name)
        if signed.size != evidence.size:
            raise Failed("batch-differs", seq, what="size")
        try:
            leaf = batch_leaf(disclosed.raw)
            tree.verify_inclusion(leaf, evidence.index, evidence.size, evidence.path, signed.root)
        except tree.ProofError:
            raise Failed("not-in-batch", seq) from None
        return header


def wrong_member(record: Mapping[str, Any]) -> str | None:
    """Name of the first envelope member that lacks its form, or None. Bodies are for the schemas to judge."""
    if record.keys() not in _MEMBER_SETS:
        return "members"
    try:
        good = _ALL_TEXTS.fullmatch("\n".join(_TEXTS(record)))
    except TypeError:  # one of them is no text
        good = None
    if good is None:
        return next(name for name, form in _FORMS.items() if not _fits(form, record[name]))
    if type(record["version"]) is not int or record["version"] < 1:
        return "version"
    for name in ("body", "worker", "actor", "provenance"):
        if type(record.get(name, {})) is not dict:
            return name
    return None if _is_date(record["issued_on"]) else "issued_on"


def _fits(form: str, value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(form, value) is not None


def _is_date(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True
