"""A centre's private key: a JWK file on the centre's own machine (Ed25519 or ES256).

The file never leaves the machine and only its owner may read it. Beside the members of RFC 7517 it may carry
`client_id`, the name under which the centre asks for tokens, and `audience`, `environment`, `issuer` and
`token_issuer`, so that nobody has to type what the registration letter says.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.ports import Random
from recordsvc.ground.strictjson import StrictJsonError, canonical, loads
from recordsvc.vault.signers import Algorithm, PublicKey, Sign, ed25519, es256, fits

_MAX_FILE = 16 * 1024
_STATED = ("audience", "environment", "issuer", "token_issuer")
_ALGORITHMS = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256"}


class KeyUnusable(ValueError):
    """The key file cannot be used. The message says why and what to do; it never holds key material."""


@dataclass(frozen=True, slots=True, repr=False)
class SigningKey:
    """One private key, ready to sign: `alg` is the JOSE name (EdDSA, ES256), `sign` takes and gives bytes."""

    kid: str
    alg: str
    sign: Sign
    public: PublicKey
    client_id: str | None = None
    stated: Mapping[str, str] = field(
        default_factory=dict
    )  # audience, environment, issuer, where the file says

    def __repr__(self) -> str:
        """Name the key, never its secret."""
        return f"SigningKey(kid={self.kid!r}, alg={self.alg!r})"

    def public_jwk(self) -> dict[str, str]:
        """The public half, as it is registered with the service."""
        if self.alg == "EdDSA":
            point = {"crv": "Ed25519", "kty": "OKP", "x": b64u(self.public.raw)}
        else:
            x, y = self.public.raw[1:33], self.public.raw[33:]
            point = {"crv": "P-256", "kty": "EC", "x": b64u(x), "y": b64u(y)}
        return {"alg": self.alg, "kid": self.kid, "use": "sig", **point}


def key_from_secret(alg: str, secret: bytes, kid: str, client_id: str | None = None) -> SigningKey:
    """The key whose 32-byte secret is given; `alg` is EdDSA or ES256."""
    if alg == "EdDSA" and len(secret) == 32:
        sign, public = ed25519(secret)
    elif alg == "ES256" and len(secret) == 32 and fits(Algorithm.ES256, secret):
        sign, public = es256(secret)
    else:
        raise KeyUnusable("the key is neither an Ed25519 nor a P-256 key of 32 bytes")
    return SigningKey(kid, alg, sign, public, client_id)


def new_private_jwk(alg: str, kid: str, randomness: Random, client_id: str | None = None) -> dict[str, str]:
    """A fresh private JWK. Write it with `write_private_jwk`; register only its public half."""
    secret = randomness.bytes(32)
    while alg == "ES256" and not fits(Algorithm.ES256, secret):
        secret = randomness.bytes(32)
    jwk = key_from_secret(alg, secret, kid).public_jwk() | {"d": b64u(secret)}
    return jwk if client_id is None else jwk | {"client_id": client_id}


def key_from_jwk(jwk: dict[str, Any]) -> SigningKey:
    """The signing key of a private JWK. Raises `KeyUnusable` when halves disagree or anything is missing."""
    alg = _ALGORITHMS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    kid, secret, client_id = jwk.get("kid"), jwk.get("d"), jwk.get("client_id")
    if alg is None or jwk.get("alg", alg) != alg:
        raise KeyUnusable("the key has to be Ed25519 (OKP) or P-256 (EC), with a matching alg")
    if not isinstance(kid, str) or not kid.isascii() or not 0 < len(kid) <= 255:
        raise KeyUnusable("the key needs a kid, the name under which it is registered")
    if not isinstance(secret, str):
        raise KeyUnusable("this is a public key; signing needs the private one (member d)")
    if client_id is not None and not isinstance(client_id, str):
        raise KeyUnusable("client_id has to be text")
    try:
        key = key_from_secret(alg, unb64u(secret), kid, client_id)
    except ValueError as fault:
        raise KeyUnusable("the private part of the key cannot be read") from fault
    stated = {name: jwk[name] for name in _STATED if isinstance(jwk.get(name), str)}
    public = key.public_jwk()
    if any(jwk.get(member) != public[member] for member in ("x", "y") if member in public):
        raise KeyUnusable("the public half in the file does not belong to its private half")
    return replace(key, stated=stated)


def read_key(path: Path) -> SigningKey:
    """Read a private JWK file that only its owner may read."""
    try:
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    except OSError as fault:
        raise KeyUnusable(f"the key file cannot be opened: {fault.strerror}") from fault
    with os.fdopen(fd, "rb") as file:
        state = os.fstat(fd)
        # Windows has no such mode bits; there the folder's own rights protect the file.
        if os.name == "posix" and stat.S_IMODE(state.st_mode) & 0o077:
            raise KeyUnusable(
                "the key file can be read by others; run: chmod 600 on it, and think of a new key"
            )
        data = file.read(_MAX_FILE + 1)
    try:
        jwk = loads(data, _MAX_FILE)
    except StrictJsonError as fault:
        raise KeyUnusable(f"the key file is not readable JSON: {fault.message}") from fault
    if not isinstance(jwk, dict):
        raise KeyUnusable("the key file has to hold one JWK object")
    return key_from_jwk(jwk)


def write_private_jwk(path: Path, jwk: dict[str, str]) -> None:
    """Write a new private JWK, owner-only; an existing file is never overwritten."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "wb") as file:
        file.write(canonical(jwk) + b"\n")
        file.flush()
        os.fsync(fd)
