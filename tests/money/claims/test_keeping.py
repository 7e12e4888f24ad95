"""A worker with a claim is not erased while it is under way, nor while its vouchers are kept."""

import uuid

from recordsvc.archive import retention
from recordsvc.archive.reading import Reader
from recordsvc.money.claims import bank, keeping
from tests.archive.support import id_of, person
from tests.archive.test_merging import merge
from tests.money.claims.world import World


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
    world.refuse(one, "不符")
    assert blockers(world, worker_id) == [("claim/kept", "2055-12-31")]
    world.days(31 * 366)
    assert blockers(world, worker_id) == []


def kept(world: World, worker_id: bytes, record_id: bytes) -> list[str]:
    """What claims say against erasing one record."""
    archive = Reader(world.house).archive(worker_id)
    assert archive is not None
    _entry, state = archive.by_record_id(record_id)
    with world.house.db.read() as conn:
        found = retention.record_blockers(world.house, conn, worker_id, state, "unlawful")
    return [one.code for one in found if one.code.startswith("claim/")]


def test_a_claim_that_is_over_keeps_the_records_it_rests_on_and_no_other(world: World) -> None:
    bank.connect(world.house)
    worker_id, record_id = world.certified()
    other = world.assessor.certificate(person(1), level="4")
    world.assessor.enter(other)
    other_id = uuid.UUID(id_of(other)).bytes
    one = world.file(worker_id, record_id)
    assert kept(world, worker_id, other_id) == ["claim/open"]
    world.refuse(one, "不符")
    assert kept(world, worker_id, record_id) == ["claim/kept"]
    assert kept(world, worker_id, other_id) == []


def test_a_claim_keeps_the_record_of_an_archive_that_is_read_as_the_claimant_s(world: World) -> None:
    bank.connect(world.house)
    (merged, record_id), (into, own_id) = world.certified(1), world.certified(2)
    merge(world.house, merged, into)
    world.refuse(world.file(into, record_id), "不符")
    assert kept(world, merged, record_id) == ["claim/kept"]
    assert kept(world, into, own_id) == []


def test_the_archive_asks_claims_before_it_erases(world: World) -> None:
    for _ in range(2):
        bank.connect(world.house)
    assert world.house.erasure_blockers.count(keeping.blocking) == 1
