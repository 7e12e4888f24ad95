"""What one process of the service holds: settings, database, time, randomness, keys, rooms' services."""

import dataclasses
import functools
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection

from recordsvc.ground.commit import Turn
from recordsvc.ground.database import Database
from recordsvc.ground.ports import Clock, Random, SystemClock, SystemRandom
from recordsvc.settings import Settings
from recordsvc.vault.keyfile import KeyFileError
from recordsvc.vault.livekeys import LiveKeys

if TYPE_CHECKING:
    from recordsvc.access.credentials import Holder
    from recordsvc.archive.admit import Admission
    from recordsvc.archive.desk_importing import Sheet
    from recordsvc.archive.issuers import Issuers
    from recordsvc.archive.look_relations import Looked, Relation
    from recordsvc.archive.looked_alarms import OwnArchive
    from recordsvc.archive.papers import Papers
    from recordsvc.archive.retention import Blocking
    from recordsvc.bodies.institutions import Institutions
    from recordsvc.money.bank.cash import Cash
    from recordsvc.money.bank.collecting import ChargedBack
    from recordsvc.money.bank.collecting import Follower as Collected
    from recordsvc.money.bank.instant import Follower as InstantTold
    from recordsvc.money.bank.instant import InstantPay
    from recordsvc.money.bank.payee_accounts import PayeeChecks
    from recordsvc.money.bank.payments import Follower
    from recordsvc.money.bank.resolving import Repayments
    from recordsvc.money.claims.ports import Ports
    from recordsvc.money.fees.charges import Charges
    from recordsvc.money.rules.book import Book
    from recordsvc.money.rules.catalogue import Catalogue
    from recordsvc.money.rules.decisions import Decided
    from recordsvc.money.rules.entitlements import Prior
    from recordsvc.money.rules.registers import Register
    from recordsvc.oversight.subjects import Subjects
    from recordsvc.people.resolve import People
    from recordsvc.translog.store import Log
    from recordsvc.vault.keyfolder import Holder as TokenHolder
    from recordsvc.vault.objects import ObjectStore


Forgetter = Callable[[Turn, bytes], None]
"""Removes, in the turn of an erasure, what a room above the archive keeps of a worker."""


Parter = Callable[[Turn, "House", Collection[bytes], int, str], None]
"""Ends, in the turn in which a merge is undone, what a room above the archive began for these archives since
an instant (UTC ms): nobody knows for which of two people. Last: the official who proposed the undoing."""


Closer = Callable[[Turn, "House", Collection[bytes]], None]
"""Ends, in the turn in which archives are closed after a death, what a room above the archive keeps going."""


def _close_mandates(turn: Turn, house: "House", archives: Collection[bytes]) -> None:
    from recordsvc.money.fees import mandates

    mandates.close(turn, house, archives)


def _part_mandates(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, _by: str) -> None:
    from recordsvc.money.fees import mandates

    mandates.part(turn, house, archives, since_ms)


def _part_accounts(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, by: str) -> None:
    from recordsvc.money.bank import parting

    parting.end_since(turn, house, archives, since_ms, by)


def _part_claims(turn: Turn, house: "House", archives: Collection[bytes], since_ms: int, by: str) -> None:
    from recordsvc.money.claims import parting

    parting.hand_over(turn, house, archives, since_ms, by)


def _part_credit_accounts(
    turn: Turn, _house: "House", archives: Collection[bytes], since_ms: int, _by: str
) -> None:
    from recordsvc.people import credit_accounts

    credit_accounts.part(turn, archives, since_ms)


def _forget_registers(turn: Turn, worker_id: bytes) -> None:
    from recordsvc.money.rules import registers

    registers.forget(turn, worker_id)


def _stated(house: "House", conn: Connection, look: "Looked") -> bool:
    from recordsvc.groups import reading

    return reading.relation(house, conn, look)


def _claimed(house: "House", conn: Connection, look: "Looked") -> bool:
    from recordsvc.money.claims import looks

    return looks.relation(house, conn, look)


def _forget_groups(turn: Turn, worker_id: bytes) -> None:
    from recordsvc.groups import statements

    statements.forget(turn, worker_id)


def _teaching(house: "House", conn: Connection, look: "Looked") -> bool:
    from recordsvc.training import sheets

    return sheets.relation(house, conn, look)


