"""A worker has died: the archive closes, what still arrives waits, a close relative gets a copy."""

import json

from recordsvc import anchor
from recordsvc.archive.verify import verify_bundle
from recordsvc.submit import sign
from tests.journeys.desk import Journey
from tests.journeys.test_wrong_person import archive_id, enter

PROOF = "a3" * 32


def test_the_archive_of_the_dead_is_closed_and_kept(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(5)
    enter(journey, centre, journey.completion(centre, worker))
    own = archive_id(journey, worker["number"])

    form = {"ground": "death", "on": "2025-06-01", "text": "居民死亡医学证明", "papers": [PROOF]}
    ahead = journey.act("handler", f"/v1/desk/workers/{own}/close", {**form, "on": "2999-01-01"}, 422)
    assert ahead["errors"][0]["pointer"] == "/on"
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/close", form)
    journey.decide("reviewer", proposed["proposal_id"])

    late = journey.completion(centre, worker)
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, late))
    assert answer.status_code == 202
    (waiting,) = journey.read("handler", "/v1/desk/held")["items"]
    assert waiting["reason"] == "worker-closed"

    # A relative: two officials decide, the copy leaves a row and proves itself.
    copy = f"/v1/desk/workers/{own}/copy?purpose=court-or-law&case_ref=R-1&proposal="
    asked = {"relation": "配偶", "text": "亲属关系证明", "papers": [PROOF]}
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/relatives", asked)
    early = journey.browser("handler")[0].get(copy + proposed["proposal_id"], base_url="http://localhost")
    assert (early.status_code, early.json["code"]) == (403, "copy-not-decided")
    journey.decide("reviewer", proposed["proposal_id"])
    made = journey.browser("handler")[0].get(copy + proposed["proposal_id"], base_url="http://localhost")
    assert made.status_code == 200
    assert verify_bundle(made.data, [anchor.log_key(journey.house)]).outcome.name == "PROVEN"
    assert len(json.loads(made.data)["entries"]) == 2

    # Closed in error: reopened by two, and what waited can be released.
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/reopen", {"text": "登记有误"})
    journey.decide("reviewer", proposed["proposal_id"])
    enter(journey, centre, journey.completion(centre, worker))
