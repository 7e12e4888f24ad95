"""`recordsvc import` as typed."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from recordsvc import fsck, importwords, starting
from recordsvc.access import codes, demo
from recordsvc.archive import importing, tables
from recordsvc.archive.importing import Importer
from recordsvc.archive.importrows import Plan
from recordsvc.archive.reading import Reader
from recordsvc.bodies import institutions
from recordsvc.cli import main
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.people import synthetic
from tests.archive.support import Centre, person
from tests.archive.test_importing import OFFICE, WELDER, decide, old_row, written


@pytest.fixture
def commands(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliRunner]:
    """Commands that open the house of the test, and a desk of officials."""
    house.db.write(lambda turn: demo.create_desk(turn, "640000"))
    monkeypatch.setattr("recordsvc.serving.load_settings", lambda: house.settings)
    monkeypatch.setattr(starting, "open_checked", lambda _settings: dataclasses.replace(house))
    monkeypatch.setattr(House, "close", lambda _self: None)
    yield CliRunner()
    monkeypatch.undo()


def imported(house: House, commands: CliRunner, path: Path, *more: str, **said: str) -> Result:
    """The command by an official, who types a code that was made for them unless the test says another."""
    official = said.get("official", "demo-handler")
    fresh = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, official))
    words = ["import", str(path), "--kind", "qualification-certificate", "--source", "paper-file"]
    words += ["--vouched-by", "示范市就业局", "--case", "窗口2026-0012", "--official", official, *more]
    return commands.invoke(main, words, input=f"{said.get('code', fresh)}\n")


def test_a_file_is_tried_proposed_and_entered(house: House, commands: CliRunner, tmp_path: Path) -> None:
    path = written(tmp_path / "old.csv", [old_row(1), old_row(2, on="不详")])
    told = imported(house, commands, path, "--dry-run")
    assert "可导入 0 行，有误 2 行" in told.output, told.output
    profile = tmp_path / "recordsvc-import-profile.json"
    answers = json.loads(profile.read_text("utf-8"))
    assert answers["institutions"] == {OFFICE: ""}
    office = Centre(house, 9).uscc
    profile.write_text(
        json.dumps({**answers, "institutions": {OFFICE: office}, "occupations": WELDER}), "utf-8"
    )

    told = imported(house, commands, path)
    assert "待另一人批准" in told.output, told.output
    assert "--resume" in imported(house, commands, path).output
    assert "待另一人批准：" in imported(house, commands, path, "--resume").output
    with house.db.read() as conn:
        proposal = conn.scalar(sa.select(two_person.proposal.c.id))
    decide(house, proposal)
    told = imported(house, commands, path, "--resume")
    assert "已导入完毕：合格 1 行，已导入 1 行，有误 1 行" in told.output, told.output
    sheet = (tmp_path / "old.import-errors.csv").read_text("utf-8-sig")
    assert "3," in sheet
    assert person(2)["number"] not in sheet + told.output
    with house.db.read() as conn:
        assert conn.scalar(sa.select(tables.import_run.c.wrapped)) is None


def answered(path: Path, office: str, **more: Any) -> None:
    """Fill the profile beside a file."""
    profile = path.with_name("recordsvc-import-profile.json")
    answers = {"institutions": {OFFICE: office}, "occupations": WELDER} | more
    profile.write_text(json.dumps(answers), "utf-8")


def kept(house: House) -> list[Any]:
    """All runs, rows and proposals."""
    with house.db.read() as conn:
        asked = (tables.import_run, tables.import_row, two_person.proposal)
        return [row for table in asked for row in conn.execute(sa.select(table))]


def waiting(house: House) -> bytes:
    """The one proposal that can be decided."""
    with house.db.read() as conn:
        (found,) = two_person.pending(conn, house.clock.now_ms())
    return found.id


def test_open_questions_stop_a_run_before_anything_is_kept(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1), old_row(2)])
    for more in ((), ("--resume",)):
        told = imported(house, commands, path, *more)
        assert (told.exit_code, "没有开始导入" in told.output) == (1, True), told.output
        assert "institutions 机构代码、occupations 职业代码" in told.output
        assert kept(house) == []
    asked = json.loads((tmp_path / "recordsvc-import-profile.json").read_text("utf-8"))
    assert asked["institutions"] == {OFFICE: ""}
    assert asked["occupations"] == {"焊工": {"code": "", "edition": ""}}

    office = Centre(house, 9).uscc
    answered(path, office, occupations={"焊工": {"code": "6-04-02-05", "edition": ""}})
    assert "没有开始导入" in imported(house, commands, path).output
    answered(path, office)
    told = imported(house, commands, path)
    assert (told.exit_code, "待另一人批准：合格 2 行" in told.output) == (0, True), told.output


def test_what_cannot_be_answered_is_null_and_holds_nobody_up(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    rows = [old_row(1), old_row(2, office="早已不在的鉴定所"), old_row(3, occupation="铆工")]
    path = written(tmp_path / "old.csv", rows)
    office = Centre(house, 9).uscc
    lost = {OFFICE: office, "早已不在的鉴定所": None}
    answered(path, office, institutions=lost, occupations={**WELDER, "铆工": None})
    told = imported(house, commands, path)

    assert (told.exit_code, "合格 1 行，已导入 0 行，有误 2 行" in told.output) == (0, True), told.output
    sheet = (tmp_path / "old.import-errors.csv").read_text("utf-8-sig")
    assert ["institution-code-missing" in sheet, "occupation-code-missing" in sheet] == [True, True]


@pytest.mark.parametrize(
    "member", [{"institutions": ["x"]}, {"occupations": {"焊工": "6-04"}}, {"columns": 3}]
)
def test_a_malformed_profile_is_told(
    house: House, commands: CliRunner, tmp_path: Path, member: dict[str, Any]
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1)])
    answered(path, Centre(house, 9).uscc, **member)
    told = imported(house, commands, path)
    assert (told.exit_code, f"{next(iter(member))} 写法不对" in told.output) == (1, True), told.output


def test_a_file_without_a_column_for_the_number_asks_for_it(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1)])
    path.write_bytes(path.read_bytes().replace("证书编号".encode("gb18030"), "甲乙丙".encode("gb18030")))
    office = Centre(house, 9).uscc
    answered(path, office)
    assert imported(house, commands, path).exit_code == 1
    asked = json.loads((tmp_path / "recordsvc-import-profile.json").read_text("utf-8"))
    assert asked["columns"] == {"certificate-number": ""}
    assert kept(house) == []

    answered(path, office, columns={"certificate-number": "E"})
    told = imported(house, commands, path)
    assert "合格 1 行" in told.output, told.output


def test_a_file_without_a_right_row_is_not_proposed_and_begins_anew(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1)])
    office = Centre(house, 9).uscc
    answered(path, office, occupations={"焊工": None})
    told = imported(house, commands, path)
    assert (told.exit_code, "没有可导入的行" in told.output) == (1, True), told.output
    assert "occupation-code-missing" in (tmp_path / "old.import-errors.csv").read_text("utf-8-sig")
    (run,) = kept(house)
    assert (run.state, run.wrapped) == ("dropped", None)

    answered(path, office)
    assert "合格 1 行" in imported(house, commands, path).output


def refuse(house: House, proposal: bytes) -> None:
    decide(house, proposal, approve=False)


def withdraw(house: House, proposal: bytes) -> None:
    house.db.write(lambda turn: two_person.withdraw(turn, proposal, "official:demo-handler", "改过再来"))


def expire(house: House, _proposal: bytes) -> None:
    assert isinstance(house.clock, FixedClock)
    house.clock.advance(two_person.LIFE_MS + 1)


@pytest.mark.parametrize("swept", [False, True], ids=["at-once", "swept"])
@pytest.mark.parametrize("end", [refuse, withdraw, expire])
def test_what_was_not_approved_begins_anew(
    house: House, commands: CliRunner, tmp_path: Path, end: Any, swept: bool
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1), old_row(2)])
    answered(path, Centre(house, 9).uscc)
    imported(house, commands, path)
    first = waiting(house)
    end(house, first)
    if swept:
        Importer(house).run()

    told = imported(house, commands, path, "--resume")
    assert (told.exit_code, "不加 --resume 重新开始" in told.output) == (1, True), told.output
    told = imported(house, commands, path)
    assert "待另一人批准：合格 2 行" in told.output, told.output
    second = waiting(house)
    assert second != first
    decide(house, second)
    assert Importer(house).run() == 2
    told = imported(house, commands, path, "--resume")
    assert "已导入完毕：合格 2 行，已导入 2 行，有误 0 行" in told.output, told.output
    told = imported(house, commands, path)
    assert (told.exit_code, "已经导入完毕（2 行）" in told.output) == (1, True), told.output
    assert fsck.fsck(house, offline=True).finding is None


def test_a_run_begun_anew_is_not_dropped_for_the_proposal_before(
    house: House, commands: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The background work saw the run when its first proposal had fallen, and acts when the second stands."""
    path = written(tmp_path / "old.csv", [old_row(1)])
    answered(path, Centre(house, 9).uscc)
    imported(house, commands, path)
    refuse(house, waiting(house))
    worker = Importer(house)
    seen = worker._waiting()
    imported(house, commands, path)
    monkeypatch.setattr(worker, "_waiting", lambda: seen)
    worker.run()

    decide(house, waiting(house))
    assert Importer(house).run() == 1


