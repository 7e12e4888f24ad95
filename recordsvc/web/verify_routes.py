"""The page that verifies (核验): a bundle, an extract or a receipt goes in, words come out, nothing is kept.

It runs the offline verifier with this log's own keys. Whoever trusts nobody runs `recordsvc verify`
instead; the page says so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.archive import facts
from recordsvc.archive.batchforms import BatchEvidence
from recordsvc.archive.evidence import kid_of
from recordsvc.archive.formats import FormatError
from recordsvc.archive.status import Entry, derive
from recordsvc.archive.verify import Report, verify_bundle, verify_extract, verify_receipt
from recordsvc.archive.verify_extract import is_extract, read_extract
from recordsvc.archive.verify_read import Bundle, read_bundle
from recordsvc.archive.verify_report import Level
from recordsvc.archive.verify_words import OUTCOMES, SECTIONS
from recordsvc.ground.forms import Form
from recordsvc.ground.http import KIB
from recordsvc.ground.reading import Upload
from recordsvc.ground.strictjson import StrictJsonError, canonical, loads
from recordsvc.translog.proofs import HEADER
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import BadSignature
from recordsvc.web import words
from recordsvc.web.cards import Card, by_year
from recordsvc.web.extract_views import Shown, shown
from recordsvc.web.public_routes import HTML, newest_head
from recordsvc.web.render import page
from recordsvc.web.services import bp, dealer, house

LIMIT: Final = 4 * KIB * KIB
MAX_RECORD: Final = 256 * KIB


class NothingForm(Form):
    """Only the files."""


class NotReadable(ValueError):
    """What was uploaded cannot be looked at; the text tells the person what to do."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a page shows of a verification: verdict, sentences by section, the records unless refuted."""

    outcome: str
    title: str
    sections: tuple[tuple[str, str, tuple[str, ...]], ...]
    """(tone, heading, sentences)."""
    years: list[tuple[str, list[Card]]]
    people: tuple[str, ...]
    """Names and last characters of numbers in the records shown, to compare with an identity card."""
    parts: tuple[Shown, ...] = ()
    """Of an extract: its records."""


@door(
    bp,
    "GET",
    "/verify",
    policy="public",
    surface=Surface.PAGE,
    answer=HTML,
    summary="核验页 / Verification page",
)
def verify_page() -> flask.Response:
    """Show the form and how to verify without this site."""
    return _page(None, "")


