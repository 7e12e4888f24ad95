"""Acts on issuers' keys (签名钥匙的登记、吊销、暂停、恢复): two officials, or one to stop a key at once.

Each act is an event in the log, made in the transaction of the second person's decision, or of the row that
names the one official (`official_act`). The region's own key takes two in every case: without it no worker
can say anything, and no release can be stated.
"""

from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import acts
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.grants import Actor
from recordsvc.archive import notices, tables
from recordsvc.archive.errors import KeyEventRefused
from recordsvc.archive.keyevents import KeyAction, KeyEvent, KeyState
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.two_person import Proposal, StaleProposal
from recordsvc.vault.jwk import public_from_jwk
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import BadSignature

if TYPE_CHECKING:
    from recordsvc.house import House

REGISTER: Final = "issuer-key.register"
REVOKE: Final = "issuer-key.revoke"
LIFT: Final = "issuer-key.lift"
SUSPEND: Final = "issuer-key.suspend"
SUSPECT: Final = "issuer-key.suspect"
RETIRE: Final = "institution.retire-keys"
_DECIDERS: Final = frozenset({"registrar"})


def read_jwk(jwk: object) -> tuple[Any, str]:
    """Return (public key, kid) of a public JWK. Raises `KeyEventRefused` for anything else."""
    try:
        return public_from_jwk(jwk)
    except BadSignature as error:
        raise KeyEventRefused("不是可用的公钥 JWK", detail_en=str(error), pointer="/jwk") from None


def suspend(house: "House", issuer: str, kid: str, who: Actor, reason: str) -> int:
    """Stop a key at once, on one official's word; the event's log index. Raises `KeyEventRefused`."""
    _check_not_region(house, issuer)

    def act(turn: Turn) -> int:
        index = _suspend(house, turn, issuer, kid)
        acts.note(turn, house.random, OfficialAct(who, Act.KEY_SUSPEND, f"{issuer}/{kid}", reason))
        return index

    return int(house.db.write(act))


def suspect(house: "House", issuer: str, kid: str, since_ms: int, who: Actor, reason: str) -> int:
    """Flag what a key signed since a suspected compromise (UTC ms) for re-confirmation; one official.

    For good: an earlier suspicion may follow, none is taken back (`keyevents.KeyHistory`). Hence the instant
    must lie in the key's own life. Raises `KeyEventRefused`.
    """
    _check_not_region(house, issuer)

    def act(turn: Turn) -> int:
        index = _suspect(house, turn, issuer, kid, since_ms)
        acts.note(turn, house.random, OfficialAct(who, Act.KEY_SUSPECT, f"{issuer}/{kid}", reason))
        return index

    return int(house.db.write(act))


def _suspend(house: "House", turn: Turn, issuer: str, kid: str) -> int:
    index = house.issuers.change(turn, issuer, kid, KeyAction.SUSPEND)
    _tell(turn, "key-suspended", issuer, index)
    return index


def _tell(turn: Turn, kind: str, issuer: str, index: int) -> None:
    """Tell the institution whose key it is, and the registrars."""
    notices.tell_institution(turn, issuer, kind, {"index": index}, f"log/{index}")
    notices.tell_desk(turn, "desk:registrar", kind, {"index": index, "issuer": issuer}, f"log/{index}")


def _suspect(house: "House", turn: Turn, issuer: str, kid: str, since_ms: int) -> int:
    registered_ms = _registered_ms(house, turn, issuer, kid)
    if not registered_ms <= since_ms <= turn.now_ms:
        raise KeyEventRefused(
            f"起算时间应在钥匙登记（{registered_ms}）之后、此刻（{turn.now_ms}）之前",
            detail_en="since_ms lies before the key's registration or in the future",
            pointer="/since_ms",
        )
    return house.issuers.change(turn, issuer, kid, KeyAction.SUSPECT, since_ms)


def _registered_ms(house: "House", turn: Turn, issuer: str, kid: str) -> int:
    """Return when (UTC ms) the log took the key. Raises `KeyEventRefused` for an unknown one."""
    life = house.issuers.history(turn, issuer).keys.get(kid)
    if life is None:
        raise KeyEventRefused
    own = tables.issuer_key_event.c
    query = sa.select(own.data).where(own.issuer == issuer, own.idx == life.states[0][0])
    return KeyEvent.unpack(turn.conn.execute(query).scalar_one()).ms


def _check_not_region(house: "House", issuer: str) -> None:
    if issuer == house.settings.region:
        raise KeyEventRefused(
            "登记机关自己的钥匙须两人办理", detail_en="the region's own key takes two officials"
        )


