"""Whether a single POST costs the same in a log of 10^3 and of 10^6 entries (`--large`)."""

import random
from collections.abc import Iterator

from bench.client import loading
from bench.figures import Row, middle
from bench.region import region
from bench.servers import serving
from bench.spine import send
from recordsvc.submit import sign

SIZES = (1_000, 100_000, 1_000_000)
POSTS = 200


def rows(kind: str, rounds: int) -> Iterator[Row]:
    """Fill the archive, a worker for each record, and post single records at each size."""
    pick = random.Random(3)
    with region(kind) as place:
        filled, first = 0, 0.0
        for size in SIZES:
            place.fill(filled, size - filled)
            place.house.db.checkpoint()
            filled = size
            measured = []
            with (
                serving("wsgi:app", environ=place.environ, probe="/healthz") as server,
                loading(server.port) as loader,
            ):
                for _ in range(rounds):
                    posts = [
                        sign.single_body(place.key, place.record(pick.randrange(size))) for _ in range(POSTS)
                    ]
                    measured.append(send(place, loader, posts, "/v1/records", 1, "application/json"))
            waits = middle(measured)
            first = first or waits.median_ms
            yield Row(
                f"single POST with receipt at {size:,} entries, 1 client",
                kind,
                waits.median_ms,
                "ms",
                waits,
                f"at {SIZES[0]:,} entries",
                first,
                "flat",
            )
