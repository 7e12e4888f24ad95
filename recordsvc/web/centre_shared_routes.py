"""Pages of what workers share with an institution (收到的共享): the list, and opening one of it."""

import uuid
from typing import Any, Final

import flask

from recordsvc.access.consents import Consent
from recordsvc.access.errors import CodePaced, CodeWanted
from recordsvc.access.policy import Surface, door
from recordsvc.archive import sharing
from recordsvc.archive.errors import RegionKeyNotInForce
from recordsvc.archive.sharing_routes import SHARED, given_to_us, opened_for_us
from recordsvc.archive.verify_extract import read_extract
from recordsvc.ground import answers
from recordsvc.ground.problems import NotFound
from recordsvc.ground.reading import Fields
from recordsvc.web import words
from recordsvc.web.centre_routes import tabs
from recordsvc.web.extract_views import named, shown
from recordsvc.web.forms import OpenPageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp
from recordsvc.web.share_routes import WRONG_CODE, too_soon

PATH: Final = "/centre/shared"


@door(
    bp,
    "GET",
    PATH,
    policy="shared.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="收到的共享（网页） / What workers share with one's own institution",
)
def centre_shared_page() -> flask.Response:
    """List what runs; whose it is, nobody is told before opening it."""
    return _listed()


@door(
    bp,
    "POST",
    "/centre/shared/<id:consent_id>/open",
    policy="shared.read",
    surface=Surface.PAGE,
    body=Fields(OpenPageForm),
    answer={200: SHARED, 422: HTML, 429: HTML},
    problems=(NotFound, RegionKeyNotInForce),
    summary="打开一项共享（网页） / Open what was shared: uses it once, shows or hands out what it holds",
)
def centre_shared_button(consent_id: bytes, form: dict[str, str]) -> flask.Response:
    """Open it for the institution; it is counted and noted under the name of whoever asks before."""

    def told(found: Consent, made: bytes) -> flask.Response:
        if form["show"] and found.fields is not None:
            return _opened_page(found, made)
        named = f'attachment; filename="{sharing.file_name(found)}"'
        return answers.answer(made, headers={"Content-Disposition": named})

    try:
        return opened_for_us(consent_id, form["code"].strip(), told)
    except CodeWanted:
        return _listed(422, str(uuid.UUID(bytes=consent_id)), WRONG_CODE)
    except CodePaced as paced:
        answer = _listed(paced.status, str(uuid.UUID(bytes=consent_id)), too_soon(paced))
        answer.headers.update(paced.headers)
        return answer


def _opened_page(found: Consent, made: bytes) -> flask.Response:
    return page(
        "shared_opened.html",
        back=PATH,
        purpose=words.code("sharing_purposes", found.purpose),
        until=words.instant(found.until_ms),
        records=shown(read_extract(made)),
        fields=named(found.fields),
    )


def _listed(status: int = 200, at: str = "", error: str = "") -> flask.Response:
    return page(
        "centre_shared.html",
        status,
        tabs=tabs(),
        lines=[_line(one) for one in given_to_us()],
        wrong=at,
        error=error,
    )


def _line(one: Consent) -> dict[str, Any]:
    return {
        "id": str(uuid.UUID(bytes=one.consent_id)),
        "purpose": words.code("sharing_purposes", one.purpose),
        "records": len(one.records),
        "fields": named(one.fields),
        "since": words.instant(one.begun_ms),
        "until": words.instant(one.until_ms),
        "uses": one.uses,
        "left": None if one.max_uses is None else one.max_uses - one.uses,
        "has_code": one.has_code,
        "part": one.fields is not None,
    }
