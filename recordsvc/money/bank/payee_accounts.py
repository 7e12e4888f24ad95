"""Accounts of payees (收款账户): entered, checked with the bank, verified by a second person.

    entered ── check: match, or nobody to ask ──> entered, checked ── second person ──> verified
       │                                                └── refuse ──> refused
       └── check: mismatch ──> refused
    entered, verified ── a merge undone, in whose time it was entered ──> ended (`parting.py`)
    verified ── a bank gave money back: closed, blocked, another's name ──> failed

The newest version counts. Any change is a new version and starts anew; payments that were approved for the
one before stop (`batches.py`). One that failed takes no more payments, whoever's claims they are of. A payee
is `worker:<uuid>` or `institution:<USCC>`. Number, name and bank lie sealed under a retention key of their
own and stand in no error, log or list.
"""

import functools
import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import areas, looked, own_attempts, recusals
from recordsvc.access.grants import Actor, Thing, author, can
from recordsvc.access.looked import Look
from recordsvc.archive import restricted
from recordsvc.bodies.tables import institution_fact
from recordsvc.ground import bound, gb18030, two_person
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, uuid7
from recordsvc.ground.problems import NotFound
from recordsvc.ground.two_person import Proposal
from recordsvc.money.bank import account_names, secrets
from recordsvc.money.bank.errors import AccountRefused, PayeeAccountState, PayeeAccountUnknown
from recordsvc.money.bank.formats.model import Account
from recordsvc.money.bank.tables import payee_account
from recordsvc.people.tables import worker

if TYPE_CHECKING:
    from recordsvc.house import House

KIND: Final = "payee-account.verify"
DECIDERS: Final = frozenset({"reviewer"})
ENTERED: Final = "payee-account-entered"
VERIFIED: Final = "payee-account-verified"
"""Notices to the payee (`notice_texts`)."""
_MOST_READ: Final = 2_000
"""Versions that are looked at for one list: whoever has more waiting is behind by weeks."""
MATCH: Final = "match"
MISMATCH: Final = "mismatch"
UNAVAILABLE: Final = "unavailable"


class PayeeChecks(Protocol):
    """Who says whether a name is the account's holder (户名账号核对): a bank."""

    def check(self, account: Account) -> str:
        """Return `match`, `mismatch`, or `unavailable` where nobody can be asked now."""


@dataclass(frozen=True, slots=True)
class PayeeAccount:
    """A version of a payee's account, without what is sealed."""

    account_id: bytes
    payee: str
    version: int
    tag: bytes
    digest: bytes
    state: str
    entered_by: str
    entered_ms: int
    checked: str | None
    checked_ms: int | None
    verified_by: str | None
    verified_ms: int | None

    @property
    def ready(self) -> bool:
        """Whether money may go there."""
        return self.state == "verified"


def enter(turn: Turn, house: "House", payee: str, account: Account, by: str) -> bytes:
    """Enter a payee's account as the newest version; its id. Raises `AccountRefused`."""
    _check(account)
    own = payee_account.c
    newest = turn.conn.scalar(sa.select(sa.func.max(own.version)).where(own.payee == payee)) or 0
    account_id = uuid7(FixedClock(turn.now_ms), house.random)
    said = [house.random.bytes(16).hex(), account.number, account.name, account.bank]
    content = json.dumps(said, ensure_ascii=False).encode()
    secrets.keep(turn, house, account_id, content)
    turn.conn.execute(
        payee_account.insert().values(
            account_id=account_id,
            payee=payee,
            version=newest + 1,
            tag=tag(house, account.number),
            digest=secrets.digest(content),
            state="entered",
            entered_by=by,
            entered_ms=turn.now_ms,
        )
    )
    bound.touch(turn, payee_account, (account_id,))
    return account_id


@dataclass(frozen=True, slots=True)
class Why:
    """Why an official enters an account of a worker: purpose (`lookup_purposes`), case, request."""

    purpose: str
    case_ref: str
    request_id: str


def check_case(house: "House", who: Actor, payee: str, why: Why) -> None:
    """Answer like nobody whom a case of ours is not about; the row of it is durable.

    Who names themself is refused when it is entered, and seen (`own_attempts`), wherever they lie.
    Raises `NotFound`, `PurposeRefused`, `CaseRefused`, `CaseUnknown`.
    """
    with house.db.read() as conn:
        parties = about(conn, payee).parties
    own_attempts.tell(house, who, parties)
    if not why.purpose:
        return
    looked.judge(house.db, who, why.purpose, why.case_ref)
    with house.db.read() as conn:
        reached = _there(conn, payee) and can(who, "payee-account.enter", about(conn, payee))
    kind, _, name = payee.partition(":")
    if kind != "worker" or not reached:
        return
    look = Look(uuid.UUID(name).bytes, who, why.purpose, "account", why.case_ref, why.request_id)
    if looked.foreign(house, look):
        raise NotFound


