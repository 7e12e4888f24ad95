"""How a request names papers (材料的指称): by the id of a filed one, or by the SHA-256 of its file.

Entries name papers by hash; people choose them from a list. An id is looked up among the papers of
whoever the act is about and becomes its hash; a hash stays what it is, since a paper need not be filed here.
But what an act rests on is seen by whoever decides it: of its papers one at least is filed (`any_filed`).
"""

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from marshmallow import validate

from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.paper_errors import PaperDamaged, PaperUnknown
from recordsvc.ground.problems import NotFound

if TYPE_CHECKING:
    from recordsvc.archive.paper_rows import Owner
    from recordsvc.house import House

REFERENCE: Final = validate.Regexp(
    r"\A(?:[0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\Z",
    error="应为材料编号（小写 UUID），或 64 位小写十六进制的 SHA-256",
)
PROBLEMS: Final = (PaperUnknown, PaperDamaged, ArchiveRestricted)
"""What naming papers by their ids may raise."""
_UUID: Final = 36


def resolved(
    house: "House", owners: Sequence["Owner"], named: Sequence[str], *, sealed: bool = False
) -> list[str]:
    """Return the SHA-256 (hex) of each named paper, each once, in order; ids are of papers of `owners`.

    `sealed`: of restricted archives, too, of which nothing but the hash is told.

    Raises `PaperUnknown` for an id that none of them has, `PaperDamaged`, `ArchiveRestricted`.
    """
    found = [_hash(house, owners, one, sealed=sealed) if len(one) == _UUID else one for one in named]
    return list(dict.fromkeys(found))


def any_filed(house: "House", owners: Sequence["Owner"], hashes: Sequence[str], *kinds: str) -> bool:
    """Tell whether one of these files (of `kinds`, if any) at least is kept here, for one of the owners.

    Of restricted archives, too. Raises `NotFound`, `PaperDamaged`.
    """
    return any(
        kind is not None and (not kinds or kind in kinds)
        for owner in owners
        for sha256 in hashes
        for kind in (house.papers.kind_of(owner, sha256),)
    )


def _hash(house: "House", owners: Sequence["Owner"], paper_id: str, *, sealed: bool) -> str:
    for owner in owners:
        try:
            return house.papers.hashes(owner, [uuid.UUID(paper_id).bytes], sealed=sealed)[0]
        except (PaperUnknown, NotFound):
            continue
    raise PaperUnknown
