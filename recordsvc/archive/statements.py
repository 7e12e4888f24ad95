"""What no issuer signs (登记机关陈述): a confirmation, contest, release - signed by the region's key.

Such a record names the actor, their role and the case; `verify` says of it "stated by the region", never
"issuer-signed". The region never signs as an issuer.
"""

import dataclasses
import uuid
from typing import TYPE_CHECKING, Any

from recordsvc.archive import types
from recordsvc.archive.append import STALE, Accepted, Batch, Known, Prepared
from recordsvc.archive.errors import Busy, KeyNotInForce, TargetUnknown
from recordsvc.archive.issuers import NOW
from recordsvc.archive.sealing import dedupe_key
from recordsvc.archive.submission import Item
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import beijing_date
from recordsvc.ground.readers import Cursor
from recordsvc.ground.strictjson import canonical
from recordsvc.people.resolve import Worker
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


class Region:
    """Signs for the region."""

    def __init__(self, house: "House") -> None:
        """Sign with the key `region` of this house."""
        self._house = house

    def state(
        self,
        worker_id: bytes,
        type_name: str,
        body: dict[str, Any],
        stater: Stater,
        target: int,
        record_id: uuid.UUID,
    ) -> tuple[Accepted | Known, LogTurn]:
        """Enter a statement in a worker's chain; `Known` if it is there. Raises `Busy`, `KeyNotInForce`."""
        house = self._house
        for _attempt in range(6):
            with house.db.read_raw() as cursor:
                worker = house.people.load(cursor, worker_id)
                if worker is None:
                    raise TargetUnknown
                prepared = self.prepare(cursor, worker, type_name, body, stater, target, record_id)
            outcome, log = house.admission.append(Batch([prepared]))
            if outcome is not STALE:
                return outcome[0], log
        raise Busy

    def prepare(
        self,
        cursor: Cursor,
        worker: Worker,
        type_name: str,
        body: dict[str, Any],
        stater: Stater,
        target: int,
        record_id: uuid.UUID,
    ) -> Prepared:
        """Sign and seal a statement; it still needs its turn. Raises `KeyNotInForce`."""
        house, settings = self._house, self._house.settings
        now_ms = house.clock.now_ms()
        state = house.issuers.states(cursor, [settings.region]).get(settings.region)
        life = state.key(REGION_KID) if state else None
        if state is None or life is None or not life.in_force(NOW, now_ms):
            raise KeyNotInForce
        record = {
            "actor": dataclasses.asdict(stater),
            "audience": settings.audience,
            "body": body,
            "environment": settings.environment,
            "id": str(record_id),
            "issued_on": beijing_date(now_ms).isoformat(),
            "issuer": settings.region,
            "salt": b64u(house.random.bytes(16)),
            "type": type_name,
            "version": 1,
            "worker": {"worker_id": str(uuid.UUID(bytes=worker.worker_id))},
        }
        if not types.is_valid(record):
            raise ValueError(
                f"the region's own {type_name} does not satisfy its schema: {types.faults(record)}"
            )
        raw = canonical(record)
        evidence = signatures.detached_jws(_RegionKey(house), raw).encode("ascii")
        item = Item(raw, record, evidence)
        kind = types.TYPES[type_name, 1].kind
        sealer = house.admission.sealer
        key = dedupe_key(settings.region, str(record_id))
        return sealer.prepare(
            worker, kind, target, item, key, sealer.digest(raw), settings.region, state.version
        )


class _RegionKey:
    """The region's key in the form `vault.signatures` signs with."""

    kid = REGION_KID
    alg = "EdDSA"

    def __init__(self, house: "House") -> None:
        self._keys = house.keys

    def sign(self, data: bytes) -> bytes:
        return self._keys.sign("region", data)


def derived_id(house: "House", *parts: bytes) -> uuid.UUID:
    """Return the one record id (UUIDv8) of an act, so that the same act again makes no second entry."""
    value = bytearray(house.keys.hmac("dedupe", b"\0".join((b"act/v1", *parts)))[:16])
    value[6] = (value[6] & 0x0F) | 0x80
    value[8] = (value[8] & 0x3F) | 0x80
    return uuid.UUID(bytes=bytes(value))
