"""Verifying a bundle (凭证包) or a receipt (回执) offline, with nothing but public keys given by hand.

Stands alone: no web framework, no database, no network. Keys, region and log named *inside* a file are
claims; they are compared with what the verifier gives, never used in its place.

A bundle is proven when

* it has the published form (strict JSON), the checkpoint is signed by the log key and cosigned by the quorum
  (where only witnesses are missing, nothing is false: the outcome is `UNPROVEN`, and all the rest is told);
* every entry's W stands at its log index, seq runs 0..n-1, log indexes rise, and each P opens with seq,
  target and `prev` recomputed over *all* leaves before it;
* every issuer-key event stands in the log, and the events of each issuer form one chain from its first;
* for each disclosed record, R and evidence open D, the kind fits the type, the signature holds under a key of
  R's issuer that was in force at that log index and time, and the target is the record that R names;
* audience and environment are the same everywhere, and what no institution signs is signed by the region and
  says who acted.

The state of each record is derived from all entries. What follows from none of this is said as plainly, as
*not proved*.
"""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from recordsvc.archive import formats
from recordsvc.archive.batchforms import BatchEvidence, parse_evidence
from recordsvc.archive.formats import FormatError, Leaf
from recordsvc.archive.verify_chain import ChainVerification
from recordsvc.archive.verify_extract import ExtractVerification, read_extract
from recordsvc.archive.verify_read import Bundle, Unreadable, read_bundle
from recordsvc.archive.verify_report import Failed, Level, Outcome, Report
from recordsvc.translog.checkpoint import OpenedCheckpoint, open_checkpoint
from recordsvc.translog.note import Note, NoteError, NoteKey
from recordsvc.translog.proofs import LogProof
from recordsvc.translog.tree import ProofError, leaf_hash, verify_inclusion
from recordsvc.vault.signatures import BATCH_TYP, BadSignature, PublicKey, verify_attached, verify_detached

__all__ = ["Outcome", "Report", "verify_bundle", "verify_extract", "verify_receipt"]

CLOCK_TOLERANCE_MS: Final = 300_000  # how far a witness's clock may run ahead of this one without a remark

Keys = Sequence[NoteKey | str]


def verify_bundle(
    data: bytes,
    log_keys: Keys,
    witness_keys: Keys = (),
    quorum: int = 0,
    *,
    region: str | None = None,
    now_ms: int | None = None,
) -> Report:
    """Everything that can be proved about a bundle file.

    `log_keys`: the log's verifier keys (vkeys), one, or several after a change of key. Of `witness_keys` at
    least `quorum` must have cosigned, or the outcome is `UNPROVEN`. `region`: the region's USCC if the
    verifier knows it; otherwise the bundle's word is taken and reported as a claim. Nothing in `data` makes
    it raise; NoteError for keys that are none.
    """
    logs, witnesses, report = _keys(log_keys), _keys(witness_keys), Report()
    try:
        bundle = read_bundle(data)
        opened = _trusted(report, bundle.checkpoint, logs, witnesses, quorum, now_ms)
        _check_claims(bundle, opened, region)
    except (Unreadable, Failed) as error:
        return _refused(report, error)
    ChainVerification(report, bundle, opened.checkpoint, region_given=region is not None).run()
    return report


def verify_extract(
    data: bytes,
    log_keys: Keys,
    witness_keys: Keys = (),
    quorum: int = 0,
    *,
    region: str | None = None,
    now_ms: int | None = None,
) -> Report:
    """Everything that can be proved about an extract file; parameters as for `verify_bundle`."""
    logs, witnesses, report = _keys(log_keys), _keys(witness_keys), Report()
    try:
        extract = read_extract(data)
        opened = _trusted(report, extract.checkpoint, logs, witnesses, quorum, now_ms)
    except (Unreadable, Failed) as error:
        return _refused(report, error)
    ExtractVerification(report, extract, opened.checkpoint, region).run()
    return report


