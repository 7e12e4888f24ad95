"""Case 37: dots, rare characters, moved code points, over-long names; nothing is ever replaced."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.ground import gb18030
from recordsvc.money.bank import account_names
from tests.money.bank import made

RARE = "䶮𬱖㛃"
MOVED = [(before, after) for before, after in gb18030.MOVED.items()]


@pytest.mark.parametrize(("before", "after"), MOVED, ids=lambda point: f"{point:04X}")
def test_case_37_a_moved_character_keeps_its_two_byte_code(before: int, after: int) -> None:
    """The code of a bank that knows the edition of 2005 and of one that knows 2022 is the same."""
    code = chr(before).encode("gb18030")
    assert len(code) == 2
    assert gb18030.encode(chr(after)) == gb18030.encode(chr(before)) == code
    assert gb18030.decode(code) == chr(after)


@pytest.mark.parametrize(("before", "after"), MOVED, ids=lambda point: f"{point:04X}")
def test_case_37_the_four_byte_code_of_either_edition_reads_as_the_same_character(
    before: int, after: int
) -> None:
    code = chr(after).encode("gb18030")
    assert len(code) == 4
    assert gb18030.decode(code) == chr(after)


def test_case_37_there_are_eighteen_of_them_and_none_is_private() -> None:
    assert len(gb18030.MOVED) == len(set(gb18030.MOVED.values())) == 18
    assert not any(0xE000 <= after <= 0xF8FF for after in gb18030.MOVED.values())


def test_case_37_rare_characters_pass_unchanged() -> None:
    assert gb18030.decode(gb18030.encode(RARE)) == RARE


@pytest.mark.parametrize("text", ["马\ue000", "\uf8ff", "\U000f0000", "马\ud800"])
def test_case_37_what_nobody_else_can_read_is_not_written(text: str) -> None:
    with pytest.raises(gb18030.Unwritable):
        gb18030.encode(text)


@pytest.mark.parametrize(
    "content",
    [b"\xc2", b"\xff", "马晓".encode("gb18030")[:3], b"\xef\xbb\xbfH", b"\x84\x31\x95\x33H", b"\xaa\xa1"],
)
def test_case_37_bytes_that_are_no_text_are_refused_not_replaced(content: bytes) -> None:
    with pytest.raises(gb18030.Unreadable):
        gb18030.decode(content)


@given(st.text(st.characters(exclude_categories=("Cs", "Co")), max_size=40))
def test_case_37_any_text_comes_back_as_it_was(text: str) -> None:
    encoded = gb18030.encode(text)
    if not encoded.startswith(gb18030._BOMS):
        assert gb18030.decode(encoded) == text


@pytest.mark.parametrize("dot", "·•．‧・･∙⋅")
def test_case_37_dots_are_one_dot_where_names_are_compared(dot: str) -> None:
    assert account_names.same(f"阿依古丽{dot}买买提", "阿依古丽·买买提")


def test_case_37_names_that_differ_are_not_the_same() -> None:
    assert not account_names.same("阿依古丽买买提", "阿依古丽·买买提")
    assert not account_names.same("马晓", "马小")
    assert not account_names.same("", "")
    assert account_names.same("ＭＡ ＸＩＡＯ", "ma xiao")
    assert account_names.same("\ue81e", "\u9fb4")


@pytest.mark.parametrize("n", range(20))
def test_one_wrong_digit_makes_no_card(n: int) -> None:
    number = made.card(n)
    assert account_names.good_card(number)
    wrong = str((int(number[n % 18]) + 1) % 10)
    assert not account_names.good_card(number[: n % 18] + wrong + number[n % 18 + 1 :])
