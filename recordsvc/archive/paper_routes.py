"""Doors of the evidence store (材料): the worker's own, the desk's, an institution's.

A file leaves as an attachment of no particular type, in a sandbox, and is kept by no cache: whatever it
holds, no browser shows it inside a page of ours.
"""

import uuid
from typing import Any, Final

import flask

from recordsvc.access import looked
from recordsvc.access.acts import Act
from recordsvc.access.entrance import actor
from recordsvc.access.errors import PurposeRefused
from recordsvc.access.policy import Sends, Surface, door
from recordsvc.archive import errors, looking, paper_errors
from recordsvc.archive.forms import LookQuery, PaperForm, PaperListForm, PaperToldForm, WorkerPaperListForm
from recordsvc.archive.looking import Looker
from recordsvc.archive.paper_rows import Owner
from recordsvc.archive.papers import FIELDS, Paper
from recordsvc.archive.services import bp, house, own_institution, own_worker
from recordsvc.ground import answers, http
from recordsvc.ground.problems import NotFound, TooLarge
from recordsvc.ground.reading import Upload

UPLOAD: Final = Upload(PaperForm, ("file",))
FILE: Final = Sends("application/octet-stream")
TO_FILE: Final = (
    paper_errors.PaperRefused,
    paper_errors.PaperUnsafe,
    paper_errors.TooManyPapers,
    paper_errors.PaperDamaged,
    errors.Busy,
    TooLarge,
)
"""What keeps a paper from being filed."""
OWN_PURPOSE: Final = "own-paper"
"""What stands as the reason where an institution opens its own paper."""


def filed(owner: Owner, form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File what was uploaded, and tell of it."""
    kept = house().papers.keep(owner, files["file"], form["kind"], form["title"], actor())
    return answers.answer(kept, 201, form=PaperToldForm)


def listed(worker_id: bytes) -> flask.Response:
    """Tell of all papers of a worker that may be opened, and how many may not."""
    items, sealed = house().papers.listed(worker_id)
    return answers.answer({"items": items, "sealed": sealed}, form=WorkerPaperListForm)


def attachment(found: Paper, data: bytes) -> flask.Response:
    """Hand out a file."""
    headers = {"Content-Disposition": f'attachment; filename="{found.file_name}"'}
    return flask.Response(data, 200, headers, content_type=FILE.media)


# -- the worker


@door(
    bp,
    "POST",
    "/v1/me/papers",
    policy="own.paper.file",
    body=UPLOAD,
    answer={201: PaperToldForm},
    problems=TO_FILE,
    summary="上传材料 / File a paper of my own (PDF, PNG or JPEG)",
    description="The same file again is answered with the paper that was filed before.",
)
def file_my_paper(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File a paper of the worker who asks."""
    return filed(own_worker(), form, files)


@door(
    bp,
    "GET",
    "/v1/me/papers",
    policy="own.paper.read",
    answer=WorkerPaperListForm,
    problems=(paper_errors.PaperDamaged,),
    summary="我的材料 / My papers, oldest first",
)
def my_papers() -> flask.Response:
    """List the papers of the worker who asks."""
    return listed(own_worker())


@door(
    bp,
    "GET",
    "/v1/me/papers/<id:paper_id>",
    policy="own.paper.read",
    surface=Surface.FILE,
    answer=FILE,
    problems=(paper_errors.PaperDamaged,),
    summary="下载我的一份材料 / The file of one of my papers",
)
def my_paper(paper_id: bytes) -> flask.Response:
    """Hand out the worker's own file."""
    return attachment(*house().papers.open(own_worker(), paper_id, actor(), "", ""))


# -- the desk


@door(
    bp,
    "POST",
    "/v1/desk/workers/<id:worker_id>/papers",
    policy="worker.paper.file",
    body=UPLOAD,
    answer={201: PaperToldForm},
    problems=TO_FILE,
    summary="收存劳动者材料 / File a paper of a worker",
)
def file_workers_paper(worker_id: bytes, form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File a paper that a worker, or somebody for them, brought to the desk."""
    return filed(worker_id, form, files)


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/papers",
    policy="worker.paper.read",
    query=LookQuery,
    answer=WorkerPaperListForm,
    problems=(PurposeRefused, paper_errors.PaperDamaged),
    summary="劳动者材料清单 / The papers of a worker, for a purpose and a case",
)
def workers_papers(worker_id: bytes, query: dict[str, str]) -> flask.Response:
    """List a worker's papers to an official; the row of who looked is durable before the answer leaves."""
    looked.judge(house().db, actor(), query["purpose"], query["case_ref"])
    looker = Looker(actor(), query["purpose"], query["case_ref"], http.current().id)
    try:
        with looking.traced(house(), looker, worker_id):
            told, person = listed(worker_id), house().papers.person(worker_id)
    except NotFound:
        looking.note_act(house(), looker, Act.ARCHIVE_NOTHING, str(uuid.UUID(bytes=worker_id)))
        raise
    looking.note(house(), looker, [person], FIELDS)
    return told


@door(
    bp,
    "GET",
    "/v1/desk/workers/<id:worker_id>/papers/<id:paper_id>",
    policy="worker.paper.read",
    query=LookQuery,
    surface=Surface.FILE,
    answer=FILE,
    problems=(PurposeRefused, paper_errors.PaperDamaged),
    summary="调取劳动者的一份材料 / The file of a worker's paper, for a purpose and a case",
)
def workers_paper(worker_id: bytes, paper_id: bytes, query: dict[str, str]) -> flask.Response:
    """Hand out a worker's file to an official."""
    looked.judge(house().db, actor(), query["purpose"], query["case_ref"])
    why = (query["purpose"], query["case_ref"], http.current().id)
    with looking.traced(house(), Looker(actor(), *why), worker_id):
        return attachment(*house().papers.open(worker_id, paper_id, actor(), *why))


# -- institutions


@door(
    bp,
    "POST",
    "/v1/institution/papers",
    policy="institution.paper.file",
    body=UPLOAD,
    answer={201: PaperToldForm},
    problems=TO_FILE,
    summary="上传本单位材料 / File a paper of one's own institution",
)
def file_institutions_paper(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File a paper of the institution a client acts for."""
    return filed(own_institution(), form, files)


@door(
    bp,
    "GET",
    "/v1/institution/papers",
    policy="institution.paper.read",
    answer=PaperListForm,
    problems=(paper_errors.PaperDamaged,),
    summary="本单位材料清单 / The papers of one's own institution",
)
def institutions_papers() -> flask.Response:
    """List the papers of the institution a client acts for."""
    return answers.answer({"items": house().papers.of(own_institution())}, form=PaperListForm)


@door(
    bp,
    "GET",
    "/v1/institution/papers/<id:paper_id>",
    policy="institution.paper.read",
    surface=Surface.FILE,
    answer=FILE,
    problems=(paper_errors.PaperDamaged,),
    summary="下载本单位的一份材料 / The file of a paper of one's own institution",
)
def institutions_paper(paper_id: bytes) -> flask.Response:
    """Hand out an institution's own file; the opening leaves a row all the same."""
    return attachment(*house().papers.open(own_institution(), paper_id, actor(), OWN_PURPOSE, ""))
