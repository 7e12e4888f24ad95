"""Claims that were paid through the bank's room, and an archive that changes its mind."""

import uuid
from typing import Any

import orjson
import sqlalchemy as sa

from banksim import messages
from recordsvc.ground import two_person
from recordsvc.ground.commit import Turn
from recordsvc.house import House
from recordsvc.money.bank import breaks, payee_accounts, resolving
from recordsvc.money.claims import bank
from recordsvc.money.claims import values as claim_values
from recordsvc.money.claims.values import Claim
from recordsvc.money.ledger import accounts, booking
from recordsvc.money.ledger.accounts import BUDGET, Account
from recordsvc.money.ledger.values import Posting, move
from recordsvc.money.recovery import deciding, following, hearing, values
from recordsvc.money.recovery.values import Case
from tests.archive.support import id_of, person
from tests.money.bank import made
from tests.money.bank.desk import CLERK, FIRST, SECOND, Desk
from tests.money.bank.desk import REVIEWER as VERIFIER
from tests.money.claims.world import LEFT, SPENT, World

SOURCE = "source:EMPLOY.2025"
HANDLER, REVIEWER = "official:h1", "official:r1"


class Recoveries(World):
    """A world of claims with the bank's room, whose budget line is of the year 2025."""

    def __init__(self, house: House) -> None:
        super().__init__(house)
        house.claims.payments = bank.BankRoom(house)
        following.connect(house)
        self.desk = Desk(house)
        self.records: dict[bytes, bytes] = {}

    def fund(self, fen: int) -> None:
        def act(turn: Turn) -> None:
            about: dict[str, Any] = {"fund": "EMPLOY", "year": 2025}
            for account in (
                Account(SOURCE, BUDGET, "fund.source", "来源", **about),
                Account(LEFT, BUDGET, "fund.line", "可用", guard=True, **about),
                Account(SPENT, BUDGET, "fund.spent", "支出", **about),
            ):
                accounts.open_account(turn, account, "official:f1")
            name = f"allot/{turn.now_ms}/{fen}"
            booking.book(turn, Posting(name, (move(SOURCE, LEFT, fen),), "allot", "official:f1"))

        self.house.db.write(act)

    # -- a claim and its record

    def claimed(self, n: int = 1, kind: str = "SKILL_UP", **more: Any) -> Claim:
        """A claim on a new certificate of a worker, who has a verified account."""
        who = person(n)
        record = self.assessor.certificate(who, **more)
        self.assessor.enter(record)
        worker_id = self.assessor.worker_id(who)
        record_id = uuid.UUID(id_of(record)).bytes
        self.records[record_id] = record
        one = self.file(worker_id, record_id, kind)
        self.account(one, n)
        return one

    def account(self, one: Claim, n: int = 1) -> None:
        """See to it that the payee of a claim has a verified account."""
        payee = one.payee
        try:
            self.desk.read(payee_accounts.newest, payee)
        except payee_accounts.PayeeAccountUnknown:
            self.another_account(one, n)

    def another_account(self, one: Claim, n: int = 51) -> None:
        """Let the payee of a claim have another verified account: the one before failed."""
        entered = self.write(payee_accounts.enter, one.payee, made.payee(n), CLERK)
        payee_accounts.check_due(self.house)
        self.desk.write(payee_accounts.verify, entered, VERIFIER)

    def paid(self, n: int = 1, **more: Any) -> Claim:
        """A claim that the bank has paid."""
        one = self.claimed(n, **more)
        self.bring(one, "PAYING")
        self.settle(one)
        assert self.read(one).state == "PAID"
        return self.read(one)

    def settle(self, one: Claim) -> None:
        self.desk.send()
        self.desk.notify(self.desk.debit(bytes.fromhex(self.read(one).payment)))

    def record_of(self, one: Claim) -> bytes:
        return self.records[uuid.UUID(one.certificate).bytes]

    def uuid_of(self, one: Claim) -> bytes:
        return uuid.UUID(one.certificate).bytes

    def revoke(self, one: Claim, n: int = 1) -> None:
        self.assessor.enter(self.assessor.revocation(person(n), self.record_of(one)))
        self.follow()

    def correct(self, one: Claim, n: int = 1, **fields: Any) -> None:
        self.assessor.enter(self.assessor.correction(person(n), self.record_of(one), **fields))
        self.follow()

    def level(self, one: Claim, level: str, n: int = 1) -> None:
        """Correct the level of a certificate, and its number with it."""
        certificate = orjson.loads(self.record_of(one))["body"]["certificate"]
        number = certificate["number"][:15] + level + certificate["number"][16:]
        self.correct(one, n, level=level, certificate={**certificate, "number": number})

    def topups(self, one: Claim) -> list[Claim]:
        """What tops a claim up, oldest first."""
        with self.house.db.read() as conn:
            return claim_values.parts_of(conn, one)

    def follow(self) -> None:
        following.follower(self.house).run()

    # -- cases

    def cases(self, one: Claim) -> list[Case]:
        with self.house.db.read() as conn:
            return values.of_claim(conn, one.claim_id)

    def case(self, one: Claim) -> Case:
        return self.cases(one)[-1]

    def owing(self, one: Claim, asked_fen: int, instalments: int = 1) -> Case:
        """Let the worker be heard and two officials decide."""
        case = self.heard(one)
        self.decide(case, deciding.DECIDE, asked_fen=asked_fen, instalments=instalments)
        return self.case(one)

    def heard(self, one: Claim) -> Case:
        """Let the days pass in which the worker is heard."""
        self.days(30)
        hearing.close_due(self.house)
        return self.case(one)

    def propose(self, case: Case, kind: str, by: str = HANDLER, **said: Any) -> bytes:
        return self.write(deciding.propose, case, kind, {"reason": "核实无误", **said}, by)

    def decide(self, case: Case, kind: str, **said: Any) -> None:
        proposal = self.propose(case, kind, **said)
        self.agree(proposal, REVIEWER, "reviewer")

    def agree(self, proposal: bytes, by: str, role: str) -> None:
        self.desk.write(two_person.decide, proposal, by, True, "同意", role=role, tools=self.house)

    def pay_back(self, case: Case, amount_fen: int, reference: str, **more: Any) -> bytes:
        """A credit line comes in, and a payer says whose it is; the proposal to the second."""
        line = messages.Line(
            **{
                "reference": reference,
                "credit": True,
                "amount_fen": amount_fen,
                "booked_on": self.desk.today(),
                "end_to_end_id": case.reference,
            }
            | more
        )
        assert self.desk.notify(line) == "applied"
        (found,) = [one for one in self.desk.read(breaks.listed) if one.subject == f"entry {reference}"]
        return self.write(resolving.propose_repaid, found.break_id, case.recovery_id, "附言相符", FIRST)

    def repaid(self, case: Case, amount_fen: int, reference: str) -> Case:
        self.agree(self.pay_back(case, amount_fen, reference), SECOND, "payer")
        with self.house.db.read() as conn:
            return values.find(conn, case.recovery_id)

    def posted(self, account: str) -> int:
        with self.house.db.read() as conn:
            return accounts.balance(conn, account).posted

    def sql(self, statement: str, **more: Any) -> None:
        self.house.db.write(lambda turn: turn.conn.execute(sa.text(statement), more))
