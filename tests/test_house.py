"""The fixtures themselves: a house opens on both databases and writes as the role that serves requests."""

from recordsvc.house import House


def test_a_new_house_has_an_empty_signed_log(house: House) -> None:
    with house.db.read() as conn:
        assert house.log.newest(conn).size == 0


def test_time_stands_still(house: House) -> None:
    assert house.clock.now_ms() == house.clock.now_ms()
