"""The desk acts: each act by its form, refused in place, once however often it is sent, decided by two."""

import html
import io
import re
import uuid
from typing import Any

import flask
import pytest
import sqlalchemy as sa

from recordsvc.access import looked
from recordsvc.archive import (
    blockers,
    confirm,
    copies,
    dispute_decisions,
    dispute_follower,
    disputes,
    erasing,
    held,
    tables,
)
from recordsvc.archive.reading import Reader
from recordsvc.archive.statements import Stater
from recordsvc.bodies import institutions
from recordsvc.bodies.institutions import FactKind
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.people import merges, standing, synthetic
from recordsvc.people.cardbook import CardFact
from tests.archive.paperfiles import pdf
from tests.archive.support import shown
from tests.people.test_enrolling import CARD, NORMAL, take
from tests.web.conftest import BROWSER, Visitor
from tests.web.region import SCHOOL, Region, person
from tests.web.test_pages import sound

WHY = {"purpose": "service-window", "case_ref": "宁人社窗〔2025〕7号"}


@pytest.fixture
def desk(app: flask.Flask, ids: dict[str, str]) -> Any:
    """Sign officials in."""
    assert ids
    return lambda kind: Visitor(app).login(kind)


@pytest.fixture
def worker_id(region: Region, ids: dict[str, str], worker: dict[str, Any]) -> bytes:
    assert ids
    return region.worker_id(worker)


@pytest.fixture
def other(region: Region, ids: dict[str, str]) -> dict[str, Any]:
    """Another person with an archive."""
    assert ids
    found = person("马兰", 7)
    region.course(found, "2025-09-20")
    return found


def address(worker_id: bytes) -> str:
    return f"/desk/workers/{uuid.UUID(bytes=worker_id)}"


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, name
    return found[1]


def opened(official: Visitor, worker_id: bytes, path: str) -> dict[str, str]:
    """Look at an archive and open an act; the hidden fields of its form."""
    look = official.post(address(worker_id), **WHY).location.partition("?")[2]
    answer = official.get(f"{address(worker_id)}/{path}?{look}")
    assert answer.status_code == 200, answer.text
    sound(answer)
    return {name: hidden(answer.text, name) for name in ("look", "once")}


def proposals(house: House) -> int:
    with house.db.read() as conn:
        return len(two_person.pending(conn, house.clock.now_ms()))


def state(house: House, worker_id: bytes) -> str:
    with house.db.read_raw() as cursor:
        found = house.people.load(cursor, worker_id)
    assert found is not None
    return found.state


def approve(official: Visitor, path: str) -> None:
    answer = official.post(f"{path}/decide", word="approve", reason="核对无误")
    assert (answer.status_code, answer.location) == (303, path), answer.text


def prepare(house: House, official: Visitor, worker_id: bytes, wanted: str) -> None:
    """Bring an archive into a state."""
    if wanted in ("restricted", "closed"):
        to = standing.RESTRICTED if wanted == "restricted" else standing.CLOSED
        house.db.write(lambda turn: standing.change(turn, worker_id, standing.OPEN, to))
    assert official.actor is not None


@pytest.mark.parametrize(
    ("act", "before", "fields", "second"),
    [
        ("close", "open", {"ground": "death", "on": "2025-09-01"}, "reviewer"),
        ("reopen", "closed", {}, "reviewer"),
        ("unrestrict", "restricted", {"ground": "dispute-settled"}, "data-officer"),
    ],
)
def test_an_act_on_an_archive_is_proposed_once_and_decided_by_another(
    desk: Any, house: House, worker_id: bytes, act: str, before: str, fields: dict[str, str], second: str
) -> None:
    handler = desk("handler")
    prepare(house, handler, worker_id, before)
    form = opened(handler, worker_id, act)
    empty = handler.post(f"{address(worker_id)}/{act}", **form)
    assert (empty.status_code, "必填" in empty.text) == (422, True)
    sound(empty)

    typed = {**form, "text": "依材料\n办理", **fields}
    if act == "close":
        bare = handler.post(f"{address(worker_id)}/{act}", **typed)
        assert (bare.status_code, "须有至少一份已收存的证明材料" in bare.text) == (422, True)
        sound(bare)
        house.papers.keep(worker_id, pdf(), "death-certificate", "", handler.actor)
        typed["papers"] = str(uuid.UUID(bytes=house.papers.of(worker_id)[0].paper_id))
    made = [handler.post(f"{address(worker_id)}/{act}", **typed) for _ in range(2)]
    assert [one.status_code for one in made] == [303, 303], made[0].text
    assert made[0].location == made[1].location
    assert made[0].location.startswith("/desk/proposals/")
    assert proposals(house) == 1
    assert handler.post(f"{made[0].location}/decide", word="approve", reason="自己").status_code == 403
    approve(desk(second), made[0].location)
    assert state(house, worker_id) != before


