"""How gunicorn serves recordsvc: `--config python:recordsvc.gunicorn_conf`, wherever it is served.

Two processes, since signatures, canonical JSON and AES hold the interpreter's lock; threads inside them,
since a request that waits for the shared commit must not keep the next one from joining it. On SQLite the
writers of both processes queue at one file lock (`recordsvc/ground/database.py`).

Never exposed by itself: a buffering proxy (`deploy/README.md`) stands in front, so that slow senders hold
no thread here. `SIGHUP` replaces the workers, and those that leave finish what is under way.
"""

import contextlib
import gc
import importlib
import logging
import os
import sys
import tempfile
import threading
import weakref
from pathlib import Path
from typing import Any, NoReturn

workers = 2
worker_class = "gthread"
threads = 16
# Kept connections: a centre sends thousands of requests over one, and opening costs more than asking.
keepalive = 75
backlog = 1024
# Longest silence of a worker, not of a request: gthread reports from its main thread.
timeout = 60
# A restart waits for what is under way: no answer is lost, no acknowledged record either.
graceful_timeout = 30
# The heartbeat file must not lie on a disk: a slow fsync elsewhere would look like a dead worker.
_MEMORY = Path("/dev/shm")  # noqa: S108 - gunicorn opens a file without a name in it
worker_tmp_dir = str(_MEMORY) if _MEMORY.is_dir() else tempfile.gettempdir()
umask = 0o077
control_socket_disable = True

# What an application believes of itself must not come from a request. By default gunicorn lets the proxy's
# address set SCRIPT_NAME and PATH_INFO, and a proxy on this machine passes on what strangers put there.
forwarder_headers = ""
forwarded_allow_ips = ""
# gunicorn believes whoever speaks through a Unix socket, whatever the line above says: nothing to believe.
secure_scheme_headers: dict[str, str] = {}
proxy_protocol = False
http2_cleartext = "off"
# One reading of HTTP, whatever else is installed.
http_parser = "python"
header_map = "drop"
limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

REFUSED: int = 4
"""Exit code of a worker that must not serve: gunicorn's own for an application that does not load, at which
it gives up instead of trying again."""


class _Refusal:
    """A refused start, said once: by the worker that takes the only byte out of a pipe."""

    def __init__(self) -> None:
        self.pipe: tuple[int, int] | None = None
        self.seen = False


_refusal = _Refusal()


def refuse(why: object) -> NoReturn:
    """End a worker that must not serve with one sentence for all of them on standard error."""
    if _refusal.pipe is not None:
        try:
            os.read(_refusal.pipe[0], 1)
        except BlockingIOError:
            # Another one tells. Two that end so while gunicorn gives up are its own traceback.
            raise SystemExit(0) from None
    sys.stderr.write(f"Error: {why}\n")
    sys.stderr.flush()
    raise SystemExit(REFUSED)


class Quiet(logging.Filter):
    """Keeps gunicorn from telling, after the one sentence, that a worker ended and that it shuts down."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a line through; none from the first that tells of a refusal."""
        arguments = record.args if isinstance(record.args, tuple) else ()
        _refusal.seen |= record.msg.startswith("Worker (pid:%s) exited") and arguments[-1:] == (REFUSED,)
        return not _refusal.seen


# Our own log has one line for each request, without path and query string; gunicorn's lines join it, and
# leave as their template alone where they would repeat what a client sent.
accesslog = None
logconfig_dict: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"quiet": {"()": f"{__name__}.Quiet"}},
    "handlers": {"lines": {"class": "recordsvc.ground.observe.LineHandler", "filters": ["quiet"]}},
    "root": {"level": "WARNING", "handlers": ["lines"]},
    "loggers": {"gunicorn.error": {"level": "WARNING", "handlers": ["lines"], "propagate": False}},
}

LIBRARIES = (
    "cryptography.hazmat.primitives.asymmetric.ed25519",
    "cryptography.hazmat.primitives.ciphers.aead",
    "flask",
    "jsonschema_rs",
    "jwt",
    "marshmallow",
    "nacl.bindings",
    "orjson",
    "sqlalchemy.dialects.sqlite",
)
"""What the workers share. Our own modules are not among them: `SIGHUP` brings new workers new code.

Nor is prometheus_client: it asks once, when imported, for the folder that the processes share, and a worker's
settings name it.
"""


def on_starting(_server: Any) -> None:
    """Import libraries once for all workers: half of what a start costs. Nothing of ours is opened here."""
    _refusal.pipe = os.pipe()
    os.set_blocking(_refusal.pipe[0], False)
    os.write(_refusal.pipe[1], b"1")
    _collect_less_often()
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the core with the fewest workers for a new one."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    taken = [getattr(other, "core", None) for other in server.WORKERS.values()]
    worker.core = min(cores, key=taken.count, default=None)


def post_fork(server: Any, worker: Any) -> None:  # noqa: ARG001 - gunicorn calls it so
    """Keep all threads of a worker on one core.

    The interpreter's lock lets one of them run at a time anyway; handing it from core to core costs more than
    the work in between: 2.1 ms of CPU a posted record with 16 clients, 0.9 ms on one core (measured).
    """
    if worker.core is not None:
        # A sandbox may forbid it; then it only costs more.
        with contextlib.suppress(OSError):
            os.sched_setaffinity(0, {worker.core})


def on_exit(_server: Any) -> None:
    """End a refused start with the exit code of every refused command."""
    if _refusal.seen:
        raise SystemExit(1)


def pre_request(_worker: Any, request: Any) -> None:
    """Let whoever reads a body say that the rest of it is not wanted (`answers.py`, 413)."""
    # Weak: a ring of two would leave each request to the garbage collector.
    request.body.request = weakref.proxy(request)


def post_worker_init(worker: Any) -> None:
    """Last hook before a worker serves."""
    _refuse_without_repeating()
    gc.freeze()
    _warm_beside(worker.wsgi)


def _refuse_without_repeating() -> None:
    """Keep gunicorn's page for what is no HTTP request from showing the sender's own bytes."""
    util: Any = importlib.import_module("gunicorn.util")
    write = util.write_error
    util.write_error = lambda sock, status, reason, _message: write(sock, status, reason, "")


def _warm_beside(app: Any) -> None:
    """Compile templates and validators in a thread: a start, or a restart, is answered a tenth sooner."""
    from recordsvc import service  # with the workers' code, not the master's

    if "warmers" in getattr(app, "extensions", {}):
        threading.Thread(target=service.warm, args=(app,), name="warm", daemon=True).start()


def _collect_less_often() -> None:
    """Let the collector of cycles come less often, from the start on; the workers inherit it.

    A batch makes ten thousand objects that all stay until its answer: looking through them again and again
    cost 8 % of its time (measured). Nearly all that a start makes lives as long as the process: looking
    through that cost 0.1 s of 0.6 (measured), and it is frozen instead, in the master and again in each
    worker. What a start leaves dead is some hundred objects, too few to look for them first.
    """
    gc.set_threshold(20_000, 20, 20)
