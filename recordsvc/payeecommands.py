"""`recordsvc payee …` (收款账户): accounts of payees, by an official at the window.

Each command enters by the door that the desk has (`consoledoors.py`), as who signs in. Account numbers and
names are typed into a prompt, never into the command line (shells keep those).
"""

import uuid
from typing import Any

import click

from recordsvc.consoledoors import entering
from recordsvc.deskcommands import group_of

AT = "/v1/desk/payee-accounts"


@group_of("payee", "收款账户", "Accounts that payees are paid to, by an official.")
def payee(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@payee.command("list")
@click.pass_obj
def payee_list(account: str) -> None:
    """未核实的收款账户 / Accounts of one's area that are not verified, the newest first."""
    with entering(account) as doors:
        for one in doors.read(AT)["items"]:
            click.echo(f"{one['account_id']}  {_standing(one)}")


@payee.command("show")
@click.argument("payee_account", metavar="ACCOUNT", type=click.UUID)
@click.pass_obj
def payee_show(account: str, payee_account: uuid.UUID) -> None:
    """待核实的收款账户 / An account for its verifier: state, and whether others named it."""
    with entering(account) as doors:
        one = doors.read(f"{AT}/{payee_account}")
    shared = "也登记在别人名下 / others named it, too" if one["shared"] else "-"
    click.echo(f"{_standing(one)}  {shared}")


def _standing(one: dict[str, Any]) -> str:
    return f"{one['payee']}  v{one['version']}  {one['state']}  {one['checked'] or '-'}"


@payee.command("enter")
@click.argument("whose", metavar="PAYEE")
@click.option("--bank", required=True, help="代码表 payee_banks / code of payee_banks")
@click.option("--purpose", help="查阅目的，劳动者的必填 / code of lookup_purposes, of a worker's")
@click.option("--case", "case_ref", help="案卷号，劳动者的必填 / case, of a worker's")
@click.pass_obj
def payee_enter(account: str, whose: str, bank: str, purpose: str | None, case_ref: str | None) -> None:
    """登记收款账户 / Enter the account of PAYEE (worker:UUID, institution:USCC), typed when asked."""
    body = {
        "payee": whose,
        "number": "".join(click.prompt("账号 / account number", hide_input=True).split()),
        "name": click.prompt("户名 / name of the account", hide_input=True).strip(),
        "bank": bank,
        "purpose": purpose,
        "case_ref": case_ref,
    }
    with entering(account) as doors:
        one = doors.post(AT, {name: value for name, value in body.items() if value is not None})
    click.echo(f"已登记，银行核对后由复核人核实 / entered, a reviewer verifies: {one['account_id']}")
