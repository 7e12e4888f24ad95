"""A bank's SFTP server as the drop folder (SFTP 交换): the same folders and names, moved by OpenSSH's `sftp`.

    <folder>/in      to the bank       <folder>/out, <folder>/ack   from the bank      <folder>/taken   read

`bank_sftp` (docs/settings.md) names a TOML file with a table for each paying account that is exchanged so.
The server is known by its host key, this service by its key; nothing is asked, and nothing else is tried.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from recordsvc.ground import observe
from recordsvc.money.bank.folder import DIGEST, FROM_BANK, MOST_BYTES, PART, Arrived, ExchangeAway, fits

SECONDS: Final = 120
"""A transfer that takes longer is ended: the job goes on with the next account, and comes back."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}\Z")
_FOLDER: Final = re.compile(r"[A-Za-z0-9._/-]{1,200}\Z")
_HOST: Final = re.compile(r"[A-Za-z0-9.:-]{1,253}\Z")
_USER: Final = re.compile(r"[A-Za-z0-9._-]{1,64}\Z")
_KEY: Final = re.compile(r"(ssh-ed25519|ecdsa-sha2-nistp256|rsa-sha2-512|ssh-rsa) [A-Za-z0-9+/=]{40,1000}\Z")


class SftpUnfit(ValueError):
    """The file of servers says something that cannot be used."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where one account's files are exchanged."""

    host: str
    port: int
    user: str
    key: Path
    """The private key's file, owner-only."""
    host_key: str
    """The server's public key: type and base64."""
    folder: str


