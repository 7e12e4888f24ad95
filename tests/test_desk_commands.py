"""Commands that enter by the desk's doors: they do what the door does, and are refused where it refuses."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from recordsvc.access import codes, officials
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.looked import of_worker
from recordsvc.access.tables import official_act
from recordsvc.archive import (
    blockers,
    confirm,
    dispute_follower,
    disputes,
    erasing,
    held,
    noticeboard,
    notices,
    persons,
)
from recordsvc.archive.foreign import state_evidence
from recordsvc.archive.reading import Reader
from recordsvc.archive.retention import record_blockers
from recordsvc.archive.statements import Stater
from recordsvc.cli import main
from recordsvc.ground import two_person
from recordsvc.house import House
from recordsvc.people import standing
from tests.archive.paperfiles import pdf, png
from tests.archive.restricted import seal
from tests.archive.support import STATER, Centre, id_of, person, shown
from tests.archive.test_merging import merge, unmerge
from tests.people.test_numbers import known
from tests.test_number_commands import commands, decided, mine, settings, typed

__all__ = ["commands", "mine", "settings"]
COUNTER = Actor(Kind.OFFICIAL, "counter", roles=frozenset({"handler"}))
OFFICER = Actor(Kind.OFFICIAL, "li", roles=frozenset({"data-officer"}))
LOOK = ("--purpose", "service-window", "--case", "宁人社〔2025〕7号")
EVIDENCE = {
    "evidence_kind": "level-certificate",
    "title": "焊工四级",
    "origin": {"country": "CHN", "province": "61", "issued_by": "陕西某中心"},
}


def text_of(archive: bytes) -> str:
    return str(uuid.UUID(bytes=archive))


def proposals(house: House) -> list[two_person.Proposal]:
    with house.db.read() as conn:
        return two_person.pending(conn, house.clock.now_ms())


def county(house: House, role: str = "handler") -> str:
    """An official of one county, which is none of the people here's."""

    def act(turn: Any) -> None:
        officials.add(turn, "county", "某县经办")
        officials.grant(turn, "county", role, "640521", by="system:demo")

    house.db.write(act)
    return "county"


def test_trust_is_proposed_and_decided_by_another(house: House, commands: CliRunner, mine: bytes) -> None:
    stater = Stater("official:7", "window", "K")
    record_id, _index = state_evidence(house, mine, EVIDENCE, (), stater)
    words = (text_of(mine), text_of(record_id), "--trust", "original-seen", "--text", "已看原件")
    refused = typed(house, commands, "case trust", *words)
    assert refused.exit_code == 1
    assert not proposals(house), refused.output
    clerk = Actor(Kind.OFFICIAL, "counter", roles=frozenset({"handler"}))
    scan = house.papers.keep(mine, png(), "query-result", "", clerk).sha256
    seen = ("--method", "窗口核对原件", "--on", "2025-01-02", "--by", "窗口", "--paper", scan)
    told = typed(house, commands, "case trust", *words, *seen)
    assert "已提出" in told.output, told.output
    decided(house, commands)
    archive = Reader(house).archive(mine)
    assert archive is not None
    assert [
        one.body["trust"] for one in archive.state.records if one.record["type"] == "foreign-evidence"
    ] == ["original-seen"]


def test_an_official_of_another_county_is_refused_as_at_the_door(
    house: House, commands: CliRunner, mine: bytes
) -> None:
    who, worker = county(house), text_of(mine)
    record_id, _index = state_evidence(house, mine, EVIDENCE, (), Stater("official:7", "window", "K"))
    for words in (
        ("case strays", worker),
        (
            "case close",
            worker,
            "--ground",
            "death",
            "--on",
            "2025-01-01",
            "--text",
            "x",
            "--paper",
            "ab" * 32,
        ),
        ("case merge", worker, worker, "--ground", "same-person", "--text", "x", "--paper", "ab" * 32),
        ("case erase", worker, "--ground", "worker-request", "--text", "x"),
        ("numbers list", worker, "--case", "K"),
        ("case trust", worker, text_of(record_id), "--trust", "copy-seen", "--text", "x"),
        ("case place", worker, "--division", "640521", "--reason", "户籍"),
        ("case relatives", worker, "--relation", "子女", "--text", "x", "--paper", "ab" * 32),
        ("case copy", worker, "--proposal", worker, *LOOK, "--to", "nowhere/file"),
        ("case hold", worker, "--ground", "court", "--text", "x", "--paper", "ab" * 32),
    ):
        told = typed(house, commands, words[0], *words[1:], by=who)
        assert told.exit_code == 1, (words, told.output)
        assert "找不到" in told.output or "没有" in told.output, told.output
    assert not proposals(house)


