"""Claims on workers' behalf: contracts that workers see and end, sheets line by line, fees charged."""

import dataclasses
import threading
import uuid
from typing import Any

import pytest
import sqlalchemy as sa

from recordsvc.access import looked
from recordsvc.archive import noticeboard
from recordsvc.money.claims import agencies, behalf, deciding, filing, signing, values, views
from recordsvc.money.claims.agencies import DENIED, ENDED, Agency, Wanted
from recordsvc.money.claims.agency_tables import claim_agency, claim_agent
from recordsvc.money.claims.behalf import Bundle, Line
from recordsvc.money.claims.errors import AgencyOver, AgencyRefused, ClaimStands, FeeCharged
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.ports import FeesRoom
from recordsvc.money.claims.values import Claim, Who
from tests.archive.support import Centre, id_of, person
from tests.archive.test_disputes import confirm
from tests.money.claims.world import HANDLER, REVIEWER, Charged, World
from tests.money.fees.world import World as Till

CLERK = Who("staff:s-1", filing.WORKER_ROLES)
PAPER = bytes(15) + b"\x01"
FEE = Charged("F000000001", "焊工初级班", "PAID", 80_000)


@dataclasses.dataclass
class School:
    """A centre that trained its learners and claims for them."""

    world: World
    centre: Centre

    def trained(self, n: int, **changes: Any) -> tuple[bytes, bytes]:
        """A worker with a course of the centre: worker id and record id."""
        who = person(n)
        record = self.centre.completion(who, **changes)
        self.centre.enter(record)
        worker_id, record_id = self.centre.worker_id(who), uuid.UUID(id_of(record)).bytes
        # A course counts once its worker confirmed it.
        confirm(self.world.house, worker_id, record)
        return worker_id, record_id

    def wanted(self, *kinds: str, until_on: str = "2026-09-30", paper: bytes | None = None) -> Wanted:
        return Wanted(self.centre.uscc, kinds or ("TRAIN_DAY",), "2025-10-01", until_on, paper)

    def given(self, worker_id: bytes, *kinds: str) -> Agency:
        made = self.world.write(agencies.give, worker_id, self.wanted(*kinds), f"worker:{worker_id.hex()}")
        with self.world.house.db.read() as conn:
            return agencies.find(conn, made)

    def sheet(
        self, *lines: Line, kind: str = "TRAIN_DAY", to: str = "institution", paper: bytes | None = None
    ) -> list[Any]:
        house = self.world.house
        sheet = Bundle(self.centre.uscc, kind, to, len(lines), CLERK.actor)
        bundle_id = house.db.write(lambda turn: behalf.begin(turn, house, sheet))
        with house.db.read() as conn:
            begun = behalf.find(conn, bundle_id, self.centre.uscc)
        contract = None if paper is None else self.wanted(kind, paper=paper)
        behalf.run(house, begun, list(lines), contract, CLERK)
        # Again, as after a crash: what is done stays done.
        behalf.run(house, begun, list(lines), contract, CLERK)
        with house.db.read() as conn:
            return behalf.outcomes(conn, bundle_id)

    def claim(self, row: Any) -> Claim:
        assert row.claim_id is not None, (row.code, row.detail)
        with self.world.house.db.read() as conn:
            return values.find(conn, bytes(row.claim_id))


def line(n: int, record_id: bytes | None, **more: Any) -> Line:
    who = person(n)
    return Line("resident-id", who["number"], more.pop("name", who["name"]), record_id, **more)


@pytest.fixture
def school(world: World) -> School:
    world.registers.said["public_payroll"] = False
    return School(world, Centre(world.house, 7))


def notices_of(world: World, worker_id: bytes) -> list[str]:
    with world.house.db.read() as conn:
        return [one.kind for one in noticeboard.of_workers(world.house, conn, [worker_id])]


