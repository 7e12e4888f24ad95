"""Files exchanged with a real SFTP server (OpenSSH): whole or not at all, under the agreed host key alone."""

import contextlib
import dataclasses
import getpass
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from banksim import messages
from recordsvc.house import House
from recordsvc.money.bank import dispatch, inbox, sftp
from recordsvc.money.bank.dispatch import LEASE_MS
from recordsvc.money.bank.folder import DIGEST
from recordsvc.money.bank.sftp import SftpUnfit
from tests.money.bank.desk import CODE, Desk
from tests.ports import free_ports

SSHD = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
needs_server = pytest.mark.skipif(
    SSHD is None or shutil.which("sftp") is None, reason="no OpenSSH server is installed"
)
CONFIG = """
ListenAddress 127.0.0.1:{port}
HostKey {root}/host
AuthorizedKeysFile {root}/client.pub
AllowUsers {user}
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
PidFile none
Subsystem sftp internal-sftp
ForceCommand internal-sftp
"""


OPENING = 100_000_000


class Peer:
    """A bank's server over one folder."""

    def __init__(self, root: Path) -> None:
        self.root, self.port = root, free_ports(1)[0]
        for name in ("host", "client", "other"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(root / name)]
            subprocess.run(command, check=True)
        for part in ("in", "out", "ack", "taken"):
            (root / part).mkdir()
        said = {"port": self.port, "root": root, "user": getpass.getuser()}
        (root / "sshd_config").write_text(CONFIG.format(**said))
        if os.geteuid() == 0:
            # Where a server run by root shuts its children in; packages make it when the service starts.
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        assert SSHD is not None
        self.process = subprocess.Popen(
            [SSHD, "-D", "-e", "-f", str(self.root / "sshd_config")], stderr=subprocess.DEVNULL
        )
        while True:
            assert self.process.poll() is None, "the server did not start"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
                return
            time.sleep(0.02)

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait()
            self.process = None

    def listed(self, **changes: Any) -> Path:
        """The service's file of servers."""
        said = {
            "host": "127.0.0.1",
            "port": self.port,
            "user": getpass.getuser(),
            "key": str(self.root / "client"),
            "host_key": " ".join((self.root / "host.pub").read_text().split()[:2]),
            "folder": str(self.root),
        } | changes
        return written(self.root / "servers.toml", {CODE: said})

    def names(self, part: str) -> set[str]:
        return {one.name for one in (self.root / part).iterdir()}

    def leave(self, part: str, name: str, content: bytes, digest: bytes | None = None) -> None:
        """Leave a file as the bank does, with its digest or another one."""
        told = hashlib.sha256(content).hexdigest().encode() if digest is None else digest
        (self.root / part / (name + DIGEST)).write_bytes(told + f"  {name}\n".encode())
        (self.root / part / name).write_bytes(content)


def written(place: Path, told: dict[str, dict[str, Any]]) -> Path:
    lines = []
    for code, said in told.items():
        lines.append(f"[{code}]")
        lines += [
            f"{name} = {value if isinstance(value, int) else repr(value)}" for name, value in said.items()
        ]
    place.write_text("\n".join(lines))
    return place


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    root = tmp_path / "peer"
    root.mkdir()
    made_here = Peer(root)
    yield made_here
    made_here.stop()


@pytest.fixture
def far(desk: Desk, peer: Peer) -> Desk:
    """The payers' desk, whose account is exchanged with the peer."""
    use(desk.house, peer.listed())
    return desk


def use(house: House, listed: Path) -> None:
    house.settings = dataclasses.replace(house.settings, bank_sftp=str(listed))


def statement(desk: Desk, payment: bytes) -> bytes:
    line = desk.debit(payment)
    found = desk.payment(payment)
    return messages.camt053(
        "S1",
        desk.source.number,
        1,
        desk.today(),
        OPENING,
        OPENING - found.amount_fen,
        [line],
        desk.now(),
    )


