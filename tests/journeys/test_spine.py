"""Whole stories through HTTP: from a centre's registration to a bundle that a stranger verifies."""

import base64
import json

import pytest

from recordsvc import anchor
from recordsvc.archive.held import Releaser
from recordsvc.ground.strictjson import canonical
from recordsvc.people import synthetic
from recordsvc.submit import sign
from recordsvc.translog import tree
from recordsvc.translog.proofs import LogProof
from tests.journeys.desk import NDJSON, Journey, record_id


def test_a_record_travels_from_centre_to_stranger(journey: Journey) -> None:
    """Submit, receipt, archive, confirm, bundle: each step through its door, each proof checked."""
    centre = journey.centre()
    worker = journey.person(1)
    record = journey.completion(centre, worker)
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, record))
    assert answer.status_code == 201, answer.json
    assert answer.json["confirmation"] == "needed"
    proof = LogProof.parse(answer.json["receipt"])
    leaf = base64.b64decode(answer.json["leaf"])
    entry = b"\x01" + tree.leaf_hash(leaf)
    proof.verify(tree.leaf_hash(entry), anchor.log_key(journey.house))

    again = journey.post(centre, "/v1/records", sign.single_body(centre.key, record))
    assert again.status_code == 200
    assert again.json["receipt"] == answer.json["receipt"]
    kept = journey.get(centre, f"/v1/records/{record_id(record)}/receipt")
    assert kept.text == answer.json["receipt"]

    me = journey.sign_in(worker["number"])
    archive = journey.read(me, "/v1/me/archive")
    assert [one["confirmation"] for one in archive["records"]] == ["unconfirmed"]
    assert archive["records"][0]["record"] == json.loads(record)
    path = f"/v1/me/records/{record_id(record)}"
    seen = {"seen": archive["records"][0]["seen"]}
    first = journey.act(me, f"{path}/confirm", seen, 201)
    assert journey.act(me, f"{path}/confirm", seen, 201) == first
    archive = journey.read(me, "/v1/me/archive")
    assert archive["records"][0]["confirmation"] == "confirmed"
    objection = {"reason": "wrong-hours", "text": "少记了一天"}
    assert journey.act(me, f"{path}/contest", objection | seen, 409)["code"] == "changed-since-seen"
    seen = {"seen": archive["records"][0]["seen"]}
    journey.act(me, f"{path}/contest", objection | seen, 201)
    assert journey.read(me, path)["state"]["confirmation"] == "contested"


def test_a_batch_under_one_signature(journey: Journey) -> None:
    """Every row gets its place, and the shared nodes make every proof."""
    centre = journey.centre(alg="ES256")
    records = [journey.completion(centre, journey.person(n % 7)) for n in range(20)]
    answer = journey.post(centre, "/v1/batches", journey.batch(centre, records), NDJSON)
    assert answer.status_code == 201, answer.json
    rows = answer.json["rows"]
    assert [row["status"] for row in rows] == ["accepted"] * 20
    size = int(answer.json["checkpoint"].split("\n")[1])
    nodes = {
        tuple(map(int, at.split("/"))): base64.b64decode(value) for at, value in answer.json["nodes"].items()
    }
    leaves = {
        row["index"]: tree.leaf_hash(b"\x01" + tree.leaf_hash(base64.b64decode(row["leaf"]))) for row in rows
    }
    filled = tree.fill_nodes(leaves, size, nodes)
    root = base64.b64decode(answer.json["checkpoint"].split("\n")[2])
    for index, leaf in leaves.items():
        tree.verify_inclusion(leaf, index, size, tree.path_from_nodes(index, size, filled), root)


