"""Cursors: ours, for one list and one reader, readable for ever, and refused when anything else."""

import hmac
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc.ground.paging import Cursors, PageQuery, page_form
from recordsvc.ground.problems import CursorRefused


def key(secret: bytes) -> Any:
    return lambda data: hmac.digest(secret, data, "sha256")


CURSORS = Cursors({1: key(b"one")})
VALUES = st.lists(st.integers(0, 2**64 - 1), max_size=8)


@given(VALUES, st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20))
def test_a_cursor_is_read_as_it_was_made(values: list[int], context: str) -> None:
    assert CURSORS.read(context, CURSORS.make(context, *values)) == tuple(values)


@given(VALUES, st.data())
def test_any_changed_character_is_refused(values: list[int], data: st.DataObject) -> None:
    cursor = CURSORS.make("feed", *values)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(
        st.sampled_from("ABCDwxyz0189-_=. \n").filter(lambda character: character != cursor[place])
    )

    with pytest.raises(CursorRefused):
        CURSORS.read("feed", cursor[:place] + other + cursor[place + 1 :])


@given(st.text(max_size=100))
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(CursorRefused):
        CURSORS.read("feed", text)


@pytest.mark.parametrize("cut", [1, 4, 8, 11])
def test_a_cut_or_longer_cursor_is_refused(cut: int) -> None:
    cursor = CURSORS.make("feed", 1, 2)
    for changed in (cursor[:-cut], cursor[cut:], cursor + cursor[:cut], cursor + "="):
        with pytest.raises(CursorRefused):
            CURSORS.read("feed", changed)


def test_a_cursor_of_another_list_reader_or_service_is_refused() -> None:
    cursor = CURSORS.make("feed/centre-1", 5)

    for context in ("feed/centre-2", "looked/centre-1", "", "feed/centre-1\0"):
        with pytest.raises(CursorRefused):
            CURSORS.read(context, cursor)
    with pytest.raises(CursorRefused):
        Cursors({1: key(b"another")}).read("feed/centre-1", cursor)


def test_a_new_key_leaves_old_cursors_readable() -> None:
    old = CURSORS.make("feed", 7)
    both = Cursors({1: key(b"one"), 2: key(b"two")})

    assert both.read("feed", old) == (7,)
    assert both.read("feed", both.make("feed", 7)) == (7,)
    assert both.make("feed", 7) != old
    with pytest.raises(CursorRefused):
        Cursors({2: key(b"two")}).read("feed", old)


def test_the_format_is_frozen() -> None:
    """A cursor that a client stored years ago."""
    assert CURSORS.make("feed", 1, 2) == "AQAAAAAAAAABAAAAAAAAAAL7Kb_k-mNxuTDrXePWXDRo"


def test_a_page_is_a_form_of_its_items() -> None:
    form = page_form(PageQuery)

    assert form.__name__ == "PageQueryPageForm"
    assert set(form().fields) == {"items", "next"}
