import openpyxl
import pytest

from demo import rosters
from recordsvc.people import identifiers
from recordsvc.submit.answers import parse_answers


@pytest.fixture(scope="module")
def rows(region, tmp_path_factory):
    path = tmp_path_factory.mktemp("roster") / "roster.xlsx"
    rosters.write(path, region)
    return list(openpyxl.load_workbook(path).active.iter_rows(values_only=True))


def people(rows):
    return [row for row in rows if isinstance(row[0], int)]


def test_it_looks_like_a_sheet_from_a_centre(rows):
    assert "花名册" in rows[0][0]
    assert rows[2][:2] == ("序号", "姓名")
    assert [row[0] for row in rows[-2:]] == ["合计", "制表人："]
    assert len(people(rows)) == 23


def test_it_holds_one_wrong_check_digit_and_one_number_that_lost_its_digits(rows, region):
    faults = []
    for row in people(rows):
        if not isinstance(row[4], str):
            faults.append("number-cell")
            continue
        try:
            identifiers.parse("resident-id", identifiers.normalise_typed(row[4]), region.today, legacy=True)
        except identifiers.IdentifierError as fault:
            faults.append(fault.code)
    assert sorted(faults) == ["id-check-digit", "number-cell"]


def test_the_sample_is_complete_and_its_key_readable_by_the_owner_only(region, tmp_path):
    key = tmp_path / "care.jwk"
    key.write_text("{}")
    key.chmod(0o600)
    for _ in range(2):
        rosters.write_sample(tmp_path / "sample", region, key)
    assert {path.name for path in (tmp_path / "sample").iterdir()} == {
        "answers.json",
        "centre.jwk",
        "roster.xlsx",
    }
    assert (tmp_path / "sample" / "centre.jwk").stat().st_mode & 0o077 == 0
    parse_answers((tmp_path / "sample" / "answers.json").read_bytes())


def test_some_were_absent_and_one_row_stands_there_twice(rows):
    listed = people(rows)
    assert sum(row[13] == "缺考" for row in listed) >= 3
    assert listed[-1] == listed[2]


def test_numbers_are_typed_in_many_ways(rows):
    typed = [row[4] for row in people(rows) if isinstance(row[4], str)]
    assert any(" " in number.strip() for number in typed)
    assert any(number.startswith("'") for number in typed)
    assert any("０" <= char <= "９" for number in typed for char in number)
