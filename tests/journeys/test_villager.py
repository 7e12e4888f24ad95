"""A villager trained in another province: stated, verified by one official, decided by another."""

import io
import uuid

from tests.journeys.desk import HOST, Journey

SAID = {
    "evidence_kind": "level-certificate",
    "title": "职业技能等级证书（中式面点师，四级）",
    "number": "S000061000012234000123",
    "province": "61",
    "issued_by": "陕西示范技能评价中心",
    "level": "4",
    "awarded_on": "2023-09-10",
}
PROOF = {"on": "2024-06-01", "method": "全国联网查询", "by": "示范登记机关", "reference": "CX-1"}


def test_evidence_from_elsewhere_is_stated_verified_and_shown(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(3)
    answer = journey.post(
        centre,
        "/v1/batches",
        journey.batch(centre, [journey.completion(centre, worker)]),
        "application/x-ndjson",
    )
    assert answer.status_code == 201, answer.json
    me = journey.sign_in(worker["number"])
    said = journey.act(me, "/v1/me/foreign-evidence", {**SAID, "papers": ["ab" * 32]}, 201)
    assert journey.act(me, "/v1/me/foreign-evidence", {**SAID, "papers": ["ab" * 32]}, 201) == said

    archive = journey.read(me, "/v1/me/archive")
    told = archive["records"][-1]
    assert (told["trust"], told["record"]["provenance"]["papers"]) == ("stated", ["ab" * 32])
    assert archive["elsewhere"]["records"] == 1
    assert "外省" in archive["elsewhere"]["zh"]

    path = f"/v1/desk/workers/{archive['worker_id']}/records/{told['id']}/trust"
    unverified = {"trust": "query-confirmed", "text": "联网查询"}
    assert journey.act("handler", path, unverified, 422)["code"] == "content"
    today = journey.read(me, "/v1/me/archive")["records"][-1]["record"]["issued_on"]
    proof = {**PROOF, "on": today}
    asked = {**unverified, "verification": proof}
    nothing_filed = journey.act("handler", path, asked, 422)
    assert (nothing_filed["code"], nothing_filed["errors"][0]["pointer"]) == ("evidence-needed", "/papers")
    printed = journey.file_paper(uuid.UUID(archive["worker_id"]).bytes, "query-result")
    proposed = journey.act("handler", path, {**asked, "papers": [printed]})
    listed = journey.read("reviewer", "/v1/desk/proposals?state=open")["items"]
    (waits,) = (one["payload"] for one in listed if one["id"] == proposed["proposal_id"])
    assert (waits["verification"], "sealed" in waits) == (proof, False), "whoever decides reads what it says"
    assert printed in waits["papers"], "and opens what shows it"
    journey.decide("reviewer", proposed["proposal_id"])
    told = journey.read(me, "/v1/me/archive")["records"][-1]
    assert (told["trust"], told["body"]["verification"]) == ("query-confirmed", proof)


def test_the_page_asks_again_for_what_is_missing_and_shows_the_record(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(4)
    journey.post(
        centre,
        "/v1/batches",
        journey.batch(centre, [journey.completion(centre, worker)]),
        "application/x-ndjson",
    )
    client, token = journey.browser(journey.sign_in(worker["number"]))

    def send(**changes: str) -> tuple[int, str]:
        form = {**SAID, **changes, "csrf_token": token, "scan": (io.BytesIO(), "")}
        answer = client.post(
            "/me/foreign",
            data=form,
            content_type="multipart/form-data",
            base_url=HOST,
            headers={"Origin": HOST},
        )
        return answer.status_code, answer.headers.get("Location", answer.text)

    assert "登记外省材料" in client.get("/me/foreign", base_url=HOST).text
    for changes, text in (
        ({"title": ""}, "请填写证书或培训的名称"),
        ({"province": "64"}, "请选择取得的省份"),
        ({"awarded_on": "2099-01-01"}, "且不晚于今天"),
    ):
        status, shown = send(**changes)
        assert (status, text in shown) == (422, True), shown
    status, place = send()
    assert status == 303
    shown = client.get(place, base_url=HOST).text
    assert "本人陈述" in shown
    assert "看不到其他省份" in client.get("/me", base_url=HOST).text
