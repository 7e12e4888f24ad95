"""Records as people see them (档案卡片): what happened, when, who says so, what became of it. Pure.

One `RecordState` makes one `Card`, on the worker's own page and for a verified bundle alike; templates decide
nothing.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.archive import facts, headings
from recordsvc.archive.amend import CorrectionUnfit, corrected_body
from recordsvc.archive.formats import Kind
from recordsvc.archive.states import Confirmation, Entry, Life, RecordState
from recordsvc.ground.ports import beijing_date
from recordsvc.web import headlines, words
from recordsvc.web.badges import Badge

Body = Mapping[str, Any]
NameOf = Callable[[str, str], str | None]
"""Unified social credit code and day (YYYY-MM-DD) -> the institution's name on that day; None: unknown."""

REGION: Final = "登记机关（人社部门）"
_PLACES: Final = ("institution", "organisation", "body", "authority", "organiser", "granted_by")
"""Members that name the institution a record is about, by type one of them."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction in force: what it changed (label, old, new; None = not disclosed), why, when, by whom."""

    changes: tuple[tuple[str, str, str], ...] | None
    reason: str
    on: str
    by: str


@dataclass(frozen=True, slots=True)
class Happening:
    """One entry of a record's history: what, when entered, by whom, the reason in words, its seq."""

    what: str
    on: str
    by: str
    reason: str
    seq: int


@dataclass(frozen=True, slots=True)
class Card:
    """One record as it stands. Dates are written out; `day` (YYYY-MM-DD) is the event's, to sort by."""

    seq: int
    anchor: int
    """What names the card on its page."""
    record_id: str | None
    type_title: str
    title: str
    level: str
    details: tuple[tuple[str, str], ...]
    institution: str
    period: str
    day: str
    entered: str
    entered_on: str
    badges: tuple[Badge, ...]
    signer: str
    by_region: bool
    corrections: tuple[Correction, ...]
    ending: Happening | None
    """The erasure, restriction or revocation by which it counts no more."""
    sealed: bool
    moved: bool
    """It is restricted: nothing of what it says is shown."""
    objection: str
    """The worker's own reason, while contested."""
    twin_of: str | None
    trust: str
    """The trust level in words; "" when the record cannot be read."""
    taken_from: tuple[tuple[str, str], ...]
    """Where the region took it from: label and value."""
    superseded: bool
    """A better trusted record states the same fact and counts instead."""
    better: str | None
    """Address part of that record on the worker's own pages."""
    history: tuple[Happening, ...]
    may_confirm: bool
    may_contest: bool
    again: bool
    """Confirmed once, corrected since."""
    waits: bool
    """The worker's word is wanted."""
    seen: int | None
    """Log index of the newest entry this card tells of: what the worker's word will be said of."""
    origin: str
    """Of a record of an archive merged into the one shown: which, in words; else empty."""
    query: str
    """Empty, or `?issuer=` and its code where the id alone does not name the record in its archive."""

    @property
    def year(self) -> str:
        """Year of the event."""
        return self.day[:4]


VALID: Final = Badge("有效", "good")
UNCONFIRMED: Final = Badge("未确认", "wait")
CONFIRMED: Final = Badge("已确认", "good")
CONTESTED: Final = Badge("有异议", "warn")
CORRECTED: Final = Badge("已更正", "info")
REVOKED: Final = Badge("已撤销", "bad")
SEALED: Final = Badge("已限制处理", "warn")
MOVED: Final = Badge("已移出（记到他人名下）", "bad")
ERASED: Final = Badge("已删除", "mute")
SUSPECT: Final = Badge("待复核", "warn")
TWIN: Final = Badge("疑似重复", "warn")
SUPERSEDED: Final = Badge("另有更可信的记录", "mute")
UNDISCLOSED: Final = Badge("未公开", "mute")
NOT_SAID: Final = Badge("本人未表态", "mute")
SAID_BEFORE: Final = Badge("确认后又更正", "wait")

_OWN_WORD: Final = {"window": "本人（由窗口代办）", "helper": "本人（由亲友代办）"}
"""Who gave the worker's word, where it was not the worker alone."""
_SAID: Final = {
    Confirmation.UNCONFIRMED: UNCONFIRMED,
    Confirmation.CONFIRMED: CONFIRMED,
    Confirmation.CONTESTED: CONTESTED,
}
_ACTS: Final = {
    Kind.CORRECT: "更正",
    Kind.REVOKE: "撤销",
    Kind.RESTORE: "恢复",
    Kind.ERASE: "删除",
    Kind.NOTE: "附注",
}


