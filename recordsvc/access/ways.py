"""Setting up and ending one's own ways in (登录方式的设置): rules and turns, behind API and pages alike.

Whoever sits there acts for themselves: somebody in a worker's place (window, helper) sets up nothing here.
"""

import binascii
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from recordsvc.access import credentials, names, passkeys, proving, strength, totp
from recordsvc.access.credentials import MOST_PASSKEYS, PASSKEY, PASSWORD, PIN, Credential, Holder
from recordsvc.access.errors import CredentialRefused
from recordsvc.access.grants import Actor, Kind
from recordsvc.access.passkeys import PasskeyError, Site
from recordsvc.access.sessions import Sessions
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, uuid7
from recordsvc.ground.problems import Forbidden, NotFound
from recordsvc.people import tables as people_tables
from recordsvc.vault.envelope import DataKey, SealError

if TYPE_CHECKING:
    from recordsvc.house import House

SETUP_MS: Final = 15 * 60_000
_KEY_ID: Final = b"totp"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of codes, shown once."""

    account: str
    codes: list[str]


@dataclass(frozen=True, slots=True)
class Setup:
    """A TOTP secret on its way into an app; `setup` brings it back sealed, bound to the session."""

    account: str
    secret: str
    address: str
    setup: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A way in as its owner sees it; instants are UTC ms."""

    id: bytes
    kind: str
    device: str
    made_ms: int
    used_ms: int | None
    codes_left: int | None


def own(who: Actor) -> Holder:
    """Return whose ways in these are. Raises `Forbidden` where somebody acts in a worker's place."""
    if who.through is not None:
        raise Forbidden("代办时不能查看或设置本人的登录方式。", detail_en="Not in a worker's place.")
    return Holder(who.kind, who.id)


def account_of(house: "House", conn: Connection, holder: Holder) -> str | None:
    """Return under which name a person signs in."""
    return names.of(house, conn, holder.worker_id) if holder.kind is Kind.WORKER else holder.id


def shown(conn: Connection, holder: Holder) -> list[Shown]:
    """Return a person's ways in, the oldest first."""
    found = []
    for one in credentials.holders(conn, holder):
        for way in credentials.of(conn, one):
            left = credentials.codes_left(conn, one.worker_id) if way.kind == PIN else None
            found.append(Shown(way.credential_id, way.kind, way.device, way.made_ms, way.used_ms, left))
    return found


# -- passkeys


def passkey_subject(who: Actor) -> str:
    """Return for what a new passkey's challenge is made: this session."""
    return f"add/{who.session_id}"


def add_passkey(house: "House", who: Actor, where: Site, text: str, device: str) -> None:
    """Keep a passkey. Raises `CredentialRefused`."""
    holder = own(who)
    try:
        given = passkeys.read(text)
        made = passkeys.register(house, where, given, device)
    except PasskeyError:
        raise _refused("/credential", "设备没有完成设置，请再试一次") from None

    def act(turn: Turn) -> None:
        if not passkeys.answered(turn, given.challenge, passkey_subject(who)):
            raise _refused("/credential", "设置时间过长，请再试一次")
        _lock(turn, holder)
        known = credentials.of(turn.conn, holder, PASSKEY)
        if len(known) >= MOST_PASSKEYS or any(one.external == made.external for one in known):
            raise _refused("/credential", f"最多 {MOST_PASSKEYS} 个通行密钥，同一个不能重复添加")
        _add(turn, house, holder, made)

    house.db.write(act)


# -- PIN and printed codes


def set_pin(house: "House", who: Actor, pin: str, device: str) -> Sheet:
    """Keep a PIN in place of an earlier one, and make a sheet of codes. Raises `CredentialRefused`."""
    holder = _may(who, PIN)
    fault = strength.pin_fault(pin)
    if fault:
        raise _refused("/pin", fault)
    kept = proving.kept_secret(house, holder, PIN, pin)

    def act(turn: Turn) -> Sheet:
        _lock(turn, holder)
        made = Credential(_new_id(turn, house), PIN, kept, device, turn.now_ms)
        _add(turn, house, holder, made)
        account = names.given(turn, house, holder.worker_id)
        return Sheet(account, proving.sheet(house, turn, holder, made.credential_id))

    return house.db.write(act)


def new_sheet(house: "House", who: Actor) -> Sheet:
    """Make a sheet of codes in place of the earlier one. Raises `CredentialRefused` without a PIN."""
    holder = _may(who, PIN)

    def act(turn: Turn) -> Sheet:
        _lock(turn, holder)
        known = credentials.of(turn.conn, holder, PIN)
        if not known:
            raise _refused("/pin", "请先设置 PIN")
        account = names.given(turn, house, holder.worker_id)
        return Sheet(account, proving.sheet(house, turn, holder, known[0].credential_id))

    return house.db.write(act)


