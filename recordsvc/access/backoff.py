"""Wrong attempts slow down (退避), they lock nobody out: a row for each account, known or not, and network.

An attempt is counted before it is judged and taken back when it was right, so that many at once are not all
let in. The first few wait for nothing; then the wait doubles up to the pace's longest. Passkeys and
activation codes cannot be guessed and never wait: the rightful holder always has a way in. Rows hold keyed
digests, and are forgotten after a day without an attempt.
"""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from recordsvc.access.credential_tables import login_attempt
from recordsvc.ground.commit import Turn
from recordsvc.ground.missing import insert_missing
from recordsvc.vault.keystore import KeyStore

FORGET_MS: Final = 24 * 3_600_000
_SHORTEST_MS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Pace:
    """How many attempts wait for nothing, and how long the wait grows."""

    free: int
    longest_ms: int

    def wait_ms(self, failures: int) -> int:
        """Return how long after the attempt with this number the next one is taken."""
        over = failures - self.free
        return 0 if over < 0 else min(_SHORTEST_MS << min(over, 20), self.longest_ms)


ACCOUNT: Final = Pace(5, 15 * 60_000)
NETWORK: Final = Pace(50, 60_000)
"""Wide and short: many people share an address."""


PROVIDER: Final = Pace(200, 10_000)
"""Sign-ins that went to an identity provider and did not come back: nothing is guessed there, but the
provider is asked for each."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose attempts are counted together."""

    tag: bytes
    pace: Pace


def account(keys: KeyStore, kind: str, name: str) -> Subject:
    """Return the subject of an account name, whether anybody has it or not."""
    return Subject(keys.hmac("login", f"attempt/1\0account\0{kind}\0{name}".encode()), ACCOUNT)


def network(keys: KeyStore, address: str | None, pace: Pace = NETWORK) -> Subject | None:
    """Return the subject of an address's /24 or /56; None for this machine, where a proxy may stand.

    What another pace is for is counted by itself.
    """
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return None
    if found.is_loopback:
        return None
    prefix = ipaddress.ip_network((found, 24 if found.version == 4 else 56), strict=False)
    what = "network" if pace is NETWORK else "provider"
    return Subject(keys.hmac("login", f"attempt/1\0{what}\0{prefix}".encode()), pace)


def admit(turn: Turn, subjects: Sequence[Subject]) -> int:
    """Count an attempt of all subjects and return 0; or count nothing and return the wait in ms."""
    turn.conn.execute(login_attempt.delete().where(login_attempt.c.last_ms <= turn.now_ms - FORGET_MS))
    found: list[tuple[Subject, int]] = []
    for one in subjects:
        fresh = {"subject": one.tag, "failures": 0, "last_ms": turn.now_ms, "free_ms": turn.now_ms}
        insert_missing(turn.conn, login_attempt, [fresh])
        row = turn.conn.execute(login_attempt.select().where(login_attempt.c.subject == one.tag)).one()
        if row.free_ms > turn.now_ms:
            return int(row.free_ms - turn.now_ms)
        found.append((one, row.failures))
    for one, failures in found:
        # Another process may have counted since: then it was first, and this attempt comes back later.
        mine = (login_attempt.c.subject == one.tag, login_attempt.c.failures == failures)
        values = {
            "failures": failures + 1,
            "last_ms": turn.now_ms,
            "free_ms": turn.now_ms + one.pace.wait_ms(failures + 1),
        }
        if turn.conn.execute(login_attempt.update().where(*mine).values(**values)).rowcount != 1:
            return _SHORTEST_MS
    return 0


def forgive(turn: Turn, subjects: Sequence[Subject]) -> None:
    """Take a right attempt back: the account's count is gone, the network's is what it was before."""
    for one in subjects:
        mine = login_attempt.c.subject == one.tag
        if one.pace is ACCOUNT:
            turn.conn.execute(login_attempt.delete().where(mine))
            continue
        less = {"failures": login_attempt.c.failures - 1, "free_ms": turn.now_ms}
        turn.conn.execute(login_attempt.update().where(mine, login_attempt.c.failures > 0).values(**less))
