"""A receiver's way to its feed: tokens bound to a key of its own (DPoP), shown at each request."""

import secrets
from typing import Any
from urllib.parse import urlsplit

import httpx

from recordsvc.submit.keys import SigningKey
from recordsvc.submit.send import Refused, Service, answer_of
from recordsvc.submit.sign import dpop_proof


class FeedService(Service):
    """A connection as one receiver. Its token alone is worth nothing to whoever finds it."""

    prover: SigningKey
    nonce: str = ""

    def items(self, cursor: str, limit: int) -> bytes:
        """The stream behind a cursor; empty: from the start."""
        query = f"limit={limit}" if not cursor else f"after={cursor}&limit={limit}"
        accept = {"Accept": "application/x-ndjson"}
        response = self._bound("GET", "/v1/exports/items", query, extra=accept)
        if response.status_code != 200:
            answer_of(response)
        return response.content

    def acknowledge(self, body: bytes) -> dict[str, Any]:
        """Acknowledge a batch; the same again is harmless."""
        extra = {"Content-Type": "application/json"}
        return answer_of(self._bound("POST", "/v1/exports/acks", "", body, extra))

    def _bound(
        self, method: str, path: str, query: str, body: bytes = b"", extra: dict[str, str] | None = None
    ) -> httpx.Response:
        address = f"{self._url}{path}?{query}" if query else self._url + path
        for attempt in range(3):
            token = self._bearer(fresh=attempt == 2)

            def headers(token: str = token) -> dict[str, str]:
                # A proof works once: each attempt makes its own.
                proof = self._proof(method, path, token)
                return {"Authorization": f"DPoP {token}", "DPoP": proof, **(extra or {})}

            response = self._patiently(method, address, headers, body)
            if response.status_code != 401:
                break
            self.nonce = response.headers.get("DPoP-Nonce", self.nonce)
        return response

    def _token_headers(self) -> dict[str, str]:
        return {"DPoP": self._proof("POST", "/oauth/token", "")}

    def _grant(self, issuer: str) -> dict[str, Any]:
        try:
            return super()._grant(issuer)
        except Refused as refused:
            if refused.problem.get("error") != "use_dpop_nonce":
                raise
            self.nonce = refused.headers.get("DPoP-Nonce", "")
            return super()._grant(issuer)

    def _proof(self, method: str, path: str, token: str) -> str:
        parts = urlsplit(self._url)
        url = f"{parts.scheme}://{parts.netloc.lower()}{parts.path}{path}"
        now_s, jti = self._clock.now_ms() // 1000, secrets.token_urlsafe(18)
        return dpop_proof(self.prover, method, url, now_s=now_s, jti=jti, token=token, nonce=self.nonce)
