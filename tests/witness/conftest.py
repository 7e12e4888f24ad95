"""Fixtures: a witness that knows the test log, running or in hand."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from recordsvc.translog.note import NoteKey
from tests.witness.logs import LOG
from tests.witness.process import WitnessProcess
from witness.__main__ import add_log, init

NAME = "witness.example/w1"

settings.register_profile("unhurried", deadline=None)  # a busy machine is no failure
settings.load_profile("unhurried")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """The folder of a witness that knows the test log."""
    folder = tmp_path / "witness"
    init(folder, NAME)
    add_log(folder, LOG.key.vkey(), None)
    return folder


@pytest.fixture
def key(store: Path) -> NoteKey:
    """The witness's public key, as the service reads it."""
    return NoteKey.parse(init(store, NAME).vkey)


@pytest.fixture
def running(store: Path) -> Iterator[WitnessProcess]:
    """The witness, serving."""
    process = WitnessProcess(store).start()
    yield process
    process.kill()
