"""Passkeys (通行密钥, WebAuthn level 3): made here and answered here, each challenge once, within minutes.

Discoverable and with the device's own check of its owner, so that one gesture is two factors and no account
name is asked for: the authenticator says whose key it is (`handle`). Attestations are not asked for. A
counter that does not move on is a copy, and refused.
"""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import sqlalchemy as sa

from recordsvc.access.credential_tables import login_challenge
from recordsvc.access.credentials import PASSKEY, Credential, Holder, worker
from recordsvc.access.grants import Kind
from recordsvc.ground import strictjson
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock, Random, uuid7

if TYPE_CHECKING:
    from recordsvc.house import House

LIFE_MS: Final = 5 * 60_000
SIGN_IN: Final = "sign-in"
NAME: Final = "职业技能培训档案"
MOST_BYTES: Final = 8_192
_ES256: Final = -7
_EDDSA: Final = -8
_RS256: Final = -257
"""COSE algorithms, in the order we would rather have; Windows Hello has the last one only."""
_LETTERS: Final = {Kind.WORKER: b"w", Kind.STAFF: b"s", Kind.OFFICIAL: b"o"}


class PasskeyError(ValueError):
    """An authenticator's answer that is not good here; the text is for the log and holds nothing personal."""


@dataclass(frozen=True, slots=True)
class Site:
    """For whom passkeys are made: the host name of `public_url`, and the origin the browser must name."""

    host: str
    origin: str


@dataclass(frozen=True, slots=True)
class Answer:
    """An authenticator's answer as sent: whose key it says it is, and by which challenge."""

    text: str
    external: bytes
    handle: bytes
    challenge: bytes


def warm() -> None:
    """Import the library (about 0.2 s), so that no request has to."""
    __import__("webauthn")


def site(public_url: str, scheme: str, host: str) -> Site:
    """Return the site of a request whose `Host` the entrance has judged."""
    return Site(urlsplit(public_url).hostname or "localhost", f"{scheme}://{host}")


def challenge(turn: Turn, random: Random, subject: str) -> bytes:
    """Make a challenge for what `subject` says (`SIGN_IN`, or a session's id with what it is to do)."""
    turn.conn.execute(login_challenge.delete().where(login_challenge.c.expires_ms <= turn.now_ms))
    made = random.bytes(32)
    row = {"digest": hashlib.sha256(made).digest(), "subject": subject, "expires_ms": turn.now_ms + LIFE_MS}
    turn.conn.execute(login_challenge.insert().values(**row))
    return made


def answered(turn: Turn, given: bytes, subject: str) -> bool:
    """Use up a challenge; True exactly once, and only for what it was made."""
    own = (
        login_challenge.c.digest == hashlib.sha256(given).digest(),
        login_challenge.c.subject == subject,
        login_challenge.c.expires_ms > turn.now_ms,
    )
    return turn.conn.execute(sa.delete(login_challenge).where(*own)).rowcount == 1


def sign_in_options(where: Site, made: bytes) -> dict[str, Any]:
    """Return what `navigator.credentials.get` takes, as JSON (no list of keys: whoever has one may come)."""
    return {
        "challenge": b64u(made),
        "rpId": where.host,
        "timeout": LIFE_MS,
        "userVerification": "required",
        "allowCredentials": [],
    }


def register_options(
    where: Site, made: bytes, holder: Holder, account: str, known: list[Credential]
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` takes, as JSON; `account` is what the device will show."""
    kinds = (_ES256, _EDDSA, _RS256)
    return {
        "challenge": b64u(made),
        "rp": {"id": where.host, "name": NAME},
        "user": {"id": b64u(handle(holder)), "name": account, "displayName": account},
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in kinds],
        "authenticatorSelection": {
            "residentKey": "required",
            "requireResidentKey": True,
            "userVerification": "required",
        },
        "attestation": "none",
        "timeout": LIFE_MS,
        "excludeCredentials": [
            {"type": "public-key", "id": b64u(one.external)} for one in known if one.external is not None
        ],
    }


def read(text: str) -> Answer:
    """Read an authenticator's answer. Raises `PasskeyError`."""
    try:
        sent: Any = strictjson.loads(text.encode(), MOST_BYTES)
        said: Any = strictjson.loads(unb64u(sent["response"]["clientDataJSON"]), MOST_BYTES)
        handled = sent["response"].get("userHandle") or ""
        return Answer(text, unb64u(sent["rawId"]), unb64u(handled), unb64u(said["challenge"]))
    except (strictjson.StrictJsonError, ValueError, KeyError, TypeError, AttributeError):
        raise PasskeyError("unreadable") from None


def register(house: "House", where: Site, given: Answer, device: str) -> Credential:
    """Return the way in that an answer to `register_options` makes. Raises `PasskeyError`."""
    from webauthn import verify_registration_response
    from webauthn.helpers.cose import COSEAlgorithmIdentifier
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        made = verify_registration_response(
            credential=given.text,
            expected_challenge=given.challenge,
            expected_rp_id=where.host,
            expected_origin=where.origin,
            require_user_verification=True,
            supported_pub_key_algs=[COSEAlgorithmIdentifier(one) for one in (_ES256, _EDDSA, _RS256)],
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as refused:
        raise PasskeyError(type(refused).__name__) from None
    now_ms = house.clock.now_ms()
    return Credential(
        uuid7(FixedClock(now_ms), house.random),
        PASSKEY,
        made.credential_public_key,
        device,
        now_ms,
        external=made.credential_id,
        counter=made.sign_count,
    )


def verify(where: Site, given: Answer, known: Credential) -> int:
    """Return the counter of an answer to `sign_in_options` by a known key. Raises `PasskeyError`."""
    from webauthn import verify_authentication_response
    from webauthn.helpers.exceptions import WebAuthnException

    try:
        found = verify_authentication_response(
            credential=given.text,
            expected_challenge=given.challenge,
            expected_rp_id=where.host,
            expected_origin=where.origin,
            credential_public_key=known.secret,
            credential_current_sign_count=known.counter,
            require_user_verification=True,
        )
    except (WebAuthnException, ValueError, KeyError, TypeError) as refused:
        raise PasskeyError(type(refused).__name__) from None
    return found.new_sign_count


def handle(holder: Holder) -> bytes:
    """Return how an authenticator remembers whose a key is: a letter and the opaque id."""
    own = holder.worker_id if holder.kind is Kind.WORKER else holder.id.encode()
    return _LETTERS[holder.kind] + own


def holder_of(handled: bytes) -> Holder | None:
    """Return whom `handle` named; None for what is no handle of ours."""
    kind = next((kind for kind, letter in _LETTERS.items() if handled[:1] == letter), None)
    own = handled[1:]
    if kind is Kind.WORKER:
        return worker(own) if len(own) == 16 else None
    if kind is None or not own.isascii() or len(own) > 40:
        return None
    return Holder(kind, own.decode())
