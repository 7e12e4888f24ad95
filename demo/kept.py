"""The region of a folder: made once, and the same again from the seed and day that the first load kept."""

import datetime as dt
import json
from functools import lru_cache
from pathlib import Path

from demo.region import Region, build
from recordsvc.ground.ports import SystemClock, beijing_date

SEED = 64
FILE = "region.json"


def region(folder: Path, workers: int) -> Region:
    """Return the region of a folder; `workers` counts at the first load only, so that ids never change."""
    path = folder / FILE
    if not path.exists():
        today = beijing_date(SystemClock().now_ms())
        keep(path, {"seed": SEED, "today": today.isoformat(), "workers": workers})
    kept = json.loads(path.read_text("utf-8"))
    return _built(kept["seed"], kept["today"], kept["workers"])


@lru_cache(maxsize=1)
def _built(seed: int, today: str, workers: int) -> Region:
    """Draw a region once: who starts a demo asks for the same one several times."""
    return build(seed, dt.date.fromisoformat(today), workers)


def keep(path: Path, values: dict[str, int | str]) -> None:
    """Write a small file whole or not at all."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(values, ensure_ascii=False, indent=1) + "\n", "utf-8")
    fresh.replace(path)
