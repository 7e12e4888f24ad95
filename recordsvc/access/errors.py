"""What can go wrong with those who ask.

Problem
├── Unauthenticated
│   ├── TokenRefused ────────── token-refused          (one answer for every cause)
│   ├── LoginRefused ────────── login-refused          (one answer for every cause)
│   └── StepUpRequired ──────── step-up
├── Forbidden
│   └── AloneOnly ───────────── alone-only
├── TooMany
│   └── LoginPaced ──────────── login-paced
├── NotFound
│   ├── ActivationUnmatched ─── activation-unmatched   (which of them is wrong is not said)
│   ├── WindowUnmatched ─────── window-unmatched       (which of them is wrong is not said)
│   └── ClientUnknown ───────── client-unknown
├── Conflict
│   ├── ClientStateConflict ─── client-state
│   └── OfficialConflict ────── official-conflict
├── FormRefused
│   ├── ClientRefused ───────── client-refused
│   ├── CredentialRefused ───── credential
│   ├── OfficialRefused ─────── official-refused
│   └── PurposeRefused ──────── purpose
├── Unavailable
│   └── LookNotWritten ──────── look-not-written
└── OAuthRefused                (RFC 6749 section 5.2; answered by the token endpoint in that form)
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from recordsvc.ground.problems import (
    Conflict,
    Forbidden,
    FormRefused,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class TokenRefused(Unauthenticated):
    """A bearer token that is not good here. The caller learns that and nothing more; `why` is for the log."""

    code = "token-refused"
    title_zh = "访问令牌无效"
    title_en = "The access token is not valid"
    remedy_zh = "请到 /oauth/token 重新换取访问令牌。"
    remedy_en = "Obtain a new access token at /oauth/token."

    def __init__(self, why: str = "", *, scheme: str = "Bearer", nonce: str = "") -> None:
        error = "use_dpop_nonce" if nonce else "invalid_token"
        super().__init__(headers={"WWW-Authenticate": f'{scheme} realm="recordsvc", error="{error}"'})
        if nonce:
            self.headers["DPoP-Nonce"] = nonce
        self.why = why


class LoginRefused(Unauthenticated):
    """Name, code or persona is not good; which of them is not said."""

    code = "login-refused"
    title_zh = "登录未成功"
    title_en = "Sign-in failed"
    remedy_zh = (
        "请核对后重试；验证码、激活码都只能用一次。仍不成功的，请换一种登录方式，或到人社服务窗口办理。"
    )
    remedy_en = (
        "Check what you typed; every code works once. Try another way in, or ask at the service window."
    )


class LoginPaced(TooMany):
    """The last attempts were wrong: the next one is taken later. Passkeys and activation codes never wait."""

    code = "login-paced"
    title_zh = "请稍等再试"
    title_en = "Please wait before you try again"
    remedy_zh = "此前多次未成功。请等待后再试；也可以马上用通行密钥登录，或到人社服务窗口领取新的激活码。"
    remedy_en = "Wait as Retry-After says; a passkey or a new activation code from the window works at once."


class CredentialRefused(FormRefused):
    """A way in that cannot be set up like this: easy to guess, a wrong code, too many, not for this kind."""

    code = "credential"
    title_zh = "登录方式未设置成功"
    title_en = "The way to sign in was not set up"
    remedy_zh = "请按提示更正后再试。"
    remedy_en = "Correct what is named and try again."


class ActivationUnmatched(NotFound):
    """Document, name and card are not one known person's; which of them is wrong is not said."""

    code = "activation-unmatched"
    title_zh = "证件、姓名和卡没有对应到同一份档案"
    title_en = "Document, name and card do not lead to one archive"
    remedy_zh = "请对照证件和卡逐位核对。查无此卡的，请先核实社会保障卡。"
    remedy_en = "Check them against document and card. An unknown card must be confirmed first."


class StepUpRequired(Unauthenticated):
    """This act asks who sits there once more (RFC 9470): the session's last proof is too old for it."""

    code = "step-up"
    title_zh = "请再次验证身份"
    title_en = "Please prove once more who you are"
    remedy_zh = "请到 /login/again 再次验证身份，然后重新提交；此前填写的内容没有生效。"
    remedy_en = "Prove who you are at /login/again and submit again; nothing has been changed."


