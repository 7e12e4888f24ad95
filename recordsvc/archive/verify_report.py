"""What a verification found, for programs (`to_json`) and for people (`text`): what holds, what does not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from recordsvc import dated
from recordsvc.archive.verify_words import LIVES, OUTCOMES, SECTIONS, SUPERSEDED, TYPES, WORDS


class Outcome(IntEnum):
    """The verdict; the number is the exit code of `recordsvc verify`."""

    PROVEN = 0
    FALSE = 1
    UNREADABLE = 2
    UNPROVEN = 3
    """All else holds, but too few of the witnesses asked for have cosigned: neither proven nor false."""


class Level(StrEnum):
    """What a finding is: something refuted, proved, left open by its nature, or worth knowing."""

    FAILED = "failed"
    PROVED = "proved"
    OPEN = "open"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence: its code in `verify_words.WORDS`, the seq of the entry it is about, and its facts."""

    level: Level
    code: str
    seq: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)

    def words(self, lang: str) -> str:
        """The sentence in `zh` or `en`."""
        text = WORDS[self.code][lang == "en"].format(**{key: _shown(one) for key, one in self.facts.items()})
        if self.seq is None:
            return text
        return f"entry {self.seq}: {text}" if lang == "en" else f"第 {self.seq} 条：{text}"


class RecordLine(NamedTuple):
    """One record as it stands: facts to show, `signed_by` "issuer" or "region", empty when not disclosed."""

    seq: int
    index: int  # type: ignore[assignment]  # hides tuple.index, which nobody needs here
    ms: int
    life: str
    record_id: str | None = None
    type: str | None = None
    issuer: str | None = None
    issued_on: str | None = None
    signed_by: str | None = None
    corrected: bool = False
    confirmation: str | None = None
    needs_reconfirmation: bool = False
    corrected_since_said: bool = False
    trust: str | None = None
    superseded_by: int | None = None


class Failed(Exception):
    """A check did not hold; carries its finding to the one place that collects them."""

    def __init__(self, code: str, seq: int | None = None, **facts: Any) -> None:
        self.finding = Finding(Level.FAILED, code, seq, facts)
        super().__init__(code)


@dataclass(slots=True)
class Report:
    """All findings in the order they were made, and the records if it came so far."""

    findings: list[Finding] = field(default_factory=list)
    records: list[RecordLine] = field(default_factory=list)
    checkpoint: dict[str, Any] = field(default_factory=dict)
    unreadable: bool = False
    unmet: bool = False
    """Fewer witnesses than asked for have cosigned the checkpoint."""
    statement: dict[str, Any] = field(default_factory=dict)
    """What an extract states, once it is proven."""
    lines: list[tuple[str, str]] = field(default_factory=list)
    """The same for people, Chinese and English."""

    def add(self, level: Level, code: str, seq: int | None = None, **facts: Any) -> None:
        """Note one finding."""
        self.findings.append(Finding(level, code, seq, facts))

    def refuse(self, failed: Failed) -> None:
        """Note what failed."""
        self.findings.append(failed.finding)

    @property
    def holds(self) -> bool:
        """Nothing was refuted: proven, but for witnesses that may be missing."""
        return not self.unreadable and all(one.level is not Level.FAILED for one in self.findings)

    @property
    def outcome(self) -> Outcome:
        """The verdict that follows."""
        if self.unreadable:
            return Outcome.UNREADABLE
        if not self.holds:
            return Outcome.FALSE
        return Outcome.UNPROVEN if self.unmet else Outcome.PROVEN

    def to_json(self) -> dict[str, Any]:
        """For programs: codes, facts, and the sentences in both languages."""
        told = {"statement": self.statement} if self.statement else {}
        return told | {
            "outcome": self.outcome.name.lower(),
            "checkpoint": self.checkpoint,
            "findings": [
                {
                    "level": one.level.value,
                    "code": one.code,
                    "seq": one.seq,
                    "facts": dict(one.facts),
                    "zh": one.words("zh"),
                    "en": one.words("en"),
                }
                for one in self.findings
            ],
            "records": [line._asdict() for line in self.records],
        }

    def text(self, lang: str = "zh") -> str:
        """For people: the verdict first, then what was proved, what was not, and the records."""
        pick = int(lang == "en")
        lines = [OUTCOMES[self.outcome.name][pick]]
        for level in Level:
            found = [one for one in self.findings if one.level is level]
            if found and not (level is Level.PROVED and not self.holds):
                lines += ["", SECTIONS[level.value][pick], *(f"  · {one.words(lang)}" for one in found)]
        if self.records and self.holds:
            lines += ["", SECTIONS["records"][pick], *(f"  {_line(one, pick)}" for one in self.records)]
        if self.lines and self.holds:
            lines += ["", SECTIONS["extract"][pick], *(f"  {_shown(one[pick])}" for one in self.lines)]
        return "\n".join(lines) + "\n"


def _shown(value: Any) -> str:
    """Safe for a terminal: a file under test may hold names made of control characters."""
    return "".join(char if char.isprintable() else "\ufffd" for char in str(value))


def _line(one: RecordLine, pick: int) -> str:
    marks = [LIVES[one.life][pick]]
    marks += [LIVES["corrected"][pick]] if one.corrected else []
    marks += [LIVES[one.confirmation][pick]] if one.confirmation in ("confirmed", "contested") else []
    marks += [LIVES["corrected-since-said"][pick]] if one.corrected_since_said else []
    marks += [LIVES["needs-reconfirmation"][pick]] if one.needs_reconfirmation else []
    marks += [SUPERSEDED[pick].format(seq=one.superseded_by)] if one.superseded_by is not None else []
    state = ("、", ", ")[pick].join(marks)
    if one.type is None:
        return f"{one.seq:>3}  {LIVES['undisclosed'][pick]}  [{state}]"
    name = TYPES.get(one.type, (one.type, one.type))[pick]
    return (
        f"{one.seq:>3}  {one.issued_on}  {name}  {one.issuer}  [{state}]  {_trust(one.trust, pick)}".rstrip()
    )


def _trust(code: str | None, pick: int) -> str:
    rows = dated.table("trust_levels").rows
    return next((str(row[("zh", "en")[pick]]) for row in rows if row["code"] == code), code or "")
