"""`recordsvc log …`: check the whole database, compare an old receipt, print checkpoint and key of the log.

Exit codes: 0 all is well, 1 something is wrong (and named), 2 the check could not run.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from recordsvc.house import House

WRONG: Final = 1
COULD_NOT_RUN: Final = 2


@contextmanager
def _open() -> Iterator["House"]:
    """Open the service's parts; whatever keeps a check from running ends with exit code 2 and one line."""
    import sqlalchemy as sa

    from recordsvc.house import open_house
    from recordsvc.settings import Settings, SettingsError
    from recordsvc.vault.keyfile import KeyFileError

    try:
        house = open_house(Settings.load())
        try:
            yield house
        finally:
            house.close()
    except (SettingsError, KeyFileError, OSError) as error:
        _could_not_run(str(error))
    except sa.exc.SQLAlchemyError as error:
        # The first line of the driver's message only: statements and values stay inside.
        _could_not_run(f"{type(error).__name__}: {str(error).partition(chr(10))[0]}")


def _could_not_run(why: str) -> None:
    click.echo(f"无法核验 / could not run: {why}", err=True)
    sys.exit(COULD_NOT_RUN)


@click.group("log")
def log() -> None:
    """日志：核验、回执比对、检查点、公钥 / The log: check, compare, checkpoint, key."""


@log.command("fsck")
@click.option("--offline", is_flag=True, help="不询问见证方 / Ask no witness")
@click.option("--quiet", is_flag=True, help="不显示进度 / No progress")
def fsck(*, offline: bool, quiet: bool) -> None:
    """由各行重算一切，指出第一处错误 / Re-derive everything, name the first thing wrong."""
    from recordsvc.fsck import fsck as run

    started = time.monotonic()
    with _open() as house:
        report = run(house, _silent if quiet or not sys.stderr.isatty() else _progress, offline=offline)
    for note in report.notes:
        click.echo(f"注意 / note: {note}", err=True)
    if report.finding is not None:
        click.echo(f"错误 / WRONG  {report.finding.where}")
        click.echo(f"  {report.finding.what_zh}\n  {report.finding.what_en}")
        sys.exit(WRONG)
    counted = ", ".join(f"{count} {name}" for name, count in report.counts.items() if count)
    click.echo(f"一切相符 / all is well: {counted} ({time.monotonic() - started:.1f} s)")


@log.command("check-receipt")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_receipt(file: Path) -> None:
    """旧回执与现日志是否一致 / Does the log of today continue an old receipt?"""
    from recordsvc.archive.contradiction import Verdict, compare

    with _open() as house, house.db.read() as conn:
        try:
            found = compare(house.log, house.log.every_key(), conn, file.read_bytes())
        except ValueError as error:
            _could_not_run(f"不是本日志的回执 / no receipt of this log: {error}")
            return
    click.echo("\n".join(found.told))
    if found.verdict is not Verdict.CONTINUED:
        sys.exit(WRONG)


@log.command("checkpoint")
def checkpoint() -> None:
    """打印最新检查点（含见证签名）/ Print the newest checkpoint with its cosignatures."""
    import sqlalchemy as sa

    from recordsvc.translog import tables
    from recordsvc.translog.checkpoint import add_cosignatures

    with _open() as house, house.db.read() as conn:
        newest = house.log.newest(conn)
        lines = conn.execute(
            sa.select(tables.cosignature.c.line).where(tables.cosignature.c.size == newest.size)
        )
        click.echo(add_cosignatures(newest.note, lines.scalars()), nl=False)


@log.command("key")
def key() -> None:
    """打印日志公钥（vkey）/ Print the log's verifier keys: of a change both, the newest first.

    Then those of each former name, under which what was signed before a continuation is verified.
    """
    with _open() as house:
        for one in house.log.live_keys():
            click.echo(one.vkey())
        for former in reversed(house.log.former):
            for one in house.log.verifier_keys(former.name):
                click.echo(f"{one.vkey()}  （至第 {former.size} 条 / up to {former.size} entries）")


def _silent(_stage: str, _done: int) -> None:
    pass


def _progress(stage: str, done: int) -> None:
    click.echo(f"\r{stage}: {done}   ", nl=False, err=True)
