"""A restricted archive is demanded by law (依法调取): two decide, one copy is made, and it stays sealed."""

import hashlib
import io
import json
import re
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from recordsvc import anchor, dated, fsck
from recordsvc.access import looked
from recordsvc.access.tables import official_act
from recordsvc.archive import copies, erasing, looking
from recordsvc.archive.errors import CopyNotDecided
from recordsvc.archive.looking import Looker
from recordsvc.archive.verify import verify_bundle
from recordsvc.house import House
from recordsvc.people import merges, synthetic
from tests.archive import restricted
from tests.archive.paperfiles import pdf
from tests.archive.test_erasing import OFFICER, decide_erasure
from tests.archive.test_moved import move
from tests.journeys.desk import HOST, Journey, record_id
from tests.journeys.test_wrong_person import archive_id, enter
from tests.test_number_commands import commands, mine, settings, typed

__all__ = ["commands", "mine", "settings"]
UNFILED = "b4" * 32
ORDER = hashlib.sha256(pdf()).hexdigest()
ASKED = {"ground": "court", "text": "调查令", "papers": [ORDER]}
CASE = "宁检调〔2025〕1号"
WHY = {"purpose": "court-or-law", "case_ref": CASE}
DAY_MS = 24 * 3600 * 1000


@pytest.fixture
def own(journey: Journey) -> str:
    """A restricted archive with one record."""
    centre, worker = journey.centre(), journey.person(5)
    enter(journey, centre, journey.completion(centre, worker))
    worker_id = archive_id(journey, worker["number"])
    erasing.restrict(journey.house, uuid.UUID(worker_id).bytes, "lawfulness-disputed", "有争议", OFFICER)
    file_order(journey, worker_id)
    return worker_id


def file_order(journey: Journey, worker_id: str) -> None:
    assert journey.file_paper(uuid.UUID(worker_id).bytes, "legal-order", sealed=True) == ORDER


def asked(journey: Journey, own: str, **changed: Any) -> str:
    found = journey.act("handler", f"/v1/desk/workers/{own}/hold", ASKED | changed)
    return str(found["proposal_id"])


def make(journey: Journey, own: str, proposal: str, who: str = "data-officer") -> Any:
    client, token = journey.browser(who)
    return client.post(
        f"/v1/desk/workers/{own}/hold-copy",
        json=WHY | {"proposal": proposal},
        base_url=HOST,
        headers={"X-CSRF-Token": token, "Origin": HOST},
    )


def looks(house: House, own: str) -> list[tuple[str, str]]:
    with house.db.read() as conn:
        found = looked.of_worker(conn, uuid.UUID(own).bytes)
    return [(one.purpose, one.case_ref) for one in found if one.purpose == WHY["purpose"]]


def acts(house: House) -> list[tuple[str, str]]:
    made = official_act.c
    with house.db.read() as conn:
        rows = conn.execute(sa.select(made.actor, made.subject).where(made.act == "archive.hold-copy"))
        return [(str(row.actor), str(row.subject)) for row in rows]


def test_a_restricted_archive_is_copied_once_on_an_order_and_stays_sealed(journey: Journey, own: str) -> None:
    house = journey.house
    proposal = asked(journey, own)
    assert (make(journey, own, proposal).status_code, looks(house, own)) == (403, []), "not decided yet"
    journey.decide("handler", proposal, status=403)
    journey.decide("reviewer", proposal, status=403)
    journey.decide("data-officer", proposal)

    assert make(journey, own, proposal, "handler").status_code == 403, "the data officer makes it"
    made = make(journey, own, proposal)
    assert made.status_code == 200, made.json
    assert verify_bundle(made.data, [anchor.log_key(house)]).outcome.name == "PROVEN"
    assert [one["kind"] for one in json.loads(made.data)["entries"]] == ["issue", "note"]
    assert looks(house, own) == [("court-or-law", CASE)]
    assert acts(house) == [("official:demo-data-officer", f"{own}/{proposal}")]

    again = make(journey, own, proposal)
    assert (again.status_code, again.json["code"]) == (403, "copy-not-decided")
    assert "已经制作" in again.json["detail"]
    assert len(looks(house, own)) == 1
    for rest in ("archive", "numbers", "papers"):
        path = f"/v1/desk/workers/{own}/{rest}?purpose=court-or-law&case_ref={quote(CASE)}"
        assert journey.read("data-officer", path, 423)["code"] == "archive-restricted"
    assert fsck.fsck(house).finding is None


