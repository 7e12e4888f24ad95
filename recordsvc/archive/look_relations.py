"""What gives somebody a reason to look (查阅的业务关系): a case, a proposal, a letter, a record of their own.

Who looks in order to act does so before the act is there, so each is asked some time after the look
(`relation-minutes` of `lookup_alarms`) and holds when it stood at the look or came within that time.
Claims are registered in `House.look_relations` by the room that has them.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc import dated
from recordsvc.access import in_place
from recordsvc.access.consent_tables import consent_event
from recordsvc.access.consents import Event
from recordsvc.access.grants import Kind, Way
from recordsvc.access.looked import HELD
from recordsvc.access.tables import client, official_act
from recordsvc.archive import tables
from recordsvc.archive.case_finders import record_of
from recordsvc.archive.copies import LIFE_MS, SORTS
from recordsvc.archive.notices import Telling, recipient_of
from recordsvc.archive.slip_tables import slip_check
from recordsvc.ground import two_person
from recordsvc.ground.outbox import outbox
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House

RULES: Final = "lookup_alarms"
PACKS: Final = "audit.pack"
"""Kind of the proposals that list workers without being about any of them."""
DEALING: Final = "record-held"
"""Purpose (`lookup_purposes`) of dealing with what waits."""
PACK_FIELDS: Final = "audit-pack"
"""What the rows of a fetched pack name: two people decided them, so that they are no pattern."""
_MINUTE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class Looked:
    """A look at its place in the who-looked log."""

    idx: int
    worker_id: bytes
    at_ms: int
    actor_kind: str
    actor_id: str
    purpose: str
    fields: str
    request_id: str


Relation = Callable[["House", Connection, Looked], bool]
"""Port: whether the looker has to do with the worker. The room with claims registers its own."""


def patience_ms(at_ms: int) -> int:
    """Return how long after a look what it was for may come, by the rule of its day."""
    day = beijing_date(at_ms).isoformat()
    return int(dated.rule(RULES, "relation-minutes", day)["value"]) * _MINUTE_MS


def contested(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether a case of this worker was open, which officials handle, and the issuer it is against."""
    own = tables.dispute.c
    query = sa.select(own.dispute_id).where(
        own.worker_id == look.worker_id,
        own.opened_ms <= look.at_ms,
        sa.or_(own.closed_ms.is_(None), own.closed_ms >= look.at_ms),
    )
    if look.actor_kind == Kind.CLIENT:
        query = query.where(own.issuer == _institution(look))
    return look.actor_kind in (Kind.CLIENT, Kind.OFFICIAL) and _any(conn, query)


