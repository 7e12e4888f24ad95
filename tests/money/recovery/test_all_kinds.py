"""Every kind of subsidy is offered, accepted at the door, decided, and paid by the simulated bank.

Over the table of kinds (`claim_kinds`): a kind that is added without a way to it fails here.
"""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from banksim.bank import Bank
from banksim.book import Book
from banksim.faults import Faults
from banksim.folder import Folder as BankFolder
from recordsvc import dated
from recordsvc.access import demo
from recordsvc.access.grants import Position
from recordsvc.ground import two_person
from recordsvc.ground.ports import FixedClock, beijing_date
from recordsvc.house import House
from recordsvc.money.bank import inbox
from recordsvc.money.claims import bank as claims_bank
from recordsvc.money.claims import deciding, projects, terms, values
from recordsvc.money.claims.errors import ClaimRefused, ClaimStands
from recordsvc.money.claims.projects import Wanted
from recordsvc.money.claims.values import Claim
from recordsvc.money.rules import pack
from recordsvc.settings import Settings
from tests.archive.support import Centre, id_of, person
from tests.archive.test_disputes import confirm
from tests.journeys.desk import HOST, Journey
from tests.money.bank.desk import CODE
from tests.money.claims.test_behalf import School, line
from tests.money.claims.test_behalf_doors import Place
from tests.money.claims.world import WELDER, Assessor
from tests.money.recovery.world import Recoveries

TODAY = dated.OPEN_END
KINDS = sorted(terms.kinds(TODAY))
FEE, PRICE = 31_500, 240_000


@dataclasses.dataclass(frozen=True)
class Way:
    """How a kind is claimed here: on which record of the scene, by whom."""

    record: str
    by: str = "worker"
    amount_fen: int = 0
    told: dict[str, int] = dataclasses.field(default_factory=dict)


WAYS: dict[str, Way] = {
    "TRAIN": Way("training-certificate", amount_fen=80_000),
    "TRAIN_DAY": Way("course", amount_fen=150_000),
    "LIVING": Way("course", amount_fen=40_000),
    "EVAL": Way("level-certificate", amount_fen=22_050, told={"fee_fen": FEE}),
    "SKILL_UP": Way("level-certificate", amount_fen=200_000),
    "APPRENTICE": Way("course", "employer", amount_fen=600_000),
    "PROJECT": Way("course", "school", amount_fen=PRICE),
}