def test_of_two_who_ask_at_once_one_is_given_it(journey: Journey, own: str) -> None:
    house, worker_id = journey.house, uuid.UUID(own).bytes
    proposal = asked(journey, own)
    journey.decide("data-officer", proposal)
    looker = Looker(OFFICER, "court-or-law", CASE)

    def ask(_n: int) -> bool:
        try:
            looking.copied(house, looker, copies.HOLD, worker_id, uuid.UUID(proposal).bytes)
        except CopyNotDecided:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(ask, range(4))) == [False, False, False, True]
    assert len(acts(house)) == len(looks(house, own)) == 1


def test_the_row_stands_before_the_first_byte_or_nothing_leaves(
    journey: Journey, own: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = asked(journey, own)
    journey.decide("data-officer", proposal)

    def fails(*_arguments: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as broken:
        broken.setattr("recordsvc.access.looked_log.head", fails)
        refused = make(journey, own, proposal)
    assert (refused.status_code, refused.json["code"]) == (503, "look-not-written")
    assert (looks(journey.house, own), acts(journey.house)) == ([], []), "and the decision is not used up"
    assert make(journey, own, proposal).status_code == 200


def test_a_hold_rests_on_a_ground_of_its_list_and_an_order(journey: Journey, own: str) -> None:
    path = f"/v1/desk/workers/{own}/hold"
    for body, pointer in (
        ({**ASKED, "papers": []}, "/papers"),
        ({**ASKED, "ground": "curiosity"}, "/ground"),
        ({**ASKED, "ground": "request-withdrawn"}, "/ground"),
    ):
        refused = journey.act("handler", path, body, 422)
        assert [one["pointer"] for one in refused["errors"]] == [pointer]
    nobody_has_it = journey.act("handler", path, {**ASKED, "papers": [UNFILED]}, 422)
    assert (nobody_has_it["code"], nobody_has_it["errors"][0]["pointer"]) == ("order-needed", "/papers")
    journey.act("inspector", path, ASKED, 403)
    for row in dated.table("hold_grounds").rows:
        assert row["basis_zh"].endswith("（待主管部门核定）")


def test_only_a_restricted_archive_is_copied_so_and_only_while_the_decision_is_fresh(
    journey: Journey, own: str
) -> None:
    proposal = asked(journey, own)
    journey.decide("data-officer", proposal)
    other = journey.person(6)
    centre = journey.centre(synthetic.uscc(12, registrar="52"), name="另一学校")
    enter(journey, centre, journey.completion(centre, other))
    open_one = archive_id(journey, other["number"])
    file_order(journey, open_one)
    assert journey.act("handler", f"/v1/desk/workers/{open_one}/hold", ASKED, 409)["code"] == "standing"
    assert make(journey, open_one, proposal).status_code == 403, "a decision about somebody else"
    journey.clock.advance(copies.LIFE_MS + DAY_MS)
    journey.sign_out("data-officer")
    assert make(journey, own, proposal).json["code"] == "copy-not-decided"


def test_what_is_read_as_a_restricted_archive_is_copied_by_its_own_decision(journey: Journey) -> None:
    centre, people = journey.centre(), [journey.person(n) for n in (5, 7)]
    for one in people:
        enter(journey, centre, journey.completion(centre, one))
    into, merged = (uuid.UUID(archive_id(journey, one["number"])).bytes for one in people)
    journey.house.db.write(lambda turn: merges.link(turn, merged, into))
    erasing.restrict(journey.house, into, "lawfulness-disputed", "有争议", OFFICER)
    name = str(uuid.UUID(bytes=merged))
    file_order(journey, name)
    proposal = asked(journey, name)
    journey.decide("data-officer", proposal)
    made = make(journey, name, proposal)
    assert (made.status_code, len(json.loads(made.data)["entries"])) == (200, 1)
    assert looks(journey.house, name) == [("court-or-law", CASE)]


def test_a_decision_about_an_archive_erased_since_gives_nothing(journey: Journey, own: str) -> None:
    proposal = asked(journey, own)
    journey.decide("data-officer", proposal)
    decide_erasure(journey.house, uuid.UUID(own).bytes)
    assert make(journey, own, proposal).status_code in (404, 422)
    assert acts(journey.house) == []


def test_a_hold_is_asked_decided_and_made_from_pages_with_an_order_filed_there(
    journey: Journey, own: str
) -> None:
    page, officer = f"/desk/workers/{own}", journey.browser("data-officer")
    handler = journey.browser("handler")

    def post(who: Any, path: str, **data: Any) -> Any:
        sent = data | {"csrf_token": who[1]}
        return who[0].post(path, data=sent, base_url=HOST, headers={"Origin": HOST})

    look = post(handler, page, **WHY).location.partition("?")[2]
    assert f"{page}/hold?{look.partition('=')[0]}" in handler[0].get(f"{page}?{look}", base_url=HOST).text
    form = handler[0].get(f"{page}/hold?{look}", base_url=HOST)
    hidden = dict(re.findall(r'name="(look|once)" value="([^"]*)"', form.text))
    filed = post(
        handler,
        f"{page}/papers/hold",
        **hidden,
        file=(io.BytesIO(pdf()), "x.pdf"),
        paper_kind="police-proof",
        paper_title="调查令",
    )
    assert filed.status_code == 200, filed.text
    paper = re.search(r'<option value="([0-9a-f-]{36})" selected>', filed.text)
    assert paper is not None
    hidden = dict(re.findall(r'name="(look|once)" value="([^"]*)"', filed.text))
    bare = post(handler, f"{page}/hold", **hidden, ground="police", text="调取")
    assert (bare.status_code, "材料：至少一份" in bare.text) == (422, True)
    hidden = dict(re.findall(r'name="(look|once)" value="([^"]*)"', bare.text))
    made = post(handler, f"{page}/hold", **hidden, ground="police", text="调取", papers=paper[1])
    assert made.status_code == 303, made.text
    decided = post(officer, f"{made.location}/decide", word="approve", reason="核对无误")
    assert decided.status_code == 303, decided.text
    assert "公安机关调取" in officer[0].get(made.location, base_url=HOST).text
    assert "/hold-copy" not in handler[0].get(made.location, base_url=HOST).text
    assert f'action="{page}/hold-copy"' in officer[0].get(made.location, base_url=HOST).text
    proposal = made.location.rpartition("/")[2]
    sent = post(officer, f"{page}/hold-copy", proposal=proposal, **WHY)
    assert sent.status_code == 200
    assert verify_bundle(sent.data, [anchor.log_key(journey.house)]).outcome.name == "PROVEN"
    used = officer[0].get(made.location, base_url=HOST).text
    assert ("/hold-copy" in used, "副本已经制作" in used) == (False, True)
    assert post(officer, f"{page}/hold-copy", proposal=proposal, **WHY).status_code == 403


def test_a_hold_is_asked_and_made_at_the_console(
    house: House, commands: CliRunner, mine: bytes, tmp_path: Path
) -> None:
    erasing.restrict(house, mine, "lawfulness-disputed", "有争议", OFFICER)
    house.papers.keep(mine, pdf(), "legal-order", "", OFFICER, sealed=True)
    worker, to = str(uuid.UUID(bytes=mine)), tmp_path / "hold.json"
    told = typed(
        house, commands, "case hold", worker, "--ground", "court", "--text", "调查令", "--paper", ORDER
    )
    assert "已提出" in told.output, told.output
    found = re.search(r"decides: ([0-9a-f-]{36})", told.output)
    assert found is not None
    proposal = found[1]
    officer = "demo-data-officer"
    words = (
        worker,
        "--proposal",
        proposal,
        "--purpose",
        "court-or-law",
        "--case",
        "宁检调〔2025〕1号",
        "--to",
    )
    early = typed(house, commands, "case hold-copy", *words, str(to), by=officer)
    assert early.exit_code == 1, early.output
    told = typed(house, commands, "case decide", proposal, "--reason", "属实", by=officer)
    assert "已办理" in told.output, told.output
    (tmp_path / "there.json").write_text("x")
    told = typed(house, commands, "case hold-copy", *words, str(tmp_path / "there.json"), by=officer)
    assert told.exit_code == 2, "and the decision is not used up"
    told = typed(house, commands, "case hold-copy", *words, str(to), by=officer)
    assert "已取出" in told.output, told.output
    assert to.stat().st_mode & 0o777 == 0o600
    assert verify_bundle(to.read_bytes(), [anchor.log_key(house)]).outcome.name == "PROVEN"
    told = typed(house, commands, "case hold-copy", *words, str(tmp_path / "again.json"), by=officer)
    assert (told.exit_code, (tmp_path / "again.json").exists()) == (1, False)


def test_one_restricted_record_is_copied_once_and_nothing_else_of_its_chain(journey: Journey) -> None:
    """The archive is open; the order opens the record, what acted on it, and no other entry."""
    house, centre, worker = journey.house, journey.centre(), journey.person(5)
    record, other = journey.completion(centre, worker), journey.completion(centre, worker)
    enter(journey, centre, record)
    enter(journey, centre, other)
    own = archive_id(journey, worker["number"])
    path = f"/v1/desk/workers/{own}/records/{record_id(record)}/hold"
    assert journey.act("handler", path, ASKED, 422)["code"] == "order-needed", "nobody filed it"
    file_order(journey, own)
    assert journey.act("handler", path, ASKED, 409)["code"] == "standing"
    restricted.seal(house, uuid.UUID(own).bytes, uuid.UUID(record_id(record)).bytes)
    proposal = str(journey.act("handler", path, ASKED)["proposal_id"])
    assert make(journey, own, proposal).status_code == 403, "not decided yet"
    journey.decide("reviewer", proposal, status=403)
    journey.decide("data-officer", proposal)

    made = make(journey, own, proposal)
    assert made.status_code == 200, made.json
    assert verify_bundle(made.data, [anchor.log_key(house)]).outcome.name == "PROVEN"
    opened = [one["record"]["id"] for one in json.loads(made.data)["entries"] if "record" in one]
    assert opened[0] == record_id(record)
    assert record_id(other) not in opened
    assert looks(house, own) == [("court-or-law", CASE)]
    assert acts(house) == [("official:demo-data-officer", f"{own}/{proposal}")]
    assert make(journey, own, proposal).json["code"] == "copy-not-decided", "it is used up"
    told = f"/v1/desk/workers/{own}/archive?purpose=court-or-law&case_ref={quote(CASE)}"
    assert [one["life"] for one in journey.read("data-officer", told)["records"]] == ["restricted", "active"]

    again = str(journey.act("handler", path, ASKED | {"text": "再次调取"})["proposal_id"])
    restricted.lift(house, uuid.UUID(own).bytes, uuid.UUID(record_id(record)).bytes)
    journey.decide("data-officer", again, status=409)
    assert fsck.fsck(house).finding is None


def test_what_was_moved_away_is_copied_on_an_order_where_it_is_sealed(journey: Journey) -> None:
    """Nobody else opens it there: its archive's reading says that it was moved, and stays so."""
    house, centre = journey.house, journey.centre()
    worker, right = journey.person(5), journey.person(6)
    record = journey.completion(centre, worker)
    enter(journey, centre, record)
    enter(journey, centre, journey.completion(centre, right))
    own, other = (archive_id(journey, one["number"]) for one in (worker, right))
    move(house, uuid.UUID(own).bytes, uuid.UUID(record_id(record)).bytes, uuid.UUID(other).bytes)
    file_order(journey, own)
    path = f"/v1/desk/workers/{own}/records/{record_id(record)}/hold"
    proposal = str(journey.act("handler", path, ASKED)["proposal_id"])
    assert make(journey, own, proposal).status_code == 403, "not decided yet"
    journey.decide("reviewer", proposal, status=403)
    journey.decide("data-officer", proposal)
    made = make(journey, own, proposal)
    assert made.status_code == 200, made.json
    assert verify_bundle(made.data, [anchor.log_key(house)]).outcome.name == "PROVEN"
    opened = [one["record"] for one in json.loads(made.data)["entries"] if "record" in one]
    assert opened[0]["id"] == record_id(record)
    assert opened[0]["worker"]["number"] == worker["number"]
    assert right["number"] not in made.text
    assert looks(house, own) == [("court-or-law", CASE)]
    assert looks(house, other) == []
    told = f"/v1/desk/workers/{own}/archive?purpose=court-or-law&case_ref={quote(CASE)}"
    (shown,) = journey.read("data-officer", told)["records"]
    assert (shown["life"], "record" in shown) == ("restricted", False)
    assert fsck.fsck(house).finding is None
