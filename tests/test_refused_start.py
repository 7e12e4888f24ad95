"""A start that is refused says why in one sentence, without a trace of calls, and ends with exit code 1."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from recordsvc.cli import main
from recordsvc.house import open_house
from recordsvc.settings import Settings
from recordsvc.translog.checkpoint import Checkpoint
from tests.faults.processes import ROOT
from tests.ports import free_ports
from tests.test_serving import INIT


def _ahead(settings: Settings) -> str:
    """A checkpoint that the log signed and this database does not reach."""
    house = open_house(settings)
    try:
        checkpoint = Checkpoint(settings.log_origin, 99, bytes(range(32)))
        return checkpoint.sign(house.keys.public("log").raw, lambda data: house.keys.sign("log", data))
    finally:
        house.close()


def _torn(settings: Settings) -> str:
    return _ahead(settings)[:-40]


def _foreign(settings: Settings) -> str:
    return _ahead(settings).replace(settings.log_origin, "elsewhere.example.test")


SAID = {
    _ahead: "an old copy was restored",
    _torn: "is no checkpoint of this log",
    _foreign: "another service's",
}


@pytest.mark.parametrize("kept", SAID)
@pytest.mark.parametrize("command", ["serve", "work"])
def test_a_refused_start_is_one_sentence(
    kept: Callable[[Settings], str], command: str, tmp_path: Path
) -> None:
    folder = tmp_path / "data"
    assert CliRunner().invoke(main, [*INIT, "--data-dir", str(folder)]).exit_code == 0
    settings = Settings.load({"RECORDSVC_DATA_DIR": str(folder)})
    settings.anchor_path.write_text(kept(settings), "utf-8")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("RECORDSVC_")}
    arguments = ["serve", "--port", str(free_ports(1)[0])] if command == "serve" else ["work"]

    done = subprocess.run(
        [sys.executable, "-m", "recordsvc", *arguments],
        env=environ | {"RECORDSVC_DATA_DIR": str(folder), "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (done.returncode, done.stdout) == (1, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith("Error: ")
    assert SAID[kept] in line
