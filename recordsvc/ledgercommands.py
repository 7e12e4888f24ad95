"""`recordsvc ledger …` (账簿): closed days and seals, vouchers, balances, the book as beancount's text.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in.
"""

import datetime as dt
from pathlib import Path

import click

from recordsvc.consoledoors import entering, write_new
from recordsvc.deskcommands import TO, group_of

DAY = click.DateTime(formats=["%Y-%m-%d"])
FIRST = click.option("--first", type=DAY, required=True, help="首日 / first day")
LAST = click.option("--last", type=DAY, required=True, help="末日，含当天 / last day, included")


@group_of("ledger", "账簿", "The ledger's closed days, vouchers and balances, by an official.")
def ledger(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@ledger.command("days")
@click.pass_obj
def ledger_days(account: str) -> None:
    """列出日结 / List the closed days, newest first."""
    with entering(account) as doors:
        found = doors.read("/v1/desk/ledger/days")
    for one in found["items"]:
        click.echo(
            f"{one['day']}  rows={one['start']}..{one['size']}  log={one['log_index']}  root={one['root']}"
        )
    click.echo(f"open={found['open_transfers']}")


@ledger.command("seal")
@click.argument("day", type=DAY)
@click.pass_obj
def ledger_seal(account: str, day: dt.datetime) -> None:
    """一日的封存，重新计算并比对 / Print a day's seal, made anew and compared; exit 1 if it differs."""
    with entering(account) as doors:
        found = doors.read(f"/v1/desk/ledger/days/{day.date()}")
    click.echo(found["note"], nl=False)
    if not found["matches"]:
        places = " ".join(map(str, found["altered"]))
        raise click.ClickException(f"与分录不符 / does not match the journal: {places}")
    click.echo("与分录相符 / matches the journal")


@ledger.command("vouchers")
@FIRST
@LAST
@TO
@click.pass_obj
def ledger_vouchers(account: str, first: dt.datetime, last: dt.datetime, to: Path) -> None:
    """导出记账凭证表 / Write the vouchers of some days; CSV, or XLSX if the file is called so."""
    _export(account, "vouchers", first, last, to)


@ledger.command("balances")
@FIRST
@LAST
@TO
@click.pass_obj
def ledger_balances(account: str, first: dt.datetime, last: dt.datetime, to: Path) -> None:
    """导出科目余额表 / Write the balances over some days; CSV, or XLSX if the file is called so."""
    _export(account, "balances", first, last, to)


@ledger.command("beancount")
@TO
@click.pass_obj
def ledger_beancount(account: str, to: Path) -> None:
    """导出全部账簿供 beancount 核对 / Write the whole book as text that bean-check balances."""
    with entering(account) as doors:
        write_new(to, doors.get("/v1/desk/ledger/beancount"))


def _export(account: str, which: str, first: dt.datetime, last: dt.datetime, to: Path) -> None:
    form = "xlsx" if to.suffix.lower() == ".xlsx" else "csv"
    query = {"first": first.date(), "last": last.date(), "format": form}
    with entering(account) as doors:
        write_new(to, doors.get(f"/v1/desk/ledger/{which}", query))
