"""What officials say of an act is kept for good, also when the archive is erased: it holds no number."""

import pytest

from recordsvc.access.forms import DecisionForm, ReasonForm
from recordsvc.access.identity_forms import MismatchDecisionForm
from recordsvc.access.unnamed import REFUSED
from recordsvc.archive import life_forms, number_forms
from recordsvc.archive.forms import ReleaseForm, ReturnForm
from recordsvc.ground.forms import Form
from tests.archive.support import person

NUMBER = person(1)["number"]
WORDED = (
    *(one for one in vars(life_forms).values() if isinstance(one, type) and issubclass(one, life_forms.Form)),
    *(one for one in vars(number_forms).values() if isinstance(one, type) and issubclass(one, Form)),
    *(DecisionForm, ReasonForm, ReleaseForm, ReturnForm, MismatchDecisionForm),
)
SAID = ("text", "reason", "relation")
ASKING = sorted(
    {
        (form, name)
        for form in WORDED
        for name in SAID
        if name in form().fields
        and form().fields[name].required
        and form is not number_forms.AskedForm  # what stands is told
    },
    key=lambda one: (one[0].__name__, one[1]),
)


def test_there_are_such_words() -> None:
    assert {form.__name__ for form, _name in ASKING} >= {
        *("MergeForm", "MoveForm", "ClosureForm", "ReopeningForm", "RelativeForm", "TrustForm"),
        *("CaseForm", "SupportedForm", "RecordCaseForm", "StrayDecideForm", "AddNumberForm", "NameForm"),
        *("DecisionForm", "ReasonForm"),
    }


@pytest.mark.parametrize(
    "said", [NUMBER, f"本人{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}来窗口", "电话13912345678"]
)
@pytest.mark.parametrize(("form", "name"), ASKING)
def test_they_hold_no_number(form: type[Form], name: str, said: str) -> None:
    assert form().validate({name: said})[name] == [REFUSED]
    assert name not in form().validate({name: "核对底册，宁人社〔2025〕7号"})
