"""Doors of funded projects (项目制培训): one official proposes, another decides, the institution reads.

What is paid for a project are claims for its heads, on a sheet (`/v1/institution/claim-bundles`).
"""

from typing import Any

import flask

from recordsvc.access import areas
from recordsvc.access.entrance import actor
from recordsvc.access.forms import ProposedForm
from recordsvc.access.grants import Thing, can, prefix, reach
from recordsvc.access.policy import door
from recordsvc.access.services import house, once, reference
from recordsvc.archive.services import own_institution
from recordsvc.ground import answers
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Forbidden
from recordsvc.money.claims import errors as problems
from recordsvc.money.claims import projects
from recordsvc.money.claims.project_forms import NewProjectForm, ProjectsForm
from recordsvc.money.claims.project_tables import training_project
from recordsvc.money.claims.projects import Wanted
from recordsvc.money.claims.services import bp


def seen() -> list[dict[str, Any]]:
    """Return the projects of the official's area, the newest first."""
    return _told(areas.within(reach(actor(), "fund.read"), training_project.c.region))


def own() -> list[dict[str, Any]]:
    """Return the projects of the institution that asks, the newest first."""
    return _told(training_project.c.institution == own_institution())


def _told(where: Any) -> list[dict[str, Any]]:
    known, today = house().institutions.all(), beijing_date(house().clock.now_ms()).isoformat()
    with house().db.read() as conn:
        return [
            {name: getattr(one, name) for name in projects.Project.__dataclass_fields__}
            | {
                "institution_name": known[one.institution].name_on(today) if one.institution in known else "",
                "heads": projects.heads(conn, one),
            }
            for one in projects.projects(conn, where)
        ]


def propose(form: dict[str, Any]) -> bytes:
    """Propose a project; the proposal's id. Raises `ProjectRefused`, `Forbidden` beyond one's own area."""
    wanted = Wanted(**form)
    if not can(actor(), "fund.propose", Thing(prefix(wanted.region))):
        raise Forbidden
    return bytes.fromhex(once(projects.asking(house(), wanted, reference())))


@door(
    bp,
    "GET",
    "/v1/desk/projects",
    policy="fund.read",
    answer=ProjectsForm,
    summary="项目制培训 / Funded projects of the official's area, the newest first",
)
def list_projects() -> flask.Response:
    """List them."""
    return answers.answer({"items": seen()}, form=ProjectsForm)


@door(
    bp,
    "POST",
    "/v1/desk/projects",
    policy="fund.propose",
    step_up=True,
    body=NewProjectForm,
    answer={202: ProposedForm},
    problems=(problems.ProjectRefused, Forbidden),
    idempotent=True,
    summary="提出登记项目批复 / Propose a funded project; a reviewer decides",
)
def propose_project(form: dict[str, Any]) -> flask.Response:
    """Propose it."""
    proposal_id = propose(form)
    subject = f"{form['institution']}/{form['course']}"
    return answers.answer({"proposal_id": proposal_id, "subject": subject}, 202, form=ProposedForm)


@door(
    bp,
    "GET",
    "/v1/institution/projects",
    policy="institution.claim.read",
    answer=ProjectsForm,
    summary="本单位的项目制培训 / The institution's funded projects, the newest first",
)
def own_projects() -> flask.Response:
    """List them."""
    return answers.answer({"items": own()}, form=ProjectsForm)