def test_a_sheet_is_filed_line_by_line_and_each_worker_is_told(world: World, school: School) -> None:
    first, course = school.trained(1)
    school.given(first)
    second, other = school.trained(2)
    rows = school.sheet(
        line(1, course),
        line(2, other),
        line(3, course),
        line(1, course, name="马丁丁"),
        line(1, b"\x05" * 16),
        Line("resident-id", "640104199002159915", "马丁", course),
    )
    one = school.claim(rows[0])
    assert (one.payee, one.told["payee"]) == (f"institution:{school.centre.uscc}", "centre")
    assert [row.code for row in rows[1:]] == [
        *["agency-unmatched"] * 3,
        "record-unmatched",
        "identifier",
    ]
    # Whether unknown, of another name, or here without a contract: one answer.
    assert len({row.detail for row in rows[1:4]}) == 1
    assert "claim-on-behalf" in notices_of(world, first)
    assert notices_of(world, second).count("claim-on-behalf") == 0
    with world.house.db.read() as conn:
        (look,) = looked.of_worker(conn, first)
        assert looked.of_worker(conn, second) == [], "without a contract nothing is told of anybody"
    # Of a record that is not there something was told: the worker reads by whom and when.
    assert (look.purpose, look.fields) == (behalf.PURPOSE, "records")
    assert f"{look.actor_kind}:{look.actor_id}" == CLERK.actor
    with world.house.db.read() as conn:
        assert signing.flags(world.house, conn, one) == ("agency",)
        told = views.detailed(world.house, conn, one)
    assert told["agent"]["institution"] == school.centre.uscc


def test_whoever_claims_on_behalf_is_told_with_the_worker_and_learns_no_name(
    world: World, school: School
) -> None:
    worker_id, course = school.trained(1)
    school.given(worker_id)
    (row,) = school.sheet(line(1, course))
    one = school.claim(row)

    world.step(one, "ask", HANDLER, "请补充考勤表")

    addressee = f"institution:{school.centre.uscc}"
    with world.house.db.read() as conn:
        found = noticeboard.of_office(conn, [addressee])
    (told,) = [it for it in found if it.kind == "claim-asked"]
    assert told.params == {"case_id": str(uuid.UUID(bytes=one.claim_id))}
    assert "claim-asked" in notices_of(world, worker_id)


def test_a_contract_on_paper_is_entered_with_the_sheet_and_only_for_its_own_learners(
    world: World, school: School
) -> None:
    mine, course = school.trained(1)
    stranger, certificate = world.certified(2)
    rows = school.sheet(line(1, course), line(2, certificate), paper=PAPER)
    assert school.claim(rows[0]).worker_id == mine
    assert rows[1].code == "agency-unmatched"
    assert "agency-entered" in notices_of(world, mine)
    with world.house.db.read() as conn:
        assert agencies.of_person(conn, stranger) == []
        (entered,) = agencies.of_person(conn, mine)
    assert (entered.source, entered.paper_id) == ("paper", PAPER)


def test_case_43_a_claim_for_an_institution_that_charged_the_worker_is_refused_with_both_records(
    world: World, school: School
) -> None:
    worker_id, course = school.trained(1)
    school.given(worker_id)
    world.fees.said = [FEE, dataclasses.replace(FEE, number="F000000002", kept_fen=0)]
    (row,) = school.sheet(line(1, course))
    assert (row.claim_id, row.code) == (None, "fee-charged")
    assert "缴费单 F000000001（焊工初级班，已收 800.00 元）" in row.detail
    assert str(uuid.UUID(bytes=course)) in row.detail
    assert "F000000002" not in row.detail
    # The fee that is asked for is that of the course of the record.
    assert set(world.fees.asked) == {(school.centre.uscc, "C1")}
    with world.house.db.read() as conn:
        assert behalf.filed(conn, school.centre.uscc) == []

    # What comes out later stops the next signature, and the problem shows both.
    world.fees.said = []
    (row,) = school.sheet(line(1, course))
    one = school.claim(row)
    world.fees.said = [FEE]
    with pytest.raises(FeeCharged) as refused:
        world.step(one, "accept", HANDLER)
    assert refused.value.members["record_id"] == str(uuid.UUID(bytes=course))
    (order,) = refused.value.members["orders"]
    assert (order["number"], order["kept_fen"]) == ("F000000001", 80_000)


