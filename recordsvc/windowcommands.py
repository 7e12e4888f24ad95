"""`recordsvc window …` (窗口代办): the acts of a worker who stands at the counter with a document.

The clerk types the number into a prompt, never into the command line (shells keep those). The act is
entered on the worker's word, naming the clerk, the window and the case; finding the archive leaves a row
that the worker can read.
"""

import getpass
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recordsvc.archive.reading import Archive
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


@click.group()
def window() -> None:
    """窗口代办 / A worker's acts at the counter."""


@window.command("list")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def listed(kind: str, case: str) -> None:
    """列出本人记录 / List the records of the worker at the counter."""
    with _open() as house:
        archive = _archive(house, kind, case)
        for state in archive.state.records:
            entry = archive.entries[state.seq]
            name = entry.record["type"] if entry.record is not None else "erased"
            record_id = entry.stored.record_id
            shown = uuid.UUID(bytes=record_id) if record_id else "-"
            seen, issuer = archive.seen(state), entry.record["issuer"] if entry.record is not None else "-"
            click.echo(
                f"{shown}  {name}  {state.life.value}  {state.confirmation.value}  seen={seen}  {issuer}"
            )


@window.command()
@click.argument("record", type=click.UUID)
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
@click.option("--seen", type=int, required=True, help="list 所列 seen，即本人看到的状态 / what list showed")
@click.option("--issuer", help="编号重复时的签发单位 / whose record, if the id is not alone")
def confirm(record: uuid.UUID, kind: str, case: str, seen: int, issuer: str | None) -> None:
    """代本人确认一条记录 / Enter that the worker confirms a record."""
    from recordsvc.archive import confirm as verbs
    from recordsvc.archive.statements import Stater

    with _open() as house:
        archive = _archive(house, kind, case)
        stater = Stater(_clerk(), "window", case)
        shown = verbs.Shown(record.bytes, seen, issuer)
        index = verbs.confirm(house, archive.worker_id, shown, "window", stater)
        click.echo(f"已确认 / confirmed: log index {index}")


@window.command()
@click.argument("record", type=click.UUID)
@click.option("--reason", required=True, help="代码表 contest_reasons / code of contest_reasons")
@click.option("--text", default="", help="本人说明 / the worker's own words")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
@click.option("--seen", type=int, required=True, help="list 所列 seen，即本人看到的状态 / what list showed")
@click.option("--issuer", help="编号重复时的签发单位 / whose record, if the id is not alone")
def contest(
    record: uuid.UUID, reason: str, text: str, kind: str, case: str, seen: int, issuer: str | None
) -> None:
    """代本人对一条记录提出异议 / Enter that the worker contests a record."""
    from recordsvc import dated
    from recordsvc.archive import confirm as verbs
    from recordsvc.archive.statements import Stater
    from recordsvc.ground.ports import beijing_date

    with _open() as house:
        if reason not in dated.table("contest_reasons").on(beijing_date(house.clock.now_ms()).isoformat()):
            raise click.BadParameter("not in /v1/codes/contest_reasons", param_hint="--reason")
        archive = _archive(house, kind, case)
        stater = Stater(_clerk(), "window", case)
        shown = verbs.Shown(record.bytes, seen, issuer)
        index = verbs.contest(house, archive.worker_id, shown, "window", stater, reason, text)
        click.echo(f"已登记异议 / contested: log index {index}")


def _clerk() -> str:
    return f"command:{getpass.getuser()}"


def _archive(house: "House", kind: str, case: str) -> "Archive":
    """Ask for the number, note who looks and why, and return the archive."""
    from recordsvc.access import looked
    from recordsvc.access.grants import Actor, Kind
    from recordsvc.access.looked import Look
    from recordsvc.archive.reading import Reader

    number = click.prompt("证件号码或卡号 / number", hide_input=True).strip().upper()
    worker_id = house.people.find(kind, number)
    archive = Reader(house).archive(worker_id) if worker_id else None
    if worker_id is None or archive is None:
        raise click.ClickException("没有找到档案 / no archive under this number")
    clerk = Actor(Kind.SYSTEM, _clerk())
    looked.record(house.db, house.random, [Look(worker_id, clerk, PURPOSE, "records", case)])
    return archive


@window.command("disputes")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def disputed(kind: str, case: str) -> None:
    """列出本人的异议 / List the objections of the worker at the counter, and how they stand."""
    from recordsvc.archive import disputes

    with _open() as house:
        archive = _archive(house, kind, case)
        with house.db.read() as conn:
            found = disputes.of_workers(conn, [archive.worker_id, *archive.read_as])
        for one in found:
            click.echo(f"{one.name}  {one.state}  {one.owner}  due={one.due_on or '-'}  {one.issuer}")


@window.command("say")
@click.argument("dispute", type=click.UUID)
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def say(dispute: uuid.UUID, kind: str, case: str) -> None:
    """代本人补充异议说明 / Add the worker's words to an objection; they are asked for, never on the line."""
    from recordsvc.archive import disputes
    from recordsvc.ground.commit import Turn
    from recordsvc.ground.problems import NotFound

    with _open() as house:
        archive = _archive(house, kind, case)
        text = " ".join(click.prompt("说明 / words").split())[:1_000]

        def act(turn: Turn) -> None:
            if disputes.locked(turn, dispute.bytes).worker_id not in (archive.worker_id, *archive.read_as):
                raise NotFound
            disputes.say(turn, house, dispute.bytes, "worker", _clerk(), text)

        house.db.write(act)
        click.echo("已登记 / added")
