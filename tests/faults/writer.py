"""One process that appends records and says when each is acknowledged; under strace it stands for a server.

    python -m tests.faults.writer <data folder> <records> <synchronous>

Prints `ready`, then `<epoch seconds> <receipt, base64>` for each record once it is durable.
"""

import base64
import sys
import time
from pathlib import Path

from recordsvc import anchor
from recordsvc.archive.receipts import of_new
from recordsvc.ground import sqlite
from recordsvc.house import open_house
from recordsvc.settings import Settings
from tests.archive.support import Centre, person


def say(line: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(folder: Path, count: int, synchronous: str) -> None:
    """Append `count` records; keep the outside checkpoint and checkpoint the database now and then."""
    sqlite.SQLITE_PRAGMAS = tuple(
        (name, synchronous if name == "synchronous" else value) for name, value in sqlite.SQLITE_PRAGMAS
    )
    house = open_house(Settings.load({"RECORDSVC_DATA_DIR": str(folder)}))
    centre = Centre(house, 1)
    say("ready")
    for n in range(count):
        answer = centre.send([centre.completion(person(n % 30))], "single")
        receipt = str(of_new(answer.log, answer.rows[0].outcome))
        say(f"{time.time()} {base64.b64encode(receipt.encode()).decode()}")
        if n % 7 == 6:
            anchor.keep(house)
        if n % 23 == 22:
            house.db.checkpoint()
    house.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
