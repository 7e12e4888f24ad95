"""`recordsvc case …` (案卷办理): acts on whole archives by an official at the server's console.

The same verbs as the desk's doors. The official is asked for a one-time login code, as at the page; the role
is judged by the same policy; proposing and deciding take two different accounts.
"""

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from recordsvc import casepapercommands, deskcommands, movedcommands
from recordsvc.consoledoors import entering, reach_for
from recordsvc.deskcommands import ISSUER, at, on_record
from recordsvc.officialcommands import signed_in

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor
    from recordsvc.ground.commit import Turn
    from recordsvc.house import House

WORKER = click.argument("worker", type=click.UUID)
TEXT = click.option(
    "--text", required=True, help="依据的材料与情况，不写个人信息 / evidence, no personal data"
)
PAPER = click.option(
    "--paper", "papers", multiple=True, help="材料的编号或 SHA-256 / id or SHA-256 of a paper"
)
RECORD = click.option("--record", type=click.UUID, help="只办理这一条记录 / this record alone")
PROOF = click.option(
    "--paper", "papers", multiple=True, required=True, help="材料的编号或 SHA-256 / id or SHA-256 of a paper"
)


def ground_of(table: str) -> Callable[[Any], Any]:
    """Return the option that names a ground of a dated table."""
    return click.option("--ground", required=True, help=f"代码表 {table} / code of {table}")


@click.group()
@click.option("--official", required=True, help="经办账号 / account of the official who acts")
@click.pass_context
def case(context: click.Context, official: str) -> None:
    """案卷办理：合并、移动、限制、删除、关闭 / Acts on whole archives, by an official."""
    context.obj = official


@contextmanager
def acting(account: str, action: str) -> Iterator[tuple["House", "Actor"]]:
    """Open the service for an official who signs in with a one-time code and may do this."""
    from recordsvc.access.grants import admits
    from recordsvc.ground.problems import Problem
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        who = signed_in(house, account)
        if not admits(who, action):
            raise click.ClickException("没有办理此事的岗位 / no role for this act")
        yield house, who
    except Problem as problem:
        lines = [f"{problem.title_zh} / {problem.title_en}", problem.remedy_zh]
        lines += [str(one.get("detail", "")) for one in problem.to_dict().get("errors", ())]
        raise click.ClickException("\n".join(line for line in lines if line)) from None
    finally:
        house.close()


def propose(
    account: str, action: str, act: "Callable[[Turn, House, str], bytes]", *workers: uuid.UUID
) -> None:
    """Propose as the official who signs in and reaches these archives, and tell the proposal's id."""
    with acting(account, action) as (house, who):
        reach_for(house, who, action, *(one.bytes for one in workers))
        by = f"{who.kind}:{who.id}"
        proposal = house.db.write(lambda turn: act(turn, house, by))
        click.echo(f"已提出，待另一人复核 / proposed, a second official decides: {uuid.UUID(bytes=proposal)}")


@case.command("list")
@click.pass_obj
def listed(account: str) -> None:
    """待复核事项 / Proposals that can still be decided."""
    from recordsvc.access import objects
    from recordsvc.ground import two_person

    with acting(account, "proposal.read") as (house, who), house.db.read() as conn:
        for one in two_person.pending(conn, house.clock.now_ms(), *objects.proposals_of(who)):
            click.echo(f"{uuid.UUID(bytes=one.id)}  {one.kind}  {one.subject}  {one.proposed_by}")
            payload = two_person.shown(conn, one, house).payload
            click.echo(f"    {json.dumps(payload, ensure_ascii=False)}")


@case.command()
@click.argument("proposal", type=click.UUID)
@click.option("--refuse", is_flag=True, help="不同意 / refuse instead of approving")
@click.option("--reason", required=True, help="理由 / why")
@click.pass_obj
def decide(account: str, proposal: uuid.UUID, *, refuse: bool, reason: str) -> None:
    """复核 / Decide a proposal as the second person."""
    with entering(account) as doors:
        said = {"approve": not refuse, "reason": reason}
        doors.post(f"/v1/desk/proposals/{proposal}/decide", said)
        click.echo("已退回 / refused" if refuse else "已办理 / done")


@case.command()
@WORKER
@click.argument("into", type=click.UUID)
@ground_of("merge_grounds")
@TEXT
@PROOF
@click.pass_obj
def merge(account: str, /, worker: uuid.UUID, into: uuid.UUID, papers: tuple[str, ...], **said: str) -> None:
    """提出合并：WORKER 作为 INTO 查看 / Propose that WORKER is read as INTO."""
    with entering(account) as doors:
        doors.propose(at(worker, "merge"), {**said, "into": str(into), "papers": list(papers)})


@case.command()
@WORKER
@ground_of("merge_grounds")
@TEXT
@PROOF
@click.pass_obj
def unmerge(account: str, /, worker: uuid.UUID, papers: tuple[str, ...], **said: str) -> None:
    """提出撤回合并 / Propose to undo a merge."""
    with entering(account) as doors:
        doors.propose(at(worker, "unmerge"), {**said, "papers": list(papers)})


