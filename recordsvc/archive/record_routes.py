"""Doors of issuers' machines: submit, and ask what became of a record. And the ordered feed."""

from typing import Any

import flask
import orjson

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.looked import Look
from recordsvc.access.policy import Sends, charge, door
from recordsvc.archive import act_errors, errors, feed, receipts, submission
from recordsvc.archive.answers import Answers
from recordsvc.archive.forms import FeedQuery, RecordStatusForm
from recordsvc.archive.services import bp, house, own_institution
from recordsvc.ground import answers, http
from recordsvc.ground.paging import Cursors
from recordsvc.ground.problems import NotFound
from recordsvc.ground.reading import Bytes

NDJSON = "application/x-ndjson"
FEED_PURPOSE = "registered-exchange"
ROW_PROBLEMS = (
    errors.NotCanonical,
    errors.SchemaRefused,
    errors.WrongAudience,
    errors.WrongEnvironment,
    errors.IssuerForeign,
    errors.SignerRefused,
    errors.KeyUnknown,
    errors.KeyNotInForce,
    errors.SignatureWrong,
    errors.IdentifierRefused,
    errors.ContentRefused,
    errors.OtherContent,
    errors.RecordErased,
    errors.Returned,
    errors.TargetUnknown,
    errors.TargetUnfit,
    act_errors.AlreadyRevoked,
    act_errors.NothingToRestore,
    act_errors.ChangesNothing,
    errors.SaltWeak,
    errors.TooManyHeld,
    errors.Busy,
)


@door(
    bp,
    "POST",
    "/v1/records",
    policy="record.submit",
    body=Bytes("envelope.v1.json"),
    answer={200: Sends(), 201: Sends(), 202: Sends()},
    problems=ROW_PROBLEMS,
    summary="报送一条已签名的记录 / Submit one signed record",
    description="Body: canonical `{jws, record}`. 201 with the receipt (C2SP tlog-proof); 200 for the same "
    "record again, with the same receipt; 202 when an official must look at it first.",
)
def submit_record(data: bytes) -> flask.Response:
    """Take one record."""
    institution = own_institution()
    answer = house().admission.submit(institution, submission.read_single(data))
    told, status = Answers(house(), answer).single()
    return answers.answer(told, status)


@door(
    bp,
    "POST",
    "/v1/batches",
    policy="record.submit",
    body=Bytes("envelope.v1.json", limit=http.BATCH_LIMIT, media=(NDJSON, http.JSON)),
    answer={200: Sends(), 201: Sends()},
    problems=(
        errors.BatchRefused,
        errors.KeyUnknown,
        errors.KeyNotInForce,
        errors.SignatureWrong,
        errors.TooManyHeld,
        errors.Busy,
    ),
    summary="批量报送 / Submit up to 5,000 records, each signed or all under one signature",
    description="NDJSON: a header line `{batch}` or `{mode: each}`, then one record a line. Each row is "
    "answered; good rows stand unless the header says `all_or_nothing`; then one row that fails keeps all "
    "out, and one doubtful person has all of them held.",
)
def submit_batch(data: bytes) -> flask.Response:
    """Take a batch."""
    institution = own_institution()
    read = submission.read_ndjson if http.current().mimetype == NDJSON else submission.read_json
    submitted = read(data)
    charge(len(submitted.items))
    answer = house().admission.submit(institution, submitted)
    told, status = Answers(house(), answer).batch()
    return answers.answer(told, status)


@door(
    bp,
    "GET",
    "/v1/records/<id:record_id>",
    policy="record.read",
    answer=RecordStatusForm,
    summary="本单位记录的处理情况 / What became of an own record",
)
def record_status(record_id: bytes) -> flask.Response:
    """Tell an issuer whether its record stands, is held or was returned."""
    found = receipts.find(house(), own_institution(), record_id)
    if found is None:
        raise NotFound
    status, note, seq = found
    told: dict[str, Any] = {"id": record_id, "status": status}
    if seq is None:
        told["note"] = note
    return answers.answer(told, form=RecordStatusForm)


@door(
    bp,
    "GET",
    "/v1/records/<id:record_id>/receipt",
    policy="record.read",
    answer=Sends("text/plain"),
    problems=(errors.RecordErased,),
    summary="本单位记录的回执 / The receipt of an own record (C2SP tlog-proof)",
)
def record_receipt(record_id: bytes) -> flask.Response:
    """Send the receipt: the same bytes whenever it is asked for."""
    found = receipts.find(house(), own_institution(), record_id)
    if found is None or found[2] is None:
        raise NotFound
    with house().db.read() as conn, house().db.read_raw() as cursor:
        proof = receipts.of_stored(house(), conn, cursor, found[1], found[2])
    return flask.Response(str(proof), content_type="text/plain; charset=utf-8")


@door(
    bp,
    "GET",
    "/v1/entries",
    policy="feed.read",
    query=FeedQuery,
    answer=Sends(),
    problems=(PurposeRefused,),
    summary="按日志顺序的条目 / Entries in log order",
    description="`next` is a cursor that stays valid for years; no items: nothing is newer yet. The region's "
    "own platform alone is told records whole, with names and numbers.",
)
def read_feed(query: dict[str, Any]) -> flask.Response:
    """Send entries behind the cursor; a row of who looked is durable for each worker before they leave."""
    who = actor()
    cursors: Cursors = flask.current_app.extensions["cursors"]
    context = f"entries/{who.id}"
    after = cursors.read(context, query["cursor"])[0] - 1 if query["cursor"] else -1
    items, position = feed.entries(house(), after, query["limit"])
    charge(len(items))
    workers = {bytes.fromhex(item["worker_id"]) for item in items}
    request_id = http.current().id
    looks = [Look(one, who, FEED_PURPOSE, "records", request_id=request_id) for one in sorted(workers)]
    looked.record(house(), looks)
    return answers.answer(orjson.dumps({"items": items, "next": cursors.make(context, position + 1)}))
