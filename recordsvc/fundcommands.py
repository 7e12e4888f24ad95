"""`recordsvc fund …` (资金与预算): what each budget line has, its journal, proposing how budgets move.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in.
"""

from typing import Any
from urllib.parse import quote

import click

from recordsvc.consoledoors import entering
from recordsvc.deskcommands import REASON, group_of

LINE = click.argument("line", metavar="LINE")
AMOUNT = click.option("--fen", "amount_fen", type=int, required=True, help="金额（分） / amount in fen")
DOC = click.option("--doc", required=True, help="文号 / number of the document that orders it")


@group_of("fund", "资金与预算", "Budget lines and how budgets move, by an official.")
def fund(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@fund.command("list")
@click.option("--year", help="预算年度 / budget year")
@click.option("--fund", "which", help="代码表 funds / code of funds")
@click.pass_obj
def fund_list(account: str, year: str | None, which: str | None) -> None:
    """列出预算：可用、预留、已支出（分） / List lines with what is left, held and spent, in fen."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/funds", {"year": year, "fund": which})["items"]:
            click.echo(
                f"{one['line']}  {_position(one)}  {one['fund_name']} {one['region_name']} {one['kind_name']}"
            )


@fund.command("show")
@LINE
@click.pass_obj
def fund_show(account: str, line: str) -> None:
    """一条预算：额度、预测、变动 / Print a line with its forecast and how its budget moved."""
    with entering(account) as doors:
        one = doors.read(_at(line))
    ahead = one["forecast"]
    click.echo(f"{one['fund_name']}  {one['year']}  {one['region_name']}  {one['kind_name']}")
    click.echo(_position(one))
    click.echo(
        f"used={ahead['used_fen']} in {ahead['days']} days  exhausted_on={ahead['exhausted_on'] or '-'}"
    )
    for move in one["moves"]:
        ends = move["line"] if move["other"] is None else f"{move['line']} -> {move['other']}"
        click.echo(f"{move['act']}  {move['amount_fen']}  {ends}  {move['doc']}  {move['decided_by']}")


@fund.command("journal")
@LINE
@click.option(
    "--limit", type=click.IntRange(1, 1_000), default=100, show_default=True, help="几条 / how many"
)
@click.pass_obj
def fund_journal(account: str, line: str, limit: int) -> None:
    """一条预算的明细账，新的在前 / Print what was booked on a line, newest first."""
    with entering(account) as doors:
        for one in doors.read(f"{_at(line)}/journal", {"limit": limit})["items"]:
            click.echo(
                f"{one['idx']}  {one['period']}  {one['way']}  {one['amount_fen']}  "
                f"{one['code']}  {one['doc']}"
            )


@fund.command("propose-allot")
@click.option("--fund", required=True, help="代码表 funds / code of funds")
@click.option("--year", type=int, required=True, help="预算年度 / budget year")
@click.option("--region", required=True, help="区划，六位 / division, six digits")
@click.option("--kind", required=True, help="代码表 subsidy_kinds / code of subsidy_kinds")
@AMOUNT
@DOC
@REASON
@click.pass_obj
def fund_propose_allot(account: str, /, **said: Any) -> None:
    """提出下达预算 / Propose to allot a budget; a reviewer decides."""
    _propose(account, {"act": "allot", **said})


@fund.command("propose-recall")
@LINE
@AMOUNT
@DOC
@REASON
@click.pass_obj
def fund_propose_recall(account: str, /, line: str, **said: Any) -> None:
    """提出收回预算 / Propose to recall what is neither held nor spent of a line."""
    _propose(account, {"act": "recall", **_named(line), **said})


@fund.command("propose-shift")
@LINE
@click.option("--to-region", help="调入区划，不填即不变 / division it goes to; the same without it")
@click.option("--to-kind", help="调入项目，不填即不变 / kind it goes to; the same without it")
@AMOUNT
@DOC
@REASON
@click.pass_obj
def fund_propose_shift(account: str, /, line: str, **said: Any) -> None:
    """提出调剂预算 / Propose to shift a budget within its fund and year."""
    _propose(account, {"act": "shift", **_named(line), **said})


@fund.command("projects")
@click.pass_obj
def fund_projects(account: str) -> None:
    """列出项目制培训 / List funded projects: places, price of a head in fen, heads claimed for."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/projects")["items"]:
            click.echo(
                f"{one['institution']}/{one['course']}  places={one['places']}  heads={one['heads']}  "
                f"price={one['price_fen']}  {one['doc']}  {one['title']}"
            )


@fund.command("propose-project")
@click.option("--institution", required=True, help="统一社会信用代码 / USCC of the institution")
@click.option("--course", required=True, help="机构的班级编号 / the institution's code of the class")
@click.option("--title", required=True, help="项目名称 / title")
@click.option("--doc", required=True, help="批复文号 / number of the document that approves it")
@click.option("--region", required=True, help="区划，六位 / division, six digits")
@click.option("--places", type=int, required=True, help="批复人数 / heads approved")
@click.option("--price-fen", type=int, required=True, help="人均中标价（分） / price of a head in fen")
@click.pass_obj
def fund_propose_project(account: str, /, **said: Any) -> None:
    """提出登记项目批复 / Propose a funded project; a reviewer decides."""
    with entering(account) as doors:
        doors.propose("/v1/desk/projects", said)


def _propose(account: str, body: dict[str, Any]) -> None:
    with entering(account) as doors:
        doors.propose("/v1/desk/funds/moves", body)


def _named(line: str) -> dict[str, Any]:
    """Return what a line's id says."""
    parts = line.split(".")
    if len(parts) != 4 or not parts[1].isdigit():
        raise click.BadParameter("FUND.YEAR.DIVISION.KIND", param_hint="LINE")
    return {"fund": parts[0], "year": int(parts[1]), "region": parts[2], "kind": parts[3]}


def _at(line: str) -> str:
    return f"/v1/desk/funds/{quote(line, safe='')}"


def _position(one: dict[str, Any]) -> str:
    names = ("budget", "available", "held", "spent")
    return "  ".join(f"{name}={one[f'{name}_fen']}" for name in names)
