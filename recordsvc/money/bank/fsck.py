"""Check what the bank's room keeps sealed (银行密存核验): each secret opens and is what its row says.

The rows themselves are bound, and held against their chain with all others.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import sqlalchemy as sa

from recordsvc.ground.finding import Progress, Snapshot, Wrong, at, count, scan
from recordsvc.money.bank import secrets
from recordsvc.money.bank.tables import bank_file, bank_secret, payee_account, payment_batch
from recordsvc.vault.envelope import SealError

if TYPE_CHECKING:
    from recordsvc.house import House

EVERY = 1_000


class BankCheck:
    """One check on one snapshot; `counts` is filled while it runs."""

    def __init__(self, house: "House", snapshot: Snapshot) -> None:
        """Believe the key store alone."""
        self._house, self._snapshot = house, snapshot
        self.counts: dict[str, int] = {}

    def run(self, progress: Progress) -> None:
        """Raise `Wrong` at the first secret that is gone, changed, or nobody's."""
        done = 0
        for done, (secret_id, digest, sealed) in enumerate(self._secrets(), 1):
            where = at(bank_secret, "sealed", secret_id=secret_id)
            if sealed is None:
                raise Wrong(where, "密存缺失", "the secret is gone")
            try:
                content = secrets.unsealed(self._house, secret_id, sealed)
            except (SealError, IndexError):
                raise Wrong(
                    where, "密存打不开：被改，或属于别的行", "it does not open: changed, or another's"
                ) from None
            if secrets.digest(content) != digest:
                raise Wrong(where, "密存与其行所记摘要不符", "it is not what its row says")
            if done % EVERY == 0:
                progress("bank secrets", done)
        if count(self._snapshot, bank_secret) != done:
            raise Wrong(at(bank_secret, "secret_id"), "有不属于任何行的密存", "a secret of no row")
        self.counts["bank secrets"] = done

    def _secrets(self) -> Iterator[tuple[bytes, bytes, bytes | None]]:
        kept = bank_secret.c
        for table, digest in (
            (payee_account, payee_account.c.digest),
            (payment_batch, payment_batch.c.sha256),
            (bank_file, bank_file.c.sha256),
        ):
            key = next(iter(table.primary_key.columns))
            joined = sa.outerjoin(table, bank_secret, kept.secret_id == key)
            for row in scan(self._snapshot, [key, digest, kept.sealed], source=joined):
                yield row[0], row[1], row[2]
