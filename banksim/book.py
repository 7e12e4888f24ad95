"""The bank's own book (银行自己的账): orders taken, lines booked, statements made; in SQLite."""

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from banksim.messages import Asked, Line, Wanted

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS fund (number TEXT PRIMARY KEY, opening INTEGER NOT NULL, balance INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS message (message_id TEXT PRIMARY KEY, day TEXT NOT NULL, count INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS item (
  message_id TEXT NOT NULL, n INTEGER NOT NULL, end_to_end_id TEXT NOT NULL, amount INTEGER NOT NULL,
  number TEXT NOT NULL, name TEXT NOT NULL, day TEXT NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL,
  reported INTEGER NOT NULL DEFAULT 0, back_on TEXT, PRIMARY KEY (message_id, n));
CREATE TABLE IF NOT EXISTS debit (
  message_id TEXT NOT NULL, n INTEGER NOT NULL, late_on TEXT, PRIMARY KEY (message_id, n));
CREATE TABLE IF NOT EXISTS at_once (
  end_to_end_id TEXT PRIMARY KEY, amount INTEGER NOT NULL, number TEXT NOT NULL, status TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS line (
  reference TEXT PRIMARY KEY, day TEXT NOT NULL, credit INTEGER NOT NULL, amount INTEGER NOT NULL,
  end_to_end_id TEXT NOT NULL, returned TEXT NOT NULL, truly TEXT NOT NULL, sequence INTEGER,
  told INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS statement (
  sequence INTEGER PRIMARY KEY, day TEXT NOT NULL, opening INTEGER NOT NULL, closing INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS later (name TEXT PRIMARY KEY, day TEXT NOT NULL, content BLOB NOT NULL);
"""


class Book:
    """One bank's store."""

    def __init__(self, path: Path | str) -> None:
        """Open it, or make it."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;" + _TABLES)
        self._db.row_factory = sqlite3.Row

    def close(self) -> None:
        """Give the file back."""
        self._db.close()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write all of it, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    # -- the payer's account

    def open_fund(self, number: str, balance: int) -> None:
        """Open the payer's account unless it is open."""
        self._db.execute("INSERT OR IGNORE INTO fund VALUES (?, ?, ?)", (number, balance, balance))

    @property
    def balance(self) -> int:
        """Return what the payer's account holds."""
        return int(self._db.execute("SELECT balance FROM fund").fetchone()[0])

    def book(self, line: Line, truly: str) -> None:
        """Book a line; `truly` is the order it is of, whatever the line says."""
        moved = line.amount_fen if line.credit else -line.amount_fen
        self._db.execute("UPDATE fund SET balance = balance + ?", (moved,))
        self._db.execute(
            "INSERT INTO line (reference, day, credit, amount, end_to_end_id, returned, truly) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                line.reference,
                line.booked_on.isoformat(),
                int(line.credit),
                line.amount_fen,
                line.end_to_end_id,
                line.returned,
                truly,
            ),
        )

    # -- orders

    def take(self, asked: Asked, day: dt.date) -> bool:
        """Take a file's orders on; whether its message id was new. Nothing else keeps a double out."""
        known = self._db.execute("SELECT 1 FROM message WHERE message_id = ?", (asked.message_id,)).fetchone()
        if known is not None:
            return False
        self._db.execute(
            "INSERT INTO message VALUES (?, ?, ?)", (asked.message_id, day.isoformat(), len(asked.items))
        )
        day_asked = asked.execution_on.isoformat()
        self._db.executemany(
            "INSERT INTO item (message_id, n, end_to_end_id, amount, number, name, day, status, reason) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, 'RCVD', '')",
            [
                (asked.message_id, n, one.end_to_end_id, one.amount_fen, one.number, one.name, day_asked)
                for n, one in enumerate(asked.items)
            ],
        )
        if asked.collect:
            rows = [(asked.message_id, n) for n in range(len(asked.items))]
            self._db.executemany("INSERT INTO debit (message_id, n) VALUES (?, ?)", rows)
        return True

    def collects(self, message_id: str) -> bool:
        """Tell whether a message asked to take money from others' accounts."""
        query = "SELECT 1 FROM debit WHERE message_id = ?"
        return self._db.execute(query, (message_id,)).fetchone() is not None

    def collected(self) -> frozenset[str]:
        """Return the orders by which money was to be taken from others' accounts."""
        query = (
            "SELECT end_to_end_id FROM item JOIN debit USING (message_id, n) "
            "UNION SELECT end_to_end_id FROM at_once"
        )
        return frozenset(str(row[0]) for row in self._db.execute(query))

    def decided_at_once(self, end_to_end_id: str) -> str:
        """Return what was decided of a payment at once; empty: it was never asked for."""
        query = "SELECT status FROM at_once WHERE end_to_end_id = ?"
        found = self._db.execute(query, (end_to_end_id,)).fetchone()
        return "" if found is None else str(found[0])

    def decide_at_once(self, end_to_end_id: str, amount: int, number: str, status: str) -> None:
        """Keep what was decided of a payment at once, for whoever asks again under its id."""
        row = (end_to_end_id, amount, number, status)
        self._db.execute("INSERT INTO at_once VALUES (?, ?, ?, ?)", row)

    def take_late(self, message_id: str, n: int, day: dt.date | None) -> None:
        """Say that a refused debit is taken on a later day all the same; None: it was."""
        self._db.execute(
            "UPDATE debit SET late_on = ? WHERE message_id = ? AND n = ?",
            (None if day is None else day.isoformat(), message_id, n),
        )

    def taken_late(self, day: dt.date) -> list[sqlite3.Row]:
        """Return the refused debits that are taken by a day."""
        query = "SELECT item.* FROM item JOIN debit USING (message_id, n) WHERE late_on <= ?"
        return self._db.execute(query, (day.isoformat(),)).fetchall()

    def due(self, day: dt.date) -> list[tuple[str, int, Wanted]]:
        """Return the orders to be executed by a day."""
        rows = self._db.execute(
            "SELECT * FROM item WHERE status = 'RCVD' AND day <= ? ORDER BY message_id, n", (day.isoformat(),)
        )
        return [(row["message_id"], row["n"], _wanted(row)) for row in rows]

    def decide(self, message_id: str, n: int, status: str, reason: str, back_on: dt.date | None) -> None:
        """Say what became of an order, and when it will come back."""
        self._db.execute(
            "UPDATE item SET status = ?, reason = ?, back_on = ? WHERE message_id = ? AND n = ?",
            (status, reason, None if back_on is None else back_on.isoformat(), message_id, n),
        )

    def coming_back(self, day: dt.date) -> list[sqlite3.Row]:
        """Return the orders whose money comes back by a day."""
        query = "SELECT * FROM item WHERE back_on <= ? AND status = 'ACSC'"
        return self._db.execute(query, (day.isoformat(),)).fetchall()

    def came_back(self, row: sqlite3.Row) -> None:
        """Say that an order's money came back."""
        self._db.execute(
            "UPDATE item SET back_on = NULL WHERE message_id = ? AND n = ?", (row["message_id"], row["n"])
        )

    def unreported(self) -> list[sqlite3.Row]:
        """Return the decided orders of which nothing was told."""
        return self._db.execute(
            "SELECT * FROM item WHERE reported = 0 AND status <> 'RCVD' ORDER BY message_id, n"
        ).fetchall()

    def reported(self, message_id: str) -> None:
        """Say that a message's orders were told of."""
        self._db.execute(
            "UPDATE item SET reported = 1 WHERE message_id = ? AND status <> 'RCVD'", (message_id,)
        )

    def count(self, message_id: str) -> int:
        """Return how many orders a message had."""
        found = self._db.execute("SELECT count FROM message WHERE message_id = ?", (message_id,)).fetchone()
        return int(found[0])

    # -- lines and statements

    def untold(self) -> list[sqlite3.Row]:
        """Return the lines that no notification told."""
        return self._db.execute("SELECT * FROM line WHERE told = 0 ORDER BY reference").fetchall()

    def told(self) -> None:
        """Say that all lines were told."""
        self._db.execute("UPDATE line SET told = 1")

    def unstated(self) -> list[sqlite3.Row]:
        """Return the lines of no statement."""
        return self._db.execute("SELECT * FROM line WHERE sequence IS NULL ORDER BY reference").fetchall()

    def lines(self) -> list[sqlite3.Row]:
        """Return all lines."""
        return self._db.execute("SELECT * FROM line ORDER BY reference").fetchall()

    def last_statement(self) -> tuple[int, int, str]:
        """Return sequence, closing balance, day of the newest statement; before it, what was there."""
        row = self._db.execute("SELECT * FROM statement ORDER BY sequence DESC LIMIT 1").fetchone()
        if row is None:
            return 0, int(self._db.execute("SELECT opening FROM fund").fetchone()[0]), ""
        return int(row["sequence"]), int(row["closing"]), str(row["day"])

    def state(self, sequence: int, day: dt.date, opening: int, closing: int) -> None:
        """Make a statement of all lines that stand in none."""
        row = (sequence, day.isoformat(), opening, closing)
        self._db.execute("INSERT INTO statement VALUES (?, ?, ?, ?)", row)
        self._db.execute("UPDATE line SET sequence = ? WHERE sequence IS NULL", (sequence,))

    # -- files that come later

    def put_off(self, name: str, day: dt.date, content: bytes) -> None:
        """Keep a file until a day."""
        self._db.execute("INSERT OR REPLACE INTO later VALUES (?, ?, ?)", (name, day.isoformat(), content))

    def ready(self, day: dt.date) -> list[tuple[str, bytes]]:
        """Return the files whose day has come."""
        query = "SELECT name, content FROM later WHERE day <= ? ORDER BY name"
        rows = self._db.execute(query, (day.isoformat(),))
        return [(str(row["name"]), bytes(row["content"])) for row in rows]

    def gone(self, names: Iterable[str]) -> None:
        """Forget files that were delivered."""
        self._db.executemany("DELETE FROM later WHERE name = ?", [(name,) for name in names])


def _wanted(row: sqlite3.Row) -> Wanted:
    return Wanted(row["end_to_end_id"], row["amount"], row["number"], row["name"], "")
