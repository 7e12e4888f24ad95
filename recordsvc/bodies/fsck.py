"""Check the register of institutions (机构名录核验): facts in order, and as many as the register was told.

No key signs a fact, so a changed one is not noticed; a missing one is, the newest too: whoever adds facts
counts up the register's version, by one for those of a new institution, and by one for each later fact.
"""

from collections import Counter

from recordsvc.bodies.institutions import ENTERED_WITH, REGISTER
from recordsvc.bodies.tables import institution_fact
from recordsvc.ground.finding import Snapshot, Wrong, at, scan
from recordsvc.ground.versions import register_version


class InstitutionCheck:
    """One check of the register on one snapshot; `counts` is filled while it runs."""

    def __init__(self, snapshot: Snapshot) -> None:
        """Believe nothing but that two tables are not changed alike."""
        self._snapshot = snapshot
        self.counts: dict[str, int] = {}

    def run(self) -> None:
        """Check that no fact is missing. Raises `Wrong`."""
        facts = institution_fact.c
        seen: Counter[str] = Counter()
        for uscc, n in scan(self._snapshot, [facts.uscc, facts.n]):
            if n != seen[uscc]:
                raise Wrong(
                    at(institution_fact, "n", uscc=uscc, n=n), "序号有缺", "a fact before it is missing"
                )
            seen[uscc] += 1
        own = register_version.c
        told = sum(
            version for _name, version in scan(self._snapshot, [own.name, own.version], own.name == REGISTER)
        )
        if sum(seen.values()) != told + (ENTERED_WITH - 1) * len(seen):
            raise Wrong(
                f"{institution_fact.name} ↔ {at(register_version, 'version', name=REGISTER)}",
                "机构信息的条数与登记的次数不符：有行缺失或多出",
                "not as many facts as the register was told: rows are missing, or too many",
            )
        self.counts["institution facts"] = sum(seen.values())