def test_of_records_with_one_id_the_commands_name_the_issuer(
    house: House, commands: CliRunner, mine: bytes
) -> None:
    first, second = Centre(house, 2), Centre(house, 3)
    one = first.completion(person(1))
    for centre, record in ((first, one), (second, second.completion(person(1), record_id=id_of(one)))):
        centre.enter(record)
    states = Reader(house).archive(mine).state.records
    (seq,) = (one.seq for one in states if one.record and one.record["issuer"] == second.uscc)
    paper = house.papers.keep(mine, pdf(), "legal-order", "调取函", OFFICER)
    for command, *said in (
        ("case restrict", "--ground", "erasure-requested"),
        ("case unrestrict", "--ground", "request-withdrawn"),
        ("case erase", "--ground", "unlawful"),
        ("case hold", "--ground", "court", "--paper", text_of(paper.paper_id)),
    ):
        words = [text_of(mine), "--text", "申请", *said]
        alone = typed(house, commands, command, *words, "--issuer", second.uscc)
        assert (alone.exit_code, "--record" in alone.output) == (2, True), alone.output
        words += ["--record", id_of(one)]
        blind = typed(house, commands, command, *words)
        assert (blind.exit_code, "签发单位" in blind.output) == (1, True), blind.output
        told = typed(house, commands, command, *words, "--issuer", second.uscc)
        assert told.exit_code == 0, told.output
        (proposal,) = proposals(house)
        assert proposal.payload["seq"] == seq, command
        approve = command == "case restrict"
        house.db.write(
            lambda turn, one=proposal, approve=approve: two_person.decide(
                turn, one.id, "official:second", approve, "核对无误", tools=house
            )
        )


@pytest.mark.parametrize("one", [False, True], ids=["archive", "record"])
def test_an_erasure_refused_names_the_rule_and_its_day(
    house: House, commands: CliRunner, mine: bytes, one: bool
) -> None:
    centre = Centre(house, 2)
    record = centre.completion(person(1))
    centre.enter(record)
    state = Reader(house).archive(mine).state.records[-1]
    words = (text_of(mine), "--ground", "retention-ended", "--text", "本人申请")
    if one:
        seal(house, mine, uuid.UUID(id_of(record)).bytes)
        with house.db.read() as conn:
            (rule,) = record_blockers(house, conn, mine, state, "retention-ended")
        told = typed(house, commands, "case erase", *words, "--record", id_of(record))
    else:
        erasing.restrict(house, mine, "erasure-requested", "本人申请", OFFICER)
        with house.db.read() as conn:
            person_now = persons.read(house, mine, sealed=True)
            rule = blockers.of_archives(house, conn, person_now.archives, "retention-ended")[0]
        told = typed(house, commands, "case erase", *words)
    assert told.exit_code == 1
    assert all(said in told.output for said in (rule.zh, rule.code, str(rule.until))), told.output
    assert not proposals(house)


