"""The named workers of the demo logins, with the document each shows at the counter."""

import datetime as dt
import json
from pathlib import Path

from demo.people import Person
from demo.region import build
from demo.stories import ROLES, Role


def personas(folder: Path) -> list[tuple[Role, Person]]:
    """Return the roles and who plays them in the region that was loaded from `folder`."""
    kept = json.loads((folder / "region.json").read_text("utf-8"))
    region = build(kept["seed"], dt.date.fromisoformat(kept["today"]), kept["workers"])
    people = {person.key: person for person in region.people}
    return [(role, people[role.key]) for role in ROLES if role.key in people]
