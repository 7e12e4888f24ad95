"""Names of members and fields as an answer repeats them: only such as could be ours.

Whoever puts a person's number or name where a field's name belongs is told that there is no such field, and
nothing of what they sent: an error travels on into other people's logs (architecture.md, rule 2).
"""

import re
from typing import Final

HIDDEN: Final = "?"
"""Stands for a name that is not repeated."""
_PLAIN: Final = re.compile(r"(?!.*[0-9]{6})[A-Za-z_$@][A-Za-z0-9_.:$@-]{0,39}")


def repeated(name: object) -> str:
    """Return a name (or an index) as a pointer may hold it; `HIDDEN` where it is no plain word."""
    if type(name) is int:
        return str(name)
    return name if isinstance(name, str) and _PLAIN.fullmatch(name) else HIDDEN
