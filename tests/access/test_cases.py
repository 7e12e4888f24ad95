"""No case reference holds a number of a person: at no door, and not where looks are written."""

import datetime as dt
from dataclasses import replace
from typing import Any

import flask
import pytest
from marshmallow import ValidationError

from recordsvc import service
from recordsvc.access import looked
from recordsvc.access.case_errors import CaseRefused
from recordsvc.access.cases import REFUSED
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import Look
from recordsvc.access.policy import doors
from recordsvc.access.signin_forms import HandOverForm
from recordsvc.access.window_forms import OpenServiceForm
from recordsvc.archive.forms import CardForm, FindForm, LookQuery
from recordsvc.ground.forms import Form
from recordsvc.house import House
from recordsvc.people import synthetic

NUMBER = synthetic.resident_id("640100", dt.date(1990, 3, 7), "male")
OFFICIAL = Actor(Kind.OFFICIAL, "li.hua", roles=frozenset({"handler"}))
WORKER = b"\x01" * 16
PURPOSE = "service-window"


def faults(form: type[Form], typed: dict[str, Any]) -> dict[str, Any]:
    try:
        form().load(typed)
    except ValidationError as error:
        return error.normalized_messages()
    return {}


def forms_with_a_case(app: flask.Flask) -> set[type[Form]]:
    """Return every form that a door judges a case reference by."""
    found = set()
    for one in doors(app).values():
        for read in (one.body, one.query):
            form = getattr(read, "schema", read)
            if isinstance(form, type) and issubclass(form, Form):
                field = form().load_fields.get("case_ref")
                # Pages read any text, and hand it to one of the strict forms (`desk_forms.judged`).
                found |= {form} if field is not None and field.required else set()
    return found


def test_every_form_of_a_door_refuses_a_number_in_the_case() -> None:
    judged = forms_with_a_case(service.skeleton())
    assert {form.__name__ for form in judged} >= {
        "CardForm",
        "CopyQuery",
        "FindForm",
        "HandOverForm",
        "LookQuery",
        "OpenServiceForm",
        "PackForm",
    }
    for form in judged:
        assert faults(form, {"case_ref": f"K{NUMBER}"})["case_ref"] == [REFUSED], form.__name__
        assert "case_ref" not in faults(form, {"case_ref": "K-2026-17"}), form.__name__


@pytest.mark.parametrize("form", [FindForm, CardForm, HandOverForm, OpenServiceForm])
def test_what_lies_beside_the_case_does_not_stand_in_it(form: type[Form]) -> None:
    typed = {
        "kind": "passport",
        "document": "passport",
        "number": "E1234567",
        "document_number": "E1234567",
        "name": "古丽·买买提",
        "card": "AB12CD345",
        "normal_since": None,
        "purpose": PURPOSE,
    }
    if form is CardForm:
        typed["number"] = "AB12CD345"
    typed = {name: value for name, value in typed.items() if name in form().load_fields}
    assert faults(form, typed | {"case_ref": "K-1"}) == {}
    for name in {"name", "number", "document_number", "card"} & typed.keys():
        case = f"K-{typed[name]}" if name != "name" else f"补办{typed[name]}"
        assert faults(form, typed | {"case_ref": case})["case_ref"], name


def test_an_empty_name_beside_it_is_in_no_case() -> None:
    assert faults(LookQuery, {"purpose": PURPOSE, "case_ref": "K-1"}) == {}


@pytest.mark.parametrize("kind", [Kind.OFFICIAL, Kind.SYSTEM])
def test_no_look_is_written_with_a_number_in_its_case(house: House, kind: Kind) -> None:
    look = Look(WORKER, replace(OFFICIAL, kind=kind), PURPOSE, "records", f"案 {NUMBER}")
    with pytest.raises(CaseRefused) as refused:
        looked.record(house, [look])
    assert (refused.value.code, NUMBER in str(refused.value.to_dict())) == ("case-ref", False)
    with pytest.raises(CaseRefused):
        house.db.write(lambda turn: looked.note(turn, house, look))
    with house.db.read() as conn:
        assert looked.of_worker(conn, WORKER) == []
