"""No door tells by a number who has an archive: every one that takes a number of a person is placed here.

Those that take a case, too, are knocked at in `test_case_doors.py`. A number that is proposed for a worker
is answered alike whoever has it; the second official learns it, and both persons read who did.
"""

import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc import service
from recordsvc.access import number_conflicts
from recordsvc.access.grants import POLICIES, Kind
from recordsvc.access.policy import doors
from recordsvc.access.tables import looked
from recordsvc.ground.forms import Form
from recordsvc.ground.reading import Bytes
from recordsvc.ground.two_person import proposal
from tests.journeys import test_case_doors
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_cases import Scene, carded

TAKES = frozenset({"number", "document_number", "card", "learners", "lines", "worker"})
"""Fields for a number of a person, or for rows with one."""
WORKERS_FORM = "POST /desk/workers/<id:worker_id>"
"""Pages below it share a form whose `number` counts where a number is added."""
DRIVEN = {
    "POST /v1/desk/workers/<id:worker_id>/numbers",
    "POST /desk/workers/<id:worker_id>/numbers",
}
PLACED = {
    "POST /v1/desk/own-archive": "one's own: tests/archive/test_own_archives.py",
    "POST /desk/own-archive": "one's own: tests/archive/test_own_archives.py",
    "POST /v1/centre/classes": "kept as typed, nobody is looked for: tests/training/test_classes.py",
    "POST /v1/centre/classes/<id:class_id>/learners": "as the class: tests/training/test_classes.py",
    "POST /centre/classes/new": "page of POST /v1/centre/classes",
    "POST /centre/classes/<id:class_id>/learners": "page of the same door",
    "POST /v1/institution/apprentice-plans/<id:plan_id>/apprentices": "without an enrolment of its own "
    "class everybody answers like nobody (`apprentices.unmatched`)",
    "POST /v1/exports/reconciliations": "lines of a feed by the receiver's own references",
    "POST /centre/claims": "page of POST /v1/institution/claim-bundles",
    "POST /centre/fees/<id:offering_id>/<act>": "the number of a receipt",
    "POST /v1/institution/claim-bundles": "whom it has no contract with answers like nobody (UNMATCHED)",
    "POST /v1/centre/fee-payments": "the number of a receipt",
    "POST /v1/centre/fee-refunds": "the number of a receipt",
    "POST /v1/desk/bank/accounts": "an account of the region",
    "POST /desk/payee-accounts/new": "page of the door that takes a case: tests/journeys/test_case_doors.py",
    "POST /desk/held/<id:held_id>/release": "the forms of a page; its number is read nowhere",
    "POST /desk/held/<id:held_id>/return": "the forms of a page; its number is read nowhere",
}
GROUND = {"ground": "document-renewed", "text": "公安机关证明"}


def with_a_number() -> set[str]:
    """Return the doors, as `METHOD rule`, of anybody but the worker that take a number of a person."""
    found = set()
    for one in doors(service.skeleton()).values():
        if {grant.kind for grant in POLICIES[one.policy]} <= {Kind.WORKER}:
            continue
        for read in (one.body, one.query):
            form = getattr(read, "schema", read)
            if isinstance(form, type) and issubclass(form, Form) and not TAKES.isdisjoint(form().load_fields):
                found |= {f"{method} {one.rule}" for method in one.methods}
    return found


FILES = {
    "POST /v1/records": "signed records: who is known is told to nobody (tests/archive/test_admission.py)",
    "POST /v1/batches": "as /v1/records: unknown and foreign people are held alike",
    "POST /v1/desk/imports/try": "old papers: the answer is about the file (tests/web/test_desk_imports.py)",
    "POST /v1/desk/imports": "as the trial: two officials decide before anybody is entered",
    "POST /desk/imports/try": "page of POST /v1/desk/imports/try",
    "POST /centre/claims": "a sheet of claims: each line as POST /v1/institution/claim-bundles",
    "POST /v1/desk/bank/files": "of a bank: accounts, payments that are ours, and no look-up of a person",
    "POST /desk/bank/files": "page of POST /v1/desk/bank/files",
    "POST /verify": "checked by what stands in the file; nobody is looked for",
    "POST /oauth/token": "a machine's assertion",
    **dict.fromkeys(
        ("POST /v1/desk/rules", "POST /desk/rules/new", "POST /desk/catalogue"), "texts of rules and tables"
    ),
    **dict.fromkeys(("POST /desk/clients/new", "POST /desk/clients/<client_id>/keys"), "a public key"),
    **dict.fromkeys(
        (
            "POST /v1/institution/papers",
            "POST /v1/desk/workers/<id:worker_id>/papers",
            "POST /desk/workers/<id:worker_id>/papers/<name>",
            "POST /desk/workers/<id:worker_id>/records/<id:record_id>/papers/<name>",
            "POST /desk/workers/<id:worker_id>/numbers/papers",
            "POST /v1/desk/draws/<id:draw_id>/objects/<object_id>/papers",
            "POST /desk/draws/<id:draw_id>/objects/<object_id>/papers",
        ),
        "a scan: kept under lock as bytes, nothing in it is read (tests/journeys/test_papers.py)",
    ),
}
"""Doors of anybody but the worker that read a file or bytes: what stands in it, and why it tells nobody."""


