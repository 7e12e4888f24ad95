"""Reading other people's archives: each read leaves a row of who looked, durable before the answer."""

import uuid
from collections.abc import Iterator, Sequence

from bench import limits
from bench.client import Loader, request
from bench.figures import Row, Waits, middle
from bench.region import Region
from recordsvc.access import officials
from recordsvc.access.grants import Kind
from recordsvc.access.services import open_access
from recordsvc.access.sessions import Entering, Method
from recordsvc.ground.commit import Turn

INSPECTORS = 32
"""So many that none of them comes to the limit of what one official may ask."""
WORKERS = 512


def rows(
    kind: str,
    place: Region,
    loader: Loader,
    seconds: float,
    rounds: int,
    numbers: Sequence[str],
    clients: int,
) -> Iterator[Row]:
    """Measure officials reading the archives of the workers with these numbers."""
    cookies = [_sign_in(place, f"bench-inspector-{n}") for n in range(INSPECTORS)]
    found = [place.house.people.find("resident-id", number) for number in numbers[:WORKERS]]
    asked = [
        request("GET", f"/v1/desk/workers/{uuid.UUID(bytes=one)}/archive?purpose=inspection&case_ref=B-{n}",
                Cookie=cookies[n % INSPECTORS])
        for n, one in enumerate(found)
        if one is not None
    ]  # fmt: skip
    with limits.bare_commits(kind) as bare:
        ours: list[Waits] = []
        theirs: dict[str, list[Waits]] = {way: [] for way in bare}
        for _ in range(rounds):
            ours.append(loader.round(asked, clients=clients, seconds=seconds, expect=(200,)).waits)
            for way, one in bare.items():
                theirs[way].append(limits.commit_round(one, clients, seconds))
    waits, limit = middle(ours), max(middle(some).rate for some in theirs.values())
    yield Row(
        f"archive of another, row of who looked first, {clients} clients",
        kind,
        waits.rate,
        "reads/s",
        waits,
        "bare WSGI + durable commit, the faster way",
        limit,
        "≥ 400/s, p99 ≤ 0.25 s" if kind == "sqlite" else "",
    )


def _sign_in(place: Region, login: str) -> str:
    """Make an inspector and open a session; the cookie header's value."""

    def act(turn: Turn) -> str:
        officials.add(turn, login, "基准")
        officials.grant(turn, login, "inspector", "64", by="command:bench")
        entering = Entering(Kind.OFFICIAL, login, Method.CODE, "bench")
        return sessions.begin(turn, entering)

    sessions = open_access(place.house).sessions
    return f"{sessions.cookie.name}={place.house.db.write(act)}"
