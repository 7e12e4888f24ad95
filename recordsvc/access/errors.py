"""What can go wrong with those who ask.

Problem
├── Unauthenticated
│   ├── TokenRefused ────────── token-refused          (one answer for every cause)
│   ├── LoginRefused ────────── login-refused          (one answer for every cause)
│   └── StepUpRequired ──────── step-up
├── NotFound
│   ├── ClientUnknown ───────── client-unknown
│   └── AccessEnded ─────────── access-ended
├── Conflict
│   ├── ClientStateConflict ─── client-state
│   ├── OfficialConflict ────── official-conflict
│   └── CodeWanted ──────────── consent-code
├── FormRefused
│   ├── ClientRefused ───────── client-refused
│   ├── OfficialRefused ─────── official-refused
│   ├── PurposeRefused ──────── purpose
│   └── ConsentRefused ──────── consent-refused
└── OAuthRefused                (RFC 6749 section 5.2; answered by the token endpoint in that form)
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from recordsvc.ground.problems import Conflict, FormRefused, NotFound, Unauthenticated


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
    remedy_zh = "请核对账号与一次性登录码；登录码短时有效、只能用一次，可请管理员重新生成。"
    remedy_en = "Check account and one-time code; a code is short-lived and works once. Ask for a new one."


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


class ConsentRefused(FormRefused):
    """A consent that cannot be given like this."""

    code = "consent-refused"
    title_zh = "不能这样共享"
    title_en = "This cannot be shared like this"
    remedy_zh = "请按 errors 中列出的位置更正：对象、记录、目的、期限或次数。"
    remedy_en = "Correct what errors points at: receiver, records, purpose, date or count."


class AccessEnded(NotFound):
    """The holder of a link may no longer open it; why is the worker's own business."""

    code = "access-ended"
    title_zh = "访问已结束"
    title_en = "Access has ended"
    remedy_zh = "如仍需要，请向本人索取新的链接。"
    remedy_en = "Ask the person for a new link if you still need it."


class CodeWanted(Conflict):
    """The one-time code is missing or wrong, or the next attempt has to wait."""

    code = "consent-code"
    title_zh = "需要正确的访问码"
    title_en = "The access code is needed"
    remedy_zh = "请向本人核对访问码，稍候再试；多次输错后访问会结束。"
    remedy_en = "Check the code with the person and wait a moment; too many wrong ones end the access."


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
