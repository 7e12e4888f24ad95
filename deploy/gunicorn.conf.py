"""How gunicorn serves recordsvc; `recordsvc run`, systemd and `make bench` all use this file.

Two processes, since signatures, canonical JSON and AES hold the interpreter's lock; threads inside them,
since a request that waits for the shared commit must not keep the next one from joining it. On SQLite the
writers of both processes queue at one file lock (`recordsvc/ground/database.py`).
"""

import tempfile
from pathlib import Path

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
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else tempfile.gettempdir()
limit_request_line = 4094
limit_request_fields = 64
# Our own log has one line for each request, without query strings.
accesslog = None
control_socket_disable = True
