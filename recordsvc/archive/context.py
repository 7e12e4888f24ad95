"""What the checks beyond the schema need to know of institution and person, gathered from the rooms below."""

from recordsvc.archive.checks import Context, InstitutionFacts
from recordsvc.bodies.institutions import Institution, Institutions
from recordsvc.ground.readers import Cursor
from recordsvc.people import identifiers
from recordsvc.people.resolve import CHECKED_KINDS, Person


class InstitutionContexts:
    """The register's facts in the form the checks read, made once per institution and version of it."""

    def __init__(self, institutions: Institutions) -> None:
        """Read from the register of institutions."""
        self._institutions = institutions
        self._made: dict[str, tuple[Institution, InstitutionFacts]] = {}

    def of(self, uscc: str, cursor: Cursor) -> InstitutionFacts | None:
        """Return the facts of one institution as of a snapshot; None when the register has none."""
        return self.made_of(uscc, self._institutions.through(cursor).get(uscc))

    def made_of(self, uscc: str, institution: Institution | None) -> InstitutionFacts | None:
        """Return the facts of an institution that was read before."""
        if institution is None:
            return None
        made = self._made.get(uscc)
        if made is None or made[0] is not institution:
            made = self._made[uscc] = (institution, InstitutionFacts(uscc, institution.periods()))
        return made[1]


def person_context(received_on: str, institution: InstitutionFacts | None, person: Person) -> Context:
    """Return the context of one record; what a number tells of birth and sex is a hint, no more."""
    number = person.number
    if number is None or person.document not in CHECKED_KINDS or len(number) != 18:
        return Context(received_on, institution)
    born_on = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    return Context(received_on, institution, born_on, identifiers.sex(number))
