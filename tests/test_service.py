"""The application as a whole: what a serving process loads, and how it is served."""

import http.client
import os
import socket
import subprocess
import sys
import uuid
from typing import Any

import pytest
from hypothesis.internal.conjecture import providers
from werkzeug.routing import Rule

from bench.servers import serving
from recordsvc import service

HEAVY = (
    "alembic",
    "apispec",
    "rich",
    "openpyxl",
    "pyarrow",
    "httpx",
    "pytest",
    "recordsvc.submit",
    "recordsvc.openapi",
)


def test_the_package_imports_nothing() -> None:
    program = (
        "import sys, recordsvc; print([m for m in ('flask', 'sqlalchemy', 'orjson') if m in sys.modules])"
    )

    assert _said(program) == "[]"


def test_a_serving_process_loads_nothing_that_only_tools_need() -> None:
    """Start to first answer must stay under a second."""
    program = (
        f"import sys, recordsvc.service as s; s.skeleton(); print([m for m in {HEAVY!r} if m in sys.modules])"
    )

    assert _said(program) == "[]"


def test_opening_the_doors_compiles_nothing_that_no_page_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    whole = Rule._compile_builder

    def counted(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(rule.rule)
        return whole(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", counted)
    addresses = service.skeleton().url_map.bind("localhost")
    assert compiled == []
    record_id = uuid.UUID(int=1)

    built = addresses.build("archive.my_record", {"record_id": record_id.bytes, "q": "a b"})

    assert built == f"/v1/me/records/{record_id}?q=a+b"
    assert compiled == ["/v1/me/records/<id:record_id>"]


def test_examples_that_are_the_same_every_time_do_not_follow_the_source() -> None:
    """Hypothesis would draw constants of all modules that are loaded: others after any change anywhere."""
    drawn = providers.HypothesisProvider(None)._local_constants
    assert len(drawn) == 0 or "RECORDSVC_TEST_HISTORIES" in os.environ


def _said(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.strip()


APPLICATION = "tests.served:app"


@pytest.fixture(scope="module")
def port() -> Any:
    with serving(APPLICATION, probe="/healthz") as server:
        yield server.port


@pytest.mark.parametrize(
    "header",
    ["SCRIPT_NAME: /inner", "SCRIPT-NAME: /inner", "PATH_INFO: /metrics", "X-Forwarded-Prefix: /inner"],
)
def test_a_header_does_not_move_the_application(port: int, header: str) -> None:
    """gunicorn issue 2650: by default such a header opens one path under the name of another."""
    name, _, value = header.partition(": ")
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/inner/healthz", headers={"Host": "localhost", name: value})
    response = connection.getresponse()

    assert response.status == 404
    connection.close()


def test_a_chunked_body_is_read_whole_under_gunicorn(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Host": "localhost", "Content-Type": "application/octet-stream"}

    def post(size: int) -> tuple[int, bytes]:
        connection.request(
            "POST", "/size", iter([b"x" * 1000] * (size // 1000)), headers, encode_chunked=True
        )
        response = connection.getresponse()
        return response.status, response.read()

    assert post(100_000) == (200, b'{"size":100000}')
    assert post(200_000)[0] == 413
    connection.close()


def test_an_endless_body_is_refused_with_the_word_that_the_connection_closes(port: int) -> None:
    head = (
        "POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/octet-stream\r\n"
        "Transfer-Encoding: chunked\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", port), 60) as sock:
        # The chunk that ends it never comes.
        sock.sendall(
            head.encode() + b"1000\r\n" + b"x" * 4096 + b"\r\n" + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 24
        )
        answer = b""
        while b"\r\n\r\n" not in answer and (piece := sock.recv(4096)):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"\r\nconnection: close\r\n" in answer.lower()
