"""Doors of the desk that bring in old papers from a file; `recordsvc import` takes longer ones."""

from typing import Any

import flask

from recordsvc.access.case_errors import CaseRefused, CaseUnknown
from recordsvc.access.entrance import actor
from recordsvc.access.policy import door
from recordsvc.access.services import once, reference
from recordsvc.archive import desk_importing, import_errors, import_opened, import_persons, importing
from recordsvc.archive.desk_importing import MOST_BYTES
from recordsvc.archive.import_forms import (
    MOST_ANSWERS,
    ImportForm,
    ImportProposedForm,
    ImportProposeForm,
    ImportRowsForm,
    ImportRowsQuery,
    ImportRunsForm,
    ImportTriedForm,
)
from recordsvc.archive.importrows import Plan
from recordsvc.archive.services import bp, house
from recordsvc.ground import answers, http
from recordsvc.ground.ports import uuid_text
from recordsvc.ground.reading import Upload
from recordsvc.ground.two_person import StaleProposal, UnknownProposal

LIMIT = MOST_BYTES + MOST_ANSWERS + 4096


@door(
    bp,
    "GET",
    "/v1/desk/imports",
    policy="import.propose",
    answer=ImportRunsForm,
    summary="旧档案导入的进度 / The newest imports of old papers and how far each is",
)
def list_imports() -> flask.Response:
    """List runs of the own area, nothing of what their rows say."""
    return answers.answer({"items": desk_importing.runs(house(), actor())}, form=ImportRunsForm)


@door(
    bp,
    "POST",
    "/v1/desk/imports/try",
    policy="import.propose",
    body=Upload(ImportForm, ("file",), LIMIT),
    answer=ImportTriedForm,
    problems=(import_errors.FileUnreadable,),
    summary="试算旧档案文件 / Try a file of old papers: wrong rows and open questions; nothing is entered",
)
def try_import(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Judge the rows of a file; who tried it is in the list of acts before."""
    sheet = house().paper_sheet(files["file"], form["type"], form["profile"])
    found = desk_importing.tried(house(), _plan(sheet, form), sheet, actor())
    said = {
        "file_sha256": sheet.sha256.hex(),
        "ready": found.ready,
        "refused": len(found.bad),
        "errors": desk_importing.told(sheet, found.bad),
        "questions": found.questions,
    }
    return answers.answer(said, form=ImportTriedForm)


@door(
    bp,
    "POST",
    "/v1/desk/imports",
    policy="import.propose",
    step_up=True,
    body=Upload(ImportProposeForm, ("file",), LIMIT),
    answer={202: ImportProposedForm},
    problems=(
        import_errors.FileUnreadable,
        import_errors.QuestionsOpen,
        import_errors.NothingToEnter,
        import_errors.ImportBegun,
        CaseRefused,
        CaseUnknown,
        StaleProposal,
    ),
    idempotent=True,
    summary="提请导入旧档案 / Propose that the good rows of a file enter, vouched for by an office",
)
def propose_import(form: dict[str, Any], files: dict[str, bytes]) -> flask.Response:
    """Seal the rows and propose the run; a second official decides, `recordsvc work` enters it."""
    sheet = house().paper_sheet(files["file"], form["type"], form["profile"])
    plan = _plan(sheet, form)
    run = desk_importing.loaded(house(), plan, sheet)
    proposal = (
        once(lambda turn: uuid_text(importing.propose(turn, run.run_id, plan)))
        if run.proposal is None
        else uuid_text(run.proposal)
    )
    said = {
        "proposal_id": bytes.fromhex(proposal.replace("-", "")),
        "ready": run.ready,
        "refused": run.refused,
        "errors": desk_importing.told(sheet, importing.refused(house(), run.run_id)),
    }
    return answers.answer(said, 202, form=ImportProposedForm)


@door(
    bp,
    "GET",
    "/v1/desk/proposals/<id:proposal_id>/rows",
    policy="proposal.decide",
    query=ImportRowsQuery,
    answer=ImportRowsForm,
    problems=(UnknownProposal,),
    summary="核对待导入的行 / Rows of a proposed import, masked, for whoever may decide it",
    description="The opening is a row of who looked for whoever is known here by a number of these rows. "
    "Rows in `withheld` say what is restricted, and are opened to nobody.",
)
def rows_of_import(proposal_id: bytes, query: dict[str, int]) -> flask.Response:
    """Show a portion of what would enter; the rows of who looked are durable before."""
    found = import_opened.opened(house(), proposal_id, query["after"], actor(), http.current().id)
    said = {
        "type": found.record_type,
        "items": found.rows,
        "withheld": found.withheld,
        "next_after": found.next_after,
    }
    return answers.answer(said, form=ImportRowsForm)


def _plan(sheet: desk_importing.Sheet, form: dict[str, Any]) -> Plan:
    case, where = form.get("case_ref", ""), import_persons.reach_of(actor())
    stated = (form["type"], form["source"], form["vouched_by"])
    return Plan(sheet.sha256, *stated, reference(), case, where, actor())
