"""What can go wrong, in the words a caller needs (RFC 9457). Long: each kind brings its two languages.

Every room hangs its own errors under `Problem`, in its `errors.py`; `ground/answers.py` turns them into
answers in one place. `docs/errors.md` describes each code; a test walks the tree and fails on one that is
missing.

    Problem
    ├── Refused 400 ─────────── request-invalid
    │   ├── JsonRefused ─────── json                    ├── ParameterUnknown ── parameter-unknown
    │   ├── HeaderRefused ───── header                  ├── ParameterRepeated ─ parameter-repeated
    │   ├── BodyUnexpected ──── body-unexpected         ├── ParameterInvalid ── parameter-invalid
    │   └── CursorRefused ───── cursor
    ├── Unauthenticated 401 ─── unauthenticated
    ├── Forbidden 403 ───────── forbidden
    │   └── CrossSite ───────── cross-site
    ├── NotFound 404 ────────── not-found               (missing and foreign alike)
    ├── MethodRefused 405 ───── method
    ├── Conflict 409 ────────── conflict
    │   ├── InProgress ──────── idempotency-in-progress
    │   └── KeyReused 422 ───── idempotency-key-reused
    ├── Gone 410 ────────────── gone
    ├── TooLarge 413 ────────── too-large
    ├── MediaTypeRefused 415 ── media-type
    ├── HostRefused 421 ─────── host
    ├── FormRefused 422 ─────── form
    ├── TooMany 429 ─────────── too-many
    ├── HeadersTooLarge 431 ─── headers-too-large
    ├── Internal 500 ────────── internal                (unknown cause: a reference and nothing else)
    └── Unavailable 503 ─────── unavailable
        └── FateUnknown ─────── fate-unknown            (may be written, is not acknowledged)
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """Something the caller is told. Subclass it; the base itself must never be raised.

    `detail` is text for this one occurrence; it must hold nothing personal and no text of another exception.
    `pointer` is a JSON Pointer (RFC 6901) into the request body. `errors` lists several faults at once, each
    a dict of `pointer` or `parameter`, `code`, `detail`. `headers` go with the answer, other keywords become
    members.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = ""
    title_zh: ClassVar[str] = ""
    title_en: ClassVar[str] = ""
    remedy_zh: ClassVar[str] = ""
    remedy_en: ClassVar[str] = ""

    def __init__(
        self,
        detail: str = "",
        *,
        detail_en: str = "",
        pointer: str | None = None,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
        reference: str = "",
        **members: Any,
    ) -> None:
        super().__init__(detail or self.title_zh)
        self.detail = detail
        self.detail_en = detail_en
        self.pointer = pointer
        self.errors = [dict(error) for error in errors]
        self.headers = dict(headers or {})
        self.reference = reference
        self.members = members

    def to_dict(self) -> dict[str, Any]:
        """Return the RFC 9457 members; Chinese first, English beside it, empty ones left out."""
        members: dict[str, Any] = {
            "type": f"urn:recordsvc:problem:{self.code}",
            "title": self.title_zh,
            "title_en": self.title_en,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "detail_en": self.detail_en,
            "pointer": self.pointer,
            "remedy": self.remedy_zh,
            "remedy_en": self.remedy_en,
            "errors": self.errors,
            "reference": self.reference,
        }
        return {
            name: value for name, value in (members | self.members).items() if value not in (None, "", [])
        }


def every_problem(root: type[Problem] = Problem) -> Iterator[type[Problem]]:
    """Walk all kinds of problem known to the imported modules, the base left out."""
    for kind in root.__subclasses__():
        yield kind
        yield from every_problem(kind)


class Refused(Problem):
    """The request itself is malformed; sending it again unchanged cannot help."""

    status = 400
    code = "request-invalid"
    title_zh = "请求格式不正确"
    title_en = "The request is malformed"
    remedy_zh = "请按接口说明（/openapi.json）修改请求后重发。"
    remedy_en = "Change the request as /openapi.json describes and send it again."


class JsonRefused(Refused):
    """The body is not strict JSON; member `reason` carries the reader's own code."""

    code = "json"
    title_zh = "请求体不是合格的 JSON"
    title_en = "The body is not acceptable JSON"
    remedy_zh = "请发送 UTF-8 编码的 JSON：不含 BOM、重复键、NaN 和控制字符，嵌套不超过 32 层。"
    remedy_en = (
        "Send JSON in UTF-8 without BOM, repeated keys, NaN or control characters, at most 32 levels deep."
    )


