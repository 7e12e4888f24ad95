"""Numbers, names and cards of a person as they are told (号码与卡一览): whole to their owner, else masked."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from recordsvc.archive import restricted
from recordsvc.ground.ports import beijing_date
from recordsvc.people import cards, identifiers, numbers
from recordsvc.people.numbers import Known
from recordsvc.people.resolve import CARD, CHIP, NAME

if TYPE_CHECKING:
    from recordsvc.house import House

Mask = Callable[[str], str]


def whole(value: str) -> str:
    """Return the number as it is, for its owner."""
    return value


def masked(value: str) -> str:
    """Return the number's last four characters."""
    return identifiers.mask(value)


def told(house: "House", found: Sequence[Known], mask: Mask) -> dict[str, Any]:
    """Return what is known of a person; names are whole, chip codes are told by their card."""
    today = beijing_date(house.clock.now_ms()).isoformat()
    own = [one for one in found if one.kind not in (NAME, CARD, CHIP)]
    return {
        "names": [_number(one, whole) for one in found if one.kind == NAME],
        "numbers": [_number(one, mask) for one in own],
        "cards": [_card(one, mask, today) for one in sorted(found, key=_since) if one.kind == CARD],
    }


def known(house: "House", worker_id: bytes) -> list[Known]:
    """Return by what a person is known, to be told. Raises `ArchiveRestricted`."""
    with house.db.read_raw() as cursor:
        restricted.refuse(house, cursor, worker_id)
        return numbers.known(house, cursor, worker_id)


def asked(house: "House", worker_id: bytes) -> list[dict[str, Any]]:
    """Return what is proposed about a person, masked; a name is whole."""
    with house.db.read() as conn:
        found = numbers.asked(house, conn, worker_id)
    return [
        {
            "proposal_id": one.proposal.id,
            "act": one.proposal.kind,
            "kind": one.kind,
            "value": one.value if one.kind == NAME else masked(one.value) if one.value else "",
            "ground": one.proposal.payload["ground"],
            "text": one.proposal.payload["text"],
            "proposed_by": one.proposal.proposed_by,
        }
        for one in found
    ]


def _number(one: Known, mask: Mask) -> dict[str, Any]:
    return {
        "identifier_id": one.identifier_id,
        "kind": one.kind,
        "value": mask(one.value),
        "standing": one.standing,
        "asserted_ms": one.asserted_ms,
        "source": one.source,
    }


def _since(one: Known) -> str:
    """Return the first day anything is known of, so that cards stand in the order of their lives."""
    return min((event.on for event in one.events), default="")


def _card(one: Known, mask: Mask, today: str) -> dict[str, Any]:
    state = cards.card_state(one.events, today)
    standing = {event.n for event in cards.standing_events(one.events)}
    return {
        "identifier_id": one.identifier_id,
        "number": mask(one.value),
        "standing": one.standing,
        "area": state.area or one.area,
        "source": one.source,
        "today": {"social": state.social, "bank": state.bank, "replaced_on": state.replaced_on},
        "events": [
            {
                "n": event.n,
                "on": event.on,
                "what": event.what,
                "source": event.source,
                "withdrawn": event.what != cards.WITHDRAWN and event.n not in standing,
            }
            for event in one.events
        ],
    }
