"""The service's public doors as the loader uses them: officials and workers by session, centres by token.

Everything the demo region puts in goes through here; there is no other way in.
"""

import dataclasses
import uuid
from types import TracebackType
from typing import Any, Self

import httpx

from recordsvc.ground.ports import Clock
from recordsvc.submit.keys import SigningKey
from recordsvc.submit.sign import client_assertion

JSON = "application/json"
NDJSON = "application/x-ndjson"
SECONDS = 180
"""Longest wait for one answer: a large batch on a slow disk takes a while."""
_TOKEN_LIFE_MS = 240_000
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Refused(Exception):
    """The service said no; `code` is the problem's stable code, the text what it told us."""

    def __init__(self, answer: httpx.Response) -> None:
        problem = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        self.status = answer.status_code
        self.code = str(problem.get("code") or problem.get("error") or "")
        said = " ".join(str(problem[key]) for key in ("title", "detail", "errors") if problem.get(key))
        where = f"{answer.request.method} {answer.request.url.path}"
        super().__init__(f"{where}: {self.status} {self.code} {said}".strip())


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """The installation to load: where it listens, and the names that stand inside signatures."""

    url: str
    audience: str
    environment: str
    token_issuer: str


class Service:
    """One HTTP connection pool to the service."""

    def __init__(self, target: Target, clock: Clock, transport: httpx.BaseTransport | None = None) -> None:
        """Talk to `target`; tests hand in a transport that calls the application in the process."""
        self.target = target
        self.clock = clock
        self._transport = transport or httpx.HTTPTransport(limits=httpx.Limits(max_connections=8))

    def client(self) -> httpx.Client:
        """Return a client with cookies of its own over the shared connections."""
        return httpx.Client(base_url=self.target.url, timeout=SECONDS, transport=_Shared(self._transport))

    def public(self, path: str) -> Any:
        """Read what anybody may read."""
        with self.client() as http:
            return _checked(http.get(path)).json()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Shared(httpx.BaseTransport):
    """Lends a transport to a client without handing over the right to close it."""

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._transport.handle_request(request)


class Session:
    """A demo login: an official or a worker, as a browser would be."""

    def __init__(self, service: Service, login: dict[str, str]) -> None:
        """Sign in; raises `Refused`."""
        self._http = service.client()
        who = _checked(self._http.post("/login/demo", json=login)).json()
        self._http.headers["X-CSRF-Token"] = who["csrf_token"]

    def leave(self) -> None:
        """Sign out, so that nobody finds a session in their list that nobody sits at."""
        _checked(self._http.post("/logout", json={}))

    def get(self, path: str, **query: str | int) -> Any:
        """Read; raises `Refused`."""
        return _checked(self._http.get(path, params=query)).json()

    def raw(self, path: str) -> bytes:
        """Read the bytes as they are sent; raises `Refused`."""
        return _checked(self._http.get(path)).content

    def post(self, path: str, body: dict[str, Any], once: str | None = None) -> Any:
        """Write; under `once` a repetition has the effect of the first call. Raises `Refused`."""
        headers = {} if once is None else {"Idempotency-Key": once}
        answer = _checked(self._http.post(path, json=body, headers=headers))
        return answer.json() if answer.content else None


class Machine:
    """A centre's machine: asks for tokens with its key and posts batches."""

    def __init__(self, service: Service, key: SigningKey, client_id: str) -> None:
        self._service = service
        self._key = key
        self._client_id = client_id
        self._http = service.client()
        self._until_ms = 0

    def post_batch(self, ndjson: bytes) -> list[dict[str, Any]]:
        """Send a batch and return its rows; raises `Refused`."""
        self._authorise()
        headers = {"Content-Type": NDJSON}
        rows: list[dict[str, Any]] = _checked(
            self._http.post("/v1/batches", content=ndjson, headers=headers)
        ).json()["rows"]
        return rows

    def status(self, record_id: str) -> str:
        """Return what became of a record: accepted, held, approved, returned …; raises `Refused`."""
        self._authorise()
        return str(_checked(self._http.get(f"/v1/records/{record_id}")).json()["status"])

    def _authorise(self) -> None:
        now_ms = self._service.clock.now_ms()
        if now_ms < self._until_ms:
            return
        issuer = self._service.target.token_issuer
        assertion = client_assertion(
            self._key, self._client_id, issuer, now_s=now_ms // 1000, jti=uuid.uuid4().hex
        )
        form = {
            "grant_type": "client_credentials",
            "client_assertion_type": _ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        token = _checked(self._http.post("/oauth/token", data=form)).json()["access_token"]
        self._http.headers["Authorization"] = f"Bearer {token}"
        self._until_ms = now_ms + _TOKEN_LIFE_MS


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.is_success:
        return answer
    raise Refused(answer)
