"""A record stands in the wrong archive, and two archives are one person's: put right through the doors."""

import json
import uuid
from typing import Any

from recordsvc.access.looked import of_worker
from recordsvc.archive.announcing import announcer
from recordsvc.money.claims.notices import masked
from recordsvc.submit import sign
from tests.journeys.desk import HOST, Centre, Journey, record_id

PROOF = "a3" * 32
"""SHA-256 of a paper that nobody filed here."""


def enter(journey: Journey, centre: Centre, record: bytes) -> None:
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, record))
    assert answer.status_code == 201, answer.json


def archive_id(journey: Journey, number: str) -> str:
    form = {"kind": "resident-id", "number": number, "purpose": "identity-correction", "case_ref": "A-1"}
    return str(journey.act("handler", "/v1/desk/workers/find", form, 200)["worker_id"])


def records(journey: Journey, who: str) -> list[dict[str, Any]]:
    return list(journey.read(who, "/v1/me/archive")["records"])


def test_a_record_of_a_namesake_moves_and_is_signed_again(journey: Journey) -> None:
    """Moved by two officials, then re-signed by the centre: the signed one counts, nobody sees it twice."""
    centre, wrong, right = journey.centre(), journey.person(1), journey.person(2)
    klass = {"class": {"code": "2026-HJ-07"}}
    misplaced = journey.completion(centre, wrong, **klass)
    enter(journey, centre, misplaced)
    enter(journey, centre, journey.completion(centre, right))
    there, here = (archive_id(journey, one["number"]) for one in (wrong, right))

    path = f"/v1/desk/workers/{there}/records/{record_id(misplaced)}/move"
    asked = {"to": here, "text": "同名误记，学员签字为证"}
    for unproven in ({}, {"papers": []}, {"papers": [PROOF]}):
        refused = journey.act("handler", path, asked | unproven, 422)
        assert [one["pointer"] for one in refused["errors"]] == ["/papers"]
    paper = journey.file_paper(uuid.UUID(here).bytes, "own-request")
    proposed = journey.act("handler", path, asked | {"papers": [paper]})
    listed = journey.read("reviewer", f"/v1/desk/proposals/{proposed['proposal_id']}/papers")["items"]
    assert [(one["sha256"], one["filed"]) for one in listed] == [(paper, True)], "of either person"

    # Whoever decides reads the record, and whose it is and would be, masked; both learn who looked.
    page = f"/desk/proposals/{proposed['proposal_id']}"
    shown = journey.browser("reviewer")[0].get(page, base_url=HOST).text
    assert "2026-HJ-07" in shown
    for one in (wrong, right):
        assert (one["number"][-4:] in shown, one["number"] in shown) == (True, False)
        assert (masked(one["name"]) in shown, one["name"] in shown) == (True, False)
    assert "2026-HJ-07" not in journey.browser("handler")[0].get(page, base_url=HOST).text
    for one, fields in ((there, "records"), (here, "identity")):
        with journey.house.db.read() as conn:
            looks = [x for x in of_worker(conn, uuid.UUID(one).bytes) if x.purpose == "proposal-review"]
        assert [(x.fields, x.case_ref) for x in looks] == [(fields, proposed["proposal_id"])]
    journey.decide("handler", proposed["proposal_id"], status=403)
    journey.decide("reviewer", proposed["proposal_id"])

    me_wrong, me_right = (journey.sign_in(one["number"]) for one in (wrong, right))
    announcer(journey.house).run()  # whoever was told wrong is told right, the issuer, too
    for who, kind in ((me_wrong, "record-moved"), (me_right, "record-moved-here")):
        assert kind in [one["kind"] for one in journey.read(who, "/v1/me/notices")["items"]]
    told = journey.get(centre, "/v1/institution/notices").json["items"]
    assert [one["params"]["record_id"] for one in told if one["kind"] == "record-moved"] == [
        record_id(misplaced)
    ]
    (gone,) = records(journey, me_wrong)
    assert (gone["life"], gone["revocation"]["reason"]) == ("restricted", "wrong-worker")
    assert "record" not in gone
    moved = records(journey, me_right)[-1]
    assert moved["record"]["provenance"]["source"] == "moved"
    assert moved["record"]["provenance"]["original"]["uscc"] == centre.uscc
    assert moved["record"]["issuer"] == journey.house.settings.region

    enter(journey, centre, journey.completion(centre, right, **klass))
    signed = records(journey, me_right)[-1]
    assert signed["record"]["issuer"] == centre.uscc
    assert signed["life"] == moved["life"] == "active"


