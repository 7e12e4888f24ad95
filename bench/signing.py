"""Signing 400 claims as one list: each is decided anew, held, signed and noted, all in one transaction.

Processor time of this process, in one thread, on SQLite: what the database's own server does is not in it.
"""

import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.figures import Row
from recordsvc import genesis, schema
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, SeededRandom, beijing_date
from recordsvc.house import House, open_house
from recordsvc.money.claims import signing
from recordsvc.money.claims.steps import DONE, Done
from recordsvc.money.claims.values import Who
from recordsvc.vault.keyfolder import create_keys
from tests.archive.support import id_of, person
from tests.conftest import settings_of
from tests.money.claims.world import HANDLER, REVIEWER, World

COUNT: Final = 400


def rows() -> Iterator[Row]:
    """Yield what the two first signatures of a list cost, in seconds."""
    with tempfile.TemporaryDirectory(prefix="rs-bench-") as folder:
        url, data_dir, random = f"sqlite:///{folder}/list.db", Path(folder) / "data", SeededRandom(1)
        schema.upgrade(url)
        data_dir.mkdir(mode=0o700)
        settings = settings_of(data_dir, url)
        create_keys(settings.keys_dir, random.bytes)
        house = open_house(settings, FixedClock(), random)
        try:
            genesis.begin(house)
            _claims(World(house, COUNT * 1_000_000))
            for event, who, words in (("accept", HANDLER, "accepted"), ("review", REVIEWER, "reviewed")):
                start = time.process_time()
                _sign(house, event, who)
                yield Row(f"a list of {COUNT} claims {words}", "sqlite", time.process_time() - start, "s")
        finally:
            house.close()


def _claims(world: World) -> None:
    people = [person(n) for n in range(COUNT)]
    records = [world.assessor.certificate(one) for one in people]
    world.assessor.enter(*records)
    for one, record in zip(people, records, strict=True):
        world.file(world.assessor.worker_id(one), uuid.UUID(id_of(record)).bytes)


def _sign(house: House, event: str, who: Who) -> None:
    today = beijing_date(house.clock.now_ms()).isoformat()
    with house.db.read() as conn:
        due = signing.due(conn, event, who.actor, today)
        clean = [one for one in due if not signing.flags(house, conn, one)]

    def act(turn: Turn) -> list[Done]:
        ids = [one.claim_id for one in clean]
        return signing.sign_all(turn, house, event, ids, signing.sheet(clean), who)

    signed = sum(one.outcome == DONE for one in house.db.write(act))
    if signed != COUNT:
        raise RuntimeError(f"{signed} of {COUNT} were signed")