def pending(house: House) -> list[two_person.Proposal]:
    with house.db.read() as conn:
        return two_person.pending(conn, house.clock.now_ms())


def codes_of(house: House, table: str) -> list[str]:
    from recordsvc import dated
    from recordsvc.ground.ports import beijing_date

    today = beijing_date(house.clock.now_ms()).isoformat()
    return [str(row["code"]) for row in dated.table(table).on(today).rows]


def first_code(house: House, table: str) -> str:
    from recordsvc import dated
    from recordsvc.ground.ports import beijing_date

    return str(dated.table(table).on(beijing_date(house.clock.now_ms()).isoformat()).rows[0]["code"])


def test_a_merge_names_the_other_by_number_and_rests_on_a_filed_paper(
    desk: Any, house: House, region: Region, worker: dict[str, Any], worker_id: bytes, other: dict[str, Any]
) -> None:
    handler, path = desk("handler"), address(worker_id)
    form = opened(handler, worker_id, "merge")
    data = {
        "file": (io.BytesIO(pdf()), "x.pdf"),
        "paper_kind": "police-proof",
        "paper_title": "证明",
        "look": form["look"],
        "text": "写到一半",
        "number": other["number"],
    }
    page = handler.client.post(
        f"{path}/papers/merge", data=data | {"csrf_token": handler.csrf}, headers=BROWSER
    )
    assert page.status_code == 200, page.text
    sound(page)
    assert "写到一半</textarea>" in page.text
    assert f'value="{other["number"]}"' in page.text
    paper = re.search(r'<option value="([0-9a-f-]{36})" selected>证明', page.text)
    assert paper is not None
    form = {name: hidden(page.text, name) for name in ("look", "once")}
    typed = {**form, "ground": first_code(house, "merge_grounds"), "text": "同一人", "kind": "resident-id"}
    nobody = handler.post(f"{path}/merge", number="640104199002150000", **typed, papers=paper[1])
    assert (nobody.status_code, "没有这个号码的档案" in nobody.text) == (422, True)
    assert (
        handler.post(
            f"{path}/merge", number=other["number"], **typed, papers=str(uuid.UUID(int=5))
        ).status_code
        == 422
    )
    bare = handler.post(f"{path}/merge", number=other["number"], **typed)
    assert (bare.status_code, "材料：至少一份，最多 20 份" in bare.text) == (422, True)
    made = handler.post(f"{path}/merge", number=other["number"], papers=paper[1], **typed)
    assert made.status_code == 303, made.text
    approve(desk("reviewer"), made.location)
    assert house.papers.of(worker_id)[0].sha256 in handler.get(made.location).text
    with house.db.read() as conn:
        assert merges.person_id(conn, worker_id) == region.worker_id(other)
        assert "papers" in [one.fields for one in looked.of_worker(conn, worker_id)]
    undo = opened(handler, worker_id, "unmerge")
    bare = handler.post(f"{path}/unmerge", ground="merged-in-error", text="弄错了", **undo)
    assert (bare.status_code, "材料：至少一份，最多 20 份" in bare.text) == (422, True)
    made = handler.post(f"{path}/unmerge", ground="merged-in-error", text="弄错了", papers=paper[1], **undo)
    approve(desk("reviewer"), made.location)
    assert state(house, worker_id) == "open"


def test_a_merged_timeline_says_which_records_come_from_the_other_archive(
    desk: Any, app: flask.Flask, house: House, region: Region, worker_id: bytes, other: dict[str, Any]
) -> None:
    first = region.worker_id(other)
    house.db.write(lambda turn: merges.link(turn, first, worker_id))
    text = Visitor(app).login().get("/me").text

    assert text.count("来自合并的另一份档案") == 1
    assert str(uuid.UUID(bytes=first)) not in text


def test_a_record_moves_to_whom_its_number_names(
    desk: Any, house: House, region: Region, ids: dict[str, str], worker_id: bytes, other: dict[str, Any]
) -> None:
    handler, act = desk("handler"), f"records/{ids['fresh']}/move"
    card = CardFact(
        "resident-id",
        other["number"],
        other["name"],
        CARD,
        "extract:2025-10-01",
        synthetic.chip_code(1),
        "640100",
        events=NORMAL,
    )
    take(house, card)
    form = opened(handler, worker_id, act)
    path = f"{address(worker_id)}/{act}"
    paper = house.papers.keep(worker_id, pdf(), "own-request", "", handler.actor)
    chosen = str(uuid.UUID(bytes=paper.paper_id))
    typed = {**form, "text": "记错了人", "kind": "resident-id", "papers": chosen}
    nothing = handler.post(path, **form)
    assert nothing.status_code == 422
    wrong = re.findall(r'<p><a href="#f-(\w+)">', nothing.text)
    assert wrong == ["kind", "number", "text", "papers"]  # all at once, as they stand on the page
    # One picture in each frame: on a wide screen those of one frame lie upon each other.
    assert [part.count("<img") for part in nothing.text.split('<div class="number">')[1:]] == [1, 1, 1, 1]
    for kind in ("公民身份号码：18 位", "社会保障卡卡号：9 位", "卡识别码：32 位"):
        assert kind in nothing.text, "whichever number is chosen, the page says which it is"
    named = handler.post(path, number=other["number"], **typed | {"text": f"应为{other['number']}的记录"})
    assert (named.status_code, "说明：不能写证件号码" in named.text) == (422, True), named.text
    made = handler.post(path, number=other["number"], **typed)
    assert made.status_code == 303, made.text
    asked = desk("reviewer").get(made.location).text
    assert re.findall("(社会保障卡卡号|卡识别码|card|chip) <code>", asked) == ["社会保障卡卡号", "卡识别码"]
    approve(desk("reviewer"), made.location)