class Scene:
    """A worker of a group, with a course, its certificates and the assessment; a school and an employer."""

    def __init__(self, world: Recoveries) -> None:
        self.world, self.house = world, world.house
        world.registers.said |= {
            "public_payroll": False,
            "in_catalogue": True,
            "catalogue_min_hours": 20,
            "catalogue_fen": 80_000,
        }
        self.house.registers = [world.registers]
        claims_bank.connect(self.house)
        self.school = School(world, Centre(self.house, 7))
        self.employer = School(world, Assessor(self.house, 61, "employer"))  # type: ignore[arg-type]
        self.records: dict[str, bytes] = {}
        self.raw: dict[str, bytes] = {}
        today = beijing_date(self.house.clock.now_ms())
        self.day: Callable[[int], str] = lambda ago: (today - dt.timedelta(days=ago)).isoformat()
        self._group()
        self._course()
        self._certificates()
        self._project()

    @property
    def worker_id(self) -> bytes:
        return self.school.centre.worker_id(person(1))

    def _enter(self, name: str, issuer: Centre, record: bytes, *, confirmed: bool = False) -> None:
        issuer.enter(record)
        self.records[name], self.raw[name] = uuid.UUID(id_of(record)).bytes, record
        if confirmed:
            confirm(self.house, self.worker_id, record)

    def _group(self) -> None:
        bureau = Assessor(self.house, 62, kind="bureau")
        body = {
            "group": "poverty-monitored",
            "valid_from": self.day(900),
            "source": "certificate",
            "source_body": "示范乡村振兴局",
            "checked_on": self.day(0),
        }
        self._enter("group", bureau, bureau.record("group-membership", person(1), body))

    def _course(self) -> None:
        centre = self.school.centre
        record = centre.completion(person(1), level="3")
        self._enter("course", centre, record, confirmed=True)

    def _certificates(self) -> None:
        centre, assessor = self.school.centre, self.world.assessor
        body = {
            "certificate": {"number": "PX-2025-0001", "issued_on": self.day(8)},
            "institution": {"uscc": centre.uscc, "name": "测试学校"},
            "class": {"code": "C1"},
            "project": "焊工高级",
            "occupation": {"edition": "2022", "code": WELDER, "name": "焊工"},
            "started_on": self.day(40),
            "ended_on": self.day(10),
        }
        certificate = centre.record("training-certificate", person(1), body)
        self._enter("training-certificate", centre, certificate, confirmed=True)
        self._enter("result", assessor, self.result(self.day(6)))
        level = assessor.certificate(person(1), issued_on=self.day(5))
        self._enter("level-certificate", assessor, level)

    def result(self, on: str, **changes: Any) -> bytes:
        """A result of the assessment that the level certificate rests on."""
        assessor = self.world.assessor
        parts = [
            {"part": name, "status": "scored", "score": "80.0", "pass_mark": "60", "passed": True}
            for name in ("theory", "practice")
        ]
        body = {
            "organisation": {"uscc": assessor.uscc, "name": "示范评价中心"},
            "scheme": "recognition",
            "occupation": {"edition": "2022", "code": WELDER, "name": "焊工"},
            "level": "3",
            "attempt": "first",
            "assessed_on": on,
            "parts": parts,
            "result": "passed",
        }
        return assessor.record("assessment-result", person(1), body | changes)

    def _project(self) -> None:
        wanted = Wanted(
            self.school.centre.uscc, "C1", "焊工高级班", "宁人社项〔2025〕1号", "640000", 1, PRICE
        )
        proposal = self.world.write(projects.propose, wanted, "official:f1")
        self.world.agree(proposal, "official:f2", "reviewer")

    # -- filing

    def institution(self, kind: str) -> School:
        return self.employer if WAYS[kind].by == "employer" else self.school

    def file(self, kind: str) -> Claim:
        """File it by the verbs of the room. Raises `ClaimRefused`, `ClaimStands`."""
        way = WAYS[kind]
        record_id = self.records[way.record]
        if way.by == "worker":
            return self.world.file(self.worker_id, record_id, kind=kind, told=way.told)
        school = self.institution(kind)
        school.given(self.worker_id, kind)
        (row,) = school.sheet(line(1, record_id), kind=kind)
        if row.code == "claim-refused":
            raise ClaimRefused(errors=[{"detail": row.detail}])
        if row.code == "claim-stands":
            raise ClaimStands(limit="")
        return school.claim(row)

    def verdict(self, one: Claim) -> str:
        with self.house.db.read() as conn:
            return str(values.decision_of(conn, self.world.read(one)).verdict)  # type: ignore[union-attr]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo", public_url="http://localhost")


@pytest.fixture
def scene(world: Recoveries) -> Scene:
    return Scene(world)


@pytest.fixture
def place(app: Any, house: House, clock: FixedClock, scene: Scene) -> Place:
    for uscc, name in ((scene.school.centre.uscc, "clerk"), (scene.employer.centre.uscc, "other")):
        house.db.write(
            lambda turn, uscc=uscc, name=name: demo.create_staff(
                turn, uscc, name, Position.CLERK, ("机构经办", "clerk")
            )
        )
    return Place(scene.world, Journey(app, house, clock), scene.school.centre, {})


@pytest.fixture
def bank(scene: Scene, tmp_path: Path) -> Bank:
    desk = scene.world.desk
    book = Book(tmp_path / "bank.db")
    book.open_fund(desk.source.number, 100_000_000)
    exchange = BankFolder(scene.house.settings.bank_folder / CODE)
    return Bank(book, exchange, Faults({}, 7), desk.source.number)


