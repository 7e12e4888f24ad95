"""`recordsvc case seal-moved` as typed: what was moved before moves sealed it, sealed once."""

import uuid

import pytest
from click.testing import CliRunner, Result

from recordsvc import fsck
from recordsvc.archive import restricting
from recordsvc.archive.reading import Reader
from recordsvc.archive.views import archive_json
from recordsvc.house import House
from tests.archive.test_moved import CLASS, centre, moved_as_before, record, three
from tests.test_desk_commands import county
from tests.test_number_commands import commands, settings, typed

__all__ = ["centre", "commands", "record", "settings", "three"]


def shown(house: House, worker_id: bytes) -> bool:
    """Whether the archive still tells what was moved away."""
    found = Reader(house).archive(worker_id)
    assert found is not None
    return CLASS in archive_json(found).decode()


def seal(house: House, commands: CliRunner, *words: str, by: str = "demo-data-officer") -> Result:
    return typed(house, commands, "case seal-moved", *words, by=by)


def test_it_lists_what_is_unsealed_and_seals_it_once(
    house: House,
    three: tuple[bytes, bytes, bytes],
    record: bytes,
    commands: CliRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wrong, right, _third = three
    moved_as_before(house, monkeypatch, wrong, record, right)
    archive = str(uuid.UUID(bytes=wrong))
    listed = seal(house, commands, "--dry-run")
    assert (listed.exit_code, "共 1 条，已封存 0 条" in listed.output) == (0, True), listed.output
    assert archive in listed.output
    assert shown(house, wrong), "listed, and not sealed"
    done = seal(house, commands)
    assert (done.exit_code, "共 1 条，已封存 1 条" in done.output) == (0, True), done.output
    assert not shown(house, wrong)
    assert shown(house, right), "where it belongs it is read"
    with house.db.read() as conn:
        assert restricting.restricted_by(conn, wrong, 1) is not None
    again = seal(house, commands)
    assert "共 0 条，已封存 0 条" in again.output, again.output
    for told in (listed, done):  # ids alone: nobody's number or name, and nothing of the record
        assert CLASS not in told.output
        assert str(uuid.UUID(bytes=right)) not in told.output
    assert fsck.fsck(house).finding is None


def test_nobody_but_a_data_officer_of_the_area_seals(
    house: House,
    three: tuple[bytes, bytes, bytes],
    record: bytes,
    commands: CliRunner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    moved_as_before(house, monkeypatch, three[0], record, three[1])
    refused = seal(house, commands, by="demo-handler")
    assert (refused.exit_code, "没有办理此事的岗位" in refused.output) == (1, True), refused.output
    elsewhere = seal(house, commands, by=county(house, "data-officer"))
    assert "共 0 条，已封存 0 条" in elsewhere.output, elsewhere.output
    assert shown(house, three[0])