def test_an_erasure_names_the_rule_before_and_after_it_is_asked_for(
    desk: Any, house: House, worker_id: bytes, ids: dict[str, str]
) -> None:
    officer, path = desk("data-officer"), address(worker_id)
    form = opened(officer, worker_id, "restrict")
    typed = {**form, "ground": first_code(house, "restriction_grounds"), "text": "依决定"}
    sealed = [officer.post(f"{path}/restrict", **typed) for _ in range(2)]
    assert [one.status_code for one in sealed] == [303, 303], sealed[1].text
    assert state(house, worker_id) == "restricted"
    look = officer.post(path, **WHY).location.partition("?")[2]
    page = officer.get(f"{path}/erase?{look}")
    with house.db.read() as conn:
        stand = blockers.of_archives(
            house, conn, erasing.persons.read(house, worker_id, sealed=True).archives, ""
        )
    assert stand
    assert all(one.zh in page.text for one in stand)
    form = {name: hidden(page.text, name) for name in ("look", "once")}
    refused = officer.post(
        f"{path}/erase", ground=first_code(house, "erasure_grounds"), text="依申请", **form
    )
    assert refused.status_code == 409
    assert refused.text.count(f"<li>{stand[0].zh}") == [one.zh for one in stand].count(stand[0].zh)
    sound(refused)
    assert proposals(house) == 0


def test_an_erasure_is_proposed_and_decided_from_pages_and_nothing_is_left(
    desk: Any, house: House, worker_id: bytes
) -> None:
    handler, officer = desk("handler"), desk("data-officer")
    restrict = opened(officer, worker_id, "restrict")
    ground = first_code(house, "restriction_grounds")
    done = officer.post(f"{address(worker_id)}/restrict", ground=ground, text="本人申请", **restrict)
    assert done.status_code == 303, done.text
    # The one ground that no rule of keeping stands against.
    form = opened(handler, worker_id, "erase")
    free = next(
        code
        for code in codes_of(house, "erasure_grounds")
        if handler.post(
            f"{address(worker_id)}/erase", ground=code, text="试", **(form | {"once": uuid.uuid4().hex})
        ).status_code
        == 303
    )
    assert free
    (waiting,) = pending(house)
    path = f"/desk/proposals/{uuid.UUID(bytes=waiting.id)}"
    assert handler.post(f"{path}/decide", word="approve", reason="自己").status_code == 403
    approve(officer, path)
    with house.db.read_raw() as cursor:
        assert house.people.load(cursor, worker_id) is None
    gone = officer.get(officer.post(address(worker_id), **WHY).location)
    assert gone.status_code == 404
    assert "已批准" in officer.get(path).text


