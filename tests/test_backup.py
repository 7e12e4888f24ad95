"""Backups: restored they give the same head and answers; no key is in them; torn ones are refused."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from recordsvc import backup
from recordsvc.archive.reading import Reader
from recordsvc.archive.views import archive_json
from recordsvc.backup import BackupRefused
from recordsvc.cli import main
from recordsvc.fsck import fsck
from recordsvc.house import House, open_house
from recordsvc.settings import Settings
from tests.archive.support import Centre, person
from tests.postgresql import installed_programs


@pytest.fixture(autouse=True)
def _programs(dialect: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump of the version of the tests' server: an older one refuses it."""
    if dialect == "postgresql":
        monkeypatch.setenv("PATH", str(installed_programs()), prepend=os.pathsep)


@pytest.fixture
def worker(house: House) -> bytes:
    centre = Centre(house, 1)
    for n in range(3):
        centre.enter(centre.completion(person(1), **{"class": {"code": f"C{n}"}}))
    return centre.worker_id(person(1))


@pytest.fixture
def made(house: House, worker: bytes, tmp_path: Path) -> Path:
    assert worker
    sealed = house.settings.objects_dir / "ab" / "abcd"
    sealed.parent.mkdir(parents=True)
    sealed.write_bytes(b"sealed bytes")
    return backup.make(house, tmp_path / "out")


@pytest.fixture
def elsewhere(house: House, tmp_path: Path, dialect: str, request: pytest.FixtureRequest) -> Settings:
    """The same installation on another machine: its keys are there, its database is not."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o700)
    shutil.copytree(house.settings.keys_dir, folder / "keys")
    urls = {"database_url": "", "owner_database_url": ""}
    if dialect == "postgresql":
        empty = request.getfixturevalue("empty_postgresql")
        urls = {"database_url": empty.application, "owner_database_url": empty.owner}
    return dataclasses.replace(house.settings, data_dir=folder, **urls)


def test_a_restored_backup_has_the_same_head_and_gives_the_same_answers(
    house: House, worker: bytes, made: Path, elsewhere: Settings
) -> None:
    before = archive_json(Reader(house).archive(worker))
    other = Centre(house, 2)
    other.enter(other.completion(person(2)))  # what comes later is not in it
    manifest = backup.restore(elsewhere, made)
    restored = open_house(elsewhere, house.clock)
    try:
        backup.compare(restored, manifest)
        assert archive_json(Reader(restored).archive(worker)) == before
        assert fsck(restored, offline=True).finding is None
        assert (elsewhere.objects_dir / "ab" / "abcd").read_bytes() == b"sealed bytes"
        folders = [elsewhere.objects_dir, elsewhere.objects_dir / "ab"]
        assert [one.stat().st_mode & 0o077 for one in folders] == [0, 0], "open to others no paper is read"
    finally:
        restored.close()


def test_no_key_and_no_name_is_in_a_backup(house: House, made: Path) -> None:
    keys = [one.read_bytes() for one in house.settings.keys_dir.rglob("*") if one.is_file()]
    names = {one.name for one in house.settings.keys_dir.rglob("*")}
    assert len(keys) > 4
    for path in (one for one in made.rglob("*") if one.is_file()):
        data = path.read_bytes()
        assert path.name not in names - {"manifest.json"}
        assert person(1)["name"].encode() not in data
        assert person(1)["number"].encode() not in data
        assert not any(key in data for key in keys)
        assert path.stat().st_mode & 0o077 == 0


def cut(folder: Path) -> None:
    file = next(folder.glob("database.*"))
    file.write_bytes(file.read_bytes()[:-100])


def flip(folder: Path) -> None:
    file = next(folder.glob("database.*"))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def without_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def half_manifest(folder: Path) -> None:
    file = folder / "manifest.json"
    file.write_bytes(file.read_bytes()[:-40])


def without_paper(folder: Path) -> None:
    (folder / "objects" / "ab" / "abcd").unlink()


def more(folder: Path) -> None:
    (folder / "objects" / "ab" / "new").write_bytes(b"x")


@pytest.mark.parametrize("tear", [cut, flip, without_manifest, half_manifest, without_paper, more])
def test_a_torn_backup_is_refused_and_nothing_is_written(made: Path, elsewhere: Settings, tear) -> None:
    tear(made)
    with pytest.raises(BackupRefused):
        backup.restore(elsewhere, made)
    assert not (elsewhere.data_dir / "recordsvc.db").exists()
    assert not elsewhere.objects_dir.exists()


def test_a_database_that_is_there_is_not_overwritten(house: House, made: Path) -> None:
    with pytest.raises(BackupRefused):
        backup.restore(house.settings, made)


def test_the_backup_of_another_installation_is_refused(made: Path, elsewhere: Settings) -> None:
    other = dataclasses.replace(elsewhere, log_origin="other.example.test/log")
    with pytest.raises(BackupRefused, match="log_origin"):
        backup.restore(other, made)


def test_a_manifest_with_another_head_is_noticed(house: House, made: Path, elsewhere: Settings) -> None:
    file = made / "manifest.json"
    told = json.loads(file.read_bytes())
    file.write_text(json.dumps(told | {"size": told["size"] - 1}))
    manifest = backup.restore(elsewhere, made)
    restored = open_house(elsewhere, house.clock)
    try:
        with pytest.raises(BackupRefused, match="head"):
            backup.compare(restored, manifest)
    finally:
        restored.close()


def test_old_backups_go_and_the_newest_stays(house: House, made: Path, tmp_path: Path) -> None:
    house.clock.advance(40 * 86_400_000)
    newer = backup.make(house, tmp_path / "out")
    now_s = house.clock.now_ms() // 1_000
    assert backup.tidy(tmp_path / "out", now_s, 35) == [made.name]
    assert backup.tidy(tmp_path / "out", now_s + 10**8, 35) == []
    assert newer.is_dir()


def test_a_failed_backup_leaves_nothing(house: House, worker: bytes, tmp_path: Path, monkeypatch) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(backup, "_objects", broken)
    with pytest.raises(OSError, match="disk full"):
        backup.make(house, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_commands(house: House, made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = CliRunner().invoke(main, ["restore", "--check", str(made)])
    assert (whole.exit_code, "备份完整" in whole.output) == (0, True), whole.output
    flip(made)
    torn = CliRunner().invoke(main, ["restore", "--check", str(made)])
    assert (torn.exit_code, "没有恢复" in torn.output) == (1, True)
