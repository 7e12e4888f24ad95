"""No page links to what whoever reads it may not open: every role follows the links that it meets.

The region has one of everything, so that lists have rows and rows their links. One template makes all links
of a kind, so that a few addresses of each rule are enough.
"""

import dataclasses
import re
import shutil
from collections import Counter, deque
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Final

import flask
import pytest

from recordsvc import create_app
from recordsvc.access import demo, in_place
from recordsvc.access.grants import Actor, Position, Through, Way
from recordsvc.ground.commit import Turn
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from tests.archive.support import person
from tests.faults import region
from tests.web.conftest import SETTINGS, Visitor
from tests.web.test_helpers import ALL

EXAMPLES: Final = 3
"""Of one rule, with one set of query names, each reader opens as many addresses."""
_LINK: Final = re.compile(r'<a\b[^>]*\bhref="([^"#]+)')
_CODE: Final = re.compile(r"<code>([0-9A-Z-]{14})</code>")
OFFICIALS: Final = tuple(kind for kind, *_ in demo._DESK)


@dataclasses.dataclass(frozen=True)
class World:
    """The application over the filled region, and who reads there."""

    app: flask.Flask
    house: House
    worker_id: bytes
    helper: str

    def __call__(self, reader: str) -> Visitor:
        """Sign a reader in."""
        visitor = Visitor(self.app)
        if reader == "anonymous":
            return visitor
        kind = {"window": "handler", "helper": "helper"}.get(reader, reader)
        assert visitor.post("/login/demo", csrf=False, kind=kind).status_code == 303
        self._known(visitor)
        if reader == "window":
            assert visitor.actor is not None
            through = Through(Way.WINDOW, visitor.actor.id, "service-window", "W-1")
            self.house.db.write(lambda turn: self._serve(turn, visitor.actor, through))
        elif reader == "helper":
            self._help(visitor)
        return visitor

    def _known(self, visitor: Visitor) -> None:
        cookie = visitor.client.get_cookie("recordsvc-demo")
        assert cookie is not None
        visitor.actor = self.app.extensions["access"].sessions.find(cookie.value)

    def _serve(self, turn: Turn, carrier: Actor, through: Through) -> None:
        sessions = self.app.extensions["access"].sessions
        served = sessions.serve(turn, carrier, self.worker_id, through)
        in_place.begin(turn, self.worker_id, served, sessions.serves_until(turn.now_ms))

    def _help(self, helper: Visitor) -> None:
        form = {"name": self.helper, "purpose": "no-phone", "days": "30", **ALL}
        told = _CODE.search(self("worker").post("/me/helpers", **form).text)
        assert told is not None
        assert helper.post("/me/for/accept", code=told[1]).status_code == 303
        chosen = re.search(r'name="helper_id" value="([^"]+)"', helper.get("/me/for").text)
        assert chosen is not None
        assert helper.post("/me/for", helper_id=chosen[1]).status_code == 303


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Filled once; what readers open leaves its rows and changes nothing else. Links know no SQL."""
    folder = tmp_path_factory.mktemp("links")
    shutil.copy(sqlite_template, folder / "recordsvc.db")
    address, clock = f"sqlite:///{folder / 'recordsvc.db'}", FixedClock()
    settings = dataclasses.replace(region.settings_in(folder, address, address), **SETTINGS)
    house = region.begin(settings, clock)
    centre = region.fill(house, clock)
    worker_id, other = centre.worker_id(person(9)), person(10)

    def people(turn: Turn) -> None:
        demo.create_desk(turn, "640000")
        demo.create_worker(turn, worker_id, "劳动者", "A worker")
        demo.create_worker(turn, centre.worker_id(other), "亲友", "A helper", "helper")
        for position in Position:
            demo.create_staff(turn, centre.uscc, f"staff-{position}", position, (str(position), ""))

    house.db.write(people)
    app = create_app(house.settings, house)
    app.extensions["entrance"].meter = None
    yield World(app, house, worker_id, other["name"])
    house.close()


def followed(visitor: Visitor, starts: tuple[str, ...]) -> tuple[dict[str, int], dict[str, str]]:
    """Open the starts and what they lead to: path → status; path → the page that links to it."""
    rules = visitor.app.url_map.bind("localhost")
    left, opened, by = deque(starts), {}, dict.fromkeys(starts, "")
    examples: Counter[tuple[str, tuple[str, ...]]] = Counter()
    while left:
        path = left.popleft()
        plain, _, query = path.partition("?")
        rule, _values = rules.match(plain, "GET", return_rule=True)
        kind = (rule.rule, tuple(sorted(one.partition("=")[0] for one in query.split("&"))))
        examples[kind] += 1
        if examples[kind] > EXAMPLES:
            continue
        answer = visitor.get(path)
        opened[path] = answer.status_code
        links = [answer.location] if answer.location else []
        if answer.mimetype == "text/html":
            links += map(unescape, _LINK.findall(answer.text))
        for link in links:
            assert link.startswith("/"), (path, link)
            if link not in by:
                by[link] = path
                left.append(link)
    return opened, by


@pytest.mark.parametrize(
    "reader",
    ["anonymous", "worker", "window", "helper", *(f"staff-{one}" for one in Position), *OFFICIALS],
)
def test_every_link_opens_for_who_reads_it(world: World, reader: str) -> None:
    visitor = world(reader)
    opened, by = followed(visitor, ("/",))
    # Who is not signed in is led to the sign-in: a link to it is no dead one.
    dead = {
        path: (status, by[path])
        for path, status in opened.items()
        if status >= 400 and not (reader == "anonymous" and status == 401)
    }
    assert dead == {}
    assert len(opened) > 15
