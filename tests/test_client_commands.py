"""`recordsvc client` as typed: it enters by the doors, and is refused where they refuse."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recordsvc.access import clients, officials
from recordsvc.house import House
from recordsvc.submit import sign
from tests.archive.support import Centre, person
from tests.test_desk_commands import proposals, text_of
from tests.test_number_commands import commands, settings, typed

__all__ = ["commands", "settings"]
MADE = ("--kind", "centre", "--name", "某培训学校报送系统", "--scope", "records:write")


def key_file(house: House, tmp_path: Path, kid: str, *, private: bool = False) -> Path:
    jwk = sign.new_private_jwk("EdDSA", kid, house.random)
    path = tmp_path / f"{kid}.json"
    path.write_text(json.dumps(jwk if private else sign.key_from_jwk(jwk).public_jwk()))
    return path


def typing(house: House, runner: CliRunner, command: str, *words: str, by: str = "demo-registrar") -> Result:
    return typed(house, runner, f"client {command}", *words, by=by)


def approve(house: House, runner: CliRunner) -> None:
    (proposal,) = proposals(house)
    words = (text_of(proposal.id), "--reason", "属实")
    done = typed(house, runner, "case decide", *words, by="demo-registrar-2")
    assert "已办理" in done.output, done.output


def known(house: House) -> dict[str, clients.Client]:
    with house.db.read() as conn:
        return dict(clients.load(conn))


@pytest.fixture
def client_id(house: House, commands: CliRunner, tmp_path: Path) -> str:
    """A client that two officials made by commands."""
    centre = Centre(house, 1)
    centre.enter(centre.completion(person(1)))
    keys = ("--key", str(key_file(house, tmp_path, "a")), "--key", str(key_file(house, tmp_path, "b")))
    limits = ("--until", "2049-12-31", "--units-a-day", "5000", "--at-once", "3")
    told = typing(house, commands, "propose", *MADE, "--institution", centre.uscc, *keys, *limits)
    assert "已提出" in told.output, told.output
    assert known(house) == {}
    approve(house, commands)
    (found,) = known(house)
    return found


def test_a_client_is_proposed_decided_listed_and_shown(
    house: House, commands: CliRunner, client_id: str
) -> None:
    found = known(house)[client_id]
    assert (set(found.keys), found.units_a_day, found.at_once) == ({"a", "b"}, 5000, 3)
    assert found.keys["a"].not_after_ms == 2524579200000
    listed = typing(house, commands, "list", by="demo-auditor").output
    assert f"{client_id}  active  {found.institution}  某培训学校报送系统" in listed
    shown = typing(house, commands, "show", client_id, by="demo-auditor").output
    for told in ("scopes=records:write", "units_a_day=5000  at_once=3", "until=2050-01-01T00:00:00+0800"):
        assert told in shown, shown
    assert "register  official:demo-registrar-2  属实" in shown


def test_a_client_is_stopped_at_once_by_one_and_lifted_by_two(
    house: House, commands: CliRunner, client_id: str
) -> None:
    words = (client_id, "--reason", "公钥疑似泄露")
    assert typing(house, commands, "suspend", *words, by="demo-handler").exit_code == 1
    assert known(house)[client_id].active
    assert "已暂停" in typing(house, commands, "suspend", *words, by="demo-reviewer").output
    assert not known(house)[client_id].active
    again = typing(house, commands, "suspend", *words, by="demo-reviewer")
    assert again.exit_code == 1
    assert "公钥疑似泄露" in typing(house, commands, "show", client_id).output
    assert "已提出" in typing(house, commands, "propose-lift", client_id, "--reason", "已换").output
    assert not known(house)[client_id].active
    approve(house, commands)
    assert known(house)[client_id].active


def test_a_key_is_ended_at_once_and_another_is_proposed(
    house: House, commands: CliRunner, client_id: str, tmp_path: Path
) -> None:
    told = typing(house, commands, "end-key", client_id, "--kid", "a", "--reason", "遗失")
    assert "已停用" in told.output, told.output
    keys = known(house)[client_id].keys
    assert (keys["a"].revoked_ms is not None, keys["b"].revoked_ms) == (True, None)
    unknown = typing(house, commands, "end-key", client_id, "--kid", "z", "--reason", "遗失")
    assert unknown.exit_code == 1
    new = key_file(house, tmp_path, "c")
    told = typing(house, commands, "propose-key", client_id, "--key", str(new), "--since", "2040-01-01")
    assert "已提出" in told.output, told.output
    approve(house, commands)
    assert known(house)[client_id].keys["c"].not_before_ms == 2208960000000


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"-----BEGIN PUBLIC KEY-----", None])
def test_what_is_no_public_key_is_refused_before_anything_is_sent(
    house: House, commands: CliRunner, tmp_path: Path, data: bytes | None
) -> None:
    path = key_file(house, tmp_path, "secret", private=True)
    secret = json.loads(path.read_bytes())["d"]
    if data is not None:
        path.write_bytes(data)
    told = typing(house, commands, "propose-key", "centre-1", "--key", str(path))
    assert told.exit_code == 2
    assert secret not in told.output
    assert typing(house, commands, "propose-key", "x", "--key", str(tmp_path / "none")).exit_code == 2
    late = ("--key", str(key_file(house, tmp_path, "d")), "--until", "9999-12-31")
    assert typing(house, commands, "propose-key", "x", *late).exit_code == 2


def test_what_a_door_refuses_the_command_tells(house: House, commands: CliRunner, tmp_path: Path) -> None:
    key = ("--key", str(key_file(house, tmp_path, "a")))
    told = typing(house, commands, "propose", *MADE, *key)
    assert told.exit_code == 1
    assert "缺少统一社会信用代码" in told.output
    assert not proposals(house)
    for name in ("centre-0000000000000000", "../clients", "x?y"):
        told = typing(house, commands, "suspend", name, "--reason", "x")
        assert told.exit_code == 1, told.output


def test_a_client_of_another_county_is_neither_listed_shown_nor_stopped(
    house: House, commands: CliRunner, client_id: str
) -> None:
    def act(turn: Any) -> None:
        officials.add(turn, "far", "某县复核")
        officials.grant(turn, "far", "reviewer", "640521", by="system:demo")

    house.db.write(act)
    assert client_id not in typing(house, commands, "list", by="far").output
    for words in (("show", client_id), ("suspend", client_id, "--reason", "x")):
        told = typing(house, commands, *words, by="far")
        missing = typing(house, commands, words[0], "centre-0000000000000000", *words[2:], by="far")
        assert told.exit_code == missing.exit_code == 1
        assert told.stdout == missing.stdout
        assert "请核对接入方编号" in told.output
    assert known(house)[client_id].active


def test_other_scopes_and_ceilings_are_proposed_decided_and_shown(
    house: House, commands: CliRunner, client_id: str
) -> None:
    scopes = ("--scope", "records:write", "--scope", "records:read")
    words = (client_id, *scopes, "--units-a-day", "70", "--since", "2031-01-01", "--reason", "业务调整")
    assert "已提出" in typing(house, commands, "propose-terms", *words).output
    approve(house, commands)
    shown = typing(house, commands, "show", client_id, by="demo-auditor").output
    assert "units_a_day=5000  at_once=3" in shown
    assert (
        "from=2031-01-01T00:00:00+0800  scopes=records:read records:write  units_a_day=70  at_once=-" in shown
    )