class ClientUnknown(NotFound):
    """No such client."""

    code = "client-unknown"
    title_zh = "没有这个接入方"
    title_en = "No such client"
    remedy_zh = "请核对接入方编号。"
    remedy_en = "Check the client id."


class ClientStateConflict(Conflict):
    """The client is already in that state, or the key is already there."""

    code = "client-state"
    title_zh = "接入方当前状态不允许此操作"
    title_en = "The client's present state does not allow this"
    remedy_zh = "请刷新接入方列表后再定。"
    remedy_en = "Read the list of clients again."


class ClientRefused(FormRefused):
    """A proposed client that cannot be: unknown kind or scope, a key that is none, an invalid code."""

    code = "client-refused"
    title_zh = "接入方资料有误"
    title_en = "The client cannot be registered like this"
    remedy_zh = "请按 errors 中列出的位置更正。"
    remedy_en = "Correct what errors points at."


class OfficialConflict(Conflict):
    """The official or grant is already there, or roles exclude one another."""

    code = "official-conflict"
    title_zh = "与已有人员或角色冲突"
    title_en = "In conflict with an existing official or role"
    remedy_zh = "请先查看该人员现有角色；互斥角色不得由一人兼任。"
    remedy_en = "Look at the roles the official has; some roles exclude one another."


class OfficialRefused(FormRefused):
    """An official or grant that cannot be: unknown person, role, area, or an impossible name."""

    code = "official-refused"
    title_zh = "人员或角色资料有误"
    title_en = "The official or role is not acceptable"
    remedy_zh = "请核对账号、角色与区划代码。"
    remedy_en = "Check account name, role and division code."


class PurposeRefused(FormRefused):
    """Looking at a worker's archive needs a purpose that is in force."""

    code = "purpose"
    title_zh = "查阅目的不在现行目录内"
    title_en = "The purpose is not on the list in force"
    remedy_zh = "请从 /v1/codes/lookup_purposes 中选择查阅目的。"
    remedy_en = "Choose a purpose of /v1/codes/lookup_purposes."


class WindowUnmatched(NotFound):
    """Document and card are not one known person's, or the card is not good; which of them is not said."""

    code = "window-unmatched"
    title_zh = "证件与社会保障卡未能对应到同一人，或该卡不能使用"
    title_en = "Document and card do not lead to one person, or the card cannot be used"
    remedy_zh = "请逐位核对两个号码；卡已挂失、注销或未登记的，请先办理核卡。"
    remedy_en = "Check both numbers; a card that is lost, ended or unknown must be confirmed first."


class AloneOnly(Forbidden):
    """Somebody stands in the worker's place where only the worker may stand."""

    code = "alone-only"
    title_zh = "此项须由本人办理"
    title_en = "Only the worker may do this"
    remedy_zh = "请本人登录后办理；没有登录方式的，可在窗口领取激活码。"
    remedy_en = "The worker signs in and does it; the window hands out activation codes."


class OAuthRefused(Exception):
    """A token request that is refused (RFC 6749 section 5.2)."""

    def __init__(
        self,
        error: str,
        description: str,
        status: int = 400,
        why: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.headers = dict(headers or {})
        self.error = error
        self.description = description
        self.status = status
        self.why = why or error

    invalid_client: ClassVar[str] = "invalid_client"

    def members(self) -> dict[str, Any]:
        """The answer's members; the description is plain ASCII without quotes, as the RFC wants it."""
        return {"error": self.error, "error_description": self.description}


class LookNotWritten(Unavailable):
    """The row of who looks could not be made durable: nothing is shown."""

    code = "look-not-written"
    title_zh = "查阅记录未能写入，未予显示"
    title_en = "The row of who looks could not be written, so nothing is shown"
    remedy_zh = "请稍后重试；一直如此请联系系统管理员检查数据库。"
    remedy_en = "Try again later; if it stays so, have the administrator check the database."
