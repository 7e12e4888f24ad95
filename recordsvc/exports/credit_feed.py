"""What the exchange with credit banks takes from feeds (学分银行取数): the port of `credits`, kept here."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

import orjson
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access.clients import Clients
from recordsvc.access.grants import Actor
from recordsvc.credits.outcomes import Given, Moved
from recordsvc.exports import emitting, lines, receivers
from recordsvc.exports.pulling import PORTION, Puller
from recordsvc.exports.tables import export_item
from recordsvc.ground.base64strict import unb64u
from recordsvc.ground.ports import beijing_date

if TYPE_CHECKING:
    from recordsvc.house import House


class CreditFeed:
    """Reads the feeds of a house for credit banks."""

    def __init__(self, house: "House") -> None:
        """Read there."""
        self._house = house
        self._clients = Clients(house.db)

    def moved(self, conn: Connection, receiver: str, after: int, limit: int) -> Sequence[Moved]:
        """As `credits.outcomes.Feed`."""
        found = lines.items(conn, receiver, after, lines.newest(conn, receiver), limit)
        return [Moved(one.n, one.worker_id, one.ref, one.op != "withdraw") for one in found]

    def given(
        self, who: Actor, request_id: str, receiver: str, wanted: Collection[tuple[bytes, bytes]]
    ) -> Mapping[bytes, Given]:
        """As `credits.outcomes.Feed`. Raises `Busy`."""
        client = self._clients.find(receiver)
        if client is None:
            return {}
        today = beijing_date(self._house.clock.now_ms()).isoformat()
        taker, puller = receivers.receiver(client, today), Puller(self._house, who, request_id)
        found: dict[bytes, Given] = {}
        ordered = sorted(wanted)
        for start in range(0, len(ordered), PORTION):
            items = self._newest(receiver, ordered[start : start + PORTION])
            told = puller.given(taker, items)
            for one in items:
                if one.n in told:
                    content = orjson.loads(orjson.dumps(told[one.n]["content"]))
                    found[one.ref] = Given(content, unb64u(told[one.n]["salt"]))
        return found

    def ref(self, receiver: str, worker_id: bytes, seq: int) -> bytes:
        """As `credits.outcomes.Feed`."""
        return receivers.ref(self._house.keys, receiver, worker_id, seq)

    def _newest(self, receiver: str, wanted: Collection[tuple[bytes, bytes]]) -> list[lines.Item]:
        """Return the newest items of these records."""
        with self._house.db.read() as conn:
            known = emitting.standing(conn, {worker_id for worker_id, _ref in wanted})
            numbers = [
                at.n for worker_id, ref in wanted if (at := known.get((worker_id, receiver, ref))) is not None
            ]
            own = export_item.c
            query = sa.select(export_item).where(own.receiver == receiver, own.n.in_(numbers))
            return [lines.item(row) for row in conn.execute(query.order_by(own.n))]
