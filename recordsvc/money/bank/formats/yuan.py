"""Amounts as bank files write them: yuan with two decimals, from and to whole fen, by integers alone."""

import re
from typing import Final

MOST_FEN: Final = 10**15
"""Ten trillion yuan: more is no payment but a fault."""
_YUAN: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,15})(?:\.([0-9]{1,2}))?")


def text(fen: int) -> str:
    """Return fen as yuan: 123450 is `1234.50`."""
    sign = "-" if fen < 0 else ""
    whole, part = divmod(abs(fen), 100)
    return f"{sign}{whole}.{part:02d}"


def fen(written: str) -> int:
    """Return an amount as fen. Raises `ValueError`: three decimals, plus signs, blanks, separators."""
    found = _YUAN.fullmatch(written)
    if found is None:
        raise ValueError("not an amount in yuan with at most two decimals")
    amount = int(found[2]) * 100 + int((found[3] or "").ljust(2, "0"))
    if amount > MOST_FEN:
        raise ValueError("an amount beyond any payment")
    return -amount if found[1] else amount
