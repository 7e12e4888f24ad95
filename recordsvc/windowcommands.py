"""`recordsvc window …` (窗口代办): the acts of a worker who stands at the counter with a document.

The clerk types the number into a prompt, never into the command line (shells keep those). The act is
entered on the worker's word, naming the clerk, the window and the case; finding the archive leaves a row
that the worker can read.
"""

import getpass
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor
    from recordsvc.archive.reading import Archive
    from recordsvc.ground.commit import Turn
    from recordsvc.house import House

PURPOSE = "service-window"
WHICH = {
    "resident-id": "公民身份号码（18 位，居民身份证最下方）",
    "card": "社会保障卡卡号（9 位，在社会保障号码的下一行）",
    "chip": "卡识别码（32 位，由读卡器读出）",
}
WHICH_ELSE = "该证件的号码"
"""Which number is asked for, by kind."""


@contextmanager
def opened() -> Iterator["House"]:
    """Open the house; problems are told as a command tells them."""
    from recordsvc.ground.problems import Problem
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        yield house
    except Problem as problem:
        raise click.ClickException(f"{problem.title_zh} / {problem.title_en}\n{problem.remedy_zh}") from None
    finally:
        house.close()


@click.group()
def window() -> None:
    """窗口代办 / A worker's acts at the counter."""


@window.command("list")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def listed(kind: str, case: str) -> None:
    """列出本人记录 / List the records of the worker at the counter."""
    with opened() as house:
        archive = _archive(house, kind, case)
        for state in archive.state.records:
            entry = archive.entries[state.seq]
            name = entry.record["type"] if entry.record is not None else "erased"
            record_id = entry.stored.record_id
            shown = uuid.UUID(bytes=record_id) if record_id else "-"
            seen, issuer = archive.seen(state), entry.record["issuer"] if entry.record is not None else "-"
            click.echo(
                f"{shown}  {name}  {state.life.value}  {state.confirmation.value}  seen={seen}  {issuer}"
            )


@window.command("numbers")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def numbers_listed(kind: str, case: str) -> None:
    """列出本人的号码与卡（只显示尾号） / List the worker's numbers and cards, masked."""
    from recordsvc.archive import number_views

    with opened() as house:
        archive = _archive(house, kind, case)
        found = number_views.known(house, archive.worker_id)
        told = number_views.told(house, found, number_views.masked)
        for one in told["numbers"]:
            click.echo(f"{one['kind']}  {one['value']}  {one['standing']}")
        for one in told["cards"]:
            today = one["today"]
            functions = f"社保 / social={today['social']}  银行 / bank={today['bank']}"
            click.echo(f"card  {one['number']}  {one['standing']}  {functions}")


@window.command()
@click.argument("record", type=click.UUID)
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
@click.option("--seen", type=int, required=True, help="list 所列 seen，即本人看到的状态 / what list showed")
@click.option("--issuer", help="编号重复时的签发单位 / whose record, if the id is not alone")
def confirm(record: uuid.UUID, kind: str, case: str, seen: int, issuer: str | None) -> None:
    """代本人确认一条记录 / Enter that the worker confirms a record."""
    from recordsvc.archive import confirm as verbs
    from recordsvc.archive.statements import Stater

    with opened() as house:
        archive = _archive(house, kind, case)
        stater = Stater(clerk(), "window", case)
        shown = verbs.Shown(record.bytes, seen, issuer)
        index = verbs.confirm(house, archive.worker_id, shown, "window", stater)
        click.echo(f"已确认 / confirmed: log index {index}")


@window.command()
@click.argument("record", type=click.UUID)
@click.option("--reason", required=True, help="代码表 contest_reasons / code of contest_reasons")
@click.option("--text", default="", help="本人说明 / the worker's own words")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
@click.option("--seen", type=int, required=True, help="list 所列 seen，即本人看到的状态 / what list showed")
@click.option("--issuer", help="编号重复时的签发单位 / whose record, if the id is not alone")
def contest(
    record: uuid.UUID, reason: str, text: str, kind: str, case: str, seen: int, issuer: str | None
) -> None:
    """代本人对一条记录提出异议 / Enter that the worker contests a record."""
    from recordsvc import dated
    from recordsvc.archive import confirm as verbs
    from recordsvc.archive.statements import Stater
    from recordsvc.ground.ports import beijing_date

    with opened() as house:
        if reason not in dated.table("contest_reasons").on(beijing_date(house.clock.now_ms()).isoformat()):
            raise click.BadParameter("not in /v1/codes/contest_reasons", param_hint="--reason")
        archive = _archive(house, kind, case)
        stater = Stater(clerk(), "window", case)
        shown = verbs.Shown(record.bytes, seen, issuer)
        index = verbs.contest(house, archive.worker_id, shown, "window", stater, reason, text)
        click.echo(f"已登记异议 / contested: log index {index}")


