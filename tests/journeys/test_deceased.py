"""A worker has died: the archive closes, what still arrives waits, a close relative gets a copy."""

import io
import json
import uuid
import zipfile
from typing import Any
from urllib.parse import quote

from recordsvc import anchor
from recordsvc.access.looked import of_worker
from recordsvc.archive.verify import verify_bundle
from recordsvc.submit import sign
from tests.archive.paperfiles import jpeg, png
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_wrong_person import archive_id, enter

PROOF = "a3" * 32
CASE = "（2025）宁01民初1号"


def close(journey: Journey, own: str, papers: list[str], status: int = 202, on: str = "2025-06-01") -> Any:
    form = {"ground": "death", "on": on, "text": "居民死亡医学证明", "papers": papers}
    return journey.act("handler", f"/v1/desk/workers/{own}/close", form, status)


def copied(journey: Journey, own: str, proposal: str) -> Any:
    asked = f"purpose=court-or-law&case_ref={quote(CASE)}&proposal={proposal}"
    path = f"/v1/desk/workers/{own}/copy?{asked}"
    return journey.browser("handler")[0].get(path, base_url=HOST)


def bundles(data: bytes) -> dict[str, bytes]:
    """The bundles of a copy, by name; beside them nothing but words for people."""
    with zipfile.ZipFile(io.BytesIO(data)) as files:
        found = {name: files.read(name) for name in files.namelist()}
    said = found.pop("说明.txt").decode()
    assert f"共 {len(found)} 份" in said
    return found


def test_the_archive_of_the_dead_is_closed_and_kept(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(5)
    enter(journey, centre, journey.completion(centre, worker))
    own = archive_id(journey, worker["number"])
    paper = journey.file_paper(uuid.UUID(own).bytes)

    ahead = close(journey, own, [paper], 422, on="2999-01-01")
    assert ahead["errors"][0]["pointer"] == "/on"
    proposed = close(journey, own, [paper])
    journey.decide("reviewer", proposed["proposal_id"])

    late = journey.completion(centre, worker)
    answer = journey.post(centre, "/v1/records", sign.single_body(centre.key, late))
    assert answer.status_code == 202
    (waiting,) = journey.read("handler", "/v1/desk/held")["items"]
    assert waiting["reason"] == "worker-closed"

    # A relative: two officials decide, the copy leaves a row and proves itself.
    # By whom it is asked has to be proven, beside the death; whoever decides sees both proofs.
    path = f"/v1/desk/workers/{own}/relatives"
    asked = {"relation": "配偶", "text": "亲属关系证明"}
    for unproven in (PROOF, paper):
        refused = journey.act("handler", path, {**asked, "papers": [unproven]}, 422)
        assert (refused["code"], refused["errors"][0]["pointer"]) == ("evidence-needed", "/papers")
    related = journey.file_paper(uuid.UUID(own).bytes, "relation-proof", png())
    asked |= {"papers": [related]}
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/relatives", asked)
    resting = journey.read("reviewer", f"/v1/desk/proposals/{proposed['proposal_id']}/papers")["items"]
    assert [(one["sha256"], one["filed"]) for one in resting] == [(related, True), (paper, True)]
    early = copied(journey, own, proposed["proposal_id"])
    assert (early.status_code, early.json["code"]) == (403, "copy-not-decided")
    journey.decide("reviewer", proposed["proposal_id"])
    made = copied(journey, own, proposed["proposal_id"])
    assert (made.status_code, made.content_type) == (200, "application/zip")
    assert made.headers["Cache-Control"] == "no-store"
    (bundle,) = bundles(made.data).values()
    assert verify_bundle(bundle, [anchor.log_key(journey.house)]).outcome.name == "PROVEN"
    assert len(json.loads(bundle)["entries"]) == 2

    # Closed in error: reopened by two, and what waited can be released.
    proposed = journey.act("handler", f"/v1/desk/workers/{own}/reopen", {"text": "登记有误"})
    journey.decide("reviewer", proposed["proposal_id"])
    enter(journey, centre, journey.completion(centre, worker))


def test_a_closing_rests_on_a_paper_that_is_filed_here(journey: Journey) -> None:
    centre, worker, other = journey.centre(), journey.person(5), journey.person(6)
    for one in (worker, other):
        enter(journey, centre, journey.completion(centre, one))
    own = archive_id(journey, worker["number"])
    foreign = journey.file_paper(uuid.UUID(archive_id(journey, other["number"])).bytes)
    for papers in ([], [PROOF], [foreign]):
        refused = close(journey, own, papers, 422)
        assert refused["code"] == "evidence-needed"
        assert [one["pointer"] for one in refused["errors"]] == ["/papers"]
    assert journey.read("reviewer", "/v1/desk/proposals")["items"] == []


def test_nobody_dies_before_birth(journey: Journey) -> None:
    centre, worker = journey.centre(), journey.person(5)
    enter(journey, centre, journey.completion(centre, worker))
    own = archive_id(journey, worker["number"])
    paper = journey.file_paper(uuid.UUID(own).bytes)
    number = worker["number"]
    born = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    refused = close(journey, own, [paper], 422, on="1980-01-05")
    assert refused["code"] == "death-before-birth"
    assert [one["pointer"] for one in refused["errors"]] == ["/on"]
    assert number not in json.dumps(refused)
    assert born not in json.dumps(refused)
    close(journey, own, [paper], on=born)


def test_a_relatives_copy_holds_all_archives_of_a_merged_person(journey: Journey) -> None:
    centre, worker, twin = journey.centre(), journey.person(5), journey.person(6)
    enter(journey, centre, journey.completion(centre, worker))
    enter(journey, centre, journey.completion(centre, twin))
    own, merged = archive_id(journey, worker["number"]), archive_id(journey, twin["number"])
    proof = journey.file_paper(uuid.UUID(own).bytes, "police-proof", jpeg())
    form = {"into": own, "ground": "police-proof", "text": "公安证明", "papers": [proof]}
    proposed = journey.act("handler", f"/v1/desk/workers/{merged}/merge", form)
    journey.decide("reviewer", proposed["proposal_id"])
    proposed = close(journey, own, [journey.file_paper(uuid.UUID(own).bytes)])
    journey.decide("reviewer", proposed["proposal_id"])

    # Decided on either id, it is the copy of the person.
    for asked_for in (own, merged):
        related = journey.file_paper(uuid.UUID(own).bytes, "relation-proof", png())
        asked = {"relation": "子女", "text": "亲属关系证明", "papers": [related]}
        proposed = journey.act("handler", f"/v1/desk/workers/{asked_for}/relatives", asked)
        journey.decide("reviewer", proposed["proposal_id"])
        made = copied(journey, asked_for, proposed["proposal_id"])
        assert made.status_code == 200, made.json
        found = bundles(made.data)
        assert [name[:2] for name in found] == ["1-", "2-"]
        named = [json.loads(one)["entries"][0]["record"]["worker"]["number"] for one in found.values()]
        assert named == [worker["number"], twin["number"]]
        for one in found.values():
            assert verify_bundle(one, [anchor.log_key(journey.house)]).outcome.name == "PROVEN"
    with journey.house.db.read() as conn:
        rows = of_worker(conn, uuid.UUID(own).bytes)
    assert len([one for one in rows if one.purpose == "court-or-law"]) == 4, "a row for each archive"
