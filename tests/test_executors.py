"""What two people decide is done wherever they decide it: each process that has a desk knows all kinds.

A room registers a kind when its module is imported, and in the tests' own process everything was imported by
somebody: so each answer here comes from a process of its own.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from recordsvc.cli import main
from tests.faults.processes import ROOT
from tests.test_serving import INIT

TOLD = "from recordsvc.ground import two_person\nprint(*sorted(two_person.kinds()))\n"
EVERYTHING = """
import importlib, pkgutil
import recordsvc
# `__main__` and `wsgi` run the service when they are imported; migrations are run by Alembic.
left_out = ("recordsvc.__main__", "recordsvc.wsgi", "recordsvc.migrations.")
for found in pkgutil.walk_packages(recordsvc.__path__, "recordsvc."):
    if not found.name.startswith(left_out):
        importlib.import_module(found.name)
"""
PROCESSES = {
    "serve": "import recordsvc.wsgi\n",
    "console": (
        "from recordsvc.access.grants import Actor, Kind\n"
        "from recordsvc.consoledoors import Doors\n"
        "from recordsvc.serving import load_settings\n"
        "from recordsvc.starting import open_checked\n"
        "Doors(open_checked(load_settings()), lambda: Actor(Kind.OFFICIAL, 'somebody'))\n"
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after its first run."""
    made = tmp_path_factory.mktemp("executors") / "data"
    umask = os.umask(0o077)
    try:
        done = CliRunner().invoke(main, [*INIT, "--data-dir", str(made)])
    finally:
        os.umask(umask)
    assert done.exit_code == 0, done.output
    return made


def kinds(program: str, folder: Path) -> set[str]:
    """The kinds that a process knows after it ran a program."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
    done = subprocess.run(
        [sys.executable, "-c", program + TOLD],
        env=environ | {"RECORDSVC_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.long
@pytest.mark.beside
@pytest.mark.parametrize("process", PROCESSES)
def test_each_process_with_a_desk_can_decide_every_kind_of_proposal(process: str, folder: Path) -> None:
    every = kinds(EVERYTHING, folder)

    assert len(every) > 30
    assert kinds(PROCESSES[process], folder) == every
