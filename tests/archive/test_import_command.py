"""`recordsvc import` and `recordsvc window foreign` as typed."""

import dataclasses
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from recordsvc import starting
from recordsvc.access import codes, demo
from recordsvc.archive import tables
from recordsvc.archive.reading import Reader
from recordsvc.cli import main
from recordsvc.ground import two_person
from recordsvc.house import House
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
    words += ["--vouched-by", "示范市就业局", "--official", official, *more]
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
    assert "状态 proposed" in imported(house, commands, path, "--resume").output
    with house.db.read() as conn:
        proposal = conn.scalar(sa.select(two_person.proposal.c.id))
    decide(house, proposal)
    told = imported(house, commands, path, "--resume")
    assert "状态 done：合格 1 行，已导入 1 行，有误 1 行" in told.output, told.output
    sheet = (tmp_path / "old.import-errors.csv").read_text("utf-8-sig")
    assert "3," in sheet
    assert person(2)["number"] not in sheet + told.output
    with house.db.read() as conn:
        assert conn.scalar(sa.select(tables.import_run.c.wrapped)) is None


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


def test_the_window_states_evidence_on_the_workers_word(house: House, commands: CliRunner) -> None:
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    words = ["window", "foreign", "--evidence", "training", "--title", "电工培训", "--issued-by", "某某学校"]
    told = commands.invoke(main, [*words, "--province", "61", "--case", "W-1"], input=person(1)["number"])
    assert "已登记" in told.output, told.output
    archive = Reader(house).archive(centre.worker_id(person(1)))
    assert archive is not None
    assert archive.trust(archive.state.records[-1]) == "stated"