class HeaderRefused(Refused):
    """A header is missing, repeated or not in its form."""

    code = "header"
    title_zh = "请求头不正确"
    title_en = "A header is missing or malformed"
    remedy_zh = "请按说明填写所指的请求头。"
    remedy_en = "Send the named header in the documented form."


class BodyUnexpected(Refused):
    """This door takes no body."""

    code = "body-unexpected"
    title_zh = "此接口不接受请求体"
    title_en = "This endpoint takes no body"
    remedy_zh = "请去掉请求体后重发。"
    remedy_en = "Send the request without a body."


class ParameterUnknown(Refused):
    """The query names a parameter that this door does not have."""

    code = "parameter-unknown"
    title_zh = "未知的查询参数"
    title_en = "Unknown query parameter"
    remedy_zh = "请去掉接口说明中没有的参数。"
    remedy_en = "Leave out parameters that the endpoint does not document."


class ParameterRepeated(Refused):
    """A query parameter or form field comes twice; which one counts is never guessed."""

    code = "parameter-repeated"
    title_zh = "参数重复"
    title_en = "A parameter is repeated"
    remedy_zh = "每个参数只能出现一次。"
    remedy_en = "Send each parameter once."


class ParameterInvalid(Refused):
    """A query parameter has a value outside its form."""

    code = "parameter-invalid"
    title_zh = "查询参数的值不正确"
    title_en = "A query parameter has an unacceptable value"
    remedy_zh = "请按 errors 中列出的参数逐一更正。"
    remedy_en = "Correct the parameters listed in errors."


class CursorRefused(Refused):
    """A cursor was altered, cut or belongs to another list or reader."""

    code = "cursor"
    title_zh = "翻页游标无效"
    title_en = "The cursor is not valid here"
    remedy_zh = "请原样使用上一页返回的 next；不得改动，也不得用于其他列表。"
    remedy_en = (
        "Use `next` of the previous page unchanged and for the same list only, or start without a cursor."
    )


