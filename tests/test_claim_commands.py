"""`recordsvc claim` as typed: lists, one claim with its trace, steps, a signed list, public lists."""

import re
import uuid

import pytest
from click.testing import CliRunner, Result

from recordsvc.access import looked
from recordsvc.house import House
from recordsvc.money.claims.values import Claim
from tests.money.claims.world import World
from tests.test_number_commands import commands, settings, typed

__all__ = ["commands", "settings"]


def typing(house: House, runner: CliRunner, command: str, *words: str, by: str = "demo-handler") -> Result:
    return typed(house, runner, f"claim {command}", *words, by=by)


@pytest.fixture
def world(house: House, commands: CliRunner, monkeypatch: pytest.MonkeyPatch) -> World:
    assert commands
    made = World(house)
    # The command opens a house of its own; its claims meet the same registers, budget and bank.
    ports = house.claims
    monkeypatch.setattr("recordsvc.money.claims.ports.usual", lambda _house: ports)
    return made


def name(one: Claim) -> str:
    return str(uuid.UUID(bytes=one.claim_id))


def test_what_is_due_is_listed_shown_and_stepped(world: World, house: House, commands: CliRunner) -> None:
    worker_id, record_id = world.certified()
    one = world.file(worker_id, record_id)
    listed = typing(house, commands, "list").output
    assert f"{name(one)}  SKILL_UP  CHECKED  200000  handler  due=2025-10-15" in listed
    assert name(one) not in typing(house, commands, "overdue").output

    said = typing(house, commands, "show", name(one), "--purpose", "claim-review", "--case", "SB-1").output
    for words in (
        "符合条件  SKILL_UP",
        "met  第三条第一项",
        "fact  失业保险累计缴费月数  40 个月  登记（测试）",
    ):
        assert words in said, said
    with world.house.db.read() as conn:
        (row,) = looked.of_worker(conn, worker_id)
    assert (row.purpose, row.case_ref) == ("claim-review", "SB-1")
    version = re.search(r"version=(\d+)", said)
    assert version is not None
    stale = typing(house, commands, "step", name(one), "accept", "--version", "0")
    assert stale.exit_code != 0
    assert "申领刚被他人办理" in stale.output
    done = typing(house, commands, "step", name(one), "accept", "--version", version[1])
    assert f"{name(one)}  SKILL_UP  ACCEPTED" in done.output


def test_a_list_is_signed_by_its_hash_and_made_public(
    world: World, house: House, commands: CliRunner
) -> None:
    claims = [world.file(*world.certified(n)) for n in (1, 2)]
    wrong = typing(house, commands, "sign", "accept", "--sha256", "0" * 64)
    assert "清单已变化" in wrong.output
    for event, by in (("accept", "demo-handler"), ("review", "demo-reviewer")):
        sheet = typing(house, commands, "sheet", event, by=by).output
        (sha256,) = re.findall(r"^2  ([0-9a-f]{64})$", sheet, re.MULTILINE)
        assert "signed: 2" in typing(house, commands, "sign", event, "--sha256", sha256, by=by).output
    made = typing(house, commands, "publish", "--region", "640100", *(name(one) for one in claims))
    assert made.exit_code == 0, made.output
    (notice,) = re.findall(r"^[0-9a-f]{8}-[0-9a-f-]{27}$", made.output, re.MULTILINE)
    assert notice in typing(house, commands, "notices").output
    taken = typing(house, commands, "object", name(claims[0]), "--text", "没有参加评价")
    assert "OBJECTED" in taken.output
    world.days(30)
    assert name(claims[0]) in typing(house, commands, "overdue", by="demo-inspector").output
    refused = typing(house, commands, "list", by="demo-payer")
    assert refused.exit_code != 0