WIDE = "六盘山技工学校（示例）"


def enter_school(house: House, n: int, name: str) -> str:
    """Enter an institution; its code."""
    entry = institutions.Entry(
        synthetic.uscc(2000 + n), name, "training-institution", "2001-01-01", None, "test"
    )
    house.db.write(lambda turn: institutions.enter(turn, entry, "official:1"))
    return entry.uscc


@pytest.mark.parametrize("written_as", [WIDE, "六盘山技工学校(示例)", "\u3000六盘山技工学校（示例）"])
def test_an_institution_is_known_by_its_name_in_either_width(
    house: House, commands: CliRunner, tmp_path: Path, written_as: str
) -> None:
    uscc = enter_school(house, 1, WIDE)
    path = written(tmp_path / "old.csv", [old_row(1, office=written_as)])
    answered(path, "", institutions={})
    told = imported(house, commands, path)
    assert "待另一人批准：合格 1 行" in told.output, told.output
    decide(house, waiting(house))
    Importer(house).run()

    worker_id = house.people.find("resident-id", person(1)["number"])
    assert worker_id is not None
    archive = Reader(house).archive(worker_id)
    assert archive is not None
    (entry,) = archive.entries
    assert entry.record is not None
    assert entry.record["body"]["body"] == {"name": WIDE, "uscc": uscc}
    assert entry.record["provenance"]["original"] == {"name": WIDE, "uscc": uscc}


