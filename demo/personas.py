"""The named workers of the demo logins, with the document each shows at the counter."""

from pathlib import Path

from demo.kept import region
from demo.people import Person
from demo.region import WORKERS
from demo.stories import ROLES, Role


def personas(folder: Path) -> list[tuple[Role, Person]]:
    """Return the roles and who plays them in the region that was loaded from `folder`."""
    people = {person.key: person for person in region(folder, WORKERS).people}
    return [(role, people[role.key]) for role in ROLES if role.key in people]
