"""What a move is about, on its page (移动记录的复核): the record in words, and both persons masked.

Who decides sees whose record it is and to whom it would go, and nothing else of either archive. Each showing
leaves a row at both persons, for the purpose of whoever reviews a proposal and with it as the case.
"""

import uuid
from dataclasses import dataclass

from recordsvc.access import deciding
from recordsvc.access.grants import Actor
from recordsvc.archive import looking, number_views
from recordsvc.archive.decided import worker_of
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.looking import Looker
from recordsvc.archive.moving import MOVE
from recordsvc.archive.proposal_papers import PURPOSE
from recordsvc.archive.reading import Reader
from recordsvc.archive.states import Life
from recordsvc.ground.http import current
from recordsvc.ground.two_person import Proposal
from recordsvc.money.claims.notices import masked
from recordsvc.people import numbers
from recordsvc.people.resolve import NAME
from recordsvc.web import words
from recordsvc.web.cards import Card
from recordsvc.web.numbers import kind_word
from recordsvc.web.services import dealer, house
from recordsvc.web.words import Line
from recordsvc.web.worker_routes import card_of


@dataclass(frozen=True, slots=True)
class Person:
    """One of the two: what the archive is of the record's, masked names and numbers."""

    label: str
    names: tuple[str, ...]
    numbers: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Moved:
    """The record and both persons."""

    card: Card
    lines: tuple[Line, ...]
    people: tuple[Person, ...]


def shown(found: Proposal, who: Actor) -> Moved | None:
    """Return what a move is about, to who may decide it and while it stands; the looks are durable before."""
    if found.kind != MOVE or not deciding.may_decide(found, who):
        return None
    wrong, right = worker_of(found.payload, "worker_id"), worker_of(found.payload, "to")
    try:
        archive = Reader(house()).archive(wrong)
        people = (_person("记录现在所在的档案", wrong), _person("要移入的档案", right))
    except ArchiveRestricted:
        return None
    state = None if archive is None else archive.state.of(int(found.payload["seq"]))
    if archive is None or state is None or state.record is None or state.life is not Life.ACTIVE:
        return None
    looker = Looker(who, PURPOSE, str(uuid.UUID(bytes=found.id)), current().id)
    looking.note(house(), looker, [wrong], "records")
    looking.note(house(), looker, [right], "identity")
    record = state.record
    told = words.lines(str(record["type"]), int(record["version"]), state.body or {})
    return Moved(card_of(archive, state, dealer()), told, people)


def _person(label: str, worker_id: bytes) -> Person:
    known = number_views.known(house(), worker_id)
    return Person(
        label,
        tuple(masked(one.value) for one in known if one.kind == NAME),
        tuple(
            (kind_word(one.kind), number_views.masked(one.value))
            for one in known
            if one.kind != NAME and one.standing == numbers.VERIFIED
        ),
    )
