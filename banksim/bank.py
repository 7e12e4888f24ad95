"""The bank's day (银行的一天): read, execute, report, notify, state; with the faults of a scenario.

Whatever it tells wrongly it knows rightly: the book holds which order each line is truly of.
"""

import dataclasses
import datetime as dt
import json
import sqlite3
from collections.abc import Iterable
from typing import Final

from banksim import messages
from banksim.book import Book
from banksim.faults import REASONS, Faults
from banksim.folder import Folder
from banksim.messages import Line, Told, Unreadable, Wanted

_DAY: Final = dt.timedelta(days=1)
_LOOKALIKE: Final = "\u2022"
CLOSED: Final = "AC04"
"""Reason of what comes back from an account that was closed (账户已销户)."""
TAKEN_BACK: Final = "MD06"
"""Reason of a debit that its payer had taken back (付款人要求退回)."""


class Bank:
    """One bank with one payer."""

    def __init__(
        self,
        book: Book,
        folder: Folder,
        faults: Faults,
        number: str,
        *,
        eager: bool = False,
        closed: Iterable[str] = (),
    ) -> None:
        """Serve the account `number`; an eager bank executes before the day that was asked for.

        What is paid to one of the `closed` accounts comes back at once.
        """
        self.book, self._folder, self._faults, self._number, self._eager = book, folder, faults, number, eager
        self._closed = frozenset(closed)

    def work(self, now: dt.datetime) -> None:
        """Do what is to be done at an instant; to be called any number of times a day."""
        day = now.astimezone(messages.BEIJING).date()
        if self._faults.hits("down", day.isoformat()):
            return
        self._deliver(day)
        self._answer_now(day)
        self._read(now, day)
        with self.book.writing():
            for message_id, n, wanted in self.book.due(dt.date.max if self._eager else day):
                if self.book.collects(message_id):
                    self._collect(message_id, n, wanted, day)
                else:
                    self._execute(message_id, n, wanted, day)
            self._give_back(day)
            self._collect_late(day)
        self._report(now, day)
        self._notify(now, day)

    def close_day(self, now: dt.datetime) -> None:
        """State the account once a day, with lines or without; further calls of that day state nothing."""
        day = now.astimezone(messages.BEIJING).date()
        if self._faults.hits("down", day.isoformat()) or self.book.last_statement()[2] >= day.isoformat():
            return
        self.state(now)

    def state(self, now: dt.datetime) -> None:
        """Make a statement of what was booked since the last one."""
        day = now.astimezone(messages.BEIJING).date()
        sequence, opening, _day = self.book.last_statement()
        sequence += 1
        rows = self.book.unstated()
        closing = opening + sum(row["amount"] if row["credit"] else -row["amount"] for row in rows)
        lines = [_line(row) for row in rows]
        good = self._statement(sequence, day, opening, closing, lines, now)
        name, key = f"S{sequence:06d}.xml", f"statement {sequence}"
        with self.book.writing():
            self.book.state(sequence, day, opening, closing)
            wrong = self._wrong_statement(key, sequence, day, opening, closing, lines, now)
            # What is wrong, or held back, comes right a day later under a name of its own.
            if wrong is not None or self._faults.hits("gap", key):
                self.book.put_off(f"S{sequence:06d}-R.xml", day + _DAY, good)
        if wrong is not None:
            self._folder.say("out", name, wrong)
        elif not self._faults.hits("gap", key):
            self._say("out", name, good, day)

    # -- reading and executing

    def _read(self, now: dt.datetime, day: dt.date) -> None:
        for place, content in self._folder.asked():
            try:
                asked = messages.read(content)
            except Unreadable:
                continue
            with self.book.writing():
                new = self.book.take(asked, day)
            receipt = messages.pain002(
                f"A-{asked.message_id}"[:35],
                asked.message_id,
                [],
                now,
                group="RCVD",
                count=asked.count,
                about=messages.COLLECT if asked.collect else messages.PAY,
            )
            part = "a" if not self._faults.hits("report_before_ack", asked.message_id) else "z"
            if new and not self._faults.hits("silent", asked.message_id):
                self._folder.say("ack", f"{part}-{asked.message_id}.xml", receipt)
            if not self._faults.hits("reread", asked.message_id):
                self._folder.remove(place)

    def _execute(self, message_id: str, n: int, wanted: Wanted, day: dt.date) -> None:
        key, hits = wanted.end_to_end_id, self._faults.hits
        reason = ""
        if hits("reject", key):
            reason = REASONS[self._faults.number("reason", key, len(REASONS))]
        elif hits("name_differs", key):
            reason = "BE01" if wanted.name != wanted.name.replace("·", _LOOKALIKE) else ""
        elif hits("replaced", key):
            reason = "AC04"
        if self.book.balance < wanted.amount_fen or (hits("short", message_id) and n):
            reason = "AM04"
        if reason:
            self.book.decide(message_id, n, "RJCT", reason, None)
            return
        amount = wanted.amount_fen - int(hits("off_by_one", key) and wanted.amount_fen > 1)
        told = f"X{key[:-1]}" if hits("wrong_id", key) else key
        booked = day + _DAY if hits("skew", key) else day
        self.book.book(_debit(f"D{message_id[-16:]}-{n}", amount, booked, told), key)
        back = day + _DAY * (1 + self._faults.number("back", key, 5)) if hits("return", key) else None
        if wanted.number in self._closed:
            back = day
        self.book.decide(message_id, n, "ACSC", "", back)
        if hits("ghost", key):
            self.book.book(_credit(f"G{message_id[-16:]}-{n}", amount, day, ""), "")

    def _answer_now(self, day: dt.date) -> None:
        """Take what somebody pays while they wait, once under its id; a silent bank does not say so."""
        for name, content in self._folder.asked_now():
            asked = json.loads(content)
            key, amount, hits = str(asked["id"]), int(asked["amount"]), self._faults.hits
            status = self.book.decided_at_once(key)
            if not status:
                status = "RJCT" if hits("reject", key) else "ACSC"
                with self.book.writing():
                    self.book.decide_at_once(key, amount, str(asked["number"]), status)
                    if status == "ACSC":
                        short = int(hits("off_by_one", key) and amount > 1)
                        told = f"X{key[:-1]}" if hits("wrong_id", key) else key
                        self.book.book(_credit(f"N{key[-20:]}", amount - short, day, told), key)
            if not hits("silent", key):
                self._folder.answer_now(name, status)

    def _collect(self, message_id: str, n: int, wanted: Wanted, day: dt.date) -> None:
        """Take an amount from the account of somebody who agreed to it."""
        key, hits = wanted.end_to_end_id, self._faults.hits
        if hits("debit_twice", key):
            self.book.decide(message_id, n, "RJCT", "AM04", None)
            self.book.take_late(message_id, n, day + _DAY * (1 + self._faults.number("late debit", key, 5)))
            return
        if hits("reject", key) or hits("replaced", key):
            reason = REASONS[self._faults.number("reason", key, len(REASONS))]
            self.book.decide(message_id, n, "RJCT", reason, None)
            return
        amount = wanted.amount_fen - int(hits("off_by_one", key) and wanted.amount_fen > 1)
        told = f"X{key[:-1]}" if hits("wrong_id", key) else key
        booked = day + _DAY if hits("skew", key) else day
        self.book.book(_credit(f"C{message_id[-16:]}-{n}", amount, booked, told), key)
        back = day + _DAY * (1 + self._faults.number("back", key, 5)) if hits("charge_back", key) else None
        self.book.decide(message_id, n, "ACSC", "", back)

    def _collect_late(self, day: dt.date) -> None:
        for row in self.book.taken_late(day):
            key, reference = row["end_to_end_id"], f"L{row['message_id'][-16:]}-{row['n']}"
            self.book.book(_credit(reference, row["amount"], day, key), key)
            self.book.take_late(row["message_id"], row["n"], None)

    def _give_back(self, day: dt.date) -> None:
        for row in self.book.coming_back(day):
            key = row["end_to_end_id"]
            closed = row["number"] in self._closed
            reason = CLOSED if closed else REASONS[self._faults.number("reason", key, len(REASONS))]
            reference = f"R{row['message_id'][-16:]}-{row['n']}"
            if self.book.collects(row["message_id"]):
                taken = _debit(reference, row["amount"], day, key)
                self.book.book(dataclasses.replace(taken, returned=TAKEN_BACK), key)
                self.book.came_back(row)
                continue
            self.book.book(_credit(reference, row["amount"], day, key, reason), key)
            self.book.came_back(row)

    # -- telling

    def _report(self, now: dt.datetime, day: dt.date) -> None:
        found: dict[str, list[sqlite3.Row]] = {}
        for row in self.book.unreported():
            found.setdefault(row["message_id"], []).append(row)
        for message_id, rows in found.items():
            self._report_on(message_id, rows, now, day)
            with self.book.writing():
                self.book.reported(message_id)

    def _report_on(self, message_id: str, rows: list[sqlite3.Row], now: dt.datetime, day: dt.date) -> None:
        hits = self._faults.hits
        if hits("silent", message_id):
            return
        told = [
            Told(row["end_to_end_id"], row["status"], row["reason"])
            for row in rows
            if not hits("missing_status", row["end_to_end_id"])
        ]
        count = self.book.count(message_id) - int(hits("short_count", message_id))
        about = messages.COLLECT if self.book.collects(message_id) else messages.PAY
        content = messages.pain002(f"P-{message_id}"[:35], message_id, told, now, count=count, about=about)
        name = f"p-{message_id}.xml"
        if hits("late", message_id):
            late = day + _DAY * (1 + self._faults.number("days", message_id, 4))
            with self.book.writing():
                self.book.put_off(name, late, content)
        else:
            self._say("out", name, content, day)
        if hits("duplicate_report", message_id):
            again = messages.pain002(f"Q-{message_id}"[:35], message_id, told, now, count=count, about=about)
            self._say("out", f"q-{message_id}.xml", again, day)
        if hits("reordered", message_id):
            earlier = [Told(one.end_to_end_id, "ACSP") for one in told if one.status == "ACSC"]
            self._say(
                "out",
                f"r-{message_id}.xml",
                messages.pain002("R", message_id, earlier, now, about=about),
                day,
            )
        wrong = [
            Told(one.end_to_end_id, "RJCT", "AC01")
            for one in told
            if one.status == "ACSC" and hits("contradiction", one.end_to_end_id)
        ]
        if wrong:
            self._say(
                "out", f"s-{message_id}.xml", messages.pain002("S", message_id, wrong, now, about=about), day
            )

    def _notify(self, now: dt.datetime, day: dt.date) -> None:
        rows = self.book.untold()
        if not rows:
            return
        name = f"N{day:%Y%m%d}{now:%H%M%S}"
        content = messages.camt054(name, self._number, map(_line, rows), now)
        if not self._faults.hits("silent", name):
            self._say("out", f"n-{name}.xml", content, day)
        with self.book.writing():
            self.book.told()

    def _say(self, part: str, name: str, content: bytes, day: dt.date) -> None:
        """Put a file there, or first what the scenario makes of it and the file itself a day later."""
        torn, mangled = self._faults.hits("torn", name), self._faults.hits("encoding", name)
        if torn or mangled:
            with self.book.writing():
                self.book.put_off(name, day + _DAY, content)
        self._folder.say(part, name, b"\xef\xbb\xbf" + content if mangled else content, torn=torn)

    def _deliver(self, day: dt.date) -> None:
        ready = self.book.ready(day)
        for name, content in ready:
            self._folder.say("out", name, content)
        with self.book.writing():
            self.book.gone(name for name, _content in ready)

    # -- statements

    def _wrong_statement(
        self,
        key: str,
        sequence: int,
        day: dt.date,
        opening: int,
        closing: int,
        lines: list[Line],
        now: dt.datetime,
    ) -> bytes | None:
        if self._faults.hits("wrong_closing", key):
            return self._statement(sequence, day, opening, closing + 1, lines, now)
        earlier = [_line(row) for row in self.book.lines() if row["sequence"] not in (None, sequence)]
        if earlier and self._faults.hits("twice_stated", key):
            again = earlier[-1]
            moved = again.amount_fen if again.credit else -again.amount_fen
            return self._statement(sequence, day, opening, closing + moved, [*lines, again], now)
        return None

    def _statement(
        self, sequence: int, day: dt.date, opening: int, closing: int, lines: list[Line], now: dt.datetime
    ) -> bytes:
        return messages.camt053(f"S{sequence}", self._number, sequence, day, opening, closing, lines, now)


def _line(row: sqlite3.Row) -> Line:
    return Line(
        row["reference"],
        bool(row["credit"]),
        row["amount"],
        dt.date.fromisoformat(row["day"]),
        row["end_to_end_id"],
        row["returned"],
    )


def _debit(reference: str, amount: int, day: dt.date, end_to_end_id: str) -> Line:
    return Line(reference, credit=False, amount_fen=amount, booked_on=day, end_to_end_id=end_to_end_id)


def _credit(reference: str, amount: int, day: dt.date, end_to_end_id: str, returned: str = "") -> Line:
    return Line(reference, True, amount, day, end_to_end_id, returned)  # noqa: FBT003 - a line's own order
