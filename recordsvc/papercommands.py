"""`recordsvc paper …` (窗口材料): what a worker brings to the counter, and what is handed out there.

Each command is one service at the window, as those of `recordsvc window` are.
"""

import uuid
from pathlib import Path

import click

from recordsvc.consoledoors import write_new
from recordsvc.deskcommands import TO, group_of
from recordsvc.windowdoors import serving

OWN = "/v1/me/papers"


@group_of("paper", "窗口材料", "A worker's papers at the counter.")
def paper(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@paper.command("list")
@click.pass_obj
def listed(account: str) -> None:
    """列出本人材料 / List the papers of the worker at the counter."""
    with serving(account) as doors:
        found = doors.read(OWN)
        for one in found["items"]:
            names = ("paper_id", "kind", "media", "size", "sha256", "title")
            click.echo("  ".join(str(one[name]) for name in names))
        tell_sealed(found["sealed"])


def tell_sealed(count: int) -> None:
    """Say how many papers are left out, and why."""
    if count:
        click.echo(f"另有 {count} 份随已限制处理的记录封存 / {count} more are sealed with restricted records")


@paper.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--paper", "kind", required=True, help="代码表 paper_kinds / code of paper_kinds")
@click.option("--title", default="", help="材料名称 / what it is called")
@click.pass_obj
def add(account: str, file: Path, kind: str, title: str) -> None:
    """收存一份材料（PDF、PNG、JPEG）/ File a paper; the file itself stays where it is."""
    with serving(account) as doors:
        kept = doors.upload(OWN, {"kind": kind, "title": title}, file)
        click.echo(f"已收存 / filed: {kept['paper_id']}  sha256 {kept['sha256']}")


@paper.command()
@click.argument("paper_id", metavar="PAPER", type=click.UUID)
@TO
@click.pass_obj
def save(account: str, paper_id: uuid.UUID, to: Path) -> None:
    """取出一份材料 / Write the file of a paper, readable by this account only."""
    with serving(account) as doors:
        write_new(to, doors.get(f"{OWN}/{paper_id}"))
        click.echo("已取出 / written")