@door(
    bp,
    "POST",
    "/verify",
    policy="public",
    surface=Surface.PAGE,
    body=Upload(NothingForm, ("document", "record"), LIMIT),
    answer={200: HTML, 422: HTML},
    summary="核验上传的凭证包、摘录或回执 / Verify an uploaded bundle or receipt",
    description="`document` is a bundle or an extract (JSON) or a receipt (C2SP tlog-proof); with a receipt, "
    "`record` is a file with the members `record` and `evidence` (or `jws`). Nothing is stored.",
)
def verify_upload(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:  # noqa: ARG001 - only files
    """Verify, and show what was proved and what was not."""
    try:
        verdict = _verified(files["document"], files["record"])
    except NotReadable as error:
        return _page(None, str(error), 422)
    return _page(verdict, "")


def _page(verdict: Verdict | None, error: str, status: int = 200) -> flask.Response:
    settings = house().settings
    return page(
        "verify.html",
        status,
        verdict=verdict,
        error=error,
        head=newest_head(),
        witness_keys=settings.witness_keys,
        region=settings.region,
        most_mib=LIMIT // KIB // KIB,
    )


def _verified(document: bytes, record: bytes) -> Verdict:
    if not document.strip():
        raise NotReadable("请先选择要核验的文件。")
    if document.startswith(HEADER.encode()):
        if not record.strip():
            raise NotReadable("回执只能证明某一条记录：请同时选择“记录文件”（在档案的记录详情页下载）。")
        raw, evidence = _record_file(record)
        report = _receipt(document, raw, evidence)
        return _verdict(report, [], ())
    if is_extract(document):
        report = _bundle(document, verify_extract)
        return _verdict(report, [], (), shown(read_extract(document)) if report.holds else [])
    report = _bundle(document)
    if not report.holds:
        return _verdict(report, [], ())
    bundle = read_bundle(document)
    suspect = _suspects(report, bundle)
    return _verdict(report, _cards(bundle, suspect), _people(bundle))


def _bundle(data: bytes, check: Callable[..., Report] = verify_bundle) -> Report:
    settings = house().settings
    witnesses = settings.witness_keys
    return check(
        data,
        house().log.every_key(),
        witnesses,
        len(witnesses),
        region=settings.region,
        now_ms=house().clock.now_ms(),
    )


def _receipt(data: bytes, raw: bytes, evidence: bytes) -> Report:
    key = _registered_key(raw, evidence)
    # A receipt is given at the commit, before any witness saw it.
    return verify_receipt(
        data, raw, evidence, house().log.every_key(), issuer_key=key, now_ms=house().clock.now_ms()
    )


def _registered_key(raw: bytes, evidence: bytes) -> PublicKey | None:
    """Return the issuer's key as registered here, None when the record's issuer or key is not known."""
    record = loads(raw, MAX_RECORD)
    issuer = record.get("issuer") if isinstance(record, dict) else None
    state = house().issuers.state(issuer) if isinstance(issuer, str) else None
    try:
        life = state.key(kid_of(evidence)) if state is not None else None
    except (BadSignature, FormatError):
        return None
    return None if life is None else life.public


def _record_file(data: bytes) -> tuple[bytes, bytes]:
    """Return R and its evidence out of a file with the members `record` and `evidence` (or `jws`)."""
    unfit = NotReadable("“记录文件”不是可读取的记录：它应含有 record 和 evidence 两部分，请重新下载后再试。")
    try:
        told = loads(data, MAX_RECORD, line_breaks=True)
        found = told.get("evidence", told.get("jws")) if isinstance(told, dict) else None
        if not isinstance(told, dict) or not isinstance(told.get("record"), dict) or found is None:
            raise unfit
        packed = found.encode("ascii") if isinstance(found, str) else BatchEvidence.from_json(found).pack()
        return canonical(told["record"]), packed
    except (StrictJsonError, FormatError, UnicodeEncodeError):
        raise unfit from None


def _verdict(
    report: Report, cards: Sequence[Card], people: tuple[str, ...], parts: Sequence[Shown] = ()
) -> Verdict:
    shown = [Level.FAILED, Level.OPEN, Level.NOTE]
    if report.holds:
        shown.insert(1, Level.PROVED)
    found = ((level, [one.words("zh") for one in report.findings if one.level is level]) for level in shown)
    return Verdict(
        outcome=report.outcome.name.lower(),
        title=OUTCOMES[report.outcome.name][0],
        sections=tuple(
            (level.value, SECTIONS[level.value][0], tuple(texts)) for level, texts in found if texts
        ),
        years=by_year(cards),
        people=people,
        parts=tuple(parts),
    )


def _suspects(report: Report, bundle: Bundle) -> set[int]:
    """Return the seqs of entries within a suspected compromise, as far as bundle or service knows.

    What only the service knows, since the suspicion is newer than the bundle, is added to the findings.
    """
    told = {one.seq for one in report.findings if one.code == "suspect"}
    seqs = {seq for seq in told if seq is not None}
    disclosed = [(one, one.disclosed) for one in bundle.entries if one.disclosed is not None]
    issuers = {str(what.record["issuer"]) for _, what in disclosed}
    with house().db.read_raw() as cursor:
        states = house().issuers.states(cursor, issuers)
    for entry, what in disclosed:
        state = states.get(str(what.record["issuer"]))
        life = state.key(kid_of(what.packed_evidence)) if state is not None else None
        if entry.seq not in seqs and life is not None and life.suspect(entry.leaf.ms):
            report.add(Level.NOTE, "suspect", entry.seq)
            seqs.add(entry.seq)
    return seqs


def _cards(bundle: Bundle, suspect: set[int]) -> list[Card]:
    """Return the proven records as cards; states follow from all entries, as the verifier derived them."""
    entries = [
        Entry(
            one.seq,
            one.leaf.kind,
            one.target,
            one.leaf.ms,
            one.disclosed.record if one.disclosed else None,
            one.seq in suspect,
        )
        for one in bundle.entries
    ]
    made_by = dealer()
    derived = derive(entries, bundle.region)
    better = facts.superseded(derived, bundle.region)
    return [made_by.card(state, None, superseded=state.seq in better) for state in derived.records]


def _people(bundle: Bundle) -> tuple[str, ...]:
    told = [one.disclosed.record["worker"] for one in bundle.entries if one.disclosed]
    named = {
        f"{worker['name']}（证件{words.masked(str(worker['number']))}）": None
        for worker in told
        if "name" in worker
    }
    return tuple(named)