class Unauthenticated(Problem):
    """Nobody in particular asks, and this door wants to know who."""

    status = 401
    code = "unauthenticated"
    title_zh = "需要登录或访问令牌"
    title_en = "Authentication is required"
    remedy_zh = "系统对接请先到 /oauth/token 换取访问令牌；个人请先登录。"
    remedy_en = "Machines obtain an access token at /oauth/token; people sign in first."

    def __init__(self, detail: str = "", **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers.setdefault("WWW-Authenticate", 'Bearer realm="recordsvc"')


class Forbidden(Problem):
    """Known, but not allowed to do this at all (an object of somebody else is `NotFound` instead)."""

    status = 403
    code = "forbidden"
    title_zh = "没有此项权限"
    title_en = "Not permitted"
    remedy_zh = "如工作需要，请向系统管理员申请相应角色或授权范围。"
    remedy_en = "Ask the administrator for the role or scope this needs."


class CrossSite(Forbidden):
    """A state-changing request that a foreign page may have caused (CSRF)."""

    code = "cross-site"
    title_zh = "请求来源未通过校验"
    title_en = "The request may come from another site"
    remedy_zh = "请回到本站页面，刷新后重新提交。"
    remedy_en = "Return to this site's page, reload it and submit again."


class NotFound(Problem):
    """Missing, or somebody else's: the answer is the same."""

    status = 404
    code = "not-found"
    title_zh = "没有找到"
    title_en = "Not found"
    remedy_zh = "请核对地址或编号。"
    remedy_en = "Check the address or identifier."


class MethodRefused(Problem):
    """The door exists, the method does not; header `Allow` lists those that do."""

    status = 405
    code = "method"
    title_zh = "不支持此请求方法"
    title_en = "Method not allowed"
    remedy_zh = "请使用响应头 Allow 中列出的方法。"
    remedy_en = "Use one of the methods in the Allow header."


class Conflict(Problem):
    """The present state does not allow this."""

    status = 409
    code = "conflict"
    title_zh = "与当前状态冲突"
    title_en = "In conflict with the present state"
    remedy_zh = "请重新读取最新状态后再试。"
    remedy_en = "Read the present state and decide again."


class InProgress(Conflict):
    """The same request under the same idempotency key is still being worked on."""

    code = "idempotency-in-progress"
    title_zh = "相同请求正在处理"
    title_en = "The same request is still in progress"
    remedy_zh = "请按 Retry-After 等待后，用同一幂等键重发。"
    remedy_en = "Wait as Retry-After says and repeat the request with the same key."


class KeyReused(Conflict):
    """An idempotency key came back with other content."""

    status = 422
    code = "idempotency-key-reused"
    title_zh = "幂等键已用于其他内容"
    title_en = "The idempotency key was used for other content"
    remedy_zh = "内容有变时请换用新的幂等键；重发时请保持内容不变。"
    remedy_en = "Use a new key for new content, or repeat the first content unchanged."


class Gone(Problem):
    """Was here and was lawfully removed."""

    status = 410
    code = "gone"
    title_zh = "内容已依法删除"
    title_en = "Removed"
    remedy_zh = "无需重发。"
    remedy_en = "Do not send it again."


class TooLarge(Problem):
    """The body is larger than this door takes; member `limit_bytes` says how much it does."""

    status = 413
    code = "too-large"
    title_zh = "请求体过大"
    title_en = "The body is too large"
    remedy_zh = "请拆分后分批发送。"
    remedy_en = "Split it into several requests."


class MediaTypeRefused(Problem):
    """The body's media type or content encoding is not one this door reads."""

    status = 415
    code = "media-type"
    title_zh = "不支持的内容类型"
    title_en = "Unsupported media type"
    remedy_zh = "请使用响应头 Accept 中列出的内容类型，UTF-8 编码，不压缩。"
    remedy_en = "Use a media type of the Accept header, in UTF-8, uncompressed."


class HostRefused(Problem):
    """The request names a host that this service is not."""

    status = 421
    code = "host"
    title_zh = "主机名不属于本服务"
    title_en = "This service does not answer for that host"
    remedy_zh = "请使用本服务公布的地址。"
    remedy_en = "Use the published address of the service."


class FormRefused(Problem):
    """Well-formed, but not what this door's form asks for; `errors` names each field."""

    status = 422
    code = "form"
    title_zh = "提交的内容有误"
    title_en = "Some fields are not acceptable"
    remedy_zh = "请按 errors 中列出的位置逐项更正。"
    remedy_en = "Correct the fields listed in errors."


class TooMany(Problem):
    """Too many requests of one caller; header `Retry-After` says when to come back."""

    status = 429
    code = "too-many"
    title_zh = "请求过于频繁"
    title_en = "Too many requests"
    remedy_zh = "请按 Retry-After 等待后重试。"
    remedy_en = "Wait as Retry-After says."


class HeadersTooLarge(Problem):
    """Too many headers, or too long ones."""

    status = 431
    code = "headers-too-large"
    title_zh = "请求头过多或过长"
    title_en = "Too many or too long headers"
    remedy_zh = "请去掉不需要的请求头和 Cookie。"
    remedy_en = "Leave out headers and cookies that are not needed."


class Internal(Problem):
    """A fault of ours. The caller gets a reference, the log the place; neither gets the exception's text."""

    status = 500
    code = "internal"
    title_zh = "系统内部错误"
    title_en = "Internal error"
    remedy_zh = "请稍后用同一请求重试；如仍出现，请将 reference 告知系统管理员。"
    remedy_en = "Repeat the same request later; if it persists, give the reference to the operator."


class Unavailable(Problem):
    """Nothing was done: too busy, or something needed is away."""

    status = 503
    code = "unavailable"
    title_zh = "服务暂时不可用"
    title_en = "Temporarily unavailable"
    remedy_zh = "请按 Retry-After 等待后重试。"
    remedy_en = "Wait as Retry-After says and repeat the request."

    def __init__(self, detail: str = "", **kwargs: Any) -> None:
        super().__init__(detail, **kwargs)
        self.headers.setdefault("Retry-After", "2")


class FateUnknown(Unavailable):
    """The commit was sent and not confirmed: the write may be there or not, and was not acknowledged."""

    code = "fate-unknown"
    title_zh = "结果未知"
    title_en = "The outcome is not known"
    remedy_zh = "请原样重发同一请求：已写入的会得到原回执，不会重复写入。"
    remedy_en = (
        "Repeat the same request unchanged: what was written gets its receipt and is never written twice."
    )
