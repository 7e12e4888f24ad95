"""Pages for the last verbs that had none: trust, strays, division, own statements, card facts, a closing."""

import re
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access import demo, officials
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.tables import official_act
from recordsvc.archive.foreign import state_evidence
from recordsvc.archive.reading import Reader
from recordsvc.archive.statements import Stater
from recordsvc.house import House
from recordsvc.web import words
from tests.archive.paperfiles import png
from tests.archive.test_merging import merge, unmerge
from tests.web.conftest import Visitor
from tests.web.region import ASSESSOR, SCHOOL, Region
from tests.web.test_desk_acts import WHY, address, approve, desk, hidden, opened, other, pending, worker_id
from tests.web.test_numbers import cards
from tests.web.test_pages import sound

__all__ = ["cards", "desk", "other", "worker_id"]
EVIDENCE = {
    "evidence_kind": "level-certificate",
    "title": "焊工四级",
    "origin": {"country": "CHN", "province": "61", "issued_by": "陕西" + "某" * 60 + "中心"},
}


@pytest.fixture
def evidence(house: House, worker_id: bytes) -> str:
    made, _index = state_evidence(house, worker_id, EVIDENCE, (), Stater("w", "worker", "session-1"))
    return str(uuid.UUID(bytes=made))


def bodies(house: House, worker_id: bytes, record_type: str) -> list[dict[str, Any]]:
    archive = Reader(house).archive(worker_id)
    assert archive is not None
    return [
        one.body
        for one in archive.state.records
        if one.record is not None and one.record["type"] == record_type and one.body is not None
    ]


# -- trust


def test_trust_is_offered_on_evidence_from_elsewhere_alone_and_decided_by_another(
    desk: Any, house: House, worker_id: bytes, evidence: str
) -> None:
    handler, path = desk("handler"), f"records/{evidence}/trust"
    page = handler.get(handler.post(address(worker_id), **WHY).location).text
    assert len(re.findall(r"/trust\?", page)) == 1, "one record of many is evidence from elsewhere"
    form = opened(handler, worker_id, path)
    offered = handler.get(f"{address(worker_id)}/{path}?look={form['look']}").text
    assert ('value="issuer-confirmed"' in offered, 'value="issuer-signed"' in offered) == (True, False)
    by_word = {"trust": "issuer-signed", "text": "看过", "method": "看过", "by": "岗位", "on": "2025-09-20"}
    refused = handler.post(f"{address(worker_id)}/{path}", **form, **by_word)
    assert (refused.status_code, "不能人工认定" in refused.text) == (422, True), refused.text
    typed = {**form, "trust": "original-seen", "text": "已看原件"}
    unproven = handler.post(f"{address(worker_id)}/{path}", **typed)
    assert unproven.status_code == 422
    sound(unproven)
    assert not pending(house)
    half = handler.post(f"{address(worker_id)}/{path}", **typed, method="窗口核对原件")
    assert half.status_code == 422
    assert 'href="#f-on"' in half.text, "the day is missing, and the page leads to its field"
    assert 'value="窗口核对原件"' in half.text
    sound(half)
    proof = {"method": "窗口核对原件", "on": "2025-09-20", "by": "某窗口"}
    unseen = handler.post(f"{address(worker_id)}/{path}", **typed, **proof)
    assert (unseen.status_code, "已收存" in unseen.text) == (422, True), "nothing that another could look at"
    sound(unseen)
    who = Actor(Kind.OFFICIAL, "counter", roles=frozenset({"handler"}))
    typed["papers"] = house.papers.keep(worker_id, png(), "query-result", "查询", who).sha256
    made = handler.post(f"{address(worker_id)}/{path}", **typed, **proof)
    assert made.status_code == 303, made.text
    assert handler.post(f"{made.location}/decide", word="approve", reason="自己").status_code == 403
    approve(desk("reviewer"), made.location)
    (body,) = bodies(house, worker_id, "foreign-evidence")
    assert (body["trust"], body["verification"]["by"]) == ("original-seen", "某窗口")


def test_trust_of_another_record_is_not_to_be_had(
    desk: Any, house: House, worker_id: bytes, ids: dict[str, str]
) -> None:
    handler, path = desk("handler"), f"records/{ids['first']}/trust"
    look = handler.post(address(worker_id), **WHY).location.partition("?")[2]
    page = handler.get(f"{address(worker_id)}/{path}?{look}")
    assert "现状不允许" in page.text
    sound(page)


# -- strays


