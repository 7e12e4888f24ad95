"""The centre's way to the service: token, batches, patience. One request at a time, safe to repeat."""

import json
import random
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from recordsvc.ground.ports import Clock
from recordsvc.submit.keys import SigningKey
from recordsvc.submit.sign import client_assertion

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ATTEMPTS = 7
_FIRST_WAIT = 0.5  # seconds; doubled at each attempt
_LONGEST_WAIT = 30.0
_TOKEN_SLACK = 30  # seconds before its end at which a token is replaced
_MAX_ANSWER = 64 * 1024 * 1024
_PATIENCE = (429, 502, 503, 504)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Refused(Exception):
    """The service refused the whole request. `problem` is its problem document (RFC 9457)."""

    def __init__(
        self, status: int, problem: dict[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        """Keep status, problem and headers."""
        super().__init__(f"{status} {problem.get('code') or problem.get('error') or ''}".strip())
        self.status = status
        self.problem = problem
        self.headers = headers or {}


class Unreachable(Exception):
    """No answer after every attempt. Nothing is lost: the next run sends the same bytes again."""


class Service:
    """A connection to one service, as one client. Close it, or use it as a context manager."""

    def __init__(
        self,
        url: str,
        key: SigningKey,
        client_id: str,
        clock: Clock,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = 60.0,
        token_issuer: str | None = None,
    ) -> None:
        """Address a service; nothing is sent yet. Plain http is for this machine only.

        `token_issuer`: whom assertions are made out to, as registered; None: the address itself.
        """
        parts = urlsplit(url)
        here = parts.hostname in _LOOPBACK
        if parts.scheme != "https" and not (parts.scheme == "http" and here):
            raise ValueError("the service's address has to begin with https://")
        self._url = url.rstrip("/")
        self._token_issuer = token_issuer or self._url
        self._key = key
        self._client_id = client_id
        self._clock = clock
        self._sleep = sleep
        self._token = ""
        self._token_ends = 0.0
        # A proxy set for the internet must not see what goes to this very machine.
        self._http = httpx.Client(timeout=timeout, follow_redirects=False, trust_env=not here)

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._http.close()

    def post_batch(self, body: bytes) -> dict[str, Any]:
        """Send one NDJSON batch, return the answer. Repeating it is harmless: same records, same receipts."""
        return answer_of(self._authorised("POST", "/v1/batches", body, "application/x-ndjson"))

    def record(self, record_id: str) -> dict[str, Any]:
        """What became of one record: {id, status}."""
        return answer_of(self._authorised("GET", f"/v1/records/{record_id}"))

    def receipt(self, record_id: str) -> str:
        """The receipt of a record that stands in the archive (tlog-proof)."""
        response = self._authorised("GET", f"/v1/records/{record_id}/receipt")
        if response.status_code != 200:
            answer_of(response)
        return response.text

    def read(self, path: str) -> dict[str, Any]:
        """What a door of the institution shows."""
        return answer_of(self._authorised("GET", path))

    def fetch(self, path: str) -> bytes:
        """A file that a door of the institution hands out."""
        response = self._authorised("GET", path)
        if response.status_code != 200:
            answer_of(response)
        return response.content

    def say(self, path: str, body: bytes, media: str = "application/json") -> dict[str, Any]:
        """Send something to a door of the institution; the answer, empty where there is none."""
        response = self._authorised("POST", path, body, media)
        return {} if response.status_code == 204 else answer_of(response)

    def _authorised(self, method: str, path: str, body: bytes = b"", media: str = "") -> httpx.Response:
        for fresh in (False, True):
            headers = {"Authorization": f"Bearer {self._bearer(fresh=fresh)}"}
            if media:
                headers["Content-Type"] = media
            response = self._patiently(method, self._url + path, headers, body)
            # A token can end between two checks, or die with its key: once more with a new one.
            if response.status_code != 401 or fresh:
                break
        return response

    def _bearer(self, *, fresh: bool) -> str:
        now_s = self._clock.now_ms() // 1000
        if fresh or now_s >= self._token_ends:
            issuer = self._metadata()["issuer"]
            answer = self._grant(str(issuer))
            self._token = str(answer["access_token"])
            self._token_ends = now_s + int(answer.get("expires_in", 60)) - _TOKEN_SLACK
        return self._token

    def _metadata(self) -> dict[str, Any]:
        """Where tokens come from. The issuer must be the one we were told, or the address (RFC 8414, 3.3)."""
        address = self._url + "/.well-known/oauth-authorization-server"
        answer = answer_of(self._patiently("GET", address, {}))
        if answer.get("issuer") != self._token_issuer:
            # An assertion made out to the real service must never reach whoever merely claims to be it.
            raise Refused(
                200,
                {
                    "title": f"对方自称的令牌签发方不是 {self._token_issuer}："
                    "核对服务地址，或用 --token-issuer 写明",
                    "title_en": "the service names another token issuer than expected; nothing was sent",
                },
            )
        return answer

    def _grant(self, issuer: str) -> dict[str, Any]:
        def form() -> dict[str, str]:
            # An assertion works once: each attempt makes its own.
            now_s, jti = self._clock.now_ms() // 1000, secrets.token_urlsafe(18)
            assertion = client_assertion(self._key, self._client_id, issuer, now_s=now_s, jti=jti)
            return {
                "client_assertion": assertion,
                "client_assertion_type": ASSERTION_TYPE,
                "client_id": self._client_id,
                "grant_type": "client_credentials",
            }

        address = self._url + "/oauth/token"
        answer = answer_of(self._patiently("POST", address, self._token_headers, form=form))
        if not isinstance(answer.get("access_token"), str):
            raise Refused(200, {"title": "没有拿到令牌", "title_en": "no token in the answer"})
        return answer

    def _token_headers(self) -> dict[str, str]:
        """What goes along when a token is asked for."""
        return {}

    def _patiently(
        self,
        method: str,
        address: str,
        headers: dict[str, str] | Callable[[], dict[str, str]],
        body: bytes = b"",
        form: Callable[[], dict[str, str]] | None = None,
    ) -> httpx.Response:
        """Send until something answers that is worth reading, waiting longer each time."""
        reason = ""
        for attempt in range(ATTEMPTS):
            if attempt:
                self._sleep(_wait(attempt, reason))
            try:
                response = self._http.request(
                    method,
                    address,
                    headers=headers() if callable(headers) else headers,
                    content=None if form else body,
                    data=form() if form else None,
                )
            except httpx.TransportError as fault:
                reason = type(fault).__name__
                continue
            if response.status_code not in _PATIENCE:
                return response
            reason = response.headers.get("Retry-After", f"HTTP {response.status_code}")
        raise Unreachable(
            f"连不上服务（{reason}）；稍后再运行一次即可续传 / no answer; run again later to resume"
        )


def _wait(attempt: int, said: str) -> float:
    """Seconds before the next attempt: what the service asked for, or ever longer, spread a little."""
    own = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
    asked = float(said) if said.isdigit() else 0.0
    spread = random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, keeps no secret
    return max(min(asked, 2 * _LONGEST_WAIT), own * spread)


def answer_of(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; `Refused` for a problem or for anything unreadable."""
    try:
        # Not the strict reader of signed bytes: an answer holds a checkpoint, which is text of several lines.
        content = json.loads(response.content) if len(response.content) <= _MAX_ANSWER else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        content = {"title": "服务的回答看不懂", "title_en": "the answer cannot be read"}
        raise Refused(response.status_code, content)
    if response.status_code >= 300:
        raise Refused(response.status_code, content, response.headers)
    return content
