"""More of `recordsvc case …` (案卷办理), and what waits at the desk: held records, objections, institutions.

Each command enters by the door that the desk's interface has (`consoledoors.py`), as who signs in.
"""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from recordsvc.consoledoors import CASE, OFFICIAL, PURPOSE, entering, write_new

WORKER = click.argument("worker", type=click.UUID)
RECORD = click.argument("record", type=click.UUID)
ISSUER = click.option("--issuer", help="编号重复时的签发单位 / whose record, if the id is not alone")
TEXT = click.option(
    "--text", required=True, help="依据的材料与情况，不写个人信息 / evidence, no personal data"
)
REASON = click.option("--reason", required=True, help="理由，不写个人信息 / why, no personal data")
TO = click.option("--to", required=True, type=click.Path(path_type=Path), help="新文件 / a new file")
AFTER = click.option("--after", type=click.UUID, help="从这条之后起 / go on behind this id")
LIMIT = click.option(
    "--limit",
    type=click.IntRange(1, 1_000),
    default=100,
    show_default=True,
    help="最多几条 / how many at most",
)


def at(worker: uuid.UUID, rest: str) -> str:
    """Return the door of an act on a worker's archive."""
    return f"/v1/desk/workers/{worker}/{rest}"


def on_record(record: uuid.UUID | None, issuer: str | None, act: str) -> tuple[str, dict[str, str]]:
    """Return the door of an act on a record (None: on the archive), and whose record its body names."""
    if issuer is not None and record is None:
        raise click.UsageError("签发单位只用于一条记录 / an issuer goes with --record")
    path = act if record is None else f"records/{record}/{act}"
    return path, {} if issuer is None else {"issuer": issuer}


# -- more of `case`


@click.command()
@WORKER
@RECORD
@click.option("--trust", required=True, help="代码表 trust_levels / code of trust_levels")
@click.option("--method", help="怎样核实的 / how it was verified")
@click.option("--on", help="核实日期 / day of the verification, YYYY-MM-DD")
@click.option("--by", help="谁核实的（岗位或单位） / who verified it: post or body")
@click.option("--reference", help="核实的编号 / its number")
@click.option("--paper", "papers", multiple=True, help="材料的编号或 SHA-256 / id or SHA-256 of a paper")
@TEXT
@click.pass_obj
def trust(
    account: str,
    /,
    worker: uuid.UUID,
    record: uuid.UUID,
    trust: str,
    text: str,
    papers: tuple[str, ...],
    **verified: str | None,
) -> None:
    """提出外省材料的可信等级 / Propose how far evidence from elsewhere is trusted."""
    given = {name: value for name, value in verified.items() if value is not None}
    with entering(account) as doors:
        body = {"trust": trust, "text": text, "verification": given or None, "papers": list(papers)}
        doors.propose(at(worker, f"records/{record}/trust"), body)


@click.command()
@WORKER
@click.pass_obj
def strays(account: str, worker: uuid.UUID) -> None:
    """合并期间误入他处的内容 / What strayed meanwhile: `case move` moves records, `case settle` the rest."""
    with entering(account) as doors:
        told = doors.read(at(worker, "strays"))
        for one in told["items"]:
            doubt = "" if one["certain"] else "  未定 / undecided"
            click.echo(f"{one['worker_id']}  {one['record_id']}  {one['issuer']}{doubt}")
        for one in told["matters"]:
            click.echo(f"{one['worker_id']}  {one['matter_id']}  {one['what']}  未定 / undecided")


@click.command()
@WORKER
@click.argument("matter", type=click.UUID)
@click.argument("to", type=click.UUID)
@click.option(
    "--what", type=click.Choice(("paper", "word")), required=True, help="材料或表态 / a paper, or a word said"
)
@TEXT
@click.pass_obj
def settle(account: str, worker: uuid.UUID, matter: uuid.UUID, to: uuid.UUID, what: str, text: str) -> None:
    """提出 WORKER 档案中合并期间的材料或表态归 TO / Propose whose a paper or a word of a merge undone is."""
    with entering(account) as doors:
        body = {"what": what, "matter_id": str(matter), "to": str(to), "text": text}
        doors.propose(at(worker, "strays"), body)


