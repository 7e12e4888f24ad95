"""What the tables hold by themselves: raw SQL is refused alike, on both databases (cases 16, 17, 18, 22)."""

import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from recordsvc.money.claims import filing
from recordsvc.money.claims.errors import ClaimStands
from recordsvc.money.claims.tables import claim, claim_approval, claim_refusal, claim_state
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
    unsigned = {
        "claim_id": b"\x07" * 16,
        "decision": None,
        "amount_fen": 0,
        "refusal": None,
        "signed": None,
        "hold": "",
        "state": "SUBMITTED",
    }
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


def state(world: World, one: Claim, **values: Any) -> Any:
    return claim_state.update().where(claim_state.c.claim_id == one.claim_id).values(values)


def word(one: Claim, n: int, actor: str, **more: Any) -> Any:
    """A word on refusing a claim, put beside by raw SQL."""
    row = {
        **one.key,
        "n": n,
        "decision": one.decision,
        "verdict": "GRANT",
        "article": "第三条第二项",
        "found": "不实",
        "found_on": "2025-10-09",
        "evidence": "笔录",
        "actor": actor,
        "at_ms": 1,
    }
    return claim_refusal.insert().values(row | more)


ENDED = {"state": "REFUSED", "live": 0, "owner": "", "hold": "", "signed": None}


@pytest.mark.parametrize("brought", ["CHECKED", "ACCEPTED", "NOTICED"])
def test_what_the_rule_grants_is_not_refused_without_two_people_s_words(world: World, brought: str) -> None:
    one = world.file(*world.certified())
    if brought != "CHECKED":
        one = world.bring(one, brought)
    refused(world, state(world, one, **ENDED))
    for less in ({"amount_fen": 0}, {"decision": None}, {"refusal": one.version}):
        refused(world, state(world, one, **ENDED | less))
    world.propose_refusal(one, HANDLER, "证书系伪造")
    proposal = world.read(one).version
    refused(world, state(world, one, **ENDED, refusal=proposal))
    second = {"before": proposal, "proposer": HANDLER.actor}
    refused(world, word(one, 90, HANDLER.actor, **second))
    refused(world, word(one, 90, "official:r1", before=proposal, proposer="official:x"))
    refused(world, word(one, 90, "official:r1", before=proposal))
    refused(world, word(one, 90, "official:r1", **second, decision=9))
    for name in ("article", "found", "found_on", "evidence"):
        refused(world, word(one, 90, "official:r1", **second | {name: ""}))

    world.house.db.write(lambda turn: turn.conn.execute(word(one, 90, "official:r1", **second)))
    world.house.db.write(lambda turn: turn.conn.execute(state(world, one, **ENDED, refusal=proposal)))


def test_what_the_rule_does_not_grant_has_no_such_words(world: World) -> None:
    world.registers.said["insured_months"] = 3
    one = world.file(*world.certified())
    refused(world, word(one, 90, "official:r1"))
    refused(world, word(one, 90, "official:r1", verdict="REFUSE"))
    world.step(one, "refuse", HANDLER)
    assert world.read(one).refusal is None


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
