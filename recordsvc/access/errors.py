"""What can go wrong with those who ask; in a worker's place: in_place_errors.py; cases: case_errors.py.

Problem
├── Unauthenticated
│   ├── TokenRefused ────────── token-refused          (one answer for every cause)
│   ├── LoginRefused ────────── login-refused          (one answer for every cause)
│   ├── InvitationRefused ───── invitation-refused     (one answer for every cause)
│   ├── IdentityRefused ─────── identity-refused       (one answer for every cause)
│   └── StepUpRequired ──────── step-up
├── TooMany
│   ├── CodePaced ───────────── consent-code-paced
│   └── LoginPaced ──────────── login-paced
├── NotFound
│   ├── ActivationUnmatched ─── activation-unmatched   (which of them is wrong is not said)
│   ├── ClientUnknown ───────── client-unknown
│   ├── EmergencyUnknown ────── emergency-unknown
│   ├── MismatchUnknown ─────── mismatch-unknown
│   ├── StaffUnknown ────────── staff-unknown
│   └── AccessEnded ─────────── access-ended
├── Forbidden
│   ├── IdentityUnknown ─────── identity-unknown
│   ├── IdentityDiffers ─────── identity-differs
│   ├── Recused ─────────────── recused
│   └── StandsTogether ──────── stands-together
├── Conflict
│   ├── ClientStateConflict ─── client-state
│   ├── EmergencyClosed ─────── emergency-closed
│   ├── MismatchDecided ─────── mismatch-decided
│   ├── OfficialConflict ────── official-conflict
│   └── CodeWanted ──────────── consent-code
├── FormRefused
│   ├── ClientRefused ───────── client-refused
│   ├── CredentialRefused ───── credential
│   ├── OfficialRefused ─────── official-refused
│   ├── StaffRefused ────────── staff-refused
│   ├── PurposeRefused ──────── purpose
│   └── ConsentRefused ──────── consent-refused
├── Unavailable
│   ├── ProviderUnavailable ─── provider-unavailable
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


class IdentityRefused(Unauthenticated):
    """What came back from the identity provider is not good for this browser and moment; why is not said."""

    code = "identity-refused"
    title_zh = "身份认证未完成"
    title_en = "Sign-in through the provider was not completed"
    remedy_zh = "请回到登录页重新开始，中途不要换浏览器；也可以用其他方式登录。"
    remedy_en = "Begin again on the sign-in page, in one browser, or use another way in."


class IdentityUnknown(Forbidden):
    """The provider is sure who this is, and nobody of that number has an archive here. None is made."""

    code = "identity-unknown"
    title_zh = "这里还没有您的档案"
    title_en = "There is no archive of yours here yet"
    remedy_zh = (
        "您已通过身份认证，但没有找到对应的培训档案，也没有因此建立档案。参加过培训或取得过证书的，"
        "请带身份证和社会保障卡到人社服务窗口核对。"
    )
    remedy_en = (
        "The provider confirmed who you are, but no archive has your number, and none was made. "
        "If you were trained or certified, bring identity document and card to the service window."
    )


class IdentityDiffers(Forbidden):
    """The provider's account and its number lead to different archives: officials judge, nothing changes."""

    code = "identity-differs"
    title_zh = "认证信息与档案不一致，暂不能这样登录"
    title_en = "The provider's account does not fit the archive"
    remedy_zh = (
        "已转工作人员核对，原有对应关系没有改变。急需办理的，请换一种登录方式，"
        "或带身份证和社会保障卡到人社服务窗口。"
    )
    remedy_en = (
        "Officials will look into it; nothing was changed. Use another way in, or bring identity document "
        "and card to the service window."
    )


class ProviderUnavailable(Unavailable):
    """The identity provider does not answer; who is signed in stays so, and other ways in work."""

    code = "provider-unavailable"
    title_zh = "统一身份认证暂时不可用"
    title_en = "The identity provider does not answer"
    remedy_zh = "请稍后再试，或在登录页（/login）选择其他登录方式。已经登录的不受影响。"
    remedy_en = "Try again later, or choose another way in at /login. Whoever is signed in stays so."


class MismatchUnknown(NotFound):
    """No such mismatch of an account."""

    code = "mismatch-unknown"
    title_zh = "没有这项身份核对"
    title_en = "No such mismatch"
    remedy_zh = "请刷新列表，核对编号。"
    remedy_en = "Read the list again and check the identifier."


class MismatchDecided(Conflict):
    """It was decided before."""

    code = "mismatch-decided"
    title_zh = "这项身份核对已经办结"
    title_en = "The mismatch has been decided"
    remedy_zh = "请刷新列表查看结果。"
    remedy_en = "Read the list again to see what became of it."


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


class Recused(Forbidden):
    """The official keeps out of what concerns this person or institution."""

    code = "recused"
    title_zh = "您应当回避此事项"
    title_en = "You are recused from this"
    remedy_zh = "此事项涉及您本人、近亲属或有利害关系的单位，请转由其他有权人员办理。"
    remedy_en = "It concerns yourself, kin, or an institution you are tied to: another official handles it."


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


