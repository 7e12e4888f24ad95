"""The witness as a process: it forgets nothing, two at once agree, it ends politely, nobody holds it up."""

import http.client
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.witness.logs import LOG, grow
from tests.witness.process import ROOT, WitnessProcess, run
from witness import keyfile, server
from witness.cosign import Witness
from witness.server import MAX_BODY_BYTES, MAX_CONNECTIONS, WitnessServer
from witness.store import Store


def exchange(port: int, data: bytes, *, finish: bool = True) -> bytes:
    """Raw bytes in, everything that comes back until the witness hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(data)
        if finish:
            connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_what_was_acknowledged_survives_kill_9(running: WitnessProcess):
    size = 0
    for step in (3, 17, 40):
        assert running.submit(grow(size, step)).status == 200
        size = step
        running.kill()
        running.start()
        conflict = running.submit(grow(0, 41))
        assert (conflict.status, conflict.body) == (409, f"{size}\n")
    assert running.newest(LOG.key.name).body.splitlines()[1] == str(size)


def test_kill_9_in_the_middle_of_requests_loses_nothing_acknowledged(running: WitnessProcess):
    """What is known afterwards is the last acknowledged size, or the one that was being answered."""
    for _ in range(3):
        acknowledged = [known_size(running)]
        under_way = threading.Event()

        def climb(acknowledged: list[int] = acknowledged, under_way: threading.Event = under_way) -> None:
            try:
                while running.submit(grow(acknowledged[-1], acknowledged[-1] + 1)).status == 200:
                    acknowledged.append(acknowledged[-1] + 1)
                    if len(acknowledged) > 5:
                        under_way.set()
            except (OSError, http.client.HTTPException):
                return  # the process is gone, which is what the test waits for

        climber = threading.Thread(target=climb)
        climber.start()
        assert under_way.wait(60)
        running.kill()
        climber.join(60)
        running.start()
        assert known_size(running) in (acknowledged[-1], acknowledged[-1] + 1)


def known_size(running: WitnessProcess) -> int:
    answer = running.newest(LOG.key.name)
    return int(answer.body.splitlines()[1]) if answer.status == 200 else 0


def test_of_two_histories_sent_at_once_to_two_processes_one_is_cosigned(store: Path):
    """The check and the write are one step, also between processes that share a store."""
    first, second = WitnessProcess(store).start(), WitnessProcess(store).start()
    try:
        with ThreadPoolExecutor(8) as pool:
            size = 0
            for step in range(1, 9):
                sizes = [size + step + extra for extra in range(8)]
                answers = list(
                    pool.map(
                        lambda pair: pair[0].submit(grow(size, pair[1])),  # noqa: B023 (used up in this turn)
                        [((first, second)[at % 2], wanted) for at, wanted in enumerate(sizes)],
                    )
                )
                won = [wanted for wanted, answer in zip(sizes, answers, strict=True) if answer.status == 200]
                assert len(won) == 1
                assert {answer.status for answer in answers} == {200, 409}
                assert {answer.body for answer in answers if answer.status == 409} == {f"{won[0]}\n"}
                size = won[0]
    finally:
        first.kill()
        second.kill()


def test_sigterm_ends_it_with_0_although_clients_hold_connections(store: Path):
    """And without waiting for any deadline: here a request may take an hour."""
    running = WitnessProcess(store, request_seconds=3600).start()
    held = [http.client.HTTPConnection("127.0.0.1", running.port, timeout=30) for _ in range(3)]
    for connection in held:  # an answer each: they are surely accepted, and not waiting in a queue
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok\n"
    held[2].sock.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 100\r\n\r\nold 0")

    assert running.stop() == 0
    assert held[0].sock.recv(1) == held[1].sock.recv(1) == b""
    for connection in held:
        connection.close()


def test_a_client_that_asks_first_is_told_to_go_on(running: WitnessProcess):
    body = grow(0, 3).encode()
    with socket.create_connection(("127.0.0.1", running.port), timeout=30) as connection:
        connection.sendall(
            b"POST /add-checkpoint HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
        )
        assert connection.recv(65_536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_connection_is_kept_for_several_requests(running: WitnessProcess):
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=30)
    sockets = set()
    for old, size in ((0, 3), (3, 4), (4, 9)):
        connection.request("POST", "/add-checkpoint", grow(old, size).encode())
        assert connection.getresponse().read().startswith("— ".encode())
        sockets.add(id(connection.sock))
    connection.close()

    assert len(sockets) == 1


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (f"Content-Length: {MAX_BODY_BYTES + 1}\r\n", 413),
        ("Content-Length: 999999999\r\n", 413),
        ("Content-Length: 9999999999\r\n", 400),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: +5\r\n", 400),
        ("Content-Length: 0x10\r\n", 400),
        ("", 411),
        ("Transfer-Encoding: chunked\r\n", 411),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 411),
        ("Content-Length: 5\r\nContent-Length: 5\r\n", 411),
        ("Content-Length: 100\r\n", 400),
    ],
)
def test_bodies_are_bounded_and_their_length_is_told_once(running: WitnessProcess, head: str, expected: int):
    answer = exchange(running.port, f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{head}\r\nold 0".encode())

    assert status(answer) == expected
    assert answer.count(b"HTTP/1.1 ") == 1, "what follows a refused head is not taken for a request"
    assert b"Connection: close" in answer


def test_a_body_of_the_largest_size_is_read(running: WitnessProcess):
    assert running.submit("x" * MAX_BODY_BYTES).status == 400


def test_a_body_on_get_is_not_taken_for_the_next_request(running: WitnessProcess):
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: w\r\n\r\n"
    answer = exchange(
        running.port,
        b"GET / HTTP/1.1\r\nHost: w\r\nContent-Length: %d\r\n\r\n%s" % (len(smuggled), smuggled),
    )

    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    "head",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET /healthz HTTP/9.9\r\n\r\n",
        b"GET " + b"x" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
    ],
)
def test_garbage_is_refused_and_the_next_client_is_served(running: WitnessProcess, head: bytes):
    answer = exchange(running.port, head)

    assert 400 <= status(answer) < 600
    assert b"<" not in answer, "nothing is echoed, least of all as HTML"
    assert running.request("GET", "/healthz").status == 200


@pytest.fixture
def in_process(store: Path) -> Iterator[WitnessServer]:
    """The same server in a thread of this process, so that a test can shorten its deadline."""
    cosigner = keyfile.load(store)
    memory = Store(store, cosigner.vkey)
    serving = WitnessServer(Witness(cosigner, memory, lambda: 1_700_000_000), 0)
    thread = threading.Thread(target=serving.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield serving
    serving.stop()
    thread.join(30)
    serving.server_close()
    memory.close()


def test_bytes_that_drip_in_do_not_hold_a_connection(
    in_process: WitnessServer, monkeypatch: pytest.MonkeyPatch
):
    """A byte every tenth of a second would satisfy any time-out per read; the deadline is for the whole."""
    monkeypatch.setattr(server, "REQUEST_SECONDS", 0.5)
    stop = threading.Event()
    with socket.create_connection(in_process.server_address, timeout=30) as connection:
        connection.sendall(b"POST /add-checkpoint HTTP/1.1\r\nContent-Length: 10000\r\n\r\n")

        def drip() -> None:
            while not stop.wait(0.1):
                try:
                    connection.sendall(b"x")
                except OSError:
                    return

        dripper = threading.Thread(target=drip)
        dripper.start()
        try:
            assert connection.recv(1) == b""
        except ConnectionResetError:
            pass  # hung up while a byte was under way: the same thing
        finally:
            stop.set()
            dripper.join(30)


def test_connections_beyond_the_bound_are_hung_up_on(in_process: WitnessServer):
    held = []
    try:
        for _ in range(MAX_CONNECTIONS):
            connection = http.client.HTTPConnection(*in_process.server_address, timeout=30)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b"ok\n"
            held.append(connection)
        with socket.create_connection(in_process.server_address, timeout=30) as one_more:
            assert one_more.recv(1) == b""
        held.pop().close()
        assert served_again(in_process)
    finally:
        for connection in held:
            connection.close()


def served_again(serving: WitnessServer) -> bool:
    """Try until the freed place is noticed; every attempt is answered or hung up on at once."""
    for _ in range(10_000):
        connection = http.client.HTTPConnection(*serving.server_address, timeout=30)
        try:
            connection.request("GET", "/healthz")
            if connection.getresponse().status == 200:
                return True
        except (http.client.HTTPException, ConnectionError):
            continue
        finally:
            connection.close()
    return False


def test_a_store_that_cannot_be_written_is_503_and_nothing_is_cosigned(
    in_process: WitnessServer, store: Path
):
    in_process.witness.store._db.execute("PRAGMA busy_timeout = 50")
    blocker = sqlite3.connect(store / "witness.db", isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    port = in_process.server_address[1]
    body = grow(0, 3).encode()
    head = f"POST /add-checkpoint HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode()

    assert status(exchange(port, head + body)) == 503
    blocker.execute("ROLLBACK")
    blocker.close()
    assert in_process.witness.store.head(LOG.key.name) is None
    assert status(exchange(port, head + body)) == 200


def test_the_witness_shares_no_code_with_the_service():
    script = (
        "import sys, pkgutil, importlib, witness\n"
        "[importlib.import_module(m.name) for m in pkgutil.walk_packages(witness.__path__, 'witness.')"
        " if not m.name.endswith('__main__')]\n"
        "import witness.__main__\n"
        "assert not [name for name in sys.modules if name.partition('.')[0] == 'recordsvc']"
    )
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, timeout=60)


def test_the_command_line_from_nothing_to_a_cosignature(tmp_path: Path):
    folder = tmp_path / "deep" / "witness"
    made = run("init", "--store", folder, "--name", "witness.example/cli")
    again = run("init", "--store", folder, "--name", "witness.example/cli")
    assert made.returncode == again.returncode == 0
    assert made.stdout == again.stdout == run("vkey", "--store", folder).stdout
    assert made.stdout.startswith("witness.example/cli+")
    assert run("add-log", "--store", folder, LOG.key.vkey()).stdout == f"{LOG.key.name}\n"
    assert "nothing cosigned yet" in run("status", "--store", folder).stdout
    process = WitnessProcess(folder).start()
    try:
        assert process.submit(grow(0, 7)).status == 200
    finally:
        assert process.stop() == 0
    assert "size 7 " in run("status", "--store", folder).stdout


def test_files_are_for_their_owner_only(tmp_path: Path):
    folder = tmp_path / "witness"
    run("init", "--store", folder)
    assert {path.name for path in folder.iterdir()} == {"witness.key", "witness.db"}
    for path in (folder, *folder.iterdir()):
        assert path.stat().st_mode & 0o077 == 0


def test_sigint_ends_it_like_sigterm(running: WitnessProcess):
    assert running._end(signal.SIGINT) == 0
