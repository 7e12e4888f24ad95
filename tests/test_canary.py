"""Canaries: number, name, card, chip, phone of one person who does not exist, put everywhere, found nowhere.

They go through every member of a record, every header, path, query, cookie, form field, file name and broken
request of a real server. Then the logs of server, witness and background work, metrics, what other people are
answered, the public log, the outside checkpoint, the witness's memory, receipts and the raw bytes of the
database are searched, also for encoded and plainly hashed forms (architecture.md, rule 2).
"""

import base64
import contextlib
import datetime as dt
import hashlib
import http.client
import json
import random
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import sqlalchemy as sa

from recordsvc.access import codes, demo
from recordsvc.people import synthetic
from recordsvc.schema import load_tables
from recordsvc.submit import sign
from recordsvc.submit.sign import b64u
from tests import corpus
from tests.archive.paperfiles import multipart, pdf, png
from tests.archive.test_importing import OFFICE, WELDER, old_row, written
from tests.conftest import Addresses
from tests.faults.processes import Answer, Installation, Maker, ask
from tests.postgresql import PostgresServer

NUMBER = synthetic.resident_id("640104", dt.date(1987, 6, 5), "female", 417)
NAME = "欧阳金丝雀·阿依古丽"
CARD = "K73915548"
PASSPORT = "E73915520"
CHIP = synthetic.chip_code(739155)
PHONE = "13973915548"
PATIENCE_S = 120
CANARIES = {"phone": PHONE, "number": NUMBER, "name": NAME, "card": CARD, "passport": PASSPORT, "chip": CHIP}


