"""The demo's draw: committed to before its event, revealed after it, and what a stranger makes of it."""

import dataclasses
import json
import subprocess
import sys

import pytest

from recordsvc import demodraws
from recordsvc.access import demo
from recordsvc.bodies import institutions
from recordsvc.ground.ports import FixedClock
from recordsvc.house import House
from recordsvc.oversight import draws
from recordsvc.people import synthetic
from recordsvc.settings import Settings
from tests.oversight.conftest import SCRIPT


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return dataclasses.replace(settings, environment="demo")


@pytest.fixture
def region(house: House, clock: FixedClock) -> House:
    """Twelve institutions and the demo's officials."""
    for n in range(12):
        name, kind = f"第{n}职业培训学校（示例）", "training-institution"
        entry = institutions.Entry(synthetic.uscc(n), name, kind, "2015-01-01", None, "test")
        house.db.write(lambda turn, entry=entry: institutions.enter(turn, entry, "official:1"))
    now_ms = clock.now_ms()
    clock.advance(demodraws.officials_since_ms(now_ms) - now_ms)
    house.db.write(lambda turn: demo.create_desk(turn, "640000"))
    clock.advance(now_ms - clock.now_ms())
    return house


def test_the_draw_is_revealed_once_by_another_and_the_script_agrees(
    region: House, clock: FixedClock, app: object, tmp_path: object
) -> None:
    for _ in range(2):
        demodraws.load(region.settings, "640000", clock)
    with region.db.read() as conn:
        (found,) = draws.newest(conn, clock.now_ms(), demodraws.EVERYWHERE)
        proof = draws.proof(region, conn, found)
    assert (found.state, found.opened) == ("revealed", True)
    assert (found.committed_by, found.revealed_by) == ("official:demo-inspector", "official:demo-inspector-2")
    assert found.committed_ms < found.event_ms < clock.now_ms() == found.revealed_ms
    file = tmp_path / "proof.json"
    file.write_text(json.dumps(proof), encoding="utf-8")
    told = subprocess.run([sys.executable, SCRIPT, file], capture_output=True, text=True, check=True)
    assert told.stdout.endswith("相符 / agrees\n")
    assert f"{demodraws.VALUE}\n" in told.stdout
