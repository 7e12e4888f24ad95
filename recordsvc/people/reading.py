"""The person of a record as its issuer wrote them (记录所载人员): read, and refused where that cannot be."""

from typing import Any

from recordsvc.ground.ports import beijing_date
from recordsvc.people import identifiers, names
from recordsvc.people.cards import Days
from recordsvc.people.resolve import NAME_CHARACTERS, Person


def read_person(
    worker: dict[str, Any], now_ms: int, days: Days | None = None
) -> tuple[Person, tuple[str, ...]]:
    """Return the person of a record's `worker` member and warnings; `days` are those the record tells of.

    Raises `identifiers.IdentifierError` for a number that cannot be, or that is not in normal form: what is
    signed is refused, never normalised. So is what no name can be ("name-characters"): it would name somebody
    for good.
    """
    if not names.is_a_name(worker["name"]):
        raise identifiers.IdentifierError(NAME_CHARACTERS, "a name has letters and dots only")
    today = beijing_date(now_ms)
    document, number = worker.get("document"), worker.get("number")
    warnings: tuple[str, ...] = ()
    if document is not None and number is not None:
        found = identifiers.parse(document, number, today)
        if found.value != number:
            raise identifiers.IdentifierError("id-not-normal", "the number is not in its normal form")
        warnings = found.warnings
    card = worker.get("card") or {}
    card_number, chip = card.get("number"), card.get("chip")
    if card_number is not None and identifiers.card_number(card_number) != card_number:
        raise identifiers.IdentifierError("id-not-normal", "the card number is not in its normal form")
    if chip is not None:
        read = identifiers.chip_code(chip, card.get("area"))
        warnings += read.warnings
    return Person(document, number, worker["name"], card_number, chip, card.get("area"), days), warnings
