"""Pages of an institution's claims on workers' behalf (代办申领): a sheet of many, and what became of it.

Numbers are typed once and stand in no page again: what is wrong is told by the number of the line.
"""

import re
from typing import Any, Final

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.grants import can
from recordsvc.access.policy import Surface, door
from recordsvc.archive.paper_routes import TO_FILE
from recordsvc.archive.services import own_institution
from recordsvc.ground.forms import Form, text
from recordsvc.ground.ports import beijing_date, uuid_text
from recordsvc.ground.problems import FormRefused, Problem
from recordsvc.ground.reading import Upload
from recordsvc.money.claims import behalf, terms, views
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.agency_forms import NewBundleForm
from recordsvc.money.claims.agency_routes import PAPER_KIND, brief, file_sheet, own_sheets, sheet_told
from recordsvc.money.claims.project_routes import own as own_projects_told
from recordsvc.money.rules.explaining import yuan
from recordsvc.web import words
from recordsvc.web.centre_routes import tabs
from recordsvc.web.claim_routes import TONES
from recordsvc.web.desk_forms import Field, faults, judged
from recordsvc.web.desk_routes import FAILED
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import go, page
from recordsvc.web.services import bp, house

PLACE: Final = "/centre/claims"
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PARTS: Final = 3
_PAID: Final = (("worker", "本人"), ("institution", "本单位（代领）"))
_FIELDS: Final = (
    Field("kind", "补贴项目", "choice"),
    Field("paid_to", "收款人", "choice", rows=_PAID),
    Field("lines", "名单", "area"),
    Field("signed_on", "委托协议签订日期", "day", hint="劳动者已在网上委托本单位的，不填。"),
    Field("until_on", "委托协议到期日期", "day"),
    Field("contract", "委托协议扫描件"),
)


class SheetPageForm(Form):
    """A sheet as pasted, and the dates of its contracts."""

    kind = text(0, 40, load_default="")
    paid_to = text(0, 20, load_default="")
    lines = text(0, 60_000, load_default="")
    signed_on = text(0, 20, load_default="")
    until_on = text(0, 20, load_default="")


@door(
    bp,
    "GET",
    PLACE,
    policy="institution.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    summary="代办申领（网页） / Claims that the institution files for workers",
)
def centre_claims_page() -> flask.Response:
    """Show the form, the sheets and the claims."""
    return _page({}, None)


@door(
    bp,
    "POST",
    PLACE,
    policy="institution.claim.file",
    surface=Surface.PAGE,
    body=Upload(SheetPageForm, ("contract",)),
    answer={303: None, 422: HTML},
    problems=(problems.AgencyRefused, *TO_FILE),
    summary="提出代办名单（网页） / File a sheet of claims from the page",
)
def centre_claims_button(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """File it, and show what became of each line."""
    try:
        lines = _lines(form["lines"])
        asked = judged(NewBundleForm, {"kind": form["kind"], "paid_to": form["paid_to"], "lines": lines})
        bundle_id = file_sheet(asked | {"contract": _contract(form, files["contract"])})
    except Problem as problem:
        if problem.status not in FAILED:
            raise
        return _page(form, problem)
    return go(f"{PLACE}/{uuid_text(bundle_id)}")


def _contract(form: dict[str, Any], scan: bytes) -> dict[str, Any] | None:
    """Keep the paper of the contracts, and return what it says; None: none was brought."""
    if not scan:
        return None
    paper = house().papers.keep(own_institution(), scan, PAPER_KIND, "委托代办协议", actor())
    return {"signed_on": form["signed_on"], "until_on": form["until_on"], "paper_id": paper.paper_id}


def _lines(pasted: str) -> list[dict[str, Any]]:
    """Return the lines of a pasted table: number, name, record or certificate. Raises `FormRefused`."""
    rows = [line for line in (one.strip() for one in pasted.splitlines()) if line]
    split = [re.split(r"\s*[,，\t]\s*|\s+", line, maxsplit=2) for line in rows]
    wrong = [n for n, parts in enumerate(split, 1) if len(parts) != _PARTS or not all(parts)]
    if wrong or not rows:
        told = "、".join(str(n) for n in wrong[:20])
        detail = f"第 {told} 行不是“证件号码、姓名、编号”三项" if wrong else "请填写名单，每行一人"
        raise FormRefused(errors=[{"pointer": "/lines", "code": "value", "detail": detail}])
    return [{"number": number.upper(), "name": name, **_named(record)} for number, name, record in split]


def _named(record: str) -> dict[str, str]:
    """Return a record as a line names it: by its id, or by the number on the certificate."""
    record_id = record.lower()
    return {"record_id": record_id} if _UUID.fullmatch(record_id) else {"certificate": record}


def _page(typed: dict[str, Any], problem: Problem | None) -> flask.Response:
    wrong, trouble = faults(problem, _FIELDS) if problem is not None else ({}, None)
    at = _line_at_fault(problem)
    if at:
        wrong, trouble = {"lines": f"名单：第 {at} 行的证件号码、姓名或编号写法不对"}, None
    today = beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        filed = behalf.filed(conn, own_institution(), 100)
    return page(
        "centre_claims.html",
        200 if problem is None else problem.status,
        tabs=tabs(),
        files=can(actor(), "institution.claim.file", actor()),
        kinds=[(code, str(row["zh"])) for code, row in terms.kinds(today).items()],
        sheets=[_sheet(brief(one)) for one in own_sheets()],
        claims=[_claim(views.brief(one)) for one in filed],
        projects=own_projects_told(),
        fields={one.name: one for one in _FIELDS},
        typed=typed,
        wrong=wrong,
        trouble=trouble,
        most=terms.count("bundle-lines", today),
    )


def _line_at_fault(problem: Problem | None) -> int:
    """Return the first line that a form refuses, counted from 1; 0: none."""
    pointers = [str(one.get("pointer", "")).split("/") for one in (problem.errors if problem else ())]
    lines = [
        int(rest[0]) + 1 for _, name, *rest in pointers if name == "lines" and rest and rest[0].isdigit()
    ]
    return min(lines, default=0)


def _sheet(told: dict[str, Any]) -> dict[str, Any]:
    return told | {"id": uuid_text(told["bundle_id"]), "at": words.instant(told["filed_ms"])}


def _claim(told: dict[str, Any]) -> dict[str, Any]:
    return told | {
        "short": told["claim_id"].hex()[-6:],
        "tone": TONES[told["status"]],
        "amount": yuan(told["amount_fen"]) if told["amount_fen"] else "",
        "at": words.instant(told["filed_ms"]),
    }


@door(
    bp,
    "GET",
    f"{PLACE}/<id:bundle_id>",
    policy="institution.claim.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(problems.BundleUnknown,),
    summary="一份代办名单（网页） / One sheet and what became of each line",
)
def centre_sheet_page(bundle_id: bytes) -> flask.Response:
    """Show it line by line."""
    told = sheet_told(bundle_id)
    lines = [
        one | {"claim": None if one["claim"] is None else _claim(one["claim"])} for one in told["outcomes"]
    ]
    return page("centre_claim_sheet.html", one=_sheet(told), lines=lines)
