"""What a reviewer would otherwise have to remember, held by test (architecture.md; style.md section 1.9)."""

import ast
import dataclasses
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from recordsvc.settings import Settings

ROOT = Path(__file__).parent.parent
SOURCES = sorted(
    path
    for package in ("recordsvc", "witness", "banksim", "creditsim", "demo")
    for path in (ROOT / package).rglob("*.py")
)
ROOMS = sorted(path.parent.name for path in (ROOT / "recordsvc").glob("*/__init__.py"))
BANNED_NAMES = {"utils.py", "helpers.py", "common.py", "manager.py", "misc.py"}
MODULE_LINES = 450

READS_ENVIRONMENT = {
    "recordsvc/settings.py",
    # The Prometheus library takes the folder its processes share from there, and from nowhere else.
    "recordsvc/ground/observe.py",
}
READS_TIME = {
    "recordsvc/ground/ports.py",
    # Where the witness starts; inside it, too, time is handed in.
    "witness/__main__.py",
    # Where the simulated bank starts: its clock is its own.
    "banksim/__main__.py",
    # A log line is stamped by the machine's clock; nothing is decided by it.
    "recordsvc/ground/observe.py",
}


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def attributes(tree: ast.AST) -> Iterator[str]:
    """Every dotted name of a module, as written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield ast.unparse(node)


def test_imports_run_downward() -> None:
    assert lint_imports(config_filename=str(ROOT / "pyproject.toml")) == 0


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_only_the_settings_read_the_environment(path: Path) -> None:
    used = {
        name
        for name in attributes(ast.parse(path.read_bytes()))
        if re.match(r"os\.(environb?|getenv)\b", name)
    }

    assert used == set() or named(path) in READS_ENVIRONMENT


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_time_enters_through_the_clock(path: Path) -> None:
    forbidden = re.compile(r"(^|\.)(utcnow|utcfromtimestamp|today)$|(^|\.)datetime\.now$|^time\.time(_ns)?$")
    tree = ast.parse(path.read_bytes())
    calls = {ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}

    assert {name for name in calls if forbidden.search(name)} == set() or named(path) in READS_TIME


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_a_module_is_named_for_what_it_does(path: Path) -> None:
    assert path.name not in BANNED_NAMES


@pytest.mark.parametrize("path", SOURCES, ids=named)
def test_no_module_grows_out_of_sight(path: Path) -> None:
    """Over 250 lines a module's first lines say why; over this many it is two modules."""
    assert "versions" in path.parts or len(path.read_bytes().splitlines()) <= MODULE_LINES


@pytest.mark.parametrize("room", ROOMS)
def test_a_rooms_package_imports_nothing(room: str) -> None:
    tree = ast.parse((ROOT / "recordsvc" / room / "__init__.py").read_bytes())

    assert [type(node).__name__ for node in tree.body if not isinstance(node, ast.Expr)] == []


def test_importing_the_package_loads_no_third_party_code() -> None:
    """The verifier is installed without Flask and SQLAlchemy; nothing may need them on the way in."""
    program = (
        "import sys; before = set(sys.modules); import recordsvc; print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True, cwd=ROOT
    )
    foreign = {name.partition(".")[0] for name in loaded.stdout.split()} - sys.stdlib_module_names

    assert foreign == {"recordsvc"}


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    documented = re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE)

    assert documented == [field.name for field in dataclasses.fields(Settings)]


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_a_settings_default_in_the_documentation_is_the_real_one(field: dataclasses.Field) -> None:
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    shown = re.search(rf"^\| `{field.name}` \| ([^|]*) \|", text, re.MULTILINE)
    default = field.default

    assert shown is not None
    if isinstance(default, int):
        assert shown[1] == f"`{default}`"
    elif isinstance(default, tuple) and default:
        assert shown[1] == f"`{', '.join(default)}`"
    elif isinstance(default, str) and default:
        assert shown[1] == f"`{default}`"
    elif default is dataclasses.MISSING and field.name != "data_dir":
        assert shown[1] == "none"