# -- password and TOTP


def begin_totp(house: "House", who: Actor, key: bytes) -> Setup:
    """Make a secret for an app; nothing is kept yet. `key` (32 bytes) seals it on its way."""
    holder = _may(who, PASSWORD)

    def act(turn: Turn) -> str:
        if holder.kind is Kind.WORKER:
            return names.given(turn, house, holder.worker_id)
        return holder.id

    account = house.db.write(act)
    secret = house.random.bytes(totp.SECRET_BYTES)
    until = (house.clock.now_ms() + SETUP_MS).to_bytes(8)
    sealed = DataKey(_KEY_ID, key, house.random.bytes).seal(until + secret, who.session_id.encode())
    return Setup(account, totp.base32(secret), totp.address(secret, account), b64u(sealed))


def resumed(house: "House", who: Actor, setup: str, key: bytes) -> bytes:
    """Return the secret of a setup. Raises `CredentialRefused` for a foreign or late one."""
    try:
        opened = DataKey(_KEY_ID, key, house.random.bytes).open(unb64u(setup), who.session_id.encode())
    except (SealError, ValueError, binascii.Error):
        raise _refused("/setup", "设置时间过长，请重新开始") from None
    if int.from_bytes(opened[:8]) <= house.clock.now_ms():
        raise _refused("/setup", "设置时间过长，请重新开始")
    return opened[8:]


def set_password(house: "House", who: Actor, password: str, code: str, secret: bytes, device: str) -> None:
    """Keep a password and the secret whose first code is shown. Raises `CredentialRefused`."""
    holder = _may(who, PASSWORD)
    fault = strength.password_fault(password)
    if fault:
        raise _refused("/password", fault)
    step = totp.step_of(secret, code, house.clock.now_ms())
    if not step:
        raise _refused("/code", "动态验证码不对；请核对手机时间，用应用里最新的 6 位数字")
    kept = proving.kept_secret(house, holder, PASSWORD, password)

    def act(turn: Turn) -> None:
        _lock(turn, holder)
        way = _new_id(turn, house)
        sealed = totp.seal(house, turn.conn, holder, way, secret)
        # The code that proved the app is used up with it.
        made = Credential(way, PASSWORD, kept, device, turn.now_ms, sealed=sealed, counter=step)
        _add(turn, house, holder, made)

    house.db.write(act)


# -- ending


def end(house: "House", who: Actor, credential_id: bytes) -> None:
    """End one of the own ways in. Raises `NotFound` for a foreign or missing one."""
    holder = own(who)

    def act(turn: Turn) -> bool:
        if not credentials.end(turn, holder, credential_id):
            return False
        house.tell(turn, holder, "credential-ended", f"credential/{uuid.UUID(bytes=credential_id)}")
        return True

    if not house.db.write(act):
        raise NotFound


def end_others(house: "House", sessions: Sessions, who: Actor) -> int:
    """End every other sign-in of whoever asks; how many there were."""
    holder = own(who)

    def act(turn: Turn) -> int:
        ended = sessions.end_others(turn, who.kind, who.id, who.session_id)
        if ended:
            house.tell(turn, holder, "sessions-ended", f"sessions/{who.session_id[:16]}/{turn.now_ms}")
        return ended

    return house.db.write(act)


def _may(who: Actor, kind: str) -> Holder:
    holder = own(who)
    if kind not in credentials.WAYS[holder.kind]:
        raise _refused("", "您的账号不能使用这种登录方式")
    return holder


def _lock(turn: Turn, holder: Holder) -> None:
    """Hold the worker's row: two requests set one way up after the other, and no erasure runs between."""
    if holder.kind is Kind.WORKER:
        table = people_tables.worker
        held = sa.select(table.c.state).where(table.c.worker_id == holder.worker_id).with_for_update()
        turn.conn.execute(held).one_or_none()


def _add(turn: Turn, house: "House", holder: Holder, made: Credential) -> None:
    credentials.add(turn, holder, made)
    house.tell(turn, holder, "credential-added", f"credential/{uuid.UUID(bytes=made.credential_id)}")


def _new_id(turn: Turn, house: "House") -> bytes:
    return uuid7(FixedClock(turn.now_ms), house.random)


def _refused(pointer: str, detail: str) -> CredentialRefused:
    return CredentialRefused(errors=[{"pointer": pointer, "code": "value", "detail": detail}])
