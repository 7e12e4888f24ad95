"""Whose token it is (令牌与持有者绑定): bound to a DPoP key (RFC 9449) or a client certificate (RFC 8705).

A bound token alone is worth nothing: whoever presents it shows at each request that they hold the key. What
leaves in bulk (the feed, exports) is given to bound tokens only, since a token that leaks from a receiver's
log would otherwise open everybody's archive for its five minutes.
"""

import hashlib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from recordsvc.access.dpop import Proofs, Sent
from recordsvc.access.grants import Scope
from recordsvc.access.jose import JwtRefused
from recordsvc.ground.base64strict import b64u, unb64
from recordsvc.ground.http import CERTIFICATE_VARIABLE, Request

DPOP: Final = "jkt"
MTLS: Final = "x5t#S256"
KNOWN: Final = frozenset({DPOP, MTLS})
"""Confirmation members (RFC 7800) that this service can ask for."""
BOUND_SCOPES: Final = frozenset({Scope.FEED_READ, Scope.EXPORTS, Scope.SHARED_READ})
"""What only a bound token may carry."""
_MAX_CERTIFICATE: Final = 16 * 1024


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a token is bound to: member of `cnf` and thumbprint."""

    member: str
    thumbprint: str


class Bindings:
    """Asks requests for what tokens are bound to."""

    def __init__(self, proofs: Proofs, scheme: str) -> None:
        self._proofs = proofs
        self._scheme = scheme

    def offered(self, request: Request) -> Confirmation | None:
        """What a request for a token offers to bind it to. Raises `JwtRefused`, `NonceWanted`."""
        proof = request.environ.get("HTTP_DPOP")
        if proof is not None:
            return Confirmation(DPOP, self._proofs.check(proof, self._sent(request)))
        certificate = _certificate(request.environ)
        return None if certificate is None else Confirmation(MTLS, _fingerprint(certificate))

    def check(self, wanted: Confirmation | None, request: Request, scheme: str, token: str) -> None:
        """Refuse a request that does not hold what its token is bound to.

        Raises `JwtRefused`, `NonceWanted`.
        """
        if (wanted is not None and wanted.member == DPOP) != (scheme == "dpop"):
            raise JwtRefused("dpop-scheme")
        if wanted is None:
            return
        if wanted.member == DPOP:
            proof = request.environ.get("HTTP_DPOP")
            if proof is None:
                raise JwtRefused("dpop-missing")
            held = self._proofs.check(proof, self._sent(request), token)
        else:
            certificate = _certificate(request.environ)
            if certificate is None:
                raise JwtRefused("mtls-missing")
            held = _fingerprint(certificate)
        if held != wanted.thumbprint:
            raise JwtRefused(f"{wanted.member}-other")

    def _sent(self, request: Request) -> Sent:
        # The host was checked against ours before anybody was asked who they are.
        return Sent(request.method, f"{self._scheme}://{request.environ['HTTP_HOST'].lower()}{request.path}")


def _certificate(environ: Mapping[str, Any]) -> bytes | None:
    """Read the client's certificate (DER): of the connection itself, or handed on by the edge.

    Over anything but the Unix socket of the edge the header never gets this far (`ground/http.py`), and the
    edge strips it from what clients send (deploy/).
    """
    socket: Any = environ.get("gunicorn.socket")
    if isinstance(socket, ssl.SSLSocket):
        return socket.getpeercert(binary_form=True)
    sent = environ.get(CERTIFICATE_VARIABLE)
    return None if sent is None else _handed_on(sent)


def _handed_on(header: str) -> bytes:
    """Read a certificate as RFC 9440 writes it: `:base64 of the DER:`."""
    if len(header) > _MAX_CERTIFICATE or not (header.startswith(":") and header.endswith(":")):
        raise JwtRefused("mtls-form")
    try:
        return unb64(header[1:-1])
    except ValueError:
        raise JwtRefused("mtls-form") from None


def _fingerprint(certificate: bytes) -> str:
    return b64u(hashlib.sha256(certificate).digest())
