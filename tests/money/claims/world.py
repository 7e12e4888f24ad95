"""A bureau with an assessor, workers with certificates, a budget, a bank that says what the test wants."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable
from typing import Any

from recordsvc.access import areas
from recordsvc.access.tables import deputy
from recordsvc.bodies import institutions
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import beijing_date, uuid7
from recordsvc.house import House
from recordsvc.money.claims import filing, notices, paying, steps, values
from recordsvc.money.claims.filing import Ask
from recordsvc.money.claims.ports import Ports
from recordsvc.money.claims.refusing import Grounds
from recordsvc.money.claims.values import Claim, Who
from recordsvc.money.ledger import accounts, booking
from recordsvc.money.ledger.accounts import BUDGET, Account
from recordsvc.money.ledger.values import Posting, move
from recordsvc.money.rules.facts import Facts
from recordsvc.people import synthetic
from recordsvc.submit import sign
from recordsvc.vault.jwk import public_from_jwk
from tests.archive.support import Centre, id_of, person

DAY_MS = 86_400_000
LEFT, SPENT = "line:test", "spent:test"
WELDER = "6-18-02-04"
ARTICLE = "第三条第二项"


def official(name: str, *roles: str) -> Who:
    return Who(f"official:{name}", frozenset(roles))


HANDLER, REVIEWER, APPROVER, PAYER = (
    official("h1", "handler"),
    official("r1", "reviewer"),
    official("r2", "reviewer"),
    official("p1", "payer"),
)


class Assessor(Centre):
    """An assessment body, whose certificates need no confirmation."""

    def __init__(self, house: House, n: int = 50, kind: str = "assessment-organisation") -> None:
        self.house = house
        self.uscc = synthetic.uscc(1000 + n)
        self.key = sign.key_from_jwk(sign.new_private_jwk("EdDSA", f"assessor-{n}", house.random))
        self.to = sign.Destination(house.settings.audience, house.settings.environment, self.uscc)
        entry = institutions.Entry(self.uscc, "示范评价中心", kind, "2015-01-01", None, "test")
        house.db.write(lambda turn: institutions.enter(turn, entry, "official:1"))
        public, kid = public_from_jwk(self.key.public_jwk())
        house.db.write(lambda turn: house.issuers.register(turn, self.uscc, kid, public, 0, None))
        self.serial = 0

    def certificate(
        self, worker: dict[str, Any], level: str = "3", occupation: str = WELDER, issued_on: str = ""
    ) -> bytes:
        self.serial += 1
        today = beijing_date(self.house.clock.now_ms())
        on = issued_on or (today - dt.timedelta(days=20)).isoformat()
        body = {
            "certificate": {"number": f"S000064000012{on[2:4]}{level}{self.serial:06d}", "issued_on": on},
            "organisation": {"uscc": self.uscc, "name": "示范评价中心"},
            "occupation": {"edition": "2022", "code": occupation, "name": "焊工"},
            "level": level,
            "scheme": "social",
            "assessed_on": on,
        }
        return self.record("level-certificate", worker, body)


class Registers:
    """Other registers: all is well with everybody, unless a test says otherwise."""

    def __init__(self) -> None:
        self.said: dict[str, Any] = {
            "cert_verified": True,
            "insured_months": 40,
            "drawing_unemployment": False,
            "deceased": False,
            "pensioner": False,
            "shortage": False,
        }

    def facts(self, _conn, _worker_id, _certificate):
        return Facts.plain(self.said, "登记（测试）", "2025-10-09")


class Line:
    account, expense = LEFT, SPENT


class Lines:
    def payable(self, _conn, _kind, _year, _region, _funds, _on):
        return [Line()]


class Bank:
    """What the bank's room does for claims: accounts by version, payments as they were asked for."""

    def __init__(self) -> None:
        self.versions: dict[str, int] = {}
        self.default = 1
        self.queued: list[tuple[str, str, int, str]] = []

    def account_of(self, _conn, payee):
        return self.versions.get(payee, self.default)

    def shared(self, _conn, _payee):
        return False

    def ready(self, _turn, _claim_ref, _payee, _hold):
        pass

    def queue(self, _turn, claim_ref, payee, amount_fen, hold, _by):
        self.queued.append((claim_ref, payee, amount_fen, hold))
        return f"pay-{len(self.queued)}"

    def lapse(self, _turn, claim_ref):
        raise AssertionError(f"nothing came back of {claim_ref}")


@dataclasses.dataclass(frozen=True)
class Charged:
    """A fee as whoever keeps fees tells it."""

    number: str
    title: str
    state: str
    kept_fen: int


class Fees:
    """What workers were charged: nothing, unless a test says otherwise; None where nobody keeps fees."""

    def __init__(self) -> None:
        self.said: list[Charged] | None = []
        self.asked: list[tuple[str, str]] = []

    def charged(self, _conn, _worker_id, institution, course):
        self.asked.append((institution, course))
        return self.said


