"""What judging a submission needs to know (判断依据), asked of one snapshot in one go.

Register versions, record ids that stand or wait, how much waits, and whose the numbers are that the records
name: each is one indexed look-up, and on PostgreSQL all of them are one round trip. That persons are looked
up here and judged later makes no difference to anybody outside: a row that is refused never comes to its
person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recordsvc import dated
from recordsvc.archive import store
from recordsvc.archive.issuers import IssuerState
from recordsvc.archive.rows import Row, readable
from recordsvc.bodies.institutions import Institution
from recordsvc.ground import versions
from recordsvc.ground.readers import Cursor
from recordsvc.people.resolve import Found

if TYPE_CHECKING:
    from recordsvc.house import House


@dataclass(frozen=True, slots=True)
class Facts:
    """What one snapshot says. `waiting` is counted no further than `most`."""

    state: IssuerState | None
    institution: Institution | None
    known: store.Known
    held: store.HeldRows
    waiting: int
    most: int
    found: Found


def ask(house: "House", cursor: Cursor, uscc: str, rows: Sequence[Row], today: str) -> Facts:
    """Ask all that the rows of an institution's submission will be judged by."""
    db, keys = house.db, [row.key for row in rows if row.said is not None]
    most: int = dated.rule("waiting_limits", "held-per-issuer", today)["value"]
    own, registers, known, held, waiting, *found = db.ask(
        cursor,
        house.issuers.asking_versions((uscc,)),
        versions.asking_all(),
        store.asking_known(db, keys),
        store.asking_held_rows(db, keys),
        store.asking_waits(db, uscc, most),
        *house.people.asking([said.person for _row, said in readable(rows)]),
    )
    return Facts(
        state=house.issuers.at_versions(cursor, own).get(uscc),
        institution=house.institutions.of(registers).get(uscc),
        known=known,
        held=held,
        waiting=waiting,
        most=most,
        found=Found(*found),
    )
