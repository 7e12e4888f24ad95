"""A restricted archive is read at no console: every command that shows a person, by the list of all."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from recordsvc.archive import erasing, held
from recordsvc.cli import main
from recordsvc.house import House
from tests.archive.paperfiles import png
from tests.archive.support import Centre, person
from tests.archive.test_erasing import OFFICER
from tests.people.test_enrolling import fact, take
from tests.test_commands import EVERY
from tests.test_number_commands import commands, mine, settings, typed
from tests.test_window_commands import served

__all__ = ["commands", "mine", "settings"]
TITLE, OTHER = "金丝雀材料名", "丁不同"
LOOK = ("--purpose", "service-window", "--case", "K-1")
Run = Callable[..., Result]


def worker(house: House) -> str:
    found = house.people.find("resident-id", person(1)["number"])
    assert found is not None
    return str(uuid.UUID(bytes=found))


def waiting(house: House) -> str:
    with house.db.read() as conn:
        (one,) = held.waiting(conn)
    return str(uuid.UUID(bytes=one.held_id))


def at_desk(command: str, *words: str) -> Callable[[House, CliRunner, Path], Result]:
    """A command of an official, who signs in."""
    return lambda house, runner, _to: typed(house, runner, command, *_filled(house, words))


def at_counter(command: str) -> Callable[[House, CliRunner, Path], Result]:
    """A command of the window: what lies on the counter is typed."""
    return lambda house, runner, _to: served(house, runner, command)


def letters(_house: House, runner: CliRunner, to: Path) -> Result:
    """The letters to print."""
    return runner.invoke(main, ["notices", "print-list", str(to), "--case", "K-1"])


def _filled(house: House, words: tuple[str, ...]) -> list[str]:
    given = {"WORKER": worker, "HELD": waiting}
    return [given[one](house) if one in given else one for one in words]


DRIVEN: dict[str, Callable[[House, CliRunner, Path], Result]] = {
    "numbers list": at_desk("numbers list", "WORKER", "--case", "K-1"),
    "held show": at_desk("held show", "HELD", *LOOK),
    "case strays": at_desk("case strays", "WORKER"),
    "window list": at_counter("window list"),
    "window numbers": at_counter("window numbers"),
    "window disputes": at_counter("window disputes"),
    "paper list": at_counter("paper list"),
    "notices print-list": letters,
}
"""Commands that show a person."""
SILENT = {
    "case slips": "opaque ids of papers and who took them",
    "case list": "ids, grounds and words without personal data",
    "held list": "ids, reasons and issuers",
    "notices dead": "ids, kinds and errors",
    "notices desk": "what a desk was told: ids and codes",
    "objections list": "ids, states and issuers",
    "case copy": "a copy of a closed archive; one of a restricted archive: test_legal_hold.py",
    "case hold-copy": "the one lawful reading: test_legal_hold.py",
    "case papers": "the same holder is asked for, 423 (archive/papers.py)",
    "case paper-save": "as `case papers`",
    "case proposal-papers": "hashes alone",
    "case proposal-records": "type, title and days to whoever decides: test_old_welder.py",
    "case proposal-paper": "to whoever decides it, beside a restricted archive, too: test_proposal_papers.py",
    "paper save": "as `paper list`: no service begins",
    "window notices": "as `window list`: no service begins",
    "window certificate": "by the doors of certificates, tests/web/test_certificates.py",
    "objections show": "by the door GET /v1/desk/disputes/<id>, test_restricted_doors.py",
    "institution papers": "an institution's papers",
    "institution paper-save": "an institution's paper",
}
"""Commands of these groups that read and show nobody, or are driven elsewhere."""
WRITING = frozenset(
    """
    case decide|case merge|case unmerge|case move|case settle|case restrict|case unrestrict|case erase
    case close|case seal-moved
    case reopen|case trust|case place|case relatives|case hold|case check-slip|held release|held return
    institution retire-keys|institution state|notices desk-read|notices printed|notices replay|notices skip
    numbers add|numbers confirm-card|numbers reassign|numbers rename|numbers stand|numbers withdraw-event
    objections decide|objections say|paper add|window activate|window confirm|window contest
    window foreign|window notices-read|window phone|window say|window state
    """.replace("\n", "|")
    .replace(" " * 4, "")
    .strip("|")
    .split("|")
)
"""Commands that enter or propose something and show nothing of what stands."""
GROUPS = ("case", "held", "institution", "notices", "numbers", "objections", "paper", "window")


def test_every_command_on_persons_is_driven_or_placed() -> None:
    there = {words.removeprefix("recordsvc ") for words in EVERY}
    leaves = {one for one in there if one.split()[0] in GROUPS and " " in one}
    assert leaves - DRIVEN.keys() - SILENT.keys() - WRITING == set(), "place it"
    assert (DRIVEN.keys() | SILENT.keys() | WRITING) - leaves == set(), "a command that is gone"


@pytest.mark.parametrize("command", DRIVEN)
def test_no_command_reads_a_restricted_archive(
    house: House, commands: CliRunner, mine: bytes, tmp_path: Path, command: str
) -> None:
    centre = Centre(house, 3)
    centre.send([centre.completion({**person(1), "name": OTHER})])
    house.papers.keep(mine, png(), "commitment-letter", TITLE, OFFICER)
    take(house, fact(1))
    before = DRIVEN[command](house, commands, tmp_path / "before")
    assert before.exit_code == 0, before.output
    erasing.restrict(house, mine, "authority-order", "依决定", OFFICER)
    told: Any = DRIVEN[command](house, commands, tmp_path / "after")
    if command != "notices print-list":
        # No service begins, and the answer is that for nobody.
        why = "未能对应到同一人" if command.partition(" ")[0] in ("window", "paper") else "档案已限制处理"
        assert (told.exit_code, why in told.output) == (1, True), told.output
    for canary in (person(1)["name"], person(1)["number"], OTHER, TITLE):
        assert canary not in told.output