def verify_receipt(
    receipt: bytes,
    record: bytes,
    evidence: bytes,
    log_keys: Keys,
    witness_keys: Keys = (),
    quorum: int = 0,
    *,
    issuer_key: PublicKey | None = None,
    now_ms: int | None = None,
) -> Report:
    """Everything that a receipt proves about exactly these record and evidence bytes.

    A receipt tells nothing about the issuer's keys: with `issuer_key` the signature is checked under that
    key, without it the report says that it was not.
    """
    logs, witnesses, report = _keys(log_keys), _keys(witness_keys), Report()
    try:
        proof = LogProof.parse(receipt)
        leaf, ko = formats.unpack_opening(proof.extra or b"")
        opening = formats.unpack_leaf(leaf)
    except (ProofError, FormatError) as error:
        report.unreadable = True
        report.add(Level.FAILED, "receipt-unreadable", why=str(error))
        return report
    try:
        opened = _trusted(report, proof.checkpoint, logs, witnesses, quorum, now_ms)
        head = opened.checkpoint
        _check_place(leaf, proof, opened)
        report.add(Level.PROVED, "included", index=proof.index, size=head.size, origin=head.origin)
        _check_opening(opening, ko, record, evidence)
        report.add(Level.PROVED, "opened")
        if issuer_key is not None:
            _check_signature(record, evidence, issuer_key)
            report.add(Level.PROVED, "receipt-signed")
    except Failed as failed:
        report.refuse(failed)
        return report
    report.add(Level.OPEN, "newer-unknown")
    report.add(Level.OPEN, "key-not-placed" if issuer_key is not None else "signature-unchecked")
    return report


def _refused(report: Report, error: Unreadable | Failed) -> Report:
    if isinstance(error, Failed):
        report.refuse(error)
    else:
        report.unreadable = True
        report.add(Level.FAILED, error.code, where=error.where or "/", detail=error.detail)
    return report


def _keys(keys: Keys) -> list[NoteKey]:
    return [NoteKey.parse(key) if isinstance(key, str) else key for key in keys]


def _trusted(
    report: Report,
    note: Note | str,
    logs: list[NoteKey],
    witnesses: list[NoteKey],
    quorum: int,
    now_ms: int | None,
) -> OpenedCheckpoint:
    """The checkpoint, once a log key has signed it and no witness falsely; Failed otherwise.

    A witness's line that is not there says nothing of the file: it is noted, and the rest is checked.
    """
    why = NoteError("no log key was given", "没有给定日志的公钥")
    for key in logs:
        try:
            opened = open_checkpoint(note, key, witnesses)
        except NoteError as error:
            why = error
            continue
        _tell_checkpoint(report, opened, quorum, now_ms)
        return opened
    raise Failed("checkpoint-refused", why=str(why), why_zh=why.zh)


def _tell_checkpoint(report: Report, opened: OpenedCheckpoint, quorum: int, now_ms: int | None) -> None:
    head, cosigned = opened.checkpoint, opened.cosigned
    report.checkpoint = {
        "origin": head.origin,
        "size": head.size,
        "root": head.root.hex(),
        "cosigned": {name: _instant(at) for name, at in cosigned.items()},
    }
    report.add(Level.PROVED, "checkpoint-signed", origin=head.origin, size=head.size)
    if cosigned:
        who = ", ".join(f"{name} {_instant(at)}" for name, at in sorted(cosigned.items()))
        report.add(Level.PROVED, "cosigned", count=len(cosigned), quorum=quorum, who=who)
    if not quorum:
        report.add(Level.OPEN, "not-cosigned")
    if len(cosigned) < quorum:
        report.unmet = True
        report.add(Level.OPEN, "quorum-unmet", count=len(cosigned), quorum=quorum)
    if now_ms is not None and any(at * 1000 > now_ms + CLOCK_TOLERANCE_MS for at in cosigned.values()):
        report.add(Level.NOTE, "future")


def _instant(seconds: int) -> str:
    """UTC, to the second; a witness may sign any 63-bit time, so that not every one is a date."""
    try:
        return dt.datetime.fromtimestamp(seconds, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s"


def _check_place(leaf: bytes, proof: LogProof, opened: OpenedCheckpoint) -> None:
    entry = leaf_hash(formats.record_entry(leaf))
    try:
        verify_inclusion(entry, proof.index, opened.checkpoint.size, proof.path, opened.checkpoint.root)
    except ProofError:
        raise Failed("not-in-log") from None


def _check_opening(leaf: Leaf, ko: bytes, record: bytes, evidence: bytes) -> None:
    if formats.commitment(ko, record, evidence) != leaf.commitment:
        raise Failed("not-opened")


def _check_claims(bundle: Bundle, opened: OpenedCheckpoint, region: str | None) -> None:
    if bundle.origin != opened.checkpoint.origin:
        raise Failed("origin-differs")
    if region is not None and bundle.region != region:
        raise Failed("region-differs")


def _check_signature(record: bytes, evidence: bytes, key: PublicKey) -> None:
    try:
        told = parse_evidence(evidence)
        if isinstance(told, BatchEvidence):
            verify_attached(told.batch, BATCH_TYP, lambda _: key)
            told.check(record)
        else:
            verify_detached(record, told, lambda _: key)
    except (BadSignature, FormatError):
        raise Failed("signature") from None
