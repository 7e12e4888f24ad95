"""The page on which a worker states evidence from another province (外省材料)."""

from typing import Any, Final

import flask

from recordsvc import dated
from recordsvc.access.entrance import actor
from recordsvc.access.policy import Surface, door
from recordsvc.archive import errors, facts, paper_errors, paperrefs
from recordsvc.archive.foreign import state_evidence
from recordsvc.archive.me_routes import foreign_body, own_stater
from recordsvc.archive.paper_routes import TO_FILE
from recordsvc.archive.papers import MAX_TITLE
from recordsvc.archive.services import entered, own_worker
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import TooLarge
from recordsvc.ground.reading import Upload
from recordsvc.web import words
from recordsvc.web.forms import ForeignPageForm
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

SCAN_KIND: Final = "certificate-scan"
"""Code of `paper_kinds` under which a scan of such evidence is filed."""
EMPTY: Final = dict.fromkeys(
    ("evidence_kind", "number", "province", "issued_by", "level", "awarded_on", "title", "kept"), ""
)
_NEEDED: Final = (
    ("evidence_kind", "请选择材料类型"),
    ("title", "请填写证书或培训的名称"),
    ("province", "请选择取得的省份"),
    ("issued_by", "请填写出具单位"),
)
_WRONG: Final = {
    "/body/awarded_on": ("awarded_on", "日期写作 2024-06-03，且不晚于今天"),
    "/body/number": ("number", "编号中间不要有空格"),
    "/body/origin/province": ("province", "请选择取得的省份"),
}


@door(
    bp,
    "GET",
    "/me/foreign",
    policy="own.statement.make",
    surface=Surface.PAGE,
    answer=HTML,
    summary="登记外省材料（网页） / The form for evidence from another province",
)
def foreign_page() -> flask.Response:
    """Ask what it is and where it comes from."""
    return _form(EMPTY)


@door(
    bp,
    "POST",
    "/me/foreign",
    policy="own.statement.make",
    surface=Surface.PAGE,
    body=Upload(ForeignPageForm, ("scan",)),
    answer={303: None, 422: HTML},
    problems=(errors.RecordErased, errors.ArchiveRestricted, *TO_FILE),
    summary="提交外省材料（网页） / State evidence from another province from the page",
)
def foreign_button(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Enter the evidence, or show the form again with what is wrong."""
    said = {name: " ".join(value.split()) for name, value in form.items()}
    wrong = {name: text for name, text in _NEEDED if not said[name]}
    if said["province"] and said["province"] not in {row["code"] for row in _provinces()}:
        wrong |= [_WRONG["/body/origin/province"]]
    # The scan before all else: no browser sends it a second time when the form is shown again.
    try:
        said["kept"] = _scan(said, files["scan"])
    except (paper_errors.PaperRefused, paper_errors.PaperUnsafe, paper_errors.TooManyPapers) as refused:
        wrong["scan"] = f"{refused.detail or refused.title_zh}。{refused.remedy_zh}"
    except TooLarge:
        wrong["scan"] = "文件太大，请缩小后重新上传"
    if wrong:
        return _form(said, wrong)
    body = foreign_body({"started_on": "", "ended_on": "", "country": "CHN", **said})
    try:
        papers = paperrefs.resolved(house(), [own_worker()], [said["kept"]] if said["kept"] else [])
        record_id, index = state_evidence(house(), own_worker(), body, papers, own_stater())
        entered(index)
    except paper_errors.PaperUnknown:
        return _form(said | {"kept": ""}, {"scan": "扫描件没有找到，请重新选择文件"})
    except (errors.SchemaRefused, errors.ContentRefused) as refused:
        at = str(refused.errors[0].get("pointer", "")) if refused.errors else ""
        return _form(said, dict([_WRONG.get(at, ("title", "有一项填写不对，请核对"))]))
    return go(f"/me/records/{words.uuid_text(record_id)}")


def _scan(said: dict[str, str], data: bytes) -> str:
    """File the scan among the worker's papers; its id, or that of the one filed before if none was chosen."""
    if not data:
        return said["kept"]
    kept = house().papers.keep(own_worker(), data, SCAN_KIND, said["title"][:MAX_TITLE], actor())
    return words.uuid_text(kept.paper_id)


def _provinces() -> list[dated.Row]:
    """Return all provinces but this one."""
    today = beijing_date(house().clock.now_ms()).isoformat()
    home = dated.rule("home_province", "home", today)["value"]
    return [row for row in dated.table("certificate_provinces").on(today).rows if row["code"] != home]


def _form(form: dict[str, str], wrong: dict[str, str] | None = None) -> flask.Response:
    today = beijing_date(house().clock.now_ms()).isoformat()
    return page(
        "foreign.html",
        422 if wrong else 200,
        form=form,
        wrong=wrong or {},
        kinds=dated.table("evidence_kinds").on(today).rows,
        provinces=_provinces(),
        levels=dated.table("levels").on(today).rows,
        elsewhere=facts.ELSEWHERE_ZH,
    )
