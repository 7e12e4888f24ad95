"""A record that was entered for the wrong person (记到他人名下) moves in one act of two officials.

A target never crosses chains: the region revokes the record where it stands, seals it there, and states its
content, as it counted last, in the right person's chain - in one turn, so that nobody ever sees it twice or
nowhere. Where it stood, its place stays with the revocation that says why; what the record says of somebody
else is shown to nobody there (`restricting.py`), and no lifting shows it again, only another move. There
it is the region's statement, trusted less than the issuer's signature; when the issuer signs the same fact
again for the right person, that record counts instead (`facts.py`).

What may be of either of two people after a merge was undone (`strays.undecided`) may be "moved" to where it
stands: two officials decide that it stays, and nothing is entered.
"""

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy.engine import Connection

from recordsvc.archive import facts, persons, restricting, strays
from recordsvc.archive.append import DECIDED, OPEN
from recordsvc.archive.decided import decision_of, enter, record_id_of, stater_of, worker_of
from recordsvc.archive.errors import TargetUnfit, TargetUnknown
from recordsvc.archive.persons import Place
from recordsvc.archive.reading import Reader
from recordsvc.archive.retold import Retold
from recordsvc.archive.statements import Statement
from recordsvc.archive.states import MOVED, Life, RecordState
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.ground.two_person import Proposal, StaleProposal
from recordsvc.people import merges

if TYPE_CHECKING:
    from recordsvc.house import House

MOVE: Final = "record.move"
REASON: Final = MOVED
VOUCHED: Final = "bureau-vouched"
_SHUT: Final = "记录属于他人，已移入其档案；内容在这里封存"


@dataclass(frozen=True, slots=True)
class Moving:
    """Which record (and whose, where ids of several issuers are alike) goes from whom to whom, and why."""

    worker_id: bytes
    record_id: bytes
    to: bytes
    text: str
    issuer: str | None = None
    papers: tuple[str, ...] = ()
    """SHA-256 (hex) of what shows whose it is; whoever decides opens them."""


def propose_move(turn: Turn, house: "House", moving: Moving, by: str) -> bytes:
    """Propose a move. Raises `TargetUnknown`, `TargetUnfit`, `RecordAmbiguous`."""
    cursor = house.db.cursor(turn.conn)
    person = persons.read(house, moving.worker_id, cursor)
    place = None if person is None else person.find(moving.record_id, moving.issuer)
    right = house.people.load(cursor, moving.to)
    if place is None or right is None:
        raise TargetUnknown
    state = _check(
        place, moving.to, stays=strays.may_stay(house, cursor, place.archive, place.entry.stored.seq)
    )
    _tells_nothing_sealed(house, cursor, right.worker_id, state)
    if right.state != merges.OPEN:
        raise TargetUnfit("要移入的档案现状不允许收录")
    payload = {
        "worker_id": str(uuid.UUID(bytes=place.archive.worker_id)),
        "seq": place.entry.stored.seq,
        "to": str(uuid.UUID(bytes=moving.to)),
        "text": moving.text,
        "papers": list(moving.papers),
    }
    return two_person.propose(turn, MOVE, str(uuid.UUID(bytes=moving.record_id)), payload, by)


def _check(place: Place, to: bytes, *, stays: bool) -> RecordState:
    state = place.state
    if state is None or state.life is not Life.ACTIVE or state.record is None or state.body is None:
        raise TargetUnfit
    if place.archive.worker_id == to and not stays:
        raise TargetUnfit("记录已在该档案中")
    return state


def _tells_nothing_sealed(house: "House", cursor: Cursor, right: bytes, state: RecordState) -> None:
    """Refuse what would bring back a class or certificate that is restricted there, or was erased."""
    told = {**(state.record or {}), "body": state.body or {}}
    if Retold(house, cursor, [right]).reason(right, told):
        raise TargetUnfit("要移入的档案里，同一班次或证书已限制处理或已删除：先查看当时的决定，再定是否办理")


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    return merges.versions(conn, worker_of(payload, "worker_id"), worker_of(payload, "to"))


@two_person.executor(MOVE, deciders=frozenset({"reviewer", "data-officer"}), basis=_basis)
def _move(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> int:
    """Revoke here, state there; the log index of what stands there now. Of what stays: where it stands."""
    house: House = proposal.tools
    wrong, right = worker_of(payload, "worker_id"), worker_of(payload, "to")
    archive = Reader(house).archive(wrong, house.db.cursor(turn.conn))
    state = None if archive is None else archive.state.of(payload["seq"])
    if archive is None or state is None or state.record is None or state.life is not Life.ACTIVE:
        raise StaleProposal
    if wrong == right:
        return archive.entries[state.seq].stored.idx
    _tells_nothing_sealed(house, house.db.cursor(turn.conn), right, state)
    stater = stater_of(proposal)
    taken_out = Statement(
        "revocation",
        {"reason": REASON, "revokes": str(state.record["id"]), "text": payload["text"]},
        stater,
        record_id_of(house, proposal, b"revocation"),
        target=state.seq,
        # Out of the archive of somebody who died, too: whose it is goes on living.
        states=DECIDED,
    )
    said = {"effect": "restricted", "ground": REASON, "restricts": str(state.record["id"])}
    shut = Statement(
        "restriction",
        {"decision": decision_of(proposal), **said, "text": _SHUT},
        stater,
        record_id_of(house, proposal, b"restriction"),
        target=state.seq,
        states=DECIDED,
    )
    put_in = Statement(
        str(state.record["type"]),
        dict(state.body or {}),
        stater,
        record_id_of(house, proposal, b"record"),
        provenance=_provenance(house, state),
        states=OPEN,
    )
    _out, sealing, stated = enter(house, turn, [(wrong, taken_out), (wrong, shut), (right, put_in)])
    restricting.hide(house, turn, archive, state, sealing.index)
    return stated.index


def _provenance(house: "House", state: RecordState) -> dict[str, Any]:
    """Say where the content comes from. What was trusted less before is not trusted more by moving."""
    record = state.record or {}
    region, issuer = house.settings.region, str(record["issuer"])
    if issuer == region and "provenance" in record:
        return {**record["provenance"], "source": "moved"}
    trust = facts.trust_of(state, region) or VOUCHED
    told: dict[str, Any] = {
        "source": "moved",
        "trust": min(trust, VOUCHED, key=facts.TRUST.index),
        "vouched_by": _name(house, region),
    }
    if issuer != region:
        told["original"] = {"name": _name(house, issuer), "uscc": issuer}
    return told


def _name(house: "House", uscc: str) -> str:
    """Return an institution's name today, or its code where the register has none."""
    found = house.institutions.find(uscc)
    return uscc if found is None else found.name_on(beijing_date(house.clock.now_ms()).isoformat()) or uscc
