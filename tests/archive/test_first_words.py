"""What is written as a name must be one: it would name a worker for good."""

import pytest

from recordsvc.house import House
from tests.archive.support import Centre, person, told


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


def workers(house: House) -> int:
    with house.db.read() as conn:
        return int(conn.exec_driver_sql("SELECT count(*) FROM worker").scalar_one())


@pytest.mark.parametrize(
    "name",
    ["欧阳?", "欧**", "12345", "-", "<b>", "=HYPERLINK(1)", "欧\ufffd", "马\ue000", "11010119900307797X"],
)
def test_what_is_no_name_names_nobody(house: House, centre: Centre, name: str) -> None:
    answer = centre.send([centre.completion({**person(1), "name": name})])
    assert told(answer) == ["identifier"]
    assert workers(house) == 0


@pytest.mark.parametrize("name", ["欧阳𬭊", "买买提·阿不都热依木", "John Smith", "鿕", "O’Neil"])
def test_rare_and_foreign_names_are_names(centre: Centre, name: str) -> None:
    centre.enter(centre.completion({**person(1), "name": name}))
