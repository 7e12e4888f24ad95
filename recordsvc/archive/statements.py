"""What no issuer signs (登记机关陈述): a confirmation, contest, release - signed by the region's key.

Such a record names the actor, their role and the case; `verify` says of it "stated by the region", never
"issuer-signed". The region never signs as an issuer.
"""

import dataclasses
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from recordsvc.archive import lost_erasures, types
from recordsvc.archive.append import NO_TARGET, OPEN, STALE, Accepted, Batch, Known, Prepared
from recordsvc.archive.errors import (
    ArchiveRestricted,
    Busy,
    KeyNotInForce,
    RegionKeyNotInForce,
    TargetUnknown,
)
from recordsvc.archive.issuers import NOW, IssuerState
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.submission import Item
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.ground.strictjson import canonical
from recordsvc.people.standing import RESTRICTED
from recordsvc.people.workers import Worker
from recordsvc.translog.store import LogTurn
from recordsvc.vault import signatures

if TYPE_CHECKING:
    from recordsvc.house import House

REGION_KID = "region"


@dataclasses.dataclass(frozen=True, slots=True)
class Stater:
    """On whose word the region signs: actor id, role and case."""

    id: str
    role: str
    case: str


@dataclasses.dataclass(frozen=True, slots=True)
class Statement:
    """What the region states: a record of this type and body, about one worker, on somebody's word."""

    type: str
    body: dict[str, Any]
    stater: Stater
    record_id: uuid.UUID
    target: int = NO_TARGET
    """Seq acted on in the worker's chain, `append.PRECEDING`, or none."""
    provenance: dict[str, Any] | None = None
    """Where it was taken from, for what the region did not find out itself."""
    states: frozenset[str] = OPEN
    """States of the worker in which it may be entered."""


class Region:
    """Signs for the region."""

    def __init__(self, house: "House") -> None:
        """Sign with the key `region` of this house."""
        self._house = house

    def state(self, worker_id: bytes, said: Statement) -> tuple[Accepted | Known, LogTurn]:
        """Enter a statement in a worker's chain; `Known` if it is there.

        Raises `Busy`, `KeyNotInForce`, `ArchiveRestricted`, and `RecordErased` for one that was erased in a
        log that was lost.
        """
        house = self._house
        for _attempt in range(6):
            with house.db.read_raw() as cursor:
                worker = house.people.load(cursor, worker_id)
                if worker is None:
                    raise TargetUnknown
                if RESTRICTED not in said.states and house.people.person(cursor, worker).state == RESTRICTED:
                    raise ArchiveRestricted  # not `Busy`: it would be for as long as that stands
                prepared = self.prepare(cursor, worker, said)
                lost_erasures.check(house, cursor, prepared.key)
            outcome, log = house.admission.append(Batch([prepared]))
            if outcome is not STALE:
                return outcome[0], log
        raise Busy

    def prepare(self, cursor: Cursor, worker: Worker, said: Statement) -> Prepared:
        """Sign and seal a statement; it still needs its turn. Raises `KeyNotInForce`."""
        return self.prepare_all(cursor, [(worker, said)])[0]

    def prepare_all(self, cursor: Cursor, statements: Sequence[tuple[Worker, Statement]]) -> list[Prepared]:
        """Sign and seal several statements. Raises `KeyNotInForce`."""
        now_ms = self._house.clock.now_ms()
        state = self._state(cursor, now_ms, NOW)
        if state is None:
            raise KeyNotInForce
        return [self._sealed(worker, said, state.version, now_ms) for worker, said in statements]

    def check_key(self, cursor: Cursor, now_ms: int, size: int) -> None:
        """Raise `RegionKeyNotInForce` unless the key is in force now and was at the log's size."""
        if self._state(cursor, now_ms, NOW, size) is None:
            raise RegionKeyNotInForce

    def _state(self, cursor: Cursor, now_ms: int, *indexes: int) -> IssuerState | None:
        region = self._house.settings.region
        state = self._house.issuers.states(cursor, [region]).get(region)
        life = state.key(REGION_KID) if state else None
        good = life is not None and all(life.in_force(index, now_ms) for index in indexes)
        return state if good else None

    def _sealed(self, worker: Worker, said: Statement, version: int, now_ms: int) -> Prepared:
        house, settings = self._house, self._house.settings
        record = {
            "actor": dataclasses.asdict(said.stater),
            "audience": settings.audience,
            "body": said.body,
            "environment": settings.environment,
            "id": str(said.record_id),
            "issued_on": beijing_date(now_ms).isoformat(),
            "issuer": settings.region,
            "salt": b64u(house.random.bytes(16)),
            "type": said.type,
            "version": 1,
            "worker": {"worker_id": str(uuid.UUID(bytes=worker.worker_id))},
        }
        if said.provenance is not None:
            record["provenance"] = said.provenance
        if not types.is_valid(record):
            raise ValueError(
                f"the region's own {said.type} does not satisfy its schema: {types.faults(record)}"
            )
        raw = canonical(record)
        evidence = signatures.detached_jws(RegionKey(house), raw).encode("ascii")
        item = Item(raw, record, evidence)
        kind = types.TYPES[said.type, 1].kind
        sealer = house.admission.sealer
        key = dedupe_key(settings.region, str(said.record_id))
        prepared = sealer.prepare(
            worker, kind, said.target, item, key, sealer.digest(raw), settings.region, version
        )
        prepared.states = said.states
        return prepared


class RegionKey:
    """The region's key in the form `vault.signatures` signs with."""

    kid = REGION_KID
    alg = "EdDSA"

    def __init__(self, house: "House") -> None:
        self._keys = house.keys

    def sign(self, data: bytes) -> bytes:
        """Return the raw signature over these bytes."""
        return self._keys.sign("region", data)


def derived_id(house: "House", *parts: bytes) -> uuid.UUID:
    """Return the one record id (UUIDv8) of an act, so that the same act again makes no second entry."""
    value = bytearray(house.keys.hmac("dedupe", b"\0".join((b"act/v1", *parts)))[:16])
    value[6] = (value[6] & 0x0F) | 0x80
    value[8] = (value[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(value))
