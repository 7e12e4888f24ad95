"""Ids of records and rows (UUIDv7)."""

import uuid

from recordsvc.ground.ports import FixedClock, SeededRandom, uuid7


def test_ids_of_one_millisecond_ascend() -> None:
    clock, random = FixedClock(), SeededRandom(3)

    made = [uuid7(clock, random) for _ in range(10_000)]

    assert made == sorted(set(made))
    assert {(one.version, one.variant) for one in (uuid.UUID(bytes=raw) for raw in made)} == {
        (7, uuid.RFC_4122)
    }


def test_sources_know_nothing_of_each_other() -> None:
    clock = FixedClock()
    one = [uuid7(clock, random) for random in [SeededRandom(3)] for _ in range(9)]

    assert one == [uuid7(clock, random) for random in [SeededRandom(3)] for _ in range(9)]


def test_a_clock_set_back_is_told_as_it_is() -> None:
    random = SeededRandom(3)
    late = uuid7(FixedClock(2_000), random)

    assert uuid7(FixedClock(1_000), random)[:6] == (1_000).to_bytes(6, "big")
    assert late[:6] == (2_000).to_bytes(6, "big")


def test_at_the_end_of_what_fits_a_draw_stands_as_it_is() -> None:
    class Full:
        def bytes(self, count: int) -> bytes:
            return b"\xff" * count

    full = Full()
    first, *others = [uuid7(FixedClock(), full) for _ in range(3)]
    assert others == [first, first], "no id of another form, and no error"
    assert uuid.UUID(bytes=first).version == 7