@case.command()
@WORKER
@click.argument("record", type=click.UUID)
@click.argument("to", type=click.UUID)
@TEXT
@PROOF
@ISSUER
@click.pass_obj
def move(
    account: str,
    worker: uuid.UUID,
    record: uuid.UUID,
    to: uuid.UUID,
    text: str,
    papers: tuple[str, ...],
    issuer: str | None,
) -> None:
    """提出把 RECORD 移到 TO 的档案 / Propose to move a record."""
    said = {"to": str(to), "text": text, "papers": list(papers)}
    with entering(account) as doors:
        doors.propose(
            at(worker, f"records/{record}/move"), said if issuer is None else {**said, "issuer": issuer}
        )


@case.command()
@WORKER
@ground_of("restriction_grounds")
@TEXT
@RECORD
@ISSUER
@PAPER
@click.pass_obj
def restrict(
    account: str,
    /,
    worker: uuid.UUID,
    record: uuid.UUID | None,
    issuer: str | None,
    papers: tuple[str, ...],
    **said: str,
) -> None:
    """立即限制处理档案，或提出限制一条记录 / Restrict an archive at once, or propose it of one record."""
    path, whose = on_record(record, issuer, "restrict")
    with entering(account) as doors:
        if record is not None:
            doors.propose(at(worker, path), {**said, **whose, "papers": list(papers)})
            return
        if papers:
            raise click.UsageError("材料只用于限制一条记录 / papers go with --record")
        index = doors.post(at(worker, "restrict"), said)["index"]
        click.echo(f"已限制 / restricted: log index {index}")


@case.command()
@WORKER
@ground_of("restriction_grounds")
@TEXT
@RECORD
@ISSUER
@PAPER
@click.pass_obj
def unrestrict(
    account: str,
    /,
    worker: uuid.UUID,
    record: uuid.UUID | None,
    issuer: str | None,
    papers: tuple[str, ...],
    **said: str,
) -> None:
    """提出解除限制 / Propose to lift a restriction, of an archive or of one record."""
    path, whose = on_record(record, issuer, "unrestrict")
    with entering(account) as doors:
        doors.propose(at(worker, path), {**said, **whose, "papers": list(papers)})


@case.command()
@WORKER
@ground_of("erasure_grounds")
@TEXT
@RECORD
@ISSUER
@PAPER
@click.pass_obj
def erase(
    account: str,
    /,
    worker: uuid.UUID,
    record: uuid.UUID | None,
    issuer: str | None,
    papers: tuple[str, ...],
    **said: str,
) -> None:
    """提出删除整份档案或一条记录 / Propose to erase an archive, or one record."""
    path, whose = on_record(record, issuer, "erase")
    given: dict[str, Any] = {**said, **whose, "papers": list(papers)} if papers else {**said, **whose}
    with entering(account) as doors:
        doors.propose(at(worker, path), given)


@case.command()
@WORKER
@ground_of("closure_grounds")
@click.option("--on", required=True, help="死亡日期 / day of death, YYYY-MM-DD")
@TEXT
@PROOF
@click.pass_obj
def close(account: str, /, worker: uuid.UUID, papers: tuple[str, ...], **said: str) -> None:
    """提出关闭档案 / Propose to close the archive of a worker who died."""
    with entering(account) as doors:
        doors.propose(at(worker, "close"), {**said, "papers": list(papers)})


@case.command()
@WORKER
@TEXT
@click.pass_obj
def reopen(account: str, worker: uuid.UUID, text: str) -> None:
    """提出恢复误关的档案 / Propose to reopen an archive closed in error."""
    from recordsvc.archive import closing

    propose(
        account,
        "archive.change",
        lambda turn, _house, by: closing.propose_reopening(turn, worker.bytes, text, by),
        worker,
    )


for _command in (*deskcommands.CASES, *casepapercommands.CASES, movedcommands.seal_moved):
    case.add_command(_command)


@click.group()
def erasure() -> None:
    """删除日志：重做、清除 / What was erased: replay after a restore, scrub the bytes."""


@erasure.command()
def replay() -> None:
    """恢复旧备份后重做删除 / Erase again what a restored copy brought back."""
    from recordsvc import erasures
    from recordsvc.house import open_house
    from recordsvc.serving import load_settings

    house = open_house(load_settings())
    try:
        click.echo(f"已重做 / erased again: {erasures.replay(house)}")
    finally:
        house.close()


@erasure.command()
def scrub() -> None:
    """清除已删除内容的残留字节 / Take what was erased out of the files (PostgreSQL: locks tables)."""
    from recordsvc import erasures
    from recordsvc.ground.database import Database
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    settings = load_settings()
    house = open_checked(settings)
    try:
        erasures.keep(house)
        if house.db.dialect == "sqlite":
            click.echo(f"已清除 / clean: {erasures.scrub(house)}")
            return
        owner = Database(settings.owner_database)
        try:
            for name in erasures.rewrite(house, owner):
                click.echo(f"已重写 / rewritten: {name}")
        finally:
            owner.close()
    finally:
        house.close()
