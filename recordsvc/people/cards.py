"""Cards (社会保障卡): from a claim of whoever showed it to a fact that selects its holder.

A card number has no known check digit. Attached by a record it is *claimed*: it opens the archive for
reading, and selects the worker for writing only once the card registry or an official confirmed it.
"""

from recordsvc.ground.commit import Turn
from recordsvc.ground.problems import NotFound
from recordsvc.people import tables
from recordsvc.people.resolve import CARD, People


def confirm(turn: Turn, people: People, number: str) -> bytes:
    """Confirm a claimed card; the worker it belongs to. Repeatable. Raises `NotFound` for an unclaimed one.

    The worker's version moves, so that whatever is being judged on the claim is judged anew.
    """
    index, identifier, worker = tables.blind_index, tables.identifier, tables.worker
    tags = people.tags(CARD, number)
    rows = turn.conn.execute(
        index.select().where(index.c.tag.in_(tags), index.c.standing.in_(("claimed", "verified")))
    ).all()
    if not rows:
        raise NotFound
    worker_id, identifier_id = rows[0].worker_id, rows[0].identifier_id
    turn.conn.execute(index.update().where(index.c.tag.in_(tags)).values(standing="verified"))
    turn.conn.execute(
        identifier.update()
        .where(identifier.c.worker_id == worker_id, identifier.c.identifier_id == identifier_id)
        .values(standing="verified")
    )
    turn.conn.execute(
        worker.update().where(worker.c.worker_id == worker_id).values(version=worker.c.version + 1)
    )
    return bytes(worker_id)
