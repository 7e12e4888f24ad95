"""Writers with readers on: batches alone, and while feed, tiles and checkpoint are read all the time.

The readers keep a pace, as witnesses and receivers do, instead of taking the cores from the writers: what is
measured is whether reading makes a writer wait.
"""

import contextlib
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from urllib.parse import quote

from bench.figures import Row, Waits

PAUSE_SECONDS = 0.1
"""Between one look of a reader and its next; there are three readers."""
FEED_PAGE = 100
Prove = Callable[[str, str, str], str]
"""Method, path and token → DPoP proof."""


@contextlib.contextmanager
def reading(port: int, token: str, prove: Prove) -> Iterator[dict[str, int]]:
    """Read beside the block; gives how often each was read. Raises what a reader met."""
    ended = threading.Event()
    done = {"feed": 0, "tiles": 0, "checkpoint": 0}
    failures: list[Exception] = []

    def run(name: str, look: Iterator[None]) -> None:
        try:
            for _ in look:
                done[name] += 1
                if ended.wait(PAUSE_SECONDS):
                    return
        except (OSError, http.client.HTTPException, RuntimeError) as error:
            failures.append(error)

    looks = {
        "feed": _feed(port, token, prove),
        "tiles": _again(port, "/log/tile/0/000"),
        "checkpoint": _again(port, "/log/checkpoint"),
    }
    threads = [threading.Thread(target=run, args=one) for one in looks.items()]
    for thread in threads:
        thread.start()
    try:
        yield done
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    if failures:
        raise failures[0]


def row(kind: str, size: int, beside: Waits, alone: Waits, done: dict[str, int]) -> Row:
    """Return the line of the table: batches of `size` beside readers, against batches alone."""
    looks = ", ".join(f"{count} × {name}" for name, count in done.items())
    return Row(
        f"batch of {size:,} under one signature, readers on ({looks})",
        kind,
        beside.rate * size,
        "records/s",
        beside,
        "the same alone",
        alone.rate * size,
        "readers do not slow writers",
    )


def _again(port: int, path: str) -> Iterator[None]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    while True:
        _get(connection, path, {})
        yield


def _feed(port: int, token: str, prove: Prove) -> Iterator[None]:
    """Follow the feed from its beginning; each page leaves rows of who looked."""
    connection, cursor = http.client.HTTPConnection("127.0.0.1", port), ""
    while True:
        query = f"limit={FEED_PAGE}" + (f"&cursor={quote(cursor)}" if cursor else "")
        bound = {"Authorization": f"DPoP {token}", "DPoP": prove("GET", "/v1/entries", token)}
        answer = _get(connection, f"/v1/entries?{query}", bound)
        cursor = json.loads(answer)["next"]
        yield


def _get(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers={"Host": "localhost", **headers})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path.partition('?')[0]}: status {answer.status}: {body[:300]!r}")
    return body
