"""Activation (激活): a code handed over in person, with which a worker comes in and sets up a way in.

An official who saw card and document together makes it; it is 120 random bits, holds 72 hours, works once,
and ends the one before. Who has lost a device gets a new one, and everything earlier ends. It lets in and
proves nothing else: what asks for a fresh proof wants a way of the worker's own first (`Actor.handed`).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from recordsvc.access import (
    acts,
    areas,
    codes,
    credentials,
    looked,
    names,
    own_attempts,
    recusals,
    shown_card,
)
from recordsvc.access.acts import Act, OfficialAct
from recordsvc.access.credential_tables import activation
from recordsvc.access.credentials import Holder
from recordsvc.access.errors import ActivationUnmatched, Recused
from recordsvc.access.grants import Actor, Kind, can
from recordsvc.access.looked import Look
from recordsvc.access.sessions import end_uncarried
from recordsvc.access.tables import session
from recordsvc.ground.commit import Turn
from recordsvc.people import merges
from recordsvc.people.checks import IdentifierError
from recordsvc.people.reading import read_person
from recordsvc.people.workers import Worker
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

LIFE_MS: Final = 72 * 3_600_000
_LETTERS: Final = 24
"""5 bits each: 120."""


@dataclass(frozen=True, slots=True)
class Papers:
    """What lies before the official: a document with its number and name, and a card."""

    document: str
    number: str
    name: str
    card: str


@dataclass(frozen=True, slots=True)
class Why:
    """For which purpose (code of `lookup_purposes`) and case; `lost` ends every earlier way in."""

    purpose: str
    case_ref: str
    lost: bool = False
    request_id: str = ""


@dataclass(frozen=True, slots=True)
class Slip:
    """What the worker is handed: account name, code (24 letters in groups), until when (UTC ms)."""

    account: str
    code: str
    expires_ms: int


def hand_over(house: "House", papers: Papers, why: Why, who: Actor) -> Slip:
    """Make an activation code for the worker whose card and document these are; both leave their rows.

    Raises `ActivationUnmatched` where they are not one known person's, where the card was reported lost or
    has ended, for somebody of another area and whom the case is not about; `PurposeRefused`, also where the
    purpose serves nobody at the window; `CaseUnknown`, `Recused`.
    """
    looked.judge_at_window(house.db, who, why.purpose, why.case_ref)
    worker_id = _whose(house, papers)
    refused = OfficialAct(who, Act.ACTIVATE_REFUSED, papers.document, why.purpose, why.case_ref)
    if worker_id is None:
        acts.record(house.db, house.random, refused)
        raise ActivationUnmatched
    with house.db.read() as conn:
        thing = areas.person(conn, worker_id)
    parties = thing.parties
    own_attempts.tell(house, who, parties)
    if not can(who, "login.activate", thing):
        acts.record(house.db, house.random, refused)
        raise ActivationUnmatched
    if recusals.recused(who, parties):
        acts.record(house.db, house.random, refused)
        raise Recused
    with house.db.read() as conn:
        whole = merges.person_id(conn, worker_id)
    look = Look(whole, who, why.purpose, "identity", why.case_ref, why.request_id)
    if looked.foreign(house, look):
        # Their row is the trace; a second commit would be told by its time.
        raise ActivationUnmatched

    def act(turn: Turn) -> Slip:
        person = credentials.worker(merges.person_id(turn.conn, worker_id))
        looked.note(turn, house, replace(look, worker_id=person.worker_id))
        done = Act.ACTIVATE_LOST if why.lost else Act.ACTIVATE
        acts.note(turn, house.random, OfficialAct(who, done, person.id, why.purpose, why.case_ref))
        if why.lost:
            end_everything(turn, house, person, why.request_id or why.case_ref)
        account = names.given(turn, house, person.worker_id)
        by = f"{who.kind}:{who.id}"
        return Slip(account, make(turn, house, person, by), turn.now_ms + LIFE_MS)

    return house.db.write(act)


def make(turn: Turn, house: "House", holder: Holder, by: str) -> str:
    """Make a code in place of an earlier one; returns it once and keeps its HMAC."""
    turn.conn.execute(activation.delete().where(activation.c.expires_ms <= turn.now_ms))
    mine = (activation.c.actor_kind == holder.kind, activation.c.actor_id == holder.id)
    turn.conn.execute(activation.delete().where(*mine))
    code = codes.letters(house.random, _LETTERS)
    row = {
        "digest": _digest(house.keys, code),
        "actor_kind": holder.kind,
        "actor_id": holder.id,
        "expires_ms": turn.now_ms + LIFE_MS,
        "made_by": by[:80],
    }
    turn.conn.execute(activation.insert().values(**row))
    return code


def spend(turn: Turn, keys: KeyStore, code: str) -> Holder | None:
    """Use a code; whose it was, exactly once per code."""
    mine = activation.c.digest == _digest(keys, code)
    row = turn.conn.execute(activation.select().where(mine)).one_or_none()
    if row is None or row.expires_ms <= turn.now_ms:
        return None
    gone = turn.conn.execute(activation.delete().where(mine)).rowcount == 1
    return Holder(Kind(row.actor_kind), row.actor_id) if gone else None


def end_everything(turn: Turn, house: "House", holder: Holder, key: str) -> None:
    """End every way in and every session of a person (a lost phone), and tell them."""
    credentials.end_all(turn, holder)
    for one in credentials.holders(turn.conn, holder):
        mine = (session.c.actor_kind == one.kind, session.c.actor_id == one.id)
        turn.conn.execute(session.delete().where(*mine))
    end_uncarried(turn)
    house.tell(turn, holder, "sessions-ended", key)


def _whose(house: "House", papers: Papers) -> bytes | None:
    """Return the worker whose document, name and card these are, if they are one person's."""
    said = {"document": papers.document, "number": papers.number.strip().upper(), "name": papers.name}
    try:
        person, _warnings = read_person(said, house.clock.now_ms())
    except IdentifierError:
        return None
    with house.db.read_raw() as cursor:
        found = house.people.resolve(cursor, [person], "activation")[0]
    # Version 0 is a worker that a record would create; nobody is created here.
    if not isinstance(found, Worker) or found.version == 0:
        return None
    card = papers.card.strip().upper()
    of_card = house.people.find("card", card)
    if of_card is None:
        return None
    with house.db.read() as conn:
        person_id = merges.person_id(conn, found.worker_id)
        same = merges.person_id(conn, of_card) == person_id
        return found.worker_id if same and shown_card.shows(house, conn, person_id, card) else None


def _digest(keys: KeyStore, code: str) -> bytes:
    return keys.hmac("login", b"activation/1\0" + codes.normal(code).encode())
