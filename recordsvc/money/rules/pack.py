"""The sample pack (样例规则): rules to try the product by, until an authority publishes its own.

Laid down by nobody, and marked so in every answer. The files are pinned by hash: one that was altered is no
longer what was reviewed and released with the service, and refuses the start.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from recordsvc.money.rules.checking import load
from recordsvc.money.rules.rule import Rule

FOLDER: Final = Path(__file__).resolve().parents[2] / "data" / "rules"
PINS: Final = "SHA256SUMS"


class RuleAltered(RuntimeError):
    """A rule is not, byte for byte, what was published under its hash."""


@cache
def samples() -> Mapping[str, Rule]:
    """Return every rule of the pack by its code. Raises `RuleAltered`."""
    found = [load(text) for text in texts(FOLDER)]
    return MappingProxyType({rule.code: rule for rule in found})


def texts(folder: Path) -> list[bytes]:
    """Return the texts of a folder of pinned rules, in the order of their names. Raises `RuleAltered`."""
    lines = (folder / PINS).read_text("ascii").splitlines()
    pins = {name: sha256 for sha256, _, name in (line.partition("  ") for line in lines)}
    found = {path.name: path.read_bytes() for path in folder.glob("*.yaml")}
    for name in sorted(pins.keys() ^ found.keys()):
        raise RuleAltered(f"{name}: a rule is missing, or one that nobody pinned was added")
    for name, text in found.items():
        if hashlib.sha256(text).hexdigest() != pins[name]:
            raise RuleAltered(f"{name}: the text differs from what was released")
    return [found[name] for name in sorted(found)]
