"""`recordsvc keys …`: which keys the service has, and their rotation while it serves (docs/keys.md)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from recordsvc.house import House

KINDS: Final = click.Choice(["pepper", "wrapping", "token", "document", "log"])
REFUSED: Final = 2
"""Exit code of `finish` where something still needs the older key."""


@contextmanager
def _open() -> Iterator["House"]:
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        yield house
    finally:
        house.close()


@click.group("keys")
def keys() -> None:
    """服务自身的密钥 / The service's own keys: which there are, and their rotation."""


@keys.command("status")
def status() -> None:
    """各类密钥的现状 / How each kind of key stands, and what still needs an older one."""
    from recordsvc import rotation

    with _open() as house:
        for kind in rotation.KINDS:
            found = rotation.state(house, kind)
            passed = f" ({found.done} rows passed)" if found.done else ""
            click.echo(f"{kind}: {', '.join(found.live) or '-'}{passed}")
            for need in found.needs:
                click.echo(f"  {need}")


@keys.command("rotate")
@click.argument("kind", type=KINDS)
def rotate(kind: str) -> None:
    """换新钥（服务不停）/ Make the next key of a kind and use it at once; the older one goes on."""
    from recordsvc import rotation

    with _open() as house:
        live = rotation.rotate(house, kind)
        vkeys = [key.vkey() for key in house.log.live_keys()]
    click.echo(f"在用 / live: {', '.join(live)}")
    if kind == "log":
        click.echo(f"新公钥，交给每位见证方和核验者 / give to witnesses and verifiers: {vkeys[0]}")
    click.echo(f"待 `recordsvc keys status` 无所需后 / when nothing needs it: recordsvc keys finish {kind}")


@keys.command("finish")
@click.argument("kind", type=KINDS)
def finish(kind: str) -> None:
    """弃旧钥并销毁 / Drop and destroy the older key of a kind; exit code 2 and reasons while it is needed."""
    from recordsvc import rotation

    with _open() as house:
        try:
            dropped = rotation.finish(house, kind)
        except rotation.StillNeeded as refused:
            click.echo("旧钥仍被需要，未动 / the older key is still needed, nothing was done:", err=True)
            for need in refused.needs:
                click.echo(f"  {need}", err=True)
            sys.exit(REFUSED)
    click.echo(f"已销毁 / destroyed: {', '.join(dropped)}" if dropped else "没有旧钥 / no older key")
