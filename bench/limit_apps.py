"""The least that could answer: bare applications under the same server, to compare the service with.

`durable` stores a request's body and answers after the commit, with nothing else around it. Both ways of
committing are offered, each request alone and many together, and the better one counts as the limit.
"""

import contextlib
import fcntl
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import flask
import psycopg

from recordsvc.ground.sqlite import SQLITE_PRAGMAS

Application = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
Store = Callable[[bytes], None]
ANSWER = b'{"stored":true}'


def hello() -> flask.Flask:
    """Return the smallest Flask application that answers JSON."""
    app = flask.Flask("hello")
    app.add_url_rule("/", view_func=lambda: {"hello": "world", "from": "flask"})
    return app


def durable(url: str, way: str) -> Application:
    """Return an application that commits each body: `way` is "each" or "group"."""
    store = (
        _grouped(_sqlite if url.startswith("sqlite") else _postgresql, url) if way == "group" else _each(url)
    )

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            store(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])))
        start_response(
            "201 Created", [("Content-Type", "application/json"), ("Content-Length", str(len(ANSWER)))]
        )
        return [ANSWER]

    return application


def create_table(url: str) -> None:
    """Make the one table the limit needs."""
    if url.startswith("sqlite"):
        with contextlib.closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            # Two processes that both found a file without it would lock each other out of making it so.
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("CREATE TABLE body (n INTEGER PRIMARY KEY, data BLOB NOT NULL)")
        return
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute(
            "CREATE TABLE body (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data bytea NOT NULL)"
        )


def _each(url: str) -> Store:
    """One commit a request, a connection for each thread."""
    make = _sqlite if url.startswith("sqlite") else _postgresql
    local = threading.local()

    def store(body: bytes) -> None:
        if not hasattr(local, "store"):
            local.store = make(url)
        local.store([body])

    return store


def _grouped(make: Callable[[str], Callable[[list[bytes]], None]], url: str) -> Store:
    """One thread of the process commits what queued meanwhile."""
    waiting: queue.SimpleQueue[tuple[bytes, threading.Event]] = queue.SimpleQueue()
    starting = threading.Lock()
    workers: list[threading.Thread] = []

    def work() -> None:
        store = make(url)
        while True:
            taken = [waiting.get()]
            while not waiting.empty():
                taken.append(waiting.get())
            store([body for body, _ in taken])
            for _, done in taken:
                done.set()

    def store(body: bytes) -> None:
        # Started at the first request: a thread begun before the workers fork would stay behind in the
        # parent.
        with starting:
            if not workers:
                workers.append(threading.Thread(target=work, daemon=True))
                workers[0].start()
        done = threading.Event()
        waiting.put((body, done))
        done.wait()

    return store


def _sqlite(url: str) -> Callable[[list[bytes]], None]:
    path = Path(url.removeprefix("sqlite:///"))
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    for name, value in SQLITE_PRAGMAS:
        connection.execute(f"PRAGMA {name}={value}")

    def store(bodies: list[bytes]) -> None:
        lock = os.open(f"{path}.writer", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO body (data) VALUES (?)", [(body,) for body in bodies])
            connection.execute("COMMIT")
        finally:
            os.close(lock)

    return store


def _postgresql(url: str) -> Callable[[list[bytes]], None]:
    connection = psycopg.connect(url.replace("+psycopg", ""))
    connection.prepare_threshold = 1

    def store(bodies: list[bytes]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO body (data) VALUES (%s)", [(body,) for body in bodies])
        connection.commit()

    return store