def _on_behalf(_house: "House", conn: Connection, look: "Looked") -> bool:
    from recordsvc.money.claims import behalf

    return behalf.relation(conn, look)


def _forget_classes(turn: Turn, worker_id: bytes) -> None:
    from recordsvc.training import classes

    classes.forget(turn, worker_id)


@dataclasses.dataclass
class House:
    """One process's parts; made by `open_house`. Rooms are loaded when first used."""

    settings: Settings
    db: Database
    clock: Clock
    random: Random
    keys: LiveKeys

    erasure_blockers: "list[Blocking]" = dataclasses.field(default_factory=list)
    """What rooms above the archive register that must be settled before a worker may be erased."""
    forgetters: "list[Forgetter]" = dataclasses.field(
        default_factory=lambda: [_forget_registers, _forget_classes, _forget_groups]
    )
    """What rooms above the archive do when a worker is erased."""

    parters: "list[Parter]" = dataclasses.field(
        default_factory=lambda: [_part_mandates, _part_accounts, _part_claims, _part_credit_accounts]
    )
    """What rooms above the archive do when a merge is undone."""
    closers: "list[Closer]" = dataclasses.field(default_factory=lambda: [_close_mandates])
    """What rooms above the archive do when archives are closed after a death."""

    def tell(self, turn: Turn, holder: "Holder", kind: str, key: str) -> None:
        """Tell a worker of a change in how they sign in; `key` names what happened. Others are not told."""
        if holder.kind == "worker":
            self.tell_worker(turn, holder.worker_id, kind, key)

    def tell_worker(self, turn: Turn, worker_id: bytes, kind: str, key: str) -> None:
        """Let rooms below the archive tell a worker something in the running turn, once under its key.

        `kind`: of `notice_texts`.
        """
        from recordsvc.archive import notices

        notices.tell_worker(turn, self, worker_id, kind, {}, key)

    def tell_institution(self, turn: Turn, uscc: str, kind: str, params: Mapping[str, Any], key: str) -> None:
        """Tell an institution (USCC) what was done about its people, once under the key that names it."""
        from recordsvc.archive import notices

        notices.tell_institution(turn, uscc, kind, params, key)

    def paper_sheet(self, data: bytes, record_type: str, answers: Mapping[str, Any]) -> "Sheet":
        """Open a file of old papers that came to the desk. Raises `FileUnreadable`.

        What reads files belongs to tools, which a serving process has only once such a file comes.
        """
        from recordsvc.importdesk import DeskSheet

        return DeskSheet(self, data, record_type, answers)

    look_relations: "list[Relation]" = dataclasses.field(
        default_factory=lambda: [_teaching, _stated, _claimed, _on_behalf]
    )
    """What other rooms have that gives somebody a reason to look: classes, statements, claims.

    The archive's own stand in `archive/look_relations.py`."""

    payee_checks: "PayeeChecks | None" = None
    """Who says whether a name is an account's holder (户名账号核对); None: nobody can be asked."""
    repayments: "Repayments | None" = None
    """Registered by whoever asks paid money back: what a line of the bank may be a repayment of."""
    payment_followers: "list[Follower]" = dataclasses.field(default_factory=list)
    """What rooms of money register, to be told in the running turn what became of a payment."""
    instant_followers: "list[InstantTold]" = dataclasses.field(default_factory=list)
    """As `collection_followers`, of payments at once (即时支付)."""
    collection_followers: "list[Collected]" = dataclasses.field(default_factory=list)
    """What rooms of money register, to be told in the running turn what became of a collection (代收)."""
    charge_back: "ChargedBack | None" = None
    """Registered by whoever has money collected: takes in that a payer had it taken back (代扣退回)."""
    draw_subjects: "dict[str, Subjects]" = dataclasses.field(default_factory=dict)
    """What may be drawn for inspection, by sort: institutions, and what other rooms register."""

    own_archive: "OwnArchive | None" = None
    """Registered by whoever knows which worker an official is."""

    fee_charges: "Charges | None" = None
    """Registered by whoever keeps fees: what a worker was charged, by institution and course."""
    prior_subsidies: "Prior | None" = None
    """Registered by whoever keeps claims: what a worker has received or asked for before."""

    claims_decided: "Decided | None" = None
    """Registered by whoever keeps claims: what rules decided of them."""

    @functools.cached_property
    def rules(self) -> "Book":
        """Return the rules of subsidies; outside production samples hold until others are published."""
        from recordsvc.money.rules.book import Book

        return Book(self.db, samples=self.settings.environment != "production")

    @functools.cached_property
    def catalogue(self) -> "Catalogue":
        """Return the catalogue of occupations and standards."""
        from recordsvc.money.rules.catalogue import Catalogue

        return Catalogue(self.db, samples=self.settings.environment != "production")

    @functools.cached_property
    def registers(self) -> "list[Register]":
        """Return what is asked about workers elsewhere; of two the later counts. The demo makes some up."""
        from recordsvc.money.rules.registers import Extracts, Simulated

        return [Simulated(self), Extracts()] if self.settings.environment == "demo" else [Extracts()]

    @functools.cached_property
    def log(self) -> "Log":
        """Return the transparency log."""
        from recordsvc.translog.store import Log

        return Log(self.db, self.keys, self.settings.log_origin)

    @functools.cached_property
    def people(self) -> "People":
        """Return the finder of workers."""
        from recordsvc.people.resolve import People

        return People(self.db, self.keys, self.clock, self.random)

    @functools.cached_property
    def issuers(self) -> "Issuers":
        """Return the issuers and their keys."""
        from recordsvc.archive.issuers import Issuers

        return Issuers(self.db, self.log)

    @functools.cached_property
    def institutions(self) -> "Institutions":
        """Return the register of institutions."""
        from recordsvc.bodies.institutions import Institutions

        return Institutions(self.db)

    @functools.cached_property
    def admission(self) -> "Admission":
        """Return the door every record passes."""
        from recordsvc.archive.admit import Admission

        return Admission(self)

    @functools.cached_property
    def objects(self) -> "ObjectStore":
        """Return the store of sealed papers."""
        from recordsvc.vault.objects import Credentials, LocalObjects, S3Objects

        given = self.settings
        if not given.objects_url:
            return LocalObjects(given.objects_dir)
        who = Credentials(given.objects_key_id, given.objects_secret, given.objects_region)
        return S3Objects(given.objects_url, who, self.clock)

    @functools.cached_property
    def papers(self) -> "Papers":
        """Return the evidence store."""
        from recordsvc.archive.papers import Papers

        return Papers(self)

    @functools.cached_property
    def claims(self) -> "Ports":
        """Return what claims use: rules, registers, budget lines, the bank."""
        from recordsvc.money.claims.ports import usual

        return usual(self)

    @functools.cached_property
    def instant_pay(self) -> "InstantPay | None":
        """Return the bank that debits at once; the demo has a simulated one, elsewhere none is connected."""
        from recordsvc.money.bank.instant import FolderPay

        return FolderPay(self.settings.bank_folder) if self.settings.environment == "demo" else None

    @functools.cached_property
    def cash(self) -> "Cash":
        """Return the cash book that mirrors the bank accounts."""
        from recordsvc.money.bank.cashbook import LedgerCash

        return LedgerCash()

    def close(self) -> None:
        """Give back the connections."""
        self.db.close()


def open_house(settings: Settings, clock: Clock | None = None, random: Random | None = None) -> House:
    """Open the parts of a process; keys and database must exist (`recordsvc init`)."""
    clock = clock or SystemClock()
    return House(
        settings=settings,
        db=Database(settings.database, clock=clock, pool_size=settings.pool_size),
        clock=clock,
        random=random or SystemRandom(),
        keys=LiveKeys(settings.keys_dir, key_token(settings)),
    )


def key_token(settings: Settings) -> "TokenHolder | None":
    """Return the PKCS#11 token that holds the keys; None where key files do."""
    if settings.keystore != "pkcs11":
        return None
    return _token(settings.pkcs11_module, settings.pkcs11_token, settings.pkcs11_pin_file)


@functools.cache
def _token(module: str, label: str, pin_file: str) -> "TokenHolder":
    """One for a process, since all its sessions with a token are logged in together."""
    try:
        from recordsvc.vault.hsm import TokenKeys
    except ModuleNotFoundError as missing:
        raise KeyFileError(f"keystore pkcs11 needs {missing.name}: install recordsvc[hsm]") from missing
    return TokenKeys(module, label, pin_file)
