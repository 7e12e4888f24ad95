"""A copy of the tree, in which safeguards are taken away and put back."""

import shutil
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
COPIED: Final = (
    "recordsvc", "tests", "schemas", "demo", "docs", "pyproject.toml", "deploy", "witness", "banksim",
    "creditsim",
)  # fmt: skip


def copied(folder: Path) -> Path:
    """Copy what tests need into a folder that may be there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder / name)
    return folder