def test_every_door_that_takes_a_file_is_placed() -> None:
    """A form says by its fields that it takes a number; what is in a file no form says."""
    found = {
        f"{method} {one.rule}"
        for one in doors(service.skeleton()).values()
        if one.body is not None
        and (isinstance(one.body, Bytes) or "multipart/form-data" in one.body.media)
        and {it.kind for it in POLICIES[one.policy]} != {Kind.WORKER}
        for method in one.methods
    }
    assert found == FILES.keys()


def test_every_door_that_takes_a_number_is_placed() -> None:
    found = with_a_number()
    shared = {one for one in found if one.startswith(f"{WORKERS_FORM}/")} - DRIVEN
    assert found - shared == DRIVEN | PLACED.keys() | (found & test_case_doors.DRIVEN.keys())
    assert found >= DRIVEN


@pytest.fixture
def scene(journey: Journey) -> Scene:
    return Scene(journey)


def propose(scene: Scene, number: str) -> tuple[int, dict[str, Any]]:
    papers = [scene.journey.file_paper(uuid.UUID(scene.mine).bytes)]
    said = {"kind": "resident-id", "number": number, "papers": papers} | GROUND
    answer = scene.answer("handler", f"/v1/desk/workers/{scene.mine}/numbers", said)
    return answer.status_code, answer.json


def traces(scene: Scene) -> tuple[Any, ...]:
    return scene.rows(scene.mine), scene.rows(scene.other), scene.acts()


def test_who_proposes_a_number_is_told_the_same_whoever_has_it(scene: Scene) -> None:
    own, other = (one["number"] for one in scene.people)
    nobody = carded(scene.journey, 9)["number"]
    before = traces(scene)
    told = [propose(scene, number) for number in (nobody, other, own)]
    assert [status for status, _ in told] == [202] * 3
    assert len({tuple(sorted(body)) for _, body in told}) == 1
    assert traces(scene) == before
    with scene.journey.house.db.read() as conn:
        rows = conn.execute(sa.select(proposal).where(proposal.c.kind == "number.add")).all()
    assert len({(len(row.payload), row.basis, row.parties, row.area) for row in rows}) == 1


def test_the_second_official_learns_whose_it_is_and_both_read_who(scene: Scene) -> None:
    _status, asked = propose(scene, scene.people[1]["number"])
    refused = scene.journey.decide("reviewer", asked["proposal_id"], status=409)
    assert refused["code"] == "number-taken"
    assert "number" not in str(refused.get("errors"))
    for worker in (scene.mine, scene.other):
        (row,) = [one for one in scene.rows(worker) if one.case_ref == asked["proposal_id"]]
        assert (row.actor_kind, row.purpose) == ("official", number_conflicts.PURPOSE)
    listed = scene.journey.read("handler", "/v1/desk/proposals?state=closed")["items"]
    (one,) = [one for one in listed if one["id"] == asked["proposal_id"]]
    assert (one["state"], one["reason"]) == ("refused", number_conflicts.NOT_DONE)
    assert scene.journey.decide("reviewer", asked["proposal_id"], status=409)["code"] == "proposal-closed"


def test_a_number_of_nobody_is_added_and_tells_nobody_of_a_look(scene: Scene) -> None:
    number = carded(scene.journey, 9)["number"]
    _status, asked = propose(scene, number)
    scene.journey.decide("reviewer", asked["proposal_id"])
    assert scene.journey.house.people.find("resident-id", number) == uuid.UUID(scene.mine).bytes
    with scene.journey.house.db.read() as conn:
        assert conn.scalar(sa.select(sa.func.count()).select_from(looked)) == 0


def test_the_page_of_the_decision_says_it_and_ends_it(scene: Scene) -> None:
    _status, asked = propose(scene, scene.people[1]["number"])
    client, token = scene.journey.browser("reviewer")
    path = f"/desk/proposals/{asked['proposal_id']}"
    said = {"word": "approve", "reason": "核对无误", "csrf_token": token}
    answer = client.post(f"{path}/decide", data=said, base_url=HOST, headers={"Origin": HOST})
    assert "该号码已登记在另一份档案" in answer.text
    assert number_conflicts.NOT_DONE in client.get(path, base_url=HOST).text
