"""Where an account's files go and come from: its drop folder below `bank_dir`."""

from typing import TYPE_CHECKING

from recordsvc.money.bank.folder import Exchange, Folder

if TYPE_CHECKING:
    from recordsvc.house import House


def exchange(house: "House", account: str) -> Exchange:
    """Return the exchange of one account."""
    return Folder(house.settings.bank_folder / account)
