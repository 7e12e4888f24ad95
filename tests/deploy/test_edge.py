"""The shipped proxies: what they take, what they add, what they never pass on. Each test runs on both."""

import contextlib
import http.client
import re
import select
import socket
import ssl
from base64 import b64decode
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from recordsvc.ground.http import CLIENT_CERTIFICATE
from tests.deploy.app import OCTETS
from tests.deploy.edge import CONFIGURATION, DEPLOY, KINDS, Edge

POST = f"POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Type: {OCTETS}\r\n"
FORGED = {
    "SCRIPT_NAME": "/inner",
    "Script-Name": "/inner",
    "PATH_INFO": "/metrics",
    "Path-Info": "/metrics",
    "REMOTE_ADDR": "192.0.2.1",
    "Remote-Addr": "192.0.2.1",
    "Remote-User": "admin",
    "Forwarded": "for=127.0.0.1;proto=https;host=evil.example",
    "Proxy": "http://evil.example",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/inner",
    "X-Forwarded-Proto": "gopher",
    "X-Forwarded-Method": "DELETE",
    "X-Forwarded-Client-Cert": "Hash=00",
    "X-Original-URL": "/metrics",
    "X-Rewrite-URL": "/metrics",
    "X-Real-IP": "192.0.2.1",
    "X-HTTP-Method-Override": "DELETE",
    "X-HTTP-Method": "DELETE",
    "X-Method-Override": "DELETE",
    "X-Script-Name": "/inner",
    "Client-Cert": ":MIIB:",
    "client-cert": ":MIIB:",
    "CLIENT-CERT": ":MIIB:",
    "Client_Cert": ":MIIB:",
    "Client-Cert-Chain": ":MIIB:",
}


def test_the_configuration_is_valid_for_the_program_itself(edge: Edge) -> None:
    judged = edge.check()

    assert judged.returncode == 0, judged.stderr
    assert "warning" not in judged.stderr.lower()


@pytest.mark.parametrize("name", FORGED)
def test_what_only_the_proxy_may_say_is_not_taken_from_a_stranger(edge: Edge, name: str) -> None:
    seen = edge.ask("GET", "/seen", headers={name: FORGED[name]})

    assert seen.status == 200
    assert FORGED[name] not in [value for key, value in seen.json.items() if key.startswith("HTTP_")]
    assert (seen.json["SCRIPT_NAME"], seen.json["PATH_INFO"]) == ("", "/seen")
    assert seen.json["wsgi.url_scheme"] == "http"


def test_the_caller_is_named_by_the_proxy_alone(edge: Edge) -> None:
    request = (
        b"GET /seen HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.9\r\nConnection: close\r\n\r\n"
    )
    with edge.connect(source="127.0.0.7") as client:
        client.sendall(request)
        answer = http.client.HTTPResponse(client)
        answer.begin()
        body = answer.read()

    assert b'"HTTP_X_FORWARDED_FOR":"127.0.0.7"' in body
    assert b"192.0.2.9" not in body


def test_a_machine_is_named_by_the_certificate_it_proved(edge: Edge) -> None:
    """Also where it writes another one into the header itself."""
    pem = (edge.folder / "machine.crt").read_bytes()
    der = x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    for more in ({}, {CLIENT_CERTIFICATE: ":MIIB:"}):
        said = edge.ask("GET", "/seen", headers=more, certificate="machine").json["HTTP_CLIENT_CERT"]

        assert (said[0], said[-1]) == (":", ":")
        assert b64decode(said[1:-1], validate=True) == der


def test_a_certificate_nobody_let_in_reaches_nothing(edge: Edge) -> None:
    before = len(edge.service.requests())
    try:
        status = edge.ask("GET", "/seen", certificate="stranger").status
    except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
        status = 400

    assert status == 400
    assert len(edge.service.requests()) == before


def test_the_header_has_one_name_everywhere() -> None:
    """The service, both proxies and the page that tells of them."""
    for name in ("haproxy.cfg", "nginx.conf", "README.md"):
        assert CLIENT_CERTIFICATE in (DEPLOY / name).read_text("utf-8"), name


def test_plain_http_is_sent_to_the_one_name_over_tls(edge: Edge) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", edge.plain, timeout=10)
    connection.request("GET", "/verify?x=1", headers={"Host": "evil.example"})
    answer = connection.getresponse()

    assert (answer.status, answer.headers["Location"]) == (308, "https://records.example.org/verify?x=1")
    connection.close()


def test_old_tls_is_refused(edge: Edge) -> None:
    old = edge.context()
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="TLSv1"):
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    client = socket.create_connection(("127.0.0.1", edge.port), 5)

    with client, pytest.raises((ssl.SSLError, ConnectionError)):
        old.wrap_socket(client, server_hostname="localhost")


