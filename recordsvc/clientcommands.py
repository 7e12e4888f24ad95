"""`recordsvc client …` (接入系统): which machines may enter, stopping one at once, proposing what takes two.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in.
"""

import datetime as dt
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import click

from recordsvc.consoledoors import entering
from recordsvc.deskcommands import REASON, group_of
from recordsvc.ground.ports import BEIJING, beijing_ms

CLIENT = click.argument("client_id", metavar="CLIENT")
KEY_HELP = "公钥文件（JWK） / file of a public key, JWK"
DAY = click.DateTime(formats=["%Y-%m-%d"])
SINCE = click.option(
    "--since", type=DAY, help="公钥自哪天起，不填即批准后 / the keys' first day; at once without it"
)
UNTIL = click.option(
    "--until", type=DAY, help="公钥至哪天，含当天，不填即长期 / the keys' last day; no end without it"
)


@group_of("client", "接入系统", "Machines of institutions and receivers, by an official.")
def client(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@client.command("list")
@click.pass_obj
def client_list(account: str) -> None:
    """列出接入系统 / List the machines of one's area."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/clients")["items"]:
            click.echo(f"{one['client_id']}  {one['state']}  {one['institution'] or '-'}  {one['name']}")


@client.command("show")
@CLIENT
@click.pass_obj
def client_show(account: str, client_id: str) -> None:
    """一个接入系统：公钥、上限、经过 / Print a machine with its keys' dates, ceilings and history."""
    with entering(account) as doors:
        one = doors.read(_at(client_id))
    click.echo(f"{one['client_id']}  {one['state']}  {one['kind']}  {one['institution'] or '-'}")
    click.echo(one["name"])
    click.echo(f"scopes={' '.join(one['scopes']) or '-'}")
    click.echo(f"units_a_day={one['units_a_day'] or '-'}  at_once={one['at_once'] or '-'}")
    for later in one["coming"]:
        click.echo(
            f"from={_instant(later['from_ms'])}  scopes={' '.join(later['scopes'])}  "
            f"units_a_day={later['units_a_day'] or '-'}  at_once={later['at_once'] or '-'}"
        )
    for key in one["keys"]:
        dates = "  ".join(
            f"{word}={_instant(key[name])}"
            for word, name in (("from", "not_before_ms"), ("until", "not_after_ms"), ("ended", "revoked_ms"))
        )
        click.echo(f"key {key['kid']}  {key['alg']}  {dates}")
    for done in one["events"]:
        click.echo(f"{_instant(done['at_ms'])}  {done['event']}  {done['stated_by']}  {done['reason']}")


@client.command("propose")
@click.option("--kind", required=True, help="centre、assessor、employer 等 / what sort of machine")
@click.option("--name", required=True, help="名称 / what it is called")
@click.option("--institution", help="统一社会信用代码 / code of its institution")
@click.option("--scope", "scopes", multiple=True, required=True, help="权限，可多次 / scope; may be repeated")
@click.option(
    "--key",
    "keys",
    multiple=True,
    required=True,
    type=click.Path(path_type=Path),
    help=f"{KEY_HELP}; may be repeated",
)
@SINCE
@UNTIL
@click.option("--units-a-day", type=int, help="每日条数上限 / its own daily ceiling")
@click.option("--at-once", type=int, help="同时请求数上限 / its own number of requests at once")
@click.pass_obj
def client_propose(
    account: str, /, keys: tuple[Path, ...], since: Any, until: Any, scopes: tuple[str, ...], **said: Any
) -> None:
    """提出登记 / Propose a machine; it may enter once a second official approves."""
    made = [_key(one, since, until) for one in keys]
    with entering(account) as doors:
        doors.propose("/v1/desk/clients", {**said, "scopes": list(scopes), "keys": made})


@client.command("propose-key")
@CLIENT
@click.option("--key", required=True, type=click.Path(path_type=Path), help=KEY_HELP)
@SINCE
@UNTIL
@click.pass_obj
def client_propose_key(account: str, client_id: str, key: Path, since: Any, until: Any) -> None:
    """提出增加公钥 / Propose one more key of a machine."""
    made = _key(key, since, until)
    with entering(account) as doors:
        doors.propose(f"{_at(client_id)}/keys", made)


@client.command("propose-terms")
@CLIENT
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    help="变更后的全部权限，可多次 / every scope it will have; may be repeated",
)
@click.option("--units-a-day", type=int, help="每日条数上限，不填即按类别 / its own ceiling; else its kind's")
@click.option("--at-once", type=int, help="同时请求数上限，不填即按类别 / its own number; else its kind's")
@click.option("--since", type=DAY, help="哪天起，不填即批准后 / first day; at once without it")
@REASON
@click.pass_obj
def client_propose_terms(
    account: str, /, client_id: str, scopes: tuple[str, ...], since: Any, **said: Any
) -> None:
    """提出变更权限与上限 / Propose other scopes and ceilings of a machine."""
    begins = None if since is None else beijing_ms(since.date())
    with entering(account) as doors:
        doors.propose(f"{_at(client_id)}/terms", {**said, "scopes": list(scopes), "from_ms": begins})


@client.command("propose-lift")
@CLIENT
@REASON
@click.pass_obj
def client_propose_lift(account: str, client_id: str, reason: str) -> None:
    """提出恢复接入 / Propose that a suspended machine may go on."""
    with entering(account) as doors:
        doors.propose(f"{_at(client_id)}/lift", {"reason": reason})


@client.command("suspend")
@CLIENT
@REASON
@click.pass_obj
def client_suspend(account: str, client_id: str, reason: str) -> None:
    """立即暂停接入 / Stop a machine at once, with all its keys and tokens."""
    with entering(account) as doors:
        doors.post(f"{_at(client_id)}/suspend", {"reason": reason})
        click.echo("已暂停 / suspended")


@client.command("end-key")
@CLIENT
@click.option("--kid", required=True, help="公钥编号 / which key")
@REASON
@click.pass_obj
def client_end_key(account: str, client_id: str, kid: str, reason: str) -> None:
    """立即停用一把公钥 / End one key of a machine at once; its other keys go on."""
    with entering(account) as doors:
        doors.post(f"{_at(client_id)}/keys/revoke", {"kid": kid, "reason": reason})
        click.echo("已停用 / ended")


def _at(client_id: str) -> str:
    return f"/v1/desk/clients/{quote(client_id, safe='')}"


def _key(path: Path, since: dt.datetime | None, until: dt.datetime | None) -> dict[str, Any]:
    """Return a key as the door takes it. A private one is refused here, before anything is sent."""
    try:
        jwk = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise click.BadParameter("不是公钥文件 / not a file of a public key", param_hint="--key") from None
    if not isinstance(jwk, dict) or jwk.keys() & {"d", "k", "p", "q"}:
        told = "不是公钥；私钥不能交来 / not a public key; a private one stays with its machine"
        raise click.BadParameter(told, param_hint="--key")
    try:
        last = None if until is None else until.date() + dt.timedelta(days=1)
    except OverflowError:
        raise click.BadParameter("日期太晚 / too late", param_hint="--until") from None
    return {
        "jwk": jwk,
        "not_before_ms": None if since is None else beijing_ms(since.date()),
        "not_after_ms": None if last is None else beijing_ms(last),
    }


def _instant(value: int | None) -> str:
    if value is None:
        return "-"
    return dt.datetime.fromtimestamp(value / 1_000, BEIJING).strftime("%Y-%m-%dT%H:%M:%S%z")
