"""`recordsvc people` as typed: a head, by one-time code, and what the doors refuse is refused."""

import re

import pytest
from click.testing import CliRunner, Result

from recordsvc.access import codes, staff
from recordsvc.access.grants import Position
from recordsvc.cli import main
from recordsvc.house import House
from recordsvc.people import synthetic
from tests.test_number_commands import commands, settings

__all__ = ["commands", "settings"]
USCC = synthetic.uscc(41)


@pytest.fixture
def account(house: House) -> dict[Position, str]:
    """A head and a clerk of one institution."""
    made: dict[Position, str] = {}

    def act(turn: object) -> None:
        for position in (Position.HEAD, Position.CLERK):
            made[position] = staff.add_new(turn, USCC, f"{position}某", "test", house.random)
            staff.give(turn, made[position], position, by="test")

    house.db.write(act)
    return made


def typing(house: House, runner: CliRunner, by: str, *words: str, code: str = "") -> Result:
    made = house.db.write(lambda turn: codes.create(turn, house.keys, house.random, staff.code_name(by)))
    return runner.invoke(main, ["people", "--account", by, *words], input=f"{code or made}\n")


def test_a_head_takes_an_invitation_back_ends_a_position_and_closes_an_account(
    house: House, commands: CliRunner, account: dict[Position, str]
) -> None:
    head, clerk = account[Position.HEAD], account[Position.CLERK]
    said = (USCC, "李某", Position.SIGNER, None)
    house.db.write(lambda turn: staff.invite(turn, house.keys, house.random, *said, by=f"staff:{head}"))
    listed = typing(house, commands, head, "list").output
    (invitation,) = re.findall(r"([0-9a-f-]{36})  李某  signer  invited by staff:", listed)
    assert f"{clerk}  clerk某  clerk" in listed
    assert "已收回" in typing(house, commands, head, "take-back", invitation).output
    assert "李某" not in typing(house, commands, head, "list").output
    assert typing(house, commands, head, "take-back", invitation).exit_code == 1
    assert "已收回" in typing(house, commands, head, "end", clerk, "--position", "clerk").output
    assert "已停用" in typing(house, commands, head, "close", clerk).output
    assert f"{clerk}  clerk某    closed" in typing(house, commands, head, "list").output


def test_who_is_no_head_or_has_no_code_does_nothing(
    house: House, commands: CliRunner, account: dict[Position, str]
) -> None:
    head, clerk = account[Position.HEAD], account[Position.CLERK]
    assert typing(house, commands, clerk, "close", head).exit_code == 1
    wrong = typing(house, commands, head, "close", clerk, code="AAAA-AAAA-AAAA")
    assert (wrong.exit_code, "账号或登录码不对" in wrong.output) == (1, True)
    assert "closed" not in typing(house, commands, head, "list").output
