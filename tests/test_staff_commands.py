"""`recordsvc staff` as typed: it enters by the doors, and is refused where they refuse."""

import re

from click.testing import CliRunner, Result

from recordsvc.house import House
from recordsvc.people import synthetic
from tests.test_client_commands import approve
from tests.test_number_commands import commands, settings, typed

__all__ = ["commands", "settings"]
USCC = synthetic.uscc(41)
WHY = ("--reason", "持介绍信到窗口")


def typing(house: House, runner: CliRunner, command: str, *words: str, by: str = "demo-registrar") -> Result:
    return typed(house, runner, f"staff {command}", *words, by=by)


def test_a_head_is_entered_and_let_in_by_two(house: House, commands: CliRunner) -> None:
    assert "已提出" in typing(house, commands, "propose", USCC, "--name", "马某", *WHY).output
    approve(house, commands)
    listed = typing(house, commands, "list", USCC).output
    (head,) = re.findall(r"(s-[0-9a-f]{16})  马某  code", listed)

    assert re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", typing(house, commands, "code", head).output)
    refused = typing(house, commands, "code", head)
    assert (refused.exit_code, "没有可以生成的登录码" in refused.output) == (1, True)

    assert "已提出" in typing(house, commands, "propose-code", head, *WHY).output
    approve(house, commands)
    second = typing(house, commands, "code", head, by="demo-registrar-2")
    assert re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){2}", second.output)
    assert typing(house, commands, "propose-code", head, *WHY, by="demo-handler").exit_code == 1
    told = typing(house, commands, "acts").output
    assert f"staff.code  {head}" in told
    assert typing(house, commands, "acts", by="demo-handler").exit_code == 1