def test_strays_are_listed_with_the_way_to_move_each(
    desk: Any, house: House, region: Region, worker: dict[str, Any], worker_id: bytes, other: dict[str, Any]
) -> None:
    handler, into = desk("handler"), region.worker_id(other)
    look = handler.post(address(worker_id), **WHY).location.partition("?")[2]
    empty = handler.get(f"{address(worker_id)}/strays?{look}")
    assert "没有误入" in empty.text
    sound(empty)
    merge(house, worker_id, into)
    strayed = region.course(worker, "2025-10-30", 3)
    evidence, _index = state_evidence(house, into, EVIDENCE, (), Stater("w", "worker", "session-2"))
    mine = Actor(Kind.WORKER, str(uuid.UUID(bytes=into)), worker_id=into)
    house.papers.keep(into, png(), "certificate-scan", "证书", mine)
    unmerge(house, worker_id)
    handler = desk("handler")
    look = handler.post(address(worker_id), **WHY).location.partition("?")[2]
    listed = handler.get(f"{address(worker_id)}/strays?{look}")
    sound(listed)
    assert strayed in listed.text
    assert listed.text.count(">决定归谁<") == 2, "nobody knows whose the evidence and the paper are"
    assert str(uuid.UUID(bytes=evidence)) in listed.text
    href = re.search(r'href="(/desk/workers/[^"]*/move[^"]*)"', listed.text)
    assert href is not None
    form = handler.get(href[1].replace("&amp;", "&"))
    assert form.status_code == 200
    assert hidden(form.text, "issuer") == SCHOOL
    assert handler.get(f"{address(worker_id)}/strays").status_code == 303, "without a look it asks for one"
    assert desk("registrar").get(f"{address(worker_id)}/strays?{look}").status_code == 403
    paper = re.search(r'href="(/desk/workers/[^"]*/strays/paper/[^"?]*)\?(look=[^"]*)"', listed.text)
    assert paper is not None, "a paper of that time"
    sound(form := handler.get(f"{paper[1]}?{paper[2]}"))
    assert re.findall(r'option value="([0-9a-f-]{36})"', form.text) == [
        str(uuid.UUID(bytes=one)) for one in (into, worker_id)
    ]
    said = {"look": hidden(form.text, "look"), "text": "名字是另一人的"}
    wrong = handler.post(paper[1], **said, to="")
    assert (wrong.status_code, said["text"] in wrong.text) == (422, True), "as it was typed"
    sent = handler.post(paper[1], **said, to=str(uuid.UUID(bytes=worker_id)))
    assert sent.status_code == 303, sent.text
    reviewer = desk("reviewer")
    sound(shown := reviewer.get(sent.location))
    assert ("收存的材料" in shown.text, "/papers/1" in shown.text) == (True, True), "whoever decides opens it"
    approve(reviewer, sent.location)
    assert [one.title for one in house.papers.of(worker_id)] == ["证书"]


# -- division


@pytest.mark.parametrize("kind", ["handler", "registrar"])
def test_a_division_is_stated_and_leaves_a_row(desk: Any, house: House, worker_id: bytes, kind: str) -> None:
    visitor = desk(kind)
    if kind == "handler":
        page = visitor.get(visitor.post(address(worker_id), **WHY).location).text
    else:
        page = visitor.get(f"{address(worker_id)}/numbers", query_string=WHY).text
    href = re.search(r'href="(/desk/workers/[^"]*/division\?[^"]*)"', page)
    assert href is not None
    shown = visitor.get(href[1])
    sound(shown)
    form = {name: hidden(shown.text, name) for name in ("look", "once")}
    path = f"{address(worker_id)}/division"
    wrong = visitor.post(path, **form, division="64", reason="户口簿上的地址")
    assert wrong.status_code == 422
    assert "户口簿上的地址" in wrong.text
    sound(wrong)
    late = visitor.post(path, division="640104", reason="户口簿上的地址")
    assert late.status_code == 422
    assert "户口簿上的地址" in late.text, "a look that is over loses nothing"
    done = visitor.post(path, **form, division="640104", reason="户口簿")
    assert done.status_code == 303, done.text
    assert visitor.get(done.location).status_code == 200
    with house.db.read() as conn:
        kept = conn.execute(sa.select(official_act.c.subject).where(official_act.c.act == "worker.placed"))
        assert [row.subject for row in kept] == [str(uuid.UUID(bytes=worker_id))]


# -- own statements


