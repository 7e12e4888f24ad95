"""Forms of machine clients (接入系统的表单): a public key pasted or sent as a file, days, scopes, ceilings.

A key that turns out to be private is refused, kept nowhere, and not shown again.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from marshmallow import fields

from recordsvc.access.clients import SCOPES, ClientKind
from recordsvc.access.forms import ClientTermsForm, NewClientForm, NewKeyForm, RevokeKeyForm
from recordsvc.ground import strictjson
from recordsvc.ground.forms import Form, text
from recordsvc.ground.http import DEFAULT_LIMIT, FORM, MULTIPART, Request
from recordsvc.ground.ports import beijing_ms
from recordsvc.ground.problems import FormRefused
from recordsvc.ground.reading import Fields, form_pairs
from recordsvc.web import proposal_words
from recordsvc.web.desk_forms import MOST, REASON, Field, judged

T = TypeVar("T")
MOST_KEY: Final = 16_000
_STAND_IN: Final = {"kty": "OKP", "crv": "Ed25519", "kid": "-", "x": "A" * 43}
_FIRST_YEAR: Final = 2000
_SECRET: Final = re.compile(r'"(d|k|p|q|dp|dq|qi)"\s*:|PRIVATE')
"""What only private keys hold, also in a text that is no JSON."""
FILE: Final = Field("file", "或者选择公钥文件", hint="文件和粘贴只用一种。")
KEY: Final = (
    Field(
        "jwk",
        "公钥（JWK）",
        "area",
        hint="粘贴对方交来的公钥文件全文，以 { 开头；Ed25519 或 P-256。私钥不能交来，也不会收。",
    ),
    FILE,
    Field("since", "生效日", "day", hint="不填即批准后立即可用。"),
    Field("until", "截止日", "day", hint="当天仍然有效；不填即长期。"),
)
NEW: Final = (
    Field("kind", "类别", "choice", rows=tuple(proposal_words.CLIENTS.items())),
    Field("name", "名称", hint="单位和系统，例如“某某培训学校报送系统”。", most=200),
    Field("institution", "统一社会信用代码", hint="接入方所属单位；上级平台可以不填。", most=18),
    Field("scopes", "权限"),
    *KEY,
    Field("units_a_day", "每日条数上限", hint="不填即按类别的统一上限。", most=10),
    Field("at_once", "同时请求数上限", hint="1 到 1000；不填即按类别的统一上限。", most=4),
)
"""The form that proposes a client, in the order of its page."""
TERMS: Final = (
    Field("scopes", "权限"),
    Field("units_a_day", "每日条数上限", hint="不填即按类别的统一上限。", most=10),
    Field("at_once", "同时请求数上限", hint="1 到 1000；不填即按类别的统一上限。", most=4),
    Field("since", "生效日", "day", hint="从这一天零时起；不填即批准后立即生效。"),
)
"""The form that proposes other terms, whole, before its reason."""
WHY: Final = dataclasses.replace(REASON, hint="写清依据，最多 400 字。")


def scope_rows(kind: ClientKind | None = None) -> list[tuple[str, str, str]]:
    """Return each scope with its word and the kinds that may have it; those of one kind without them."""
    if kind is not None:
        return [(one, word, "") for one, word in proposal_words.SCOPES.items() if one in SCOPES[kind]]
    return [
        (
            scope,
            word,
            "、".join(proposal_words.CLIENTS[kind] for kind, may in SCOPES.items() if scope in may),
        )
        for scope, word in proposal_words.SCOPES.items()
    ]


class ClientKeyPageForm(Form):
    """A key as pasted, with its days as typed."""

    jwk = text(0, MOST_KEY, load_default="")
    since = text(0, 40, load_default="")
    until = text(0, 40, load_default="")


class NewClientPageForm(ClientKeyPageForm):
    """A client as typed."""

    kind = text(0, 40, load_default="")
    name = text(0, MOST, load_default="")
    institution = text(0, 40, load_default="")
    scopes = fields.List(text(1, 40), load_default=list)
    units_a_day = text(0, 40, load_default="")
    at_once = text(0, 40, load_default="")


class TermsPageForm(Form):
    """Other terms of a client, and why, as typed."""

    scopes = fields.List(text(1, 40), load_default=list)
    units_a_day = text(0, 40, load_default="")
    at_once = text(0, 40, load_default="")
    since = text(0, 40, load_default="")
    reason = text(0, MOST, load_default="")


class EndKeyPageForm(Form):
    """Which key ends, and why, as typed."""

    kid = text(0, 400, load_default="")
    reason = text(0, MOST, load_default="")


@dataclasses.dataclass(frozen=True)
class WithFile(Fields):
    """An HTML form that may bring one file, `file`; the view receives `form` and `file`, empty without."""

    media: tuple[str, ...] = (FORM, MULTIPART)

    def read(self, request: Request) -> dict[str, Any]:
        """Read, check and load; the name of the file is not used for anything."""
        found = super().read(request)
        sent = list(request.files.items(multi=True)) if request.mimetype == MULTIPART else []
        if len(sent) > 1 or any(name != FILE.name for name, _part in sent):
            raise _wrong(FILE.name, "只能选择一个文件")
        data = sent[0][1].stream.read() if sent else b""
        # A form sent again with another file is another request (`policy.ticket`).
        request.content = request.content or repr(form_pairs(request)).encode() + data
        return found | {"file": data}


def asked_client(typed: dict[str, Any], file: bytes) -> dict[str, Any]:
    """Return a client as the API's form reads it. Raises `FormRefused` naming the fields at fault."""
    wrong = _Wrong()
    # What is right stands in for what was typed wrongly, so that the other fields are judged as well.
    keys = wrong.part(lambda: _keys(typed, file), [_STAND_IN])
    without: dict[str, int] = {}
    dates = wrong.part(lambda: _dates(typed), without)
    said: dict[str, Any] = {name: typed[name] for name in ("kind", "name", "institution")}
    said |= {name: count for name, count in _ceilings(typed, wrong).items() if count is not None}
    said |= {"scopes": typed["scopes"], "keys": [{"jwk": key, **dates} for key in keys]}
    return wrong.judged(NewClientForm, said)


