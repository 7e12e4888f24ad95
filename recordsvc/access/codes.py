"""One-time login codes (一次性登录码): how officials sign in until an identity provider is connected.

A command on the server prints the code, an administrator hands it over. It is 60 random bits, lives ten
minutes and works once. The database holds its HMAC under a key of the vault: who reads the table cannot try
codes against it. Wrong attempts do not end it, or anybody could end anybody's; they slow down (`backoff.py`).
"""

import hmac
from typing import Final

from recordsvc.access.tables import login_code
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Random
from recordsvc.vault.keystore import KeyStore

LIFE_MS: Final = 10 * 60_000
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's: no I, L, O, U, so that nothing is misread aloud."""


def letters(random: Random, count: int) -> str:
    """Return random letters and digits in groups of four; each holds 5 bits."""
    made = [_ALPHABET[byte & 31] for byte in random.bytes(count)]
    return "-".join("".join(made[at : at + 4]) for at in range(0, count, 4))


def normal(typed: str) -> str:
    """Return a code as it was made, without groups, from how people type it."""
    plain = typed.upper().replace("-", "").replace(" ", "").replace("O", "0")
    return plain.replace("I", "1").replace("L", "1")


def create(turn: Turn, keys: KeyStore, random: Random, official_id: str) -> str:
    """Make a code (XXXX-XXXX-XXXX) for a known official; an earlier one ends."""
    code = letters(random, 12)
    turn.conn.execute(login_code.delete().where(login_code.c.official_id == official_id))
    turn.conn.execute(
        login_code.insert().values(
            official_id=official_id,
            digest=_digest(keys, official_id, code),
            expires_ms=turn.now_ms + LIFE_MS,
        )
    )
    return code


def spend(turn: Turn, keys: KeyStore, official_id: str, code: str) -> bool:
    """Use a code; True exactly once per code.

    Never raises for a wrong code: an unknown account must look the same.
    """
    given = _digest(keys, official_id, code)
    mine = login_code.c.official_id == official_id
    row = turn.conn.execute(login_code.select().where(mine)).one_or_none()
    expected = row.digest if row is not None else bytes(32)
    good = hmac.compare_digest(given, expected) and row is not None and turn.now_ms < row.expires_ms
    # Two requests with one code: only one of them deletes the row.
    return good and turn.conn.execute(login_code.delete().where(mine)).rowcount == 1


def _digest(keys: KeyStore, official_id: str, code: str) -> bytes:
    return keys.hmac("login", b"code/1\0" + official_id.encode() + b"\0" + normal(code).encode())
