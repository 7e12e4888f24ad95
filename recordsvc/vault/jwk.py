"""Public keys as JWK (RFC 7517; OKP by RFC 8037, EC by RFC 7518 section 6.2), in and out."""

import hashlib
import re
from typing import Any, Final

from recordsvc.ground.base64strict import b64u, unb64u
from recordsvc.ground.strictjson import canonical
from recordsvc.vault.signers import PublicKey
from recordsvc.vault.verifiers import BadSignature, check_public

KID: Final = re.compile(r"[\x21-\x7e]{1,255}")  # printable ASCII; its length is one byte in the log

_ALGORITHMS: Final = {("OKP", "Ed25519"): "EdDSA", ("EC", "P-256"): "ES256"}
_CURVES: Final = {"ES256": "P-256", "SM2": "SM2"}


def public_to_jwk(key: PublicKey, kid: str) -> dict[str, str]:
    """The public JWK of a key registered under `kid`."""
    named = {"alg": key.alg, "kid": kid, "use": "sig"}
    if key.alg == "EdDSA":
        return named | {"kty": "OKP", "crv": "Ed25519", "x": b64u(key.raw)}
    return named | {"kty": "EC", "crv": _CURVES[key.alg], "x": b64u(key.raw[1:33]), "y": b64u(key.raw[33:])}


def thumbprint(jwk: dict[str, str]) -> str:
    """The SHA-256 thumbprint of a public JWK (RFC 7638): its required members only, in base64url."""
    names = ("crv", "kty", "x", "y") if jwk["kty"] == "EC" else ("crv", "kty", "x")
    return b64u(hashlib.sha256(canonical({name: jwk[name] for name in names})).digest())


def public_from_jwk(jwk: object) -> tuple[PublicKey, str]:
    """Key and kid of a public JWK. BadSignature if it is anything else, above all if it holds a secret."""
    if not isinstance(jwk, dict):
        raise BadSignature("key", "a JWK is a JSON object")
    if jwk.keys() & {"d", "k", "p", "q"}:
        raise BadSignature("private-key", "this is a private key; keep it, and hand in its public half")
    alg = _ALGORITHMS.get((str(jwk.get("kty")), str(jwk.get("crv"))))
    if alg is None or jwk.get("alg", alg) != alg or jwk.get("use", "sig") != "sig":
        raise BadSignature("key", "the key has to be Ed25519 (OKP) or P-256 (EC), for signatures")
    kid = jwk.get("kid")
    if not isinstance(kid, str) or KID.fullmatch(kid) is None:
        raise BadSignature("key", "the key needs a kid, the name under which it is registered")
    key = PublicKey(alg, _coordinate(jwk, "x"))
    if alg != "EdDSA":
        key = PublicKey(alg, b"\x04" + key.raw + _coordinate(jwk, "y"))
    check_public(key)
    return key, kid


def _coordinate(jwk: dict[str, Any], member: str) -> bytes:
    text = jwk.get(member)
    try:
        raw = unb64u(text) if isinstance(text, str) else b""
    except ValueError:
        raise BadSignature("key", "a coordinate is not base64url") from None
    if len(raw) != 32:
        raise BadSignature("key", "a coordinate is missing or not 32 bytes long")
    return raw