def test_one_record_is_restricted_kept_while_a_rule_keeps_it_and_lifted_from_pages(
    desk: Any, me: Visitor, house: House, worker_id: bytes, ids: dict[str, str]
) -> None:
    """Sealed, neither its own page nor the desk shows it; what may be done to it is offered at its card."""
    handler, officer, record = desk("handler"), desk("data-officer"), f"records/{ids['fresh']}"
    salt = me.get(f"/v1/me/{record}").json["record"]["salt"]
    assert salt in me.get("/v1/me/archive").text
    ended = me.get("/me").text.count("card ended")
    assert f"{record}/erase" not in handler.get(handler.post(address(worker_id), **WHY).location).text

    form = opened(handler, worker_id, f"{record}/restrict")
    path = f"{address(worker_id)}/{record}"
    bare = handler.post(f"{path}/restrict", **form)
    assert (bare.status_code, "必填" in bare.text) == (422, True)
    sound(bare)
    order = handler.post(f"{path}/restrict", ground="authority-order", text="依决定", **form)
    assert (order.status_code, "至少选一份已收存的决定文书" in order.text) == (422, True)
    filed = handler.client.post(
        f"{path}/papers/restrict",
        data={**form, "ground": "authority-order", "text": "依决定", "csrf_token": handler.csrf}
        | {"paper_kind": "other", "paper_title": "裁定书", "file": (io.BytesIO(pdf()), "x.pdf")},
        headers=BROWSER,
    )
    assert (filed.status_code, "依决定" in filed.text, "裁定书" in filed.text) == (200, True, True)
    paper = str(uuid.UUID(bytes=house.papers.of(worker_id)[-1].paper_id))
    made = handler.post(f"{path}/restrict", ground="authority-order", text="依决定", papers=paper, **form)
    assert made.status_code == 303, made.text
    assert "限制处理一条记录" in officer.get(made.location).text
    approve(officer, made.location)

    own = me.get("/me")
    assert own.text.count("已限制处理") == 1, "said once"
    assert own.text.count("card ended") == ended, "it is not struck through as what was revoked"
    assert "依有权机关决定：依决定" in own.text
    sound(own)
    assert salt not in me.get("/v1/me/archive").text
    for page in (f"/me/{record}", f"/me/{record}/file", f"/me/{record}/receipt", f"/me/{record}/contest"):
        assert me.get(page).status_code == 423, page
    refused = me.get(f"/v1/me/{record}")
    assert (refused.status_code, "这条记录已限制处理" in refused.text) == (423, True)
    desk_page = officer.get(officer.post(address(worker_id), **WHY).location)
    for offered in ("erase", "unrestrict"):
        assert f"{record}/{offered}" in desk_page.text
    assert f"{record}/restrict" not in desk_page.text

    form = opened(handler, worker_id, f"{record}/erase")
    kept = handler.post(f"{path}/erase", ground=first_code(house, "erasure_grounds"), text="依申请", **form)
    assert (kept.status_code, "现在还不能删除" in kept.text) == (409, True)
    form = opened(handler, worker_id, f"{record}/unrestrict")
    lifted = handler.post(f"{path}/unrestrict", ground="dispute-settled", text="已解决", **form)
    approve(officer, lifted.location)
    assert me.get(f"/me/{record}").status_code == 200


def test_a_relatives_copy_needs_a_paper_and_is_found_from_the_archive(
    desk: Any, house: House, worker_id: bytes, clock: FixedClock
) -> None:
    handler = desk("handler")
    house.papers.keep(worker_id, pdf(), "relation-proof", "", handler.actor)
    prepare(house, handler, worker_id, "closed")
    form, path = opened(handler, worker_id, "relatives"), f"{address(worker_id)}/relatives"
    typed = {**form, "relation": "配偶", "text": "依法查阅"}
    bare = handler.post(path, **typed)
    assert (bare.status_code, "材料：至少一份，最多 20 份" in bare.text) == (422, True)
    paper = str(uuid.UUID(bytes=house.papers.of(worker_id)[0].paper_id))
    made = handler.post(path, papers=paper, **typed)
    assert made.status_code == 303, made.text
    archive = handler.post(address(worker_id), **WHY).location
    assert "已批准的副本" not in handler.get(archive).text
    approve(desk("reviewer"), made.location)
    page = handler.get(archive)
    sound(page)
    assert f'<a href="{made.location}">向近亲属提供副本</a>' in page.text
    clock.advance(copies.LIFE_MS + 1)
    archive = desk("reviewer").post(address(worker_id), **WHY).location
    assert "已批准的副本" not in desk("reviewer").get(archive).text


def test_a_copy_that_lacks_purpose_or_case_is_asked_for_in_place(
    desk: Any, house: House, region: Region, worker_id: bytes, other: dict[str, Any], clock: FixedClock
) -> None:
    handler = desk("handler")
    paper = house.papers.keep(worker_id, pdf(), "relation-proof", "", handler.actor)
    prepare(house, handler, worker_id, "closed")
    form = opened(handler, worker_id, "relatives")
    path, typed = f"{address(worker_id)}/relatives", {**form, "relation": "配偶", "text": "依法查阅"}
    made = handler.post(path, papers=str(uuid.UUID(bytes=paper.paper_id)), **typed)
    approve(desk("reviewer"), made.location)
    proposal = made.location.rpartition("/")[2]

    bare = handler.post(f"{address(worker_id)}/copy", proposal=proposal, case_ref="R-1")
    assert (bare.status_code, "查阅目的：必填" in bare.text) == (422, True)
    assert 'value="R-1"' in bare.text, "what was typed stays"
    sound(bare)
    # Of another worker nothing is shown.
    elsewhere = handler.post(f"{address(region.worker_id(other))}/copy", proposal=proposal)
    assert (elsewhere.status_code, "依法查阅" in elsewhere.text) == (403, False)
    given = {"purpose": "court-or-law", "case_ref": "（2025）宁01民初1号"}
    sent = handler.post(f"{address(worker_id)}/copy", proposal=proposal, **given)
    assert (sent.status_code, sent.content_type) == (200, "application/zip")
    # After thirty days the page says that it is over.
    clock.advance(31 * 24 * 3_600_000)
    late = desk("handler").get(made.location).text
    assert ("批准已满三十日" in late, "/copy" in late) == (True, False)


