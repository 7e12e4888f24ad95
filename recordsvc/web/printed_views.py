"""Certificates on paper in words (证明内容): sheet and facts from an archive, as pages show it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from recordsvc.archive.facts import is_private
from recordsvc.archive.holders import Holder
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import Entry, Life, RecordState
from recordsvc.exports.printed.content import ArchiveFacts, RecordFacts
from recordsvc.exports.printed.sheets import Printed, Rows
from recordsvc.ground.ports import beijing_date
from recordsvc.web import words
from recordsvc.web.cards import Card, Dealer
from recordsvc.web.words import Line
from recordsvc.web.worker_routes import card_of

_SHOWN: Final = frozenset({Life.ACTIVE, Life.REVOKED})
_REASONS: Final = "revocation_reasons"
SUMMARY_ROWS: Final = 4
"""Of a record among many: what a card shows at a glance."""


def chosen(archive: Archive, ids: Iterable[bytes] | None) -> list[RecordState]:
    """Return the records that are printed: those of these ids, or all but the worker's private ones.

    What is restricted or was erased is on no paper.
    """
    wanted = None if ids is None else set(ids)
    return [
        state
        for state in archive.state.records
        if state.life in _SHOWN
        and state.record is not None
        and (
            not is_private(state.record)
            if wanted is None
            else archive.entries[state.seq].stored.record_id in wanted
        )
    ]


def record_facts(archive: Archive, state: RecordState, made_by: Dealer) -> RecordFacts:
    """Return what the code of a certificate says of a record, as it stands."""
    card, record = card_of(archive, state, made_by), state.record or {}
    acted = _acted(state)
    return RecordFacts(
        type=card.type_title,
        title=card.title or card.institution,
        level=card.level,
        certificate=_certificate(state.body or {}),
        issuer=card.signer,
        day=str(record.get("issued_on", "")),
        state=state_of(card),
        reason="" if state.revocation is None else _reason(state.revocation),
        since=beijing_date(state.ms if acted is None else acted.ms).isoformat(),
    )


def archive_facts(states: Sequence[RecordState], bundle: str) -> ArchiveFacts:
    """Return what the code of a certificate of an archive says; `bundle`: SHA-256 of the bundle."""
    return ArchiveFacts(len(states), sum(one.life is Life.ACTIVE for one in states), bundle)


def state_of(card: Card) -> str:
    """Return a record's state in words, never empty."""
    return "、".join(badge.text for badge in card.badges)


def printed(archive: Archive, state: RecordState, made_by: Dealer, *, whole: bool) -> Printed:
    """Return a record as it is printed; `whole`: every member of it, or what a card shows."""
    card, record = card_of(archive, state, made_by), state.record or {}
    if whole:
        rows = tuple(_flat(words.lines(record["type"], record["version"], state.body or {})))
    else:
        said = (("日期", card.period), ("机构", card.institution), *card.details[:SUMMARY_ROWS])
        rows = tuple((label, value) for label, value in said if value)
    return Printed(
        title=card.type_title,
        name="　".join(part for part in (card.title, card.level) if part),
        state=state_of(card),
        good=state.life is Life.ACTIVE,
        rows=rows,
        told=tuple(_told(archive, state, card)),
    )


def holder_rows(holder: Holder) -> Rows:
    """Return whose certificate it is: the name, and the last characters of the number alone."""
    told = (("姓名", holder.name), (holder.document or "证件", tail(holder) and words.masked(holder.number)))
    return tuple((label, value) for label, value in told if value)


def tail(holder: Holder) -> str:
    """Return the last 4 characters of the holder's number."""
    return holder.number[-4:]


def _told(archive: Archive, state: RecordState, card: Card) -> Iterable[tuple[str, str]]:
    if card.ending is not None:
        why = card.ending.reason if state.revocation is None else _reason(state.revocation)
        yield card.ending.what, f"{card.ending.on}，{why or '未说明原因'}（{card.ending.by}）"
    for one in card.corrections:
        changed = (f"{label}：{old or '无'} → {new or '无'}" for label, old, new in one.changes or ())
        yield "更正", f"{one.on}，{one.reason}。{'；'.join(changed)}"
    if card.objection:
        yield "本人异议", card.objection
    yield "签发", f"{card.signer}{'（登记机关陈述）' if card.by_region else ''}"
    if card.trust:
        yield "可信等级", card.trust
    yield "收录", f"{card.entered}，日志第 {archive.entries[state.seq].stored.idx} 号"


def _flat(lines: Iterable[Line], above: str = "") -> Iterable[tuple[str, str]]:
    for line in lines:
        label = f"{above} · {line.label}" if above else line.label
        if line.inner:
            yield from _flat(line.inner, label)
        else:
            yield label, line.value


def _certificate(body: Any) -> str:
    found = body.get("certificate")
    return str(found.get("number", "")) if isinstance(found, dict) else ""


def _acted(state: RecordState) -> Entry | None:
    """Return the entry since which the state is what it is; None: since it was entered."""
    newest = [one for one in (state.revocation, *state.corrections, state.said) if one is not None]
    if state.revocation is not None:
        return state.revocation
    return max(newest, key=lambda one: one.seq, default=None)


def _reason(act: Entry) -> str:
    """Return the word of a code alone: what an issuer wrote beside it is not for everybody."""
    code = "" if act.record is None else str(act.record["body"].get("reason", ""))
    return words.code(_REASONS, code) if code else ""