def test_strays_are_listed_for_who_may_move_them(house: House, commands: CliRunner, mine: bytes) -> None:
    centre, other = Centre(house, 2), house.people.find("resident-id", person(2)["number"])
    assert other is not None
    merge(house, mine, other)
    record = centre.completion(person(1))
    centre.enter(record)
    evidence, _index = state_evidence(house, other, EVIDENCE, [], STATER)
    paper = house.papers.keep(other, png(), "certificate-scan", "证书", OFFICER).paper_id
    unmerge(house, mine)
    told = typed(house, commands, "case strays", text_of(mine))
    region = house.settings.region
    assert f"{text_of(other)}  {id_of(record)}  {centre.uscc}\n" in told.output, told.output
    assert f"{text_of(other)}  {text_of(evidence)}  {region}  未定 / undecided\n" in told.output, told.output
    assert f"{text_of(other)}  {text_of(paper)}  paper  未定 / undecided\n" in told.output, told.output
    ids = (text_of(other), text_of(paper), text_of(mine))
    typed(house, commands, "case settle", *ids, "--what", "paper", "--text", "名字是另一人的")
    (proposal,) = proposals(house)
    assert (proposal.kind, proposal.payload["to"]) == ("stray.decide", text_of(mine))


def test_a_worker_is_placed_and_the_act_leaves_a_row(house: House, commands: CliRunner, mine: bytes) -> None:
    words = (text_of(mine), "--division", "640104", "--reason", "户口簿")
    told = typed(house, commands, "case place", *words)
    assert "已登记" in told.output, told.output
    with house.db.read() as conn:
        assert "worker.placed" in set(conn.scalars(sa.select(official_act.c.act)))
    assert typed(house, commands, "case place", *words, by="demo-auditor").exit_code == 1


def test_a_relatives_copy_is_decided_by_two_and_written_once(
    house: House, commands: CliRunner, mine: bytes, tmp_path: Path
) -> None:
    house.db.write(lambda turn: standing.change(turn, mine, standing.OPEN, standing.CLOSED))
    paper = house.papers.keep(mine, pdf(), "relation-proof", "", COUNTER).sha256
    why = ("--relation", "子女", "--text", "关系证明", "--paper", paper)
    told = typed(house, commands, "case relatives", text_of(mine), *why)
    assert "已提出" in told.output, told.output
    (proposal,) = proposals(house)
    asked = (text_of(mine), "--proposal", text_of(proposal.id), *LOOK, "--to", str(tmp_path / "copy.json"))
    assert typed(house, commands, "case copy", *asked).exit_code == 1
    assert not (tmp_path / "copy.json").exists()
    decided(house, commands)
    told = typed(house, commands, "case copy", *asked)
    assert "已取出" in told.output, told.output
    assert (tmp_path / "copy.json").stat().st_mode & 0o777 == 0o600
    with house.db.read() as conn:
        assert len(of_worker(conn, mine)) == 1
    assert typed(house, commands, "case copy", *asked).exit_code == 2, "the file is there"


@pytest.fixture
def waiting(house: House, mine: bytes) -> list[Any]:
    """Two held records: under another name than the archive's."""
    centre = Centre(house, 3)
    other = {**person(1), "name": "丁不同"}
    centre.send([centre.completion(other), centre.completion(other, score="80.0")])
    with house.db.read() as conn:
        return list(held.waiting(conn))


def test_held_records_are_listed_shown_released_and_returned(
    house: House, commands: CliRunner, mine: bytes, waiting: list[Any]
) -> None:
    first, second = (text_of(one.held_id) for one in waiting)
    told = typed(house, commands, "held list")
    assert first in told.output, told.output
    assert "丁不同" not in told.output
    assert typed(house, commands, "held show", first, "--purpose", "because", "--case", "K").exit_code == 1
    told = typed(house, commands, "held show", first, *LOOK)
    assert "丁不同" in told.output, told.output
    with house.db.read() as conn:
        assert "held.open" in set(conn.scalars(sa.select(official_act.c.act)))
    told = typed(house, commands, "held release", first, "--worker", text_of(mine), "--reason", "同一人")
    assert "已提出" in told.output, told.output
    told = typed(house, commands, "held return", second, "--reason", "姓名不符")
    assert "已退回" in told.output, told.output
    decided(house, commands)
    assert held.Releaser(house).run() == 1
    with house.db.read() as conn:
        assert not list(held.waiting(conn))
    archive = Reader(house).archive(mine)
    assert archive is not None
    assert "丁不同" in {one.record["worker"]["name"] for one in archive.state.records}
    assert typed(house, commands, "held list", by="demo-auditor").exit_code == 1


