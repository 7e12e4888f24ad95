"""The shipped deployment on loopback: proxy, Unix socket as systemd hands it over, gunicorn.

The configurations are the shipped ones; only ports, paths and the account are replaced. What is replaced must
be found, so that a changed configuration cannot be tested by its former text.
"""

import contextlib
import dataclasses
import datetime as dt
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from recordsvc.serving import GUNICORN_CONFIG
from tests.ports import free_ports

ROOT: Final = Path(__file__).parents[2]
DEPLOY: Final = ROOT / "deploy"
KINDS: Final = ("haproxy", "nginx")
PATIENCE_S: Final = 60
"""For what certainly comes, however busy the machine is."""
SILENCE_S, SILENCES = 0.2, 3
"""So often nothing came for so long, an ordinary request answered in between: nothing more comes."""
HEALTHZ: Final = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
CONFIGURATION: Final = {"haproxy": "haproxy.cfg", "nginx": "nginx.conf"}


def need(program: str) -> str:
    """The path of a program, or a skip that says what is missing."""
    # Debian keeps servers where an ordinary account does not look.
    found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"{program} is not installed")
    return found


# -- certificates


def make_certificates(folder: Path) -> None:
    """Write certificates with keys of server, machine and stranger, and the list of machines let in."""
    for name in ("records", "machine", "stranger"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = dt.datetime.now(dt.UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - dt.timedelta(hours=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
            .sign(key, hashes.SHA256())
        )
        shown = certificate.public_bytes(serialization.Encoding.PEM)
        form = serialization.PrivateFormat.PKCS8
        secret = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
        (folder / f"{name}.pem").write_bytes(shown + secret)
        (folder / f"{name}.crt").write_bytes(shown)
    shutil.copy(folder / "machine.crt", folder / "clients.pem")


# -- the service behind


class Service:
    """gunicorn as `recordsvc serve` starts it, on a socket that outlives it (recordsvc.socket)."""

    def __init__(self, folder: Path, application: str, environ: Mapping[str, str]) -> None:
        self.path = folder / "http.sock"
        self.log = folder / "app.log"
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(self.path))
        self.path.chmod(0o666)
        self.socket.listen(1024)
        self._application, self._environ = application, dict(environ)
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait for its first answer."""
        command = [sys.executable, "-m", "gunicorn", "--config", GUNICORN_CONFIG, self._application]
        # The process names itself, as systemd names it, and becomes gunicorn.
        handed = "import os, sys; os.dup2(int(sys.argv[1]), 3); os.set_inheritable(3, True); "
        handed += "os.environ.update(LISTEN_FDS='1', LISTEN_PID=str(os.getpid())); "
        handed += "os.execv(sys.argv[2], sys.argv[2:])"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", handed, str(self.socket.fileno()), *command],
                env=self._environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                cwd=ROOT,
                pass_fds=(self.socket.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self._ordinary()

    def raw(self, request: bytes) -> bytes:
        """Send bytes to the socket itself, past the proxy; what came back until it closed or fell silent."""
        with self._dial() as client:
            return exchange(client, request, self._ordinary)

    def answers(self, seconds: float) -> bool:
        """Whether an ordinary request is answered within so many seconds."""
        with self._dial() as client, contextlib.suppress(OSError):
            client.settimeout(seconds)
            client.sendall(HEALTHZ)
            return client.recv(65_536).startswith(b"HTTP/1.1 200")
        return False

    def _dial(self) -> socket.socket:
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(PATIENCE_S)
        client.connect(str(self.path))
        return client

    def _ordinary(self) -> None:
        assert self.answers(PATIENCE_S), self.log.read_text()[-3000:]

    def stop(self) -> None:
        """End it gracefully; the socket stays."""
        if self.process is not None:
            self.process.terminate()
            self.process.wait(60)
            self.process = None

    def reload(self) -> None:
        """Have new workers take over."""
        assert self.process is not None
        self.process.send_signal(signal.SIGHUP)

    def requests(self) -> list[dict[str, Any]]:
        """The lines of all requests that reached the application, quiet ones left out."""
        lines = self.log.read_text("utf-8").splitlines()
        return [line for line in map(json.loads, lines) if line.get("event") == "request"]

    def close(self) -> None:
        """End it and give the socket back."""
        self.stop()
        self.socket.close()


def exchange(
    client: "socket.socket | ssl.SSLSocket", request: bytes, ordinary: Callable[[], object] | None = None
) -> bytes:
    """Send, then read until the other side closes, or falls silent while `ordinary` requests are answered.

    Without them, until it closes. How long a silence means that nothing more comes depends on the machine:
    it has lasted so long when others, who came later, were answered meanwhile.
    """
    with contextlib.suppress(OSError):
        # It may refuse before it has read everything.
        client.sendall(request)
    found, silences = b"", 0
    client.settimeout(PATIENCE_S if ordinary is None else SILENCE_S)
    while True:
        try:
            piece = client.recv(65_536)
        except TimeoutError:
            silences += 1
            if ordinary is None or silences > SILENCES:
                return found
            ordinary()
            continue
        except OSError:
            return found
        if not piece:
            return found
        found, silences = found + piece, 0


# -- the proxy in front


@dataclasses.dataclass
class Answer:
    """One answer to an ordinary request."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Edge:
    """One of the shipped proxies before a service."""

    def __init__(self, kind: str, folder: Path, service: Service) -> None:
        self.kind, self.folder, self.service = kind, folder, service
        self.plain, self.port, self.machines = free_ports(3)
        self.log = folder / f"{kind}.log"
        self.file = folder / CONFIGURATION[kind]
        self.program = need(kind)
        self.file.write_text(self._configuration(), "utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def _configuration(self) -> str:
        text = (DEPLOY / CONFIGURATION[self.kind]).read_text("utf-8")
        account = pwd.getpwuid(os.geteuid()).pw_name
        put: dict[str, str] = {
            "/run/recordsvc/http.sock": str(self.service.path),
            "/etc/recordsvc/tls/": f"{self.folder}/",
        }
        if self.kind == "haproxy":
            put |= {
                "    user haproxy\n    group haproxy\n": "",
                "bind :80\n": f"bind 127.0.0.1:{self.plain}\n",
                "bind :443 ": f"bind 127.0.0.1:{self.port} ",
                "bind :8443 ": f"bind 127.0.0.1:{self.machines} ",
            }
        else:
            put |= {
                "user www-data;": f"user {account};" if os.geteuid() == 0 else "",
                "pid /run/nginx.pid;": f"pid {self.folder}/nginx.pid;",
                "/dev/shm/recordsvc-edge": f"{self.folder}/bodies",
                "listen 80;": f"listen 127.0.0.1:{self.plain};",
                "listen 443 ": f"listen 127.0.0.1:{self.port} ",
                "listen 8443 ": f"listen 127.0.0.1:{self.machines} ",
            }
        for old, new in put.items():
            assert old in text, f"{CONFIGURATION[self.kind]} has no {old!r} any more"
            text = text.replace(old, new)
        return text

    def check(self) -> subprocess.CompletedProcess[str]:
        """Let the program itself judge the configuration."""
        judge = ["-c", "-f", str(self.file)] if self.kind == "haproxy" else ["-t", "-q", "-c", str(self.file)]
        return subprocess.run([self.program, *judge], capture_output=True, text=True, check=False)

    def __enter__(self) -> Self:
        run = (
            ["-db", "-f", str(self.file)]
            if self.kind == "haproxy"
            else ["-c", str(self.file), "-g", "daemon off;"]
        )
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, *run], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/healthz").status == 200:
                    return self
            time.sleep(0.05)
        raise AssertionError(self.log.read_text()[-3000:])

    def __exit__(self, *_error: object) -> None:
        assert self.process is not None
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # -- clients

    def context(self, certificate: str = "") -> ssl.SSLContext:
        """TLS of a client that trusts this edge's own certificate and, if named, shows one."""
        made = ssl.create_default_context(cafile=str(self.folder / "records.crt"))
        if certificate:
            made.load_cert_chain(self.folder / f"{certificate}.pem")
        return made

    def dial(self, *, source: str = "127.0.0.1", seconds: float = PATIENCE_S, port: int = 0) -> socket.socket:
        """A connection from an address of this machine, before TLS."""
        return socket.create_connection(("127.0.0.1", port or self.port), seconds, (source, 0))

    def connect(
        self, *, source: str = "127.0.0.1", seconds: float = PATIENCE_S, port: int = 0
    ) -> ssl.SSLSocket:
        """A TLS connection from an address of this machine."""
        client = self.dial(source=source, seconds=seconds, port=port)
        try:
            return self.context().wrap_socket(client, server_hostname="localhost")
        except OSError:
            client.close()
            raise

    def raw(self, request: bytes) -> bytes:
        """Send bytes as they are; what came back until it closed or fell silent."""
        with self.connect() as client:
            return exchange(client, request, lambda: self.ask("GET", "/healthz"))

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        *,
        certificate: str = "",
        seconds: float = PATIENCE_S,
    ) -> Answer:
        """One ordinary request on a connection of its own."""
        port = self.machines if certificate else self.port
        connection = http.client.HTTPSConnection(
            "localhost", port, timeout=seconds, context=self.context(certificate)
        )
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


@contextlib.contextmanager
def deployment(
    kind: str, application: str, environ: Callable[[Path], Mapping[str, str]] = lambda _folder: os.environ
) -> Iterator[Edge]:
    """A proxy of a kind and a service behind it, for as long as the block lasts."""
    need(kind)
    # Directly below the system's temporary folder: a socket's path holds about 100 bytes.
    folder = Path(tempfile.mkdtemp(prefix="rs-edge-"))
    try:
        make_certificates(folder)
        service = Service(folder, application, environ(folder))
        try:
            service.start()
            with Edge(kind, folder, service) as edge:
                yield edge
        finally:
            service.close()
    finally:
        shutil.rmtree(folder)
