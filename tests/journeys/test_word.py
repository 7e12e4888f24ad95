"""The worker's word: of what it was said, on whose record, and what others may do to it afterwards."""

import html
import json
import re
from typing import Any

from recordsvc.people import synthetic
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Centre, Journey, record_id

OTHER = synthetic.uscc(12, registrar="52")


def enter(journey: Journey, centre: Centre, record: bytes) -> dict[str, Any]:
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, record))
    assert answer.status_code == 201, answer.json
    return dict(answer.json)


def records(journey: Journey, me: str) -> list[dict[str, Any]]:
    return list(journey.read(me, "/v1/me/archive")["records"])


def test_a_confirmed_record_that_is_corrected_is_asked_for_again(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    me, path = journey.sign_in(worker["number"]), f"/v1/me/records/{record_id(record)}"
    seen = {"seen": records(journey, me)[0]["seen"]}
    journey.act(me, f"{path}/confirm", seen, 201)
    seen = {"seen": records(journey, me)[0]["seen"]}

    change = {"corrects": record_id(record), "fields": {"/body/score": "61"}, "reason": "成绩录入有误"}
    corrected = enter(journey, centre, journey.record(centre, "correction", worker, change))
    (told,) = records(journey, me)
    assert (told["confirmation"], told["corrected_since_said"]) == ("unconfirmed", True)
    assert told["seen"] == corrected["index"]
    assert journey.act(me, f"{path}/confirm", seen, 409)["code"] == "changed-since-seen"
    journey.act(me, f"{path}/confirm", {"seen": told["seen"]}, 201)
    (told,) = records(journey, me)
    assert (told["confirmation"], told["corrected_since_said"]) == ("confirmed", False)


def test_of_two_records_with_one_id_the_issuer_is_named(journey: Journey) -> None:
    first, second = journey.centre(), journey.centre(OTHER, "六盘山职业培训学校")
    worker = journey.person(1)
    record = journey.completion(first, worker)
    body = json.loads(journey.completion(second, worker))["body"]
    for centre, raw in (
        (first, record),
        (second, journey.record(second, "training-completion", worker, body, record_id(record))),
    ):
        enter(journey, centre, raw)
    me, path = journey.sign_in(worker["number"]), f"/v1/me/records/{record_id(record)}"
    told = {one["record"]["issuer"]: one for one in records(journey, me)}

    assert journey.read(me, path, 409)["code"] == "record-ambiguous"
    assert journey.read(me, f"{path}?issuer={OTHER}")["record"]["issuer"] == OTHER
    seen = {"seen": told[OTHER]["seen"]}
    assert journey.act(me, f"{path}/confirm", seen, 409)["code"] == "record-ambiguous"
    journey.act(me, f"{path}/confirm?issuer={OTHER}", seen, 201)
    assert {one["record"]["issuer"]: one["confirmation"] for one in records(journey, me)} == {
        first.uscc: "unconfirmed",
        OTHER: "confirmed",
    }
    seen = {"seen": told[first.uscc]["seen"]}
    journey.act(me, f"{path}/confirm?issuer={first.uscc}", seen, 201)
    assert {one["confirmation"] for one in records(journey, me)} == {"confirmed"}


def test_of_two_records_with_one_id_either_is_restricted_erased_and_left_alone(journey: Journey) -> None:
    """By the interface naming the issuer; by the page through the card, which names none of a sealed one."""
    first, second = journey.centre(), journey.centre(OTHER, "六盘山职业培训学校")
    worker = journey.person(1)
    record = journey.completion(first, worker)
    body = json.loads(journey.completion(second, worker))["body"]
    enter(journey, first, record)
    enter(journey, second, journey.record(second, "training-completion", worker, body, record_id(record)))
    me = journey.sign_in(worker["number"])
    own = journey.read(me, "/v1/me/archive")["worker_id"]
    path = f"/v1/desk/workers/{own}/records/{record_id(record)}"
    sealing, ending = {"ground": "erasure-requested", "text": "申请"}, {"ground": "unlawful", "text": "属实"}
    for uscc in (first.uscc, OTHER):
        assert journey.act("handler", f"{path}/restrict", sealing, 409)["code"] == "record-ambiguous"
        asked = journey.act("handler", f"{path}/restrict", {**sealing, "issuer": uscc})
        journey.decide("data-officer", asked["proposal_id"])

    assert journey.act("handler", f"{path}/erase", ending, 409)["code"] == "record-ambiguous"
    asked = journey.act("handler", f"{path}/erase", {**ending, "issuer": first.uscc})
    journey.decide("data-officer", asked["proposal_id"])
    assert [one["life"] for one in records(journey, me)] == ["erased", "restricted"]

    client, token = journey.browser("handler")
    typed = {"purpose": "service-window", "case_ref": "K-9", "csrf_token": token}
    sent = {"base_url": HOST, "headers": {"Origin": HOST}}
    looked = client.post(f"/desk/workers/{own}", data=typed, **sent)
    archive = client.get(looked.location, base_url=HOST).text
    links = re.findall(r'href="([^"]*/records/[^"]*/erase[^"]*)"', archive)
    (link,) = {html.unescape(one) for one in links}
    assert OTHER not in archive
    form = client.get(link, base_url=HOST)
    assert form.status_code == 200, form.text
    hidden = dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form.text))
    made = client.post(link.partition("?")[0], data={**hidden, **ending}, **sent)
    assert made.status_code == 303, made.text
    journey.decide("data-officer", made.location.rpartition("/")[2])
    assert [one["life"] for one in records(journey, me)] == ["erased", "erased"]


def test_a_fact_dated_back_changes_no_standing_entry(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    journey.clock.advance(1_000)
    body = {
        "granted_by": {"name": centre.name, "uscc": centre.uscc},
        "granted_on": "2025-10-01",
        "tier": "national",
        "title": "技术能手",
    }
    answer = journey.post(
        centre, "/v1/records", sign.single_body(centre.key, journey.record(centre, "honour", worker, body))
    )
    assert answer.status_code == 201, answer.json
    me = journey.sign_in(worker["number"])
    before = [one["confirmation"] for one in records(journey, me)]
    journey.clock.advance(1_000)
    fact = {"fact": "kind", "on": "2015-01-02", "value": "bureau", "source": "更正登记"}
    journey.act("registrar", f"/v1/desk/institutions/{centre.uscc}/facts", fact, 201)

    assert [one["confirmation"] for one in records(journey, me)] == before


def test_a_worker_states_an_experience_once(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(1)
    enter(journey, centre, journey.completion(centre, worker))
    me = journey.sign_in(worker["number"])
    said = {
        "matter": "work",
        "started_on": "2019-03-01",
        "ended_on": "2021-06-30",
        "text": "在工地做焊工两年多。",
        "title": "工地焊工",
    }
    first = journey.act(me, "/v1/me/statements", said, 201)
    assert journey.act(me, "/v1/me/statements", said, 201) == first
    stated = records(journey, me)[1]
    assert (stated["id"], stated["record"]["type"]) == (first["id"], "worker-statement")
    assert stated["record"]["body"] == {**said, "channel": "api"}
    assert stated["record"]["actor"]["role"] == "worker"

    for change in ({"matter": "rumour"}, {"ended_on": "2018-01-01"}, {"started_on": "in March!!"}):
        journey.act(me, "/v1/me/statements", said | change, 422)
    journey.act("registrar", "/v1/me/statements", said, 403)