class World:
    """Everything that a claim meets."""

    def __init__(self, house: House, budget_fen: int = 1_000_000) -> None:
        self.house = house
        self.registers, self.bank, self.fees = Registers(), Bank(), Fees()
        house.claims = Ports(house.rules, self.registers, Lines(), self.bank, self.fees)
        self.assessor = Assessor(house)
        self.fund(budget_fen)

    def fund(self, fen: int) -> None:
        def act(turn: Turn) -> None:
            for account in (
                Account("source:test", BUDGET, "fund.source", "来源"),
                Account(LEFT, BUDGET, "fund.line", "可用", guard=True, fund="EMPLOY"),
                Account(SPENT, BUDGET, "fund.spent", "支出"),
            ):
                accounts.open_account(turn, account, "official:f1")
            if fen:
                name = f"allot/{turn.now_ms}/{fen}"
                booking.book(turn, Posting(name, (move("source:test", LEFT, fen),), "allot", "official:f1"))

        self.house.db.write(act)

    # -- people

    def certified(self, n: int = 1, **more: Any) -> tuple[bytes, bytes]:
        """A worker with a certificate: worker id and record id."""
        who = person(n)
        record = self.assessor.certificate(who, **more)
        self.assessor.enter(record)
        return self.assessor.worker_id(who), uuid.UUID(id_of(record)).bytes

    def moves(self, worker_id: bytes, division: str) -> None:
        self.house.db.write(lambda turn: areas.place_worker(turn, worker_id, division, "card-fact"))

    def stands_in(self, principal: str, standing_in: str, days: int = 30) -> None:
        """Let an official stand in for another from now on."""
        now_ms = self.house.clock.now_ms()
        row = {
            "deputy_id": uuid7(self.house.clock, self.house.random),
            "principal": principal,
            "deputy": standing_in,
            "role": "reviewer",
            "from_ms": now_ms,
            "until_ms": now_ms + days * DAY_MS,
            "named_by": "official:g1",
        }
        self.house.db.write(lambda turn: turn.conn.execute(deputy.insert().values(row)))

    # -- acts

    def write(self, fn, *args, **more):
        return self.house.db.write(lambda turn: fn(turn, self.house, *args, **more))

    def file(self, worker_id: bytes, record_id: bytes, kind: str = "SKILL_UP", **more: Any) -> Claim:
        return self.write(filing.file, worker_id, Ask(kind, record_id, **more), self.as_worker(worker_id))

    def as_worker(self, worker_id: bytes) -> Who:
        return Who(f"worker:{uuid.UUID(bytes=worker_id)}", filing.WORKER_ROLES)

    def step(self, one: Claim, event: str, who: Who, reason: str = "", **more: Any) -> steps.Done:
        return self.write(steps.step, self.read(one), event, who, reason, **more)

    def propose_refusal(self, one: Claim, who: Who, reason: str, **more: str) -> steps.Done:
        """Propose to refuse what the rule grants, on an article and a paper of today."""
        today = beijing_date(self.house.clock.now_ms()).isoformat()
        given = {"article": ARTICLE, "found_on": today, "evidence": "核查笔录 2025-17"}
        return self.step(one, "propose-refusal", who, reason, grounds=Grounds(**given | more))

    def refuse(self, one: Claim, reason: str) -> Claim:
        """Refuse what the rule grants, by two people."""
        self.propose_refusal(one, HANDLER, reason)
        return self.step(one, "refuse", REVIEWER, reason).claim

    def read(self, one: Claim) -> Claim:
        with self.house.db.read() as conn:
            return values.find(conn, one.claim_id)

    def read_id(self, conn, claim_id: str) -> Claim:
        return values.find(conn, uuid.UUID(claim_id).bytes)

    def publish(self, *chosen: Claim) -> bytes:
        return self.write(notices.publish, [self.read(one) for one in chosen], "640100", HANDLER)

    def days(self, n: int) -> None:
        self.house.clock.advance(n * DAY_MS)

    def bring(self, one: Claim, to: str, handler: Who = HANDLER) -> Claim:
        """Take a claim along the ordinary way."""
        order: Iterable[tuple[str, Any]] = (
            ("ACCEPTED", lambda: self.step(one, "accept", handler)),
            ("REVIEWED", lambda: self.step(one, "review", REVIEWER)),
            ("NOTICED", lambda: self.publish(one)),
            ("APPROVED", lambda: (self.days(14), self.step(one, "approve", APPROVER))),
            ("FINANCED", lambda: self.step(one, "finance", PAYER)),
            ("PAYING", lambda: paying.run(self.house)),
            ("PAID", lambda: self.write(paying.heard, one.reference, "settled")),
        )
        for state, act in order:
            act()
            assert self.read(one).state == state, (state, self.read(one))
            if state == to:
                break
        return self.read(one)

    def left(self) -> int:
        with self.house.db.read() as conn:
            return accounts.balance(conn, LEFT).available
