"""Comparing names of account holders (户名核对). Folding is for comparing alone: sent is what the bank keeps.

The middle dot of many Hui, Uygur and Kazak names is typed in many ways, and NFKC leaves some of them apart
and turns another into a full stop: so they are folded by a table of our own, before anything else.
"""

import unicodedata
from typing import Final

from recordsvc.ground.gb18030 import settled

DOT: Final = "\u00b7"
_DOTS: Final = {
    ord(one): DOT for one in "\u2022\uff0e\u2027\u30fb\uff65\u0387\u2219\u22c5\u2e31\u2e33\u25cf\u2024"
}
_ACCOUNT_DIGITS: Final = range(8, 33)
"""Lengths of account numbers that Chinese banks give; cards have 16 to 19 digits."""
_CARD_DIGITS: Final = range(16, 20)


def folded(name: str) -> str:
    """Return a name as it is compared: one kind of dot, one width, no blanks, no case."""
    dotted = settled(name).translate(_DOTS)
    whole = unicodedata.normalize("NFKC", dotted)
    return "".join(whole.split()).casefold()


def same(one: str, other: str) -> bool:
    """Tell whether two names are of one account holder, as far as writing goes."""
    return folded(one) == folded(other) != ""


def well_formed(number: str) -> bool:
    """Tell whether an account number can be one: 8 to 32 digits."""
    return number.isascii() and number.isdigit() and len(number) in _ACCOUNT_DIGITS


def good_card(number: str) -> bool:
    """Tell whether a card number has its length and check digit (Luhn, ISO/IEC 7812-1)."""
    if not well_formed(number) or len(number) not in _CARD_DIGITS:
        return False
    total = 0
    for place, digit in enumerate(reversed(number)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def faults(number: str, bank: str) -> list[tuple[str, str]]:
    """Return what is wrong with an account number and a bank office, as pointer and text."""
    found = []
    if not well_formed(number):
        found.append(("/number", "账号应为 8–32 位数字"))
    if not (bank.isascii() and bank.isdigit() and len(bank) == 12):
        found.append(("/bank", "联行号应为 12 位数字"))
    return found
