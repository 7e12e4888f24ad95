"""Slow clients: 200 that never finish their headers, 200 their body, 40 a large one; others are answered."""

import time

import pytest

from tests.deploy.app import OCTETS
from tests.deploy.attackers import Slow, to_port, to_socket
from tests.deploy.edge import Edge, exchange
from tests.faults.test_kill import say

pytestmark = pytest.mark.long

ORDINARY = 40
STARVED_S = 5
PATIENCE_S = 60
"""A service whose threads are all held answers never, not late."""


@pytest.mark.parametrize(
    "shape",
    [{"headers": 200}, {"bodies": 200}, {"large": 40}, {"headers": 200, "bodies": 200, "large": 40}],
    ids="+".join,
)
def test_ordinary_requests_are_answered_beside_slow_ones(edge: Edge, shape: dict[str, int]) -> None:
    with Slow(to_port(edge.port, edge.context()), **shape):
        time.sleep(1)
        times = []
        for number in range(ORDINARY):
            began = time.perf_counter()
            if number % 2:
                answer = edge.ask("GET", "/seen", seconds=PATIENCE_S)
            else:
                answer = edge.ask("POST", "/size", b"x" * 1000, {"Content-Type": OCTETS}, seconds=PATIENCE_S)
            times.append(time.perf_counter() - began)
            assert answer.status == 200
    say(f"{edge.kind} {shape}: median {sorted(times)[len(times) // 2]:.4f} s, worst {max(times):.4f} s")
    # Nothing is left behind either.
    assert edge.ask("GET", "/seen").status == 200


def test_the_same_clients_stop_a_service_without_a_proxy(edge: Edge) -> None:
    """So the attack is one, and it is the proxy that withstands it."""
    with Slow(to_socket(edge.service.path), headers=200):
        # Which of the two processes takes a connection up is chance: where one took nearly all of them, the
        # other has threads free and answers what comes to it. What comes to the first is never answered.
        stopped = any(not edge.service.answers(STARVED_S) for _n in range(20))

    assert stopped
    # The requests that waited are over soon after their clients are.
    assert edge.ask("GET", "/seen", seconds=60).status == 200


def test_many_large_bodies_at_once_are_all_taken(edge: Edge) -> None:
    """Those that do not fit in the lane of large ones wait; none is refused."""
    size = 2 * 1024 * 1024
    head = f"POST /size HTTP/1.1\r\nHost: localhost\r\nContent-Type: {OCTETS}\r\n"
    head += f"Content-Length: {size}\r\n"
    held = [edge.connect(source=f"127.0.9.{n + 1}", seconds=60) for n in range(20)]
    try:
        for client in held:
            client.sendall(head.encode() + b"Connection: close\r\n\r\n" + b"x" * 1024)
        answers = [exchange(client, b"x" * (size - 1024)) for client in held]
    finally:
        for client in held:
            client.close()

    assert [answer[:12] for answer in answers] == [b"HTTP/1.1 200"] * 20
