"""Doors of officials: held records, and looking into an archive for a purpose and a case."""

import uuid
from collections.abc import Sequence
from typing import Any

import flask
import orjson

from recordsvc.access import looked
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.looked import Look
from recordsvc.access.policy import Sends, door
from recordsvc.access.services import once, reference
from recordsvc.archive import errors, held, views
from recordsvc.archive.forms import (
    CardForm,
    FindForm,
    FoundForm,
    HeldListForm,
    HeldQuery,
    LookQuery,
    ReleaseForm,
    ReleaseProposedForm,
    ReturnForm,
)
from recordsvc.archive.reading import Reader
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.people import cards

MOST_RELEASED = 20_000


# -- held records


@door(
    bp,
    "GET",
    "/v1/desk/held",
    policy="held.read",
    query=HeldQuery,
    answer=HeldListForm,
    summary="暂存记录 / Held records, oldest first, without their content",
)
def list_held(query: dict[str, Any]) -> flask.Response:
    """List what waits."""
    after = uuid.UUID(query["after"]).bytes if query["after"] else b""
    with house().db.read() as conn:
        rows = held.waiting(
            conn, issuer=query["issuer"], reason=query["reason"], after=after, limit=query["limit"]
        )
    return answers.answer({"items": rows}, form=HeldListForm)


@door(
    bp,
    "GET",
    "/v1/desk/held/<id:held_id>",
    policy="held.read",
    answer=Sends(),
    problems=(errors.HeldNotHere,),
    summary="一条暂存记录的内容 / The content of a held record",
)
def read_held(held_id: bytes) -> flask.Response:
    """Show the record that waits, to the official who decides."""
    return answers.answer(orjson.dumps({"record": held.open_held(house(), held_id)}))


@door(
    bp,
    "POST",
    "/v1/desk/held/release",
    policy="held.propose",
    body=ReleaseForm,
    answer={202: ReleaseProposedForm},
    problems=(errors.HeldNotHere,),
    idempotent=True,
    summary="提出放行 / Propose to release held records, one or many in one act",
)
def propose_release(form: dict[str, Any]) -> flask.Response:
    """Propose a release; a second official decides, then `recordsvc work` judges each anew and enters it."""
    by = reference()
    ids = form["held"] or _selected(form["select"] or {})
    if not ids:
        raise errors.HeldNotHere
    worker_id = form["worker_id"]
    payload = {
        "held": [str(uuid.UUID(bytes=one)) for one in ids],
        "reason": form["reason"],
        "worker_id": None if worker_id is None else str(uuid.UUID(bytes=worker_id)),
    }
    subject = f"{len(ids)} held"
    proposal = once(lambda turn: two_person.propose(turn, held.RELEASE, subject, payload, by).hex())
    told = {"proposal_id": bytes.fromhex(proposal), "count": len(ids)}
    return answers.answer(told, 202, form=ReleaseProposedForm)


@door(
    bp,
    "POST",
    "/v1/desk/held/return",
    policy="held.return",
    body=ReturnForm,
    answer={204: None},
    problems=(errors.HeldNotHere,),
    summary="退回签发单位 / Return a held record to its issuer",
)
def return_held(form: dict[str, Any]) -> flask.Response:
    """Return one record with a reason that its issuer reads."""
    house().db.write(lambda turn: held.give_back(turn, form["held_id"], form["reason"]))
    return flask.Response(status=204)


def _selected(select: dict[str, Any]) -> list[bytes]:
    with house().db.read() as conn:
        rows = held.waiting(
            conn, issuer=select.get("issuer"), reason=select.get("reason"), limit=MOST_RELEASED
        )
    return [row.held_id for row in rows]


# -- looking into an archive


@door(
    bp,
    "POST",
    "/v1/desk/workers/find",
    policy="worker.find",
    body=FindForm,
    answer=FoundForm,
    problems=(PurposeRefused,),
    summary="按号码查找档案 / Find an archive by number, for a purpose and a case",
)
def find_worker(form: dict[str, Any]) -> flask.Response:
    """Find whose number it is; the number stands in the body only, and the finding leaves a row."""
    number = form["number"].strip().upper()
    worker_id = house().people.find(form["kind"], number)
    _record_look([worker_id] if worker_id else [], form["purpose"], "identity", form["case_ref"])
    if worker_id is None:
        raise NotFound
    return answers.answer({"worker_id": worker_id}, form=FoundForm)


@door(
    bp,
    "POST",
    "/v1/desk/cards/confirm",
    policy="card.confirm",
    body=CardForm,
    answer=FoundForm,
    problems=(PurposeRefused,),
    summary="核实卡片 / Confirm a claimed card, which then selects its holder for writing",
)
def confirm_card(form: dict[str, Any]) -> flask.Response:
    """Confirm a card on the official's word; the act leaves a row that its holder reads."""
    who, request_id, people = actor(), http.current().id, house().people
    looked.check_purpose(house().db, form["purpose"])

    def act(turn: Turn) -> bytes:
        worker_id = cards.confirm(turn, people, form["number"].strip().upper())
        look = Look(worker_id, who, form["purpose"], "identity", form["case_ref"], request_id)
        looked.note(turn, house().random, look)
        return worker_id

    return answers.answer({"worker_id": house().db.write(act)}, form=FoundForm)


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/archive",
    policy="worker.archive.read",
    query=LookQuery,
    answer=Sends(),
    problems=(PurposeRefused,),
    summary="查阅档案 / Read a worker's archive, for a purpose and a case",
)
def read_archive(worker_id: bytes, query: dict[str, str]) -> flask.Response:
    """Show an archive to an official; the row of who looked is durable before the answer leaves."""
    archive = Reader(house()).archive(worker_id)
    _record_look([worker_id] if archive else [], query["purpose"], "records", query["case_ref"])
    if archive is None:
        raise NotFound
    return answers.answer(views.archive_json(archive))


def _record_look(workers: Sequence[bytes], purpose: str, fields: str, case_ref: str) -> None:
    """Write who looked; a purpose that is not in force is refused even when nobody was found."""
    who, request_id = actor(), http.current().id
    looks = [Look(one, who, purpose, fields, case_ref, request_id) for one in workers]
    looked.check_purpose(house().db, purpose)
    looked.record(house().db, house().random, looks)