def asked_terms(typed: dict[str, Any]) -> dict[str, Any]:
    """Return terms as the API's form reads them. Raises `FormRefused` naming the fields at fault."""
    wrong = _Wrong()
    without: dict[str, int] = {}
    begins = wrong.part(lambda: _dates({"since": typed["since"], "until": ""}), without)
    said: dict[str, Any] = {"scopes": typed["scopes"], "reason": typed["reason"], **_ceilings(typed, wrong)}
    if begins:
        said["from_ms"] = begins["not_before_ms"]
    return wrong.judged(ClientTermsForm, said)


class _Wrong:
    """What is wrong with a form, gathered, so that all of it is told together."""

    def __init__(self) -> None:
        self.found: list[Any] = []

    def part(self, read: Callable[[], T], instead: T) -> T:
        try:
            return read()
        except FormRefused as refused:
            self.found.extend(refused.errors)
            return instead

    def judged(self, schema: type[Form], said: dict[str, Any]) -> dict[str, Any]:
        try:
            asked = judged(schema, said)
        except FormRefused as refused:
            raise FormRefused(errors=self.found + refused.errors) from None
        if self.found:
            raise FormRefused(errors=self.found)
        return asked


def _ceilings(typed: dict[str, Any], wrong: _Wrong) -> dict[str, int | None]:
    """Return the ceilings as typed, None where the field is empty; scopes must be some, too."""
    counts: dict[str, int | None] = {}
    for name in ("units_a_day", "at_once"):
        given = typed[name].strip()
        counts[name] = wrong.part(partial(_count, name, given), 1) if given else None
    if not typed["scopes"]:
        wrong.found.append(_fault("scopes", "请至少选择一项"))
    return counts


