"""`recordsvc official …`: officials at the server's console.

The first two registrars are made here by whoever may already read the service's keys, named in the grants as
`command:<login name>`; from then on a role is proposed here by an official who signs in (`--as`), and decided
by another. What gives or takes a way in leaves a row in the list of acts (`acts.py`), in one turn.
"""

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recordsvc.access.acts import Act
    from recordsvc.ground.commit import Turn
    from recordsvc.house import House


@contextmanager
def _open() -> Iterator["House"]:
    from recordsvc.ground.problems import Problem
    from recordsvc.house import open_house
    from recordsvc.settings import Settings, SettingsError

    try:
        house = open_house(Settings.load())
    except SettingsError as error:
        raise click.ClickException(str(error)) from error
    try:
        yield house
    except Problem as problem:
        details = [str(error.get("detail", "")) for error in problem.errors] or [problem.detail]
        lines = [problem.title_zh, *filter(None, details), problem.title_en, problem.remedy_en]
        raise click.ClickException("\n".join(lines)) from None
    finally:
        house.close()


def _author() -> str:
    try:
        return f"command:{getpass.getuser()}"
    except (KeyError, OSError):  # a user without a name, as containers have them
        return "command:console"


def _note(turn: "Turn", house: "House", act: "Act", account: str, reason: str) -> None:
    from recordsvc.access import acts
    from recordsvc.access.acts import OfficialAct
    from recordsvc.access.grants import Actor, Kind

    acts.note(turn, house.random, OfficialAct(Actor(Kind.SYSTEM, _author()), act, account, reason))


@click.group("official")
def official() -> None:
    """工作人员账号与角色 / Officials and their roles."""


@official.command("add")
@click.argument("account")
@click.option("--name", required=True, help="姓名 / Name shown beside their acts")
@click.option("--institution", help="所属单位统一社会信用代码 / Code of their bureau")
def add(account: str, name: str, institution: str | None) -> None:
    """新建账号（尚无角色） / Make an account without any role."""
    from recordsvc.access import officials
    from recordsvc.access.acts import Act

    def act(turn: "Turn") -> None:
        officials.add(turn, account, name, institution)
        _note(turn, house, Act.OFFICIAL_ENTERED, account, "no role yet")

    with _open() as house:
        house.db.write(act)
    click.echo(f"{account}: 已建立 / added")


@official.command("list")
def listed() -> None:
    """列出账号与现有角色 / List accounts and the roles they hold now."""
    from recordsvc.access import officials

    with _open() as house, house.db.read() as conn:
        now = house.clock.now_ms()
        for found in officials.load(conn).values():
            held = [f"{grant.role}@{grant.area}" for grant in found.grants if grant.in_force(now)]
            state = "已停用/closed" if found.closed_ms is not None else ", ".join(held) or "-"
            click.echo(f"{found.official_id}\t{found.name}\t{state}")


@official.command("grant")
@click.argument("account")
@click.argument("role")
@click.option("--area", required=True, help="区划代码，2、4 或 6 位 / Division code")
@click.option("--days", type=click.IntRange(1, 3660), help="有效天数，缺省为长期 / Days it holds")
@click.option(
    "--as", "as_account", help="提出人账号，随后输入一次性登录码 / Who proposes, with a one-time code"
)
@click.option("--reason", default="", help="理由（提出时必填） / Why, where it is proposed")
def grant(account: str, role: str, area: str, days: int | None, as_account: str | None, reason: str) -> None:
    """授予角色：前两名登记员直接授予，此后须两人 / Give a role: the first two registrars; then propose it."""
    from recordsvc.access import granting, officials
    from recordsvc.access.acts import Act

    def begin(turn: "Turn") -> bool:
        if not granting.may_begin(turn, account, role):
            return False
        officials.grant(turn, account, role, area, by=_author(), until_ms=_until(turn, days))
        _note(turn, house, Act.OFFICIAL_GRANTED, account, f"{role}@{area}")
        return True

    with _open() as house:
        if as_account is None and house.db.write(begin):
            click.echo(f"{account}: {role}@{area}")
            return
        if as_account is None or not reason:
            raise click.UsageError(
                "授权须两人：加 --as 提出人账号 --reason 理由，由另一名登记员复核 / "
                "a role takes two people: name who proposes it (--as) and why (--reason)"
            )
        proposal = _propose(house, as_account, (account, role, area, days, reason))
    click.echo(f"{account}: {role}@{area} 待复核 / proposed: {proposal}")


