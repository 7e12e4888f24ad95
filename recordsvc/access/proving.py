"""Proving who one is (身份验证): what was typed or signed becomes a claim, and a claim is settled in a turn.

The costly part (Argon2id, signatures) is judged outside the writer's turn; what must happen once (a code, a
TOTP step, a counter, a challenge) is a conditional change inside it, in the turn that begins the session. An
account that nobody has costs what a wrong secret costs and is answered alike.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from sqlalchemy.engine import Connection

from recordsvc.access import codes, credentials, hashing, names, passkeys, staff, totp
from recordsvc.access.backoff import Subject, admit, forgive
from recordsvc.access.credentials import PASSWORD, PIN, Credential, Holder
from recordsvc.access.errors import LoginPaced, LoginRefused
from recordsvc.access.grants import Kind
from recordsvc.access.passkeys import PasskeyError, Site
from recordsvc.access.sessions import Method
from recordsvc.ground import observe
from recordsvc.ground.commit import Turn
from recordsvc.vault.keystore import KeyStore

if TYPE_CHECKING:
    from recordsvc.house import House

T = TypeVar("T")
CODES: Final = 20
"""How many codes a sheet has."""
_CODE_LETTERS: Final = 8
_NOBODY: Final = Holder(Kind.WORKER, "00000000-0000-0000-0000-000000000000")


@dataclass(frozen=True, slots=True)
class Claim:
    """Who somebody says they are. `settle` says, once, whether it is so; `holder` is None for nobody."""

    holder: Holder | None
    method: Method
    settle: Callable[[Turn], bool]
    credential_id: bytes | None = None


def by_pin(house: "House", holder: Holder | None, pin: str, code: str) -> Claim:
    """Claim by PIN and a printed code; a wrong PIN leaves the code unused."""
    known = _known(house, holder, PIN)
    right = hashing.verifies(house.keys, _owner(holder, PIN), known.secret if known else None, pin)
    if holder is None or known is None or not right:
        return Claim(None, Method.PIN, _never)
    used = code_digest(house.keys, holder, code)

    def settle(turn: Turn) -> bool:
        return credentials.spend_code(turn, holder.worker_id, known.credential_id, used)

    return Claim(holder, Method.PIN, settle, known.credential_id)


def by_password(house: "House", holder: Holder | None, password: str, code: str) -> Claim:
    """Claim by password and TOTP."""
    known = _known(house, holder, PASSWORD)
    right = hashing.verifies(house.keys, _owner(holder, PASSWORD), known.secret if known else None, password)
    # Opened for who knows the password alone: an account that is there must not take longer than none.
    if holder is None or known is None or not right:
        return Claim(None, Method.PASSWORD, _never)
    with house.db.read() as conn:
        secret = totp.opened(house, conn, holder, known)
    step = totp.step_of(secret, code, house.clock.now_ms())

    def settle(turn: Turn) -> bool:
        return credentials.count_on(turn, holder, known.credential_id, known.counter, step)

    return Claim(holder, Method.PASSWORD, settle, known.credential_id)


def by_totp(house: "House", holder: Holder | None, code: str) -> Claim:
    """Claim by a time-based code alone: beside document and card, never to sign in."""
    known = _known(house, holder, PASSWORD)
    if holder is None or known is None:
        return Claim(None, Method.PASSWORD, _never)
    with house.db.read() as conn:
        secret = totp.opened(house, conn, holder, known)
    step = totp.step_of(secret, code, house.clock.now_ms())

    def settle(turn: Turn) -> bool:
        return credentials.count_on(turn, holder, known.credential_id, known.counter, step)

    return Claim(holder, Method.PASSWORD, settle, known.credential_id)


def by_passkey(house: "House", where: Site, text: str, subject: str = passkeys.SIGN_IN) -> Claim:
    """Claim by an authenticator's answer to a challenge that was made for `subject`."""
    try:
        given = passkeys.read(text)
        holder = passkeys.holder_of(given.handle)
        known = _by_external(house, holder, given.external)
        counter = 0 if known is None else passkeys.verify(where, given, known)
    except PasskeyError as refused:
        # For the log alone: why a key was refused that somebody has registered.
        observe.note(refused=f"passkey: {refused}")
        return Claim(None, Method.PASSKEY, _never)
    if holder is None or known is None:
        return Claim(None, Method.PASSKEY, _never)

    def settle(turn: Turn) -> bool:
        # Keys without a counter always say 0.
        still = counter == known.counter == 0
        moved = still or credentials.count_on(turn, holder, known.credential_id, known.counter, counter)
        return moved and passkeys.answered(turn, given.challenge, subject)

    return Claim(holder, Method.PASSKEY, settle, known.credential_id)


