"""`recordsvc bank` as typed: two payers pay, one explains a difference; others are refused."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from recordsvc.ground.ports import uuid_text
from recordsvc.house import House
from recordsvc.money.bank import batches, dispatch
from tests.money.bank.desk import CODE, Desk
from tests.test_number_commands import commands, settings, typed

__all__ = ["commands", "settings"]


def typing(house: House, runner: CliRunner, command: str, *words: str, by: str = "demo-payer") -> Result:
    return typed(house, runner, f"bank {command}", *words, by=by)


def ids(said: Result) -> list[str]:
    return re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", said.output)


@pytest.fixture
def bank(house: House, commands: CliRunner) -> Desk:
    assert commands
    return Desk(house)


def test_two_payers_open_an_account_seal_and_release(
    bank: Desk, house: House, commands: CliRunner, tmp_path: Path
) -> None:
    paid = bank.pay(1, 123_456)
    assert f"{CODE}  0.00  suspense=0.00  waiting=1" in typing(house, commands, "accounts").output
    (batch,) = ids(typing(house, commands, "seal", CODE))
    assert len(ids(typing(house, commands, "proposals"))) == 1
    done = typing(house, commands, "release", batch, "--reason", "核对无误", by="demo-payer-2")
    assert "released" in done.output, done.output
    assert dispatch.run(house) == 1
    assert f"{batch}  sent  {CODE}" in typing(house, commands, "batches").output
    assert "sent  -  -  1234.56  claim-1  1" in typing(house, commands, "payments").output
    target = tmp_path / "batch.xml"
    assert "已取出" in typing(house, commands, "file", batch, "--to", str(target)).output
    assert target.read_bytes().startswith(b"<?xml")
    assert bank.state(paid) == "sent"
    assert typing(house, commands, "seal", CODE, "--collect").exit_code == 1  # no debit waits
    words = ("--code", "unemp", "--fund", "F", "--number", "640100000000000009", "--name", "专户")
    found = ids(typing(house, commands, "open", *words, "--bank-number", "105871000019"))
    assert (
        "已办结"
        in typing(
            house, commands, "decide", found[0], "--approve", "--reason", "属实", by="demo-payer-2"
        ).output
    )
    assert "unemp" in typing(house, commands, "accounts", by="demo-auditor").output


def test_a_difference_is_taken_and_ended_and_a_batch_given_up(
    bank: Desk, house: House, commands: CliRunner
) -> None:
    bank.receive(b"<torn")
    found = bank.break_of("file-quarantined")
    name = uuid_text(found.break_id)
    assert "role:payer" in typing(house, commands, "breaks").output
    assert "official:demo-payer" in typing(house, commands, "take", name).output
    ended = typing(house, commands, "resolve", name, "--as", "explained", "--note", "银行已重发")
    assert "explained" in ended.output, ended.output
    assert name not in typing(house, commands, "breaks").output
    waiting = bank.pay(1)
    bank.account(1)
    readdressed = typing(house, commands, "readdress", uuid_text(waiting))
    assert "approved" in readdressed.output, readdressed.output
    batch = uuid_text(bank.seal().batch_id)
    assert "cancelled" in typing(house, commands, "cancel", batch).output


def test_who_is_no_payer_is_refused(bank: Desk, house: House, commands: CliRunner) -> None:
    bank.pay(1)
    assert typing(house, commands, "seal", CODE, by="demo-handler").exit_code != 0
    assert bank.read(batches.listed) == []