class InvitationRefused(Unauthenticated):
    """No such invitation, used or withdrawn before, or too old; which of them is not said."""

    code = "invitation-refused"
    title_zh = "邀请码无效"
    title_en = "The invitation is not valid"
    remedy_zh = "邀请码七天内有效、只能用一次；请向邀请您的人索取新的邀请码。"
    remedy_en = "An invitation works once, within seven days; ask who invited you for a new one."


class EmergencyUnknown(NotFound):
    """No such case of emergency."""

    code = "emergency-unknown"
    title_zh = "没有这件应急授权"
    title_en = "No such case of emergency"
    remedy_zh = "请刷新应急授权列表后再试。"
    remedy_en = "Read the list of emergencies again."


class EmergencyClosed(Conflict):
    """The case was closed before."""

    code = "emergency-closed"
    title_zh = "这件应急授权已经办结"
    title_en = "The case is closed"
    remedy_zh = "请刷新列表查看结论。"
    remedy_en = "Read the list again for its finding."


class StandsTogether(Forbidden):
    """Proposer and decider are principal and deputy: one person's act in two hands."""

    code = "stands-together"
    title_zh = "代理人与被代理人不能互为复核"
    title_en = "A principal and their deputy are not two persons of one act"
    remedy_zh = "请由与提出人没有代理关系的另一位有权人员复核。"
    remedy_en = "Ask an official who neither stands in for the proposer nor is stood in for by them."


class StaffUnknown(NotFound):
    """No such person at this institution."""

    code = "staff-unknown"
    title_zh = "本单位没有这个人员"
    title_en = "No such person at this institution"
    remedy_zh = "请刷新人员名单后再试。"
    remedy_en = "Read the list of people again."


class StaffRefused(FormRefused):
    """A person or position of an institution that cannot be."""

    code = "staff-refused"
    title_zh = "人员或岗位资料有误"
    title_en = "The person or position is not acceptable"
    remedy_zh = "请按提示更正后再提交。"
    remedy_en = "Correct what errors points at."


class PurposeRefused(FormRefused):
    """Looking at a worker's archive needs a purpose that is in force."""

    code = "purpose"
    title_zh = "查阅目的不在现行目录内"
    title_en = "The purpose is not on the list in force"
    remedy_zh = "请从 /v1/codes/lookup_purposes 中选择查阅目的。"
    remedy_en = "Choose a purpose of /v1/codes/lookup_purposes."


class PurposeNotYours(PurposeRefused):
    """A purpose is in force, and none of the official's roles may look for it."""

    code = "purpose-role"
    title_zh = "您的岗位不能以这个目的查阅"
    title_en = "Your role may not look for this purpose"
    remedy_zh = "请选择您的岗位可以使用的查阅目的（/v1/codes/lookup_purposes 的 roles），或请有权的同事办理。"
    remedy_en = "Choose a purpose that names your role (roles in /v1/codes/lookup_purposes), or ask who may."


class PurposeNotAtWindow(PurposeRefused):
    """A purpose is in force, and not one for which somebody is served at the window."""

    code = "purpose-window"
    title_zh = "窗口代办不能使用这个目的"
    title_en = "Nobody is served at the window for this purpose"
    remedy_zh = "请选择用于窗口代办的查阅目的（/v1/codes/lookup_purposes 的 at_window）。"
    remedy_en = "Choose a purpose that serves the window (at_window in /v1/codes/lookup_purposes)."


class ConsentRefused(FormRefused):
    """A consent that cannot be given like this."""

    code = "consent-refused"
    title_zh = "不能这样共享"
    title_en = "This cannot be shared like this"
    remedy_zh = "请按 errors 中列出的位置更正：对象、记录、目的、期限或次数。"
    remedy_en = "Correct what errors points at: receiver, records, purpose, date or count."


class ReceiverUnreachable(FormRefused):
    """A receiver that was named but has neither a person nor a system here that could open what is shared."""

    code = "receiver-unreachable"
    title_zh = "对方单位现在不能接收"
    title_en = "The receiver has no way to receive"
    remedy_zh = "该单位在本系统没有人力资源人员，也没有接收系统。请改用链接，或请该单位先登记。"
    remedy_en = "It has no person (hr) and no receiving system here: use a link, or have it register."


class AccessEnded(NotFound):
    """The holder of a link may no longer open it; why is the worker's own business."""

    code = "access-ended"
    title_zh = "访问已结束"
    title_en = "Access has ended"
    remedy_zh = "如仍需要，请向本人索取新的链接。"
    remedy_en = "Ask the person for a new link if you still need it."


class CodeWanted(Conflict):
    """The one-time code is missing or wrong."""

    code = "consent-code"
    title_zh = "需要正确的访问码"
    title_en = "The access code is needed"
    remedy_zh = "请向本人核对访问码；多次输错后访问会结束。"
    remedy_en = "Check the code with the person; too many wrong ones end the access."


class CodePaced(TooMany):
    """The last one-time code was wrong: the next one is taken later, whether it is right or not."""

    code = "consent-code-paced"
    title_zh = "试得太快，请稍等再试"
    title_en = "Please wait before you try another access code"
    remedy_zh = "这一次没有核对，也没有计数。请按 Retry-After 等待后再输入访问码。"
    remedy_en = "This one was neither judged nor counted. Wait as Retry-After says, and type the code again."


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
