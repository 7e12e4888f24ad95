"""A desk form that came after its look was over (查阅依据续期): asked again why, nothing typed is lost.

What was typed travels in the bodies of the two answers only, never in an address. The act itself is not done
by the renewal: the form comes back as it was typed, to be sent again.
"""

from collections.abc import Mapping
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.archive import looking
from recordsvc.archive.forms import LookQuery
from recordsvc.archive.looking import Looker
from recordsvc.ground.http import current
from recordsvc.ground.problems import FormRefused
from recordsvc.web.desk_forms import GATE, faults, judged
from recordsvc.web.desk_routes import tabs
from recordsvc.web.render import page
from recordsvc.web.services import house

_OWN: Final = ("look", "renew", "purpose", "case_ref", "file")
"""Fields that are not carried: those of the renewal; and a file, which browsers send only once."""


def renewed(form: Mapping[str, Any], action: str, back: str) -> Looker | flask.Response:
    """Return who looks and why, given anew with the form; else the page that asks for it."""
    wrong: dict[str, str] = {}
    if form["renew"]:
        try:
            given = judged(LookQuery, {name: form[name] for name in ("purpose", "case_ref")})
            looker = Looker(actor(), given["purpose"], given["case_ref"], current().id)
            looking.note(house(), looker, [], "records")
        except FormRefused as problem:
            wrong = faults(problem, GATE)[0]
        else:
            return looker
    return page(
        "desk_renew.html",
        422,
        tabs=tabs(),
        action=action,
        back=back,
        fields=GATE,
        typed={name: form[name] for name in ("purpose", "case_ref")},
        kept=[(name, value) for name, value in form.items() if value and name not in _OWN],
        file_lost=bool(form.get("file")),
        wrong=wrong,
    )