def test_every_kind_has_a_way_and_a_rule_and_every_rule_in_force_a_kind() -> None:
    assert set(WAYS) == set(KINDS)
    # 以工代训 ended in 2021: a rule without a day in force needs no way.
    in_force = {code for code, rule in pack.samples().items() if rule.head.last >= "2026-01-01"}
    assert in_force == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_offered_accepted_decided_and_paid_by_the_bank(
    scene: Scene, place: Place, bank: Bank, kind: str
) -> None:
    way, world = WAYS[kind], scene.world
    record = str(uuid.UUID(bytes=scene.records[way.record]))
    if way.by == "worker":
        me = place.journey.sign_in(person(1)["number"])
        page = place.journey.browser(me)[0].get("/me/entitlements", base_url=HOST).text
        assert f'action="/me/records/{record}/claims/{kind}"' in page
        answer = place.journey.act(me, "/v1/me/claims", {"kind": kind, "record_id": record, **way.told}, 201)
        claim_id = uuid.UUID(answer["claim_id"]).bytes
    else:
        scene.institution(kind).given(scene.worker_id, kind)
        clerk = place.clerk() if way.by == "school" else place.at("other")
        assert f'<option value="{kind}"' in clerk.get("/centre/claims").text
        who = person(1)
        row = {"number": who["number"], "name": who["name"], "record_id": record}
        body = {"kind": kind, "paid_to": "institution", "lines": [row]}
        told = place.api(clerk, "/v1/institution/claim-bundles", body, f"sheet-of-{kind}")
        assert told["outcomes"][0]["code"] == "", told["outcomes"]
        claim_id = uuid.UUID(told["outcomes"][0]["claim"]["claim_id"]).bytes

    with scene.house.db.read() as conn:
        one = values.find(conn, claim_id)
        row = values.decision_of(conn, one)
    assert row is not None
    assert (row.verdict, one.amount_fen) == ("GRANT", way.amount_fen), bytes(row.document).decode()
    rule = scene.house.claims.rules.version(row.sha256)
    assert deciding.again(rule, bytes(row.document)).canonical() == bytes(row.document)

    world.account(one, 1)
    world.bring(one, "PAYING")
    world.desk.send()
    bank.work(world.desk.now())
    inbox.run(scene.house)
    bank.close_day(world.desk.now())
    inbox.run(scene.house)
    assert world.read(one).state == "PAID"
    assert world.posted("cash:employ:bank") == -way.amount_fen


_TRAINING = [kind for kind in KINDS if WAYS[kind].record and kind not in ("LIVING", "EVAL")]


@pytest.mark.parametrize("second", _TRAINING)
@pytest.mark.parametrize("first", _TRAINING)
def test_no_second_kind_is_granted_for_the_same_training(scene: Scene, first: str, second: str) -> None:
    assert scene.verdict(scene.file(first)) == "GRANT"
    if first == second:
        with pytest.raises(ClaimStands):
            scene.file(second)
        return
    try:
        other = scene.file(second)
    except (ClaimStands, ClaimRefused):
        return
    assert scene.verdict(other) == "REFUSE"
    assert scene.world.read(other).amount_fen == 0


@pytest.mark.parametrize("kind", ["LIVING", "EVAL"])
def test_living_and_assessment_are_granted_beside_a_training(scene: Scene, kind: str) -> None:
    assert scene.verdict(scene.file("TRAIN_DAY")) == "GRANT"
    assert scene.verdict(scene.file(kind)) == "GRANT"


def test_two_person_rule_of_projects(scene: Scene) -> None:
    """Who proposed a project does not decide it."""
    wanted = Wanted(scene.school.centre.uscc, "C2", "电工班", "宁人社项〔2025〕2号", "640000", 10, PRICE)
    proposal = scene.world.write(projects.propose, wanted, "official:f1")
    with pytest.raises(two_person.SamePerson):
        scene.world.agree(proposal, "official:f1", "reviewer")