@window.command()
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
@click.option("--remove", is_flag=True, help="删除而不是设置 / forget it instead of setting it")
def phone(kind: str, case: str, remove: bool) -> None:  # noqa: FBT001 - click hands flags over as they are
    """代本人设置接收通知的手机，须本人验证 / Set the phone at which the worker wants to be told.

    本人输入 PIN 和一次性验证码 / The worker types PIN and one of the printed codes: no clerk alone moves it.
    """
    from recordsvc.archive import contact_change, own_proof

    with opened() as house:
        worker_id = at_counter(house, kind, case, "identity")
        number = "" if remove else click.prompt("手机号码 / phone", hide_input=True)
        settle = own_proof.wanted(house, _in_the_place_of(worker_id, case), _proof())

        def act(turn: "Turn") -> None:
            settle(turn)
            if remove:
                contact_change.remove(turn, house, worker_id)
            else:
                contact_change.set_phone(turn, house, worker_id, number, f"window/{clerk()}"[:80])

        house.db.write(act)
        click.echo("已删除 / forgotten" if remove else "已设置 / set")


def _in_the_place_of(worker_id: bytes, case: str) -> "Actor":
    from recordsvc.access.grants import Actor, Kind, Through, Way

    through = Through(Way.WINDOW, clerk(), PURPOSE, case)
    return Actor(Kind.WORKER, str(uuid.UUID(bytes=worker_id)), worker_id=worker_id, through=through)


def _proof() -> dict[str, str | None]:
    """Ask for what only the worker has; typed by the worker."""
    pin = click.prompt("请本人输入 PIN / the worker types their PIN", hide_input=True)
    code = click.prompt("请本人输入一次性验证码 / and one printed code", hide_input=True)
    return {"own_pin": pin.strip(), "own_code": code.strip(), "own_totp": "", "slip": None}


@window.command()
@click.option("--evidence", required=True, help="代码表 evidence_kinds / code of evidence_kinds")
@click.option("--title", required=True, help="证书或培训名称 / name of certificate or course")
@click.option("--issued-by", required=True, help="出具单位 / body that gave it")
@click.option("--province", help="省级代码 / first two digits of the province")
@click.option("--country", default="CHN", show_default=True, help="国家或地区 / country or region")
@click.option("--number", help="证面编号 / number on its face")
@click.option("--level", help="等级代码 / level code")
@click.option("--awarded-on", help="发证日期 / issue date, YYYY-MM-DD")
@click.option("--paper", multiple=True, help="扫描件 SHA-256，可多次 / SHA-256 of a scan, may be repeated")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def foreign(kind: str, case: str, paper: tuple[str, ...], **said: str | None) -> None:
    """代本人登记外省材料 / Enter evidence from another province on the worker's word."""
    from recordsvc.archive.foreign import state_evidence
    from recordsvc.archive.statements import Stater

    members = {name: value for name, value in said.items() if value}
    body = {"evidence_kind": members.pop("evidence")}
    origin = {name: members.pop(name) for name in ("country", "province", "issued_by") if name in members}
    with opened() as house:
        archive = _archive(house, kind, case)
        stater = Stater(clerk(), "window", case)
        _id, index = state_evidence(
            house, archive.worker_id, {**body, **members, "origin": origin}, paper, stater
        )
        click.echo(f"已登记，标明本人陈述 / stated: log index {index}")


def clerk() -> str:
    """Return who types: the account on this machine."""
    return f"command:{getpass.getuser()}"


def at_counter(house: "House", kind: str, case: str, fields: str) -> bytes:
    """Ask for the number, note who looks at what and why, and return the worker.

    The case is written as the window's form wants it: records keep it. Raises `BadParameter`.
    """
    from recordsvc.access import looked
    from recordsvc.access.grants import Actor, Kind
    from recordsvc.access.looked import Look
    from recordsvc.access.window_forms import CASE

    if not re.match(CASE, case):
        raise click.BadParameter("字母、数字、符号，不留空格 / ASCII, no blanks", param_hint="--case")
    number = click.prompt(f"{WHICH.get(kind, WHICH_ELSE)} / number", hide_input=True).strip().upper()
    worker_id = house.people.find(kind, number)
    if worker_id is None:
        raise click.ClickException("没有找到档案 / no archive under this number")
    look = Look(worker_id, Actor(Kind.SYSTEM, clerk()), PURPOSE, fields, case)
    looked.record(house, [look])
    return worker_id


def _archive(house: "House", kind: str, case: str) -> "Archive":
    from recordsvc.archive.reading import Reader

    archive = Reader(house).archive(at_counter(house, kind, case, "records"))
    if archive is None:
        raise click.ClickException("没有找到档案 / no archive under this number")
    return archive


@window.command("disputes")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def disputed(kind: str, case: str) -> None:
    """列出本人的异议 / List the objections of the worker at the counter, and how they stand."""
    from recordsvc.archive import disputes

    with opened() as house:
        archive = _archive(house, kind, case)
        with house.db.read() as conn:
            found = disputes.of_workers(conn, [archive.worker_id, *archive.read_as])
        for one in found:
            click.echo(f"{one.name}  {one.state}  {one.owner}  due={one.due_on or '-'}  {one.issuer}")


