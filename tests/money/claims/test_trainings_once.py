"""One training is paid for once, whatever the kinds are called: by the rules, and by the database."""

import datetime as dt
import threading
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.ground.ports import beijing_date
from recordsvc.money.claims import bank, facts, filing, values, views
from recordsvc.money.claims.errors import ClaimStands, ClaimStep
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.tables import claim_state
from recordsvc.money.claims.values import Claim
from recordsvc.money.rules import entitlements, trainings
from tests.archive.support import Centre, id_of, person
from tests.archive.test_disputes import confirm
from tests.archive.test_merging import merge
from tests.money.claims.test_days import member
from tests.money.claims.world import HANDLER, WELDER, World


class Trained:
    """A worker with a course, its certificate, and a school that issues both."""

    def __init__(self, world: World, n: int = 1) -> None:
        self.world, self.n, self.school = world, n, Centre(world.house, 7)
        self.serial = 0
        today = beijing_date(world.house.clock.now_ms())
        member(world, today - dt.timedelta(days=900), "rural-migrant")
        self.records: dict[bytes, bytes] = {}

    @property
    def worker_id(self) -> bytes:
        return self.school.worker_id(person(self.n))

    def _entered(self, record: bytes) -> bytes:
        self.school.enter(record)
        confirm(self.world.house, self.worker_id, record)
        record_id = uuid.UUID(id_of(record)).bytes
        self.records[record_id] = record
        return record_id

    def day(self, ago: int) -> str:
        return (beijing_date(self.world.house.clock.now_ms()) - dt.timedelta(days=ago)).isoformat()

    def course(self, code: str = "C1", ended: int = 10, **changes: Any) -> bytes:
        begun = ended + 30
        days = [self.day(begun - n) for n in range(10)]
        body = {"class": {"code": code}, "started_on": self.day(begun), "ended_on": self.day(ended)}
        return self._entered(self.school.completion(person(self.n), attended_on=days, **body | changes))

    def certificate(self, code: str | None = "C1", ago: int = 5, **changes: Any) -> bytes:
        """A certificate of training; without a class it does not say of which training it is."""
        self.serial += 1
        body = {
            "certificate": {"number": f"PX-2025-{self.serial:04d}", "issued_on": self.day(ago)},
            "institution": {"uscc": self.school.uscc, "name": "测试学校"},
            "project": "焊工初级",
            "occupation": {"edition": "2022", "code": WELDER, "name": "焊工"},
            "hours": {"theory_minutes": 2250, "practice_minutes": 2250, "online_minutes": 0},
            "started_on": self.day(ago + 35),
            "ended_on": self.day(ago + 5),
            **({} if code is None else {"class": {"code": code}}),
        }
        return self._entered(self.school.record("training-certificate", person(self.n), body | changes))

    def corrects(self, record_id: bytes, **fields: Any) -> None:
        record = self.records[record_id]
        self.school.enter(self.school.correction(person(self.n), record, **fields))
        confirm(self.world.house, self.worker_id, record)

    def file(self, record_id: bytes, kind: str) -> Claim:
        return self.world.file(self.worker_id, record_id, kind=kind)

    def again(self, one: Claim) -> Claim:
        world = self.world
        return world.write(filing.supplement, world.read(one), world.as_worker(self.worker_id), "再看一次")


@pytest.fixture
def trained(world: World) -> Trained:
    world.registers.said |= {
        "public_payroll": False,
        "in_catalogue": True,
        "catalogue_min_hours": 20,
        "catalogue_fen": 80_000,
        "attendance_pct": 95,
    }
    return Trained(world)


def verdict(world: World, one: Claim) -> tuple[str, list[str]]:
    """What the newest decision says: its verdict, and the clauses that fail or the facts that are missing."""
    with world.house.db.read() as conn:
        told = views.decision(world.house, conn, world.read(one))
    assert told is not None
    return told["verdict"], [it["clause"] for it in told["failed"]] or [it["fact"] for it in told["missing"]]


def refused_to_the_end(world: World, one: Claim, clause: str) -> None:
    """The rule refuses it, nobody can accept it, an official refuses it, and nothing is held or paid."""
    assert verdict(world, one) == ("REFUSE", [clause])
    left = world.left()
    with pytest.raises(ClaimStep):
        world.step(one, "accept", HANDLER)
    assert world.step(one, "refuse", HANDLER).claim.state == "REFUSED"
    assert world.left() == left


@pytest.mark.parametrize(
    ("first", "second", "clause"), [("TRAIN_DAY", "TRAIN", "TR-10"), ("TRAIN", "TRAIN_DAY", "TD-6")]
)
def test_a_course_paid_by_the_day_is_not_paid_by_its_certificate_nor_the_other_way(
    world: World, trained: Trained, first: str, second: str, clause: str
) -> None:
    rests = {"TRAIN_DAY": trained.course(), "TRAIN": trained.certificate()}
    paid = world.bring(trained.file(rests[first], first), "PAID")
    refused_to_the_end(world, trained.file(rests[second], second), clause)
    assert [one[2] for one in world.bank.queued] == [paid.amount_fen]


