"""What goes out by HTTP: JSON, streams, problems, and the headers that every answer carries.

The handler at the end is the only place where an exception becomes an answer. A caller never sees an
exception's text.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import flask
import orjson
from flask.json.provider import JSONProvider
from marshmallow import Schema
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from recordsvc.ground import observe, problems
from recordsvc.ground.commit import CommitUnknown
from recordsvc.ground.database import unavailable
from recordsvc.ground.http import Request, current, too_large
from recordsvc.ground.problems import Problem
from recordsvc.ground.reading import json_problem
from recordsvc.ground.strictjson import StrictJsonError

CHUNK = 64 * 1024
"""Streams leave in pieces of this size: smaller ones cost a system call each, larger ones only memory."""

NO_STORE = "no-store"
IMMUTABLE = "public, max-age=31536000, immutable"

_COMMON = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=()"),
)
API_HEADERS = (
    *_COMMON,
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""Headers of answers for machines and for one person."""
OPEN_HEADERS = (
    *_COMMON,
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "cross-origin"),
)
"""Headers of published things (log, schemas): anybody's page may load them, since they are public."""
FILE_HEADERS = (
    *_COMMON,
    ("Content-Security-Policy", "sandbox; default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""Headers of files that people brought: whatever is in them, it runs and loads nothing here."""
PAGE_HEADERS = (
    *_COMMON,
    (
        "Content-Security-Policy",
        (
            "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
            "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
"""Headers of pages: no script at all, no inline style, no frames, nothing from elsewhere."""
SCRIPT_HEADERS = tuple(
    (name, f"{value}; script-src 'self'; connect-src 'self'" if name == "Content-Security-Policy" else value)
    for name, value in PAGE_HEADERS
)
"""Headers of the few pages that talk to an authenticator, which no page can without a script of our own."""


class OrjsonProvider(JSONProvider):
    """Flask's JSON through orjson: half the time of the standard library's."""

    def dumps(self, obj: Any, **_options: Any) -> str:
        """Write JSON text; options of the standard library are not for orjson."""
        return orjson.dumps(obj).decode()

    def loads(self, s: str | bytes, **_options: Any) -> Any:
        """Read JSON of our own making; bodies of requests go through `strictjson`."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> flask.Response:
        """Answer with one JSON document."""
        return answer(self._prepare_response_obj(args, kwargs))


NOT_LISTED: Final = {"X-Robots-Tag": "noindex, nofollow"}
"""Header of what is not for search engines: they would keep it beyond its time."""


def answer(
    value: object,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    *,
    form: type[Schema] | None = None,
    media: str = "application/json",
) -> flask.Response:
    """Answer with JSON. `form` dumps the value first; bytes are taken as finished JSON."""
    if form is not None:
        value = form().dump(value)
    body = value if isinstance(value, bytes) else orjson.dumps(value)
    return flask.Response(body, status, headers, content_type=media)


def stream(chunks: Iterable[bytes], media: str, headers: Mapping[str, str] | None = None) -> flask.Response:
    """Answer with bytes as they are made, joined to 64 KiB pieces.

    The first piece is made before the status leaves, so that an error at the start is still a problem.
    """
    pieces = joined(chunks)
    first = next(pieces, b"")

    def body() -> Iterator[bytes]:
        yield first
        yield from pieces

    return flask.Response(body(), 200, headers, content_type=media)


def joined(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Join small pieces until they are 64 KiB."""
    waiting: list[bytes] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk)
        if size >= CHUNK:
            yield b"".join(waiting)
            waiting, size = [], 0
    if waiting:
        yield b"".join(waiting)


def problem_answer(problem: Problem) -> flask.Response:
    """Answer with a problem document, or with the page that `problem_page` makes of it for a browser."""
    page: Callable[[Problem], flask.Response] | None = flask.current_app.extensions.get("problem_page")
    if page is not None and "text/html" in flask.request.headers.get("Accept", ""):
        response = page(problem)
    else:
        response = answer(problem.to_dict(), problem.status, media=problems.MEDIA_TYPE)
    response.headers.update(problem.headers)
    return response


_BY_STATUS: dict[int, type[Problem]] = {
    401: problems.Unauthenticated,
    403: problems.Forbidden,
    404: problems.NotFound,
    409: problems.Conflict,
    410: problems.Gone,
    415: problems.MediaTypeRefused,
    429: problems.TooMany,
    431: problems.HeadersTooLarge,
    503: problems.Unavailable,
}


def _from_http(error: HTTPException, request: Request) -> Problem:
    """Turn an exception of Flask or werkzeug into the same form; its description stays here."""
    status = error.code or 500
    if status == 405:
        allowed = getattr(error, "valid_methods", None) or ()
        return problems.MethodRefused(headers={"Allow": ", ".join(sorted(allowed))})
    if status == 413:
        return too_large(0 if request.door is None or request.door.body is None else request.door.body.limit)
    if status in _BY_STATUS:
        return _BY_STATUS[status]()
    return problems.Refused() if 400 <= status < 500 else problems.Internal()


def as_problem(error: Exception, request: Request) -> Problem:
    """Find the problem an exception stands for; an unknown one is logged and becomes `Internal`."""
    if isinstance(error, Problem):
        found = error
    elif isinstance(error, StrictJsonError):
        found = json_problem(error)
    elif isinstance(error, HTTPException):
        found = _from_http(error, request)
    elif isinstance(error, CommitUnknown):
        observe.log("fate_unknown", request=request.id, cause=observe.place(error))
        found = problems.FateUnknown()
    elif isinstance(error, PoolTimeout) or unavailable(error):
        # The pool is empty, the database is away, locked or full: nothing was written (a commit is
        # `CommitUnknown`).
        observe.log("database_unavailable", request=request.id, cause=observe.place(error))
        found = problems.Unavailable()
    else:
        observe.log("unhandled", request=request.id, cause=observe.place(error))
        found = problems.Internal()
    if found.status >= 500 and not found.reference:
        found.reference = request.id
    return found


def _last_on_its_connection(request: Request) -> None:
    """Have gunicorn say `Connection: close`: the rest of the body is not read, so nothing can follow it.

    An application's own header of that name is dropped by gunicorn (PEP 3333), so its request is told.
    """
    served = getattr(request.environ.get("wsgi.input"), "request", None)
    if served is not None:
        served.must_close = True


def install(app: flask.Flask) -> None:
    """Give the application its JSON, its headers and its one error handler."""
    app.json = OrjsonProvider(app)

    def handle(error: Exception) -> flask.Response:
        found = as_problem(error, current())
        if isinstance(found, problems.TooLarge):
            _last_on_its_connection(current())
        return problem_answer(found)

    def dress(response: flask.Response) -> flask.Response:
        door = current().door
        headers = response.headers
        if response.status_code >= 400 and response.mimetype == "text/html":
            # A problem told to a browser is a page, whatever door it came out of.
            headers.extend(PAGE_HEADERS)
        else:
            headers.extend(API_HEADERS if door is None else door.headers)
        if "Cache-Control" not in headers:
            headers["Cache-Control"] = NO_STORE if door is None or response.status_code >= 400 else door.cache
        return response

    app.register_error_handler(Exception, handle)
    app.after_request(dress)