@pytest.mark.parametrize(
    "path", ["/metrics", "/METRICS", "/%6detrics", "//metrics", "/metrics?x=1", "/readyz", "/ready%7A"]
)
def test_what_is_for_this_machine_is_not_found_from_outside(edge: Edge, path: str) -> None:
    answer = edge.ask("GET", path)

    assert answer.status == 404
    assert b"requests_total" not in answer.body
    assert b'"ok"' not in answer.body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/seen", 200),
        ("GET", "/me", 401),
        ("GET", "/nothing", 404),
        ("DELETE", "/seen", 405),
        ("GET", "/metrics", 404),
        ("GET", "/seen?x=1", 400),
    ],
)
def test_every_answer_leaves_with_the_safe_headers(edge: Edge, method: str, path: str, status: int) -> None:
    """Each once, whoever made the answer: the service or the proxy itself."""
    answer = edge.ask(method, path)

    assert answer.status == status
    for name in (
        "Strict-Transport-Security",
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Cache-Control",
    ):
        assert len(answer.headers.get_all(name, [])) == 1, name
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Strict-Transport-Security"] == "max-age=63072000"
    assert "gunicorn" not in answer.headers.get("Server", "")


@pytest.mark.parametrize(
    "path",
    ["/me.css", "/me/x.css", "/me/.css", "/me;x.css", "/me%2ecss", "/me%3b.css", "/me%00.css", "/me%0a.css"],
)
def test_a_personal_page_has_no_name_that_a_cache_would_keep(edge: Edge, path: str) -> None:
    answer = edge.ask("GET", path, headers={"Cookie": "who=worker"})

    assert answer.status in (400, 404)
    assert answer.headers.get("Cache-Control", "no-store") == "no-store"
    assert b"personal" not in answer.body


def test_a_personal_page_is_kept_by_nobody_and_an_open_one_may_be(edge: Edge) -> None:
    mine = edge.ask("GET", "/me", headers={"Cookie": "who=worker"})

    assert (mine.status, mine.headers["Cache-Control"]) == (200, "no-store")
    assert edge.ask("GET", "/open").headers["Cache-Control"] == "public, max-age=300"


TRAVERSALS = [
    "/../../etc/passwd",
    "/static/../../etc/passwd",
    "/static/..%2f..%2fetc/passwd",
    "/static/%2e%2e/%2e%2e/etc/passwd",
    "/static/..%252f..%252fetc/passwd",
    "/static/..%5c..%5cetc/passwd",
    "/static/..;/..;/etc/passwd",
    "/static/....//....//etc/passwd",
    "/static/%c0%ae%c0%ae/etc/passwd",
    "/static//etc/passwd",
    "/static/%00/etc/passwd",
    "/./me",
    "/x/../me",
    "/x/..%2fme",
    "//me",
    "/me/",
    "/me%20",
    "/me/.",
    "/%6de%2f..",
]


@pytest.mark.parametrize("path", TRAVERSALS)
def test_a_path_that_climbs_finds_nothing(edge: Edge, path: str) -> None:
    """Sent as it is, like curl's --path-as-is; also where a proxy would have resolved it to a page."""
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: who=worker\r\nConnection: close\r\n\r\n"
    answer = edge.raw(request.encode())

    assert re.match(rb"HTTP/1.1 (400|404) ", answer), answer[:100]
    assert b"root:" not in answer
    assert b"personal" not in answer


def test_ten_thousand_headers_are_refused_before_the_service(edge: Edge) -> None:
    before = len(edge.service.requests())
    many = "".join(f"X-H{n}: x\r\n" for n in range(10_000))
    answer = edge.raw(f"GET /seen HTTP/1.1\r\nHost: localhost\r\n{many}\r\n".encode())

    assert not answer.startswith(b"HTTP/1.1 2")
    assert len(edge.service.requests()) == before


