"""Asking the provider over TLS: a certificate nobody vouches for, another's name, bytes that drip."""

import datetime as dt
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from werkzeug.serving import make_server

from recordsvc.access.identity import ProviderAway
from recordsvc.access.oidc.fetch import Fetcher


def certificate(folder: Path, address: str) -> tuple[Path, Path]:
    """A certificate of its own authority for an address, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "provider")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    shown, secret = folder / "certificate", folder / "secret"
    shown.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    form = serialization.PrivateFormat.PKCS8
    secret.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    return shown, secret


class Provider:
    """Answers over TLS; `released` ends a drip."""

    def __init__(self, folder: Path, named: str) -> None:
        self.certificate, secret = certificate(folder, named)
        self.released = threading.Event()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, secret)
        self.server = make_server("127.0.0.1", 0, self, threaded=True, ssl_context=context)
        self.address = f"https://127.0.0.1:{self.server.server_port}"

    def __call__(self, environ, start):
        start("200 OK", [("Content-Type", "application/json")])
        if environ["PATH_INFO"] != "/drip":
            return [b'{"good":1}']
        return self.drip()

    def drip(self) -> Iterator[bytes]:
        for _ in range(600):
            yield b" "
            if self.released.wait(0.05):
                return
        yield b'{"good":1}'


@pytest.fixture
def named() -> str:
    return "127.0.0.1"


@pytest.fixture
def provider(tmp_path: Path, named: str) -> Iterator[Provider]:
    made = Provider(tmp_path, named)
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.released.set()
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def test_an_authority_that_was_named_is_believed(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(provider.certificate))
    assert Fetcher(provider.address, ()).get(f"{provider.address}/x").members == {"good": 1}


def test_a_certificate_nobody_vouches_for_is_not(provider: Provider) -> None:
    with pytest.raises(ProviderAway, match="SSLCertVerificationError"):
        Fetcher(provider.address, ()).get(f"{provider.address}/x")


@pytest.mark.parametrize("named", ["127.0.0.2"])
def test_a_certificate_of_another_name_is_not(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(provider.certificate))
    with pytest.raises(ProviderAway, match="SSLCertVerificationError"):
        Fetcher(provider.address, ()).get(f"{provider.address}/x")


def test_bytes_that_drip_over_tls_are_cut_off(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    """What drips is good in the end: whoever waited would have it."""
    monkeypatch.setenv("SSL_CERT_FILE", str(provider.certificate))
    with pytest.raises(ProviderAway, match=r"network|strict-json"):
        Fetcher(provider.address, (), seconds=0.5).get(f"{provider.address}/drip")


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.test/x",
        "https://id.example.test:444/x",
        "https://id.example.test.evil.example/x",
        "https://user@id.example.test/x",
        "https://id.example.test/x#y",
        "https://id.example.test/x y",
        "https://id.example.test/\r\nHost: evil",
        "https://［::1]/",
        "https://[::1/",
        "file:///etc/passwd",
        "//id.example.test/x",
        "",
        None,
        7,
    ],
)
def test_an_address_that_was_not_named_is_never_asked(url: object) -> None:
    assert not Fetcher("https://id.example.test", ("login.example.test:8443",)).allowed(url)


def test_hosts_that_were_named_are_the_providers() -> None:
    fetcher = Fetcher("https://id.example.test", ("login.example.test:8443",))
    assert fetcher.allowed("https://id.example.test/x?y=z")
    assert fetcher.allowed("https://LOGIN.example.test:8443/x")
    assert not fetcher.allowed("https://login.example.test/x")
