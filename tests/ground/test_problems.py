"""Problems: one form for every fault, documented each, and nothing of an exception's text in any of them."""

import importlib
import re
import sqlite3
from pathlib import Path
from typing import Any

import flask
import pytest
import sqlalchemy.exc
import werkzeug.exceptions

import recordsvc
from recordsvc.access.policy import door
from recordsvc.ground import problems
from recordsvc.ground.answers import answer
from recordsvc.ground.commit import CommitUnknown
from recordsvc.ground.problems import Problem, every_problem
from recordsvc.ground.strictjson import StrictJsonError
from tests.doors import application

DOCUMENTED = Path(__file__).parents[2] / "docs" / "errors.md"
SECRET = "secret-6401021990"


def all_problems() -> list[type[Problem]]:
    """Every kind of problem of every room: all modules that name the tree are imported.

    One without a code of its own is told as what it is a kind of, so that nobody tells them apart.
    """
    package = Path(recordsvc.__path__[0])
    for file in package.rglob("*.py"):
        if "recordsvc.ground.problems" in file.read_text("utf-8"):
            importlib.import_module(".".join(file.relative_to(package.parent).with_suffix("").parts))
    kinds = [kind for kind in every_problem() if kind.__module__.startswith("recordsvc.")]
    return [kind for kind in kinds if "code" in vars(kind)]


def test_every_code_is_documented() -> None:
    documented = set(
        re.findall(r"^\| `([a-z0-9-]+)` \| \d{3} \|", DOCUMENTED.read_text("utf-8"), re.MULTILINE)
    )
    missing = [
        f"| `{kind.code}` | {kind.status} | {kind.title_zh} | {kind.title_en} | {kind.remedy_en} |"
        for kind in all_problems()
        if kind.code not in documented
    ]

    assert not missing, "add to docs/errors.md:\n" + "\n".join(missing)


def test_every_documented_code_exists() -> None:
    documented = set(
        re.findall(r"^\| `([a-z0-9-]+)` \| \d{3} \|", DOCUMENTED.read_text("utf-8"), re.MULTILINE)
    )

    assert documented <= {kind.code for kind in all_problems()}


def test_every_problem_speaks_two_languages_and_has_a_code_of_its_own() -> None:
    kinds = all_problems()

    assert len({kind.code for kind in kinds}) == len(kinds)
    for kind in kinds:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", kind.code), kind
        assert 200 <= kind.status < 600, kind
        for text in (kind.title_zh, kind.remedy_zh):
            assert re.search(r"[\u4e00-\u9fff]", text), kind
        for text in (kind.title_en, kind.remedy_en):
            assert text, kind
            assert text.isascii(), kind


def test_a_problem_has_the_members_of_rfc_9457_and_ours() -> None:
    problem = problems.FormRefused("一处", detail_en="one", pointer="/a", errors=[{"pointer": "/a"}], limit=3)

    assert problem.to_dict() == {
        "type": "urn:recordsvc:problem:form",
        "title": "提交的内容有误",
        "title_en": "Some fields are not acceptable",
        "status": 422,
        "code": "form",
        "detail": "一处",
        "detail_en": "one",
        "pointer": "/a",
        "remedy": "请按 errors 中列出的位置逐项更正。",
        "remedy_en": "Correct the fields listed in errors.",
        "errors": [{"pointer": "/a"}],
        "limit": 3,
    }


RAISED: dict[str, Exception] = {
    "problem": problems.Gone(),
    "json": StrictJsonError("depth", "/a"),
    "commit": CommitUnknown(SECRET),
    "pool": sqlalchemy.exc.TimeoutError(SECRET),
    "locked": sqlalchemy.exc.OperationalError(SECRET, {"number": SECRET}, sqlite3.OperationalError(SECRET)),
    "constraint": sqlalchemy.exc.IntegrityError(SECRET, {"number": SECRET}, sqlite3.IntegrityError(SECRET)),
    "bug": KeyError(SECRET),
    "deep": RecursionError(SECRET),
    "abort": werkzeug.exceptions.BadRequest(SECRET),
    "teapot": werkzeug.exceptions.ImATeapot(SECRET),
}
bp = flask.Blueprint("t", __name__)


@door(bp, "GET", "/raise/<which>", policy="public", summary="t")
def fail(which: str) -> Any:
    raise RAISED[which]


@door(bp, ["GET", "PUT"], "/thing", policy="public", summary="t")
def thing() -> Any:
    return answer({})


@door(bp, "DELETE", "/thing", policy="public", summary="t")
def delete_thing() -> Any:
    return answer({})


@pytest.mark.parametrize(
    ("which", "status", "code"),
    [
        ("problem", 410, "gone"),
        ("json", 400, "json"),
        ("commit", 503, "fate-unknown"),
        ("pool", 503, "unavailable"),
        ("locked", 503, "unavailable"),
        ("constraint", 500, "internal"),
        ("bug", 500, "internal"),
        ("deep", 500, "internal"),
        ("abort", 400, "request-invalid"),
        ("teapot", 400, "request-invalid"),
    ],
)
def test_every_exception_becomes_a_problem_without_its_text(
    which: str, status: int, code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    response = application(bp).test_client().get(f"/raise/{which}")
    lines = capfd.readouterr().err

    assert (response.mimetype, response.json["code"]) == ("application/problem+json", code)
    assert response.status_code == response.json["status"] == status
    assert SECRET not in response.text
    assert SECRET not in lines


def test_an_unknown_exception_leaves_a_reference_and_its_place(capfd: pytest.CaptureFixture[str]) -> None:
    response = application(bp).test_client().get("/raise/bug")
    lines = capfd.readouterr().err.splitlines()

    (line,) = [line for line in lines if '"unhandled"' in line]
    assert response.json["reference"] in line
    assert response.json["reference"] == response.headers["X-Request-Id"]
    assert "KeyError" in line
    assert "test_problems.py" in line


def test_unavailable_says_when_to_come_back() -> None:
    client = application(bp).test_client()

    assert all(int(client.get(f"/raise/{which}").headers["Retry-After"]) > 0 for which in ("commit", "pool"))


def test_a_wrong_method_learns_the_right_ones() -> None:
    response = application(bp).test_client().post("/thing")

    assert (response.status_code, response.json["code"]) == (405, "method")
    assert response.headers["Allow"] == "DELETE, GET, HEAD, PUT"


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "CONNECT", "PATCH", "BREW"])
def test_no_method_is_answered_that_no_door_declares(method: str) -> None:
    response = application(bp).test_client().open("/thing", method=method)

    assert (response.status_code, response.json["code"]) == (405, "method")


def test_a_browser_gets_the_page_and_a_machine_the_document() -> None:
    app = application(bp)
    app.extensions["problem_page"] = lambda problem: flask.Response(
        f"<h1>{problem.title_zh}</h1>", problem.status
    )
    client = app.test_client()

    assert client.get("/nothing", headers={"Accept": "text/html,*/*"}).text == "<h1>没有找到</h1>"
    assert client.get("/nothing", headers={"Accept": "*/*"}).json["code"] == "not-found"


def test_missing_and_foreign_paths_answer_alike() -> None:
    client = application(bp).test_client()

    assert client.get("/nothing").data == client.get("/something/else").data