def proposed(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether something was before two officials naming this worker: a release, too.

    What was withdrawn is nothing, and what the looker proposed counts once another has decided it: nobody
    explains a look by themselves.
    """
    if look.actor_kind != Kind.OFFICIAL:
        return False
    own, name = two_person.proposal.c, str(uuid.UUID(bytes=look.worker_id))
    query = sa.select(own.id).where(
        # Ids are in the order of time: of what is older nothing can be decided any more.
        own.id >= _first_id(look.at_ms - two_person.LIFE_MS),
        own.proposed_ms <= look.at_ms + patience_ms(look.at_ms),
        sa.or_(own.closed_ms.is_(None), own.closed_ms >= look.at_ms),
        own.kind != PACKS,
        own.state != "withdrawn",
        sa.or_(own.proposed_by != _by(look), own.decided_by != _by(look)),
        sa.or_(own.subject == name, own.payload.contains(name)),
    )
    return _any(conn, query)


def copy_decided(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether a close relative, or who demands one by law, may have a copy of this archive."""
    if look.actor_kind != Kind.OFFICIAL:
        return False
    own = two_person.proposal.c
    query = sa.select(own.id).where(
        own.id >= _first_id(look.at_ms - LIFE_MS - two_person.LIFE_MS),
        own.kind.in_(SORTS),
        own.state == "done",
        own.subject == str(uuid.UUID(bytes=look.worker_id)),
        own.closed_ms >= look.at_ms - LIFE_MS,
    )
    return _any(conn, query)


def acted(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether this official did something for the worker alone: a code handed over, an archive sealed.

    A paper they filed is none: whoever looks could always file one.
    """
    if look.actor_kind != Kind.OFFICIAL:
        return False
    own, until = official_act.c, look.at_ms + patience_ms(look.at_ms)
    done = sa.select(own.id).where(
        own.id >= _first_id(look.at_ms),
        own.id < _first_id(until),
        own.actor == _by(look),
        own.subject == str(uuid.UUID(bytes=look.worker_id)),
        own.act.in_(_DONE),
    )
    return _any(conn, done)


_DONE: Final = ("login.activate", "login.activate-lost", "archive.restrict", "held.return")
"""Acts on a worker, or on a held record that was opened; that nothing was found is none."""


def written_to(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether the look confirmed a card, or a letter waited for the printer.

    Other notices are no reason: who files a paper or states a division has the worker told, too. A letter
    shows name and address, so that it is no reason to read records.
    """
    if look.actor_kind != Kind.OFFICIAL:
        return False
    notice, own = tables.notice.c, outbox.c
    confirmed = Telling(look.worker_id, "card-confirmed", {}, f"card/{look.request_id}").notice_id
    told = sa.select(notice.notice_id).where(
        notice.worker_id == look.worker_id, notice.notice_id == confirmed, notice.at_ms == look.at_ms
    )
    letter = sa.select(own.id).where(
        own.recipient == recipient_of(look.worker_id),
        own.state.in_(("print", "printed")),
        own.put_ms <= look.at_ms,
        sa.or_(own.done_ms.is_(None), own.done_ms >= look.at_ms),
    )
    return _any(conn, told) or (look.fields == "identity" and _any(conn, letter))


def recorded(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether a machine's institution has a record in this archive."""
    if look.actor_kind != Kind.CLIENT:
        return False
    institution = conn.execute(sa.select(_institution(look))).scalar()
    return institution is not None and record_of(conn, look.worker_id, institution)


def served(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether the looker stood in the worker's place then: at the window, or as a helper."""
    way = _WAYS.get(look.actor_kind)
    return way is not None and in_place.serves(conn, look.worker_id, way, look.actor_id, look.at_ms)


_WAYS: Final = {str(Kind.OFFICIAL): Way.WINDOW, str(Kind.WORKER): Way.HELPER}


def consented(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether the look is the use of a consent of this worker: both are rows of one transaction."""
    own = consent_event.c
    query = sa.select(own.n).where(
        own.worker_id == look.worker_id, own.event == Event.USE, own.at_ms == look.at_ms
    )
    return look.actor_kind in (Kind.CLIENT, Kind.STAFF, Kind.ANYONE) and _any(conn, query)


def compared(_house: "House", conn: Connection, look: Looked) -> bool:
    """Tell whether a signed slip of this worker's waited to be compared, which another had taken."""
    own = slip_check.c
    query = sa.select(own.paper_id).where(
        own.worker_id == look.worker_id,
        own.used_ms <= look.at_ms,
        own.used_by != _by(look),
        sa.or_(own.checked_ms.is_(None), own.checked_ms >= look.at_ms),
    )
    return look.actor_kind == Kind.OFFICIAL and _any(conn, query)


def waited(_house: "House", _conn: Connection, look: Looked) -> bool:
    """Tell whether a record was opened that waited for an official, in order to deal with it.

    For another purpose it takes another relation: two who released it (`proposed`, by its id), or a return.
    """
    return look.actor_kind == Kind.OFFICIAL and look.fields == HELD and look.purpose == DEALING


RELATIONS: Final[tuple[Relation, ...]] = (
    waited,
    consented,
    contested,
    proposed,
    copy_decided,
    acted,
    written_to,
    recorded,
    served,
    compared,
)


def _institution(look: Looked) -> sa.ScalarSelect[str]:
    return sa.select(client.c.institution).where(client.c.client_id == look.actor_id).scalar_subquery()


def _by(look: Looked) -> str:
    return f"{look.actor_kind}:{look.actor_id}"


def _first_id(at_ms: int) -> bytes:
    """Return what no id (UUIDv7) of an earlier instant reaches."""
    return max(at_ms, 0).to_bytes(6, "big") + bytes(10)


def _any(conn: Connection, query: sa.Select[tuple[bytes]] | sa.Select[tuple[int]]) -> bool:
    return conn.execute(query.limit(1)).first() is not None
