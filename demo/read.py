"""`recordsvc demo-archive`: what a worker of the demo region sees, through the public doors."""

from pathlib import Path

import click

from demo.doors import Refused, Service, Session, Target
from demo.stories import ROLES
from recordsvc.ground.ports import SystemClock, beijing_date

LIFE = {"active": "有效", "revoked": "已撤销", "erased": "已删除"}
SAID = {
    "not-needed": "无需确认",
    "unconfirmed": "未确认",
    "confirmed": "已确认",
    "contested": "有异议",
    "unknown": "不详",
}


@click.command("demo-archive")
@click.option("--to", "url", required=True, metavar="URL", help="服务地址 / where the service listens")
@click.option(
    "--who",
    default="welder",
    show_default=True,
    type=click.Choice([role.key for role in ROLES]),
    help="演示劳动者 / which worker of the demo",
)
@click.option(
    "--bundle",
    type=click.Path(path_type=Path),
    help="同时保存凭证包 / also save the bundle, to verify offline",
)
def main(url: str, who: str, bundle: Path | None) -> None:
    """读取一份演示档案 / Show an archive of the demo region."""
    with Service(Target(url, "", "demo", ""), SystemClock()) as service:
        try:
            session = Session(service, {"kind": f"worker-{who}"})
            archive = session.get("/v1/me/archive")
            saved = session.raw("/v1/me/bundle") if bundle else b""
            session.leave()
        except Refused as refused:
            raise click.ClickException(str(refused)) from refused
    for one in archive["records"]:
        record, body = one.get("record"), one.get("body") or (one.get("record") or {}).get("body", {})
        name = record["type"] if record else "-"
        what = (body.get("occupation") or {}).get("name") or (body.get("class") or {}).get("name") or ""
        state = LIFE[one["life"]] + ("、已更正" if one["corrected"] else "")
        entered = beijing_date(one["entered_ms"]).isoformat()
        issued, said = record["issued_on"] if record else "-", SAID[one["confirmation"]]
        click.echo(f"{issued:10}  收录 {entered}  {state}·{said}  {name}  {what}")
    click.echo(f"{len(archive['records'])} 条记录 / records, {archive['entries']} 个条目 / entries")
    if bundle:
        bundle.write_bytes(saved)
        click.echo(f"凭证包 / bundle: {bundle} ({len(saved)} bytes)")


if __name__ == "__main__":
    main()
