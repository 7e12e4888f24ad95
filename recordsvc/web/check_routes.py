"""The public check of certificates on paper (核验纸质证明): a page, a door for machines, a page to keep."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any, Final

import flask
from marshmallow import fields

from recordsvc.access.errors import LookNotWritten
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.exports.printed import content, needs
from recordsvc.exports.printed.content import ArchiveFacts, Facts, RecordFacts
from recordsvc.exports.printed.errors import ContentUnreadable
from recordsvc.ground import answers, http
from recordsvc.ground.forms import Form, text
from recordsvc.ground.reading import Fields
from recordsvc.web import assets, certificate_checks, words
from recordsvc.web.certificate_checks import GONE, NO_ENTRY, UNKNOWN, WITHHELD, Checked, coordinates
from recordsvc.web.printed_making import address
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import environment, page
from recordsvc.web.services import bp, house

ZIP: Final = "application/zip"
LABELS: Final = {
    "type": "记录",
    "title": "内容",
    "level": "等级",
    "certificate": "证书编号",
    "issuer": "签发单位",
    "day": "签发日期",
    "state": "状态",
    "reason": "原因",
    "since": "状态起于",
    "records": "列出的记录",
    "in_force": "其中有效",
}
_SAID: Final = {
    WITHHELD: ("wait", "签名相符，但登记机关现在不公开这份档案的情况", "请向出示人了解，或联系登记机关。"),
    GONE: ("bad", "签名相符，但档案中已没有这条记录", "它在出具之后被依法删除，现在不能作为依据。"),
    UNKNOWN: ("wait", "签名相符，但登记机关的日志中现在没有这个位置", "请联系登记机关核实。"),
    NO_ENTRY: ("wait", "签名相符：出具时档案中没有记录", "没有记录不等于没有参加过培训。"),
    "revoked": ("bad", "签名相符，但记录已被撤销", "现在不能作为依据；原因和日期见下。"),
}


class CheckForm(Form):
    """The whole content of the code, as it was scanned."""

    content = text(1, content.MOST, required=True)


class CheckPageForm(Form):
    """The same, as typed."""

    content = text(0, content.MOST, load_default="")


class CertificateFactsForm(Form):
    """What a certificate or the archive says: of a record the first nine, of an archive the last two."""

    type = fields.String()
    title = fields.String()
    level = fields.String()
    certificate = fields.String()
    issuer = fields.String()
    day = fields.String()
    state = fields.String()
    reason = fields.String()
    since = fields.String()
    records = fields.Integer()
    in_force = fields.Integer()


class CheckedForm(Form):
    """The certificate as it was signed, and how what it is about stands now."""

    number = fields.String()
    printed_s = fields.Integer()
    index = fields.Integer(allow_none=True)
    name = fields.String()
    number_tail = fields.String()
    printed = fields.Nested(CertificateFactsForm)
    state = fields.String()
    """`active`, `revoked`, `withheld` (restricted), `gone` (erased), `unknown` (another entry stands there),
    `empty` (there was no entry)."""
    now = fields.Nested(CertificateFactsForm, allow_none=True)
    unchanged = fields.Boolean()
    checked_ms = fields.Integer()


class CertificateKeyForm(Form):
    """A key of certificates: as JWK members, with its X.509 certificate while it is in use."""

    id = fields.String()
    kty = fields.Constant("EC")
    crv = fields.Constant("P-256")
    x = fields.String()
    y = fields.String()
    ended_ms = fields.Integer()
    """UTC ms of its end; 0 while it is in use."""
    certificate = fields.String()
    """PEM, with its chain; empty where this machine signs none, or the key ended."""


class CertificateKeysForm(Form):
    """Every key that certificates are or were signed with, oldest first."""

    keys = fields.List(fields.Nested(CertificateKeyForm))


@dataclass(frozen=True, slots=True)
class Shown:
    """A check as the page shows it."""

    tone: str
    title: str
    lines: tuple[str, ...]
    at: str
    now: tuple[tuple[str, str], ...]
    then: tuple[tuple[str, str], ...]


@door(
    bp,
    "GET",
    "/check",
    policy="public",
    surface=Surface.SCRIPTED,
    answer=HTML,
    summary="核验纸质证明（网页） / Check a certificate on paper",
)
def check_page() -> flask.Response:
    """Show the form; the script takes the content from behind the # and checks it here."""
    return _form()


@door(
    bp,
    "POST",
    "/check",
    policy="public",
    surface=Surface.PAGE,
    body=Fields(CheckPageForm),
    answer={200: HTML, 422: HTML},
    problems=(LookNotWritten,),
    summary="查询纸质证明现在的状态（网页） / Ask how a certificate stands now",
)
def check_state(form: dict[str, Any]) -> flask.Response:
    """Show how what the certificate is about stands now."""
    try:
        found = certificate_checks.check(form["content"], http.current().id)
    except ContentUnreadable as problem:
        return _form(form["content"], str(problem.errors[0]["detail"]), 422)
    return page("check.html", checked=_shown(found), keys="[]", content="", error="")