@pytest.mark.parametrize("whose", ["known", "foreign", "unknown"])
def test_a_paper_that_the_interface_is_given_must_be_the_workers(
    desk: Any, house: House, region: Region, worker_id: bytes, other: dict[str, Any], whose: str
) -> None:
    handler = desk("handler")
    owner = region.worker_id(other) if whose == "foreign" else worker_id
    house.papers.keep(owner, pdf(), "police-proof", "", handler.actor)
    paper = uuid.UUID(int=7) if whose == "unknown" else uuid.UUID(bytes=house.papers.of(owner)[0].paper_id)
    answer = handler.client.post(
        f"/v1{address(worker_id)}/close",
        json={
            "ground": first_code(house, "closure_grounds"),
            "on": "2025-09-01",
            "text": "依材料办理",
            "papers": [str(paper)],
        },
        headers={"X-CSRF-Token": handler.csrf, "Origin": "http://localhost"},
    )
    if whose == "known":
        assert answer.status_code == 202, answer.json
        (one,) = pending(house)
        assert one.payload["papers"] == [house.papers.of(worker_id)[0].sha256]
    else:
        assert answer.status_code == 422, answer.json
        assert pending(house) == []


def test_keys_of_an_institution_that_is_open_are_not_retired(desk: Any) -> None:
    registrar = desk("registrar")
    page = registrar.get("/desk/issuers/retire")
    sound(page)
    empty = registrar.post("/desk/issuers/retire", once=hidden(page.text, "once"))
    assert re.findall(r'<p><a href="#f-(\w+)">', empty.text) == ["issuer", "reason"]
    unknown = registrar.post(
        "/desk/issuers/retire", issuer="X", reason="停办", once=hidden(page.text, "once")
    )
    assert (unknown.status_code, "没有登记这个机构" in unknown.text) == (422, True)
    there = registrar.post("/desk/issuers/retire", issuer=SCHOOL, reason="停办")
    assert (there.status_code, "没有停办或注销的登记" in there.text) == (409, True)


def test_keys_of_a_closed_institution_are_retired_by_two_from_pages(desk: Any, house: House) -> None:
    registrar, path = desk("registrar"), "/desk/issuers/retire"
    today = beijing_date(house.clock.now_ms()).isoformat()
    house.db.write(
        lambda turn: (
            institutions.state(turn, SCHOOL, FactKind.CLOSED, today, "停办", "公告", "official:1").uscc
        )
    )
    made = registrar.post(path, issuer=SCHOOL, reason="停办", once=hidden(registrar.get(path).text, "once"))
    assert made.status_code == 303, made.text
    page = registrar.get(made.location)
    sound(page)
    assert "吊销停办机构的全部钥匙" in page.text
    assert registrar.post(f"{made.location}/decide", word="approve", reason="自己").status_code == 403
    approve(desk("registrar-2"), made.location)
    again = registrar.post(path, issuer=SCHOOL, reason="停办")
    assert (again.status_code, "钥匙已全部吊销" in again.text) == (409, True)


def test_an_act_without_its_look_or_role_does_nothing(desk: Any, house: House, worker_id: bytes) -> None:
    handler, path = desk("handler"), address(worker_id)
    assert handler.get(f"{path}/merge").location == path
    assert handler.post(f"{path}/close", text="x").status_code == 422
    assert handler.get(f"{path}/restrict").status_code == 403
    assert desk("auditor").get(f"{path}/merge").status_code == 403
    assert proposals(house) == 0


# -- what was typed


def late(clock: FixedClock, official: Visitor) -> None:
    """Let the quarter of an hour of a look go by, not the session."""
    for _ in range(2):
        clock.advance(8 * 60 * 1000)
        official.get("/desk")


def kept(page: str) -> dict[str, str]:
    """The hidden fields that a page carries."""
    found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', page)
    return {name: html.unescape(value) for name, value in found if name != "csrf_token"}


