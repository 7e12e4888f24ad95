"""`recordsvc backup` and `recordsvc restore`: the database and the sealed papers, without any key."""

import sys
from pathlib import Path

import click

from recordsvc import backup as backups
from recordsvc.fsck import fsck
from recordsvc.house import House, open_house
from recordsvc.serving import load_settings


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--tidy", is_flag=True, help="删去超过 backup_days 的旧备份 / remove those older than backup_days"
)
def backup(out: Path, *, tidy: bool) -> None:
    """备份到 OUT 下的新文件夹 / Back up into a new folder in OUT, while the service runs."""
    settings = load_settings()
    house = open_house(settings)
    try:
        folder = backups.make(house, out)
        manifest = backups.check(folder)
        removed = backups.tidy(out, house.clock.now_ms() // 1_000, settings.backup_days) if tidy else []
    except backups.BackupRefused as refused:
        raise click.ClickException(f"没有备份 / no backup: {refused}") from refused
    finally:
        house.close()
    click.echo(f"已备份 / backed up: {folder} ({manifest['size']} 条 / entries)")
    for name in removed:
        click.echo(f"已删去 / removed: {name}")
    click.echo(
        "密钥、设置和删除日志不在其中，请另行备份 / keys, settings, erasure journal: back up elsewhere",
        err=True,
    )


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--check", "only_check", is_flag=True, help="只核对备份是否完整 / only check that it is whole")
def restore(folder: Path, *, only_check: bool) -> None:
    """把备份恢复到空位置并核验全库 / Restore into an empty place and check the whole database.

    Settings and keys must be in place. The service still refuses to start on a copy older than the outside
    checkpoint or a witness.
    """
    try:
        if only_check:
            manifest = backups.check(folder)
            click.echo(f"备份完整 / whole: {manifest['size']} 条 / entries")
            return
        settings = load_settings()
        manifest = backups.restore(settings, folder)
        house = open_house(settings)
        try:
            backups.compare(house, manifest)
            _check(house)
        finally:
            house.close()
    except backups.BackupRefused as refused:
        raise click.ClickException(f"没有恢复 / not restored: {refused}") from refused
    click.echo(f"已恢复 / restored: {manifest['size']} 条 / entries")


def _check(house: House) -> None:
    found = fsck(house, offline=True).finding
    if found is not None:
        click.echo(f"错误 / WRONG  {found.where}: {found.what_zh} / {found.what_en}", err=True)
        sys.exit(1)
