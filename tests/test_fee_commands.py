"""`recordsvc fee` as typed: what is charged, what came and went back, a dispute that an official ends."""

import pytest
from click.testing import CliRunner, Result

from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from tests.archive.support import person
from tests.money.fees.world import FEE, World
from tests.test_number_commands import commands, settings, typed

__all__ = ["commands", "settings"]


@pytest.fixture
def world(house: House, commands: CliRunner) -> World:
    assert commands
    return World(house)


def typing(house: House, runner: CliRunner, command: str, *words: str, by: str = "demo-handler") -> Result:
    return typed(house, runner, f"fee {command}", *words, by=by)


def test_a_dispute_is_ended_once_and_what_goes_back_is_told(
    world: World, house: House, commands: CliRunner
) -> None:
    offered = world.offer()
    one = world.paid(0, offered)
    listed = typing(house, commands, "list", by="demo-inspector").output
    assert f"{uuid_text(offered.offering_id)}  {world.centre.uscc}" in listed
    assert f":{FEE}" in listed
    assert typing(house, commands, "disputes").output.count(one.number) == 0
    world.dispute(one)
    assert (
        f"{uuid_text(one.order_id)}  {one.number}  PAID  {FEE}  {FEE}  0"
        in typing(house, commands, "disputes").output
    )

    words = (uuid_text(one.order_id), "--reason", "多收，核对收据")
    too_much = typing(house, commands, "end-dispute", *words, "--refund-fen", str(FEE + 1))
    assert too_much.exit_code == 1
    assert world.again(one).disputed
    done = typing(house, commands, "end-dispute", *words, "--refund-fen", "20000")
    assert "已处理" in done.output, done.output
    assert [back.amount_fen for back in world.refunds(one)] == [20_000]
    assert typing(house, commands, "end-dispute", *words, "--refund-fen", "0").exit_code == 1

    shown = typing(house, commands, "show", uuid_text(offered.offering_id), by="demo-auditor").output
    assert f"collected={FEE}  refunded=0" in shown
    assert f"{one.number}  PAID" in shown
    assert person(1)["name"] not in listed + shown + done.output


def test_who_may_only_read_ends_nothing(world: World, house: House, commands: CliRunner) -> None:
    one = world.paid(0, world.offer())
    world.dispute(one)
    words = (uuid_text(one.order_id), "--reason", "不属实", "--refund-fen", "0")
    assert typing(house, commands, "end-dispute", *words, by="demo-inspector").exit_code == 1
    assert world.again(one).disputed
