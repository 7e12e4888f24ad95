"""What claims need of others (接口): rules, registers, budget lines, the bank. Each may not be there yet.

What is not there is never guessed: without a rule a case goes to an official, without a register a fact is
missing, without a budget line or an account the claim waits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypedDict

from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.money.funds import lines
from recordsvc.money.rules import registers
from recordsvc.money.rules.facts import Facts
from recordsvc.money.rules.rule import Rule

if TYPE_CHECKING:
    from recordsvc.house import House
    from recordsvc.money.claims.values import Claim


class Rules(Protocol):
    """Which rule holds."""

    def on(self, code: str, day: str, /) -> Rule | None:
        """Return the version for cases of a Beijing day; None: no rule holds."""

    def version(self, sha256: str, /) -> Rule:
        """Return a rule by the hash of its text. Raises `RuleUnknown`."""

    def keep(self, turn: Turn, sha256: str, /) -> None:
        """See to it that a rule by which something is decided can be told for ever by its hash."""


class Registers(Protocol):
    """What other registers say of a person."""

    def facts(self, conn: Connection, worker_id: bytes, certificate: str | None, /) -> Facts:
        """Return what they know of a person, and of a certificate by its number."""


class Line(Protocol):
    """A budget line: the account that holds what is left, and the one that takes what is spent."""

    @property
    def account(self) -> str:
        """What is left."""

    @property
    def expense(self) -> str:
        """What is spent."""


class Lines(Protocol):
    """Budget lines."""

    def payable(
        self, conn: Connection, kind: str, year: int, region: str, funds: Iterable[str], on: str, /
    ) -> Sequence[Line]:
        """Return the lines that may pay a kind of subsidy, the first to be asked first."""


class Payments(Protocol):
    """The bank's room."""

    def account_of(self, conn: Connection, payee: str, /) -> int:
        """Return the version of a payee's verified account; 0: there is none."""

    def shared(self, conn: Connection, payee: str, /) -> bool:
        """Tell whether other payees named the same account."""

    def ready(self, turn: Turn, claim_ref: str, payee: str, hold: str, /) -> None:
        """Do nothing if a payment could be taken on now. Raises `Waits` for what somebody can bring about."""

    def queue(self, turn: Turn, claim_ref: str, payee: str, amount_fen: int, hold: str, by: str, /) -> str:
        """Take a payment on; its id."""

    def lapse(self, turn: Turn, claim_ref: str, /) -> None:
        """Let money that came back be the account's own again: it is not to be paid anew."""


class Offsets(Protocol):
    """Who keeps back from a subsidy what its payee owes of another."""

    def take(self, turn: Turn, one: "Claim", /) -> tuple[int, str]:
        """Keep back of a claim that is about to be paid; how much, in fen, and the hold of the rest."""

    def asked(self, conn: Connection, one: "Claim", /) -> "Asked | None":
        """Return what is asked back of a paid claim; None: nothing ever was."""


class Asked(TypedDict):
    """What is asked back of a claim: the reference that names it at the bank, amounts in fen, until when."""

    reference: str
    state_name: str
    asked_fen: int
    recovered_fen: int
    due_on: str | None


class Owing:
    """Nobody owes anything."""

    def asked(self, _conn: Connection, _one: "Claim") -> Asked | None:
        """Nothing is asked back."""
        return None

    def take(self, _turn: Turn, one: "Claim") -> tuple[int, str]:
        """Keep nothing back."""
        return 0, one.hold


class Charge(Protocol):
    """A fee that a worker was asked for, and what of it the institution kept."""

    @property
    def number(self) -> str:
        """Of the order."""

    @property
    def title(self) -> str:
        """What it was for."""

    @property
    def state(self) -> str:
        """Where it stands."""

    @property
    def kept_fen(self) -> int:
        """What came in and was not given back."""


class Charges(Protocol):
    """Who keeps fees (`House.fee_charges`)."""

    def __call__(
        self, conn: Connection, worker_id: bytes, institution: str = "", course: str = "", /
    ) -> Sequence[Charge]:
        """Return a person's orders, of an institution (USCC) and its own code of a course, or all."""


class Fees(Protocol):
    """What workers were charged."""

    def charged(
        self, conn: Connection, worker_id: bytes, institution: str, course: str, /
    ) -> Sequence[Charge] | None:
        """Return the fees that an institution charged a worker for a course of it (all of them where empty).

        None: nobody keeps fees here.
        """


class Connected:
    """The registers that are connected to this service."""

    def __init__(self, house: "House") -> None:
        """Ask those of `house`."""
        self._house = house

    def facts(self, conn: Connection, worker_id: bytes, certificate: str | None) -> Facts:
        """Return what they know."""
        return registers.gathered(self._house.registers, conn, worker_id, certificate)


@dataclass(slots=True)
class Ports:
    """What the claims of one process use."""

    rules: Rules
    registers: Registers
    lines: Lines
    payments: Payments
    fees: Fees
    offsets: Offsets = field(default_factory=Owing)


class FeesRoom:
    """The fees of this service."""

    def __init__(self, house: "House") -> None:
        """Ask who keeps fees in `house`."""
        self._house = house

    def charged(
        self, conn: Connection, worker_id: bytes, institution: str, course: str
    ) -> Sequence[Charge] | None:
        """Return what an institution charged a worker; None: nobody keeps fees here."""
        charges = self._house.fee_charges
        return None if charges is None else charges(conn, worker_id, institution, course)


def usual(house: "House") -> Ports:
    """Return what claims use in this service."""
    from recordsvc.money.claims.bank import BankRoom

    return Ports(house.rules, Connected(house), lines, BankRoom(house), FeesRoom(house))
