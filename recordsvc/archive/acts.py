"""What each record type does in a chain: its kind of leaf, and the body member naming the record acted on.

The part of the type register that the offline verifier needs; `types` adds the schemas, and a test holds the
two together. A type that is not listed (a later one) is an issue and acts on nothing.
"""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from recordsvc.archive.formats import Kind


class Act(NamedTuple):
    """`member` of the body holds the id of the record acted on (None: none); `region` alone may state it.

    `whole`: where the body names no record, it acts on the archive as a whole.
    """

    kind: Kind
    member: str | None = None
    region: bool = False
    whole: bool = False


ACTS: Final[Mapping[str, Act]] = {
    "worker-statement": Act(Kind.ISSUE, region=True),
    "correction": Act(Kind.CORRECT, "corrects"),
    "revocation": Act(Kind.REVOKE, "revokes"),
    "restoration": Act(Kind.RESTORE, "restores"),
    "confirmation": Act(Kind.NOTE, "confirms", region=True),
    "contest": Act(Kind.NOTE, "contests", region=True),
    "dispute-outcome": Act(Kind.NOTE, "decides", region=True),
    "release": Act(Kind.NOTE, "releases", region=True),
    "restriction": Act(Kind.NOTE, "restricts", region=True, whole=True),
    "closure": Act(Kind.NOTE, region=True),
    "erasure": Act(Kind.ERASE, "erases", region=True, whole=True),
    "merge": Act(Kind.MERGE, region=True),
    "unmerge": Act(Kind.UNMERGE, region=True),
}

ISSUE: Final = Act(Kind.ISSUE)


def act_of(record: Mapping[str, Any]) -> Act:
    """The act of a record by its type."""
    return ACTS.get(record["type"], ISSUE)


def target_id(record: Mapping[str, Any]) -> str | None:
    """Id of the record acted on, as the body names it; None when it names none."""
    member = act_of(record).member
    found = record["body"].get(member) if member else None
    return found if isinstance(found, str) else None
