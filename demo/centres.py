"""The institutions' own side: private keys made at the first load, kept in the data folder, owner-only."""

import dataclasses
import hashlib
import hmac
import os
import secrets
import uuid
from pathlib import Path

from demo.doors import Target
from demo.institutions import Institution
from demo.ledger import Draft
from recordsvc.ground.base64strict import b64u
from recordsvc.ground.ports import SystemRandom
from recordsvc.ground.strictjson import canonical, loads
from recordsvc.submit.keys import SigningKey, new_private_jwk, read_key, write_private_jwk
from recordsvc.submit.sign import Batch, Destination, make_batch, make_record

_NAMESPACE = uuid.UUID("6f1b0b8e-6d5c-5a43-9c0e-2f64d3a3c640")
_MAX_KEY_FILE = 4096


class Keyring:
    """A folder with one private JWK per institution and the secret from which all salts follow."""

    def __init__(self, folder: Path) -> None:
        """Open the folder; make it, owner-only, if it is not there."""
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._salts = self._secret()
        self._keys: dict[str, SigningKey] = {}

    def path(self, institution: Institution) -> Path:
        """Return the file of an institution's key; `recordsvc submit --key` takes it."""
        return self._folder / f"{institution.key}.jwk"

    def key(self, institution: Institution) -> SigningKey:
        """Return an institution's key, made when first asked for; one of them is an ES256 key."""
        path = self.path(institution)
        if not path.exists():
            algorithm = "ES256" if institution.key == "assessment" else "EdDSA"
            # A kid is never used twice, not even by a demo that lost its keys and begins again.
            kid = f"{institution.key}-{secrets.token_hex(3)}"
            write_private_jwk(path, new_private_jwk(algorithm, kid, SystemRandom()))
        if institution.key not in self._keys:
            self._keys[institution.key] = read_key(path)
        return self._keys[institution.key]

    def client_id(self, institution: Institution) -> str | None:
        """Return under which client name the institution asks for tokens; `None` before it may."""
        return self.key(institution).client_id

    def enrol(self, institution: Institution, client_id: str, target: Target) -> None:
        """Write into the key file what the registration said: client name, and what stands in signatures."""
        path, fresh = self.path(institution), self._folder / f"{institution.key}.new"
        jwk = loads(path.read_bytes(), _MAX_KEY_FILE)
        if not isinstance(jwk, dict):
            raise TypeError("a key file holds one JWK")
        fresh.unlink(missing_ok=True)
        stated = {
            "audience": target.audience,
            "environment": target.environment,
            "issuer": institution.uscc,
            "token_issuer": target.token_issuer,
        }
        write_private_jwk(fresh, {**jwk, **stated, "client_id": client_id})
        fresh.replace(path)
        self._keys.pop(institution.key, None)

    def salt(self, record_id: str) -> str:
        """Return a record's salt: 128 bits nobody else can know, the same at every run."""
        return b64u(hmac.digest(self._salts, record_id.encode(), hashlib.sha256)[:16])

    def _secret(self) -> bytes:
        path = self._folder / "salts"
        try:
            return bytes.fromhex(path.read_text("ascii"))
        except FileNotFoundError:
            secret = secrets.token_bytes(32)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secret.hex())
            return secret


@dataclasses.dataclass(frozen=True, slots=True)
class Parcel:
    """What one institution sends at once: the records of a quarter, in order of signing."""

    institution: Institution
    drafts: tuple[Draft, ...]

    def batch(self, ring: Keyring, to: Destination) -> Batch:
        """Sign it. Ids and salts are fixed, so that a repeated parcel is known to the service."""
        records = [
            make_record(
                to,
                draft.type,
                draft.worker(),
                draft.body,
                record_id=draft.record_id,
                salt=ring.salt(draft.record_id),
                issued_on=draft.issued_on,
            )
            for draft in self.drafts
        ]
        content = hashlib.sha256(canonical([draft.record_id for draft in self.drafts])).hexdigest()
        batch_id = str(uuid.uuid5(_NAMESPACE, content))
        return make_batch(ring.key(self.institution), to, records, batch_id=batch_id)
