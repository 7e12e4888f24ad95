"""`recordsvc verify-pack`: checks an auditor's pack (审计材料包) offline, with the region's key."""

import json
from typing import Any

import click

from recordsvc.archive.verify_pack import BadPack, verify_pack
from recordsvc.ground.strictjson import StrictJsonError, loads
from recordsvc.vault.jwk import public_from_jwk

_MAX_KEY = 16 * 1024


@click.command("verify-pack", epilog="Exit: 0 whole and signed, 1 not.")
@click.argument("file", type=click.File("rb"))
@click.option(
    "--region-key",
    "region_key",
    type=click.File("rb"),
    required=True,
    help="登记机关的公钥（JWK），从公布处取得 / the region's public JWK, from where it is published",
)
@click.pass_context
def verify_pack_file(ctx: click.Context, /, file: Any, region_key: Any) -> None:
    """检查审计材料包（离线）。 Check an auditor's pack offline; prints its manifest."""
    try:
        jwk = loads(region_key.read(_MAX_KEY), _MAX_KEY)
        key, _kid = public_from_jwk(jwk if isinstance(jwk, dict) else {})
    except (StrictJsonError, ValueError) as error:
        raise click.UsageError(f"公钥无法读取 / the key cannot be read: {error}") from None
    try:
        manifest = verify_pack(file.read(), key)
    except BadPack as wrong:
        click.echo(f"不成立 / not proven: {wrong}", err=True)
        ctx.exit(1)
    click.echo(json.dumps(manifest, ensure_ascii=False, indent=1))
