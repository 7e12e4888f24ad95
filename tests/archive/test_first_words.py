"""What a record may not do though its form is right: name nobody, act on what is done."""

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


@pytest.mark.parametrize("together", [False, True])
def test_a_record_is_revoked_once_and_restored_once(centre: Centre, together: bool) -> None:
    worker, record = person(1), centre.completion(person(1))
    centre.enter(record)
    acts = [
        centre.restoration(worker, record),
        centre.revocation(worker, record),
        centre.revocation(worker, record),
        centre.restoration(worker, record),
        centre.restoration(worker, record),
        centre.revocation(worker, record),
    ]
    wanted = ["target-unfit", "", "target-unfit", "", "target-unfit", ""]
    answers = [centre.send(acts)] if together else [centre.send([one]) for one in acts]
    rows = [row for answer in answers for row in answer.rows]
    assert [row.status == "accepted" for row in rows] == [not one for one in wanted]