def forms(canary: str) -> dict[str, bytes]:
    """How a value may lie about: in several encodings, escaped, reversed, and hashed without a key."""
    raw = canary.encode()
    found = {
        "as it is": raw,
        "lower case": raw.lower(),
        "UTF-16": canary.encode("utf-16-le"),
        "GB18030": canary.encode("gb18030"),
        "in a URL": quote(canary).encode(),
        "in JSON": json.dumps(canary)[1:-1].encode(),
        "in a repr": repr(raw)[2:-1].encode(),
        "hex": raw.hex().encode(),
        "reversed": canary[::-1].encode(),
    }
    for offset in range(3):
        # The characters that depend on nothing but the value, whatever stands before and behind it.
        text = base64.b64encode(b"x" * offset + raw + b"yy")
        found[f"base64 at {offset}"] = text[-(-offset * 8 // 6) : (offset + len(raw)) * 8 // 6]
    for name in ("md5", "sha1", "sha256", "sm3"):
        if name in hashlib.algorithms_available:
            digest = hashlib.new(name, raw).digest()
            found |= {name: digest, f"{name} in hex": digest.hex().encode()}
            found[f"{name} in base64"] = base64.b64encode(digest)[:-2]
    return found


SEARCHED = [
    (f"{what} {how}", form) for what, canary in CANARIES.items() for how, form in forms(canary).items()
]


def hits(where: str, data: bytes) -> list[str]:
    """Which canaries stand in some bytes, in which form."""
    return sorted({f"{where}: {name}" for name, form in SEARCHED if form in data})


@pytest.fixture
def place(dialect: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Installation]:
    """The whole service as processes, on either database."""
    urls: tuple[str, ...] = ()
    if dialect == "postgresql":
        addresses: Addresses = request.getfixturevalue("addresses")
        urls = (addresses.application, addresses.owner)
    made = Installation(tmp_path / "canary", *urls)
    made.start()
    yield made
    made.kill()


PATHS = (
    *("/*", "/v1/records/*", "/v1/records/*/receipt", "/v1/me/records/*", "/v1/desk/workers/*/archive"),
    *("/log/tile/*", "/schemas/*.json", "/v1/codes/*", "/me?card=*", "/v1/entries?cursor=*"),
    *("/v1/desk/held?issuer=*&reason=*", "/v1/me/bundle?records=*", "/verify?*=*"),
)


class Planter:
    """Puts the canaries in; keeps what it was answered."""

    def __init__(self, place: Installation) -> None:
        self.place = place
        self.records = Maker(place, random.Random(1))._journey
        self.token = place.token()
        self.answers: list[tuple[str, Answer]] = []

    def ask(self, what: str, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request; the name says where the canary is."""
        sent = {name.replace("_", "-"): value.encode().decode("latin-1") for name, value in headers.items()}
        answer = ask(self.place.port, method, path, body, sent)
        self.answers.append((what, answer))
        return answer

    def post(self, what: str, record: dict[str, Any], path: str = "/v1/records") -> Answer:
        """Send one signed record, whatever is in it."""
        body = sign.single_body(self.place.centre.key, corpus.encoded(record))
        if path == "/v1/batches":
            body = b'{"mode":"each"}\n' + body
        media = "application/json" if path == "/v1/records" else "application/x-ndjson"
        return self.ask(what, "POST", path, body, Authorization=f"Bearer {self.token}", Content_Type=media)

    def record(self, **worker: Any) -> dict[str, Any]:
        """A record about the canary."""
        who = {"document": "resident-id", "number": NUMBER, "name": NAME, **worker}
        return json.loads(self.records.completion(self.place.centre, who))

    # -- places --------------------------------------------------------------------------------------------

    def archive(self) -> str:
        """Records that are taken, held and returned again; the receipt of the first."""
        card = {"area": "640100", "number": CARD, "chip": CHIP}
        record = self.record(card=card)
        taken = self.post("taken", record)
        assert taken.status == 201, taken.body
        assert self.post("the same again", record).status == 200
        assert self.post("other content", record | {"salt": "A" * 22}).status == 409
        assert self.post("another name", self.record(name="金丝雀")).status == 202
        passport = {"document": "passport", "number": PASSPORT, "name": NAME}
        held = self.records.completion(self.place.centre, passport)
        assert self.post("passport", json.loads(held)).status == 202
        wrong = NUMBER[:-1] + ("1" if NUMBER[-1] != "1" else "2")
        assert self.post("wrong check digit", self.record(number=wrong)).status == 422
        self.post("in a batch", self.record(card=card), "/v1/batches")
        return json.loads(taken.body)["receipt"]

    def members(self) -> None:
        """At every place of a record, as a value, alone and among other things."""
        template = self.record()

        def walk(node: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
            for key, inner in node.items() if isinstance(node, dict) else enumerate(node):
                yield (*path, key)
                if isinstance(inner, dict | list):
                    yield from walk(inner, (*path, key))

        for number, path in enumerate(walk(template, ())):
            if path[0] in ("salt", "worker"):
                continue
            for canary in (NUMBER, f"{NAME} {CARD}"):
                record = self.record() | {"id": str(uuid.uuid4())}
                node: Any = record
                for key in path[:-1]:
                    node = node[key]
                node[path[-1]] = canary
                self.post(f"member {path}", record, "/v1/records" if number % 2 else "/v1/batches")

    def requests(self) -> None:
        """In paths, queries, headers, cookies, methods, form fields and file names."""
        bearer = f"Bearer {self.token}"
        for canary in CANARIES.values():
            text = quote(canary)
            for path in (
                *(f"/{text}", f"/v1/records/{text}", f"/v1/records/{text}/receipt", f"/v1/me/records/{text}"),
                *(
                    f"/v1/desk/workers/{text}/archive",
                    f"/log/tile/{text}",
                    f"/schemas/{text}.json",
                    f"/codes/{text}",
                ),
                *(
                    f"/me?card={text}",
                    f"/v1/entries?cursor={text}",
                    f"/v1/desk/held?issuer={text}&reason={text}",
                ),
            ):
                self.ask(f"path {path[:12]}", "GET", path, Authorization=bearer)
            for header in (
                "User-Agent",
                "Referer",
                "Origin",
                "X-Request-Id",
                "X-Forwarded-For",
                "Traceparent",
            ):
                self.ask(f"header {header}", "GET", "/healthz", **{header.replace("-", "_"): canary})
            self.ask("cookie", "GET", "/me", Cookie=f"session={text}; __Host-session={text}; id={text}")
            self.ask("bearer", "GET", "/v1/entries", Authorization=f"Bearer {text}")
            self.ask("basic", "GET", "/v1/entries", Authorization=f"Basic {text}")
            self.ask("host", "GET", "/", Host=f"{text}.example")
            self.ask(
                "media type", "POST", "/v1/records", b"x", Content_Type=f"text/{text}", Authorization=bearer
            )
            key = {"Idempotency_Key": canary, "Authorization": bearer, "Content_Type": "application/json"}
            self.ask("idempotency key", "POST", "/v1/desk/clients", b"{}", **key)
            fields = f"grant_type={text}&client_assertion={text}&client_id={text}&{text}={text}&scope={text}"
            form = "application/x-www-form-urlencoded"
            self.ask("token", "POST", "/oauth/token", fields.encode(), Content_Type=form)
            login = json.dumps({"kind": canary}).encode()
            self.ask("demo login", "POST", "/login/demo", login, Content_Type="application/json")
            code = json.dumps({"official_id": canary, "code": canary}).encode()
            self.ask("login code", "POST", "/login/code", code, Content_Type="application/json")
            for path, names in (
                ("/login/pin", ("account", "pin", "code")),
                ("/login/password", ("account", "password", "code")),
                ("/login/passkey", ("credential",)),
                ("/activate", ("code",)),
            ):
                typed = json.dumps(dict.fromkeys(names, canary[:40])).encode()
                self.ask(f"sign-in {path}", "POST", path, typed, Content_Type="application/json")
            part = f'form-data; name="document"; filename="{canary}.json"\r\n\r\n{canary}'
            upload = f"--x\r\nContent-Disposition: {part}\r\n--x--\r\n".encode()
            self.ask("upload", "POST", "/verify", upload, Content_Type="multipart/form-data; boundary=x")
        self._assertion()

    def _assertion(self) -> None:
        """In the claims and the header of a token request."""
        key, now = self.place.centre.machine, int(time.time())
        claims = {"iss": NUMBER, "sub": NUMBER, "aud": NAME, "jti": CARD, "exp": now + 60, "iat": now}
        head = b64u(corpus.encoded({"alg": key.alg, "kid": NUMBER, "typ": "JWT"}))
        signing = f"{head}.{b64u(corpus.encoded(claims))}"
        jwt = f"{signing}.{b64u(key.sign(signing.encode()))}"
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        fields = f"grant_type=client_credentials&client_assertion_type={quote(kind)}&client_assertion={jwt}"
        form = "application/x-www-form-urlencoded"
        self.ask("assertion", "POST", "/oauth/token", fields.encode(), Content_Type=form)

    def broken(self) -> None:
        """In requests that no HTTP server takes: neither log may repeat them."""
        chunked = "Transfer-Encoding: chunked"
        for port in (self.place.port, self.place.witness_port):
            for request in (
                f"GET /{NUMBER} HTTP/9.9\r\nHost: localhost\r\n\r\n",
                f"{NUMBER} / HTTP/1.1\r\nHost: localhost\r\n\r\n",
                f"GET / HTTP/1.1\r\nHost: localhost\r\n{NUMBER}\r\n\r\n",
                f"GET / HTTP/1.1\r\nHost: localhost\r\nX {CARD}: {NUMBER}\r\n\r\n",
                f"GET /{NUMBER * 400} HTTP/1.1\r\nHost: localhost\r\n\r\n",
                f"POST /v1/records HTTP/1.1\r\nHost: localhost\r\nContent-Length: {NUMBER}x\r\n\r\n",
                f"POST / HTTP/1.1\r\nHost: localhost\r\n{chunked}\r\n\r\n{CARD}\r\n{NUMBER}\r\n",
                f"GET / HTTP/1.1\r\nHost: {NUMBER}\r\nX-Name: {NAME}\r\n\r\n",
                f"POST /add-checkpoint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 18\r\n\r\n{NUMBER}",
                f"GET /{NUMBER}/checkpoint HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
                f"{NUMBER}\r\n\r\n",
            ):
                answer = b""
                with (
                    socket.create_connection(("127.0.0.1", port), PATIENCE_S) as raw,
                    contextlib.suppress(ConnectionError),
                ):
                    raw.sendall(request.encode())
                    # Nothing more comes: whoever waits for the rest of a body need not.
                    raw.shutdown(socket.SHUT_WR)
                    while piece := raw.recv(65_536):
                        answer += piece
                if answer:
                    which = "the service" if port == self.place.port else "the witness"
                    self.answers.append((f"a broken request to {which}", Answer(0, answer)))

    def person(self) -> None:
        """The person signs in and contests a record in words; an official looks for the number."""
        with self.place.house() as house:
            worker_id = house.people.find("resident-id", NUMBER)
            assert worker_id is not None
            house.db.write(lambda turn: demo.create_worker(turn, worker_id, "劳动者", "Worker", "canary"))
        me, record_id = self._session("canary"), ""
        archive = json.loads(ask(self.place.port, "GET", "/v1/me/archive", headers=me).body)
        record_id, seen = archive["records"][0]["id"], archive["records"][0]["seen"]
        text = f"我是{NAME}，证号{NUMBER}，卡号{CARD}"
        said = json.dumps({"reason": "wrong-hours", "seen": seen, "text": text}).encode()
        answer = ask(self.place.port, "POST", f"/v1/me/records/{record_id}/contest", said, me)
        assert answer.status == 201, answer.body
        self._phone(me)
        handler = self._session("handler")
        for body in ({"kind": "resident-id", "value": NUMBER}, {"kind": "card", "value": CARD}):
            self.ask(
                "find", "POST", "/v1/desk/workers/find", json.dumps(body).encode(), **_underscored(handler)
            )

    def _phone(self, me: dict[str, str]) -> None:
        """The person wants to be told at a phone, tries wrong ones first, and is told."""
        form = {**me, "Content-Type": "application/x-www-form-urlencoded"}
        for typed in (f"{PHONE}0", f"{NAME}", NUMBER, PHONE):
            data = f"phone={quote(typed)}&csrf_token={quote(me['X-CSRF-Token'])}".encode()
            self.ask("phone", "POST", "/me/notices/phone", data, **_underscored(form))
        assert self.answers[-1][1].status == 303, self.answers[-1][1].body
        self.post("told of", self.record())
        for _tenth in range(10 * PATIENCE_S):
            if any(PHONE.encode() in path.read_bytes() for path in self.place.folder.rglob("outgoing.jsonl")):
                return
            time.sleep(0.1)
        raise AssertionError("the notice never left")

    def papers(self, folder: Path) -> None:
        """Papers: in file names, titles, kinds, files that are taken and that are not; at every door."""
        me, handler = self._session("canary"), self._session("handler")
        form = {"Content_Type": "multipart/form-data; boundary=boundary-of-a-form"}
        bearer = {"Authorization": f"Bearer {self.token}"}
        with self.place.house() as house:
            worker_id = house.people.find("resident-id", NUMBER)
            assert worker_id is not None
        worker, uscc = str(uuid.UUID(bytes=worker_id)), self.place.centre.uscc
        why = "purpose=claim-review&case_ref=K-1"
        doors = (
            ("/v1/me/papers", "/v1/me/papers/{}", _underscored(me)),
            (
                f"/v1/desk/workers/{worker}/papers",
                f"/v1/desk/workers/{worker}/papers/{{}}?{why}",
                _underscored(handler),
            ),
            ("/v1/institution/papers", "/v1/institution/papers/{}", bearer),
        )
        for number, (path, one, who) in enumerate(doors):
            text = " ".join(CANARIES.values())
            good = png(text=f"{text} {number}".encode())
            taken = self._upload(
                path, good, {"kind": "other", "title": text[:100]}, who | form, answers=False
            )
            assert taken.status == 201, taken.body
            name = json.loads(taken.body)["paper_id"]
            assert ask(self.place.port, "GET", one.format(name), headers=_dashed(who)).body == good
            for canary in CANARIES.values():
                for fields, data in (
                    ({"kind": canary, "title": canary}, good),
                    ({"kind": "other", "title": canary * 20}, good),
                    ({"kind": "other", canary: canary}, good),
                    ({"kind": "other"}, canary.encode()),
                    ({"kind": "other"}, pdf(f"/OpenAction ({canary})".encode())),
                ):
                    self._upload(path, data, fields, who | form)
                self.ask("paper path", "GET", f"{path.partition('?')[0]}/{quote(canary)}", **who)
        # Who may read a title is told it: it must leave no other trace.
        listing = f"/v1/desk/institutions/{uscc}/papers?{why}"
        assert ask(self.place.port, "GET", listing, headers=self._session("registrar")).status == 200
        page = {**_underscored(handler), "Content_Type": "application/x-www-form-urlencoded"}
        token = quote(handler["X-CSRF-Token"])
        for canary in (NUMBER, CARD, NAME):
            data = f"uscc={quote(canary)}&purpose=claim-review&case_ref=K-1&csrf_token={token}".encode()
            answer = ask(self.place.port, "POST", "/desk/papers", data, _dashed(page))
            assert answer.status == 404, answer.body
        self._sheets(folder)

    def _upload(
        self, path: str, data: bytes, fields: dict[str, str], who: dict[str, str], *, answers: bool = True
    ) -> Answer:
        """File a paper under a name with canaries; the owner's own paper in the answer is not searched."""
        body = multipart(data, f"{NUMBER} {NAME}.png", **fields)["data"]
        assert isinstance(body, bytes)
        if answers:
            return self.ask("paper", "POST", path, body, **who)
        return ask(self.place.port, "POST", path, body, _dashed(who))

    def _sheets(self, folder: Path) -> None:
        """Cells of an extract of cards and of a sheet of old papers: good rows, wrong rows, mixed up."""
        folder.mkdir()
        extract = folder / f"{NUMBER}-{NAME}-20251001.csv"
        rows = [
            ("社会保障号码", "姓名", "卡号", "发卡日期", "卡状态", "卡状态日期"),
            (NUMBER, NAME, CARD, "20200102", "1", "20200105"),
            (NAME, NUMBER, PASSPORT, CARD, NUMBER, PHONE),
            (NUMBER, "金丝雀", CARD, "20200102", NAME, "20200105"),
        ]
        extract.write_text("\n".join(",".join(row) for row in rows) + "\n", "utf-8")
        self._command("cards", "import", str(extract), "--taken-on", "2025-10-01")
        cells = len(old_row(1))
        old = written(
            folder / "old.csv",
            [old_row(2, name=NAME, id=NUMBER), (NUMBER,) * cells, (NAME,) * cells, (CARD,) * cells],
        )
        said = (
            *("import", str(old), "--kind", "qualification-certificate", "--source", "paper-file"),
            *("--vouched-by", "示范市就业局", "--official", "demo-handler", "--case", "K-2025-1"),
        )
        self._command(*said, "--dry-run")
        profile = folder / "recordsvc-import-profile.json"
        assert profile.exists(), self.answers[-1][1].body.decode()
        answers = json.loads(profile.read_text("utf-8"))
        answers |= {"institutions": {OFFICE: self.place.centre.uscc}, "occupations": WELDER}
        profile.write_text(json.dumps(answers), "utf-8")
        self._command(*said)
        assert "待另一人批准".encode() in self.answers[-1][1].body, self.answers[-1][1].body

    def _command(self, *words: str) -> None:
        """Run a command beside the service; what it says is searched, too. Who signs in has a fresh code."""
        typed = ""
        if "--official" in words:
            with self.place.house() as house:
                typed = house.db.write(
                    lambda turn: codes.create(turn, house.keys, house.random, "demo-handler")
                )
        told = subprocess.run(
            [sys.executable, "-m", "recordsvc", *words],
            check=False,
            capture_output=True,
            env=self.place.environ,
            input=f"{typed}\n".encode(),
            timeout=PATIENCE_S,
        )
        self.answers.append((f"command {words[0]}", Answer(0, told.stdout + told.stderr)))
        assert b"Traceback" not in told.stderr, words[0]

    def _session(self, kind: str) -> dict[str, str]:
        media = {"Content-Type": "application/json", "Origin": f"http://localhost:{self.place.port}"}
        media["Host"] = f"localhost:{self.place.port}"
        answer, cookie = _login(self.place.port, kind, media)
        return {**media, "Cookie": cookie, "X-CSRF-Token": answer["csrf_token"]}


def _underscored(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("-", "_"): value for name, value in headers.items()}


def _dashed(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _login(port: int, kind: str, media: dict[str, str]) -> tuple[Any, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("POST", "/login/demo", json.dumps({"kind": kind}).encode(), media)
        answer = connection.getresponse()
        cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
        return json.loads(answer.read()), cookie
    finally:
        connection.close()


def searched(place: Installation, receipt: str, server: PostgresServer | None) -> Iterator[tuple[str, bytes]]:
    """Everything that may be read by somebody else than the person, or that stays on a disk."""
    get = lambda path: ask(place.port, "GET", path).body  # noqa: E731
    yield "metrics", get("/metrics")
    for path in ("/log/checkpoint", "/openapi.json", "/readyz", "/"):
        yield path, get(path)
    size = int(get("/log/checkpoint").split(b"\n")[1])
    for path in (f"/log/tile/0/000.p/{size}", f"/log/tile/entries/000.p/{size}"):
        yield path, get(path)
    yield "a receipt", receipt.encode()
    for text in re.findall(r"[A-Za-z0-9+/]{40,}=*", receipt):
        yield "a receipt, decoded", base64.b64decode(text)
    # Everything on the disk, logs of all processes and the write-ahead logs included.
    for path in sorted(place.folder.rglob("*")):
        # What a gateway takes from holds the numbers it must reach.
        # The service goes on: a file that it wrote anew since it was listed stands under its final name.
        with contextlib.suppress(FileNotFoundError):
            if path.is_file() and path.parent.name != "messages":
                yield str(path.relative_to(place.folder)), path.read_bytes()
    yield from values(place)
    if server is not None:
        yield "PostgreSQL's log", (server.folder / "server.log").read_bytes()


def values(place: Installation) -> Iterator[tuple[str, bytes]]:
    """Every value in the database."""
    with place.house() as house, house.db.read() as conn:
        for table in load_tables().sorted_tables:
            for row in conn.execute(sa.select(table)):
                for column, value in row._mapping.items():
                    yield f"{table.name}.{column}", value if isinstance(value, bytes) else str(value).encode()


def until_kept(place: Installation) -> None:
    """Wait until the background work has kept the checkpoint outside and had it cosigned."""
    deadline = time.monotonic() + PATIENCE_S
    with place.house() as house:
        outside = house.settings.anchor_path
        while True:
            with house.db.read() as conn:
                size = house.log.newest(conn).size
                cosigned = bool(house.log.cosigned(conn, size)[1])
            if cosigned and outside.exists() and outside.read_text("utf-8").split("\n")[1] == str(size):
                return
            assert time.monotonic() < deadline, place.output()
            time.sleep(0.1)


@pytest.mark.long
@pytest.mark.beside
def test_no_canary_is_found_anywhere(
    place: Installation, dialect: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    planter = Planter(place)
    receipt = planter.archive()
    planter.members()
    planter.requests()
    planter.broken()
    planter.person()
    planter.papers(tmp_path / "sheets")
    until_kept(place)
    server = request.getfixturevalue("postgresql") if dialect == "postgresql" else None
    found = [hit for where, data in searched(place, receipt, server) for hit in hits(where, data)]
    # What one is answered never repeats what one sent.
    found += [hit for what, answer in planter.answers for hit in hits(f"answer to {what}", answer.body)]
    assert found == [], "\n".join(sorted(set(found)))
    internal = [what for what, answer in planter.answers if answer.status >= 500]
    assert internal == []
    assert len(planter.answers) > 200


def test_the_search_would_find_them() -> None:
    """Each form of each canary, in the middle of something else."""
    for what, canary in CANARIES.items():
        for text in (
            canary.encode(),
            canary.encode("utf-16-le"),
            base64.b64encode(b"ab" + canary.encode() + b"cd"),
        ):
            assert hits("x", b"\x00before" + text + b"after\xff"), what
    assert hits("x", hashlib.sha256(NUMBER.encode()).digest())
    assert hits("x", b"nothing of the kind") == []
