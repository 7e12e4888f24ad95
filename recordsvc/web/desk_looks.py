"""Why an official looks (查阅依据), carried from page to page: sealed, short-lived, good for one thing only.

An address holds neither purpose nor case in the clear, since addresses are kept by browsers and on screens.
What the seal opens to is who looks and why; every page it opens writes its own row of `looked`.
"""

import base64
import binascii
from typing import Final

import flask

from recordsvc.access.entrance import Entrance, actor
from recordsvc.archive.looking import Looker
from recordsvc.ground.http import current
from recordsvc.vault.envelope import DataKey, SealError
from recordsvc.web.services import house

LIFE_MS: Final = 15 * 60 * 1000
_KEY_ID: Final = b"look"
_SEPARATOR: Final = "\0"


def seal(subject: bytes, purpose: str, case_ref: str) -> str:
    """Return what an address carries to look at `subject` for a quarter of an hour, in this session alone."""
    text = _SEPARATOR.join((str(house().clock.now_ms() + LIFE_MS), purpose, case_ref))
    sealed = _key().seal(text.encode(), _aad(subject))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def opened(subject: bytes, look: str | None) -> Looker | None:
    """Return who looks and why; None without a seal, or with one that is foreign, broken or too old."""
    try:
        raw = base64.urlsafe_b64decode((look or "") + "===")
        until, purpose, case_ref = _key().open(raw, _aad(subject)).decode().split(_SEPARATOR)
    except (SealError, binascii.Error, ValueError):
        return None
    if int(until) <= house().clock.now_ms():
        return None
    return Looker(actor(), purpose, case_ref, current().id)


def _aad(subject: bytes) -> bytes:
    return subject + actor().session_id.encode()


def _key() -> DataKey:
    entrance: Entrance = flask.current_app.extensions["entrance"]
    return DataKey(_KEY_ID, entrance.mac(b"desk-look/v1"), house().random.bytes)
