"""`recordsvc continuation …`: two officials let a log go on under another name after a loss for good.

Both act at the server's console on the restored database, which no service can be started on: each is asked
for a one-time code (`recordsvc official code`).
"""

import dataclasses
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recordsvc.house import House

OFFICIAL = click.option("--official", required=True, help="经办账号 / account of the official who acts")


@click.group()
def continuation() -> None:
    """日志接续：最新条目永久丢失后 / Go on from an older copy, under another name of the log."""


@contextmanager
def _opened(origin: str = "") -> Iterator["House"]:
    """Open a database that no service may be started on; `origin`: the name that its log gets."""
    from recordsvc.ground.problems import Problem
    from recordsvc.house import open_house
    from recordsvc.serving import load_settings
    from recordsvc.translog.note import NoteError

    settings = load_settings()
    house = open_house(dataclasses.replace(settings, log_origin=origin) if origin else settings)
    try:
        yield house
    except NoteError as error:
        raise click.ClickException(f"库外检查点不是本日志的 / foreign outside checkpoint: {error}") from None
    except Problem as problem:
        details = [str(one.get("detail", "")) for one in problem.errors] or [problem.detail or ""]
        lines = [problem.title_zh, *details, problem.remedy_zh, problem.title_en, problem.remedy_en]
        raise click.ClickException("\n".join(line for line in lines if line)) from None
    finally:
        house.close()


@continuation.command("propose")
@OFFICIAL
@click.option("--origin", required=True, help="日志的新名称 / the name under which the log goes on")
@click.option("--text", required=True, help="丢失的情况，将公布 / what was lost and why; it is published")
def propose(official: str, origin: str, text: str) -> None:
    """提出接续 / Propose it: names what is kept and what tells of more."""
    from recordsvc import continuing
    from recordsvc.access.grants import admits
    from recordsvc.officialcommands import signed_in

    with _opened() as house:
        who = signed_in(house, official)
        if not admits(who, continuing.CONTINUE):
            raise click.ClickException("没有办理此事的岗位 / no role for this act")
        found = continuing.seen(house)
        by = f"{who.kind}:{who.id}"
        made = house.db.write(lambda turn: continuing.propose(turn, house, origin, text, found, by))
        for one in found:
            click.echo(f"{one.where}: {one.size} 条 / entries")
        click.echo(f"已提出，待另一人复核 / proposed, a second official decides: {uuid.UUID(bytes=made)}")


@continuation.command("decide")
@click.argument("proposal", type=click.UUID)
@OFFICIAL
@click.option("--refuse", is_flag=True, help="不同意 / refuse instead of approving")
@click.option("--reason", required=True, help="理由 / why")
def decide(proposal: uuid.UUID, official: str, *, refuse: bool, reason: str) -> None:
    """复核并接续，重做删除日志 / Decide it; approving replays the erasure journal in the same transaction."""
    from recordsvc.access import deciding
    from recordsvc.ground import two_person
    from recordsvc.officialcommands import signed_in

    with _opened() as house, house.db.read() as conn:
        origin = two_person.read(conn, proposal.bytes, house.clock.now_ms()).payload.get("origin", "")
    with _opened(origin) as house:
        who = signed_in(house, official)
        deciding.decide(house, proposal.bytes, who, approve=not refuse, reason=reason)
    if refuse:
        click.echo("已退回 / refused")
        return
    _finish(origin)


def _finish(origin: str) -> None:
    """Keep the first checkpoint of the new name outside, clean the files, and say what has to be done now."""
    from recordsvc import continuing, erasures
    from recordsvc.ground.database import Database
    from recordsvc.translog import continuations

    with _opened(origin) as house:
        if house.db.dialect != "sqlite":
            owner = Database(house.settings.owner_database)
            try:
                for _table in erasures.rewrite(house, owner):
                    pass
            finally:
                owner.close()
        continuing.finish(house)
        vkey = house.log.live_keys()[0].vkey()
        with house.db.read() as conn:
            said = continuations.listed(conn)[-1]
        lines = [
            f"已接续 / the log goes on as {origin} from {said.size} entries",
            f'请在 recordsvc.toml 中改写 / in recordsvc.toml: log_origin = "{origin}"',
            f"新公钥，请公布并交给见证方 / new key, for everybody and witnesses: {vkey}",
            f"声明 SHA-256 / statement: {continuing.digest(said.text)}  (GET /log/continuations)",
            "随后运行 recordsvc log fsck，并按 docs/operations.md 核对 / run it, then go on as told there",
        ]
    click.echo("\n".join(lines))


@continuation.command("show")
def show() -> None:
    """打印已公布的接续声明 / Print the statements."""
    from recordsvc.translog import continuations

    with _opened() as house, house.db.read() as conn:
        for one in continuations.listed(conn):
            click.echo(one.text)
