"""Every field of a page that asks for a number of a person says which, with a picture of where it stands."""

import re

import flask
import pytest

from tests.web.conftest import Visitor

ASKED = ("number", "card", "document_number", "account_number")
PAGES = {
    "handler": ("/desk/numbers", "/desk/own-archive", "/desk/activate", "/window"),
    "registrar": ("/desk/numbers", "/desk/own-archive", "/desk/activate"),
}


def bare(page: str) -> list[str]:
    """The fields for a number that stand without hint or picture; those that are shown."""
    found = re.findall(rf'<input (?![^>]*type="hidden")[^>]*name="(?:{"|".join(ASKED)})"[^>]*>', page)
    blocks = re.findall(r'<div class="number">.*?</div>', page, re.DOTALL)
    pictured = [one for one in blocks if re.search(r'class="hint"', one) and "/static/number-" in one]
    return [one for one in found if not any(one in block for block in pictured)]


@pytest.mark.parametrize("kind", PAGES)
def test_each_field_for_a_number_has_its_picture(app: flask.Flask, ids: dict[str, str], kind: str) -> None:
    assert ids
    visitor, asking = Visitor(app).login(kind), 0
    for path in PAGES[kind]:
        page = visitor.get(path).text
        asking += len(re.findall(r'class="number"', page))
        assert bare(page) == [], path
    assert asking > len(PAGES[kind])
