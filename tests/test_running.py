"""`recordsvc run`: only its own parts count, and they end with it, however it ends."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from recordsvc import running
from recordsvc.house import open_house
from recordsvc.processes import Parts
from recordsvc.settings import Settings, environment
from recordsvc.translog.checkpoint import Checkpoint
from tests.faults.processes import ROOT
from tests.ports import neighbours


class _Anybody(BaseHTTPRequestHandler):
    """Another service, which is well."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def stranger() -> Iterator[int]:
    """A port on which somebody else answers everything."""
    server = HTTPServer(("127.0.0.1", 0), _Anybody)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("before", [0, 1], ids=["the service's port", "the witness's port"])
def test_a_demo_on_a_taken_port_makes_and_loads_nothing(stranger: int, before: int, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    said = CliRunner().invoke(running.run, ["--port", str(stranger - before), "--data-dir", str(folder)])

    assert said.exit_code == 1
    assert f"port {stranger} is taken" in said.output
    assert not folder.exists()


def test_one_data_folder_is_served_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second one would rewrite the settings under the first and empty its counters."""
    monkeypatch.setattr(running, "assert_free", lambda *_ports, **_whose: None)
    folder = tmp_path / "data"
    with running._alone(folder, 8930):
        there = sorted(folder.iterdir())
        said = CliRunner().invoke(running.run, ["--port", "8940", "--data-dir", str(folder)])

        assert (said.exit_code, sorted(folder.iterdir())) == (1, there)
        assert "http://localhost:8930" in said.output
    with running._alone(folder, 8940):
        assert (folder / "run.lock").read_text() == "8940"


def test_a_port_whose_connections_only_run_out_is_free() -> None:
    """A second `make run` right after the first one ended."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as near:
            far, _address = listening.accept()
            far.close()  # the server's side closes first and lingers
            near.recv(1)
    running.assert_free(port)


def test_a_taken_port_of_the_witness_is_told_as_such(stranger: int) -> None:
    """Nobody named it: it is the one after `--port`."""
    done = CliRunner().invoke(running.run, ["--port", str(stranger - 1)])
    assert (done.exit_code, f"{stranger} 已被占用" in done.output) == (1, True)
    assert f"--port（{stranger - 1}）的下一个端口" in done.output


def test_the_answer_of_somebody_else_is_not_ours(stranger: int, tmp_path: Path) -> None:
    """A part that ended while another service answered in its place."""
    with Parts(dict(os.environ), tmp_path) as parts:

        def good(_status: int) -> bool:
            parts._parts[0].process.terminate()
            parts._parts[0].process.wait()
            return True

        parts.start("server", [sys.executable, "-c", "import time; time.sleep(600)"])
        with pytest.raises(click.ClickException, match="server ended"):
            parts.wait(f"http://127.0.0.1:{stranger}/", good)


SUPERVISOR = """
import sys, time
from pathlib import Path
from recordsvc import running

folder, port = Path(sys.argv[1]), int(sys.argv[2])
environ = running._environment(folder, port)
with running._parts(running._prepare(environ, folder, port), environ) as parts:
    print(*(part.process.pid for part in parts._parts), flush=True)
    time.sleep(600)
"""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return "Z" not in Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False


LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")


@pytest.fixture
def prepared(tmp_path: Path) -> Path:
    """A data folder after the first run's preparations, and without a region."""
    folder, port = tmp_path / "data", neighbours(2)
    running._prepare(running._environment(folder, port), folder, port)
    return folder


def test_on_another_port_the_settings_follow(prepared: Path) -> None:
    """`recordsvc log fsck` beside the demo must not take the server for the witness."""
    port = neighbours(2)
    running._prepare(running._environment(prepared, port), prepared, port)

    settings = Settings.load({}, prepared)
    assert settings.public_url == f"http://localhost:{port}"
    assert settings.witness_urls == (f"http://127.0.0.1:{port + 1}",)


def _put_ahead(folder: Path) -> None:
    """Keep a checkpoint outside that the database does not reach, as after an old copy was restored."""
    house = open_house(Settings.load({}, folder))
    try:
        ahead = Checkpoint(house.settings.log_origin, 99, bytes(range(32)))
        note = ahead.sign(house.keys.public("log").raw, lambda data: house.keys.sign("log", data))
        house.settings.anchor_path.write_text(note, "utf-8")
    finally:
        house.close()


@pytest.mark.parametrize("command", ["run", "work", "notices"])
def test_an_old_copy_is_refused_in_one_line(command: str, prepared: Path) -> None:
    """In words that docs/operations.md explains, and not in a log file or a trace of calls."""
    _put_ahead(prepared)
    more = {
        "run": ["--port", str(neighbours(2)), "--data-dir", str(prepared)],
        "work": [],
        "notices": ["dead"],
    }[command]
    said = subprocess.run(
        [sys.executable, "-m", "recordsvc", command, *more],
        env=environment(data_dir=str(prepared), witness_urls="", witness_keys="") | {"PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert said.returncode == 1
    assert said.stderr.splitlines()[-1].startswith(
        "Error: the database has 1 entries, the checkpoint kept outside"
    )
    assert "Traceback" not in said.stdout + said.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    "how", [signal.SIGHUP, pytest.param(signal.SIGKILL, marks=LINUX)], ids=["terminal closed", "killed"]
)
def test_no_part_outlives_the_run(how: signal.Signals, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISOR, str(tmp_path / "data"), str(neighbours(2))],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    with process:
        # First come the lines of a first run.
        said = next((line for line in process.stdout if line[0].isdigit()), "")
        pids = [int(pid) for pid in said.split()]
        process.send_signal(how)
    assert len(pids) == 5, "server, worker, witness, a simulated bank for each account"

    deadline = time.monotonic() + 60
    while (left := [pid for pid in pids if _alive(pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert left == []
