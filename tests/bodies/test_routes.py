"""The doors of the register of institutions."""

import pytest

from tests.access.conftest import *  # noqa: F403 - the same house, browsers and personas

BODY = {
    "uscc": "91640100MATE5T0173",
    "name": "某职业培训学校",
    "kind": "training-institution",
    "valid_from": "2020-03-01",
    "source": "办学许可证",
}
ONE = "/v1/desk/institutions/91640100MATE5T0173/facts"


def test_a_registrar_enters_and_all_desks_read(enter):
    answer = enter("registrar").post("/v1/desk/institutions", BODY)
    assert (answer.status_code, answer.json["in_force"], answer.json["closed_on"]) == (201, True, None)
    for kind in ("auditor", "handler", "inspector"):
        items = enter(kind).get("/v1/desk/institutions").json["items"]
        assert [(item["uscc"], item["name"]) for item in items] == [(BODY["uscc"], BODY["name"])]


def test_facts_are_stated_one_by_one(enter):
    registrar = enter("registrar")
    registrar.post("/v1/desk/institutions", BODY)
    fact = {"fact": "closed", "on": "2021-07-01", "value": "自愿停办", "source": "注销决定"}
    answer = registrar.post(ONE, fact)
    assert (answer.status_code, answer.json["closed_on"]) == (201, "2021-07-01")
    assert answer.json["facts"][-1]["stated_by"] == "official:demo-registrar"


def test_a_repetition_under_one_key_states_one_fact(enter):
    registrar = enter("registrar")
    headers = {"Idempotency-Key": "institution-1"}
    first = registrar.post("/v1/desk/institutions", BODY, **headers)
    assert registrar.post("/v1/desk/institutions", BODY, **headers).json == first.json
    assert registrar.post("/v1/desk/institutions", BODY).json["code"] == "institution-known"


@pytest.mark.parametrize("kind", ["handler", "auditor", "worker"])
def test_others_enter_nothing(enter, kind: str):
    assert enter(kind).post("/v1/desk/institutions", BODY).status_code == 403


def test_an_unknown_institution_has_no_facts(enter):
    fact = {"fact": "closed", "on": "2021-07-01", "value": "", "source": "注销决定"}
    assert enter("registrar").post(ONE, fact).json["code"] == "institution-unknown"


@pytest.mark.parametrize(
    "change", [{"kind": "palace"}, {"valid_to": "2019-01-01"}, {"owner": "x"}, {"name": ""}]
)
def test_an_impossible_institution_is_refused(enter, change: dict[str, str]):
    assert enter("registrar").post("/v1/desk/institutions", BODY | change).status_code == 422
