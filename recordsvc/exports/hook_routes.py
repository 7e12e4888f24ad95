"""Doors of webhooks: a receiver says where it wants to hear of new items, and has events sent again."""

from typing import Any

import flask

from recordsvc.access.forms import EmptyForm
from recordsvc.access.policy import door
from recordsvc.access.services import house
from recordsvc.exports import webhooks
from recordsvc.exports.errors import NoFeed, WebhookEventUnknown, WebhookRefused, WebhookUnknown
from recordsvc.exports.feed_routes import own_receiver
from recordsvc.exports.forms import HookForm, HookSetForm, HookShownForm, ReplayForm
from recordsvc.exports.services import bp
from recordsvc.exports.webhooks import Event
from recordsvc.ground import answers


@door(
    bp,
    "GET",
    "/v1/exports/webhook",
    policy="exports.read",
    answer=HookShownForm,
    problems=(NoFeed, WebhookUnknown),
    summary="本接入方的事件通知 / Where this receiver hears that its feed moved, and its newest events",
)
def read_hook() -> flask.Response:
    """Show address, state and events; never the secret."""
    client_id = own_receiver().client_id
    with house().db.read() as conn:
        found, events = webhooks.find(conn, client_id), webhooks.events(conn, client_id)
    if found is None:
        raise WebhookUnknown
    told = {"url": found.url, "state": found.state, "renewed_ms": found.renewed_ms}
    return answers.answer(told | {"events": [_event(one) for one in events]}, form=HookShownForm)


@door(
    bp,
    "POST",
    "/v1/exports/webhook",
    policy="exports.read",
    body=HookForm,
    answer=HookSetForm,
    problems=(NoFeed, WebhookRefused),
    summary="设定事件通知 / Be told at an address from now on",
    description="Standard Webhooks; `secret` is told where it is new, with `renew` or at the first time, and "
    "never again. The one before a new one signs beside it for a day.",
)
def set_hook(form: dict[str, Any]) -> flask.Response:
    """Enter the address; a secret is told this once."""
    client_id = own_receiver().client_id
    secret = house().db.write(
        lambda turn: webhooks.enter(turn, house(), client_id, form["url"], renew=form["renew"])
    )
    return answers.answer({"url": form["url"], "secret": secret}, form=HookSetForm)


@door(
    bp,
    "POST",
    "/v1/exports/webhook/stop",
    policy="exports.read",
    body=EmptyForm,
    answer={204: None},
    problems=(NoFeed, WebhookUnknown),
    summary="停止事件通知 / Be told nothing more",
)
def stop_hook(form: dict[str, Any]) -> flask.Response:
    """Stop it; what waits is kept until it is begun again."""
    del form
    client_id = own_receiver().client_id
    house().db.write(lambda turn: webhooks.stop(turn, client_id))
    return flask.Response(status=204)


@door(
    bp,
    "POST",
    "/v1/exports/webhook/replay",
    policy="exports.read",
    body=ReplayForm,
    answer={204: None},
    problems=(NoFeed, WebhookEventUnknown),
    summary="重发一个事件 / Have an event sent again, with the same id",
)
def replay_event(form: dict[str, Any]) -> flask.Response:
    """Make it due at once."""
    client_id = own_receiver().client_id
    house().db.write(lambda turn: webhooks.again(turn, client_id, form["n"]))
    return flask.Response(status=204)


def _event(one: Event) -> dict[str, Any]:
    names = ("n", "newest", "made_ms", "state", "attempts", "due_ms", "outcome", "event_id")
    return {name: getattr(one, name) for name in names}
