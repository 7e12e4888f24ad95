"""The page of the worker's papers (我的材料): what is filed, a form to file more, each file to download."""

from dataclasses import dataclass
from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.grants import Kind
from recordsvc.access.policy import Surface, door
from recordsvc.archive import paper_errors
from recordsvc.archive.paper_routes import FILE, TO_FILE, attachment
from recordsvc.archive.papers import KINDS, MAX_TITLE, Paper
from recordsvc.archive.services import own_worker
from recordsvc.ground.http import KIB
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import TooLarge
from recordsvc.ground.reading import Upload
from recordsvc.web import words
from recordsvc.web.forms import PaperPageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

_TYPES: Final = {"application/pdf": "PDF 文件", "image/png": "PNG 图片", "image/jpeg": "JPEG 图片"}


@dataclass(frozen=True, slots=True)
class PaperLine:
    """One paper in plain words."""

    paper_id: str
    title: str
    kind: str
    file: str
    filed: str
    by: str


def paper_line(paper: Paper) -> PaperLine:
    """Say what a paper is and who filed it; without a title of its own it is called by its kind."""
    kind = words.code(KINDS, paper.kind)
    own = paper.filed_by.startswith(f"{Kind.WORKER}:")
    return PaperLine(
        words.uuid_text(paper.paper_id),
        paper.title or kind,
        kind,
        f"{_TYPES[paper.media]}，{_size(paper.size)}",
        words.instant(paper.filed_ms),
        "本人上传" if own else "人社部门收存",
    )


def _size(count: int) -> str:
    if count >= KIB * KIB:
        return f"{count / KIB / KIB:.1f} MB".replace(".0 ", " ")
    return f"{max(1, count // KIB)} KB"


@door(
    bp,
    "GET",
    "/me/papers",
    policy="own.paper.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(paper_errors.PaperDamaged,),
    summary="我的材料（网页） / My papers",
)
def papers_page() -> flask.Response:
    """List the papers, newest first, above the form."""
    return _page({"kind": "", "title": ""}, None)


@door(
    bp,
    "POST",
    "/me/papers",
    policy="own.paper.file",
    surface=Surface.PAGE,
    body=Upload(PaperPageForm, ("file",)),
    answer={303: None, 422: HTML},
    problems=TO_FILE,
    summary="上传材料（网页） / File a paper from its page",
)
def papers_upload(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File a paper, or show the page again with what is wrong."""
    wrong = _wrong(form, files["file"])
    if wrong is not None:
        return _page(form, wrong)
    try:
        kept = house().papers.keep(own_worker(), files["file"], form["kind"], form["title"], actor())
    except (paper_errors.PaperRefused, paper_errors.PaperUnsafe, paper_errors.TooManyPapers) as problem:
        said = problem.detail or f"{problem.title_zh}。"
        return _page(form, ("file", f"{said}{problem.remedy_zh}"))
    except TooLarge:
        return _page(form, ("file", f"文件太大：每份最多 {_most()}。请缩小后重新上传。"))
    return go(f"/me/papers#p-{words.uuid_text(kept.paper_id)}")


def _wrong(form: dict[str, Any], data: bytes) -> tuple[str, str] | None:
    """Return the field that stands in the way, and what to do; None: nothing seen so far."""
    if not data:
        return "file", "请选择一个文件"
    if form["kind"] not in _kinds():
        return "kind", "请选择材料类型"
    if len(form["title"].strip()) > MAX_TITLE:
        return "title", f"名称最多 {MAX_TITLE} 字，请缩短"
    return None


def _kinds() -> dated.View:
    return dated.on(KINDS, beijing_date(house().clock.now_ms()).isoformat())


def _most() -> str:
    return _size(house().settings.paper_bytes)


def _page(form: dict[str, Any], error: tuple[str, str] | None) -> flask.Response:
    found, sealed = house().papers.listed(own_worker())
    return page(
        "papers.html",
        422 if error else 200,
        papers=[paper_line(one) for one in reversed(found)],
        sealed=sealed,
        kinds=_kinds().rows,
        form=form,
        error=error,
        most=_most(),
        most_title=MAX_TITLE,
    )


@door(
    bp,
    "GET",
    "/me/papers/<id:paper_id>",
    policy="own.paper.read",
    surface=Surface.FILE,
    answer=FILE,
    problems=(paper_errors.PaperDamaged,),
    summary="下载材料 / Download one of my papers",
)
def paper_file(paper_id: bytes) -> flask.Response:
    """Hand out the worker's own file."""
    return attachment(*house().papers.open(own_worker(), paper_id, actor(), "", ""))
