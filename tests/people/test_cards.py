"""The life of a card: two axes that never tell of each other, days, withdrawals, what a record hears."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordsvc import dated
from recordsvc.people import cards
from recordsvc.people.cards import Bank, CardEvent, CardState, Social, card_state

WHATS = [str(row["code"]) for row in dated.table("card_events").rows if row["code"] != "withdrawn"]
SOCIAL = {str(row["code"]) for row in dated.table("card_events").rows if row["social"]}
BANK = {str(row["code"]) for row in dated.table("card_events").rows if row["bank"]}
days = st.dates(min_value=dated.dt.date(2019, 1, 1), max_value=dated.dt.date(2026, 12, 31)).map(str)
lives = st.lists(st.tuples(days, st.sampled_from(WHATS)), max_size=12).map(
    lambda said: [CardEvent(n, on, what, "t") for n, (on, what) in enumerate(said)]
)


def life(*said: tuple[str, str]) -> list[CardEvent]:
    return [CardEvent(n, on, what, "t") for n, (on, what) in enumerate(said)]


@given(lives, days)
def test_neither_axis_is_read_off_the_other(events: list[CardEvent], on: str) -> None:
    state = card_state(events, on)
    assert state.social is card_state([one for one in events if one.what in SOCIAL], on).social
    assert state.bank is card_state([one for one in events if one.what in BANK], on).bank


@given(lives, days)
def test_what_happens_later_changes_nothing_before(events: list[CardEvent], on: str) -> None:
    assert card_state(events, on) == card_state([one for one in events if one.on <= on], on)


@given(st.randoms(use_true_random=False), lives, days)
def test_the_order_of_reading_does_not_matter(rng: object, events: list[CardEvent], on: str) -> None:
    shuffled = list(events)
    rng.shuffle(shuffled)
    assert card_state(shuffled, on) == card_state(events, on)


@given(lives, days)
def test_void_is_for_good(events: list[CardEvent], on: str) -> None:
    if card_state(events, on).social in cards.ENDED:
        assert card_state(events, dated.OPEN_END).social in cards.ENDED


@given(lives, days, st.data())
def test_a_withdrawn_event_never_was(events: list[CardEvent], on: str, data: st.DataObject) -> None:
    if not events:
        return
    wrong = data.draw(st.sampled_from(events))
    withdrawal = CardEvent(len(events), "2026-12-31", cards.WITHDRAWN, "t", str(wrong.n))
    assert card_state([*events, withdrawal], on) == card_state(
        [one for one in events if one is not wrong], on
    )


LIFE = life(
    ("2020-03-01", "issued"),
    ("2020-03-05", "social-activated"),
    ("2020-04-01", "bank-activated"),
    ("2022-05-01", "lost-oral"),
    ("2022-05-08", "released"),
    ("2024-06-10", "replaced"),
)


@pytest.mark.parametrize(
    ("on", "social", "bank"),
    [
        ("2020-02-29", Social.UNKNOWN, Bank.UNKNOWN),
        ("2020-03-01", Social.NOT_ACTIVATED, Bank.NOT_ACTIVATED),
        ("2020-03-05", Social.NORMAL, Bank.NOT_ACTIVATED),
        ("2022-05-03", Social.LOST_ORAL, Bank.ACTIVE),
        ("2022-05-08", Social.NORMAL, Bank.ACTIVE),
        ("2024-06-10", Social.VOID, Bank.ACTIVE),
    ],
)
def test_a_card_on_a_day(on: str, social: Social, bank: Bank) -> None:
    state = card_state(LIFE, on)
    assert (state.social, state.bank) == (social, bank)


@pytest.mark.parametrize(
    ("first", "last", "said", "alone"),
    [
        ("2021-01-01", "2021-02-01", ["card-replaced"], True),
        ("2022-04-20", "2022-05-20", ["card-replaced", "card-lost"], False),
        ("2024-06-01", "2024-06-20", ["card-replaced"], False),
        ("2024-07-01", "2024-07-20", ["card-void"], False),
    ],
)
def test_a_card_is_judged_on_the_days_of_the_training(
    first: str, last: str, said: list[str], alone: bool
) -> None:
    assert cards.concerns(LIFE, (first, last)) == said
    assert cards.is_normal(LIFE, (first, last)) is alone


def test_of_an_unknown_card_nothing_is_said_and_it_never_selects() -> None:
    assert cards.concerns([], ("2024-01-01", "2024-01-02")) == []
    assert not cards.is_normal([], ("2024-01-01", "2024-01-02"))
    assert card_state([], "2024-01-01") == CardState()


def test_what_is_known_already_adds_nothing() -> None:
    assert not cards.adds(LIFE, "issued", "2020-03-02")
    assert not cards.adds(LIFE, "social-activated", "2021-01-01")
    assert cards.adds(LIFE, "frozen", "2021-01-01")
    assert not cards.adds(LIFE, "replaced", "2024-06-10")
    assert cards.adds(LIFE, "bank-expired", "2025-01-01")
