"""Merging while batches for both persons arrive from another process, on both databases.

One process sends batches that hold records of two persons, until it is told to stop; this one merges the two
archives and undoes it, again and again, each time only after more batches came in: so there are batches
before, between and behind every merge, and some that were judged before it and are entered after it.
"""

import concurrent.futures
import multiprocessing
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from recordsvc import anchor, fsck
from recordsvc.archive import persons, submission
from recordsvc.archive.contradiction import Verdict, compare
from recordsvc.archive.formats import Kind, unpack_leaf
from recordsvc.archive.reading import Reader
from recordsvc.ground.ports import FixedClock, SystemRandom
from recordsvc.ground.two_person import StaleProposal
from recordsvc.house import House, open_house
from recordsvc.settings import Settings
from recordsvc.submit import sign
from recordsvc.translog import tables as log_tables
from tests.archive.support import Centre, id_of, person, receipts
from tests.archive.test_merging import merge, unmerge

Row = tuple[str, str, int, str]
"""Record id, status, log index, receipt."""
ROUNDS = 5
MOST_BATCHES = 400
PATIENCE_S = 120


def sending(settings: Settings, ms: int, jwk: dict[str, str], uscc: str, stop: Path) -> list[Row]:
    """Send batches of both persons until `stop` is there; what became of each row."""
    house = open_house(settings, FixedClock(ms), SystemRandom())
    centre = Centre.of(house, uscc, sign.key_from_jwk(jwk))
    told: list[Row] = []
    try:
        for _batch in range(MOST_BATCHES):
            raws = [centre.completion(person(n)) for n in (1, 2, 1)]
            batch_id = sign.new_record_id(house.clock, house.random)
            body = sign.make_batch(centre.key, centre.to, raws, batch_id=batch_id).ndjson()
            answer = house.admission.submit(uscc, submission.read_ndjson(body))
            kept = receipts(answer)
            assert len(kept) == len(raws), [(row.status, row.held) for row in answer.rows]
            told += [
                (id_of(raw), row.status, row.outcome.index, receipt)
                for raw, row, receipt in zip(raws, answer.rows, kept, strict=True)
            ]
            if stop.exists():
                break
    finally:
        house.close()
    return told


def size(house: House) -> int:
    with house.db.read() as conn:
        return int(conn.execute(sa.select(log_tables.head.c.size)).scalar_one())


def once_grown(house: House, from_size: int, future: concurrent.futures.Future) -> None:
    """Wait until the other process entered another batch."""
    until = time.monotonic() + PATIENCE_S
    while size(house) < from_size + 3:
        if future.done():
            future.result()
            pytest.fail("the other process ended early")
        if time.monotonic() > until:
            pytest.fail("the other process enters nothing")
        time.sleep(0.002)


def surely(act: Callable[[], None]) -> None:
    """Two officials decide; what was proposed on facts that changed meanwhile is proposed anew."""
    for _attempt in range(200):
        try:
            act()
        except StaleProposal:
            continue
        return
    pytest.fail("every proposal was stale")


@pytest.mark.long
def test_nothing_is_lost_while_archives_are_merged_and_batches_arrive(
    house: House, tmp_path: Path, clock: FixedClock
) -> None:
    centre, stop = Centre(house, 1, register=False), tmp_path / "stop"
    jwk = sign.new_private_jwk("EdDSA", "race", house.random)
    centre.key = sign.key_from_jwk(jwk)
    centre.register()
    centre.enter(centre.completion(person(1)), centre.completion(person(2)))
    one, into = centre.worker_id(person(1)), centre.worker_id(person(2))
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        future = pool.submit(sending, house.settings, clock.now_ms(), jwk, centre.uscc, stop)
        try:
            for _round in range(ROUNDS):
                once_grown(house, size(house), future)
                surely(lambda: merge(house, one, into))
                once_grown(house, size(house), future)
                surely(lambda: unmerge(house, one))
            once_grown(house, size(house), future)
        finally:
            stop.touch()
        rows = future.result(PATIENCE_S)

    # Nothing lost: every row was accepted, at a place of its own, and every place is there.
    assert {status for _id, status, _index, _receipt in rows} == {"accepted"}
    taken = sorted(index for _id, _status, index, _receipt in rows)
    assert len(set(taken)) == len(rows)
    before = 4  # the region's key, the centre's, and one record of each
    with house.db.read() as conn:
        entries = log_tables.entry.c
        indices = list(conn.execute(sa.select(entries.idx).order_by(entries.idx)).scalars())
    acts = sorted(set(range(before, len(indices))) - set(taken))
    assert indices == list(range(before + len(rows) + 4 * ROUNDS))
    assert len(acts) == 4 * ROUNDS

    # Each merge stands in both chains, one after the other; between it and its undoing, records of either
    # number stand in the chain that was merged into, and otherwise each in its own.
    chains = {worker_id: Reader(house).archive(worker_id).entries for worker_id in (one, into)}
    kinds = {
        entry.stored.idx: (unpack_leaf(entry.stored.leaf).kind, worker_id)
        for worker_id, chain in chains.items()
        for entry in chain
    }
    pairs = [acts[at : at + 2] for at in range(0, len(acts), 2)]
    for at, pair in enumerate(pairs):
        wanted = Kind.UNMERGE if at % 2 else Kind.MERGE
        assert [kinds[idx][0] for idx in pair] == [wanted, wanted]
        assert {kinds[idx][1] for idx in pair} == {one, into}
        assert pair[1] == pair[0] + 1
    merged = [(pairs[at][0], pairs[at + 1][0]) for at in range(0, len(pairs), 2)]
    for worker_id, chain in chains.items():
        for entry in chain:
            index = entry.stored.idx
            if index in acts:
                continue
            own = one if entry.record["worker"]["number"] == person(1)["number"] else into
            together = any(start < index < end for start, end in merged)
            assert worker_id == (into if together else own), index
    assert all(any(start < index < end for index in taken) for start, end in merged)

    # Every record is read once, under its id; every receipt agrees with the log; everything adds up.
    read = [entry.stored.record_id for chain in chains.values() for entry in chain]
    assert {uuid.UUID(record_id).bytes for record_id, *_rest in rows} <= set(read)
    assert len(read) == len(set(read))
    with house.db.read() as conn:
        for _id, _status, index, receipt in rows:
            found = compare(house.log, anchor.log_keys(house), conn, receipt.encode())
            assert (found.verdict, found.index) == (Verdict.CONTINUED, index)
    assert persons.read(house, one) is not None
    assert fsck.fsck(house, offline=True).finding is None