def test_good_rows_stand_and_bad_ones_are_named(journey: Journey) -> None:
    """One row has an impossible number, one is sent twice; all-or-nothing takes none."""
    centre = journey.centre()
    bad = journey.person(3, number="640104199002159910")
    good = journey.completion(centre, journey.person(4))
    records = [good, journey.completion(centre, bad), good]
    whole = journey.post(centre, "/v1/batches", journey.batch(centre, records, all_or_nothing=True), NDJSON)
    assert whole.status_code == 200
    assert {row["status"] for row in whole.json["rows"]} == {"not-taken", "rejected"}
    answer = journey.post(centre, "/v1/batches", journey.batch(centre, records), NDJSON)
    rows = answer.json["rows"]
    assert [row["status"] for row in rows] == ["accepted", "rejected", "duplicate"]
    assert rows[1]["problems"][0]["code"] == "identifier"
    assert rows[1]["problems"][0]["remedy"]
    other = json.loads(good)
    other["body"]["score"] = "99"
    changed = journey.post(centre, "/v1/records", sign.single_body(centre.key, canonical(other)))
    assert (changed.status_code, changed.json["code"]) == (409, "duplicate-id-other-content")


def test_late_records_wait_for_two_people(journey: Journey) -> None:
    """A batch years late is held, released in one act of two officials, and shows both dates."""
    centre = journey.centre()
    old = {"started_on": "2019-03-04", "ended_on": "2019-04-02"}
    records = [journey.completion(centre, journey.person(n), **old) for n in range(5)]
    answer = journey.post(centre, "/v1/batches", journey.batch(centre, records), NDJSON)
    assert [row["status"] for row in answer.json["rows"]] == ["held"] * 5
    again = journey.post(centre, "/v1/batches", journey.batch(centre, records), NDJSON)
    assert [row["status"] for row in again.json["rows"]] == ["held"] * 5
    assert len(journey.read("handler", "/v1/desk/held")["items"]) == 5
    body = {"select": {"issuer": centre.uscc, "reason": "late"}, "reason": "补报历史记录，已核对原始台账"}
    proposed = journey.act("handler", "/v1/desk/held/release", body)
    assert proposed["count"] == 5
    assert Releaser(journey.house).run() == 0
    journey.decide("handler", proposed["proposal_id"], status=403)
    journey.decide("reviewer", proposed["proposal_id"])
    assert Releaser(journey.house).run() == 5
    assert journey.read("handler", "/v1/desk/held")["items"] == []
    me = journey.sign_in(journey.person(2)["number"])
    record = journey.read(me, "/v1/me/archive")["records"][0]
    assert record["record"]["body"]["ended_on"] == "2019-04-02"
    assert [act["type"] for act in record["history"]] == ["release"]
    status = journey.get(centre, f"/v1/records/{record_id(records[2])}")
    assert status.json["status"] == "accepted"


def test_nobody_is_guessed(journey: Journey) -> None:
    """Another name under a known number, a card of somebody else, a passport nobody knows: held, alike."""
    centre = journey.centre()
    card = {"area": "640104", "number": "X00000019"}
    journey.post(
        centre,
        "/v1/records",
        sign.single_body(centre.key, journey.completion(centre, journey.person(1, card=card))),
    )
    known = journey.completion(centre, journey.person(2))
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, known)).status_code == 201
    strangers = [
        journey.person(1, name="另一个人"),
        journey.person(2, card=card),
        journey.person(6, card=card),
        {"document": "passport", "name": "ALI", "number": "E1234567"},
    ]
    answers = []
    for person in strangers:
        answer = journey.post(
            centre, "/v1/records", sign.single_body(centre.key, journey.completion(centre, person))
        )
        answers.append((answer.status_code, sorted(answer.json)))
    assert answers == [(202, ["id", "status", "where"])] * 4
    reasons = {one["reason"] for one in journey.read("handler", "/v1/desk/held")["items"]}
    assert reasons == {"name-differs", "card-of-another", "number-unknown-for-card", "no-check-digit"}


