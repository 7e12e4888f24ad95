"""Which records count without the worker's confirmation (无须本人确认): dated, type × kind of issuer."""

from recordsvc import dated
from recordsvc.archive.formats import Kind
from recordsvc.archive.types import TYPES


def needs_confirmation(record_type: str, version: int, issuer_kind: str, on: str) -> bool:
    """Whether a record must be confirmed by the worker before it counts.

    `issuer_kind` is a code of the table `issuer_kinds` (`region` for what the region states), `on` the
    Beijing date of the entry's log time. Corrections, revocations and notes need none.
    Raises `KeyError` for a type that is not published.
    """
    if TYPES[record_type, version].kind is not Kind.ISSUE:
        return False
    return f"{record_type}/{issuer_kind}" not in dated.on("confirmation_exemptions", on)
