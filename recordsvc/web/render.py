"""Templates to answers (页面输出): one strict environment; all is escaped, a missing value is an error."""

from functools import cache, partial
from pathlib import Path
from typing import Any, Final

import flask
import jinja2

from recordsvc.access import in_place
from recordsvc.access.entrance import actor, csrf_token
from recordsvc.access.grants import ANYONE, Actor, Kind, admits
from recordsvc.archive.services import house
from recordsvc.ground.http import CSRF_FIELD, ONCE_FIELD, current
from recordsvc.settings import Settings
from recordsvc.web import assets, words
from recordsvc.web.numbers import NUMBERS
from recordsvc.web.stand_ins import StandIn, stand_in, stand_in_briefly

_FOLDER: Final = Path(__file__).parent / "templates"
HTML: Final = "text/html; charset=utf-8"


@cache
def environment() -> jinja2.Environment:
    """Return the template environment of this process."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        asset=assets.address, csrf_field=CSRF_FIELD, once_field=ONCE_FIELD, number_kinds=NUMBERS
    )
    made.filters.update(day=words.day, instant=words.instant, yuan=words.yuan)
    return made


def page(template: str, status: int = 200, **values: Any) -> flask.Response:
    """Answer with a page for whoever asks."""
    return _answer(template, status, actor(), values, stand_in(actor()))


def page_for_anyone(template: str, status: int, **values: Any) -> flask.Response:
    """Answer with a page without asking who it is for, where asking may be what failed."""
    who = current().actor or ANYONE
    return _answer(template, status, who, values, stand_in_briefly(who))


def _answer(
    template: str, status: int, who: Actor, values: dict[str, Any], banner: StandIn | None
) -> flask.Response:
    settings: Settings = flask.current_app.extensions["settings"]
    text = (
        environment()
        .get_template(template)
        .render(
            demo=settings.environment == "demo",
            signed_in=bool(who.session_id),
            is_worker=who.kind is Kind.WORKER,
            is_staff=who.kind is Kind.STAFF,
            csrf=csrf_token(who) if who.session_id else "",
            banner=banner,
            leads=partial(_leads, who),
            once=house().random.bytes(16).hex(),
            **values,
        )
    )
    return flask.Response(text, status, content_type=HTML)


def _leads(who: Actor, policy: str) -> bool:
    """Tell whether the doors of a policy are open to whoever reads: pages link to nothing else."""
    return admits(who, policy) and (who.through is None or in_place.is_open(policy, who.through))


def go(place: str) -> flask.Response:
    """Send the browser on with a GET (303), so that reloading repeats nothing."""
    return flask.Response(status=303, headers={"Location": place})