class Dealer:
    """Makes cards."""

    def __init__(self, name_of: NameOf, region: str) -> None:
        """Name institutions by `name_of`; `region` is the code under which the region states."""
        self._name_of = name_of
        self._region = region

    def card(  # noqa: PLR0913 - a record, and what its archive and page say of it
        self,
        state: RecordState,
        record_id: str | None,
        twin_of: str | None = None,
        *,
        superseded: bool = False,
        better: str | None = None,
        seen: int | None = None,
        query: str = "",
        anchor: int | None = None,
        origin: str = "",
    ) -> Card:
        """Make the card of one record; `anchor` tells it from cards of other archives on the same page."""
        record, body = state.record, state.body or {}
        record_type = str(record["type"]) if record else ""
        version = int(record["version"]) if record else 1
        active = state.life is Life.ACTIVE and record is not None
        again = active and state.corrected_since_said and state.confirmation is Confirmation.UNCONFIRMED
        day = headings.event_day(body) or _issued(state, record)
        return Card(
            seq=state.seq,
            anchor=state.seq if anchor is None else anchor,
            record_id=record_id,
            type_title=words.type_title(record_type, version) if record else _untold(state),
            title=headings.title(record_type, body),
            level=headlines.level(body),
            details=tuple(headlines.details(record_type, version, body)),
            institution=self._institution(body, record, day),
            period=headlines.period(body),
            day=day,
            entered=words.instant(state.ms),
            entered_on=_entered_on(state.ms),
            badges=tuple(_badges(state, twin=twin_of is not None, superseded=superseded)),
            signer=self._signer(record, state.ms),
            by_region=record is not None and record["issuer"] == self._region,
            corrections=tuple(self._corrections(state, record_type, version)),
            ending=self._ending(state),
            sealed=state.life is Life.RESTRICTED,
            moved=state.moved,
            objection=_objection(state),
            twin_of=twin_of,
            trust=self._trust(state),
            taken_from=tuple(_taken_from(record or {})),
            superseded=superseded,
            better=better,
            history=tuple(self._happening(act) for act in state.history),
            may_confirm=active and (state.confirmation in _OPEN or again),
            may_contest=active
            and (
                state.confirmation is not Confirmation.CONTESTED
                or state.corrected_since_said
                or state.acted_since_said
            ),
            again=again,
            waits=active and state.confirmation is Confirmation.UNCONFIRMED,
            seen=seen,
            origin=origin,
            query=query,
        )

    def _institution(self, body: Body, record: Body | None, day: str) -> str:
        for place in _PLACES:
            found = body.get(place)
            if isinstance(found, Mapping) and "name" in found:
                return str(found["name"])
        if record is None:
            return ""
        return REGION if record["issuer"] == self._region else self._named(str(record["issuer"]), day)

    def _named(self, issuer: str, day: str) -> str:
        return self._name_of(issuer, day) or issuer

    def _signer(self, record: Body | None, ms: int) -> str:
        if record is None:
            return ""
        if record["issuer"] == self._region:
            return REGION
        return self._named(str(record["issuer"]), beijing_date(ms).isoformat())

    def _trust(self, state: RecordState) -> str:
        trust = facts.trust_of(state, self._region)
        return "" if trust is None else words.code("trust_levels", trust)

    def _corrections(self, state: RecordState, record_type: str, version: int) -> Iterable[Correction]:
        body: Body = state.record["body"] if state.record else {}
        for entry in state.corrections:
            said = entry.record
            changes = None
            if said is not None and state.record is not None:
                try:
                    after = corrected_body(body, said["body"])
                except CorrectionUnfit:
                    continue  # listed among the archive's oddities; it changed nothing
                changes = words.changed(record_type, version, body, after)
                body = after
            yield Correction(changes, _reason(entry), _entered_on(entry.ms), self._signer(said, entry.ms))

    def _ending(self, state: RecordState) -> Happening | None:
        entry = state.erasure or state.restriction or state.revocation
        return self._happening(entry) if entry is not None else None

    def _happening(self, act: Entry) -> Happening:
        what = (
            words.type_title(str(act.record["type"]))
            if act.record is not None
            else _ACTS.get(act.kind, "其他")
        )
        return Happening(what, words.instant(act.ms), self._by(act), _reason(act), act.seq)

    def _by(self, act: Entry) -> str:
        if act.record is None:
            return ""
        if act.record["type"] in ("confirmation", "contest"):
            return _OWN_WORD.get(str(act.record["actor"]["role"]), "本人")
        return self._signer(act.record, act.ms)


