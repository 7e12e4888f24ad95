"""An authenticator in software: ES256, discoverable, checks its owner; counts, and can be copied."""

import hashlib
import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field, replace

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64u(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class Authenticator:
    """One key on one device, for one site."""

    origin: str = "http://localhost"
    flags: int = PRESENT | VERIFIED
    counts: bool = True
    counter: int = 0
    handle: bytes = b""
    host: str = ""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    external: bytes = b"\x05" * 24

    def copy(self) -> "Authenticator":
        """The same key on a second device."""
        return replace(self)

    def create(self, options: dict) -> str:
        """Answer `navigator.credentials.create`."""
        self.host, self.handle = options["rp"]["id"], _raw(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
        attested = bytes(16) + len(self.external).to_bytes(2) + self.external + public
        data = self._data(ATTESTED) + attested
        said = self._said("webauthn.create", options)
        made = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._answer({"clientDataJSON": b64u(said), "attestationObject": b64u(made)})

    def get(self, options: dict) -> str:
        """Answer `navigator.credentials.get`."""
        self.counter += self.counts
        data, said = self._data(), self._said("webauthn.get", options)
        signature = self.key.sign(data + hashlib.sha256(said).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": b64u(said),
                "authenticatorData": b64u(data),
                "signature": b64u(signature),
                "userHandle": b64u(self.handle),
            }
        )

    def _data(self, more: int = 0) -> bytes:
        flags = bytes([self.flags | more])
        return hashlib.sha256(self.host.encode()).digest() + flags + self.counter.to_bytes(4)

    def _said(self, kind: str, options: dict) -> bytes:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return json.dumps(said).encode()

    def _answer(self, response: dict) -> str:
        own = b64u(self.external)
        return json.dumps({"id": own, "rawId": own, "type": "public-key", "response": response})


def _raw(text: str) -> bytes:
    from base64 import urlsafe_b64decode

    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