@click.command()
@WORKER
@click.option("--division", required=True, help="六位区划代码 / six digits, GB/T 2260")
@REASON
@click.pass_obj
def place(account: str, worker: uuid.UUID, division: str, reason: str) -> None:
    """登记所在区划 / State in which division WORKER is registered."""
    with entering(account) as doors:
        doors.post(at(worker, "division"), {"division": division, "reason": reason})
        click.echo("已登记 / stated")


@click.command()
@WORKER
@click.option("--relation", required=True, help="与死者的关系，不写姓名 / how related, nobody's name")
@TEXT
@click.option(
    "--paper", "papers", multiple=True, required=True, help="材料的编号或 SHA-256 / id or SHA-256 of a paper"
)
@click.pass_obj
def relatives(account: str, /, worker: uuid.UUID, papers: tuple[str, ...], **said: str) -> None:
    """提出向近亲属提供副本 / Propose a copy for a close relative of a worker who died."""
    with entering(account) as doors:
        doors.propose(at(worker, "relatives"), {**said, "papers": list(papers)})


@click.command()
@WORKER
@click.option("--proposal", type=click.UUID, required=True, help="已批准的事项 / what two officials decided")
@PURPOSE
@CASE
@TO
@click.pass_obj
def copy(account: str, worker: uuid.UUID, proposal: uuid.UUID, purpose: str, case: str, to: Path) -> None:
    """制作近亲属副本 / Write the copy that two officials decided, readable by this account only."""
    with entering(account) as doors:
        asked = {"proposal": proposal, "purpose": purpose, "case_ref": case}
        write_new(to, doors.get(at(worker, "copy"), asked))
        click.echo("已取出 / written")


@click.command()
@WORKER
@click.option("--ground", required=True, help="代码表 hold_grounds / code of hold_grounds: who demands it")
@TEXT
@click.option(
    "--paper",
    "papers",
    multiple=True,
    required=True,
    help="调取文书的编号或 SHA-256 / the order: id or SHA-256",
)
@click.option("--record", type=click.UUID, help="只办理这一条记录 / this record alone")
@ISSUER
@click.pass_obj
def hold(
    account: str,
    /,
    worker: uuid.UUID,
    record: uuid.UUID | None,
    issuer: str | None,
    papers: tuple[str, ...],
    **said: str,
) -> None:
    """提出依法调取受限制的档案或记录 / Propose a legal-hold copy of what is restricted."""
    path, whose = on_record(record, issuer, "hold")
    with entering(account) as doors:
        doors.propose(at(worker, path), {**said, **whose, "papers": list(papers)})


@click.command("hold-copy")
@WORKER
@click.option("--proposal", type=click.UUID, required=True, help="已批准的事项 / what two officials decided")
@PURPOSE
@CASE
@TO
@click.pass_obj
def hold_copy(
    account: str, worker: uuid.UUID, proposal: uuid.UUID, purpose: str, case: str, to: Path
) -> None:
    """制作依法调取的副本，只能一次 / Write the legal-hold copy, once, readable by this account only."""
    if to.exists() or not to.parent.is_dir():  # before the decision is used up
        raise click.BadParameter("须是已有文件夹中的新文件 / a new file in a folder", param_hint="--to")
    with entering(account) as doors:
        asked = {"proposal": str(proposal), "purpose": purpose, "case_ref": case}
        write_new(to, doors.send(at(worker, "hold-copy"), asked))
        click.echo("已取出 / written")


