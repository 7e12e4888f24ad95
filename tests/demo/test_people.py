import collections
import unicodedata

from demo.institutions import INSTITUTIONS
from demo.people import HMT_AREAS
from recordsvc.people import identifiers
from recordsvc.people.names import looks_like_a_name, shown


def test_every_document_number_is_accepted_by_the_services_validators(region):
    for person in region.people:
        read = identifiers.parse(person.document, person.number, region.today)
        assert read.value == person.number
        assert not read.warnings, person.number[:6]


def test_number_name_and_card_are_in_the_form_that_is_signed(region):
    for person in region.people:
        assert shown(person.name) == person.name == unicodedata.normalize("NFC", person.name)
        assert looks_like_a_name(person.name)
        for card in person.cards:
            assert identifiers.card_number(card.number) == card.number
            assert identifiers.card_area(card.area) == card.area
            if card.chip is not None:
                assert not identifiers.chip_code(card.chip, card.area).warnings


def test_birth_date_and_sex_agree_with_the_number(region):
    for person in region.people:
        if person.document != "foreign-pr":
            assert identifiers.birth_date(person.number) == person.born
            assert (identifiers.sex(person.number) == "male") == person.male


def test_no_number_and_no_card_is_given_twice(region):
    numbers = [person.number for person in region.people]
    cards = [card.number for person in region.people for card in person.cards]
    assert len(set(numbers)) == len(numbers) == 500
    assert len(set(cards)) == len(cards)


def test_the_population_shows_what_the_region_has_to_cope_with(region):
    prefixes = collections.Counter(person.number[:6] for person in region.people)
    retired = sum(count for area, count in prefixes.items() if area[:4] in ("6421", "6422"))
    assert retired > 60
    assert sum(prefixes[area] for area in HMT_AREAS) == 3
    assert [person.name for person in region.people if person.document == "foreign-pr"] == [
        "AIGERIM NURLANKYZY"
    ]
    names = "".join(person.name for person in region.people)
    assert any(ord(char) > 0xFFFF for char in names)  # beyond the first plane: full Unicode is needed
    assert "·" in names
    assert any(
        person.name[:2] in ("欧阳", "司马", "上官", "诸葛", "慕容", "皇甫", "尉迟", "令狐")
        for person in region.people
    )
    assert 20 < sum(len(person.cards) > 1 for person in region.people) < 80
    assert len({group for person in region.people for group in person.groups}) >= 9


def test_every_institution_has_a_valid_code_and_says_that_it_is_made_up():
    for institution in INSTITUTIONS:
        assert not identifiers.uscc(institution.uscc).warnings
        assert institution.name.endswith("（示例）")
    assert len({institution.uscc for institution in INSTITUTIONS}) == len(INSTITUTIONS) == 13
    assert [one.key for one in INSTITUTIONS if one.until_on is not None] == ["closed"]