@needs_server
@pytest.mark.long
@pytest.mark.beside
def test_a_payment_goes_out_and_its_statement_comes_in(far: Desk, peer: Peer) -> None:
    payment = far.pay(1)
    batch = far.send()
    assert peer.names("in") == {batch.file_name, batch.file_name + DIGEST}
    content = (peer.root / "in" / batch.file_name).read_bytes()
    told = (peer.root / "in" / (batch.file_name + DIGEST)).read_text()
    assert told == f"{hashlib.sha256(content).hexdigest()}  {batch.file_name}\n"
    peer.leave("out", "S1.xml", statement(far, payment))
    assert inbox.run(far.house) == 0, "what lies on a server is not looked for here"
    assert inbox.run(far.house, far=True) == 1
    assert far.payment(payment).state == "settled"
    assert (peer.names("out"), peer.names("taken")) == (set(), {"S1.xml", "S1.xml" + DIGEST})
    assert inbox.run(far.house, far=True) == 0


@needs_server
@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("fault", ["another host key", "another own key", "gone"])
def test_what_cannot_be_handed_over_stays_and_goes_later(
    desk: Desk, peer: Peer, fault: str, capfd: pytest.CaptureFixture[str]
) -> None:
    other = " ".join((peer.root / "other.pub").read_text().split()[:2])
    wrong = {
        "another host key": {"host_key": other},
        "another own key": {"key": str(peer.root / "other")},
        "gone": {},
    }[fault]
    use(desk.house, peer.listed(**wrong))
    if fault == "gone":
        peer.stop()
    desk.pay(1)
    batch = desk.seal()
    desk.release(batch)
    assert dispatch.run(desk.house) == 0
    assert inbox.run(desk.house, far=True) == 0
    assert "bank-away" in capfd.readouterr().err
    assert peer.names("in") == set()
    if fault == "gone":
        peer.start()
    use(desk.house, peer.listed())
    assert dispatch.run(desk.house) == 0, "the lease still holds"
    desk.house.clock.advance(LEASE_MS + 1)
    assert dispatch.run(desk.house) == 1
    assert peer.names("in") == {batch.file_name, batch.file_name + DIGEST}


@needs_server
@pytest.mark.long
@pytest.mark.beside
def test_a_file_that_is_not_whole_lies_until_it_is(far: Desk, peer: Peer) -> None:
    payment = far.pay(1)
    far.send()
    content = statement(far, payment)
    peer.leave("out", "S1.xml", content[:200], hashlib.sha256(content).hexdigest().encode())
    (peer.root / "out" / "S2.xml.part").write_bytes(b"begun")
    (peer.root / "out" / "two words.xml").write_bytes(content)
    (peer.root / "out" / "deeper").mkdir()
    inbox.run(far.house, far=True)
    assert far.payment(payment).state == "sent"
    assert "S1.xml" in peer.names("out")
    peer.leave("out", "S1.xml", content)
    inbox.run(far.house, far=True)
    assert far.payment(payment).state == "settled"
    assert peer.names("out") == {"S2.xml.part", "two words.xml", "deeper"}


GOOD = {
    "host": "sftp.bank.example",
    "user": "recordsvc",
    "key": "client",
    "host_key": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDemoDemoDemoDemoDemoDemoDemoDemoDemoDemo",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"host": "-oProxyCommand=true"},
        {"host": "bank example"},
        {"user": "-l"},
        {"user": "a@b"},
        {"port": 70_000},
        {"port": "22"},
        {"folder": "in;rm"},
        {"folder": "a\\nput x"},
        {"host_key": "ssh-dss AAAA"},
        {"host_key": ""},
        {"key": "missing"},
        {"key": "open"},
        {"password": "secret"},
    ],
)
def test_a_server_that_cannot_be_used_is_named(tmp_path: Path, changes: dict[str, Any]) -> None:
    for name, mode in (("client", 0o600), ("open", 0o644)):
        (tmp_path / name).write_text("key")
        (tmp_path / name).chmod(mode)
    if shutil.which("sftp") is None:
        pytest.skip("no sftp is installed")
    assert sftp.servers(written(tmp_path / "good.toml", {CODE: GOOD}))[CODE].port == 22
    with pytest.raises(SftpUnfit):
        sftp.servers(written(tmp_path / "bad.toml", {CODE: GOOD | changes}))