def test_an_act_sent_after_its_look_was_over_comes_back_as_it_was_typed(
    desk: Any, house: House, clock: FixedClock, worker_id: bytes, other: dict[str, Any]
) -> None:
    handler, path = desk("handler"), f"{address(worker_id)}/merge"
    house.papers.keep(worker_id, pdf(), "police-proof", "", handler.actor)
    ground = first_code(house, "merge_grounds")
    typed = {"kind": "resident-id", "number": other["number"], "ground": ground, "text": "同一人\n两份 <b>"}
    form = opened(handler, worker_id, "merge")
    late(clock, handler)
    asked = handler.post(path, **form, **typed)
    assert (asked.status_code, asked.location) == (422, None)
    sound(asked)
    assert "还没有提交" in asked.text
    carried = kept(asked.text)
    assert {name: carried[name] for name in typed} == typed
    assert "look" not in carried

    empty = handler.post(path, **carried)
    assert (empty.status_code, "案卷号：必填" in empty.text) == (422, True)
    assert {name: kept(empty.text)[name] for name in typed} == typed
    with house.db.read() as conn:
        before = len(looked.of_worker(conn, worker_id))
    again = handler.post(path, **kept(empty.text), **WHY)
    assert again.status_code == 200, again.text
    sound(again)
    assert proposals(house) == 0
    assert f'value="{other["number"]}"' in again.text
    assert "同一人\n两份 &lt;b&gt;</textarea>" in again.text
    assert f'<option value="{ground}" selected>' in again.text
    with house.db.read() as conn:
        rows = looked.of_worker(conn, worker_id)
    assert {one.case_ref for one in rows} == {WHY["case_ref"]}
    assert len(rows) >= before
    typed["papers"] = str(uuid.UUID(bytes=house.papers.of(worker_id)[0].paper_id))
    made = handler.post(path, **typed, **{name: hidden(again.text, name) for name in ("look", "once")})
    assert made.status_code == 303, made.text
    assert proposals(house) == 1


def test_a_refused_purpose_renews_nothing(
    desk: Any, house: House, clock: FixedClock, worker_id: bytes
) -> None:
    handler, path = desk("handler"), f"{address(worker_id)}/close"
    form = opened(handler, worker_id, "close")
    late(clock, handler)
    answer = handler.post(path, **form, renew="1", text="甲", purpose="curiosity", case_ref="K-1")
    assert answer.status_code == 422
    assert kept(answer.text)["text"] == "甲"
    assert proposals(house) == 0


def test_a_restriction_sent_late_comes_back_as_it_was_typed(
    desk: Any, house: House, clock: FixedClock, worker_id: bytes
) -> None:
    officer, path = desk("data-officer"), f"{address(worker_id)}/restrict"
    form = opened(officer, worker_id, "restrict")
    late(clock, officer)
    asked = officer.post(path, **form, text="本人申请")
    again = officer.post(path, **kept(asked.text), **WHY)
    assert (again.status_code, "本人申请</textarea>" in again.text) == (200, True)
    assert state(house, worker_id) == "open"


def test_a_paper_filed_late_or_refused_loses_nothing_typed(
    desk: Any, house: House, clock: FixedClock, worker_id: bytes
) -> None:
    handler, path = desk("handler"), f"{address(worker_id)}/papers/merge"
    form = opened(handler, worker_id, "merge")
    data = {"look": form["look"], "text": "写到一半", "csrf_token": handler.csrf}
    for file, kind in ((b"", "police-proof"), (b"text", "police-proof"), (pdf(), "")):
        refused = handler.client.post(
            path, data=data | {"file": (io.BytesIO(file), "a"), "paper_kind": kind}, headers=BROWSER
        )
        assert (refused.status_code, "写到一半</textarea>" in refused.text) == (422, True)
        sound(refused)
    assert refused.text.count("没有这种材料类型") == 1
    assert "收存材料：没有这种材料类型" in refused.text, "and not the kind of number"
    late(clock, handler)
    asked = handler.client.post(
        path, data=data | {"file": (io.BytesIO(pdf()), "a"), "paper_kind": "police-proof"}, headers=BROWSER
    )
    assert (asked.status_code, "文件须重新选择" in asked.text) == (422, True)
    again = handler.post(f"{address(worker_id)}/merge", **kept(asked.text), **WHY)
    assert (again.status_code, "写到一半</textarea>" in again.text) == (200, True)
    assert house.papers.of(worker_id) == []


def test_a_chosen_file_that_was_not_filed_is_not_passed_over(
    desk: Any, house: House, worker_id: bytes
) -> None:
    handler = desk("handler")
    house.papers.keep(worker_id, pdf(), "relation-proof", "", handler.actor)
    prepare(house, handler, worker_id, "closed")
    form, path = opened(handler, worker_id, "relatives"), f"{address(worker_id)}/relatives"
    paper = str(uuid.UUID(bytes=house.papers.of(worker_id)[0].paper_id))
    answer = handler.post(path, papers=paper, relation="配偶", text="依法查阅", file="a.pdf", **form)
    assert (answer.status_code, "选中的文件还没有收存" in answer.text) == (422, True)
    assert proposals(house) == 0


# -- held records


@pytest.fixture
def waiting(house: House, region: Region, ids: dict[str, str]) -> str:
    """A held record: the number's name differs."""
    assert ids
    with pytest.raises(AssertionError, match="held"):
        region.course(person("另一姓名", 3), "2025-10-20")
    with house.db.read() as conn:
        (one,) = held.waiting(conn)
    return str(uuid.UUID(bytes=one.held_id))


