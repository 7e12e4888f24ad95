"""What is no name creates nobody, by no door; what people are called enters."""

import pytest
import sqlalchemy as sa

from recordsvc.archive import errors
from recordsvc.house import House
from recordsvc.people.tables import worker
from tests.archive.support import Centre, person, told

NO_NAMES = [
    "欧阳?",
    "欧**",
    "12345",
    "-",
    "·",
    "<b>",
    "</title><svg/onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}",
    "=HYPERLINK(1)",
    "欧\ufffd",
    "马\ue000",
    "11010119900307797X",
    "   ",
    "阿" * 61,
]
NAMES = [
    "马",
    "欧阳𬭊",
    "阿" * 60,
    "买买提·阿不都热依木",
    "买买提•阿不都热依木",
    "阿卜杜拉.买买提",
    "John Smith",
    "Jean-Luc O’Neil",
    "Müller",
    "鿕",
    "\U00030edd\U00031350",
    "ئابدۇرېھىم ئۆتكۈر",
    "Нұрсұлтан",
]


@pytest.fixture
def centre(house: House) -> Centre:
    return Centre(house)


def workers(house: House) -> int:
    with house.db.read() as conn:
        return int(conn.execute(sa.select(sa.func.count()).select_from(worker)).scalar_one())


@pytest.mark.parametrize("name", NO_NAMES)
def test_what_is_no_name_names_nobody(house: House, centre: Centre, name: str) -> None:
    record = centre.completion({**person(1), "name": name})
    single, batch = centre.send([record]), centre.send([record, centre.completion(person(2))])
    for answer in (single, batch):
        problem = answer.rows[0].problem
        assert isinstance(problem, errors.NameRefused | errors.SchemaRefused)
        assert "\u6b27" not in str(problem.to_dict())  # no name in an answer
    assert [row.status for row in batch.rows] == ["rejected", "accepted"]
    assert workers(house) == 1


def test_its_refusal_has_a_code_of_its_own_and_says_where(centre: Centre) -> None:
    answer = centre.send([centre.completion({**person(1), "name": "欧阳?"})])
    assert told(answer) == ["name-characters"]
    problem = answer.rows[0].problem.to_dict()
    assert (problem["pointer"], "姓名" in str(problem)) == ("/worker/name", True)


@pytest.mark.parametrize("name", NAMES)
def test_rare_and_foreign_names_are_names(centre: Centre, name: str) -> None:
    centre.enter(centre.completion({**person(1), "name": name}))
