"""The commands: each is listed, can be imported, explains itself, and needs no more than its extra."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from recordsvc.cli import COMMANDS, EXTRAS, main

DOCUMENT = Path(__file__).parent.parent / "docs" / "commands.md"
HEAD = """# Commands

`recordsvc --help` lists them. This page is written from the commands themselves by
`UPDATE_COMMANDS=1 pytest tests/test_commands.py`; without that variable the test fails on any difference.
Settings are in [settings.md](settings.md), exit codes where a command has more than 0 and 1 in its own help.
"""
HEAVY = [
    *(
        "alembic",
        "apispec",
        "argon2",
        "flask",
        "gunicorn",
        "httpx",
        "jsonschema_rs",
        "jwt",
        "marshmallow",
        "nacl",
    ),
    *(
        "openpyxl",
        "orjson",
        "prometheus_client",
        "psycopg",
        "pyotp",
        "python_calamine",
        "rich",
        "segno",
        "sqlalchemy",
        "webauthn",
        "werkzeug",
    ),
]
"""What neither the base install nor its two dependencies bring."""
CENTRE = ["httpx", "nacl", "openpyxl", "orjson", "python_calamine", "rich"]
"""What the extra `submit` adds to the base install."""


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command and subcommand with the words that call it."""
    context = click.Context(main)
    for name in main.list_commands(context):
        command = main.get_command(context, name)
        assert command is not None
        yield from _below(f"recordsvc {name}", command)


def _below(words: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from _below(f"{words} {name}", inner)


EVERY = dict(commands())


def described() -> str:
    """The page: a section for each command, a row for each option and argument."""
    parts = [HEAD]
    for words, command in EVERY.items():
        arguments = [one for one in command.params if isinstance(one, click.Argument)]
        called = " ".join([words, *(str(one.human_readable_name) for one in arguments)])
        parts.append(f"\n## `{called}`\n\n{(command.help or '').replace(chr(8), '').strip()}\n")
        rows = [_row(one) for one in command.params if isinstance(one, click.Option)]
        if rows:
            parts.append("\n| option | meaning | default |\n|---|---|---|\n" + "".join(rows))
    return "".join(parts)


def _row(option: click.Option) -> str:
    kind = option.type
    value = (
        "\\|".join(str(one) for one in kind.choices)
        if isinstance(kind, click.Choice)
        else option.metavar or kind.name
    )
    names = ", ".join(f"`{name}`" for name in option.opts)
    shown = names if option.is_flag else f"{names} {value}"
    default = f"`{option.default}`" if option.show_default and option.default is not None else ""
    return f"| {shown} | {option.help} | {'required' if option.required else default} |\n"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_listed_imported_and_explains_itself(name: str) -> None:
    listed = CliRunner().invoke(main, ["--help"])
    explained = CliRunner().invoke(main, [name, "--help"])

    assert f"\n  {name}" in listed.output
    assert explained.exit_code == 0, explained.output
    assert "Usage" in explained.output


@pytest.mark.parametrize("words", EVERY)
def test_a_command_and_each_of_its_options_say_what_they_mean(words: str) -> None:
    command = EVERY[words]

    assert command.help
    assert [one.name for one in command.params if isinstance(one, click.Option) and not one.help] == []


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    if os.environ.get("UPDATE_COMMANDS"):
        DOCUMENT.write_text(described(), "utf-8")

    assert DOCUMENT.read_text("utf-8") == described()


def _without(modules: list[str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process where these modules cannot be imported."""
    program = (
        "import importlib.abc, sys\n"
        "class Absent(importlib.abc.MetaPathFinder):\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name.partition('.')[0] in {modules!r}:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from recordsvc.cli import main\n"
        f"main({list(arguments)!r}, prog_name='recordsvc')\n"
    )
    return subprocess.run([sys.executable, "-c", program], check=False, capture_output=True, text=True)


def test_the_verifier_runs_on_the_base_install() -> None:
    shown = _without(HEAVY, "verify", "--help")

    assert (shown.returncode, shown.stderr) == (0, "")
    assert "--log-key" in shown.stdout


def test_a_centres_machine_needs_nothing_of_the_server() -> None:
    shown = _without([name for name in HEAVY if name not in CENTRE], "submit", "--help")

    assert (shown.returncode, shown.stderr) == (0, "")


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "verify"])
def test_a_command_without_its_extra_says_which_to_install_or_runs(name: str) -> None:
    """Some commands load what they need only when they work; those that load it at once name the extra."""
    shown = _without(HEAVY, name, "--help")

    assert shown.returncode == 0 or f"recordsvc[{EXTRAS.get(name, 'server')}]" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("arguments", [("log", "fsck"), ("log", "checkpoint"), ("notices", "dead")])
def test_a_command_that_loads_its_parts_late_says_so_too(arguments: tuple[str, ...]) -> None:
    shown = _without(HEAVY, *arguments)

    assert (shown.returncode, "Traceback" in shown.stderr) == (2, False)
    assert f"`recordsvc {arguments[0]}` needs " in shown.stderr
    assert shown.stderr.endswith(": install recordsvc[server]\n")