@pytest.fixture
def contested(house: House, mine: bytes) -> tuple[Centre, bytes]:
    """An objection of the worker to a record of a centre."""
    centre = Centre(house, 4)
    record = centre.completion(person(1), score="77.0")
    centre.enter(record)
    record_id = uuid.UUID(id_of(record)).bytes
    confirm.contest(
        house,
        mine,
        shown(house, mine, record_id),
        "page",
        Stater("worker-x", "worker", "session-1"),
        "wrong-hours",
        "不对",
    )
    dispute_follower.follower(house).run()
    with house.db.read() as conn:
        (found,) = disputes.of_workers(conn, [mine])
    return centre, found.dispute_id


def test_an_objection_is_shown_and_answered_in_words_by_the_desk(
    house: House, commands: CliRunner, mine: bytes, contested: tuple[Centre, bytes]
) -> None:
    _centre, dispute = contested
    assert typed(house, commands, "objections list").exit_code == 0
    told = typed(house, commands, "objections show", text_of(dispute), *LOOK)
    assert "不对" in told.output, told.output
    with house.db.read() as conn:
        assert [one.case_ref for one in of_worker(conn, mine)] == [LOOK[3]]
    refused = typed(
        house, commands, "objections decide", text_of(dispute), "--ground", "record-proven", "--text", "属实"
    )
    assert refused.exit_code == 1, "it is the issuer's turn"
    wrong = typed(
        house, commands, "objections decide", text_of(dispute), "--correct", "/a", "{", "--text", "x"
    )
    assert wrong.exit_code == 2


def test_the_desk_asks_and_decides_where_the_issuer_is_silent(
    house: House, commands: CliRunner, mine: bytes, contested: tuple[Centre, bytes]
) -> None:
    _centre, dispute = contested
    house.clock.advance(40 * 86_400_000)  # type: ignore[attr-defined]
    assert disputes.pass_on_due(house) == 1
    told = typed(house, commands, "objections say", text_of(dispute), "--text", "请补充考勤表")
    assert told.exit_code == 0, told.output
    correct = ("--correct", "/body/score", '"70"', "--text", "成绩册为 70 分")
    told = typed(house, commands, "objections decide", text_of(dispute), *correct)
    assert "已提出" in told.output, told.output
    decided(house, commands)

    archive = Reader(house).archive(mine)
    assert archive is not None
    scores = {one.body.get("score") for one in archive.state.records}
    assert ("70" in scores, "77.0" in scores) == (True, False)
    with house.db.read() as conn:
        (found,) = disputes.of_workers(conn, [mine])
    assert found.state == "upheld"
    shown_now = typed(house, commands, "objections show", text_of(dispute), *LOOK)
    assert "请补充考勤表" in shown_now.output, shown_now.output


def test_an_institution_is_closed_and_its_keys_end_by_two(
    house: House, commands: CliRunner, mine: bytes
) -> None:
    centre = Centre(house, 5)
    closed = ("--fact", "closed", "--on", "2025-01-01", "--source", "注销通知")
    assert typed(house, commands, "institution state", centre.uscc, *closed).exit_code == 1, "no registrar"
    told = typed(house, commands, "institution state", centre.uscc, *closed, by="demo-registrar")
    assert "closed_on=2025-01-01" in told.output, told.output
    retire = ("institution retire-keys", centre.uscc, "--reason", "已注销")
    told = typed(house, commands, *retire, by="demo-registrar")
    assert "已提出" in told.output, told.output
    (proposal,) = proposals(house)
    words = (text_of(proposal.id), "--reason", "属实")
    refused = typed(house, commands, "case decide", *words, by="demo-registrar")
    assert refused.exit_code == 1, "whoever proposed does not decide"


