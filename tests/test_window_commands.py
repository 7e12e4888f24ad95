"""`recordsvc window` and `paper` as typed: a service at the window each, with the clerk in every trace."""

import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recordsvc.access import activating, acts, codes, in_place, looked, officials, ways
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.tables import session
from recordsvc.archive import disputes, notices
from recordsvc.archive.reading import Reader
from recordsvc.cli import main
from recordsvc.exports.printed import needs
from recordsvc.house import House
from recordsvc.people import synthetic
from recordsvc.people.contacts import phone_of
from tests.archive.paperfiles import png
from tests.archive.support import Centre, person
from tests.archive.test_disputes import cases, opened
from tests.people.test_enrolling import CARD, fact, take
from tests.test_number_commands import commands, mine, settings

__all__ = ["commands", "mine", "settings"]
CASE, PIN, PHONE = "W-2026-1", "830172", "13912345678"
OTHER = synthetic.card_number(2)


def served(
    house: House,
    commands: CliRunner,
    command: str,
    *words: str,
    n: int = 1,
    card: str = CARD,
    case: str = CASE,
    then: tuple[str, ...] = (),
    by: str = "demo-handler",
) -> Result:
    """A command of the window: code, kind of document, number, card, purpose and case are typed."""
    code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, by))
    group, *rest = command.split()
    typing = (code, "", person(n)["number"], card, "", case, *then)
    told = commands.invoke(main, [group, "--official", by, *rest, *words], input="\n".join(typing) + "\n")
    assert person(n)["number"] not in told.output
    assert card not in told.output
    return told


@pytest.fixture
def here(house: House, mine: bytes) -> bytes:
    """A worker whose card lies on the counter, too."""
    take(house, fact(1), fact(2, OTHER))
    return mine


def looks(house: House, worker_id: bytes) -> set[tuple[str, str, str, str, str]]:
    with house.db.read() as conn:
        seen = looked.of_worker(conn, worker_id)
    return {(one.actor_id, one.role, one.purpose, one.fields, one.case_ref) for one in seen}


def done(house: House) -> list[tuple[str, str]]:
    """Acts of officials, newest first."""
    with house.db.read() as conn:
        return [(one.act, one.actor) for one in acts.listed(conn)]


def at_hand(house: House, worker_id: bytes) -> tuple[str, str]:
    """The one record of the archive, and what its holder sees of it."""
    archive = Reader(house).archive(worker_id)
    assert archive is not None
    (state,) = archive.state.records
    record_id = archive.entries[state.seq].stored.record_id
    assert record_id is not None
    return str(uuid.UUID(bytes=record_id)), str(archive.seen(state))


def test_each_command_is_a_service_with_its_rows_and_its_receipt(
    house: House, commands: CliRunner, here: bytes
) -> None:
    told = served(house, commands, "window list")
    assert (told.exit_code, "training-completion" in told.output) == (0, True), told.output
    assert ("没有办理事项，只作了查阅" in told.output, CASE in told.output) == (True, True)
    row = ("demo-handler", "handler", "service-window")
    assert looks(house, here) == {(*row, "identity", CASE), (*row, "records", CASE)}
    assert done(house)[0] == ("window.open", "official:demo-handler")
    one, seen = at_hand(house, here)
    told = served(house, commands, "window confirm", one, "--seen", seen)
    assert ("confirmed: log index" in told.output, "回执号" in told.output) == (True, True), told.output
    stale = ("--seen", seen, "--reason", "wrong-hours")
    told = served(house, commands, "window contest", one, *stale, then=("少记",))
    assert (told.exit_code, "没有办成" in told.output) == (1, True), "what was shown stands no more"
    _one, seen = at_hand(house, here)
    told = served(house, commands, "window contest", one, "--seen", seen, *stale[2:], then=("少记",))
    assert "contested: log index" in told.output, told.output
    by = "official:demo-handler"
    assert sorted(done(house)) == [("window.act", by)] * 3 + [("window.open", by)] * 4
    archive = Reader(house).archive(here)
    assert archive is not None
    (state,) = archive.state.records
    said = [(archive.entries[act.seq].record or {})["actor"] for act in state.history]
    assert {(one["id"], one["role"], one["case"]) for one in said} == {
        ("window:demo-handler", "window", CASE)
    }
    with house.db.read() as conn:
        services = in_place.of_workers(conn, [here])
        assert conn.execute(session.select()).all() == [], "neither service nor sign-in is left"
    now = house.clock.now_ms()
    assert [(one.way, one.by_id, one.ends_ms <= now) for one in services] == [
        ("window", "demo-handler", True)
    ] * 4


