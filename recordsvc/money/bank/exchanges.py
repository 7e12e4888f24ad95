"""Where an account's files go and come from: its drop folder below `bank_dir`, or its bank's SFTP server."""

from pathlib import Path
from typing import TYPE_CHECKING

from recordsvc.money.bank import sftp
from recordsvc.money.bank.folder import Exchange, Folder

if TYPE_CHECKING:
    from recordsvc.house import House


def servers(house: "House") -> dict[str, sftp.Server]:
    """Return the accounts that are exchanged with a server. Raises `SftpUnfit`."""
    listed = house.settings.bank_sftp
    # Read each time: a changed key or server counts from the next run on, without a restart.
    return sftp.servers(Path(listed)) if listed else {}


def exchange(house: "House", account: str) -> Exchange:
    """Return the exchange of one account. Raises `SftpUnfit`."""
    server = servers(house).get(account)
    return Folder(house.settings.bank_folder / account) if server is None else sftp.Sftp(server)