def test_a_worker_states_something_of_themself(me: Visitor, house: House, worker_id: bytes) -> None:
    assert 'href="/me/statement"' in me.get("/me").text
    sound(me.get("/me/statement"))
    said = {"matter": "work", "title": "工地电焊", "text": "干了三年\n零两个月"}
    wrong = me.post("/me/statement", **(said | {"matter": ""}))
    assert wrong.status_code == 422
    assert "零两个月" in wrong.text
    sound(wrong)
    turned = me.post("/me/statement", **said, started_on="2020-01-01", ended_on="2019-01-01")
    assert turned.status_code == 422
    assert 'href="#f-ended_on"' in turned.text
    done = [me.post("/me/statement", **said) for _ in range(2)]
    assert [one.status_code for one in done] == [303, 303], done[0].text
    assert done[0].location == done[1].location
    assert me.get(done[0].location).status_code == 200
    (body,) = bodies(house, worker_id, "worker-statement")
    assert (body["text"], body["channel"]) == ("干了三年 零两个月", "page")


# -- facts of a card


def test_a_card_fact_is_withdrawn_by_two(desk: Any, house: House, worker_id: bytes, cards: None) -> None:
    handler, path = desk("handler"), f"{address(worker_id)}/cards/withdraw"
    why = {"purpose": "identity-correction", "case_ref": "K-7"}
    page = handler.get(f"{address(worker_id)}/numbers", query_string=why)
    sound(page)
    (fact,) = set(re.findall(r'value="([0-9a-f-]{36}/\d+)">[^<]*2019年2月1日', page.text)) or {""}
    assert fact, page.text
    typed = {**why, "change": "withdraw", "ground": "card-fact-wrong", "text": "登记错", "papers": "ab" * 32}
    missing = handler.post(path, **typed)
    assert missing.status_code == 422
    sound(missing)
    assert 'href="#withdraw-fact"' in missing.text
    made = handler.post(path, **typed, fact=fact)
    assert made.status_code == 303, made.text
    (proposal,) = pending(house)
    approve(desk("reviewer"), f"/desk/proposals/{words.uuid_text(proposal.id)}")
    after = handler.get(f"{address(worker_id)}/numbers", query_string=why).text
    assert "已撤回" in after
    assert f'value="{fact}"' not in after


# -- an institution's closing


def county(house: House) -> None:
    """A registrar of one county, who may sign in."""

    def act(turn: Any) -> None:
        officials.add(turn, "county", "某县登记")
        officials.grant(turn, "county", "registrar", "640521", by="system:demo")
        demo._insert(turn, demo.Persona("county", "某县登记", "County", 99, Kind.OFFICIAL, "county"))

    house.db.write(act)


def test_a_closing_is_stated_at_once_and_leads_to_the_keys(desk: Any, house: House) -> None:
    registrar, path = desk("registrar"), "/desk/institutions/close"
    assert f'href="{path}"' in registrar.get("/desk").text
    shown = registrar.get(path)
    sound(shown)
    typed = {"once": hidden(shown.text, "once"), "code": ASSESSOR, "on": "2025-09-01", "source": "注销" * 9}
    for wrong in ({"code": ""}, {"code": "123"}, {"on": ""}, {"on": "2025-13-01"}, {"source": ""}):
        answer = registrar.post(path, **(typed | wrong))
        assert answer.status_code == 422, wrong
        sound(answer)
    assert house.institutions.find(ASSESSOR).closed_on("2025-12-01") is None
    done = registrar.post(path, **typed)
    assert (done.status_code, done.location) == (303, "/desk/issuers/retire"), done.text
    assert house.institutions.find(ASSESSOR).closed_on("2025-12-01") == "2025-09-01"
    assert desk("handler").get(path).status_code == 403


@pytest.mark.parametrize("path", ["/desk/institutions/close", "/desk/issuers/retire"])
def test_a_registrar_of_another_county_closes_nothing(desk: Any, house: House, path: str) -> None:
    county(house)
    visitor = desk("county")
    typed = {"code": ASSESSOR, "issuer": ASSESSOR, "on": "2025-09-01", "source": "x", "reason": "x"}
    fields = ("code", "on", "source") if "close" in path else ("issuer", "reason")
    answer = visitor.post(path, **{name: typed[name] for name in fields})
    assert answer.status_code == 422
    assert "没有登记这个机构" in answer.text
    assert not pending(house)
    assert house.institutions.find(ASSESSOR).closed_on("2025-12-01") is None
