"""`recordsvc init`, `serve`, `openapi`: first run, serving under gunicorn, describing the interface."""

import json
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from recordsvc import genesis
from recordsvc.settings import FILE, Settings, SettingsError

OWNER_ONLY: Final = 0o077
"""Umask of the service's processes: keys, database and logs are nobody else's."""

GUNICORN_CONFIG: Final = "python:recordsvc.gunicorn_conf"
"""Where gunicorn finds its settings: in the package, so that an installed wheel is served hardened, too."""


def load_settings(environ: Mapping[str, str] | None = None, data_dir: Path | None = None) -> Settings:
    """Read the settings for a command of the service, whose files are its user's alone from here on.

    A fault in the settings ends the command with one clear line.
    """
    os.umask(OWNER_ONLY)
    try:
        return Settings.load(environ, data_dir)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def write_settings(path: Path, values: Mapping[str, object]) -> None:
    """Write `recordsvc.toml` of a first run; an existing file stays."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # JSON strings and arrays of strings are TOML as well.
    lines = [f"{name} = {json.dumps(value, ensure_ascii=False)}" for name, value in values.items()]
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


def rewrite_settings(path: Path, values: Mapping[str, str | Sequence[str]]) -> None:
    """Change values that stand in `recordsvc.toml`, a line each; everything else stays as it is written.

    Raises `ClickException` where a value is written in another way than `write_settings` does.
    """
    text = path.read_text("utf-8")
    wanted = tomllib.loads(text) | dict(values)
    if tomllib.loads(text) == wanted:
        return
    for name, value in values.items():
        line = f"{name} = {json.dumps(value, ensure_ascii=False)}".replace("\\", r"\\")
        text = re.sub(rf"^{name}\s*=.*$", line, text, flags=re.MULTILINE)
    try:
        done = tomllib.loads(text) == wanted
    except tomllib.TOMLDecodeError:
        done = False
    if not done:
        raise click.ClickException(f"write into {path.name} by hand: {dict(values)}")
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


@click.command()
@click.option(
    "--environment",
    type=click.Choice(["production", "test"]),
    required=True,
    help="环境 / what every record names as environment; never changes",
)
@click.option(
    "--log-origin", required=True, help="日志名称 / name of the log, a schema-less URL; never changes"
)
@click.option("--audience", required=True, help="记录的接收方 / what records name as audience; never changes")
@click.option(
    "--region", required=True, help="登记机关统一社会信用代码 / code of the bureau that states; never changes"
)
@click.option("--issuer-url", required=True, help="令牌签发方 / identifier of the token issuer")
@click.option("--public-url", required=True, help="对外地址 / where people reach the service")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path),
    default=Path("data"),
    show_default=True,
    help="数据目录 / folder of keys, database and outside checkpoint",
)
def init(data_dir: Path, **values: str) -> None:
    """首次运行 / Make settings, keys, tables and an empty log. May be repeated."""
    write_settings(data_dir / FILE, values)
    settings = load_settings(data_dir=data_dir)
    genesis.create(settings)
    click.echo(f"已就绪 / ready: {settings.log_origin} ({settings.environment})")


@click.command()
@click.option("--port", type=int, help="端口 / port; the setting's without it")
def serve(port: int | None) -> None:
    """在 gunicorn 下提供服务 / Serve under gunicorn, hardened, until a signal ends it."""
    settings = load_settings()
    forget_metrics(settings)
    os.execv(sys.executable, gunicorn_command(settings.host, port or settings.port))  # noqa: S606 - replaces itself


def gunicorn_command(host: str, port: int) -> list[str]:
    """Return the command line that serves."""
    command = [sys.executable, "-m", "gunicorn", "--config", GUNICORN_CONFIG]
    return [*command, "--bind", f"{host}:{port}", "recordsvc.wsgi:app"]


def forget_metrics(settings: Settings) -> None:
    """Empty the folder of shared counters before a start: they belong to processes that are gone."""
    if not settings.metrics_dir:
        return
    folder = Path(settings.metrics_dir)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for stale in folder.glob("*.db"):
        stale.unlink()


@click.command()
@click.option(
    "--write",
    "path",
    type=click.Path(path_type=Path),
    default=Path("schemas/openapi.json"),
    show_default=True,
    help="写到哪里 / where to",
)
def openapi(path: Path) -> None:
    """写接口说明 / Write the interface description that the tests hold against the code."""
    from recordsvc.openapi import write_openapi

    write_openapi(path)
    click.echo(str(path))