def enter_for(turn: Turn, house: "House", who: Actor, payee: str, account: Account, why: Why) -> bytes:
    """Enter an account as an official, for a payee of their area who is not their own.

    The payee is told at once, before anybody verifies it; a worker sees who it was (谁查过).
    Raises `NotFound` (no such payee, or elsewhere), `Recused`, `ArchiveRestricted`, `AccountRefused`, and
    what a look raises.
    """
    thing = about(turn.conn, payee)
    if not _there(turn.conn, payee) or not can(who, "payee-account.enter", thing):
        raise NotFound
    recusals.check(who, thing.parties)
    kind, _, name = payee.partition(":")
    worker_id = uuid.UUID(name).bytes if kind == "worker" else None
    if worker_id is not None:
        restricted.refuse(house, house.db.cursor(turn.conn), worker_id)
    account_id = enter(turn, house, payee, account, author(who))
    if worker_id is not None:
        look = Look(worker_id, who, why.purpose, "account", why.case_ref, why.request_id)
        looked.note(turn, house, look)
    _tell(turn, house, payee, ENTERED, account_id)
    return account_id


def _tell(turn: Turn, house: "House", payee: str, kind: str, account_id: bytes) -> None:
    """Tell a payee what happened to their account; nothing of it stands in the notice."""
    sort, _, name = payee.partition(":")
    if sort == "worker":
        house.tell_worker(turn, uuid.UUID(name).bytes, kind, account_id.hex())
    else:
        house.tell_institution(turn, name, kind, {}, account_id.hex())


def _there(conn: Connection, payee: str) -> bool:
    kind, _, name = payee.partition(":")
    if kind == "worker":
        wanted = sa.select(worker.c.worker_id).where(worker.c.worker_id == uuid.UUID(name).bytes)
    else:
        wanted = sa.select(institution_fact.c.uscc).where(institution_fact.c.uscc == name).limit(1)
    return conn.execute(wanted).first() is not None


def tag(house: "House", number: str) -> bytes:
    """Return the keyed hash by which one account of several payees is seen."""
    return house.keys.hmac("dedupe", b"payee-account/v1" + number.encode())


def check_due(house: "House") -> int:
    """Ask the bank about accounts not checked yet; how many. A job of `recordsvc work`."""
    own = payee_account.c
    with house.db.read() as conn:
        waiting = sa.select(own.account_id).where(own.state == "entered", own.checked.is_(None)).limit(100)
        due = [bytes(one) for one in conn.scalars(waiting.order_by(own.account_id))]
        accounts = {one: opened(house, conn, one) for one in due}
    for account_id, account in accounts.items():
        # Outside every turn: a bank may take its time.
        answer = UNAVAILABLE if house.payee_checks is None else house.payee_checks.check(account)
        house.db.write(functools.partial(checked, account_id=account_id, answer=answer))
    return len(accounts)


def checked(turn: Turn, account_id: bytes, answer: str) -> None:
    """Keep what the bank said, and propose what it did not refuse to a second person."""
    own = payee_account.c
    state = "refused" if answer == MISMATCH else "entered"
    waiting = payee_account.update().where(
        own.account_id == account_id, own.state == "entered", own.checked.is_(None)
    )
    done = turn.conn.execute(waiting.values(state=state, checked=answer, checked_ms=turn.now_ms))
    if not done.rowcount:
        return
    bound.touch(turn, payee_account, (account_id,))
    found = find(turn.conn, account_id)
    if state == "entered":
        payload = {"account_id": str(uuid.UUID(bytes=account_id)), "payee": found.payee, "checked": answer}
        subject = f"收款账户核实：{found.payee} 第 {found.version} 版"
        two_person.propose(turn, KIND, subject, payload, found.entered_by)


def newest(conn: Connection, payee: str) -> PayeeAccount:
    """The newest version of a payee's account. Raises `PayeeAccountUnknown`."""
    own = payee_account.c
    query = sa.select(payee_account).where(own.payee == payee).order_by(own.version.desc()).limit(1)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise PayeeAccountUnknown
    return PayeeAccount(*row)


def newest_of(conn: Connection, payees: set[str]) -> dict[str, PayeeAccount]:
    """The newest versions of several payees' accounts; who has none is left out."""
    found: dict[str, PayeeAccount] = {}
    wanted, own = sorted(payees), payee_account.c
    for start in range(0, len(wanted), 500):
        some = own.payee.in_(wanted[start : start + 500])
        for row in conn.execute(sa.select(payee_account).where(some).order_by(own.version)):
            found[row.payee] = PayeeAccount(*row)
    return found


