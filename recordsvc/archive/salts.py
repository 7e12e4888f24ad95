"""Salts (盐) that hide nothing: found before a record is taken, since a record can never be salted again.

A salt is 16 random bytes of the issuer. Nobody can prove bytes random; what is refused is what no random
source makes (odds below 2^-50 for each): few distinct bytes, an even count, one salt for several records.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from recordsvc.archive import errors
from recordsvc.ground.base64strict import unb64u

if TYPE_CHECKING:
    from recordsvc.archive.rows import Row

LEAST_DISTINCT: Final = 8


def is_weak(salt: str) -> bool:
    """Tell whether a salt (base64url, 16 bytes) has few distinct bytes or counts in even steps."""
    raw = unb64u(salt)
    if len(set(raw)) < LEAST_DISTINCT:
        return True
    step = raw[1] - raw[0] & 255
    # The first two steps already settle it for all but one random salt in 65,536.
    return raw[2] - raw[1] & 255 == step and all(
        raw[n + 1] - raw[n] & 255 == step for n in range(2, len(raw) - 1)
    )


def refuse_weak(rows: "Iterable[Row]") -> None:
    """Refuse rows whose salt is weak, or stands under another record of the same submission."""
    owners: dict[str, str] = {}
    for row in rows:
        record = row.item.record
        salt = record["salt"]
        if owners.setdefault(salt, record["id"]) != record["id"] or is_weak(salt):
            row.refuse(errors.SaltWeak(pointer="/salt"))
