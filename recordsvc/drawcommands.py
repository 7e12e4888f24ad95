"""`recordsvc draw …` (双随机抽查): an official's steps of a draw, by the doors of the desk.

The proof that everybody gets is checked by `docs/check_draw.py`, which is no part of this program.
"""

import uuid
from pathlib import Path
from typing import Any

import click

from recordsvc.consoledoors import OFFICIAL, entering, write_new

DRAW = click.argument("draw", type=click.UUID)
OBJECT = click.argument("target")


@click.group()
@OFFICIAL
@click.pass_context
def draw(context: click.Context, official: str) -> None:
    """双随机抽查 / Draws of whom to inspect."""
    context.obj = official


@draw.command("list")
@click.pass_obj
def listed(account: str) -> None:
    """抽查台账 / Draws of one's area, the newest first."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/draws")["items"]:
            number = sum(stratum["number"] for stratum in one["strata"])
            size = sum(stratum["size"] for stratum in one["strata"])
            click.echo(
                f"{one['draw_id']}  {one['state']}  {one['subject']}  {one['area']}  {number}/{size}"
                f"  {one['source']} {one['issue']}"
            )


@draw.command()
@click.option("--subject", default="institution", show_default=True, help="抽查对象的种类 / sort of objects")
@click.option("--area", required=True, help="区划代码 2、4 或 6 位 / division code")
@click.option("--source", required=True, help="代码表 draw_events / code of draw_events")
@click.option("--issue", required=True, help="期号 / issue of the event")
@click.option("--event-on", required=True, help="开奖日 / day of the event, YYYY-MM-DD")
@click.option("--opens-on", help="名单公开日 / day on which lists become public, YYYY-MM-DD")
@click.option("--percent", type=int, help="抽取比例 / share of each class, in percent")
@click.option("--inspectors", type=int, help="每个对象的检查人数 / inspectors of each object")
@click.pass_obj
def commit(account: str, /, **given: Any) -> None:
    """承诺一次抽查 / Commit to a draw before a public event."""
    with entering(account) as doors:
        click.echo(doors.post("/v1/desk/draws", given)["draw_id"])


@draw.command()
@DRAW
@click.option("--value", required=True, help="公共事件的结果 / what came out, as published")
@click.pass_obj
def reveal(account: str, draw: uuid.UUID, value: str) -> None:
    """揭示 / Reveal a draw that another official committed to."""
    with entering(account) as doors:
        for one in doors.post(f"/v1/desk/draws/{draw}/reveal", {"value": value})["drawn"]:
            click.echo(f"{one['object_id']}  {one['name']}")


@draw.command()
@DRAW
@click.pass_obj
def assign(account: str, draw: uuid.UUID) -> None:
    """派发 / Assign the inspectors that were drawn."""
    with entering(account) as doors:
        for one in doors.post(f"/v1/desk/draws/{draw}/assign", {})["drawn"]:
            who = " ".join(seat["official_id"] for seat in one["inspectors"])
            click.echo(f"{one['object_id']}  {who}")


@draw.command()
@click.pass_obj
def tasks(account: str) -> None:
    """我的检查任务 / What one was drawn to inspect."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/inspections")["items"]:
            report = one["report"]
            state = "-" if report is None else "confirmed" if report["confirmed_by"] else "reported"
            click.echo(
                f"{one['draw_id']}  {one['object_id']}  {one['due_on'] or '-'}  {state}  {one['name']}"
            )


@draw.command()
@DRAW
@OBJECT
@click.option("--result", required=True, help="代码表 inspection_results / code of inspection_results")
@click.option("--summary", required=True, help="将公开，不写个人信息 / becomes public, no personal data")
@click.option("--paper", "papers", multiple=True, help="材料的编号或 SHA-256 / id or SHA-256 of a paper")
@click.pass_obj
def report(account: str, /, draw: uuid.UUID, target: str, papers: tuple[str, ...], **said: str) -> None:
    """检查报告 / Report what was found at TARGET."""
    with entering(account) as doors:
        doors.post(f"/v1/desk/draws/{draw}/objects/{target}/report", {**said, "papers": list(papers)})
        click.echo("已填写，待另一位检查人员确认 / reported, the other inspector confirms")


@draw.command()
@DRAW
@OBJECT
@click.pass_obj
def confirm(account: str, draw: uuid.UUID, target: str) -> None:
    """确认检查报告 / Show the other inspector's report of TARGET, and confirm it."""
    with entering(account) as doors:
        mine = doors.read("/v1/desk/inspections")["items"]
        found = [one["report"] for one in mine if (one["draw_id"], one["object_id"]) == (str(draw), target)]
        if not found or found[0] is None:
            raise click.ClickException("还没有报告 / nothing is reported yet")
        click.echo(f"{found[0]['result']}: {found[0]['summary']}")
        click.confirm("确认 / confirm?", abort=True)
        body = {"reported_ms": found[0]["reported_ms"]}
        doors.post(f"/v1/desk/draws/{draw}/objects/{target}/confirm", body)
        click.echo("已确认 / confirmed")


@draw.command()
@DRAW
@click.pass_obj
def publish(account: str, draw: uuid.UUID) -> None:
    """公布结果 / Publish what was found, with lists, reveal and assignment."""
    with entering(account) as doors:
        click.echo(doors.post(f"/v1/desk/draws/{draw}/publish", {})["state"])


@draw.command()
@DRAW
@click.option("--to", required=True, type=click.Path(path_type=Path), help="新文件 / a new file")
@click.pass_obj
def proof(account: str, draw: uuid.UUID, to: Path) -> None:
    """抽查证明 / Write what everybody gets, for check_draw.py."""
    with entering(account) as doors:
        write_new(to, doors.get(f"/v1/draws/{draw}/proof"))
        click.echo("已取出 / written")
