"""`recordsvc staff …` (单位负责人): heads of institutions, entered and let in by two officials.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in.
"""

import datetime as dt
from urllib.parse import quote

import click

from recordsvc.consoledoors import entering
from recordsvc.deskcommands import LIMIT, REASON, group_of
from recordsvc.ground.ports import BEIJING

STAFF = click.argument("staff_id", metavar="ACCOUNT")
USCC = click.argument("uscc", metavar="USCC")


@group_of("staff", "单位负责人", "Heads of institutions, by an official.")
def staff(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@staff.command("list")
@USCC
@click.pass_obj
def staff_list(account: str, uscc: str) -> None:
    """列出单位的经办负责人 / List the heads of an institution."""
    with entering(account) as doors:
        for one in doors.read(f"/v1/desk/institutions/{quote(uscc, safe='')}/staff")["items"]:
            click.echo(f"{one['staff_id']}  {one['name']}{'  code' if one['draws'] else ''}")


@staff.command("propose")
@USCC
@click.option("--name", required=True, help="姓名 / the head's name")
@REASON
@click.pass_obj
def staff_propose(account: str, uscc: str, name: str, reason: str) -> None:
    """提出登记经办负责人 / Propose the head of an institution, who then invites the others."""
    with entering(account) as doors:
        doors.propose("/v1/desk/staff", {"institution": uscc, "name": name, "reason": reason})


@staff.command("propose-code")
@STAFF
@REASON
@click.pass_obj
def staff_propose_code(account: str, staff_id: str, reason: str) -> None:
    """提出生成登录码 / Propose a login code for a head who has lost every way in."""
    with entering(account) as doors:
        doors.propose(f"{_at(staff_id)}/codes", {"reason": reason})


@staff.command("code")
@STAFF
@click.pass_obj
def staff_code(account: str, staff_id: str) -> None:
    """生成两人决定的登录码，只显示一次 / Make the code that two officials decided; it is shown once."""
    with entering(account) as doors:
        click.echo(doors.post(f"{_at(staff_id)}/code", {})["code"])


@staff.command("acts")
@LIMIT
@click.pass_obj
def staff_acts(account: str, limit: int) -> None:
    """列出单位人员变动 / List who let whom in, and out, at institutions of one's area, newest first."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/staff/acts", {"limit": limit})["items"]:
            at = dt.datetime.fromtimestamp(one["at_ms"] / 1000, BEIJING).isoformat(" ", "seconds")
            click.echo(f"{at}  {one['act']}  {one['subject']}  {one['reason']}  {one['actor']}")


def _at(staff_id: str) -> str:
    return f"/v1/desk/staff/{quote(staff_id, safe='')}"
