"""First run and serving: what may be repeated, whose the files are, hardened wherever installed."""

import dataclasses
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner

from recordsvc import gunicorn_conf
from recordsvc.cli import main
from recordsvc.serving import (
    GUNICORN_CONFIG,
    forget_metrics,
    gunicorn_command,
    load_settings,
    rewrite_settings,
    write_settings,
)
from recordsvc.settings import Settings

INIT = [
    *("init", "--environment", "test", "--log-origin", "log.example.test", "--audience", "https://a.test"),
    *("--region", "11110000000000000A", "--issuer-url", "https://a.test", "--public-url", "https://a.test"),
]


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def test_gunicorn_takes_its_settings_from_the_package() -> None:
    command = gunicorn_command("127.0.0.1", 8930)

    assert command[command.index("--config") + 1] == GUNICORN_CONFIG == f"python:{gunicorn_conf.__name__}"
    assert command[command.index("--bind") + 1] == "127.0.0.1:8930"
    assert (gunicorn_conf.umask, gunicorn_conf.forwarder_headers, gunicorn_conf.header_map) == (
        0o077,
        "",
        "drop",
    )


def test_each_new_worker_gets_the_core_with_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that replaces a dead worker, and the second set of a graceful restart."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _pid: {3, 5}, raising=False)
    server = SimpleNamespace(WORKERS={})

    def start() -> int:
        worker = SimpleNamespace()
        gunicorn_conf.pre_fork(server, worker)
        server.WORKERS[id(worker)] = worker
        return int(worker.core)

    assert [start(), start()] == [3, 5]
    del server.WORKERS[next(iter(server.WORKERS))]
    assert [start(), start(), start()] == [3, 3, 5]


def test_a_worker_serves_where_it_may_not_choose_its_core(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sandbox forbids it, or the system knows no such thing."""

    def forbidden(_pid: int, _cores: set[int]) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setaffinity", forbidden, raising=False)
    gunicorn_conf.post_fork(None, SimpleNamespace(core=0))
    gunicorn_conf.post_fork(None, SimpleNamespace(core=None))


def test_what_the_workers_share_leaves_the_metrics_folder_to_them() -> None:
    """prometheus_client imported before the folder is named would count for one process only."""
    program = (
        "import sys\nfrom recordsvc import gunicorn_conf\n"
        "gunicorn_conf.on_starting(None)\nprint('prometheus_client' in sys.modules)"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert said.stdout.strip() == "False"


def test_what_a_start_makes_is_not_looked_through_for_garbage() -> None:
    """In the master and again in each worker: what lives as long as the process is frozen."""
    program = (
        "import gc\nfrom types import SimpleNamespace\nfrom recordsvc import gunicorn_conf\n"
        "gunicorn_conf.on_starting(None)\nfirst = gc.get_freeze_count()\n"
        "made = [[] for _ in range(1000)]\n"
        "gunicorn_conf.post_worker_init(SimpleNamespace(wsgi=None))\n"
        "print(first > 10_000, gc.get_freeze_count() >= first + 1000, gc.isenabled(), gc.get_threshold())"
    )
    said = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)

    assert said.stdout.strip() == "True True True (20000, 20, 20)"


def test_a_first_run_may_be_repeated_and_leaves_nothing_that_others_read(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    first = CliRunner().invoke(main, [*INIT, "--data-dir", str(folder)])
    second = CliRunner().invoke(main, [*INIT, "--data-dir", str(folder)])

    assert (first.exit_code, second.exit_code) == (0, 0), first.output + second.output
    assert [path for path in folder.rglob("*") if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


def test_what_was_fixed_at_the_first_run_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = str(tmp_path / "data")
    CliRunner().invoke(main, [*INIT, "--data-dir", folder])
    monkeypatch.setenv("RECORDSVC_AUDIENCE", "https://other.test")

    again = CliRunner().invoke(main, [*INIT, "--data-dir", folder])

    assert again.exit_code == 1
    assert "Error: audience was fixed at the first run" in again.output


def test_settings_that_are_there_are_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "recordsvc.toml"
    write_settings(path, {"log_origin": "first", "witness_keys": ["a", "b"]})
    write_settings(path, {"log_origin": "second"})

    assert path.read_text("utf-8") == 'log_origin = "first"\nwitness_keys = ["a", "b"]\n'


def test_changed_values_leave_the_rest_as_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "recordsvc.toml"
    path.write_text(
        '# ours\nport= 1 # here\nwitness_urls = ["http://old"]\npublic_url="http://old"\n', "utf-8"
    )
    rewrite_settings(path, {"public_url": "http://new", "witness_urls": ["http://\\1"]})

    assert path.read_text("utf-8") == (
        '# ours\nport= 1 # here\nwitness_urls = ["http://\\\\1"]\npublic_url = "http://new"\n'
    )
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "written", ["", 'public_url = """\nhttp://old"""\n'], ids=["missing", "several lines"]
)
def test_values_that_cannot_be_changed_in_place_are_the_users(tmp_path: Path, written: str) -> None:
    path = tmp_path / "recordsvc.toml"
    path.write_text(written, "utf-8")
    with pytest.raises(click.ClickException, match="by hand"):
        rewrite_settings(path, {"public_url": "http://new"})

    assert path.read_text("utf-8") == written


def test_a_fault_in_the_settings_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="missing setting"):
        load_settings({}, tmp_path)


def test_counters_of_processes_that_are_gone_are_forgotten(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    shared = dataclasses.replace(settings, metrics_dir=str(folder))
    forget_metrics(shared)
    (folder / "counter_1.db").write_bytes(b"old")

    forget_metrics(shared)

    assert list(folder.iterdir()) == []


def test_without_shared_counters_there_is_nothing_to_forget(settings: Settings) -> None:
    forget_metrics(settings)