@click.command()
@click.pass_obj
def slips(account: str) -> None:
    """待复核的签字单 / List signed slips that another official compares."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/slips")["items"]:
            told = f"{one['due_on'] or '-'}  {one['owner']}  {one['used_by']}"
            click.echo(f"{one['worker_id']}  {one['paper_id']}  {told}")


@click.command("check-slip")
@WORKER
@click.argument("paper", type=click.UUID)
@click.option(
    "--result",
    required=True,
    type=click.Choice(("agrees", "differs")),
    help="签名一致或不符 / whether the signature agrees",
)
@click.option("--finding", required=True, help="核对情况，不写个人信息 / what was compared, no personal data")
@click.pass_obj
def check_slip(account: str, /, worker: uuid.UUID, paper: uuid.UUID, **said: str) -> None:
    """填写签字单复核结果，不符即停止所办事项 / Say what was found; `differs` ends what it stood for."""
    with entering(account) as doors:
        doors.post(at(worker, f"slips/{paper}"), said)
        click.echo("已填写 / taken")


CASES = (trust, strays, settle, place, relatives, copy, hold, hold_copy, slips, check_slip)
"""What `recordsvc case` has from here."""


def group_of(name: str, zh: str, en: str) -> Callable[[Callable[..., None]], click.Group]:
    """Return what makes a group whose commands an official signs in for."""

    def make(callback: Callable[..., None]) -> click.Group:
        return click.group(name, help=f"{zh} / {en}")(OFFICIAL(click.pass_context(callback)))

    return make


# -- held records


@group_of("held", "暂存记录", "Held records, by an official.")
def held(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@held.command("list")
@click.option("--issuer", help="签发单位 / of this issuer")
@click.option("--reason", help="代码表 hold_reasons / held for this reason")
@AFTER
@LIMIT
@click.pass_obj
def held_list(account: str, /, **asked: Any) -> None:
    """列出暂存记录，不含内容 / List what waits, oldest first, without its content."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/held", asked)["items"]:
            click.echo(f"{one['held_id']}  {one['reason']}  {one['issuer']}")


@held.command("show")
@click.argument("held_id", metavar="HELD", type=click.UUID)
@PURPOSE
@CASE
@click.pass_obj
def held_show(account: str, held_id: uuid.UUID, purpose: str, case: str) -> None:
    """一条暂存记录的内容 / Print what a held record says; the look leaves a row."""
    with entering(account) as doors:
        sent = doors.get(f"/v1/desk/held/{held_id}", {"purpose": purpose, "case_ref": case})
        click.echo(sent.decode())


@held.command("release")
@click.argument("held_ids", metavar="HELD...", nargs=-1, required=True, type=click.UUID)
@click.option("--worker", type=click.UUID, help="归到哪份档案（只限一条） / whose it is; for one record only")
@REASON
@click.pass_obj
def held_release(
    account: str, held_ids: tuple[uuid.UUID, ...], worker: uuid.UUID | None, reason: str
) -> None:
    """提出放行 / Propose to release held records."""
    with entering(account) as doors:
        whose = None if worker is None else str(worker)
        body = {"held": [str(one) for one in held_ids], "worker_id": whose, "reason": reason}
        doors.propose("/v1/desk/held/release", body)


@held.command("return")
@click.argument("held_id", metavar="HELD", type=click.UUID)
@REASON
@click.pass_obj
def held_return(account: str, held_id: uuid.UUID, reason: str) -> None:
    """退回签发单位 / Return a held record to its issuer, who reads the reason."""
    with entering(account) as doors:
        doors.post("/v1/desk/held/return", {"held_id": str(held_id), "reason": reason})
        click.echo("已退回 / returned")


# -- objections


