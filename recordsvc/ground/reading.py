"""Bodies and parameters as plain values: strict JSON, HTML forms, uploads, exact bytes, query strings.

A door (access/policy.py) says what it reads with one of the kinds below; each hands the view its values as
keyword arguments or raises a problem. Twice the same key, field or parameter is refused, never resolved.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import parse_qsl

from marshmallow import Schema, ValidationError
from marshmallow.fields import List

from recordsvc.ground import problems, strictjson
from recordsvc.ground.forms import faults
from recordsvc.ground.http import (
    BATCH_LIMIT,
    CSRF_FIELD,
    DEFAULT_LIMIT,
    FORM,
    JSON,
    MAX_FIELDS,
    MAX_PARAMETERS,
    MULTIPART,
    ONCE_FIELD,
    Request,
    too_large,
)
from recordsvc.ground.naming import repeated

_KEY = re.compile(r"[A-Za-z0-9._:-]{8,128}")


@dataclasses.dataclass(frozen=True)
class Json:
    """A strict JSON body, loaded by a form; the view receives `form`.

    Where the form asks for no member, no body is read as `{}`: what ends something must not fail on a header.
    """

    schema: type[Schema]
    limit: int = DEFAULT_LIMIT
    media: tuple[str, ...] = (JSON,)

    @cached_property
    def bare(self) -> bool:
        """Whether the form asks for no member."""
        return not any(field.required for field in self.schema().fields.values())

    def read(self, request: Request) -> dict[str, Any]:
        """Read, check and load."""
        content = body_bytes(request)
        try:
            document = {} if self.bare and not content else strictjson.loads(content, self.limit)
        except strictjson.StrictJsonError as error:
            raise json_problem(error) from None
        return {"form": load(self.schema, document)}


@dataclasses.dataclass(frozen=True)
class Fields:
    """An HTML form (`application/x-www-form-urlencoded`); the view receives `form`.

    Each field once, but for those that the form says are lists: boxes of one name.
    """

    schema: type[Schema]
    limit: int = DEFAULT_LIMIT
    media: tuple[str, ...] = (FORM,)
    bare: ClassVar = False

    def read(self, request: Request) -> dict[str, Any]:
        """Read, check and load; CSRF field and `once` are not the view's and are left out."""
        many = {one.data_key or name for name, one in self.schema().fields.items() if isinstance(one, List)}
        return {"form": load(self.schema, _gathered(form_pairs(request), many))}


@dataclasses.dataclass(frozen=True)
class Upload:
    """A `multipart/form-data` body; the view receives `form` and `files` (field name → bytes)."""

    schema: type[Schema]
    files: tuple[str, ...]
    limit: int = BATCH_LIMIT
    media: tuple[str, ...] = (MULTIPART,)
    bare: ClassVar = False

    def read(self, request: Request) -> dict[str, Any]:
        """Read, check and load; file names are not used for anything and never leave this function."""
        files: dict[str, bytes] = {}
        for name, part in request.files.items(multi=True):
            if name in files or name not in self.files:
                raise problems.FormRefused(
                    errors=[{"pointer": "/" + repeated(name), "code": "unknown", "detail": "没有这个文件项"}]
                )
            files[name] = part.stream.read()
        missing = [name for name in self.files if name not in files]
        if missing:
            raise problems.FormRefused(
                errors=[
                    {"pointer": "/" + name, "code": "required", "detail": "请选择文件"} for name in missing
                ]
            )
        return {"form": load(self.schema, single_fields(request)), "files": files}


@dataclasses.dataclass(frozen=True)
class Bytes:
    """A body whose exact bytes matter; the view receives `data` and reads it by itself.

    `schema` names the published JSON Schema of the document, relative to `schemas/`.
    """

    schema: str = ""
    limit: int = DEFAULT_LIMIT
    media: tuple[str, ...] = (JSON,)
    bare: ClassVar = False

    def read(self, request: Request) -> dict[str, Any]:
        """Read."""
        return {"data": body_bytes(request)}


def body_bytes(request: Request) -> bytes:
    """Return the body's bytes; longer than the door's limit raises 413 even when no length was announced."""
    request.content = request.get_data(cache=False)
    if request.max_content_length is not None and len(request.content) >= request.max_content_length:
        raise too_large(request.max_content_length - 1)
    return request.content


def json_problem(error: strictjson.StrictJsonError) -> problems.Problem:
    """Say in a problem why the strict reader refused."""
    return problems.JsonRefused(
        f"{error.message_zh}。", detail_en=f"{error.message}.", pointer=error.pointer, reason=error.code
    )


def load(schema: type[Schema], document: object) -> Any:
    """Load a document by a form. Raises `FormRefused` naming every fault."""
    try:
        return schema().load(document)  # type: ignore[arg-type]  # a form judges whatever JSON holds
    except ValidationError as error:
        raise problems.FormRefused(errors=list(faults(error.messages))) from None


