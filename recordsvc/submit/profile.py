"""What a centre answered once, kept beside its rosters and found again by the shape of their headings."""

import hashlib
import json
from pathlib import Path
from typing import Any

from recordsvc.submit.answers import Answers, parse_answers
from recordsvc.submit.headers import fold
from recordsvc.submit.privatefiles import write_private
from recordsvc.submit.table import Table


def shape_of(tables: tuple[Table, ...]) -> str:
    """12 hex digits over the folded headings of all tables: the same template gives the same shape."""
    text = "\x1e".join("\x1f".join(fold(heading) for heading in table.headings) for table in tables)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def profile_path(roster: Path, tables: tuple[Table, ...]) -> Path:
    """Where the profile of this shape stands: beside the roster."""
    return roster.parent / f"recordsvc-profile-{shape_of(tables)}.json"


def read_profile(path: Path) -> dict[str, Any]:
    """The remembered answers; nothing when there is no profile yet. Raises `Unreadable`."""
    try:
        return parse_answers(path.read_bytes())
    except FileNotFoundError:
        return {}


def save_profile(path: Path, answers: Answers) -> None:
    """Remember what describes the centre and its template, never what belongs to one class."""
    text = json.dumps(answers.of_the_shape(), ensure_ascii=False, indent=1, sort_keys=True)
    write_private(path, f"{text}\n".encode())
