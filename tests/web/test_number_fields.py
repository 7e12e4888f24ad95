"""Every field of a page that asks for a number of a person says which, with a picture of where it stands.

The pages come from the application: each that an official may open without naming anything is looked at.
"""

import re

import flask
import pytest

from recordsvc.access.grants import POLICIES, Kind
from recordsvc.access.policy import doors
from tests.web.conftest import Visitor

ASKED = ("number", "card", "document_number", "account_number", "payee_account")
LEAST = {"handler": 6, "registrar": 5, "payer": 1}
"""How many fields with a picture a role meets at least: its own archive's number is one."""


def pages(app: flask.Flask, role: str) -> list[str]:
    """What a role may open at the desk without an object."""
    return [
        door.rule
        for door in doors(app).values()
        if door.surface.value in ("page", "scripted")
        and "GET" in door.methods
        and "<" not in door.rule
        and door.rule.startswith(("/desk", "/window"))
        and any(
            grant.kind is Kind.OFFICIAL and (not grant.roles or role in grant.roles)
            for grant in POLICIES[door.policy]
        )
    ]


def bare(page: str) -> list[str]:
    """The fields for a number that stand without hint or picture; those that are shown."""
    found = re.findall(rf'<input (?![^>]*type="hidden")[^>]*name="(?:{"|".join(ASKED)})"[^>]*>', page)
    blocks = re.findall(r'<div class="number">.*?</div>', page, re.DOTALL)
    pictured = [one for one in blocks if 'class="hint"' in one and "/static/number-" in one]
    return [one for one in found if not any(one in block for block in pictured)]


@pytest.mark.parametrize("role", LEAST)
def test_each_field_for_a_number_has_its_picture(app: flask.Flask, ids: dict[str, str], role: str) -> None:
    assert ids
    visitor, asking = Visitor(app).login(role), 0
    for path in pages(app, role):
        answer = visitor.get(path)
        assert answer.status_code in (200, 303, 400), path
        asking += len(re.findall(r'class="number"', answer.text))
        assert bare(answer.text) == [], path
    assert asking >= LEAST[role]