def test_a_name_that_two_institutions_bear_is_asked_for(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    enter_school(house, 1, WIDE)
    second = enter_school(house, 2, "六盘山技工学校(示例)")
    path = written(tmp_path / "old.csv", [old_row(1, office=WIDE)])
    answered(path, "", institutions={})
    assert imported(house, commands, path).exit_code == 1
    profile = tmp_path / "recordsvc-import-profile.json"
    assert json.loads(profile.read_text("utf-8"))["institutions"] == {"六盘山技工学校(示例)": ""}

    answered(path, "", institutions={"六盘山技工学校(示例)": "", WIDE: second})
    assert "合格 1 行" in imported(house, commands, path).output


def test_only_an_official_of_the_desk_who_proves_it_imports(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1)])
    for said, told in (
        ({"official": "demo-auditor"}, "没有经办"),
        ({"code": "0000-0000-0000"}, "账号或登录码不对"),
    ):
        refused = imported(house, commands, path, **said)
        assert (refused.exit_code, told in refused.output) == (1, True), refused.output
        with house.db.read() as conn:
            assert conn.execute(sa.select(tables.import_run)).all() == []


def test_a_run_has_one_office_that_vouches_and_one_source(
    house: House, commands: CliRunner, tmp_path: Path
) -> None:
    path = written(tmp_path / "old.csv", [old_row(1)])
    answered(path, Centre(house, 9).uscc)
    assert "待另一人批准" in imported(house, commands, path).output
    before = kept(house)
    for more in (("--vouched-by", "另一个局"), ("--source", "retired-system")):
        for resume in ((), ("--resume",)):
            told = imported(house, commands, path, *more, *resume)
            assert told.exit_code == 1
            assert "按另一种说法开始的" in told.output, told.output
            both = ("示范市就业局", "另一个局")
            if more[0] == "--source":
                both = ("纸质档案", "停用的原有系统")
            assert all(one in told.output for one in both), told.output
    assert kept(house) == before
    # Refused, it begins anew with whatever office.
    house.db.write(
        lambda turn: two_person.decide(
            turn, waiting(house), "official:second", False, "担保单位写错", role="reviewer", tools=house
        )
    )
    told = imported(house, commands, path, "--vouched-by", "另一个局")
    assert "待另一人批准" in told.output, told.output
    with house.db.read() as conn:
        assert conn.scalar(sa.select(tables.import_run.c.vouched_by)) == "另一个局"


def test_a_run_that_broke_off_while_read_keeps_its_office(house: House) -> None:
    plan = Plan(b"\1" * 32, "qualification-certificate", "paper-file", "示范市就业局", "official:a")
    house.db.write(lambda turn: importing._begin(turn, house, plan, importing.run_id(house, plan)))
    other = dataclasses.replace(plan, vouched_by="另一个局")
    with pytest.raises(two_person.StaleProposal):
        house.db.write(lambda turn: importing._begin(turn, house, other, importing.run_id(house, other)))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("too-young", "当时不满规定的限度"),
        ("permit-term", "有效期超过规定的限度"),
        ("schema:/body/level", "“等级”的写法看不懂或不合格式"),
        ("schema:/body/class", "内容不合格式"),
    ],
)
def test_every_code_is_told_in_words_without_gaps(code: str, said: str) -> None:
    assert importwords.words(code) == said
