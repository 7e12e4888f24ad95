"""`recordsvc fee …` (收费监管): what institutions charge, orders by number, disputes, by an official.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in. What an
institution does at its counter, and what a payer does, are their own words: on their pages, signed in.
"""

import uuid
from typing import Any

import click

from recordsvc.consoledoors import entering
from recordsvc.deskcommands import REASON, group_of

OFFERING = click.argument("offering", type=click.UUID)
AT = "/v1/desk/fees"
DISPUTES = "/v1/desk/fee-disputes"


@group_of("fee", "收费监管", "What institutions charge for, and disputes about it, by an official.")
def fee(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@fee.command("list")
@click.pass_obj
def fee_list(account: str) -> None:
    """收费项目 / What institutions of one's area charge for, with the prices in fen."""
    with entering(account) as doors:
        for one in doors.read(AT)["items"]:
            prices = " ".join(f"{price['from_on']}:{price['amount_fen']}" for price in one["prices"])
            over = "  cancelled" if one["cancelled"] is not None else ""
            click.echo(
                f"{one['offering_id']}  {one['institution']}  {one['course']}  {one['held']}/{one['units']}"
                f"  {prices}  {one['title']}{over}"
            )


@fee.command("show")
@OFFERING
@click.pass_obj
def fee_show(account: str, offering: uuid.UUID) -> None:
    """一个收费项目 / An offering: what came and went back, its orders by number (fen)."""
    with entering(account) as doors:
        one = doors.read(f"{AT}/{offering}")
    click.echo(f"{one['title']}  collected={one['collected_fen']}  refunded={one['refunded_fen']}")
    for order in one["orders"]:
        click.echo(_order(order))


@fee.command("disputes")
@click.pass_obj
def fee_disputes(account: str) -> None:
    """收费争议 / Disputed orders of one's area, with what was paid and went back (fen)."""
    with entering(account) as doors:
        for one in doors.read(DISPUTES)["items"]:
            click.echo(f"{one['order_id']}  {_order(one)}  {one['disputed']}")


@fee.command("end-dispute")
@click.argument("order", type=click.UUID)
@click.option("--refund-fen", type=click.IntRange(0), required=True, help="退还（分），0 为不退 / in fen")
@REASON
@click.pass_obj
def fee_end_dispute(account: str, order: uuid.UUID, refund_fen: int, reason: str) -> None:
    """处理收费争议 / End the dispute about ORDER: so much goes back, or nothing."""
    with entering(account) as doors:
        one = doors.post(f"{DISPUTES}/{order}", {"refund_fen": refund_fen, "reason": reason})
    click.echo(f"已处理 / ended: {_order(one)}")


def _order(one: dict[str, Any]) -> str:
    return f"{one['number']}  {one['state']}  {one['amount_fen']}  {one['paid_fen']}  {one['refunded_fen']}"
