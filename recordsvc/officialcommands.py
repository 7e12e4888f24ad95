"""Who acts at the server's console (控制台经办人): an official who signs in with a one-time code.

A shell account is no official: whoever may run the command still needs a code that was handed to the
official, and the role that the act needs.
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
