"""The centre's guide names every code and option: what is not written there is not there for a clerk."""

import re
from pathlib import Path

from recordsvc.submit.cli import submit
from recordsvc.submit.findings import ROW_CODES

ROOT = Path(__file__).parent.parent.parent
GUIDE = (ROOT / "docs" / "centre.md").read_text(encoding="utf-8")


def test_every_row_code_stands_in_the_guide_with_its_class_and_remedy():
    missing = [
        code
        for code, said in ROW_CODES.items()
        if f"| `{code}` | {said.row_class} | {said.zh} | {said.remedy_zh} | {said.en} |" not in GUIDE
    ]

    assert missing == []


def test_every_code_of_an_unreadable_file_stands_in_the_guide():
    sources = (ROOT / "recordsvc" / "submit").glob("*.py")
    raised = {
        code
        for source in sources
        for code in re.findall(r'Unreadable\(\s*"([a-z-]+)"', source.read_text(encoding="utf-8"))
    }

    assert len(raised) > 10
    assert {code for code in raised if f"`{code}`" not in GUIDE} == set()


def test_every_option_stands_in_the_guide():
    options = [option for parameter in submit.params for option in parameter.opts if option.startswith("--")]

    assert [option for option in options if f"`{option}" not in GUIDE] == []


def test_every_finding_in_the_code_is_in_the_catalogue():
    sources = (ROOT / "recordsvc" / "submit").glob("*.py")
    used = {
        code
        for source in sources
        for code in re.findall(
            r'(?:Puzzle|_find|Finding)\("([a-z0-9-]+)"', source.read_text(encoding="utf-8")
        )
    }

    assert used - set(ROW_CODES) == set()
