"""Doors of feeds: a receiver takes items behind its cursor, and says what it has."""

from typing import Any, Final

import flask
import orjson

from recordsvc.access.entrance import actor
from recordsvc.access.policy import Sends, charge, door
from recordsvc.access.services import access, house
from recordsvc.archive.errors import Busy, RegionKeyNotInForce
from recordsvc.exports import acks, lines, receivers
from recordsvc.exports.acks import Ack
from recordsvc.exports.errors import (
    AckContradicts,
    AckReused,
    ExportFormatRefused,
    FeedCursorAhead,
    FeedCursorUnknown,
    NoFeed,
)
from recordsvc.exports.forms import AckedForm, AckForm, ItemsQuery
from recordsvc.exports.pulling import Puller
from recordsvc.exports.receivers import Receiver
from recordsvc.ground import answers, http
from recordsvc.ground.ports import beijing_date

bp = flask.Blueprint("exports", __name__)
NDJSON: Final = "application/x-ndjson"
JSON: Final = "application/json"
PAGE: Final = 1_000
CURSORS: Final = (FeedCursorUnknown, FeedCursorAhead)


@door(
    bp,
    "GET",
    "/v1/exports/items",
    policy="exports.read",
    query=ItemsQuery,
    answer=Sends(),
    problems=(*CURSORS, NoFeed, ExportFormatRefused, RegionKeyNotInForce, Busy),
    summary="本接入方的数据流 / The receiver's own feed, behind a cursor",
    description="A page (JSON, `limit` to 1,000) or a stream (`Accept: application/x-ndjson`). Every batch "
    "ends with a manifest signed by the region: `from`, `to`, `count`, `root`, `sha256`. Cursors stay good "
    "for years; the same cursors again are a replay.",
)
def read_items(query: dict[str, Any]) -> flask.Response:
    """Send items behind a cursor; looks and uses are durable before what they are of leaves."""
    receiver, media = own_receiver(), _wanted_media(JSON, NDJSON)
    puller = Puller(house(), actor(), http.current().id)
    limit = query["limit"] if media == NDJSON else min(query["limit"] or PAGE, PAGE)
    batch = puller.batch(receiver, query["after"], limit)
    charge(batch.to - batch.after)
    if media == NDJSON:
        return answers.stream(puller.stream(batch), NDJSON)
    return answers.answer(orjson.dumps(puller.page(batch)))


@door(
    bp,
    "GET",
    "/v1/exports/snapshot",
    policy="exports.read",
    answer=Sends(NDJSON),
    problems=(NoFeed, RegionKeyNotInForce, Busy),
    summary="本接入方现有数据的快照 / What stands of the receiver's feed, and where deltas go on",
    description="A stream as of `items`, of the items alone that stand now; the manifest's `to` is the "
    "cursor to go on from. What moves while it is sent is left out here and stands behind that cursor.",
)
def read_snapshot() -> flask.Response:
    """Send what stands now; looks and uses are durable before what they are of leaves."""
    receiver = own_receiver()
    with house().db.read() as conn:
        charge(lines.count_standing(conn, receiver.client_id))
    puller = Puller(house(), actor(), http.current().id)
    return answers.stream(puller.stream(puller.snapshot(receiver)), NDJSON)


@door(
    bp,
    "POST",
    "/v1/exports/acks",
    policy="exports.read",
    body=AckForm,
    answer=AckedForm,
    problems=(*CURSORS, NoFeed, AckContradicts, AckReused),
    summary="确认收到一个批次 / Acknowledge a batch",
    description="`ack_id` makes it idempotent: the same again gets the same answer. What contradicts "
    "what was sent is refused and opens a ticket.",
)
def acknowledge(form: dict[str, Any]) -> flask.Response:
    """Take an acknowledgement."""
    root = bytes.fromhex(form["root"])
    said = Ack(form["ack_id"], form["start"], form["to"], form["count"], root)
    reached = acks.take(house(), own_receiver().client_id, said)
    return answers.answer({"acknowledged": reached}, form=AckedForm)


def own_receiver() -> Receiver:
    """Return the client that asks, as a receiver whose sequence has begun. Raises `NoFeed`."""
    client = access().clients.known(actor().id)
    today = beijing_date(house().clock.now_ms()).isoformat()
    found = None if client is None else receivers.receiver(client, today)
    if found is None or found.profile is None:
        raise NoFeed
    return found


def _wanted_media(*known: str) -> str:
    """Return which of these the caller would rather have; the first where it does not say."""
    header = flask.request.accept_mimetypes
    found = header.best_match(known) if header else known[0]
    if found is None:
        raise ExportFormatRefused
    return found
