"""Doors of claims on somebody's behalf (委托代办): the worker's contracts, an institution's sheets.

An institution reads how its claims stand, never what the rule says of a person.
"""

from typing import Any

import flask

from recordsvc.access.entrance import actor
from recordsvc.access.errors import LoginPaced
from recordsvc.access.grants import author
from recordsvc.access.in_place_errors import OwnProofTyped
from recordsvc.access.policy import door
from recordsvc.access.services import house, once
from recordsvc.archive import own_proof, persons
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.services import own_institution, own_worker
from recordsvc.ground import answers
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import FormRefused
from recordsvc.money.claims import agencies, behalf, filing, terms, views
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims.agencies import Agency, Wanted
from recordsvc.money.claims.agency_forms import (
    AgenciesForm,
    AgencyMadeForm,
    BundlesForm,
    BundleToldForm,
    EndAgencyForm,
    NewAgencyForm,
    NewBundleForm,
)
from recordsvc.money.claims.agency_tables import claim_agency
from recordsvc.money.claims.behalf import Bundle, Line
from recordsvc.money.claims.forms import AgencyForm, ClaimsForm
from recordsvc.money.claims.services import bp, who
from recordsvc.money.claims.tables import claim
from recordsvc.money.claims.values import Who, listed
from recordsvc.people import merges

PAPER_KIND = "agency-contract"


# -- the worker


def own_agencies() -> list[Agency]:
    """Return the contracts of the worker who asks, the newest first. Raises `ArchiveRestricted`."""
    persons.read(house(), own_worker())
    with house().db.read() as conn:
        return agencies.of_person(conn, own_worker())


def own_agency(agency_id: bytes) -> Agency:
    """Return a contract of the worker who asks. Raises `AgencyUnknown`."""
    with house().db.read() as conn:
        mine = sorted(merges.together(conn, [own_worker()]))
        return agencies.find(conn, agency_id, claim_agency.c.worker_id.in_(mine))


def give_own(form: dict[str, Any]) -> bytes:
    """Let an institution claim for the worker who asks; the contract's id.

    Raises `AgencyRefused`; at the window `OwnProofTyped`, `LoginPaced`.
    """
    worker_id, by = own_worker(), who().actor
    settle = own_proof.typed(house(), actor(), form)

    def act(turn: Turn) -> str:
        settle(turn)
        today = beijing_date(turn.now_ms).isoformat()
        wanted = Wanted(form["institution"], tuple(form["kinds"]), today, form["until_on"])
        return agencies.give(turn, house(), worker_id, wanted, by).hex()

    return bytes.fromhex(once(act))


def end_own(agency_id: bytes, how: str, reason: str) -> None:
    """End a contract of the worker who asks, or deny it. Raises `AgencyUnknown`, `AgencyOver`."""
    by = who().actor
    own_agency(agency_id)

    def act(turn: Turn) -> str:
        one = agencies.find(turn.conn, agency_id)
        if how == agencies.DENIED:
            behalf.deny(turn, house(), one, reason, by)
        else:
            agencies.end(turn, house(), one, how, reason, by)
        return how

    once(act)


@door(
    bp,
    "GET",
    "/v1/me/agencies",
    policy="own.agency.read",
    answer=AgenciesForm,
    problems=(ArchiveRestricted,),
    summary="我委托谁代办 / Whom I let claim subsidies for me, running and ended",
)
def my_agencies() -> flask.Response:
    """Send all."""
    return answers.answer(
        {"items": [views.agency(house(), one) for one in own_agencies()]}, form=AgenciesForm
    )


@door(
    bp,
    "POST",
    "/v1/me/agencies",
    policy="own.agency.give",
    step_up=True,
    body=NewAgencyForm,
    answer={201: AgencyMadeForm},
    problems=(problems.AgencyRefused, OwnProofTyped, LoginPaced),
    idempotent=True,
    summary="委托机构代办 / Let an institution claim for me until a day",
)
def give_agency(form: dict[str, Any]) -> flask.Response:
    """Make a contract by the worker's own word."""
    return answers.answer({"agency_id": give_own(form)}, 201, form=AgencyMadeForm)


