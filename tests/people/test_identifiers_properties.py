"""What a check character catches, tried for real; and that synthetic numbers are what they claim."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.people import identifiers, synthetic
from recordsvc.people.checks import USCC_ALPHABET, mod_11_2, uscc_check
from recordsvc.people.identifiers import Kind

TODAY = dt.date(2026, 11, 23)

births = st.dates(dt.date(1930, 1, 1), dt.date(2010, 12, 31))
areas = st.sampled_from(["640104", "640522", "642221", "620102", "810000"])
numbers = st.builds(
    synthetic.resident_id, areas, births, st.sampled_from(["male", "female"]), st.integers(0, 499)
)
codes = st.builds(synthetic.uscc, st.integers(0, 31**7 - 1), st.sampled_from(["91", "52", "12", "N2", "Y1"]))


def check_holds(number: str) -> bool:
    body = number[:17]
    return body.isdigit() and mod_11_2(body) == number[17]


@given(numbers)
def test_every_single_substitution_is_caught(number):
    for place in range(18):
        for char in "0123456789X":
            if char != number[place]:
                assert not check_holds(number[:place] + char + number[place + 1 :])


@given(numbers)
def test_every_adjacent_swap_is_caught(number):
    for place in range(17):
        if number[place] != number[place + 1]:
            swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
            assert not check_holds(swapped)


def test_a_swap_of_two_digits_ten_places_apart_passes():
    """2 has order 10 modulo 11: a number that passes is probably right, so the name is compared too."""
    one, other = "640104199002159914", "640194199002150914"

    assert [p for p in range(18) if one[p] != other[p]] == [4, 14]
    assert [check_holds(one), check_holds(other)] == [True, True]


@given(numbers, st.integers(0, 16), st.integers(0, 16))
def test_only_swaps_ten_apart_escape(number, first, second):
    if number[first] != number[second]:
        digits = list(number)
        digits[first], digits[second] = digits[second], digits[first]
        assert check_holds("".join(digits)) == (abs(first - second) == 10)


@given(codes)
def test_every_single_substitution_in_a_credit_code_is_caught(code):
    for place in range(17):
        for char in USCC_ALPHABET:
            if char != code[place]:
                assert uscc_check(code[:place] + char + code[place + 1 : 17]) != code[17]


@given(st.text(max_size=24))
def test_nothing_but_an_identifier_error_comes_out(text):
    for kind in Kind:
        try:
            found = identifiers.parse(kind, text, TODAY, legacy=True)
        except identifiers.IdentifierError:
            continue
        assert found.value.isascii()
        assert identifiers.parse(kind, found.value, TODAY).value == found.value


@given(st.text(max_size=40))
def test_folding_a_name_twice_changes_nothing(text):
    assert identifiers.for_matching(identifiers.for_matching(text)) == identifiers.for_matching(text)
    assert identifiers.shown(identifiers.shown(text)) == identifiers.shown(text)


@given(births, st.sampled_from(["male", "female"]), st.integers(0, 499))
def test_a_synthetic_resident_is_valid_and_as_asked(born, sex, seed):
    number = synthetic.resident_id("640104", born, sex, seed)

    assert identifiers.is_resident_id(number, TODAY)
    assert (identifiers.birth_date(number), identifiers.sex(number)) == (born, sex)


@given(st.integers(0, 31**7 - 1), st.integers(0, 9 * 10**8 - 1))
def test_synthetic_codes_and_cards_are_valid(seed, card):
    assert identifiers.uscc(synthetic.uscc(seed)).warnings == ()
    assert identifiers.card_number(synthetic.card_number(card)) == synthetic.card_number(card)
    assert identifiers.chip_code(synthetic.chip_code(seed), "640100").warnings == ()


def test_synthetic_numbers_differ_by_seed():
    born = dt.date(1990, 2, 15)

    assert len({synthetic.resident_id("640104", born, "female", seed) for seed in range(500)}) == 500
    assert len({synthetic.uscc(seed) for seed in range(5_000)}) == 5_000
    assert len({synthetic.card_number(seed * 899_999) for seed in range(1_000)}) == 1_000


def test_legacy_numbers_convert_back():
    number = synthetic.resident_id("640221", dt.date(1968, 9, 12), "male", 400)
    written = synthetic.legacy_15(number)

    assert identifiers.parse(Kind.RESIDENT_ID, written, TODAY, legacy=True).value == number
    with pytest.raises(ValueError, match="19xx"):
        synthetic.legacy_15(synthetic.resident_id("640221", dt.date(2001, 1, 1), "male"))
    permanent = synthetic.foreign_pr("64", "840", dt.date(1986, 4, 12), "male", 7)
    assert identifiers.parse(Kind.FOREIGN_PR, permanent, TODAY).warnings == ()
