"""Claims on workers' behalf over http and pages: contracts, sheets, who sees what."""

import dataclasses
import io
import re
import uuid
from typing import Any

import pytest

from recordsvc.access import demo
from recordsvc.access.grants import Position
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.money.claims import agencies
from recordsvc.money.claims.errors import AgencyOver
from recordsvc.settings import Settings
from tests.archive.paperfiles import pdf
from tests.archive.support import Centre, id_of, person
from tests.archive.test_disputes import confirm
from tests.journeys.desk import HOST, Journey
from tests.money.claims.world import HANDLER, World
from tests.web.conftest import BROWSER, Visitor
from tests.web.test_pages import sound
from tests.web.test_typed_again import stands


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def journey(app: Any, house: House, clock: FixedClock) -> Journey:
    return Journey(app, house, clock)


@dataclasses.dataclass
class Place:
    """A centre with a clerk, and two learners who finished its course."""

    world: World
    journey: Journey
    centre: Centre
    courses: dict[int, str]

    def learner(self, n: int) -> Visitor:
        kind = self.journey.sign_in(person(n)["number"])
        return self.at(kind)

    def clerk(self) -> Visitor:
        return self.at("clerk")

    def at(self, kind: str) -> Visitor:
        made = Visitor(self.journey.app)
        assert made.post("/login/demo", csrf=False, kind=kind).status_code == 303
        cookie = made.client.get_cookie("recordsvc-demo")
        assert cookie is not None
        made.actor = made.app.extensions["access"].sessions.find(cookie.value)
        return made

    def api(self, who: Visitor, path: str, body: dict[str, Any], key: str, status: int = 201) -> Any:
        headers = {"X-CSRF-Token": who.csrf, "Origin": HOST, "Idempotency-Key": key}
        answer = who.client.post(path, json=body, base_url=HOST, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json

    def line(self, n: int, **more: str) -> dict[str, str]:
        who = person(n)
        return {"number": who["number"], "name": who["name"], "record_id": self.courses[n], **more}

    def give(self, n: int) -> Any:
        body = {"institution": self.centre.uscc, "kinds": ["TRAIN_DAY"], "until_on": "2026-09-30"}
        return self.api(self.learner(n), "/v1/me/agencies", body, f"give-agency-{n}")


@pytest.fixture
def place(world: World, journey: Journey) -> Place:
    world.registers.said["public_payroll"] = False
    centre, courses = Centre(world.house, 7), {}
    for n in (1, 2):
        record = centre.completion(person(n))
        centre.enter(record)
        confirm(world.house, centre.worker_id(person(n)), record)
        courses[n] = id_of(record)
    labels = ("机构经办", "clerk")
    world.house.db.write(lambda turn: demo.create_staff(turn, centre.uscc, "clerk", Position.CLERK, labels))
    return Place(world, journey, centre, courses)


def test_a_sheet_over_http_has_a_result_for_each_line_and_the_same_key_files_once(place: Place) -> None:
    place.give(1)
    clerk = place.clerk()
    body = {
        "kind": "TRAIN_DAY",
        "paid_to": "institution",
        "lines": [place.line(1), place.line(2), place.line(1, name="马丁丁")],
    }
    told = place.api(clerk, "/v1/institution/claim-bundles", body, "sheet-key-1")
    assert (told["filed"], told["refused"]) == (1, 2)
    first, *others = told["outcomes"]
    assert first["claim"]["status_name"] == "审核中"
    assert {one["code"] for one in others} == {"agency-unmatched"}
    assert person(1)["number"] not in str(told)

    again = place.api(clerk, "/v1/institution/claim-bundles", body, "sheet-key-1")
    assert again == told
    listed = clerk.client.get("/v1/institution/claims", base_url=HOST).json["items"]
    assert [one["claim_id"] for one in listed] == [first["claim"]["claim_id"]]
    sheets = clerk.client.get("/v1/institution/claim-bundles", base_url=HOST).json["items"]
    assert [one["bundle_id"] for one in sheets] == [told["bundle_id"]]
    days = {"signed_on": "2025-10-01", "until_on": "2026-01-01"}
    for bad, pointer in (
        ({"kind": "NOTHING"}, "/kind"),
        ({"lines": []}, "/lines"),
        ({"contract": days | {"paper_id": str(uuid.UUID(int=1))}}, "/contract/paper_id"),
    ):
        refused = place.api(clerk, "/v1/institution/claim-bundles", body | bad, f"bad{pointer[1:4]}-key", 422)
        assert refused["errors"][0]["pointer"] == pointer


def test_who_is_of_another_institution_meets_no_sheet(place: Place, world: World) -> None:
    clerk = place.clerk()
    body = {"kind": "TRAIN_DAY", "paid_to": "worker", "lines": [place.line(1)]}
    told = place.api(clerk, "/v1/institution/claim-bundles", body, "sheet-key-1")
    world.house.db.write(
        lambda turn: demo.create_staff(
            turn, world.assessor.uscc, "other", Position.CLERK, ("机构经办", "clerk")
        )
    )
    other = place.at("other")
    path = f"/v1/institution/claim-bundles/{told['bundle_id']}"
    assert clerk.client.get(path, base_url=HOST).status_code == 200
    assert other.client.get(path, base_url=HOST).status_code == 404
    assert other.client.get("/v1/institution/claims", base_url=HOST).json == {"items": []}


def test_a_worker_sees_who_may_claim_ends_it_and_denies_what_was_never_signed(
    place: Place, world: World
) -> None:
    made = place.give(1)
    clerk = place.clerk()
    body = {"kind": "TRAIN_DAY", "paid_to": "institution", "lines": [place.line(1)]}
    told = place.api(clerk, "/v1/institution/claim-bundles", body, "sheet-key-1")
    claim = told["outcomes"][0]["claim"]["claim_id"]
    me = place.learner(1)
    page = me.get("/me/agencies")
    sound(page)
    for words in ("职业培训补贴（按天）", "您本人在这里委托", "终止委托", "我没有委托过"):
        assert words in page.text, words
    seen = me.get(f"/me/claims/{claim}").text
    assert "由谁代办" in seen
    assert "/me/agencies" in seen

    ended = me.post("/me/agencies/end", agency_id=made["agency_id"], how="denied", reason="")
    assert ended.status_code == 303
    assert "已否认" in me.get("/me/agencies").text
    assert me.post("/me/agencies/end", agency_id=made["agency_id"], how="ended").status_code == 409
    with world.house.db.read() as conn:
        one = world.read_id(conn, claim)
    with pytest.raises(AgencyOver):
        world.step(one, "accept", HANDLER)
    # Another's contract is not there.
    other = place.learner(2)
    answer = other.post("/me/agencies/end", agency_id=made["agency_id"], how="ended")
    assert answer.status_code == 404


def test_a_contract_is_given_on_the_page_with_a_fresh_proof_and_its_faults_stand_in_place(
    place: Place,
) -> None:
    me = place.learner(1)
    refused = me.post("/me/agencies", institution="9164010000000000AA", until_on="2026-01-01")
    assert refused.status_code == 422
    sound(refused)
    assert stands(refused.text, "9164010000000000AA")
    given = {"institution": place.centre.uscc, "kinds": "TRAIN_DAY", "until_on": "2026-01-01"}
    assert me.post("/me/agencies", **given).status_code == 303
    with place.world.house.db.read() as conn:
        (one,) = agencies.of_person(conn, place.centre.worker_id(person(1)))
    assert (one.kinds, one.until_on, one.source) == (("TRAIN_DAY",), "2026-01-01", "worker")
    place.world.house.clock.advance(place.world.house.settings.step_up_minutes * 60_000)
    assert me.post("/me/agencies", **given).status_code == 401


def test_a_sheet_is_pasted_on_the_page_with_the_contracts_as_one_paper(place: Place) -> None:
    clerk = place.clerk()
    page = clerk.get("/centre/claims")
    sound(page)
    rows = [place.line(n) for n in (1, 2)]
    pasted = "\n".join(f"{one['number']}\t{one['name']}\t{one['record_id']}" for one in rows)

    def bring(lines: str, scan: bytes = b"", **more: str) -> Any:
        sent = {"kind": "TRAIN_DAY", "paid_to": "institution", "lines": lines, "csrf_token": clerk.csrf}
        sent |= {"signed_on": "", "until_on": "", **more}
        files = {"contract": (io.BytesIO(scan), "x.pdf")}
        return clerk.client.post("/centre/claims", data=sent | files, headers=BROWSER)

    for lines, words in (
        ("", "请填写名单"),
        ("640104 马丁", "第 1 行不是"),
        (f"{pasted}\n1,{'马' * 100},x", "第 3 行"),
    ):
        refused = bring(lines)
        assert refused.status_code == 422, refused.text
        assert words in refused.text
        # Numbers are typed once and stand in no page again.
        assert rows[0]["number"] not in refused.text
    undated = bring(pasted, pdf())
    assert undated.status_code == 422
    assert "协议应已签订" in undated.text

    made = bring(pasted, pdf(), signed_on="2025-10-01", until_on="2026-10-01")
    assert made.status_code == 303, made.text
    sheet = clerk.get(made.location)
    sound(sheet)
    assert "已提出 2 件，未提出 0 件" in sheet.text
    assert re.search(r"第 2 行", sheet.text)
    assert "机构登记的书面协议" in place.learner(1).get("/me/agencies").text
    assert rows[0]["number"] not in clerk.get("/centre/claims").text