def test_a_held_record_is_looked_at_and_released_by_two(desk: Any, house: House, waiting: str) -> None:
    handler, path = desk("handler"), f"/desk/held/{waiting}"
    sound(handler.get("/desk/held"))
    assert path in handler.get("/desk/held").text
    before = handler.get(path)
    sound(before)
    assert "另一姓名" not in before.text
    page = handler.get(handler.post(path, **WHY).location)
    sound(page)
    assert "另一姓名" in page.text
    form = {name: hidden(page.text, name) for name in ("look", "once")}
    empty = handler.post(f"{path}/release", **form)
    assert (empty.status_code, "必填" in empty.text) == (422, True)
    made = [handler.post(f"{path}/release", reason="核对无误", **form) for _ in range(2)]
    assert made[0].location == made[1].location
    approve(desk("reviewer"), made[0].location)


def test_a_number_typed_for_a_held_record_is_not_passed_over_when_the_look_is_over(
    desk: Any, house: House, clock: FixedClock, waiting: str, worker: dict[str, Any]
) -> None:
    handler, path = desk("handler"), f"/desk/held/{waiting}"
    page = handler.get(handler.post(path, **WHY).location)
    form = {name: hidden(page.text, name) for name in ("look", "once")}
    typed = {"kind": "resident-id", "number": worker["number"], "reason": "与证件核对"}
    late(clock, handler)
    asked = handler.post(f"{path}/release", **form, **typed)
    assert asked.status_code == 422
    assert {name: kept(asked.text)[name] for name in typed} == typed
    assert proposals(house) == 0
    again = handler.post(f"{path}/release", **kept(asked.text), **WHY)
    assert again.status_code == 200, again.text
    assert "与证件核对</textarea>" in again.text
    assert f'value="{worker["number"]}"' in again.text
    form = {name: hidden(again.text, name) for name in ("look", "once")}
    assert handler.post(f"{path}/release", **form, **typed).status_code == 303


def test_a_held_record_is_returned_once(desk: Any, house: House, waiting: str) -> None:
    handler, path = desk("handler"), f"/desk/held/{waiting}"
    form = {"once": hidden(handler.get(path).text, "once")}
    assert handler.post(f"{path}/return", **form).status_code == 422
    back = [handler.post(f"{path}/return", reason="姓名不符", **form) for _ in range(2)]
    assert [one.location for one in back] == ["/desk/held", "/desk/held"], back[1].text
    with house.db.read() as conn:
        assert held.waiting(conn) == []
        assert conn.scalar(sa.select(tables.held.c.note)) == "姓名不符"


# -- disputes


def test_a_dispute_is_read_answered_and_decided(
    desk: Any, house: House, region: Region, worker_id: bytes, ids: dict[str, str]
) -> None:
    record_id = uuid.UUID(ids["fresh"]).bytes
    seen = shown(house, worker_id, record_id)
    confirm.contest(
        house, worker_id, seen, "page", Stater("x", "worker", "session-1"), "wrong-result", "我得了 91 分"
    )
    dispute_follower.follower(house).run()
    house.db.write(lambda turn: turn.conn.execute(tables.dispute.update().values(owner=disputes.REGION)))
    with house.db.read() as conn:
        (case,) = disputes.of_region(conn)
    handler, path = desk("handler"), f"/desk/disputes/{case.name}"
    assert path in handler.get("/desk/disputes").text
    gate = handler.get(path)
    sound(gate)
    assert "91 分" not in gate.text
    page = handler.get(handler.post(path, **WHY).location)
    sound(page)
    assert "91 分" in page.text
    form = {name: hidden(page.text, name) for name in ("look", "once")}
    for _ in range(2):
        assert handler.post(f"{path}/messages", text="请提供成绩单", **form).status_code == 303
    with house.db.read() as conn:
        assert len(disputes.messages(house, conn, case)) == 1
    form["once"] = uuid.uuid4().hex
    assert handler.post(f"{path}/decide", how="correct", text="x", **form).status_code == 422
    worker = Reader(house).archive(worker_id)
    assert worker is not None
    now = next(one.body["score"] for one in worker.state.records if one.seq == case.seq and one.body)
    idle = handler.post(f"{path}/decide", how="correct", pointer="/score", value=now, text="x", **form)
    assert idle.status_code == 422
    assert "所填的新值就是记录现在的内容" in idle.text
    made = handler.post(
        f"{path}/decide", how="correct", pointer="/score", value="91.0", text="成绩单上是 91 分", **form
    )
    assert made.status_code == 303, made.text
    approve(desk("reviewer"), made.location)
    with house.db.read() as conn:
        found = disputes.find(conn, case.dispute_id)
        assert found is not None
        assert (found.state, dispute_decisions.proposed(house, conn, found)) == ("upheld", [])


