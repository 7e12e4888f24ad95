"""The description of the API (OpenAPI 3.1), generated from the doors; never imported by a serving process.

`schemas/openapi.json` is this module's output, kept in the repository; a test fails when the two differ, so
that a change of the API is a visible change of that file. Forms become schemas through apispec; documents
that are law in themselves (records, batches, bundles) are references into `schemas/`.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

import flask
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from recordsvc import published, service
from recordsvc.access import policy
from recordsvc.access.entrance import CSRF_HEADER
from recordsvc.access.grants import POLICIES, Kind
from recordsvc.access.policy import Answer, Door, Sends
from recordsvc.access.sessions import cookie_of
from recordsvc.ground import problems
from recordsvc.ground.forms import Identifier
from recordsvc.ground.http import Body
from recordsvc.ground.reading import Bytes, Fields, Json, Upload

FILE: Final = "openapi.json"
_PARAMETER: Final = re.compile(r"<(?:(?P<kind>[a-z]+)(?:\([^)]*\))?:)?(?P<name>[a-z_]+)>")
_KINDS: Final = {"id": {"type": "string", "format": "uuid"}, "int": {"type": "integer", "minimum": 0}}
_ALWAYS: Final = (
    problems.Refused,
    problems.ParameterUnknown,
    problems.ParameterRepeated,
    problems.HeaderRefused,
    problems.HostRefused,
    problems.HeadersTooLarge,
    problems.Internal,
    problems.Unavailable,
)
_TEXT: Final = {"type": "string"}
_PROBLEM: Final = {
    "type": "object",
    "description": "RFC 9457; codes in docs/errors.md",
    "required": ["type", "title", "title_en", "status", "code"],
    "properties": {
        **dict.fromkeys(("type", "title", "title_en", "code", "detail", "detail_en"), _TEXT),
        **dict.fromkeys(("pointer", "remedy", "remedy_en", "reference"), _TEXT),
        "status": {"type": "integer"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": dict.fromkeys(("pointer", "parameter", "code", "detail"), _TEXT),
            },
        },
    },
}


def generate(app: flask.Flask) -> dict[str, Any]:
    """Describe every door of the application."""
    marshmallow = MarshmallowPlugin(schema_name_resolver=name_of)
    spec = APISpec(
        title="职业技能培训档案服务 / Vocational training records service",
        version="1",
        openapi_version="3.1.0",
        plugins=[marshmallow],
        info={"license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
    )
    marshmallow.map_to_openapi_type(Identifier, "string", "uuid")  # type: ignore[no-untyped-call]
    spec.components.schema("Problem", _PROBLEM)
    spec.components.security_scheme("token", {"type": "http", "scheme": "bearer", "bearerFormat": "at+jwt"})
    spec.components.security_scheme(
        "session",
        {
            "type": "apiKey",
            "in": "cookie",
            "name": cookie_of(app.extensions["settings"]).name,
            "description": f"Writing needs the session's token in {CSRF_HEADER} or the field csrf_token.",
        },
    )
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: (rule.rule, rule.endpoint)):
        door = policy.doors(app)[rule.endpoint]
        spec.path(
            path=path_of(rule.rule),
            operations={
                method.lower(): _operation(rule.rule, rule.endpoint, door) for method in door.methods
            },
        )
    return spec.to_dict()


def write_openapi(path: Path | None = None) -> Path:
    """Write the description of the whole service to `path` (else over `schemas/openapi.json`)."""
    target = path or published.schemas_dir() / FILE
    target.write_text(render(generate(service.skeleton())), "utf-8")
    return target


def render(description: dict[str, Any]) -> str:
    """Return the description as it stands in the file."""
    return json.dumps(description, ensure_ascii=False, indent=1) + "\n"


def path_of(rule: str) -> str:
    """Return a rule as OpenAPI writes it: `/things/<id:thing_id>` is `/things/{thing_id}`."""
    return _PARAMETER.sub(r"{\g<name>}", rule)


def name_of(schema: type[Schema] | Schema | str) -> str:
    """Return the component name of a form: its class without `Form`."""
    kind = schema if isinstance(schema, type) else type(schema)
    return kind.__name__.removesuffix("Form")


def _operation(rule: str, endpoint: str, door: Door) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": endpoint.replace(".", "_"),
        "tags": [endpoint.partition(".")[0]],
        "summary": door.summary,
    }
    if door.description:
        operation["description"] = door.description
    operation["security"] = list(_security(door))
    if parameters := list(_parameters(rule, door)):
        operation["parameters"] = parameters
    if door.body is not None:
        operation["requestBody"] = {"required": not door.body.bare, "content": _content(door.body)}
    responses = {str(status): _response(answer) for status, answer in door.answers.items()}
    for status, refused in _refusals(rule, door).items():
        # A page that says what is wrong with its form is for browsers; programs are told by a problem.
        content = responses.get(status, {}).get("content", {}) | refused.get("content", {})
        responses[status] = refused | ({"content": content} if content else {})
    operation["responses"] = responses
    return operation


def _security(door: Door) -> Iterator[dict[str, list[str]]]:
    for grant in POLICIES[door.policy]:
        if grant.kind is Kind.ANYONE:
            yield {}
        elif grant.kind is Kind.CLIENT:
            yield {"token": [grant.scope] if grant.scope else []}
        elif grant.kind is not Kind.SYSTEM:
            yield {"session": []}
            yield {"token": []}


def _parameters(rule: str, door: Door) -> Iterator[dict[str, Any]]:
    for match in _PARAMETER.finditer(rule):
        kind = _KINDS.get(match["kind"] or "", _TEXT)
        yield {"in": "path", "name": match["name"], "required": True, "schema": kind}
    if door.query is not None:
        yield {"in": "query", "schema": door.query}
    if door.idempotent:
        form = {"type": "string", "pattern": "^[A-Za-z0-9._:-]{8,128}$"}
        yield {"in": "header", "name": "Idempotency-Key", "required": False, "schema": form}


def _content(body: Body) -> dict[str, Any]:
    """Describe what a door reads."""
    schema: Any = {}
    if isinstance(body, Json | Fields):
        schema = body.schema
    elif isinstance(body, Upload):
        schema = _with_files(body.schema, body.files)
    elif isinstance(body, Bytes) and body.schema:
        schema = {"$ref": f"/schemas/{body.schema}"}
    return {
        media: {"schema": schema, "x-limit-bytes": body.limit}
        if media.endswith("json")
        else {"schema": schema}
        for media in body.media
    }


@cache
def _with_files(form: type[Schema], files: tuple[str, ...]) -> type[Schema]:
    """Describe a form and its files as one object: the form takes no members beside its own."""
    described = {"type": "string", "contentMediaType": "application/octet-stream"}
    parts = {name: fields.Raw(required=True, metadata=described) for name in files}
    return type(f"{form.__name__.removesuffix('Form')}UploadForm", (form,), parts)


def _response(answer: Answer) -> dict[str, Any]:
    if answer is None:
        return {"description": "Done"}
    if isinstance(answer, Sends):
        schema: Any = {"$ref": f"/schemas/{answer.schema}"} if answer.schema else {}
        return {"description": "OK", "content": {answer.media: {"schema": schema}}}
    return {"description": "OK", "content": {"application/json": {"schema": answer}}}


def _refusals(rule: str, door: Door) -> dict[str, Any]:
    """Describe the problems of a door by status: those that follow from its declaration, and its own."""
    kinds: list[type[problems.Problem]] = [*_ALWAYS]
    if door.query is not None:
        kinds.append(problems.ParameterInvalid)
    if not door.public:
        kinds += [problems.Unauthenticated, problems.Forbidden, problems.TooMany]
    if not set(door.methods) <= policy.SAFE:
        kinds.append(problems.CrossSite)
    if "<" in rule:
        kinds.append(problems.NotFound)
    if door.body is None:
        kinds.append(problems.BodyUnexpected)
    else:
        kinds += [problems.TooLarge, problems.MediaTypeRefused]
    if isinstance(door.body, Json):
        kinds.append(problems.JsonRefused)
    if isinstance(door.body, Json | Fields | Upload):
        kinds.append(problems.FormRefused)
    if door.idempotent:
        kinds += [problems.InProgress, problems.KeyReused]
    by_status: dict[int, list[type[problems.Problem]]] = {}
    for kind in dict.fromkeys([*kinds, *door.problems]):
        by_status.setdefault(kind.status, []).append(kind)
    # Answered by the server before there is a request: nothing of it reaches the application.
    long = (
        {"414": {"description": "The target is too long."}} if door.query is not None or "<" in rule else {}
    )
    return long | {
        str(status): {
            "description": "; ".join(f"{kind.code}: {kind.title_zh} / {kind.title_en}" for kind in found),
            "content": {problems.MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, found in sorted(by_status.items())
    }
