"""A worker's own credits (我的学分): the account at the bank, reference credits of what counts."""

from typing import TYPE_CHECKING, Any, Final

from recordsvc import dated
from recordsvc.access.grants import Actor, author
from recordsvc.archive import persons, views
from recordsvc.archive.reading import Archive
from recordsvc.archive.states import Confirmation, Life, RecordState
from recordsvc.credits import reckon
from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.people import credit_accounts

if TYPE_CHECKING:
    from recordsvc.house import House

ENTERED: Final = "credit-account-own"
"""Notice to the worker (`notice_texts`)."""
_SAID: Final = {Confirmation.NOT_NEEDED, Confirmation.CONFIRMED}


def of_worker(house: "House", worker_id: bytes) -> dict[str, Any]:
    """Return a worker's account, and reference credits record by record, the newest training first.

    Raises `ArchiveRestricted`, `NotFound`.
    """
    found = persons.read(house, worker_id)
    if found is None:
        raise NotFound
    with house.db.read() as conn:
        account = credit_accounts.present(house, conn, found.own.worker_id)
    items = [one for archive in found.archives for one in _references(archive)]
    return {
        "account": None
        if account is None
        else {
            "number": account.number,
            "entered_ms": account.asserted_ms,
            "own": account.source.startswith("worker:"),
        },
        "items": sorted(items, key=lambda one: (one["ended_on"], one["record_id"]), reverse=True),
        "source": dated.table(reckon.TABLE).source,
    }


def enter_account(turn: Turn, house: "House", who: Actor, worker_id: bytes, number: str) -> bytes:
    """Enter the account's number; the worker is told, wherever else they are reached.

    Raises `CreditAccountRefused`, `CreditAccountTaken`, `NotFound`.
    """
    identifier_id = credit_accounts.enter(turn, house, worker_id, number, author(who))
    house.tell_worker(turn, worker_id, ENTERED, f"{identifier_id.hex()}/{turn.now_ms}")
    return identifier_id


def counts(archive: Archive, state: RecordState) -> bool:
    """Tell whether a record counts: in force, said to be right where that is needed, stated best here."""
    said = state.confirmation in _SAID and not state.needs_reconfirmation
    return said and state.life is Life.ACTIVE and state.seq not in archive.superseded


def _references(archive: Archive) -> list[dict[str, Any]]:
    found = []
    for state in archive.state.records:
        if state.record is None or state.body is None or not counts(archive, state):
            continue
        made = reckon.reference(str(state.record["type"]), state.body)
        if made is None:
            continue
        found.append(
            {
                "record_id": views.record_id(archive.entries[state.seq]),
                "title": str(state.body["occupation"]["name"]),
                "institution": str(state.body["institution"]["name"]),
                "ended_on": made.on,
                "hours": str(made.hours),
                "value": str(made.value),
                "formula": made.formula,
                "version": made.version,
                "hours_per_credit": str(made.hours_per_credit),
                "digits": made.digits,
                "rounding": made.rounding,
            }
        )
    return found
