"""Doors of feeds: a receiver takes items behind its cursor, and says what it has."""

from typing import Any, Final

import flask
import orjson

from recordsvc.access.entrance import actor
from recordsvc.access.policy import Sends, charge, door
from recordsvc.access.services import access, house
from recordsvc.archive.errors import Busy, RegionKeyNotInForce
from recordsvc.exports import acks, files, lines, receivers, reconciling
from recordsvc.exports.acks import Ack
from recordsvc.exports.errors import (
    AckContradicts,
    AckReused,
    ExportFormatRefused,
    FeedCursorAhead,
    FeedCursorUnknown,
    LinesRefused,
    NoFeed,
)
from recordsvc.exports.forms import AckedForm, AckForm, FilesQuery, ItemsQuery, ReconcileForm, TotalsQuery
from recordsvc.exports.pulling import Puller
from recordsvc.exports.receivers import Receiver
from recordsvc.exports.reconciling import Line
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
    "/v1/exports/files",
    policy="exports.read",
    query=FilesQuery,
    answer=Sends(files.MEDIA),
    problems=(*CURSORS, NoFeed, ExportFormatRefused, RegionKeyNotInForce, Busy),
    summary="数据流的表格文件 / The same items as a table: CSV, XLSX or Parquet, with the manifest",
    description="A ZIP of `items.csv`, `items.xlsx` or `items.parquet` and `manifest.json`, "
    "whose `sha256` is of that file and whose `columns` name its columns. All cells are text.",
)
def read_files(query: dict[str, Any]) -> flask.Response:
    """Send items as a table; looks and uses are durable before what they are of leaves."""
    receiver = own_receiver()
    puller = Puller(house(), actor(), http.current().id)
    limit = query["limit"]
    if query["format"] == "xlsx":
        limit = min(limit or files.SHEET_ROWS, files.SHEET_ROWS)
    batch = puller.batch(receiver, query["after"], limit)
    charge(batch.to - batch.after)
    client = access().clients.known(receiver.client_id)
    today = beijing_date(house().clock.now_ms()).isoformat()
    wanted = files.columns("" if client is None else client.kind, today)
    disposition = {"Content-Disposition": 'attachment; filename="feed.zip"'}
    return answers.stream(files.make(puller, batch, wanted, query["format"]), files.MEDIA, disposition)


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


@door(
    bp,
    "GET",
    "/v1/exports/totals",
    policy="exports.read",
    query=TotalsQuery,
    answer=Sends(),
    problems=(*CURSORS, NoFeed),
    summary="对账：本方合计 / What the receiver was told in all, as of a cursor",
    description="Counts by state and the root over (ref, version, state) in order of ref, of all or of a "
    "range of refs (`prefix`), with those of its sixteen parts: where roots differ, ask for the part.",
)
def read_totals(query: dict[str, Any]) -> flask.Response:
    """Tell totals; nothing of any record."""
    client_id = own_receiver().client_id
    return answers.answer(reconciling.totals(house(), client_id, query["at"], query["prefix"]))


@door(
    bp,
    "POST",
    "/v1/exports/reconciliations",
    policy="exports.read",
    body=ReconcileForm,
    answer=Sends(),
    problems=(*CURSORS, NoFeed, LinesRefused),
    summary="对账：逐条比对一个区段 / Compare a range line by line",
    description="Every line that the receiver holds in the range. Each difference is told and is a ticket "
    "for officials, once: `missing-here`, `missing-there`, `version-differs`, `state-differs`.",
)
def reconcile(form: dict[str, Any]) -> flask.Response:
    """Compare what both sides hold."""
    client_id, prefix = own_receiver().client_id, form["prefix"]
    theirs = [Line(**one) for one in form["lines"]]
    names = [one.ref for one in theirs]
    if len(set(names)) != len(names) or not all(name.startswith(prefix) for name in names):
        raise LinesRefused(pointer="/lines")
    found = reconciling.compare(house(), client_id, form["at"], prefix, theirs)
    return answers.answer({"differences": found})


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
