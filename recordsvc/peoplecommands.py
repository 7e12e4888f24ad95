"""`recordsvc people …` (本单位人员): the people of an institution, by one of its heads.

Each command enters by the door that the interface has, as who signs in with a one-time code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote

import click

from recordsvc.consoledoors import Doors, entering
from recordsvc.officialcommands import staff_signed_in

PERSON = click.argument("staff_id", metavar="ACCOUNT")


@contextmanager
def _entering(account: str) -> Iterator[Doors]:
    with entering(account, staff_signed_in) as doors:
        yield doors


@click.group("people", help="本单位人员 / People of an institution, by its head.")
@click.option("--account", required=True, help="经办负责人账号 / account of the head who acts")
@click.pass_context
def people(context: click.Context, account: str) -> None:
    """Keep the account for the commands."""
    context.obj = account


@people.command("list")
@click.pass_obj
def people_list(account: str) -> None:
    """列出本单位人员和未使用的邀请 / List people with their positions, and invitations nobody used."""
    with _entering(account) as doors:
        told = doors.read("/v1/centre/people")
        for one in told["items"]:
            held = [it["position"] for it in one["posts"] if it["revoked_by"] is None]
            closed = "  closed" if one["closed_ms"] is not None else ""
            click.echo(f"{one['staff_id']}  {one['name']}  {' '.join(held)}{closed}")
        for one in told["invitations"]:
            click.echo(
                f"{one['invitation_id']}  {one['name']}  {one['position']}  invited by {one['invited_by']}"
            )


@people.command("take-back")
@click.argument("invitation", type=click.UUID)
@click.pass_obj
def people_take_back(account: str, invitation: object) -> None:
    """收回未使用的邀请 / Take back an invitation that nobody has used."""
    with _entering(account) as doors:
        doors.post(f"/v1/centre/invitations/{invitation}/end", {})
        click.echo("已收回 / taken back")


@people.command("end")
@PERSON
@click.option("--position", required=True, help="岗位 / position that ends")
@click.pass_obj
def people_end(account: str, staff_id: str, position: str) -> None:
    """收回岗位 / End a position of somebody of the institution."""
    with _entering(account) as doors:
        doors.post(f"/v1/centre/people/{quote(staff_id, safe='')}/end", {"position": position})
        click.echo("已收回 / ended")


@people.command("close")
@PERSON
@click.pass_obj
def people_close(account: str, staff_id: str) -> None:
    """停用账号 / Close an account of the institution."""
    with _entering(account) as doors:
        doors.post(f"/v1/centre/people/{quote(staff_id, safe='')}/close", {})
        click.echo("已停用 / closed")
