"""The window at the console (窗口代办): each command is a service for the worker who stands there.

The official signs in and types what lies on the counter, with purpose and case; the service is begun,
carried and ended by the doors that the page has, and its receipt is printed. So area, recusal, one's own
archive, rows of who looked, acts and alarms are those of the window.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from recordsvc.consoledoors import Doors
from recordsvc.officialcommands import signed_in

if TYPE_CHECKING:
    from recordsvc.access.grants import Actor
    from recordsvc.access.sessions import Sessions

PURPOSE = "service-window"
DOCUMENT = "resident-id"
WIDTH = "80"
"""Paper of the receipt in millimetres: 48 columns."""
WHICH = {
    DOCUMENT: "公民身份号码（18 位，居民身份证最下方）",
    "card": "社会保障卡卡号（9 位，在社会保障号码的下一行）",
}
WHICH_ELSE = "该证件的号码"
"""Which number is asked for, by kind."""


@contextmanager
def serving(account: str) -> Iterator[Doors]:
    """Enter by the worker's own doors, as the window does; the receipt is printed when the service ends."""
    from recordsvc.access.grants import Kind
    from recordsvc.access.services import open_access
    from recordsvc.access.sessions import Entering, Method
    from recordsvc.serving import load_settings
    from recordsvc.starting import open_checked

    house = open_checked(load_settings())
    try:
        signed_in(house, account)
        sessions, who = open_access(house).sessions, Entering(Kind.OFFICIAL, account, Method.CONSOLE)
        cookie = house.db.write(lambda turn: sessions.begin(turn, who))
        try:
            doors = Doors(house, lambda: _seated(sessions, cookie))
            doors.post("/v1/desk/services", counter())
            try:
                yield doors
            finally:
                click.echo(doors.get("/window/receipt.txt", {"width": WIDTH}).decode())
                doors.post("/v1/me/service/end", {})
        finally:
            house.db.write(lambda turn: sessions.end(turn, cookie))
    finally:
        house.close()


def counter(*, named: bool = False) -> dict[str, str]:
    """Ask what lies on the counter, why and for which case; none of it was in the command line."""
    document = click.prompt("证件类型，代码表 identity_documents / kind of document", default=DOCUMENT)
    said = {"document": document, "number": _number(document)}
    if named:
        said["name"] = click.prompt("姓名 / name").strip()
    said["card"] = _number("card")
    said["purpose"] = click.prompt("查阅目的，代码表 lookup_purposes / purpose", default=PURPOSE)
    return said | {"case_ref": click.prompt("窗口受理号 / case of this visit")}


def _number(kind: str) -> str:
    said: str = click.prompt(f"{WHICH.get(kind, WHICH_ELSE)} / {kind}", hide_input=True)
    return said.strip().upper()


def _seated(sessions: "Sessions", cookie: str) -> "Actor":
    """Return who sits there now: the official, and while the service lasts the worker's stand-in."""
    from recordsvc.ground.problems import Unauthenticated

    found = sessions.find(cookie)
    if found is None:
        raise Unauthenticated
    return found