def _version(conn: Connection, subject: str, _payload: dict[str, Any]) -> str:
    """Return what a proposal about an issuer's key rests on: the issuer's number of key events."""
    issuer = subject.partition("/")[0]
    query = sa.select(tables.issuer.c.version).where(tables.issuer.c.issuer == issuer)
    return str(conn.execute(query).scalar() or 0)


@two_person.executor(REGISTER, deciders=_DECIDERS)
def _register(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Enter a new key; payload: issuer, jwk (public), not_before_ms, not_after_ms or null."""
    house: House = proposal.tools
    return house.issuers.register(turn, *_new_key(turn, payload))


def propose_key(turn: Turn, house: "House", payload: dict[str, Any], by: str) -> bytes:
    """Propose a new key as `_register` takes it. Raises `KeyEventRefused` if it could not enter now."""
    house.issuers.new_life(turn, *_new_key(turn, payload))
    return two_person.propose(turn, REGISTER, payload["issuer"], payload, by)


def _new_key(turn: Turn, payload: dict[str, Any]) -> tuple[str, str, PublicKey, int, int | None]:
    """Return issuer, kid, public key, beginning and end (UTC ms; None: no end) of the key in a payload."""
    public, kid = read_jwk(payload["jwk"])
    begins = payload.get("not_before_ms")
    begins_ms = turn.now_ms if begins is None else begins
    return payload["issuer"], kid, public, begins_ms, payload.get("not_after_ms")


@two_person.executor(REVOKE, deciders=_DECIDERS, basis=_version)
def _revoke(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """End a key for good; payload: issuer, kid."""
    house: House = proposal.tools
    index = house.issuers.change(turn, payload["issuer"], payload["kid"], KeyAction.REVOKE)
    _tell(turn, "key-revoked", payload["issuer"], index)
    return index


@two_person.executor(LIFT, deciders=_DECIDERS, basis=_version)
def _lift(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Put a suspended key in force again; payload: issuer, kid."""
    house: House = proposal.tools
    return house.issuers.change(turn, payload["issuer"], payload["kid"], KeyAction.LIFT)


@two_person.executor(SUSPEND, deciders=_DECIDERS, basis=_version)
def _suspend_region(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Stop a key on two people's word, as the region's own; payload: issuer, kid."""
    return _suspend(proposal.tools, turn, payload["issuer"], payload["kid"])


@two_person.executor(SUSPECT, deciders=_DECIDERS, basis=_version)
def _suspect_region(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Flag a key on two people's word, as the region's own; payload: issuer, kid, since_ms (UTC)."""
    return _suspect(proposal.tools, turn, payload["issuer"], payload["kid"], payload["since_ms"])


# -- an institution that is closed


def propose_retirement(turn: Turn, house: "House", issuer: str, reason: str, by: str) -> bytes:
    """Propose to revoke all remaining keys of a closed institution. Raises `KeyEventRefused`.

    What they signed before keeps verifying: a key is judged at the place of the entry.
    """
    if not _closed(house, turn, issuer):
        raise KeyEventRefused("该机构没有停办或注销的登记", detail_en="the institution is not closed")
    if not _remaining(house, turn, issuer):
        raise KeyEventRefused("该机构的钥匙已全部吊销", detail_en="all its keys are revoked")
    return two_person.propose(turn, RETIRE, issuer, {"issuer": issuer, "reason": reason}, by)


@two_person.executor(RETIRE, deciders=_DECIDERS, basis=_version)
def _retire(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Revoke what keys are left; how many. Its right to correct is the region's from then on."""
    house: House = proposal.tools
    issuer = payload["issuer"]
    if not _closed(house, turn, issuer):
        raise StaleProposal
    remaining = _remaining(house, turn, issuer)
    for kid in remaining:
        _tell(turn, "key-revoked", issuer, house.issuers.change(turn, issuer, kid, KeyAction.REVOKE))
    return len(remaining)


def _closed(house: "House", turn: Turn, issuer: str) -> bool:
    institution = house.institutions.find(issuer, turn.conn)
    today = beijing_date(turn.now_ms).isoformat()
    return institution is not None and institution.closed_on(today) is not None


def _remaining(house: "House", turn: Turn, issuer: str) -> list[str]:
    keys = house.issuers.history(turn, issuer).keys
    return [kid for kid, life in keys.items() if life.states[-1][1] is not KeyState.REVOKED]