def asked_key(typed: dict[str, Any], file: bytes) -> dict[str, Any]:
    """Return a key as the API's form reads it. Raises `FormRefused` naming the fields at fault."""
    keys = _keys(typed, file)
    if len(keys) != 1:
        raise _wrong("jwk", "每次提出一把公钥")
    return judged(NewKeyForm, {"jwk": keys[0], **_dates(typed)})


def ended_key(typed: dict[str, Any]) -> dict[str, Any]:
    """Return which key ends, and why. Raises `FormRefused`."""
    return judged(RevokeKeyForm, typed)


def at_fields(refused: FormRefused) -> None:
    """Bring what is wrong with a key to the fields of the page."""
    for one in refused.errors:
        place = str(one.get("pointer", ""))
        if place.endswith("/not_after"):
            one["pointer"] = "/until"
        elif place == "/from_ms":
            one["pointer"] = "/since"
        elif place.startswith(("/key", "/jwk")):
            one["pointer"] = "/jwk"


def _keys(typed: dict[str, Any], file: bytes) -> list[Any]:
    """Return the keys that were pasted or sent; a file then stands in the field as if it were pasted."""
    given = typed["jwk"].strip()
    if _SECRET.search(given) or _SECRET.search(file.decode("utf-8", "replace")):
        raise _private(typed)
    if given and file:
        raise _wrong("file", "文件和粘贴只用一种；粘贴的内容还在")
    if file:
        given = typed["jwk"] = _text(file)
    if not given:
        raise _wrong("jwk", "请粘贴公钥，或者选择公钥文件")
    try:
        document = strictjson.loads(given.encode(), DEFAULT_LIMIT)
    except strictjson.StrictJsonError as error:
        raise _wrong("jwk", f"不是 JSON 格式的公钥：{error.message_zh}") from None
    keys = document["keys"] if isinstance(document, dict) and "keys" in document else [document]
    if not isinstance(keys, list) or not all(isinstance(one, dict) for one in keys):
        raise _wrong("jwk", "不是公钥（JWK）")
    # A name may be written with escapes, which the text alone does not show.
    if any(_SECRET.search(f'"{name}":') for one in keys for name in one):
        raise _private(typed)
    return keys


def _text(file: bytes) -> str:
    try:
        told = file.decode("utf-8-sig").replace("\r\n", "\n").strip()
    except UnicodeDecodeError:
        told = ""
    if not told or len(told) > MOST_KEY or not all(one.isprintable() or one in "\n\t" for one in told):
        raise _wrong("file", "不是公钥文件（JWK，JSON 文本）")
    return told


def _private(typed: dict[str, Any]) -> FormRefused:
    typed["jwk"] = ""
    return _wrong("jwk", "这是私钥，没有收下。它已经离开对方，请对方作废，另做一把，只交公钥")


def _dates(typed: dict[str, Any]) -> dict[str, int]:
    """Return the days as instants: from the first moment of one to the last of the other, Beijing time."""
    found = {}
    for name, member, further in (("since", "not_before_ms", 0), ("until", "not_after_ms", 1)):
        if typed[name].strip():
            try:
                day = dt.date.fromisoformat(typed[name].strip()) + dt.timedelta(days=further)
            except (ValueError, OverflowError):
                raise _wrong(name, "应为日期（YYYY-MM-DD）") from None
            if day.year < _FIRST_YEAR:
                raise _wrong(name, "日期太早")
            found[member] = beijing_ms(day)
    return found


def _count(name: str, value: str) -> int:
    value = value.strip()
    if not (value.isascii() and value.isdigit() and len(value) <= 15):
        raise _wrong(name, "请填一个整数")
    return int(value)


def _wrong(name: str, detail: str) -> FormRefused:
    return FormRefused(errors=[_fault(name, detail)])


def _fault(name: str, detail: str) -> dict[str, str]:
    return {"pointer": f"/{name}", "code": "value", "detail": detail}