def test_what_is_granted_and_not_yet_paid_keeps_the_other_kind_away_until_it_ends(
    world: World, trained: Trained
) -> None:
    by_day = trained.file(trained.course(), "TRAIN_DAY")
    by_certificate = trained.file(trained.certificate(), "TRAIN")
    assert verdict(world, by_certificate) == ("REFUSE", ["TR-10"])

    world.step(by_day, "withdraw", world.as_worker(trained.worker_id))

    assert trained.again(by_certificate).amount_fen == 80_000
    assert world.bring(by_certificate, "PAID").state == "PAID"
    again = trained.file(uuid.UUID(by_day.certificate).bytes, "TRAIN_DAY")
    refused_to_the_end(world, again, "TD-6")


def test_what_was_asked_back_whole_frees_the_training(world: World, trained: Trained) -> None:
    course, certificate = trained.course(), trained.certificate()
    paid = world.bring(trained.file(course, "TRAIN_DAY"), "PAID")
    own = claim_state.c
    over = {"state": "RECOVERED", "live": 0}
    world.house.db.write(
        lambda turn: turn.conn.execute(claim_state.update().where(own.claim_id == paid.claim_id).values(over))
    )
    assert trained.file(certificate, "TRAIN").amount_fen == 80_000


def test_a_class_that_is_named_otherwise_after_it_was_paid_is_the_same_training(
    world: World, trained: Trained
) -> None:
    course, certificate = trained.course("C-l"), trained.certificate("C-1")
    world.bring(trained.file(course, "TRAIN_DAY"), "PAID")
    trained.corrects(course, **{"class": {"code": "C-1"}})
    refused_to_the_end(world, trained.file(certificate, "TRAIN"), "TR-10")


def test_a_certificate_paid_under_a_class_s_older_name_is_of_that_training(
    world: World, trained: Trained
) -> None:
    course, certificate = trained.course("C-l"), trained.certificate("C-l")
    world.bring(trained.file(certificate, "TRAIN"), "PAID")
    trained.corrects(course, **{"class": {"code": "C-1"}})
    refused_to_the_end(world, trained.file(course, "TRAIN_DAY"), "TD-6")


def test_two_certificates_of_one_training_are_one_training(world: World, trained: Trained) -> None:
    trained.course()
    world.bring(trained.file(trained.certificate(), "TRAIN"), "PAID")
    refused_to_the_end(world, trained.file(trained.certificate(), "TRAIN"), "TR-10")


def test_a_skill_subsidy_is_not_paid_beside_the_training_it_came_from(world: World, trained: Trained) -> None:
    world.bring(trained.file(trained.course(level="3"), "TRAIN_DAY"), "PAID")
    record = world.assessor.certificate(person(1), issued_on=trained.day(2))
    world.assessor.enter(record)
    refused_to_the_end(world, trained.file(uuid.UUID(id_of(record)).bytes, "SKILL_UP"), "SU-10")


def test_another_level_and_a_training_two_years_later_are_other_trainings(
    world: World, trained: Trained
) -> None:
    world.bring(trained.file(trained.course("C0", level="4"), "TRAIN_DAY"), "PAID")
    world.days(730)
    later = trained.file(trained.course("C1", ended=20, level="4"), "TRAIN_DAY")
    assert verdict(world, later)[0] == "GRANT"
    record = world.assessor.certificate(person(1), level="3", issued_on=trained.day(2))
    world.assessor.enter(record)
    self_taught = trained.file(uuid.UUID(id_of(record)).bytes, "SKILL_UP")
    assert verdict(world, self_taught)[0] == "GRANT"


def test_where_nobody_knows_of_which_training_a_certificate_is_an_official_has_it(
    world: World, trained: Trained
) -> None:
    """Not refused, not granted, not the worker's to find out; once the certificate says it, decided."""
    world.bring(trained.file(trained.course(), "TRAIN_DAY"), "PAID")
    certificate = trained.certificate(None, ago=28)  # issued before the course of the archive was over
    one = trained.file(certificate, "TRAIN")
    assert verdict(world, one) == ("NEED_INFO", ["training"])
    assert (one.state, one.owner, one.amount_fen) == ("CHECKED", "handler", 0)
    with pytest.raises(ClaimStep):
        world.step(one, "accept", HANDLER)

    trained.corrects(certificate, **{"class": {"code": "C1"}})
    assert trained.again(one).state == "CHECKED"
    refused_to_the_end(world, one, "TR-10")