def test_a_message_and_a_decision_sent_late_come_back_as_they_were_typed(
    desk: Any, house: House, clock: FixedClock, worker_id: bytes, ids: dict[str, str]
) -> None:
    seen = shown(house, worker_id, uuid.UUID(ids["fresh"]).bytes)
    confirm.contest(
        house, worker_id, seen, "page", Stater("x", "worker", "session-1"), "wrong-result", "不对"
    )
    dispute_follower.follower(house).run()
    house.db.write(lambda turn: turn.conn.execute(tables.dispute.update().values(owner=disputes.REGION)))
    with house.db.read() as conn:
        (case,) = disputes.of_region(conn)
    handler, path = desk("handler"), f"/desk/disputes/{case.name}"
    look = hidden(handler.get(handler.post(path, **WHY).location).text, "look")
    late(clock, handler)
    for door, typed in (
        ("messages", {"text": "请提供\n成绩单"}),
        ("decide", {"how": "correct", "pointer": "/score", "value": "91.0", "text": "成绩单上是 91 分"}),
    ):
        asked = handler.post(f"{path}/{door}", look=look, **typed)
        assert asked.status_code == 422
        assert "不对" not in asked.text
        assert {name: kept(asked.text)[name] for name in typed} == typed
        again = handler.post(f"{path}/{door}", **kept(asked.text), **WHY)
        assert again.status_code == 200, again.text
        sound(again)
        assert f"{typed['text']}</textarea>" in again.text
    assert 'value="91.0"' in again.text
    with house.db.read() as conn:
        assert disputes.messages(house, conn, case) == []
    assert proposals(house) == 0


# -- words of the worker


def test_blanks_around_what_a_worker_says_are_left_out(
    me: Visitor, ids: dict[str, str], house: House
) -> None:
    detail = me.client.get(f"/v1/me/records/{ids['fresh']}").json
    headers = {"X-CSRF-Token": me.csrf, "Origin": "http://localhost"}
    said = {"seen": detail["state"]["seen"], "reason": "wrong-result", "text": "  我得了 91 分 "}
    answer = me.client.post(f"/v1/me/records/{ids['fresh']}/contest", json=said, headers=headers)
    assert answer.status_code == 201, answer.json
    stated = {"matter": first_code(house, "statement_matters"), "title": " 学徒 ", "text": " 三年学徒 "}
    assert me.client.post("/v1/me/statements", json=stated, headers=headers).status_code == 201
    blank = me.client.post("/v1/me/statements", json=stated | {"text": "  "}, headers=headers)
    assert blank.status_code == 422


def test_evidence_from_elsewhere_is_filed_with_its_scan_also_when_the_form_comes_back(
    me: Visitor, house: House, worker_id: bytes
) -> None:
    page = me.get("/me/foreign")
    sound(page)
    province = re.search(r'<option value="(\d\d)"', page.text)
    kind = re.search(r'id="evidence_kind".*?<option value="([a-z-]+)"', page.text, re.DOTALL)
    assert province is not None
    assert kind is not None
    fields = {"evidence_kind": kind[1], "title": "电工证", "province": province[1], "issued_by": "某中心"}
    data = {**fields, "csrf_token": me.csrf}
    bad = me.client.post("/me/foreign", data=data | {"scan": (io.BytesIO(b"text"), "a")}, headers=BROWSER)
    assert (bad.status_code, "材料只收" in bad.text) == (422, True)
    missing = me.client.post(
        "/me/foreign",
        data={"csrf_token": me.csrf, "title": "电工证", "scan": (io.BytesIO(pdf()), "a")},
        headers=BROWSER,
    )
    assert missing.status_code == 422
    assert re.findall(r'<p><a href="#(\w+)">', missing.text) == [
        "evidence_kind",
        "province",
        "issued_by",
    ]
    kept = {"kept": hidden(missing.text, "kept"), "scan": (io.BytesIO(b""), "")}
    foreign = {**kept, "kept": str(uuid.UUID(int=7)), "scan": (io.BytesIO(b""), "")}
    refused = me.client.post("/me/foreign", data=data | foreign, headers=BROWSER)
    assert (refused.status_code, "扫描件没有找到" in refused.text) == (422, True)
    again = me.client.post("/me/foreign", data=data | kept, headers=BROWSER)
    assert again.status_code == 303, again.text
    record_id = again.location.rpartition("/")[2]
    (paper,) = house.papers.of(worker_id)
    archive = Reader(house).archive(worker_id)
    assert archive is not None
    entry, _state = archive.by_record_id(uuid.UUID(record_id).bytes) or (None, None)
    assert entry is not None
    assert entry.record is not None
    assert entry.record["provenance"]["papers"] == [paper.sha256]
    good = me.client.post("/me/foreign", data=data | {"scan": (io.BytesIO(pdf()), "a")}, headers=BROWSER)
    assert good.status_code == 303, good.text
    assert "电工证" in me.get("/me/papers").text