@door(
    bp,
    "POST",
    "/v1/me/agencies/<id:agency_id>/end",
    policy="own.agency.end",
    body=EndAgencyForm,
    answer=AgencyForm,
    problems=(problems.AgencyUnknown, problems.AgencyOver),
    idempotent=True,
    summary="终止或否认委托 / End a contract at once, or deny it",
)
def end_agency(agency_id: bytes, form: dict[str, Any]) -> flask.Response:
    """End it."""
    end_own(agency_id, form["how"], form["reason"])
    return answers.answer(views.agency(house(), own_agency(agency_id)), form=AgencyForm)


# -- the institution


def by_institution() -> Who:
    """Return who files for an institution: a person of it, or its machine."""
    return Who(author(actor()), filing.WORKER_ROLES)


def file_sheet(form: dict[str, Any]) -> bytes:
    """File a sheet for the institution that asks; its id. Raises `AgencyRefused`, `FormRefused`."""
    institution, by, lines = own_institution(), by_institution(), form["lines"]
    today = beijing_date(house().clock.now_ms()).isoformat()
    most = terms.count("bundle-lines", today)
    if len(lines) > most:
        detail = f"一次最多 {most} 人，请分几次提出"
        raise FormRefused(errors=[{"pointer": "/lines", "code": "length", "detail": detail}])
    contract = _contract(institution, form, today)
    sheet = Bundle(institution, form["kind"], form["paid_to"], len(lines), by.actor)
    bundle_id = bytes.fromhex(once(lambda turn: behalf.begin(turn, house(), sheet).hex()))
    with house().db.read() as conn:
        begun = behalf.find(conn, bundle_id, institution)
    behalf.run(house(), begun, [_line(one) for one in lines], contract, by)
    return bundle_id


def _line(told: dict[str, Any]) -> Line:
    fee = told["fee_fen"]
    members = ("document", "number", "name", "record_id", "certificate")
    return Line(**{name: told[name] for name in members}, told={} if fee is None else {"fee_fen": fee})


def _contract(institution: str, form: dict[str, Any], today: str) -> Wanted | None:
    """Return what the paper of a sheet says; the kind is judged with it. Raises `AgencyRefused`."""
    if form["kind"] not in terms.kinds(today):
        raise _refused("/kind", "请选择可以申领的补贴项目")
    told = form["contract"]
    if told is None:
        return None
    papers = {one.paper_id for one in house().papers.of(institution) if one.kind == PAPER_KIND}
    if told["paper_id"] not in papers:
        raise _refused("/contract/paper_id", "没有这份委托协议：请先上传本单位的“代理协议”材料")
    wanted = Wanted(institution, (form["kind"],), told["signed_on"], told["until_on"], told["paper_id"])
    agencies.check(house(), wanted, house().clock.now_ms())
    return wanted


def _refused(pointer: str, detail: str) -> problems.AgencyRefused:
    return problems.AgencyRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])


def sheet_told(bundle_id: bytes) -> dict[str, Any]:
    """Return a sheet of the institution that asks with what became of each line. Raises `BundleUnknown`."""
    with house().db.read() as conn:
        sheet = behalf.find(conn, bundle_id, own_institution())
        rows = behalf.outcomes(conn, bundle_id)
        ids = [row.claim_id for row in rows if row.claim_id is not None]
        claims = {one.claim_id: one for one in listed(conn, claim.c.claim_id.in_(ids))}
    return brief(sheet) | {
        "filed": len(claims),
        "refused": len(rows) - len(claims),
        "outcomes": [
            {
                "n": row.n,
                "claim": None if row.claim_id is None else views.brief(claims[bytes(row.claim_id)]),
                "code": row.code,
                "detail": row.detail,
            }
            for row in rows
        ],
    }