def test_case_43_a_fee_that_comes_out_after_signing_ends_every_signature(
    world: World, school: School
) -> None:
    worker_id, course = school.trained(1)
    school.given(worker_id)
    one = school.claim(school.sheet(line(1, course))[0])
    world.step(one, "accept", HANDLER)
    world.fees.said = [FEE]
    assert world.step(one, "review", REVIEWER).outcome == "diverted"
    now = world.read(one)
    assert (now.state, now.signed, now.hold) == ("CHECKED", None, "")


def test_case_43_the_rule_itself_refuses_and_shows_contract_and_fee(world: World, school: School) -> None:
    worker_id, record_id = world.certified(1)
    agency = world.write(
        agencies.give, worker_id, Wanted(world.assessor.uscc, ("TRAIN",), "2025-10-01", "2026-01-01"), "w"
    )
    with world.house.db.read() as conn:
        contract = agencies.find(conn, agency)
    world.fees.said = [FEE]
    payee = f"institution:{world.assessor.uscc}"
    one = world.file(worker_id, record_id, kind="TRAIN", payee=payee, agency=contract)
    with world.house.db.read() as conn:
        told = views.decision(world.house, conn, one)
    assert told is not None
    facts = {fact["name"]: fact for fact in told["facts"]}
    assert facts["agency_contract"]["source"] == f"委托协议 {uuid.UUID(bytes=agency)}"
    assert (facts["fee_charged_fen"]["value"], facts["fee_charged_fen"]["source"]) == (
        "800.00 元",
        "缴费单 F000000001",
    )
    assert "代领规定" in {one["article"] for one in told["failed"]}


def test_case_43_a_fee_order_of_the_till_stands_against_the_claim_until_it_is_given_back(
    world: World, school: School
) -> None:
    worker_id, course = school.trained(1)
    school.given(worker_id)
    till = Till(world.house, 1)
    till.centre, till.workers = school.centre, [worker_id]
    world.house.claims.fees = FeesRoom(world.house)
    # Another course of the same institution, and an order that nobody paid, stand against nothing.
    till.paid(0, till.offer(course="C2"))
    order = till.order(0, till.offer(80_000, course="C1"))
    before = school.claim(school.sheet(line(1, course))[0])
    world.step(before, "accept", HANDLER)

    till.check(till.take(order))

    assert world.step(before, "review", REVIEWER).outcome == "diverted"
    with pytest.raises(FeeCharged) as refused:
        world.step(before, "accept", HANDLER)
    assert [it["number"] for it in refused.value.members["orders"]] == [order.number]
    world.step(before, "withdraw", school_clerk(before))
    (row,) = school.sheet(line(1, course))
    assert (row.claim_id, row.code) == (None, "fee-charged")
    assert f"缴费单 {order.number}（焊工初级班，已收 800.00 元）" in row.detail

    till.give_back(till.leave(till.again(order)))

    assert school.claim(school.sheet(line(1, course))[0]).state == "CHECKED"


def school_clerk(one: Claim) -> Who:
    return Who(one.filed_by, filing.WORKER_ROLES)


def test_where_nobody_keeps_fees_the_fact_is_missing_and_never_zero(world: World, school: School) -> None:
    worker_id, course = school.trained(1)
    school.given(worker_id)
    one = school.claim(school.sheet(line(1, course))[0])
    world.fees.said = None
    with world.house.db.read() as conn:
        place = deciding.place_of(world.house, conn, one)
        assert place is not None
        names = [name for name, *_ in agencies.facts(world.house, conn, one, place, "2025-10-09")]
    assert names == ["agency_contract"]


def test_case_16_the_worker_and_the_centre_at_once_get_one(world: World, school: School) -> None:
    worker_id, course = school.trained(1)
    agency = school.given(worker_id)
    start, done = threading.Barrier(2), list[object]()

    def run(ask: Ask, who: Who) -> None:
        start.wait()
        try:
            done.append(world.write(filing.file, worker_id, ask, who).state)
        except ClaimStands as stands:
            done.append(stands)

    payee = f"institution:{school.centre.uscc}"
    both = (
        threading.Thread(target=run, args=(Ask("TRAIN_DAY", course), world.as_worker(worker_id))),
        threading.Thread(target=run, args=(Ask("TRAIN_DAY", course, payee=payee, agency=agency), CLERK)),
    )
    for one in both:
        one.start()
    for one in both:
        one.join()
    assert sorted(type(one).__name__ for one in done) == ["ClaimStands", "str"]
    with world.house.db.read() as conn:
        live = values.listed(conn, values.claim_state.c.live == 1)
    assert len(live) == 1


