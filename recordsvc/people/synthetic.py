"""Valid numbers of people and bodies that do not exist, for demonstrations, tests and benchmarks (pure).

Every function is a plain function of its arguments: the same seed gives the same number, and seeds below the
stated bound give different ones. Any coincidence with a real person or unit is accidental.
"""

import datetime as dt
import hashlib

from recordsvc.people.checks import USCC_ALPHABET, mod_11_2, organisation_check, uscc_check

_CARD_LETTERS = "ABCDEFGHX"


def resident_id(division: str, born: dt.date, sex: str, seed: int = 0) -> str:
    """A valid 18-character number: division (6 digits), birth date, sex ('male'|'female'), seed 0..499.

    Works for 810000, 820000 and 830000 (residence cards) too.
    """
    sequence = 2 * (seed % 500) + (1 if sex == "male" else 0)
    body = f"{division}{born:%Y%m%d}{sequence:03d}"
    return body + mod_11_2(body)


def foreign_pr(province: str, country: str, born: dt.date, sex: str, seed: int = 0) -> str:
    """A 2023 permanent resident's number: province (2 digits), numeric country code (3 digits), as above."""
    return resident_id(f"9{province}{country}", born, sex, seed)


def legacy_15(number: str) -> str:
    """The 15-digit form of an 18-character number of someone born 1900-1999."""
    if number[6:8] != "19":
        raise ValueError("only people born in 19xx had 15-digit numbers")
    return number[:6] + number[8:17]


def uscc(seed: int, registrar: str = "91", division: str = "640100") -> str:
    """A unified social credit code with both check characters right; seeds below 31^7 differ."""
    digits = []
    rest = seed
    for _ in range(7):
        rest, place = divmod(rest, len(USCC_ALPHABET))
        digits.append(USCC_ALPHABET[place])
    body = "M" + "".join(reversed(digits))
    base = registrar + division + body + organisation_check(body)  # digits or X: always in the alphabet
    return base + uscc_check(base)


def card_number(seed: int) -> str:
    """A nine-character card number (letter and eight digits); seeds below 9 * 10^8 differ."""
    letter, digits = divmod(seed, 10**8)
    return f"{_CARD_LETTERS[letter % len(_CARD_LETTERS)]}{digits:08d}"


def chip_code(seed: int, area: str = "640100") -> str:
    """A chip code of an issuing area: area + ministry RID + 16 hexadecimal digits drawn from the seed."""
    return f"{area}D156000005{hashlib.sha256(f'chip {seed}'.encode()).hexdigest()[:16].upper()}"
