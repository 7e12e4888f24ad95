"""An institution's papers at the desk: for a purpose and a case, each look an act that auditors read."""

import uuid
from typing import Any

import pytest

from tests.archive.paperfiles import pdf
from tests.journeys.desk import HOST, Centre, Journey
from tests.journeys.test_papers import WHY, file_of, form, safe


@pytest.fixture
def centre(journey: Journey) -> Centre:
    return journey.centre()


@pytest.fixture
def kept(journey: Journey, centre: Centre) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {journey.token(centre)}"}
    client = journey.app.test_client()
    answer = client.post("/v1/institution/papers", **form(pdf()), headers=headers, base_url=HOST)
    assert answer.status_code == 201
    return answer.json


def acts(journey: Journey) -> list[tuple[str, str, str, str]]:
    items = journey.read("auditor", "/v1/desk/acts")["items"]
    return [(one["act"], one["subject"], one["reason"], one["case_ref"]) for one in items]


def test_an_official_lists_and_opens_for_a_purpose_and_auditors_read_it(
    journey: Journey, centre: Centre, kept: dict[str, Any]
) -> None:
    path = f"/v1/desk/institutions/{centre.uscc}/papers"
    assert journey.read("registrar", f"{path}?{WHY}")["items"] == [kept]
    safe(file_of(journey, "registrar", f"{path}/{kept['paper_id']}?{WHY}"), pdf(), "pdf")

    assert sorted(acts(journey)) == [
        ("paper.list", centre.uscc, "claim-review", "K-1"),
        ("paper.open", f"{centre.uscc}/{kept['paper_id']}", "claim-review", "K-1"),
    ]


def test_without_a_reason_nothing_is_shown_and_nothing_noted(
    journey: Journey, centre: Centre, kept: dict[str, Any]
) -> None:
    path = f"/v1/desk/institutions/{centre.uscc}/papers"
    for one in (path, f"{path}/{kept['paper_id']}"):
        assert journey.read("handler", one, 400)["code"] == "parameter-invalid"
        assert journey.read("handler", f"{one}?purpose=curiosity&case_ref=K-1", 422)["code"] == "purpose"
        assert journey.read("auditor", f"{one}?{WHY}", 403)["code"] == "forbidden"
        assert journey.get(centre, f"{one}?{WHY}").status_code == 403
    assert acts(journey) == []


def test_missing_and_foreign_ones_answer_alike(
    journey: Journey, centre: Centre, kept: dict[str, Any]
) -> None:
    other, nobody = journey.house.settings.region, "91640000MA00000000"
    answers = [
        file_of(journey, "handler", f"/v1/desk/institutions/{nobody}/papers?{WHY}"),
        file_of(journey, "handler", f"/v1/desk/institutions/{nobody}/papers/{kept['paper_id']}?{WHY}"),
        file_of(journey, "handler", f"/v1/desk/institutions/{other}/papers/{kept['paper_id']}?{WHY}"),
        file_of(journey, "handler", f"/v1/desk/institutions/{centre.uscc}/papers/{uuid.UUID(int=7)}?{WHY}"),
    ]
    assert {(one.status_code, one.json["code"]) for one in answers} == {(404, "not-found")}
    assert acts(journey) == []