def test_a_miss_leaves_its_row_and_no_session(house: House, commands: CliRunner, here: bytes) -> None:
    for n in (1, 77):
        told = served(house, commands, "paper list", n=n, card=OTHER)
        assert (told.exit_code, "未能对应到同一人" in told.output) == (1, True), told.output
        assert "材料" not in told.output.partition("未能对应")[0]
    assert done(house)[:2] == [("window.refused", "official:demo-handler")] * 2
    assert looks(house, here) == set()
    with house.db.read() as conn:
        assert conn.execute(session.select()).all() == []


def test_area_and_role_hold_at_the_console(house: House, commands: CliRunner, here: bytes) -> None:
    def far(turn: Any) -> None:
        officials.add(turn, "far", "某县经办")
        officials.grant(turn, "far", "handler", "640521", by="system:demo")

    house.db.write(far)
    assert served(house, commands, "window list", by="far").exit_code == 1
    assert served(house, commands, "window list", by="demo-auditor").exit_code == 1
    assert done(house)[0] == ("window.refused", "official:far")
    assert looks(house, here) == set()


def test_numbers_are_told_by_their_tails(house: House, commands: CliRunner, here: bytes) -> None:
    told = served(house, commands, "window numbers").output
    assert "社会保障卡卡号（9 位" in told
    assert f"card  *****{CARD[-4:]}  verified" in told, told
    assert "social=normal" in told
    assert person(1)["number"][-4:] in told


def test_the_worker_states_shows_evidence_and_reads_notices(
    house: House, commands: CliRunner, here: bytes
) -> None:
    matter = ("--matter", "work", "--title", "工地电焊")
    told = served(house, commands, "window state", *matter, then=("干了  三年",))
    assert "已登记" in told.output, told.output
    said = ("--evidence", "training", "--title", "电工培训", "--issued-by", "某某学校", "--province", "61")
    assert "已登记" in served(house, commands, "window foreign", *said).output
    archive = Reader(house).archive(here)
    assert archive is not None
    *_, statement, evidence = archive.state.records
    assert (statement.body["text"], statement.body["channel"]) == ("干了 三年", "window")
    assert archive.trust(evidence) == "stated"
    wrong = served(house, commands, "window state", "--matter", "nothing", "--title", "x", then=("x",))
    assert wrong.exit_code == 1
    house.db.write(lambda turn: notices.tell_worker(turn, house, here, "card-confirmed", {}, "t/1"))
    assert "  new  " in served(house, commands, "window notices").output
    assert "标为已读" in served(house, commands, "window notices-read").output
    case = served(house, commands, "window notices", case="窗口 一")
    assert case.exit_code == 1, "records could not keep it"
    assert {row[-1] for row in looks(house, here)} == {CASE}


def test_words_are_added_to_ones_own_objection_alone(house: House, commands: CliRunner, here: bytes) -> None:
    centre = Centre(house, 4)
    record = centre.completion(person(1))
    centre.enter(record)
    case = opened(house, here, record)
    told = served(house, commands, "window say", case.name, then=("我  当天在\t外地",))
    assert "已登记" in told.output, told.output
    assert case.name in served(house, commands, "window disputes").output
    foreign = served(house, commands, "window say", case.name, n=2, card=OTHER, then=("不是我的",))
    assert foreign.exit_code == 1
    (now,) = cases(house, here)
    with house.db.read() as conn:
        (said,) = disputes.messages(house, conn, now)
    assert (said.who, said.text, said.said_by) == ("worker", "我 当天在 外地", "window:demo-handler")