@window.command("say")
@click.argument("dispute", type=click.UUID)
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def say(dispute: uuid.UUID, kind: str, case: str) -> None:
    """代本人补充异议说明 / Add the worker's words to an objection; they are asked for, never on the line."""
    from recordsvc.archive import disputes
    from recordsvc.ground.commit import Turn
    from recordsvc.ground.problems import NotFound

    with opened() as house:
        archive = _archive(house, kind, case)
        text = " ".join(click.prompt("说明 / words").split())[:1_000]

        def act(turn: Turn) -> None:
            if disputes.locked(turn, dispute.bytes).worker_id not in (archive.worker_id, *archive.read_as):
                raise NotFound
            disputes.say(turn, house, dispute.bytes, "worker", clerk(), text)

        house.db.write(act)
        click.echo("已登记 / added")


@window.command("activate")
@click.option("--document", default="resident-id", show_default=True, help="证件类型 / kind of document")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
@click.option("--lost", is_flag=True, help="挂失：停用此前全部登录方式 / end every earlier way in")
def activate(document: str, case: str, lost: bool) -> None:  # noqa: FBT001 - click hands flags over as they are
    """发放激活码（核对证件和卡后） / Hand over an activation code, once document and card were seen."""
    from recordsvc.access import activating
    from recordsvc.access.activating import Papers, Why
    from recordsvc.access.grants import Actor, Kind

    with opened() as house:
        number = click.prompt(f"{WHICH.get(document, WHICH_ELSE)} / number", hide_input=True)
        name = click.prompt("姓名 / name")
        card = click.prompt(f"{WHICH['card']} / card", hide_input=True)
        why = Why(PURPOSE, case, lost)
        slip = activating.hand_over(
            house, Papers(document, number, name, card), why, Actor(Kind.SYSTEM, clerk())
        )
        click.echo(f"账号 / account: {slip.account}")
        click.echo(f"激活码 / code: {slip.code}")
        click.echo(f"{house.settings.public_url.rstrip('/')}/activate  72 h")


@window.command("state")
@click.option("--matter", required=True, help="代码表 statement_matters / code of statement_matters")
@click.option("--title", required=True, help="经历的名称，一行 / what it was, one line")
@click.option("--started-on", help="起始日期 / first day, YYYY-MM-DD")
@click.option("--ended-on", help="结束日期 / last day, YYYY-MM-DD")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def state(kind: str, case: str, **said: str | None) -> None:
    """代本人登记本人陈述 / Enter what the worker states of themself; the words are asked for."""
    from recordsvc.archive.declare import declare
    from recordsvc.archive.forms import StatementForm
    from recordsvc.archive.statements import Stater
    from recordsvc.ground.reading import load

    with opened() as house:
        archive = _archive(house, kind, case)
        words = {**said, "text": click.prompt("本人的话 / the worker's own words")}
        given = {name: " ".join(value.split()) for name, value in words.items() if value}
        form = load(StatementForm, given)
        stater = Stater(clerk(), "window", case)
        record_id, index = declare(house, archive.worker_id, {**form, "channel": "window"}, stater)
        click.echo(f"已登记，标明本人陈述 / stated: {uuid.UUID(bytes=record_id)}, log index {index}")


@window.command("notices")
@click.option(
    "--limit", type=click.IntRange(1, 100), default=50, show_default=True, help="最多几条 / how many at most"
)
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def told(limit: int, kind: str, case: str) -> None:
    """列出本人的通知 / List what the worker at the counter was told, newest first."""
    from recordsvc.archive import noticeboard
    from recordsvc.archive.wording import worded

    with opened() as house:
        workers = _read_as_one(house, at_counter(house, kind, case, "notices"))
        with house.db.read() as conn:
            found = noticeboard.of_workers(house, conn, workers, limit=limit)
        for one in found:
            words = worded(house, "worker", one)
            shown = uuid.UUID(bytes=one.notice_id)
            click.echo(f"{shown}  {'read' if one.read_ms else 'new'}  {words.title_zh}")
            click.echo(f"    {words.text_zh}")


@window.command("notices-read")
@click.option("--id", "ids", type=click.UUID, multiple=True, help="只标这些 / only these; all without it")
@click.option("--kind", default="resident-id", show_default=True, help="证件类型或 card / kind of number")
@click.option("--case", required=True, help="窗口受理号 / case of this visit")
def told_read(ids: tuple[uuid.UUID, ...], kind: str, case: str) -> None:
    """本人的通知标为已读 / Mark notices of the worker at the counter as read."""
    from recordsvc.archive import noticeboard

    some = [one.bytes for one in ids] or None
    with opened() as house:
        workers = _read_as_one(house, at_counter(house, kind, case, "notices"))
        count = house.db.write(lambda turn: noticeboard.mark_read(turn, workers, some))
        click.echo(f"{count} 条标为已读 / marked as read")


def _read_as_one(house: "House", worker_id: bytes) -> list[bytes]:
    """Return the worker, then those whose archives are read as this one."""
    with house.db.read_raw() as cursor:
        return [worker_id, *house.people.read_as(cursor, worker_id)]
