"""A worker contests a record: the issuer answers; or its centre is closed, and the region decides."""

import uuid
from typing import Any

from recordsvc import anchor, fsck
from recordsvc.archive import bundle, dispute_follower, disputes
from recordsvc.archive.verify import verify_bundle
from recordsvc.ground.ports import beijing_date
from recordsvc.submit import sign
from tests.journeys.desk import Centre, Journey, record_id


def enter(journey: Journey, centre: Centre, record: bytes) -> dict[str, Any]:
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, record))
    assert answer.status_code == 201, answer.json
    return dict(answer.json)


def contest(journey: Journey, me: str, record: bytes) -> dict[str, Any]:
    """Contest a record; the case as the worker is told of it."""
    path = f"/v1/me/records/{record_id(record)}"
    seen = journey.read(me, path)["state"]["seen"]
    journey.act(me, f"{path}/contest", {"seen": seen, "reason": "wrong-result", "text": "应为 91 分"}, 201)
    dispute_follower.follower(journey.house).run()
    return dict(journey.read(me, "/v1/me/disputes")["items"][0])


def answer(journey: Journey, centre: Centre, case: str, body: bytes) -> Any:
    return journey.post(centre, f"/v1/institution/disputes/{case}/answer", body)


def test_an_issuer_reads_answers_and_corrects(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    me = journey.sign_in(worker["number"])
    case = contest(journey, me, record)["dispute_id"]
    journey.act(me, f"/v1/me/disputes/{case}/messages", {"text": "有成绩单照片"}, 204)

    (listed,) = journey.get(centre, "/v1/institution/disputes").json["items"]
    assert (listed["dispute_id"], listed["record_id"], listed["overdue"]) == (case, record_id(record), False)
    read = journey.get(centre, f"/v1/institution/disputes/{case}").json
    assert [(one["reason"], one["text"]) for one in read["said"]] == [("wrong-result", "应为 91 分")]
    assert [one["text"] for one in read["messages"]] == ["有成绩单照片"]
    client, _ = journey.browser(me)
    assert "处理异议" in client.get("/me/looked", headers={"Accept": "text/html"}).text

    change = {"corrects": record_id(record), "fields": {"/body/score": "91"}, "reason": "成绩录入有误"}
    correction = journey.record(centre, "correction", worker, change)
    said = b'{"outcome":"upheld","record_id":"%s"}' % record_id(correction).encode()
    assert answer(journey, centre, case, said).json["state"] == "answered"
    entered = enter(journey, centre, correction)
    dispute_follower.follower(journey.house).run()

    (ended,) = journey.read(me, "/v1/me/disputes")["items"]
    assert (ended["state"], ended["outcome_index"]) == ("upheld", entered["index"])
    page = client.get("/me/disputes", headers={"Accept": "text/html"}).text
    assert "记录已更正：成绩录入有误" in page
    record_page = client.get(f"/me/records/{record_id(record)}", headers={"Accept": "text/html"}).text
    assert "异议成立" in record_page
    assert answer(journey, centre, case, b'{"outcome":"rejected","text":"x"}').status_code == 409
    assert fsck.fsck(journey.house).finding is None


def test_an_issuer_refuses_and_the_region_finds_nothing(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    me = journey.sign_in(worker["number"])
    case = contest(journey, me, record)["dispute_id"]
    refused = answer(journey, centre, case, '{"outcome":"rejected","text":"试卷为准"}'.encode())
    assert (refused.json["state"], refused.json["owner"]) == ("answered", "region")

    (waiting,) = journey.read("handler", "/v1/desk/disputes")["items"]
    assert waiting["dispute_id"] == case
    path = f"/v1/desk/disputes/{case}"
    journey.act("handler", f"{path}/messages", {"text": "请带成绩单到窗口"}, 204)
    assert journey.act("handler", f"{path}/decide", {"text": "x"}, 422)["code"]
    proposed = journey.act("handler", f"{path}/decide", {"ground": "record-proven", "text": "试卷与记录一致"})
    read = journey.read("reviewer", f"{path}?purpose=objection&case_ref=YY-1")
    assert [one["type"] for one in read["proposed"]] == ["dispute-outcome"]
    journey.decide("reviewer", proposed["proposal_id"])

    (ended,) = journey.read(me, "/v1/me/disputes")["items"]
    assert (ended["state"], ended["outcome"]["body"]["text"]) == ("rejected", "试卷与记录一致")
    state = journey.read(me, f"/v1/me/records/{record_id(record)}")["state"]
    assert (state["confirmation"], state["corrected"]) == ("contested", False)
    # Of what the desk says to the worker the issuer hears nothing.
    heard = journey.get(centre, f"/v1/institution/disputes/{case}").json["messages"]
    assert [one["who"] for one in heard] == ["issuer"]


def test_the_region_corrects_what_a_closed_centre_signed(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    me = journey.sign_in(worker["number"])
    worker_id = journey.house.people.find("resident-id", worker["number"])
    assert worker_id is not None
    case = contest(journey, me, record)["dispute_id"]

    today = beijing_date(journey.clock.now_ms()).isoformat()
    keys = f"/v1/desk/issuers/{centre.uscc}/keys"
    journey.act("registrar", f"{keys}/retire", {"reason": "注销公告"}, 409)
    closed = {"fact": "closed", "on": today, "value": "停办", "source": "注销公告"}
    journey.act("registrar", f"/v1/desk/institutions/{centre.uscc}/facts", closed, 201)
    retired = journey.act("registrar", f"{keys}/retire", {"reason": "注销公告"})
    journey.decide("registrar-2", retired["proposal_id"])
    assert [key["state"] for key in journey.read("registrar", keys)["items"]] == ["revoked"]
    disputes.pass_on_due(journey.house)

    (waiting,) = journey.read("handler", "/v1/desk/disputes")["items"]
    assert (waiting["dispute_id"], waiting["state"]) == (case, "open")
    decision = {"correct": {"/body/score": "91"}, "text": "停办单位移交的成绩单为 91 分"}
    proposed = journey.act("handler", f"/v1/desk/disputes/{case}/decide", decision)
    journey.decide("reviewer", proposed["proposal_id"])

    told = journey.read(me, f"/v1/me/records/{record_id(record)}")
    assert told["state"]["body"]["score"] == "91"
    assert told["state"]["history"][-1]["issuer"] == journey.house.settings.region
    made = bundle.make(journey.house, worker_id, None)
    assert made is not None
    report = verify_bundle(made, [anchor.log_key(journey.house)])
    assert report.outcome.name == "PROVEN"
    assert uuid.UUID(told["state"]["id"]) == uuid.UUID(record_id(record))
    assert fsck.fsck(journey.house).finding is None