def phone(house: House, worker_id: bytes) -> str | None:
    with house.db.read_raw() as cursor:
        worker = house.people.load(cursor, worker_id)
        assert worker is not None
        return phone_of(house.people, cursor, worker)


def test_a_phone_is_moved_by_what_only_the_worker_has(house: House, commands: CliRunner, here: bytes) -> None:
    own = Actor(Kind.WORKER, str(uuid.UUID(bytes=here)), worker_id=here, session_id="00" * 32)
    first, second, *_ = ways.set_pin(house, own, PIN, "test").codes
    assert "已设置" in served(house, commands, "window phone", then=(PHONE, PIN, first)).output
    for pin, code in (("000000", second), (PIN, "0000-0000"), (PIN, first)):
        told = served(house, commands, "window phone", then=("13800138000", pin, code))
        assert (told.exit_code, "13800138000" in told.output) == (1, False)
        assert "本人验证" in told.output, told.output
    assert phone(house, here) == PHONE
    assert "已删除" in served(house, commands, "window phone", "--remove", then=(PIN, second)).output
    assert phone(house, here) is None


def test_papers_are_filed_listed_and_taken(
    house: House, commands: CliRunner, here: bytes, tmp_path: Path
) -> None:
    scan, to = tmp_path / "scan.png", tmp_path / "out.png"
    scan.write_bytes(png())
    kept = served(
        house, commands, "paper add", str(scan), "--paper", "commitment-letter", "--title", "承诺书"
    )
    assert "已收存" in kept.output, kept.output
    line = next(one for one in served(house, commands, "paper list").output.splitlines() if "承诺书" in one)
    name = line.split()[0].rpartition(":")[2]
    assert "已取出" in served(house, commands, "paper save", name, "--to", str(to)).output
    assert (to.read_bytes(), to.stat().st_mode & 0o077) == (png(), 0)
    (paper,), _sealed = house.papers.listed(here)
    assert paper.filed_by == "window:demo-handler"
    assert "papers" in {row[3] for row in looks(house, here)}


@pytest.mark.skipif(bool(needs.missing()), reason=f"not installed: {', '.join(needs.missing())}")
def test_a_certificate_is_printed_of_a_record_and_of_the_archive(
    house: House, commands: CliRunner, here: bytes, tmp_path: Path
) -> None:
    one, _seen = at_hand(house, here)
    for name, words in (("record.pdf", (one,)), ("archive.pdf", ())):
        to = tmp_path / name
        told = served(house, commands, "window certificate", *words, "--to", str(to))
        assert (told.exit_code, "已出具" in told.output) == (0, True), told.output
        assert (to.read_bytes()[:5], to.stat().st_mode & 0o077) == (b"%PDF-", 0)
    row = ("demo-handler", "handler", "service-window")
    assert (*row, "records", CASE) in looks(house, here)
    again = served(house, commands, "window certificate", "--to", str(tmp_path / "archive.pdf"))
    assert again.exit_code != 0, "no file is written over"
    other = served(
        house, commands, "window certificate", str(uuid.uuid4()), "--to", str(tmp_path / "none.pdf")
    )
    assert (other.exit_code, (tmp_path / "none.pdf").exists()) == (1, False)


def test_an_activation_code_is_handed_over_by_name(house: House, commands: CliRunner, here: bytes) -> None:
    def asked(name: str, by: str = "demo-handler") -> Result:
        code = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, by))
        typing = f"{code}\n\n{person(1)['number']}\n{name}\n{CARD}\n\n{CASE}\n"
        return commands.invoke(main, ["window", "--official", by, "activate"], input=typing)

    assert asked("别人").exit_code == 1
    assert done(house)[0] == ("login.activate-refused", "official:demo-handler")
    told = asked(person(1)["name"])
    assert told.exit_code == 0, told.output
    assert CARD not in told.output
    assert person(1)["number"] not in told.output
    code = next(line for line in told.output.splitlines() if "激活码" in line).rpartition(" ")[2]
    assert house.db.write(lambda turn: activating.spend(turn, house.keys, code)) is not None
    assert done(house)[0] == ("login.activate", "official:demo-handler")