def unverified(conn: Connection, who: Actor, limit: int = 200) -> list[PayeeAccount]:
    """Return the newest versions that are not verified, of payees of an official's area, the newest first.

    Whom the official must keep out of is left out.
    """
    own, later = payee_account.c, payee_account.alias()
    replaced = sa.select(later.c.payee).where(later.c.payee == own.payee, later.c.version > own.version)
    query = sa.select(payee_account).where(own.state != "verified", ~replaced.exists())
    found: list[PayeeAccount] = []
    for row in conn.execute(query.order_by(own.account_id.desc()).limit(_MOST_READ)):
        thing = about(conn, row.payee)
        if can(who, "payee-account.list", thing) and thing.parties.isdisjoint(who.recused):
            found.append(PayeeAccount(*row))
        if len(found) == limit:
            break
    return found


def find(conn: Connection, account_id: bytes) -> PayeeAccount:
    """One version. Raises `PayeeAccountUnknown`."""
    query = sa.select(payee_account).where(payee_account.c.account_id == account_id)
    row = conn.execute(query).one_or_none()
    if row is None:
        raise PayeeAccountUnknown
    return PayeeAccount(*row)


def shared_with(conn: Connection, account: PayeeAccount) -> frozenset[str]:
    """Return other payees who ever named the same account: a sign worth a look, never a refusal."""
    own = payee_account.c
    query = sa.select(own.payee).where(own.tag == account.tag, own.payee != account.payee).distinct()
    return frozenset(conn.scalars(query))


def opened(house: "House", conn: Connection, account_id: bytes) -> Account:
    """Return number, name and bank. Raises `SealError`."""
    _salt, number, name, bank = json.loads(secrets.opened(house, conn, account_id))
    return Account(number, name, bank)


def suspicious(conn: Connection, proposal: Proposal) -> bool:
    """Tell whoever may decide it whether the account of a proposal stands for another payee, too."""
    return bool(shared_with(conn, find(conn, uuid.UUID(str(proposal.payload["account_id"])).bytes)))


def verify(turn: Turn, account_id: bytes, by: str) -> None:
    """Verify the newest version as the second person. Raises `PayeeAccountState`."""
    found = find(turn.conn, account_id)
    if newest(turn.conn, found.payee).account_id != account_id:
        raise PayeeAccountState
    own = payee_account.c
    ready = (own.account_id == account_id, own.state == "entered", own.checked.in_((MATCH, UNAVAILABLE)))
    done = (
        payee_account.update().where(*ready).values(state="verified", verified_by=by, verified_ms=turn.now_ms)
    )
    if turn.conn.execute(done).rowcount != 1:
        raise PayeeAccountState
    bound.touch(turn, payee_account, (account_id,))


def fail(turn: Turn, payee: str, version: int) -> None:
    """Let no more be paid to a version of which a bank said that it cannot take it."""
    own = payee_account.c
    here = (own.payee == payee, own.version == version, own.state == "verified")
    account_id = turn.conn.scalar(sa.select(own.account_id).where(*here))
    if account_id is not None:
        turn.conn.execute(payee_account.update().where(own.account_id == account_id).values(state="failed"))
        bound.touch(turn, payee_account, (account_id,))


def _basis(conn: Connection, _subject: str, payload: dict[str, Any]) -> str:
    found = newest(conn, str(payload["payee"]))
    return f"{found.version} ended" if found.state == "ended" else str(found.version)


def about(conn: Connection, payee: str) -> Thing:
    """Return where a payee lies and whom that concerns."""
    kind, _, name = payee.partition(":")
    return areas.person(conn, uuid.UUID(name).bytes) if kind == "worker" else areas.institution(conn, name)


@two_person.executor(
    KIND,
    deciders=DECIDERS,
    basis=_basis,
    about=lambda conn, _subject, payload: about(conn, str(payload["payee"])),
    fresh=True,
)
def _verify(turn: Turn, payload: dict[str, Any], proposal: Proposal) -> None:
    account_id = uuid.UUID(str(payload["account_id"])).bytes
    verify(turn, account_id, str(proposal.decided_by))
    _tell(turn, proposal.tools, str(payload["payee"]), VERIFIED, account_id)


def _check(account: Account) -> None:
    faults = account_names.faults(account.number, account.bank)
    # A social security card's account is the card's number; other accounts have no check digit.
    if len(account.number) in (16, 19) and not faults and not account_names.good_card(account.number):
        faults.append(("/number", "卡号校验位不符"))
    try:
        named = bool(account_names.folded(account.name)) and bool(gb18030.encode(account.name))
    except gb18030.Unwritable:
        named = False
    if not named or len(account.name) > 70 or account.name != account.name.strip():
        faults.append(("/name", "户名不能为空、首尾不能有空格，且不得含无法传给银行的字符"))
    if faults:
        raise AccountRefused(errors=[{"pointer": at, "code": "value", "detail": zh} for at, zh in faults])
