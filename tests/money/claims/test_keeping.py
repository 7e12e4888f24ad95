"""A worker with a claim is not erased while it is under way, nor while its vouchers are kept."""

import uuid

from recordsvc.money.claims import bank, keeping
from tests.money.claims.world import HANDLER, World


def blockers(world: World, worker_id: bytes) -> list[tuple[str, str | None]]:
    with world.house.db.read() as conn:
        return [(one.code, one.until) for one in keeping.blocking(world.house, conn, worker_id)]


def test_a_claim_under_way_and_then_its_vouchers_keep_an_archive(world: World) -> None:
    worker_id, record_id = world.certified()
    assert blockers(world, worker_id) == []
    one = world.file(worker_id, record_id)
    assert blockers(world, worker_id) == [("claim/open", None), ("claim/kept", "2055-12-31")]
    with world.house.db.read() as conn:
        said = next(iter(keeping.blocking(world.house, conn, worker_id))).zh
    assert f"{uuid.UUID(bytes=one.claim_id)}）：请经办人先办结、不予发放或撤回" in said
    world.step(one, "refuse", HANDLER, "不符")
    assert blockers(world, worker_id) == [("claim/kept", "2055-12-31")]
    world.days(31 * 366)
    assert blockers(world, worker_id) == []


def test_the_archive_asks_claims_before_it_erases(world: World) -> None:
    for _ in range(2):
        bank.connect(world.house)
    assert world.house.erasure_blockers.count(keeping.blocking) == 1
