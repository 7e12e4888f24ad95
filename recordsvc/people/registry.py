"""Where card facts come from (社会保障卡信息来源): the port, and its adapters.

    ExtractFile        a dated extract of the card system, CSV (extract.py)
    ReaderString       what a card reader gives of the card that lies in it
    SimulatedRegistry  a registry that does not exist, for demonstrations and tests

A new card must be known before a centre uses it: whoever runs the region feeds one of these first. Interfaces
and code tables of the real systems are not published; what was seen in two back ends is dated data
(`card_status_codes`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from recordsvc.people import cards, identifiers
from recordsvc.people.cardbook import CardFact
from recordsvc.people.checks import IdentifierError


@dataclass(frozen=True, slots=True)
class RowError:
    """A row that says nothing usable: line (from 1, the header's), column, code, what, and what to do."""

    line: int
    column: str
    code: str
    zh: str
    en: str
    remedy_zh: str


class CardRegistry(Protocol):
    """A source of card facts."""

    def facts(self) -> Iterator[CardFact | RowError]:
        """Yield what is known of each card, and what could not be read."""
        ...


# -- card reader

READER_FIELDS: Final = (
    "area",
    "number",
    "card",
    "chip",
    "name",
    "reset",
    "standard",
    "issued_on",
    "valid_until",
    "terminal",
    "device",
)
"""Order of the national driver's basic string; a gateway that puts a flag first is read as ("flag", *…)."""
_WANTED: Final = ("area", "number", "card", "chip", "name")


class ReaderStringRefused(ValueError):
    """A card reader's string that is none. `code` is stable; the texts hold nothing of the string."""

    def __init__(self, code: str, zh: str) -> None:
        super().__init__(zh)
        self.code, self.zh = code, zh


def reader_string(raw: str, layout: Sequence[str] = READER_FIELDS) -> dict[str, str]:
    """Return the fields of a card reader's basic string by name. Raises `ReaderStringRefused`.

    Read by position as `layout` says; an empty last field behind the trailing bar is not counted.
    """
    values = [identifiers.normalise(part) if part else "" for part in raw.strip("\r\n \0").split("|")]
    if values and not values[-1]:
        values.pop()
    if len(values) < layout.index("name") + 1 or len(values) > len(layout):
        raise ReaderStringRefused("reader-fields", "字段个数不对：请核对读卡器的输出格式（--layout）")
    found = dict(zip(layout, values, strict=False))
    if missing := [name for name in _WANTED if not found.get(name)]:
        raise ReaderStringRefused("reader-missing", f"缺少字段：{'、'.join(missing)}")
    try:
        found["area"] = identifiers.card_area(found["area"])
        found["card"] = identifiers.card_number(found["card"])
        chip = identifiers.chip_code(found["chip"], found["area"])
    except IdentifierError as fault:
        raise ReaderStringRefused(fault.code, "发卡地区、卡号或卡识别码不成立：请重新读卡") from None
    if "chip-area-differs" in chip.warnings:
        raise ReaderStringRefused("reader-area", "发卡地区与卡识别码前六位不一致：字段错位，请核对输出格式")
    found["chip"] = chip.value
    return found


class ReaderString:
    """The one card that lies in a reader, as of a day (YYYY-MM-DD)."""

    def __init__(self, raw: str, on: str, layout: Sequence[str] = READER_FIELDS) -> None:
        """Read the string. Raises `ReaderStringRefused`."""
        self._read = reader_string(raw, layout)
        self._on = on

    def facts(self) -> Iterator[CardFact | RowError]:
        """Yield the card; its functions' states are not in the chip's basic string."""
        found = self._read
        try:
            holder = identifiers.holder_number(found["number"], self._on)
        except IdentifierError as fault:
            raise ReaderStringRefused(fault.code, "社会保障号码不成立：请重新读卡") from None
        issued = iso_day(found.get("issued_on", ""))
        events = ((cards.ISSUED, issued, ""),) if issued and issued <= self._on else ()
        yield CardFact(
            holder.kind,
            holder.value,
            identifiers.shown(found["name"]),
            found["card"],
            f"reader:{self._on}",
            found["chip"],
            found["area"],
            None,
            events,
        )


def iso_day(raw: str) -> str:
    """Return a day written YYYYMMDD, YYYY-MM-DD or YYYY/M/D as YYYY-MM-DD; empty if it is none."""
    parts = raw.replace("/", "-").replace(".", "-").split("-")
    if len(parts) == 1 and len(raw) == 8:
        parts = [raw[:4], raw[4:6], raw[6:]]
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() for part in parts):
        return ""
    return cards.real_day(int(parts[0]), int(parts[1]), int(parts[2]))


# -- simulator


@dataclass
class SimulatedRegistry:
    """Cards of people who do not exist; every act is a dated event."""

    source: str = "simulator"
    _cards: dict[str, CardFact] = field(default_factory=dict)

    def issue(self, fact: CardFact, on: str) -> None:
        """Issue a card; where it replaces one, that one is void from the same day."""
        self._cards[fact.card] = replace(fact, source=self.source)
        self.happen(fact.card, cards.ISSUED, on)
        if fact.replaces is not None and fact.replaces in self._cards:
            self.happen(fact.replaces, cards.REPLACED, on, fact.card)

    def happen(self, card: str, what: str, on: str, detail: str = "") -> None:
        """Let something happen to a card: an event of `card_events`."""
        if not cards.is_event(what):
            raise ValueError(f"no such event: {what}")
        known = self._cards[card]
        self._cards[card] = replace(known, events=(*known.events, (what, on, detail)))

    def facts(self) -> Iterator[CardFact | RowError]:
        """Yield all cards as they are known now."""
        yield from list(self._cards.values())