def by_code(house: "House", holder: Holder, code: str) -> Claim:
    """Claim by a one-time code of an official or a person of an institution whom no passkey binds."""
    name = staff.code_name(holder.id)[:40] if holder.kind is Kind.STAFF else holder.id

    def settle(turn: Turn) -> bool:
        bound = bound_to_passkey(house, turn.conn, holder)
        return codes.spend(turn, house.keys, name, code) and not bound

    return Claim(holder, Method.CODE, settle)


def bound_to_passkey(house: "House", conn: Connection, holder: Holder) -> bool:
    """Tell whether a one-time code alone lets this person in no more, since they have a passkey."""
    rule = house.settings.passkey_rule
    return rule != "off" and bool(credentials.of(conn, holder, credentials.PASSKEY))


def finish(
    house: "House", claim: Claim, act: Callable[[Turn, Holder], T], paced: tuple[Subject, ...] = ()
) -> T:
    """Settle a claim and act on it in one turn; `paced` are the subjects of `admitted`.

    Raises `LoginRefused`, the same for everything that was wrong.
    """
    holder = claim.holder

    def run(turn: Turn) -> tuple[T] | None:
        # Returned and not raised: what a wrong attempt used up stays used.
        if holder is None or not claim.settle(turn):
            return None
        forgive(turn, paced)
        if claim.credential_id is not None:
            credentials.used(turn, holder, claim.credential_id)
        return (act(turn, holder),)

    done = house.db.write(run)
    if done is None:
        raise LoginRefused
    return done[0]


def admitted(house: "House", *subjects: Subject | None) -> tuple[Subject, ...]:
    """Count an attempt before it is judged. Raises `LoginPaced` while the last one is too near."""
    paced = tuple(one for one in subjects if one is not None)
    wait_ms = house.db.write(lambda turn: admit(turn, paced))
    if wait_ms:
        seconds = -(-wait_ms // 1_000)
        raise LoginPaced(
            f"请在 {seconds} 秒后再试。",
            detail_en=f"Try again in {seconds} s.",
            headers={"Retry-After": str(seconds)},
        )
    return paced


def named(house: "House", kind: Kind, account: str) -> Holder | None:
    """Return whose account a name is; None: nobody's."""
    if kind is not Kind.WORKER:
        return Holder(kind, account)
    with house.db.read() as conn:
        found = names.whose(conn, house.keys, account)
    return None if found is None else credentials.worker(found)


def sheet(house: "House", turn: Turn, holder: Holder, credential_id: bytes) -> list[str]:
    """Make a sheet of printed codes in place of the earlier one."""
    made = [codes.letters(house.random, _CODE_LETTERS) for _ in range(CODES)]
    digests = [code_digest(house.keys, holder, one) for one in made]
    credentials.put_codes(turn, holder.worker_id, credential_id, digests)
    return made


def kept_secret(house: "House", holder: Holder, kind: str, secret: str) -> bytes:
    """Return what is kept of a PIN or password."""
    return hashing.made(house.keys, house.random, _owner(holder, kind), secret)


def code_digest(keys: KeyStore, holder: Holder, code: str) -> bytes:
    """Return what is kept of a printed code."""
    return keys.hmac("login", f"sheet/1\0{holder.reference}\0{codes.normal(code)}".encode())


def _owner(holder: Holder | None, kind: str) -> str:
    return f"{kind}/{(holder or _NOBODY).reference}"


def _known(house: "House", holder: Holder | None, kind: str) -> Credential | None:
    with house.db.read() as conn:
        return next(iter(credentials.of(conn, holder or _NOBODY, kind)), None)


def _by_external(house: "House", holder: Holder | None, external: bytes) -> Credential | None:
    with house.db.read() as conn:
        found = credentials.of(conn, holder or _NOBODY, credentials.PASSKEY)
    return next((one for one in found if one.external == external), None)


def _never(_turn: Turn) -> bool:
    return False
