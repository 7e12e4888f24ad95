"""What stands against erasing (删除的障碍): terms of the law, and open matters of rooms above the archive."""

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Final

from sqlalchemy.engine import Connection

from recordsvc.archive import disputes, meanwhile, origins, strays
from recordsvc.archive.reading import Archive
from recordsvc.archive.retention import Blocker, kept_by_law, longest
from recordsvc.ground.readers import Cursor

if TYPE_CHECKING:
    from recordsvc.house import House

_UNDECIDED: Final = Blocker(
    "archive/strays-undecided",
    None,
    "合并期间形成的内容，尚未决定是两人中谁的：请先在“合并期间误入他处的记录”中逐条移回，或决定留在原处",
    "what was begun while the archive was merged may be either person's: move each, or let it stay",
)


def of_archives(house: "House", conn: Connection, archives: Iterable[Archive], ground: str) -> list[Blocker]:
    """Return what keeps these archives from being erased, the longest first; empty: nothing."""
    own = {archive.worker_id: archive for archive in archives}
    states = [state for archive in own.values() for state in archive.state.records]
    astray = strays.left_elsewhere(house, house.db.cursor(conn), own)
    states += [one.state for one in astray if one.state is not None]
    found = [kept for state in states if (kept := kept_by_law(house, state, ground)) is not None]
    found += origins.kept(house, conn, origins.of_archives(house, conn, own.values()), ground)
    if _undecided(house, house.db.cursor(conn), own):
        found.append(_UNDECIDED)
    for worker_id in own:
        for blocking in house.erasure_blockers:
            found += blocking(house, conn, worker_id)
    return longest(found)


def _undecided(house: "House", cursor: Cursor, own: Collection[bytes]) -> bool:
    """Tell whether anything may be theirs that lies elsewhere, or somebody else's that lies here."""
    return bool(
        strays.undecided(house, cursor, own)
        or strays.undecided_here(house, cursor, own)
        or meanwhile.undecided(house, cursor, own)
    )


def unsettled(house: "House", conn: Connection, workers: Sequence[bytes]) -> list[Blocker]:
    """Return the open matters of these workers, which end by being settled and not by a day."""
    found = [blocking(house, conn, one) for one in workers for blocking in house.erasure_blockers]
    cases = sum(not one.closed for one in disputes.of_workers(conn, workers))
    return [one for some in found for one in some if one.until is None] + (
        [_objections(cases)] if cases else []
    )


def _objections(count: int) -> Blocker:
    zh = f"有 {count} 件异议没有办结：批准后仍由签发单位或登记机关办理"
    return Blocker("archive/open-objections", None, zh, f"{count} objections are open: they go on")