def _propose(house: "House", as_account: str, asked: tuple[str, str, str, int | None, str]) -> str:
    from recordsvc.access import granting
    from recordsvc.access.grants import Thing, can, prefix
    from recordsvc.ground.commit import Turn
    from recordsvc.ground.ports import uuid_text
    from recordsvc.ground.problems import Forbidden
    from recordsvc.officialcommands import signed_in

    account, role, area, days, reason = asked
    who = signed_in(house, as_account)
    if not can(who, "official.enter", Thing(prefix(area))):
        raise Forbidden

    def act(turn: Turn) -> bytes:
        by = f"official:{who.id}"
        until = _until(turn, days)
        return granting.propose_grant(turn, account, role, area, until, reason, by=by, random=house.random)

    return uuid_text(house.db.write(act))


def _until(turn: "Turn", days: int | None) -> int | None:
    return None if days is None else turn.now_ms + days * 86_400_000


@official.command("own-archive")
@click.argument("account")
@click.option("--document", default="resident-id", show_default=True, help="证件种类 / Kind of document")
@click.option("--none", "nothing", is_flag=True, help="本区域还没有本人的档案 / There is no archive yet")
def own_archive(account: str, document: str, nothing: bool) -> None:  # noqa: FBT001 - an option of the command
    """申报本人档案，由登记员复核 / Name one's own archive; a registrar confirms it."""
    from recordsvc.access import own_archives
    from recordsvc.ground.ports import uuid_text
    from recordsvc.officialcommands import signed_in

    with _open() as house:
        who = signed_in(house, account)
        number = click.prompt("证件号码 / number", hide_input=True)
        proposal = house.db.write(
            lambda turn: own_archives.name(turn, house, who.id, document, number, has=not nothing)
        )
    click.echo(f"{account}: 待复核 / proposed: {uuid_text(proposal)}")


@official.command("unanswered")
def unanswered() -> None:
    """列出尚未申报本人档案的账号 / List accounts that have not named their own archive."""
    from recordsvc.access import own_archives

    with _open() as house, house.db.read() as conn:
        for one in own_archives.listed(conn, house.clock.now_ms()):
            if one.state != "answered":
                state = "待复核/waiting" if one.state == "waiting" else "尚未申报/unanswered"
                click.echo(f"{one.official_id}\t{one.name}\t{state}")


@official.command("revoke")
@click.argument("account")
@click.argument("role")
def revoke(account: str, role: str) -> None:
    """收回角色，立即生效 / Take a role away, from the next request on."""
    from recordsvc.access import officials
    from recordsvc.access.acts import Act

    def act(turn: "Turn") -> int:
        ended = officials.revoke(turn, account, role, by=_author())
        if ended:
            _note(turn, house, Act.OFFICIAL_REVOKED, account, role)
        return ended

    with _open() as house:
        ended = house.db.write(act)
    click.echo(f"{account}: {role} × {ended}")


@official.command("close")
@click.argument("account")
def close(account: str) -> None:
    """停用账号 / Close an account; its sessions end at the next request."""
    from recordsvc.access import officials
    from recordsvc.access.acts import Act

    def act(turn: "Turn") -> None:
        officials.close(turn, account)
        _note(turn, house, Act.OFFICIAL_CLOSED, account, "account closed")

    with _open() as house:
        house.db.write(act)
    click.echo(f"{account}: 已停用 / closed")


@official.command("code")
@click.argument("account")
def code(account: str) -> None:
    """生成一次性登录码（十分钟） / Print a one-time login code, good for ten minutes."""
    from recordsvc.access import codes, officials
    from recordsvc.access.acts import Act

    def act(turn: "Turn") -> str:
        officials.known(turn.conn, account)
        _note(turn, house, Act.OFFICIAL_CODE, account, "login code")
        return codes.create(turn, house.keys, house.random, account)

    with _open() as house:
        made = house.db.write(act)
    click.echo(made)


@official.command("ways")
@click.argument("account")
def ways(account: str) -> None:
    """列出登录方式 / List an official's passkeys."""
    from recordsvc.access import credentials
    from recordsvc.access.credentials import Holder
    from recordsvc.access.grants import Kind
    from recordsvc.ground.ports import beijing_date

    with _open() as house, house.db.read() as conn:
        for one in credentials.of(conn, Holder(Kind.OFFICIAL, account)):
            click.echo(f"{one.kind}\t{one.device or '-'}\t{beijing_date(one.made_ms)}")


@official.command("lost")
@click.argument("account")
def lost(account: str) -> None:
    """挂失：停用全部登录方式并结束登录 / End every passkey and session of a person."""
    from recordsvc.access import activating, officials
    from recordsvc.access.acts import Act
    from recordsvc.access.credentials import Holder
    from recordsvc.access.grants import Kind

    def act(turn: "Turn") -> None:
        officials.known(turn.conn, account)
        _note(turn, house, Act.OFFICIAL_LOST, account, "ways in and sign-ins ended")
        activating.end_everything(turn, house, Holder(Kind.OFFICIAL, account), _author())

    with _open() as house:
        house.db.write(act)
    click.echo(f"{account}: 已停用 / ended")
