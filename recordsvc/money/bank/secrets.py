"""What the bank's room keeps sealed (密存): payees' accounts and files, each under a key of its own.

The row that a secret belongs to holds a digest of it: what is opened is what was put there.
"""

import hashlib
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.money.bank.tables import bank_secret
from recordsvc.vault import fence
from recordsvc.vault.envelope import DataKeys, SealError

if TYPE_CHECKING:
    from recordsvc.house import House

MASTER: Final = "holding"
_LABEL: Final = b"bank-secret/v1"


def keep(turn: Turn, house: "House", secret_id: bytes, content: bytes) -> None:
    """Seal content under the id of its row. Raises `KeysMoved`."""
    fence.hold(turn, house.db, house.keys.epoch)
    wrapped, key = DataKeys(house.keys, house.random.bytes).new(secret_id, MASTER)
    sealed = bytes([len(wrapped)]) + wrapped + key.seal(content, _LABEL + secret_id)
    turn.conn.execute(bank_secret.insert().values(secret_id=secret_id, sealed=sealed))


def opened(house: "House", conn: Connection, secret_id: bytes) -> bytes:
    """Return what is sealed under an id. Raises `SealError`: changed, or destroyed."""
    query = sa.select(bank_secret.c.sealed).where(bank_secret.c.secret_id == secret_id)
    sealed = conn.execute(query).scalar_one_or_none()
    if sealed is None:
        raise SealError("a secret of the bank's room is gone")
    return unsealed(house, secret_id, bytes(sealed))


def unsealed(house: "House", secret_id: bytes, sealed: bytes) -> bytes:
    """Return the content of a stored secret. Raises `SealError`."""
    size = 1 + (sealed[0] if sealed else 0)
    key = DataKeys(house.keys).get(secret_id, sealed[1:size], MASTER)
    return key.open(sealed[size:], _LABEL + secret_id)


def digest(content: bytes) -> bytes:
    """Return what a row says of its secret."""
    return hashlib.sha256(content).digest()
