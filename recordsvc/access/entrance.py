"""Who asks, and whether a foreign page made them ask: tokens and session cookies become actors here.

access/routes.py registers how (`authenticate`); views call `actor()` and `own()`. The actor is found at the
first question of a request, once.
"""

import base64
import dataclasses
import hmac
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

import flask

from recordsvc.access.grants import ANYONE, Actor, can
from recordsvc.access.permit import Permit
from recordsvc.ground import http
from recordsvc.ground.http import Request
from recordsvc.ground.problems import CrossSite, NotFound, Unauthenticated
from recordsvc.ground.reading import form_pairs

T = TypeVar("T")
CSRF_HEADER: Final = "X-CSRF-Token"
SCHEMES: Final = ("bearer", "dpop")

TokenReader = Callable[[str, str], Actor]
"""Token and the scheme it came by (`bearer`, `dpop`) → actor; raises `Unauthenticated`."""
CookieReader = Callable[[Request], Actor | None]
"""Request with cookies → actor of its session, or None."""


class Meter(Protocol):
    """Counts requests of callers."""

    def __call__(self, who: Actor, *, ends: bool = False) -> Permit | None:
        """Return what this request may use, or None where nothing is counted; raises `TooMany`.

        `ends`: the door ends something of the caller's own, which has a reserve.
        """
        ...


StandIn = Callable[[Actor, str, str, bool], Callable[[bool, int | None], None] | None]
"""Stand-in, policy, rule, whether it acts -> what is told how the act ended; writes the traces before."""
Freshness = Callable[[Actor], bool]
"""Actor of a session → whether whoever sits there proved who they are a moment ago."""


@dataclasses.dataclass
class Entrance:
    """What the hook before every request goes by; kept in `app.extensions["entrance"]`."""

    hosts: frozenset[str]
    scheme: str
    """`https`, or `http` in the demo: the only scheme of an acceptable `Origin`."""
    mac: Callable[[bytes], bytes]
    """HMAC under a key of the house, for CSRF tokens."""
    bearer: TokenReader | None = None
    cookie: CookieReader | None = None
    fresh: Freshness = lambda _who: False
    meter: Meter | None = None
    stand_in: StandIn | None = None


def authenticate(
    app: flask.Flask,
    *,
    bearer: TokenReader | None = None,
    cookie: CookieReader | None = None,
    fresh: Freshness | None = None,
    meter: Meter | None = None,
    stand_in: StandIn | None = None,
) -> None:
    """Register how tokens and cookies become actors, when a proof is recent, who counts and who traces."""
    entrance = _entrance(app)
    entrance.bearer = bearer or entrance.bearer
    entrance.cookie = cookie or entrance.cookie
    entrance.fresh = fresh or entrance.fresh
    entrance.meter = meter or entrance.meter
    entrance.stand_in = stand_in or entrance.stand_in


def csrf_token(who: Actor) -> str:
    """Return the token that forms of this session carry in `csrf_token`, and scripts in `X-CSRF-Token`."""
    mac = _entrance(flask.current_app).mac(b"csrf/v1\0" + who.session_id.encode())
    return base64.urlsafe_b64encode(mac[:24]).decode()


def actor() -> Actor:
    """Return who asks, found at the first call of a request."""
    request = http.current()
    if request.actor is None:
        request.actor = _identify(request)
    found: Actor = request.actor
    return found


def own(action: str, thing: T | None) -> T:
    """Return an object of the actor; missing and foreign ones raise the same `NotFound`."""
    if thing is None or not can(actor(), action, thing):
        raise NotFound
    return thing


def _entrance(app: flask.Flask) -> Entrance:
    found: Entrance = app.extensions["entrance"]
    return found


def _identify(request: Request) -> Actor:
    """Ask the readers. A token that is there but wrong is refused, never overlooked in favour of a cookie."""
    entrance = _entrance(flask.current_app)
    header = request.environ.get("HTTP_AUTHORIZATION")
    if header is not None:
        scheme, _, token = header.partition(" ")
        scheme = scheme.lower()
        if scheme not in SCHEMES or entrance.bearer is None:
            raise Unauthenticated
        return entrance.bearer(token, scheme)
    if entrance.cookie is not None and "HTTP_COOKIE" in request.environ:
        return entrance.cookie(request) or ANYONE
    return ANYONE


def check_site(request: Request, entrance: Entrance) -> None:
    """Refuse what a foreign page may have caused; a bearer token proves intent, no browser adds one."""
    environ = request.environ
    if "HTTP_AUTHORIZATION" in environ:
        return
    origin, site = environ.get("HTTP_ORIGIN"), environ.get("HTTP_SEC_FETCH_SITE")
    if site not in (None, "same-origin", "none"):
        raise CrossSite
    # Our pages send no referrer, and browsers then write `Origin: null` even on a page's own forms: what the
    # browser says of the site decides alone there. A sandboxed foreign frame is `null`, but `cross-site`.
    own_form = origin == "null" and site == "same-origin"
    if origin is not None and not own_form and origin != f"{entrance.scheme}://{environ['HTTP_HOST']}":
        raise CrossSite
    who = request.actor
    if who is None or not who.session_id:
        return
    sent = request.headers.get(CSRF_HEADER) or ""
    if not sent and (environ.get("CONTENT_TYPE", "").startswith((http.FORM, http.MULTIPART))):
        sent = dict(form_pairs(request)).get(http.CSRF_FIELD, "")
    if not hmac.compare_digest(sent.encode(), csrf_token(who).encode()):
        raise CrossSite