def form_pairs(request: Request) -> list[tuple[str, str]]:
    """Return the fields of an HTML form as sent, read once."""
    if request.pairs is None:
        if request.mimetype == MULTIPART:
            request.pairs = list(request.form.items(multi=True))
        else:
            # Not werkzeug's reader: it cuts long chunked bodies off and replaces what is not UTF-8.
            try:
                request.pairs = _pairs(body_bytes(request).decode(), MAX_FIELDS)
            except ValueError:
                raise problems.Refused("表单无法读取。", detail_en="The form cannot be read.") from None
    return request.pairs


def _pairs(text: str, most: int) -> list[tuple[str, str]]:
    """Split `a=1&b=2`; raises ValueError for bad UTF-8 and too many."""
    return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=most)


def single_fields(request: Request) -> dict[str, str]:
    """Return the fields of an HTML form, each of which must come once."""
    return _gathered(form_pairs(request), frozenset())


def _gathered(pairs: list[tuple[str, str]], many: Collection[str]) -> dict[str, Any]:
    """Return fields by name, those in `many` as lists of what came, in order."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if not _legible(value, also="\r\n\t"):
            raise problems.FormRefused(errors=[{"pointer": "/" + repeated(name), **_ILLEGIBLE}])
        if name in many:
            found.setdefault(name, []).append(value)
        elif name in found:
            raise problems.ParameterRepeated(errors=[{"parameter": repeated(name), "code": "repeated"}])
        else:
            found[name] = value
    for field in (CSRF_FIELD, ONCE_FIELD):
        found.pop(field, None)
    return found


_ILLEGIBLE = {"code": "value", "detail": "含有控制字符、零宽字符或未按 NFC 规范化"}


def _legible(text: str, also: str = "") -> bool:
    """Tell whether text is NFC without control, zero-width, bidi and surrogate characters (security.md §5).

    Unassigned and private-use code points pass: rare characters of real names are among them.
    """
    if text.isascii() and text.isprintable():
        return True
    return unicodedata.is_normalized("NFC", text) and all(
        unicodedata.category(character) not in ("Cc", "Cf", "Cs") or character in also for character in text
    )


def read_query(request: Request, schema: type[Schema] | None) -> dict[str, Any]:
    """Return the query's parameters: known ones only, each once, in UTF-8, loaded by the door's form."""
    given: dict[str, str] = {}
    text = request.environ["QUERY_STRING"]
    if text:
        try:
            pairs = _pairs(text, MAX_PARAMETERS)
        except ValueError:
            raise problems.Refused(
                "查询字符串无法读取。", detail_en="The query string cannot be read."
            ) from None
        known: Mapping[str, Any] = {} if schema is None else schema().fields
        for name, value in pairs:
            if name not in known:
                raise problems.ParameterUnknown(errors=[{"parameter": repeated(name), "code": "unknown"}])
            if name in given:
                raise problems.ParameterRepeated(errors=[{"parameter": name, "code": "repeated"}])
            if not _legible(value):
                raise problems.ParameterInvalid(errors=[{"parameter": name, **_ILLEGIBLE}])
            given[name] = value
    if schema is None:
        return {}
    try:
        return dict(schema().load(given))
    except ValidationError as error:
        found = [{"parameter": fault.pop("pointer").lstrip("/"), **fault} for fault in faults(error.messages)]
        raise problems.ParameterInvalid(errors=found) from None


def refuse_key(request: Request) -> None:
    """Refuse an `Idempotency-Key` where none is kept: ignored, it would promise what nobody holds.

    A record needs none: its own id is the key, and sent again it brings the same receipt.
    """
    if "HTTP_IDEMPOTENCY_KEY" in request.environ:
        raise problems.HeaderRefused(
            "此接口不使用 Idempotency-Key，请去掉该请求头；记录以自身编号防重，重发得到同一回执。",
            detail_en="This door keeps no Idempotency-Key; send none. A record is its own key: sent again, "
            "it brings the same receipt.",
        )


def idempotency_key(request: Request, *, required: bool = False) -> str | None:
    """Return the `Idempotency-Key` the client chose, or the one a page's form carries as `once`, or None."""
    key = request.headers.get("Idempotency-Key")
    if key is None and request.mimetype in (FORM, MULTIPART):
        key = next((value for name, value in form_pairs(request) if name == ONCE_FIELD), None)
    if key is None:
        if required:
            raise problems.HeaderRefused("缺少 Idempotency-Key。", detail_en="Idempotency-Key is missing.")
        return None
    if not _KEY.fullmatch(key):
        raise problems.HeaderRefused(
            "Idempotency-Key 应为 8–128 个字母、数字或 . _ : - 字符。",
            detail_en="Idempotency-Key must be 8-128 letters, digits or . _ : -",
        )
    return key