def test_an_institutions_papers_are_listed_and_saved_for_a_purpose(
    house: House, commands: CliRunner, mine: bytes, tmp_path: Path
) -> None:
    from recordsvc.access.grants import Actor, Kind

    centre = Centre(house, 6)
    kept = house.papers.keep(
        centre.uscc, pdf(), "certificate-scan", "办学许可证", Actor(Kind.CLIENT, "c", institution=centre.uscc)
    )
    told = typed(house, commands, "institution papers", centre.uscc, *LOOK)
    assert "办学许可证" in told.output, told.output
    asked = (centre.uscc, text_of(kept.paper_id), *LOOK, "--to", str(tmp_path / "x.pdf"))
    told = typed(house, commands, "institution paper-save", *asked)
    assert "已取出" in told.output, told.output
    assert (tmp_path / "x.pdf").read_bytes() == pdf()
    assert typed(
        house, commands, "institution papers", centre.uscc, "--purpose", "x", "--case", "K"
    ).exit_code


def test_notices_of_the_desk_are_read_and_marked(
    house: House, commands: CliRunner, mine: bytes, contested: tuple[Centre, bytes]
) -> None:
    with house.db.read() as conn:
        who = officials.load(conn)["demo-reviewer"].actor(house.clock.now_ms(), house.settings.region)
    house.db.write(
        lambda turn: notices.tell_desk(
            turn, "desk:disputes", "objection-decided", {"case_id": text_of(mine)}, "t/1", "64"
        )
    )
    with house.db.read() as conn:
        there = len(noticeboard.of_desks(conn, who))
    assert there

    def asked(*words: str) -> Result:
        code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, "demo-reviewer"))
        return commands.invoke(main, ["notices", *words, "--official", "demo-reviewer"], input=f"{code}\n")

    told = asked("desk")
    assert "  new  " in told.output, told.output
    told = asked("desk-read")
    assert f"{there} 条" in told.output, told.output
    assert "  new  " not in asked("desk").output


def standings(house: House, worker_id: bytes) -> set[str]:
    return {one.standing for one in known(house, worker_id) if one.kind == "card"}


def test_a_card_is_confirmed_beside_its_holders_document(
    house: House, commands: CliRunner, mine: bytes
) -> None:
    card = "A12345678"
    centre = Centre(house, 7)
    centre.enter(centre.completion(person(1, number=card)))
    assert standings(house, mine) != {"verified"}
    number, name = person(1)["number"], person(1)["name"]
    wrong = typed(
        house, commands, "numbers confirm-card", *LOOK, asked=f"{card}\n{number}\n丁", by="demo-reviewer"
    )
    assert "不是同一个人" in wrong.output, wrong.output
    refused = typed(house, commands, "numbers confirm-card", *LOOK, asked=f"{card}\n{number}\n{name}")
    assert refused.exit_code == 1
    assert '"status":403' in refused.output, "a handler confirms no card"
    told = typed(
        house, commands, "numbers confirm-card", *LOOK, asked=f"{card}\n{number}\n{name}", by="demo-reviewer"
    )
    assert f"confirmed: {text_of(mine)}" in told.output, told.output
    assert number not in told.output
    assert standings(house, mine) == {"verified"}


def test_a_proposal_of_another_county_is_neither_listed_nor_decided(
    house: House, commands: CliRunner, mine: bytes
) -> None:
    def act(turn: Any) -> None:
        officials.add(turn, "far", "某县复核")
        officials.grant(turn, "far", "reviewer", "640521", by="system:demo")

    house.db.write(act)
    words = (text_of(mine), "--ground", "death", "--on", "2025-01-01", "--text", "x")
    absent = typed(house, commands, "case close", *words, "--paper", "ab" * 32)
    assert (absent.exit_code, "须有一份已收存的证明材料" in absent.output) == (1, True), absent.output
    paper = house.papers.keep(mine, pdf(), "death-certificate", "", COUNTER)
    assert "已提出" in typed(house, commands, "case close", *words, "--paper", paper.sha256).output
    (proposal,) = proposals(house)
    name = text_of(proposal.id)
    assert name in typed(house, commands, "case list", by="demo-reviewer").output
    assert name not in typed(house, commands, "case list", by="far").output
    assert typed(house, commands, "case decide", name, "--reason", "x", by="far").exit_code == 1
    assert len(proposals(house)) == 1
