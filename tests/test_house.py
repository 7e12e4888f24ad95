"""The fixtures themselves: a house opens on both databases and writes as the role that serves requests."""

from recordsvc.house import House


def test_a_new_houses_log_holds_the_regions_key_and_nothing_else(house: House) -> None:
    with house.db.read() as conn:
        assert house.log.newest(conn).size == 1
        assert [data[0] for data in house.log.entries(conn, 0, 1)] == [0x02]


def test_time_stands_still(house: House) -> None:
    assert house.clock.now_ms() == house.clock.now_ms()
