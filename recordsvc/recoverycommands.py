"""`recordsvc recovery …` (追回补贴): cases of an official's area, opening one, proposing a decision.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in.
"""

import uuid
from typing import Any

import click

from recordsvc.consoledoors import CASE, PURPOSE, entering
from recordsvc.deskcommands import REASON, group_of

RECOVERY = click.argument("recovery", type=click.UUID)
GROUND = click.option("--ground", required=True, help="事由代码 / code of the ground")


@group_of("recovery", "追回补贴", "Subsidies that are asked back, by an official.")
def recovery(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@recovery.command("list")
@click.option("--state", help="状态，不填即未办结的 / a state; without it what is not over")
@click.pass_obj
def recovery_list(account: str, state: str | None) -> None:
    """列出追回事项（分） / List cases with what is asked back and what came back, in fen."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/recoveries", {"state": state})["items"]:
            click.echo(
                f"{one['recovery_id']}  {one['state']}  {_amounts(one)}  {one['ground']}  {one['kind']}"
            )


@recovery.command("show")
@RECOVERY
@PURPOSE
@CASE
@click.pass_obj
def recovery_show(account: str, recovery: uuid.UUID, purpose: str, case: str) -> None:
    """一件追回事项及其经过 / Print a case step by step; the look leaves a row."""
    with entering(account) as doors:
        one = doors.read(_at(recovery), {"purpose": purpose, "case_ref": case})
    click.echo(f"{one['state']}  {_amounts(one)}  {one['ground_name']}")
    click.echo(
        f"hear_until={one['hear_until']}  pay_until={one['pay_until'] or '-'}  {one['reference'] or '-'}"
    )
    for step in one["events"]:
        click.echo(f"{step['at_ms']}  {step['event']}  {step['state']}  {step['reason']}".rstrip())


@recovery.command("open")
@click.option("--claim", "claim_id", type=click.UUID, required=True, help="申领编号 / the claim")
@GROUND
@click.option("--fen", "amount_fen", type=int, required=True, help="金额（分） / amount in fen")
@click.option("--words", required=True, help="说明，本人会看到 / why, which the worker reads")
@click.pass_obj
def recovery_open(account: str, /, claim_id: uuid.UUID, **said: Any) -> None:
    """立案追回 / Ask a paid claim back; the worker is told and heard first."""
    with entering(account) as doors:
        made = doors.post("/v1/desk/recoveries", {"claim_id": str(claim_id), **said})
    click.echo(made["recovery_id"])


@recovery.command("propose-decision")
@RECOVERY
@click.option("--fen", "asked_fen", type=int, required=True, help="追回金额（分） / amount in fen")
@click.option("--instalments", type=int, default=1, show_default=True, help="分几期 / monthly instalments")
@click.option(
    "--by-offset", is_flag=True, help="可从以后的补贴抵扣 / it may be kept back from later subsidies"
)
@REASON
@click.pass_obj
def recovery_propose_decision(account: str, /, recovery: uuid.UUID, **said: Any) -> None:
    """提出追回决定 / Propose how much is asked back; a reviewer decides."""
    _propose(account, recovery, "decision", said)


@recovery.command("propose-drop")
@RECOVERY
@REASON
@click.pass_obj
def recovery_propose_drop(account: str, /, recovery: uuid.UUID, **said: Any) -> None:
    """提出不予追回 / Propose that nothing is asked back."""
    _propose(account, recovery, "drop", said)


@recovery.command("propose-write-off")
@RECOVERY
@GROUND
@REASON
@click.pass_obj
def recovery_propose_write_off(account: str, /, recovery: uuid.UUID, **said: Any) -> None:
    """提出核销 / Propose to write off what is still owed."""
    _propose(account, recovery, "write-off", said)


def _propose(account: str, recovery: uuid.UUID, act: str, said: dict[str, Any]) -> None:
    with entering(account) as doors:
        doors.propose(f"{_at(recovery)}/{act}", said)


def _at(recovery: uuid.UUID) -> str:
    return f"/v1/desk/recoveries/{recovery}"


def _amounts(one: dict[str, Any]) -> str:
    asked = one["proposed_fen"] if one["asked_fen"] is None else one["asked_fen"]
    return f"asked={asked}  recovered={one['recovered_fen']}  owed={one['owed_fen']}"
