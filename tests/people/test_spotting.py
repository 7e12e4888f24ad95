"""Numbers of people in free text are spotted; case numbers, dates and codes of institutions are not."""

import datetime as dt
import random
import uuid

import pytest

from recordsvc.people import synthetic
from recordsvc.people.checks import luhn
from recordsvc.people.spotting import number_in

BORN = dt.date(1990, 3, 7)
CITIZEN = synthetic.resident_id("640100", BORN, "male")
X = next(
    number
    for seed in range(100)
    if (number := synthetic.resident_id("640100", BORN, "male", seed)).endswith("X")
)
BANK = next(one for end in range(10) if luhn(one := f"621700000000001{end}"))


@pytest.mark.parametrize(
    "number",
    [
        CITIZEN,
        X,
        X.lower(),
        X.replace("X", "Ⅹ"),
        "".join(chr(ord(digit) + 0xFEE0) for digit in CITIZEN),
        f"{CITIZEN[:6]} {CITIZEN[6:14]} {CITIZEN[14:]}",
        f"{CITIZEN[:6]}-{CITIZEN[6:14]}-{CITIZEN[14:]}",
        synthetic.legacy_15(CITIZEN),
        synthetic.foreign_pr("64", "840", BORN, "female"),
        synthetic.card_number(7),
        synthetic.chip_code(7),
        BANK,
        f"{BANK[:4]} {BANK[4:8]} {BANK[8:12]} {BANK[12:]}",
        "13800001234",
        "138 0000 1234",
        "+86 13800001234",
        "H12345678",
    ],
)
@pytest.mark.parametrize("around", ["{}", "案卷 {}", "（{}）补办", "受理号：{}，二〇二五"])
def test_a_number_is_spotted_wherever_it_stands(number: str, around: str) -> None:
    assert number_in(around.format(number)) is not None


@pytest.mark.parametrize(
    "text",
    [
        *("tel13800001234", "TEL13800001234", "13800001234a", "案13800001234号"),
        *("aX79842643", "X79842643a", "案X79842643号", "cardX79842643"),
        *(f"案{BANK}a", f"no{BANK}", f"卡{BANK}卡"),
        *("4563517604900086662", "6222021234567890", "hH12345678"),
        f"a{synthetic.legacy_15(CITIZEN)}b",
    ],
)
def test_a_number_is_spotted_where_a_word_is_glued_to_it(text: str) -> None:
    digits = "".join(one for one in text if one.isdigit())
    for end in range(10):
        # Bank numbers are made to pass the check, whatever was typed here.
        if digits[:2] in ("45", "62") and luhn(made := f"{digits[:-1]}{end}"):
            text = text.replace(digits, made)
    assert number_in(text) is not None


def test_no_random_id_is_taken_for_a_person() -> None:
    drawn = random.Random(11)
    ids = [uuid.UUID(int=drawn.getrandbits(128), version=4) for _ in range(20_000)]
    ids.append(uuid.UUID("0190163d-8694-739b-aea5-a13912345678"))
    assert {number_in(str(one)) for one in ids} == {None}


@pytest.mark.parametrize("case", ["XH00000123", "NX12345678", "宁残证〔2025〕0101号", "4563517604900086660"])
def test_an_ordinary_document_number_is_taken(case: str) -> None:
    assert number_in(case) is None


def test_an_identity_number_is_spotted_between_digits_and_letters() -> None:
    assert number_in(f"AB1{CITIZEN}7Z") == "identity-number"


@pytest.mark.parametrize(
    "case",
    [
        "K-1",
        "宁人社窗〔2025〕7号",
        "SJ-2025-2",
        "W20261129",
        "640100-20261129-0001",
        "640100202611290001",
        "640104-261129-001",
        "20261129000123",
        "NX-2026-000017-3",
        "0951-6098000",
        "91640100MA76TEST0X",
        "2026年11月29日第3号",
        "",
    ],
)
def test_a_case_is_taken(case: str) -> None:
    assert number_in(case) is None


def test_no_code_of_an_institution_is_taken_for_a_person() -> None:
    assert {number_in(synthetic.uscc(seed)) for seed in range(2_000)} == {None}


def test_no_case_of_division_day_and_sequence_is_taken_for_a_person() -> None:
    drawn = random.Random(7)
    for _ in range(5_000):
        day = dt.date(2020, 1, 1) + dt.timedelta(days=drawn.randrange(9_000))
        assert number_in(f"640100{day:%Y%m%d}{drawn.randrange(10_000):04d}") is None


def test_a_wrong_check_character_is_no_identity_number() -> None:
    wrong = CITIZEN[:17] + ("1" if CITIZEN[17] != "1" else "2")
    assert number_in(wrong) is None
