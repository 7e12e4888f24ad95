"""`recordsvc notices …` (通知): what could not be delivered, and letters to print without the desk."""

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from recordsvc.consoledoors import OFFICIAL, entering

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor
    from recordsvc.house import House

PURPOSE = "service-window"


@contextmanager
def _open() -> Iterator["House"]:
    from recordsvc.ground.problems import Problem
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        yield house
    except Problem as problem:
        raise click.ClickException(f"{problem.title_zh} / {problem.title_en}\n{problem.remedy_zh}") from None
    finally:
        house.close()


def _clerk() -> "Actor":
    from recordsvc.access.grants import Actor, Kind

    return Actor(Kind.SYSTEM, f"command:{getpass.getuser()}")


@click.group()
def notices() -> None:
    """通知的外发：发不出去的、待打印的 / Notices that leave: the dead, and those to print."""


@notices.command()
@click.option("--failing", is_flag=True, help="列出还在重试的 / those that fail and are still tried, instead")
def dead(failing: bool) -> None:  # noqa: FBT001 - click hands flags over as they are
    """列出发不出去的 / List what could not be delivered: id, kind, attempts, error."""
    from recordsvc.ground import outbox

    with _open() as house, house.db.read() as conn:
        for one in outbox.failing(conn) if failing else outbox.listed(conn, "dead"):
            click.echo(f"{uuid.UUID(bytes=one.id)}  {one.kind}  {one.attempts}  {one.error}")


@notices.command()
@click.option("--id", "only", type=click.UUID, multiple=True, help="只重发这些 / only these; all without it")
def replay(only: tuple[uuid.UUID, ...]) -> None:
    """重发 / Let dead messages wait for delivery again."""
    from recordsvc.ground import outbox

    ids = [one.bytes for one in only] or None
    with _open() as house:
        count = house.db.write(lambda turn: outbox.replay(turn, ids))
    click.echo(f"{count} 条重新排队 / waiting again")


@notices.command()
@click.option("--id", "ids", type=click.UUID, multiple=True, required=True, help="放弃哪些 / which ones")
@click.option("--reason", required=True, help="为什么放弃，不写个人信息 / why, without personal data")
def skip(ids: tuple[uuid.UUID, ...], reason: str) -> None:
    """放弃发送 / Give up messages that are dead or still fail; the act is noted with the reason."""
    from recordsvc.access import acts
    from recordsvc.access.acts import Act, OfficialAct
    from recordsvc.ground import outbox
    from recordsvc.ground.commit import Turn

    with _open() as house:

        def act(turn: Turn) -> int:
            count = outbox.skip(turn, [one.bytes for one in ids])
            if count:
                said = OfficialAct(_clerk(), Act.NOTICES_SKIPPED, f"{count} messages", reason[:400])
                acts.note(turn, house.random, said)
            return count

        count = house.db.write(act)
    click.echo(f"{count} 条不再发送 / given up")


@notices.command("print-list")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--case", required=True, help="案卷号 / case under which the list is taken")
def print_list(folder: Path, case: str) -> None:
    """写出待打印的通知 / Write letters to print into FOLDER: notices.html and notices.csv."""
    from recordsvc.archive import printing
    from recordsvc.web.render import environment

    with _open() as house:
        slips = printing.slips(house, _clerk(), PURPOSE, case)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    html = environment().get_template("print_file.html").render(slips=slips)
    for name, data in (("notices.html", html.encode()), ("notices.csv", printing.csv_of(slips))):
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)
    click.echo(f"{len(slips)} 份 / letters")


@notices.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def printed(file: Path) -> None:
    """标为已打印 / Mark the letters of a notices.csv as printed."""
    import csv

    from recordsvc.archive import printing

    with file.open(encoding="utf-8-sig", newline="") as lines:
        ids = [uuid.UUID(row["id"]).bytes for row in csv.DictReader(lines)]
    with _open() as house:
        count = printing.mark_printed(house, _clerk(), ids)
    click.echo(f"{count} 份已标记 / marked as printed")


@notices.command("desk")
@OFFICIAL
@click.option("--cursor", help="从这里往前 / go on from here: what the last page ended with")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="最多几条 / how many at most"
)
def desk(official: str, cursor: str | None, limit: int) -> None:
    """工作台的通知 / What the desks of an official were told, newest first."""
    with entering(official) as doors:
        found = doors.read("/v1/desk/notices", {"cursor": cursor, "limit": limit})
        for one in found["items"]:
            click.echo(f"{one['id']}  {'read' if one['read_ms'] else 'new'}  {one['title_zh']}")
            click.echo(f"    {one['text_zh']}")
        if found.get("next"):
            click.echo(f"--cursor {found['next']}")


@notices.command("desk-read")
@OFFICIAL
@click.option("--id", "ids", type=click.UUID, multiple=True, help="只标这些 / only these; all without it")
def desk_read(official: str, ids: tuple[uuid.UUID, ...]) -> None:
    """工作台的通知标为已读 / Mark notices of an official's desks as read, for all colleagues."""
    with entering(official) as doors:
        some = [str(one) for one in ids] or None
        count = doors.post("/v1/desk/notices/read", {"ids": some})["count"]
    click.echo(f"{count} 条标为已读 / marked as read")
