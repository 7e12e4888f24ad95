"""A small service that holds the centre's side to the contract: tokens, lines, batch root, schemas."""

import hashlib
import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import jsonschema_rs
import jwt

from recordsvc import published
from recordsvc.archive import formats
from recordsvc.ground.base64strict import b64, unb64, unb64u
from recordsvc.ground.strictjson import is_canonical
from recordsvc.submit import sign
from recordsvc.translog import tree
from recordsvc.translog.checkpoint import Checkpoint
from recordsvc.translog.note import Signer
from recordsvc.translog.proofs import LogProof

ISSUER = "https://records.example/issuer"
ORIGIN = "records.example/log"


def schema_of(record_type: str) -> jsonschema_rs.Draft202012Validator:
    """The published schema of a record type."""
    envelope = published.schema("envelope.v1.json")
    registry = jsonschema_rs.Registry([(envelope["$id"], envelope)])
    return jsonschema_rs.Draft202012Validator(
        published.schema(f"records/{record_type}.v1.json"), registry=registry
    )


class FakeService:
    """One service in a thread; `judge` decides each row's status, `broken` holds failures to come."""

    def __init__(self, key: sign.SigningKey, client_id: str = "centre-a") -> None:
        self.key = key
        self.client_id = client_id
        self.stored: dict[str, tuple[bytes, bytes]] = {}
        self.answers: dict[str, dict[str, Any]] = {}
        self.held: set[str] = set()
        self.batches: list[list[dict[str, Any]]] = []
        self.tokens: list[str] = []
        self.seen_jti: set[str] = set()
        self.broken: list[int | str] = []
        self.judge: Callable[[dict[str, Any]], str] = lambda _: "accepted"
        self.spoil: Callable[[dict[str, Any]], dict[str, Any]] = lambda answer: answer
        self.log = [tree.leaf_hash(b"earlier")]
        self.signer = Signer.from_seed(ORIGIN, b"\x05" * 32)
        handler = type("Handler", (_Handler,), {"service": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()

    def token(self, form: dict[str, list[str]]) -> dict[str, Any]:
        assert form["grant_type"] == ["client_credentials"]
        assert form["client_assertion_type"] == ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"]
        assertion = form["client_assertion"][0]
        public = jwt.PyJWK.from_dict(self.key.public_jwk())
        claims = jwt.decode(assertion, public, algorithms=[self.key.alg], audience=ISSUER)
        assert jwt.get_unverified_header(assertion)["kid"] == self.key.kid
        assert claims["aud"] == ISSUER
        assert claims["iss"] == claims["sub"] == self.client_id
        assert 0 < claims["exp"] - claims["iat"] <= 60
        assert claims["jti"] not in self.seen_jti
        self.seen_jti.add(claims["jti"])
        self.tokens.append(f"token-{len(self.tokens)}")
        return {"access_token": self.tokens[-1], "expires_in": 300, "token_type": "Bearer"}

    def batch(self, body: bytes) -> dict[str, Any]:
        lines = body.removesuffix(b"\n").split(b"\n")
        jws = is_canonical(lines[0])["batch"]
        payload = is_canonical(unb64u(jws.split(".")[1]))
        leaves = [hashlib.sha256(b"\x00" + line).digest() for line in lines[1:]]
        assert payload["size"] == len(leaves) <= 1_000
        assert unb64u(payload["root"]) == tree.root(leaves)
        levels = tree.levels(leaves)
        batch = sign.Batch(payload["batch_id"], jws, tuple(lines[1:]), levels)
        records = [is_canonical(line) for line in lines[1:]]
        for record in records:
            schema_of(record["type"]).validate(record)
            assert record["issuer"] == payload["issuer"]
        self.batches.append(records)
        rows = [
            self._row(record, line, batch.evidence(n))
            for n, (record, line) in enumerate(zip(records, lines[1:], strict=True))
        ]
        return self.spoil(self._answered(payload["batch_id"], rows))

    def enter(self, record_id: str) -> str:
        """Put a record into the log (also one that was held) and return nothing but its place."""
        line, evidence = self.stored[record_id]
        opening = hashlib.sha256(record_id.encode()).digest()
        leaf = formats.pack_leaf(1, 1_790_000_000_000, formats.commitment(opening, line, evidence), bytes(32))
        self.log.append(tree.leaf_hash(formats.record_entry(leaf)))
        self.answers[record_id] = {"index": len(self.log) - 1, "leaf": b64(leaf), "open": b64(opening)}
        self.held.discard(record_id)
        return record_id

    def receipt(self, record_id: str) -> str:
        told = self.answers[record_id]
        extra = unb64(told["leaf"]) + unb64(told["open"])
        path = tree.inclusion_path(self.log, told["index"])
        return str(LogProof.make(told["index"], path, self._note(), extra))

    def _note(self) -> str:
        checkpoint = Checkpoint(ORIGIN, len(self.log), tree.root(self.log))
        return checkpoint.sign(self.signer.key.public, self.signer.sign_bytes)

    def _row(self, record: dict[str, Any], line: bytes, evidence: bytes) -> dict[str, Any]:
        record_id = record["id"]
        if record_id in self.answers:
            assert self.stored[record_id][0] == line
            return {"id": record_id, "status": "duplicate", "receipt": ""}
        status = self.judge(record)
        if status == "rejected":
            problem = {
                "code": "plausible-age",
                "title": "年龄不合理",
                "remedy": "核对证件",
                "title_en": "age",
                "remedy_en": "check",
            }
            return {"id": record_id, "problems": [problem], "status": "rejected"}
        self.stored[record_id] = (line, evidence)
        if status == "held":
            self.held.add(record_id)
            return {"id": record_id, "status": "held"}
        self.enter(record_id)
        return {"id": record_id, "status": "accepted"} | self.answers[record_id]

    def _answered(self, batch_id: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
        for row in rows:
            if row["status"] == "duplicate":
                row["receipt"] = self.receipt(row["id"])
        new = [row["index"] for row in rows if row["status"] == "accepted"]
        answer: dict[str, Any] = {"batch_id": batch_id, "rows": rows}
        if new:
            size = len(self.log)
            levels = tree.levels(self.log)
            nodes = {f"{level}/{n}": b64(levels[level][n]) for level, n in tree.shared_nodes(new, size)}
            answer |= {"checkpoint": self._note(), "nodes": nodes}
        return answer


class _Handler(BaseHTTPRequestHandler):
    service: FakeService

    def do_GET(self) -> None:
        if self.path == "/.well-known/oauth-authorization-server":
            self._send(200, {"issuer": ISSUER, "token_endpoint": f"{self.service.url}/oauth/token"})
        elif self.path.endswith("/receipt"):
            self._send(200, self.service.receipt(self.path.split("/")[3]))
        elif (record_id := self.path.rsplit("/", 1)[1]) not in self.service.stored:
            self._send(404, {"code": "not-found", "title": "没有找到"})
        else:
            self._send(
                200, {"id": record_id, "status": "held" if record_id in self.service.held else "accepted"}
            )

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        failure = self.service.broken.pop(0) if self.service.broken else None
        if failure == "drop":
            self.close_connection = True
            return
        if isinstance(failure, int):
            self._send(failure, {"code": "unavailable", "title": "稍后再试"}, {"Retry-After": "0"})
            return
        if self.path == "/oauth/token":
            self._send(200, self.service.token(parse_qs(body.decode(), strict_parsing=True)))
            return
        assert self.path == "/v1/batches"
        assert self.headers["Content-Type"] == "application/x-ndjson"
        if self.headers["Authorization"] != f"Bearer {self.service.tokens[-1]}":
            self._send(401, {"code": "unauthenticated", "title": "令牌无效"})
            return
        answer = self.service.batch(body)
        if failure == "lose-answer":
            self.close_connection = True
            return
        self._send(201, answer)

    def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
        data = content.encode() if isinstance(content, str) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Tests say what they want to know themselves."""
