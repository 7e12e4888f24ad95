"""An OpenID Provider that can lie in every field, and a listener that nobody should ever ask."""

import hashlib
import http.server
import json
import secrets
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from recordsvc.ground.ports import FixedClock
from recordsvc.submit.keys import SigningKey, key_from_secret

CLIENT = "recordsvc-test"
CLAIM = "citizen_number"
SLOW_S = 30


def b64u(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def segment(part: Any) -> str:
    return b64u(part if isinstance(part, bytes) else json.dumps(part).encode())


@dataclass
class Account:
    """Somebody at the provider."""

    subject: str
    number: str


@dataclass
class Told:
    """One request that came in."""

    method: str
    path: str
    fields: dict[str, str]


@dataclass
class Reply:
    """What goes out instead of the truth; `drip` sends one byte in so many seconds."""

    body: bytes = b"{}"
    status: int = 200
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})
    sleep: float = 0
    drip: float = 0


class Rogue:
    """The provider. Attributes say what it lies about."""

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.key = key_from_secret("ES256", b"\x21" * 32, "op-1")
        self.listed: list[dict[str, Any]] = [self.key.public_jwk()]
        self.pushes = True
        self.metadata: dict[str, Any] = {}
        self.claims: dict[str, Any] = {}
        self.header: dict[str, Any] = {}
        self.token: Callable[[dict[str, Any], dict[str, Any]], str] = self.signed
        self.replies: dict[str, Reply] = {}
        self.slow: dict[str, str] = {}
        """Paths whose answers are good, but come late: all at once (`silent`) or byte by byte (`drip`)."""
        self.padding: dict[str, int] = {}
        """Spaces before an answer that is good."""
        self.visitor: Account | None = None
        """Who a real browser is that comes to the provider; it is sent back at once."""
        self.asked: list[Told] = []
        self.pushed: dict[str, dict[str, str]] = {}
        self.codes: dict[str, tuple[dict[str, str], Account, int]] = {}
        self.issuer = ""

    # -- what a browser would do there

    def sent(self, location: str) -> dict[str, str]:
        """The request that a browser was sent with."""
        asked = dict(parse_qsl(urlsplit(location).query))
        return self.pushed[asked["request_uri"]] if "request_uri" in asked else asked

    def answer(self, location: str, account: Account, **changes: str | None) -> str:
        """The address of the callback with an answer about this account."""
        asked = self.sent(location)
        code = secrets.token_urlsafe(16)
        self.codes[code] = (asked, account, self.clock.now_ms() // 1000)
        said = {"code": code, "state": asked["state"], "iss": self.issuer} | changes
        query = urlencode({name: value for name, value in said.items() if value is not None})
        return f"{urlsplit(asked['redirect_uri']).path}?{query}"

    # -- what the service asks

    def respond(self, told: Told) -> Reply:
        self.asked.append(told)
        reply = self.replies.get(told.path) or self.truth(told)
        reply.body = b" " * self.padding.get(told.path, 0) + reply.body
        if self.slow.get(told.path) == "silent":
            reply.sleep = SLOW_S
        elif self.slow.get(told.path) == "drip":
            reply.body, reply.drip = b" " * 600 + reply.body, SLOW_S / 600
        return reply

    def truth(self, told: Told) -> Reply:
        if told.path == "/.well-known/openid-configuration":
            return Reply(json.dumps(self.said()).encode())
        if told.path == "/jwks":
            return Reply(json.dumps({"keys": self.listed}).encode())
        if told.path == "/par":
            uri = f"urn:ietf:params:oauth:request_uri:{secrets.token_hex(8)}"
            self.pushed[uri] = told.fields
            return Reply(json.dumps({"request_uri": uri, "expires_in": 60}).encode(), 201)
        if told.path == "/auth" and self.visitor is not None:
            asked = urlsplit(self.sent(f"?{urlencode(told.fields)}")["redirect_uri"])
            back = self.answer(f"?{urlencode(told.fields)}", self.visitor)
            return Reply(status=303, headers={"Location": f"{asked.scheme}://{asked.netloc}{back}"})
        if told.path == "/token":
            return self.exchange(told.fields)
        return Reply(status=404)

    def said(self) -> dict[str, Any]:
        made = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/auth",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "authorization_response_iss_parameter_supported": True,
        }
        if self.pushes:
            made["pushed_authorization_request_endpoint"] = f"{self.issuer}/par"
        merged = made | self.metadata
        return {name: value for name, value in merged.items() if value is not None}

    def exchange(self, fields: dict[str, str]) -> Reply:
        asked, account, at = self.codes.pop(fields["code"], ({}, Account("", ""), 0))
        shown = b64u(hashlib.sha256(fields.get("code_verifier", "").encode()).digest())
        if not asked or asked["code_challenge"] != shown:
            return Reply(b'{"error":"invalid_grant"}', 400)
        token = self.token(self.header, self.claims_of(asked, account, at))
        made = {"access_token": secrets.token_urlsafe(16), "token_type": "Bearer", "id_token": token}
        return Reply(json.dumps(made).encode())

    def claims_of(self, asked: dict[str, str], account: Account, at: int) -> dict[str, Any]:
        now = self.clock.now_ms() // 1000
        made = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": account.subject,
            "exp": now + 300,
            "iat": now,
            "nonce": asked["nonce"],
            "auth_time": at,
            CLAIM: account.number,
        }
        return {name: value for name, value in (made | self.claims).items() if value is not None}

    def signed(self, header: dict[str, Any], claims: dict[str, Any], key: SigningKey | None = None) -> str:
        key = key or self.key
        full = {"alg": key.alg, "kid": self.key.kid, "typ": "JWT"} | header
        head = segment({name: value for name, value in full.items() if value is not None})
        body = segment(claims)
        return f"{head}.{body}.{b64u(key.sign(f'{head}.{body}'.encode()))}"

    def paths(self) -> list[str]:
        return [told.path for told in self.asked]


@contextmanager
def serving(respond: Callable[[Told], Reply]) -> Iterator[str]:
    """Serve on loopback; the address."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            asked = urlsplit(self.path)
            sent = dict(parse_qsl(asked.query)) | dict(parse_qsl(self.rfile.read(length).decode()))
            reply = respond(Told(self.command, asked.path, sent))
            try:
                time.sleep(reply.sleep)
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(reply.body)))
                self.end_headers()
                for byte in reply.body if reply.drip else ():
                    self.wfile.write(bytes([byte]))
                    self.wfile.flush()
                    time.sleep(reply.drip)
                if not reply.drip:
                    self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815 - the names that http.server asks for

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
