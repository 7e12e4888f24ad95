"""What the tables hold by themselves: raw SQL is refused alike, on both databases (cases 16, 17, 18, 22)."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from recordsvc.money.claims import filing
from recordsvc.money.claims.errors import ClaimStands
from recordsvc.money.claims.tables import claim, claim_approval, claim_state
from recordsvc.money.claims.values import Claim
from tests.money.claims.world import HANDLER, World


def refused(world: World, statement: Any) -> None:
    """The database refuses a statement by a constraint."""
    with pytest.raises(IntegrityError):
        world.house.db.write(lambda turn: turn.conn.execute(statement))


def state_row(world: World, one: Claim) -> dict[str, Any]:
    own = claim_state.c
    with world.house.db.read() as conn:
        return dict(conn.execute(sa.select(claim_state).where(own.claim_id == one.claim_id)).mappings().one())


def signature(world: World, one: Claim, step: int, actor: str, **more: Any) -> Any:
    row = {
        **one.key,
        "round": one.round,
        "step": step,
        "before": step - 1 or None,
        "event": "review",
        "amount_fen": one.amount_fen,
        "decision": one.decision,
        "payee_version": one.payee_version,
        "filed_by": one.filed_by,
        "role": "reviewer",
        "signed_ms": 1,
        "actor": actor,
    }
    return claim_approval.insert().values(row | more)


def copy(world: World, one: Claim, **more: Any) -> Any:
    """Another claim of the same worker, put beside by raw SQL."""
    fixed = {
        **one.key,
        "claim_id": b"\x07" * 16,
        "kind": one.kind,
        "certificate": one.certificate,
        "payee": one.payee,
        "region": one.region,
        "told": "{}",
        "filed_by": one.filed_by,
        "filed_ms": 1,
    }
    fixed |= {name: more[name] for name in ("kind", "certificate") if name in more}
    world.house.db.write(lambda turn: turn.conn.execute(claim.insert().values(fixed)))
    unsigned = {"claim_id": b"\x07" * 16, "decision": None, "signed": None, "hold": "", "state": "SUBMITTED"}
    return claim_state.insert().values(state_row(world, one) | unsigned | more)


@pytest.mark.parametrize(
    "same",
    [
        {},
        {"kind": "TRAIN"},
        {"certificate": "another", "slot": 2, "slots": 2},
        {"certificate": "another", "occupation": "other"},
    ],
    ids=["kind and certificate", "purpose and certificate", "occupation and level", "place of the year"],
)
def test_cases_16_17_18_a_second_live_claim_for_the_same(world: World, same: dict[str, Any]) -> None:
    refused(world, copy(world, world.file(*world.certified()), **same))


def test_a_claim_that_was_refused_keeps_nobody_back(world: World) -> None:
    one = world.file(*world.certified())
    world.refuse(one, "不符")
    statement = copy(world, world.read(one), live=1)
    world.house.db.write(lambda turn: turn.conn.execute(statement))


@pytest.mark.parametrize(
    "values",
    [
        {"state": "REVIEWED"},
        {"state": "APPROVED"},
        {"state": "PAYING", "payment": "p"},
        {"state": "PAYING", "payment": "p", "signed": 4},
        {"state": "PAID", "payment": "p", "needed": 1},
        {"signed": 2},
        {"amount_fen": 300_000},
        {"payee_version": 2},
        {"state": "REFUSED"},
        {"slot": 2},
        {"needed": 1},
    ],
    ids=str,
)
def test_case_22_no_state_without_its_signatures_and_no_other_amount_under_them(
    world: World, values: dict[str, Any]
) -> None:
    one = world.bring(world.file(*world.certified()), "ACCEPTED")
    refused(world, claim_state.update().where(claim_state.c.claim_id == one.claim_id).values(values))


@pytest.mark.parametrize(
    ("step", "actor", "more"),
    [
        (2, HANDLER.actor, {}),
        (3, "official:r1", {}),
        (3, "official:r1", {"before": 1}),
        (2, "official:r1", {"before": None}),
        (2, "official:r1", {"amount_fen": 300_000}),
        (2, "official:r1", {"decision": 2}),
        (2, "official:r1", {"payee_version": 9}),
        (1, "official:r1", {}),
        (2, "filer", {}),
        (2, "official:r1", {"filed_by": "official:x"}),
    ],
    ids=[
        "twice by one", "out of order", "a step left out", "a second beginning", "another amount",
        "another decision", "another account", "the same step", "by who filed it", "as if another filed it",
    ],
)  # fmt: skip
def test_case_22_a_signature_that_must_not_be(
    world: World, step: int, actor: str, more: dict[str, Any]
) -> None:
    one = world.bring(world.file(*world.certified()), "ACCEPTED")
    refused(world, signature(world, one, step, one.filed_by if actor == "filer" else actor, **more))


def test_a_lawful_signature_is_taken(world: World) -> None:
    """What keeps the refusals above from being refusals of everything."""
    one = world.bring(world.file(*world.certified()), "ACCEPTED")
    world.house.db.write(lambda turn: turn.conn.execute(signature(world, one, 2, "official:r1")))


def test_case_16_of_many_who_claim_at_once_one_does(world: World) -> None:
    worker_id, record_id = world.certified()
    answers: list[str] = []
    gate = threading.Barrier(6)

    def ask(n: int) -> None:
        who = HANDLER if n % 2 else world.as_worker(worker_id)
        gate.wait()
        try:
            world.write(filing.file, worker_id, filing.Ask("SKILL_UP", record_id), who)
            answers.append("filed")
        except ClaimStands as stands:
            answers.append(stands.members["limit"])

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()

    assert sorted(answers) == ["certificate"] * 5 + ["filed"]
