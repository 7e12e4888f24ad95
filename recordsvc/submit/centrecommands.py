"""`recordsvc centre …` (机构事项): what an institution answers, files and reads, from its own machine.

The same client as `recordsvc submit`, with the institution's key file. Exit codes: 0 done, 2 the key file or
the command cannot be used, 3 the service cannot be reached, 5 the service refused.
"""

import json
import os
import secrets
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import click

from recordsvc.ground.ports import SystemClock
from recordsvc.submit.keys import KeyUnusable, read_key
from recordsvc.submit.send import Refused, Service, Unreachable

UNUSABLE, UNREACHABLE, REFUSED = 2, 3, 5
MEDIA = {".pdf": "application/pdf", ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
_FILE = click.Path(path_type=Path, dir_okay=False)
Connect = Callable[[], Service]


@click.group(help="机构事项：异议、材料、通知 / an institution's objections, papers and notices")
@click.option("--key", "key_file", type=_FILE, required=True, help="机构的私钥文件（JWK） / private key")
@click.option("--to", "url", required=True, help="服务地址 / address of the service")
@click.option("--client-id", help="客户端编号；缺省取密钥文件里的 / client id, by default the key file's")
@click.option("--token-issuer", help="令牌签发方；缺省为服务地址 / the token issuer, by default the address")
@click.pass_context
def centre(
    context: click.Context, key_file: Path, url: str, client_id: str | None, token_issuer: str | None
) -> None:
    """Keep how the service is reached; nothing is sent yet."""

    def connect() -> Service:
        key = read_key(key_file)
        issuer = token_issuer or key.stated.get("token_issuer")
        client = client_id or key.client_id or str(key.stated.get("issuer") or "")
        return Service(url, key, client, SystemClock(), token_issuer=issuer)

    context.obj = connect


@contextmanager
def _asking(connect: Connect) -> Iterator[Service]:
    """Connect; what goes wrong is told in one sentence."""
    try:
        with connect() as service:
            yield service
    except (KeyUnusable, ValueError) as fault:
        raise _ended(str(fault), UNUSABLE) from fault
    except Unreachable as fault:
        raise _ended(str(fault), UNREACHABLE) from fault
    except Refused as fault:
        told = [str(fault.problem.get(name, "")) for name in ("title", "title_en", "detail", "remedy")]
        told += [str(one.get("detail", "")) for one in fault.problem.get("errors", ())]
        raise _ended("\n".join(one for one in told if one) or str(fault), REFUSED) from fault


def _ended(text: str, code: int) -> click.exceptions.Exit:
    """Say one clear sentence; the exit code to end with."""
    click.echo(f"Error: {text}", err=True)
    return click.exceptions.Exit(code)


@centre.command("objections")
@click.option("--after", type=click.UUID, help="从这件之后起 / go on behind this one")
@click.pass_obj
def objections(connect: Connect, after: uuid.UUID | None) -> None:
    """列出涉及本单位记录的异议 / List open objections to own records, the most urgent first."""
    query = "" if after is None else f"?{urlencode({'after': after})}"
    with _asking(connect) as service:
        for one in service.read(f"/v1/institution/disputes{query}")["items"]:
            click.echo(f"{one['dispute_id']}  {one['state']}  {one['owner']}  due={one['due_on'] or '-'}")


@centre.command("objection")
@click.argument("dispute", type=click.UUID)
@click.pass_obj
def objection(connect: Connect, dispute: uuid.UUID) -> None:
    """一件异议 / Print one with the worker's words; the worker sees that it was read."""
    with _asking(connect) as service:
        found = service.read(f"/v1/institution/disputes/{dispute}")
        click.echo(json.dumps(found, ensure_ascii=False, indent=2))


@centre.command("say")
@click.argument("dispute", type=click.UUID)
@click.option("--text", required=True, help="说明或询问 / what is said or asked")
@click.pass_obj
def say(connect: Connect, dispute: uuid.UUID, text: str) -> None:
    """向本人说明或询问 / Say or ask something in a case."""
    with _asking(connect) as service:
        service.say(f"/v1/institution/disputes/{dispute}/messages", _json({"text": text}))
        click.echo("已登记 / added")


@centre.command("answer")
@click.argument("dispute", type=click.UUID)
@click.option("--outcome", type=click.Choice(["upheld", "rejected"]), required=True, help="成立、不成立")
@click.option(
    "--record", type=click.UUID, help="成立时：更正或撤销的记录编号 / upheld: the correction or revocation"
)
@click.option("--text", required=True, help="理由 / reasons")
@click.pass_obj
def answer(connect: Connect, dispute: uuid.UUID, outcome: str, record: uuid.UUID | None, text: str) -> None:
    """答复异议 / Answer an objection."""
    said: dict[str, Any] = {"outcome": outcome, "text": text}
    if record is not None:
        said["record_id"] = str(record)
    with _asking(connect) as service:
        found = service.say(f"/v1/institution/disputes/{dispute}/answer", _json(said))
        click.echo(f"已答复 / answered: {found['state']}")


@centre.command("papers")
@click.pass_obj
def papers(connect: Connect) -> None:
    """本单位材料清单 / List the institution's own papers."""
    with _asking(connect) as service:
        for one in service.read("/v1/institution/papers")["items"]:
            click.echo(f"{one['paper_id']}  {one['kind']}  {one['media']}  {one['sha256']}  {one['title']}")


@centre.command("paper-add")
@click.argument("file", type=click.Path(exists=True, path_type=Path, dir_okay=False))
@click.option("--paper", "kind", required=True, help="代码表 paper_kinds / code of paper_kinds")
@click.option("--title", default="", help="材料名称 / what it is called")
@click.pass_obj
def paper_add(connect: Connect, file: Path, kind: str, title: str) -> None:
    """上传本单位材料（PDF、PNG、JPEG）/ File a paper of one's own institution."""
    media = MEDIA.get(file.suffix.lower())
    if media is None:
        raise click.BadParameter("应为 PDF、PNG 或 JPEG / not one of these", param_hint="FILE")
    body, content_type = _upload({"kind": kind, "title": title}, file.read_bytes(), media)
    with _asking(connect) as service:
        kept = service.say("/v1/institution/papers", body, content_type)
        click.echo(f"已收存 / filed: {kept['paper_id']}  sha256 {kept['sha256']}")


@centre.command("paper-save")
@click.argument("paper", type=click.UUID)
@click.option("--to", "target", required=True, type=_FILE, help="新文件 / a new file")
@click.pass_obj
def paper_save(connect: Connect, paper: uuid.UUID, target: Path) -> None:
    """下载本单位的一份材料 / Write the file of a paper, readable by this account only."""
    with _asking(connect) as service:
        data = service.fetch(f"/v1/institution/papers/{paper}")
    try:
        opened = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise click.BadParameter(str(error.strerror), param_hint="--to") from None
    with os.fdopen(opened, "wb") as stream:
        stream.write(data)
    click.echo("已取出 / written")


@centre.command("notices")
@click.option("--cursor", help="从这里往前 / go on from here: what the last page ended with")
@click.pass_obj
def notices(connect: Connect, cursor: str | None) -> None:
    """本单位的通知 / What the institution was told, newest first."""
    query = "" if cursor is None else f"?{urlencode({'cursor': cursor})}"
    with _asking(connect) as service:
        found = service.read(f"/v1/institution/notices{query}")
        for one in found["items"]:
            click.echo(f"{one['id']}  {'read' if one['read_ms'] else 'new'}  {one['title_zh']}")
            click.echo(f"    {one['text_zh']}")
        if found.get("next"):
            click.echo(f"--cursor {found['next']}")


@centre.command("notices-read")
@click.option("--id", "ids", type=click.UUID, multiple=True, help="只标这些 / only these; all without it")
@click.pass_obj
def notices_read(connect: Connect, ids: tuple[uuid.UUID, ...]) -> None:
    """本单位的通知标为已读 / Mark the institution's notices as read, for all of it."""
    said = {"ids": [str(one) for one in ids]} if ids else {}
    with _asking(connect) as service:
        count = service.say("/v1/institution/notices/read", _json(said))["count"]
        click.echo(f"{count} 条标为已读 / marked as read")


def _json(said: dict[str, Any]) -> bytes:
    return json.dumps(said, ensure_ascii=False).encode()


def _upload(fields: dict[str, str], data: bytes, media: str) -> tuple[bytes, str]:
    """Return a form with a file as a browser sends it, and its media type."""
    line = f"--{secrets.token_hex(16)}"
    parts = [
        f'{line}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'{line}\r\nContent-Disposition: form-data; name="file"; filename="paper"\r\nContent-Type: {media}'
    body = b"".join([*parts, f"{head}\r\n\r\n".encode(), data, f"\r\n{line}--\r\n".encode()])
    return body, f"multipart/form-data; boundary={line[2:]}"
