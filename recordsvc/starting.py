"""What must be true before the first request: right installation, fit database, a log that lost nothing."""

from typing import TYPE_CHECKING

from recordsvc import anchor, erasures, genesis
from recordsvc.house import open_house
from recordsvc.money.rules import book
from recordsvc.witnesses import Witnesses

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.settings import Settings


def check(house: "House") -> None:
    """Refuse to start on what cannot keep the service's promises.

    Raises `DatabaseUnfit`, `genesis.NotThisInstallation`, `anchor.DatabaseBehind`, `anchor.AnchorForeign`,
    `ErasureUndone`, `WitnessForgot`, `RuleAltered`.
    """
    house.db.assert_fit()
    genesis.check(house)
    anchor.check_start(house)
    erasures.check(house)
    Witnesses(house).check()
    book.check_start(house.db)


def open_checked(settings: "Settings") -> "House":
    """Open a house that may be written to: every process that appends begins here or in `create_app`."""
    house = open_house(settings)
    try:
        check(house)
    except BaseException:
        house.close()
        raise
    return house