def servers(place: Path) -> dict[str, Server]:
    """Read the file of servers: account code -> server. Raises `SftpUnfit`."""
    try:
        told = tomllib.loads(place.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SftpUnfit(f"{place.name}: {error}") from error
    if shutil.which("sftp") is None:
        raise SftpUnfit("sftp is not installed (Debian: openssh-client)")
    return {code: _server(place, code, one) for code, one in told.items()}


def _server(place: Path, code: str, told: object) -> Server:
    if not isinstance(told, dict):
        raise SftpUnfit(f"{place.name}: {code} is not a table")
    said: Mapping[str, object] = {"port": 22, "folder": ".", **told}
    names = set(Server.__slots__)
    if set(said) != names:
        raise SftpUnfit(f"{place.name}: {code} must have {', '.join(sorted(names))}")
    for name, form in (("host", _HOST), ("user", _USER), ("host_key", _KEY), ("folder", _FOLDER)):
        if not isinstance(said[name], str) or form.match(str(said[name])) is None:
            raise SftpUnfit(f"{place.name}: {code}.{name} cannot be used")
    port, key = said["port"], place.parent / str(said["key"])
    if type(port) is not int or not 0 < port < 65_536:
        raise SftpUnfit(f"{place.name}: {code}.port must be a port")
    try:
        mode = key.stat().st_mode
    except OSError as error:
        raise SftpUnfit(f"{place.name}: {code}.key: {error}") from error
    if mode & 0o077:
        raise SftpUnfit(f"{place.name}: {code}.key may be read by others than its owner")
    # Without a leading dash nothing of it is taken for an option.
    if str(said["host"]).startswith("-") or str(said["user"]).startswith("-"):
        raise SftpUnfit(f"{place.name}: {code}.host or user begins with a dash")
    return Server(str(said["host"]), port, str(said["user"]), key, str(said["host_key"]), str(said["folder"]))


class Sftp:
    """One account's folders on a bank's server (`Exchange`)."""

    def __init__(self, server: Server) -> None:
        """Exchange files there; nothing is opened before it is needed."""
        self._server = server

    def put(self, name: str, content: bytes) -> None:
        """As `Exchange`: digest first, both on the server's disk before they have their names."""
        line = f"{hashlib.sha256(content).hexdigest()}  {name}\n".encode()
        with tempfile.TemporaryDirectory(prefix="recordsvc-sftp-") as folder:
            commands = []
            for called, data in ((name + DIGEST, line), (name, content)):
                (Path(folder) / called).write_bytes(data)
                part, whole = self._at("in", called + PART), self._at("in", called)
                # -f: brought to the server's disk; rename replaces, so that the same again is no error.
                commands += [f"put -f {folder}/{called} {part}", f"rename {part} {whole}"]
            self._run(commands)

    def arrived(self) -> Iterator[Arrived]:
        """As `Exchange`."""
        for part in FROM_BANK:
            sizes = self._listed(part)
            for name in sorted(sizes):
                if PurePosixPath(name).suffix in (PART, DIGEST):
                    continue
                # What is beyond the limit is not fetched; it is not whole for us.
                content = b"" if sizes[name] > MOST_BYTES else self._fetched(part, name)
                told = self._fetched(part, name + DIGEST) if name + DIGEST in sizes else None
                whole = sizes[name] <= MOST_BYTES and fits(content, told)
                yield Arrived(name, content, whole, Path(part) / name)

    def taken(self, file: Arrived) -> None:
        """As `Exchange`: moved into `taken`, the digest with it where there is one."""
        part, name = file.place.parent.name, file.name
        # A dash before a command: that it fails is no fault, there may be no digest.
        moves = [f"{self._at(part, one)} {self._at('taken', one)}" for one in (name + DIGEST, name)]
        self._run([f"-rename {moves[0]}", f"rename {moves[1]}"])

    # -- the server

    def _at(self, part: str, name: str) -> str:
        return f"{self._server.folder}/{part}/{name}"

    def _listed(self, part: str) -> dict[str, int]:
        """Return names and sizes; a name that this service would not give a file is passed over, and told."""
        found = {}
        for line in self._run([f"ls -ln {self._server.folder}/{part}"]).splitlines():
            columns = line.split()
            if not line.startswith("-") or len(columns) < 9:
                continue
            name = PurePosixPath(columns[-1]).name
            if len(columns) != 9 or _NAME.match(name) is None:
                observe.log("bank-file-name", part=part)
                continue
            found[name] = int(columns[4])
        return found

    def _fetched(self, part: str, name: str) -> bytes:
        with tempfile.TemporaryDirectory(prefix="recordsvc-sftp-") as folder:
            self._run([f"get {self._at(part, name)} {folder}/file"])
            return (Path(folder) / "file").read_bytes()

    def _run(self, commands: list[str]) -> str:
        """Run commands of one session; what it printed. Raises `ExchangeAway`."""
        one = self._server
        with tempfile.NamedTemporaryFile("w", prefix="recordsvc-hosts-", encoding="ascii") as known:
            host = one.host if one.port == 22 else f"[{one.host}]:{one.port}"
            known.write(f"{host} {one.host_key}\n")
            known.flush()
            options = {
                "BatchMode": "yes",
                "ConnectTimeout": "10",
                "GlobalKnownHostsFile": "/dev/null",
                "IdentitiesOnly": "yes",
                "IdentityAgent": "none",
                "IdentityFile": str(one.key),
                "PreferredAuthentications": "publickey",
                "ServerAliveCountMax": "2",
                "ServerAliveInterval": "10",
                "StrictHostKeyChecking": "yes",
                "UserKnownHostsFile": known.name,
            }
            told = [f"-o{name}={value}" for name, value in options.items()]
            argv = ["sftp", "-q", "-F", "/dev/null", "-b", "-", *told, "-P", str(one.port)]
            try:
                done = subprocess.run(  # noqa: S603 - every part has a form of its own, above
                    [*argv, f"{one.user}@{one.host}"],
                    input="\n".join([*commands, ""]),
                    capture_output=True,
                    text=True,
                    timeout=SECONDS,
                    check=True,
                )
            except subprocess.TimeoutExpired as error:
                raise ExchangeAway("the server took too long") from error
            except subprocess.CalledProcessError as error:
                raise ExchangeAway(
                    f"sftp ended with {error.returncode}: {error.stderr[-200:].strip()}"
                ) from error
        return done.stdout