def _untold(state: RecordState) -> str:
    """Say what a record is of which nothing else may be said."""
    if state.moved:
        return "已移出的记录"
    return "已限制处理的记录" if state.life is Life.RESTRICTED else "内容不再保存的记录"


def _taken_from(record: Body) -> Iterable[tuple[str, str]]:
    """Say where a record of the region was taken from, in the order in which one would ask."""
    said: Body = record.get("provenance", {})
    if not said:
        return
    yield "转录来源", words.code("provenance_sources", str(said["source"]))
    if "original" in said:
        yield "原出具单位", str(said["original"].get("name") or said["original"].get("uscc"))
    if said["trust"] != "stated":
        yield "担保单位", str(said["vouched_by"])
    if "file" in said:
        yield "原始文件", f"第 {said['file']['row']} 行（文件指纹 {said['file']['sha256'][:12]}…）"
    if "verification" in said:
        proof = said["verification"]
        yield "核验", f"{words.day(str(proof['on']))}，{proof['method']}，{proof['by']}"


def _entered_on(ms: int) -> str:
    return words.day(beijing_date(ms).isoformat())


_OPEN: Final = (Confirmation.UNCONFIRMED, Confirmation.CONTESTED)


def _badges(state: RecordState, *, twin: bool, superseded: bool) -> Iterable[Badge]:
    if state.life is Life.ERASED:
        yield ERASED
        return
    if state.life is Life.RESTRICTED:
        yield MOVED if state.moved else SEALED
        return
    if state.life is Life.REVOKED:
        yield REVOKED
    elif state.record is None:
        yield UNDISCLOSED
    elif state.confirmation in (Confirmation.NOT_NEEDED, Confirmation.UNKNOWN):
        yield VALID
    if state.life is Life.ACTIVE and state.confirmation in _SAID:
        yield _SAID[state.confirmation]
    elif state.record is not None and state.confirmation is Confirmation.UNKNOWN:
        yield SAID_BEFORE if state.corrected_since_said else NOT_SAID
    yield from _remarks(state, twin=twin, superseded=superseded)


def _remarks(state: RecordState, *, twin: bool, superseded: bool) -> Iterable[Badge]:
    if state.corrected:
        yield CORRECTED
    if state.needs_reconfirmation:
        yield SUSPECT
    if superseded:
        yield SUPERSEDED
    elif twin:
        yield TWIN


def _issued(state: RecordState, record: Body | None) -> str:
    return str(record["issued_on"]) if record else beijing_date(state.ms).isoformat()


def _objection(state: RecordState) -> str:
    if state.confirmation is not Confirmation.CONTESTED or state.said is None:
        return ""
    return _reason(state.said)


_REASONS: Final = {
    "contest": "contest_reasons",
    "revocation": "revocation_reasons",
    "erasure": "erasure_grounds",
    "restriction": "restriction_grounds",
    "dispute-outcome": "dispute_grounds",
}


def _reason(act: Entry) -> str:
    """Why, in words: the code's word and the text beside it."""
    if act.record is None:
        return ""
    body, table = act.record["body"], _REASONS.get(str(act.record["type"]))
    why = str(body.get("reason") or body.get("ground") or "")
    parts = [words.code(table, why) if table and why else why, str(body.get("text", ""))]
    return "：".join(part for part in parts if part)


def by_year(cards: Sequence[Card]) -> list[tuple[str, list[Card]]]:
    """Group cards by the year of the event; newest first, and of one day the later entry first."""
    years: dict[str, list[Card]] = {}
    for card in sorted(cards, key=lambda one: (one.day, one.seq), reverse=True):
        years.setdefault(card.year, []).append(card)
    return list(years.items())
