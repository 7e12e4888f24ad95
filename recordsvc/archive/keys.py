"""Acts on issuers' keys (签名钥匙的登记、吊销、暂停、恢复): two officials, or one to stop a key at once.

Each act is an event in the log, made in the transaction of the second person's decision.
"""

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.archive import tables
from recordsvc.archive.errors import KeyEventRefused
from recordsvc.archive.keyevents import KeyAction
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.two_person import Proposal
from recordsvc.vault.jwk import public_from_jwk
from recordsvc.vault.verifiers import BadSignature

if TYPE_CHECKING:
    from recordsvc.house import House

REGISTER: Final = "issuer-key.register"
REVOKE: Final = "issuer-key.revoke"
LIFT: Final = "issuer-key.lift"
_DECIDERS: Final = frozenset({"registrar"})


def read_jwk(jwk: object) -> tuple[Any, str]:
    """Return (public key, kid) of a public JWK. Raises `KeyEventRefused` for anything else."""
    try:
        return public_from_jwk(jwk)
    except BadSignature as error:
        raise KeyEventRefused("不是可用的公钥 JWK", detail_en=str(error), pointer="/jwk") from None


def suspend(house: "House", issuer: str, kid: str) -> int:
    """Stop a key at once, on one official's word; the event's log index. Raises `KeyEventRefused`."""
    return int(house.db.write(lambda turn: house.issuers.change(turn, issuer, kid, KeyAction.SUSPEND)))


def suspect(house: "House", issuer: str, kid: str, since_ms: int) -> int:
    """Flag what a key signed since a suspected compromise (UTC ms) for re-confirmation; one official."""
    return int(
        house.db.write(lambda turn: house.issuers.change(turn, issuer, kid, KeyAction.SUSPECT, since_ms))
    )


def _version(conn: Connection, subject: str, _payload: dict[str, Any]) -> str:
    """Return what a proposal about an issuer's key rests on: the issuer's number of key events."""
    issuer = subject.partition("/")[0]
    query = sa.select(tables.issuer.c.version).where(tables.issuer.c.issuer == issuer)
    return str(conn.execute(query).scalar() or 0)


@two_person.executor(REGISTER, deciders=_DECIDERS)
def _register(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter a new key; payload: issuer, jwk (public), not_before_ms, not_after_ms or null."""
    public, kid = read_jwk(payload["jwk"])
    house: House = proposal.tools
    not_before = payload.get("not_before_ms")
    return house.issuers.register(
        turn,
        payload["issuer"],
        kid,
        public,
        turn.now_ms if not_before is None else not_before,
        payload.get("not_after_ms"),
    )


@two_person.executor(REVOKE, deciders=_DECIDERS, basis=_version)
def _revoke(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """End a key for good; payload: issuer, kid."""
    house: House = proposal.tools
    return house.issuers.change(turn, payload["issuer"], payload["kid"], KeyAction.REVOKE)


@two_person.executor(LIFT, deciders=_DECIDERS, basis=_version)
def _lift(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Put a suspended key in force again; payload: issuer, kid."""
    house: House = proposal.tools
    return house.issuers.change(turn, payload["issuer"], payload["kid"], KeyAction.LIFT)
