"""Words of a proposal that tell of a person (待办中涉及个人的内容): sealed with what they tell, gone with it.

A proposal is kept for good and its row is bound. What it says of one record is sealed under the secret of
that record's commitment, what it says of a whole archive under the worker's data key: erasing the one or the
other leaves bytes that nobody opens, and a restriction hides them as it hides what they are about. Proposals
of before, which say it openly, are read as they stand.
"""

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import orjson
from sqlalchemy.engine import Connection

from recordsvc.archive.decided import worker_of
from recordsvc.archive.errors import ArchiveRestricted
from recordsvc.archive.reading import OpenEntry, Reader
from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.people.standing import RESTRICTED
from recordsvc.vault.envelope import DataKey, field_aad

if TYPE_CHECKING:
    from recordsvc.house import House

Payload = dict[str, Any]
SEALED: Final = "sealed"
_NO_SEQ: Final = -1


def of_record(house: "House", entry: OpenEntry, payload: Payload, said: Mapping[str, Any]) -> Payload:
    """Return a payload (`worker_id`, `seq`) with what it says of the record at an open entry."""
    return _with(_key_of(house, entry), payload, said)


def of_worker(
    house: "House", conn: Connection, payload: Payload, said: Mapping[str, Any], *, restricted: bool = False
) -> Payload:
    """Return a payload (`worker_id`) with what it says of the worker; `restricted`: of a sealed one, too."""
    key = _key(house, conn, payload, restricted=restricted)
    return payload if key is None else _with(key, payload, said)


def opened(house: "House", conn: Connection, payload: Payload, *, restricted: bool = False) -> Payload:
    """Return a payload with what it says, as long as what that is about may be read; else without.

    `restricted`: also of a restricted archive, to those who decide what it waits for (`awaiting.py`).
    """
    if SEALED not in payload:
        return payload
    rest = {name: value for name, value in payload.items() if name != SEALED}
    key = _key(house, conn, payload, restricted=restricted)
    if key is None:
        return rest
    said: Payload = orjson.loads(key.open(unb64u(payload[SEALED]), _aad(payload)))
    return rest | said


def _key(house: "House", conn: Connection, payload: Payload, *, restricted: bool) -> DataKey | None:
    """Return the key of what a payload is about; None where that was erased, or is restricted."""
    worker_id, cursor = worker_of(payload, "worker_id"), house.db.cursor(conn)
    if "seq" not in payload:
        worker = house.people.load(cursor, worker_id)
        hidden = worker is None or (worker.state == RESTRICTED and not restricted)
        return None if hidden or worker is None else worker.key
    try:
        archive = Reader(house).archive(worker_id, cursor)
    except ArchiveRestricted:
        return None
    entry = None if archive is None else archive.entries[int(payload["seq"])]
    return None if entry is None or entry.opened is None else _key_of(house, entry)


def _key_of(house: "House", entry: OpenEntry) -> DataKey:
    if entry.opened is None:
        raise ValueError(entry.stored.seq)
    secret = hmac.digest(entry.opened.secret, b"proposal/v1", "sha256")
    return DataKey(bytes(4), secret, house.random.bytes)


def _with(key: DataKey, payload: Payload, said: Mapping[str, Any]) -> Payload:
    plain = orjson.dumps(dict(said), option=orjson.OPT_SORT_KEYS)
    return payload | {SEALED: b64u(key.seal(plain, _aad(payload)))}


def _aad(payload: Payload) -> bytes:
    seq = int(payload.get("seq", _NO_SEQ)) + 1
    return field_aad("proposal", "payload", worker_of(payload, "worker_id"), seq.to_bytes(4), 1)