def test_two_archives_of_one_person_are_read_as_one_and_parted_again(journey: Journey) -> None:
    centre, old, new = journey.centre(), journey.person(1), journey.person(2)
    enter(journey, centre, journey.completion(centre, old))
    enter(journey, centre, journey.completion(centre, new))
    from_id, into_id = (archive_id(journey, one["number"]) for one in (old, new))

    form = {"into": into_id, "ground": "number-corrected", "text": "公安机关号码更正证明", "papers": [PROOF]}
    unfiled = journey.act("handler", f"/v1/desk/workers/{from_id}/merge", form, 422)
    assert (unfiled["code"], unfiled["errors"][0]["pointer"]) == ("evidence-needed", "/papers")
    proof = journey.file_paper(uuid.UUID(from_id).bytes, "police-proof")
    form |= {"papers": [proof]}
    proposed = journey.act("handler", f"/v1/desk/workers/{from_id}/merge", form)
    journey.decide("reviewer", proposed["proposal_id"])
    me = journey.sign_in(new["number"])
    told = journey.read(me, "/v1/me/archive")
    assert [one["worker_id"] for one in told["merged"]] == [from_id]
    bundle = journey.browser(me)[0].get(f"/v1/me/bundle?archive={from_id}", base_url="http://localhost")
    assert len(json.loads(bundle.data)["entries"]) == 2
    assert archive_id(journey, old["number"]) == into_id, "either number leads to the one archive"
    why = "?purpose=complaint&case_ref=A-7"
    seen = journey.read("handler", f"/v1/desk/workers/{into_id}/archive{why}")
    assert [one["worker_id"] for one in seen["merged"]] == [from_id]
    looks = [one for one in journey.read(me, "/v1/me/looked")["items"] if one["case_ref"] == "A-7"]
    assert [one["fields_seen"] for one in looks] == ["records"] * 2

    undo = {"ground": "merged-in-error", "text": "并非一人", "papers": [proof]}
    proposed = journey.act("handler", f"/v1/desk/workers/{from_id}/unmerge", undo)
    journey.decide("reviewer", proposed["proposal_id"])
    journey.read(me, "/v1/me/archive", 401)  # either person may have signed in meanwhile: ended
    journey.sign_out(me)
    assert "merged" not in journey.read(me, "/v1/me/archive")
    assert archive_id(journey, old["number"]) == from_id
    assert journey.read("handler", f"/v1/desk/workers/{from_id}/strays")["items"] == []


def test_a_request_to_erase_seals_first_and_is_told_what_stands_against_it(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(3)
    enter(journey, centre, journey.completion(centre, worker))
    me, own = journey.sign_in(worker["number"]), archive_id(journey, worker["number"])
    assert len(records(journey, me)) == 1

    form = {"ground": "erasure-requested", "text": "本人书面申请"}
    journey.act("handler", f"/v1/desk/workers/{own}/restrict", form, 403)
    journey.act("data-officer", f"/v1/desk/workers/{own}/restrict", form, 201)
    journey.read(me, "/v1/me/archive", 401)  # signed out with the sealing
    query = "?purpose=complaint&case_ref=A-2"
    assert (
        journey.read("handler", f"/v1/desk/workers/{own}/archive{query}", 423)["code"] == "archive-restricted"
    )

    ended = {"ground": "retention-ended", "text": "本人申请删除"}
    refused = journey.act("handler", f"/v1/desk/workers/{own}/erase", ended, 409)
    assert [one["code"] for one in refused["errors"]] == ["retention/training-completion"]
    unlawful = {"ground": "unlawful", "text": "未经本人同意录入"}
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/erase", unlawful)
    journey.decide("data-officer", proposed["proposal_id"])
    form = {
        "kind": "resident-id",
        "number": worker["number"],
        "purpose": "identity-correction",
        "case_ref": "A-3",
    }
    journey.act("handler", "/v1/desk/workers/find", form, 404)
