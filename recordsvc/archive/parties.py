"""Whose a record is beside its worker (记录的签发单位与认定部门): who is told what becomes of it.

The institution that signed it; or the department on whose officer's word the region did. They are told by the
id under which they know it, and nothing of the person. What the region states by itself is nobody else's.
"""

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from recordsvc.access import grants
from recordsvc.access.grants import Position
from recordsvc.access.staff import Staff
from recordsvc.archive import notices
from recordsvc.ground.commit import Turn

if TYPE_CHECKING:
    from recordsvc.house import House

Record = Mapping[str, Any]
RESTRICTED: Final = "restricted"
LIFTED: Final = "lifted"
ERASED: Final = "erased"
MOVED: Final = "moved"
"""What became of it: the ending of the notice's kind."""


class Party(NamedTuple):
    """An institution (USCC); `stated`: a department, by whose word it stands."""

    uscc: str
    stated: bool

    @property
    def of(self) -> str:
        """Return the beginning of the kinds of notice it is told by."""
        return "statement" if self.stated else "record"


def department_of(staff: Staff, record: Record) -> str | None:
    """Return the department (USCC) whose officer the region signed for; None: it signed for none."""
    actor = record.get("actor") or {}
    if actor.get("role") != Position.OFFICER:
        return None
    officer = staff.find(str(actor["id"]).removeprefix(f"{grants.Kind.STAFF}:"))
    return None if officer is None else officer.institution


def party_of(staff: Staff, region: str, record: Record) -> Party | None:
    """Return whose a record is; None: the region's own word, or its worker's."""
    if record["issuer"] != region:
        return Party(str(record["issuer"]), stated=False)
    department = department_of(staff, record)
    return None if department is None else Party(department, stated=True)


def tell(turn: Turn, house: "House", record: Record, what: str, key: str) -> None:
    """Tell in the running turn whose a record is what became of it, by its id."""
    party = party_of(Staff(house.db), house.settings.region, record)
    if party is not None:
        said = {"count": 1, "record_id": str(record["id"])}
        notices.tell_institution(turn, party.uscc, f"{party.of}-{what}", said, key)


def tell_erased(turn: Turn, house: "House", records: Collection[Record], key: str) -> None:
    """Tell whose records were erased with an archive how many of theirs: not which go together."""
    counts: dict[Party, int] = {}
    staff = Staff(house.db)
    for record in records:
        party = party_of(staff, house.settings.region, record)
        if party is not None:
            counts[party] = counts.get(party, 0) + 1
    for party, count in sorted(counts.items()):
        notices.tell_institution(turn, party.uscc, f"{party.of}-{ERASED}", {"count": count}, key)
