"""Who acts at the server's console (控制台经办人): an official or a person of an institution.

A shell account is neither: whoever may run the command still needs a one-time code that was handed to the
person, and the role or position that the act needs.
"""

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor
    from recordsvc.house import House


def signed_in(house: "House", account: str) -> "Actor":
    """Ask for a one-time code and spend it; the official with the roles of now. Raises `ClickException`."""
    from recordsvc.access import codes
    from recordsvc.access.grants import Actor, Kind
    from recordsvc.access.services import open_access

    code = click.prompt("一次性登录码 / one-time code", hide_input=True)
    good = house.db.write(lambda turn: codes.spend(turn, house.keys, account, code))
    official = open_access(house).officials.find(account)
    if not good or official is None:
        raise click.ClickException("账号或登录码不对 / wrong account or code")
    now = house.clock.now_ms()
    return Actor(
        Kind.OFFICIAL,
        account,
        roles=official.roles(now),
        duties=official.duties(now),
        stands_in=official.stands_in(now),
        recused=official.keeps_out(house.settings.region),
        own=official.own,
    )


def staff_signed_in(house: "House", account: str) -> "Actor":
    """Ask a person of an institution for their code and spend it. Raises `ClickException`.

    Whom a passkey binds has no code, here as there.
    """
    from recordsvc.access import proving, staff
    from recordsvc.access.credentials import Holder
    from recordsvc.access.errors import LoginRefused, StaffUnknown
    from recordsvc.access.grants import Actor, Kind

    code = click.prompt("一次性登录码 / one-time code", hide_input=True)
    claim = proving.by_code(house, Holder(Kind.STAFF, account), code)
    try:
        proving.finish(house, claim, lambda _turn, _who: None)
        with house.db.read() as conn:
            member = staff.known(conn, account)
    except (LoginRefused, StaffUnknown):
        raise click.ClickException("账号或登录码不对 / wrong account or code") from None
    roles = member.positions(house.clock.now_ms())
    return Actor(Kind.STAFF, account, roles=roles, institution=member.institution)
