"""Pulling (取数): items with what they hold, made from the archive as it stands, noted before it leaves.

Of each record the newest item alone holds content. Where that is not what the item commits to, the feed is
behind: what changed is written first, and the item goes out as one that another follows. Uses of consents,
rows of who looked and notices of a portion are durable before its first byte leaves.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from recordsvc.access.grants import Actor
from recordsvc.archive.errors import Busy
from recordsvc.archive.statements import Region, RegionKey
from recordsvc.exports import emitting, lines
from recordsvc.exports.following import SOURCES, Feeds
from recordsvc.exports.granting import Grant
from recordsvc.exports.lines import FORMAT, SNAPSHOT, Item
from recordsvc.exports.receivers import Receiver
from recordsvc.exports.views import Basis, Fact, Viewer, bases
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.strictjson import canonical
from recordsvc.translog.tree import Frontier
from recordsvc.vault import signatures

if TYPE_CHECKING:
    from recordsvc.house import House

PORTION: Final = 500
"""Items whose content is made, used and noted together."""
TYP: Final = "recordsvc-feed+jws"
_TRIES: Final = 6


@dataclass(frozen=True, slots=True)
class Batch:
    """Items behind number `after` up to `to` of one receiver."""

    receiver: Receiver
    after: int
    to: int
    snapshot: bool = False
    """Of these items those alone that stand when they are read."""

    @property
    def format(self) -> str:
        """What the batch says it is."""
        return SNAPSHOT if self.snapshot else FORMAT


class Puller:
    """Takes batches for one request."""

    def __init__(self, house: "House", who: Actor, request_id: str) -> None:
        """Take for `who`."""
        self._house, self._who, self._request_id = house, who, request_id
        self._feeds = Feeds(house)

    def batch(self, receiver: Receiver, after: str | None, limit: int | None) -> Batch:
        """Return the batch behind a cursor, brought up to date.

        Raises `FeedCursorUnknown`, `FeedCursorAhead`, `RegionKeyNotInForce`.
        """
        with self._house.db.read() as conn, self._house.db.read_raw() as cursor:
            start = lines.read(conn, receiver.client_id, after)
            end = lines.newest(conn, receiver.client_id)
            size = self._house.log.newest(conn).size
            Region(self._house).check_key(cursor, self._house.clock.now_ms(), size)
        return Batch(receiver, start, end if limit is None else min(end, start + limit))

    def snapshot(self, receiver: Receiver) -> Batch:
        """Return what stands now as a batch; its end is where deltas go on. Raises `RegionKeyNotInForce`."""
        whole = self.batch(receiver, None, None)
        return Batch(receiver, 0, whole.to, snapshot=True)

    def stream(self, batch: Batch) -> Iterator[bytes]:
        """Yield the batch as NDJSON: a header, a line an item, and the manifest of all bytes before it."""
        hashing, edge = hashlib.sha256(), Frontier()
        for line in self.lines(batch, edge):
            hashing.update(line)
            yield line
        yield orjson.dumps({"manifest": self.manifest(batch, edge, hashing.digest())}) + b"\n"

    def page(self, batch: Batch) -> dict[str, Any]:
        """Return the batch as one document; what its manifest's sha256 is of are the lines of `stream`."""
        hashing, edge, told = hashlib.sha256(), Frontier(), []
        for n, line in enumerate(self.lines(batch, edge)):
            hashing.update(line)
            if n:
                told.append(orjson.Fragment(line[:-1]))
        manifest = self.manifest(batch, edge, hashing.digest())
        with self._house.db.read() as conn:
            more = lines.newest(conn, batch.receiver.client_id) > batch.to
        return {"items": told, "manifest": manifest, "more": more, "next": manifest["statement"]["to"]}

    def lines(self, batch: Batch, edge: Frontier) -> Iterator[bytes]:
        """Yield the header and a line an item, whose leaves `edge` takes."""
        client_id = batch.receiver.client_id
        with self._house.db.read() as conn:
            start = lines.cursor(conn, client_id, batch.after)
        yield canonical({"format": batch.format, "from": start, "receiver": client_id}) + b"\n"
        after, taking = batch.after, lines.standing if batch.snapshot else lines.items
        while after < batch.to:
            with self._house.db.read() as conn:
                found = taking(conn, client_id, after, batch.to, PORTION)
            if not found:
                return
            given = self._given(batch.receiver, found)
            for one in found:
                edge.append(one.leaf())
                # What is spliced in is canonical itself: the line is, too.
                told = one.head() | given.get(one.n, {})
                yield orjson.dumps(told, option=orjson.OPT_SORT_KEYS) + b"\n"
            after = found[-1].n

    # -- content

    def _given(self, receiver: Receiver, found: Sequence[Item]) -> dict[int, dict[str, Any]]:
        """Return, by number, content and salt of what may leave now; noted durably when this returns."""
        for _attempt in range(_TRIES):
            wanted = self._newest(receiver, found)
            views = Viewer(self._house, SOURCES).views(
                [(receiver, one) for one in sorted({item.worker_id for item in wanted})]
            )
            facts = {name: fact for view in views for name, fact in view.facts.items()}
            behind = {one.worker_id for one in wanted if not _holds(facts.get(one.ref), one)}
            if behind:
                self._feeds.refresh([(receiver, one) for one in sorted(behind)])
                continue
            basis = {view.worker_id: view.basis for view in views}
            good = self._noted(basis, [grant for one in wanted for grant in facts[one.ref].grants])
            if good is None:
                continue  # something moved between reading and noting
            return {
                one.n: _told(facts[one.ref], one.version)
                for one in wanted
                if all(grant.key in good for grant in facts[one.ref].grants)
            }
        raise Busy

    def _newest(self, receiver: Receiver, found: Sequence[Item]) -> list[Item]:
        """Return the items that are the newest of their record and not withdrawn."""
        with self._house.db.read() as conn:
            known = emitting.standing(conn, {one.worker_id for one in found if one.digest is not None})
        return [
            one
            for one in found
            if one.digest is not None
            and (at := known.get((one.worker_id, receiver.client_id, one.ref))) is not None
            and at.n == one.n
        ]

    def _noted(self, basis: dict[bytes, Basis], grants: Sequence[Grant]) -> set[bytes] | None:
        """Use each grant once; keys of those that still ran, None where what was read is not so any more."""
        if not grants:
            return set()
        once = {grant.key: grant for grant in grants}

        def act(turn: Turn) -> set[bytes] | None:
            self._house.log.turn(turn)
            if bases(turn.conn, SOURCES, set(basis)) != basis:
                return None
            return {key for key, grant in once.items() if self._used(turn, grant)}

        return self._house.db.write(act)

    def _used(self, turn: Turn, grant: Grant) -> bool:
        (source,) = SOURCES
        return source.use(turn, self._house, grant, self._who, self._request_id)

    # -- manifest

    def manifest(
        self, batch: Batch, edge: Frontier, sha256: bytes, more: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return the signed manifest of a batch whose bytes have this hash; `more` is stated with it."""
        client_id, settings = batch.receiver.client_id, self._house.settings
        with self._house.db.read() as conn:
            start = lines.cursor(conn, client_id, batch.after)
            end = lines.cursor(conn, client_id, batch.to)
            signed = self._house.log.newest(conn)
        statement = {
            "audience": settings.audience,
            "count": edge.size,
            "environment": settings.environment,
            "format": batch.format,
            "from": start,
            "log_root": signed.root.hex(),
            "log_size": signed.size,
            "made_ms": self._house.clock.now_ms(),
            "receiver": client_id,
            "region": settings.region,
            "root": edge.root().hex(),
            "sha256": sha256.hex(),
            "to": end,
            **(more or {}),
        }
        jws = signatures.sign_attached(RegionKey(self._house), TYP, canonical(statement))
        protected, _, signature = jws.split(".")
        return {
            "checkpoint": signed.note,
            "signature": f"{protected}..{signature}",
            "statement": statement,
        }


def _holds(fact: Fact | None, item: Item) -> bool:
    return fact is not None and fact.digest(item.version) == item.digest


def _told(fact: Fact, version: int) -> dict[str, Any]:
    return {"content": orjson.Fragment(fact.content), "salt": b64u(fact.salt(version))}