@door(
    bp,
    "GET",
    "/check/offline.zip",
    policy="public",
    surface=Surface.PAGE,
    answer=Sends(ZIP),
    summary="离线核验页 / The page to keep: checks certificates without network",
)
def check_offline() -> flask.Response:
    """Send page, script, style and keys of today as a zip; it works from a folder."""
    settings = house().settings
    told = (
        environment()
        .get_template("check_offline.html")
        .render(
            keys=_keys(),
            at=words.instant(house().clock.now_ms()),
            address=address(),
            origin=settings.log_origin,
        )
    )
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as files:
        for name, data in (
            ("check.html", told.encode()),
            ("check.js", assets.source("check.js")),
            ("style.css", assets.source("style.css")),
        ):
            files.writestr(zipfile.ZipInfo(f"check/{name}"), data)
    disposition = 'attachment; filename="check.zip"'
    return flask.Response(target.getvalue(), 200, {"Content-Disposition": disposition}, content_type=ZIP)


@door(
    bp,
    "GET",
    "/v1/certificates/keys",
    policy="public",
    answer=CertificateKeysForm,
    summary="纸质证明的签章公钥 / Public keys of certificates on paper",
)
def certificate_keys() -> flask.Response:
    """Send the keys; those that ended, too, since what they signed stands."""
    return answers.answer({"keys": _told_keys(with_certificates=True)}, form=CertificateKeysForm)


@door(
    bp,
    "POST",
    "/v1/certificates/check",
    policy="public",
    body=CheckForm,
    answer=CheckedForm,
    problems=(ContentUnreadable, LookNotWritten),
    summary="查询纸质证明现在的状态 / Ask how a certificate stands now",
    description="`content` is the whole content of its code. The worker reads that somebody asked.",
)
def check_content(form: dict[str, Any]) -> flask.Response:
    """Tell what was signed and how it stands now."""
    found = certificate_checks.check(form["content"], http.current().id)
    head, now = found.content.head, found.now
    told = {
        "number": head.number,
        "printed_s": head.printed_s,
        "index": head.index,
        "name": head.name,
        "number_tail": head.tail,
        "printed": _members(found.content.facts),
        "state": now.state,
        "now": None if now.facts is None else _members(now.facts),
        "unchanged": found.unchanged,
        "checked_ms": found.at_ms,
    }
    return answers.answer(told, form=CheckedForm)


def _form(typed: str = "", error: str = "", status: int = 200) -> flask.Response:
    return page("check.html", status, checked=None, keys=_keys(), content=typed, error=error)


def _keys() -> str:
    """Return the keys as the script reads them."""
    return json.dumps(_told_keys(), separators=(",", ":"))


def _told_keys(*, with_certificates: bool = False) -> list[dict[str, Any]]:
    told = []
    for one in content.known_keys(house().keys):
        x, y = coordinates(one.public.raw)
        row = {"id": one.id, "x": x, "y": y, "ended_ms": one.ended_ms}
        if with_certificates:
            row["certificate"] = "" if one.ended_ms or needs.missing() else _certificate(one.public.raw)
        told.append(row)
    return told


def _certificate(public: bytes) -> str:
    from asn1crypto import pem

    from recordsvc.exports.printed import sealing

    for key_id in house().keys.versions(content.NAME):
        if house().keys.public(key_id).raw == public:
            made = (pem.armor("CERTIFICATE", one.dump()) for one in sealing.chain(house(), key_id))
            return b"".join(made).decode("ascii")
    return ""


def _members(facts: Facts) -> dict[str, Any]:
    return {name: getattr(facts, name) for name in facts.__slots__ if name in LABELS}


def _shown(found: Checked) -> Shown:
    head = found.content.head
    tone, title, line = _SAID.get(found.now.state) or _active(found)
    said = (("姓名", head.name), ("证件", head.tail and f"尾号 {head.tail}"))
    printed = (("证明编号", head.number), ("出具时间", words.instant(head.printed_s * 1_000)))
    return Shown(
        tone=tone,
        title=title,
        lines=(line,),
        at=words.instant(found.at_ms),
        now=_rows(found.now.facts) or (("状态", title),),
        then=(*said, *_rows(found.content.facts), *printed),
    )


def _active(found: Checked) -> tuple[str, str, str]:
    now, printed = found.now.facts, found.content.facts
    if found.unchanged:
        return ("good", "签名相符，与档案现在的情况一致", "状态和日期见下。")
    if isinstance(printed, ArchiveFacts):
        return ("wait", "签名相符，但出具之后档案又有变动", "请出示人重新出具，或核验附件中的记录。")
    if isinstance(now, RecordFacts) and now.state != printed.state:
        return ("wait", f"签名相符，状态已变为“{now.state}”", "请以“现在”一栏为准。")
    return ("wait", "签名相符，但记录在出具之后有变动", "请以“现在”一栏为准。")


def _rows(facts: Facts | None) -> tuple[tuple[str, str], ...]:
    if facts is None:
        return ()
    told = ((name, value) for name, value in _members(facts).items() if value != "")
    return tuple((LABELS[name], _value(name, value)) for name, value in told)


def _value(name: str, value: Any) -> str:
    if name in ("day", "since"):
        return words.day(str(value))
    return f"{value} 条" if isinstance(value, int) else str(value)