def test_one_endless_header_is_refused_before_the_service(edge: Edge) -> None:
    before = len(edge.service.requests())
    answer = edge.raw(b"GET /seen HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 300_000 + b"\r\n\r\n")

    assert not answer.startswith(b"HTTP/1.1 2")
    assert len(edge.service.requests()) == before


def test_the_largest_body_passes_and_one_byte_more_does_not(edge: Edge) -> None:
    limit = 16 * 1024 * 1024
    media = {"Content-Type": OCTETS}

    assert edge.ask("POST", "/size", b"x" * limit, media).json == {"size": limit}
    head = POST + f"Content-Length: {limit + 1}\r\n\r\n"
    assert edge.raw(head.encode() + b"x" * 200_000).startswith(b"HTTP/1.1 413 ")


def test_a_body_without_end_is_stopped_at_the_limit(edge: Edge) -> None:
    head = POST + "Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    sent, answer = 0, b""
    with edge.connect(seconds=20) as client, contextlib.suppress(OSError):
        # Closed on us, as it may be; the answer can be lost with the connection.
        client.sendall(head.encode())
        while sent < 64 * 1024 * 1024 and not answer:
            client.settimeout(20)
            client.sendall(chunk)
            sent += len(chunk)
            client.settimeout(0.001)
            with contextlib.suppress(TimeoutError):
                answer = client.recv(4096)

    assert sent < 64 * 1024 * 1024
    assert answer == b"" or answer.startswith(b"HTTP/1.1 413 ")
    assert edge.ask("GET", "/seen").status == 200


def test_a_packed_body_is_refused_unopened(edge: Edge) -> None:
    """A gzip bomb: nothing on the way opens it."""
    answer = edge.ask(
        "POST", "/size", b"\x1f\x8b" + b"\0" * 5000, {"Content-Type": OCTETS, "Content-Encoding": "gzip"}
    )

    assert answer.status == 415


def test_a_waiting_client_is_told_to_go_on(edge: Edge) -> None:
    """curl asks first (Expect: 100-continue) before it sends a batch."""
    head = POST + "Content-Length: 5\r\nExpect: 100-continue\r\n"
    with edge.connect() as client:
        client.sendall(head.encode() + b"Connection: close\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 100 ")
        client.sendall(b"12345")
        answer = b""
        while piece := client.recv(4096):
            answer += piece

    assert answer.endswith(b'{"size":5}')


def test_no_log_holds_what_a_client_wrote(edge: Edge) -> None:
    canary = "640104198706054179"
    edge.ask("GET", f"/{canary}?{canary}={canary}", headers={"User-Agent": canary, "Referer": canary})
    edge.raw(f"{canary} /{canary} HTTP/1.1\r\nHost: {canary}\r\n\r\n".encode())
    edge.raw(f"GET /{canary} HTTP/9.9\r\n{canary}\r\n\r\n".encode())

    assert canary not in edge.log.read_text(errors="replace")
    assert canary not in edge.service.log.read_text(errors="replace")


@pytest.mark.parametrize("kind", KINDS)
def test_no_log_format_names_the_target_or_a_header(kind: str) -> None:
    text = (DEPLOY / CONFIGURATION[kind]).read_text("utf-8")
    formats = "\n".join(re.findall(r"log.format (?:lines )?[^\n]*(?:\n\s+'[^\n]*)?", text))

    assert formats
    assert not re.search(
        r"%(r|HU|HP|HQ|HM|hr|hs|\{)|\$(request|uri|args|http_)\b|\$request_uri|\$http_", formats
    )


def test_an_address_may_not_hold_all_connections(edge: Edge) -> None:
    """HAProxy counts a connection as it comes, before TLS; nginx once the header of a request is read."""
    held: list[socket.socket] = []
    with contextlib.ExitStack() as opened:
        if edge.kind == "haproxy":
            # Without a handshake: a busy machine must not outlast the proxy's patience with the first ones.
            # A refused one may be reset before this side has seen its connection stand: refused all the same.
            refused_at_once = 0
            for _n in range(130):
                try:
                    held.append(opened.enter_context(edge.dial(source="127.0.0.66")))
                except ConnectionResetError:
                    refused_at_once += 1
            refused = refused_at_once + closed(held, least=25 - refused_at_once)
        else:
            for _n in range(130):
                with contextlib.suppress(OSError, ssl.SSLError):
                    held.append(opened.enter_context(edge.connect(source="127.0.0.66")))
                    held[-1].sendall(b"GET /seen HTTP/1.1\r\nHost: localhost\r\n\r\n")
            refused = 0
        elsewhere = edge.ask("GET", "/seen").status

    assert elsewhere == 200
    if edge.kind == "haproxy":
        assert refused >= 25


def closed(held: list[socket.socket], least: int) -> int:
    """How many of these the other side has closed, once it is so many or nothing more comes."""
    gone: set[socket.socket] = set()
    while len(gone) < least:
        ready, _, _ = select.select([one for one in held if one not in gone], [], [], 5)
        if not ready:
            break
        gone.update(ready)
    return len(gone)


def test_nobody_is_taken_for_the_proxy_without_its_socket(edge: Edge) -> None:
    """The socket of the shipped unit is open to the service and the proxy's group alone."""
    unit = (Path(DEPLOY) / "systemd" / "recordsvc.socket").read_text("utf-8")

    assert "SocketMode=0660\n" in unit
    assert "ListenStream=/run/recordsvc/http.sock\n" in unit
    assert "/run/recordsvc/http.sock" in (DEPLOY / CONFIGURATION[edge.kind]).read_text("utf-8")