@group_of("objections", "待决定的异议", "Objections that the region decides, by an official.")
def objections(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@objections.command("list")
@AFTER
@LIMIT
@click.pass_obj
def objections_list(account: str, /, **asked: Any) -> None:
    """列出异议，超期的在前 / List them without what was said, overdue ones first."""
    with entering(account) as doors:
        for one in doors.read("/v1/desk/disputes", asked)["items"]:
            click.echo(f"{one['dispute_id']}  {one['state']}  due={one['due_on'] or '-'}  {one['issuer']}")


@objections.command("show")
@click.argument("dispute", type=click.UUID)
@PURPOSE
@CASE
@click.pass_obj
def objections_show(account: str, dispute: uuid.UUID, purpose: str, case: str) -> None:
    """一件异议 / Print one with what was said; the worker sees who looked."""
    with entering(account) as doors:
        sent = doors.get(f"/v1/desk/disputes/{dispute}", {"purpose": purpose, "case_ref": case})
        click.echo(sent.decode())


@objections.command("say")
@click.argument("dispute", type=click.UUID)
@TEXT
@click.pass_obj
def objections_say(account: str, dispute: uuid.UUID, text: str) -> None:
    """向本人说明或询问 / Say or ask something in a case."""
    with entering(account) as doors:
        doors.post(f"/v1/desk/disputes/{dispute}/messages", {"text": text})
        click.echo("已登记 / added")


@objections.command("decide")
@click.argument("dispute", type=click.UUID)
@click.option("--revoke", help="撤销：代码表 revocation_reasons / revoke, with this reason")
@click.option("--restrict", help="限制处理：代码表 restriction_grounds / restrict, on this ground")
@click.option("--ground", help="不成立：代码表 dispute_grounds / reject, on this ground")
@click.option(
    "--correct",
    "corrected",
    type=(str, str),
    multiple=True,
    metavar="POINTER JSON",
    help='更正一项，可多次 / correct a member to a JSON value: /body/score "70"; may be repeated',
)
@TEXT
@click.pass_obj
def objections_decide(account: str, /, dispute: uuid.UUID, corrected: Any, **said: str | None) -> None:
    """提出决定：更正、撤销、限制、不成立 / Propose to correct, revoke, restrict, or reject with a ground."""
    import json

    try:
        correct = {pointer: json.loads(value) for pointer, value in corrected}
    except ValueError:
        raise click.BadParameter("值应为 JSON / not JSON", param_hint="--correct") from None
    with entering(account) as doors:
        doors.propose(f"/v1/desk/disputes/{dispute}/decide", {**said, "correct": correct or None})


# -- institutions


@group_of("institution", "机构事项", "An institution's closing, keys and papers, by an official.")
def institution(context: click.Context, official: str) -> None:
    """Keep the account for the commands."""
    context.obj = official


@institution.command("state")
@click.argument("uscc")
@click.option(
    "--fact", required=True, help="name、kind、licence、closed 等 / which fact, `closed` for its end"
)
@click.option("--on", required=True, help="自哪天起 / from which day, YYYY-MM-DD")
@click.option("--value", default="", help="内容；停办不填 / what is so since then; empty for an end")
@click.option("--source", required=True, help="依据的文件 / the document it is known from")
@click.pass_obj
def institution_state(account: str, /, uscc: str, **said: str) -> None:
    """登记变更或停办 / State a fact about an institution: its closing, for one."""
    with entering(account) as doors:
        found = doors.post(f"/v1/desk/institutions/{uscc}/facts", said)
        click.echo(f"已登记 / stated: {found['uscc']}  closed_on={found['closed_on'] or '-'}")


@institution.command("retire-keys")
@click.argument("uscc")
@REASON
@click.pass_obj
def institution_retire_keys(account: str, uscc: str, reason: str) -> None:
    """提出吊销停办机构的全部钥匙 / Propose to revoke all keys of a closed institution."""
    with entering(account) as doors:
        doors.propose(f"/v1/desk/issuers/{uscc}/keys/retire", {"reason": reason})


@institution.command("papers")
@click.argument("uscc")
@PURPOSE
@CASE
@click.pass_obj
def institution_papers(account: str, uscc: str, purpose: str, case: str) -> None:
    """机构材料清单 / List an institution's papers; the look leaves a row."""
    with entering(account) as doors:
        asked = {"purpose": purpose, "case_ref": case}
        for one in doors.read(f"/v1/desk/institutions/{uscc}/papers", asked)["items"]:
            click.echo(f"{one['paper_id']}  {one['kind']}  {one['media']}  {one['sha256']}  {one['title']}")


@institution.command("paper-save")
@click.argument("uscc")
@click.argument("paper", type=click.UUID)
@PURPOSE
@CASE
@TO
@click.pass_obj
def institution_paper_save(
    account: str, uscc: str, paper: uuid.UUID, purpose: str, case: str, to: Path
) -> None:
    """调取机构的一份材料 / Write the file of an institution's paper, readable by this account only."""
    with entering(account) as doors:
        asked = {"purpose": purpose, "case_ref": case}
        write_new(to, doors.get(f"/v1/desk/institutions/{uscc}/papers/{paper}", asked))
        click.echo("已取出 / written")
