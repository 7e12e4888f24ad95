"""What is no name creates nobody, by no door; what people are called enters."""

import pytest
import sqlalchemy as sa

from recordsvc.archive import errors
from recordsvc.bodies import institutions
from recordsvc.bodies.errors import FactRefused
from recordsvc.bodies.institutions import FactKind
from recordsvc.house import House
from recordsvc.people import names
from recordsvc.people.identifiers import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.tables import worker
from tests.archive.support import Centre, person, told

HIDDEN = [
    *("马\u200b丁", "马丁\u202e", "\u2066马丁", "马\u200d丁", "马\u00ad丁", "马\u3164丁", "马丁\ufe00"),
    *("Ali\u200c\u200cReza", "علی\u200c", "\u200cعلی", "علی\u200c رضا", "علی\u200cReza", "马丁\U000e0100"),
]
SPELT = ["علی\u200cرضا", "ئەلى\u200cجان", "ᠪᠠ\u180bᠲᠤ"]
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


@pytest.mark.parametrize("name", HIDDEN)
def test_what_nobody_sees_makes_no_second_name(name: str) -> None:
    assert not names.is_a_name(name)
    with pytest.raises(IdentifierError, match="letters and dots"):
        read_person({**person(1), "name": name}, 1_790_000_000_000)


@pytest.mark.parametrize("name", SPELT)
def test_joiners_pass_between_letters_whose_spelling_needs_them(name: str) -> None:
    assert names.is_a_name(name)
    assert names.same_name(name, names.shown(name))


@pytest.mark.parametrize("hidden", ["\u3164", "\ufe0f", "\uffa0"])
def test_names_of_institutions_and_teachers_hide_nothing(house: House, centre: Centre, hidden: str) -> None:
    """The JSON reader refuses what has no width; these have, and look like nothing."""
    told_at = {}
    body: dict[str, dict[str, object]] = {
        "institution": {"institution": {"uscc": centre.uscc, "name": f"测试{hidden}学校"}},
        "teacher": {"teachers": [{"name": "丁一"}, {"name": f"丁{hidden}一"}]},
    }
    for what, changed in body.items():
        (row,) = centre.send([centre.completion(person(1), **changed)]).rows
        assert row.problem is not None
        told_at[what] = (row.problem.code, row.problem.pointer)
    assert told_at == {
        "institution": ("name-characters", "/body/institution/name"),
        "teacher": ("name-characters", "/body/teachers/1/name"),
    }
    with pytest.raises(FactRefused):
        house.db.write(
            lambda turn: institutions.state(
                turn, centre.uscc, FactKind.NAME, "2026-01-01", f"学校{hidden}", "x", "o:1"
            )
        )
