"""Time-based codes (RFC 6238, 动态验证码): 160-bit secrets, 30 s steps, one step either way, each used once.

A worker's secret is sealed under the worker's data key and goes with it; anybody else's under a data key of
its own, which stands before it (length in one byte) and comes along when the wrapping key changes. The last
step that was used stands in the credential's counter and only moves forward.
"""

import base64
import hmac
from typing import TYPE_CHECKING, Final

import pyotp
from sqlalchemy.engine import Connection

from recordsvc.access.credentials import Credential, Holder
from recordsvc.access.grants import Kind
from recordsvc.vault.envelope import DataKeys, field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

STEP_MS: Final = 30_000
SECRET_BYTES: Final = 20
ISSUER: Final = "职业技能培训档案"


def seal(house: "House", conn: Connection, holder: Holder, credential_id: bytes, secret: bytes) -> bytes:
    """Return what is kept of a secret."""
    aad = _aad(holder, credential_id)
    if holder.kind is not Kind.WORKER:
        wrapped, key = DataKeys(house.keys, house.random.bytes).new(credential_id)
        return bytes([len(wrapped)]) + wrapped + key.seal(secret, aad)
    own = house.people.load(house.db.cursor(conn), holder.worker_id)
    if own is None:
        raise LookupError("a secret for nobody")
    return own.key.seal(secret, aad)


def opened(house: "House", conn: Connection, holder: Holder, kept: Credential) -> bytes:
    """Return the secret of a credential; zeros when its worker is gone."""
    aad, sealed = _aad(holder, kept.credential_id), kept.sealed or b""
    if holder.kind is not Kind.WORKER:
        size = 1 + sealed[0]
        return DataKeys(house.keys).get(kept.credential_id, sealed[1:size]).open(sealed[size:], aad)
    own = house.people.load(house.db.cursor(conn), holder.worker_id)
    return bytes(SECRET_BYTES) if own is None else own.key.open(sealed, aad)


def step_of(secret: bytes, code: str, now_ms: int) -> int:
    """Return the step whose code this is, of the present one and its neighbours; 0: of none."""
    counted, given, found = pyotp.HOTP(base32(secret)), code.replace(" ", "").encode(), 0
    for step in (now_ms // STEP_MS + shift for shift in (-1, 0, 1)):
        if hmac.compare_digest(counted.at(step).encode(), given):
            found = step
    return found


def base32(secret: bytes) -> str:
    """Write a secret as apps take it when it is typed."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, account: str) -> str:
    """Return the `otpauth:` address that apps read from a picture."""
    return pyotp.TOTP(base32(secret)).provisioning_uri(name=account, issuer_name=ISSUER)


def _aad(holder: Holder, credential_id: bytes) -> bytes:
    if holder.kind is Kind.WORKER:
        return field_aad("worker_credential", "sealed", holder.worker_id, credential_id, 1)
    return field_aad("account_credential", "sealed", holder.reference.encode(), credential_id, 1)
