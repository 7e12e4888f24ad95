"""Whoever decides opens what it rests on, beside a restricted archive, too; and nobody else does."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc.access import looked
from recordsvc.archive import erasing
from recordsvc.archive.reading import Reader
from recordsvc.house import House
from recordsvc.people import synthetic
from tests.archive.paperfiles import jpeg, pdf, png
from tests.archive.test_erasing import OFFICER
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_papers import file_of, safe, upload
from tests.journeys.test_wrong_person import archive_id, enter
from tests.test_number_commands import commands, mine, settings, typed

__all__ = ["commands", "mine", "settings"]
SCAN = "8c" * 32
"""SHA-256 of a paper that lies elsewhere."""
LIFT = {"ground": "request-withdrawn", "text": "本人撤回"}
HOLD = {"ground": "court", "text": "调查令"}
ERASE = {"ground": "unlawful", "text": "生效判决"}


@pytest.fixture
def own(journey: Journey) -> str:
    """A restricted archive with one record and a paper of before."""
    centre, worker = journey.centre(), journey.person(5)
    enter(journey, centre, journey.completion(centre, worker))
    worker_id = archive_id(journey, worker["number"])
    before = upload(journey, "handler", f"/v1/desk/workers/{worker_id}/papers", jpeg())
    assert before.status_code == 201
    erasing.restrict(journey.house, uuid.UUID(worker_id).bytes, "lawfulness-disputed", "有争议", OFFICER)
    return worker_id


def order_beside(journey: Journey, own: str, data: bytes) -> str:
    """The id of an order that is filed beside a restricted archive, as its page files it."""
    who = OFFICER
    kept = journey.house.papers.keep(uuid.UUID(own).bytes, data, "legal-order", "调查令", who, sealed=True)
    return str(uuid.UUID(bytes=kept.paper_id))


def looks(house: House, own: str) -> list[tuple[str, str, str]]:
    with house.db.read() as conn:
        found = looked.of_worker(conn, uuid.UUID(own).bytes)
    return [(one.fields, one.purpose, one.case_ref) for one in found if one.purpose == "proposal-review"]


@pytest.mark.parametrize(("act", "said"), [("unrestrict", LIFT), ("hold", HOLD), ("erase", ERASE)])
def test_the_second_person_opens_the_order_beside_a_restricted_archive(
    journey: Journey, own: str, act: str, said: dict[str, str]
) -> None:
    paper = order_beside(journey, own, pdf())
    asked = {**said, "papers": [paper, SCAN]}
    proposal = str(journey.act("handler", f"/v1/desk/workers/{own}/{act}", asked)["proposal_id"])
    path = f"/v1/desk/proposals/{proposal}/papers"
    items = journey.read("data-officer", path)["items"]
    assert [(one["n"], one["filed"]) for one in items] == [(1, True), (2, False)]
    assert items[1]["sha256"] == SCAN
    assert looks(journey.house, own) == [], "hashes are no look"

    # Who proposed it, who could not decide it, and who has no desk for it do not open it.
    for who in ("handler", "inspector", "registrar"):
        assert file_of(journey, who, f"{path}/1").status_code == 403, who
    for missing in ("2", "3", "0", "00", "-1", "1x", "²"):
        assert file_of(journey, "data-officer", f"{path}/{missing}").status_code == 404, missing
    assert looks(journey.house, own) == []

    safe(file_of(journey, "data-officer", f"{path}/1"), pdf(), "pdf")
    ((fields, *why),) = looks(journey.house, own)
    assert (fields.split()[0], why) == ("papers", ["proposal-review", proposal])
    page = journey.browser("data-officer")[0].get(f"/desk/proposals/{proposal}", base_url=HOST).text
    (link,) = re.findall(rf'href="(/desk/proposals/{proposal}/papers/[^"]+)"', page)
    safe(file_of(journey, "data-officer", link), pdf(), "pdf")
    assert len(looks(journey.house, own)) == 2
    assert "第 2 份：没有收存在本系统" in page
    assert (
        "/papers/" not in journey.browser("handler")[0].get(f"/desk/proposals/{proposal}", base_url=HOST).text
    )
    # What lies in the archive stays sealed to whoever decides, by any other door.
    rest = f"/v1/desk/workers/{own}/papers?purpose=proposal-review&case_ref={proposal}"
    assert journey.read("data-officer", rest, 423)["code"] == "archive-restricted"

    journey.decide("data-officer", proposal, approve=False)
    assert file_of(journey, "data-officer", f"{path}/1").status_code == 403, "decided"


def test_a_lift_says_on_what_it_rests_and_a_foreign_paper_is_none(journey: Journey, own: str) -> None:
    other = journey.person(6)
    centre = journey.centre(synthetic.uscc(12, registrar="52"), "另一学校")
    enter(journey, centre, journey.completion(centre, other))
    foreign = upload(
        journey, "handler", f"/v1/desk/workers/{archive_id(journey, other['number'])}/papers", png()
    ).json["paper_id"]
    path = f"/v1/desk/workers/{own}/unrestrict"
    assert journey.act("handler", path, LIFT | {"papers": [foreign]}, 422)["code"] == "paper-unknown"
    paper = order_beside(journey, own, pdf())
    proposal = str(journey.act("handler", path, LIFT | {"papers": [paper]})["proposal_id"])
    journey.decide("data-officer", proposal)
    worker = uuid.UUID(own).bytes
    archive = Reader(journey.house).archive(worker)
    assert archive is not None
    lifted = archive.entries[-1].record
    assert lifted is not None
    assert lifted["body"]["papers"] == [journey.house.papers.of(worker)[-1].sha256]


def test_an_official_of_the_papers_own_affairs_opens_nothing(
    journey: Journey, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    paper = order_beside(journey, own, pdf())
    asked = HOLD | {"papers": [paper]}
    proposal = str(journey.act("handler", f"/v1/desk/workers/{own}/hold", asked)["proposal_id"])
    client, token = journey.browser("data-officer")
    declared = client.post(
        "/v1/desk/people/demo-data-officer/recusals",
        json={"party": f"worker:{own}", "ground": "kin"},
        base_url=HOST,
        headers={"X-CSRF-Token": token, "Origin": HOST},
    )
    assert declared.status_code == 201, declared.json
    for path in (f"/v1/desk/proposals/{proposal}/papers", f"/v1/desk/proposals/{proposal}/papers/1"):
        assert file_of(journey, "data-officer", path).status_code == 403
    assert looks(journey.house, own) == []


def test_the_console_opens_what_a_proposal_rests_on(
    house: House, commands: CliRunner, mine: bytes, tmp_path: Path
) -> None:
    worker, to = str(uuid.UUID(bytes=mine)), tmp_path / "order.pdf"
    erasing.restrict(house, mine, "lawfulness-disputed", "有争议", OFFICER)
    kept = house.papers.keep(mine, pdf(), "own-request", "", OFFICER, sealed=True)
    words = ("--ground", "request-withdrawn", "--text", "撤回", "--paper", kept.sha256)
    told = typed(house, commands, "case unrestrict", worker, *words)
    found = re.search(r"decides: ([0-9a-f-]{36})", told.output)
    assert found is not None, told.output
    listed = typed(house, commands, "case proposal-papers", found[1])
    assert f"1  {kept.sha256}  已收存" in listed.output
    opening = ("case proposal-paper", found[1], "1", "--to", str(to))
    assert typed(house, commands, *opening).exit_code == 1, "who proposed it"
    told = typed(house, commands, *opening, by="demo-data-officer")
    assert (told.exit_code, to.read_bytes(), to.stat().st_mode & 0o777) == (0, pdf(), 0o600), told.output
    ((fields, *why),) = looks(house, worker)
    assert (fields.split()[0], why) == ("papers", ["proposal-review", found[1]])


def test_the_console_lists_and_takes_out_a_workers_papers(
    house: House, commands: CliRunner, mine: bytes, tmp_path: Path
) -> None:
    worker, to = str(uuid.UUID(bytes=mine)), tmp_path / "scan.jpg"
    kept = house.papers.keep(mine, jpeg(), "certificate-scan", "焊工证", OFFICER)
    why = ("--purpose", "inspection", "--case", "K-4")
    listed = typed(house, commands, "case papers", worker, *why)
    paper = str(uuid.UUID(bytes=kept.paper_id))
    assert (paper in listed.output, "焊工证" in listed.output) == (True, True), listed.output
    told = typed(house, commands, "case paper-save", worker, paper, *why, "--to", str(to))
    assert (told.exit_code, to.read_bytes()) == (0, jpeg()), told.output
    with house.db.read() as conn:
        found = looked.of_worker(conn, mine)
    assert {(one.fields, one.purpose, one.case_ref) for one in found} == {
        ("papers", "inspection", "K-4"),
        (f"papers paper:{paper}", "inspection", "K-4"),
    }
    assert len(found) == 2


# -- the desk's page of a worker's papers


@pytest.fixture
def open_one(journey: Journey) -> tuple[str, Any]:
    """An archive that is read, and one paper of it."""
    centre, worker = journey.centre(), journey.person(8)
    enter(journey, centre, journey.completion(centre, worker))
    worker_id = archive_id(journey, worker["number"])
    kept = upload(journey, "handler", f"/v1/desk/workers/{worker_id}/papers", jpeg(), title="焊工证扫描")
    return worker_id, kept.json


def gate(journey: Journey, who: str, worker_id: str) -> str:
    client, token = journey.browser(who)
    why = {"purpose": "inspection", "case_ref": "K-7", "csrf_token": token}
    sent = client.post(f"/desk/workers/{worker_id}", data=why, base_url=HOST, headers={"Origin": HOST})
    assert sent.status_code == 303, sent.text
    return str(sent.location.partition("look=")[2])


def test_papers_are_listed_and_opened_at_the_desk_each_a_row(
    journey: Journey, open_one: tuple[str, Any]
) -> None:
    worker_id, kept = open_one
    look = gate(journey, "inspector", worker_id)
    page = f"/desk/workers/{worker_id}"
    assert f"{page}/papers?look=" in file_of(journey, "inspector", f"{page}?look={look}").text
    listed = file_of(journey, "inspector", f"{page}/papers?look={look}")
    assert "焊工证扫描" in listed.text
    (link,) = re.findall(rf'href="({page}/papers/[^"]+)" [^>]*download', listed.text)
    safe(file_of(journey, "inspector", link.replace("&amp;", "&")), jpeg(), "jpg")
    with journey.house.db.read() as conn:
        found = looked.of_worker(conn, uuid.UUID(worker_id).bytes)
    assert sorted((one.fields, one.case_ref) for one in found if one.case_ref == "K-7") == [
        ("papers", "K-7"),
        (f"papers paper:{kept['paper_id']}", "K-7"),
        ("records", "K-7"),
    ]
    # Without a reason, with one that belongs to another session, or of another person: back to the gate.
    for address in (f"{page}/papers", f"{page}/papers/{kept['paper_id']}"):
        for other in ("", f"?look={gate(journey, 'reviewer', worker_id)}"):
            sent = file_of(journey, "inspector", f"{address}{other}")
            assert (sent.status_code, sent.location) == (303, page)
        assert file_of(journey, "registrar", f"{address}?look={look}").status_code == 403


def test_of_a_restricted_archive_no_paper_is_listed_or_opened(
    journey: Journey, open_one: tuple[str, Any]
) -> None:
    worker_id, kept = open_one
    look, page = gate(journey, "reviewer", worker_id), f"/desk/workers/{worker_id}"
    assert file_of(journey, "reviewer", f"{page}/papers?look={look}").status_code == 200
    form = file_of(journey, "reviewer", f"{page}/close?look={look}").text
    (link,) = re.findall(rf'href="({page}/papers\?look=[^"]+)"', form)
    assert file_of(journey, "reviewer", link).status_code == 200
    erasing.restrict(journey.house, uuid.UUID(worker_id).bytes, "lawfulness-disputed", "有争议", OFFICER)
    for address in (f"{page}/papers", f"{page}/papers/{kept['paper_id']}"):
        assert file_of(journey, "reviewer", f"{address}?look={look}").status_code == 423
    assert "/papers?look=" not in file_of(journey, "reviewer", f"{page}?look={look}").text
