"""What was decided of claims counts where a new rule is tried, and is worked out again at night."""

import pytest
import sqlalchemy as sa

from recordsvc.money.claims import bank, decided, filing, views
from recordsvc.money.claims.tables import claim_decision
from recordsvc.money.rules import book, checking, decisions, pack, parsing, simulating
from recordsvc.money.rules.pack import RuleAltered
from recordsvc.money.rules.tables import rule_text
from tests.money.claims.world import HANDLER, World

YEAR = ("2025-01-01", "2025-12-31")


@pytest.fixture
def claims(world: World) -> World:
    bank.connect(world.house)
    return world


def cases(world: World, *, rule: str = "SKILL_UP", first: str = YEAR[0], region: str = "") -> list[int]:
    with world.house.db.read() as conn:
        return [one.amount_fen for one in decided.cases(conn, rule, first, YEAR[1], region)]


def test_a_rule_is_tried_on_the_claims_of_a_period_as_they_stand(claims: World) -> None:
    first = claims.file(*claims.certified(1, level="3"))
    second = claims.file(*claims.certified(2, level="4"))
    given_up = claims.file(*claims.certified(3))
    claims.step(given_up, "withdraw", claims.as_worker(given_up.worker_id))

    assert cases(claims) == [200_000, 150_000]
    assert cases(claims, rule="TRAIN") == cases(claims, first="2025-12-31") == []
    region = claims.read(first).region
    assert cases(claims, region=region[:4]) == [200_000, 150_000]
    assert cases(claims, region="659999") == []

    text = pack.samples()["SKILL_UP"].text.decode()
    candidate = parsing.parse(text.replace("4: 150000", "4: 120000").encode())
    with claims.house.db.read() as conn:
        found = simulating.simulate(candidate, decided.cases(conn, "SKILL_UP", *YEAR, ""), 300_000)
    assert (found.total.cases, found.total.amount_fen, found.total.losers) == (2, -30_000, 1)
    assert [(one.id, one.before_fen, one.after_fen) for one in found.named] == [
        (second.claim_id.hex(), 150_000, 120_000)
    ]


def test_a_claim_that_was_decided_anew_counts_once_and_as_it_stands(claims: World) -> None:
    one = claims.file(*claims.certified())
    claims.registers.said["insured_months"] = 3
    claims.write(filing.supplement, one, HANDLER, "登记更正")
    with claims.house.db.read() as conn:
        (found,) = decided.cases(conn, "SKILL_UP", *YEAR, "")
    assert (found.verdict, found.amount_fen, found.values["insured_months"]) == ("REFUSE", 0, 3)


def test_decisions_of_claims_are_worked_out_again_and_a_changed_one_is_found(claims: World) -> None:
    claims.file(*claims.certified())
    assert decisions.replay_all(claims.house).same == 1

    with claims.house.db.read() as conn:
        document = bytes(conn.scalar(sa.select(claim_decision.c.document)))
        (stored,) = decided.stored(conn)
    wrong = document.replace(b'"amount_fen":200000', b'"amount_fen":200001')
    assert wrong != document
    changed = decisions.Stored(
        *(getattr(stored, name) for name in decisions.Stored.__slots__ if name != "document"), wrong
    )
    assert decisions.replay(claims.house.rules, iter([changed])).differing == (
        (stored.worker_id, stored.decision_id),
    )


def test_case_46_a_claim_is_explained_and_replayed_by_the_sample_that_decided_it(
    claims: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = claims.file(*claims.certified())
    with claims.house.db.read() as conn:
        before = views.decision(claims.house, conn, one)
    pinned = pack.samples()
    newer = pinned["SKILL_UP"].text.replace("技能提升补贴".encode(), "技能提升补助".encode())
    assert newer != pinned["SKILL_UP"].text
    monkeypatch.setattr(pack, "samples", lambda: {**pinned, "SKILL_UP": checking.load(newer)})

    with claims.house.db.read() as conn:
        assert views.decision(claims.house, conn, one) == before
    assert decisions.replay_all(claims.house).differing == ()
    # Once only, however many were decided by it; the next is decided by what holds now.
    more = claims.file(*claims.certified(2))
    claims.file(*claims.certified(3))
    with claims.house.db.read() as conn:
        kept = list(conn.scalars(sa.select(rule_text.c.sha256)))
        titles = {row.sha256 for row in decided.stored(conn)}
    assert sorted(kept) == sorted(titles)
    assert len(kept) == 2
    assert claims.step(more, "accept", HANDLER).outcome == "done"
    assert claims.step(one, "accept", HANDLER).outcome == "diverted"
    book.check_start(claims.house.db)


def test_a_kept_text_that_is_not_what_its_hash_says_refuses_the_start(claims: World) -> None:
    claims.file(*claims.certified())
    book.check_start(claims.house.db)
    wrong = {"sha256": "0" * 64, "text": "rule: OTHER", "kept_ms": 1}
    claims.house.db.write(lambda turn: turn.conn.execute(rule_text.insert().values(wrong)))
    with pytest.raises(RuleAltered):
        book.check_start(claims.house.db)
