"""Opaque cursors: where a list goes on, authenticated, and good for years.

A cursor is `u8 version ‖ n × u64 ‖ first 16 bytes of HMAC(version ‖ context ‖ 0 ‖ values)` in base64url
without padding. It is not secret (positions in the log are public), it is *ours*: context names the list and
its reader, so that a cursor that was altered, or belongs to another list or reader, is refused with one
problem. Nothing in it expires; a new key is a new version, and old versions stay readable.
"""

import hmac
import struct
from collections.abc import Callable, Mapping
from typing import Any, Final

from marshmallow import fields, validate

from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.forms import Form, WholeText, text
from recordsvc.ground.problems import CursorRefused

MOST_VALUES: Final = 8
_MAC_BYTES: Final = 16


class PageQuery(Form):
    """The query parameters of every list that pages."""

    cursor = text(1, 200, load_default=None)
    limit = WholeText(load_default=100, validate=validate.Range(1, 1000, error="应在 {min}–{max} 之间"))


def page_form(item: type[Form]) -> type[Form]:
    """Return the form of a page of `item`s: `items`, and `next` (a cursor, or null at the end)."""
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(allow_none=True, required=True),
    }
    kind: type[Form] = type(f"{item.__name__.removesuffix('Form')}PageForm", (Form,), members)
    return kind


class Cursors:
    """Makes cursors and reads them again."""

    def __init__(self, macs: Mapping[int, Callable[[bytes], bytes]]) -> None:
        """Take an HMAC per version (1 to 255); the highest version writes."""
        self._macs = dict(macs)
        self._newest = max(self._macs)

    def make(self, context: str, *values: int) -> str:
        """Return the cursor of a place: up to 8 integers below 2^64."""
        body = struct.pack(f">B{len(values)}Q", self._newest, *values)
        return b64u(body + self._mac(context, body))

    def read(self, context: str, cursor: str) -> tuple[int, ...]:
        """Return the integers of a cursor made for this context. Raises `CursorRefused` for any other."""
        try:
            raw = unb64u(cursor)
        except ValueError:
            raise CursorRefused from None
        body, mac = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
        count, odd = divmod(len(body) - 1, 8)
        if not body or odd or count > MOST_VALUES or body[0] not in self._macs:
            raise CursorRefused
        if not hmac.compare_digest(mac, self._mac(context, body)):
            raise CursorRefused
        return struct.unpack(f">{count}Q", body[1:])

    def _mac(self, context: str, body: bytes) -> bytes:
        return self._macs[body[0]](body[:1] + context.encode() + b"\0" + body[1:])[:_MAC_BYTES]
