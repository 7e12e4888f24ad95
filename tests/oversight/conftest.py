"""A region whose institutions are drawn, and its inspectors."""

import dataclasses
import datetime as dt
import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from recordsvc.access import officials
from recordsvc.access.grants import Actor, Role
from recordsvc.bodies import institutions
from recordsvc.ground.ports import BEIJING, FixedClock
from recordsvc.house import House
from recordsvc.oversight import committing, draws, inspecting
from recordsvc.oversight.committing import Asked
from recordsvc.people import synthetic

SCRIPT = Path(__file__).parents[2] / "docs" / "check_draw.py"
KINDS = ("training-institution", "assessment-organisation")
VALUE = "03 07 12 18 25 31+09"
ASKED = Asked("institution", "64", "ssq", "2025117", "2025-10-12")


def at(text: str) -> int:
    """UTC ms of a Beijing time."""
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=BEIJING).timestamp() * 1_000)


class Oversight:
    """Institutions of one house, inspectors ann, bob, cat and dan, and the steps of a draw."""

    def __init__(self, house: House, clock: FixedClock, count: int = 30) -> None:
        self.house, self.clock = house, clock
        self.codes = [synthetic.uscc(2000 + n) for n in range(count)]
        self.until("2025-10-10T09:00")
        house.db.write(functools.partial(self._enter, count))
        for account in ("ann", "bob", "cat", "dan"):
            self.hire(account)

    def _enter(self, count: int, turn: Any) -> None:
        for n in range(count):
            entry = institutions.Entry(
                self.codes[n], f"第{n}职业培训学校", KINDS[n % 3 == 0], "2015-01-01", None, "test"
            )
            institutions.enter(turn, entry, "official:1")

    def hire(self, account: str, role: Role = Role.INSPECTOR, area: str = "64") -> None:
        """Make an official with a role."""

        def act(turn: Any) -> None:
            officials.add(turn, account, account)
            officials.grant(turn, account, role, area, by="command:test")

        self.house.db.write(act)

    def until(self, text: str) -> None:
        """Let time go on to a Beijing time."""
        self.clock.advance(at(text) - self.clock.now_ms())

    def who(self, account: str) -> Actor:
        """An official as whoever acts now."""
        with self.house.db.read() as conn:
            found = officials.present(conn, account)
        assert found is not None
        return found.actor(self.clock.now_ms(), self.house.settings.region)

    # -- steps

    def commit(self, account: str = "ann", **changes: Any) -> bytes:
        """Commit to a draw."""
        asked, who = dataclasses.replace(ASKED, **changes), self.who(account)
        return self.house.db.write(
            lambda turn: committing.commit(self.house, turn, asked, who, f"official:{account}")
        )

    def reveal(self, draw_id: bytes, account: str = "bob", value: str = VALUE) -> None:
        """Reveal it."""
        self.house.db.write(
            lambda turn: committing.reveal(self.house, turn, draw_id, value, f"official:{account}")
        )

    def assign(self, draw_id: bytes) -> None:
        """Assign the inspectors."""
        self.house.db.write(lambda turn: inspecting.assign(self.house, turn, draw_id, "official:bob"))

    def report(
        self, draw_id: bytes, object_id: str, account: str, result: str = "nothing-found", *papers: str
    ) -> None:
        """Report what was found."""
        said, who = (result, f"现场核对教学场地（{account}）", papers), self.who(account)
        self.house.db.write(lambda turn: inspecting.report(self.house, turn, draw_id, object_id, who, said))

    def confirm(self, draw_id: bytes, object_id: str, account: str) -> None:
        """Confirm the report as it stands."""
        with self.house.db.read() as conn:
            written = draws.reports(conn, draw_id)[object_id].reported_ms
        who = self.who(account)
        self.house.db.write(
            lambda turn: inspecting.confirm(self.house, turn, draw_id, object_id, who, written)
        )

    def publish(self, draw_id: bytes) -> None:
        """Publish the results."""
        self.house.db.write(lambda turn: inspecting.publish(self.house, turn, draw_id, "official:bob"))

    def seats(self, draw_id: bytes) -> dict[str, list[str]]:
        """Who inspects each drawn object, by account."""
        with self.house.db.read() as conn:
            people = draws.people(conn, draw_id)
            return {
                key: [people[code] for code in codes] for key, codes in draws.seats(conn, draw_id).items()
            }

    def inspect(self, draw_id: bytes, result: str = "nothing-found") -> None:
        """Report and confirm every object."""
        for object_id, (first, second) in self.seats(draw_id).items():
            self.report(draw_id, object_id, first, result)
            self.confirm(draw_id, object_id, second)

    def whole(self, **changes: Any) -> bytes:
        """A draw from commitment to publication."""
        draw_id = self.commit(**changes)
        self.until("2025-10-12T22:00")
        self.reveal(draw_id)
        self.assign(draw_id)
        self.inspect(draw_id)
        self.publish(draw_id)
        return draw_id

    # -- what is seen

    def one(self, draw_id: bytes) -> draws.Draw:
        """A draw as of now."""
        with self.house.db.read() as conn:
            return draws.one(conn, draw_id, self.clock.now_ms())

    def proof(self, draw_id: bytes) -> dict[str, Any]:
        """What everybody gets."""
        with self.house.db.read() as conn:
            found = draws.one(conn, draw_id, self.clock.now_ms())
            return draws.proof(self.house, conn, found)

    def said(self, draw_id: bytes, step: str) -> dict[str, Any]:
        """A step's document, taken out of the proof."""
        return json.loads(self.proof(draw_id)["documents"][step]["document"])


@pytest.fixture
def oversight(app: Flask, house: House, clock: FixedClock) -> Oversight:
    """The region."""
    return Oversight(house, clock)


@dataclasses.dataclass(frozen=True)
class Checked:
    """What the script said."""

    agrees: bool
    said: str


def check(proof: dict[str, Any], folder: Path) -> Checked:
    """Run the published script on a proof, alone: no package of ours, no environment."""
    path = folder / "proof.json"
    path.write_text(json.dumps(proof, ensure_ascii=False), "utf-8")
    done = subprocess.run(
        [sys.executable, "-I", "-O", str(SCRIPT), str(path)],
        capture_output=True,
        text=True,
        cwd=folder,
        check=False,
    )
    return Checked(done.returncode == 0, done.stdout + done.stderr)
