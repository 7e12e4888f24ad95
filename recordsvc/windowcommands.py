"""`recordsvc window …` (窗口代办): the acts of a worker who stands at the counter with document and card.

Each command is one service at the window (`windowdoors.py`), by the worker's own doors: the official signs
in, types what lies on the counter into prompts, never into the command line (shells keep those), and hands
over the receipt.
"""

import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from recordsvc.consoledoors import entering, write_new
from recordsvc.deskcommands import TO, group_of
from recordsvc.windowdoors import counter, serving

RECORD = click.argument("record", type=click.UUID)
SEEN = click.option(
    "--seen", type=int, required=True, help="list 所列 seen，即本人看到的状态 / what list showed"
)
ISSUER = click.option("--issuer", help="编号重复时的签发单位 / whose record, if the id is not alone")


@group_of("window", "窗口代办", "A worker's acts at the counter.")
def window(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@window.command("list")
@click.pass_obj
def listed(account: str) -> None:
    """列出本人记录 / List the records of the worker at the counter."""
    with serving(account) as doors:
        own = doors.read("/v1/me/archive")
        for one in (one for archive in (own, *own.get("merged", ())) for one in archive["records"]):
            said = one.get("record")
            name, issuer = ("erased", "-") if said is None else (said["type"], said["issuer"])
            told = (one["id"] or "-", name, one["life"], one["confirmation"], f"seen={one['seen']}", issuer)
            click.echo("  ".join(told))


@window.command("numbers")
@click.pass_obj
def numbers_listed(account: str) -> None:
    """列出本人的号码与卡（只显示尾号） / List the worker's numbers and cards, masked."""
    from recordsvc.archive.number_views import masked

    with serving(account) as doors:
        found = doors.read("/v1/me/cards")
        for one in found["numbers"]:
            click.echo(f"{one['kind']}  {masked(one['value'])}  {one['standing']}")
        for one in found["cards"]:
            today = one["today"]
            functions = f"社保 / social={today['social']}  银行 / bank={today['bank']}"
            click.echo(f"card  {masked(one['number'])}  {one['standing']}  {functions}")


@window.command()
@RECORD
@SEEN
@ISSUER
@click.pass_obj
def confirm(account: str, record: uuid.UUID, seen: int, issuer: str | None) -> None:
    """代本人确认一条记录 / Enter that the worker confirms a record."""
    with serving(account) as doors:
        said = doors.post(_on(record, "confirm", issuer), {"seen": seen})
        click.echo(f"已确认 / confirmed: log index {said['index']}")


@window.command()
@RECORD
@click.option("--reason", required=True, help="代码表 contest_reasons / code of contest_reasons")
@SEEN
@ISSUER
@click.pass_obj
def contest(account: str, record: uuid.UUID, reason: str, seen: int, issuer: str | None) -> None:
    """代本人对一条记录提出异议 / Enter that the worker contests a record; their words are asked for."""
    with serving(account) as doors:
        body = {"seen": seen, "reason": reason, "text": _words("本人说明，可不填 / the worker's words", "")}
        said = doors.post(_on(record, "contest", issuer), body)
        click.echo(f"已登记异议 / contested: log index {said['index']}")


@window.command()
@click.option("--remove", is_flag=True, help="删除而不是设置 / forget it instead of setting it")
@click.pass_obj
def phone(account: str, *, remove: bool) -> None:
    """代本人设置接收通知的手机，须本人验证 / Set the phone at which the worker wants to be told.

    本人输入 PIN 和一次性验证码 / The worker types PIN and one of the printed codes: no clerk alone moves it.
    """
    with serving(account) as doors:
        number = {} if remove else {"phone": click.prompt("手机号码 / phone", hide_input=True)}
        doors.post(f"/v1/me/notices/phone{'/remove' if remove else ''}", {**number, **_proof()})
        click.echo("已删除 / forgotten" if remove else "已设置 / set")


def _proof() -> dict[str, str]:
    """Ask for what only the worker has; typed by the worker."""
    pin = click.prompt("请本人输入 PIN / the worker types their PIN", hide_input=True)
    code = click.prompt("请本人输入一次性验证码 / and one printed code", hide_input=True)
    return {"own_pin": pin.strip(), "own_code": code.strip()}


@window.command()
@click.option("--evidence", required=True, help="代码表 evidence_kinds / code of evidence_kinds")
@click.option("--title", required=True, help="证书或培训名称 / name of certificate or course")
@click.option("--issued-by", required=True, help="出具单位 / body that gave it")
@click.option("--province", help="省级代码 / first two digits of the province")
@click.option("--country", default="CHN", show_default=True, help="国家或地区 / country or region")
@click.option("--number", help="证面编号 / number on its face")
@click.option("--level", help="等级代码 / level code")
@click.option("--awarded-on", help="发证日期 / issue date, YYYY-MM-DD")
@click.option(
    "--paper", multiple=True, help="材料的编号或 SHA-256，可多次 / id or SHA-256 of a scan, may be repeated"
)
@click.pass_obj
def foreign(account: str, /, paper: tuple[str, ...], evidence: str, **said: str | None) -> None:
    """代本人登记外省材料 / Enter evidence from another province on the worker's word."""
    with serving(account) as doors:
        body = {**_given(said), "evidence_kind": evidence, "papers": list(paper)}
        told = doors.post("/v1/me/foreign-evidence", body)
        click.echo(f"已登记，标明本人陈述 / stated: log index {told['index']}")


@window.command("certificate")
@click.argument("record", type=click.UUID, required=False)
@ISSUER
@TO
@click.pass_obj
def certificate(account: str, record: uuid.UUID | None, issuer: str | None, to: Path) -> None:
    """出具纸质证明：一条记录，或全部档案 / Write a certificate (PDF) of one record, or of the archive."""
    with serving(account) as doors:
        path = "/v1/me/certificate" if record is None else _on(record, "certificate", issuer)
        write_new(to, doors.get(path))
        click.echo("已出具，请打印后交给本人 / written: print it and hand it over")


@window.command("disputes")
@click.pass_obj
def disputed(account: str) -> None:
    """列出本人的异议 / List the objections of the worker at the counter, and how they stand."""
    with serving(account) as doors:
        for one in doors.read("/v1/me/disputes")["items"]:
            told = (one["dispute_id"], one["state"], one["owner"], f"due={one['due_on'] or '-'}")
            click.echo("  ".join((*told, one["issuer"])))


@window.command("say")
@click.argument("dispute", type=click.UUID)
@click.pass_obj
def say(account: str, dispute: uuid.UUID) -> None:
    """代本人补充异议说明 / Add the worker's words to an objection; they are asked for, never on the line."""
    with serving(account) as doors:
        doors.post(f"/v1/me/disputes/{dispute}/messages", {"text": _words("说明 / words")})
        click.echo("已登记 / added")


@window.command("activate")
@click.option("--lost", is_flag=True, help="挂失：停用此前全部登录方式 / end every earlier way in")
@click.pass_obj
def activate(account: str, *, lost: bool) -> None:
    """发放激活码（核对证件和卡后） / Hand over an activation code, once document and card were seen."""
    with entering(account) as doors:
        slip = doors.post("/v1/desk/activations", {**counter(named=True), "lost": lost})
        until = datetime.fromtimestamp(slip["expires_ms"] / 1000, UTC).isoformat(timespec="minutes")
        click.echo(f"账号 / account: {slip['account']}")
        click.echo(f"激活码 / code: {slip['code']}")
        click.echo(f"{doors.public_url}/activate  {until}")


@window.command("state")
@click.option("--matter", required=True, help="代码表 statement_matters / code of statement_matters")
@click.option("--title", required=True, help="经历的名称，一行 / what it was, one line")
@click.option("--started-on", help="起始日期 / first day, YYYY-MM-DD")
@click.option("--ended-on", help="结束日期 / last day, YYYY-MM-DD")
@click.pass_obj
def state(account: str, /, **said: str | None) -> None:
    """代本人登记本人陈述 / Enter what the worker states of themself; the words are asked for."""
    with serving(account) as doors:
        words = {**_given(said), "text": _words("本人的话 / the worker's own words")}
        told = doors.post("/v1/me/statements", words)
        click.echo(f"已登记，标明本人陈述 / stated: {told['id']}, log index {told['index']}")


@window.command("notices")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="最多几条 / how many at most"
)
@click.pass_obj
def told(account: str, limit: int) -> None:
    """列出本人的通知 / List what the worker at the counter was told, newest first."""
    with serving(account) as doors:
        for one in doors.read("/v1/me/notices", {"limit": limit})["items"]:
            click.echo(f"{one['id']}  {'read' if one['read_ms'] else 'new'}  {one['title_zh']}")
            click.echo(f"    {one['text_zh']}")


@window.command("notices-read")
@click.option("--id", "ids", type=click.UUID, multiple=True, help="只标这些 / only these; all without it")
@click.pass_obj
def told_read(account: str, ids: tuple[uuid.UUID, ...]) -> None:
    """本人的通知标为已读 / Mark notices of the worker at the counter as read."""
    with serving(account) as doors:
        some = {"ids": [str(one) for one in ids]} if ids else {}
        count = doors.post("/v1/me/notices/read", some)["count"]
        click.echo(f"{count} 条标为已读 / marked as read")


def _on(record: uuid.UUID, act: str, issuer: str | None) -> str:
    path = f"/v1/me/records/{record}/{act}"
    return path if issuer is None else f"{path}?{urlencode({'issuer': issuer})}"


def _given(said: dict[str, Any]) -> dict[str, Any]:
    """Leave out what was not said."""
    return {name: value for name, value in said.items() if value}


def _words(asked: str, default: str | None = None) -> str:
    """Ask for the worker's words; one line."""
    return " ".join(click.prompt(asked, default=default, show_default=False).split())
