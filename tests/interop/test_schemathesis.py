"""Schemathesis at the real service: every answer as described, and no peer reads what is another's.

Two workers and two centres ask side by side (`peers`); what one made is asked for as the other
(`object_level_authorization`). Time is bounded; the seed is fixed, so that what is found is found again.
"""

import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa

from recordsvc import create_app
from recordsvc.access import demo
from recordsvc.access.tables import client
from recordsvc.ground.ports import SystemClock
from recordsvc.people import synthetic
from recordsvc.submit import sign
from tests.faults.processes import Installation, ask
from tests.journeys.desk import Journey

pytestmark = [pytest.mark.long, pytest.mark.interop]

SECONDS: Final = 60
# What this tool takes for faults and are none here:
# - positive_data_acceptance: a well-formed record of nobody is refused by its content, as it must be;
# - unsupported_method: TRACE and friends are refused before a door is known, with 405 and Allow;
# - missing_required_header and ignored_auth knock without credentials, which `peers` rules out.
NOT_HERE: Final = "positive_data_acceptance,missing_required_header,ignored_auth,unsupported_method"


class Wide(Installation):
    """The service with limits nobody meets."""

    def commands(self) -> list[list[str]]:
        """As the service's own, with another application."""
        return [
            [word.replace("recordsvc.wsgi:app", "tests.interop.unlimited:app") for word in command]
            for command in super().commands()
        ]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wide]:
    """A running service with two centres and two workers who have records."""
    found = Wide(tmp_path_factory.mktemp("schemathesis") / "data")
    with found.house() as house:
        journey = Journey(create_app(found.settings, house), house, SystemClock(), seed=8)  # type: ignore[arg-type]
        second = journey.centre(synthetic.uscc(2, registrar="52"), "第二职业培训学校")
        for n, centre in enumerate((found.centre, second)):
            person = journey.person(n)
            record = journey.completion(centre, person)
            body = sign.single_body(centre.key, record)
            answer = journey.post(centre, "/v1/records", body)
            assert answer.status_code in (201, 202), answer.json
            worker_id = house.people.find("resident-id", person["number"])
            assert worker_id is not None
            house.db.write(
                lambda turn, worker_id=worker_id, n=n: demo.create_worker(
                    turn, worker_id, f"劳动者{n}", f"Worker {n}", f"peer-{n}"
                )
            )
        house.db.write(
            lambda turn: turn.conn.execute(sa.update(client).values(units_a_day=2**31 - 1, at_once=500))
        )
    found.second = second  # type: ignore[attr-defined]
    found.start()
    yield found
    found.kill()


def worker(place: Wide, kind: str) -> list[dict[str, str]]:
    """Headers of a worker's session."""
    origin = f"http://localhost:{place.port}"
    connection_headers = {"Content-Type": "application/json", "Origin": origin}
    connection = http.client.HTTPConnection("127.0.0.1", place.port, timeout=30)
    connection.request(
        "POST",
        "/login/demo",
        json.dumps({"kind": kind}).encode(),
        {"Host": f"localhost:{place.port}", **connection_headers},
    )
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").partition(";")[0]
    token = json.loads(answer.read())["csrf_token"]
    connection.close()
    return [
        {"name": "Cookie", "value": cookie},
        {"name": "X-CSRF-Token", "value": token},
        {"name": "Origin", "value": origin},
    ]


def centre(place: Wide, which: Any) -> list[dict[str, str]]:
    """Headers of a centre's machine."""
    first, place.centre = place.centre, which
    try:
        token = place.token()
    finally:
        place.centre = first
    return [{"name": "Authorization", "value": f"Bearer {token}"}]


def run(
    place: Wide,
    folder: Path,
    peers: dict[str, list[dict[str, str]]],
    paths: str,
    *,
    least: int = 6,
    seconds: int = SECONDS,
) -> str:
    """Run the tool over the doors of these paths, at least so many; what it printed.

    Fails when it found something. One who asks alone has no peers.
    """
    wfc = {"auth": [{"name": name, "fixedHeaders": headers} for name, headers in peers.items()]}
    (folder / "wfc.json").write_text(json.dumps(wfc), "utf-8")
    names = ", ".join(f'"{name}"' for name in peers)
    apart = f"peers = [{names}]\n" if len(peers) > 1 else ""
    # 413, 414: more than is read, the latter gunicorn's own answer; these are refusals, too.
    refusals = "expected-statuses = [400, 401, 403, 404, 405, 409, 413, 414, 415, 422]"
    settings = f'[auth.wfc]\npath = "wfc.json"\n{apart}\n[checks.negative_data_rejection]\n{refusals}\n'
    (folder / "schemathesis.toml").write_text(settings, "utf-8")
    told = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("st")), "--config-file", "schemathesis.toml", "run"),
            f"http://localhost:{place.port}/openapi.json",
            *("--include-path-regex", paths),
            *("--phases", "examples,coverage,fuzzing,stateful", "--checks", "all"),
            *("--exclude-checks", NOT_HERE, "--max-time", str(seconds), "--seed", "7"),
            *("--generation-database", "none", "--no-color"),
        ],
        cwd=folder,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=seconds * 6,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-60000:] + told.stderr[-2000:]
    tested = re.search(r"Operations: +(\d+) selected", told.stdout)
    assert tested is not None, told.stdout[-3000:]
    assert int(tested[1]) >= least, told.stdout[-3000:]
    assert ask(place.port, "GET", "/readyz").status == 200
    return told.stdout


def test_two_workers_side_by_side(place: Wide, tmp_path: Path) -> None:
    peers = {"alice": worker(place, "peer-0"), "bob": worker(place, "peer-1")}

    run(place, tmp_path, peers, "^/v1/me/")


def test_two_centres_side_by_side(place: Wide, tmp_path: Path) -> None:
    second = place.second  # type: ignore[attr-defined]
    peers = {"alice": centre(place, place.centre), "bob": centre(place, second)}

    run(place, tmp_path, peers, "^/v1/(records|batches|institution)")
