"""`recordsvc paper …` (窗口材料): what a worker brings to the counter, and what is handed out there.

As with `recordsvc window` the number goes into a prompt, and every look leaves a row the worker can read.
"""

import os
import uuid
from pathlib import Path

import click

from recordsvc.windowcommands import PURPOSE, at_counter, clerk, opened


@click.group()
def paper() -> None:
    """窗口材料 / A worker's papers at the counter."""


@paper.command("list")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def listed(kind: str, case: str) -> None:
    """列出本人材料 / List the papers of the worker at the counter."""
    with opened() as house:
        found, sealed = house.papers.listed(at_counter(house, kind, case, "papers"))
        for one in found:
            name = uuid.UUID(bytes=one.paper_id)
            click.echo(f"{name}  {one.kind}  {one.media}  {one.size}  {one.sha256}  {one.title}")
        tell_sealed(sealed)


def tell_sealed(count: int) -> None:
    """Say how many papers are left out, and why."""
    if count:
        click.echo(f"另有 {count} 份随已限制处理的记录封存 / {count} more are sealed with restricted records")


@paper.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--paper", "paper_kind", required=True, help="代码表 paper_kinds / code of paper_kinds")
@click.option("--title", default="", help="材料名称 / what it is called")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def add(file: Path, paper_kind: str, title: str, kind: str, case: str) -> None:
    """收存一份材料（PDF、PNG、JPEG）/ File a paper; the file itself stays where it is."""
    from recordsvc.access.grants import Actor, Kind

    with opened() as house:
        with file.open("rb") as stream:
            data = stream.read(house.settings.paper_bytes + 1)
        worker_id = at_counter(house, kind, case, "identity")
        kept = house.papers.keep(worker_id, data, paper_kind, title, Actor(Kind.SYSTEM, clerk()))
        click.echo(f"已收存 / filed: {uuid.UUID(bytes=kept.paper_id)}  sha256 {kept.sha256}")


@paper.command()
@click.argument("paper_id", metavar="PAPER", type=click.UUID)
@click.option("--to", required=True, type=click.Path(path_type=Path), help="新文件 / a new file")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def save(paper_id: uuid.UUID, to: Path, kind: str, case: str) -> None:
    """取出一份材料 / Write the file of a paper, readable by this account only."""
    from recordsvc.access.grants import Actor, Kind

    with opened() as house:
        worker_id = at_counter(house, kind, case, "identity")
        who = Actor(Kind.SYSTEM, clerk())
        _found, data = house.papers.open(worker_id, paper_id.bytes, who, PURPOSE, case)
        try:
            target = os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise click.BadParameter(str(error.strerror), param_hint="--to") from None
        with os.fdopen(target, "wb") as stream:
            stream.write(data)
        click.echo("已取出 / written")