def test_a_worker_who_denies_stops_what_was_signed_and_ending_lets_it_go_on(
    world: World, school: School
) -> None:
    ended, course = school.trained(1)
    goes_on = school.given(ended)
    denied, other = school.trained(2)
    false = school.given(denied)
    first, second = (school.claim(row) for row in school.sheet(line(1, course), line(2, other)))
    for one in (first, second):
        world.step(one, "accept", HANDLER)
    house = world.house
    house.db.write(lambda turn: agencies.end(turn, house, goes_on, ENDED, "", "worker:1"))
    house.db.write(lambda turn: behalf.deny(turn, house, false, "没有签过", "worker:2"))

    assert world.read(first).state == "ACCEPTED"
    assert (world.read(second).state, world.read(second).hold) == ("CHECKED", "")
    with house.db.read() as conn:
        assert "agency-denied" in signing.flags(house, conn, world.read(second))
    with pytest.raises(AgencyOver):
        world.step(second, "accept", HANDLER)
    assert world.step(first, "review", REVIEWER).outcome == "done"
    # Under either nothing more is claimed, and neither ends twice.
    assert {row.code for row in school.sheet(line(1, course), line(2, other))} == {"agency-unmatched"}
    with house.db.read() as conn:
        again = agencies.find(conn, false.agency_id)
    with pytest.raises(AgencyOver):
        house.db.write(lambda turn: agencies.end(turn, house, again, DENIED, "", "worker:2"))


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"institution": "916401000000000000"}, "/institution"),
        ({"kinds": ("NOTHING",)}, "/kinds"),
        ({"kinds": ()}, "/kinds"),
        ({"until_on": "2025-10-08"}, "/until_on"),
        ({"until_on": "2035-10-08"}, "/until_on"),
        ({"signed_on": "2025-12-08"}, "/until_on"),
    ],
)
def test_a_contract_that_cannot_be_is_refused_with_its_fault(
    world: World, school: School, change: dict[str, Any], pointer: str
) -> None:
    wanted = dataclasses.replace(school.wanted(), **change)
    with pytest.raises(AgencyRefused) as refused:
        agencies.check(world.house, wanted, world.house.clock.now_ms())
    assert [one["pointer"] for one in refused.value.errors] == [pointer]


def test_a_kind_that_pays_persons_alone_pays_no_institution(world: World, school: School) -> None:
    worker_id, course = school.trained(1)
    school.given(worker_id, "LIVING")
    (row,) = school.sheet(line(1, course), kind="LIVING")
    assert (row.code, row.detail) == ("claim-refused", "这项补贴不能由该单位收款")
    (row,) = school.sheet(line(1, course), kind="LIVING", to="worker")
    assert school.claim(row).payee == f"worker:{uuid.UUID(bytes=worker_id)}"


def test_a_claim_rests_on_a_contract_of_its_own_worker_and_institution_by_constraint(
    world: World, school: School
) -> None:
    worker_id, course = school.trained(1)
    agency = school.given(worker_id)
    one = world.file(worker_id, course, kind="TRAIN_DAY")
    row = {"worker_id": worker_id, "claim_id": one.claim_id, "agency_id": agency.agency_id}
    for wrong in ({"institution": "9" * 18}, {"agency_id": bytes(16)}):
        bad = row | {"institution": agency.institution} | wrong
        with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
            conn.execute(claim_agent.insert().values(bad))
    own = {"worker_id": worker_id, "agency_id": bytes(16), "institution": "9" * 18, "kinds": "X"}
    dates = {"signed_on": "2025-01-02", "until_on": "2025-01-01", "made_by": "x", "made_ms": 1}
    with pytest.raises(sa.exc.IntegrityError), world.house.db.engine.begin() as conn:
        conn.execute(claim_agency.insert().values(own | dates | {"source": "worker"}))
    assert [row.code for row in school.sheet(line(1, course))] == ["claim-stands"]
