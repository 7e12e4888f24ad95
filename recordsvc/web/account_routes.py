"""Pages of one's own sign-ins and ways in (登录与设备); the rules stand in access/ways.py."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import flask
import segno

from recordsvc.access import credentials, identity_links, own_archive_routes, own_routes, ways
from recordsvc.access.acts import AT_CONSOLE, Act
from recordsvc.access.credentials import PASSKEY, PASSWORD, PIN
from recordsvc.access.entering import WAYS, newcomer, site
from recordsvc.access.entrance import actor
from recordsvc.access.errors import CredentialRefused, StepUpRequired
from recordsvc.access.grants import Kind, Role, Way
from recordsvc.access.policy import Surface, door
from recordsvc.access.services import access
from recordsvc.access.sessions import Method
from recordsvc.access.signin_forms import NewPasskeyForm, NewPasswordForm, NewPinForm
from recordsvc.access.ways import Sheet
from recordsvc.ground.problems import Forbidden, NotFound
from recordsvc.ground.reading import Fields
from recordsvc.web import centre_routes, words
from recordsvc.web import own_archive_routes as own_archive_pages
from recordsvc.web.desk_routes import institution_name, tabs
from recordsvc.web.forms import NoFieldsForm
from recordsvc.web.public_routes import HTML, ROLES
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house
from recordsvc.web.stand_ins import HELPER

METHODS: Final = {
    Method.DEMO: "演示身份",
    Method.CODE: "一次性登录码",
    Method.CONSOLE: "服务器控制台的一次性登录码",
    Method.OIDC: "统一身份认证",
    Method.PASSKEY: "通行密钥",
    Method.PIN: "PIN 和验证码",
    Method.PASSWORD: "密码和动态验证码",
    Method.WINDOW: "窗口出示卡和证件",
    Method.HELPER: "亲友代办",
    Method.ACTIVATION: "激活码",
}
"""What each way of signing in is called; a test holds it complete."""
CONSOLE: Final = {
    Act.OFFICIAL_ENTERED: "新建账号",
    Act.OFFICIAL_GRANTED: "授予角色",
    Act.OFFICIAL_REVOKED: "收回角色",
    Act.OFFICIAL_CLOSED: "停用账号",
    Act.OFFICIAL_CODE: "生成一次性登录码",
    Act.OFFICIAL_LOST: "挂失：停用全部登录方式并结束登录",
}
"""What the server's console did to an official's account; a test holds it complete."""
KINDS: Final = {PASSKEY: "通行密钥", PIN: "PIN 和打印的验证码", PASSWORD: "密码和动态验证码"}
SET_UP: Final = (CredentialRefused, StepUpRequired, Forbidden)


@door(
    bp,
    "GET",
    "/me/sessions",
    policy="session.worker",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(Forbidden,),
    summary="登录与设备页 / My sign-ins and ways in",
)
def my_sessions() -> flask.Response:
    """Show where the worker is signed in, and by what."""
    return _overview()


@door(
    bp,
    "GET",
    "/centre/sessions",
    policy="session.centre",
    surface=Surface.PAGE,
    answer=HTML,
    summary="登录与设备页（单位人员） / Sign-ins and ways in of a person of an institution",
)
def centre_sessions() -> flask.Response:
    """Show where the person is signed in, by what, and what others did to the account."""
    return _overview()


@door(
    bp,
    "GET",
    "/desk/sessions",
    policy="session.desk",
    surface=Surface.PAGE,
    answer=HTML,
    summary="登录与设备页（工作人员） / An official's sign-ins and ways in",
)
def desk_sessions() -> flask.Response:
    """Show where the official is signed in, and by what."""
    return _overview()


@door(
    bp,
    "POST",
    "/account/sessions/<id:listed_id>/end",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    problems=(NotFound, Forbidden),
    summary="结束一个登录（网页） / End one sign-in",
)
def end_session_button(listed_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """End it, and show the list again."""
    own_routes.end_listed(listed_id)
    return _back()


@door(
    bp,
    "POST",
    "/account/sessions/end-others",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    answer={303: None},
    problems=(Forbidden,),
    summary="结束其他所有登录（网页） / End all other sign-ins",
)
def end_sessions_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """End every sign-in but this one."""
    ways.end_others(house(), access().sessions, actor())
    return _back()


@door(
    bp,
    "POST",
    "/account/ways/<id:credential_id>/end",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    step_up=True,
    answer={303: None},
    problems=(NotFound, Forbidden, StepUpRequired),
    summary="停用一种登录方式（网页） / End one way to sign in",
)
def end_way_button(credential_id: bytes, form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """End a way in, and show the list again."""
    ways.end(house(), actor(), credential_id)
    return _back()


@door(
    bp,
    "GET",
    "/account/passkey",
    policy="session.own",
    surface=Surface.SCRIPTED,
    step_up=True,
    answer=HTML,
    problems=SET_UP,
    summary="新建通行密钥页 / Page to add a passkey",
)
def passkey_page() -> flask.Response:
    """Show the one button; the script talks to the device."""
    ways.own(actor())
    return page("account_passkey.html", back=WAYS[actor().kind])


@door(
    bp,
    "POST",
    "/account/passkey",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NewPasskeyForm),
    step_up=True,
    answer={303: None},
    problems=SET_UP,
    summary="新建通行密钥（网页） / Add a passkey",
)
def passkey_button(form: dict[str, str]) -> flask.Response:
    """Keep what the device made."""
    ways.add_passkey(house(), actor(), site(), form["credential"], newcomer().device)
    return _back()


@door(
    bp,
    "GET",
    "/account/pin",
    policy="session.own",
    surface=Surface.PAGE,
    step_up=True,
    answer=HTML,
    problems=SET_UP,
    summary="设置 PIN 页 / Page to set a PIN",
)
def pin_page() -> flask.Response:
    """Ask for a PIN."""
    ways.own(actor())
    return page("account_pin.html", back=WAYS[actor().kind], wrong="")


@door(
    bp,
    "POST",
    "/account/pin",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NewPinForm),
    step_up=True,
    answer={200: HTML, 422: HTML},
    problems=SET_UP,
    summary="设置 PIN（网页） / Set a PIN, and show the sheet of codes",
)
def pin_button(form: dict[str, str]) -> flask.Response:
    """Keep it and show the codes, this once."""
    return _told(
        "account_pin.html", lambda: _sheet(ways.set_pin(house(), actor(), form["pin"], newcomer().device))
    )


@door(
    bp,
    "POST",
    "/account/sheet",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NoFieldsForm),
    step_up=True,
    answer=HTML,
    problems=SET_UP,
    summary="换一张验证码（网页） / A new sheet of codes",
)
def sheet_button(form: dict[str, Any]) -> flask.Response:  # noqa: ARG001 - a button
    """Make a sheet in place of the earlier one, and show it, this once."""
    return _sheet(ways.new_sheet(house(), actor()))


@door(
    bp,
    "GET",
    "/account/password",
    policy="session.own",
    surface=Surface.PAGE,
    step_up=True,
    answer=HTML,
    problems=SET_UP,
    summary="设置密码页 / Page to set a password with time-based codes",
)
def password_page() -> flask.Response:
    """Show a secret for an app, as picture and text, and ask for password and first code."""
    return _password_page()


@door(
    bp,
    "POST",
    "/account/password",
    policy="session.own",
    surface=Surface.PAGE,
    body=Fields(NewPasswordForm),
    step_up=True,
    answer={303: None, 422: HTML},
    problems=SET_UP,
    summary="设置密码（网页） / Set a password with time-based codes",
)
def password_button(form: dict[str, str]) -> flask.Response:
    """Keep it; what is wrong is told beside a new secret."""
    try:
        own_routes.keep_password(form)
    except CredentialRefused as refused:
        return _password_page(422, _first(refused))
    return _back()


def picture(text: str) -> str:
    """Return a QR code as the address of an image, with nothing from elsewhere."""
    return str(segno.make(text, error="m", micro=False).svg_data_uri(scale=4, border=3, light="white"))


def _overview() -> flask.Response:
    who = actor()
    called = institution_name()
    listed = [
        one
        | {
            "key": words.uuid_text(one["id"]),
            "method": METHODS[Method(one["method"])],
            "through": _through(one, called),
        }
        for one in own_routes.signed_in()
    ]
    found, provider = own_routes.ways_in(), access().provider
    with house().db.read() as conn:
        sits = credentials.sitting(who)
        linked = provider is not None and identity_links.has_account(conn, sits, provider.issuer)
    items = [
        {
            "key": words.uuid_text(one.id),
            "word": KINDS[one.kind],
            "device": one.device,
            "made_ms": one.made_ms,
            "used_ms": one.used_ms,
            "codes_left": one.codes_left,
        }
        for one in found["items"]
    ]
    return page(
        "sessions.html",
        tabs=centre_routes.tabs() if who.kind is Kind.STAFF else tabs(),
        kind=str(who.kind),
        place=WAYS[who.kind],
        own=own_archive_pages.shown(own_archive_routes.said()) if who.kind is Kind.OFFICIAL else None,
        sessions=listed,
        console=centre_routes.done_to_me() if who.kind is Kind.STAFF else _console(),
        account=found["account"],
        may=found["may"],
        ways=items,
        has={one.kind for one in found["items"]},
        provider=provider.label if provider is not None and linked else "",
    )


def _console() -> list[dict[str, Any]]:
    """Return what the server's console did to an official's account, in words."""
    return [
        {"word": CONSOLE[Act(one.act)], "by": one.actor.removeprefix(AT_CONSOLE), "at_ms": one.at_ms}
        for one in own_routes.console_acts()
    ]


def _through(one: Mapping[str, Any], called: Callable[[str], str]) -> str:
    """Return who acts in the worker's place, in words; empty: the worker. Officials by office and role."""
    if one["through_way"] is None:
        return ""
    if one["through_way"] == Way.HELPER:
        return f"亲友代办：{one['through_name'] or HELPER}"
    uscc, role = one["through_institution"], one["through_role"]
    office = called(uscc) if uscc else "人社服务窗口"
    return f"窗口代办：{office}" + (f"（{ROLES[Role(role)]}）" if role else "")


def _sheet(made: Sheet) -> flask.Response:
    return page("account_sheet.html", back=WAYS[actor().kind], account=made.account, codes=made.codes)


def _password_page(status: int = 200, wrong: str = "") -> flask.Response:
    made = ways.begin_totp(house(), actor(), own_routes.setup_key())
    return page(
        "account_password.html",
        status,
        back=WAYS[actor().kind],
        wrong=wrong,
        account=made.account,
        picture=picture(made.address),
        secret=" ".join(made.secret[at : at + 4] for at in range(0, len(made.secret), 4)),
        setup=made.setup,
    )


def _told(template: str, act: Callable[[], flask.Response]) -> flask.Response:
    """Answer with what `act` makes, or with its page again and what is wrong."""
    try:
        return act()
    except CredentialRefused as refused:
        return page(template, 422, back=WAYS[actor().kind], wrong=_first(refused))


def _first(refused: CredentialRefused) -> str:
    return str(refused.errors[0]["detail"])


def _back() -> flask.Response:
    return go(WAYS[actor().kind])