def brief(sheet: Bundle) -> dict[str, Any]:
    """Return a sheet without its lines."""
    members = ("bundle_id", "kind", "paid_to", "lines", "filed_ms")
    return {name: getattr(sheet, name) for name in members} | {"kind_name": views.kind_zh(sheet.kind)}


def own_sheets() -> list[Bundle]:
    """Return the sheets of the institution that asks, the newest first."""
    with house().db.read() as conn:
        return behalf.of_institution(conn, own_institution())


@door(
    bp,
    "GET",
    "/v1/institution/claims",
    policy="institution.claim.read",
    answer=ClaimsForm,
    summary="本单位代办的申领 / Claims that the institution filed: how each stands, nothing of a person",
)
def institution_claims() -> flask.Response:
    """List them, the newest first."""
    with house().db.read() as conn:
        found = behalf.filed(conn, own_institution())
    return answers.answer({"items": [views.brief(one) for one in found]}, form=ClaimsForm)


@door(
    bp,
    "POST",
    "/v1/institution/claim-bundles",
    policy="institution.claim.file",
    body=NewBundleForm,
    answer={201: BundleToldForm},
    problems=(problems.AgencyRefused,),
    idempotent=True,
    summary="代办名单 / File a sheet of claims on workers' behalf; each line for itself",
)
def file_bundle(form: dict[str, Any]) -> flask.Response:
    """File it and tell what became of each line; one that broke off goes on under the same key."""
    return answers.answer(sheet_told(file_sheet(form)), 201, form=BundleToldForm)


@door(
    bp,
    "GET",
    "/v1/institution/claim-bundles",
    policy="institution.claim.read",
    answer=BundlesForm,
    summary="本单位的代办名单 / The institution's sheets, the newest first",
)
def institution_bundles() -> flask.Response:
    """List them."""
    return answers.answer({"items": [brief(one) for one in own_sheets()]}, form=BundlesForm)


@door(
    bp,
    "GET",
    "/v1/institution/claim-bundles/<id:bundle_id>",
    policy="institution.claim.read",
    answer=BundleToldForm,
    problems=(problems.BundleUnknown,),
    summary="一份代办名单 / One sheet with what became of each line",
)
def institution_bundle(bundle_id: bytes) -> flask.Response:
    """Show one."""
    return answers.answer(sheet_told(bundle_id), form=BundleToldForm)


@door(
    bp,
    "GET",
    "/v1/institution/agencies",
    policy="institution.claim.read",
    answer=AgenciesForm,
    summary="委托本单位代办的协议 / Contracts by which the institution may claim, nothing of a person",
)
def institution_agencies() -> flask.Response:
    """List them, the newest first."""
    with house().db.read() as conn:
        found = agencies.listed(conn, claim_agency.c.institution == own_institution())
    return answers.answer({"items": [views.agency(house(), one) for one in found]}, form=AgenciesForm)


@door(
    bp,
    "POST",
    "/v1/institution/agencies/<id:agency_id>/end",
    policy="institution.claim.file",
    answer=AgencyForm,
    problems=(problems.AgencyUnknown, problems.AgencyOver),
    idempotent=True,
    summary="本单位终止委托协议 / Give a contract up; the worker is told",
)
def give_agency_up(agency_id: bytes) -> flask.Response:
    """Give it up."""
    institution, by = own_institution(), author(actor())

    def find() -> Agency:
        with house().db.read() as conn:
            return agencies.find(conn, agency_id, claim_agency.c.institution == institution)

    one = find()

    def act(turn: Turn) -> str:
        agencies.end(turn, house(), agencies.find(turn.conn, agency_id), agencies.GIVEN_UP, "", by)
        return one.agency_id.hex()

    once(act)
    return answers.answer(views.agency(house(), find()), form=AgencyForm)
