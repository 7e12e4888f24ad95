"""Every door of the service, asked by nobody in particular: each answer has the safe headers."""

import re
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from recordsvc import service
from recordsvc.access.policy import Surface, doors
from recordsvc.ground import answers, problems
from recordsvc.ground.problems import every_problem
from recordsvc.web import assets

ONCE = (
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Cache-Control",
)
ID = "0190163d-8694-739b-aea5-966c26f8ad91"
BROWSER = {"Accept": "text/html"}
ASKED = [
    (method, rule.rule)
    for rule in service.skeleton().url_map.iter_rules()
    for method in sorted(rule.methods or ())
]


def check(response: Any) -> None:
    """The headers that no answer goes without, each once, and a policy that allows nothing inline."""
    for name in ONCE:
        assert len(response.headers.getlist(name)) == 1, name
    policy = response.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert re.search(r"default-src '(none|self)'", policy)
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "no-referrer"
    if response.mimetype == "text/html":
        assert "camera=()" in response.headers["Permissions-Policy"]
        text = response.get_data(as_text=True)
        # An event handler is inline script; a <style> or a style attribute is inline style.
        assert not re.search(
            r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son[a-z]+=|javascript:", text, re.IGNORECASE
        )
    if response.status_code >= 400:
        assert response.headers["Cache-Control"] == "no-store"


def filled(rule: str) -> str:
    """A path that the rule takes."""
    return re.sub(
        r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda found: {"id": ID, "int": "1"}.get(found[1], "x"), rule
    )


@pytest.fixture(scope="module")
def known() -> flask.Flask:
    """The doors by themselves, to look their declarations up."""
    return service.skeleton()


@pytest.mark.parametrize("dialect", ["sqlite"])
@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["machine", "browser"])
def test_every_door_answers_everybody_with_the_safe_headers(
    client: FlaskClient, dialect: str, headers: dict[str, str]
) -> None:
    asked = set()
    for method, rule in ASKED:
        response = client.open(filled(rule), method=method, headers=headers)
        try:
            check(response)
        except AssertionError as error:
            raise AssertionError(f"{method} {rule}: {response.status_code}") from error
        asked.add(response.status_code)
        response.close()

    assert len(ASKED) > 100
    assert {200, 401, 404} <= asked


def test_what_is_for_one_person_or_one_office_is_kept_by_no_cache(known: flask.Flask) -> None:
    kept = [door.rule for door in doors(known).values() if door.cache != answers.NO_STORE and not door.public]

    assert kept == []


def test_what_is_open_to_other_sites_is_public(known: flask.Flask) -> None:
    open_to_sites = [door for door in doors(known).values() if door.surface is Surface.OPEN]

    assert open_to_sites
    assert [door.rule for door in open_to_sites if not door.public] == []


@pytest.mark.parametrize("headers", [{}, BROWSER], ids=["machine", "browser"])
@pytest.mark.parametrize("dialect", ["sqlite"])
def test_every_kind_of_problem_leaves_with_the_safe_headers(
    app: flask.Flask, dialect: str, headers: dict[str, str]
) -> None:
    """Also those that no request here brings about: 500 and 503 among them."""
    kinds = [kind for kind in every_problem() if kind.code]
    seen = set()
    for kind in kinds:
        with app.test_request_context("/nothing", headers=headers):
            response = app.process_response(answers.problem_answer(kind()))
        check(response)
        seen.add(response.status_code)

    assert {400, 401, 403, 404, 405, 409, 410, 413, 415, 421, 422, 429, 431, 500, 503} <= seen
    assert problems.Unavailable in kinds


@pytest.mark.parametrize("dialect", ["sqlite"])
def test_static_files_are_dressed_too(client: FlaskClient, dialect: str) -> None:
    for name in assets.published():
        response = client.get(f"/static/{name}")
        assert response.status_code == 200
        check(response)
        response.close()
