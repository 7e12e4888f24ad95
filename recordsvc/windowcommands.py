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


@window.command()
@click.option("--evidence", required=True, help="代码表 evidence_kinds / code of evidence_kinds")
@click.option("--title", required=True, help="证书或培训名称 / name of certificate or course")
@click.option("--issued-by", required=True, help="出具单位 / body that gave it")
@click.option("--province", help="省级代码 / first two digits of the province")
@click.option("--country", default="CHN", show_default=True, help="国家或地区 / country or region")
@click.option("--number", help="证面编号 / number on its face")
@click.option("--level", help="等级代码 / level code")
@click.option("--awarded-on", help="发证日期 / issue date, YYYY-MM-DD")
@click.option("--paper", multiple=True, help="扫描件 SHA-256，可多次 / SHA-256 of a scan, may be repeated")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def foreign(kind: str, case: str, paper: tuple[str, ...], **said: str | None) -> None:
    """代本人登记外省材料 / Enter evidence from another province on the worker's word."""
    from recordsvc.archive.foreign import state_evidence
    from recordsvc.archive.statements import Stater

    members = {name: value for name, value in said.items() if value}
    body = {"evidence_kind": members.pop("evidence")}
    origin = {name: members.pop(name) for name in ("country", "province", "issued_by") if name in members}
    with _open() as house:
        archive = _archive(house, kind, case)
        stater = Stater(_clerk(), "window", case)
        _id, index = state_evidence(
            house, archive.worker_id, {**body, **members, "origin": origin}, paper, stater
        )
        click.echo(f"已登记，标明本人陈述 / stated: log index {index}")


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
