"""What the checks beyond the schema need to know of institution and person, gathered from the rooms below."""

import datetime
from typing import Any

from recordsvc.archive.checks import Context, InstitutionFacts
from recordsvc.bodies.institutions import FactKind, Institution, Institutions
from recordsvc.people import identifiers
from recordsvc.people.resolve import CHECKED_KINDS, Person


class InstitutionContexts:
    """The register's facts in the form the checks read, made once per institution and version of it."""

    def __init__(self, institutions: Institutions) -> None:
        """Read from the register of institutions."""
        self._institutions = institutions
        self._made: dict[str, tuple[Institution, InstitutionFacts]] = {}

    def of(self, uscc: str, cursor: Any) -> InstitutionFacts | None:
        """Return the facts of one institution as of a snapshot; None when the register has none."""
        institution = self._institutions.through(cursor).get(uscc)
        if institution is None:
            return None
        made = self._made.get(uscc)
        if made is None or made[0] is not institution:
            made = self._made[uscc] = (institution, InstitutionFacts(uscc, periods(institution)))
        return made[1]


def periods(institution: Institution) -> tuple[tuple[str, str | None], ...]:
    """Return the (first, last) days in which an institution was in force; a closure ends the licences stated before it."""
    closures = [fact for fact in institution.facts if fact.fact is FactKind.CLOSED]
    found = []
    for licence in institution.facts:
        if licence.fact is not FactKind.LICENCE:
            continue
        ends = [licence.value] if licence.value else []
        ends += [_day_before(closure.on) for closure in closures if closure.n > licence.n]
        last = min(ends, default=None)
        if last is None or last >= licence.on:
            found.append((licence.on, last))
    return tuple(found)


def person_context(received_on: str, institution: InstitutionFacts | None, person: Person) -> Context:
    """Return the context of one record: what an 18-character number tells of birth and sex is a hint, no more."""
    number = person.number
    if number is None or person.document not in CHECKED_KINDS or len(number) != 18:
        return Context(received_on, institution)
    born_on = f"{number[6:10]}-{number[10:12]}-{number[12:14]}"
    return Context(received_on, institution, born_on, identifiers.sex(number))


def _day_before(day: str) -> str:
    return (datetime.date.fromisoformat(day) - datetime.timedelta(days=1)).isoformat()
