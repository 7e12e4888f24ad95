"""What a merge undone leaves of its time (合并撤回后的清理): nobody knows which of two people did it.

While two archives were read as one, either person signed in to the one that was read. Undoing the merge says
that they are two, so what one of them may have set up there opens the other's archive from then on. Whatever
was begun in that time ends: sessions, services, consents, helpers, ways in, the phone. An account at a
provider stays, linked as it is to the archive that its own number stands in. What each had before the merge
is theirs as before; the rest they set up again, in person. Rooms above end what they keep (`house.parters`).
"""

from collections.abc import Collection
from typing import TYPE_CHECKING

import sqlalchemy as sa

from recordsvc.access import consents, credentials, helper_relations
from recordsvc.access.grants import Kind
from recordsvc.access.sessions import end_uncarried
from recordsvc.access.tables import session
from recordsvc.ground.commit import Turn
from recordsvc.people import contacts

if TYPE_CHECKING:
    from recordsvc.house import House


def end_since(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, by: str) -> None:
    """End what was begun in any of these archives since an instant (UTC ms), and every session of theirs.

    `by`: the official who proposed the undoing.
    """
    whose = [credentials.worker(one).id for one in archives]
    signed_in = (session.c.actor_kind == Kind.WORKER, session.c.actor_id.in_(whose))
    turn.conn.execute(sa.delete(session).where(*signed_in))
    end_uncarried(turn)
    consents.end(turn, house.log, archives, consents.Ended.PARTED, since_ms=since_ms)
    helper_relations.end_all(turn, archives, helper_relations.Ended.PARTED, since_ms=since_ms)
    for one in archives:
        credentials.end_since(turn, one, since_ms)
        contacts.remove(turn, one, since_ms)
    for parting in house.parters:
        parting(turn, house, archives, since_ms, by)
