"""Pages of the ledger (账簿): closed days, a seal made anew, files of vouchers and balances."""

import flask

from recordsvc.access.policy import Surface, door
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.problems import Forbidden
from recordsvc.money.ledger import routes as ledger
from recordsvc.money.ledger.errors import DayNotClosed
from recordsvc.web import words
from recordsvc.web.desk_routes import tabs
from recordsvc.web.public_routes import HTML
from recordsvc.web.render import page
from recordsvc.web.services import bp, house


@door(
    bp,
    "GET",
    "/desk/ledger",
    policy="ledger.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(Forbidden,),
    summary="账簿（网页） / The ledger",
)
def ledger_page() -> flask.Response:
    """List the closed days, and offer the files."""
    today = beijing_date(house().clock.now_ms())
    return page(
        "desk_ledger.html",
        tabs=tabs(),
        days=[one | {"closed": words.instant(one["closed_ms"])} for one in ledger.days()["items"]],
        waiting=ledger.days()["open_transfers"],
        first=today.replace(day=1).isoformat(),
        last=today.isoformat(),
    )


@door(
    bp,
    "GET",
    "/desk/ledger/<ledger_day>",
    policy="ledger.read",
    surface=Surface.PAGE,
    answer=HTML,
    problems=(DayNotClosed,),
    summary="一日的封存（网页） / A day's seal, made anew and compared",
)
def seal_page(ledger_day: str) -> flask.Response:
    """Show a seal and how it compares with the journal."""
    found = ledger.seal_of(ledger_day)
    return page("desk_seal.html", tabs=tabs(), seal=found, closed=words.instant(found["closed_ms"]))
