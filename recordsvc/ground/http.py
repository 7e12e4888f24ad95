"""The envelope of a request, judged before anything is read: host, target, headers, size, media type.

Nothing here believes a header that a proxy could have been tricked into: method overrides, forwarded
addresses and script names are not looked at. Bodies and parameters are read in `reading.py`.
"""

import io
import uuid
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import flask
from werkzeug.routing import BaseConverter, Rule

from recordsvc.ground import problems

KIB = 1024
DEFAULT_LIMIT = 64 * KIB
BATCH_LIMIT = 16 * KIB * KIB
MAX_HEADERS = 64
MAX_HEADER_BYTES = 16 * KIB
MAX_TARGET_BYTES = 4 * KIB
MAX_PARAMETERS = 100
MAX_FIELDS = 1_100
"""Fields of an HTML form; its bytes are bounded as well. A worker may tick a thousand records."""

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
CSRF_FIELD = "csrf_token"
CLIENT_CERTIFICATE = "Client-Cert"
"""Header in which the proxy says which certificate a machine proved (RFC 9440: base64 of its DER in colons).

Believed only where it comes through the proxy's Unix socket (`REMOTE_ADDR` empty); from any other peer a
request that carries it is refused. The proxies of `deploy/` delete what strangers put there.
"""
CERTIFICATE_VARIABLE = "HTTP_" + CLIENT_CERTIFICATE.upper().replace("-", "_")
ONCE_FIELD = "once"
"""Names a form as it was handed out: sent twice, it acts once."""


class Request(flask.Request):
    """A request and what the hooks know about it; `door` and `actor` are access's, the rest observe's."""

    started: float = 0.0
    """`time.perf_counter()` at the first hook."""
    id: str = ""
    """Reference that log lines and problems share."""
    door: Any = None
    """The declared door, once the rule is known."""
    actor: Any = None
    """Who asks, once somebody wanted to know."""
    permit: Any = None
    """What the caller may use for this request, where somebody counts."""
    finish: Any = None
    """What wants to be told how the request ended: whether it was done, and `entered`."""
    entered: int | None = None
    """Log index of the entry that the request made, if it made one."""
    content: bytes = b""
    """The body's bytes, once they are read."""
    pairs: list[tuple[str, str]] | None = None
    """The fields of an HTML form, once they are read."""
    notes: dict[str, object] | None = None
    """What views add to the canonical log line."""

    def _get_file_stream(self, *_: object, **__: object) -> io.BytesIO:
        """Keep uploads in memory, bounded by the door: personal data never reaches a temporary file."""
        return io.BytesIO()


def current() -> Request:
    """Return the current request itself instead of Flask's proxy, which costs 0.3 µs at each look."""
    proxy: Any = flask.request
    found: Request = proxy._get_current_object()  # noqa: SLF001 - werkzeug documents it for this
    return found


class Body(Protocol):
    """What a door reads."""

    @property
    def media(self) -> tuple[str, ...]:
        """Media types it reads."""
        ...

    @property
    def limit(self) -> int:
        """Bytes it takes at most."""
        ...

    @property
    def bare(self) -> bool:
        """Whether no body at all is as good as one."""
        ...

    def read(self, request: Request) -> dict[str, Any]:
        """Return the view's keyword arguments, or raise a problem."""
        ...


class IdConverter(BaseConverter):
    """`<id:record_id>`: lower-case UUID in the path, 16 bytes in the view, nothing else is found."""

    regex = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"

    def to_python(self, value: str) -> bytes:
        """Return the 16 bytes."""
        return bytes.fromhex(value.replace("-", ""))

    def to_url(self, value: bytes) -> str:
        """Return the text form."""
        return str(uuid.UUID(bytes=value))


class LazyRule(Rule):
    """A door's address. What builds URLs of it is compiled when one is built, which no page asks for.

    Werkzeug compiles two functions for each rule as it is added: four fifths of what opening all doors takes.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:  # noqa: FBT001, FBT002
        compiled = super()._compile_builder
        return lambda rule, /, **values: compiled(append_unknown)(rule, **values)


def check_envelope(environ: Mapping[str, Any], hosts: frozenset[str]) -> None:
    """Refuse hosts, targets and headers that no client of ours sends."""
    host = environ.get("HTTP_HOST", "")
    if host not in hosts:
        name, _, port = host.rpartition(":")
        if name not in hosts or not (port.isascii() and port.isdigit()):
            raise problems.HostRefused
    # The service stands at the root: a server that believed a header has already cut the path by it.
    if environ.get("SCRIPT_NAME") or not _plain(environ["PATH_INFO"], environ["QUERY_STRING"]):
        raise problems.NotFound
    count = size = 0
    for name, value in environ.items():
        if name.startswith("HTTP_"):
            count += 1
            size += len(name) + len(value)
    if count > MAX_HEADERS or size > MAX_HEADER_BYTES:
        raise problems.HeadersTooLarge
    if CERTIFICATE_VARIABLE in environ and environ.get("REMOTE_ADDR"):
        raise problems.HeaderRefused(f"{CLIENT_CERTIFICATE} 只能由前置代理填写。")
    if "HTTP_TRANSFER_ENCODING" in environ and environ.get("CONTENT_LENGTH"):
        raise problems.HeaderRefused("不得同时使用 Content-Length 与 Transfer-Encoding。")


def _plain(path: str, query: str) -> bool:
    """Tell whether a target has the one form ours have: short, printable ASCII, single slashes.

    Control characters must not reach a log, a header or a file name; and werkzeug reads `//metrics` as
    `/metrics`, which a proxy that guards `/metrics` does not.
    """
    return (
        len(path) + len(query) <= MAX_TARGET_BYTES
        and "//" not in path
        and path.isascii()
        and path.isprintable()
        and query.isascii()
        and query.isprintable()
    )


def has_body(environ: Mapping[str, Any]) -> bool:
    """Tell whether the request announces a body."""
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def check_body(request: Request, body: Body | None) -> None:
    """Judge size and media type by the headers, before a byte is read."""
    environ = request.environ
    if body is None:
        if has_body(environ):
            raise problems.BodyUnexpected
        return
    if body.bare and not has_body(environ) and not environ.get("CONTENT_TYPE"):
        return
    length = environ.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit()):
        raise problems.HeaderRefused("Content-Length 应为十进制数字。")
    if len(length) > 12 or int(length) > body.limit:
        raise too_large(body.limit)
    # For chunked bodies. werkzeug cuts a body off at this size and says nothing, hence the byte that must not
    # come.
    request.max_content_length = body.limit + 1
    request.max_form_memory_size = body.limit
    request.max_form_parts = MAX_PARAMETERS
    if "HTTP_CONTENT_ENCODING" in environ or not _media_fits(environ.get("CONTENT_TYPE", ""), body.media):
        raise problems.MediaTypeRefused(headers={"Accept": ", ".join(body.media)})


def _media_fits(content_type: str, media: tuple[str, ...]) -> bool:
    if content_type in media:
        return True
    name, _, parameters = content_type.partition(";")
    name = name.strip().lower()
    if name not in media:
        return False
    return name == MULTIPART or parameters.strip().lower().replace('"', "") in ("", "charset=utf-8")


def too_large(limit: int) -> problems.TooLarge:
    """Return the problem that says how much is taken."""
    return problems.TooLarge(
        f"上限为 {limit} 字节。", detail_en=f"The limit is {limit} bytes.", limit_bytes=limit
    )
