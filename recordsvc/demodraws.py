"""A draw of the demo region (演示用的双随机抽查): committed to before its event, revealed after it.

Nobody who tries a demo waits for a lottery. So the draw is committed to under a clock of two days ago, by the
room's own verb, bound to the lottery of yesterday evening, and revealed by another inspector now. The result
is made up, as all of the demo is: it is the one thing that a comparison with the announcement will not bear
out. Who may inspect was entitled to before the draw (`officials_since_ms`).
"""

import contextlib
import datetime as dt
import functools
import io
from typing import Final

from recordsvc.access import officials
from recordsvc.access.grants import EVERYWHERE, Actor
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import Clock, FixedClock, SystemClock, beijing_date
from recordsvc.house import House, open_house
from recordsvc.oversight import committing, draws
from recordsvc.oversight.committing import Asked
from recordsvc.oversight.subjects import InstitutionsInForce
from recordsvc.settings import Settings

DAY_MS: Final = 86_400_000
COMMITTED_DAYS: Final = 2
"""So many days before the load the draw was committed to."""
INSPECTOR, SECOND = "demo-inspector", "demo-inspector-2"
VALUE: Final = "407"


def officials_since_ms(now_ms: int) -> int:
    """Return since when the demo's officials hold their roles: before what they did."""
    return now_ms - (COMMITTED_DAYS + 1) * DAY_MS


def load(settings: Settings, area: str, now: Clock | None = None) -> None:
    """Commit to a draw of the institutions of an area and reveal it, unless that was done."""
    now = now or SystemClock()
    then = FixedClock(now.now_ms() - COMMITTED_DAYS * DAY_MS)
    with contextlib.closing(open_house(settings, clock=then)) as house:
        _commit(house, area, beijing_date(now.now_ms()) - dt.timedelta(days=1))
    with contextlib.closing(open_house(settings, clock=now)) as house:
        for one in _found(house):
            if one.state == draws.COMMITTED:
                house.db.write(functools.partial(_reveal, house=house, draw_id=one.draw_id))


def _found(house: House) -> list[draws.Draw]:
    with house.db.read() as conn:
        return draws.newest(conn, house.clock.now_ms(), EVERYWHERE)


def _commit(house: House, area: str, event_on: dt.date) -> None:
    subjects = InstitutionsInForce(house.institutions)
    house.draw_subjects[subjects.kind] = subjects
    if _found(house):
        return
    issue = f"{event_on:%Y%j}"
    asked = Asked(subjects.kind, area, "fc3d", issue, event_on.isoformat())
    who = _actor(house, INSPECTOR)
    # The log says that this clock is behind it, which is meant so and no news to whoever starts a demo.
    with contextlib.redirect_stderr(io.StringIO()):
        house.db.write(lambda turn: committing.commit(house, turn, asked, who, f"official:{INSPECTOR}"))


def _reveal(turn: Turn, house: House, draw_id: bytes) -> None:
    committing.reveal(house, turn, draw_id, VALUE, f"official:{SECOND}")


def _actor(house: House, account: str) -> Actor:
    with house.db.read() as conn:
        found = officials.present(conn, account)
    if found is None:
        raise LookupError(account)
    return found.actor(house.clock.now_ms(), house.settings.region)