def test_of_the_first_certificate_nothing_need_be_known_and_the_course_then_waits_for_an_official(
    world: World, trained: Trained
) -> None:
    paid = trained.file(trained.certificate(None), "TRAIN")
    assert world.bring(paid, "PAID").amount_fen == 80_000
    one = trained.file(trained.course(ended=2), "TRAIN_DAY")
    assert verdict(world, one) == ("NEED_INFO", ["prior"])
    assert (one.state, one.owner) == ("CHECKED", "handler")


def test_archives_that_are_read_as_one_have_one_training(world: World, trained: Trained) -> None:
    world.bring(trained.file(trained.course(), "TRAIN_DAY"), "PAID")
    twin = Trained.__new__(Trained)
    twin.__dict__ |= {**trained.__dict__, "n": 2, "records": {}}
    certificate = twin.certificate()
    merge(world.house, twin.worker_id, trained.worker_id)
    one = world.file(trained.worker_id, certificate, kind="TRAIN")
    assert "TR-10" in verdict(world, one)[1]


def test_the_page_offers_nothing_for_a_training_that_was_paid(world: World, trained: Trained) -> None:
    bank.connect(world.house)
    world.house.registers = [world.registers]
    course, certificate = trained.course(), trained.certificate()
    world.bring(trained.file(course, "TRAIN_DAY"), "PAID")

    found = {
        (uuid.UUID(one.case.record_id).bytes, one.decision.rule): one.decision.verdict.value
        for one in entitlements.of_worker(world.house, trained.worker_id)
    }
    assert found[certificate, "TRAIN"] == "REFUSE"
    assert found[course, "TRAIN_DAY"] == "REFUSE"


# -- held by the database


def test_two_kinds_for_one_training_at_once_are_granted_once(world: World, trained: Trained) -> None:
    asked = [(trained.course(), "TRAIN_DAY"), (trained.certificate(), "TRAIN")]
    worker_id, start = trained.worker_id, threading.Barrier(2)
    answers = list[Claim]()

    def ask(record_id: bytes, kind: str) -> None:
        start.wait()
        answers.append(world.file(worker_id, record_id, kind=kind))

    threads = [threading.Thread(target=ask, args=one) for one in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(verdict(world, one)[0] for one in answers) == ["GRANT", "REFUSE"]
    granted = next(one for one in answers if one.amount_fen)
    assert world.bring(granted, "PAID").state == "PAID"
    assert len(world.bank.queued) == 1


def test_without_its_rule_the_database_still_grants_one_kind_only(
    world: World, trained: Trained, monkeypatch: pytest.MonkeyPatch
) -> None:
    course, certificate = trained.course(), trained.certificate()
    first = trained.file(course, "TRAIN_DAY")
    monkeypatch.setattr(facts, "prior", lambda *_asked: [])
    with pytest.raises(ClaimStands) as stands:
        trained.file(certificate, "TRAIN")
    assert stands.value.members["limit"] == "training"

    world.step(first, "withdraw", world.as_worker(trained.worker_id))
    assert trained.file(certificate, "TRAIN").amount_fen == 80_000


def test_the_training_is_kept_with_the_claim_and_given_back_with_the_grant(
    world: World, trained: Trained
) -> None:
    own = claim_state.c
    one = trained.file(trained.course(), "TRAIN_DAY")
    named = f"{trained.school.uscc}/C1"

    def held() -> list[Any]:
        with world.house.db.read() as conn:
            query = sa.select(own.training_begun, own.training_ended).where(own.claim_id == one.claim_id)
            return list(conn.execute(query).one())

    assert held() == [named, named]
    world.registers.said["deceased"] = True
    trained.again(one)
    assert held() == [None, None]


def test_another_s_certificate_takes_nothing(world: World, trained: Trained) -> None:
    world.bring(trained.file(trained.course(), "TRAIN_DAY"), "PAID")
    with world.house.db.read() as conn:
        assert [one.kind for one in values.listed(conn)] == ["TRAIN_DAY"]
    other = Trained.__new__(Trained)
    other.__dict__ |= {**trained.__dict__, "n": 3, "records": {}}
    one = world.write(
        filing.file, *_ask(other.certificate(), other.worker_id), world.as_worker(other.worker_id)
    )
    assert "TR-10" not in verdict(world, one)[1]


def _ask(record_id: bytes, worker_id: bytes) -> tuple[bytes, Ask]:
    return worker_id, Ask("TRAIN", record_id)


def test_a_training_is_named_by_institution_and_class() -> None:
    body = {"institution": {"uscc": "91640100000000001A"}, "class": {"code": "C1"}}
    assert trainings.named(body) == "91640100000000001A/C1"
    assert trainings.named({"institution": {"uscc": "91640100000000001A"}}) is None
