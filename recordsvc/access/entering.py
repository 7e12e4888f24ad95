"""What every door that lets somebody in has in common: device, former cookie, the new session, where to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import flask

from recordsvc.access import backoff, credentials, devices, passkeys
from recordsvc.access.backoff import Pace, Subject
from recordsvc.access.credentials import Holder
from recordsvc.access.entrance import Entrance, csrf_token
from recordsvc.access.errors import LoginRefused
from recordsvc.access.forms import SessionForm, from_page
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.passkeys import Site
from recordsvc.access.services import access, house
from recordsvc.access.sessions import Entering, Method, Sessions
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.http import current

if TYPE_CHECKING:
    from recordsvc.house import House

HOME: Final = {Kind.WORKER: "/me", Kind.STAFF: "/centre", Kind.OFFICIAL: "/desk"}
"""Where a page goes on after signing in: fixed, so that no link can send a person elsewhere."""
WAYS: Final = {Kind.WORKER: "/me/sessions", Kind.STAFF: "/centre/sessions", Kind.OFFICIAL: "/desk/sessions"}
"""Where everybody sees their own sign-ins and ways in."""


@dataclass(frozen=True, slots=True)
class Newcomer:
    """What a request says about whoever comes in; taken before the turn, which may run elsewhere."""

    device: str
    former: str | None

    def begin(
        self,
        turn: Turn,
        place: "House",
        sessions: Sessions,
        holder: Holder,
        method: Method,
        authenticated_ms: int | None = None,
    ) -> str:
        """Open a session under a new id and end the former; a worker is told of a new kind of device."""
        who = Entering(holder.kind, holder.id, method, self.device, authenticated_ms=authenticated_ms)
        cookie = sessions.begin(turn, who, self.former)
        if holder.kind is Kind.WORKER and credentials.device_seen(turn, holder.worker_id, self.device):
            place.tell(turn, holder, "device-new", f"device/{self.device}/{turn.now_ms}")
        return cookie


def newcomer() -> Newcomer:
    """Return what the present request says about whoever comes in."""
    return Newcomer(devices.coarse(current().headers.get("User-Agent", "")), cookie_sent())


def cookie_sent() -> str | None:
    """Return the session cookie of the present request."""
    return current().cookies.get(access().sessions.cookie.name)


def network(pace: Pace = backoff.NETWORK) -> Subject | None:
    """Return the network the present request comes from, as attempts are counted; None if it is not known.

    The proxy's word is taken only through its Unix socket, where the peer has no address: whoever connects by
    TCP has one, and cannot choose another.
    """
    request = current()
    address = request.remote_addr or request.headers.get("X-Forwarded-For")
    return backoff.network(house().keys, address, pace)


def site() -> Site:
    """Return for whom passkeys are answered at the present request."""
    entrance: Entrance = flask.current_app.extensions["entrance"]
    return passkeys.site(house().settings.public_url, entrance.scheme, current().environ["HTTP_HOST"])


def entered(cookie: str, places: Mapping[Kind, str] = HOME) -> flask.Response:
    """Answer with the new session: a page goes on to its kind's place, a program is told who it is."""
    who = access().sessions.find(cookie)
    if who is None:
        raise LoginRefused
    if from_page(current()):
        response = go(places[who.kind])
    else:
        response = answers.answer(described(who), form=SessionForm)
    return carrying(response, cookie)


def carrying(response: flask.Response, cookie: str) -> flask.Response:
    """Return the answer with a session's cookie on it."""
    kept = access().sessions.cookie
    response.set_cookie(kept.name, cookie, secure=kept.secure, httponly=True, samesite="Lax", path="/")
    return response


def described(who: Actor) -> dict[str, Any]:
    """Return who is signed in, and the token that writes must carry."""
    token = csrf_token(who) if who.session_id else ""
    return {"kind": who.kind, "id": who.id, "roles": sorted(who.roles), "csrf_token": token}


def go(place: str) -> flask.Response:
    """Send a page on."""
    return flask.Response(status=303, headers={"Location": place})
