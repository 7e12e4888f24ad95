"""Each act on an archive has its own grounds, and merging rests on a paper: interface, page, console."""

import uuid
from typing import Any

import pytest
from click.testing import CliRunner

from recordsvc import dated
from recordsvc.archive import grounds
from recordsvc.ground import two_person
from recordsvc.ground.problems import FormRefused
from recordsvc.house import House
from recordsvc.people import standing
from tests.archive.paperfiles import pdf
from tests.archive.test_erasing import OFFICER
from tests.journeys.desk import HOST, Journey
from tests.journeys.test_wrong_person import archive_id, enter
from tests.test_number_commands import commands, mine, settings, typed

__all__ = ["commands", "mine", "settings"]

FOREIGN = (
    ("restrict", standing.OPEN, ("request-withdrawn", "dispute-settled", "restricted-in-error")),
    ("unrestrict", standing.RESTRICTED, ("erasure-requested", "lawfulness-disputed", "authority-order")),
    ("close", standing.OPEN, ("closed-in-error",)),
    ("merge", standing.OPEN, ("merged-in-error", "shared-number")),
    ("unmerge", "merged", ("number-corrected", "document-renewed", "two-documents")),
)
"""An act, the state of archives it is for, and grounds of its table that are another act's."""
LIFE = ("restriction_grounds", "merge_grounds", "closure_grounds")


@pytest.fixture
def archive(journey: Journey) -> bytes:
    centre, worker = journey.centre(), journey.person(1)
    enter(journey, centre, journey.completion(centre, worker))
    return uuid.UUID(archive_id(journey, worker["number"])).bytes


def state(house: House, worker_id: bytes, wanted: str) -> None:
    with house.db.read_raw() as cursor:
        worker = house.people.load(cursor, worker_id)
    assert worker is not None
    if wanted == "merged":
        return  # grounds are judged before the state
    if worker.state != wanted:
        house.db.write(lambda turn: standing.change(turn, worker_id, worker.state, wanted))


def waiting(house: House) -> list[two_person.Proposal]:
    with house.db.read() as conn:
        return two_person.pending(conn, house.clock.now_ms())


def test_every_ground_of_a_shared_list_says_for_which_act_it_is() -> None:
    for name in LIFE:
        for row in dated.table(name).rows:
            assert row["for"], (name, row["code"])
            assert set(row["for"]) <= set(grounds.ACTS)


@pytest.mark.parametrize(("act", "before", "codes"), FOREIGN)
def test_a_ground_of_another_act_is_refused_in_words(
    journey: Journey, archive: bytes, act: str, before: str, codes: tuple[str, ...]
) -> None:
    state(journey.house, archive, before)
    path = f"/v1/desk/workers/{uuid.UUID(bytes=archive)}/{act}"
    more: dict[str, Any] = {"close": {"on": "2025-01-01"}}.get(act, {})
    if act in ("merge", "unmerge"):
        more = {"papers": ["a3" * 32]}
    if act == "merge":
        more["into"] = str(uuid.UUID(bytes=archive))
    for ground in codes:
        body = {"ground": ground, "text": "依据", **more}
        refused = journey.act("data-officer", path, body, 422)
        assert refused["code"] == "ground-of-another-act"
        (fault,) = refused["errors"]
        assert fault["pointer"] == "/ground"
        assert "不能用于" in fault["detail"]
    assert waiting(journey.house) == []


def test_the_pages_offer_the_grounds_of_their_own_act(journey: Journey, archive: bytes) -> None:
    page = f"/desk/workers/{uuid.UUID(bytes=archive)}"
    client, token = journey.browser("data-officer")
    why = {"purpose": "service-window", "case_ref": "K-1", "csrf_token": token}
    for act, before, codes in FOREIGN:
        state(journey.house, archive, before)
        look = client.post(page, data=why, base_url=HOST, headers={"Origin": HOST}).location.partition("?")[2]
        shown = client.get(f"{page}/{act}?{look}", base_url=HOST)
        assert shown.status_code == 200
        assert before == "merged" or 'name="ground"' in shown.text
        assert not [code for code in codes if f'value="{code}"' in shown.text], act
        state(journey.house, archive, standing.OPEN)


def test_commands_judge_grounds_as_the_doors_do(house: House, commands: CliRunner, mine: bytes) -> None:
    worker = str(uuid.UUID(bytes=mine))
    for words in (
        ("case restrict", "--ground", "request-withdrawn"),
        ("case close", "--ground", "closed-in-error", "--on", "2025-01-01", "--paper", "ab" * 32),
    ):
        told = typed(house, commands, words[0], worker, *words[1:], "--text", "x", by="demo-data-officer")
        assert (told.exit_code, "不能用于" in told.output) == (1, True), told.output
    told = typed(
        house,
        commands,
        "case restrict",
        worker,
        "--ground",
        "authority-order",
        "--text",
        "x",
        by="demo-data-officer",
    )
    assert "已限制" in told.output, told.output
    lift = ("case unrestrict", worker, "--text", "x", "--ground")
    told = typed(house, commands, *lift, "authority-order")
    assert (told.exit_code, "不能用于" in told.output) == (1, True), told.output
    assert "已提出" in typed(house, commands, *lift, "dispute-settled").output


@pytest.mark.parametrize("act", ["merge", "unmerge"])
def test_merging_and_its_undoing_rest_on_a_paper(journey: Journey, archive: bytes, act: str) -> None:
    path = f"/v1/desk/workers/{uuid.UUID(bytes=archive)}/{act}"
    body: dict[str, Any] = {"ground": "police-proof", "text": "证明"}
    if act == "merge":
        body["into"] = str(uuid.UUID(bytes=archive))
    for papers in ({}, {"papers": []}):
        refused = journey.act("handler", path, body | papers, 422)
        assert [one["pointer"] for one in refused["errors"]] == ["/papers"]
    # With one, the act itself is judged.
    unfiled = journey.act("handler", path, body | {"papers": ["a3" * 32]}, 422)
    assert unfiled["code"] == "evidence-needed"
    refused = journey.act("handler", path, body | {"papers": [journey.file_paper(archive)]}, 409)
    assert refused["code"] == "not-mergeable"


def test_merging_at_the_console_rests_on_a_paper(house: House, commands: CliRunner, mine: bytes) -> None:
    worker = str(uuid.UUID(bytes=mine))
    words = ("--ground", "police-proof", "--text", "x")
    assert typed(house, commands, "case merge", worker, worker, *words).exit_code == 2
    assert typed(house, commands, "case unmerge", worker, *words).exit_code == 2
    told = typed(house, commands, "case unmerge", worker, *words, "--paper", "ab" * 32)
    assert (told.exit_code, "须有一份已收存的证明材料" in told.output) == (1, True), told.output
    paper = house.papers.keep(mine, pdf(), "police-proof", "", OFFICER).sha256
    told = typed(house, commands, "case unmerge", worker, *words, "--paper", paper)
    assert (told.exit_code, "不允许合并或撤回合并" in told.output) == (1, True), told.output


def test_a_ground_that_is_in_no_list_is_refused(house: House) -> None:
    with pytest.raises(FormRefused):
        grounds.check(house, "restriction_grounds", "no-such", "lift")