def test_a_revoked_key_signs_no_more_and_old_entries_stay(journey: Journey) -> None:
    """One official suspends at once; two revoke; what was entered before stays proven."""
    centre = journey.centre()
    worker = journey.person(5)
    first = journey.post(
        centre, "/v1/records", sign.single_body(centre.key, journey.completion(centre, worker))
    )
    assert first.status_code == 201
    keys = f"/v1/desk/issuers/{centre.uscc}/keys"
    journey.act("registrar", f"{keys}/suspend", {"kid": "sign-1", "reason": "疑似泄露"}, 200)
    late = sign.single_body(centre.key, journey.completion(centre, worker))
    refused = journey.post(centre, "/v1/records", late)
    assert (refused.status_code, refused.json["code"]) == (422, "key-not-in-force")
    proposed = journey.act("registrar", f"{keys}/lift", {"kid": "sign-1", "reason": "误报"})
    journey.decide("registrar-2", proposed["proposal_id"])
    assert journey.post(centre, "/v1/records", late).status_code == 201
    proposed = journey.act("registrar", f"{keys}/revoke", {"kid": "sign-1", "reason": "换钥匙"})
    journey.decide("registrar-2", proposed["proposal_id"])
    refused = journey.post(
        centre, "/v1/records", sign.single_body(centre.key, journey.completion(centre, worker))
    )
    assert refused.json["code"] == "key-not-in-force"
    assert [one["state"] for one in journey.read("registrar", keys)["items"]] == ["revoked"]


def test_a_public_key_is_registered_once_whatever_it_is_called(journey: Journey) -> None:
    """Neither a revoked key nor one in force comes back under another kid or for another institution."""
    centre, other = journey.centre(), journey.centre(synthetic.uscc(12, registrar="52"), "另一所学校")
    keys = f"/v1/desk/issuers/{centre.uscc}/keys"
    waiting = journey.house.clock.now_ms() + 1000
    fresh = sign.key_from_jwk(sign.new_private_jwk("EdDSA", "sign-2", journey.random)).public_jwk()
    doomed = [
        (keys, {"jwk": {**centre.key.public_jwk(), "kid": "sign-9"}}),
        (keys, {"jwk": {**other.key.public_jwk(), "kid": "sign-9"}}),
        (keys, {"jwk": {**fresh, "kid": "sign-1"}}),
        (keys, {"jwk": fresh, "not_before_ms": waiting, "not_after_ms": waiting - 1}),
        (keys, {"jwk": fresh, "not_before_ms": 1, "not_after_ms": 2}),
    ]
    for revoked in (False, True):
        if revoked:
            proposed = journey.act("registrar", f"{keys}/revoke", {"kid": "sign-1", "reason": "泄露"})
            journey.decide("registrar-2", proposed["proposal_id"])
        for path, body in doomed:
            assert journey.act("registrar", path, body, 409)["code"] == "key-event"
    journey.act("registrar", keys, {"jwk": fresh})


@pytest.mark.parametrize("path", ["/v1/me/archive", "/v1/desk/held", "/v1/entries"])
def test_strangers_see_nothing(journey: Journey, path: str) -> None:
    """Without signing in there is one answer."""
    answer = journey.app.test_client().get(path, base_url="http://localhost")
    assert answer.status_code == 401


def test_a_confirmed_card_selects_its_holder(journey: Journey) -> None:
    """A claimed card opens for reading only; once an official confirmed it, it selects for writing."""
    centre = journey.centre()
    card = {"area": "640104", "number": "X00000027"}
    first = journey.completion(centre, journey.person(9, card=card))
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, first)).status_code == 201
    alone = {"card": card, "name": journey.person(9)["name"]}
    waits = journey.completion(centre, alone)
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, waits)).status_code == 202
    holder = journey.person(9)
    body = {
        "case_ref": "K-1",
        "number": card["number"],
        "document": holder["document"],
        "document_number": holder["number"],
        "name": holder["name"],
        "normal_since": "2020-01-01",
        "purpose": "service-window",
    }
    for wrong in ({"name": "别人"}, {"document_number": journey.person(8)["number"]}):
        refused = journey.act("registrar", "/v1/desk/cards/confirm", body | wrong, 409)
        assert refused["code"] == "card-disagrees"
    journey.act("handler", "/v1/desk/cards/confirm", body, 403)
    found = journey.act("registrar", "/v1/desk/cards/confirm", body, 200)
    assert found["worker_id"]
    again = journey.completion(centre, alone)
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, again)).status_code == 201
    other = journey.completion(centre, {"card": card, "name": "别人"})
    assert journey.post(centre, "/v1/records", sign.single_body(centre.key, other)).status_code == 202
    me = journey.sign_in(journey.person(9)["number"])
    assert len(journey.read(me, "/v1/me/archive")["records"]) == 2
    assert [one["fields_seen"] for one in journey.read(me, "/v1/me/looked")["items"]] == ["identity"]
